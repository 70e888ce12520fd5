/** `track`: what counts for a node though it is no argument. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { failureOf, TestSpace } from "../testing/space.ts";

const FILES = {
  "lib.ts": `import { inner } from "./inner.ts";
/** Rounds. */
export function helper(n: number): number {
  return inner(n);
}
export function other(): number {
  return 0;
}
`,
  "inner.ts": "export const inner = (n: number) => Math.round(n);\n",
  "nodes.ts": "export const one = () => 1;\n",
  "workflow.yaml": `name: w
params: { a: { b: 1, c: 1 } }
inputs: { n: { default: 1 } }
nodes:
  code: { call: nodes.ts#one, track: [{ call: lib.ts#helper }] }
  command: { run: echo x, stdout: command, track: [{ call: lib.ts#helper }] }
  param: { call: nodes.ts#one, track: [params.a.b] }
  given: { call: nodes.ts#one, track: [n] }
  made: { call: nodes.ts#one, track: [command] }
  file: { call: nodes.ts#one, track: [{ file: data/a.txt }] }
  dir: { call: nodes.ts#one, track: [{ dir: data }] }
  glob: { call: nodes.ts#one, track: [{ glob: "data/*.txt" }] }
  env: { call: nodes.ts#one, track: [{ env: FLOW_TEST_TRACKED }] }
`,
  "data/a.txt": "a",
};

const ALL = ["code", "command", "dir", "env", "file", "given", "glob", "made", "param"];

Deno.test("a tracked function counts with what it reaches, and with nothing else", async () => {
  using space = new TestSpace(FILES);
  assertEquals((await space.run()).code, 0);
  const edits: readonly (readonly [file: string, from: string, to: string, ran: string[]])[] = [
    ["lib.ts", "/** Rounds. */", "// Rounds a number.\n"],
    ["lib.ts", "return 0", "return 1"],
    ["inner.ts", "(n: number)", "(n: number): number"],
    ["lib.ts", "inner(n);", "inner(n) + 0;"],
    ["inner.ts", "Math.round", "Math.floor"],
  ].map(([file, from, to], i) => [file, from, to, i < 3 ? [] : ["code", "command"]]);
  for (const [file, from, to, ran] of edits) {
    space.edit(file, from, to);
    if (ran.length > 0) {
      const { stdout } = await space.flow("why", "command");
      const part = file === "lib.ts" ? "lib.ts#helper" : "inner.ts#inner";
      assertEquals(
        stdout.trim().split("\n").at(-1)?.trim(),
        `tracked lib.ts#helper: ${part} changed`,
      );
    }
    assertEquals(await space.ran(), ran, `${from} -> ${to}`);
  }
});

Deno.test("tracked params, inputs, outputs, files, directories, globs and variables count", async () => {
  using space = new TestSpace(FILES);
  const ran = async (value: string, ...args: string[]) => {
    const live = space.start(["run", "--json", ...args], { env: { FLOW_TEST_TRACKED: value } });
    const result = await live.result();
    assertEquals(result.code, 0, result.stderr);
    return result.started;
  };
  const first = await ran("x");
  // Nodes with one key run once.
  assertEquals(first, ALL);
  assertEquals(await ran("x"), []);
  assertEquals(await ran("y"), ["env"]);
  assertEquals(await ran("y", "--set", "a.b=2"), ["param"]);
  assertEquals(await ran("y", "--set", "a.c=2"), []);
  assertEquals(await ran("y", "--input", "n=2"), ["given"]);
  space.write({ "data/b.md": "b" });
  assertEquals(await ran("y"), ["dir"]);
  space.write({ "data/c.txt": "c" });
  assertEquals(await ran("y"), ["dir", "glob"]);
  space.write({ "data/a.txt": "A" });
  assertEquals(await ran("y"), ["dir", "file", "glob"]);
  space.edit("workflow.yaml", "echo x", "echo y");
  assertEquals(await ran("y"), ["command", "made"]);
});

Deno.test("a TypeScript workflow tracks a function itself", async () => {
  const { "workflow.yaml": _, ...files } = FILES;
  using space = new TestSpace({
    ...files,
    "workflow.ts": `import { call, run, workflow } from "flow";
import { helper } from "./lib.ts";
import { one } from "./nodes.ts";
const a = call(one, { track: [helper] });
const b = run(["echo", "x"], { stdout: "b", track: [{ call: "lib.ts#helper" }] });
export default workflow({ nodes: { a, b } });
`,
  });
  assertEquals(await space.ran(), ["a", "b"]);
  space.edit("lib.ts", "return 0", "return 1");
  assertEquals(await space.ran(), []);
  space.edit("inner.ts", "Math.round", "Math.floor");
  assertEquals(await space.ran(), ["a", "b"]);
});

Deno.test("a tracked file that is missing is said before anything runs", async () => {
  using space = new TestSpace(FILES);
  space.remove("data/a.txt");
  const { code, stderr } = await space.run();
  assertEquals(code, 2);
  assertIncludes(
    stderr,
    'workflow.yaml:10:39: Cannot read file from "data/a.txt": it does not exist',
  );
});

Deno.test("a returned node may track a function; one that is not there fails what returned it", async () => {
  using space = new TestSpace({
    ...FILES,
    "workflow.yaml": "name: w\nnodes:\n  make: { expand: make.ts#make }\n",
    "make.ts": `export const make = () => ({
  nodes: { made: { run: "echo x", stdout: "made", track: [{ call: "lib.ts#helper" }] } },
});
`,
  });
  assertEquals(await space.ran(), ["made", "make"]);
  space.edit("inner.ts", "Math.round", "Math.floor");
  assertEquals(await space.ran(), ["made"]);
  space.edit("make.ts", "#helper", "#helpr");
  assertIncludes(
    failureOf(await space.run(), "make").message,
    'Cannot track "lib.ts#helpr" for node "made": Cannot find "helpr" in "lib.ts"',
  );
});
