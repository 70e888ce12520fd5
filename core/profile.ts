/**
 * What the nodes of a workflow took when they were executed last, out of the records of its runs. Reads records only; does
 * not know the workflow, nor how it is shown.
 *
 * @module
 */

import { type NodeState, nodeStates } from "./node_states.ts";
import type { RunSummary } from "./store/runs.ts";
import type { Store } from "./store/store.ts";

/** A node of the newest run, with what it took in the run that executed it last. */
export interface ProfileEntry extends NodeState {
  /** The run whose figures these are; the newest one if no run that is recorded executed the node. */
  readonly run: string;
}

/**
 * Returns the nodes of the newest run, the one that took longest first. For one that was up to date the figures are those
 * of the run that executed it, if that is still recorded.
 *
 * @param store The store.
 * @param runs Runs of the workflow, newest first.
 * @param node Only this node.
 */
export function profileOf(
  store: Store,
  runs: readonly RunSummary[],
  node?: string,
): ProfileEntry[] {
  const [newest, ...older] = runs;
  const entries = new Map<string, ProfileEntry>();
  for (const state of statesOf(store, newest, node)) {
    entries.set(state.name, { ...state, run: newest.id });
  }
  const open = new Set([...entries.values()].filter(isHit).map(({ name }) => name));
  for (const run of older) {
    // Records may be large: what nobody asks for any more is not read.
    if (open.size === 0) break;
    for (const state of statesOf(store, run, node)) {
      if (!open.has(state.name) || state.outcome !== "done") continue;
      open.delete(state.name);
      entries.set(state.name, { ...state, outcome: "hit", run: run.id });
    }
  }
  return [...entries.values()].sort((a, b) => (b.wallMs ?? -1) - (a.wallMs ?? -1));
}

function statesOf(store: Store, { id, outcome }: RunSummary, node?: string): Iterable<NodeState> {
  return nodeStates(store.runs.events(id, node), outcome).values();
}

function isHit({ outcome }: NodeState): boolean {
  return outcome === "hit";
}
