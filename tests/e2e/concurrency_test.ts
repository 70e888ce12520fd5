/** Several flows at once in one directory or one store: each node is executed once, and no death holds up the others. */

import { assertEquals, assertOk } from "../testing/assert.ts";
import { eventsOf, type LiveRun, type RunResult, TestSpace } from "../testing/space.ts";

const RUNS = 6;

/** Commands and functions with values, files and fan-out; each execution leaves a line in `log/`. */
const FILES = {
  "log/x": "",
  "data.txt": "7\n",
  "nodes.ts": `export function base(_: { raw: unknown }, ctx: { in: { raw: string } }): number {
  return Number(Deno.readTextFileSync(ctx.in.raw));
}
export function add({ n, i }: { n: number; i: number }): number {
  Deno.writeTextFileSync("LOG/f" + i, "x\\n", { append: true });
  return n + i;
}
export const total = (all: Record<string, number>) => Object.values(all).reduce((a, b) => a + b, 0);
export function sum({ f0, f1, f2, f3 }: Record<string, number>): number {
  return f0 + f1 + f2 + f3;
}
`,
  "workflow.yaml": [
    "name: shared",
    "inputs: { raw: { file: data.txt } }",
    "nodes:",
    "  base: { call: nodes.ts#base, inputs: { raw: raw } }",
    ...[0, 1, 2, 3].flatMap((i) => [
      `  f${i}: { call: nodes.ts#add, inputs: { n: base, i: { value: ${i} } }, allow: { write: [log] } }`,
      `  c${i}:`,
      `    run: "echo >> log/c${i}; sleep 0.05; printf %s \${in.n} > \${out.o${i}}"`,
      `    inputs: { n: f${i} }`,
      `    outputs: { o${i}: { file: out/o${i} } }`,
      `    allow: { write: [log] }`,
    ]),
    "  sum: { call: nodes.ts#sum, inputs: { f0: f0, f1: f1, f2: f2, f3: f3 } }",
    "  all:",
    '    run: "echo >> log/all; cat ${in.o0} ${in.o1} ${in.o2} ${in.o3} > ${out.all}; echo ${in.sum} >> ${out.all}"',
    "    inputs: { o0: o0, o1: o1, o2: o2, o3: o3, sum: sum }",
    "    outputs: { all: { file: out/all } }",
    "    allow: { write: [log] }",
  ].join("\n"),
} as const;

const LOGGED = ["f0", "f1", "f2", "f3", "c0", "c1", "c2", "c3", "all"];
const RESULT = "7891034\n";

function sharedSpace(): TestSpace {
  const space = new TestSpace(FILES);
  space.edit("nodes.ts", "LOG", space.at("log"));
  return space;
}

function startMany(space: TestSpace, ...args: string[]): LiveRun[] {
  return Array.from({ length: RUNS }, () => space.start(["run", "--json", ...args]));
}

function assertAllOk(results: readonly RunResult[]): void {
  for (const { code, stdout, stderr } of results) assertEquals(code, 0, stderr + stdout);
}

Deno.test("flows that start together all succeed, and every node is executed once over all of them", async () => {
  using space = sharedSpace();
  const results = await Promise.all(startMany(space).map((live) => live.result()));
  assertAllOk(results);
  assertEquals(results.flatMap(({ started }) => started).sort(), ["base", "sum", ...LOGGED].sort());
  assertEquals(LOGGED.map((name) => [name, space.lines(`log/${name}`)]), LOGGED.map((n) => [n, 1]));
  assertEquals(space.read("out/all"), RESULT);
  assertEquals((await space.flow("cache", "verify")).code, 0);
  assertEquals(await space.ran(), []);
  await space.endsAll();
});

Deno.test("flows that are killed hold up nobody: the others finish, and what was done is not done again", async () => {
  using space = sharedSpace();
  const runs = startMany(space);
  const victims = runs.slice(0, RUNS / 2);
  const survivors = runs.slice(RUNS / 2);
  // Each victim dies at its own point of the run.
  const killed = victims.map(async (live, i) => {
    await live.seesCount(3 + 4 * i);
    live.kill("SIGKILL");
    return await live.result();
  });
  const [dead, alive] = await Promise.all([
    Promise.all(killed),
    Promise.all(survivors.map((live) => live.result())),
  ]);
  assertAllOk(alive);
  assertEquals(space.read("out/all"), RESULT);
  const done = [...dead, ...alive].flatMap((run) => eventsOf(run, "done").map(({ node }) => node));
  assertEquals(done.length, new Set(done).size, `done twice: ${done.sort()}`);
  assertEquals((await space.flow("cache", "verify")).code, 0);
  assertEquals(await space.ran(), []);
  await space.endsAll();
});

