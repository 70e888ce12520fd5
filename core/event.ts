/**
 * What happens in a run, as one union. Progress, records, `--json`, reports and tests are folds over it.
 * Types only; knows nothing of who makes or reads events.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import type { FailureReason } from "./action.ts";
import type { Taken } from "./taken.ts";

/** Version of the event schema printed by `--json`; raised when a field changes meaning or goes away. */
export const EVENT_VERSION = 1;

/** What all events have. */
interface EventBase {
  readonly v: typeof EVENT_VERSION;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** What events about a node or an element have. */
interface NodeEventBase extends EventBase {
  readonly node: string;
  /** Position of the element of a map node; absent for a whole node. */
  readonly index?: readonly number[];
}

/** What an event says of one output. */
export interface EventOutput {
  readonly name: string;
  readonly digest: Digest;
  /** What counts for its consumers, if that is not the digest. */
  readonly identity?: Digest;
  readonly sizeBytes: number;
}

/** The run starts: the graph is known. */
export interface BeginEvent extends EventBase {
  readonly type: "begin";
  readonly run: string;
  readonly workflow: string;
  /** Nodes that are asked for, also those left out; elements and expansions may add to it. */
  readonly nodes: number;
  readonly jobs: number;
}

/** The result was in the store. */
export interface HitEvent extends NodeEventBase {
  readonly type: "hit";
  readonly key: Digest;
  /** What dependents get: a later run may record other outputs under the same key. */
  readonly outputs: readonly EventOutput[];
  /** Published paths that were missing or changed and have been restored from the store. */
  readonly restored?: readonly string[];
}

/** An executor took the action. */
export interface StartedEvent extends NodeEventBase {
  readonly type: "started";
  readonly attempt: number;
  /** Number of the action, unique within the run; each attempt has its own. */
  readonly action: number;
  /** Slots it takes. */
  readonly cpus: number;
  /** Of a map node whose calls are kept: what names their file in the store. */
  readonly elements?: Digest;
  /** Its executor, unless that is `default`. */
  readonly executor?: string;
  /** Why it runs, in words. */
  readonly why?: string;
}

/** The action delivered its outputs and they are stored. */
export interface DoneEvent extends NodeEventBase, Taken {
  readonly type: "done";
  readonly key: Digest;
  readonly outputs: readonly EventOutput[];
  /** False when the result was not stored: `cache: false`, an input changed while it ran, or it holds error values. */
  readonly cached: boolean;
  /** Some outputs are or hold error values. */
  readonly hasErrors?: true;
  /** How it ran, for example `sandbox: bubblewrap`. */
  readonly notes?: Readonly<Record<string, string>>;
}

/**
 * The action failed and will not be tried again in this run. With `index` it is one call of a map node: they are told of one by
 * one up to a limit, all of them are counted in `calls`, and what becomes of the node is said by an event without `index`.
 */
export interface FailedEvent extends NodeEventBase, Taken {
  readonly type: "failed";
  readonly reason: FailureReason;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
  /** Absent when its inputs could not be read. */
  readonly key?: Digest;
  readonly attempt: number;
  /** Place in the workflow file, `file:line:col`. */
  readonly place?: string;
  /** Log files of the attempt, without `.stdout` / `.stderr`. */
  readonly log?: string;
  /** Report of the failure with inputs and the end of the logs; beside it the same as `.json`. */
  readonly error?: string;
  /** What needs the node goes on with an error value. */
  readonly continued?: true;
}

/** A node upstream failed, or the node was left out. */
export interface SkippedEvent extends NodeEventBase {
  readonly type: "skipped";
  /** Root causes: the nodes that failed, or those it is left out for. */
  readonly because: readonly string[];
  /** Why it was left out, in words; absent if a node upstream failed. */
  readonly why?: string;
}

/** An attempt failed and another follows. */
export interface RetriedEvent extends NodeEventBase {
  readonly type: "retried";
  /** The attempt that failed. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly reason: FailureReason;
  readonly message: string;
}

/** How far the calls of a map node are. */
export interface CallsEvent extends NodeEventBase {
  readonly type: "calls";
  readonly total: number;
  /** Calls whose results were in the store, or are those of an equal call. */
  readonly hit: number;
  readonly done: number;
  readonly failed: number;
  /** Calls that are not made, because they would take an error value; absent if there are none. */
  readonly skipped?: number;
}

/** A node returned nodes and they joined the graph; they will be looked at. */
export interface ExpandedEvent extends NodeEventBase {
  readonly type: "expanded";
  /** Names of the nodes it returned. */
  readonly nodes: readonly string[];
  /** How many more nodes are wanted now. */
  readonly wanted: number;
}

/** Something the user should know that does not stop the run. */
export interface WarningEvent extends EventBase {
  readonly type: "warning";
  readonly code: string;
  readonly message: string;
  readonly node?: string;
}

/** The run is over. */
export interface EndEvent extends EventBase {
  readonly type: "end";
  readonly run: string;
  readonly outcome: "ok" | "failed" | "aborted";
  readonly wallMs: number;
  readonly counts: Counts;
  /** Nodes whose two executions differed; only where nodes were executed twice. */
  readonly nondeterministic?: readonly string[];
}

/** How many nodes or elements ended in which way. */
export interface Counts {
  readonly hit: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One change in a run. */
export type Event =
  | BeginEvent
  | HitEvent
  | StartedEvent
  | DoneEvent
  | FailedEvent
  | SkippedEvent
  | RetriedEvent
  | CallsEvent
  | ExpandedEvent
  | WarningEvent
  | EndEvent;
