/** Several functions as one node: what it makes, when it runs, what is refused. */

import { assertEquals, assertIncludes, assertMatches, assertOk } from "../testing/assert.ts";
import { eventsOf, failureOf, TestSpace } from "../testing/space.ts";

const NODES = `
class Source {
  constructor(readonly file: string) {}
  lines(): string[] { return Deno.readTextFileSync(this.file).trim().split("\\n"); }
}
export function open({ file }: { file: string }, ctx: { in: object }): Source {
  console.log("open", Object.keys(ctx.in).join());
  return new Source(file);
}
export function rows({ source, k, n }: { source: Source; k: number; n: number }): number[] {
  return source.lines().map((line) => line.length * k + n);
}
export async function parts({ rows }: { rows: number[] }): Promise<{ big: number[]; small: number[] }> {
  return { big: rows.filter((row) => row > 10), small: rows.filter((row) => row <= 10) };
}
export function total({ big }: { big: number[] }): number {
  return big.reduce((a, b) => a + b, 0);
}
`;

const WORKFLOW = `params: { k: 3 }
inputs: { n: { type: integer, default: 4 }, raw: { file: raw.txt } }
nodes:
  source: { call: nodes.ts#open, inputs: { file: raw } }
  rows: { call: nodes.ts#rows, inputs: { k: params.k } }
  parts: { call: nodes.ts#parts, outputs: [big, small] }
  total: { call: nodes.ts#total }
  show: { run: 'echo \${in.total} \${in.s}', inputs: { total: total, s: parts.small }, stdout: text }
  all: { nest: [source, rows, parts, total] }
`;

function spaceOf(workflow = WORKFLOW): TestSpace {
  return new TestSpace({
    "workflow.yaml": workflow,
    "nodes.ts": NODES,
    "raw.txt": "a\nbb\nccc\n",
  });
}

Deno.test("nest: functions run as one node, and what is between them may be anything and is not kept", async () => {
  using space = spaceOf();
  assertEquals(await space.ran(), ["all", "show"]);
  assertEquals(await space.ran(), []);
  assertEquals((await space.flow("show", "text")).stdout, "13 7 10\n");
  // Only what somebody takes, or nobody, is an output.
  const listed = await space.flow("ls");
  assertIncludes(
    listed.stdout,
    "all   nest  file: input raw, k: params.k, n: input n -> small, total\n",
  );
  assertIncludes(
    (await space.flow("show", "rows")).stderr,
    'Unknown node or output "rows"\n  hint: node "all" nests it',
  );
  assertIncludes((await space.flow("log", "all")).stdout, "open file");
  assertIncludes((await space.flow("graph")).stdout, "source, rows, parts, total");
  const moved = await space.flow("plan", "--executor", "all=default");
  assertEquals([moved.code, moved.stderr], [0, "2 up to date\n"]);
  const checked = await space.flow("check");
  assertEquals([checked.code, checked.stderr], [0, "2 nodes, no problems\n"]);
});

Deno.test("nest: it runs again when anything of what it nests changes, and for nothing else", async () => {
  using space = spaceOf();
  await space.ran();
  assertEquals(await space.ran("--set", "k=5"), ["all", "show"]);
  assertEquals(await space.ran(), []);
  space.edit("workflow.yaml", "  all:", "  everything:");
  assertEquals(await space.ran(), [], "another name");
  space.edit("nodes.ts", "a + b, 0", "b + a, 0");
  const plan = await space.flow("plan");
  assertIncludes(plan.stdout, "code: nodes.ts#total changed");
  // The same numbers.
  assertEquals(await space.ran(), ["everything"]);
  space.write({ "raw.txt": "a\nbbbb\n" });
  assertEquals(await space.ran(), ["everything", "show"]);
  // Without the line it is four nodes with the same result.
  space.edit("workflow.yaml", "  everything: { nest: [source, rows, parts, total] }\n", "");
  space.edit("nodes.ts", "return new Source(file);", "return { lines: () => [] } as never;");
  assertEquals(failureOf(await space.run(), "source").reason, "contract");
});

Deno.test("nest: a failure tells where, an output that is missing whose", async () => {
  using space = spaceOf();
  space.edit("nodes.ts", "return big.reduce", 'throw new Error("no sum"); return big.reduce');
  const threw = failureOf(await space.run(), "all");
  assertEquals([threw.reason, threw.message], ["threw", "no sum"]);
  assertMatches(threw.stack ?? "", /at total .*nodes\.ts:\d+/);
  space.edit("nodes.ts", "{ big: ", "{ bigg: ");
  assertIncludes(failureOf(await space.run(), "all").message, '"parts" returned no output "big"');
});

Deno.test("nest: with a map all of it is called per element", async () => {
  using space = spaceOf(`nodes:
  twice: { call: nodes.ts#double, inputs: { x: xs } }
  plus: { call: nodes.ts#add, inputs: { x: twice, y: ys } }
  both: { nest: [twice, plus], map: "xs[i], ys[j] -> plus[i, j]" }
  sum: { call: nodes.ts#sum, inputs: { all: plus } }
inputs: { xs: [1, 2, 3], ys: [10, 20] }
`);
  space.write({
    "nodes.ts": `export const double = ({ x }: { x: number }) => x * 2;
export const add = ({ x, y }: { x: number; y: number }) => x + y;
export const sum = ({ all }: { all: number[][] }) => all.flat().reduce((a, b) => a + b, 0);
`,
  });
  const run = await space.run();
  assertEquals(run.started, ["both", "sum"], run.stdout + run.stderr);
  assertEquals(eventsOf(run, "calls").at(-1)?.done, 6);
  assertEquals((await space.flow("show", "plus")).stdout, "[[12,22],[14,24],[16,26]]\n");
  assertEquals((await space.flow("show", "sum")).stdout, "114\n");
  const more = await space.run("--input", "xs=[1, 2, 3, 4]");
  assertEquals(eventsOf(more, "calls").at(-1)?.done, 2);
  assertEquals((await space.flow("check")).code, 0);
});

