/**
 * What a run is asked to do, and how it ended. Types only; does not know how a run goes.
 *
 * @module
 */

import type { AxisSlices } from "./base/axis_slice.ts";
import type { Counts, Event } from "./event.ts";
import type { Forgotten } from "./forget.ts";
import type { RunControls } from "./run_controls.ts";
import type { SelectRequest } from "./select.ts";

/** What is run or planned: which nodes, and of maps which part. */
export interface PartRequest extends SelectRequest {
  /** What is run of axes: calls outside of it are not, and what lacks them is not kept as a result. */
  readonly slices?: AxisSlices;
}

/** What a run is asked to do. */
export interface RunRequest extends PartRequest, RunControls {
  /** Slots; the number of processors by default. */
  readonly jobs?: number;
  readonly failFast?: boolean;
  /** Nodes whose stored results are dropped before, also such that are no longer in the file. */
  readonly forget?: readonly string[];
  /** Is told what was dropped. */
  readonly onForgotten?: (forgotten: Forgotten) => void;
  /** An output whose bytes are wanted after the run: a temporary one is made again for it. */
  readonly deliver?: string;
  /** Seed of the order among equals. */
  readonly seed?: number;
  /** Pause between asking a node to stop and killing it, in milliseconds; 10,000 by default. */
  readonly graceMs?: number;
  /** Memory that nodes with `resources.memory` may take together; the machine's by default. */
  readonly memoryBytes?: number;
  /** Executes nodes twice and compares; a difference makes the run fail, but its results stay. */
  readonly verify?: boolean;
  /** Runs of this workflow whose records stay, this one among them, at least 1; 50 by default. */
  readonly keepRuns?: number;
  /** If everything ends up to date, what that depended on is remembered under this identity (see `memo.ts`). */
  readonly memo?: {
    readonly identity: string;
    /** Files the definition was made from. */
    readonly paths: readonly string[];
  };
  onEvent(event: Event): void;
}

/** How a run ended. */
export interface RunOutcome {
  readonly run: string;
  readonly outcome: "ok" | "failed" | "aborted";
  readonly counts: Counts;
  readonly wallMs: number;
  /** Published files that no node publishes any more, after a run that is `ok`; see `clean.ts`. */
  readonly orphans: number;
}
