/** Tests of templates: references, escapes, and the places the shell lexer finds. */

import { parseTemplate, referencesOf, type TemplatePlace } from "../../core/template.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";

function places(script: string): TemplatePlace[] {
  const parsed = parseTemplate(script, "sh");
  assertOk(parsed.ok, JSON.stringify(parsed));
  return parsed.template.parts.flatMap((part) => part.kind === "reference" ? [part.place] : []);
}

function problem(text: string, mode: "argv" | "sh"): { message: string; hint: string; at: string } {
  const parsed = parseTemplate(text, mode);
  assertOk(!parsed.ok, `expected an error for ${text}`);
  const { message, hint = "", start, end } = parsed;
  return { message, hint, at: text.slice(start, end) };
}

Deno.test("parseTemplate() splits an element of an argv into text and references", () => {
  const parsed = parseTemplate("--k=${params.model.depth}:${in.x}", "argv");
  assertOk(parsed.ok);
  assertEquals(parsed.template.parts, [
    { kind: "text", text: "--k=" },
    {
      kind: "reference",
      reference: { kind: "params", name: "model.depth" },
      place: "part",
      start: 4,
      end: 25,
    },
    { kind: "text", text: ":" },
    { kind: "reference", reference: { kind: "in", name: "x" }, place: "part", start: 26, end: 33 },
  ]);
});

Deno.test("parseTemplate() marks a reference that is a whole element", () => {
  const parsed = parseTemplate("${in.files}", "argv");
  assertOk(parsed.ok);
  const [part] = parsed.template.parts;
  assertEquals(part.kind === "reference" && part.place, "element");
});

Deno.test("parseTemplate() keeps empty, escaped and harmless text of an argv", () => {
  for (
    const [text, expected] of [
      ["", ""],
      ["$${in.x}", "${in.x}"],
      ["a$${out.y}b", "a${out.y}b"],
      ["$HOME costs $5 $", "$HOME costs $5 $"],
      ["$(x) `y` 'z'", "$(x) `y` 'z'"],
    ]
  ) {
    const parsed = parseTemplate(text, "argv");
    assertOk(parsed.ok);
    assertEquals(parsed.template.parts, [{ kind: "text", text: expected }]);
  }
});

Deno.test("parseTemplate() rejects other expansions in an argv and suggests references", () => {
  const { message, hint, at } = problem("a ${rows} b", "argv");
  assertIncludes(message, 'Cannot expand "${rows}"');
  assertIncludes(hint, "${in.rows}");
  assertEquals(at, "${rows}");
  assertIncludes(problem("${in.}", "argv").message, "Cannot expand");
  assertIncludes(problem("${open", "argv").message, "Cannot expand");
  assertIncludes(problem("a\0b", "argv").message, "NUL");
});

Deno.test("parseTemplate() finds the quoting of every reference in a script", () => {
  const x = "${in.x}";
  const cases: [string, TemplatePlace[]][] = [
    [`cat ${x}`, ["words"]],
    [`cat a${x}b`, ["words"]],
    [`V=${x} W=a${x}; export Z=${x}`, ["word", "word", "word"]],
    [`echo "a ${x} b" '${x}' ${x}`, ["double", "single", "words"]],
    [`echo "\\"${x}" \\" ${x}`, ["double", "words"]],
    [`echo 'it'\\''s ${x}' ${x}`, ["single", "words"]],
    [`echo "$(cat ${x} '${x}' "${x}")" ${x}`, ["words", "single", "double", "words"]],
    [`echo $((1 + ${x})) $(( (2) * ${x} )) ${x}`, ["integer", "integer", "words"]],
    [`(( n = ${x} )); for ((i=0;i<${x};i++)); do echo ${x}; done`, ["integer", "integer", "words"]],
    [`echo $[${x} + 1]`, ["integer"]],
    [`a[${x}]=1; a["${x}"]=${x}`, ["integer", "integer", "word"]],
    [`[[ ${x} -eq 3 && "${x}" -lt 4 ]] && [[ ${x} == a ]]`, ["integer", "integer", "words"]],
    [`cat <<EOF ${x}\n"${x}" '${x}' $(cat ${x})\nEOF\ncat ${x}`, [
      "words",
      "heredoc",
      "heredoc",
      "words",
      "words",
    ]],
    [`cat <<-E1 <<E2\n\t${x}\n\tE1\n${x}\nE2\necho '${x}'`, ["heredoc", "heredoc", "single"]],
    [`cat <<'EOF'\n $x \`\nEOF\necho ${x}`, ["words"]],
    [`cat <<< ${x}`, ["words"]],
    [`echo "$(case ${x} in a) echo ${x};; esac)" ${x}`, ["words", "words", "words"]],
    [`echo a#${x} # ${x} it's\necho ${x}`, ["words", "words"]],
    [`echo $# \${#v} '\${v}' "\${v:-"d"}" ${x}`, ["words"]],
    [`echo $$ ${x} \\\${in.x} ${x}`, ["words", "words"]],
    [`f() { echo ${x}; }; (f) > ${x} 2>&1`, ["words", "words"]],
    [`diff <(sort ${x}) ${x}`, ["words", "words"]],
    [`echo \`date 'x'\` ${x}`, ["words"]],
  ];
  for (const [script, expected] of cases) assertEquals(places(script), expected, script);
});

