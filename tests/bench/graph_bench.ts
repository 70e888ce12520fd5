/** Runs graphs of many nodes through flow and its peers. Knows the programs only by their command lines. */

import { changeHead, type Shape, SHAPES, writeGraph } from "./graphs.ts";
import { exists, measure, type Measurement, settle, which } from "./measure.ts";

/** One measured command. */
export interface Result {
  readonly workload: string;
  readonly tool: string;
  readonly measurement: Measurement;
  readonly nodes: number;
}

/** What graphs are measured with. */
export interface GraphBench {
  /** Directory for everything that is written. */
  readonly scratch: string;
  /** Command line of flow. */
  readonly flow: readonly string[];
  /** Python with pypipegraph2, if that is to be measured. */
  readonly python?: string;
  readonly onResult: (result: Result) => void;
}

/** Shapes measured in all ways; the others are for the comparison with pypipegraph2. */
const OWN_SHAPES: readonly Shape[] = ["chain", "fanin", "values"];

/** Version of the peer; its results are compared with this one only. */
const PPG2 = "pypipegraph2==3.4.2";

/** Measures one size of all shapes: first run, nothing to do with and without the memo, one change at the head. */
export async function benchGraphs(bench: GraphBench, nodes: number): Promise<void> {
  for (const shape of Object.keys(SHAPES) as Shape[]) {
    const isOwn = OWN_SHAPES.includes(shape);
    if (!isOwn && bench.python === undefined) continue;
    const dir = `${bench.scratch}/${shape}-${nodes}`;
    writeGraph(dir, shape, nodes);
    const label = `${shape} ${nodes / 1000}k`;
    const note = (workload: string, tool: string, measurement: Measurement): void =>
      bench.onResult({ workload: `${label} ${workload}`, tool, measurement, nodes });
    await benchFlow(bench.flow, dir, note);
    if (isOwn && shape !== "values" && which("ninja")) await benchNinja(dir, note);
    if (!isOwn) await benchPython(bench.python ?? "", dir, note);
    Deno.removeSync(dir, { recursive: true });
  }
}

type Note = (workload: string, tool: string, measurement: Measurement) => void;

async function benchFlow(flow: readonly string[], dir: string, note: Note): Promise<void> {
  const run = [...flow, "run", "-q", "-j", "2"];
  const once = { cwd: dir, runs: 1 };
  note("first run", "flow", await measure(run, once));
  settle();
  note(
    "no-op",
    "flow, no memo",
    await measure([...run, "--json"], { cwd: dir, runs: 3, warmup: 1 }),
  );
  note("no-op", "flow", await measure(run, { cwd: dir, runs: 3, warmup: 1 }));
  changeHead(dir);
  note("head changed", "flow", await measure(run, once));
}

async function benchNinja(dir: string, note: Note): Promise<void> {
  await measure(["ninja", "-j", "2"], { cwd: dir, runs: 1 });
  note("no-op", "ninja", await measure(["ninja", "-j", "2"], { cwd: dir, runs: 3 }));
}

async function benchPython(python: string, dir: string, note: Note): Promise<void> {
  // Its files must not be there already.
  Deno.removeSync(`${dir}/out`, { recursive: true });
  Deno.mkdirSync(`${dir}/out`);
  const run = [python, "jobs.py"];
  try {
    note("first run", "pypipegraph2", await measure(run, { cwd: dir, runs: 1 }));
    note("no-op", "pypipegraph2", await measure(run, { cwd: dir, runs: 3 }));
  } catch (error) {
    // It gives up on some shapes of some sizes, which is a result too.
    const last = String(error instanceof Error ? error.message : error).trim().split("\n").at(-1);
    console.error(`${dir.split("/").at(-1)}: pypipegraph2 failed: ${last}`);
  }
}

/**
 * Makes a Python environment with pypipegraph2.
 *
 * @returns Its interpreter, or `undefined` if Python or the package cannot be had; that is said.
 */
export async function installPpg2(scratch: string): Promise<string | undefined> {
  const [system, dir] = [which("python3"), `${scratch}/python`];
  if (system === undefined) {
    console.error("pypipegraph2: skipped, there is no python3");
    return undefined;
  }
  try {
    await measure([system, "-m", "venv", dir], { cwd: scratch, runs: 1 });
    const pip = [`${dir}/bin/pip`, "install", "-q", PPG2];
    await measure(pip, { cwd: scratch, runs: 1 });
    return `${dir}/bin/python`;
  } catch (error) {
    console.error(`pypipegraph2: skipped, it cannot be installed\n${(error as Error).message}`);
    return undefined;
  }
}

/** The bundled program if it was built, else the sources. */
export function flowCommand(root: string): string[] {
  const bundle = `${root}/dist/flow.js`;
  const main = exists(bundle) ? bundle : `${root}/cli/main.ts`;
  const v8 = "--v8-flags=--max-semi-space-size=8";
  return [Deno.execPath(), "run", "-A", "--no-prompt", "--unstable-worker-options", v8, main];
}
