/** Map nodes, seen from the command line: one call per element, each kept by itself. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { type RunResult, TestSpace } from "../testing/space.ts";

const NODES = `
export const range = ({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i);
export const square = ({ x }: { x: number }) => x * x;
export const mul = ({ x, y }: { x: number; y: number }) => x * y;
export const sum = ({ all }: { all: readonly number[] }) => all.reduce((a, b) => a + b, 0);
export const rowsOf = ({ n }: { n: number }) => Array.from({ length: n }, (_, i) => [i, i + 1]);
export const upTo = ({ x }: { x: number }) => Array.from({ length: x }, (_, i) => i);
export const pair = ({ x }: { x: number }) => ({ half: x / 2, twice: x * 2 });
export const placed = ({ x }: { x: string }, ctx: { index: number[] }) => x + ctx.index[0];
export const picky = ({ x }: { x: number }) => {
  if (x % 3 === 1) throw new Error("no " + x);
  return x;
};
export const late = async ({ x }: { x: number }) => (await null, -x);
`;

/** A workspace with these nodes. */
function spaceOf(nodes: string, params = "n: 4"): TestSpace {
  return new TestSpace({
    "workflow.yaml": `params: { ${params} }\nnodes:\n${nodes}`,
    "nodes.ts": NODES,
  });
}

/** The last counts of a map node's calls. */
function callsOf(
  run: RunResult,
  node: string,
): readonly [hit: number, done: number, failed: number] {
  const events = run.events.filter((event) => event.type === "calls" && event.node === node);
  const last = events.at(-1);
  assertOk(last?.type === "calls", `no calls of ${node}: ${run.stdout}${run.stderr}`);
  return [last.hit, last.done, last.failed];
}

