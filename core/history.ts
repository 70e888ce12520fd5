/**
 * The runs of one workflow, as their records tell: all of them, one node over all of them, and two compared. Reads the
 * store only: works for a workflow that is being run, is broken, or is gone.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import { workflowId } from "./forget.ts";
import { differenceOf, recordedOf } from "./materials.ts";
import { type NodeState, nodeStates } from "./node_states.ts";
import { type ProfileEntry, profileOf } from "./profile.ts";
import { type NodeDifference, RunComparison } from "./run_diff.ts";
import { resolveRun } from "./run_reference.ts";
import type { RunSummary } from "./store/runs.ts";
import type { Store } from "./store/store.ts";

/** One run. */
export interface RunEntry {
  readonly run: string;
  /** `killed`: its process ended without saying how. */
  readonly outcome: RunSummary["outcome"];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Until its last event, if it has not ended or was killed. */
  readonly wallMs: number;
  /** Nodes and elements that were executed. */
  readonly done: number;
  /** That were up to date. */
  readonly hit: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One node in one run. */
export interface NodeEntry extends NodeState {
  readonly run: string;
  /** What changed since the run before in which it had a key; absent where nothing did or it is not known. */
  readonly why?: readonly string[];
}

/** Two runs compared. */
export interface RunDifference {
  readonly before: RunEntry;
  readonly after: RunEntry;
  readonly nodes: readonly NodeDifference[];
}

/** Reads the records of one workflow. */
export class History {
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  readonly #store: Store;

  /** @param store The store. @param file Absolute path of the workflow file, which need not exist. */
  constructor(store: Store, file: string) {
    this.#store = store;
    this.workflow = workflowId(store.dir, file);
  }

  /**
   * Returns the runs, newest first.
   *
   * @param limit At most so many.
   * @throws {UsageError} If there is none.
   */
  runs(limit = Infinity): RunEntry[] {
    return this.#summaries(limit).map((summary) => this.#entryOf(summary));
  }

  /**
   * Returns what became of a node, newest run first; runs in which it was not wanted are left out.
   *
   * @param node Its name; a map node has an entry for each element.
   * @param limit At most so many.
   * @throws {UsageError} If no run knows it.
   */
  node(node: string, limit = Infinity): NodeEntry[] {
    const states: (NodeState & { readonly run: string })[] = [];
    const earlierOf = ({ name }: NodeState, at: number): NodeState | undefined =>
      states.slice(at + 1).find((state) => state.name === name && state.key !== undefined);
    for (const { id, outcome } of this.#summaries()) {
      const found = nodeStates(this.#store.runs.events(id, node), outcome);
      for (const state of found.values()) states.push({ ...state, run: id });
      // Records may be large: what nobody asked for is not read.
      if (states.length > limit && states.slice(0, limit).every(earlierOf)) break;
    }
    if (states.length === 0) throw this.#unknownNode(node);
    return states.slice(0, limit).map((state, at) => {
      const why = this.#whyOf(state, earlierOf(state, at));
      return why === undefined ? state : { ...state, why };
    });
  }

  /**
   * Returns what the nodes of the newest run took when they were executed last, the longest first.
   *
   * @param node Only this one.
   * @param limit At most so many.
   * @throws {UsageError} If there is no run, or it does not know the node.
   */
  profile(node?: string, limit = Infinity): ProfileEntry[] {
    const entries = profileOf(this.#store, this.#summaries(), node);
    if (entries.length === 0 && node !== undefined) throw this.#unknownNode(node);
    return entries.slice(0, limit);
  }

  /**
   * Compares two runs.
   *
   * @param before The earlier run as the command line names it; see `resolveRun`.
   * @param after The later one.
   * @throws {UsageError} If a run is unknown, or both are the same.
   */
  diff(before: string, after: string): RunDifference {
    const summaries = this.#summaries();
    const ids = summaries.map(({ id }) => id);
    const [old, now] = [before, after].map((word) => summaries[ids.indexOf(resolveRun(word, ids))]);
    if (old === now) {
      throw new UsageError(`Cannot compare run "${now.id}" with itself`, {
        hint: '"flow history" lists the others',
      });
    }
    return {
      before: this.#entryOf(old),
      after: this.#entryOf(now),
      nodes: new RunComparison(this.#store, old, now).nodes(),
    };
  }

  #summaries(limit = Infinity): RunSummary[] {
    const summaries: RunSummary[] = [];
    for (const summary of this.#store.runs.list(this.workflow)) {
      if (summaries.length >= limit) return summaries;
      summaries.push(summary);
    }
    if (summaries.length > 0) return summaries;
    const others = new Set([...this.#store.runs.list()].map(({ workflow }) => workflow));
    throw new UsageError(`Cannot read the history of "${this.workflow}": it has no runs yet`, {
      facts: {
        directory: this.#store.dir,
        ...(others.size === 0 ? {} : { "workflows with runs": [...others].sort().join(", ") }),
      },
      hint: `run it with "flow run"`,
    });
  }

  #entryOf({ id, outcome, startedAt, wallMs, counts }: RunSummary): RunEntry {
    const entry = { run: id, outcome, startedAt };
    if (wallMs !== undefined && counts !== undefined) return { ...entry, wallMs, ...counts };
    const counted = { done: 0, hit: 0, failed: 0, skipped: 0 };
    let lastAt = startedAt;
    for (const { type, time, ...event } of this.#store.runs.events(id)) {
      lastAt = time;
      if ("index" in event) continue;
      if (type === "done" || type === "hit" || type === "failed" || type === "skipped") {
        counted[type]++;
      }
    }
    return { ...entry, wallMs: lastAt - startedAt, ...counted };
  }

  #whyOf({ key }: NodeState, earlier: NodeState | undefined): string[] | undefined {
    if (key === undefined || earlier?.key === undefined || key === earlier.key) return undefined;
    const [before, after] = [earlier.key, key].map((of) => recordedOf(this.#store, of));
    return before && after && differenceOf(this.#store, before, after);
  }

  #unknownNode(node: string): UsageError {
    const names = new Set<string>();
    for (const { id } of this.#summaries(1)) {
      for (const event of this.#store.runs.events(id)) {
        if ("node" in event && event.node !== undefined) names.add(event.node);
      }
    }
    const close = nearest(node, names);
    return new UsageError(`Cannot find node "${node}" in the runs of "${this.workflow}"`, {
      ...(close === undefined ? {} : { hint: `did you mean "${close}"?` }),
    });
  }
}
