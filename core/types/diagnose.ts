/**
 * What is wrong with the types of a workflow, in words and with its place in the workflow file. Does not know the compiler.
 *
 * @module
 */

import { basename, dirname, join, relative } from "node:path";
import type { Diagnostic } from "../base/error.ts";
import type { Span } from "../base/source.ts";
import { didYouMean } from "../base/suggest.ts";
import { joinPath } from "../base/data_path.ts";
import type { Graph } from "../graph.ts";
import { isPath, outputOf, type Source } from "../wire.ts";
import { formatItem } from "../mapspec.ts";
import type { NodeDef } from "../workflow.ts";
import type { Finding, FunctionPlace } from "./findings.ts";
import { quoted } from "./reason.ts";
import { mapItemOf } from "./wire_module.ts";

/** Message, code, place in the definition and hint of one problem. */
interface Wording {
  readonly code: string;
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly part?: "key" | "value";
  readonly hint?: string | undefined;
}

/**
 * Returns the diagnostic of a finding.
 *
 * @param graph The graph.
 * @param dir Real path of the workflow's directory.
 * @param finding What is wrong.
 */
export function diagnose(graph: Graph, dir: string, finding: Finding): Diagnostic {
  const { code, message, path, part = "value", hint } = wordingOf(graph, finding);
  const def = graph.defs[finding.node];
  const span = graph.workflow.locate(["nodes", def.name, ...path], part);
  const place = placeOf(graph, dir, finding.place);
  return {
    severity: "error",
    code,
    message,
    ...(span === undefined ? {} : { span }),
    ...(place === undefined ? {} : { related: [{ message: functionOf(def), span: place }] }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function wordingOf(graph: Graph, finding: Finding): Wording {
  const def = graph.defs[finding.node];
  const call = functionOf(def);
  switch (finding.kind) {
    case "wire":
      return wireWording(graph, finding);
    case "extra": {
      const { argument } = graph.wires[finding.node][finding.wire];
      const takes = finding.known.map((name) => `"${name}"`).join(", ");
      const state = takes === "" ? "it takes nothing of that name" : `it takes ${takes}`;
      return {
        code: "unknown-argument",
        message: `Cannot pass input "${argument}" to ${call} of node "${def.name}": ${state}`,
        ...placeOfMember(graph, def, "inputs", argument),
        hint: didYouMean(argument, finding.known) ?? "remove it, or add the parameter",
      };
    }
    case "missing":
      return {
        code: "missing-argument",
        message:
          `Cannot call ${call} for node "${def.name}": parameter "${finding.parameter}: ${finding.type}" has no source`,
        path: [workKey(def)],
        hint: `name its source under "inputs"`,
      };
    case "call":
      return {
        code: "wrong-type",
        message: `Cannot call ${call} for node "${def.name}" with its inputs${
          finding.reason === "" ? "" : `: ${finding.reason}`
        }`,
        path: [workKey(def)],
      };
    case "takes":
      return {
        code: "wrong-type",
        message: `Cannot call ${call} for node "${def.name}": it takes ${
          quoted(finding.type)
        }, but gets one object with the inputs by name`,
        path: [workKey(def)],
        hint: "take the inputs as one object: ({ rows }: { rows: … }) => …",
      };
    case "rank":
    case "generated":
      return rankWording(graph, finding);
    case "pick":
      return pickWording(graph, finding);
    case "outputs":
      return outputsWording(graph, finding);
    case "expansion":
      return {
        code: "wrong-type",
        message: `Cannot expand node "${def.name}": ${call} returns ${
          quoted(finding.type)
        }, not nodes`,
        path: ["expand"],
        hint: "return { nodes: { NAME: { call: … }, … } }",
      };
    default:
      return finding satisfies never;
  }
}

function wireWording(graph: Graph, finding: Extract<Finding, { kind: "wire" }>): Wording {
  const def = graph.defs[finding.node];
  const { argument, source } = graph.wires[finding.node][finding.wire];
  const item = mapItemOf(graph, finding.node, finding.wire);
  const what = item === undefined
    ? nameOf(graph, source)
    : `${item.axes.includes(":") ? "a part" : "an element"} of ${nameOf(graph, source)}`;
  return {
    code: "wrong-type",
    message: `Cannot pass ${what} (${finding.source}) to parameter "${finding.parameter}" of ${
      functionOf(def)
    }${finding.reason === "" ? "" : `: ${finding.reason}`}`,
    ...Object.hasOwn(def.inputs, argument)
      ? placeOfMember(graph, def, "inputs", argument)
      : { path: [workKey(def)] },
    hint: hintOf(graph, finding),
  };
}

/** What is most often meant instead. */
function hintOf(graph: Graph, finding: Extract<Finding, { kind: "wire" }>): string | undefined {
  const def = graph.defs[finding.node];
  const { argument, source } = graph.wires[finding.node][finding.wire];
  if (finding.takesElement && def.map === undefined && def.expand === undefined) {
    const name = def.outputs.find(({ kind }) => kind === "value")?.name;
    if (name !== undefined) {
      return `did you mean to map over it? add map: "${argument}[i] -> ${name}[i]"`;
    }
  }
  if (source.kind === "env") return `take "string | null": a variable that is not set is null`;
  if (isPath(graph.defs, source)) {
    return source.kind === "glob"
      ? "the function gets the paths of the files: read them there"
      : "the function gets the path: read the file there";
  }
  if (source.kind !== "output") return undefined;
  const { command, outputs, name } = graph.defs[source.node];
  const output = outputs[source.output].name;
  const stream = (["stdout", "stderr"] as const).find((key) => command?.[key]?.output === output);
  const as = finding.takes === "strings" ? "lines" : finding.takes === "string" ? "text" : "json";
  if (stream === undefined || command?.[stream]?.as === as) return undefined;
  return `read it as ${as} in node "${name}": ${stream}: { output: ${output}, as: ${as} }`;
}

function rankWording(
  graph: Graph,
  finding: Extract<Finding, { kind: "rank" | "generated" }>,
): Wording {
  const def = graph.defs[finding.node];
  if (finding.kind === "generated") {
    const axes = def.map?.generated ?? [];
    const output = def.outputs[finding.output].name;
    return {
      code: "map-spec",
      message: `Cannot make output "${output}" of node "${def.name}" along ${axesText(axes)}: ${
        functionOf(def)
      } returns ${quoted(finding.type)}, ${rankText(finding.rank)} for ${
        axes.length === 1 ? "one axis" : `${axes.length} axes`
      }`,
      path: ["map"],
      hint: "return an array along every axis that no input has",
    };
  }
  const { argument, source } = graph.wires[finding.node][finding.wire];
  const item = mapItemOf(graph, finding.node, finding.wire) ?? { name: argument, axes: [] };
  return {
    code: "map-spec",
    message: `Cannot map node "${def.name}" over "${formatItem(item)}": ${
      nameOf(graph, source)
    } (${finding.source}) is ${
      rankText(finding.rank)
    }, the map-spec needs one of rank ${item.axes.length}`,
    path: ["map"],
    hint: finding.rank === 0
      ? `take "${item.name}" out of the map-spec: every call gets all of it`
      : `name only the axes it has: "${
        formatItem({ ...item, axes: item.axes.slice(0, finding.rank) })
      }"`,
  };
}

function axesText(axes: readonly string[]): string {
  const names = axes.map((axis) => `"${axis}"`);
  return names.length === 1 ? `axis ${names[0]}` : `axes ${names.join(", ")}`;
}

function rankText(rank: number): string {
  return rank === 0 ? "no array" : `an array of rank ${rank}`;
}

function pickWording(graph: Graph, finding: Extract<Finding, { kind: "pick" }>): Wording {
  const def = graph.defs[finding.node];
  const { name, pick } = def.outputs[finding.output];
  return {
    code: "wrong-type",
    message: `Cannot pick "${
      joinPath(pick ?? [name])
    }" as output "${name}" of node "${def.name}": ${functionOf(def)} returns ${
      quoted(finding.type)
    }`,
    path: ["outputs", name, ...pick === undefined ? [] : ["pick"]],
    hint: "name what is there, or return it",
  };
}

function outputsWording(graph: Graph, finding: Extract<Finding, { kind: "outputs" }>): Wording {
  const def = graph.defs[finding.node];
  const names = def.outputs.filter(({ kind }) => kind === "value").map(({ name }) => name);
  const all = names.map((name) => `"${name}"`).join(", ");
  const returns = `${functionOf(def)} returns ${quoted(finding.type)}`;
  const { misfit } = finding;
  switch (misfit.kind) {
    case "missing":
      return {
        code: "wrong-type",
        message: `Cannot take output "${misfit.name}" of node "${def.name}": ${returns}`,
        ...placeOfMember(graph, def, "outputs", misfit.name),
        hint: `return an object with the keys ${all}`,
      };
    case "extra":
      return {
        code: "wrong-type",
        message: `Cannot keep "${misfit.name}", which ${
          functionOf(def)
        } returns for node "${def.name}": its outputs are ${all}`,
        path: ["outputs"],
        part: "key",
        hint: `declare it under "outputs", or do not return it`,
      };
    case "length":
      return {
        code: "wrong-type",
        message: `Cannot take ${names.length} outputs of node "${def.name}" from ${misfit.length} ${
          misfit.length === 1 ? "item" : "items"
        }: ${returns}`,
        path: ["outputs"],
        part: "key",
        hint: `return one item for each of ${all}, or an object with these keys`,
      };
    case "no-object":
      return {
        code: "wrong-type",
        message: `Cannot take ${names.length} outputs of node "${def.name}": ${returns}`,
        path: ["outputs"],
        part: "key",
        hint: `return an object with the keys ${all}`,
      };
    default:
      return misfit satisfies never;
  }
}

/** The place of an input or output: they are a list or a mapping, which only the text of the file tells. */
function placeOfMember(
  { workflow }: Graph,
  def: NodeDef,
  section: "inputs" | "outputs",
  name: string,
): Pick<Wording, "path" | "part"> {
  const key = workflow.locate(["nodes", def.name, section, name], "key");
  const text = key?.source.text.slice(key.start, key.end);
  if (text?.replace(/^["']|["']$/g, "") === name) return { path: [section, name], part: "key" };
  const names = section === "inputs" ? Object.keys(def.inputs) : def.outputs.map((o) => o.name);
  return { path: [section, names.indexOf(name)] };
}

/** A source in words. */
function nameOf(graph: Graph, source: Source): string {
  switch (source.kind) {
    case "input":
      return `input "${source.input.name}"`;
    case "output":
    case "promise": {
      const def = graph.defs[source.node];
      const { name } = outputOf(graph.defs, source);
      return `output "${name === def.name ? name : `${def.name}.${name}`}"`;
    }
    case "param":
      return source.path === "params" ? "the params" : `param "${source.path.slice(7)}"`;
    case "value":
      return "a literal";
    case "file":
    case "dir":
      return `${source.kind} "${source.path}"`;
    case "glob":
      return `glob "${source.pattern}"`;
    case "env":
      return `variable "${source.name}"`;
    default:
      return source satisfies never;
  }
}

function functionOf({ work, name }: NodeDef): string {
  return work.kind === "call" ? `"${work.module}#${work.export}"` : `"${name}"`;
}

function workKey({ expand }: NodeDef): string {
  return expand === undefined ? "call" : "expand";
}

/** The place of a function, shown the way the workflow file is shown. */
function placeOf(
  { workflow }: Graph,
  dir: string,
  place: FunctionPlace | undefined,
): Span | undefined {
  if (place === undefined) return undefined;
  const { path, text, start, end } = place;
  const shown = workflow.locate([])?.source.name ?? basename(workflow.file);
  return { source: { name: join(dirname(shown), relative(dir, path)), text }, start, end };
}
