/**
 * What differs between two runs, node by node: what was taken, what changed in it, what was delivered. Reads the store; does
 * not know the workflow as it is now, nor how it is shown.
 *
 * @module
 */

import { actionKey, canonicalJson } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import type { EventOutput } from "./event.ts";
import { differenceOf, recordedOf } from "./materials.ts";
import { type NodeState, nodeStates } from "./node_states.ts";
import type { RunSummary } from "./store/runs.ts";
import type { Store } from "./store/store.ts";
import type { Recorded, RecordedNotes } from "./why.ts";

/**
 * How a node of one run relates to the same one of another:
 *
 * - `added`, `removed`: only the later, only the earlier run wanted it;
 * - `changed`: what it depends on differs;
 * - `nondeterministic`: the same key, and other outputs;
 * - `outcome`: it ended in another way, for no other reason that is known;
 * - `same`: nothing differs but perhaps the time it took.
 */
export type NodeVerdict =
  | "added"
  | "removed"
  | "changed"
  | "nondeterministic"
  | "outcome"
  | "same";

/** One node in both runs. */
export interface NodeDifference {
  /** Name of the node, for an element with its index. */
  readonly node: string;
  readonly verdict: NodeVerdict;
  readonly before?: NodeState;
  readonly after?: NodeState;
  /** What changed, in words; of a changed node it is empty if that is not known any more. */
  readonly why: readonly string[];
  /** Outputs with other content, or only on one side. */
  readonly outputs: readonly string[];
}

/** Compares runs of one store. */
export class RunComparison {
  readonly #store: Store;
  readonly #before: RunSummary;
  readonly #after: RunSummary;

  constructor(store: Store, before: RunSummary, after: RunSummary) {
    this.#store = store;
    this.#before = before;
    this.#after = after;
  }

  /** Returns every node of either run, in the order in which the later one came to them. */
  nodes(): NodeDifference[] {
    const before = this.#statesOf(this.#before);
    const after = this.#statesOf(this.#after);
    const removed = [...before.values()].filter(({ name }) => !after.has(name));
    return [
      ...[...after.values()].map((state) => this.#compare(before.get(state.name), state)),
      ...removed.map((state) => this.#compare(state, undefined)),
    ];
  }

  #statesOf({ id, outcome }: RunSummary): Map<string, NodeState> {
    return nodeStates(this.#store.runs.events(id), outcome);
  }

  #compare(before: NodeState | undefined, after: NodeState | undefined): NodeDifference {
    // One of them is there.
    const node = (after ?? before as NodeState).name;
    const sides = { ...(before && { before }), ...(after && { after }) };
    if (before === undefined || after === undefined) {
      const verdict = before === undefined ? "added" : "removed";
      return { node, ...sides, verdict, why: [], outputs: [] };
    }
    const outputs = differingOutputs(before.outputs, after.outputs);
    const verdict = verdictOf(before, after, outputs);
    const why = verdict === "changed" ? this.#whyOf(before, after) : [];
    return { node, ...sides, verdict, why, outputs };
  }

  #whyOf(before: NodeState, after: NodeState): string[] {
    const old = this.#recordedOf(before, this.#before.id);
    const now = this.#recordedOf(after, this.#after.id);
    return old && now ? differenceOf(this.#store, old, now) : [];
  }

  /** What a key was made of: with its result, or if it failed with the report of that. */
  #recordedOf({ name, key }: NodeState, run: string): Recorded | undefined {
    if (key === undefined) return undefined;
    return recordedOf(this.#store, key) ?? recordedIn(this.#store.runs.errorFacts(run, name), key);
  }
}

function verdictOf(
  before: NodeState,
  after: NodeState,
  outputs: readonly string[],
): NodeVerdict {
  if (before.key !== undefined && after.key !== undefined && before.key !== after.key) {
    return "changed";
  }
  // Up to date and executed are the same from outside.
  const ended = ({ outcome, hasErrors }: NodeState): string =>
    hasErrors === true ? "done with errors" : outcome === "hit" ? "done" : outcome;
  if (ended(before) !== ended(after)) return "outcome";
  // What fails now and then may fail otherwise.
  if (after.hasErrors === true) return "same";
  return outputs.length > 0 ? "nondeterministic" : "same";
}

/** Names of outputs that both sides know and that differ, or that one side lacks; none if one side has no outputs at all. */
function differingOutputs(
  before: readonly EventOutput[] | undefined,
  after: readonly EventOutput[] | undefined,
): string[] {
  if (before === undefined || after === undefined) return [];
  const counted = ({ name, digest, identity }: EventOutput) => [name, identity ?? digest] as const;
  const old = new Map(before.map(counted));
  const now = new Map(after.map(counted));
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name));
}

/**
 * Takes the material out of the report of a failure. The key is its checksum: one that is damaged, or from which a secret
 * was taken, is none.
 */
function recordedIn(facts: unknown, key: Digest): Recorded | undefined {
  const { material, notes } = (facts ?? {}) as {
    readonly material?: unknown;
    readonly notes?: unknown;
  };
  if (material === undefined) return undefined;
  const materialText = canonicalJson(material);
  if (actionKey(materialText) !== key) return undefined;
  return { materialText, notes: (notes ?? {}) as RecordedNotes };
}