/** Value of an output. */
async function shown(space: TestSpace, name: string): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("show", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Map-spec of a call or command, other options, and what it makes of n = 4. */
const SPECS: readonly (readonly [what: string, nodes: string, output: string, value: unknown])[] = [
  [
    "element-wise",
    `  xs: { call: nodes.ts#range, inputs: { n: params.n } }
  ys: { call: nodes.ts#square, map: "xs[i] -> ys[i]", inputs: { x: xs } }
`,
    "ys",
    [0, 1, 4, 9],
  ],
  [
    "zip",
    `  ys: { call: nodes.ts#mul, map: "a[i], b[i] -> ys[i]", inputs: { x: a, y: b } }
  a: { call: nodes.ts#range, inputs: { n: params.n } }
  b: { call: nodes.ts#range, inputs: { n: params.n } }
`,
    "ys",
    [0, 1, 4, 9],
  ],
  [
    "outer product",
    `  ys: { call: nodes.ts#mul, map: "x[i], y[j] -> ys[i, j]", inputs: { x: { value: [1, 2] }, y: { value: [3, 4, 5] } } }
`,
    "ys",
    [[3, 4, 5], [6, 8, 10]],
  ],
  [
    "transposed outer product",
    `  ys: { call: nodes.ts#mul, map: "x[i], y[j] -> ys[j, i]", inputs: { x: { value: [1, 2] }, y: { value: [3, 4, 5] } } }
`,
    "ys",
    [[3, 6], [4, 8], [5, 10]],
  ],
  [
    "partial reduction of rows",
    `  g: { call: nodes.ts#rowsOf, inputs: { n: params.n } }
  s: { call: nodes.ts#sum, map: "all[i, :] -> s[i]", inputs: { all: g } }
`,
    "s",
    [1, 3, 5, 7],
  ],
  [
    "partial reduction of columns",
    `  g: { call: nodes.ts#rowsOf, inputs: { n: params.n } }
  s: { call: nodes.ts#sum, map: "all[:, j] -> s[j]", inputs: { all: g } }
`,
    "s",
    [6, 10],
  ],
  [
    "N-d elements",
    `  g: { call: nodes.ts#rowsOf, inputs: { n: params.n } }
  s: { call: nodes.ts#square, map: "x[i, j] -> s[i, j]", inputs: { x: g } }
`,
    "s",
    [[0, 1], [1, 4], [4, 9], [9, 16]],
  ],
  [
    "a generated axis from nothing",
    `  xs: { call: nodes.ts#range, map: "... -> xs[i]", inputs: { n: params.n } }
`,
    "xs",
    [0, 1, 2, 3],
  ],
  [
    "a generated axis per element, ragged",
    `  ys: { call: nodes.ts#upTo, map: "x[i] -> ys[i, j]", inputs: { x: { value: [0, 1, 3] } } }
`,
    "ys",
    [[], [0], [0, 1, 2]],
  ],
  [
    "a generated axis in front",
    `  ys: { call: nodes.ts#range, map: "n[i] -> ys[j, i]", inputs: { n: { value: [2, 2, 2] } } }
`,
    "ys",
    [[0, 0, 0], [1, 1, 1]],
  ],
  [
    "several outputs",
    `  p: { call: nodes.ts#pair, map: "x[i] -> half[i], twice[i]", outputs: [half, twice], inputs: { x: { value: [2, 4] } } }
`,
    "p.twice",
    [4, 8],
  ],
  [
    "an empty array",
    `  ys: { call: nodes.ts#square, map: "x[i] -> ys[i]", inputs: { x: { value: [] } } }
`,
    "ys",
    [],
  ],
  [
    "a promise",
    `  ys: { call: nodes.ts#late, map: "x[i] -> ys[i]", inputs: { x: { value: [1, 2] } } }
`,
    "ys",
    [-1, -2],
  ],
  [
    "a command",
    `  ys: { run: "echo $(( \${in.x} + 1 ))", map: "x[i] -> ys[i]", inputs: { x: { value: [1, 2] } }, stdout: { output: ys, as: json } }
`,
    "ys",
    [2, 3],
  ],
];

for (const [what, nodes, output, value] of SPECS) {
  Deno.test(`a map-spec makes ${what}, the same again as a hit`, async () => {
    using space = spaceOf(nodes);
    const first = await space.run();
    assertEquals(first.code, 0, first.stdout + first.stderr);
    assertEquals(await shown(space, output), value);
    assertEquals(await space.ran(), []);
  });
}

const CHAIN = `  xs: { call: nodes.ts#range, inputs: { n: params.n } }
  ys: { call: nodes.ts#square, map: "xs[i] -> ys[i]", inputs: { x: xs } }
  total: { call: nodes.ts#sum, inputs: { all: ys } }
`;

Deno.test("ten more values on an axis of a thousand run ten calls", async () => {
  using space = spaceOf(CHAIN, "n: 1000");
  assertEquals(callsOf(await space.run(), "ys"), [0, 1000, 0]);
  assertEquals(callsOf(await space.run("--set", "n=1010"), "ys"), [1000, 10, 0]);
  assertEquals(callsOf(await space.run("--set", "n=900", "-j", "1"), "ys"), [900, 0, 0]);
  assertEquals(await shown(space, "total"), 332833500);
});

Deno.test("a length that is said runs no call again", async () => {
  using space = spaceOf(
    `  ys: { call: nodes.ts#upTo, map: "x[i] -> ys[i, j]", inputs: { x: { value: [2, 2, 2] } } }\n`,
  );
  assertEquals(callsOf(await space.run(), "ys"), [2, 1, 0]);
  space.edit("workflow.yaml", "j]", "j=2]");
  assertIncludes(
    (await space.flow("plan")).stdout,
    `run  ys  map: "x[i] -> ys[i, j]" -> "x[i] -> ys[i, j=2]"`,
  );
  assertEquals(callsOf(await space.run(), "ys"), [3, 0, 0]);
});

Deno.test("a change of the function runs all calls again, a change beside it none", async () => {
  using space = spaceOf(CHAIN);
  await space.run();
  space.edit("nodes.ts", "=> x * x;", "=> x * x; // the same");
  assertEquals(await space.ran(), []);
  space.edit("nodes.ts", "=> x * x;", "=> x * x + 1;");
  assertEquals(callsOf(await space.run(), "ys"), [0, 4, 0]);
  space.edit("nodes.ts", "=> x * x + 1;", "=> x * x;");
  assertEquals(await space.ran(), []);
});

Deno.test("equal elements are called once, unless the function looks at its position", async () => {
  using space = spaceOf(
    `  a: { call: nodes.ts#square, map: "x[i] -> a[i]", inputs: { x: { value: [3, 3, 3] } } }
  b: { call: nodes.ts#placed, map: "x[i] -> b[i]", inputs: { x: { value: [q, q, r] } } }
`,
  );
  const run = await space.run();
  assertEquals([callsOf(run, "a"), callsOf(run, "b")], [[2, 1, 0], [0, 3, 0]]);
  assertEquals([await shown(space, "a"), await shown(space, "b")], [[9, 9, 9], ["q0", "q1", "r2"]]);
  space.edit("workflow.yaml", "[q, q, r]", "[q, r, r]");
  assertEquals(callsOf(await space.run(), "b"), [2, 1, 0]);
  assertEquals(await shown(space, "b"), ["q0", "r1", "r2"]);
});

Deno.test("failed calls fail their node, and only they run again", async () => {
  using space = spaceOf(
    `  ys: { call: nodes.ts#picky, map: "x[i] -> ys[i]", inputs: { x: { value: [0, 1, 2, 3, 4] } } }
  total: { call: nodes.ts#sum, inputs: { all: ys } }
`,
  );
  const first = await space.run();
  assertEquals([first.code, callsOf(first, "ys")], [1, [0, 3, 2]]);
  const failed = first.events.find((event) => event.type === "failed" && event.index === undefined);
  assertEquals(
    failed?.type === "failed" ? failed.message : "",
    "2 of 5 calls failed:\n  ys[1]: no 1\n  ys[4]: no 4",
  );
  assertEquals(callsOf(await space.run(), "ys"), [3, 0, 2]);
  space.edit("workflow.yaml", "[0, 1, 2, 3, 4]", "[0, 2, 3, 5]");
  assertEquals(callsOf(await space.run(), "ys"), [3, 1, 0]);
});

Deno.test("calls are tried again by themselves", async () => {
  using space = new TestSpace({
    "tries/x": "",
    "workflow.yaml": `nodes:
  ys:
    run: 'echo >> tries/\${in.x}; [ $(wc -l < tries/\${in.x}) -ge \${in.x} ] && echo \${in.x}'
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [1, 2, 3] } }
    stdout: { output: ys, as: json }
    allow: { write: [tries] }
    retries: { limit: 2, delay: 1ms }
`,
  });
  const run = await space.run();
  assertEquals([run.code, callsOf(run, "ys")], [0, [0, 3, 0]], run.stdout);
  const retried = run.events.flatMap((event) => event.type === "retried" ? [event.index] : []);
  assertEquals(retried.length, 3);
  assertEquals(await shown(space, "ys"), [1, 2, 3]);
});

Deno.test("a call that kills its host is found, the others deliver", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  ys: { call: nodes.ts#kill, map: "x[i] -> ys[i]", inputs: { x: { value: [1, 2, 3, 4, 5, 6, 7, 8] } } }
`,
    "nodes.ts": `export function kill({ x }: { x: number }) {
  if (x === 6) Deno.kill(Deno.pid, "SIGKILL");
  return x;
}
`,
  });
  const run = await space.run("-j", "1");
  assertEquals([run.code, callsOf(run, "ys")], [1, [0, 7, 1]], run.stdout);
  assertEquals(callsOf(await space.run(), "ys"), [7, 0, 1]);
});

Deno.test("kill -9 in the middle of a map loses no call that had ended", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml": `nodes:
  ys:
    run: "if [ \${in.x} = 3 ]; then echo >> sync/third; while [ ! -e sync/go ]; do sleep 0.02; done; fi; echo \${in.x}"
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [1, 2, 3] } }
    stdout: { output: ys, as: json }
    allow: { write: [sync] }
`,
  });
  const first = space.start(["run", "--json", "-j", "1"]);
  await first.untilThere(space.at("sync/third"));
  first.kill("SIGKILL");
  await first.result();
  space.write({ "sync/go": "" });
  const second = await space.run();
  assertEquals(callsOf(second, "ys"), [2, 1, 0], second.stdout);
  assertEquals(await shown(space, "ys"), [1, 2, 3]);
  await space.endsAll();
});

Deno.test("files of a glob are mapped over, one command each", async () => {
  using space = new TestSpace({
    "data/a.txt": "a\n",
    "data/b.txt": "b\nb\n",
    "workflow.yaml": `nodes:
  counts:
    run: "wc -l < \${in.files}"
    map: "files[i] -> counts[i]"
    inputs: { files: { glob: "data/*.txt" } }
    stdout: { output: counts, as: json }
`,
  });
  assertEquals(callsOf(await space.run(), "counts"), [0, 2, 0]);
  space.write({ "data/c.txt": "" });
  assertEquals(callsOf(await space.run(), "counts"), [2, 1, 0]);
  assertEquals(await shown(space, "counts"), [1, 2, 0]);
});

/** What is wrong with shapes that are known when a node has run, the nodes, and what is said. */
const WRONG: readonly (readonly [what: string, nodes: string, says: string])[] = [
  [
    "lengths that differ",
    `  a: { call: nodes.ts#range, inputs: { n: { value: 1 } } }
  b: { call: nodes.ts#range, inputs: { n: { value: 2 } } }
  ys: { call: nodes.ts#mul, map: "x[i], y[i] -> ys[i]", inputs: { x: a, y: b } }
`,
    'Cannot zip "x" and "y" along axis "i": "x" has length 1, "y" has length 2',
  ],
  [
    "a scalar",
    `  a: { call: nodes.ts#square, inputs: { x: { value: 3 } } }
  ys: { call: nodes.ts#square, map: "x[i] -> ys[i]", inputs: { x: a } }
`,
    'Cannot map over "x": it is a number, not an array',
  ],
  [
    "rank",
    `  a: { call: nodes.ts#range, inputs: { n: { value: 2 } } }
  ys: { call: nodes.ts#square, map: "x[i, j] -> ys[i, j]", inputs: { x: a } }
`,
    'Cannot map over "x": at depth 1 there is a number, not an array',
  ],
  [
    "no array along a generated axis",
    `  ys: { call: nodes.ts#square, map: "x[i] -> ys[i, j]", inputs: { x: { value: [1] } } }
`,
    'Cannot arrange "ys" along axis "j": call [0] did not return an array',
  ],
  [
    "another length than the map-spec says",
    `  ys: { call: nodes.ts#upTo, map: "x[i] -> ys[i, j=2]", inputs: { x: { value: [2, 3] } } }
`,
    'Cannot arrange "ys" along axis "j": call [1] returned 3, the map-spec says 2',
  ],
  [
    "another length than the map-spec says, in front",
    `  ys: { call: nodes.ts#range, map: "... -> ys[j=2]", inputs: { n: { value: 1 } } }
`,
    'Cannot arrange "ys" along axis "j": call returned 1, the map-spec says 2',
  ],
];

for (const [what, nodes, says] of WRONG) {
  Deno.test(`a map over ${what} fails with what is wrong`, async () => {
    using space = spaceOf(nodes);
    const run = await space.run();
    const failed = run.events.find((event) => event.type === "failed");
    assertEquals([run.code, failed?.type === "failed" ? failed.message : ""], [1, says]);
  });
}

/** What happens to a file of calls. */
const DAMAGES: Readonly<
  Record<string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | undefined>
> = {
  "a flipped bit in the middle": (bytes) => {
    bytes[bytes.length >> 1] ^= 4;
    return bytes;
  },
  "a flipped bit at the end": (bytes) => {
    bytes[bytes.length - 1] ^= 1;
    return bytes;
  },
  "a cut": (bytes) => bytes.subarray(0, bytes.length >> 1),
  "a removal": () => undefined,
  "zeros": (bytes) => new Uint8Array(bytes.length),
  "nothing": (bytes) => bytes,
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`a run is right after ${what} in every file of calls`, async () => {
    using space = spaceOf(
      CHAIN +
        `  zs: { call: nodes.ts#pair, map: "ys[i] -> half[i], twice[i]", outputs: [half, twice], inputs: { x: ys } }
`,
      "n: 300",
    );
    await space.run("-j", "1");
    const dir = space.at(".pipecache/elements");
    for (const { name } of [...Deno.readDirSync(dir)]) {
      const bytes = damage(Deno.readFileSync(`${dir}/${name}`));
      if (bytes === undefined) Deno.removeSync(`${dir}/${name}`);
      else Deno.writeFileSync(`${dir}/${name}`, bytes);
    }
    const isWhole = what === "nothing";
    const isGone = what === "a removal";
    assertEquals((await space.flow("cache", "verify")).code, isWhole || isGone ? 0 : 4);
    space.edit("workflow.yaml", "n: 300", "n: 301");
    const run = await space.run();
    assertEquals(run.code, 0, run.stdout);
    const [hit, done, failed] = callsOf(run, "ys");
    assertEquals([hit + done, failed, done === 1], [301, 0, isWhole]);
    assertEquals(await shown(space, "total"), 9_045_050);
    const repaired = await space.flow("cache", "verify", "--repair", "--json");
    assertEquals(JSON.parse(repaired.stdout).callCount, 602);
    assertEquals((await space.flow("cache", "verify")).code, 0);
    assertEquals(await space.ran(), []);
  });
}

Deno.test("a forced map node calls all again, a forgotten one too", async () => {
  using space = spaceOf(CHAIN, "n: 10");
  await space.run();
  assertEquals(callsOf(await space.run("--force", "ys"), "ys"), [0, 10, 0]);
  assertEquals(await space.ran(), []);
  const forgotten = await space.flow("cache", "forget", "ys");
  assertEquals(forgotten.stdout, 'forgot 1 result and 10 calls of "ys"\n');
  assertEquals(callsOf(await space.run(), "ys"), [0, 10, 0]);
  assertEquals(callsOf(await space.run("--forget", "ys"), "ys"), [0, 10, 0]);
});

Deno.test("calls of a map node are kept as long as its results", async () => {
  using space = spaceOf(
    `  ys: { call: nodes.ts#square, map: "x[i] -> ys[i]", inputs: { x: { value: [1, 2, 3] } }, cache: { ttl: 1ms } }
`,
  );
  await space.run();
  assertEquals(callsOf(await space.run(), "ys"), [0, 3, 0]);
  space.edit("workflow.yaml", "ttl: 1ms", "ttl: 1d");
  space.edit("workflow.yaml", "[1, 2, 3]", "[1, 2, 3, 4]");
  assertEquals(callsOf(await space.run(), "ys"), [3, 1, 0]);
});

Deno.test("flow cache knows the calls of map nodes, also of a node that failed", async () => {
  using space = spaceOf(
    `  ys: { call: nodes.ts#picky, map: "x[i] -> ys[i]", inputs: { x: { value: [0, 1, 2, 3] } } }
`,
  );
  await space.run();
  const { stdout } = await space.flow("cache", "ls", "--json");
  const [{ workflow, node, calls }, ...others] = JSON.parse(stdout);
  assertEquals([workflow, node, calls, others], ["workflow.yaml", "ys", 3, []]);
  const stats = JSON.parse((await space.flow("cache", "stats", "--json")).stdout);
  assertEquals([stats.calls, stats.elementFiles], [3, 1]);
  await space.flow("cache", "gc", "--grace", "0s");
  assertEquals(callsOf(await space.run(), "ys"), [3, 0, 1]);
  const gc = await space.flow("cache", "gc", "--grace", "0s", "--max-age", "0s", "--json");
  assertEquals(JSON.parse(gc.stdout).elementFiles, 1);
  assertEquals(callsOf(await space.run(), "ys"), [0, 3, 1]);
});

Deno.test("two flows at the same map: the second waits and takes the result", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml": `nodes:
  ys:
    run: "echo \${in.x} >> sync/called; while [ ! -e sync/go ]; do sleep 0.02; done; echo \${in.x}"
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [1, 2, 3] } }
    stdout: { output: ys, as: json }
    allow: { write: [sync] }
  marker: { run: "true", outputs: {}, cache: false }
`,
  });
  const first = space.start(["run", "--json", "-j", "1"]);
  await first.untilThere(space.at("sync/called"));
  const second = space.start(["run", "--json", "-j", "1"]);
  // Whoever starts something has looked at everything that is ready.
  assertOk(await second.sees((event) => event.type === "started" && event.node === "marker"));
  space.write({ "sync/go": "" });
  const [a, b] = [await first.result(), await second.result()];
  assertEquals([a.code, b.code, b.started], [0, 0, ["marker"]]);
  assertEquals(space.lines("sync/called"), 3);
});

Deno.test("two flows at maps that share calls: both are right, no call runs more than twice", async () => {
  using space = spaceOf(CHAIN, "n: 500");
  const runs = await Promise.all([space.run(), space.run("--set", "n=700")]);
  const [few, many] = runs.map((run) => [run.code, ...callsOf(run, "ys")]);
  assertEquals([few[0], few[1] + few[2], many[0], many[1] + many[2]], [0, 500, 0, 700]);
  space.edit("workflow.yaml", "n: 500", "n: 701");
  const again = await space.run();
  assertEquals(callsOf(again, "ys"), [700, 1, 0]);
  assertEquals(await shown(space, "total"), 114578450);
});
