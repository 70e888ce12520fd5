/**
 * A graph as a list of nodes in topological order, `a -> b, c`: for graphs too large or too wide to draw.
 * Linear in the size of the graph. Knows no geometry.
 *
 * @module
 */

import { formatCount } from "./format.ts";
import { type GraphView, type IndexedEdge, indexEdges, oneLine, type ViewNode } from "./view.ts";
import { displayWidth } from "./width.ts";

/** More lines are not read by anybody; other formats hold all of a graph. */
const MAX_LINES = 10_000;

/** How to print an outline. */
export interface OutlineOptions {
  readonly unicode: boolean;
  /** Lines are wrapped between names to fit where they can. */
  readonly maxWidth: number;
  /** Text of a node at the start of its line; its id by default. */
  readonly label?: (node: ViewNode) => string;
}

/** Lists a graph: one line of figures, then every node with the nodes that use it, as far as that can be read. */
export function drawOutline(view: GraphView, options: OutlineOptions): string {
  const edges = indexEdges(view);
  const { order, layers, hasCycle } = topological(view.nodes.length, edges);
  const targets: string[][] = view.nodes.map(() => []);
  for (const { from, to, isOrder } of edges) {
    targets[from].push(oneLine(view.nodes[to].id) + (isOrder ? " (order)" : ""));
  }
  const label = options.label ?? ((node) => oneLine(node.id));
  const arrow = options.unicode ? " → " : " -> ";
  const shape = hasCycle ? "with a cycle" : `${formatCount(layers)} layers`;
  const lines = [
    `${formatCount(view.nodes.length)} nodes, ${formatCount(edges.length)} edges, ${shape}`,
  ];
  for (const [k, i] of order.entries()) {
    if (lines.length > MAX_LINES) {
      const left = formatCount(order.length - k);
      const dots = options.unicode ? "…" : "...";
      lines.push(
        `${dots} ${left} more: name nodes to see a part, or print all with --json or --dot`,
      );
      break;
    }
    const start = label(view.nodes[i]);
    if (targets[i].length === 0) lines.push(start);
    else {for (const line of wrapNames(start + arrow, targets[i], options.maxWidth)) {
        lines.push(line);
      }}
  }
  return lines.join("\n");
}

function wrapNames(start: string, names: readonly string[], maxWidth: number): string[] {
  const lines: string[] = [];
  let line = start;
  let isFirst = true;
  for (const [k, name] of names.entries()) {
    const text = k + 1 < names.length ? name + "," : name;
    if (!isFirst && displayWidth(line) + 1 + displayWidth(text) > maxWidth) {
      lines.push(line);
      line = "    " + text;
    } else {
      line += (isFirst ? "" : " ") + text;
    }
    isFirst = false;
  }
  return [...lines, line];
}

/** Kahn's algorithm; nodes on a cycle come last, in given order. */
export function topological(
  count: number,
  edges: readonly IndexedEdge[],
): { readonly order: readonly number[]; readonly layers: number; readonly hasCycle: boolean } {
  const waiting = new Int32Array(count);
  const depths = new Int32Array(count);
  const targets: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) {
    targets[from].push(to);
    waiting[to]++;
  }
  const order: number[] = [];
  for (let i = 0; i < count; i++) if (waiting[i] === 0) order.push(i);
  for (let k = 0; k < order.length; k++) {
    for (const to of targets[order[k]]) {
      depths[to] = Math.max(depths[to], depths[order[k]] + 1);
      if (--waiting[to] === 0) order.push(to);
    }
  }
  const hasCycle = order.length < count;
  for (let i = 0; i < count; i++) if (waiting[i] > 0) order.push(i);
  const layers = depths.reduce((a, b) => Math.max(a, b), count === 0 ? -1 : 0) + 1;
  return { order, layers, hasCycle };
}
