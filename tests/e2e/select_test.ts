/** Parts of a workflow, seen from the command line: what runs with --only, --skip, --forget, `enabled: false`, and later without. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { countsOf, eventsOf, failureOf, TestSpace } from "../testing/space.ts";

/** `raw ─▶ a ─▶ b ─▶ c` and `a ─▶ d`; commands write one line each. */
const FILES = {
  "workflow.yaml": `params: { k: 1 }
inputs:
  raw: { file: raw.txt }
nodes:
  a: { run: "cat \${in.raw} > \${out.a}", inputs: { raw: raw }, outputs: { a: { file: out/a.txt } } }
  b: { run: "cat \${in.a} > \${out.b}", inputs: { a: a }, outputs: { b: { file: out/b.txt } } }
  c:
    run: "{ cat \${in.b}; echo \${params.k}; } > \${out.c}"
    inputs: { b: b }
    outputs: { c: { file: out/c.txt } }
  d: { run: "cat \${in.a} > \${out.d}", inputs: { a: a }, outputs: { d: { file: out/d.txt } } }
`,
  "raw.txt": "one\n",
};

/** Skipped nodes with their reasons. */
function skippedOf(result: Parameters<typeof eventsOf>[0]): Record<string, string | undefined> {
  return Object.fromEntries(eventsOf(result, "skipped").map(({ node, why }) => [node, why]));
}

Deno.test("--skip leaves out a node and what needs it; without it they run", async () => {
  using space = new TestSpace(FILES);
  const run = await space.run("--skip", "b");
  assertEquals([run.code, run.started, space.has("out/c.txt")], [0, ["a", "d"], false]);
  assertEquals(skippedOf(run), {
    b: "left out by --skip",
    c: 'needs "b", which is left out by --skip',
  });
  assertEquals(eventsOf(run, "skipped").map(({ because }) => because), [[], ["b"]]);
  assertEquals(countsOf(run), { hit: 0, done: 2, failed: 0, skipped: 2 });
  assertEquals(eventsOf(run, "begin")[0].nodes, 4);
  assertEquals(await space.ran(), ["b", "c"]);
  // What was left out keeps its results and its files.
  space.write({ "raw.txt": "two\n" });
  assertEquals(await space.ran("--skip=b,d"), ["a"]);
  assertEquals(space.read("out/c.txt"), "one\n1\n");
  space.write({ "raw.txt": "one\n" });
  assertEquals(await space.ran(), []);
});

Deno.test("--skip does not run a temporary file that only skipped nodes read", async () => {
  using space = new TestSpace(FILES);
  space.edit("workflow.yaml", "{ file: out/b.txt }", "{ file: out/b.txt, temp: true }");
  const run = await space.run("--skip", "c");
  assertEquals([run.started, skippedOf(run).b], [
    ["a", "d"],
    'only needed by "c", which is left out',
  ]);
  space.edit("workflow.yaml", "inputs: { a: a }, outputs: { d:", "inputs: { a: b }, outputs: { d:");
  assertEquals(await space.ran("--skip", "c"), ["b", "d"]);
  assertEquals(space.has("out/b.txt"), false, "its only wanted reader is done");
});

Deno.test("enabled: false leaves out the same, and says so in run, plan and why", async () => {
  using space = new TestSpace(FILES);
  space.edit("workflow.yaml", "  b: { run:", "  b: { enabled: false, run:");
  const run = await space.run();
  assertEquals([run.code, run.started], [0, ["a", "d"]]);
  assertEquals(skippedOf(run), { b: "disabled", c: 'needs "b", which is disabled' });
  assertEquals(
    (await space.flow("plan")).stdout,
    'skip  b  disabled\nskip  c  needs "b", which is disabled\n',
  );
  assertEquals((await space.flow("why", "c")).stdout, 'needs "b", which is disabled\n');
  assertEquals((await space.flow("run", "-v")).stderr.match(/skipped .*/g), [
    "skipped b: disabled",
    'skipped c: needs "b", which is disabled',
  ]);
  assertEquals(await space.ran("d"), []);
  // What only disabled nodes would read need not be there.
  space.edit("workflow.yaml", "a: { run:", "a: { enabled: false, run:");
  space.remove("raw.txt");
  assertEquals(await space.ran(), []);
});

Deno.test("--only runs these nodes, from results that are stored", async () => {
  using space = new TestSpace(FILES);
  const never = await space.run("--only", "b");
  assertEquals([never.code, never.events, space.has("out")], [2, [], false]);
  assertEquals(await space.ran("--only", "a"), ["a"]);
  assertEquals(await space.ran("--only", "b"), ["b"]);
  assertEquals(await space.ran("--only", "c,d"), ["c", "d"]);
  // An upstream that must run again first is no upstream that is stored.
  space.write({ "raw.txt": "two\n" });
  const stale = await space.flow("run", "--only", "c");
  assertEquals([stale.code, stale.stderr], [
    2,
    `error: Cannot run only "c": it needs "a", which is not up to date
  a: input raw (file raw.txt): 2c8b08da -> 27dd8ed4
  b: an upstream runs first
  hint: leave out --only, or run it with what it needs: flow run +c
`,
  ]);
  assertEquals(await space.ran("--only", "a,b"), ["a", "b"]);
  assertEquals(space.read("out/c.txt"), "one\n1\n");
  assertEquals(await space.ran("--only", "+c"), ["c"]);
  assertEquals(await space.ran(), ["d"]);
});

