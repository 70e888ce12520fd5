/** Nodes that return nodes, seen from the command line. */

import { assertEquals, assertOk } from "../testing/assert.ts";
import { countsOf, TestSpace } from "../testing/space.ts";

/** One node per file, and one that collects them; `total` is wired to it. */
const PER_FILE = {
  "workflow.yaml": `inputs: { list: { file: list.txt } }
nodes:
  names: { run: [cat, "\${in.list}"], inputs: [list], stdout: { output: names, as: lines } }
  each: { expand: nodes.ts#each, outputs: [sum] }
  total: { call: nodes.ts#total }
  last: { run: "ls out > \${out.last}", after: [each], allow: { read: [out] }, outputs: { last: { file: last.txt } } }
`,
  "list.txt": "a\nbb\n",
  "nodes.ts": `
export function each({ names }: { names: string[] }) {
  const nodes: Record<string, object> = {};
  for (const name of names) {
    nodes["len_" + name] = {
      call: "nodes.ts#length",
      inputs: { name: { value: name } },
      outputs: { ["len_" + name]: { file: "out/" + name + ".txt" } },
    };
  }
  nodes.sum = {
    run: ["cat", ...names.map((name) => "\${in.len_" + name + "}")],
    inputs: names.map((name) => "len_" + name),
    stdout: "sum",
  };
  return { nodes };
}
export async function length({ name }: { name: string }, ctx: { out: Record<string, string> }) {
  await Deno.writeTextFile(ctx.out["len_" + name], name.length + "\\n");
}
export const total = ({ sum }: { sum: string }) =>
  sum.trim().split("\\n").reduce((all, line) => all + Number(line), 0);
`,
};

Deno.test("an expand node's nodes run, and feed nodes of the file", async () => {
  using space = new TestSpace(PER_FILE);
  const first = await space.run();
  assertEquals(
    first.started,
    ["each", "last", "len_a", "len_bb", "names", "sum", "total"],
    first.stderr,
  );
  assertEquals(countsOf(first), { hit: 0, done: 7, failed: 0, skipped: 0 });
  const expanded = first.events.find((event) => event.type === "expanded");
  assertEquals(expanded?.type === "expanded" ? [expanded.node, expanded.wanted] : [], ["each", 3]);
  // What takes something of a returned node is known to be up to date, and a promise to be that node's output.
  for (const [name, text] of [["total", "3\n"], ["sum", "1\n2\n"]]) {
    const { code, stdout, stderr } = await space.flow("show", name);
    assertEquals([code, stdout, stderr], [0, text, ""]);
  }
  assertEquals((await space.flow("log", "sum")).stdout, "1\n2\n");
  // Whoever runs after it runs after everything it returned.
  assertEquals(space.read("last.txt"), "a.txt\nbb.txt\n");
  const second = await space.run();
  assertEquals([second.started, countsOf(second).hit], [[], 7]);
});

Deno.test("an unchanged expansion reruns nothing, a changed one only what is new", async () => {
  using space = new TestSpace(PER_FILE);
  await space.run();
  // The function changes, what it returns does not.
  space.edit("nodes.ts", "nodes.sum = {", "void 0; nodes.sum = {");
  assertEquals(await space.ran(), ["each"]);
  space.write({ "list.txt": "a\nbb\nccc\n" });
  assertEquals(await space.ran(), ["each", "last", "len_ccc", "names", "sum", "total"]);
  assertEquals((await space.flow("show", "total")).stdout, "6\n");
  // Back to what it was: all of it is known.
  space.write({ "list.txt": "a\nbb\n" });
  assertEquals(await space.ran(), []);
  assertEquals((await space.flow("show", "total")).stdout, "3\n");
});

Deno.test("plan says what is known before and after an expansion", async () => {
  using space = new TestSpace(PER_FILE);
  const before = await space.flow("plan");
  assertEquals(before.stderr, "1 to run, 3 unknown yet, at least 4 in all, unknown after each\n");
  await space.run();
  assertEquals((await space.flow("plan")).stderr, "7 up to date\n");
  assertEquals((await space.flow("ls")).stdout.includes("len_bb"), true);
  assertEquals((await space.flow("show", "len_bb")).stdout, "2\n");
  space.remove("out/bb.txt");
  assertEquals(await space.ran("len_bb"), []);
  assertEquals(space.read("out/bb.txt"), "2\n");
  const graph = await space.flow("graph", "--mermaid");
  assertOk(graph.stdout.includes("nodes.ts#35;length"), graph.stdout);
  const why = await space.flow("why", "len_a");
  assertEquals([why.code, why.stdout.includes("up to date")], [0, true], why.stderr);
});

