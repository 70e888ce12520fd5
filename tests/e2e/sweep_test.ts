/** Many runs of one workflow: what runs how often, where files go, what is printed, and what a failure stops. */

import type { Event } from "../../core/event.ts";
import { assertEquals, assertIncludes, assertMatches, assertOk } from "../testing/assert.ts";
import { flow, type FlowResult } from "../cli/flow.ts";
import { TestSpace } from "../testing/space.ts";

const WORKFLOW = `name: demo
params: { lr: 1, model: { depth: 2 }, label: none }
inputs:
  seed: { type: integer, default: 1 }
  raw: { file: a.txt }
sweeps:
  grid:
    product: { lr: [1, 10], seed: { range: [1, 4] } }
    exclude: [{ lr: 10, seed: 2 }]
  named:
    zip: { lr: [1, 10], seed: [7, 8] }
    constants: { model.depth: 5 }
    derived: { label: "lr-\${lr}" }
  useful:
    product: { seed: { range: [1, 4] } }
    derived: sweep.ts#square
    filter: sweep.ts#isSmall
  all:
    - { product: { lr: [2, 3] } }
    - { product: { seed: [4] } }
    - { product: { lr: [3] } }
nodes:
  rows: { call: nodes.ts#load }
  scaled: { call: nodes.ts#scale, inputs: { rows: rows, lr: params.lr } }
  model: { call: nodes.ts#fit, inputs: { scaled: scaled, depth: params.model.depth } }
  score: { call: nodes.ts#score, inputs: { model: model, seed: seed } }
  report:
    run: "printf '%s %s' \${in.score} \${params.label} > \${out.report}"
    inputs: { score: score }
    outputs: { report: { file: out/report.txt } }
  weights:
    run: "printf %s \${in.scaled} > \${out.weights}"
    inputs: { scaled: scaled }
    outputs: { weights: { file: ./out/weights.txt } }
`;

const NODES = `export function load({ raw }: { raw: string }): number {
  return Deno.readTextFileSync(raw).length;
}
export function scale({ rows, lr }: { rows: number; lr: number }): number {
  return rows * lr;
}
export function fit({ scaled, depth }: { scaled: number; depth: number }): number {
  return scaled + depth;
}
export function score({ model, seed }: { model: number; seed: number }): number {
  if (seed === 13) throw new Error("unlucky");
  return model * 100 + seed;
}
`;

const SWEEP = `export function square({ seed }: { seed: number }) {
  return { "params.model.depth": seed * seed };
}
export function isSmall(values: { seed: number; "params.model.depth": number }): boolean {
  return values["params.model.depth"] <= 4;
}
`;

function space(files: Readonly<Record<string, string>> = {}): TestSpace {
  return new TestSpace({
    "workflow.yaml": WORKFLOW,
    "nodes.ts": NODES,
    "sweep.ts": SWEEP,
    "a.txt": "12345",
    "b.txt": "1234567890",
    ...files,
  });
}

/** An event of one of many runs. */
type ManyEvent = Event & { readonly combination: number; readonly values?: unknown };

async function run(dir: TestSpace, ...args: string[]): Promise<FlowResult> {
  return await flow(["run", ...args], { cwd: dir.path });
}

