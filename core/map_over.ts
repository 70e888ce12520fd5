/**
 * Adds axes to a whole workflow: inputs and params become arrays along them, and every node behind them is called once per element,
 * its results along the new axes in front. Rewrites map-specs; does not know values or shapes.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import type { Graph } from "./graph.ts";
import { makeSpec, type MapItem, type MapSpec, parseMapItems } from "./mapspec.ts";
import type { NodeId } from "./names.ts";
import { hintForUnknown, sweptOf } from "./swept.ts";
import { paramReferences } from "./param_references.ts";
import type { Source } from "./wire.ts";
import type { InputDef, NodeDef, Workflow } from "./workflow.ts";

/** A workflow with more axes. */
export interface Mapped {
  readonly workflow: Workflow;
  /** Nodes that cannot have the new axes, by name: an error if they are wanted. */
  readonly refused: ReadonlyMap<string, Refusal>;
}

/** Why a node cannot be mapped. */
export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/**
 * Reads the texts of `--map`.
 *
 * @param texts Arrays with their new axes: `x[i]`, `a[i], b[j]`.
 * @returns Each array once.
 * @throws {UsageError} If a text says something else.
 */
export function parseMapTexts(texts: readonly string[]): readonly MapItem[] {
  const found = new Map<string, MapItem>();
  for (const text of texts) {
    const parsed = parseMapItems(text);
    if (!parsed.ok) {
      throw new UsageError(`Cannot read "--map ${text}": ${parsed.message}`, {
        ...(parsed.hint === undefined ? {} : { hint: parsed.hint }),
      });
    }
    for (const item of parsed.items) {
      if (found.has(item.name)) throw twice(item.name);
      found.set(item.name, item);
    }
  }
  return [...found.values()];
}

/**
 * Adds axes to all nodes behind some inputs or params.
 *
 * @param graph The workflow as it is written.
 * @param added Inputs, and params by their paths, with their new axes; axes stand in results in the order in which they are
 *   first named here.
 * @param given Outputs that are taken from outside.
 * @throws {UsageError} If a name is neither.
 */
export function addAxes(
  graph: Graph,
  added: readonly MapItem[],
  given: readonly string[],
): Mapped {
  const { inputs: axesByInput, params: axesByParam } = namesOf(graph, added, given);
  const order = [...new Set(added.flatMap(({ axes }) => axes))];
  const made = new Map<number, readonly string[]>();
  const refused = new Map<string, Refusal>();
  const nodes = [...graph.defs];
  const axesOf = (source: Source): readonly string[] =>
    source.kind === "input"
      ? axesByInput.get(source.input.name) ?? []
      : source.kind === "param"
      ? axesByParam.get(source.path) ?? []
      : "node" in source
      ? made.get(source.node) ?? []
      : [];
  for (const id of graph.order as Iterable<NodeId>) {
    const def = graph.defs[id];
    const more = graph.wires[id].map(({ source }) => axesOf(source));
    const axes = order.filter((axis) => more.some((own) => own.includes(axis)));
    const part = partOf(graph, id, [...axesByParam.keys()]);
    const refusal = part !== undefined
      ? part
      : axes.length === 0 && def.expand === undefined
      ? undefined
      : refuse(def, axes);
    if (refusal !== undefined) refused.set(def.name, refusal);
    if (axes.length === 0) continue;
    made.set(id, axes);
    if (refusal === undefined) nodes[id] = { ...def, map: mapWith(graph, id, { axes, more }) };
  }
  const inputs = graph.workflow.inputs.map((input) =>
    axesByInput.has(input.name) && input.kind === "value" ? asArray(input) : input
  );
  return { workflow: { ...graph.workflow, inputs, nodes }, refused };
}

/**
 * Refuses wanted nodes that cannot have the axes that were added.
 *
 * @throws {UsageError} If there is one.
 */
export function refuseAdded(
  { defs }: Graph,
  refused: Mapped["refused"],
  wanted: ReadonlySet<number>,
): void {
  for (const id of wanted) {
    const refusal = refused.get(defs[id].name);
    if (refusal !== undefined) throw new UsageError(refusal.message, { hint: refusal.hint });
  }
}

/** Sorts what gets axes into inputs and params. */
function namesOf(
  graph: Graph,
  added: readonly MapItem[],
  given: readonly string[],
): {
  readonly inputs: ReadonlyMap<string, readonly string[]>;
  readonly params: ReadonlyMap<string, readonly string[]>;
} {
  const inputs = new Map<string, readonly string[]>();
  const params = new Map<string, readonly string[]>();
  for (const { name, axes } of added) {
    const swept = given.includes(name) ? undefined : sweptOf(name, graph.workflow);
    const path = swept?.kind === "param" ? `params.${swept.path.join(".")}` : undefined;
    if (path !== undefined && params.has(path)) throw twice(name);
    if (path !== undefined) params.set(path, axes);
    else if (given.includes(name) || swept?.kind === "input") inputs.set(name, axes);
    else throw unknown(graph, { name, axes }, given);
  }
  return { inputs, params };
}

