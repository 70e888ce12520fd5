/** What runs again after which change, seen from the command line: never more than needed, never stale. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { eventsOf, failureOf, TestSpace } from "../testing/space.ts";

const WORKFLOW = `name: sums
params: { k: 2 }
inputs:
  raw: { file: data.txt }
nodes:
  load: { call: nodes.ts#load, inputs: { raw: raw } }
  sum: { call: nodes.ts#sum, inputs: { rows: load } }
  scaled: { call: nodes.ts#scale, inputs: { n: sum, k: params.k } }
  label: { call: labels.ts#label, inputs: { n: scaled } }
  file:
    run: printf %s \${in.text} > \${out.file}
    inputs: { text: label }
    outputs: { file: { file: out/label.txt } }
`;

const FILES = {
  "workflow.yaml": WORKFLOW,
  "data.txt": "1\n2\n3\n",
  "nodes.ts": `import { readRows } from "./rows.ts";
/** Reads numbers. */
export function load(_: { raw: unknown }, ctx: { in: { raw: string } }): number[] {
  return readRows(ctx.in.raw);
}
const START = 0;
export function sum({ rows }: { rows: number[] }): number {
  return rows.reduce((a, b) => a + b, START);
}
export function scale({ n, k, offset = 0 }: { n: number; k: number; offset?: number }): number {
  return n * k + offset;
}
export function unrelated(): string {
  return "nobody calls me";
}
`,
  "rows.ts": `import { parse } from "./parse.ts";
export function readRows(path: string): number[] {
  return Deno.readTextFileSync(path).trim().split("\\n").map(parse);
}
`,
  "parse.ts": `interface Unused { a: number }