/** Runs with `--json` and returns how often each node was executed, and all events. */
async function executed(
  dir: TestSpace,
  ...args: string[]
): Promise<{ counts: Record<string, number>; events: ManyEvent[] }> {
  const { code, stdout, stderr } = await run(dir, "--json", ...args);
  assertEquals([code, stderr], [0, ""]);
  const events: ManyEvent[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const counts: Record<string, number> = {};
  for (const event of events) {
    if (event.type === "started") counts[event.node] = (counts[event.node] ?? 0) + 1;
  }
  return { counts, events };
}

Deno.test("flow run --sweep: a node runs once for all combinations that are the same for it", async () => {
  using dir = space();
  const { counts, events } = await executed(dir, "--sweep", "grid", "--max-concurrent", "5");
  // Five combinations of two rates and three seeds.
  assertEquals(counts, { rows: 1, scaled: 2, model: 2, score: 5, report: 5, weights: 2 });
  const begun = events.filter(({ type }) => type === "begin");
  assertEquals(
    begun.sort((a, b) => a.combination - b.combination).map(({ values }) => values),
    [
      { lr: 1, seed: 1 },
      { lr: 1, seed: 2 },
      { lr: 1, seed: 3 },
      { lr: 10, seed: 1 },
      { lr: 10, seed: 3 },
    ],
  );
  assertEquals((await executed(dir, "--sweep", "grid")).counts, {});
  // One more seed, and what is the default is the same as what is swept to it.
  assertEquals((await executed(dir, "--sweep", "seed=3,4")).counts, { score: 1, report: 1 });
});

Deno.test("flow run --sweep: files of a node lie where the names it depends on say", async () => {
  using dir = space();
  const { code, stderr } = await run(dir, "--sweep", "grid");
  assertEquals(code, 0, stderr);
  assertEquals(dir.read("sweep/lr=10,seed=3/out/report.txt"), "5203 none");
  assertEquals(dir.read("sweep/lr=1,seed=3/out/report.txt"), "703 none");
  // It does not depend on the seed.
  assertEquals(dir.read("sweep/lr=10/out/weights.txt"), "50");
  assertOk(!dir.has("out"), "a run replaced the files of a run without a sweep");
});

Deno.test("flow run --sweep: constants, zip, derived texts and functions", async () => {
  using dir = space();
  const named = await run(dir, "--sweep", "named", "--output", "score");
  assertEquals(
    [named.code, named.stdout],
    [
      0,
      '{"model.depth":5,"lr":1,"seed":7,"label":"lr-1","score":1007}\n' +
      '{"model.depth":5,"lr":10,"seed":8,"label":"lr-10","score":5508}\n',
    ],
    named.stderr,
  );
  const csv = await run(dir, "--sweep", "named", "--output", "score", "--format", "csv");
  assertEquals(
    csv.stdout,
    "model.depth,lr,seed,label,score\n5,1,7,lr-1,1007\n5,10,8,lr-10,5508\n",
    csv.stderr,
  );
  const useful = await run(dir, "--sweep", "useful", "--output", "score");
  assertEquals(
    useful.stdout,
    '{"seed":1,"params.model.depth":1,"score":601}\n{"seed":2,"params.model.depth":4,"score":902}\n',
    useful.stderr,
  );
});

Deno.test("flow run --sweep: a list is one sweep after the other, equal combinations once", async () => {
  using dir = space();
  const { stdout, stderr } = await run(dir, "--sweep", "all", "--output", "score");
  assertEquals(
    stdout,
    '{"lr":2,"score":1201}\n{"lr":3,"score":1701}\n{"seed":4,"score":704}\n',
    stderr,
  );
});

Deno.test("flow run --sweep: several are crossed, --sweep-zip goes together", async () => {
  using dir = space();
  const args = ["--sweep", "raw=a.txt,b.txt", "--sweep-zip", "lr=1,2", "--sweep-zip", "seed=3,4"];
  const { stdout, stderr } = await run(dir, ...args, "--output", "score");
  assertEquals(
    stdout,
    [
      '{"raw":"a.txt","lr":1,"seed":3,"score":703}',
      '{"raw":"a.txt","lr":2,"seed":4,"score":1204}',
      '{"raw":"b.txt","lr":1,"seed":3,"score":1203}',
      '{"raw":"b.txt","lr":2,"seed":4,"score":2204}',
      "",
    ].join("\n"),
    stderr,
  );
});

Deno.test("flow run --sweep: values are read as what they are for", async () => {
  using dir = new TestSpace({
    "workflow.yaml": `params: { p: 0 }
inputs: { text: { type: string }, any: { default: 0 }, list: { type: array } }
nodes: { all: { call: nodes.ts#all, inputs: { p: params.p } } }
`,
    "nodes.ts": `export function all(values: {
  text: string; any: unknown; list: unknown[]; p: unknown;
}): unknown { return values; }
`.replace("(values:", "({ text, any, list, p }:").replace(
      "return values",
      "return [text, any, list, p]",
    ),
  });
  const { stdout, stderr } = await run(
    dir,
    ...["--sweep", 'text=1,"a,b"', "--sweep", "list=[1],[2,3]", "--sweep-zip", 'any=x,{"k":[1,2]}'],
    ...["--sweep-zip", "p=1.5,#fff", "--output", "all"],
  );
  const all = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).all);
  assertEquals(all.length, 8, stderr);
  assertEquals(all[0], ["1", "x", [1], 1.5]);
  assertEquals(all[7], ["a,b", { k: [1, 2] }, [2, 3], "#fff"]);
});

