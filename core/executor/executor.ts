/**
 * The contract of everything that runs actions. Unaware of the graph, of keys and of cache policy.
 *
 * @module
 */

import type { Action, Completion } from "../action.ts";

/** Runs actions. One instance serves one run. */
export interface Executor extends AsyncDisposable {
  readonly name: string;
  /** Largest number of actions it likes per call. */
  readonly batchSize: number;
  /**
   * Starts the actions and returns at once. `report` is called exactly once per action, in any order,
   * never before `submit` returned. Whatever the node's code does, `submit` does not throw.
   */
  submit(actions: readonly Action[], report: (completion: Completion) => void): void;
  /** Stops one action: SIGTERM, after `graceMs` SIGKILL. It is reported as `aborted`. */
  abort(id: number, graceMs: number): void;
  /** Process that one action runs in, if it has started. */
  pidOf(id: number): number | undefined;
}
