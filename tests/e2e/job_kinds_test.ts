/**
 * What every kind of node does when something about it changes, as small workflows seen from the command line. A guide by
 * example: each test says one rule. `rebuild_test.ts` has the rules of one longer workflow.
 */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { eventsOf, failureOf, TestSpace } from "../testing/space.ts";

/** A space with a workflow and its functions. */
function spaceOf(workflow: string, nodes = "", files: Record<string, string> = {}): TestSpace {
  return new TestSpace({ "workflow.yaml": workflow, "nodes.ts": nodes, ...files });
}

const COPY = `export function copy(_: unknown, ctx: { in: { x: string } }): string {
  return Deno.readTextFileSync(ctx.in.x);
}
`;

// What a node depends on.

Deno.test("what a node reads behind flow's back does not count, and a lost output comes back as it was", async () => {
  using space = spaceOf(
    `name: w
nodes:
  b: { run: "cat state > \${out.b}", outputs: { b: { file: out/b } }, sandbox: off }
  c: { run: "cat \${in.b}", inputs: [b], stdout: c }
`,
    "",
    { state: "1" },
  );
  assertEquals(await space.ran(), ["b", "c"]);
  space.write({ state: "2" });
  assertEquals(await space.ran(), []);
  space.remove("out/b");
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/b"), "1");
});

Deno.test("an edited function runs again, and what uses it if its result differs", async () => {
  using space = spaceOf(
    `name: w
nodes:
  a: { call: nodes.ts#a }
  b: { call: nodes.ts#b }
`,
    "export const a = () => 1;\nexport const b = ({ a }: { a: number }) => a + 1;\n",
  );
  assertEquals(await space.ran(), ["a", "b"]);
  space.edit("nodes.ts", "a = () => 1", "a = () => 2");
  assertEquals(await space.ran(), ["a", "b"]);
  space.edit("nodes.ts", "a = () => 2", "a = () => 1 + 1");
  assertEquals(await space.ran(), ["a"]);
});

Deno.test("a function that wraps another one runs again when the inner one changes", async () => {
  using space = spaceOf(
    "name: w\nnodes:\n  a: { call: nodes.ts#wrapped }\n",
    `const wrapper = (inner: (n: number) => number, n: number) => () => inner(n);
function inner(n: number): number {
  return n;
}
export const wrapped = wrapper(inner, 5);
`,
  );
  assertEquals(await space.ran(), ["a"]);
  assertEquals(await space.ran(), []);
  space.edit("nodes.ts", "return n;", "return n + 1;");
  assertEquals(await space.ran(), ["a"]);
  space.edit("nodes.ts", "inner, 5", "inner, 6");
  assertEquals(await space.ran(), ["a"]);
  assertEquals((await space.flow("show", "a")).stdout, "7\n");
});

Deno.test("an added input counts; when it is removed again, the earlier result is still known", async () => {
  const workflow = (inputs: string) =>
    `name: w
nodes:
  a: { run: [echo, a], stdout: a }
  c: { run: [echo, c], stdout: c }
  b: { run: [echo, b], inputs: ${inputs}, stdout: b }
`;
  using space = spaceOf(workflow("[a]"));
  assertEquals(await space.ran(), ["a", "b", "c"]);
  space.write({ "workflow.yaml": workflow("[a, c]") });
  assertEquals(await space.ran(), ["b"]);
  assertEquals(await space.ran(), []);
  space.write({ "workflow.yaml": workflow("[a]") });
  assertEquals(await space.ran(), []);
});

Deno.test("the order in which inputs are written does not count", async () => {
  const workflow = (inputs: string) =>
    `name: w
nodes:
  b: { call: nodes.ts#b, inputs: { ${inputs} } }
  c: { run: "cat \${in.x} \${in.y}", inputs: { ${inputs} }, stdout: c }
`;
  using space = spaceOf(
    workflow("x: { file: x }, y: { file: y }"),
    "export const b = ({ x, y }: { x: string; y: string }) =>\n" +
      "  Deno.readTextFileSync(x) + Deno.readTextFileSync(y);\n",
    { x: "x", y: "y" },
  );
  assertEquals(await space.ran(), ["b", "c"]);
  space.write({ "workflow.yaml": workflow("y: { file: y }, x: { file: x }") });
  assertEquals(await space.ran(), []);
});

