/**
 * The benchmark of the whole program beside its peers: start-up, hello, chains of commands, function nodes, large graphs, maps.
 * Knows the program only by its command line.
 *
 * `deno task bench [--quick] [--large] [--ppg2] [--pipefunc] [--only NAME]` prints one table; ratios against the best peer of the same
 * run are what counts, absolute times are this machine's. `--quick` leaves out what takes minutes, `--large` adds graphs
 * of 100,000 nodes, `--ppg2` installs pypipegraph2 into a directory of its own and runs its benchmarks beside flow; `--pipefunc` does the same
 * with pipefunc for maps.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { benchGraphs, flowCommand, installPpg2, type Result } from "./graph_bench.ts";
import { benchMaps, installPipefunc } from "./map_bench.ts";
import { exists, measure, type Measurement, median, settle, which } from "./measure.ts";
import { writeCalls, writeChains, writeHello } from "./workloads.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const JOBS = "2";

/** One line of the table; `nodes` divides the median to a cost per node. */
type Row = Omit<Result, "nodes"> & Partial<Pick<Result, "nodes">>;

const isQuick = Deno.args.includes("--quick");
const onlyAt = Deno.args.indexOf("--only");
const only = onlyAt < 0 ? undefined : Deno.args[onlyAt + 1];
const rows: Row[] = [];
const scratch = Deno.makeTempDirSync({ prefix: "flow-bench-" });

const flow = flowCommand(ROOT);

try {
  await bench("startup", benchStartup);
  await bench("hello", benchHello);
  await bench("chains-1k", () => benchChains(1_000, true));
  await bench("chains-1k-sandbox", () => benchSandbox(1_000));
  await bench("chains-10k", () => benchChains(10_000, !isQuick));
  await bench("calls-10k", () => benchCalls(isQuick ? 2_000 : 10_000));
  await bench("graphs", benchLarge);
  await bench("maps", benchManyCalls);
  if (rows.length > 0) print(rows);
} finally {
  Deno.removeSync(scratch, { recursive: true });
}

async function bench(name: string, body: () => Promise<void>): Promise<void> {
  if (only !== undefined && only !== name) return;
  console.error(`bench ${name} …`);
  await body();
}

async function benchLarge(): Promise<void> {
  const python = Deno.args.includes("--ppg2") ? await installPpg2(scratch) : undefined;
  const onResult = (result: Result): void => {
    rows.push(result);
    console.error(`  ${result.workload}, ${result.tool}`);
  };
  const sizes = [
    1_000,
    ...isQuick ? [] : [10_000],
    ...Deno.args.includes("--large") ? [100_000] : [],
  ];
  for (const nodes of sizes) {
    await benchGraphs(
      { scratch, flow, onResult, ...python === undefined ? {} : { python } },
      nodes,
    );
  }
}

/** Prints a table of its own: what counts is the cost per call. */
async function benchManyCalls(): Promise<void> {
  const python = Deno.args.includes("--pipefunc") ? await installPipefunc(scratch) : undefined;
  const calls = isQuick ? 100_000 : Deno.args.includes("--large") ? 5_000_000 : 1_000_000;
  const ownLength = isQuick ? 20 : 50;
  const rest = python === undefined ? {} : { python };
  await benchMaps({ scratch, flow, calls, ownLength, ...rest });
}

function add(workload: string, tool: string, measurement: Measurement, nodes?: number): void {
  rows.push({ workload, tool, measurement, ...(nodes === undefined ? {} : { nodes }) });
}

async function benchStartup(): Promise<void> {
  const empty = `${scratch}/empty.ts`;
  Deno.writeTextFileSync(empty, "export {};\n");
  const options = { cwd: scratch, runs: 15, warmup: 3 };
  add("start-up", "deno run empty.ts", await measure([Deno.execPath(), "run", empty], options));
  add("start-up", "flow --version", await measure([...flow, "--version"], options));
}

async function benchHello(): Promise<void> {
  const dir = `${scratch}/hello`;
  writeHello(dir);
  const run = [...flow, "run", "-q"];
  const clean = (): void => remove(`${dir}/.pipecache`);
  add("hello cold", "flow", await measure(run, { cwd: dir, runs: 9, warmup: 2, prepare: clean }));
  add("hello no-op", "flow", await measure(run, { cwd: dir, runs: 9, warmup: 1 }));
}

async function benchChains(nodes: number, hasFirstRun: boolean): Promise<void> {
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
  const tools: [string, string[]][] = [["flow", [...flow, "run", "-q", "-j", JOBS]]];
  if (which("ninja")) tools.push(["ninja", ["ninja", "-j", JOBS]]);
  if (which("make")) tools.push(["make", ["make", "-s", "-j", JOBS]]);
  if (nodes <= 1_000) tools.push(["deno task", [Deno.execPath(), "task", "all"]]);
  for (const [tool, argv] of tools) {
    reset();
    if (hasFirstRun) {
      const first = await measure(argv, { cwd: dir, runs: nodes > 5_000 ? 1 : 3, prepare: reset });
      add(`${label} first run`, tool, first, nodes);
    } else await measure(argv, { cwd: dir, runs: 1 });
    const noop = { cwd: dir, runs, warmup: 1, prepare: settle };
    add(`${label} no-op`, tool, await measure(argv, noop), nodes);
  }
}

/** The same with every command confined by bubblewrap, where it is installed. */
async function benchSandbox(nodes: number): Promise<void> {
  if (which("bwrap") === undefined) return;
  const dir = `${scratch}/sandbox-${nodes}`;
  writeChains(dir, nodes, "auto");
  const run = [...flow, "run", "-q", "-j", JOBS];
  const first = await measure(run, { cwd: dir, runs: 1 });
  add(`chains ${nodes / 1000}k first run`, "flow, bubblewrap", first, nodes);
}

async function benchCalls(nodes: number): Promise<void> {
  const dir = `${scratch}/calls`;
  writeCalls(dir, nodes);
  const run = [...flow, "run", "-q", "-j", JOBS];
  const clean = (): void => remove(`${dir}/.pipecache`);
  const label = `calls ${nodes / 1000}k`;
  add(
    `${label} first run`,
    "flow",
    await measure(run, { cwd: dir, runs: 3, prepare: clean }),
    nodes,
  );
  add(`${label} no-op`, "flow", await measure(run, { cwd: dir, runs: 3, warmup: 1 }), nodes);
}

function remove(path: string): void {
  if (exists(path)) Deno.removeSync(path, { recursive: true });
}

/** Prints median, minimum, cost per node, memory, and the ratio to the fastest tool of the workload. */
function print(all: readonly Row[]): void {
  console.log("| workload | tool | median ms | min ms | cpu ms | ms/node | peak MB | ratio |");
  console.log("|---|---|--:|--:|--:|--:|--:|--:|");
  for (const { workload, tool, measurement, nodes } of all) {
    const middle = median(measurement.wallMs);
    const peers = all.filter((row) => row.workload === workload);
    const best = Math.min(...peers.map((row) => median(row.measurement.wallMs)));
    const cells = [
      workload,
      tool,
      middle.toFixed(middle < 100 ? 1 : 0),
      Math.min(...measurement.wallMs).toFixed(middle < 100 ? 1 : 0),
      measurement.cpuMs.length === 0 ? "" : median(measurement.cpuMs).toFixed(0),
      nodes === undefined ? "" : (middle / nodes).toFixed(3),
      measurement.maxRssBytes === undefined ? "" : (measurement.maxRssBytes / 1e6).toFixed(0),
      peers.length < 2 ? "" : (middle / best).toFixed(2),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