Deno.test("nest: in TypeScript, with named outputs and what only runs for its effect", async () => {
  using space = new TestSpace({
    "workflow.ts": `import { call, nest, value, workflow } from "flow";
import { length, print, text } from "./nodes.ts";
const one = call(text, { inputs: { of: value("flow") } });
const two = call(length, { inputs: { s: one } });
const three = call(print, { inputs: { n: two }, outputs: [] });
const all = nest([one, two, three], { outputs: ["one", "two"] });
export default workflow({ nodes: { one, two, three, all } });
`,
    "nodes.ts": `import { withHash } from "flow";
export const text = ({ of }: { of: string }): string => withHash(of + "s", "v1");
export const length = ({ s }: { s: string }): number => s.length;
export const print = ({ n }: { n: number }): void => console.log("n is", n);
`,
  });
  assertEquals(await space.ran(), ["all"]);
  assertEquals((await space.flow("show", "all.one")).stdout, "flows");
  assertEquals((await space.flow("show", "two")).stdout, "5\n");
  assertIncludes((await space.flow("log", "all")).stdout, "n is 5");
});

const WRONG = `inputs: { x: [1] }
nodes:
  a: { call: nodes.ts#a, inputs: { x: x } }
  b: { call: nodes.ts#a, inputs: { x: a } }
  late: { call: nodes.ts#a, inputs: { x: b }, timeout: 3s }
  off: { call: nodes.ts#a, inputs: { x: b }, enabled: false }
  map: { call: nodes.ts#a, map: "x[i] -> map[i]" }
  file: { call: nodes.ts#a, inputs: { x: b }, outputs: { file: f.txt } }
  run: { run: ls }
  one: { nest: [a, b, bb, b] }
  two: { nest: [a, late, off, map, file, run, one] }
`;

const APART = `inputs: { x: 1 }
nodes:
  a: { call: nodes.ts#a, inputs: { x: x } }
  b: { call: nodes.ts#a, inputs: { x: a } }
  c: { call: nodes.ts#a, inputs: { x: b } }
  apart: { nest: [a, c] }
`;

const OUTPUTS = `inputs: { x: 1 }
nodes:
  a: { call: nodes.ts#a, inputs: { x: x } }
  b: { call: nodes.ts#a, inputs: { x: a } }
  c: { call: nodes.ts#a, inputs: { x: a } }
  ab: { nest: [a, b], outputs: [bb] }
`;

const OWN = `executors: { one: { slots: 1 } }
defaults: { onEnd: { run: "false" } }
nodes:
  ok: { call: nodes.ts#a, inputs: { x: { value: 1 } } }
  picked: { call: nodes.ts#a, inputs: { x: ok }, outputs: { p: { pick: "[0]" } } }
  asks: { call: nodes.ts#a, inputs: { x: ok }, resources: { call: nodes.ts#a } }
  placed: { call: nodes.ts#a, inputs: { x: ok }, executor: one }
  packed: { call: nodes.ts#a, inputs: { x: ok }, chunk: 2 }
  hooked: { call: nodes.ts#a, inputs: { x: ok }, onFailure: { run: "true" } }
  told: { call: nodes.ts#a, inputs: { x: ok }, onEnd: { run: "true" } }
  all: { nest: [ok, picked, asks, placed, packed, hooked, told] }
`;

const FORM = `nodes:
  a: { call: nodes.ts#a }
  one: { nest: [z] }
  file: { nest: [a, b], outputs: { o: { file: x } } }
  more: { nest: [a, b], allow: { read: [x] }, inputs: [x], okCodes: [1] }
  both: { nest: [a, b], call: nodes.ts#a }
`;

Deno.test("nest: what cannot be one node is refused, with every reason", async (t) => {
  using space = new TestSpace({ "nodes.ts": "export const a = ({ x }: { x: number }) => x;\n" });
  const found: string[] = [];
  for (const text of [WRONG, APART, OUTPUTS, OWN, FORM]) {
    space.write({ "workflow.yaml": text });
    const { code, stdout, stderr } = await space.flow("check", "--no-types");
    assertEquals([code, stdout], [2, ""], stderr);
    found.push(stderr);
  }
  assertOk(!space.has(".pipecache/runs") || !space.has("f.txt"));
  await t.assertSnapshot(found.join("\n"));
});

Deno.test("ls --nestable names functions that always run together", async () => {
  using space = new TestSpace({
    "workflow.yaml": `inputs: { x: 1, y: 2 }
nodes:
  a: { call: nodes.ts#a }
  b: { call: nodes.ts#a, inputs: { x: a } }
  c: { call: nodes.ts#two, inputs: { x: b, y: y } }
  d: { call: nodes.ts#a, inputs: { x: c } }
  e: { call: nodes.ts#a, inputs: { x: d }, timeout: 3s }
  f: { run: 'echo \${in.d}', inputs: [d] }
`,
    "nodes.ts": "export const a = ({ x }: { x: number }) => x;\n" +
      "export const two = ({ x, y }: { x: number; y: number }) => x + y;\n",
  });
  const { stdout } = await space.flow("ls", "--nestable");
  // "c" also starts from "y"; two nodes need "d", and "e" has a limit of its own.
  assertEquals(stdout, "nest: [a, b]\nnest: [c, d]\n");
  const json = await space.flow("ls", "--nestable", "--json");
  assertEquals(JSON.parse(json.stdout), [["a", "b"], ["c", "d"]]);
});
