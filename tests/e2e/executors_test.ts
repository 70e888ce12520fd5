/** Executors and chunks in whole runs: which processes, how many at once, which calls together, and that no key knows of it. */

import { formatError } from "../../cli/format_error.ts";
import { FlowError } from "../../core/base/error.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { runInProcess } from "../testing/engine_run.ts";
import { eventsOf, TestSpace } from "../testing/space.ts";

const CODE = `let calls = 0;
export const pid = (_: object) => Deno.pid;
export const nth = ({ x }: { x: number }) => [x, ++calls];
export const wait = async ({ x }: { x: number }) => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return [x, ++calls];
};
`;

function spaceOf(nodes: readonly string[], top: readonly string[] = []): TestSpace {
  const lines = [...top, "nodes:", ...nodes.map((node) => `  ${node}`)];
  return new TestSpace({ "nodes.ts": CODE, "workflow.yaml": `${lines.join("\n")}\n` });
}

const PIDS = [1, 2, 3].map((i) => `p${i}: { call: nodes.ts#pid, inputs: { x: { value: ${i} } } }`);

Deno.test("an executor of kind process gives each action a process of its own, and no key knows of it", async () => {
  using space = spaceOf(PIDS, [
    "executors: { default: { kind: process }, pooled: { kind: worker } }",
  ]);
  const pidsOf = ({ value }: { value: (name: string) => unknown }) =>
    new Set(["p1", "p2", "p3"].map(value)).size;
  const own = await runInProcess(space, { jobs: 1 });
  assertEquals([own.executed, pidsOf(own)], [["p1", "p2", "p3"], 3]);
  const moved = await runInProcess(space, { jobs: 1, placement: { executor: ["pooled"] } });
  assertEquals(moved.executed, []);
  space.edit("nodes.ts", "Deno.pid", "Deno.pid + 0");
  const pooled = await runInProcess(space, { jobs: 1, placement: { executor: ["pooled"] } });
  assertEquals([pooled.executed, pidsOf(pooled)], [["p1", "p2", "p3"], 1]);
  assertEquals(
    eventsOf(pooled, "started").map(({ node, executor }) => `${node} ${executor}`).sort(),
    ["p1 pooled", "p2 pooled", "p3 pooled"],
  );
});

Deno.test("slots of an executor bound how many of its actions run at once, commands among them", async () => {
  const node = (i: number) =>
    i % 2 === 0
      ? `n${i}: { call: nodes.ts#pid, executor: one, inputs: { x: { value: ${i} } } }`
      : `n${i}: { run: "echo ${i}", stdout: n${i}, executor: one }`;
  using space = spaceOf([0, 1, 2, 3, 4, 5].map(node), ["executors: { one: { slots: 1 } }"]);
  const { events } = await runInProcess(space, { jobs: 4 });
  const order = events.flatMap(({ type }) => type === "started" || type === "done" ? [type] : []);
  assertEquals(order, [0, 1, 2, 3, 4, 5].flatMap(() => ["started", "done"]));
});

Deno.test("chunk says how many calls travel together, from the node, its executor or the command line", async () => {
  // A worker that is used for nothing else counts the calls of its batch.
  const together = (name: string, more: string) =>
    `${name}: { call: nodes.ts#nth, map: "x[i] -> ${name}[i]", isolate: fresh, inputs: { x: { value: [0, 1, 2, 3, 4, 5, 6] } }${more} }`;
  using space = spaceOf(
    [
      together("ys", ", chunk: 3"),
      together("zs", ", executor: few"),
      `ws: { call: nodes.ts#wait, map: "x[i] -> ws[i]", executor: io, isolate: fresh, inputs: { x: { value: [0, 1, 2] } } }`,
    ],
    ["executors: { few: { chunk: 2 }, io: { concurrency: 3 } }"],
  );
  const { value } = await runInProcess(space);
  const places = (name: string) => (value(name) as [number, number][]).map(([, place]) => place);
  assertEquals(places("ys"), [1, 2, 3, 1, 2, 3, 1]);
  assertEquals(places("zs"), [1, 2, 1, 2, 1, 2, 1]);
  assertEquals(places("ws").toSorted(), [1, 2, 3]);
  assertEquals((await runInProcess(space, { placement: { chunk: ["1"] } })).executed, []);
  space.edit("nodes.ts", "++calls", "+(++calls)");
  const again = await runInProcess(space, { placement: { chunk: ["7", "zs=5"] } });
  assertEquals(again.executed, ["ws", "ys", "zs"]);
  const later = (name: string) => (again.value(name) as [number, number][]).map(([, n]) => n);
  assertEquals(later("ys"), [1, 2, 3, 4, 5, 6, 7]);
  assertEquals(later("zs"), [1, 2, 3, 4, 5, 1, 2]);
});

Deno.test("flow run, plan and ls take and tell executors; a wrong name runs nothing", async () => {
  using space = spaceOf(PIDS, ["executors: { heavy: { kind: process, slots: 1 } }"]);
  const plan = await space.flow("plan", "--executor", "p2=heavy");
  assertIncludes(plan.stdout, "p2  has no result yet (on heavy)");
  const wrong = await space.run("--executor", "heavi");
  assertEquals([wrong.code, wrong.events.length], [2, 0]);
  assertIncludes(wrong.stderr, 'did you mean "heavy"?');
  const right = await space.run("--executor", "heavy", "--chunk", "3");
  assertEquals(right.code, 0, right.stderr);
  assertOk(eventsOf(right, "started").every(({ executor }) => executor === "heavy"));
  const swept = await space.flow("run", "--each", "/dev/null", "--executor", "heavi");
  assertIncludes(swept.stderr, 'Cannot find executor "heavi"');
});

Deno.test("chunk is refused where calls run alone, with all problems at once", async (t) => {
  const node = (name: string, more: string) =>
    `${name}: { call: nodes.ts#nth, inputs: { x: { value: [1] } }, chunk: 2, ${more} }`;
  using space = spaceOf([
    node("a", "isolate: fresh"),
    node("b", 'map: "x[i] -> b[i]", timeout: 3s'),
    node("c", 'map: "x[i] -> c[i]", resources: { memory: 1GiB }'),
    node("d", 'map: "x[i] -> d[i]", concurrency: 3'),
    `f: { call: nodes.ts#nth, map: "x[i] -> f[i]", inputs: { x: { value: [1] } }, outputs: { f: { file: "{i}.txt" } }, chunk: 2, concurrency: 2 }`,
    "g: { run: ls, chunk: 2, concurrency: 2 }",
    // What an executor says for all is no problem of one.
    `e: { call: nodes.ts#nth, map: "x[i] -> e[i]", executor: io, timeout: 3s, inputs: { x: { value: [1] } } }`,
  ], ["executors: { io: { chunk: 9, concurrency: 3 } }"]);
  try {
    await runInProcess(space);
  } catch (error) {
    assertOk(error instanceof FlowError, String(error));
    await t.assertSnapshot(formatError(error, { debug: false, color: false }));
    return;
  }
  throw new Error("it was accepted");
});
