/**
 * A graph as people are shown it: the input of every drawing and text form of a graph.
 * Plain data; does not know workflows, runs or stores.
 *
 * @module
 */

import { InternalError } from "../base/error.ts";
import { sanitize } from "../base/source.ts";

/** A graph as it is drawn. */
export interface GraphView {
  readonly name: string;
  /** In the order they are listed; ids are unique. */
  readonly nodes: readonly ViewNode[];
  /** Both ends are ids of `nodes`. */
  readonly edges: readonly ViewEdge[];
}

/** What a node is; decides the shape it is drawn with. */
export type ViewKind = "call" | "run" | "stream" | "expand" | "input" | "output";

/** What came, or would come, of a node. */
export type ViewStatus = "hit" | "done" | "failed" | "skipped" | "running" | "stale";

/** One node of a view. */
export interface ViewNode {
  readonly id: string;
  readonly kind: ViewKind;
  /** A second line, for example `nodes.ts#fit`, a map-spec or a command. */
  readonly detail?: string;
  readonly status?: ViewStatus;
  /** Names of the outputs, if they are to be shown. */
  readonly outputs?: readonly string[];
  readonly wallMs?: number;
}

/** One dependency: `to` uses, or comes after, `from`. */
export interface ViewEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** `order`: nothing flows, `to` only comes later. Drawn dashed. */
  readonly style?: "data" | "order";
}

/** The edges of a view by position in `nodes`, without repetitions. */
export interface IndexedEdge {
  readonly from: number;
  readonly to: number;
  readonly isOrder: boolean;
}

/** Words for statuses, as in legends and tables. */
export const STATUS_WORDS: Readonly<Record<ViewStatus, string>> = {
  hit: "up to date",
  done: "done",
  failed: "failed",
  skipped: "skipped",
  running: "running",
  stale: "stale",
};

/**
 * Resolves the edges of a view to positions; of parallel edges one remains, `data` before `order`.
 *
 * @throws {InternalError} If an edge names a node that is not in the view.
 */
export function indexEdges(view: GraphView): readonly IndexedEdge[] {
  const indices = new Map(view.nodes.map((node, i) => [node.id, i]));
  const found = new Map<number, IndexedEdge>();
  for (const edge of view.edges) {
    const from = indices.get(edge.from);
    const to = indices.get(edge.to);
    if (from === undefined || to === undefined) {
      throw new InternalError("Cannot draw an edge: an end is not a node of the view", {
        facts: { from: edge.from, to: edge.to },
      });
    }
    const key = from * view.nodes.length + to;
    const isOrder = edge.style === "order";
    if (!found.has(key) || !isOrder) found.set(key, { from, to, isOrder });
  }
  return [...found.values()];
}

/** Makes text of a user safe to print on one line. */
export function oneLine(text: string): string {
  return sanitize(text).replace(/[\t\n]+/g, " ");
}
