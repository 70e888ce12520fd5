/**
 * The shape of a graph: its leaves, its generations, the parts that have nothing in common. Does not know results, nor how
 * they are shown.
 *
 * @module
 */

import type { Graph, NodeId } from "./graph.ts";

/** Nodes that hang together, and nothing else of the graph does with them. */
export interface Component {
  /** In the order of the file. */
  readonly nodes: readonly string[];
  /** Those of the nodes that nothing needs: a run of these is a run of all. */
  readonly leaves: readonly string[];
  /** Inputs that they use. */
  readonly inputs: readonly string[];
}

/**
 * Returns the nodes of a part that no other node of it needs. O(nodes + edges).
 *
 * @param part Ids, with every node also what it needs.
 */
export function leavesOf(
  { downs: { starts, targets } }: Graph,
  part: ReadonlySet<NodeId>,
): NodeId[] {
  return inFileOrder(part).filter((id) =>
    !targets.subarray(starts[id], starts[id + 1]).some((down) => part.has(down as NodeId))
  );
}

/**
 * Returns the names of nodes by generation: the first needs nothing, every other one something of the one before it.
 * O(nodes + edges).
 *
 * @param part Ids, with every node also what it needs.
 */
export function generationsOf(
  { defs, order, ups: { starts, targets } }: Graph,
  part: ReadonlySet<NodeId>,
): string[][] {
  const level = new Uint32Array(defs.length);
  const generations: string[][] = [];
  for (const id of order) {
    if (!part.has(id as NodeId)) continue;
    for (const up of targets.subarray(starts[id], starts[id + 1])) {
      level[id] = Math.max(level[id], level[up] + 1);
    }
  }
  for (const id of inFileOrder(part)) (generations[level[id]] ??= []).push(defs[id].name);
  return generations;
}

/**
 * Returns the parts of a graph that share neither nodes nor inputs, in the order of the file. O(nodes + edges).
 *
 * @param part Ids, with every node also what it needs.
 */
export function componentsOf(graph: Graph, part: ReadonlySet<NodeId>): Component[] {
  const { defs, ups: { starts, targets }, workflow } = graph;
  const first = new Map<string, number>();
  const groups = new Groups(defs.length);
  for (const id of part) {
    for (const up of targets.subarray(starts[id], starts[id + 1])) groups.join(id, up);
    for (const name of inputsOf(graph, id)) {
      const other = first.get(name);
      if (other === undefined) first.set(name, id);
      else groups.join(id, other);
    }
  }
  const members = new Map<number, NodeId[]>();
  for (const id of inFileOrder(part)) {
    const group = groups.of(id);
    const known = members.get(group);
    if (known === undefined) members.set(group, [id]);
    else known.push(id);
  }
  return [...members.values()].map((ids) => {
    const used = new Set(ids.flatMap((id) => inputsOf(graph, id)));
    return {
      nodes: ids.map((id) => defs[id].name),
      leaves: leavesOf(graph, new Set(ids)).map((id) => defs[id].name),
      inputs: workflow.inputs.map(({ name }) => name).filter((name) => used.has(name)),
    };
  });
}

/** Names of the inputs a node takes itself. */
function inputsOf({ wires, tracks }: Graph, id: NodeId): string[] {
  return [...wires[id], ...tracks[id]].flatMap(({ source }) =>
    source.kind === "input" ? [source.input.name] : []
  );
}

function inFileOrder(part: ReadonlySet<NodeId>): NodeId[] {
  return [...part].sort((a, b) => a - b);
}

/** Disjoint sets of ids: union by the smaller id, path halving (Tarjan and van Leeuwen 1984). */
export class Groups {
  readonly #parents: Uint32Array;

  /** @param size Ids are less than it; each is a set of its own. */
  constructor(size: number) {
    this.#parents = Uint32Array.from({ length: size }, (_, id) => id);
  }

  /** The smallest id of the set of an id. */
  of(id: number): number {
    const parents = this.#parents;
    while (parents[id] !== id) id = parents[id] = parents[parents[id]];
    return id;
  }

  /** Makes one of the sets of two ids. */
  join(a: number, b: number): void {
    const [low, high] = [this.of(a), this.of(b)].sort((x, y) => x - y);
    this.#parents[high] = low;
  }
}
