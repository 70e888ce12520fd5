/**
 * The dependency graph: nodes as dense ids, wires resolved by name, edges as compressed rows. It grows when a node returns
 * nodes. Pure; knows nothing of digests, results, processes or the state of a run.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { compressRows, findCycle, reverseRows, type Rows, topologicalOrder } from "./base/rows.ts";
import { checkAxes } from "./map_axes.ts";
import { Names, type NodeId, Problems } from "./names.ts";
import { NodeWiring, type WiringOptions } from "./node_wiring.ts";
import { outputOf, type Tracked, type Wire } from "./wire.ts";
import type { NodeDef, Workflow } from "./workflow.ts";

export type { NodeId } from "./names.ts";
export type { Parameters } from "./node_wiring.ts";
export { describeRef, outputOf } from "./wire.ts";
export type { Source, Tracked, Wire } from "./wire.ts";

/** The graph of a workflow. Arrays named in the plural are indexed by `NodeId`. All of it may grow, nothing shrinks. */
export interface Graph {
  readonly workflow: Workflow;
  readonly size: number;
  readonly defs: readonly NodeDef[];
  /** Arguments in the order they were declared or, for inferred ones, of the function's parameters. */
  readonly wires: readonly (readonly Wire[])[];
  /** Sources of `track:`; their `argument` is the source as written. */
  readonly tracks: readonly (readonly Tracked[])[];
  /** Ids of the nodes a node needs, unique and ascending. */
  readonly ups: Rows;
  /** Ids of the nodes that need a node. */
  readonly downs: Rows;
  /** All ids, every node after its upstreams; ties in id order. */
  readonly order: Uint32Array;
  /** For map nodes: which wires the names of the map-spec mean. */
  readonly maps: readonly (Readonly<Record<string, number>> | undefined)[];
  /** The node that returned a node, for those that are not in the file. */
  readonly makers: readonly (NodeId | undefined)[];
  /** Node id by node name and by unique output name. */
  idOf(name: string): NodeId | undefined;
}

/**
 * Resolves all names of a workflow and builds its graph. O(nodes + wires).
 *
 * @param workflow The definition; may come with problems of its own, which are not repeated here.
 * @param options See {@linkcode WiringOptions}.
 * @returns The graph and every wiring problem found. With errors the graph must not be run.
 */
export function buildGraph(
  workflow: Workflow,
  options: WiringOptions,
): { graph: Graph; diagnostics: Diagnostic[]; grower: Grower } {
  const builder = new Builder(workflow, options);
  const diagnostics = builder.diagnostics;
  return { graph: builder.build(), diagnostics, grower: builder };
}

/** What growing did to the nodes that were there. */
export interface Growth {
  /** The new nodes, upstreams first. */
  readonly ids: readonly NodeId[];
  /** By node that was there: new upstreams of it. */
  readonly added: ReadonlyMap<NodeId, readonly NodeId[]>;
}

/** Makes a graph grow. */
export interface Grower {
  /**
   * Adds the nodes that a node returned, all or none. O(nodes + edges).
   *
   * Those who take what the node promised are wired to the nodes that have it; those who run after the node wait for all it
   * returned. The returned nodes may depend on every node but those behind the one that returned them.
   *
   * @param maker The node that returned them.
   * @param defs Its nodes.
   * @returns The growth, or the problems that keep the graph as it was.
   */
  grow(
    maker: NodeId,
    defs: readonly NodeDef[],
  ): Growth | { readonly problems: readonly Diagnostic[] };
}

/** The graph as its builder sees it. */
type MutableGraph = { -readonly [K in keyof Graph]: Graph[K] };

/** Nodes of a cycle that its message names. */
const MAX_CYCLE_NAMES = 20;

class Builder implements Grower {
  readonly #workflow: Workflow;
  readonly #options: WiringOptions;
  readonly #names: Names;
  readonly #wiring: NodeWiring;
  readonly #defs: NodeDef[];
  readonly #wires: Wire[][] = [];
  readonly #maps: (Readonly<Record<string, number>> | undefined)[] = [];
  readonly #tracks: Tracked[][] = [];
  readonly #makers: (NodeId | undefined)[] = [];
  /** Nodes that take what a node promised, by that node. */
  readonly #awaiting = new Map<NodeId, Set<NodeId>>();
  /** Nodes that run after all that a node returned, by that node. */
  readonly #followers = new Map<NodeId, Set<NodeId>>();
  readonly #graph: MutableGraph;
  #problems: Problems;

