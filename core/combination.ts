/**
 * One combination of values in a workflow: the same workflow with other inputs and params. Knows which nodes depend on
 * which names; does not know where combinations come from, nor runs.
 *
 * Files of nodes that depend on a name are published below `sweep/`, in a directory called after the values of just these
 * names: runs side by side never replace each other's files, and nodes that do not differ share theirs.
 *
 * @module
 */

import { paramReferences } from "./param_references.ts";
import { digestOf } from "./base/digest.ts";
import { InternalError } from "./base/error.ts";
import type { Graph } from "./graph.ts";
import { replaceParam } from "./load/params.ts";
import { type Combination, distinct, identityOf, project, textOf } from "./sweep.ts";
import { sweptOf } from "./swept.ts";
import type { Json, JsonObject, NodeDef, Workflow } from "./workflow.ts";

/** Directory of files that depend on swept names, relative to that of the workflow. */
const SWEEP_DIR = "sweep";

/** Characters of a label beyond which it is cut. */
const MAX_LABEL = 100;

/**
 * Returns for every node the names it depends on, also through nodes upstream, in the order of `names`. O(edges × names).
 *
 * @param graph Of the workflow, without any combination.
 * @param names Of inputs and params.
 */
export function dependencies(graph: Graph, names: readonly string[]): readonly string[][] {
  const isChoice = (name: string) => sweptOf(name, graph.workflow)?.kind === "variant";
  // With another variant the graph is another one: who is behind what this one cannot tell.
  if (names.some(isChoice)) return graph.defs.map(() => [...names]);
  const found = graph.defs.map((def, id) => new Set(ownNames(graph, def, id, names)));
  for (const id of graph.order) {
    // Not through `after`, which is about order alone.
    for (const { source } of [...graph.wires[id], ...graph.tracks[id]]) {
      if (source.kind !== "output" && source.kind !== "promise") continue;
      // What a node will return may depend on anything.
      const upstream = source.kind === "promise" ? names : found[source.node];
      for (const name of upstream) found[id].add(name);
    }
  }
  return found.map((set) => names.filter((name) => set.has(name)));
}

/** Names that a node takes itself. */
function ownNames(graph: Graph, def: NodeDef, id: number, names: readonly string[]): string[] {
  const inputs = new Set<string>();
  const paths = paramReferences(def).map((path) => `params.${path}`);
  for (const { source } of [...graph.wires[id], ...graph.tracks[id]]) {
    if (source.kind === "input") inputs.add(source.input.name);
    if (source.kind === "param") paths.push(source.path);
  }
  return names.filter((name) => {
    const swept = sweptOf(name, graph.workflow);
    if (swept?.kind === "input") return inputs.has(name);
    const path = `params.${swept?.kind === "param" ? swept.path.join(".") : ""}`;
    // A part of what is swept, or something it is a part of.
    return paths.some((own) =>
      `${own}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${own}.`)
    );
  });
}

/** How many different runs a node has among combinations, at most. */
export interface NodeTally {
  readonly node: string;
  readonly runs: number;
  /** Names it depends on. */
  readonly names: readonly string[];
}

/** Counts for every node how many combinations differ for it; nothing is run. */
export function tallyNodes(
  graph: Graph,
  combinations: readonly Combination[],
  names: readonly string[],
): NodeTally[] {
  const counts = new Map<string, number>();
  return dependencies(graph, names).map((own, id) => {
    const identity = own.join("\n");
    const runs = counts.get(identity) ?? distinct(combinations, own).length;
    counts.set(identity, runs);
    return { node: graph.defs[id].name, runs, names: own };
  });
}

/**
 * Returns a workflow with the values of a combination.
 *
 * @param workflow Without any combination.
 * @param combination Names are inputs and params of it, values fit.
 * @param namesOf Names that a node of the file depends on; nodes that are returned while it runs may depend on all.
 */
export function withCombination(
  workflow: Workflow,
  combination: Combination,
  namesOf: (node: string) => readonly string[],
): Workflow {
  const values = new Map<string, Json>();
  let params: JsonObject = workflow.params;
  for (const [name, value] of Object.entries(combination)) {
    const swept = sweptOf(name, workflow);
    if (swept?.kind === "input") values.set(name, value);
    else if (swept?.kind === "param") {
      const replaced = replaceParam(params, swept.path, value);
      if ("message" in replaced) throw new InternalError(replaced.message);
      params = replaced.params;
    }
  }
  const place = (def: NodeDef, names: readonly string[]) =>
    placed(def, labelOf(project(combination, names), ","));
  return {
    ...workflow,
    params,
    inputs: workflow.inputs.map((input) => {
      const value = values.get(input.name);
      return value === undefined ? input : { ...input, default: value };
    }),
    nodes: withVariants(workflow, combination).map((def) => place(def, namesOf(def.name))),
    define: (returned) => {
      const { nodes, problems } = workflow.define(returned);
      const all = Object.keys(combination);
      return { nodes: nodes.map((def) => place(def, all)), problems };
    },
  };
}

/** The nodes with the variants that a combination chooses; one that is named goes before what a set says of it. */
function withVariants(workflow: Workflow, combination: Combination): readonly NodeDef[] {
  const { nodes = {}, sets = {} } = workflow.variants ?? {};
  const set = sweptOf("variant", workflow)?.kind === "variant" ? combination.variant : undefined;
  const chosen = new Map(Object.entries(typeof set === "string" ? sets[set] : {}));
  for (const [name, value] of Object.entries(combination)) {
    const swept = sweptOf(name, workflow);
    if (swept?.kind === "variant" && swept.node !== undefined) {
      chosen.set(swept.node, String(value));
    }
  }
  return workflow.nodes.map((def) => {
    const variant = chosen.get(def.name);
    return variant === undefined ? def : nodes[def.name].defs[variant];
  });
}

/** Publishes the files of a node in a directory of their own, if it depends on anything. */
function placed(def: NodeDef, label: string): NodeDef {
  if (label === "" || !def.outputs.some(({ path }) => path !== undefined)) return def;
  return {
    ...def,
    outputs: def.outputs.map((output) =>
      output.path === undefined
        ? output
        : { ...output, path: `${SWEEP_DIR}/${label}/${output.path.replace(/^(?:\.\/)+/, "")}` }
    ),
  };
}

/** Returns the path a file would have without a combination; that of a node that depends on none is as it was. */
export function unplaced(path: string): string {
  return path.startsWith(`${SWEEP_DIR}/`) ? path.replace(/^[^/]*\/[^/]*\//, "") : path;
}

/**
 * Names a combination: `lr=0.1,seed=3`. Different combinations have different names, which are names of directories too:
 * what cannot stand in one, or is too long, is replaced by a digest.
 */
export function labelOf(combination: Combination, separator: string = ", "): string {
  const parts = Object.entries(combination).map(([name, value]) => `${name}=${textOf(value)}`);
  const plain = parts.join(separator);
  if (separator !== ",") return plain;
  const safe = plain.replace(/[^\w.,=+@-]+/g, "-");
  if (safe === plain && plain.length <= MAX_LABEL && hasOneReading(combination)) return plain;
  const digest = digestOf(identityOf(combination)).slice(-8);
  return `${safe.slice(0, MAX_LABEL - 9)}~${digest}`;
}

/** Whether the name of a combination tells all of it: the text "1" looks like the number 1. */
function hasOneReading(combination: Combination): boolean {
  return Object.values(combination).every((value) =>
    typeof value === "number" || typeof value === "boolean" ||
    typeof value === "string" && /^[A-Za-z_][\w.+@-]*$/.test(value) &&
      !["true", "false", "null"].includes(value)
  );
}
