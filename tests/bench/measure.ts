/** Runs whole commands and measures them from outside: wall time and peak memory. Knows no workload. */

/** What several runs of one command took. */
export interface Measurement {
  /** Wall milliseconds, one per counted run. */
  readonly wallMs: readonly number[];
  /** Largest resident set of a single process of the runs, in bytes; absent without GNU time. */
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
export function measure(argv: readonly string[], options: MeasureOptions): Measurement {
  const wallMs: number[] = [];
  let maxRssBytes: number | undefined;
  for (let i = -(options.warmup ?? 0); i < options.runs; i++) {
    options.prepare?.();
    const one = runOnce(argv, options);
    if (i < 0) continue;
    wallMs.push(one.wallMs);
    if (one.maxRssBytes !== undefined) maxRssBytes = Math.max(maxRssBytes ?? 0, one.maxRssBytes);
  }
  return { wallMs, ...(maxRssBytes === undefined ? {} : { maxRssBytes }) };
}

const GNU_TIME = "/usr/bin/time";

function runOnce(
  argv: readonly string[],
  options: MeasureOptions,
): { wallMs: number; maxRssBytes?: number } {
  const memoryFile = Deno.makeTempFileSync();
  const hasTime = exists(GNU_TIME);
  const full = hasTime ? [GNU_TIME, "-f", "%M", "-o", memoryFile, ...argv] : argv;
  const startedAt = performance.now();
  const { code, stdout, stderr } = new Deno.Command(full[0], {
    args: full.slice(1),
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).outputSync();
  const wallMs = performance.now() - startedAt;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (code !== 0) {
    throw new Error(`${argv.join(" ")} failed with ${code}\n${text(stdout)}${text(stderr)}`);
  }
  const kib = hasTime ? Number(Deno.readTextFileSync(memoryFile).trim()) : NaN;
  Deno.removeSync(memoryFile);
  return { wallMs, ...(Number.isFinite(kib) ? { maxRssBytes: kib * 1024 } : {}) };
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
