/** What nodes take: computed from their inputs, more with each attempt, and no part of any key. */

import { formatError } from "../../cli/format_error.ts";
import { FlowError } from "../../core/base/error.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { runInProcess } from "../testing/engine_run.ts";
import { eventsOf, TestSpace } from "../testing/space.ts";

/** `heap` tells how much memory it may use, in units of 256 MiB; the first two attempts fail of it. */
const CODE = `import { getHeapStatistics } from "node:v8";
export const rows = () => [1, 2, 3];
export const sum = ({ rows }: { rows: number[] }) => rows.reduce((a, b) => a + b, 0);
export const heap = (_: { x: number }, { attempt }: { attempt: number }) => {
  const units = Math.round(getHeapStatistics().heap_size_limit / 2 ** 28);
  if (attempt < 3) throw String(units);
  return units;
};
export const need = ({ rows }: { rows: number[] }) => ({ cpus: rows.length });
export const more = (_: object, { attempt }: { attempt: number }) => ({ memory: 512 * attempt + "MiB" });
export const second = (_: { x: number }, { attempt }: { attempt: number }) => {
  Deno.writeTextFileSync("DIR/" + attempt, "");
  if (attempt === 1) throw new Error("the first");
  return attempt;
};
export const most = () => { console.log("asked"); return { memory: "1GiB" }; };
export const cpus = () => ({ cpus: 1 });
export const gpus = ({ rows }: { rows: number[] }) => ({ gpu: rows.length });
export const throws = () => { throw new Error("cannot tell"); };
export const none = () => 3;
export const half = () => ({ cpus: 0.5 });
export const huge = () => ({ memory: "lots" });
export const wrong = ({ rows, rate }: { rows: number[]; rate: number }) => ({ cpus: rows.length * rate });
`;

function spaceOf(lines: readonly string[]): TestSpace {
  return new TestSpace({
    "nodes.ts": CODE,
    "workflow.yaml": `${lines.join("\n")}\n`,
  });
}

Deno.test("a function says what a node takes, from its inputs; it is no key material", async () => {
  using space = spaceOf([
    "pools: { gpu: 3 }",
    "nodes:",
    "  rows: { call: nodes.ts#rows }",
    "  sum: { call: nodes.ts#sum, resources: { call: nodes.ts#need } }",
    '  said: { run: "echo ${in.rows} > ${out.said}", inputs: [rows], outputs: { said: { file: said.txt } }, resources: { call: nodes.ts#gpus, cpus: 2 } }',
  ]);
  const run = await runInProcess(space, { jobs: 4 });
  assertEquals([run.outcome, run.executed, run.value("sum")], ["ok", ["rows", "said", "sum"], 6]);
  const cpus = eventsOf(run, "started").map(({ node, cpus }) => `${node} ${cpus}`).sort();
  assertEquals(cpus, ["rows 1", "said 2", "sum 3"]);
  space.edit("nodes.ts", "cpus: rows.length }", "cpus: 1 }");
  assertEquals((await runInProcess(space)).executed, []);
  space.edit("workflow.yaml", "resources: { call: nodes.ts#need }", "resources: { cpus: 2 }");
  assertEquals((await runInProcess(space)).executed, []);
});

