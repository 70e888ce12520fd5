/** Outputs that are picked out of what a function returns: found, kept by the path, and told of when they are not there. */

import { assertEquals } from "../testing/assert.ts";
import { runInProcess } from "../testing/engine_run.ts";
import { eventsOf, TestSpace } from "../testing/space.ts";

const CODE = `import { withHash } from "flow";
export const stats = ({ xs }: { xs: number[] }) => ({
  stats: { mean: xs[0], "the sum": xs[1] },
  rows: [{ x: 1 }, { x: xs.length }],
  left: "left over",
});
export const split = ({ x }: { x: number }) => ({ parts: [x, -x], note: "n" + x });
export const hashed = () => ({ a: withHash({ b: 1 }, "v1"), c: [withHash(3, "v2")] });
export const use = ({ v }: { v: unknown }) => v;
`;

const WORKFLOW = `nodes:
  fit:
    call: nodes.ts#stats
    inputs: { xs: { value: [5, 6] } }
    outputs: { mean: { pick: stats.mean }, total: { pick: 'stats["the sum"]' }, last: { pick: "rows[-1].x" }, left: }
  only: { call: nodes.ts#stats, inputs: { xs: { value: [5, 6] } }, outputs: { only: { pick: "rows[0]" } } }
  each:
    call: nodes.ts#split
    map: "x[i] -> pos[i], neg[i]"
    inputs: { x: { value: [1, 2] } }
    outputs: { pos: { pick: "parts[0]" }, neg: { pick: "parts[1]" } }
  hashed: { call: nodes.ts#hashed, outputs: { a:, c: { pick: "c[0]" } } }
`;

Deno.test("outputs are picked out of what a function returns; the path is part of the key", async () => {
  using space = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": CODE });
  const { executed, value } = await runInProcess(space);
  assertEquals(executed, ["each", "fit", "hashed", "only"]);
  assertEquals(
    ["mean", "total", "last", "only", "neg", "a", "c"].map(value),
    [5, 6, 2, { x: 1 }, [-1, -2], { b: 1 }, 3],
  );
  // The same path in other words.
  space.edit("workflow.yaml", "stats.mean", "'[\"stats\"].mean'");
  assertEquals((await runInProcess(space)).executed, []);
  space.edit("workflow.yaml", "rows[0]", "rows[1]");
  assertEquals((await runInProcess(space)).executed, ["only"]);
  space.edit("workflow.yaml", "parts[1]", "parts[0]");
  assertEquals((await runInProcess(space)).executed, ["each"]);
});

Deno.test("a pick that finds nothing fails the node, and says what is there", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  a: { call: nodes.ts#stats, inputs: { xs: { value: [] } }, outputs: { a: { pick: stats.median } } }
  b: { call: nodes.ts#stats, inputs: { xs: { value: [] } }, outputs: { b: { pick: "rows[7].x" } } }
  c: { call: nodes.ts#stats, inputs: { xs: { value: [] } }, outputs: { c: { pick: left }, d: } }
  e: { call: nodes.ts#hashed, outputs: { e: { pick: a.b } } }
  f: { call: nodes.ts#stats, inputs: { xs: { value: [] } }, outputs: { f: { pick: left.length } } }
  g: { call: nodes.ts#stats, inputs: { xs: { value: [] } }, outputs: { g: { pick: toString } } }
`,
    "nodes.ts": CODE,
  });
  const run = await runInProcess(space);
  assertEquals(run.outcome, "failed");
  const all = eventsOf(run, "failed").map(({ node, reason, message }) =>
    `${node}: ${reason}: ${message}`
  );
  assertEquals(all.sort(), [
    'a: contract: Cannot pick output "a", "stats.median": "stats" has "mean", "the sum"',
    'b: contract: Cannot pick output "b", "rows[7].x": "rows" has 2 items',
    'c: contract: Cannot pick output "d", "d": what the function returned has "stats", "rows", "left"',
    'e: contract: Cannot pick output "e", "a.b": "a" has a hash for all of it',
    'f: contract: Cannot pick output "f", "left.length": "left" is a text',
    'g: contract: Cannot pick output "g", "toString": what the function returned has "stats", "rows", "left"',
  ]);
});

Deno.test("outputs of calls that travel together are picked like those of calls alone", async () => {
  const each = (name: string, more: string) =>
    `  ${name}: { call: nodes.ts#torn, map: "x[i] -> ${name}a[i], ${name}b[i]", inputs: { x: { value: [0, 1, 2, 3, 4, 5] } }, ` +
    `outputs: { ${name}a: { pick: "parts[-1]" }, ${name}b: { pick: note } }, onError: continue${more} }`;
  using space = new TestSpace({
    "workflow.yaml": `nodes:
${each("l", ", chunk: 1")}
${each("t", ", chunk: 6")}
  use: { call: nodes.ts#use, map: "v[i] -> use[i]", inputs: { v: tb }, chunk: 6 }
`,
    "nodes.ts": `${CODE}
let calls = 0;
export const torn = ({ x }: { x: number }) =>
  x === 3 ? { parts: [], note: "none" } : { parts: [++calls, -x], note: "n" + x, left: () => 1 };
`,
  });
  const run = await runInProcess(space);
  const messages = eventsOf(run, "failed").map(({ node, index, message }) =>
    `${node}${JSON.stringify(index)}: ${message}`
  );
  assertEquals(messages.sort(), [
    'l[3]: Cannot pick output "la", "parts[-1]": "parts" has 0 items',
    't[3]: Cannot pick output "ta", "parts[-1]": "parts" has 0 items',
  ]);
  const rest = (name: string) => (run.value(name) as unknown[]).filter((_, i) => i !== 3);
  assertEquals(rest("la"), [-0, -1, -2, -4, -5]);
  assertEquals(rest("ta"), rest("la"));
  assertEquals(rest("use"), ["n0", "n1", "n2", "n4", "n5"]);
});