  constructor(workflow: Workflow, options: WiringOptions) {
    this.#workflow = workflow;
    this.#options = options;
    this.#problems = new Problems(workflow.locate);
    this.#defs = [...workflow.nodes];
    this.#names = new Names(workflow, this.#defs, this.#problems, new Set(options.provided));
    this.#wiring = new NodeWiring(workflow, options, this.#defs, this.#names, this.#problems);
    const none = compressRows([]);
    const { nodeIds, meanings } = this.#names;
    this.#graph = {
      workflow,
      size: 0,
      defs: this.#defs,
      wires: this.#wires,
      tracks: this.#tracks,
      maps: this.#maps,
      makers: this.#makers,
      ups: none,
      downs: none,
      order: new Uint32Array(),
      idOf(name: string): NodeId | undefined {
        const id = nodeIds.get(name);
        if (id !== undefined) return id;
        const meaning = meanings.get(name);
        return meaning === undefined || meaning.kind === "input" ? undefined : meaning.node;
      },
    };
  }

  get diagnostics(): Diagnostic[] {
    return this.#problems.found;
  }

  build(): Graph {
    const graph = this.#graph;
    const ids = [...this.#defs.keys()] as NodeId[];
    this.#names.add(ids, this.#problems);
    const rows = ids.map((id) => this.#wire(id, undefined));
    const ups = compressRows(rows);
    const downs = reverseRows(ups);
    const order = topologicalOrder(ups, downs);
    Object.assign(graph, { size: ids.length, ups, downs, order });
    // Nodes that are not known yet may use an input, or variants that were not chosen.
    const isOpen = this.#defs.some(({ expand }) => expand !== undefined) ||
      this.#workflow.variants !== undefined;
    if (!isOpen) this.#reportUnusedInputs();
    if (order.length < ids.length) this.#reportCycle(ups, order);
    if (this.#options.hasAddedAxes !== true) checkAxes(graph, this.#problems);
    return graph;
  }

  grow(
    maker: NodeId,
    defs: readonly NodeDef[],
  ): Growth | { readonly problems: readonly Diagnostic[] } {
    const problems = new Problems(() => undefined);
    this.#problems = problems;
    const start = this.#defs.length;
    const ids = defs.map((_, i) => start + i as NodeId);
    for (const def of defs) this.#defs.push(def);
    this.#names.add(ids, problems, maker);
    this.#wiring.renew(problems);
    const rows = ids.map((id) => this.#wire(id, maker));
    this.#checkBehind(maker, ids, rows);
    this.#checkPromises(maker);
    const local = rows.map((row) => row.filter((up) => up >= start).map((up) => up - start));
    const localUps = compressRows(local);
    const order = topologicalOrder(localUps, reverseRows(localUps));
    if (order.length < ids.length) this.#reportCycle(localUps, order, start);
    if (defs.some(({ map }) => map !== undefined)) checkAxes(this.#graph, problems, start);
    if (problems.found.length > 0) {
      this.#takeBack(start);
      return { problems: problems.found };
    }
    const added = this.#join(maker, ids, local);
    this.#rebuild(rows, added);
    return { ids: [...order].map((i) => ids[i]), added };
  }

  /** Wires a node; returns its upstreams. */
  #wire(id: NodeId, maker: NodeId | undefined): readonly NodeId[] {
    const { wires, tracks, after, map } = this.#wiring.wire(this.#defs[id]);
    this.#wires.push(wires);
    this.#tracks.push(tracks);
    this.#maps.push(map);
    this.#makers.push(maker);
    for (const { source } of [...wires, ...tracks]) {
      if (source.kind === "promise") addTo(this.#awaiting, source.node, id);
    }
    for (const up of after) {
      if (this.#defs[up].expand !== undefined) addTo(this.#followers, up, id);
    }
    return upstreamsOf(wires, tracks, after) as NodeId[];
  }

  #takeBack(start: number): void {
    this.#names.takeBack();
    for (const columns of [this.#defs, this.#wires, this.#tracks, this.#maps, this.#makers]) {
      columns.length = start;
    }
    for (const waiting of [...this.#awaiting.values(), ...this.#followers.values()]) {
      for (const id of waiting) if (id >= start) waiting.delete(id);
    }
  }

  /** Whoever is behind a node waits for what it returned: that cannot wait for them. */
  #checkBehind(maker: NodeId, ids: readonly NodeId[], rows: readonly (readonly NodeId[])[]): void {
    const behind = new Set<number>();
    const { starts, targets } = this.#graph.downs;
    for (let e = starts[maker]; e < starts[maker + 1]; e++) behind.add(targets[e]);
    // A set's iteration also visits what is added on the way.
    for (const id of behind) {
      for (let e = starts[id]; e < starts[id + 1]; e++) behind.add(targets[e]);
    }
    rows.forEach((row, i) => {
      for (const up of row.filter((up) => behind.has(up))) {
        const [node, late, first] = [ids[i], up, maker].map((id) => this.#defs[id].name);
        this.#problems.add(
          "behind-maker",
          `Cannot let node "${node}" depend on node "${late}": "${late}" is behind "${first}", which returned "${node}"`,
          ["nodes", node],
          { hint: `let "${late}" not depend on "${first}", or return a node that does its work` },
        );
      }
    });
  }

  /** What a node promised must be among what it returned, and of the same kind. */
  #checkPromises(maker: NodeId): void {
    const { name: node, expand } = this.#defs[maker];
    for (const { name, kind } of expand?.provides ?? []) {
      const meaning = this.#names.meanings.get(`${node}.${name}`);
      if (meaning === undefined || meaning.kind === "input") continue;
      if (meaning.node === maker) {
        this.#problems.add(
          "broken-promise",
          `Cannot find output "${name}", which node "${node}" promised: none of the nodes it returned has it`,
          ["nodes"],
          { hint: `return a node with that output, or remove it from "outputs" of "${node}"` },
        );
        continue;
      }
      const found = outputOf(this.#defs, meaning);
      if (found.kind === kind) continue;
      this.#problems.add(
        "broken-promise",
        `Cannot use output "${name}" of node "${
          this.#defs[meaning.node].name
        }": node "${node}" promised a ${kind}, it is a ${found.kind}`,
        ["nodes", this.#defs[meaning.node].name, "outputs", name],
      );
    }
  }

  /** Makes those who wait for what a node returned wait for its nodes. Returns their new upstreams. */
  #join(
    maker: NodeId,
    ids: readonly NodeId[],
    local: readonly (readonly number[])[],
  ): Map<NodeId, readonly NodeId[]> {
    const added = new Map<NodeId, Set<NodeId>>();
    for (const id of this.#awaiting.get(maker) ?? []) {
      for (const columns of [this.#wires, this.#tracks]) {
        columns[id] = columns[id].map((wire) => {
          const { source } = wire;
          if (source.kind !== "promise" || source.node !== maker) return wire;
          const { name, expand } = this.#defs[maker];
          const meaning = this.#names.meanings.get(
            `${name}.${expand?.provides[source.output].name}`,
          );
          // Checked by #checkPromises; what is given from outside is an input from the start.
          if (meaning === undefined || meaning.kind === "input") return wire;
          if (meaning.kind === "promise") addTo(this.#awaiting, meaning.node, id);
          addTo(added, id, meaning.node);
          return { ...wire, source: meaning };
        });
      }
    }
    const inner = new Set(local.flat());
    for (const id of this.#followers.get(maker) ?? []) {
      ids.forEach((up, i) => {
        const isMaker = this.#defs[up].expand !== undefined;
        if (isMaker) addTo(this.#followers, up, id);
        // Behind the last ones it is behind all of them.
        if (isMaker || !inner.has(i)) addTo(added, id, up);
      });
    }
    return new Map([...added].map(([id, ups]) => [id, [...ups]]));
  }

  /** Makes the rows again, with new ones and new upstreams of old ones. */
  #rebuild(
    rows: readonly (readonly NodeId[])[],
    added: ReadonlyMap<NodeId, readonly NodeId[]>,
  ): void {
    const { starts, targets } = this.#graph.ups;
    const before = Array.from({ length: this.#graph.size }, (_, id) => {
      const row = targets.subarray(starts[id], starts[id + 1]);
      const more = added.get(id as NodeId);
      return more === undefined ? row : [...new Set([...row, ...more])].sort((a, b) => a - b);
    });
    const ups = compressRows([...before, ...rows]);
    const downs = reverseRows(ups);
    const order = topologicalOrder(ups, downs);
    Object.assign(this.#graph, { size: this.#defs.length, ups, downs, order });
  }

  #reportUnusedInputs(): void {
    for (const { name } of this.#workflow.inputs) {
      if (this.#wiring.used.has(name)) continue;
      this.#problems.add("unused-input", `Input "${name}" is not used by any node`, [
        "inputs",
        name,
      ], {
        part: "key",
        hint: "remove it, or wire it into a node",
      });
    }
  }

  #reportCycle(ups: Rows, order: Uint32Array, start = 0): void {
    const path = findCycle(ups, order);
    const names = path.map((id) => this.#defs[start + id].name);
    const [first] = names;
    const left = names.length - MAX_CYCLE_NAMES;
    const shown = left > 1 ? [...names.slice(0, MAX_CYCLE_NAMES), `… ${left} more …`] : names;
    this.#problems.add(
      "cycle",
      `Cannot order the nodes: they form a cycle: ${[...shown, first].join(" -> ")}`,
      ["nodes", first],
      {
        part: "key",
        related: names.slice(1, 6).flatMap((name) =>
          this.#problems.placeOf(`node "${name}"`, ["nodes", name])
        ),
        hint: "break it: a node cannot depend on what depends on it",
      },
    );
  }
}

function upstreamsOf(
  wires: readonly Wire[],
  tracks: readonly Tracked[],
  after: readonly NodeId[],
): number[] {
  const ids: number[] = [...after];
  for (const { source } of wires) if ("node" in source) ids.push(source.node);
  for (const { source } of tracks) if ("node" in source) ids.push(source.node);
  return ids.length < 2 ? ids : [...new Set(ids)].sort((a, b) => a - b);
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}
