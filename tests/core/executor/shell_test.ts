/** Tests of filled templates, run by real shells: no value may be split, misquoted or taken for code. */

import fc from "fast-check";
import { parseTemplate, type Template } from "../../../core/template.ts";
import {
  fillArgv,
  FillError,
  fillScript,
  renderValue,
  shellArgv,
} from "../../../core/executor/shell.ts";
import { assertEquals, assertIncludes, assertOk, assertThrows } from "../../testing/assert.ts";

function template(text: string, mode: "argv" | "sh"): Template {
  const parsed = parseTemplate(text, mode);
  assertOk(parsed.ok, JSON.stringify(parsed));
  return parsed.template;
}

const SHELLS = ["sh", "bash"].filter((shell) => {
  try {
    return new Deno.Command(shell, { args: ["-c", ":"] }).outputSync().success;
  } catch {
    return false;
  }
});

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs a script with one value as every input. */
function run(shell: string, script: string, value: unknown): Outcome {
  const filled = fillScript(template(script, "sh"), () => renderValue(value));
  const [program, ...args] = shellArgv(shell, filled);
  const { stdout, stderr, code } = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", ...filled.env },
    cwd: "/",
  }).outputSync();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), code };
}

/** Prints the value once per place, each followed by a line that no value can contain by chance. */
const MARK = "<|end|>";
const EVERYWHERE = `
printf '%s${MARK}' \${in.x}
printf '%s${MARK}' "\${in.x}"
printf '%s${MARK}' '\${in.x}'
printf '%s${MARK}' a\${in.x}b
printf '%s${MARK}' "$(printf '%s.' \${in.x})"
printf '%s${MARK}' "$(printf '%s.' "$(printf '%s' '\${in.x}')")"
v=\${in.x}; printf '%s${MARK}' "$v"
case \${in.x} in "$v") printf '%s${MARK}' "$v";; esac
cat <<EOF
\${in.x}${MARK}
EOF
# \${in.x}
if [ \${in.x} = "\${in.x}" ]; then printf 'equal${MARK}'; fi
`;

function expected(value: string): string {
  const nested = value.replace(/\n+$/, "");
  const parts = [value, value, value, `a${value}b`, `${value}.`, `${nested}.`, value, value, value];
  return parts.map((part) => part + MARK).join("") + "\nequal" + MARK;
}

/** Text made of what shells react to, and any other Unicode but NUL. */
const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(
      ..."'\"`$\\!#&|;()<>{}[]*?~ \t\n=%^-".split(""),
      "$(echo pwned)",
      "`echo pwned`",
      "${FLOW_1}",
      "\nEOF\n",
      "'; echo pwned; '",
      "\u0001",
      "\r",
      "-n",
      "\\",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
    fc.string({ unit: "binary", minLength: 1, maxLength: 4 }),
  ),
  { maxLength: 8 },
).map((parts) => parts.join("").replaceAll("\0", "").toWellFormed())
  .filter((text) => !text.includes(MARK));

for (const shell of SHELLS) {
  Deno.test(`fillScript() hands any text to ${shell} unchanged in every place`, () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const { stdout, stderr, code } = run(shell, EVERYWHERE, value);
        assertEquals(stderr, "");
        assertEquals(stdout, expected(value));
        assertEquals(code, 0);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`fillScript() gives ${shell} one word per value, or one text inside quotes`, () => {
    const values = ["a b", "", "c'd", 3, true, null];
    const { stdout } = run(shell, `printf '[%s]' \${in.x} "\${in.x}" '\${in.x}'`, values);
    const words = ["a b", "", "c'd", "3", "true", "null"];
    assertEquals(
      stdout,
      [...words, words.join(" "), words.join(" ")].map((w) => `[${w}]`).join(""),
    );
    assertEquals(run(shell, "set -- ${in.x}; echo $#", []).stdout, "0\n");
    assertEquals(run(shell, 'v=${in.x}; echo "$v"', ["a", "echo pwned"]).stdout, "a echo pwned\n");
  });

  Deno.test(`fillScript() lets ${shell} calculate with integers only`, () => {
    assertEquals(run(shell, "echo $((5-${in.x})) $(( (${in.x}) * 2 ))", -3).stdout, "8 -6\n");
    assertEquals(run(shell, "echo $((${in.x} + 1))", "41").stdout, "42\n");
    for (const value of ["a[$(touch pwned)]", "1+1", "", "010", " 1", "0x1", 1.5, [1, 2]]) {
      const error = assertThrows(() => run(shell, "echo $((${in.x}))", value), FillError);
      assertIncludes(error.message, "must be an integer");
    }
  });
}

