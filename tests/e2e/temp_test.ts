/** Temporary files, seen from the command line: there while somebody needs them, gone afterwards, made again on demand. */

import { assertEquals, assertOk } from "../testing/assert.ts";
import { countsOf, TestSpace } from "../testing/space.ts";

const FILES = {
  "workflow.yaml": `params: { k: 1, fail: "" }
nodes:
  big: { run: "seq 1 10 > \${out.big}", outputs: { big: { file: out/big.txt, temp: true } } }
  sum:
    run: "awk '{ s += $1 } END { print s }' \${in.big} > \${out.sum}"
    inputs: { big: big }
    outputs: { sum: { file: out/sum.txt } }
  count:
    run: "test -z \${params.fail}; { wc -l < \${in.big}; echo \${params.k}; } > \${out.count}"
    inputs: { big: big }
    outputs: { count: { file: out/count.txt } }
`,
};

Deno.test("a temporary file is gone when all its consumers are done, and they stay up to date", async () => {
  using space = new TestSpace(FILES);
  assertEquals(await space.ran(), ["big", "count", "sum"]);
  assertEquals([space.has("out/big.txt"), space.read("out/sum.txt")], [false, "55\n"]);
  assertEquals(await space.ran(), []);
  assertEquals(space.has("out/big.txt"), false);
  assertEquals(space.storedBytes("1\n2\n3\n"), 0);
});

Deno.test("a temporary file is made again, once, and only on demand", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  assertEquals(await space.ran(), []);
  const result = await space.run("--set", "k=2");
  assertEquals([result.code, result.started], [0, ["big", "count"]]);
  assertEquals(countsOf(result), { hit: 1, done: 2, failed: 0, skipped: 0 });
});

Deno.test("a temporary file is kept when a consumer fails, and used when it is tried again", async () => {
  using space = new TestSpace(FILES);
  assertEquals((await space.run("--set", "fail=yes")).code, 1);
  assertOk(space.has("out/big.txt"));
  assertEquals(await space.ran(), ["count"]);
  assertEquals(space.has("out/big.txt"), false);
});

Deno.test("a temporary file that was kept is made again if it was edited meanwhile", async () => {
  using space = new TestSpace(FILES);
  await space.run("--set", "fail=yes");
  space.write({ "out/big.txt": "1\n" });
  assertEquals(await space.ran(), ["big", "count"]);
  assertEquals(space.read("out/count.txt"), "10\n1\n");
});

Deno.test("a temporary node that nobody needs does not run, unless it is named", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  a: { run: "echo a > \${out.a}", outputs: { a: { file: out/a.txt, temp: true } } }
  b: { run: "cat \${in.a} > \${out.b}", inputs: [a], outputs: { b: { file: out/b.txt, temp: true } } }
  c: { run: "echo c > \${out.c}", outputs: { c: { file: out/c.txt } } }
`,
  });
  assertEquals(await space.ran(), ["c"]);
  assertEquals(await space.ran("b"), ["a", "b"]);
  assertEquals([space.has("out/a.txt"), space.read("out/b.txt")], [false, "a\n"]);
});

Deno.test("a temporary node that is not reproducible fails when its bytes are needed again", async () => {
  using space = new TestSpace({
    "workflow.yaml": `params: { k: 1 }
nodes:
  big: { run: "date +%s%N > \${out.big}", outputs: { big: { file: out/big.txt, temp: true } } }
  sum: { run: "sed s/^/at:/ \${in.big} > \${out.sum}", inputs: [big], outputs: { sum: { file: out/sum.txt } } }
  count: { run: "echo \${params.k}; wc -l < \${in.big}", inputs: [big], stdout: count }
`,
  });
  await space.ran();
  const before = space.read("out/sum.txt");
  const failed = await space.run("--set", "k=2");
  assertEquals([failed.code, failed.started], [1, ["big"]]);
  const failure = failed.events.find((event) => event.type === "failed");
  assertEquals(
    failure?.type === "failed" ? [failure.node, failure.reason, failure.message] : [],
    [
      "big",
      "contract",
      'Cannot use temporary output "big": it was made again for its bytes, from the same inputs, and has others now',
    ],
  );
  assertEquals(countsOf(failed), { hit: 1, done: 0, failed: 1, skipped: 1 });
  assertEquals(space.read("out/sum.txt"), before);
  // What it delivered is forgotten: the next run starts from what it delivers now.
  assertEquals(await space.ran("--set", "k=2"), ["big", "count", "sum"]);
});

Deno.test("a temporary directory and the files in it leave the workspace and the store", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  parts: { run: "mkdir \${out.parts}; seq 1 3 > \${out.parts}/a; seq 4 6 > \${out.parts}/b", outputs: { parts: { dir: out/parts, temp: true } } }
  all: { run: "cat \${in.parts}/*", inputs: [parts], stdout: all }
`,
  });
  assertEquals(await space.ran(), ["all", "parts"]);
  assertEquals([space.has("out/parts"), space.storedBytes("4\n5\n6\n")], [false, 0]);
});

/** A loader: a large value that only lives as long as somebody needs it. */
const LOADER = {
  "workflow.yaml": `params: { n: 3 }
nodes:
  table: { call: nodes.ts#load, outputs: { table: { temp: true } } }
  total: { call: nodes.ts#total }
  head: { call: nodes.ts#head, inputs: { n: params.n } }
  line: { run: [wc, -c], stdin: table, inputs: [table], stdout: line }
`,
  "nodes.ts": `export const load = () => "0123456789".repeat(1000);
export const total = ({ table }: { table: string }) => table.length;
export const head = ({ table, n }: { table: string; n: number }) => table.slice(0, n);
`,
};

Deno.test("a temporary value lives only as long as its consumers need it", async () => {
  using space = new TestSpace(LOADER);
  assertEquals(await space.ran(), ["head", "line", "table", "total"]);
  assertEquals(space.storedBytes("01234567890123456789"), 0);
  assertEquals(await space.ran(), []);
  assertEquals(await space.ran("--set", "n=4"), ["head", "table"]);
  const shown = await space.flow("show", "table");
  assertEquals([shown.code, shown.stderr.includes('"table" is temporary')], [2, true]);
  const printed = await space.flow("run", "--output", "table");
  assertEquals([printed.code, printed.stdout.length], [0, 10_000]);
});