export function parse(text: string): number {
  return Math.abs(Number(text));
}
`,
  "labels.ts": `export function label({ n }: { n: number }): string {
  return "sum " + n;
}
`,
};

const ALL = ["file", "label", "load", "scaled", "sum"];

/** A space in which everything was made. */
async function made(files: Readonly<Record<string, string>> = FILES): Promise<TestSpace> {
  const space = new TestSpace(files);
  assertOk((await space.ran()).length > 0);
  return space;
}

Deno.test("the first run executes everything, the second nothing", async () => {
  using space = await made();
  assertEquals(space.read("out/label.txt"), "sum 12");
  const second = await space.run();
  assertEquals([second.started, eventsOf(second, "hit").length], [[], ALL.length]);
});

Deno.test("edits that cannot change a result rerun nothing", async () => {
  using space = await made();
  const edits: readonly (readonly [file: string, from: string, to: string])[] = [
    ["nodes.ts", "nobody calls me", "nobody ever calls me"],
    ["nodes.ts", "/** Reads numbers. */", "// Reads the numbers.\n"],
    ["nodes.ts", "rows }: { rows: number[] }", "rows }: { rows: readonly number[] }"],
    ["parse.ts", "interface Unused { a: number }", "interface Unused { b: string }\n"],
    ["parse.ts", "return Math.abs(Number(text));", "return   Math.abs(\n    Number(text),\n  );"],
    ["workflow.yaml", "name: sums", "# a comment\nname: other"],
    ["workflow.yaml", "call: labels.ts#label,", "description: text, call: labels.ts#label,"],
  ];
  for (const [file, from, to] of edits) {
    space.edit(file, from, to);
    assertEquals(await space.ran(), [], `${from} -> ${to}`);
  }
});

Deno.test("edits that may change a result rerun exactly what depends on them", async () => {
  using space = await made();
  const edits: readonly (readonly [file: string, from: string, to: string, ran: string[]])[] = [
    // Two modules away, to the same value: early cut-off below.
    ["parse.ts", "Math.abs(Number(text))", "Number(text)", ["load"]],
    ["nodes.ts", "const START = 0", "const START = 1", ["file", "label", "scaled", "sum"]],
    ["nodes.ts", "offset = 0", "offset = 1", ["file", "label", "scaled"]],
    ["nodes.ts", "a + b, START", "b + a, START", ["sum"]],
    ["labels.ts", `"sum "`, `"Sum "`, ["file", "label"]],
    ["data.txt", "1\n2\n3\n", "1\n2\n4\n", ALL],
    ["data.txt", "1\n2\n4\n", "1\n2\n4", ["load"]],
    ["workflow.yaml", "printf %s", "printf '%s'", ["file"]],
    ["workflow.yaml", "out/label.txt", "out/other.txt", ["file"]],
  ];
  for (const [file, from, to, ran] of edits) {
    space.edit(file, from, to);
    assertEquals(await space.ran(), ran, `${from} -> ${to}`);
  }
  assertEquals(space.read("out/other.txt"), "Sum 17");
  // Back to where everything began: all of it is known.
  space.write(FILES);
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/label.txt"), "sum 12");
});

Deno.test("--set changes a param for what uses it, and back is a hit", async () => {
  using space = await made();
  assertEquals(await space.ran("--set", "k=5"), ["file", "label", "scaled"]);
  assertEquals(space.read("out/label.txt"), "sum 30");
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/label.txt"), "sum 12");
});

Deno.test("a file output that was edited, deleted or made a link is restored, not made again", async () => {
  using space = await made();
  const spoil: readonly (() => void)[] = [
    () => space.write({ "out/label.txt": "by hand" }),
    () => space.write({ "out/label.txt": "sum 99" }),
    () => space.remove("out/label.txt"),
    () => space.remove("out"),
    () => {
      space.remove("out/label.txt");
      space.write({ "elsewhere.txt": "other" });
      Deno.symlinkSync(space.at("elsewhere.txt"), space.at("out/label.txt"));
    },
  ];
  for (const body of spoil) {
    body();
    const run = await space.run();
    assertEquals([run.code, run.started], [0, []], run.stderr);
    const restored = eventsOf(run, "hit").find(({ node }) => node === "file")?.restored;
    assertEquals(restored, ["out/label.txt"]);
    assertEquals(space.read("out/label.txt"), "sum 12");
  }
  assertEquals(space.read("elsewhere.txt"), "other");
});

Deno.test("an edit of the same size with the old modification time is noticed", async () => {
  using space = await made();
  for (const text of ["1\n2\n4\n", "1\n2\n5\n"]) {
    const { mtime, atime } = Deno.statSync(space.at("data.txt"));
    Deno.writeTextFileSync(space.at("data.txt"), text);
    Deno.utimeSync(space.at("data.txt"), atime as Date, mtime as Date);
    assertEquals(await space.ran(), ALL);
  }
  assertEquals(space.read("out/label.txt"), "sum 16");
});

Deno.test("an identical input under another name reruns no function", async () => {
  using space = await made();
  Deno.renameSync(space.at("data.txt"), space.at("renamed.txt"));
  assertEquals(await space.ran("--input", "raw=renamed.txt"), []);
});

Deno.test("--input replaces an intermediate value, and what makes it does not run", async () => {
  using space = new TestSpace(FILES);
  assertEquals(await space.ran("--input", "sum=5"), ["file", "label", "scaled"]);
  assertEquals(space.read("out/label.txt"), "sum 10");
  assertEquals(await space.ran("--input", "sum=5"), []);
});

Deno.test("targets run what they need; --force runs them again, and only them", async () => {
  using space = new TestSpace(FILES);
  assertEquals(await space.ran("sum"), ["load", "sum"]);
  assertEquals(await space.ran("sum", "--force"), ["sum"]);
  assertEquals(await space.ran("label"), ["label", "scaled"]);
  assertEquals(await space.ran(), ["file"]);
  assertEquals(await space.ran("--force"), ALL);
  assertEquals(await space.ran("--from", "scaled"), ["scaled"]);
});

Deno.test("why names what changed, from what to what", async () => {
  using space = await made();
  const why = async (node: string) => (await space.flow("why", node)).stdout;
  const edits: readonly (readonly [string, string, string, string, readonly string[]])[] = [
    ["data.txt", "3", "4", "load", ["raw", "data.txt"]],
    ["nodes.ts", "START = 0", "START = 1", "sum", ["START"]],
    ["parse.ts", "Math.abs(Number(text))", "Number(text)", "load", ["parse"]],
    ["workflow.yaml", "k: 2", "k: 7", "scaled", ["params.k", "2", "7"]],
    ["workflow.yaml", "printf %s", "printf %s%s", "file", ["printf %s%s"]],
  ];
  for (const [file, from, to, node, parts] of edits) {
    space.edit(file, from, to);
    const text = await why(node);
    for (const part of parts) assertIncludes(text, part);
    space.write(FILES);
  }
});

Deno.test("cache: false runs always, ttl until it is over, and what follows is cut off", async () => {
  using space = await made({
    "nodes.ts": `export const one = () => 1;
