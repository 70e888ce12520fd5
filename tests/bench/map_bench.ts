/**
 * Maps of many small calls, beside pipefunc if that is asked for: cold, with nothing to do, after one element changed, and
 * after a kill in the middle. Knows flow only by its command line.
 */

import { measure, type Measurement, median, settle, which } from "./measure.ts";

/** Version measured beside flow. */
const PIPEFUNC = "pipefunc==0.93.2";

/** Share of the store at which a run is killed. */
const KILLED_AT = 0.5;

/** Where and with what maps are measured. */
export interface MapBench {
  readonly scratch: string;
  /** Command line of flow. */
  readonly flow: readonly string[];
  /** Calls of the element-wise map; the outer product has as many. */
  readonly calls: number;
  /** Length of the axes of pipefunc's own benchmark: N + N³ + N² calls. */
  readonly ownLength: number;
  /** Python with pipefunc, if that is to be measured. */
  readonly python?: string;
}

/** One line of the table. */
interface MapResult {
  readonly workload: string;
  readonly tool: string;
  readonly calls: number;
  readonly measurement: Measurement;
  readonly storeBytes?: number;
}

const NODES = `export const range = ({ n }) => Array.from({ length: n }, (_, i) => i);
export const edited = ({ n, at }) => Array.from({ length: n }, (_, i) => i === at ? -1 : i);
export const inc = ({ x }) => x + 1;
export const mul = ({ x, y }) => x * y;
export const sum = ({ all }) => all.reduce((a, b) => a + b, 0);
export const f = (_) => 1;
`;

/** Measures and prints a table line by line. */
export async function benchMaps(bench: MapBench): Promise<void> {
  const { calls } = bench;
  const side = Math.round(Math.sqrt(calls));
  printHead();
  await benchFlow(bench, `x[i] -> y[i], ${calls}`, calls, [
    `  x: { call: nodes.js#edited, inputs: { n: { value: ${calls} }, at: params.at } }`,
    '  y: { call: nodes.js#inc, map: "x[i] -> y[i]", inputs: { x: x } }',
    "  total: { call: nodes.js#sum, inputs: { all: y } }",
  ]);
  await benchFlow(bench, `${side} x ${side} and a reduction`, side * side + side, [
    `  x: { call: nodes.js#edited, inputs: { n: { value: ${side} }, at: params.at } }`,
    `  y: { call: nodes.js#range, inputs: { n: { value: ${side} } } }`,
    '  z: { call: nodes.js#mul, map: "x[i], y[j] -> z[i, j]", inputs: { x: x, y: y } }',
    '  s: { call: nodes.js#sum, map: "all[i, :] -> s[i]", inputs: { all: z } }',
  ]);
  await benchOwn(bench);
}

/** The benchmark pipefunc's page shows, by both. Only what is on disk survives a kill, so pipefunc is measured with that too. */
async function benchOwn(bench: MapBench): Promise<void> {
  const n = bench.ownLength;
  const [workload, calls] = [`pipefunc's own, N = ${n}`, n + n ** 3 + n ** 2];
  const list = (name: string) =>
    `  ${name}: { call: nodes.js#range, inputs: { n: { value: ${n} } } }`;
  await benchFlow(bench, workload, calls, [
    `  a: { call: nodes.js#edited, inputs: { n: { value: ${n} }, at: params.at } }`,
    ...["b", "x", "y"].map(list),
    '  c: { call: nodes.js#f, map: "a[k], b[k] -> c[k]", inputs: { a: a, b: b } }',
    '  d: { call: nodes.js#f, map: "c[k], x[i], y[j] -> d[i, j, k]", inputs: { b: b, c: c, x: x, y: y } }',
    '  e: { call: nodes.js#f, map: "d[i, j, :] -> e[i, j]", inputs: { d: d } }',
  ]);
  if (bench.python !== undefined) await benchPipefunc(bench, bench.python, { workload, calls });
}

async function benchPipefunc(
  { scratch, ownLength }: MapBench,
  python: string,
  { workload, calls }: { readonly workload: string; readonly calls: number },
): Promise<void> {
  const dir = `${scratch}/pipefunc-own`;
  Deno.mkdirSync(dir, { recursive: true });
  Deno.writeTextFileSync(`${dir}/own.py`, pythonOf(ownLength));
  const store = `${dir}/run`;
  const note = async (state: string, storage: string): Promise<number> => {
    const measurement = await measure([python, "own.py", storage], { cwd: dir, runs: 1 });
    const storeBytes = sizeOf(store);
    const tool = `${PIPEFUNC} ${storage}`;
    printRow({ workload: `${workload}, ${state}`, tool, calls, measurement, storeBytes });
    return storeBytes;
  };
  await note("cold", "dict");
  const wholeBytes = await note("cold", "file_array");
  await note("no-op", "file_array");
  Deno.removeSync(store, { recursive: true });
  const run = [python, "own.py", "file_array"];
  await killHalfway(run, { cwd: dir, store, storeBytes: wholeBytes * KILLED_AT });
  try {
    await note("resumed after a kill", "file_array");
  } catch (error) {
    // A kill may tear the file it was writing, which then cannot be read.
    const reason = (error as Error).message.trim().split("\n").at(-1);
    console.log(
      `| ${workload}, resumed after a kill | ${PIPEFUNC} file_array | fails: ${reason} |`,
    );
  }
}

