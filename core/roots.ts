/**
 * What a part of a graph starts from: inputs, params, files and variables, and which outputs may be given in place of
 * computing them. Does not know values that are given, nor how all this is shown.
 *
 * @module
 */

import { paramReferences } from "./param_references.ts";
import type { Graph, NodeId } from "./graph.ts";
import { outputOf, type Source } from "./wire.ts";
import type { InputDef, Json } from "./workflow.ts";

/** Something that comes from outside. */
export interface Root {
  /** Name of an input, path of a param with `params.`, or what is read: a path, a pattern, a variable. */
  readonly name: string;
  readonly from: "input" | "param" | "file" | "dir" | "glob" | "env";
  /** Of an input: `file`, `dir` or the type of its value. */
  readonly type?: string;
  /** The value of a param, or what an input is if it is not given. */
  readonly default?: Json;
  /** It must be given. */
  readonly required?: true;
  readonly description?: string;
  /** Names of the nodes that take it. */
  readonly nodes: readonly string[];
}

/** What an output can be computed from. */
export interface Starts {
  /** Each is a set of names that is enough, and none too much: outputs that may be given, and inputs; sorted. */
  readonly sets: readonly (readonly string[])[];
  /** There are more than are listed. */
  readonly isCut: boolean;
}

/** Sets that are listed; nobody reads more. */
const MAX_SETS = 1000;

/**
 * Returns what a part of a graph takes from outside: inputs in the order of the file, then the rest in the order of use.
 *
 * @param part Ids, with every node also what it needs.
 */
export function rootsOf(graph: Graph, part: ReadonlySet<NodeId>): Root[] {
  const { defs, wires, tracks, workflow } = graph;
  const found = new Map<string, Omit<Root, "nodes"> & { readonly nodes: string[] }>();
  const add = (root: Omit<Root, "nodes">, node: string): void => {
    const key = `${root.from} ${root.name}`;
    const known = found.get(key) ?? { ...root, nodes: [] };
    if (!known.nodes.includes(node)) known.nodes.push(node);
    found.set(key, known);
  };
  for (const id of [...part].sort((a, b) => a - b)) {
    const { name } = defs[id];
    for (const { source } of [...wires[id], ...tracks[id]]) {
      const root = source.kind === "function" ? undefined : rootOf(source);
      if (root !== undefined) add(root, name);
    }
    for (const path of paramReferences(defs[id])) {
      add({ name: `params.${path}`, from: "param", default: paramAt(workflow.params, path) }, name);
    }
  }
  const all = [...found.values()];
  const order = workflow.inputs.map((input) => input.name);
  const given = all.filter(({ from }) => from === "input")
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return [
    ...given,
    ...all.filter(({ from }) => from === "param"),
    ...all.filter(({ from }) => from !== "input" && from !== "param"),
  ];
}

function rootOf(source: Source): Omit<Root, "nodes"> | undefined {
  switch (source.kind) {
    case "input":
      return inputRoot(source.input);
    case "param":
      return { name: source.path, from: "param", default: source.value };
    case "file":
    case "dir":
      return { name: source.path, from: source.kind };
    case "glob":
      return { name: source.pattern, from: "glob" };
    case "env":
      return { name: source.name, from: "env" };
    default:
      return undefined;
  }
}

function inputRoot(input: InputDef): Omit<Root, "nodes"> {
  const type = input.kind === "value" ? input.type : input.kind;
  return {
    name: input.name,
    from: "input",
    ...(type === undefined ? {} : { type }),
    ...(input.default === undefined ? { required: true } : { default: input.default }),
    ...(input.description === undefined ? {} : { description: input.description }),
  };
}

function paramAt(params: Json, path: string): Json {
  let value = params;
  // The paths of commands were checked when they were wired.
  for (const key of path.split(".")) value = (value as { readonly [key: string]: Json })[key];
  return value;
}

/** How far the decision is, upstream from what is asked for. */
interface Cut {
  /** Outputs that somebody downstream takes, by node. */
  readonly taken: ReadonlyMap<NodeId, ReadonlySet<string>>;
  /** Nodes that run because one after them does. */
  readonly after: ReadonlySet<NodeId>;
  /** Names that are given so far. */
  readonly given: readonly string[];
}

/**
 * Returns the sets of names from which a node can be computed: outputs that are given (`--input`), and the inputs that
 * what is left to compute needs. A node gives all outputs that are taken of it, or none.
 *
 * Walks from the node upstream; at every node that somebody takes something of there are two ways. Exponential in the worst
 * case, so it stops at {@linkcode MAX_SETS}.
 *
 * @param target The node.
 * @param part The node with everything it needs.
 */
export function startsOf(graph: Graph, target: NodeId, part: ReadonlySet<NodeId>): Starts {
  const walk = [...graph.order].reverse().filter((id) => part.has(id as NodeId)) as NodeId[];
  const sets: string[][] = [];
  for (const set of cuts({ graph, target, walk }, 0, NOTHING)) {
    if (sets.length === MAX_SETS) return { sets, isCut: true };
    sets.push(set);
  }
  return { sets, isCut: false };
}

const NOTHING: Cut = { taken: new Map(), after: new Set(), given: [] };

interface CutContext {
  readonly graph: Graph;
  readonly target: NodeId;
  /** Ids of the part, every node before what it needs. */
  readonly walk: readonly NodeId[];
}

function* cuts(context: CutContext, from: number, cut: Cut): Generator<string[]> {
  const { graph, target, walk } = context;
  const open = { ...cut };
  for (let i = from; i < walk.length; i++) {
    const id = walk[i];
    const taken = open.taken.get(id);
    if (id !== target && taken === undefined && !open.after.has(id)) continue;
    if (taken !== undefined && id !== target && !open.after.has(id)) {
      yield* cuts(context, i + 1, { ...open, given: [...open.given, ...taken] });
    }
    Object.assign(open, computed(graph, id, open));
  }
  yield [...new Set(open.given)].sort();
}

/** A node is computed, so what it takes is needed. */
function computed({ defs, wires, tracks, ups, makers }: Graph, id: NodeId, cut: Cut): Cut {
  const taken = new Map(cut.taken);
  const given = [...cut.given];
  const data = new Set<number>();
  for (const { source } of [...wires[id], ...tracks[id]]) {
    if (source.kind === "input") given.push(source.input.name);
    if (source.kind !== "output" && source.kind !== "promise") continue;
    data.add(source.node);
    const { name } = outputOf(defs, source);
    taken.set(source.node, new Set([...taken.get(source.node) ?? [], name]));
  }
  const needed = ups.targets.subarray(ups.starts[id], ups.starts[id + 1]);
  const maker = makers[id];
  const after = [...needed].filter((up) => !data.has(up)) as NodeId[];
  return {
    taken,
    given,
    after: new Set([...cut.after, ...after, ...maker === undefined ? [] : [maker]]),
  };
}