Deno.test("another input file counts by its content: a function does not see its name", async () => {
  using space = spaceOf(
    "name: w\nnodes:\n  a: { call: nodes.ts#copy, inputs: { x: { file: a.tsv } } }\n",
    COPY,
    { "a.tsv": "1", "b.tsv": "2", "c.tsv": "1" },
  );
  assertEquals(await space.ran(), ["a"]);
  space.edit("workflow.yaml", "a.tsv", "b.tsv");
  assertEquals(await space.ran(), ["a"]);
  space.edit("workflow.yaml", "b.tsv", "c.tsv");
  assertEquals(await space.ran(), []);
  // The extension is seen.
  space.write({ "c.txt": "1" });
  space.edit("workflow.yaml", "c.tsv", "c.txt");
  assertEquals(await space.ran(), ["a"]);
});

Deno.test("a path may be written in any way that leads to the file", async () => {
  const workflow = (path: string) =>
    `name: w
nodes:
  a: { call: nodes.ts#copy, inputs: { x: { file: ${path} } } }
  b: { run: [cat, "\${in.x}"], inputs: { x: { file: ${path} } }, stdout: b }
`;
  using space = spaceOf(workflow("shu.txt"), COPY, { "shu.txt": "1", "something/.keep": "" });
  assertEquals(await space.ran(), ["a", "b"]);
  for (const path of ["something/../shu.txt", "./shu.txt", ".//something/.././shu.txt"]) {
    space.write({ "workflow.yaml": workflow(path) });
    assertEquals(await space.ran(), [], path);
  }
});

Deno.test("a file may be made by a node, given from outside, and made again: what uses it does not run", async () => {
  const workflow = (source: string, maker: string) =>
    `name: w
nodes:
${maker}  b: { call: nodes.ts#copy, inputs: { x: ${source} } }
`;
  const maker = '  a: { run: "printf 1 > ${out.a}", outputs: { a: { file: data/a.txt } } }\n';
  using space = spaceOf(workflow("a", maker), COPY);
  assertEquals(await space.ran(), ["a", "b"]);
  space.write({ "workflow.yaml": workflow("{ file: data/a.txt }", "") });
  assertEquals(await space.ran(), []);
  space.write({ "workflow.yaml": workflow("a", maker) });
  assertEquals(await space.ran(), []);
});

Deno.test("a tracked source counts from when it is written; without it the earlier result is known", async () => {
  const workflow = (track: string) =>
    `name: w
nodes:
  a: { run: [echo, a], stdout: a${track} }
`;
  using space = spaceOf(workflow(""), "export const f = () => 1;\n");
  assertEquals(await space.ran(), ["a"]);
  space.write({ "workflow.yaml": workflow(", track: [{ call: nodes.ts#f }]") });
  assertEquals(await space.ran(), ["a"]);
  space.edit("nodes.ts", "=> 1", "=> 2");
  assertEquals(await space.ran(), ["a"]);
  space.write({ "workflow.yaml": workflow("") });
  assertEquals(await space.ran(), []);
});

// Several outputs.

const SPLIT = `export function split(_: unknown, { out }: { out: Record<string, string> }): void {
  for (const [name, path] of Object.entries(out)) Deno.writeTextFileSync(path, name + V);
}
const V = "";
`;

const split = (outputs: string, name = "split") =>
  `name: w
nodes:
  ${name}: { call: nodes.ts#split, outputs: { ${outputs} } }
  use: { run: "cat \${in.a}", inputs: [a], stdout: use }
`;