Deno.test("flow plan --sweep: says how much is the same, and runs nothing", async () => {
  using dir = space();
  const { code, stdout, stderr } = await flow(["plan", "--sweep", "grid"], { cwd: dir.path });
  assertEquals(code, 0);
  assertEquals(
    stdout,
    [
      "1 of 5  rows     the same in all",
      "2 of 5  scaled   differs by lr",
      "2 of 5  model    differs by lr",
      "5 of 5  score    differs by lr, seed",
      "5 of 5  report   differs by lr, seed",
      "2 of 5  weights  differs by lr",
      "",
    ].join("\n"),
  );
  assertEquals(stderr, "5 runs by lr, seed: at most 17 of 30 nodes differ\n");
  assertEquals((await run(dir, "-n", "--sweep", "grid")).stdout, stdout);
  const json = await flow(["plan", "--sweep", "named", "--json"], { cwd: dir.path });
  assertEquals(JSON.parse(json.stdout), [
    { "model.depth": 5, lr: 1, seed: 7, label: "lr-1" },
    { "model.depth": 5, lr: 10, seed: 8, label: "lr-10" },
  ]);
  assertEquals((await executed(dir, "--sweep", "seed=1")).counts.rows, 1);
});

Deno.test("flow show --sweep: results as a table, CSV, JSON and lines of it", async () => {
  using dir = space();
  await run(dir, "--sweep", "grid", "score");
  const show = (...args: string[]) => flow(["show", ...args], { cwd: dir.path });
  assertEquals(
    (await show("score", "--sweep", "grid")).stdout,
    [
      "lr  seed  score",
      "1   1     701",
      "1   2     702",
      "1   3     703",
      "10  1     5201",
      "10  3     5203",
      "",
    ]
      .join("\n"),
  );
  const some = await show("score", "--sweep", "lr=10", "--sweep", "seed=1,9", "--format", "csv");
  assertEquals(some.stdout, "lr,seed,score\n10,1,5201\n");
  assertMatches(some.stderr, /^warning: 1 of 2 combinations have no result yet/);
  const lines = await show("score", "--sweep", "seed=1,2", "--format", "ndjson");
  assertEquals(lines.stdout, '{"seed":1,"score":701}\n{"seed":2,"score":702}\n');
  const json = await show("score", "--sweep", "seed=1,2", "--format", "json");
  assertEquals(JSON.parse(json.stdout), [{ seed: 1, score: 701 }, { seed: 2, score: 702 }]);
  assertEquals((await show("score", "--sweep", "seed=5")).code, 2);
});

Deno.test("flow run --each: one that fails does not stop the others", async () => {
  using dir = space({
    "runs.ndjson": '{"seed": 2}\n\n{"seed": 13}\n{"seed": 3, "params.lr": 10, "raw": "b.txt"}\n',
  });
  const { code, stdout, stderr } = await run(dir, "--each", "runs.ndjson", "--output", "score");
  assertEquals(code, 1);
  assertEquals(
    stdout,
    '{"seed":2,"score":702}\n{"seed":3,"params.lr":10,"raw":"b.txt","score":10203}\n',
  );
  assertIncludes(stderr, "seed=13:\nfailed: score (threw an error)\n  unlucky\n");
  assertMatches(stderr, /\nseed=13 {2}failed: 1 of 4 nodes \(score\)/);
  assertMatches(stderr, /\n3 runs: 2 ok, 1 failed; .*\n$/);
});

Deno.test("flow run --each: --fail-fast starts no more runs", async () => {
  using dir = space({ "runs.ndjson": '{"seed": 13}\n{"seed": 2}\n{"seed": 3}\n' });
  const args = ["--each", "runs.ndjson", "--max-concurrent", "1", "--fail-fast"];
  const { code, stderr } = await run(dir, ...args, "score");
  assertEquals(code, 1);
  assertMatches(stderr, /\n3 runs: 1 failed, 2 not started; /);
  assertOk(!stderr.includes("seed=2"), stderr);
});

Deno.test("flow run --each -: reads lines from standard input", async () => {
  using dir = space();
  const { code, stdout, stderr } = await flow(["run", "--each", "-", "--output", "score", "-q"], {
    cwd: dir.path,
    stdin: '{"seed": 5}\n{"seed": 6}',
  });
  assertEquals([code, stdout, stderr], [0, '{"seed":5,"score":705}\n{"seed":6,"score":706}\n', ""]);
});

const COMMANDS = `inputs: { n: { type: integer, default: 0 } }
nodes:
  work:
    run: "echo \${in.n}"
    inputs: { n: n }
    stdout: work
    sandbox: off
`;

/** The largest number of things at once, of which one kind of event is the start and others the end. */
function peak(events: readonly ManyEvent[], starts: string, ends: readonly string[]): number {
  let now = 0;
  return Math.max(
    ...events.map(({ type }) => now += type === starts ? 1 : ends.includes(type) ? -1 : 0),
  );
}

Deno.test("flow run --sweep: slots hold over all runs together", async () => {
  using dir = new TestSpace({ "workflow.yaml": COMMANDS });
  const args = ["--sweep", "n=range(8)", "-j", "2", "--max-concurrent", "8"];
  const { counts, events } = await executed(dir, ...args);
  assertEquals(counts, { work: 8 });
  assertEquals(peak(events, "begin", ["end"]), 8);
  assertEquals(peak(events, "started", ["done"]), 2);
});

