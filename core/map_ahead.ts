/**
 * Which map nodes may begin before their upstreams are over: those that take, of upstreams that still run, only single elements
 * or parts of arrays that are being made call by call. Looks at the graph; does not know values or calls.
 *
 * @module
 */

import type { Graph, NodeId } from "./graph.ts";
import type { LiveSource } from "./map_passing.ts";

/** What is known of nodes while they run. */
export interface RunningNodes {
  isDone(id: NodeId): boolean;
  /** Whether calls of a map node are being made. */
  isMapping(id: NodeId): boolean;
}

/**
 * Returns the arrays a map node would take while they are being made.
 *
 * @returns `undefined` if it must wait, or has nothing to wait for.
 */
export function liveSources(
  graph: Graph,
  id: NodeId,
  { isDone, isMapping }: RunningNodes,
): readonly LiveSource[] | undefined {
  const { defs, wires, tracks, maps, ups: { starts, targets } } = graph;
  const def = defs[id];
  const open = new Set<NodeId>();
  for (let e = starts[id]; e < starts[id + 1]; e++) {
    const up = targets[e] as NodeId;
    if (isDone(up)) continue;
    // How long generated axes are shows when all calls have ended.
    if (!isMapping(up) || defs[up].map?.generated.length !== 0) return undefined;
    open.add(up);
  }
  if (open.size === 0) return undefined;
  if (def.after.some((name) => open.has(graph.idOf(name) as NodeId))) return undefined;
  const names = new Map(Object.entries(maps[id] ?? {}).map(([name, wire]) => [wire, name]));
  const sources: LiveSource[] = [];
  for (const [position, { source }] of wires[id].entries()) {
    if (source.kind === "promise") return undefined;
    if (source.kind !== "output") continue;
    const { node, output } = source;
    // Their bytes may have to be made again first.
    if (defs[node].outputs[output].temp) return undefined;
    if (!open.has(node)) continue;
    const name = names.get(position);
    if (name === undefined) return undefined;
    sources.push({ name, node, output });
  }
  const isTracked = tracks[id].some(({ source }) => "node" in source && open.has(source.node));
  return isTracked ? undefined : sources;
}