Deno.test("what uses one of several files runs when that file changes, not when another one does", async () => {
  using space = spaceOf(
    `name: w
nodes:
  a: { run: "echo 1 > \${out.a1}; echo 2 > \${out.a2}", outputs: { a1: ./o/1, a2: ./o/2 } }
  b: { run: "cat \${in.a2}", inputs: [a2], stdout: b }
  c: { run: "cat \${in.a1} \${in.a2}", inputs: [a1, a2], stdout: c }
  d: { run: [echo, d], stdout: d }
`,
  );
  assertEquals(await space.ran(), ["a", "b", "c", "d"]);
  space.edit("workflow.yaml", "echo 1", "echo 3");
  assertEquals(await space.ran(), ["a", "c"]);
});

Deno.test("a node to which outputs are added, or from which they are removed, runs; what uses the others does not", async () => {
  using space = spaceOf(split("a: ./o/a, b: ./o/b"), SPLIT);
  const steps: readonly (readonly [outputs: string, ran: readonly string[]])[] = [
    ["a: ./o/a, b: ./o/b", ["split", "use"]],
    ["a: ./o/a, b: ./o/b, d: ./o/d", ["split"]],
    // Known from before.
    ["a: ./o/a, b: ./o/b", []],
    ["a: ./o/a, b: ./o/b, e: ./o/e", ["split"]],
    ["a: ./o/a", ["split"]],
    ["a: ./o/a, b: ./o/b", []],
  ];
  for (const [outputs, ran] of steps) {
    space.write({ "workflow.yaml": split(outputs) });
    assertEquals(await space.ran(), ran, outputs);
  }
  space.write({ "workflow.yaml": split("a: ./o/a, b: ./o/b", "renamed") });
  assertEquals(await space.ran(), []);
});

Deno.test("an output that moves to another directory is published there; nothing runs", async () => {
  using space = spaceOf(split("a: ./o/a, b: ./o/b"), SPLIT);
  await space.ran();
  space.write({ "workflow.yaml": split("a: ./o/a, b: ./elsewhere/b") });
  assertEquals(await space.ran(), []);
  assertEquals(space.read("elsewhere/b"), "b");
});

Deno.test("a function sees its outputs in the order they were declared", async () => {
  using space = spaceOf(
    `name: w
nodes:
  a: { call: nodes.ts#f, outputs: { z: ./o/z, names: , a: ./o/a, m: ./o/m } }
`,
    `export function f(_: unknown, { out }: { out: Record<string, string> }): string[] {
  for (const path of Object.values(out)) Deno.writeTextFileSync(path, "x");
  return Object.keys(out);
}
`,
  );
  await space.ran();
  assertEquals(JSON.parse((await space.flow("show", "names")).stdout), ["z", "a", "m"]);
});

// Outputs that are not as declared.

/** Functions and commands that break their word: outputs of the node, its body, and what is said. */
const LIES: readonly (readonly [outputs: string, work: string, message: string])[] = [
  ["{ x: ./o/x }", "call: nodes.ts#nothing", 'Output file "x" is missing'],
  ["{ x: ./o/x }", "call: nodes.ts#other", 'Output file "x" is missing'],
  ["{ x: ./o/x }", "call: nodes.ts#empty", 'Output file "x" is empty'],
  ["{ x: { dir: o/x } }", "call: nodes.ts#nothing", 'Output directory "x" is empty'],
  ["[x, y]", "call: nodes.ts#extra", 'has "z", which is not a declared output'],
  ["[x, y]", "call: nodes.ts#less", 'lacks the output "y"'],
  ["{ x: ./o/x }", "run: ': ${out.x}'", 'Cannot find output "x"'],
  ["{ x: ./o/x }", "run: 'echo 1 > ${out.x}.tmp'", 'Cannot find output "x"'],
  ["{ x: ./o/x }", "run: ': > ${out.x}'", 'Output "x" is an empty file'],
  ["{ x: ./o/x }", "run: 'mkdir ${out.x}'", "a file is declared, the command left a directory"],
];

const LIARS = `type C = { out: { x: string } };
export const nothing = () => {};
export const other = (_: unknown, { out }: C) => Deno.writeTextFileSync(out.x + "y", "1");
export const empty = (_: unknown, { out }: C) => Deno.writeTextFileSync(out.x, "");
export const extra = () => ({ x: 1, y: 2, z: 3 });
export const less = () => ({ x: 1 });
`;