Deno.test("--only publishes what it needs again, and forces nothing else", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  space.remove("out");
  const run = await space.run("--only", "c", "--set", "k=2");
  assertEquals([run.started, space.has("out/b.txt"), space.has("out/d.txt")], [["c"], true, false]);
  assertEquals(await space.ran("--only", "c", "-f"), ["c"]);
  assertEquals(await space.ran("--only", "d", "--from", "d"), ["d"]);
  const shown = await space.flow("run", "--only", "c,d", "--output", "b");
  assertEquals([shown.code, shown.stdout], [0, "one\n"]);
});

Deno.test("--only never runs what it leaves out, even if stored bytes turn out to be damaged", async () => {
  using space = new TestSpace({
    "workflow.yaml": `params: { k: 1 }
nodes:
  big: { call: nodes.ts#big }
  size: { call: nodes.ts#size, inputs: { big: big, k: params.k } }
`,
    "nodes.ts": `export function big(): string {
  return "x".repeat(10_000);
}
export function size({ big, k }: { big: string; k: number }): number {
  return big.length * k;
}
`,
  });
  await space.ran();
  damageValue(space, 10_000);
  const run = await space.run("--only", "size", "--set", "k=2");
  assertEquals([run.code, run.started], [1, []]);
  assertIncludes(failureOf(run, "big").message, 'Cannot use the stored result of node "big"');
  assertEquals(eventsOf(run, "skipped").map(({ node, because }) => [node, because]), [["size", [
    "big",
  ]]]);
  assertEquals(await space.ran("--set", "k=2"), ["big", "size"]);
});

Deno.test("--only wants the bytes of a temporary file that is read", async () => {
  using space = new TestSpace(FILES);
  space.edit("workflow.yaml", "{ file: out/b.txt }", "{ file: out/b.txt, temp: true }");
  // Other bytes than those of "a", which stay.
  space.edit("workflow.yaml", "cat ${in.a} > ${out.b}", "tr o 0 < ${in.a} > ${out.b}");
  space.edit("workflow.yaml", "{ cat ${in.b};", "{ test ${params.k} != 3; cat ${in.b};");
  await space.ran();
  assertEquals(await space.ran("--only", "c"), []);
  const gone = await space.run("--only", "c", "--set", "k=2");
  assertEquals([gone.code, gone.events], [2, []]);
  assertEquals(
    gone.stderr,
    `error: Cannot run only "c": it needs "b", which is not stored
  b: it is temporary, and its bytes are gone
  hint: leave out --only, or run it with what it needs: flow run +c
`,
  );
  // A consumer that failed keeps them.
  assertEquals((await space.run("--set", "k=3")).code, 1);
  assertEquals(await space.ran("--only", "c", "--set", "k=2"), ["c"]);
  assertEquals([space.has("out/b.txt"), space.read("out/c.txt")], [false, "0ne\n2\n"]);
});

/** Stored bytes, as paths below the workspace. */
function blobsOf(space: TestSpace): string[] {
  const dir = ".pipecache/blobs";
  return [...Deno.readDirSync(space.at(dir))].flatMap(({ name: head }) =>
    [...Deno.readDirSync(space.at(`${dir}/${head}`))].map(({ name }) => `${dir}/${head}/${name}`)
  );
}

/** Overwrites the stored value that is this long. */
function damageValue(space: TestSpace, chars: number): void {
  const [path, ...others] = blobsOf(space).filter((blob) => /^"x+"$/.test(space.read(blob)));
  assertEquals([space.read(path).length, others], [chars + 2, []]);
  Deno.chmodSync(space.at(path), 0o600);
  space.write({ [path]: `"${"y".repeat(chars)}"` });
}

Deno.test("selectors run a part of the graph, and force it", async () => {
  using space = new TestSpace(FILES);
  assertEquals(await space.ran("+b"), ["a", "b"]);
  assertEquals(await space.ran("b+"), ["c"]);
  assertEquals(await space.ran("b+", "-f"), ["b", "c"]);
  assertEquals(await space.ran("+b", "-f"), ["a", "b"]);
  assertEquals(await space.ran("b", "-f"), ["b"]);
  assertEquals(await space.ran("?"), ["d"]);
  assertEquals(await space.ran("--from", "b+"), ["b", "c"]);
  assertEquals(await space.ran("--until", "+b,d", "--from", "a"), ["a"]);
  const plan = await space.flow("plan", "a+", "--force", "--skip", "c");
  assertEquals(
    plan.stdout,
    "run   a  forced\nrun   b  forced\nrun   d  forced\nskip  c  left out by --skip\n",
  );
  assertEquals((await space.flow("ls", "b+")).stdout.match(/^\w/gm), ["a", "b", "c"]);
  const drawn = JSON.parse((await space.flow("graph", "b+", "--json")).stdout);
  assertEquals(drawn.nodes.map(({ id }: { id: string }) => id), ["raw", "a", "b", "c"]);
});

