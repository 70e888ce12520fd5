/**
 * What became of each node in one run, as a fold over its events. Pure; does not know stores, nor how it is shown.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import type { Event, EventOutput } from "./event.ts";
import { type Taken, takenOf } from "./taken.ts";

/**
 * How a node ended: `done` was executed, `hit` was up to date. Of a node that started and did not end the run says why:
 * it is `running`, was `aborted` with the run, or `killed` with its process.
 */
export type NodeOutcome =
  | "done"
  | "hit"
  | "failed"
  | "skipped"
  | "running"
  | "aborted"
  | "killed";

/** One node, or one element of a map node, in one run. */
export interface NodeState extends Partial<Taken> {
  /** Name of the node, for an element with its index: `z[0,2]`. */
  readonly name: string;
  readonly outcome: NodeOutcome;
  /** When it started, or was found up to date; milliseconds since the epoch. */
  readonly startedAt: number;
  /** Times it was started. */
  readonly attempts: number;
  readonly key?: Digest;
  readonly outputs?: readonly EventOutput[];
  /** Some outputs are or hold error values. */
  readonly hasErrors?: true;
}

/** How the run ended in which the events happened. */
export type RunEnd = "ok" | "failed" | "aborted" | "running" | "killed";

/**
 * Folds the events of a run.
 *
 * @returns States by name, in the order in which the nodes were first heard of.
 */
export function nodeStates(events: Iterable<Event>, end: RunEnd): Map<string, NodeState> {
  const states = new Map<string, NodeState>();
  for (const event of events) {
    if (!isNodeEvent(event)) continue;
    const name = nameOf(event);
    states.set(name, next(states.get(name) ?? fresh(name, event.time), event));
  }
  if (end === "running") return states;
  const outcome = end === "killed" ? "killed" : "aborted";
  for (const [name, state] of states) {
    if (state.outcome === "running") states.set(name, { ...state, outcome });
  }
  return states;
}

/** Events after which a node is in another state. */
const TYPES = ["hit", "started", "done", "failed", "skipped"] as const;

type NodeEvent = Extract<Event, { type: typeof TYPES[number] }>;

/** Records may hold events of another flow, or damaged ones: what is not known says nothing. */
function isNodeEvent(event: Event): event is NodeEvent {
  return (TYPES as readonly string[]).includes(event.type) && "node" in event &&
    !isCall(event);
}

/** A call of a map node that failed or is tried again: what becomes of the node is said by other events. */
function isCall(event: Event): boolean {
  return (event.type === "failed" || event.type === "retried") && event.index !== undefined;
}

function fresh(name: string, startedAt: number): NodeState {
  return { name, outcome: "running", startedAt, attempts: 0 };
}

function next(state: NodeState, event: NodeEvent): NodeState {
  switch (event.type) {
    case "started":
      return {
        ...state,
        outcome: "running",
        startedAt: state.attempts === 0 ? event.time : state.startedAt,
        attempts: event.attempt,
      };
    case "hit":
      return { ...state, outcome: "hit", key: event.key, outputs: event.outputs };
    case "done":
    case "failed":
      return { ...state, ...measured(event), outcome: event.type };
    case "skipped":
      return { ...state, outcome: "skipped" };
    default:
      return event satisfies never;
  }
}

function measured(event: Extract<Event, { type: "done" | "failed" }>): Partial<NodeState> {
  const { key } = event;
  return {
    ...(key === undefined ? {} : { key }),
    ...(event.type === "done" ? { outputs: event.outputs } : {}),
    ...(event.type === "done" && event.hasErrors === true ? { hasErrors: true } : {}),
    ...takenOf(event),
  };
}

function nameOf({ node, index }: NodeEvent): string {
  return index === undefined ? node : `${node}[${index.join(",")}]`;
}
