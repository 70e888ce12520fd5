/** No barrier between map nodes: a call starts when its own elements are there. */

import type { CallsEvent } from "../../core/event.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { runInProcess } from "../testing/engine_run.ts";
import { eventsOf, type RunResult, TestSpace } from "../testing/space.ts";

const NODES = `
export const double = ({ x }: { x: number }) => 2 * x;
export const add = ({ x, y }: { x: number; y: number }) => x + y;
export const sum = ({ all }: { all: readonly number[] }) => all.reduce((a, b) => a + b, 0);
export const big = ({ x }: { x: number }) => ({ x, pad: "é".repeat(x % 2 === 0 ? 3 : 5000) });
export const size = ({ v }: { v: { x: number; pad: string } }) => v.x + v.pad.length;
export const upTo = ({ x }: { x: number }) => Array.from({ length: x }, (_, i) => i);
export const picky = ({ x }: { x: number }) => {
  if (x % 5 === 1) throw new Error("no " + x);
  return x;
};
`;

function spaceOf(nodes: string, n: number): TestSpace {
  return new TestSpace({
    "workflow.yaml": `inputs: { xs: { default: ${JSON.stringify(upTo(n))} } }\nnodes:\n${nodes}`,
    "nodes.ts": NODES,
  });
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** The last counts of a map node's calls: hit, done, failed, skipped. */
function callsOf(run: RunResult, node: string): readonly (number | undefined)[] {
  const last: CallsEvent | undefined = eventsOf(run, "calls").filter((event) => event.node === node)
    .at(-1);
  assertOk(last !== undefined, `no calls of ${node}: ${run.stdout}${run.stderr}`);
  return [last.hit, last.done, last.failed, last.skipped];
}

async function shown(space: TestSpace, name: string): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("show", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Commands: the last call of `ys` ends only after a call of `ws` has run, two nodes further. */
const GATED = `inputs: { xs: { default: [1, 2, 3] } }
nodes:
  ys:
    run: "if [ \${in.x} = 3 ]; then while [ ! -e sync/go ]; do sleep 0.02; done; fi; echo \${in.x}"
    map: "xs[i] -> ys[i]"
    inputs: { x: xs }
    stdout: { output: ys, as: json }
    allow: { write: [sync] }
  zs:
    run: "echo 1\${in.y}"
    map: "ys[i] -> zs[i]"
    inputs: { y: ys }
    stdout: { output: zs, as: json }
  ws:
    run: "echo >> sync/go; echo 2\${in.z}"
    map: "zs[i] -> ws[i]"
    inputs: { z: zs }
    stdout: { output: ws, as: json }
    allow: { write: [sync] }
`;

Deno.test("a call starts when its own elements are there, whatever the rest of the array does", async () => {
  using space = new TestSpace({ "sync/x": "", "workflow.yaml": GATED });
  const run = await space.run("-j", "2");
  assertEquals([run.code, run.started], [0, ["ws", "ys", "zs"]], run.stderr);
  assertEquals(await shown(space, "ws"), [211, 212, 213]);
  const firstCall = run.events.findIndex(({ type }) => type === "calls");
  const order = run.events.slice(firstCall).flatMap((event) =>
    event.type === "started" || event.type === "done" ? [`${event.type} ${event.node}`] : []
  );
  assertEquals(order, ["started zs", "started ws", "done ys", "done zs", "done ws"]);
  assertEquals((await space.run()).started, []);
  // Calls were kept as they are by nodes that waited.
  space.edit("workflow.yaml", "[1, 2, 3]", "[1, 2, 3, 4]");
  const more = await space.run("-j", "1");
  assertEquals(["ys", "zs", "ws"].map((node) => callsOf(more, node)), [
    [3, 1, 0, undefined],
    [3, 1, 0, undefined],
    [3, 1, 0, undefined],
  ]);
});

/** By how the nodes take the arrays: nodes, and the last output of 300 numbers. */
const SHAPES: readonly (readonly [what: string, nodes: string, value: unknown])[] = [
  [
    "element by element, and zipped with a whole array",
    `  ys: { call: nodes.ts#double, map: "xs[i] -> ys[i]", inputs: { x: xs } }
  zs: { call: nodes.ts#add, map: "ys[i], xs[i] -> zs[i]", inputs: { x: ys, y: xs } }
  last: { call: nodes.ts#double, map: "zs[i] -> last[i]", inputs: { x: zs } }
`,
    upTo(300).map((x) => 6 * x),
  ],
  [
    "all with all, and rows of it",
    `  ys: { call: nodes.ts#double, map: "xs[i] -> ys[i]", inputs: { x: xs } }
  table: { call: nodes.ts#add, map: "ys[i], y[j] -> table[j, i]", inputs: { x: ys, y: { value: [1, 10] } } }
  last: { call: nodes.ts#sum, map: "table[:, i] -> last[i]", inputs: { all: table } }
`,
    upTo(300).map((x) => 4 * x + 11),
  ],
  [
    "one array twice",
    `  ys: { call: nodes.ts#double, map: "xs[i] -> ys[i]", inputs: { x: xs } }
  last: { call: nodes.ts#add, map: "x[i], y[i] -> last[i]", inputs: { x: ys, y: ys } }
`,
    upTo(300).map((x) => 4 * x),
  ],
  [
    "equal elements, and such as do not travel with others",
    `  ys: { call: nodes.ts#big, map: "xs[i] -> ys[i]", inputs: { x: xs } }
  last: { call: nodes.ts#size, map: "ys[i] -> last[i]", inputs: { v: ys } }
`,
    upTo(300).map((x) => x + (x % 2 === 0 ? 3 : 5000)),
  ],
  [
    "lengths that nobody knows yet",
    `  ys: { call: nodes.ts#upTo, map: "xs[i] -> ys[i, j]", inputs: { x: xs } }
  last: { call: nodes.ts#sum, map: "ys[i] -> last[i]", inputs: { all: ys } }
`,
    upTo(300).map((x) => x * (x - 1) / 2 + 0),
  ],
];

for (const [what, nodes, value] of SHAPES) {
  Deno.test(`map nodes behind map nodes: ${what}`, async () => {
    using space = spaceOf(nodes, 300);
    const run = await space.run();
    assertEquals(run.code, 0, run.stderr);
    assertEquals(await shown(space, "last"), value);
    space.edit("workflow.yaml", "[0,1,2,", "[0,1,1007,");
    const again = await space.run();
    assertEquals([again.code, callsOf(again, "last").slice(1, 3)], [0, [1, 0]], again.stderr);
    assertEquals(callsOf(again, "last")[0], 299);
  });
}

Deno.test("a failed call fails what needs it, all else is called and kept", async () => {
  using space = spaceOf(
    `  ys: { call: nodes.ts#picky, map: "xs[i] -> ys[i]", inputs: { x: xs } }
  zs: { call: nodes.ts#double, map: "ys[i] -> zs[i]", inputs: { x: ys } }
  ws: { call: nodes.ts#double, map: "zs[i] -> ws[i]", inputs: { x: zs } }
  all: { call: nodes.ts#sum, inputs: { all: ws } }
`,
    50,
  );
  const failed = await space.run();
  assertEquals([failed.code, eventsOf(failed, "skipped").map(({ node }) => node)], [
    1,
    ["zs", "ws", "all"],
  ]);
  assertEquals(callsOf(failed, "ys"), [0, 40, 10, undefined]);
  space.edit("nodes.ts", `throw new Error("no " + x)`, "return 0");
  const fixed = await space.run();
  // One call for all that became 0 and -as it was- 0.
  assertEquals([fixed.code, callsOf(fixed, "zs"), callsOf(fixed, "ws")], [
    0,
    [50, 0, 0, undefined],
    [50, 0, 0, undefined],
  ]);
});

Deno.test("calls that were made while an input changed are not kept", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "cfg": "A\n",
    "workflow.yaml": `nodes:
  ys:
    run: "if [ \${in.x} = 1 ]; then echo >> sync/at; while [ ! -e sync/go ]; do sleep 0.02; done; fi; cat \${in.cfg}"
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [0, 1, 2, 3] }, cfg: { file: cfg } }
    stdout: { output: ys, as: text }
    allow: { write: [sync] }
`,
  });
  const live = space.start(["run", "--json", "-j", "1"]);
  await live.untilThere(space.at("sync/at"));
  space.write({ cfg: "B\n" });
  space.write({ "sync/go": "" });
  const run = await live.result();
  assertEquals(eventsOf(run, "warning").map(({ code }) => code), ["input-changed"], run.stdout);
  space.write({ cfg: "A\n" });
  const again = await space.run();
  assertEquals([again.code, await shown(space, "ys")], [0, ["A\n", "A\n", "A\n", "A\n"]]);
});

