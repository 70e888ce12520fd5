/** `--map` adds an axis to a whole workflow, `--select` runs a part of one; both seen from the command line. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { eventsOf, failureOf, type RunResult, TestSpace } from "../testing/space.ts";

const NODES = `
export const range = ({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i);
export const add = ({ x, z = 100 }: { x: number; z?: number }) => x + z;
export const sum = ({ all }: { all: readonly number[] }) => all.reduce((a, b) => a + b, 0);
export const placed = ({ x }: { x: string }, ctx: { index: readonly number[] }) => x + ctx.index[0];
export const upTo = ({ x }: { x: number }) => Array.from({ length: x }, (_, i) => i);
export const write = ({ x }: { x: number }, ctx: { out: { text: string } }) =>
  Deno.writeTextFileSync(ctx.out.text, String(x));
export const nodes = ({ x }: { x: number }) => ({ nodes: {} });
`;

/** A workspace with these lines. */
function spaceOf(...lines: readonly string[]): TestSpace {
  return new TestSpace({ "workflow.yaml": `${lines.join("\n")}\n`, "nodes.ts": NODES });
}

/** The last counts of a map node's calls. */
function callsOf(run: RunResult, node: string): readonly number[] {
  const last = eventsOf(run, "calls").filter((event) => event.node === node).at(-1);
  assertOk(last, `no calls of ${node}: ${run.stdout}${run.stderr}`);
  return [last.hit, last.done, last.failed];
}