for (const [outputs, work, message] of LIES) {
  Deno.test(`a node fails whose outputs are not as declared: ${outputs}, ${work}`, async () => {
    using space = spaceOf(
      `name: w\nnodes:\n  a: { ${
        work.replace(/^run: '(.*)'$/, 'run: "$1"')
      }, outputs: ${outputs} }\n`,
      LIARS,
    );
    const run = await space.run();
    assertEquals([run.code, failureOf(run, "a").reason], [1, "contract"]);
    assertIncludes(failureOf(run, "a").message, message);
    assertEquals(space.has("o"), false);
  });
}

Deno.test("allowEmpty accepts an empty file", async () => {
  using space = spaceOf(
    "name: w\nnodes:\n  a: { call: nodes.ts#empty, outputs: { x: { file: o/x, allowEmpty: true } } }\n",
    LIARS,
  );
  assertEquals(await space.ran(), ["a"]);
  assertEquals(space.read("o/x"), "");
});

Deno.test("a node that is run again does not see what it delivered before", async () => {
  using space = spaceOf(
    `name: w
params: { k: 1 }
nodes:
  call: { call: nodes.ts#f, inputs: { k: params.k }, outputs: { x: ./o/x } }
  run: { run: "test ! -e \${out.y}; echo \${params.k} > \${out.y}", outputs: { y: ./o/y } }
`,
    `export function f({ k }: { k: number }, { out }: { out: { x: string } }): void {
  Deno.writeTextFileSync(out.x, String(k), { createNew: true });
}
`,
  );
  assertEquals(await space.ran(), ["call", "run"]);
  assertEquals(await space.ran("--set", "k=2"), ["call", "run"]);
  assertEquals([space.read("o/x"), space.read("o/y")], ["2", "2\n"]);
});

Deno.test("a node that fails after it wrote leaves the last good file, whole", async () => {
  using space = spaceOf(
    `name: w
params: { fail: false, text: good }
nodes:
  call: { call: nodes.ts#f, inputs: { p: params }, outputs: { x: ./o/x } }
  run:
    run: "echo \${params.text} > \${out.y}; if \${params.fail}; then exit 3; fi"
    outputs: { y: ./o/y }
`,
    `export function f({ p }: { p: { fail: boolean; text: string } }, { out }: { out: { x: string } }) {
  Deno.writeTextFileSync(out.x, p.text + "\\n");
  if (p.fail) throw new Error("oh");
}
`,
  );
  assertEquals(await space.ran(), ["call", "run"]);
  for (let i = 0; i < 2; i++) {
    const run = await space.run("--set", "fail=true", "--set", "text=bad");
    assertEquals([run.code, run.started], [1, ["call", "run"]]);
    assertEquals([space.read("o/x"), space.read("o/y")], ["good\n", "good\n"]);
  }
  assertEquals(await space.ran(), []);
});

// Commands.

const EXTERNAL = (edit: (text: string) => string = (text) => text) =>
  edit(`name: w
params: { ok: [0, 42] }
nodes:
  job:
    run: [sh, -c, 'cat "$1" > "$2"; echo out; echo err >&2; echo $V; pwd -P | tail -c 5; exit 42', sh, "\${in.x}", "\${out.o}"]
    inputs: { x: { file: x.txt } }
    outputs: { o: { file: out/o.txt }, line: { file: out/line.json } }
    okCodes: [0, 42]
    stdout: text
    stderr: { output: errors, as: lines }
    exitCode: code
    commandLine: line
    env: { V: v }
    cwd: sub
    hooks: { before: "echo before >&2", after: [sh, -c, 'echo after >> "$1"', sh, "\${out.o}"] }
  use: { run: "echo \${in.code} \${in.errors} \${in.text}", inputs: [code, errors, text], stdout: use }
`);

