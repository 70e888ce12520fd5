/**
 * What a map-spec means for arrays of known shape: how many calls, which elements each call reads, where
 * its result goes, and back from an element to the calls that need it. Does not know values or nodes.
 *
 * @module
 */

import type { ErrorCause } from "./base/value.ts";
import { project, type Projection, sizeOf, type Space } from "./base/space.ts";
import { formatItem, type MapItem, type MapSpec } from "./mapspec.ts";

/** Shapes that do not fit a map-spec. */
export interface ShapeProblem {
  readonly ok: false;
  readonly message: string;
  /** Names of the arrays involved. */
  readonly inputs: readonly string[];
  readonly hint?: string;
  /** An array is an error value: the failures it comes from. */
  readonly causes?: readonly ErrorCause[];
}

/** One array a map reads, with both directions of its wiring. */
export interface MapInput {
  readonly name: string;
  readonly space: Space;
  /** From a call to the elements it reads; `select.shape` is the shape of the part, `[]` one element. */
  readonly select: Projection;
  /** From an element to the calls that read it. */
  readonly dependents: Projection;
}

/** The calls of a map over arrays of known shape. */
export interface MapPlan {
  readonly ok: true;
  /** One point per call; its axes are `spec.mapped`. */
  readonly calls: Space;
  readonly callCount: number;
  readonly inputs: readonly MapInput[];
}

/** Where the results of calls go in the outputs. */
export interface MapOutput {
  readonly ok: true;
  readonly space: Space;
  /** From a call to the output elements it makes: one, or a block along the generated axes. */
  readonly block: Projection;
  /** From an output element to the call that makes it. */
  readonly call: Projection;
}

/** Shapes by array name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Plans the calls of a map; needs no lengths of generated axes.
 *
 * @param spec The map-spec.
 * @param shapes Shape of every input, of the rank the map-spec gives it. What an empty array does not say of its further axes
 *   other arrays may; else they are empty too.
 */
export function planMap(spec: MapSpec, shapes: KnownShapes): MapPlan | ShapeProblem {
  const unknown = spec.inputs.find(({ name }) => !Object.hasOwn(shapes, name));
  if (unknown !== undefined) return wrongRank(unknown, undefined);
  const lengths = axisLengths(spec, shapes);
  if (lengths.ok === false) return lengths;
  // Every mapped axis stands in an input, so its length is known.
  const shape = spec.mapped.map((axis) => lengths.byAxis.get(axis) ?? 0);
  const calls: Space = { axes: spec.mapped, shape };
  const inputs = spec.inputs.map(({ name, axes }): MapInput => {
    const whole = axes.map((axis, at) => shapes[name][at] ?? lengths.byAxis.get(axis) ?? 0);
    const space: Space = { axes, shape: whole };
    return { name, space, select: project(calls, space), dependents: project(space, calls) };
  });
  return { ok: true, calls, callCount: sizeOf(shape), inputs };
}

/**
 * Plans the outputs of a map.
 *
 * @param spec The map-spec.
 * @param calls Space of the calls, from {@linkcode planMap}.
 * @param generated Length of every generated axis.
 */
export function planOutput(
  spec: MapSpec,
  calls: Space,
  generated: Readonly<Record<string, number>> = {},
): MapOutput | ShapeProblem {
  const shape: number[] = [];
  for (const axis of spec.axes) {
    const at = calls.axes.indexOf(axis);
    const length = at >= 0 ? calls.shape[at] : generated[axis];
    if (length === undefined) {
      const message = `Cannot tell the shape of "${spec.outputs[0].name}": ` +
        `the length of generated axis "${axis}" is not known`;
      return { ok: false, message, inputs: [] };
    }
    shape.push(length);
  }
  if (!Number.isSafeInteger(sizeOf(shape))) {
    const message = `Cannot index "${spec.outputs[0].name}" of shape ${shape.join(" x ")}: ` +
      "it has more than 2^53 elements";
    return { ok: false, message, inputs: [] };
  }
  const space: Space = { axes: spec.axes, shape };
  return { ok: true, space, block: project(calls, space), call: project(space, calls) };
}

/**
 * Returns the shape of the outputs.
 *
 * @param spec The map-spec.
 * @param shapes Shape of every input.
 * @param generated Length of every generated axis.
 */