Deno.test("memory grows with each attempt, of nodes, of calls of maps, and as a function says", async () => {
  const retries = "retries: { limit: 2, delay: 0 }";
  using space = spaceOf([
    "nodes:",
    `  one: { call: nodes.ts#heap, inputs: { x: { value: 1 } }, ${retries}, resources: { memory: 256MiB * attempt } }`,
    `  each: { call: nodes.ts#heap, map: "x[i] -> each[i]", inputs: { x: { value: [2] } }, ${retries}, resources: { memory: "256MiB*attempt" } }`,
    `  said: { call: nodes.ts#heap, inputs: { x: { value: 3 } }, ${retries}, resources: { call: nodes.ts#more } }`,
    `  eachSaid: { call: nodes.ts#heap, map: "x[i] -> eachSaid[i]", inputs: { x: { value: [5] } }, ${retries}, resources: { call: nodes.ts#more } }`,
    `  kept: { call: nodes.ts#heap, inputs: { x: { value: 5 } }, ${retries}, resources: { call: nodes.ts#cpus, memory: 256MiB * attempt } }`,
    `  eachKept: { call: nodes.ts#heap, map: "x[i] -> eachKept[i]", inputs: { x: { value: [6] } }, ${retries}, resources: { call: nodes.ts#cpus, memory: 256MiB * attempt } }`,
    `  same: { call: nodes.ts#heap, inputs: { x: { value: 4 } }, ${retries}, resources: { memory: 256MiB } }`,
  ]);
  const run = await runInProcess(space);
  assertEquals(run.outcome, "ok");
  const limits = (node: string) =>
    eventsOf(run, "retried").filter((event) => event.node === node).map(({ message }) =>
      Number(message)
    );
  const all = (node: string) => [...limits(node), run.value(node)].flat();
  assertEquals(all("one"), [1, 2, 3]);
  assertEquals(all("each"), [1, 2, 3]);
  assertEquals(all("said"), [2, 4, 6]);
  assertEquals(all("eachSaid"), [2, 4, 6]);
  // What the function does not say is as it is written.
  assertEquals(all("kept"), [1, 2, 3]);
  assertEquals(all("eachKept"), [1, 2, 3]);
  assertEquals(all("same"), [1, 1, 1]);
});

Deno.test("a function that cannot say what a node takes fails the node", async () => {
  const asks = (name: string) =>
    `  ${name}: { call: nodes.ts#sum, inputs: { rows: rows }, retries: 2, resources: { call: nodes.ts#${name} } }`;
  using space = spaceOf([
    "pools: { gpu: 2 }",
    "nodes:",
    "  rows: { call: nodes.ts#rows }",
    ...["throws", "none", "half", "huge", "gpus"].map(asks),
  ]);
  const run = await runInProcess(space);
  const failed = eventsOf(run, "failed").map(({ node, reason, message }) =>
    `${node}: ${reason}: ${message}`
  );
  assertEquals(failed.sort(), [
    'gpus: contract: "nodes.ts#gpus" for its resources: pool "gpu" holds only 2',
    'half: contract: "nodes.ts#half" for its resources: "cpus" is no whole number of at least 1',
    'huge: contract: "nodes.ts#huge" for its resources: "memory" is no size such as "2GiB"',
    'none: contract: "nodes.ts#none" for its resources: expected an object such as { cpus: 2, memory: "4GiB" }',
    'throws: threw: "nodes.ts#throws" for its resources: cannot tell',
  ]);
  assertEquals(run.executed, ["rows"]);
});

Deno.test("a function says of every call of a map what it takes", async () => {
  using space = spaceOf([
    "pools: { gpu: 2 }",
    "nodes:",
    "  rows: { call: nodes.ts#rows }",
    '  each: { call: nodes.ts#heap1, map: "rows[i] -> each[i]", inputs: { x: rows }, resources: { call: nodes.ts#units } }',
    '  alone: { run: "mkdir lock; sleep 0.03; rmdir lock; echo ${in.x}", map: "rows[i] -> alone[i]", inputs: { x: rows }, stdout: { output: alone, as: json }, allow: { write: [.] }, resources: { call: nodes.ts#both } }',
  ]);
  space.edit(
    "nodes.ts",
    "export const none",
    `export const heap1 = ({ x }: { x: number }) => heap({ x }, { attempt: 3 });
export const units = ({ x }: { x: number }) => ({ memory: 256 * x + "MiB", gpu: x });
export const both = () => ({ gpu: 2 });
export const none`,
  );
  const run = await runInProcess(space, { jobs: 3 });
  const failed = eventsOf(run, "failed").map(({ node, index, message }) => [node, index, message]);
  const said = '"nodes.ts#units" for its resources: pool "gpu" holds only 2';
  assertEquals(failed, [
    ["each", [2], said],
    ["each", undefined, `1 of 3 calls failed:\n  each[2]: ${said}`],
  ]);
  assertEquals(run.value("alone"), [1, 2, 3]);
  // The others are kept: as many units of memory as they said.
  space.edit("nodes.ts", "gpu: x }", "gpu: 1 }");
  const fixed = await runInProcess(space, { jobs: 3 });
  assertEquals([fixed.outcome, fixed.value("each")], ["ok", [1, 2, 3]]);
  const calls = eventsOf(fixed, "calls").filter(({ node }) => node === "each").at(-1);
  assertEquals([calls?.hit, calls?.done], [2, 1]);
});

