/**
 * What shows a run and, on a terminal, takes the keys that steer it. Does not know how a run goes on.
 *
 * @module
 */

import type { Engine, Event, RunningActions } from "../core/mod.ts";
import type { CommonFlags } from "./flags.ts";
import { writeStderr, writeStdout } from "./output.ts";
import type { Steering } from "./steering.ts";

/** Flags that say how a run is shown. */
export interface SurfaceFlags extends CommonFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly noConsole: boolean;
}

/** What shows one run. */
export interface RunSurface extends Disposable {
  onEvent(event: Event): void;
  /** Gets the means to kill single nodes. */
  onRunning(actions: RunningActions): void;
}

/** Exit code of a tool whose reader went away: 128 + SIGPIPE. */
const BROKEN_PIPE_EXIT_CODE = 141;

/**
 * Chooses how the run is shown, and lets it show what is asked of the run.
 *
 * @param isStdinRead Whether an input is read from standard input: then there are no keys.
 */
export async function openSurface(
  flags: SurfaceFlags,
  steering: Steering,
  engine: Engine,
  isStdinRead: boolean,
): Promise<RunSurface> {
  if (flags.json) return jsonSurface(steering);
  const { openProgress } = await import("./progress_live.ts");
  const progress = await openProgress({
    color: flags.color,
    debug: flags.debug,
    verbosity: flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal",
    expectedMs: (node) => engine.expectedMs(node),
  });
  steering.tellTo((text) => progress.note(text));
  const { hasConsole, openConsole } = await import("./console_live.ts");
  const isKeyed = hasConsole({
    isWanted: !flags.noConsole,
    isRedrawn: progress.isRedrawn,
    isStdinTerminal: Deno.stdin.isTerminal(),
    isStdoutTerminal: Deno.stdout.isTerminal(),
    isStdinRead,
    ci: Deno.env.get("CI"),
  });
  const console = isKeyed ? await openConsole(steering, progress) : undefined;
  return {
    onEvent(event) {
      console?.onEvent(event);
      progress.onEvent(event);
    },
    onRunning: (actions) => console?.onRunning(actions),
    [Symbol.dispose]() {
      console?.[Symbol.dispose]();
      progress[Symbol.dispose]();
    },
  };
}

/** Prints events as NDJSON. When nobody reads them any more the run stops, as other tools in a pipe do. */
function jsonSurface(steering: Steering): RunSurface {
  steering.tellTo((text) => writeStderr(`${text}\n`));
  return {
    onEvent(event) {
      if (steering.exitCode === BROKEN_PIPE_EXIT_CODE) return;
      try {
        writeStdout(`${JSON.stringify(event)}\n`);
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        steering.requestStop(BROKEN_PIPE_EXIT_CODE);
      }
    },
    onRunning() {},
    [Symbol.dispose]() {},
  };
}