export const follow = ({ x }: { x: number }) => x + 1;
`,
    "workflow.yaml": `name: w
nodes:
  always: { call: nodes.ts#one, cache: false }
  short: { call: nodes.ts#one, cache: { ttl: 1ms } }
  long: { call: nodes.ts#one, cache: { ttl: 1d } }
  a: { call: nodes.ts#follow, inputs: { x: always } }
  b: { call: nodes.ts#follow, inputs: { x: short } }
  c: { call: nodes.ts#follow, inputs: { x: long } }
`,
  });
  assertEquals(await space.ran(), ["always", "short"]);
});

Deno.test("of several outputs only the one that changed reaches what follows", async () => {
  using space = await made({
    "n": "10",
    "nodes.ts": `export function split(_: unknown, ctx: { in: { n: string }; out: { f: string } }) {
  const n = Number(Deno.readTextFileSync(ctx.in.n));
  Deno.writeTextFileSync(ctx.out.f, String(n > 3));
  return { tens: Math.floor(n / 10), ones: n % 10 };
}
export const same = ({ x }: { x: unknown }) => String(x);
export const text = ({ x }: { x: unknown }) => "" + x;
`,
    "workflow.yaml": `name: w
nodes:
  split:
    call: nodes.ts#split
    inputs: { n: { file: n } }
    outputs: { tens: {}, ones: {}, f: { file: out/f } }
  t: { call: nodes.ts#same, inputs: { x: tens } }
  o: { call: nodes.ts#text, inputs: { x: ones } }
  g: { run: [cat, "\${in.f}"], inputs: { f: f }, stdout: g }
`,
  });
  space.write({ n: "12" });
  assertEquals(await space.ran(), ["o", "split"]);
  space.write({ n: "22" });
  assertEquals(await space.ran(), ["split", "t"]);
  space.write({ n: "02" });
  assertEquals(await space.ran(), ["g", "split", "t"]);
});

Deno.test("equal nodes run once, and a node without outputs runs once per input", async () => {
  using space = await made({
    "log/x": "",
    "nodes.ts": "export const two = ({ x }: { x: number }) => x * 2;\n",
    "workflow.yaml": `name: w
nodes:
  a: { call: nodes.ts#two, inputs: { x: { value: 1 } } }
  b: { call: nodes.ts#two, inputs: { x: { value: 1 } } }
  note:
    run: "echo \${in.x} >> log/x"
    inputs: { x: a }
    outputs: {}
    allow: { write: [log] }
`,
  });
  assertEquals(space.read("log/x"), "2\n");
  assertEquals(await space.ran(), []);
  space.edit("nodes.ts", "x * 2", "x * 3");
  const [first, ...rest] = await space.ran();
  assertEquals([["a", "b"].includes(first), rest], [true, ["note"]]);
  assertEquals(space.read("log/x"), "2\n3\n");
});

Deno.test("without its index the store keeps all hits, without the store everything runs", async () => {
  using space = await made();
  for (const name of ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"]) {
    if (space.has(`.pipecache/${name}`)) space.remove(`.pipecache/${name}`);
  }
  assertEquals(await space.ran(), []);
  space.remove(".pipecache");
  assertEquals(await space.ran(), ALL);
});

/** A node that reads its input before and after it waits for the file `go`, and one that follows. */
const SLOW_READER = (input: string, read: string) =>
  `name: w
inputs:
  raw: ${input}
nodes:
  reader:
    run: ": > sync/ready; while [ ! -e sync/go ]; do sleep 0.02; done; ${read} > \${out.reader}"
    inputs: { raw: raw }
    outputs: { reader: { file: out/reader } }
    allow: { write: [sync] }
`;

/** Runs, edits while the node waits, lets it go, and returns the result. */
async function editWhileRunning(space: TestSpace, edit: () => void) {
  space.write({ "sync/x": "" });
  for (const name of ["sync/ready", "sync/go"]) if (space.has(name)) space.remove(name);
  const live = space.start(["run", "--json"]);
  await live.untilThere(space.at("sync/ready"));
  edit();
  space.write({ "sync/go": "" });
  return await live.result();
}

const CHANGING: Readonly<Record<string, { input: string; read: string; files: string }>> = {
  file: { input: "{ file: d/raw }", read: "cat ${in.raw}", files: "d/raw" },
  directory: { input: "{ dir: d }", read: "cat ${in.raw}/raw", files: "d/raw" },
};

for (const [kind, { input, read, files }] of Object.entries(CHANGING)) {
  Deno.test(`a result whose input ${kind} changed while it was read is not kept`, async () => {
    using space = new TestSpace({
      [files]: "old",
      "workflow.yaml": SLOW_READER(input, read),
    });
    const run = await editWhileRunning(space, () => space.write({ [files]: "new" }));
    assertEquals(run.code, 0, run.stderr);
    assertEquals(eventsOf(run, "done").map(({ cached }) => cached), [false]);
    assertOk(eventsOf(run, "warning").some(({ code }) => code === "input-changed"));
    // The old content was never read: it must not have a result.
    space.write({ [files]: "old" });
    assertEquals(await space.ran(), ["reader"]);
    assertEquals(space.read("out/reader"), "old");
  });
}

Deno.test("a result whose allow.read path changed while it was read is not kept", async () => {
  using space = new TestSpace({
    "d/raw": "old",
    "workflow.yaml": SLOW_READER("{ default: 1 }", "cat d/raw").replace(
      "write: [sync]",
      "write: [sync], read: [d]",
    ),
  });
  await editWhileRunning(space, () => space.write({ "d/raw": "new" }));
  space.write({ "d/raw": "old" });
  assertEquals(await space.ran(), ["reader"]);
  assertEquals(space.read("out/reader"), "old");
});

Deno.test("a result whose upstream's published file was edited while it was read is not kept", async () => {
  const upstream =
    `  raw: { run: "printf old > \${out.raw}", outputs: { raw: { file: d/raw } } }\n`;
  using space = new TestSpace({
    "workflow.yaml": SLOW_READER("0", "cat ${in.raw}")
      .replace("inputs:\n  raw: 0\n", "").replace("nodes:\n", `nodes:\n${upstream}`),
  });
  await editWhileRunning(space, () => space.write({ "d/raw": "new" }));
  const again = await space.run();
  assertEquals(again.code, 0, again.stderr);
  assertEquals([space.read("d/raw"), space.read("out/reader")], ["old", "old"]);
});

Deno.test("a failure is not kept, and the last good output stays", async () => {
  using space = await made();
  space.edit("labels.ts", `return "sum " + n`, `throw new Error("broken")`);
  const run = await space.run();
  assertEquals([run.code, run.started], [1, ["label"]]);
  assertIncludes(failureOf(run, "label").message, "broken");
  assertEquals(eventsOf(run, "skipped").map(({ node, because }) => [node, because]), [
    ["file", ["label"]],
  ]);
  assertEquals(space.read("out/label.txt"), "sum 12");
  assertEquals((await space.run()).started, ["label"]);
  space.write(FILES);
  assertEquals(await space.ran(), []);
});