Deno.test("parseTemplate() rejects references where no shell could take a value", () => {
  const x = "${in.x}";
  for (
    const [script, hint] of [
      [`echo \`cat ${x}\``, "$(command)"],
      [`cat <<'EOF'\n${x}\nEOF`, "<<EOF"],
      [`cat <<\\EOF\n${x}\nEOF`, "<<EOF"],
      [`cat <<${x}\n`, "plain word"],
      [`echo \${v:-${x}}`, "Assign it first"],
      [`echo $'a${x}'`, "End the quote"],
      [`[[ '${x}' -eq 1 ]]`, "Assign it first"],
      ["echo ${in.x:-1}", "Write ${in.NAME}"],
      ["echo ${input.x}", "Write ${in.NAME}"],
    ]
  ) assertIncludes(problem(script, "sh").hint, hint);
});

Deno.test("parseTemplate() leaves everything else of a script to the shell", () => {
  const script = 'for f in *.txt; do echo "${f%.txt} $HOME ${in:-1} $(date) ${#f}"; done # ${in.x}';
  const parsed = parseTemplate(script, "sh");
  assertOk(parsed.ok);
  assertEquals(parsed.template.parts, [{ kind: "text", text: script }]);
});

Deno.test("parseTemplate() makes the shell print an escaped reference", () => {
  const parsed = parseTemplate(`echo $\${in.x} "$\${in.x}" '$\${in.x}'`, "sh");
  assertOk(parsed.ok);
  const text = parsed.template.parts.map((part) => part.kind === "text" ? part.text : "?").join("");
  assertEquals(text, "echo \\${in.x} \"\\${in.x}\" '${in.x}'");
});

Deno.test("referencesOf() names each reference once, in order", () => {
  const parsed = parseTemplate("cp ${in.a} ${out.b}; echo ${params.c.d} ${in.a}", "sh");
  assertOk(parsed.ok);
  assertEquals(referencesOf(parsed.template), [
    { kind: "in", name: "a" },
    { kind: "out", name: "b" },
    { kind: "params", name: "c.d" },
  ]);
});

Deno.test('parseTemplate() takes a "plain" script as it is, but for references', () => {
  const plain = (text: string) => {
    const parsed = parseTemplate(text, "plain");
    return parsed.ok
      ? parsed.template.parts.map((part) => part.kind === "text" ? part.text : part)
      : [parsed.start, parsed.end, parsed.hint];
  };
  assertEquals(plain("`${x} ${input.name}` $$ ${in. x} $"), ["`${x} ${input.name}` $$ ${in. x} $"]);
  assertEquals(plain("a $${in.x} $${params.a.b}$${out.o}"), ["a ${in.x} ${params.a.b}${out.o}"]);
  assertEquals(plain("# ${in.a-b}"), [2, 11, "Read the variable FLOW_IN_a_b"]);
  assertEquals(plain("$${in.x}${out.o}"), [8, 16, "Read the variable FLOW_OUT_o"]);
  assertEquals(plain("${params.a.b}"), [
    0,
    13,
    'Add "inputs: { b: params.a.b }" and read the variable FLOW_IN_b',
  ]);
});
