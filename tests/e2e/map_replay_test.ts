/** `flow replay`: one call or node again in the foreground, on the same inputs, and nothing of it stays. */

import { assertEquals, assertIncludes, assertMatches } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const FILES = {
  "data/a.txt": "a\n",
  "workflow.yaml": `nodes:
  xs: { call: nodes.ts#range, inputs: { n: { value: 4 } } }
  ys: { call: nodes.ts#picky, map: "xs[i] -> ys[i]", inputs: { x: xs, file: { file: data/a.txt } }, onError: continue }
  zs: { call: nodes.ts#twice, map: "ys[i], k[j] -> zs[j, i]", inputs: { y: ys, k: { value: [1, 10] } } }
  n: { call: nodes.ts#count, inputs: { all: ys }, onError: continue }
  report:
    run: "echo working; echo oops >&2; cat \${in.f} > \${out.r}; exit \${in.code}"
    inputs: { f: { file: data/a.txt }, code: { value: 0 } }
    outputs: { r: { file: out/r.txt } }
  net: { call: nodes.ts#range, inputs: { n: { value: 2 } }, allow: { net: true } }
  uses_net: { call: nodes.ts#count, inputs: { all: net } }
`,
  "nodes.ts": `import { isError } from "flow";
export const range = ({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i);
export const picky = ({ x, file }: { x: number; file: string }, ctx: { index: number[] }) => {
  console.log("x is", x, Deno.readTextFileSync(file).trim(), ctx.index);
  if (x === 1) throw new Error("no 1");
  return x;
};
export const twice = ({ y, k }: { y: number; k: number }) => 2 * y * k;
export const count = ({ all }: { all: unknown[] }) => all.filter((v) => !isError(v)).length;
`,
};

/** A workspace whose workflow has run. */
async function ranSpace(): Promise<TestSpace> {
  const space = new TestSpace(FILES);
  assertEquals((await space.run()).code, 1);
  return space;
}

/** Files of the store and the workspace with their sizes, but for what is touched by every command. */
function contentOf(space: TestSpace): string[] {
  const below = (dir: string): string[] =>
    [...Deno.readDirSync(space.at(dir))].flatMap(({ name, isDirectory }) => {
      const path = `${dir}/${name}`;
      if (isDirectory) return below(path);
      return [`${path} ${Deno.statSync(space.at(path)).size}`];
    });
  return [".pipecache/blobs", ".pipecache/runs", ".pipecache/journal", "out"].flatMap(below).sort();
}

Deno.test("flow replay runs a failed call again, prints what it prints, and keeps nothing", async () => {
  using space = await ranSpace();
  const before = contentOf(space);
  const { code, stdout, stderr } = await space.flow("replay", "ys[1]");
  assertEquals([code, stdout], [1, "x is 1 a [ 1 ]\n"]);
  assertMatches(stderr, /^Error: no 1\n {4}at picky \(.*nodes\.ts:5:\d+\)\n/);
  assertIncludes(stderr, "failed: ys[1] (threw an error)\n  no 1\n");
  const good = await space.flow("replay", "ys[2]");
  assertEquals([good.code, good.stdout], [0, "x is 2 a [ 2 ]\n"]);
  assertMatches(good.stderr, /^ok: ys\[2\], .*\n {2}ys: 2\n$/);
  assertEquals(contentOf(space), before);
  assertEquals((await space.run()).started.includes("xs"), false);
  await space.endsAll();
});

Deno.test("flow replay takes the code as it is now: that is how a failure is looked into", async () => {
  using space = await ranSpace();
  space.edit("nodes.ts", "if (x === 1) throw", "console.log('looked'); if (x < 0) throw");
  const { code, stdout } = await space.flow("replay", "ys[1]");
  assertEquals([code, stdout], [0, "x is 1 a [ 1 ]\nlooked\n"]);
});

Deno.test("flow replay runs nodes and commands, whose files are not published", async () => {
  using space = await ranSpace();
  const { code, stderr } = await space.flow("replay", "n");
  assertEquals(code, 0, stderr);
  assertMatches(stderr, /\n {2}n: 3\n$/);
  Deno.writeTextFileSync(space.at("out/r.txt"), "mine");
  const command = await space.flow("replay", "report");
  assertEquals([command.code, command.stdout], [0, "working\n"], command.stderr);
  assertMatches(command.stderr, /^oops\nok: report, /);
  assertEquals(space.read("out/r.txt"), "mine");
  space.edit("workflow.yaml", "code: { value: 0 }", "code: { value: 3 }");
  const failing = await space.flow("replay", "report");
  assertEquals([failing.code, failing.stdout], [1, "working\n"]);
  assertIncludes(failing.stderr, "failed: report (command failed)\n");
});

Deno.test("flow replay --print-inputs prints what is called with, and runs nothing", async () => {
  using space = await ranSpace();
  const one = await space.flow("replay", "ys[1]", "--print-inputs");
  assertEquals([one.code, JSON.parse(one.stdout)], [0, { x: 1, file: space.at("data/a.txt") }]);
  // The place in the output, not in the inputs.
  const two = await space.flow("replay", "zs[1, 3]", "--print-inputs");
  assertEquals(JSON.parse(two.stdout), { y: 3, k: 10 });
  assertEquals([one.stderr, two.stderr], ["", ""]);
});

/** What is replayed, the exit code and what is said. */
const WRONG: readonly (readonly [what: string, name: string, says: string])[] = [
  [
    "all of a map node",
    "ys",
    `error: Cannot replay all 4 calls of map node "ys"
  calls:                  4
  failed in the last run: ys[1]
  hint: name one call: flow replay 'ys[1]'
`,
  ],
  [
    "a call that is not there",
    "zs[9,9]",
    `error: Cannot replay "zs[9,9]": node "zs" has no such call
  calls: 2 x 4
  hint: name one call: flow replay 'zs[0,0]'
`,
  ],
  [
    "a call that was skipped",
    "zs[0,1]",
    `error: Cannot replay "zs[0,1]": it is not called, for it would take an error value, from ys[1] (no 1)
  hint: replay what failed: flow replay 'ys[1]'
`,
  ],
  [
    "a call of a node without map",
    "n[0]",
    `error: Cannot replay "n[0]": node "n" has no map
  hint: replay all of it: flow replay n
`,
  ],
  [
    "a node whose upstream is not kept",
    "uses_net",
    `error: Cannot replay "uses_net": its input "all" comes from node "net", which is not up to date
  hint: results of "net" are not kept; write "cache: true" in it and run it first
`,
  ],
];

for (const [what, name, says] of WRONG) {
  Deno.test(`flow replay of ${what} says what to do`, async () => {
    using space = await ranSpace();
    const { code, stderr } = await space.flow("replay", name);
    assertEquals([code, stderr], [2, says]);
  });
}

Deno.test("flow replay says what to run first where inputs are not up to date", async () => {
  using space = new TestSpace(FILES);
  const { code, stderr } = await space.flow("replay", "ys[1]");
  assertEquals([code, stderr], [
    2,
    `error: Cannot replay "ys[1]": its input "x" comes from node "xs", which is not up to date
  hint: run it first: flow run xs
`,
  ]);
});
