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

/** Removes the stored bytes of the temporary file, as a garbage collection may. */
function dropBlob(space: TestSpace): void {
  const { blobs, lines } = { blobs: space.at(".pipecache/blobs"), lines: 10 };
  for (const { name: head } of Deno.readDirSync(blobs)) {
    for (const { name } of Deno.readDirSync(`${blobs}/${head}`)) {
      const path = `.pipecache/blobs/${head}/${name}`;
      if (space.lines(path) === lines && space.read(path).startsWith("1\n2\n")) space.remove(path);
    }
  }
}

Deno.test("a temporary file is gone when all its consumers are done, and they stay up to date", async () => {
  using space = new TestSpace(FILES);
  assertEquals(await space.ran(), ["big", "count", "sum"]);
  assertEquals([space.has("out/big.txt"), space.read("out/sum.txt")], [false, "55\n"]);
  assertEquals(await space.ran(), []);
  assertEquals(space.has("out/big.txt"), false);
});

Deno.test("a temporary file comes back from the store for a consumer that runs again", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  assertEquals(await space.ran("--set", "k=2"), ["count"]);
  assertEquals([space.has("out/big.txt"), space.read("out/count.txt")], [false, "10\n2\n"]);
});

Deno.test("a temporary file whose bytes are gone is made again, once, and only on demand", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  dropBlob(space);
  assertEquals(await space.ran(), []);
  const result = await space.run("--set", "k=2");
  assertEquals([result.code, result.started], [0, ["big", "count"]]);
  assertEquals(countsOf(result), { hit: 1, done: 2, failed: 0, skipped: 0 });
});

Deno.test("a temporary file is kept when a consumer fails, and used when it is tried again", async () => {
  using space = new TestSpace(FILES);
  assertEquals((await space.run("--set", "fail=yes")).code, 1);
  assertOk(space.has("out/big.txt"));
  dropBlob(space);
  assertEquals(await space.ran(), ["count"]);
  assertEquals(space.has("out/big.txt"), false);
});
