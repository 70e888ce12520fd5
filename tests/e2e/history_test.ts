/** What is kept of runs and how it is read: lists, one node over its runs, retention, runs that did not end. */

import { assertEquals, assertIncludes, assertMatches } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const WORKFLOW = `name: sums
params: { factor: 2 }
nodes:
  base: { call: nodes.ts#base }
  scaled: { call: nodes.ts#scale, inputs: { base: base, factor: params.factor } }
  gate:
    run: "while [ ! -e go ]; do sleep 0.02; done"
    outputs: []
    after: [base]
    cache: false
    sandbox: off
`;

const NODES = `export const base = (): number => 21;
export function scale({ base, factor }: { base: number; factor: number }): number {
  if (factor < 0) throw new RangeError("factor is negative");
  return base * factor;
}
`;

function space(files: Readonly<Record<string, string>> = {}): TestSpace {
  return new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES, ...files });
}

/** Lines of \`flow history --json\`, oldest first. */
async function history(w: TestSpace, ...args: readonly string[]) {
  const { code, stdout, stderr } = await w.flow("history", "--json", ...args);
  assertEquals([code, stderr], [0, ""]);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line)).reverse();
}

Deno.test("flow history: lists runs with their counts, newest first, in every format", async () => {
  using w = space();
  await w.run("scaled");
  await w.run("scaled", "--set", "factor=-1");
  await w.run("scaled", "--set", "factor=3");
  const runs = await history(w);
  assertEquals(
    runs.map(({ outcome, done, hit, failed, skipped }) => [outcome, done, hit, failed, skipped]),
    [["ok", 2, 0, 0, 0], ["failed", 0, 1, 1, 0], ["ok", 1, 1, 0, 0]],
  );
  const tsv = await w.flow("history", "-n", "1", "--format", "tsv");
  assertMatches(
    tsv.stdout,
    /^run\tstarted\toutcome\twallMs\tdone\thit\tfailed\tskipped\n[\w.-]+\t[\w.:-]+Z\tok\t\d+\t1\t1\t0\t0\n$/,
  );
  const table = (await w.flow("history")).stdout.split("\n");
  assertMatches(table[0], /^run +started +outcome +time +run +up to date +failed +skipped$/);
  assertMatches(table[1], /^\S+ +\S+Z +ok +\S+ ms +1 +1 +0 +0$/);
  assertMatches(table[2], /^\S+ +\S+Z +failed /);
  assertEquals(table.length, 5);
});

Deno.test("flow history NODE: says what it took in each run, and what had changed", async () => {
  using w = space();
  await w.run("scaled");
  await w.run("scaled");
  await w.run("scaled", "--set", "factor=3");
  w.remove("workflow.yaml");
  const rows = await history(w, "workflow.yaml", "scaled");
  assertEquals(rows.map(({ node, outcome, why }) => [node, outcome, why]), [
    ["scaled", "done", undefined],
    ["scaled", "hit", undefined],
    ["scaled", "done", ["input factor (params.factor): 2 -> 3"]],
  ]);
  assertEquals(rows[0].key, rows[1].key);
  const tsv = (await w.flow("history", "workflow.yaml", "scaled", "--format", "tsv")).stdout;
  const [head, newest, hit] = tsv.split("\n").map((line) => line.split("\t"));
  const columns = "run started node outcome wallMs cpuMs maxRssBytes key why";
  assertEquals(head, columns.split(" "));
  assertEquals(newest.slice(-2), [rows[2].key, "input factor (params.factor): 2 -> 3"]);
  assertEquals(hit.slice(3), ["hit", "", "", "", rows[1].key, ""]);
  assertEquals(rows.map(({ wallMs }) => typeof wallMs), ["number", "undefined", "number"]);
});

Deno.test("flow history: shows a run that goes on beside one that ended, and one that was killed", async () => {
  using w = space();
  const live = w.start(["run", "--json", "gate"]);
  await live.sees((event) => event.type === "started" && event.node === "gate");
  await w.run("scaled");
  assertEquals((await history(w)).map(({ outcome }) => outcome), ["running", "ok"]);
  assertEquals((await history(w, "gate")).map(({ outcome }) => outcome), ["running"]);
  live.kill("SIGKILL");
  await live.result();
  const [killed] = await history(w);
  const events = `.pipecache/runs/${killed.run}/events.ndjson`;
  w.write({ [events]: w.read(events) + `{"v":1,"time":99` });
  const [again] = await history(w);
  assertEquals([again.outcome, again.done, again.failed], ["killed", 1, 0]);
  assertEquals((await history(w, "gate")).map(({ outcome }) => outcome), ["killed"]);
  w.write({ go: "" });
  await w.endsAll();
});

