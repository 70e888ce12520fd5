/**
 * Nodes that take no part in a run, and why: those that are disabled or skipped, everything downstream of them, and
 * temporary files that only such nodes read. Does not know what is asked for or stored.
 *
 * @module
 */

import type { Graph, NodeId } from "./graph.ts";

/** Why a node is left out of a run. */
export interface LeftOut {
  /** The nodes it is left out for; empty if it is disabled or skipped itself. */
  readonly because: readonly string[];
  /** In words. */
  readonly why: string;
}

/** Names in one reason at most. */
const MAX_NAMES = 3;

/** The nodes of one graph that cannot take part. */
export class LeftOuts {
  readonly #graph: Graph;
  readonly #skipped: ReadonlySet<NodeId>;
  /** By node that cannot take part: the nodes that are the cause, itself or what it needs. */
  readonly #causes: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;

  /** @param skipped What the command line leaves out; what the file disables is found in the graph. */
  constructor(graph: Graph, skipped: ReadonlySet<NodeId>) {
    this.#graph = graph;
    this.#skipped = skipped;
    this.#causes = this.#findCauses();
  }

  /** Tells whether a node cannot take part. */
  has(id: NodeId): boolean {
    return this.#causes.has(id);
  }

  /** Tells whether the command line is why a node cannot take part, at least one of the causes. */
  isSkipped(id: NodeId): boolean {
    return [...this.#causes.get(id) ?? []].some((cause) => this.#skipped.has(cause));
  }

  /** Says why a node cannot take part, or `undefined` if it can. */
  reasonOf(id: NodeId): LeftOut | undefined {
    const causes = [...this.#causes.get(id) ?? []].sort((a, b) => a - b);
    if (causes.length === 0) return undefined;
    if (causes.length === 1 && causes[0] === id) return { because: [], why: this.#stateOf(id) };
    const because = causes.map((cause) => this.#graph.defs[cause].name);
    const parts = causes.map((cause, i) => `"${because[i]}", which is ${this.#stateOf(cause)}`);
    return { because, why: `needs ${listed(parts)}` };
  }

  /** The nodes of a set that cannot take part, upstreams first. */
  among(ids: ReadonlySet<NodeId>): Map<NodeId, LeftOut> {
    if (this.#causes.size === 0) return new Map();
    const found = new Map<NodeId, LeftOut>();
    for (const id of inOrder(this.#graph)) {
      const reason = ids.has(id) ? this.reasonOf(id) : undefined;
      if (reason !== undefined) found.set(id, reason);
    }
    return found;
  }

  /** As `among`, with nodes that make nothing but temporary files for those. */
  amongWithTemps(ids: ReadonlySet<NodeId>): Map<NodeId, LeftOut> {
    if (this.#causes.size === 0) return new Map();
    const { defs, downs } = this.#graph;
    const found = new Map<NodeId, LeftOut>();
    for (const id of inOrder(this.#graph).reverse()) {
      if (!ids.has(id)) continue;
      const row = downs.targets.subarray(downs.starts[id], downs.starts[id + 1]);
      const readers = ([...row] as NodeId[]).filter((down) => ids.has(down));
      const isTemp = defs[id].outputs.length > 0 && defs[id].outputs.every(({ temp }) => temp);
      const isIdle = isTemp && readers.length > 0 && readers.every((down) => found.has(down));
      const reason = this.reasonOf(id) ??
        (isIdle ? onlyFor(readers.map((down) => defs[down].name)) : undefined);
      if (reason !== undefined) found.set(id, reason);
    }
    return new Map([...found].reverse());
  }

  #findCauses(): Map<NodeId, ReadonlySet<NodeId>> {
    const { defs, ups } = this.#graph;
    const causes = new Map<NodeId, ReadonlySet<NodeId>>();
    // Nearly always everything takes part.
    if (this.#skipped.size === 0 && defs.every(({ enabled }) => enabled)) return causes;
    for (const id of inOrder(this.#graph)) {
      if (!defs[id].enabled || this.#skipped.has(id)) {
        causes.set(id, new Set([id]));
        continue;
      }
      for (const up of ups.targets.subarray(ups.starts[id], ups.starts[id + 1])) {
        const more = causes.get(up as NodeId);
        if (more === undefined) continue;
        const known = causes.get(id);
        // Shared where there is one only: chains are long, and mostly have one cause.
        causes.set(id, known === undefined || known === more ? more : new Set([...known, ...more]));
      }
    }
    return causes;
  }

  #stateOf(id: NodeId): string {
    return this.#skipped.has(id) ? "left out by --skip" : "disabled";
  }
}

function onlyFor(names: readonly string[]): LeftOut {
  const state = names.length === 1 ? "which is left out" : "which are left out";
  return { because: names, why: `only needed by ${listed(names.map((n) => `"${n}"`))}, ${state}` };
}

function listed(parts: readonly string[]): string {
  const more = parts.length - MAX_NAMES;
  return [...parts.slice(0, MAX_NAMES), ...more > 0 ? [`${more} more`] : []].join(", and ");
}

/** All ids, every node after its upstreams. */
function inOrder({ order }: Graph): NodeId[] {
  return [...order] as NodeId[];
}