/** Three nodes in a row; the last call of the first waits until it is told to go on. */
const EDITED = `inputs: { xs: { default: [1, 2, 3] } }
nodes:
  ys:
    run: "if [ \${in.x} = 3 ]; then while [ ! -e sync/go ]; do sleep 0.02; done; fi; echo \${in.x}"
    map: "xs[i] -> ys[i]"
    inputs: { x: xs }
    stdout: { output: ys, as: json }
    allow: { write: [sync] }
  zs:
    run: "echo $(cat \${in.cfg})\${in.y}"
    map: "ys[i] -> zs[i]"
    inputs: { y: ys, cfg: { file: cfg } }
    stdout: { output: zs, as: json }
  ws:
    run: "echo 1\${in.z}; echo >> sync/at\${in.z}"
    map: "zs[i] -> ws[i]"
    inputs: { z: zs }
    stdout: { output: ws, as: json }
    allow: { write: [sync] }
`;

Deno.test("what was made ahead of elements that are made anew is made anew", async () => {
  using space = new TestSpace({ "sync/x": "", "cfg": "7\n", "workflow.yaml": EDITED });
  const live = space.start(["run", "--json", "-j", "2"]);
  await live.untilThere(space.at("sync/at71"));
  await live.untilThere(space.at("sync/at72"));
  space.write({ cfg: "8\n" });
  space.write({ "sync/go": "" });
  const run = await live.result();
  assertEquals(run.code, 0, run.stdout);
  assertEquals([await shown(space, "zs"), await shown(space, "ws")], [
    [81, 82, 83],
    [181, 182, 183],
  ]);
});

