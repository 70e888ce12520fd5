/**
 * A graph for people: its drawing, its list of nodes, its params. Does not know results; states of nodes are passed in.
 *
 * @module
 */

import { describeSource } from "./sources.ts";
import type { Event } from "./event.ts";
import type { Graph, Tracked } from "./graph.ts";
import type { GraphView, ViewEdge, ViewNode, ViewStatus } from "./report/view.ts";
import type { Json, NodeDef, Workflow } from "./workflow.ts";

/** One row of `flow ls`. */
export interface ListEntry {
  readonly node: string;
  readonly kind: NodeDef["work"]["kind"] | "expand" | "nest";
  /** Nodes it nests. */
  readonly nests?: readonly string[];
  /** The node that returned it, if it is not in the file. */
  readonly maker?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly description?: string;
  /** The variant of the node that was chosen. */
  readonly variant?: string;
  /** All its variants. */
  readonly variants?: readonly string[];
  /** As the file names it, or the command line. */
  readonly executor?: string;
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
    const maker = graph.makers[id];
    // What a node returned hangs on it, unless it hangs on something else that it returned.
    const isFirst = maker !== undefined &&
      !upsOf(graph, id).some((up) => graph.makers[up] === maker);
    if (isFirst) edges.push({ from: graph.defs[maker].name, to: def.name, style: "order" });
    for (const from of def.after) {
      if (!froms.has(from)) edges.push({ from, to: def.name, style: "order" });
    }
    return viewNode(def, statuses.get(def.name));
  });
  const inputs: ViewNode[] = [...usedInputs].map((name) => ({ id: name, kind: "input" }));
  return { name: graph.workflow.name, nodes: [...inputs, ...nodes], edges };
}

function upsOf({ ups: { starts, targets } }: Graph, id: number): number[] {
  return [...targets.subarray(starts[id], starts[id + 1])];
}

/** Notes what an event says about the state of a node. */
export function noteStatus(statuses: Map<string, ViewStatus>, event: Event): void {
  switch (event.type) {
    case "hit":
    case "done":
    case "failed":
    case "skipped":
      // What becomes of one call says nothing of its node.
      if (event.index === undefined) statuses.set(event.node, event.type);
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
  return idsOf(graph, wanted).map((id) => listNode(id, graph));
}

function idsOf({ defs }: Graph, wanted: ReadonlySet<number> | undefined): number[] {
  return [...defs.keys()].filter((id) => wanted === undefined || wanted.has(id));
}

function listNode(id: number, graph: Graph): ListEntry {
  const def = graph.defs[id];
  const maker = graph.makers[id];
  return {
    node: def.name,
    kind: kindOf(def),
    ...(def.nest === undefined ? {} : { nests: def.nest.nodes }),
    inputs: graph.wires[id].map(({ argument, source }) => {
      const from = describeSource(source, graph);
      return from === argument ? argument : `${argument}: ${from}`;
    }),
    outputs: [...def.outputs, ...def.expand?.provides ?? []].map(({ name, kind, path }) =>
      kind === "value" ? name : `${name}: ${path ?? kind}`
    ),
    ...(def.description === undefined ? {} : { description: def.description }),
    ...(maker === undefined ? {} : { maker: graph.defs[maker].name }),
    ...(maker === undefined ? variantOf(def.name, graph.workflow) : {}),
    ...(def.executor === undefined ? {} : { executor: def.executor }),
  };
}

function variantOf(
  node: string,
  { variants }: Workflow,
): Pick<ListEntry, "variant" | "variants"> {
  const nodes = variants?.nodes ?? {};
  if (!Object.hasOwn(nodes, node)) return {};
  const { chosen, defs } = nodes[node];
  return { variant: chosen, variants: Object.keys(defs) };
}

/** Returns the leaves of the params with their paths. */
export function listParams(params: Json, path = "params"): ParamEntry[] {
  if (params === null || typeof params !== "object" || Array.isArray(params)) {
    return [{ path, value: params }];
  }
  return Object.entries(params).flatMap(([key, value]) => listParams(value, `${path}.${key}`));
}

function viewSource(source: Tracked["source"], graph: Graph): string | undefined {
  if ("node" in source) return graph.defs[source.node].name;
  return source.kind === "input" ? source.input.name : undefined;
}

function viewNode(def: NodeDef, status: ViewStatus | undefined): ViewNode {
  const outputs = def.outputs.map((output) => output.name).filter((name) => name !== def.name);
  const kind = kindOf(def);
  return {
    id: def.name,
    // It is drawn as the function it is.
    kind: kind === "nest" ? "call" : kind,
    detail: describeWork(def),
    ...(status === undefined ? {} : { status }),
    ...(outputs.length === 0 ? {} : { outputs }),
  };
}

function kindOf(def: NodeDef): ListEntry["kind"] {
  if (def.nest !== undefined) return "nest";
  return def.expand === undefined ? def.work.kind : "expand";
}

function describeWork({ work, nest }: NodeDef): string {
  if (nest !== undefined) return nest.nodes.join(", ");
  if (work.kind === "call") return `${work.module}#${work.export}`;
  const text = "argv" in work ? work.argv.join(" ") : work.script.trim().split("\n")[0];
  return text.length > COMMAND_CHARS ? text.slice(0, COMMAND_CHARS - 1) + "…" : text;
}
