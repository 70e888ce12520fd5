/**
 * Which calls of a map take part in a run of a part of it. Does not know nodes or results.
 *
 * @module
 */

import { type AxisSlices, formatAxisSlice, positionsOf } from "./base/axis_slice.ts";
import { indexOf } from "./base/space.ts";
import type { MapCalls } from "./map_calls.ts";
import type { ShapeProblem } from "./mapplan.ts";

/** Tells which calls are selected, or that there are none. */
export function chooseCalls(
  { plan: { calls } }: MapCalls,
  slices: AxisSlices,
): ((call: number) => boolean) | ShapeProblem {
  const chosen: (ReadonlySet<number> | undefined)[] = [];
  for (const [at, axis] of calls.axes.entries()) {
    const slice = slices.get(axis);
    const positions = slice === undefined ? undefined : positionsOf(slice, calls.shape[at]);
    if (slice !== undefined && positions !== undefined && "problem" in positions) {
      const message = `Cannot select "${axis}=${formatAxisSlice(slice)}": ${positions.problem}`;
      return { ok: false, message, inputs: [] };
    }
    chosen.push(positions as ReadonlySet<number> | undefined);
  }
  return (call) => indexOf(call, calls.shape).every((i, at) => chosen[at]?.has(i) ?? true);
}