Deno.test("a command delivers its streams, its exit code and its command line", async () => {
  using space = spaceOf(EXTERNAL(), "", { "x.txt": "x\n", "sub/.keep": "" });
  assertEquals(await space.ran(), ["job", "use"]);
  assertEquals(space.read("out/o.txt"), "x\nafter\n");
  assertEquals(JSON.parse(space.read("out/line.json")).slice(3), [
    "sh",
    "../x.txt",
    "../out/o.txt",
  ]);
  assertEquals((await space.flow("show", "use")).stdout, "42 err out\nv\n/sub\n\n");
});

Deno.test("a command runs again when it, its hooks, variables, directory, codes or outputs change", async () => {
  using space = spaceOf(EXTERNAL(), "", { "x.txt": "x\n", "sub/.keep": "", "sub2/sub/.keep": "" });
  await space.ran();
  const edits: readonly (readonly [from: string, to: string])[] = [
    ["echo $V;", "echo  $V;"],
    ["echo before >&2", "echo Before >&2"],
    ["echo after", "echo After"],
    ["hooks: { before", "hooks: { # a comment\n      before"],
    ["okCodes: [0, 42]", "okCodes: [42]"],
    ["cwd: sub", "cwd: sub2/sub"],
    ["V: v", "V: V"],
    // The command line shows where outputs go.
    ["out/o.txt", "out2/o.txt"],
    ["    exitCode: code\n", ""],
  ];
  for (const [i, [from, to]] of edits.entries()) {
    space.edit("workflow.yaml", from, to);
    if (i === edits.length - 1) space.edit("workflow.yaml", "[code, errors", "[errors");
    if (i === edits.length - 1) space.edit("workflow.yaml", "${in.code} ", "");
    const ran = i === 3 ? [] : i === 6 || i === 8 ? ["job", "use"] : ["job"];
    assertEquals(await space.ran(), ran, `${from} -> ${to}`);
  }
  assertIncludes((await space.flow("why", "job")).stdout, "exitCode");
});

Deno.test("a command fails whose exit code is not allowed, and a hook that fails says so", async () => {
  using space = spaceOf(
    EXTERNAL((text) => text.replace("okCodes: [0, 42]", "okCodes: [0, 41]")),
    "",
    { "x.txt": "x\n", "sub/.keep": "" },
  );
  const run = await space.run();
  assertIncludes(failureOf(run, "job").message, "exit code 42");
  assertEquals(eventsOf(run, "skipped").map(({ node }) => node), ["use"]);
  space.write({ "workflow.yaml": EXTERNAL((text) => text.replace("echo before >&2", "exit 9")) });
  assertEquals(
    failureOf(await space.run(), "job").message,
    'Hook "before": Command failed with exit code 9',
  );
  assertEquals(space.has("out"), false);
});

Deno.test("a script is run by the interpreter it names and gets its values as variables", async () => {
  using space = spaceOf(
    `name: w
params: { n: 2 }
nodes:
  rows: { run: [echo, "[1, 2]"], stdout: { output: rows, as: json } }
  plot:
    inputs: { rows: rows, n: params.n, f: { file: x.txt } }
    outputs: { o: { file: out/o.json } }
    run: |
      #!/usr/bin/env python3
      import json, os
      rows = json.loads(os.environ["FLOW_IN_rows"])
      text = open(os.environ["FLOW_IN_f"]).read()
      with open(os.environ["FLOW_OUT_o"], "w") as out:
          json.dump([sum(rows) * int(os.environ["FLOW_IN_n"]), text], out)
`,
    "",
    { "x.txt": "x" },
  );
  assertEquals(await space.ran(), ["plot", "rows"]);
  assertEquals(space.read("out/o.json"), '[6, "x"]');
  assertEquals(await space.ran(), []);
  assertEquals(await space.ran("--set", "n=3"), ["plot"]);
  space.edit("workflow.yaml", "env python3", "env -S python3 -u");
  assertEquals(await space.ran(), ["plot"]);
});

// Functions.