Deno.test("fillScript() stops bash from evaluating a value in its own arithmetic", () => {
  const value = "a[$(echo pwned >&2)]";
  for (
    const script of [
      "[[ ${in.x} -eq 1 ]]",
      '[[ "${in.x}" -gt 1 ]]',
      "(( ${in.x} ))",
      "echo $[${in.x}]",
      "b[${in.x}]=1",
      'b["${in.x}"]=1',
      "for ((i=0; i<${in.x}; i++)); do :; done",
    ]
  ) assertThrows(() => fillScript(template(script, "sh"), () => renderValue(value)), FillError);
});

Deno.test("fillArgv() turns several values into arguments and keeps texts as they are", () => {
  const argv = ["prog", "${in.x}", "--k=${params.k}", "$HOME"].map((text) =>
    template(text, "argv")
  );
  const filled = fillArgv(
    argv,
    ({ kind }) => kind === "in" ? renderValue(["a b", "", "$(c)"]) : renderValue({ d: 1 }),
  );
  assertEquals(filled, ["prog", "a b", "", "$(c)", '--k={"d":1}', "$HOME"]);
});

Deno.test("fillArgv() refuses several values inside one element", () => {
  const fill = (): unknown => fillArgv([template("-i${in.x}", "argv")], () => renderValue([1, 2]));
  const error = assertThrows(fill, FillError);
  assertIncludes(error.message, "several values");
});

Deno.test("fillArgv() refuses what no argument can hold", () => {
  for (
    const [value, message] of [
      ["a\0b", "NUL"],
      ["\ud800", "well-formed"],
      ["x".repeat(140_000), "too many for the system"],
      [new Uint8Array([255]), "not UTF-8"],
      [new Map(), "Map"],
    ] as const
  ) {
    const fill = (): unknown => fillArgv([template("${in.x}", "argv")], () => renderValue(value));
    assertIncludes(assertThrows(fill, FillError).message, message);
  }
});

Deno.test("renderValue() writes scalars plainly and other data as JSON", () => {
  const texts = (value: unknown): readonly string[] => renderValue(value).texts;
  assertEquals(texts("a\n"), ["a\n"]);
  assertEquals(texts(1e21), ["1e+21"]);
  assertEquals(texts(10n), ["10"]);
  assertEquals(texts(null), ["null"]);
  assertEquals(texts({ a: [1] }), ['{"a":[1]}']);
  assertEquals(texts([1, { a: 2 }]), ['[1,{"a":2}]']);
  assertEquals(texts([1, "b"]), ["1", "b"]);
});

Deno.test("shellArgv() stops scripts at the first failure and takes other shells as written", () => {
  const plain = { script: "x", env: {} };
  assertEquals(shellArgv("sh", plain), ["sh", "-ec", "x"]);
  assertEquals(shellArgv("bash", plain), ["bash", "-eo", "pipefail", "-c", "x"]);
  assertEquals(shellArgv("/usr/bin/env zsh -c", plain), ["/usr/bin/env", "zsh", "-c", "x"]);
  assertEquals(shellArgv("python3 -c", plain), ["python3", "-c", "x"]);
  const filled = { script: '"${FLOW_1}"', env: { FLOW_1: "a" } };
  assertEquals(shellArgv("dash -c", filled).length, 3);
  assertIncludes(assertThrows(() => shellArgv("python3 -c", filled), FillError).message, "POSIX");
});
