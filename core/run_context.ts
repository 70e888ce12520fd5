/**
 * What one run works with, and what it says of itself. Does not know the order in which anything happens.
 *
 * @module
 */

import type { Failure, OutputResult, Usage } from "./action.ts";
import type { Counts, Event } from "./event.ts";
import type { Executor } from "./executor/executor.ts";
import type { Expander } from "./expand.ts";
import type { Graph, NodeId } from "./graph.ts";
import type { Part } from "./map_shapes.ts";
import type { Prepared, Rebuild } from "./rebuild.ts";
import type { Schedule } from "./schedule.ts";
import type { Limits, Slots } from "./slots.ts";
import type { Store } from "./store/store.ts";
import type { Temps } from "./temps.ts";
import type { NodeDef } from "./workflow.ts";

/** What a run works with. */
export interface RunContext {
  readonly run: string;
  /** Identity of the workflow in the store: its path relative to the store's parent. */
  readonly workflow: string;
  readonly graph: Graph;
  readonly schedule: Schedule;
  readonly rebuild: Rebuild;
  readonly store: Store;
  /** By kind of work. */
  readonly executors: { readonly call: Executor; readonly run: Executor };
  readonly expander: Expander;
  /** Expected milliseconds by node, of all nodes there are now. */
  readonly durations: () => Float64Array;
  /** Outputs by node; the loop fills it, `rebuild` reads it. */
  readonly results: (readonly OutputResult[] | undefined)[];
  readonly limits: Limits;
  /** Slots within these limits, if other runs take from them too. */
  readonly slots?: Slots;
  /** Nodes whose stored result is not used. */
  readonly forced: ReadonlySet<number>;
  /** Nodes that take no part, should one that another returned need them. */
  readonly leftOut: { has(id: NodeId): boolean };
  /** Nodes that must not run: their results are stored. */
  readonly stored: ReadonlySet<number>;
  /** Map nodes of which only a part is run. */
  readonly partial: Part;
  readonly failFast: boolean;
  /** Directory of private directories of this session. */
  readonly privateDir: string;
  readonly temps: Temps;
  /** Directory of this run's logs. */
  readonly logDir: string;
  readonly graceMs: number;
  readonly onEvent: (event: Event) => void;
  /** Keeps a report of a failure; returns its path, or `undefined` if it could not be written. */
  readonly reportFailure: (failed: FailedNode) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborted: start nothing more and stop what runs, with grace. */
  readonly stop: AbortSignal;
  /** Aborted: stop at once. */
  readonly kill: AbortSignal;
  /** Aborted: start nothing more, and let what runs come to its end. */
  readonly drain: AbortSignal;
}

/** A node, or a call of a map node, that failed, with what is known of it. */
export interface FailedNode {
  readonly id: NodeId;
  /** Position of the call; its inputs are in `prepared`. */
  readonly index?: readonly number[];
  readonly failure: Failure;
  /** 0: it failed before it was started. */
  readonly attempt: number;
  /** Absent when it was not started. */
  readonly usage?: Usage;
  /** Absent when its inputs could not be read. */
  readonly prepared?: Prepared;
  /** Log files of the attempt, without `.stdout` and `.stderr`. */
  readonly logPath?: string;
}

/** How a run ended. */
export interface LoopOutcome {
  readonly outcome: "ok" | "failed" | "aborted";
  readonly counts: Counts;
}

/** A node, or calls of a map node, being run. */
export interface Running {
  readonly id: NodeId;
  /** As it is counted: with what it takes at this attempt. Absent: it takes nothing. */
  readonly taken?: NodeDef;
  /** It only finds out what its node takes. */
  readonly isSizing?: true;
  readonly prepared: Prepared;
  readonly attempt: number;
  readonly logPath: string;
}

/** An event without what every event has. */
export type EventBody = DistributiveOmit<Event, "v" | "time">;

/** `Omit` member by member of a union. */
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