Deno.test("--forget computes again what was stored, also after it had left the file", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  await space.ran("--set", "k=2");
  const forgot = await space.run("--forget", "c");
  assertEquals([forgot.started, forgot.stderr], [["c"], 'forgot 2 results of "c"\n']);
  assertEquals(await space.ran("--set", "k=2"), ["c"]);
  assertEquals(
    (await space.flow("run", "--forget", "b+,d", "--skip", "c")).stderr.split("\n")[0],
    "forgot 4 results of 3 nodes",
  );
  // Published files stay.
  assertEquals(space.read("out/c.txt"), "one\n2\n");
  space.edit("workflow.yaml", "  d: {", "  e: {");
  space.edit("workflow.yaml", "{ d: { file: out/d.txt } }", "{ e: { file: out/d.txt } }");
  space.edit("workflow.yaml", "out.d", "out.e");
  assertEquals(
    (await space.flow("run", "--forget", "d")).stderr.split("\n")[0],
    'forgot 1 result of "d"',
  );
  assertEquals(
    (await space.flow("run", "--forget", "d")).stderr.split("\n")[0],
    'forgot 0 results of "d"',
  );
});

Deno.test("flow cache forget drops results without reading the workflow", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  space.write({ "workflow.yaml": "nodes: [" });
  const forgot = await space.flow("cache", "forget", "workflow.yaml", "b", "c");
  assertEquals(forgot, { ...forgot, code: 0, stdout: "forgot 2 results of 2 nodes\n", stderr: "" });
  assertEquals(
    (await space.flow("cache", "forget", "b", "--json")).stdout,
    '{"nodes":["b"],"results":0,"calls":0}\n',
  );
  space.write(FILES);
  assertEquals(await space.ran(), ["b", "c"]);
  assertEquals((await space.flow("cache", "forget", "?")).stdout, "forgot 4 results of 4 nodes\n");
  assertEquals(await space.ran(), ["a", "b", "c", "d"]);
});

// ---- what happens to a node while it is not there --------------------------------------------

/** Comments a node out, or in again; it fills one line. */
function comment(space: TestSpace, node: string, isOut: boolean): void {
  const line = isOut ? `  ${node}: { run` : `  #${node}: { run`;
  space.edit("workflow.yaml", line, isOut ? `  #${node}: { run` : `  ${node}: { run`);
}

Deno.test("a node that was away is a hit if its inputs are what it consumed", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  comment(space, "d", true);
  assertEquals(await space.ran(), []);
  comment(space, "d", false);
  assertEquals(await space.ran(), []);
});

Deno.test("a node that was away while its input changed runs when it is back", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  comment(space, "d", true);
  space.write({ "raw.txt": "two\n" });
  assertEquals(await space.ran(), ["a", "b", "c"]);
  comment(space, "d", false);
  assertEquals(await space.ran(), ["d"]);
  assertEquals(space.read("out/d.txt"), "two\n");
});

Deno.test("a node that was away while its input changed and changed back is a hit", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  comment(space, "d", true);
  for (const text of ["two\n", "one\n"]) {
    space.write({ "raw.txt": text });
    await space.ran();
  }
  comment(space, "d", false);
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/d.txt"), "one\n");
});

Deno.test("an input that is removed and added again is a hit", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  space.edit(
    "workflow.yaml",
    "inputs: { a: a }, outputs: { d:",
    "inputs: { a: a, b: b }, outputs: { d:",
  );
  assertEquals(await space.ran(), ["d"]);
  space.edit("workflow.yaml", "inputs: { a: a, b: b }", "inputs: { a: a }");
  assertEquals(await space.ran(), []);
  space.edit(
    "workflow.yaml",
    "inputs: { a: a }, outputs: { d:",
    "inputs: { a: a, b: b }, outputs: { d:",
  );
  assertEquals(await space.ran(), []);
});

Deno.test("a producer that was away and is back changed reruns what read it", async () => {
  using space = new TestSpace(FILES);
  await space.ran();
  const whole = space.read("workflow.yaml");
  // "c" cannot be wired without "b": both are away.
  space.write({ "workflow.yaml": whole.replace(/ {2}b: [\s\S]* {2}d:/, "  d:") });
  assertEquals(await space.ran(), []);
  space.write({
    "workflow.yaml": whole.replace("cat ${in.a} > ${out.b}", "sed s/o/0/ ${in.a} > ${out.b}"),
  });
  assertEquals(await space.ran(), ["b", "c"]);
  space.write({ "workflow.yaml": whole });
  assertEquals(await space.ran(), []);
  assertOk(space.read("out/c.txt").startsWith("one"));
});
