/** Builds workflows and graphs for tests from the few fields a test cares about. Knows no file format. */

import { buildGraph, type Graph, type Parameters } from "../../core/graph.ts";
import type { Diagnostic } from "../../core/base/error.ts";
import {
  type InputDef,
  NODE_DEFAULTS,
  type NodeDef,
  type OutputDef,
  type SourceRef,
  type Workflow,
} from "../../core/workflow.ts";

/** A node by its name, what it takes (sources by argument or names) and what it gives. */
export interface NodeSketch extends Partial<Omit<NodeDef, "inputs" | "outputs" | "name">> {
  readonly takes?: readonly string[] | Readonly<Record<string, string | SourceRef>>;
  readonly gives?: readonly (string | OutputDef)[];
}

/** Returns a value output with default options. */
export function valueOutput(name: string): OutputDef {
  return { name, kind: "value", temp: false, allowEmpty: false };
}

/** Returns a file output with default options. */
export function fileOutput(name: string, path: string): OutputDef {
  return { name, kind: "file", path, temp: false, allowEmpty: false };
}

/** Makes a workflow from sketches; every node calls `nodes.ts#<its name>`. */
export function sketchWorkflow(
  nodes: Readonly<Record<string, NodeSketch>>,
  options: Partial<Workflow> & { inputs?: readonly InputDef[] } = {},
): Workflow {
  return {
    name: "sketch",
    file: "/sketch/workflow.yaml",
    dir: "/sketch",
    params: {},
    inputs: [],
    pools: {},
    locate: () => undefined,
    define: () => ({ nodes: [], problems: [] }),
    nodes: Object.entries(nodes).map(([name, sketch]) => sketchNode(name, sketch)),
    ...options,
  };
}

function sketchNode(name: string, sketch: NodeSketch): NodeDef {
  const { takes = [], gives = [name], ...rest } = sketch;
  const pairs = Array.isArray(takes)
    ? takes.map((ref: string) => [ref.replaceAll(".", "_"), ref] as const)
    : Object.entries(takes);
  return {
    ...NODE_DEFAULTS,
    name,
    work: { kind: "call", module: "nodes.ts", path: "/sketch/nodes.ts", export: name },
    ...rest,
    inputs: Object.fromEntries(
      pairs.map(([argument, ref]) => [
        argument,
        typeof ref === "string" ? { kind: "ref", ref } : ref,
      ]),
    ),
    outputs: gives.map((output) => typeof output === "string" ? valueOutput(output) : output),
  };
}

/** Builds the graph of sketches; functions take what they are given unless `parameters` says otherwise. */
export function sketchGraph(
  nodes: Readonly<Record<string, NodeSketch>>,
  options: Partial<Workflow> & {
    parameters?: Readonly<Record<string, Parameters>>;
    provided?: readonly string[];
  } = {},
): { graph: Graph; diagnostics: Diagnostic[] } {
  const { parameters = {}, provided = [], ...rest } = options;
  return buildGraph(sketchWorkflow(nodes, rest), {
    parametersOf: (def) => parameters[def.name] ?? { kind: "opaque" },
    provided,
  });
}