Deno.test("a call that is tried again waits until there is the memory of that attempt", async () => {
  using space = spaceOf([
    "nodes:",
    '  each: { call: nodes.ts#second, map: "x[i] -> each[i]", inputs: { x: { value: [1] } }, retries: { limit: 1, delay: 0 }, resources: { memory: 200MiB * attempt }, allow: { write: [log] } }',
    "  beside:",
    "    outputs: []",
    "    allow: { read: [log] }",
    "    resources: { memory: 250MiB }",
    // Leaves the second attempt a second to begin beside it, and fails if it did.
    "    run: |",
    "      until test -e log/1; do sleep 0.02; done",
    "      for _ in 1 2 3 4 5 6 7 8 9 10; do test ! -e log/2; sleep 0.1; done",
  ]);
  space.edit("nodes.ts", "DIR", space.at("log"));
  space.write({ "log/x": "" });
  const run = await runInProcess(space, { memoryBytes: 500 * 2 ** 20 });
  assertEquals([run.outcome, run.value("each")], ["ok", [2]]);
});

Deno.test("flow replay asks what a node takes, and fails of a function that cannot say", async () => {
  const node = (name: string, need: string) =>
    `  ${name}: { call: nodes.ts#heap, inputs: { x: { value: 1 } }, resources: { call: nodes.ts#${need} } }`;
  using space = spaceOf([
    "nodes:",
    node("said", "most"),
    node("half", "half"),
    '  each: { call: nodes.ts#heap, map: "x[i] -> each[i]", inputs: { x: { value: [1] } }, resources: { call: nodes.ts#most } }',
  ]);
  // The first attempt fails of it, and says how much it has.
  const said = await space.flow("replay", "said");
  assertEquals([said.code, said.stdout], [1, "asked\n"]);
  assertIncludes(said.stderr, "failed: said (threw an error)\n  4\n");
  const call = await space.flow("replay", "each[0]");
  assertEquals([call.code, call.stdout], [1, "asked\n"]);
  assertIncludes(call.stderr, "failed: each[0] (threw an error)\n  4\n");
  const half = await space.flow("replay", "half");
  assertEquals(half.code, 1);
  assertIncludes(half.stderr, '"nodes.ts#half" for its resources: "cpus" is no whole number');
});

const WRONG: readonly [name: string, resources: string][] = [
  ["a function that is not there", "{ call: nodes.ts#ned }"],
  ["a function that takes what the node does not", "{ call: nodes.ts#wrong }"],
  ["a text that is no function", "{ call: need }"],
  ["memory by the wrong thing", '{ memory: "2GiB * tries" }'],
  ["memory of no machine", '{ memory: "99999999999PB" }'],
];

for (const [name, resources] of WRONG) {
  Deno.test(`a workflow is refused for ${name}`, async (t) => {
    using space = spaceOf([
      "nodes:",
      "  rows: { call: nodes.ts#rows }",
      `  sum: { call: nodes.ts#sum, resources: ${resources} }`,
    ]);
    try {
      await runInProcess(space);
    } catch (error) {
      assertOk(error instanceof FlowError, String(error));
      await t.assertSnapshot(formatError(error, { debug: false, color: false }));
      return;
    }
    throw new Error("it was accepted");
  });
}