Deno.test("how far a node is is told also if nothing more ends for long", async () => {
  using space = new TestSpace({
    "sync/x": "",
    // It gives up at some time, so that a run that is not told of all ends too.
    "nodes.ts": `${NODES}
const isThere = (path: string) => [...Deno.readDirSync(path)].some(({ name }) => name === "go");
export const gate = async ({ x, sync }: { x: number; sync: string }) => {
  for (let n = 0; x === 9 && n < 200 && !isThere(sync); n++) await new Promise((next) => setTimeout(next, 20));
  return x === 9 && !isThere(sync) ? "never told" : x;
};
`,
  });
  space.write({
    "workflow.yaml": `nodes:
  ys:
    call: nodes.ts#gate
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [1, 2, 3, 4, 9] }, sync: { value: "${space.at("sync")}" } }
    chunk: 1
    allow: { read: [sync] }
  zs: { call: nodes.ts#double, map: "ys[i] -> zs[i]", inputs: { x: ys } }
`,
  });
  const told: number[] = [];
  const run = await runInProcess(space, {
    onEvent(event) {
      if (event.type !== "calls" || event.node !== "zs" || space.has("sync/go")) return;
      told.push(event.done);
      if (event.done === 4) space.write({ "sync/go": "" });
    },
  });
  assertEquals([run.outcome, told.at(-1), run.value("ys")], ["ok", 4, [1, 2, 3, 4, 9]]);
});
