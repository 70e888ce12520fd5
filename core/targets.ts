/**
 * What the names on a command line mean in a graph, and what they need. Does not know results or files.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import type { Graph, NodeId } from "./graph.ts";
import { isTemporary } from "./result.ts";

/** One declared output of one node. */
export interface OutputPlace {
  readonly id: NodeId;
  /** Index into the node's declared outputs. */
  readonly position: number;
}

/** Resolves names of nodes and outputs. */
export class Targets {
  readonly #graph: Graph;
  readonly #replaced: ReadonlySet<string>;

  /**
   * @param graph The graph.
   * @param given Names that were given from outside; outputs among them are not computed.
   */
  constructor(graph: Graph, given: Iterable<string>) {
    this.#graph = graph;
    const inputs = new Set(graph.workflow.inputs.map((input) => input.name));
    this.#replaced = new Set([...given].filter((name) => !inputs.has(name)));
  }

  /**
   * Returns the nodes that names mean; without names the ends of the graph, which need everything else. A node whose
   * outputs are all temporary is no end: it runs only if somebody needs it.
   *
   * @throws {UsageError} If a name is unknown.
   */
  resolve(names: readonly string[]): NodeId[] {
    if (names.length > 0) return names.map((name) => this.node(name));
    const { downs: { starts, targets }, order, defs } = this.#graph;
    const isWanted = new Uint8Array(this.#graph.size);
    const ends: NodeId[] = [];
    for (let i = order.length - 1; i >= 0; i--) {
      const id = order[i] as NodeId;
      const downs = targets.subarray(starts[id], starts[id + 1]);
      const isNeeded = downs.some((down) => isWanted[down] === 1);
      if (!isNeeded && isTemporary(defs[id])) continue;
      isWanted[id] = 1;
      if (!isNeeded && !this.#isReplaced(id)) ends.push(id);
    }
    return ends.reverse();
  }

  /** Returns the nodes whose stored results are not to be used. */
  forced(force: readonly string[] | true | undefined): Set<number> {
    if (force === undefined) return new Set();
    return force === true ? new Set(this.#graph.defs.keys()) : new Set(this.resolve(force));
  }

  /** Returns nodes with everything upstream of them. O(nodes + edges). */
  closure(targets: readonly NodeId[]): Set<number> {
    const { starts, targets: ups } = this.#graph.ups;
    const seen = new Set<number>(targets);
    // A set's iteration also visits what is added on the way.
    for (const id of seen) for (let e = starts[id]; e < starts[id + 1]; e++) seen.add(ups[e]);
    return seen;
  }

  /** Whether a name is that of a node or an output. */
  has(name: string): boolean {
    return (this.#graph.idOf(name) ?? this.#graph.idOf(name.split(".")[0])) !== undefined;
  }

  /**
   * Returns the node that a node's or an output's name means.
   *
   * @throws {UsageError} If there is none.
   */
  node(name: string): NodeId {
    const [head] = name.split(".");
    const id = this.#graph.idOf(name) ?? this.#graph.idOf(head);
    if (id !== undefined) return id;
    const names = this.#graph.defs.flatMap((def) => [def.name, ...def.outputs.map((o) => o.name)]);
    const close = nearest(name, names);
    throw new UsageError(`Unknown node or output "${name}"`, {
      hint: close === undefined ? "flow ls lists them" : `did you mean "${close}"?`,
    });
  }

  /**
   * Returns the output a name means: an output, a node with one output, or `node.output`.
   *
   * @throws {UsageError} If there is none, or the node has several.
   */
  output(name: string): OutputPlace {
    const id = this.node(name);
    const { outputs, name: node } = this.#graph.defs[id];
    const wanted = name.startsWith(`${node}.`) ? name.slice(node.length + 1) : name;
    const position = outputs.findIndex((output) => output.name === wanted);
    if (position >= 0) return { id, position };
    if (name === node && outputs.length === 1) return { id, position: 0 };
    if (outputs.length === 0) throw new UsageError(`Node "${node}" has no outputs`);
    throw new UsageError(`Node "${node}" has ${outputs.length} outputs, none named "${wanted}"`, {
      hint: `name one: ${outputs.map((output) => `${node}.${output.name}`).join(", ")}`,
    });
  }

  /** All outputs of the node are given from outside. */
  #isReplaced(id: NodeId): boolean {
    const { name, outputs } = this.#graph.defs[id];
    return outputs.length > 0 &&
      outputs.every((output) =>
        this.#replaced.has(output.name) || this.#replaced.has(`${name}.${output.name}`)
      );
  }
}
