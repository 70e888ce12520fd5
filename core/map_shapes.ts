/**
 * Shapes of the arrays that are mapped over, as far as they are known before anything runs: literals, params, inputs, and
 * what map nodes make of those. Does not know results of nodes.
 *
 * @module
 */

import { type AxisSlices, formatAxisSlice, positionsOf } from "./base/axis_slice.ts";
import { DefinitionError, type Diagnostic } from "./base/error.ts";
import type { Bound } from "./bind.ts";
import type { Graph } from "./graph.ts";
import { axisLengths, type KnownShapes, shapeOf, type ShapeProblem } from "./mapplan.ts";
import { findItem, type MapItem, type MapSpec } from "./mapspec.ts";
import { Problems } from "./names.ts";
import { partialNodes } from "./partial_maps.ts";
import { outputOf, type Source } from "./wire.ts";

/** A shape as far as it is known. */
type Shape = readonly (number | undefined)[];

/** What the shapes are known from. */
export interface ShapeContext {
  readonly graph: Graph;
  /** Inputs that were given or have a default. */
  readonly bound: ReadonlyMap<string, Bound>;
  /** What is selected of axes. */
  readonly slices?: AxisSlices;
}

/**
 * Checks the shapes that are known: what is mapped over is an array of the rank the map-spec gives it, arrays that share
 * an axis are equally long along it, and what is selected of an axis is there.
 *
 * @param context See {@linkcode ShapeContext}.
 * @param wanted The nodes that matter; all if it is left out.
 * @returns One problem per node at most.
 */
export function checkShapes(context: ShapeContext, wanted?: ReadonlySet<number>): Diagnostic[] {
  return new ShapeCheck(context).run(wanted);
}

/** Map nodes of which only a part is run, and of which axes which part. */
export interface Part {
  readonly ids: ReadonlySet<number>;
  readonly slices: AxisSlices;
}

/**
 * Finds the nodes of which only a part is run.
 *
 * @param wanted The nodes of the run.
 * @param slices What is selected of axes; nothing if everything is run.
 * @throws {UsageError} If the selection does not fit the nodes.
 * @throws {DefinitionError} If it is known to lie outside of an axis.
 */
export function selectPart(
  context: ShapeContext,
  wanted: ReadonlySet<number>,
  slices: AxisSlices = new Map(),
): Part {
  if (slices.size === 0) return { ids: new Set(), slices };
  const ids = partialNodes(context.graph, wanted, slices);
  const wrong = checkShapes({ ...context, slices }, wanted);
  if (wrong.length > 0) throw new DefinitionError(wrong);
  return { ids, slices };
}

class ShapeCheck {
  readonly #context: ShapeContext;
  readonly #problems: Problems;
  /** Of the outputs of map nodes, which are all the same; by node. */
  readonly #made = new Map<number, Shape>();

  constructor(context: ShapeContext) {
    this.#context = context;
    this.#problems = new Problems(context.graph.workflow.locate);
  }

  run(wanted: ReadonlySet<number> | undefined): Diagnostic[] {
    const { order, defs } = this.#context.graph;
    for (const id of order) {
      const { map } = defs[id];
      if (map === undefined || wanted?.has(id) === false) continue;
      const byAxis = this.#lengthsOf(id, map);
      if (byAxis === undefined) continue;
      this.#made.set(id, map.axes.map((axis) => byAxis.get(axis) ?? map.lengths[axis]));
      this.#checkSlices(id, map, byAxis);
    }
    return this.#problems.found;
  }

  /** Lengths of the axes of a node, or `undefined` if something is wrong with them. */
  #lengthsOf(id: number, map: MapSpec): ReadonlyMap<string, number> | undefined {
    const { wires, maps } = this.#context.graph;
    const shapes: Record<string, Shape> = {};
    for (const item of map.inputs) {
      const at = maps[id]?.[item.name];
      if (at === undefined) return undefined;
      const shape = this.#shapeAt(wires[id][at].source, item);
      if (shape === undefined) continue;
      if ("ok" in shape) return this.#report(id, shape, wires[id][at].source);
      shapes[item.name] = shape;
    }
    const lengths = axisLengths(map, shapes as KnownShapes);
    return lengths.ok ? lengths.byAxis : this.#report(id, lengths);
  }

  /** Shape of what a source delivers, down to the axes of an array. */
  #shapeAt(source: Source, { name, axes }: MapItem): Shape | ShapeProblem | undefined {
    const { graph, bound } = this.#context;
    const isNone = (what: string): ShapeProblem => {
      const message = `Cannot map over "${name}": it is ${what}, not an array`;
      return { ok: false, message, inputs: [name] };
    };
    switch (source.kind) {
      case "input": {
        const given = bound.get(source.input.name);
        if (given === undefined) return undefined;
        return given.kind === "value"
          ? measure(given.value, axes, name)
          : isNone(`a ${given.kind}`);
      }
      case "param":
      case "value":
        return measure(source.value, axes, name);
      case "output":
      case "promise": {
        const { kind } = outputOf(graph.defs, source);
        const isMap = source.kind === "output" && graph.defs[source.node].map !== undefined;
        if (kind !== "value" && !isMap) return isNone(`a ${kind}`);
        const made = source.kind === "output" ? this.#made.get(source.node) : undefined;
        return made === undefined ? undefined : axes.map((_, at) => made[at]);
      }
      case "glob":
        return axes.length === 1 ? [undefined] : isNone("a list of files along further axes");
      case "file":
      case "dir":
        return isNone(`a ${source.kind}`);
      case "env":
        return isNone("a string");
      default:
        return source satisfies never;
    }
  }

  #checkSlices(id: number, map: MapSpec, byAxis: ReadonlyMap<string, number>): void {
    for (const [axis, slice] of this.#context.slices ?? []) {
      const length = byAxis.get(axis);
      if (length === undefined || !map.mapped.includes(axis)) continue;
      const positions = positionsOf(slice, length);
      if (!("problem" in positions)) continue;
      const message = `Cannot select "${axis}=${formatAxisSlice(slice)}": ${positions.problem}`;
      const inputs = map.inputs.filter(({ axes }) => axes.includes(axis)).map(({ name }) => name);
      this.#report(id, { ok: false, message, inputs });
    }
  }

  #report(id: number, problem: ShapeProblem, source?: Source): undefined {
    const name = problem.inputs.at(-1) ?? "";
    const { defs } = this.#context.graph;
    const isGiven = source?.kind === "input" && source.input.kind === "value";
    this.#problems.add("shape", problem.message, ["nodes", defs[id].name, "map"], {
      within: (written) => findItem(written, name),
      hint: isGiven && problem.hint === undefined
        ? `give an array: --input ${source.input.name}='[…]'`
        : problem.hint,
    });
  }
}

function measure(
  value: unknown,
  { length }: readonly string[],
  name: string,
): Shape | ShapeProblem {
  const measured = shapeOf(value, length, name);
  return measured.ok ? measured.shape : measured;
}
