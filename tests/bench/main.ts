/**
 * The benchmark of the whole program beside its peers: start-up, hello, chains of commands, function nodes. Knows the
 * program only by its command line.
 *
 * `deno task bench [--quick] [--only NAME]` prints one table; ratios against the best peer of the same run are what
 * counts, absolute times are this machine's.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { exists, measure, type Measurement, median, which } from "./measure.ts";
import { writeCalls, writeChains, writeHello } from "./workloads.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const JOBS = "2";
/** Files younger than this are hashed again by flow, as their times prove nothing yet. */
const SETTLE_MS = 3_200;

/** One line of the table. */
interface Row {
  readonly workload: string;
  readonly tool: string;
  readonly measurement: Measurement;
  /** Divides the median to a cost per node, if the workload has nodes. */
  readonly nodes?: number;
}

const isQuick = Deno.args.includes("--quick");
const onlyAt = Deno.args.indexOf("--only");
const only = onlyAt < 0 ? undefined : Deno.args[onlyAt + 1];
const rows: Row[] = [];
const scratch = Deno.makeTempDirSync({ prefix: "flow-bench-" });

try {
  bench("startup", benchStartup);
  bench("hello", benchHello);
  bench("chains-1k", () => benchChains(1_000, true));
  bench("chains-1k-sandbox", () => benchSandbox(1_000));
  bench("chains-10k", () => benchChains(10_000, !isQuick));
  bench("calls-10k", () => benchCalls(isQuick ? 2_000 : 10_000));
  print(rows);
} finally {
  Deno.removeSync(scratch, { recursive: true });
}

function bench(name: string, body: () => void): void {
  if (only !== undefined && only !== name) return;
  console.error(`bench ${name} …`);
  body();
}

/** The bundled program if it was built, else the sources. */
function flow(): string[] {
  const bundle = `${ROOT}/dist/flow.js`;
  const main = exists(bundle) ? bundle : `${ROOT}/cli/main.ts`;
  return [Deno.execPath(), "run", "-A", "--no-prompt", "--unstable-worker-options", main];
}

function add(workload: string, tool: string, measurement: Measurement, nodes?: number): void {
  rows.push({ workload, tool, measurement, ...(nodes === undefined ? {} : { nodes }) });
}

function benchStartup(): void {
  const empty = `${scratch}/empty.ts`;
  Deno.writeTextFileSync(empty, "export {};\n");
  const options = { cwd: scratch, runs: 15, warmup: 3 };
  add("start-up", "deno run empty.ts", measure([Deno.execPath(), "run", empty], options));
  add("start-up", "flow --version", measure([...flow(), "--version"], options));
}

function benchHello(): void {
  const dir = `${scratch}/hello`;
  writeHello(dir);
  const run = [...flow(), "run", "-q"];
  const clean = (): void => remove(`${dir}/.pipecache`);
  add("hello cold", "flow", measure(run, { cwd: dir, runs: 9, warmup: 2, prepare: clean }));
  add("hello no-op", "flow", measure(run, { cwd: dir, runs: 9, warmup: 1 }));
}

function benchChains(nodes: number, hasFirstRun: boolean): void {
  const dir = `${scratch}/chains-${nodes}`;
  writeChains(dir, nodes);
  const label = `chains ${nodes / 1000}k`;
  const runs = nodes > 5_000 ? 3 : 5;
  const reset = (): void => {
    for (const name of [".pipecache", ".ninja_log", ".ninja_deps", "node_modules/.deno"]) {
      remove(`${dir}/${name}`);
    }
    remove(`${dir}/out`);
    Deno.mkdirSync(`${dir}/out`);
  };
  const tools: [string, string[]][] = [["flow", [...flow(), "run", "-q", "-j", JOBS]]];
  if (which("ninja")) tools.push(["ninja", ["ninja", "-j", JOBS]]);
  if (which("make")) tools.push(["make", ["make", "-s", "-j", JOBS]]);
  if (nodes <= 1_000) tools.push(["deno task", [Deno.execPath(), "task", "all"]]);
  for (const [tool, argv] of tools) {
    reset();
    if (hasFirstRun) {
      const first = measure(argv, { cwd: dir, runs: nodes > 5_000 ? 1 : 3, prepare: reset });
      add(`${label} first run`, tool, first, nodes);
    } else measure(argv, { cwd: dir, runs: 1 });
    const noop = { cwd: dir, runs, warmup: 1, prepare: () => settle(dir) };
    add(`${label} no-op`, tool, measure(argv, noop), nodes);
  }
}

/** Waits until what was just written is older than the clock's resolution, as it is when a person runs again. */
function settle(dir: string): void {
  const newest = Math.max(
    ...[...Deno.readDirSync(`${dir}/out`)].slice(-5).map(({ name }) =>
      Deno.statSync(`${dir}/out/${name}`).ctime?.getTime() ?? 0
    ),
  );
  const wait = new Int32Array(new SharedArrayBuffer(4));
  while (Date.now() - newest < SETTLE_MS) Atomics.wait(wait, 0, 0, 100);
}

/** The same with every command confined by bubblewrap, where it is installed. */
function benchSandbox(nodes: number): void {
  if (which("bwrap") === undefined) return;
  const dir = `${scratch}/sandbox-${nodes}`;
  writeChains(dir, nodes, "auto");
  const run = [...flow(), "run", "-q", "-j", JOBS];
  const first = measure(run, { cwd: dir, runs: 1 });
  add(`chains ${nodes / 1000}k first run`, "flow, bubblewrap", first, nodes);
}

function benchCalls(nodes: number): void {
  const dir = `${scratch}/calls`;
  writeCalls(dir, nodes);
  const run = [...flow(), "run", "-q", "-j", JOBS];
  const clean = (): void => remove(`${dir}/.pipecache`);
  const label = `calls ${nodes / 1000}k`;
  add(`${label} first run`, "flow", measure(run, { cwd: dir, runs: 3, prepare: clean }), nodes);
  add(`${label} no-op`, "flow", measure(run, { cwd: dir, runs: 3, warmup: 1 }), nodes);
}

function remove(path: string): void {
  if (exists(path)) Deno.removeSync(path, { recursive: true });
}

/** Prints median, minimum, cost per node, memory, and the ratio to the fastest tool of the workload. */
function print(all: readonly Row[]): void {
  console.log("| workload | tool | median ms | min ms | ms/node | peak MB | ratio |");
  console.log("|---|---|--:|--:|--:|--:|--:|");
  for (const { workload, tool, measurement, nodes } of all) {
    const middle = median(measurement.wallMs);
    const peers = all.filter((row) => row.workload === workload);
    const best = Math.min(...peers.map((row) => median(row.measurement.wallMs)));
    const cells = [
      workload,
      tool,
      middle.toFixed(middle < 100 ? 1 : 0),
      Math.min(...measurement.wallMs).toFixed(middle < 100 ? 1 : 0),
      nodes === undefined ? "" : (middle / nodes).toFixed(3),
      measurement.maxRssBytes === undefined ? "" : (measurement.maxRssBytes / 1e6).toFixed(0),
      peers.length < 2 ? "" : (middle / best).toFixed(2),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