Deno.test("expansions nest to any depth, each runs once", async () => {
  using space = new TestSpace({
    "workflow.yaml": `params: { depth: 12 }
nodes:
  level: { expand: nodes.ts#level, inputs: { n: params.depth }, outputs: [bottom] }
  end: { call: nodes.ts#end }
`,
    "nodes.ts": `
export const level = ({ n }: { n: number }) => ({
  nodes: n === 0
    ? { bottom: { call: "nodes.ts#bottom" } }
    : { ["level" + n]: { expand: "nodes.ts#level", inputs: { n: { value: n - 1 } }, outputs: ["bottom"] } },
});
export const bottom = () => "reached";
export const end = ({ bottom }: { bottom: string }) => bottom.toUpperCase();
`,
  });
  const first = await space.run();
  assertEquals(countsOf(first), { hit: 0, done: 15, failed: 0, skipped: 0 }, first.stderr);
  assertEquals((await space.flow("show", "end")).stdout, "REACHED");
  assertEquals(countsOf(await space.run()), { hit: 15, done: 0, failed: 0, skipped: 0 });
});

/** A workflow whose only expand node returns `data`. */
function returning(data: unknown, more = ""): Record<string, string> {
  return {
    "workflow.yaml": `inputs: { n: 1 }
nodes:
  gen: { expand: nodes.ts#gen }
  late: { call: nodes.ts#one, after: [gen] }
  other: { run: "echo x > \${out.other}", outputs: { other: { file: out/x.txt } } }
${more}`,
    "nodes.ts": `export const gen = () => (${JSON.stringify(data)});
export const one = () => 1;
export const take = ({ x }: { x: unknown }) => x;
`,
  };
}

/** What is wrong, what is returned, and what is said. */
const WRONG: readonly (readonly [what: string, data: unknown, says: readonly string[]])[] = [
  ["no mapping", [1], [
    "Cannot read it: expected a mapping with nodes, got a list",
    "Return { nodes:",
  ]],
  ["no nodes", { notes: {} }, ['Unknown key "notes" in the workflow', 'did you mean "nodes"?']],
  ["unknown key", { nodes: { a: { call: "nodes.ts#one", cachee: true } } }, [
    'nodes.a.cachee: Unknown key "cachee" in node "a"',
    'did you mean "cache"?',
  ]],
  ["unknown export", { nodes: { a: { call: "nodes.ts#ones" } } }, [
    'Cannot use "nodes.ts#ones" for node "a": Cannot find "ones" in "nodes.ts"',
    'did you mean "nodes.ts#one"?',
  ]],
  ["unknown source", { nodes: { a: { call: "nodes.ts#take", inputs: { x: "otter" } } } }, [
    'Cannot find "otter" for input "x" of node "a": no input and no node provides it',
    'did you mean "other", output of node "other"?',
  ]],
  ["name of a node of the file", { nodes: { other: { call: "nodes.ts#one" } } }, [
    'Cannot make node "other": there is a node of that name',
  ]],
  ["path of a node of the file", {
    nodes: { a: { run: "x > ${out.a}", outputs: { a: { file: "out/x.txt" } } } },
  }, [
    'Cannot publish output "a" of node "a" as "out/x.txt": output "other" of node "other" already writes it',
  ]],
  ["directory around a path of the file", {
    nodes: { a: { run: "x > ${out.a}/y", outputs: { a: { dir: "out" } } } },
  }, [
    'Cannot publish output "a" of node "a" as "out": output "other" of node "other" writes "out/x.txt"',
  ]],
  ["behind its maker", { nodes: { a: { call: "nodes.ts#take", inputs: { x: "late" } } } }, [
    'Cannot let node "a" depend on node "late": "late" is behind "gen", which returned "a"',
  ]],
  ["cycle", {
    nodes: {
      a: { call: "nodes.ts#take", inputs: { x: "b" } },
      b: { call: "nodes.ts#take", inputs: { x: "a" } },
    },
  }, ["Cannot order the nodes: they form a cycle: a -> b -> a"]],
];

for (const [what, data, says] of WRONG) {
  Deno.test(`returned nodes with ${what} fail the node that returned them, and nothing else`, async () => {
    using space = new TestSpace(returning(data));
    const result = await space.run();
    const failed = result.events.filter((event) => event.type === "failed");
    assertEquals(failed.map(({ node, reason }) => [node, reason]), [["gen", "contract"]]);
    for (const part of says) assertOk(failed[0].message.includes(part), failed[0].message);
    assertEquals([result.code, result.started], [1, ["gen", "other"]]);
    assertEquals(countsOf(result), { hit: 0, done: 1, failed: 1, skipped: 1 });
  });
}