/** What `flow run --output NAME` prints. */
async function printed(
  space: TestSpace,
  name: string,
  ...args: readonly string[]
): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("run", ...args, "--output", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

/** What is said when nothing is run. */
async function refusal(space: TestSpace, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await space.flow("run", ...args);
  assertEquals(code, 2, stderr);
  return stderr.trimEnd();
}

const SUMS = [
  "inputs: { n: 3, z: { type: integer, default: 1 } }",
  "nodes:",
  "  xs: { call: nodes.ts#range }",
  '  ys: { call: nodes.ts#add, map: "x[i] -> ys[i]", inputs: { x: xs } }',
  "  total: { call: nodes.ts#sum, inputs: { all: ys } }",
  "  twice: { call: nodes.ts#add, inputs: { x: total, z: total } }",
];

Deno.test("--map makes every element a whole result of the workflow", async () => {
  using space = spaceOf(...SUMS);
  const single = await Promise.all([1, 5].map(async (z) => {
    using other = spaceOf(...SUMS);
    return await printed(other, "twice", "--input", `z=${z}`);
  }));
  const args = ["--map", "z[k]", "--input", "z=[1, 5]"];
  assertEquals(await printed(space, "twice", ...args), single);
  assertEquals(await printed(space, "ys", ...args), [[1, 2, 3], [5, 6, 7]]);
  assertEquals(await printed(space, "xs", ...args), [0, 1, 2]);
});

Deno.test("one more value along an added axis runs one call per node behind it", async () => {
  using space = spaceOf(...SUMS);
  const first = await space.run("--map", "z[k]", "--input", "z=[1, 5]");
  assertEquals([callsOf(first, "ys"), callsOf(first, "total")], [[0, 6, 0], [0, 2, 0]]);
  assertEquals(await space.ran("--map", "z[k]", "--input", "z=[1, 5]"), []);
  const more = await space.run("--map", "z[k]", "--input", "z=[1, 5, 7]");
  assertEquals(more.started, ["total", "twice", "ys"]);
  assertEquals([callsOf(more, "ys"), callsOf(more, "total")], [[6, 3, 0], [2, 1, 0]]);
});

Deno.test("--map adds several axes in the order they are named, in front of those there are", async () => {
  using space = spaceOf(...SUMS);
  const args = ["--map", "z[k]", "--map", "n[m]", "--input", "z=[1, 5]", "--input", "n=[2, 2, 2]"];
  assertEquals(await printed(space, "total", ...args), [[3, 3, 3], [11, 11, 11]]);
  const zipped = ["--map", "z[k], n[k]", "--input", "z=[1, 5]", "--input", "n=[2, 2]"];
  assertEquals(await printed(space, "total", ...zipped), [3, 11]);
  // Every result is whole: they may have different lengths.
  const ragged = ["--map", "n[m]", "--input", "n=[0, 1, 2]"];
  assertEquals(await printed(space, "xs", ...ragged), [[], [0], [0, 1]]);
});

Deno.test("--map takes rows of an input that is mapped over already", async () => {
  using space = spaceOf(
    "inputs: { rows: }",
    "nodes:",
    '  ys: { call: nodes.ts#add, map: "rows[i] -> ys[i]", inputs: { x: rows } }',
    "  s: { call: nodes.ts#sum, inputs: { all: ys } }",
  );
  const args = ["--map", "rows[k]", "--input", "rows=[[1, 2], [3, 4]]"];
  assertEquals(await printed(space, "ys", ...args), [[101, 102], [103, 104]]);
  assertEquals(await printed(space, "s", ...args), [203, 207]);
});

Deno.test("--map goes over an output that is given", async () => {
  using space = spaceOf(...SUMS);
  const args = ["--map", "total[k]", "--input", "total=[1, 2, 3]"];
  assertEquals(await printed(space, "twice", ...args), [2, 4, 6]);
});

Deno.test("plan, why and show know added axes", async () => {
  using space = spaceOf(...SUMS);
  const args = ["--map", "z[k]", "--input", "z=[1, 5]"];
  await space.run(...args);
  assertEquals((await space.flow("plan", "--exit-code", ...args)).code, 0);
  assertEquals((await space.flow("plan", "--exit-code")).code, 3);
  assertEquals((await space.flow("show", "total", ...args)).stdout, "[6,18]\n");
  assertIncludes((await space.flow("why", "total", ...args)).stdout, "up to date");
});

Deno.test("what cannot be along an axis is refused if it is wanted", async () => {
  using space = spaceOf(
    "inputs: { x: 1 }",
    "nodes:",
    "  a: { call: nodes.ts#add }",
    "  file: { call: nodes.ts#write, outputs: { text: { file: out.txt } } }",
    "  effect: { run: ['true'], inputs: { a: a }, outputs: [] }",
    '  own: { call: nodes.ts#add, map: "x[i] -> own[i]", inputs: { x: { value: [1] }, z: a } }',
    "  more: { expand: nodes.ts#nodes }",
  );
  const args = ["--map", "x[i]", "--input", "x=[1, 2]"];
  const leave = "\n  hint: name what you want of the workflow, or leave the node out with --skip";
  assertEquals(await printed(space, "a", ...args), [101, 102]);
  assertEquals(
    await refusal(space, "file", ...args),
    'error: Cannot run node "file" once per element along "i": its output "text" is a file' + leave,
  );
  assertEquals(
    await refusal(space, "effect", ...args),
    'error: Cannot run node "effect" once per element along "i": it has no output' + leave,
  );
  assertEquals(
    await refusal(space, "own", ...args),
    'error: Cannot add axis "i" to node "own": it has an axis of that name\n' +
      "  hint: choose another name for the new one",
  );
  assertIncludes(await refusal(space, "more", ...args), 'Cannot run node "more" once per element');
  assertEquals(
    await space.ran("--map", "x[i]", "--input", "x=[1, 2]", "--skip", "file,effect,own,more"),
    [],
  );
});

const CHAIN = [
  "inputs: { xs: [a, b, c, d] }",
  "nodes:",
  '  ys: { call: nodes.ts#placed, map: "x[i] -> ys[i]", inputs: { x: xs } }',
  '  zs: { call: nodes.ts#placed, map: "x[i] -> zs[i]", inputs: { x: ys } }',
];

Deno.test("--select runs the calls of a part, which a whole run does not run again", async () => {
  using space = spaceOf(...CHAIN);
  const part = await space.run("--select", "i=1:3");
  assertEquals(part.code, 0, part.stdout);
  assertEquals([callsOf(part, "ys"), callsOf(part, "zs")], [[0, 2, 0], [0, 2, 0]]);
  assertEquals(eventsOf(part, "done").map(({ cached }) => cached), [false, false]);
  assertIncludes((await space.flow("show", "zs")).stderr, 'Output "zs" is not stored');
  const whole = await space.run();
  assertEquals([callsOf(whole, "ys"), callsOf(whole, "zs")], [[2, 2, 0], [2, 2, 0]]);
  assertEquals((await space.flow("show", "zs")).stdout, '["a00","b11","c22","d33"]\n');
});

Deno.test("--select prints a part in its place, and all of it if that is stored", async () => {
  using space = spaceOf(...CHAIN);
  assertEquals(await printed(space, "zs", "--select", "i=-1"), [null, null, null, "d33"]);
  assertEquals(await printed(space, "zs", "--select", "i=::2"), ["a00", null, "c22", null]);
  await space.run();
  assertEquals(await space.ran("--select", "i=0"), []);
  assertEquals(await printed(space, "zs", "--select", "i=0"), ["a00", "b11", "c22", "d33"]);
});

const GRID = [
  "nodes:",
  '  g: { call: nodes.ts#upTo, map: "x[i] -> g[i, j]", inputs: { x: { value: [3, 3, 3] } } }',
  '  h: { call: nodes.ts#add, map: "x[i, j] -> h[i, j]", inputs: { x: g } }',
  '  rows: { call: nodes.ts#sum, map: "all[i, :] -> rows[i]", inputs: { all: h } }',
  '  cols: { call: nodes.ts#sum, map: "all[:, j] -> cols[j]", inputs: { all: h } }',
];

Deno.test("--select goes along several axes and past generated ones", async () => {
  using space = spaceOf(...GRID);
  assertEquals(await printed(space, "rows", "--select", "i=1"), [null, 303, null]);
  const both = await space.run("--select", "i=1:,j=0", "h");
  // The elements are those of the first row.
  assertEquals(callsOf(both, "h"), [2, 0, 0]);
  assertEquals(await printed(space, "h", "--select", "i=2,j=1:"), [
    [null, null, null],
    [null, null, null],
    [null, 101, 102],
  ]);
});

Deno.test("--select is refused where the rest is needed, or nothing is selected", async () => {
  using space = spaceOf(...GRID);
  assertEquals(
    await refusal(space, "--select", "i=1"),
    'error: Cannot select along axis "i": node "cols" takes all of "h" along it\n' +
      "  hint: run what is before it: flow run h --select i=…",
  );
  assertIncludes(await refusal(space, "--select", "k=1"), 'Cannot select along axis "k": no node');
  assertIncludes(
    await refusal(space, "g", "--select", "j=1"),
    'Cannot select along axis "j": a call of "x[i] -> g[i, j]" makes all of it',
  );
  assertIncludes(await refusal(space, "h", "--select", "i=3"), "the axis has 3 positions, 0 to 2");
  assertIncludes(await refusal(space, "--select", "i=a"), "write positions of axes as AXIS=3");
});

Deno.test("plan --select says which calls of a part have to be made", async () => {
  using space = spaceOf(...CHAIN);
  const plan = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout, stderr, code } = await space.flow("plan", "--json", ...args);
    assertEquals(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const part = (selected: number, stored: number) => ({
    node: "ys",
    calls: { total: 4, selected, stored },
  });
  const later = { node: "zs", verdict: "unknown", why: "an upstream runs first" };
  assertEquals(await plan("--select", "i=1:3"), [
    {
      ...part(2, 0),
      verdict: "run",
      why: "has no result yet; 2 of 4 calls are selected, 0 stored",
    },
    later,
  ]);
  assertEquals(await space.ran("--select", "i=1:3", "ys"), ["ys"]);
  assertEquals(await plan("--select", "i=2:"), [
    {
      ...part(2, 1),
      verdict: "run",
      why: "has no result yet; 2 of 4 calls are selected, 1 stored",
    },
    later,
  ]);
  assertEquals(await plan("--select", "i=2", "ys"), [
    { ...part(1, 1), verdict: "hit", why: "1 of 4 calls are selected, all stored" },
  ]);
  const forced = await space.flow("run", "-n", "--force", "--select", "i=2", "ys");
  assertEquals(forced.stdout, "run  ys  forced; 1 of 4 calls are selected, 0 stored\n");
  await space.run();
  assertEquals(await plan("--select", "i=2", "ys"), [
    { node: "ys", verdict: "hit", why: "up to date" },
  ]);
  assertIncludes((await space.flow("plan", "--select", "k=1")).stderr, 'along axis "k": no node');
});

Deno.test("--map makes a param an array, for who takes it as one argument", async () => {
  using space = spaceOf(
    "params: { model: { lr: 1, depth: 2 } }",
    "nodes:",
    "  a: { call: nodes.ts#add, inputs: { x: params.model.lr, z: { value: 10 } } }",
    "  b: { call: nodes.ts#add, inputs: { x: a, z: params.model.lr } }",
    "  c: { call: nodes.ts#add, inputs: { x: params.model.depth, z: params.model.depth } }",
    "  part: { call: nodes.ts#placed, inputs: { x: params.model } }",
    "  text: { run: 'echo ${params.model.lr}', stdout: text }",
  );
  const args = ["--map", "model.lr[k]", "--set", "model.lr=[1, 2]"];
  assertEquals(await printed(space, "a", ...args), [11, 12]);
  assertEquals(await printed(space, "b", ...args), [12, 14]);
  assertEquals(await printed(space, "c", "--map", "params.model.lr[k]", ...args.slice(2)), 4);
  const hint = '\n  hint: wire "params.model.lr" itself to an argument, or use --sweep';
  assertEquals(
    await refusal(space, "part", ...args),
    'error: Cannot run node "part" once per element of "params.model.lr": it takes "params.model"' +
      hint,
  );
  assertEquals(
    await refusal(space, "text", ...args),
    'error: Cannot run node "text" once per element of "params.model.lr": its command has ' +
      '"${params.model.lr}"' + hint,
  );
  const none = await refusal(space, "a", "--map", "model.lr[k]");
  assertIncludes(none, 'Cannot map over "x": it is a number, not an array');
  assertIncludes(none, "hint: give an array: --set model.lr='[…]'");
  assertIncludes(
    await refusal(space, "a", "--map", "model.lrr[k]"),
    'Cannot map over "model.lrr": there is no such input or param\n  hint: did you mean "model.lr"?',
  );
  assertIncludes(
    await refusal(space, "a", "--map", "model.lr[k], params.model.lr[l]"),
    'Cannot map over "params.model.lr" twice',
  );
});

Deno.test("--select of a position that turns out not to be there fails the node", async () => {
  using space = spaceOf(
    "nodes:",
    "  xs: { call: nodes.ts#range, inputs: { n: { value: 2 } } }",
    '  ys: { call: nodes.ts#add, map: "x[i] -> ys[i]", inputs: { x: xs } }',
  );
  const run = await space.run("--select", "i=2");
  assertEquals(run.code, 1);
  assertEquals(
    failureOf(run, "ys").message,
    'Cannot select "i=2": the axis has 2 positions, 0 to 1',
  );
});

Deno.test("a default of a function gives way to one of the input, and that to what is given", async () => {
  const node = "  y: { call: nodes.ts#add, inputs: { x: { value: 1 } } }";
  using bare = spaceOf("nodes:", node);
  assertEquals(await printed(bare, "y"), 101);
  using space = spaceOf("inputs: { z: 10 }", "nodes:", node);
  assertEquals(await printed(space, "y"), 11);
  assertEquals(await printed(space, "y", "--input", "z=2"), 3);
});

Deno.test("inputs of a scope are given one by one, as an object, or have defaults", async () => {
  using space = spaceOf(
    "inputs: { foo.x: , foo.bar.z: 10 }",
    "nodes:",
    "  y: { call: nodes.ts#add, inputs: { x: foo.x, z: foo.bar.z } }",
  );
  assertEquals(await printed(space, "y", "--input", "foo.x=1"), 11);
  assertEquals(await printed(space, "y", "--input", 'foo={"x":1,"bar":{"z":2}}'), 3);
  assertEquals(await printed(space, "y", "--input", "foo.x=1", "--input", 'foo.bar={"z":3}'), 4);
  assertIncludes(await refusal(space), 'Missing input "foo.x"');
  const map = ["--map", "foo.x[k]", "--input", 'foo={"x":[1,2]}'];
  assertEquals(await printed(space, "y", ...map), [11, 12]);
  space.edit("workflow.yaml", "inputs: { x: foo.x", 'map: "foo.x[i] -> y[i]", inputs: { x: foo.x');
  assertEquals(await printed(space, "y", "--input", "foo.x=[1,2,3]"), [11, 12, 13]);
});

Deno.test("axes of nodes that a node returned must agree too", async () => {
  using space = spaceOf(
    "nodes:",
    '  ys: { call: nodes.ts#add, map: "x[i] -> ys[i]", inputs: { x: { value: [1, 2] } } }',
    "  made: { expand: nodes.ts#consumer }",
  );
  space.edit(
    "nodes.ts",
    "export const nodes",
    `export const consumer = () => ({
  nodes: { zs: { call: "nodes.ts#add", map: "ys[j] -> zs[j]", inputs: { x: "ys" } } },
});
export const nodes`,
  );
  assertIncludes(
    failureOf(await space.run(), "made").message,
    'Cannot use axis "j" for "ys" in node "zs": it is called "i", "ys[i]" in node "ys"',
  );
  space.edit("nodes.ts", "ys[j] -> zs[j]", "ys[i] -> zs[i]");
  const run = await space.run();
  assertEquals([run.code, callsOf(run, "zs")], [0, [0, 2, 0]], run.stdout);
});
