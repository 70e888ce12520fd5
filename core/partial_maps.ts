/**
 * Which map nodes run only a part of their calls when a part of an axis is selected, and whether anybody would need the
 * rest. Does not know shapes or values.
 *
 * @module
 */

import type { AxisSlices } from "./base/axis_slice.ts";
import { UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import type { Graph } from "./graph.ts";
import type { NodeId } from "./names.ts";
import type { Source } from "./wire.ts";

/**
 * Finds the nodes whose arrays will have holes.
 *
 * @param graph The graph.
 * @param wanted The nodes of the run.
 * @param slices What is selected of axes.
 * @throws {UsageError} If no wanted node is mapped along such an axis, or a wanted node takes all of an array with holes.
 */
export function partialNodes(
  graph: Graph,
  wanted: ReadonlySet<number>,
  slices: AxisSlices,
): ReadonlySet<number> {
  checkNames(graph, wanted, slices);
  const partial = new Set<number>();
  for (const id of graph.order as Iterable<NodeId>) {
    if (!wanted.has(id)) continue;
    for (const [i, { source }] of graph.wires[id].entries()) {
      const axis = holeOf(graph, partial, { slices, source, taken: axesTaken(graph, id, i) });
      if (axis !== undefined) throw needsAll(graph, { id, source, axis });
    }
    for (const { source } of graph.tracks[id]) {
      if (source.kind === "function") continue;
      const axis = holeOf(graph, partial, { slices, source, taken: [] });
      if (axis !== undefined) throw needsAll(graph, { id, source, axis });
    }
    if (graph.defs[id].map?.mapped.some((axis) => slices.has(axis)) === true) partial.add(id);
  }
  return partial;
}

function checkNames(graph: Graph, wanted: ReadonlySet<number>, slices: AxisSlices): void {
  const maps = [...wanted].flatMap((id) => graph.defs[id].map ?? []);
  const mapped = new Set(maps.flatMap((map) => map.mapped));
  for (const axis of slices.keys()) {
    if (mapped.has(axis)) continue;
    const made = maps.find(({ generated }) => generated.includes(axis));
    const close = nearest(axis, mapped);
    throw new UsageError(
      made === undefined
        ? `Cannot select along axis "${axis}": no node of the run is mapped along it`
        : `Cannot select along axis "${axis}": a call of "${made.text}" makes all of it`,
      {
        hint: close !== undefined && close !== axis
          ? `did you mean "${close}"?`
          : mapped.size === 0
          ? "no node is mapped"
          : `the axes are ${[...mapped].map((other) => `"${other}"`).join(", ")}`,
      },
    );
  }
}

/** Axes along which a call takes single elements of an input. */
function axesTaken(graph: Graph, id: NodeId, wire: number): readonly string[] {
  const item = graph.defs[id].map?.inputs.find(({ name }) => graph.maps[id]?.[name] === wire);
  return item?.axes ?? [];
}

/** An axis along which the array of a source has holes, and more than one element of it is taken. */
function holeOf(
  { defs }: Graph,
  partial: ReadonlySet<number>,
  { slices, source, taken }: {
    readonly slices: AxisSlices;
    readonly source: Source;
    readonly taken: readonly string[];
  },
): string | undefined {
  if (source.kind !== "output" || !partial.has(source.node)) return undefined;
  const { axes = [], mapped = [] } = defs[source.node].map ?? {};
  return axes.find((axis, at) => slices.has(axis) && mapped.includes(axis) && taken[at] !== axis);
}

function needsAll(
  { defs }: Graph,
  { id, source, axis }: { readonly id: NodeId; readonly source: Source; readonly axis: string },
): UsageError {
  // Only outputs have holes.
  const made = source.kind === "output" ? defs[source.node].outputs[source.output].name : "";
  return new UsageError(
    `Cannot select along axis "${axis}": node "${defs[id].name}" takes all of "${made}" along it`,
    { hint: `run what is before it: flow run ${made} --select ${axis}=…` },
  );
}
