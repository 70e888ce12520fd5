/**
 * What can be done to a run while it goes on, from outside: to all of it and to one action. Does not know who asks, nor how
 * actions are ended.
 *
 * @module
 */

import type { Failure } from "./action.ts";

/** How a run is steered. */
export interface RunControls {
  /** Aborted: stop what runs, with grace. */
  readonly stop?: AbortSignal;
  /** Aborted: kill what runs. */
  readonly kill?: AbortSignal;
  /** Aborted: start nothing more, and let what runs come to its end. */
  readonly drain?: AbortSignal;
  /** Gets the means to end single actions, before the first one starts. */
  onRunning?(actions: RunningActions): void;
}

/** The actions that run now, by the numbers that `started` events give them. */
export interface RunningActions {
  /**
   * Ends one action, which fails; the rest of the run goes on. Asked again it is killed without grace.
   *
   * @returns `false` if no action of this number runs.
   */
  cancel(action: number): boolean;
  /** Process the action runs in, if it has one by now. */
  pidOf(action: number): number | undefined;
}

/** How an action fails that was ended on request: for good, whatever `retries` says. */
export const CANCELLED: Failure = {
  reason: "aborted",
  message: "Killed on request",
  isFinal: true,
};
