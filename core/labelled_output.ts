/**
 * Stored outputs with names for their axes, and what the positions along them stand for: found in map-specs and the arrays
 * that are mapped over. Does not know formats or who asks.
 *
 * @module
 */

import { relative } from "node:path";
import type { ActionInput } from "./action.ts";
import { StoreError, UsageError } from "./base/error.ts";

import { itemsOf } from "./base/slice.ts";
import { decodeValue } from "./base/value.ts";
import { isMissing, kindOfCell } from "./export/cells.ts";
import type { Axis, Label, Labelled } from "./export/labelled.ts";
import type { NodeId } from "./graph.ts";
import { type OutputContext, readOutput, type StoredOutput } from "./stored_output.ts";

/** Outputs of one node. */
export interface LabelledOutput extends Labelled {
  /** From an earlier state of the workflow: then the axes have no labels. */
  readonly isStale: boolean;
  /** Of a map node that is not over: how many of its calls have not delivered. */
  readonly partial?: { readonly missing: number; readonly total: number };
  /** What had to be left out, in words. */
  readonly warnings: readonly string[];
}

/** After a node's name: all its outputs. */
const ALL = ".*";

/**
 * Finds an output, or with `node.*` all outputs of a node, with axes and labels.
 *
 * An axis is labelled by the one-dimensional arrays it comes from: those of the map-spec, or those that label the same axis
 * of an array that is mapped over. Arrays of anything but numbers, texts, booleans, dates and files are no labels.
 *
 * @param name Output, node with one output, `node.output`, or `node.*`.
 * @param options `partial`: of a map node that is not over what its calls have delivered.
 * @throws {UsageError} If there is no such output, nothing is stored, or it is a file.
 */
export function labelledOutput(
  context: OutputContext,
  name: string,
  options: { readonly partial?: boolean } = {},
): LabelledOutput {
  const { graph, targets } = context;
  const isAll = name.endsWith(ALL);
  const id = isAll ? targets.node(name.slice(0, -ALL.length)) : targets.output(name).id;
  const { name: node, outputs, map } = graph.defs[id];
  const positions = isAll ? [...outputs.keys()] : [targets.output(name).position];
  if (positions.length === 0) throw new UsageError(`Node "${node}" has no outputs`);
  const found = positions.map((position) => {
    const shown = isAll ? `${node}.${outputs[position].name}` : name;
    const output = readOutput(context, shown, options);
    return { name: outputs[position].name, position, output: asValue(output, name) };
  });
  const isStale = found.some(({ output }) => output.isStale);
  const labels = new Labels(context);
  const axes = map?.axes ?? axesOf(context, id, found);
  const [{ output: { partial } }] = found;
  return {
    axes: axes.map((axis): Axis => ({ name: axis, labels: isStale ? [] : labels.of(id, axis) })),
    variables: found.map(({ name, output: { value } }) => ({ name, value })),
    isStale,
    ...(partial === undefined ? {} : { partial }),
    warnings: labels.warnings,
  };
}

function asValue(output: StoredOutput, name: string): StoredOutput & { readonly kind: "value" } {
  if (output.kind === "value") return output;
  throw new UsageError(`Cannot make a table of "${name}": it is a ${output.kind}`);
}

/** The labels of axes. */
class Labels {
  readonly warnings: string[] = [];
  readonly #c: OutputContext;

  constructor(context: OutputContext) {
    this.#c = context;
  }

  /** Labels of an axis of a map node; every name once. */
  of(id: NodeId, axis: string): Label[] {
    const { graph } = this.#c;
    const labels = new Map<string, Label>();
    for (const { name, axes } of graph.defs[id].map?.inputs ?? []) {
      const at = axes.indexOf(axis);
      if (at < 0) continue;
      const wire = graph.maps[id]?.[name];
      const source = wire === undefined ? undefined : graph.wires[id][wire].source;
      const made = source?.kind === "output" ? graph.defs[source.node].map?.axes[at] : undefined;
      const inherited = source?.kind === "output" && made !== undefined
        ? this.of(source.node, made)
        : [];
      const own = inherited.length > 0 || axes.length > 1 || wire === undefined
        ? inherited
        : this.#ownLabel(id, name, wire);
      for (const label of own) if (!labels.has(label.name)) labels.set(label.name, label);
    }
    return [...labels.values()];
  }

  /** The array itself, if its elements can stand in a table. */
  #ownLabel(id: NodeId, name: string, wire: number): Label[] {
    const items = this.#itemsOf(this.#c.rebuild.prepare(id).inputs[wire], name);
    const values = items === undefined ? [] : Array.from(items);
    const isLabel = items !== undefined &&
      values.every((value) => isMissing(value) || kindOfCell(value) !== undefined);
    return isLabel ? [{ name, values }] : [];
  }

  #itemsOf(input: ActionInput, name: string): ArrayLike<unknown> | undefined {
    const { graph: { workflow }, store: { blobs } } = this.#c;
    if (input.kind === "files") return input.paths.map((path) => relative(workflow.dir, path));
    if (input.kind !== "value") return undefined;
    try {
      return itemsOf(decodeValue(input.text ?? blobs.read(input.digest)));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.warnings.push(`the labels "${name}" are left out: ${error.message}`);
      return undefined;
    }
  }
}

/** Names of the axes of what a whole node made: as a map-spec calls them that maps over it, else `dim_0`, `dim_1`, … */
function axesOf(
  { graph }: OutputContext,
  id: NodeId,
  outputs: readonly { readonly position: number; readonly output: { readonly value: unknown } }[],
): readonly string[] {
  const named = graph.downs.targets.subarray(graph.downs.starts[id], graph.downs.starts[id + 1]);
  for (const down of named) {
    for (const { name, axes } of graph.defs[down].map?.inputs ?? []) {
      const wire = graph.maps[down]?.[name];
      const source = wire === undefined ? undefined : graph.wires[down][wire].source;
      const isIt = source?.kind === "output" && source.node === id &&
        outputs.some(({ position }) => position === source.output);
      if (isIt) return axes.map((axis, at) => axis === ":" ? `dim_${at}` : axis);
    }
  }
  const rank = Math.min(...outputs.map(({ output }) => rankOf(output.value)));
  return Array.from({ length: rank }, (_, at) => `dim_${at}`);
}

/** How deep a value is nested with all arrays of a level being equally deep. */
function rankOf(value: unknown): number {
  let level = [value];
  for (let rank = 0;; rank++) {
    const arrays = level.map(itemsOf);
    if (!arrays.every((items) => items !== undefined) || arrays.length === 0) return rank;
    level = arrays.flatMap((items) => Array.from(items));
  }
}