for (const [keep, kept] of [[1, 1], [2, 2]]) {
  Deno.test(`flow run --keep-runs ${keep}: the old runs stay until the new one has ended`, async () => {
    using w = space();
    const old = [];
    for (let i = 0; i < 3; i++) old.push((await w.run("scaled")).events[0]);
    const live = w.start(["run", "--json", "--keep-runs", String(keep), "gate"]);
    await live.sees((event) => event.type === "started" && event.node === "gate");
    assertEquals((await history(w)).length, 4);
    w.write({ go: "" });
    const { code, events: [begin] } = await live.result();
    assertEquals(code, 0);
    const ids = (await history(w)).map(({ run }) => run);
    const wanted = [...old, begin].map((event) => event.type === "begin" ? event.run : "");
    assertEquals(ids, wanted.slice(-kept));
  });
}

Deno.test("flow history: wrong words are errors that say what there is", async () => {
  using w = space();
  const stderr = async (...args: string[]) => {
    const result = await w.flow(...args);
    assertEquals([result.code, result.stdout], [2, ""], result.stderr);
    return result.stderr;
  };
  assertIncludes(await stderr("history"), "nothing was run here yet");
  await w.run("scaled");
  assertEquals(
    await stderr("history", "scald"),
    `error: Cannot find node "scald" in the runs of "workflow.yaml"\n  hint: did you mean "scaled"?\n`,
  );
  assertIncludes(await stderr("history", "other.yaml"), `"other.yaml": it has no runs yet`);
  assertIncludes(await stderr("history", "a", "b"), "Cannot list the runs of several at once");
  assertIncludes(await stderr("history", "-n", "0"), "write a whole number from 1");
  assertIncludes(await stderr("history", "--json", "--format", "tsv"), "Cannot combine");
  assertIncludes(await stderr("run", "--keep-runs", "0"), "write a whole number from 1");
});

const MAPPED = `params: { xs: [1, 2, 3], ms: 0 }
nodes:
  slow: { run: "[ \${in.x} != 3 ] || exit 4; echo \${in.x}", map: "x[i] -> slow[i]", inputs: { x: params.xs }, stdout: { output: slow, as: json } }
  quick: { call: nodes.ts#scale, map: "base[i] -> quick[i]", inputs: { base: params.xs, factor: { value: 2 } } }
  base: { call: nodes.ts#base }
`;

Deno.test("flow history --profile: says what nodes took when they last ran, of maps per call too", async () => {
  using w = space({ "workflow.yaml": MAPPED });
  await w.run();
  const first = await history(w, "--profile");
  const nodes = new Map(first.map((entry) => [entry.node, entry]));
  assertEquals(
    ["slow", "quick", "base"].map((name) => [nodes.get(name).outcome, nodes.get(name).calls]),
    [["failed", 3], ["done", 3], ["done", undefined]],
  );
  for (const name of ["slow", "quick"]) {
    const { wallMs, callMinMs, callMedianMs, callP95Ms, callMaxMs } = nodes.get(name);
    const all = [0, callMinMs, callMedianMs, callP95Ms, callMaxMs, wallMs + 1];
    assertEquals(all, all.toSorted((a, b) => a - b), name);
  }
  assertEquals(
    first.map(({ wallMs }) => wallMs),
    first.map(({ wallMs }) => wallMs).toSorted((a, b) => a - b),
    "the longest is not first",
  );

  // What was up to date has the figures of the run that executed it; of a map only what was executed counts.
  await w.run("--set", "xs=[1,2,4]");
  const second = new Map((await history(w, "--profile")).map((entry) => [entry.node, entry]));
  assertEquals(second.get("base"), { ...nodes.get("base"), outcome: "hit" });
  assertEquals([second.get("slow").calls, second.get("quick").calls], [1, 1]);
  assertEquals((await history(w, "--profile", "quick")).length, 1);
  assertEquals((await history(w, "--profile", "-n", "2")).length, 2);

  const table = (await w.flow("history", "--profile", "quick")).stdout.split("\n");
  assertMatches(table[0], /^node +outcome +time +cpu +memory +calls +min +median +p95 +max +run$/);
  assertMatches(
    table[1],
    /^quick +done +(\S+ ms|\S+ s) .* 1 +\S+ [µm]s +\S+ [µm]s +\S+ [µm]s +\S+ [µm]s +\S+$/,
  );
  const shown = (await w.flow("show", "--profile", "quick")).stdout.split("\n");
  assertEquals(shown, table);
  const wrong = await w.flow("show", "--profile", "--format", "zarr");
  assertEquals(wrong.stderr, `error: Cannot print a profile as zarr\n  hint: use json or tsv\n`);
  const plain = (await w.flow("history", "--profile", "base")).stdout.split("\n");
  assertMatches(plain[0], /^node +outcome +time +cpu +memory +run$/);
  const unknown = await w.flow("history", "--profile", "quikc");
  assertEquals(unknown.code, 2);
  assertIncludes(unknown.stderr, 'did you mean "quick"?');
});
