/**
 * The shape of a workflow, or of a part of it, by names: what it starts from, where it ends, what lies between. Puts
 * together what knows graphs; does not know results.
 *
 * @module
 */

import type { Graph, NodeId } from "./graph.ts";
import { type Component, componentsOf, generationsOf, leavesOf } from "./graph_parts.ts";
import { nestableOf } from "./nestable.ts";
import { type Root, rootsOf, type Starts, startsOf } from "./roots.ts";
import type { Targets } from "./targets.ts";

/** The shape of a part of a graph. */
export class Structure {
  readonly #graph: Graph;
  readonly #targets: Targets;
  readonly #part: ReadonlySet<NodeId>;

  /**
   * @param selectors What it is about, with what that needs; empty means everything.
   * @throws {UsageError} If a selector means nothing.
   */
  constructor(graph: Graph, targets: Targets, selectors: readonly string[]) {
    this.#graph = graph;
    this.#targets = targets;
    this.#part = targets.part(selectors) ?? new Set([...graph.defs.keys()] as NodeId[]);
  }

  /** What comes from outside, with those who take it. */
  roots(): Root[] {
    return rootsOf(this.#graph, this.#part);
  }

  /** Names of the nodes that nothing needs. */
  leaves(): string[] {
    return leavesOf(this.#graph, this.#part).map((id) => this.#graph.defs[id].name);
  }

  /** Names of the nodes that may run side by side, the first that need nothing. */
  generations(): string[][] {
    return generationsOf(this.#graph, this.#part);
  }

  /** The parts that share neither nodes nor inputs. */
  components(): Component[] {
    return componentsOf(this.#graph, this.#part);
  }

  /** Groups of functions that might as well be one node. */
  nestable(): string[][] {
    return nestableOf(this.#graph, this.#part);
  }

  /**
   * The sets of names that are enough to compute a node or an output.
   *
   * @throws {UsageError} If there is no such name.
   */
  starts(name: string): Starts {
    const target = this.#targets.node(name);
    return startsOf(this.#graph, target, this.#targets.closure([target]));
  }
}
