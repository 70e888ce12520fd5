/** Where pipefunc 0.93 loses work, keeps what is wrong or takes what makes no sense: what happens here instead. */

import type { CallsEvent } from "../../core/event.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { eventsOf, type RunResult, TestSpace } from "../testing/space.ts";

const NODES = `import { factor } from "./lib.ts";
const OFFSET = 1;
export const scale = ({ x }: { x: number }) => factor * x + OFFSET;
export const sum = ({ all }: { all: readonly number[] }) => all.reduce((a, b) => a + b, 0);
export const picky = ({ x }: { x: number }) => {
  if (x > 2) throw new Error("no " + x);
  return x;
};
export const make = ({ n }: { n: number }) => {
  if (n < 0) throw new Error("nothing to make");
  return Array.from({ length: n }, (_, i) => i);
};
export const greedy = ({ all }: { all: number[] }) => all.push(1);
`;

function spaceOf(workflow: string): TestSpace {
  return new TestSpace({
    "workflow.yaml": workflow,
    "nodes.ts": NODES,
    "lib.ts": "export const factor = 2;\n",
  });
}

const CHAIN = `inputs: { x: { default: [1, 2] } }
nodes:
  y: { call: nodes.ts#scale, map: "x[i] -> y[i]", inputs: { x: x } }
  total: { call: nodes.ts#sum, inputs: { all: y } }
`;

/** The last counts of a map node's calls: hit, done, failed. */
function callsOf(run: RunResult, node: string): readonly number[] {
  const last: CallsEvent | undefined = eventsOf(run, "calls").filter((event) => event.node === node)
    .at(-1);
  assertOk(last !== undefined, `no calls of ${node}: ${run.stdout}${run.stderr}`);
  return [last.hit, last.done, last.failed];
}

async function shown(space: TestSpace, name: string): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("show", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("more and other elements use what earlier runs made, and no run forgets another", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  assertEquals(callsOf(await space.run("--input", "x=[1, 2, 3]"), "y"), [2, 1, 0]);
  assertEquals(callsOf(await space.run("--input", "x=[3, 7, 1]"), "y"), [2, 1, 0]);
  assertEquals((await space.run()).started, []);
  // Equal is equal, not nearly equal.
  assertEquals(callsOf(await space.run("--input", "x=[1.0000000001, 2]"), "y"), [1, 1, 0]);
});

Deno.test("an edit of the function, of a helper or of a constant of the module counts", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  for (
    const [file, from, to, total] of [
      ["nodes.ts", "factor * x", "factor * x * 10", 62],
      ["lib.ts", "factor = 2", "factor = 3", 92],
      ["nodes.ts", "OFFSET = 1", "OFFSET = 0", 90],
    ] as const
  ) {
    space.edit(file, from, to);
    assertEquals((await space.run()).started, ["total", "y"], to);
    assertEquals(await shown(space, "total"), total);
  }
});

Deno.test("failed calls are made again, and never pass for results", async () => {
  using space = spaceOf(`inputs: { x: { default: [1, 2, 3] }, n: { default: 2 } }
defaults: { onError: skip }
nodes:
  y: { call: nodes.ts#picky, map: "x[i] -> y[i]", inputs: { x: x } }
  total: { call: nodes.ts#sum, inputs: { all: y } }
  made: { call: nodes.ts#make, map: "... -> made[j]", inputs: { n: n } }
  each: { call: nodes.ts#scale, map: "made[j] -> each[j]", inputs: { x: made } }
`);
  const first = await space.run("--input", "n=-1");
  assertEquals([first.code, callsOf(first, "y")], [1, [0, 2, 1]]);
  const [failed] = eventsOf(first, "failed").filter(({ node }) => node === "y");
  assertEquals([failed.index, failed.message], [[2], "no 3"]);
  // A generator that failed stops nobody but who needs it.
  assertEquals(eventsOf(first, "end")[0].outcome, "failed");
  const again = await space.run();
  assertEquals([again.code, callsOf(again, "y")], [1, [2, 0, 1]]);
  assertEquals(await shown(space, "each"), [1, 3]);
  space.edit("nodes.ts", "x > 2", "x > 20");
  const fixed = await space.run();
  assertEquals([fixed.code, callsOf(fixed, "y"), await shown(space, "total")], [0, [0, 3, 0], 6]);
});

Deno.test("an input that nobody takes is an error, also if everything is up to date", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  const { code, stderr } = await space.run("--input", "zz=3");
  assertEquals(code, 2);
  assertIncludes(stderr, 'Unknown input "zz"');
});

Deno.test("what a function does to its inputs nobody else sees", async () => {
  using space = spaceOf(`inputs: { x: { default: [1, 2] } }
nodes:
  greedy: { call: nodes.ts#greedy, inputs: { all: x } }
  total: { call: nodes.ts#sum, inputs: { all: x } }
`);
  const run = await space.run();
  assertEquals(run.code, 1);
  assertIncludes(eventsOf(run, "failed")[0].message, "not extensible");
  assertEquals(await shown(space, "total"), 3);
});

Deno.test("files of others in the store's directory stay, and harm nothing", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  space.write({ ".pipecache/mine.txt": "keep", "out/mine.txt": "keep" });
  await space.run("--input", "x=[4]");
  assertEquals((await space.flow("cache", "gc", "--max-age", "0s", "--grace", "0s")).code, 0);
  assertEquals([space.read(".pipecache/mine.txt"), space.read("out/mine.txt")], ["keep", "keep"]);
});

/** Map-specs that are cut, filled up or taken as something else there. */
const NONSENSE: readonly (readonly [what: string, map: string, says: string])[] = [
  ["a bracket too many", "x[i] -> y[i]]", 'expected "," before "]"'],
  ["no arrow", "x[i], y[i]", 'it has no "->"'],
  ["a quote", "x[i] -> y[i]'", 'expected "," before'],
  ["an output without axes", "x[i] -> y", "axes"],
];

for (const [what, map, says] of NONSENSE) {
  Deno.test(`a map-spec with ${what} is refused`, async () => {
    using space = spaceOf(CHAIN.replace("x[i] -> y[i]", map));
    const { code, stderr } = await space.flow("check");
    assertEquals(code, 2, stderr);
    assertIncludes(stderr, "workflow.yaml:3:");
    assertIncludes(stderr, says);
  });
}

Deno.test("lengths that do not go together are an error, also along generated axes", async () => {
  using space = spaceOf(`inputs: { x: { default: [1, 2, 3] } }
nodes:
  made: { call: nodes.ts#make, map: "... -> made[i]", inputs: { n: { value: 2 } } }
  y: { call: nodes.ts#scale, map: "made[i], z[i] -> y[i]", inputs: { x: made, z: x } }
`);
  space.edit(
    "nodes.ts",
    "({ x }: { x: number }) => factor",
    "({ x, z = 0 }: { x: number; z?: number }) => z + factor",
  );
  const run = await space.run();
  assertEquals(run.code, 1, run.stderr);
  assertIncludes(
    eventsOf(run, "failed")[0].message,
    '"made" has length 2, "z" has length 3',
  );
});
