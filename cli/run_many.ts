/**
 * Runs a workflow once for each combination of values. Does not know how: `ManyRuns` does.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";
import type { Event, ManyRequest, Member, MemberEnd } from "../core/mod.ts";
import type { CliContext } from "./context.ts";
import { ManySurface } from "./many_surface.ts";
import { writeStderr, writeStdout } from "./output.ts";
import type { OpenedMany } from "./sweep_flags.ts";
import { type Steering, STOPPED_EXIT_CODE } from "./steering.ts";
import type { SurfaceFlags } from "./run_surface.ts";
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
  { flags, steering }: { readonly flags: SurfaceFlags; readonly steering: Steering },
): Promise<void> {
  const surface = await openSurface(many.members.length, flags, context.cwd);
  steering.tellTo((text) => surface.note(text));
  const { deliver } = request;
  if (deliver !== undefined) {
    const { checkColumns } = await import("./rows_json.ts");
    checkColumns(many.names, deliver);
  }
  const rows = deliver === undefined
    ? undefined
    : new RowsInOrder(deliver, many.members.length, steering);
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
  await rows?.written;
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

/** Prints a line for each run that made its output, in the order of the combinations. */
class RowsInOrder {
  readonly #name: string;
  readonly #steering: Steering;
  readonly #ends: (MemberEnd | undefined)[];
  readonly #members: Member[] = [];
  #next = 0;
  written: Promise<void> = Promise.resolve();

  constructor(name: string, total: number, steering: Steering) {
    this.#name = name;
    this.#steering = steering;
    this.#ends = new Array(total).fill(undefined);
  }

  /** Takes what became of a run, and prints as far as all before are there. */
  take(member: Member, end: MemberEnd): void {
    this.#ends[member.number - 1] = end;
    this.#members[member.number - 1] = member;
    for (;;) {
      const ready = this.#ends[this.#next];
      if (ready === undefined) return;
      const at = this.#members[this.#next++];
      if ("output" in ready && ready.output !== undefined) this.#print(at, ready.output);
    }
  }

  #print(
    member: Member,
    output: NonNullable<Extract<MemberEnd, { counts: unknown }>["output"]>,
  ): void {
    this.written = this.written.then(async () => {
      const { rowJson, rowOf } = await import("./rows_json.ts");
      if (this.#steering.exitCode === BROKEN_PIPE_EXIT_CODE) return;
      printLine(rowJson(rowOf(member, this.#name, output)), this.#steering);
    });
  }
}
