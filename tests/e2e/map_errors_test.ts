/** `onError: continue`: what error values are, who gets them, what is kept, and how a run with some ends. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { eventsOf, type RunResult, TestSpace } from "../testing/space.ts";

const NODES = `import { isError } from "flow";
export const range = ({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i);
export const picky = ({ x }: { x: number }) => {
  if (x % 3 === 1) throw new Error("no " + x);
  return x;
};
export const square = ({ x }: { x: number }) => x * x;
export const mul = ({ x, y }: { x: number; y: number }) => x * y;
export const upTo = ({ x }: { x: number }) => {
  if (x === 1) throw new Error("no one");
  return Array.from({ length: x }, (_, i) => i);
};
export const sum = ({ all }: { all: number[] }) => all.reduce((a, b) => a + b, 0);
export const good = ({ all }: { all: number[] }) => all.filter((v) => !isError(v));
export const bad = ({ all }: { all: unknown[] }) => all.filter(isError);
export const told = ({ all }: { all: unknown[] }) =>
  all.map((v) => isError(v) ? v.reason + " " + v.node + " <" + v.causes.map((c) => c.node + c.index) : v);
export const boom = () => { throw new Error("boom"); };
export const message = ({ v }: { v: unknown }) => isError(v) ? [v.node, v.reason, v.message] : "fine";
export const count = ({ v }: { v: unknown[] }) => v.length;
`;

const TAKE_ERRORS_HINT =
  "add `onError: continue` to the node to look at error values with isError, or `onError: skip` to hand one on";

/** A workspace with these nodes. */
function spaceOf(nodes: string): TestSpace {
  return new TestSpace({ "workflow.yaml": `name: w\nnodes:\n${nodes}`, "nodes.ts": NODES });
}

/** The last counts of a map node's calls. */
function callsOf(run: RunResult, node: string): readonly (number | undefined)[] {
  const last = eventsOf(run, "calls").filter((event) => event.node === node).at(-1);
  assertOk(last !== undefined, `no calls of ${node}: ${run.stdout}${run.stderr}`);
  return [last.hit, last.done, last.failed, last.skipped];
}

/** Failures as `name: message`, sorted. */
function failuresOf(run: RunResult): string[] {
  return eventsOf(run, "failed").map(({ node, index, message }) =>
    `${node}${index === undefined ? "" : `[${index}]`}: ${message}`
  ).sort();
}

async function shown(space: TestSpace, name: string): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("show", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

/** How an error value is stored. */
const errorValue = (fields: object) => ({ $flow: ["Error", fields] });

const CHAIN = `  xs: { call: nodes.ts#range, inputs: { n: { value: 6 } } }
  ys: { call: nodes.ts#picky, map: "xs[i] -> ys[i]", inputs: { x: xs }, onError: continue }
  zs: { call: nodes.ts#square, map: "ys[i] -> zs[i]", inputs: { x: ys } }
  good: { call: nodes.ts#good, inputs: { all: zs }, onError: continue }
`;

Deno.test("onError: continue leaves error values, calls that would take one are skipped, reductions get them", async () => {
  using space = spaceOf(CHAIN);
  const run = await space.run();
  assertEquals([run.code, callsOf(run, "ys"), callsOf(run, "zs")], [
    1,
    [0, 4, 2, undefined],
    [0, 4, 0, 2],
  ]);
  assertEquals(failuresOf(run), ["ys[1]: no 1", "ys[4]: no 4"]);
  const [end] = eventsOf(run, "end");
  assertEquals([end.outcome, end.counts], ["failed", { hit: 0, done: 4, failed: 0, skipped: 0 }]);
  assertEquals(await shown(space, "good"), [0, 4, 9, 25]);
  const cause = { node: "ys", index: [1], reason: "threw", message: "no 1" };
  assertEquals(
    (await shown(space, "ys") as unknown[])[1],
    errorValue({ ...cause, causes: [cause] }),
  );
  assertEquals(
    (await shown(space, "zs") as unknown[])[1],
    errorValue({
      node: "zs",
      index: [1],
      reason: "skipped",
      message: "it takes ys[1] (no 1)",
      causes: [cause],
    }),
  );
});

Deno.test("a result that holds error values is made again, and only the failed calls of it", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  const again = await space.run();
  assertEquals([again.started, callsOf(again, "ys"), callsOf(again, "zs")], [
    ["ys", "zs"],
    [4, 0, 2, undefined],
    [4, 0, 0, 2],
  ]);
  const plan = await space.flow("plan");
  assertIncludes(plan.stdout, "run      ys    some of it failed when it last ran");
  space.edit("nodes.ts", "x % 3 === 1", "x === 1");
  await space.run();
  space.edit("nodes.ts", 'x === 1) throw new Error("no " + x)', "x < 0) throw new Error()");
  const healed = await space.run();
  assertEquals([healed.code, callsOf(healed, "zs")], [0, [5, 1, 0, undefined]]);
  assertEquals(await shown(space, "good"), [0, 1, 4, 9, 16, 25]);
  assertEquals(await space.ran(), []);
});

