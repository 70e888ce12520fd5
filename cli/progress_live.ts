/**
 * Progress of this process's run on its standard error, with a real clock. Does not know how it looks.
 *
 * @module
 */

import type { Event } from "../core/mod.ts";
import type { ColorMode } from "./flags.ts";
import { writeStderr } from "./output.ts";
import { createProgress } from "./progress.ts";
import type { Progress } from "./progress_state.ts";
import { columnsOf, detectStyle, processFacts, type TerminalStyle } from "./terminal.ts";

/** What a command says about progress. */
export interface LiveOptions {
  readonly color: ColorMode;
  readonly verbosity: "quiet" | "normal" | "verbose";
  readonly debug?: boolean;
  /** How long a node took in earlier runs, if known. */
  expectedMs?(node: string): number | undefined;
}

/** Progress that runs until it is disposed of. */
export interface LiveProgress extends Disposable, Pick<Progress, "note" | "setInput"> {
  onEvent(event: Event): void;
  /** Whether its lines are redrawn in place. */
  readonly isRedrawn: boolean;
  readonly style: TerminalStyle;
}

/** Milliseconds between two ticks; the display decides when it draws. */
const TICK_MS = 100;

/** Opens the display of a run on standard error. */
export async function openProgress(options: LiveOptions): Promise<LiveProgress> {
  const report = await import("../core/mod.ts");
  const isTerminal = Deno.stderr.isTerminal();
  const style = detectStyle(processFacts(isTerminal), options.color);
  const { verbosity } = options;
  const mode = verbosity === "normal" ? (style.canRedraw ? "tty" : "plain") : verbosity;
  const progress = createProgress(
    { write: writeStderr, isTerminal, columns: () => columnsOf(isTerminal) },
    {
      mode,
      color: style.color,
      unicode: style.unicode,
      debug: options.debug === true,
      cwd: Deno.cwd(),
      now: () => performance.now(),
      expectedMs: (node) => options.expectedMs?.(node),
      report,
    },
  );
  const timer = setInterval(() => progress.tick(), TICK_MS);
  return {
    isRedrawn: mode === "tty",
    style,
    onEvent: (event) => progress.onEvent(event),
    note: (text) => progress.note(text),
    setInput: (input) => progress.setInput(input),
    [Symbol.dispose](): void {
      clearInterval(timer);
      progress.stop();
    },
  };
}