function pythonOf(n: number): string {
  return `import sys
from pipefunc import Pipeline, pipefunc
@pipefunc(output_name="c", mapspec="a[k], b[k] -> c[k]")
def f(a, b) -> int: return 1
@pipefunc(output_name="d", mapspec="c[k], x[i], y[j] -> d[i, j, k]")
def g(b, c, x, y) -> int: return 1
@pipefunc(output_name="e", mapspec="d[i, j, :] -> e[i, j]")
def h(d) -> int: return 1
lst = list(range(${n}))
storage = sys.argv[1]
kept = {} if storage == "dict" else {"run_folder": "run", "resume": True}
Pipeline([f, g, h]).map(inputs={"a": lst, "b": lst, "x": lst, "y": lst}, storage=storage,
    parallel=False, **kept)
`;
}

/** All states of one workflow; `params.at` chooses the element that is another one. */
async function benchFlow(
  { scratch, flow }: MapBench,
  workload: string,
  calls: number,
  nodes: readonly string[],
): Promise<void> {
  const dir = Deno.makeTempDirSync({ dir: scratch });
  Deno.writeTextFileSync(`${dir}/nodes.js`, NODES);
  Deno.writeTextFileSync(
    `${dir}/workflow.yaml`,
    ["params: { at: -1 }", "nodes:", ...nodes, ""].join("\n"),
  );
  const run = [...flow, "run", "-q", "-j", "2"];
  const note = async (state: string, argv: readonly string[], runs = 1): Promise<number> => {
    const measurement = await measure(argv, { cwd: dir, runs });
    const storeBytes = sizeOf(`${dir}/.pipecache`);
    printRow({ workload: `${workload}, ${state}`, tool: "flow", calls, measurement, storeBytes });
    return storeBytes;
  };
  const wholeBytes = await note("cold", run);
  settle();
  await note("no-op", run, 3);
  await note("one element changed", [...run, "--set", "at=1"]);
  Deno.removeSync(`${dir}/.pipecache`, { recursive: true });
  const store = `${dir}/.pipecache`;
  await killHalfway(run, { cwd: dir, store, storeBytes: wholeBytes * KILLED_AT });
  await note("resumed after a kill", run);
}

/** Runs until a store has some size, and kills. */
async function killHalfway(
  argv: readonly string[],
  { cwd, store, storeBytes }: {
    readonly cwd: string;
    readonly store: string;
    readonly storeBytes: number;
  },
): Promise<void> {
  const child = new Deno.Command(argv[0], {
    args: argv.slice(1),
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setInterval(() => {
    if (sizeOf(store) < storeBytes) return;
    clearInterval(timer);
    child.kill("SIGKILL");
  }, 20);
  const { signal } = await child.status;
  clearInterval(timer);
  if (signal !== "SIGKILL") console.error("  it was over before it could be killed");
}

/** Bytes of all files below a directory; 0 if there is none. */
function sizeOf(dir: string): number {
  let bytes = 0;
  try {
    for (const { name, isDirectory } of Deno.readDirSync(dir)) {
      bytes += isDirectory ? sizeOf(`${dir}/${name}`) : Deno.lstatSync(`${dir}/${name}`).size;
    }
  } catch (error) {
    // What runs removes what it does not need.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

function printHead(): void {
  console.log(
    "| workload | tool | calls | ms | cpu ms | µs/call | cpu µs/call | peak MB | store MB |",
  );
  console.log("|---|---|--:|--:|--:|--:|--:|--:|--:|");
}

function printRow({ workload, tool, calls, measurement, storeBytes }: MapResult): void {
  const wallMs = median(measurement.wallMs);
  const cpuMs = measurement.cpuMs.length === 0 ? undefined : median(measurement.cpuMs);
  const cells = [
    workload,
    tool,
    calls,
    wallMs.toFixed(0),
    cpuMs?.toFixed(0) ?? "",
    (wallMs / calls * 1000).toFixed(2),
    cpuMs === undefined ? "" : (cpuMs / calls * 1000).toFixed(2),
    ((measurement.maxRssBytes ?? 0) / 1e6).toFixed(0),
    storeBytes === undefined ? "" : (storeBytes / 1e6).toFixed(1),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

/**
 * Makes a Python environment with pipefunc.
 *
 * @returns Its interpreter, or `undefined` if it cannot be made; why is said.
 */
export async function installPipefunc(scratch: string): Promise<string | undefined> {
  const [system, dir] = [which("python3"), `${scratch}/pipefunc`];
  if (system === undefined) {
    console.error("pipefunc: skipped, there is no python3");
    return undefined;
  }
  try {
    await measure([system, "-m", "venv", dir], { cwd: scratch, runs: 1 });
    await measure([`${dir}/bin/pip`, "install", "-q", PIPEFUNC], { cwd: scratch, runs: 1 });
    return `${dir}/bin/python`;
  } catch (error) {
    console.error(`pipefunc: skipped, it cannot be installed\n${(error as Error).message}`);
    return undefined;
  }
}