Deno.test("run --output prints what was made, error values and all, and the run has failed", async () => {
  using space = spaceOf(
    `${CHAIN}  boom: { call: nodes.ts#boom, onError: continue }
  sum: { call: nodes.ts#sum, inputs: { all: zs } }
  whole: { call: nodes.ts#count, inputs: { v: sum } }
`,
  );
  const print = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await space.flow("run", ...args);
    return { code, value: stdout === "" ? undefined : JSON.parse(stdout), stderr };
  };
  const zs = await print("--output", "zs[:3]");
  assertEquals([zs.code, zs.value[0], zs.value[1].$flow[1].reason], [1, 0, "skipped"]);
  assertIncludes(zs.stderr, 'warning: "zs" holds 1 error value:\n  zs[1]: it takes ys[1] (no 1)');
  assertEquals((await print("--output", "good")).value, [0, 4, 9, 25]);
  assertEquals((await print("--output", "boom")).value.$flow[1].message, "boom");
  // What fails, and what is behind it, is not there; what another node does not hinder is.
  assertEquals((await print("--output", "sum")).value, undefined);
  assertEquals((await print("--output", "whole")).value, undefined);
  assertEquals((await print("--output", "good", "sum")).value, [0, 4, 9, 25]);
});

Deno.test("a reduction that does not say onError: continue fails and names the root causes", async () => {
  using space = spaceOf(`${CHAIN}  total: { call: nodes.ts#sum, inputs: { all: zs } }
  behind: { call: nodes.ts#square, inputs: { x: total } }
`);
  const { code, stderr } = await space.flow("run");
  assertEquals(code, 1);
  assertIncludes(
    stderr,
    `warning: ys: 2 of 6 calls failed:
  ys[1]: no 1
  ys[4]: no 4
`,
  );
  assertIncludes(
    stderr,
    `failed: total (cannot be started)
  Cannot use input "all": it holds error values, from ys[1] (no 1), ys[4] (no 4)
  at workflow.yaml:7:3
  hint: add \`onError: continue\` to the node to look at error values with isError, or \`onError: skip\` to hand one on
  log: flow log total --error
`,
  );
  assertIncludes(
    stderr,
    "failed: 1 of 6 nodes (total), 2 of 6 calls failed (ys), 1 skipped, 4 run, ",
  );
  assertEquals(stderr.includes("failed: ys[1]"), false, "calls are told of by their node");
});

Deno.test("without a map consumers get the error value itself, if they say that they can", async () => {
  using space = spaceOf(`  boom: { call: nodes.ts#boom, onError: continue }
  takes: { call: nodes.ts#message, inputs: { v: boom }, onError: continue }
  refuses: { call: nodes.ts#message, inputs: { v: boom } }
  ordered: { call: nodes.ts#range, inputs: { n: { value: 1 } }, after: [boom] }
  maps: { call: nodes.ts#square, map: "boom[i] -> maps[i]", inputs: { x: boom }, onError: continue }
  last: { call: nodes.ts#message, inputs: { v: maps }, onError: continue }
`);
  const run = await space.run();
  assertEquals([run.code, run.started], [1, ["boom", "last", "maps", "ordered", "takes"]]);
  assertEquals(failuresOf(run), [
    "boom: boom",
    'maps: Cannot map over "boom": it is an error value, from boom (boom)',
    'refuses: Cannot use input "v": it is an error value, from boom (boom)',
  ]);
  assertEquals(eventsOf(run, "failed").map(({ node, continued }) => [node, continued]).sort(), [
    ["boom", true],
    ["maps", true],
    ["refuses", undefined],
  ]);
  assertEquals(await shown(space, "takes"), ["boom", "threw", "boom"]);
  const { stderr } = await space.flow("show", "maps");
  assertIncludes(stderr, 'warning: "maps" is an error value:\n  maps: Cannot map over "boom"');
  assertIncludes((await space.flow("show", "maps")).stdout, '"causes":[{"node":"boom",');
  assertEquals((await space.run()).started, ["boom", "maps"]);
});

