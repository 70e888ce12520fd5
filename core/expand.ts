/**
 * Expansion: the nodes that a node returned join the graph. Reads them, checks them, makes the graph grow. Does not know
 * schedules, stores or when anything runs.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import type { Diagnostic } from "./base/error.ts";
import { checkNodes } from "./check.ts";
import type { Graph, Grower, Growth, NodeId } from "./graph.ts";
import { isTemporary } from "./result.ts";
import type { NodeDef } from "./workflow.ts";

/** What came of an expansion. `undefined` growth: it was done before, with the same nodes. */
export type Expansion =
  | { readonly growth: Growth | undefined }
  /** Why the nodes cannot be used, as text of one or more lines. */
  | { readonly problem: string };

/** Problems that a message lists. */
const MAX_LISTED = 20;

/** Expands nodes of one graph, each at most once. */
export class Expander {
  readonly #graph: Graph;
  readonly #grower: Grower;
  readonly #expanded = new Map<NodeId, Digest>();

  constructor(graph: Graph, grower: Grower) {
    this.#graph = graph;
    this.#grower = grower;
  }

  /**
   * Adds what a node returned to the graph.
   *
   * @param id The node.
   * @param digest Of what it returned.
   * @param read Returns it, decoded.
   */
  expand(id: NodeId, digest: Digest, read: () => unknown): Expansion {
    const before = this.#expanded.get(id);
    if (before !== undefined) {
      return before === digest ? { growth: undefined } : {
        problem: "It returned other nodes than when the run began: run it again",
      };
    }
    const { workflow } = this.#graph;
    const { nodes, problems: wrong } = workflow.define(read());
    if (wrong.length > 0) {
      return problemOf(wrong.map(({ path, message, hint }) => [`${path}: ${message}`, hint]));
    }
    const grown = this.#grow(id, nodes);
    if ("problems" in grown) {
      return problemOf(grown.problems.map(({ message, hint }) => [message, hint]));
    }
    this.#expanded.set(id, digest);
    return { growth: grown };
  }

  /** Tells whether the nodes that a node returns are in the graph. */
  isExpanded(id: NodeId): boolean {
    return this.#expanded.has(id);
  }

  #grow(
    id: NodeId,
    nodes: readonly NodeDef[],
  ): Growth | { readonly problems: readonly Diagnostic[] } {
    const problems = checkNodes(this.#graph.workflow, nodes).filter((p) => p.severity === "error");
    return problems.length > 0 ? { problems } : this.#grower.grow(id, nodes);
  }
}

function problemOf(problems: readonly (readonly [message: string, hint?: string])[]): {
  problem: string;
} {
  const lines = problems.slice(0, MAX_LISTED).map(([message, hint]) =>
    hint === undefined ? `  ${message}` : `  ${message}\n    hint: ${hint}`
  );
  const rest = problems.length - lines.length;
  if (rest > 0) lines.push(`  and ${rest} more`);
  return { problem: ["Cannot use the nodes it returned:", ...lines].join("\n") };
}

/**
 * Returns which of the nodes that joined a graph are to run: all but temporary ones that nobody who runs needs.
 *
 * @param graph The graph, grown.
 * @param ids The nodes, upstreams first.
 * @param isWanted Whether a node that was there is to run: it may take what a new one has, or run after it.
 */
export function wantedOf(
  graph: Graph,
  ids: readonly NodeId[],
  isWanted: (id: NodeId) => boolean,
): NodeId[] {
  const wanted = new Set<NodeId>();
  const { starts, targets } = graph.downs;
  const isNeeded = (down: number) => wanted.has(down as NodeId) || isWanted(down as NodeId);
  for (const id of ids.toReversed()) {
    const downs = targets.subarray(starts[id], starts[id + 1]);
    if (!isTemporary(graph.defs[id]) || downs.some(isNeeded)) wanted.add(id);
  }
  return [...wanted];
}

/** Returns the node of the file that returned a node, at whatever depth; the node itself if it is one. */
export function rootOf({ makers }: Graph, id: NodeId): NodeId {
  let root = id;
  for (let maker = makers[root]; maker !== undefined; maker = makers[root]) root = maker;
  return root;
}