Deno.test("a flow that waits for a killed one takes over what that was computing", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml": `name: w
nodes:
  slow:
    run: "echo >> sync/count; while [ ! -e sync/go ]; do sleep 0.02; done; echo done > \${out.slow}"
    outputs: { slow: { file: out/slow } }
    allow: { write: [sync] }
`,
  });
  const first = space.start(["run", "--json"]);
  await first.untilThere(space.at("sync/count"));
  const second = space.start(["run", "--json"]);
  await second.sees(({ type }) => type === "begin");
  assertEquals(space.lines("sync/count"), 1);
  first.kill("SIGKILL");
  await first.result();
  space.write({ "sync/go": "" });
  assertEquals((await second.result()).started, ["slow"]);
  assertEquals(space.lines("sync/count"), 2);
  await space.endsAll();
});

Deno.test("a failure in one flow is no failure of another that waits for it", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml": `name: w
nodes:
  once:
    run: "echo >> sync/count; while [ ! -e sync/go ]; do sleep 0.02; done; [ $(wc -l < sync/count) != 1 ]"
    outputs: {}
    allow: { write: [sync] }
`,
  });
  const first = space.start(["run", "--json"]);
  await first.untilThere(space.at("sync/count"));
  const second = space.start(["run", "--json"]);
  await second.sees(({ type }) => type === "begin");
  space.write({ "sync/go": "" });
  assertEquals([(await first.result()).code, (await second.result()).code], [1, 0]);
});

Deno.test("two workflows share one store: equal work is done once, and both get all outputs", async () => {
  using space = sharedSpace();
  space.write({
    "a/workflow.yaml": FILES["workflow.yaml"],
    "b/workflow.yaml": FILES["workflow.yaml"].replace("name: shared", "name: other")
      .replace("echo ${in.sum}", "echo +${in.sum}"),
  });
  for (const dir of ["a", "b"]) {
    space.write({ [`${dir}/nodes.ts`]: space.read("nodes.ts"), [`${dir}/data.txt`]: "7\n" });
    space.write({ [`${dir}/log/x`]: "" });
    space.edit(`${dir}/nodes.ts`, space.at("log"), space.at(`${dir}/log`));
  }
  const start = (dir: string) =>
    space.start(["run", "--json", "--cache-dir", space.at("store")], { cwd: dir });
  const results = await Promise.all(
    ["a", "b", "a", "b"].map((dir) => start(dir).result()),
  );
  assertAllOk(results);
  assertEquals(space.read("a/out/all"), RESULT);
  assertEquals(space.read("b/out/all"), RESULT.replace("34", "+34"));
  const started = results.flatMap((run) => run.started);
  // The function that reads the data is the same in both; what names `log/` is not.
  assertEquals(started.filter((name) => name === "base"), ["base"]);
  // Two flows may restore the same intermediate file at once; who reads it meanwhile keeps no result, and it is made again.
  const all = started.filter((name) => name === "all").length;
  assertOk(all === 2 || all === 3 || all === 4, `all ran ${all} times`);
  for (const dir of ["a", "b"]) assertEquals((await start(dir).result()).started, []);
  assertOk(!space.has("a/.pipecache"));
});

Deno.test("flows with different params in one directory never mix their results", async () => {
  using space = new TestSpace({
    "workflow.yaml": `name: w
params: { k: 0 }
nodes:
  f: { run: "printf %s \${params.k} > \${out.f}", outputs: { f: { file: out/f } } }
  g: { run: "sleep 0.05; cat \${in.f} \${in.f} > \${out.g}", inputs: { f: f }, outputs: { g: { file: out/g } } }
`,
  });
  const ks = [1, 2, 3, 4];
  await Promise.all(ks.map((k) => space.start(["run", "--json", "--set", `k=${k}`]).result()));
  for (const k of ks) {
    const run = await space.run("--set", `k=${k}`);
    assertEquals(run.code, 0, run.stderr);
    assertEquals([space.read("out/f"), space.read("out/g")], [`${k}`, `${k}${k}`]);
  }
});
