/** The commands on a real workflow: what goes to which stream, exit codes, pipes and signals. */

import { assertEquals, assertIncludes, assertMatches, assertOk } from "../testing/assert.ts";
import { flow, SOURCE_COMMAND, TemporaryDirectory } from "../cli/flow.ts";

const WORKFLOW = `name: sums
params: { factor: 2 }
inputs:
  numbers: { default: [1, 2, 3] }
nodes:
  total: { call: nodes.ts#total, inputs: { numbers: numbers } }
  scaled: { call: nodes.ts#scale, inputs: { total: total, factor: params.factor } }
  text: { call: nodes.ts#format, inputs: { value: scaled } }
  file:
    run: "echo working >&2; printf %s \${in.text} > \${out.file}"
    inputs: { text: text }
    outputs: { file: { file: out/sum.txt } }
`;

const NODES = `export function total({ numbers }: { numbers: number[] }): number {
  return numbers.reduce((a, b) => a + b, 0);
}
export function scale({ total, factor }: { total: number; factor: number }): number {
  return total * factor;
}
export function format({ value }: { value: number }): string {
  return "sum: " + value;
}
`;

/** A directory with the workflow above, and other files. */
function workspace(files: Readonly<Record<string, string>> = {}): TemporaryDirectory {
  return new TemporaryDirectory().write({
    "workflow.yaml": WORKFLOW,
    "nodes.ts": NODES,
    ...files,
  });
}

Deno.test("flow run: makes everything, says nothing on standard output, and then has nothing to do", async () => {
  using dir = workspace();
  const cwd = dir.path;
  const first = await flow(["run"], { cwd });
  assertEquals([first.code, first.stdout], [0, ""], first.stderr);
  assertEquals(Deno.readTextFileSync(`${cwd}/out/sum.txt`), "sum: 12");
  const plan = await flow(["plan", "--exit-code"], { cwd });
  assertEquals([plan.code, plan.stdout, plan.stderr], [0, "", "4 up to date\n"]);
});

Deno.test("flow run: sees every change, whatever it remembers", async () => {
  using dir = workspace();
  const cwd = dir.path;
  const ago = new Date(Date.now() - 60_000);
  const age = (...names: string[]) => {
    for (const name of names) Deno.utimeSync(`${cwd}/${name}`, ago, ago);
  };
  const run = async (...args: string[]) => (await flow(["run", ...args], { cwd })).stderr;
  age("workflow.yaml", "nodes.ts");
  await run();
  assertMatches(await run(), /up to date/);
  assertMatches(await run("--set", "factor=7"), /[23] run/);
  assertEquals(Deno.readTextFileSync(`${cwd}/out/sum.txt`), "sum: 42");
  assertMatches(await run(), /up to date/);
  assertEquals(Deno.readTextFileSync(`${cwd}/out/sum.txt`), "sum: 12");
  dir.write({ "out/sum.txt": "by hand" });
  await run();
  assertEquals(Deno.readTextFileSync(`${cwd}/out/sum.txt`), "sum: 12");
  dir.write({ "nodes.ts": NODES.replace("a + b", "a * b + 1") });
  assertMatches(await run(), /run/);
  assertMatches(await run("nosuch"), /error:/);
});

Deno.test("flow plan --exit-code: exits with 3 and lists what would run", async () => {
  using dir = workspace();
  const { code, stdout, stderr } = await flow(["plan", "--exit-code"], { cwd: dir.path });
  assertEquals(code, 3);
  assertMatches(stdout, /^run +total +has no result yet\n(?:unknown .*\n){3}$/);
  assertEquals(stderr, "1 to run, 3 unknown yet\n");
  const dry = await flow(["run", "-n"], { cwd: dir.path });
  assertEquals([dry.code, dry.stdout], [0, stdout]);
  const json = await flow(["plan", "--json"], { cwd: dir.path });
  assertEquals(JSON.parse(json.stdout)[0].verdict, "run");
});

