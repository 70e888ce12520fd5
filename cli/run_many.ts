/**
 * Runs a workflow once for each combination of values. Does not know how: `ManyRuns` does.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";
import type { Event, ManyRequest, ManyRuns, Member, MemberEnd, StoredOutput } from "../core/mod.ts";
import type { CliContext } from "./context.ts";
import { ManySurface } from "./many_surface.ts";
import { writeStderr, writeStdout } from "./output.ts";
import type { OpenedMany } from "./sweep_flags.ts";
import { type Steering, STOPPED_EXIT_CODE } from "./steering.ts";
import type { SurfaceFlags } from "./run_surface.ts";
import type { ShowFormat } from "./show_output.ts";
import { detectStyle, processFacts } from "./terminal.ts";

/** Exit code of a tool whose reader went away: 128 + SIGPIPE. */
const BROKEN_PIPE_EXIT_CODE = 141;

/** What is the same for all runs. */
export type SameForAll = Omit<ManyRequest, "onEvent" | "onEnd" | "stop" | "kill" | "drain">;

/** Flags of one run that say what is to be computed again; with many they would do it once for each. */
export interface AgainFlags {
  readonly force: boolean;
  readonly from?: unknown;
  readonly forget?: unknown;
}

/**
 * Refuses flags that cannot be meant for many runs.
 *
 * @throws {UsageError} If there is one.
 */
export function checkManyFlags({ force, from, forget }: AgainFlags): void {
  const flag = force
    ? "--force"
    : from !== undefined
    ? "--from"
    : forget !== undefined
    ? "--forget"
    : undefined;
  if (flag === undefined) return;
  throw new UsageError(
    `Cannot use "${flag}" with many runs: what they share would run once for each`,
    {
      hint: "drop results before: flow cache forget NAMES",
    },
  );
}

/**
 * Runs all combinations and shows them.
 *
 * @param request What is the same for all runs.
 */
export async function runMany(
  context: CliContext,
  { many }: OpenedMany,
  request: SameForAll,
  { flags, steering }: {
    readonly flags: SurfaceFlags & { readonly format: ShowFormat };
    readonly steering: Steering;
  },
): Promise<void> {
  const { deliver } = request;
  const rows = deliver === undefined
    ? undefined
    : await openRows(many, deliver, { format: flags.format, steering });
  const surface = await openSurface(many.members.length, flags, context.cwd);
  steering.tellTo((text) => surface.note(text));
  let failed = 0;
  let ended = 0;
  await many.run({
    ...request,
    stop: steering.stop,
    kill: steering.kill,
    drain: steering.drain,
    onEvent(member, event) {
      if (flags.json) printEvent(member, event, steering);
      else surface.onEvent(member, event);
    },
    onEnd(member, end) {
      if (end.outcome === "failed" || end.outcome === "refused") failed++;
      ended++;
      if (!flags.json || end.outcome === "refused") surface.onEnd(member, end);
      rows?.take(member, end);
    },
  });
  if (!flags.json) surface.end();
  const isWhole = ended === many.members.length;
  const exitCode = failed > 0 ? 1 : isWhole ? 0 : STOPPED_EXIT_CODE;
  context.exitCode = steering.exitCode ?? exitCode;
}

async function openSurface(
  total: number,
  flags: SurfaceFlags,
  cwd: string,
): Promise<ManySurface> {
  const report = await import("../core/mod.ts");
  const { createProgress } = await import("./progress.ts");
  const { color, unicode } = detectStyle(processFacts(Deno.stderr.isTerminal()), flags.color);
  const { debug } = flags;
  const now = () => performance.now();
  return new ManySurface(total, {
    verbosity: flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal",
    ...{ color, debug, cwd, report, now },
    write: writeStderr,
    verbose: (write) =>
      createProgress(
        { write, isTerminal: false, columns: () => 100 },
        { mode: "verbose", color, unicode, debug, cwd, now, report },
      ),
  });
}

/** Events of all runs as lines; each says of which run it is, the first one also of which values. */
function printEvent(member: Member, event: Event, steering: Steering): void {
  if (steering.exitCode === BROKEN_PIPE_EXIT_CODE) return;
  const { number, values } = member;
  const line = { ...event, combination: number, ...event.type === "begin" ? { values } : {} };
  printLine(JSON.stringify(line), steering);
}

/** When nobody reads any more the runs stop, as other tools in a pipe do. */
function printLine(line: string, steering: Steering): void {
  try {
    writeStdout(`${line}\n`);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    steering.requestStop(BROKEN_PIPE_EXIT_CODE);
  }
}

/**
 * Returns what prints the results of runs.
 *
 * @throws {UsageError} If a swept name is called like the output, or the format has no lines.
 */
async function openRows(
  many: ManyRuns,
  name: string,
  { format, steering }: { readonly format: ShowFormat; readonly steering: Steering },
): Promise<RowsInOrder> {
  const { cellsOf, checkColumns, csvLine, rowJson, rowOf } = await import("./rows_json.ts");
  checkColumns(many.names, name);
  if (format !== "auto" && format !== "ndjson" && format !== "csv") {
    throw new UsageError(`Cannot print the results of many runs as ${format}`, {
      hint: "use ndjson or csv",
    });
  }
  const columns = [...many.names, name];
  let isFirst = true;
  return new RowsInOrder((member, output) => {
    if (steering.exitCode === BROKEN_PIPE_EXIT_CODE) return;
    const row = rowOf(member, name, output);
    if (format === "csv" && isFirst) printLine(csvLine(columns), steering);
    isFirst = false;
    printLine(format === "csv" ? csvLine(cellsOf(row, columns)) : rowJson(row), steering);
  });
}

/** Prints a row for each run that made its output, in the order of the combinations. */
class RowsInOrder {
  readonly #print: (member: Member, output: StoredOutput) => void;
  /** Runs that are over, by number, until all before them are. */
  readonly #waiting = new Map<number, readonly [Member, MemberEnd]>();
  #next = 1;

  constructor(print: (member: Member, output: StoredOutput) => void) {
    this.#print = print;
  }

  /** Takes what became of a run, and prints as far as all before are there. */
  take(member: Member, end: MemberEnd): void {
    this.#waiting.set(member.number, [member, end]);
    for (;;) {
      const ready = this.#waiting.get(this.#next);
      if (ready === undefined) return;
      this.#waiting.delete(this.#next++);
      const [at, ended] = ready;
      if ("output" in ended && ended.output !== undefined) this.#print(at, ended.output);
    }
  }
}
