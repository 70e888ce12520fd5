/**
 * Which nodes a run is about: what is asked for with what it needs, without what is left out, and what of it must be
 * stored already. Does not know results or files; what would happen to a node is passed in.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import type { PlanEntry } from "./foresight.ts";
import type { Graph, NodeId } from "./graph.ts";
import { type LeftOut, LeftOuts } from "./left_out.ts";
import type { Targets } from "./targets.ts";

/** Selectors by what they are for; `selector.ts` has their grammar. */
export interface SelectRequest {
  /** What is asked for; empty means all. */
  readonly targets: readonly string[];
  /** If given, nothing else runs. */
  readonly only?: readonly string[];
  /** Left out with everything downstream. */
  readonly skip?: readonly string[];
  /** Nodes whose stored results are not used; `true` means all that may run. */
  readonly force?: readonly string[] | true;
}

/** All selectors of a request. */
export function selectorsOf({ targets, only = [], skip = [], force }: SelectRequest): string[] {
  return [...targets, ...only, ...skip, ...Array.isArray(force) ? force : []];
}

/** The nodes of a run. */
export interface Selection {
  /** To be brought up to date; with every node also what it needs. */
  readonly wanted: ReadonlySet<NodeId>;
  /** Those of the wanted that must not run: their results must be stored. */
  readonly stored: ReadonlySet<NodeId>;
  /** Asked for, but left out; upstreams first. */
  readonly leftOut: ReadonlyMap<NodeId, LeftOut>;
  /** Those of the wanted whose stored results are not used. */
  readonly forced: ReadonlySet<NodeId>;
}

/** Facts of one error at most. */
const MAX_FACTS = 10;

/**
 * Finds the nodes of a run. O(nodes + edges) per selector.
 *
 * @throws {UsageError} If a selector means nothing, selectors contradict each other, or nothing is left.
 */
export function selectNodes(graph: Graph, targets: Targets, request: SelectRequest): Selection {
  return new Selecting(graph, targets, request).result();
}

class Selecting {
  readonly #graph: Graph;
  readonly #targets: Targets;
  readonly #request: SelectRequest;
  readonly #outs: LeftOuts;

  constructor(graph: Graph, targets: Targets, request: SelectRequest) {
    this.#graph = graph;
    this.#targets = targets;
    this.#request = request;
    const skipped = (request.skip ?? []).flatMap((text) => targets.select(text).ids);
    this.#outs = new LeftOuts(graph, new Set(skipped));
  }

  result(): Selection {
    const { targets, only } = this.#request;
    const named = only ?? targets;
    const parts = only === undefined && targets.length === 0 ? this.#all() : this.#named(named);
    const chosen = new Set(parts.chosen);
    const wanted = this.#targets.closure(chosen);
    const stored = only === undefined ? [] : [...wanted].filter((id) => !chosen.has(id));
    if (only !== undefined) this.#checkAmong(wanted, only);
    return {
      wanted,
      stored: new Set(stored),
      leftOut: parts.leftOut,
      forced: this.#forced(wanted, chosen),
    };
  }

  /** Everything, but for what is left out. */
  #all(): { chosen: NodeId[]; leftOut: Map<NodeId, LeftOut> } {
    const all = this.#targets.closure(this.#targets.ends());
    const leftOut = this.#outs.amongWithTemps(all);
    const chosen = [...all].filter((id) => !leftOut.has(id));
    // A workflow in which everything is disabled is no mistake of the command line.
    if (all.size > 0 && chosen.length === 0 && this.#request.skip !== undefined) {
      throw new UsageError("Cannot run anything: --skip leaves out everything", {
        hint: "skip less; what is downstream of a skipped node is left out with it",
      });
    }
    return { chosen, leftOut };
  }

  /** What selectors mean; a set loses what is left out, a node that is named must take part. */
  #named(texts: readonly string[]): { chosen: NodeId[]; leftOut: Map<NodeId, LeftOut> } {
    const ids = texts.flatMap((text) => {
      const { ids, node } = this.#targets.select(text);
      if (node !== undefined) this.#checkTakesPart(node);
      else if (ids.every((id) => this.#outs.has(id))) throw this.#nothingOf(text, ids);
      return ids;
    });
    return {
      chosen: ids.filter((id) => !this.#outs.has(id)),
      leftOut: this.#outs.among(this.#targets.closure(ids)),
    };
  }

  #checkTakesPart(id: NodeId): void {
    const reason = this.#outs.reasonOf(id);
    if (reason === undefined) return;
    const { why, because } = reason;
    throw new UsageError(
      `Cannot run "${this.#name(id)}": it ${because.length === 0 ? `is ${why}` : why}`,
      { hint: this.#hintFor(id) },
    );
  }

  #nothingOf(text: string, ids: readonly NodeId[]): UsageError {
    const shown = [...this.#outs.among(new Set(ids))].slice(0, MAX_FACTS);
    return new UsageError(`Cannot run "${text}": all of it is left out`, {
      facts: Object.fromEntries(shown.map(([id, { why }]) => [this.#name(id), why])),
      hint: this.#hintFor(ids[0]),
    });
  }

  #hintFor(id: NodeId): string {
    return this.#outs.isSkipped(id)
      ? "skip neither what is asked for nor what that needs"
      : "remove `enabled: false` from the workflow file";
  }

  /** With `only`, what else is asked for must not be more. */
  #checkAmong(wanted: ReadonlySet<NodeId>, only: readonly string[]): void {
    for (const text of this.#request.targets) {
      const beyond = this.#targets.select(text).ids.find((id) => !wanted.has(id));
      if (beyond === undefined) continue;
      throw new UsageError(`Cannot run "${this.#name(beyond)}": --only does not name it`, {
        hint: `names have commas between them: --only ${[...only, text].join(",")}`,
      });
    }
  }

  #forced(wanted: ReadonlySet<NodeId>, chosen: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
    const { force = [], only } = this.#request;
    if (force === true) return only === undefined ? wanted : chosen;
    const forced = force.flatMap((text) => {
      const { ids, node } = this.#targets.select(text);
      if (node !== undefined) this.#checkTakesPart(node);
      const found = ids.filter((id) => wanted.has(id));
      if (found.length > 0) return found;
      throw new UsageError(`Cannot run "${text}" again: nothing that is asked for needs it`, {
        hint: "name it too, or leave out the other names",
      });
    });
    return new Set(forced);
  }

  #name(id: NodeId): string {
    return this.#graph.defs[id].name;
  }
}

