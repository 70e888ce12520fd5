/** Nodes in several variants: what each choice makes, what runs for it, and what many runs of all of them make. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const FILES = {
  "workflow.yaml": `inputs: { a: { type: number, default: 2 }, b: { type: number, default: 4 } }
variants:
  sub: { c: sub }
  both: { c: sub, d: div }
nodes:
  c:
    variant: add
    variants: { add: { call: nodes.ts#add }, sub: { call: nodes.ts#sub } }
  d:
    variant: mul
    variants:
      mul: { call: nodes.ts#mul }
      div: { call: nodes.ts#div }
      awk: { run: 'awk "BEGIN { print \${in.b} * \${in.c} }"', inputs: [b, c], stdout: { output: d, as: json } }
  text: { run: 'printf %s \${in.d} > \${out.file}', inputs: [d], outputs: { file: out/d.txt } }
`,
  "nodes.ts": `type P = Record<string, number>;
export function add({ a, b }: P): number { return a + b; }
export function sub({ a, b }: P): number { return a - b; }
export function mul({ b, c }: P): number { return b * c; }
export function div({ b, c }: P): number { return b / c; }
`,
};

Deno.test("flow run --variant: makes what is chosen, runs only that, and finds again what was there", async () => {
  using space = new TestSpace(FILES);
  const chosen: readonly [args: readonly string[], ran: readonly string[], text: string][] = [
    [[], ["c", "d", "text"], "24"],
    [["--variant", "sub"], ["c", "d", "text"], "-8"],
    [["--variant", "both"], ["d", "text"], "-2"],
    [["--variant", "div"], ["d", "text"], "0.6666666666666666"],
    // The other way to the same number: what is behind it has nothing to do.
    [["--variant", "d=awk"], ["d"], "24"],
    [["--variant", "both", "--variant", "d=mul"], [], "-8"],
    [[], [], "24"],
  ];
  for (const [args, ran, text] of chosen) {
    assertEquals(await space.ran(...args), ran, args.join(" "));
    assertEquals(space.read("out/d.txt"), text, args.join(" "));
  }
  const listed = await space.flow("ls", "--variant", "d=awk");
  assertIncludes(listed.stdout, "variant awk of mul, div, awk");
  const help = await space.flow("run", "workflow.yaml", "--help");
  assertIncludes(help.stdout, "--variant  d=VARIANT  mul, div, awk  [default = mul]\n");
  assertIncludes(help.stdout, "--variant  both       c=sub, d=div");
});

Deno.test("flow run --sweep variant.NODE: runs every variant, and no run replaces files of another", async () => {
  using space = new TestSpace(FILES);
  const sweep = ["--sweep", "variant.c=add,sub", "--sweep", "variant.d=mul,div"];
  assertEquals((await space.ran(...sweep)).length, 2 + 4 + 4);
  const texts = ["add", "sub"].flatMap((c) =>
    ["mul", "div"].map((d) => space.read(`sweep/variant.c=${c},variant.d=${d}/out/d.txt`))
  );
  assertEquals(texts, ["24", "0.6666666666666666", "-8", "-2"]);
  assertOk(!space.has("out"), "a run has published without its values");
  const { stdout } = await space.flow("show", "d", ...sweep, "--format", "csv");
  assertEquals(
    stdout,
    "variant.c,variant.d,d\nadd,mul,24\nadd,div,0.6666666666666666\nsub,mul,-8\nsub,div,-2\n",
  );
  const sets = await space.flow("run", "--sweep", "variant=sub,both", "--output", "d", "--quiet");
  assertEquals(sets.stdout, '{"variant":"sub","d":-8}\n{"variant":"both","d":-2}\n');
  const map = ["--map", "a[i]", "--input", "a=[1, 2]", "--output", "d", "--quiet"];
  const mapped = await space.flow("run", "--sweep", "variant.c=add,sub", ...map);
  assertEquals(
    mapped.stdout,
    '{"variant.c":"add","d":[20,24]}\n{"variant.c":"sub","d":[-12,-8]}\n',
    mapped.stderr,
  );
});

Deno.test("flow run --sweep: together with --map every run has the new axis", async () => {
  using space = new TestSpace(FILES);
  const map = ["--map", "a[i]", "--input", "a=[1, 2]", "--output", "d", "--quiet"];
  const { stdout, stderr } = await space.flow("run", "--sweep", "b=1,2", ...map);
  assertEquals(stdout, '{"b":1,"d":[2,3]}\n{"b":2,"d":[6,8]}\n', stderr);
});