export function outputShape(
  spec: MapSpec,
  shapes: Shapes,
  generated: Readonly<Record<string, number>> = {},
): { readonly ok: true; readonly shape: readonly number[] } | ShapeProblem {
  const plan = planMap(spec, shapes);
  if (!plan.ok) return plan;
  const output = planOutput(spec, plan.calls, generated);
  return output.ok ? { ok: true, shape: output.space.shape } : output;
}

/** What is known of shapes by array name; a length may be unknown. */
export type KnownShapes = Readonly<Record<string, readonly (number | undefined)[]>>;

/**
 * Finds the length of each axis as far as it is known; arrays that share one must agree.
 *
 * @param spec The map-spec.
 * @param shapes Of the inputs whose shape is known, of the rank the map-spec gives them.
 */
export function axisLengths(
  spec: MapSpec,
  shapes: KnownShapes,
): { readonly ok: true; readonly byAxis: ReadonlyMap<string, number> } | ShapeProblem {
  const byAxis = new Map<string, number>();
  const owners = new Map<string, string>();
  for (const item of spec.inputs) {
    if (!Object.hasOwn(shapes, item.name)) continue;
    const shape = shapes[item.name];
    if (shape.length !== item.axes.length) return wrongRank(item, shape);
    for (const [at, axis] of item.axes.entries()) {
      const length = shape[at];
      if (axis === ":" || length === undefined) continue;
      const owner = owners.get(axis);
      if (owner !== undefined && byAxis.get(axis) !== length) {
        const before = byAxis.get(axis);
        const message = `Cannot zip "${owner}" and "${item.name}" along axis "${axis}": ` +
          `"${owner}" has length ${before}, "${item.name}" has length ${length}`;
        const hint = "Give them the same length, or different axes to combine all with all";
        return { ok: false, message, inputs: [owner, item.name], hint };
      }
      if (owner !== undefined) continue;
      byAxis.set(axis, length);
      owners.set(axis, item.name);
    }
  }
  return { ok: true, byAxis };
}

/** Describes an array that has not the rank the map-spec says. */
function wrongRank(
  item: MapItem,
  shape: readonly (number | undefined)[] | undefined,
): ShapeProblem {
  const rank = item.axes.length;
  const state = shape === undefined
    ? "its shape is not known"
    : shape.length === 0
    ? "it is no array"
    : `it has shape [${shape.join(", ")}]`;
  const message = `Cannot map over "${formatItem(item)}", an array of rank ${rank}: ${state}`;
  return { ok: false, message, inputs: [item.name] };
}

/**
 * Measures a nested array down to a rank; the elements below may be anything. An empty array does not say how long its rows
 * would be. O(1) for rank 1.
 *
 * @param value A nested array; typed arrays count as the innermost level.
 * @param rank At least 1.
 * @param name Name of the array, for the message.
 */
export function shapeOf(
  value: unknown,
  rank: number,
  name: string,
): { readonly ok: true; readonly shape: readonly (number | undefined)[] } | ShapeProblem {
  const shape: (number | undefined)[] = [];
  let level: readonly unknown[] = [value];
  for (let axis = 0; axis < rank; axis++) {
    const next: unknown[][] = [];
    for (const item of level) {
      const problem = fitsLevel(item, axis, shape, name);
      if (problem !== undefined) return problem;
      if (axis + 1 < rank) next.push(item as unknown[]);
    }
    if (shape.length === axis) shape.push(undefined);
    level = next.length === 1 ? next[0] : next.flat();
  }
  return { ok: true, shape };
}

/** Checks one array of a level and notes its length if it is the first. */
function fitsLevel(
  item: unknown,
  axis: number,
  shape: (number | undefined)[],
  name: string,
): ShapeProblem | undefined {
  const length = lengthOf(item);
  if (length === undefined) {
    const where = axis === 0 ? "it is" : `at depth ${axis} there is`;
    const message = `Cannot map over "${name}": ${where} ${kindOf(item)}, not an array`;
    return { ok: false, message, inputs: [name] };
  }
  if (shape.length === axis) shape.push(length);
  if (shape[axis] === length) return undefined;
  const message = `Cannot map over "${name}": its rows have different lengths, ` +
    `${shape[axis]} and ${length}`;
  return { ok: false, message, inputs: [name], hint: "Map over the first axis only" };
}

/** Returns the length of an array or typed array. */
function lengthOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return undefined;
  return (value as unknown as ArrayLike<unknown>).length;
}

/** Names the type of a value for people. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const kind = typeof value;
  return kind === "object" ? "an object" : `a ${kind}`;
}