Deno.test("a function cannot change the directory of others", async () => {
  using space = spaceOf(
    `name: w
nodes:
  a: { call: nodes.ts#a }
  b: { run: [pwd, -P], after: b0, stdout: b }
  b0: { call: nodes.ts#b }
`,
    'export const a = () => Deno.chdir("/");\nexport const b = () => 1;\n',
  );
  const run = await space.run("-j1");
  assertIncludes(failureOf(run, "a").message, "chdir");
  assertEquals(eventsOf(run, "done").map(({ node }) => node), ["b0", "b"]);
  assertEquals((await space.flow("show", "b")).stdout.trim(), space.path);
});

Deno.test("what is upstream of a result that is up to date does not run, even if its bytes are gone", async () => {
  const nodes = `export const load = () => "x".repeat(10_000);
export const calc = ({ load }: { load: string }) => load.length;
export const use = ({ calc }: { calc: number }) => calc + 1;
`;
  using space = spaceOf(
    `name: w
nodes:
  load: { call: nodes.ts#load, temp: true }
  calc: { call: nodes.ts#calc }
  use: { call: nodes.ts#use }
`,
    nodes,
  );
  assertEquals(await space.ran(), ["calc", "load", "use"]);
  assertEquals(space.storedBytes("x".repeat(10_000)), 0);
  space.edit("nodes.ts", "calc + 1", "calc + 2");
  assertEquals(await space.ran(), ["use"]);
  space.edit("nodes.ts", "load.length", "load.length + 0");
  assertEquals(await space.ran(), ["calc", "load"]);
});

// What cannot be.

Deno.test("an input that vanishes while flow runs fails its node and skips what needs that", async () => {
  using space = spaceOf(
    `name: w
nodes:
  first: { run: rm x.txt, sandbox: off }
  a: { call: nodes.ts#copy, inputs: { x: { file: x.txt } }, after: first }
  b: { run: [echo, "\${in.a}"], inputs: [a] }
`,
    COPY,
    { "x.txt": "1" },
  );
  const run = await space.run();
  assertEquals([run.code, run.started], [1, ["first"]]);
  assertEquals(failureOf(run, "a").message, 'Cannot read file "x.txt": it does not exist');
  assertEquals(eventsOf(run, "skipped").map(({ node, because }) => [node, because]), [["b", [
    "a",
  ]]]);
  // From now on it is said before anything runs.
  const again = await space.run();
  assertEquals([again.code, again.started], [2, []]);
});

Deno.test("two nodes cannot write one file, whatever else they write", async () => {
  using space = spaceOf(`name: w
nodes:
  x: { run: "echo > \${out.a}; echo > \${out.b}", outputs: { a: ./o/a, b: ./o/b } }
  y: { run: "echo > \${out.c}; echo > \${out.d}", outputs: { c: ./o//./a, d: ./o/d } }
`);
  const { code, stderr, started } = await space.run();
  assertEquals([code, started], [2, []]);
  assertIncludes(
    stderr,
    'Cannot publish output "c" of node "y" as "o/a": output "a" of node "x" already writes it',
  );
});

/** A ring of nodes, each of which needs the one before. */
const ring = (size: number) =>
  `name: w
nodes:
  free: { run: [touch, ran], allow: { write: [.] }, outputs: [] }
${
    Array.from(
      { length: size },
      (_, i) =>
        `  n${i}: { run: [echo, "\${in.x}"], inputs: { x: n${(i + 1) % size} }, stdout: n${i} }\n`,
    ).join(
      "",
    )
  }`;

for (const size of [1, 2, 3, 150]) {
  Deno.test(`a ring of ${size} is said before anything runs`, async () => {
    using space = spaceOf(ring(size));
    const { code, stderr, started } = await space.run();
    assertEquals([code, started, space.has("ran")], [2, [], false]);
    const found = /they form a cycle: (.*)/.exec(stderr)?.[1].split(" -> ") ?? [];
    assertEquals(found[0], found.at(-1));
    // A long one is named by its first nodes and the number of the others.
    const named = found.slice(0, -1).filter((name) => /^n\d+$/.test(name));
    const others = Number(/^… (\d+) more …$/.exec(found.at(-2) ?? "")?.[1] ?? 0);
    assertEquals([new Set(named).size + others, named.length], [size, Math.min(size, 20)]);
  });
}
