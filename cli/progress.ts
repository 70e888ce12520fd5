/**
 * The progress of a run as a fold over its events, and the choice of how it is shown. Has no clock and no
 * timer: the caller passes a clock and calls `tick`.
 *
 * @module
 */

import type { Event } from "../core/mod.ts";
import { PlainProgress } from "./progress_plain.ts";
import type { Progress, ProgressOptions, ProgressOutput } from "./progress_state.ts";
import { TtyProgress } from "./progress_tty.ts";

import { tellingOf } from "./progress_state.ts";
export type { Progress, ProgressOptions, ProgressOutput } from "./progress_state.ts";

/**
 * Shows the progress of one run.
 *
 * @param out Where to; one `write` is one frame.
 *
 * @example
 * ```ts
 * import * as report from "../core/mod.ts";
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { createProgress } from "./progress.ts";
 *
 * let text = "";
 * const out = { write: (part: string) => void (text += part), isTerminal: false, columns: () => 80 };
 * const progress = createProgress(out, {
 *   mode: "plain",
 *   color: false,
 *   unicode: true,
 *   now: () => 0,
 *   report,
 * });
 * progress.onEvent({ v: 1, time: 0, type: "warning", code: "slow", message: "Disk is slow" });
 * progress.stop();
 * assertEquals(text, "warning: Disk is slow\n");
 * ```
 */
export function createProgress(out: ProgressOutput, options: ProgressOptions): Progress {
  if (options.mode === "tty" && out.isTerminal) return new TtyProgress(out, options);
  if (options.mode === "quiet") return quiet(out, options);
  return new PlainProgress(out, options);
}

/** Nothing but failures, and the summary line if there was one. */
function quiet(out: ProgressOutput, options: ProgressOptions): Progress {
  const summary = new options.report.RunSummary();
  return {
    onEvent(event: Event): void {
      summary.add(event);
      const isFailure = event.type === "failed" ||
        event.type === "warning" && event.code === "calls-failed";
      const telling = isFailure ? tellingOf(event, options) : undefined;
      if (telling !== undefined) out.write(`${telling}\n`);
      if (event.type === "end" && event.outcome !== "ok") out.write(`${summary.line()}\n`);
    },
    tick(): void {},
    note(): void {},
    setInput(): void {},
    stop(): void {},
  };
}
