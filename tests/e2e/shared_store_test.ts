/** Several projects with one store: what one has made the others take, and a collection respects all of them. */

import { join } from "node:path";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { copyExample, EXAMPLES, exampleSpace, filesBelow } from "../testing/example.ts";
import { eventsOf, type LiveRun, type TestSpace } from "../testing/space.ts";

/** Removes at once what nobody needs. */
const COLLECT = ["cache", "gc", "--cache-dir", "store", "--grace", "0s", "--keep-runs", "1"];

/** The example with a third project `c`, which is `b` with another parameter name. */
function projects(): TestSpace {
  const space = exampleSpace("shared");
  copyExample(join(EXAMPLES, "shared/b"), space.at("c"));
  space.edit("c/workflow.yaml", "draws", "samples");
  return space;
}

function start(space: TestSpace, project: string, ...args: string[]): LiveRun {
  return space.start(["run", "--json", "--cache-dir", "../store", ...args], { cwd: project });
}

/** Runs a project, which must succeed; returns what it executed. */
async function ran(
  space: TestSpace,
  project: string,
  ...args: string[]
): Promise<readonly string[]> {
  const { code, stdout, stderr, started } = await start(space, project, ...args).result();
  assertEquals(code, 0, stdout + stderr);
  return started;
}

/** What is in the store, as `project node`, sorted. */
async function stored(space: TestSpace): Promise<string[]> {
  const { stdout } = await space.flow("cache", "ls", "--json", "--cache-dir", "store");
  const results = JSON.parse(stdout) as { workflow: string; node: string }[];
  return results.map(({ workflow, node }) => `${workflow.split("/", 1)[0]} ${node}`).sort();
}

/** Collects, and removes the memos: they would answer without a look at the results. */
async function collect(space: TestSpace): Promise<void> {
  const { code, stderr } = await space.flow(...COLLECT);
  assertEquals(code, 0, stderr);
  if (space.has("store/memos")) space.remove("store/memos");
}

Deno.test("projects take from a shared store what another has made, and make what is promised", async () => {
  using space = projects();
  assertEquals(await ran(space, "a"), ["intervals", "table"]);
  assertEquals(await ran(space, "b"), ["report"]);
  // Project c does the same as b: its files appear, and nothing runs.
  assertEquals(await ran(space, "c"), []);
  for (const project of ["a", "b"]) {
    const expected = join(EXAMPLES, "shared", project, "expected/out");
    assertEquals(filesBelow(space.at(`${project}/out`)), filesBelow(expected));
    for (const file of filesBelow(expected)) {
      assertEquals(
        space.read(`${project}/out/${file}`),
        Deno.readTextFileSync(join(expected, file)),
      );
    }
  }
  assertEquals(space.read("c/out/report.md"), space.read("b/out/report.md"));
  assertOk(!space.has("a/.pipecache") && !space.has("b/.pipecache"), "a project has its own store");

  // Only one of them goes on: the others keep what they have.
  assertEquals(await ran(space, "b", "--set", "draws=50"), ["report", "slopes"]);
  assertEquals(await ran(space, "a"), []);
  assertEquals(await ran(space, "c"), []);
});

Deno.test("projects that start together compute what they share once", async () => {
  using space = projects();
  const results = await Promise.all(
    ["a", "b", "c"].map((project) => start(space, project).result()),
  );
  for (const { code, stdout, stderr } of results) assertEquals(code, 0, stdout + stderr);
  const started = results.flatMap((result) => result.started);
  const shared = started.filter((node) => node === "intervals" || node === "slopes");
  assertEquals([shared.length, started.filter((node) => node === "report").length], [1, 1]);
  assertEquals((await space.flow("cache", "verify", "--cache-dir", "store")).code, 0);
  await space.endsAll();
});

for (const isDeleted of [false, true]) {
  const state = isDeleted ? "its index deleted" : "its index";
  Deno.test(`a collection in a shared store with ${state} keeps what each project used last`, async () => {
    using space = projects();
    for (const count of [100, 200, 300]) await ran(space, "a", "--set", `resamples=${count}`);
    assertEquals(await ran(space, "b", "--set", "draws=100"), ["report"]);
    assertEquals(await ran(space, "c", "--set", "samples=200"), ["report"]);
    assertEquals((await stored(space)).length, 8);
    if (isDeleted) space.remove("store/index.sqlite");
    await collect(space);

    // Of a's tables the newest is left; of its intervals also what b and c took from it.
    assertEquals(await stored(space), [
      "a intervals",
      "a intervals",
      "a intervals",
      "a table",
      "b report",
      "c report",
    ]);
    assertEquals(await ran(space, "a", "--set", "resamples=300"), []);
    assertEquals(await ran(space, "b", "--set", "draws=100"), []);
    assertEquals(await ran(space, "c", "--set", "samples=200"), []);
  });
}

Deno.test("a collection leaves one of several variants when nobody uses the others", async () => {
  using space = projects();
  for (const count of [100, 200, 300]) await ran(space, "a", "--set", `resamples=${count}`);
  await collect(space);
  assertEquals(await stored(space), ["a intervals", "a table"]);
  assertEquals(await ran(space, "a", "--set", "resamples=300"), []);
  assertEquals(await ran(space, "a", "--set", "resamples=100"), ["intervals", "table"]);
});

Deno.test("a collection leaves what a running flow of another project has taken", async () => {
  using space = projects();
  for (const count of [100, 200]) await ran(space, "a", "--set", `resamples=${count}`);
  const gate = space.at("gate");
  space.edit(
    "c/workflow.yaml",
    "  report:\n",
    [
      "  wait:",
      `    run: until [ -e "$GATE" ]; do sleep 0.02; done; echo ok > \${out.done}`,
      "    inputs: { slopes: slopes }",
      `    env: { GATE: ${JSON.stringify(gate)} }`,
      "    outputs: { done: { file: out/done } }",
      "    sandbox: off",
      "",
      "  report:",
      "    after: [wait]",
      "",
    ].join("\n"),
  );
  const live = start(space, "c", "--set", "samples=100");
  assertOk(await live.sees((event) => event.type === "started" && event.node === "wait"));
  space.remove("store/index.sqlite");
  await collect(space);
  space.write({ gate: "" });
  const result = await live.result();
  assertEquals(result.code, 0, result.stdout + result.stderr);
  assertEquals(eventsOf(result, "hit").map(({ node }) => node), ["slopes"]);
  if (space.has("store/memos")) space.remove("store/memos");
  assertEquals(await ran(space, "c", "--set", "samples=100"), []);
  await space.endsAll();
});

for (
  const [damage, harm] of [
    ["damaged", (path: string) => {
      Deno.chmodSync(path, 0o644);
      Deno.writeTextFileSync(path, "wrong");
    }],
    ["lost", (path: string) => Deno.removeSync(path)],
  ] as const
) {
  Deno.test(`bytes of a shared store that are ${damage} are made again, once for all projects`, async () => {
    using space = projects();
    await ran(space, "a");
    await ran(space, "b");
    const report = space.read("b/out/report.md");
    const blobs = filesBelow(space.at("store/blobs"))
      .filter((path) => space.read(`store/blobs/${path}`) === report);
    assertEquals(blobs.length, 1);
    harm(space.at(`store/blobs/${blobs[0]}`));
    space.remove("b/out/report.md");
    assertEquals(await ran(space, "c"), ["report"]);
    assertEquals(await ran(space, "b"), []);
    assertEquals(space.read("b/out/report.md"), report);
    assertEquals((await space.flow("cache", "verify", "--cache-dir", "store")).code, 0);
  });
}