Deno.test("flow run --output: prints text raw and other values as JSON, and nothing else", async () => {
  using dir = workspace();
  const cwd = dir.path;
  const text = await flow(["run", "--output", "text", "--set", "factor=3"], { cwd });
  assertEquals([text.code, text.stdout], [0, "sum: 18"], text.stderr);
  const number = await flow(["run", "-o", "total", "--input", "numbers=[4,5]"], { cwd });
  assertEquals([number.code, number.stdout], [0, "9\n"], number.stderr);
  const piped = await flow(["run", "-o", "total", "-i", "numbers=-"], { cwd, stdin: "[7, 8]" });
  assertEquals([piped.code, piped.stdout], [0, "15\n"], piped.stderr);
});

Deno.test("flow run --json: prints one event per line, from begin to end", async () => {
  using dir = workspace();
  const { code, stdout, stderr } = await flow(["run", "--json", "total"], { cwd: dir.path });
  assertEquals([code, stderr], [0, ""]);
  const types = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assertEquals(types, ["begin", "started", "done", "end"]);
});

Deno.test("flow run --json | head -1: ends quietly", async () => {
  using dir = workspace();
  const command = [...SOURCE_COMMAND, "run", "--json"].map((word) => `'${word}'`).join(" ");
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${command} | head -1 >/dev/null; echo "\${PIPESTATUS[0]}"`],
    cwd: dir.path,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertMatches(new TextDecoder().decode(stdout), /^(?:0|141)\n$/);
});

Deno.test("flow schema | head -1: ends quietly", async () => {
  const command = [...SOURCE_COMMAND, "schema"].map((word) => `'${word}'`).join(" ");
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${command} | head -c1; echo; echo "\${PIPESTATUS[0]}"`],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertMatches(new TextDecoder().decode(stdout), /^\{\n(?:0|141)\n$/);
});

Deno.test("flow why, show, log, ls, graph, check: answer from what is stored", async () => {
  using dir = workspace();
  const cwd = dir.path;
  assertEquals((await flow(["run"], { cwd })).code, 0);
  dir.write({ "workflow.yaml": WORKFLOW.replace("factor: 2", "factor: 5") });
  const why = await flow(["why", "scaled"], { cwd });
  assertIncludes(why.stdout, "params.factor");
  assertIncludes(why.stdout, "5");
  const shown = await flow(["show", "total"], { cwd });
  assertEquals([shown.code, shown.stdout], [0, "6\n"]);
  const file = await flow(["show", "file", "--format", "raw"], { cwd });
  assertEquals([file.code, file.stdout], [0, "sum: 12"], file.stderr);
  const log = await flow(["log", "file"], { cwd });
  assertEquals([log.code, log.stdout], [0, "working\n"], log.stderr);
  const ls = await flow(["ls", "--json"], { cwd });
  assertEquals(
    JSON.parse(ls.stdout).map(({ node }: { node: string }) => node),
    ["total", "scaled", "text", "file"],
  );
  const graph = await flow(["graph", "--dot"], { cwd });
  assertMatches(graph.stdout, /^digraph /);
  const check = await flow(["check"], { cwd });
  assertEquals([check.code, check.stdout, check.stderr], [0, "", "4 nodes, no problems\n"]);
});

Deno.test("names that do not exist are errors with a suggestion, for every command", async () => {
  using dir = workspace();
  for (const command of ["run", "plan", "why", "show", "log", "ls"]) {
    const { code, stdout, stderr } = await flow([command, "totl"], { cwd: dir.path });
    assertEquals([code, stdout], [2, ""], `${command}: ${stderr}`);
    assertIncludes(stderr, `"totl"`);
    assertIncludes(stderr, `did you mean "total"?`);
  }
});

Deno.test("all problems of a definition are reported, with a count, and nothing runs", async () => {
  using dir = workspace({
    "bad.yaml": `name: bad
nodes:
  a: { call: nodes.ts#totl, inputs: { numbers: { value: [1] } } }
  b: { run: echo, inputs: { x: c } }
`,
  });
  const { code, stdout, stderr } = await flow(["run", "bad.yaml"], { cwd: dir.path });
  assertEquals([code, stdout], [2, ""], stderr);
  assertMatches(stderr, /^bad\.yaml:3:\d+: /m);
  assertMatches(stderr, /^bad\.yaml:4:\d+: /m);
  assertMatches(stderr, /\n\n\d+ errors(?:, \d+ warnings?)?\n$/);
});

