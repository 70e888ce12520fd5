/**
 * A graph for people: its drawing, its list of nodes, its params. Does not know results; states of nodes are passed in.
 *
 * @module
 */

import { describeSource } from "./sources.ts";
import type { Event } from "./event.ts";
import type { Graph, Source, Wire } from "./graph.ts";
import type { GraphView, ViewEdge, ViewNode, ViewStatus } from "./report/view.ts";
import type { Json, NodeDef } from "./workflow.ts";

/** One row of `flow ls`. */
export interface ListEntry {
  readonly node: string;
  readonly kind: NodeDef["work"]["kind"];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly description?: string;
}

/** A leaf of the params. */
export interface ParamEntry {
  /** With `params.` in front. */
  readonly path: string;
  readonly value: Json;
}

/** Characters of a command that are drawn. */
const COMMAND_CHARS = 32;

/**
 * Returns the graph as it is drawn: nodes in the order of the file behind the inputs they use.
 *
 * @param graph The graph.
 * @param statuses States by node name; nodes without one are drawn without.
 * @param wanted Ids of the nodes, with each also what it needs; all if it is left out.
 */
export function viewGraph(
  graph: Graph,
  statuses: ReadonlyMap<string, ViewStatus>,
  wanted?: ReadonlySet<number>,
): GraphView {
  const edges: ViewEdge[] = [];
  const usedInputs = new Set<string>();
  const nodes = idsOf(graph, wanted).map((id) => {
    const def = graph.defs[id];
    const froms = new Set<string>();
    for (const { source } of [...graph.wires[id], ...graph.tracks[id]]) {
      const from = viewSource(source, graph);
      if (from === undefined) continue;
      froms.add(from);
      if (source.kind === "input") usedInputs.add(from);
    }
    for (const from of froms) edges.push({ from, to: def.name, style: "data" });
    for (const from of def.after) {
      if (!froms.has(from)) edges.push({ from, to: def.name, style: "order" });
    }
    return viewNode(def, statuses.get(def.name));
  });
  const inputs: ViewNode[] = [...usedInputs].map((name) => ({ id: name, kind: "input" }));
  return { name: graph.workflow.name, nodes: [...inputs, ...nodes], edges };
}

/** Notes what an event says about the state of a node. */
export function noteStatus(statuses: Map<string, ViewStatus>, event: Event): void {
  switch (event.type) {
    case "hit":
    case "done":
    case "failed":
    case "skipped":
      statuses.set(event.node, event.type);
      break;
    case "started":
      statuses.set(event.node, "running");
      break;
    default:
      // Nothing about a node's state.
  }
}

/**
 * Returns nodes with their inputs and outputs, in the order of the file.
 *
 * @param graph The graph.
 * @param wanted Ids of the nodes; all if it is left out.
 */
export function listNodes(graph: Graph, wanted?: ReadonlySet<number>): ListEntry[] {
  return idsOf(graph, wanted).map((id) => listNode(graph.defs[id], graph.wires[id], graph));
}

function idsOf({ defs }: Graph, wanted: ReadonlySet<number> | undefined): number[] {
  return [...defs.keys()].filter((id) => wanted === undefined || wanted.has(id));
}

function listNode(def: NodeDef, wires: readonly Wire[], graph: Graph): ListEntry {
  return {
    node: def.name,
    kind: def.work.kind,
    inputs: wires.map(({ argument, source }) => {
      const from = describeSource(source, graph);
      return from === argument ? argument : `${argument}: ${from}`;
    }),
    outputs: def.outputs.map(({ name, kind, path }) =>
      kind === "value" ? name : `${name}: ${path ?? kind}`
    ),
    ...(def.description === undefined ? {} : { description: def.description }),
  };
}

/** Returns the leaves of the params with their paths. */
export function listParams(params: Json, path = "params"): ParamEntry[] {
  if (params === null || typeof params !== "object" || Array.isArray(params)) {
    return [{ path, value: params }];
  }
  return Object.entries(params).flatMap(([key, value]) => listParams(value, `${path}.${key}`));
}

function viewSource(source: Source, graph: Graph): string | undefined {
  if (source.kind === "output") return graph.defs[source.node].name;
  return source.kind === "input" ? source.input.name : undefined;
}

function viewNode(def: NodeDef, status: ViewStatus | undefined): ViewNode {
  const outputs = def.outputs.map((output) => output.name).filter((name) => name !== def.name);
  return {
    id: def.name,
    kind: def.work.kind,
    detail: describeWork(def),
    ...(status === undefined ? {} : { status }),
    ...(outputs.length === 0 ? {} : { outputs }),
  };
}

function describeWork({ work }: NodeDef): string {
  if (work.kind === "call") return `${work.module}#${work.export}`;
  const text = "argv" in work ? work.argv.join(" ") : work.script.trim().split("\n")[0];
  return text.length > COMMAND_CHARS ? text.slice(0, COMMAND_CHARS - 1) + "…" : text;
}