Deno.test("commands go on with an error value too", async () => {
  using space = spaceOf(`  codes:
    run: "exit \${in.x}"
    map: "x[i] -> codes[i]"
    inputs: { x: { value: [0, 3] } }
    stdout: codes
    onError: continue
  said:
    run: "echo \${in.all}"
    inputs: { all: codes }
    stdout: said
    onError: continue
`);
  const run = await space.run();
  assertEquals([run.code, callsOf(run, "codes")], [1, [0, 1, 1, undefined]]);
  assertIncludes(
    (await space.flow("show", "said")).stdout,
    '"node":"codes","index":[1],"reason":"exit"',
  );
});

Deno.test("a call that takes rows gets the error values in them, or fails", async () => {
  using space = spaceOf(
    `  g: { call: nodes.ts#upTo, map: "x[i] -> g[i, j]", inputs: { x: { value: [2, 1, 2] } }, onError: continue }
  told: { call: nodes.ts#told, map: "g[:, j] -> told[j]", inputs: { all: g }, onError: continue }
  sums: { call: nodes.ts#sum, map: "g[:, j] -> sums[j]", inputs: { all: g } }
  each: { call: nodes.ts#square, map: "g[i, j] -> each[i, j]", inputs: { x: g } }
`,
  );
  const run = await space.run();
  // Nobody knows how long the row would have been, so it is as long as the others.
  assertEquals(callsOf(run, "each"), [1, 2, 0, 2].map((n, at) => at === 0 ? 2 : n));
  assertEquals(await shown(space, "told"), [
    [0, "threw g <g1", 0],
    [1, "threw g <g1", 1],
  ]);
  assertEquals(failuresOf(run), [
    "g[1]: no one",
    "sums: 2 of 2 calls failed:\n" +
    "  sums[0]: Cannot use error values, from g[1] (no one)\n" +
    "  sums[1]: Cannot use error values, from g[1] (no one)",
    "sums[0]: Cannot use error values, from g[1] (no one)",
    "sums[1]: Cannot use error values, from g[1] (no one)",
  ]);
});

Deno.test("an error value fills its place in any arrangement of the axes", async () => {
  using space = spaceOf(
    `  front: { call: nodes.ts#upTo, map: "x[i] -> front[j, i]", inputs: { x: { value: [2, 1, 2] } }, onError: continue }
  t: { call: nodes.ts#told, map: "front[j, :] -> t[j]", inputs: { all: front }, onError: continue }
  none: { call: nodes.ts#upTo, map: "x[i] -> none[j, i]", inputs: { x: { value: [1] } }, onError: continue }
  start: { call: nodes.ts#boom, map: "... -> start[i]", onError: continue }
  outer: { call: nodes.ts#mul, map: "a[i], b[j] -> outer[j, i]", inputs: { x: ys, y: { value: [1, 2] } } }
  ys: { call: nodes.ts#picky, map: "x[i] -> ys[i]", inputs: { x: { value: [1, 2] } }, onError: continue }
  o: { call: nodes.ts#told, map: "outer[j, :] -> o[j]", inputs: { all: outer }, onError: continue }
`.replace("a[i], b[j]", "ys[i], y[j]"),
  );
  await space.run();
  assertEquals(await shown(space, "t"), [[0, "threw front <front1", 0], [
    1,
    "threw front <front1",
    1,
  ]]);
  assertEquals(await shown(space, "o"), [["skipped outer <ys0", 2], ["skipped outer <ys0", 4]]);
  for (const [name, node] of [["none", "none"], ["start", "start"]]) {
    assertIncludes((await space.flow("show", name)).stdout, `{"$flow":["Error",{"node":"${node}"`);
  }
});

Deno.test("a function that hands error values on makes a result that is not kept either", async () => {
  using space = spaceOf(
    `${CHAIN}  bad: { call: nodes.ts#bad, inputs: { all: zs }, onError: continue }
  n: { call: nodes.ts#count, inputs: { v: bad }, onError: continue }
  refuses: { call: nodes.ts#count, inputs: { v: bad } }
`,
  );
  const run = await space.run();
  assertEquals(
    eventsOf(run, "done").filter(({ hasErrors }) => hasErrors).map(({ node }) => node).sort(),
    [
      "bad",
      "ys",
      "zs",
    ],
  );
  assertEquals(await shown(space, "n"), 2);
  assertEquals((await space.run()).started, ["bad", "ys", "zs"]);
  assertOk(failuresOf(run).some((line) => line.startsWith('refuses: Cannot use input "v"')));
});