Deno.test("a promise that is not kept fails the node that made it", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  gen: { expand: nodes.ts#gen, outputs: { sum: null, table: { file: t.txt } } }
  end: { call: nodes.ts#end }
`,
    "nodes.ts": `export const gen = () => ({ nodes: { table: { call: "nodes.ts#one" } } });
export const one = () => 1;
export const end = ({ sum }: { sum: number }) => sum;
`,
  });
  const result = await space.run();
  const failed = result.events.find((event) => event.type === "failed");
  const message = failed?.type === "failed" ? failed.message : "";
  assertOk(message.includes('Cannot find output "sum", which node "gen" promised'), message);
  assertOk(message.includes('node "gen" promised a file, it is a value'), message);
});

Deno.test("a failure in a returned node skips what is behind it, as any other", async () => {
  using space = new TestSpace({
    ...PER_FILE,
    "nodes.ts": PER_FILE["nodes.ts"].replace(
      "await Deno",
      'if (name === "bb") throw new Error("no");\n  await Deno',
    ),
  });
  const result = await space.run();
  assertEquals(countsOf(result), { hit: 0, done: 3, failed: 1, skipped: 3 });
  const skipped = result.events.flatMap((event) => event.type === "skipped" ? [event.node] : []);
  assertEquals(skipped.sort(), ["last", "sum", "total"]);
  space.write({ "nodes.ts": PER_FILE["nodes.ts"] });
  assertEquals(await space.ran(), ["last", "len_a", "len_bb", "sum", "total"]);
});

Deno.test("a returned node may depend on any node, and make its temporary bytes again", async () => {
  using space = new TestSpace({
    "workflow.yaml": `params: { k: 1 }
nodes:
  big: { run: "seq 1 9 > \${out.big}", outputs: { big: { file: big.txt, temp: true } } }
  size: { run: [wc, -l], stdin: big, inputs: [big], stdout: size }
  gen: { expand: nodes.ts#gen, inputs: { size: size, k: params.k } }
`,
    "nodes.ts": `export const gen = ({ size, k }: { size: string; k: number }) => ({
  nodes: { head: { run: ["head", "-" + k, "\${in.big}"], inputs: ["big"], stdout: "head" } },
});
`,
  });
  const first = await space.run();
  assertEquals([first.code, (await space.flow("show", "head")).stdout], [0, "1\n"], first.stderr);
  assertEquals(space.has("big.txt"), false);
  assertEquals(await space.ran("--set", "k=2"), ["big", "gen", "head"]);
  assertEquals(await space.ran("--set", "k=2"), []);
});

Deno.test("a returned temporary node runs if a node of the file takes it or runs after it", async () => {
  using space = new TestSpace({
    "workflow.yaml": `params: { k: 1 }
nodes:
  gen: { expand: nodes.ts#gen, outputs: { big: { file: big.txt } } }
  size: { run: "wc -l < \${in.big}; echo \${params.k}", inputs: [big], stdout: size }
  last: { run: [echo, "\${params.k}"], after: [gen], stdout: last }
`,
    "nodes.ts": `export const gen = () => ({
  nodes: {
    big: { run: "seq 1 9 > \${out.big}", outputs: { big: { file: "big.txt", temp: true } } },
    alone: { run: "echo > \${out.alone}", outputs: { alone: { file: "alone.txt", temp: true } } },
  },
});
`,
  });
  assertEquals(await space.ran(), ["alone", "big", "gen", "last", "size"]);
  assertEquals([space.has("big.txt"), space.has("alone.txt")], [false, false]);
  assertEquals(await space.ran(), []);
  assertEquals(await space.ran("--set", "k=2"), ["big", "last", "size"]);
});

Deno.test("run --output prints a promised output, also of a node that is not there yet", async () => {
  using space = new TestSpace(PER_FILE);
  for (let i = 0; i < 2; i++) {
    const { code, stdout, stderr } = await space.flow("run", "--output", "sum", "--quiet");
    assertEquals([code, stdout, stderr], [0, "1\n2\n", ""]);
  }
});

Deno.test("a TypeScript workflow expands with typed handles", async () => {
  using space = new TestSpace({
    "deno.json": `{ "imports": { "flow": "./flow.ts" } }`,
    "workflow.ts": `import { call, expand, input, workflow } from "flow";
import { each, total } from "./nodes.ts";
const words = input(["a", "bb"]);
const made = expand(each, { inputs: { words }, outputs: ["sum"] });
const end = call(total, { inputs: { sum: made.outputs.sum } });
export default workflow({ inputs: { words }, nodes: { made, end } });
`,
    "nodes.ts": `export const each = ({ words }: { words: string[] }) => ({
  nodes: { sum: { call: "nodes.ts#join", inputs: { parts: { value: words } } } },
});
export const join = ({ parts }: { parts: string[] }) => parts.join("+");
export const total = ({ sum }: { sum: unknown }) => String(sum) + "!";
`,
  });
  assertEquals(await space.ran(), ["end", "made", "sum"]);
  assertEquals((await space.flow("show", "end")).stdout, "a+bb!");
});