/** How the stored results look before a run. */
export interface Outlook {
  /** What would happen to the wanted nodes, upstreams first. */
  plan(): readonly PlanEntry[];
  /** Tells whether all bytes of a node that is up to date are stored; those of temporary files may be gone. */
  hasBytes(id: NodeId): boolean;
}

/**
 * Checks that what must be stored is.
 *
 * @param graph The graph.
 * @param selection The nodes of the run.
 * @param outlook Not asked if nothing must be stored.
 * @throws {UsageError} If a node that must not run would have to.
 */
export function checkStored(graph: Graph, selection: Selection, outlook: Outlook): void {
  const { stored, wanted } = selection;
  if (stored.size === 0) return;
  const { starts, targets } = graph.downs;
  const plan = outlook.plan();
  const hits = new Set(plan.flatMap(({ node, verdict }) => verdict === "hit" ? [node] : []));
  const isRead = (id: NodeId) =>
    targets.subarray(starts[id], starts[id + 1])
      .some((down) => wanted.has(down as NodeId) && !hits.has(graph.defs[down].name));
  const missing = plan.flatMap(({ node, why }) => {
    const id = graph.idOf(node);
    if (id === undefined || !stored.has(id)) return [];
    if (!hits.has(node)) return [{ id, node, why }];
    return isRead(id) && !outlook.hasBytes(id)
      ? [{ id, node, why: "it is temporary, and its bytes are gone" }]
      : [];
  });
  if (missing.length === 0) return;
  const [{ id, node: upstream }] = missing;
  const { name } = graph.defs[consumerOf(id, graph, selection)];
  throw new UsageError(
    `Cannot run only "${name}": it needs "${upstream}", which is not ${
      hits.has(upstream) ? "stored" : "up to date"
    }`,
    {
      facts: Object.fromEntries(missing.slice(0, MAX_FACTS).map(({ node, why }) => [node, why])),
      hint: `leave out --only, or run it with what it needs: flow run +${name}`,
    },
  );
}

/** Adds what is left out to a plan, every node after its upstreams. */
export function withLeftOut(
  graph: Graph,
  plan: readonly PlanEntry[],
  leftOut: Selection["leftOut"],
): PlanEntry[] {
  const entries = new Map(plan.map((entry) => [entry.node, entry]));
  for (const [id, { why }] of leftOut) {
    const node = graph.defs[id].name;
    entries.set(node, { node, verdict: "skip", why });
  }
  return [...graph.order].flatMap((id) => entries.get(graph.defs[id].name) ?? []);
}

/** The nearest node downstream of one that must be stored that is to run. */
function consumerOf(from: NodeId, graph: Graph, { stored, wanted }: Selection): NodeId {
  const { starts, targets } = graph.downs;
  const seen = new Set([from]);
  for (const id of seen) {
    if (!stored.has(id)) return id;
    for (const down of targets.subarray(starts[id], starts[id + 1])) {
      if (wanted.has(down as NodeId)) seen.add(down as NodeId);
    }
  }
  return from;
}

/** The error of a node that was up to date when the run began, and is not any more. */
export function storedIsGone(node: string): UsageError {
  return new UsageError(
    `Cannot use the stored result of node "${node}" any more, and --only leaves it out`,
    { hint: `leave out --only: flow run ${node}` },
  );
}