Deno.test("an error value never passes for a good result with the same hash", async () => {
  using space = new TestSpace({
    "ok.txt": "",
    "workflow.yaml": `nodes:
  a:
    run: "test -e ok.txt && echo fine"
    outputs: { a: { hash: inputs } }
    stdout: a
    onError: continue
    sandbox: off
    cache: false
  b: { call: nodes.ts#message, inputs: { v: a }, onError: continue }
`,
    "nodes.ts": NODES,
  });
  await space.run();
  assertEquals((await space.flow("show", "b")).stdout, "fine");
  space.remove("ok.txt");
  const broken = await space.run("--output", "b");
  assertOk(broken.code !== 0);
  const run = await space.run();
  assertEquals([run.code, run.started], [1, ["a", "b"]]);
});

Deno.test("of many failed calls the first hundred are told of and have reports", async () => {
  using space = spaceOf(
    `  xs: { call: nodes.ts#range, inputs: { n: { value: 360 } } }
  ys: { call: nodes.ts#picky, map: "xs[i] -> ys[i]", inputs: { x: xs }, onError: continue }
`,
  );
  const run = await space.run();
  assertEquals(callsOf(run, "ys"), [0, 240, 120, undefined]);
  const failed = eventsOf(run, "failed");
  assertEquals(failed.length, 100);
  const reports = [...Deno.readDirSync(failed[0].error?.replace(/[^/]*$/, "") ?? "")];
  assertEquals(reports.length, 200);
  const [warning] = eventsOf(run, "warning");
  assertIncludes(
    warning.message,
    "120 of 360 calls failed, the first 5:\n  ys[1]: no 1\n  ys[4]: no 4\n",
  );
  assertIncludes(warning.message, "\n  the first 100 have reports, 20 more have none");
});

Deno.test("the report of a failed call has its inputs", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  const { code, stdout } = await space.flow("log", "ys[4]", "--error");
  assertEquals(code, 0);
  assertIncludes(stdout, "failed: ys[4] (threw an error)\n");
  assertIncludes(stdout, "message\n  no 4\n");
  assertIncludes(stdout, "inputs\n  x from xs: value, 1 B, ");
  const all = await space.flow("log", "ys", "--error");
  assertIncludes(all.stdout, "failed: ys[1] (threw an error)\n");
  assertIncludes(all.stderr, "more reports of this run: ys[4]\n");
  const [json] = (await space.flow("log", "ys[4]", "--error", "--path")).stdout.split("\n");
  const facts = JSON.parse(Deno.readTextFileSync(json.replace(/txt$/, "json")));
  assertEquals([facts.node, facts.index, facts.inputs[0].text], ["ys", [4], "4"]);
});

Deno.test("failed calls are no nodes to history and diff", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  space.edit("nodes.ts", "x % 3 === 1", "x === 1");
  await space.run();
  const { stdout } = await space.flow("diff");
  assertEquals(stdout.includes("ys["), false, stdout);
  assertEquals(stdout.includes("nondeterministic"), false, stdout);
  const history = await space.flow("history", "--format", "tsv");
  assertIncludes(history.stdout, "failed");
});

Deno.test("onError: skip hands on an error value for whatever would take one, and calls nothing with it", async () => {
  using space = spaceOf(`  xs: { call: nodes.ts#range, inputs: { n: { value: 6 } } }
  ys: { call: nodes.ts#picky, map: "xs[i] -> ys[i]", inputs: { x: xs }, onError: skip }
  rows: { call: nodes.ts#mul, map: "ys[i], zs[j] -> rows[i, j]", inputs: { x: ys, y: { value: [1, 10] } } }
  sums: { call: nodes.ts#sum, map: "rows[i, :] -> sums[i]", inputs: { all: rows }, onError: skip }
  total: { call: nodes.ts#sum, inputs: { all: sums }, onError: skip }
  told: { call: nodes.ts#message, inputs: { v: total }, onError: continue }
  strict: { call: nodes.ts#message, inputs: { v: total } }
`.replace("zs[j]", "y[j]"));
  const run = await space.run();
  assertEquals(run.code, 1, run.stderr);
  assertEquals(callsOf(run, "sums"), [0, 4, 0, 2]);
  const skipped = eventsOf(run, "skipped").map(({ node, because }) => [node, because]);
  assertEquals(skipped, [["total", ["ys"]]]);
  assertEquals(await shown(space, "told"), [
    "total",
    "skipped",
    "it takes ys[1] (no 1), ys[4] (no 4)",
  ]);
  const [failed] = eventsOf(run, "failed").filter(({ index }) => index === undefined);
  assertEquals([failed.node, failed.hint], ["strict", TAKE_ERRORS_HINT]);
  const causes = [1, 4].map((i) => ({
    node: "ys",
    index: [i],
    reason: "threw",
    message: `no ${i}`,
  }));
  const total = {
    node: "total",
    reason: "skipped",
    message: "it takes ys[1] (no 1), ys[4] (no 4)",
  };
  assertEquals(await shown(space, "total"), errorValue({ ...total, causes }));
  assertEquals((await shown(space, "sums") as unknown[]).filter((v) => typeof v === "number"), [
    0,
    22,
    33,
    55,
  ]);
  // Nothing of it is kept as a result.
  space.edit("nodes.ts", `throw new Error("no " + x)`, "return 0");
  const fixed = await space.run();
  assertEquals([fixed.code, await shown(space, "total")], [0, 110]);
});