Deno.test("flow run --sweep: --max-concurrent holds", async () => {
  using dir = new TestSpace({ "workflow.yaml": COMMANDS });
  const args = ["--sweep", "n=range(5)", "-j", "4", "--max-concurrent", "2"];
  const { counts, events } = await executed(dir, ...args);
  assertEquals(counts, { work: 5 });
  assertEquals(peak(events, "begin", ["end"]), 2);
});

Deno.test("flow run --sweep: a signal stops all runs, and starts no more", async () => {
  using dir = new TestSpace({
    "workflow.yaml": COMMANDS.replace("echo", "sleep 60; echo"),
  });
  const args = ["run", "--json", "--sweep", "n=range(9)", "-j", "2", "--grace", "0"];
  const live = dir.start(args);
  const started = () => live.events.filter(({ type }) => type === "started").length;
  assertOk(await live.sees(() => started() === 2));
  live.kill("SIGINT");
  const { code, events } = await live.result();
  assertEquals(code, 130);
  const ends = events.filter((event) => event.type === "end");
  assertEquals(ends.map((end) => end.type === "end" && end.outcome), ["aborted", "aborted"]);
  await dir.endsAll();
  assertEquals(events.filter(({ type }) => type === "begin").length, 2);
});

Deno.test("flow run --sweep: nodes that a node returns belong to their combination", async () => {
  using dir = new TestSpace({
    "workflow.yaml": `params: { count: 1, word: a }
nodes:
  parts: { expand: nodes.ts#parts, inputs: { count: params.count }, outputs: [] }
`,
    "nodes.ts": `export function parts({ count }: { count: number }) {
  const nodes = Array.from({ length: count }, (_, i) => [
    "part" + i,
    { run: "printf '" + i + " %s' \${params.word} > \${out.file" + i + "}", outputs: { ["file" + i]: "out/" + i + ".txt" } },
  ]);
  return { nodes: Object.fromEntries(nodes) };
}
`,
  });
  const { code, stderr } = await run(dir, "--sweep", "count=1,2", "--sweep", "word=a,b");
  assertEquals(code, 0, stderr);
  assertEquals(dir.read("sweep/count=2,word=b/out/1.txt"), "1 b");
  assertEquals(dir.read("sweep/count=1,word=a/out/0.txt"), "0 a");
  assertOk(!dir.has("sweep/count=1,word=a/out/1.txt"));
});

Deno.test("flow clean: files of a sweep belong to their node, whatever the combination", async () => {
  using dir = space();
  await run(dir, "--sweep", "grid");
  const plain = await run(dir);
  assertOk(!plain.stderr.includes("clean"), plain.stderr);
  const again = await run(dir, "--sweep", "lr=1", "-v");
  assertOk(!again.stderr.includes("clean"), again.stderr);
  assertEquals((await flow(["clean", "-n"], { cwd: dir.path })).stdout, "");
  dir.edit("workflow.yaml", "out/weights.txt", "out/others.txt");
  const { code } = await flow(["clean"], { cwd: dir.path });
  assertEquals(code, 0);
  assertOk(dir.has("sweep/lr=1,seed=3/out/report.txt"));
  assertOk(dir.has("out/report.txt"));
  assertOk(!dir.has("sweep/lr=10/out/weights.txt"));
  assertOk(!dir.has("out/weights.txt"));
});

Deno.test("flow run --sweep: a file that moves is not read by its path", async () => {
  using dir = new TestSpace({
    "workflow.yaml": `params: { lr: 1, seed: 1 }
nodes:
  made: { run: "echo \${params.lr} > \${out.made}", outputs: { made: out/a.txt } }
  copy: { run: "cat \${in.x}", inputs: { x: { file: out/a.txt } }, after: [made], stdout: copy }
`,
    "out/a.txt": "old",
  });
  const { code, stderr } = await run(dir, "--sweep", "lr=1,2");
  assertEquals(code, 2);
  assertEquals(
    stderr,
    [
      'workflow.yaml:4:44: Cannot read "out/a.txt" as input "x" of node "copy": node "made" publishes it, in another directory for each combination',
      '     4 |   copy: { run: "cat ${in.x}", inputs: { x: { file: out/a.txt } }, after: [made], stdout: copy }',
      "       |                                            ~~~~~~~~~~~~~~~~~~~",
      "  published: workflow.yaml:3:68",
      '  hint: take the output "made" of "made" instead',
      "",
      "1 error",
      "",
    ].join("\n"),
  );
  assertEquals((await run(dir, "--sweep", "seed=1,2")).code, 0);
});