Deno.test("a missing workflow is an error that says what to do", async () => {
  using dir = new TemporaryDirectory();
  for (const args of [["run"], ["run", "gone.yaml"], ["graph"], ["cache", "stats"]]) {
    const { code, stdout, stderr } = await flow(args, { cwd: dir.path });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatches(stderr, /^error: Cannot /);
  }
});

Deno.test("flow run: a failed node gives exit code 1", async () => {
  using dir = workspace({
    "bad.yaml": `name: bad\nnodes:\n  a: { run: "exit 3", outputs: {} }\n`,
  });
  const { code, stdout, stderr } = await flow(["run", "bad.yaml"], { cwd: dir.path });
  assertEquals([code, stdout], [1, ""], stderr);
});

Deno.test("flow run WORKFLOW --help: lists inputs and params", async () => {
  using dir = workspace();
  const { code, stdout, stderr } = await flow(["run", "workflow.yaml", "--help"], {
    cwd: dir.path,
  });
  assertEquals([code, stderr], [0, ""]);
  assertMatches(stdout, /\nInputs:\n {2}--input +numbers=\S+ +.*\[default = \[1,2,3\]\]\n/);
  assertMatches(stdout, /\nParams:\n {2}--set +factor=NUMBER +.*\[default = 2\]\n/);
});

Deno.test("flow complete: proposes nodes and outputs of the workflow", async () => {
  using dir = workspace();
  const { stdout } = await flow(["complete", "why", "t"], { cwd: dir.path });
  assertEquals(stdout.split("\n").map((line) => line.split("\t")[0]), ["total", "text", ""]);
});

Deno.test("flow cache stats, ls, verify, gc: look after the store", async () => {
  using dir = workspace();
  const cwd = dir.path;
  assertEquals((await flow(["run"], { cwd })).code, 0);
  const stats = await flow(["cache", "stats", "--json"], { cwd });
  assertEquals(JSON.parse(stats.stdout).results, 4, stats.stderr);
  const ls = await flow(["cache", "ls", "--json"], { cwd });
  assertEquals(JSON.parse(ls.stdout).length, 4);
  assertEquals((await flow(["cache", "verify"], { cwd })).code, 0);
  const gc = await flow(["cache", "gc", "--max-age", "0s", "--grace", "0s", "--json"], { cwd });
  assertEquals(gc.code, 0, gc.stderr);
  const after = await flow(["cache", "stats", "--cache-dir", ".pipecache", "--json"], { cwd });
  assertEquals(JSON.parse(after.stdout).results, 0);
});

Deno.test("flow cache verify: exits with 4 when a stored byte changed", async () => {
  using dir = workspace();
  const cwd = dir.path;
  assertEquals((await flow(["run"], { cwd })).code, 0);
  const store = `${cwd}/.pipecache/blobs`;
  const blob =
    [...Deno.readDirSync(store)].flatMap(({ name }) =>
      [...Deno.readDirSync(`${store}/${name}`)].map((entry) => `${store}/${name}/${entry.name}`)
    )[0];
  Deno.chmodSync(blob, 0o644);
  Deno.writeTextFileSync(blob, "damaged", { append: true });
  const { code } = await flow(["cache", "verify"], { cwd });
  assertEquals(code, 4);
});