Deno.test("what is handed on names the causes of all that would have been taken", async () => {
  using space = spaceOf(`  v: { call: nodes.ts#boom, onError: continue }
  w: { call: nodes.ts#boom, onError: continue }
  both: { call: nodes.ts#mul, inputs: { x: v, y: w }, onError: skip }
`);
  await space.run();
  const causes = ["v", "w"].map((node) => ({ node, reason: "threw", message: "boom" }));
  const message = "it takes v (boom), w (boom)";
  assertEquals(
    await shown(space, "both"),
    errorValue({ node: "both", reason: "skipped", message, causes }),
  );
});

Deno.test("error values are not shown of a node that does not hand them on any more", async () => {
  using space = spaceOf(`  v: { call: nodes.ts#boom, onError: continue }
`);
  await space.run();
  const boom = { node: "v", reason: "threw", message: "boom" };
  assertEquals(await shown(space, "v"), errorValue({ ...boom, causes: [boom] }));
  space.edit("workflow.yaml", ", onError: continue", "");
  await space.run();
  const { code, stderr } = await space.flow("show", "v");
  assertEquals([code, stderr.split("\n")[0]], [2, 'error: Output "v" is not stored']);
});

Deno.test("--fail-fast makes no more calls after a failed one, whatever its node says", async () => {
  using space = spaceOf(CHAIN.replace("value: 6", "value: 20000"));
  const run = await space.run("--fail-fast", "-j", "1");
  const [end, ...more] = eventsOf(run, "failed").filter(({ index }) => index === undefined);
  const ended = eventsOf(run, "done").map(({ node }) => node);
  assertEquals([run.code, ended, end.node, more], [1, ["xs"], "ys", []]);
  assertIncludes(end.message, " of 20000 calls failed");
  const [, done = 0, failed = 0] = callsOf(run, "ys");
  assertOk(failed >= 1 && done + failed < 20000, `${done} done, ${failed} failed`);
});

/** What is wrong, the node, and what is said. */
const WRONG: readonly (readonly [what: string, node: string, says: string])[] = [
  [
    "onError: continue of a file",
    '{ run: "touch ${out.f}", outputs: { f: { file: f } }, onError: continue }',
    `workflow.yaml:3:60: Cannot use "onError" of node "a": output "f" is a file, and an error value is none`,
  ],
  [
    "onError: continue of a temporary output",
    "{ call: nodes.ts#boom, temp: true, onError: continue }",
    `workflow.yaml:3:41: Cannot use "onError" of node "a": output "a" is temporary, and is never made again as an error value`,
  ],
  [
    "concurrency without a map",
    "{ call: nodes.ts#boom, concurrency: 2 }",
    `workflow.yaml:3:29: Cannot use "concurrency" of node "a": it has no map, so there is one call`,
  ],
  [
    "concurrency of a command",
    '{ run: "echo", stdout: a, map: "x[i] -> a[i]", inputs: { x: { value: [1] } }, concurrency: 2 }',
    `workflow.yaml:3:84: Cannot use "concurrency" in node "a": it only fits "call" nodes`,
  ],
  [
    "concurrency with a timeout",
    '{ call: nodes.ts#square, map: "x[i] -> a[i]", inputs: { x: { value: [1] } }, timeout: 1s, concurrency: 2 }',
    `workflow.yaml:3:96: Cannot use "concurrency" of node "a": with "timeout" every call runs alone, so that the limit is its own`,
  ],
];

for (const [what, node, says] of WRONG) {
  Deno.test(`${what} is refused before anything runs`, async () => {
    using space = spaceOf(`  a: ${node}\n`);
    const { code, stderr } = await space.flow("run");
    assertEquals([code, stderr.split("\n")[0]], [2, says]);
  });
}
