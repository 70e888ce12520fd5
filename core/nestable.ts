/**
 * Functions that might as well be one node: nothing outside needs what is between them, and what one of them starts from all
 * do. Advice only; does not know code, which may be edited apart.
 *
 * @module
 */

import type { Graph, NodeId } from "./graph.ts";
import { Groups } from "./graph_parts.ts";
import type { NodeDef } from "./workflow.ts";

/**
 * Returns groups of nodes that can be nested and always run together, but for edits of their code; each in the order of the
 * file. O(edges × what nodes start from).
 *
 * @param part Ids, with every node also what it needs.
 */
export function nestableOf(graph: Graph, part: ReadonlySet<NodeId>): string[][] {
  const { defs, downs: { starts, targets } } = graph;
  const roots = rootsByNode(graph, part);
  const groups = new Groups(defs.length);
  for (const id of part) {
    const readers = targets.subarray(starts[id], starts[id + 1]);
    const [reader] = readers;
    if (readers.length !== 1 || !part.has(reader as NodeId)) continue;
    const isTaken = graph.wires[reader].some(({ source }) =>
      source.kind === "output" && source.node === id
    );
    const isSame = roots.get(id)?.size === roots.get(reader as NodeId)?.size;
    const fits = isPlain(defs[id]) && isPlain(defs[reader]);
    if (isTaken && isSame && fits && optionsOf(defs[id]) === optionsOf(defs[reader])) {
      groups.join(id, reader);
    }
  }
  const found = new Map<number, string[]>();
  for (const id of [...part].sort((a, b) => a - b)) {
    const group = groups.of(id);
    found.set(group, [...found.get(group) ?? [], defs[id].name]);
  }
  return [...found.values()].filter(({ length }) => length > 1);
}

/** What every node starts from; that of a node is part of that of who reads it, so sizes tell whether they are equal. */
function rootsByNode(graph: Graph, part: ReadonlySet<NodeId>): Map<NodeId, ReadonlySet<string>> {
  const found = new Map<NodeId, ReadonlySet<string>>();
  for (const id of graph.order as Iterable<NodeId>) {
    if (!part.has(id)) continue;
    const roots = new Set<string>();
    for (const { source } of [...graph.wires[id], ...graph.tracks[id]]) {
      const own = source.kind === "input"
        ? [`input ${source.input.name}`]
        : [JSON.stringify(source)];
      const more = "node" in source
        ? found.get(source.node) ?? []
        : source.kind === "value"
        ? []
        : own;
      for (const root of more) roots.add(root);
    }
    found.set(id, roots);
  }
  return found;
}

/** A function of values that can be nested. */
function isPlain({ work, map, expand, nest, outputs }: NodeDef): boolean {
  const isFunction = work.kind === "call" && [map, expand, nest].every((x) => x === undefined);
  return isFunction &&
    outputs.every(({ kind, temp, pick }) => kind === "value" && !temp && pick === undefined);
}

/** Options that nested nodes have in common. */
function optionsOf(def: NodeDef): string {
  const { timeoutMs, retry, cache, isolate, onError, enabled, executor, hooks = [] } = def;
  return JSON.stringify([
    ...[timeoutMs, retry, cache, isolate, onError, enabled, executor],
    hooks.map(({ at: _, ...hook }) => hook),
  ]);
}
