/**
 * Adds axes to a whole workflow: inputs become arrays along them, and every node behind them is called once per element,
 * its results along the new axes in front. Rewrites map-specs; does not know values or shapes.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import type { Graph } from "./graph.ts";
import { makeSpec, type MapItem, type MapSpec, parseMapItems } from "./mapspec.ts";
import type { NodeId } from "./names.ts";
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
      if (found.has(item.name)) {
        throw new UsageError(`Cannot map over "${item.name}" twice`, {
          hint: `write all its axes in one: --map "${item.name}[i, j]"`,
        });
      }
      found.set(item.name, item);
    }
  }
  return [...found.values()];
}

/**
 * Adds axes to all nodes behind some inputs.
 *
 * @param graph The workflow as it is written.
 * @param added Inputs with their new axes; axes stand in results in the order in which they are first named here.
 * @param given Outputs that are taken from outside.
 * @throws {UsageError} If a name is no input.
 */
export function addAxes(
  graph: Graph,
  added: readonly MapItem[],
  given: readonly string[],
): Mapped {
  checkInputs(graph, added, given);
  const axesByInput = new Map(added.map(({ name, axes }) => [name, axes]));
  const order = [...new Set(added.flatMap(({ axes }) => axes))];
  const made = new Map<number, readonly string[]>();
  const refused = new Map<string, Refusal>();
  const nodes = [...graph.defs];
  const axesOf = (source: Source): readonly string[] =>
    source.kind === "input"
      ? axesByInput.get(source.input.name) ?? []
      : "node" in source
      ? made.get(source.node) ?? []
      : [];
  for (const id of graph.order as Iterable<NodeId>) {
    const def = graph.defs[id];
    const more = graph.wires[id].map(({ source }) => axesOf(source));
    const axes = order.filter((axis) => more.some((own) => own.includes(axis)));
    const refusal = axes.length === 0 && def.expand === undefined ? undefined : refuse(def, axes);
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

function checkInputs(
  { workflow: { inputs }, idOf }: Graph,
  added: readonly MapItem[],
  given: readonly string[],
): void {
  const names = [...inputs.map(({ name }) => name), ...given];
  for (const { name, axes } of added) {
    if (names.includes(name)) continue;
    const close = nearest(name, names);
    const isOutput = idOf(name) !== undefined;
    throw new UsageError(
      `Cannot map over "${name}": ${isOutput ? "a node makes it" : "there is no such input"}`,
      {
        hint: isOutput
          ? `give it: --input ${name}='[…]', or write "map: ${name}[${axes}] -> …" in the file`
          : close === undefined
          ? names.length === 0
            ? "the workflow has no inputs"
            : `the inputs are ${names.map((other) => `"${other}"`).join(", ")}`
          : `did you mean "${close}"?`,
      },
    );
  }
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
