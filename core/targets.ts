/**
 * What the names on a command line mean in a graph, and what they need. Does not know results or files.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import type { Rows } from "./base/rows.ts";
import { nearest } from "./base/suggest.ts";
import type { Graph, NodeId } from "./graph.ts";
import { isTemporary } from "./result.ts";
import { parseSelector, type Selector } from "./selector.ts";

/** One declared output of one node. */
export interface OutputPlace {
  readonly id: NodeId;
  /** Index into the node's declared outputs. */
  readonly position: number;
}

/** What one selector means. */
export interface Selected {
  /** As typed. */
  readonly text: string;
  /** Not empty. */
  readonly ids: readonly NodeId[];
  /** The node that `NAME` or `+NAME` is about; absent for a set such as `NAME+` or a pattern, which may lose members. */
  readonly node?: NodeId;
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
   * Returns the ends of the graph, which need everything else. A node whose outputs are all temporary is no end: it runs
   * only if somebody needs it.
   */
  ends(): NodeId[] {
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

  /**
   * Returns the nodes that a selector means. O(nodes + edges).
   *
   * @param text `NAME`, `+NAME`, `NAME+`, `+NAME+`; the name may be a pattern with `*` and `?` for names of nodes.
   * @throws {UsageError} If a name is unknown or nothing matches.
   */
  select(text: string): Selected {
    const selector = parseSelector(text);
    const { up, down, pattern } = selector;
    const named = pattern === undefined ? [this.node(selector.name)] : this.#matching(selector);
    const { ups, downs } = this.#graph;
    const ids = new Set(named);
    if (up) { for (const id of reach(ups, named)) ids.add(id); }
    if (down) { for (const id of reach(downs, named)) ids.add(id); }
    const isSet = down || pattern !== undefined;
    return {
      text,
      ids: [...ids].filter((id) => !this.#isReplaced(id) || named.includes(id)),
      ...(isSet ? {} : { node: named[0] }),
    };
  }

  /** Returns the names of the nodes that a selector means; see `select`. */
  names(text: string): string[] {
    return this.select(text).ids.map((id) => this.#graph.defs[id].name);
  }

  /** Returns what selectors mean with what it needs, or `undefined`, which is everything, if there are none. */
  part(selectors: readonly string[] = []): Set<NodeId> | undefined {
    if (selectors.length === 0) return undefined;
    return this.closure(selectors.flatMap((text) => this.select(text).ids));
  }

  /** Returns nodes with everything upstream of them. O(nodes + edges). */
  closure(targets: Iterable<NodeId>): Set<NodeId> {
    return reach(this.#graph.ups, targets);
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
    const { defs } = this.#graph;
    const nest = defs.find((def) => def.nest?.nodes.includes(head) === true);
    const names = defs.flatMap((def) => [def.name, ...def.outputs.map((o) => o.name)]);
    const close = nearest(name, names);
    const hint = close === undefined ? "flow ls lists them" : `did you mean "${close}"?`;
    throw new UsageError(`Unknown node or output "${name}"`, {
      hint: nest === undefined ? hint : `node "${nest.name}" nests it`,
    });
  }

  /** Whether a name is that of an output of a node that has yet to be returned by another. */
  isPromise(name: string): boolean {
    const { name: node, expand } = this.#graph.defs[this.node(name)];
    const wanted = name.startsWith(`${node}.`) ? name.slice(node.length + 1) : name;
    return expand?.provides.some((output) => output.name === wanted) === true;
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

  /** Nodes whose names match a pattern. */
  #matching({ name, pattern }: Selector): NodeId[] {
    const ids = this.#graph.defs.flatMap((def, id) =>
      pattern?.test(def.name) ? [id as NodeId] : []
    );
    if (ids.length > 0) return ids;
    const close = nearest(name.replace(/[*?]/g, ""), this.#graph.defs.map((def) => def.name));
    throw new UsageError(`Cannot find a node that matches "${name}"`, {
      hint: close === undefined ? "flow ls lists them" : `did you mean "${close}"?`,
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

/** Returns ids with everything that can be reached from them. */
function reach({ starts, targets }: Rows, from: Iterable<NodeId>): Set<NodeId> {
  const seen = new Set(from);
  // A set's iteration also visits what is added on the way.
  for (const id of seen) {
    for (let e = starts[id]; e < starts[id + 1]; e++) seen.add(targets[e] as NodeId);
  }
  return seen;
}