/** Starts a run of one node that waits, and gives it signals once it waits. */
async function interrupted(
  signals: readonly Deno.Signal[],
  script: string,
): Promise<{ code: number; seconds: number }> {
  using dir = new TemporaryDirectory().write({
    "workflow.yaml": `name: wait\nnodes:\n  a:\n    run: |\n      ${
      script.replaceAll("\n", "\n      ")
    }\n    outputs: {}\n    allow: { write: [state] }\n`,
    "state/x": "",
  });
  const [program, ...args] = SOURCE_COMMAND;
  const child = new Deno.Command(program, {
    args: [...args, "run", "--json", "--grace", "30s"],
    cwd: dir.path,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let events = "";
  let next = 0;
  let startedAt = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    events += value;
    if (!events.includes(`"started"`) || next > 0) continue;
    startedAt = Date.now();
    // The node has said that it is there: the file appears after its trap is set.
    while (!exists(`${dir.path}/state/ready`)) await new Promise((done) => setTimeout(done, 5));
    for (const signal of signals) {
      child.kill(signal);
      next++;
      if (next < signals.length) await new Promise((done) => setTimeout(done, 100));
    }
  }
  const { code } = await child.status;
  return { code, seconds: (Date.now() - startedAt) / 1000 };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

const OBEDIENT = `trap 'exit 0' TERM\n: > state/ready\nwhile :; do sleep 0.05; done`;
const STUBBORN = `trap '' TERM INT\n: > state/ready\nwhile :; do sleep 0.05; done`;

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`${signal} ends a run in good order with exit code ${exitCode}`, async () => {
    assertEquals((await interrupted([signal], OBEDIENT)).code, exitCode);
  });
}

Deno.test("a second signal kills what does not stop, long before the grace time is over", async () => {
  const { code, seconds } = await interrupted(["SIGINT", "SIGINT"], STUBBORN);
  assertEquals(code, 130);
  assertOk(seconds < 25, `took ${seconds} s`);
});

Deno.test("flow run --timeout: stops the run and exits with 124", async () => {
  using dir = workspace({
    "slow.yaml": `name: slow\nnodes:\n  a: { run: "sleep 30", outputs: {} }\n`,
  });
  const { code, stderr } = await flow(["run", "slow.yaml", "--timeout", "100ms"], {
    cwd: dir.path,
  });
  assertEquals(code, 124, stderr);
});

Deno.test("flow show: prints every type a node may return as JSON", async () => {
  using dir = new TemporaryDirectory().write({
    "workflow.yaml": "nodes: { mixed: { call: nodes.ts#mixed } }\n",
    "nodes.ts": `export const mixed = () => ({
  big: new BigInt64Array([5n]), bytes: new Uint8Array([0, 255]), buffer: new ArrayBuffer(1),
  date: new Date(0), map: new Map([[1, NaN]]), none: undefined, text: '{"$flow":["Uint8Array",0]}',
});
`,
  });
  const { code, stdout, stderr } = await flow(["run", "-o", "mixed"], { cwd: dir.path });
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout), {
    big: { $flow: ["BigInt64Array", ["5"]] },
    bytes: { $flow: ["Uint8Array", [0, 255]] },
    buffer: { $flow: ["ArrayBuffer", [0]] },
    date: { $flow: ["Date", 0] },
    map: { $flow: ["Map", [[1, { $flow: "NaN" }]]] },
    none: { $flow: "undefined" },
    text: '{"$flow":["Uint8Array",0]}',
  });
});

Deno.test("flow run: says where a function threw, and its log holds the stack", async () => {
  using dir = new TemporaryDirectory().write({
    "wf.yaml": "nodes: { bad: { call: nodes.ts#bad } }\n",
    "nodes.ts": `export function bad() {
  helper();
}
function helper() {
  throw new Error("no rows");
}
`,
  });
  const cwd = dir.path;
  const { code, stderr } = await flow(["run", "wf.yaml"], { cwd });
  assertEquals(code, 1, stderr);
  assertIncludes(
    stderr,
    `failed: bad (threw an error)
  no rows
  at helper (nodes.ts:5:9)
  at wf.yaml:1:10
  log: flow log wf.yaml bad --error
`,
  );
  const log = await flow(["log", "wf.yaml", "bad"], { cwd });
  assertEquals([log.code, log.stdout.split("\n")[0]], [0, "Error: no rows"], log.stderr);
});

Deno.test("flow show >/dev/full: is no bug of flow", async () => {
  using dir = workspace();
  const command = [...SOURCE_COMMAND, "run", "-q", "-o", "total"].map((word) => `'${word}'`);
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${command.join(" ")} >/dev/full`],
    cwd: dir.path,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(
    [code, new TextDecoder().decode(stderr)],
    [1, "error: Cannot write to standard output: No space left on device (os error 28)\n"],
  );
});
