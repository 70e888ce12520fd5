/**
 * A graph as JSON for other programs. Does not know who reads it.
 *
 * @module
 */

import { type GraphView, indexEdges } from "./view.ts";

/** Version of the JSON form; raised when a field changes meaning or goes away. */
export const GRAPH_VERSION = 1;

/**
 * Returns a graph as indented JSON with a final newline: `{ "v": 1, "name", "nodes", "edges" }`, nodes and
 * edges with the fields of `ViewNode` and `ViewEdge`.
 *
 * @throws {InternalError} If an edge names a node that is not in the view.
 */
export function toGraphJson(view: GraphView): string {
  indexEdges(view);
  const { name, nodes, edges } = view;
  return JSON.stringify({ v: GRAPH_VERSION, name, nodes, edges }, null, 2) + "\n";
}
