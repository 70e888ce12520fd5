/** `sidecar: true`: the digest of a large file comes from the file beside it, and the file is not read. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { eventsOf, failureOf, TestSpace } from "../testing/space.ts";

const DIGESTS = ["1", "2", "3"].map((digit) => digit.repeat(64));

const FILES = {
  "big": "one",
  "big.sha256": `${DIGESTS[0]}  big\n`,
  "nodes.ts": `export const read = (_: unknown, ctx: { in: { big: string } }) =>
  Deno.readTextFileSync(ctx.in.big);
`,
  "workflow.yaml": `name: w
inputs:
  given: { file: big, sidecar: true }
nodes:
  source: { call: nodes.ts#read, inputs: { big: { file: big, sidecar: true } } }
  input: { run: ["cat", "\${in.given}"], inputs: [given], stdout: input }
  tracked: { run: [echo], track: [{ file: big, sidecar: true }] }
`,
};

const ALL = ["input", "source", "tracked"];

Deno.test("what the sidecar says counts, not the bytes of the file", async () => {
  using space = new TestSpace(FILES);
  assertEquals(await space.ran(), ALL);
  assertEquals(await space.ran(), []);
  // Neither digest is true: nothing but the sidecar was read.
  space.write({ "big": "two", "big.sha256": DIGESTS[0] });
  assertEquals(await space.ran(), []);
  space.write({ "big.sha256": DIGESTS[1] });
  assertEquals(await space.ran(), ALL);
  assertEquals((await space.flow("show", "source")).stdout, "two");
  assertIncludes((await space.flow("why", "source")).stdout, "11111111 -> 22222222");
});

Deno.test("--input has a sidecar where the declaration says so; standard input has none", async () => {
  using space = new TestSpace({ ...FILES, "other": "x", "other.sha256": DIGESTS[2] });
  assertEquals(await space.ran(), ALL);
  assertEquals(await space.ran("--input", "given=other"), ["input"]);
  space.remove("other.sha256");
  const { code, stderr, started } = await space.run("--input", "given=other");
  assertEquals([code, started], [2, []]);
  assertIncludes(
    stderr,
    'Cannot take the digest of "other" from "other.sha256": it does not exist',
  );
  assertEquals(await space.ran("input", "--input", "given=-"), ["input"]);
});

Deno.test("a bad sidecar is said with its place before anything runs", async () => {
  using space = new TestSpace(FILES);
  Deno.utimeSync(space.at("big.sha256"), 1000, 1000);
  const { code, stderr, started } = await space.run("input");
  assertEquals([code, started], [2, []]);
  assertEquals(
    stderr,
    `workflow.yaml:3:10: Cannot take the digest of "big" from "big.sha256": it is older than the file
     3 |   given: { file: big, sidecar: true }
       |          ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  hint: make it: sha256sum big > big.sha256

1 error
`,
  );
});

Deno.test("a sidecar that goes bad during a run fails the nodes that need it", async () => {
  using space = new TestSpace({
    ...FILES,
    "workflow.yaml": FILES["workflow.yaml"].replace(
      "nodes:",
      `nodes:
  first: { run: "printf 12 > big.sha256", allow: { write: [big.sha256] } }`,
    )
      .replace("tracked: { run: [echo],", "tracked: { run: [echo], after: [first],"),
  });
  const run = await space.run("tracked");
  const { message, hint } = failureOf(run, "tracked");
  assertEquals([message, hint], [
    'Cannot take the digest of "big" from "big.sha256": it holds 2 hexadecimal digits, not 64',
    "make it: sha256sum big > big.sha256",
  ]);
});

Deno.test("a result whose file with a sidecar changed while it ran is not kept", async () => {
  using space = new TestSpace({
    ...FILES,
    "workflow.yaml": `name: w
nodes:
  a:
    run: "cat \${in.big}; printf more >> big"
    inputs: { big: { file: big, sidecar: true } }
    stdout: a
    sandbox: off
`,
  });
  const run = await space.run();
  assertEquals(eventsOf(run, "done").map(({ cached }) => cached), [false]);
  assertEquals(eventsOf(run, "warning").map(({ code }) => code), ["input-changed"]);
});
