/**
 * The keyboard console of this process's run: where there is one, with a real keyboard. Does not know what keys do.
 *
 * @module
 */

import type { Event, RunningActions } from "../core/mod.ts";
import { RunConsole } from "./console.ts";
import { Keyboard } from "./keyboard.ts";
import type { LiveProgress } from "./progress_live.ts";
import type { Steering } from "./steering.ts";
import { columnsOf } from "./terminal.ts";

/** What decides whether keys are read. */
export interface ConsoleFacts {
  /** Whether the flag `--no-console` is absent. */
  readonly isWanted: boolean;
  /** Whether progress is redrawn in place. */
  readonly isRedrawn: boolean;
  readonly isStdinTerminal: boolean;
  /** In a pipe another program may be the one that reads keys. */
  readonly isStdoutTerminal: boolean;
  /** Whether an input of the workflow is read from standard input. */
  readonly isStdinRead: boolean;
  /** Value of the variable `CI`, which says that nobody is there. */
  readonly ci: string | undefined;
}

/** Decides whether a run has a console. */
export function hasConsole(facts: ConsoleFacts): boolean {
  const isCi = !["", "0", "false"].includes(facts.ci ?? "");
  const isAlone = facts.isStdinTerminal && facts.isStdoutTerminal && !facts.isStdinRead;
  return facts.isWanted && facts.isRedrawn && isAlone && !isCi;
}

/** A console that reads keys until it is disposed of. */
export interface LiveConsole extends Disposable {
  onEvent(event: Event): void;
  onRunning(actions: RunningActions): void;
}

/** Milliseconds before the terminal is touched: a run that is over by then leaves it alone. */
const DELAY_MS = 100;

/** Opens the console of a run. */
export async function openConsole(
  steering: Steering,
  progress: LiveProgress,
): Promise<LiveConsole> {
  const [report, fs] = await Promise.all([import("../core/mod.ts"), import("node:fs")]);
  const console = new RunConsole({
    steering,
    screen: progress,
    style: progress.style,
    columns: () => columnsOf(true),
    now: () => performance.now(),
    report,
  });
  let keyboard: Keyboard | undefined;
  const timer = setTimeout(() => {
    keyboard = Keyboard.open({
      onKeys: (text) => console.take(text),
      onReadable: (isReadable) => console.show(isReadable),
      onProblem: (message) => progress.note(message),
    }, fs);
  }, DELAY_MS);
  return {
    onEvent: (event) => console.onEvent(event),
    onRunning: (actions) => console.onRunning(actions),
    [Symbol.dispose](): void {
      clearTimeout(timer);
      keyboard?.[Symbol.dispose]();
    },
  };
}