function twice(name: string): UsageError {
  return new UsageError(`Cannot map over "${name}" twice`, {
    hint: `write all its axes in one: --map "${name}[i, j]"`,
  });
}

function unknown(
  { workflow, idOf }: Graph,
  { name, axes }: MapItem,
  given: readonly string[],
): UsageError {
  const isOutput = idOf(name) !== undefined;
  const close = nearest(name, [...workflow.inputs.map((input) => input.name), ...given]);
  const why = isOutput ? "a node makes it" : "there is no such input or param";
  return new UsageError(`Cannot map over "${name}": ${why}`, {
    hint: isOutput
      ? `give it: --input ${name}='[…]', or write "map: ${name}[${axes}] -> …" in the file`
      : close === undefined
      ? hintForUnknown(name, { inputs: workflow.inputs, params: workflow.params })
      : `did you mean "${close}"?`,
  });
}

/** A node that takes a param in another way than as one argument cannot be called once per element of it. */
function partOf(graph: Graph, id: NodeId, mapped: readonly string[]): Refusal | undefined {
  if (mapped.length === 0) return undefined;
  const def = graph.defs[id];
  const within = (path: string): string | undefined =>
    mapped.find((own) => `${own}.`.startsWith(`${path}.`) || path.startsWith(`${own}.`));
  const wired = [...graph.wires[id], ...graph.tracks[id]].flatMap(({ source }) =>
    source.kind === "param" && !mapped.includes(source.path) ? [source.path] : []
  );
  const written = paramReferences(def).map((path) => `params.${path}`);
  const path = [...wired, ...written].find((path) => within(path) !== undefined);
  if (path === undefined) return undefined;
  const own = within(path);
  const how = written.includes(path) ? `its command has "\${${path}}"` : `it takes "${path}"`;
  return {
    message: `Cannot run node "${def.name}" once per element of "${own}": ${how}`,
    hint: `wire "${own}" itself to an argument, or use --sweep`,
  };
}

/** What a node has that cannot be along an axis. */
function refuse(def: NodeDef, axes: readonly string[]): Refusal | undefined {
  const own = axes.find((axis) => def.map?.axes.includes(axis));
  if (own !== undefined) {
    return {
      message: `Cannot add axis "${own}" to node "${def.name}": it has an axis of that name`,
      hint: `choose another name for the new one`,
    };
  }
  const other = def.outputs.find(({ kind, temp }) => kind !== "value" || temp);
  const what = def.expand !== undefined
    ? "it returns nodes"
    : def.outputs.length === 0
    ? "it has no output"
    : other !== undefined
    ? `its output "${other.name}" is ${other.temp ? "temporary" : `a ${other.kind}`}`
    : undefined;
  if (what === undefined) return undefined;
  const along = axes.length === 0 ? "with new axes" : `once per element along "${axes.join(", ")}"`;
  return {
    message: `Cannot run node "${def.name}" ${along}: ${what}`,
    hint: "name what you want of the workflow, or leave the node out with --skip",
  };
}

/** The map-spec of a node with the new axes in front of everything that has them. */
function mapWith(
  graph: Graph,
  id: NodeId,
  { axes, more }: {
    readonly axes: readonly string[];
    /** New axes by wire. */
    readonly more: readonly (readonly string[])[];
  },
): MapSpec {
  const { map, outputs } = graph.defs[id];
  const own = new Map(
    (map?.inputs ?? []).map((item) => [graph.maps[id]?.[item.name], item] as const),
  );
  const inputs = graph.wires[id].flatMap(({ argument }, i): MapItem[] => {
    const item = own.get(i) ?? { name: argument, axes: [] };
    const all = [...more[i], ...item.axes];
    return all.length === 0 ? [] : [{ name: item.name, axes: all }];
  });
  const results = map?.outputs ?? outputs.map(({ name }) => ({ name, axes: [] }));
  const made = results.map((item) => ({ ...item, axes: [...axes, ...item.axes] }));
  return makeSpec(inputs, made, map?.lengths);
}

/** One value becomes many; a default that is one value is none any more. */
function asArray({ default: value, ...input }: InputDef): InputDef {
  return { ...input, type: "array", ...(Array.isArray(value) ? { default: value } : {}) };
}
