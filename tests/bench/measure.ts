/** Runs whole commands and measures them from outside: wall time, processor time, peak memory. Knows no workload. */

import { TreeMemory } from "./tree_memory.ts";

/** What several runs of one command took. */
export interface Measurement {
  /** Wall milliseconds, one per counted run. */
  readonly wallMs: readonly number[];
  /** User and system milliseconds of all processes, one per counted run; empty without GNU time. */
  readonly cpuMs: readonly number[];
  /** Largest resident set of the process tree, shared pages counted once, in bytes; absent where neither /proc nor GNU time tells. */
  readonly maxRssBytes?: number;
}

/** How a command is measured. */
export interface MeasureOptions {
  readonly cwd: string;
  /** Counted runs. */
  readonly runs: number;
  /** Runs before, not counted. */
  readonly warmup?: number;
  /** Brings the directory into the state each run starts from; not measured. */
  readonly prepare?: () => void;
  readonly env?: Readonly<Record<string, string>>;
}

/** Files younger than this are hashed again by flow, as their times prove nothing yet, in milliseconds. */
const SETTLE_MS = 3_200;

/** Waits until what was just written is older than the clock's resolution, as it is when a person runs again. */
export function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE_MS);
}

/** Middle of some numbers; the lower one of two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/**
 * Runs a command several times.
 *
 * @throws {Error} If it exits with a code other than 0; what it printed is in the message.
 */
export async function measure(
  argv: readonly string[],
  options: MeasureOptions,
): Promise<Measurement> {
  const counted: Single[] = [];
  for (let i = -(options.warmup ?? 0); i < options.runs; i++) {
    options.prepare?.();
    const one = await runOnce(argv, options);
    if (i >= 0) counted.push(one);
  }
  const maxRssBytes = Math.max(...counted.map((one) => one.maxRssBytes));
  return {
    wallMs: counted.map((one) => one.wallMs),
    cpuMs: counted.flatMap((one) => one.cpuMs ?? []),
    ...(maxRssBytes > 0 ? { maxRssBytes } : {}),
  };
}

/** One run. */
interface Single {
  readonly wallMs: number;
  readonly cpuMs?: number;
  /** 0 if unknown. */
  readonly maxRssBytes: number;
}

const GNU_TIME = "/usr/bin/time";

async function runOnce(argv: readonly string[], options: MeasureOptions): Promise<Single> {
  const timeFile = Deno.makeTempFileSync();
  const full = exists(GNU_TIME) ? [GNU_TIME, "-f", "%M %U %S", "-o", timeFile, ...argv] : argv;
  const startedAt = performance.now();
  const child = new Deno.Command(full[0], {
    args: full.slice(1),
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  using memory = new TreeMemory(child.pid);
  const { code, stdout, stderr } = await child.output();
  const wallMs = performance.now() - startedAt;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (code !== 0) {
    throw new Error(`${argv.join(" ")} failed with ${code}\n${text(stdout)}${text(stderr)}`);
  }
  const [kib = 0, user = NaN, system = NaN] = Deno.readTextFileSync(timeFile).trim().split(" ")
    .map(Number);
  Deno.removeSync(timeFile);
  const cpuMs = (user + system) * 1000;
  return {
    wallMs,
    ...(Number.isNaN(cpuMs) ? {} : { cpuMs }),
    // A short peak may lie between two samples; GNU time sees it, but of one process only.
    maxRssBytes: Math.max(memory.peakBytes, kib * 1024),
  };
}

/** Tells whether a path exists. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    // Absent or unreadable: for a bench the same.
    return false;
  }
}

/** Path of a program on PATH, or `undefined`. */
export function which(program: string): string | undefined {
  return (Deno.env.get("PATH") ?? "").split(":").map((dir) => `${dir}/${program}`).find(exists);
}
