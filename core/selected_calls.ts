/**
 * How many calls a run of a part of a map has to make. Looks up stored calls; runs nothing and records nothing.
 *
 * @module
 */

import type { AxisSlices } from "./base/axis_slice.ts";
import { digestOf } from "./base/digest.ts";
import { chooseCalls } from "./map_choice.ts";
import { type MapNode, planCalls, StoredCalls } from "./stored_calls.ts";

/** The calls of a map node of which a part is selected. */
export interface SelectedCalls {
  readonly total: number;
  readonly selected: number;
  /** Those of the selected that need not be made. */
  readonly stored: number;
}

/**
 * Counts the calls that are selected.
 *
 * @param node As it would run now.
 * @param slices What is selected of axes.
 * @param since Calls that were kept before do not count, in milliseconds since the epoch; absent: none does.
 * @returns `undefined` if the shapes do not fit: the node will fail.
 */
export function selectedCalls(
  node: MapNode,
  slices: AxisSlices,
  since: number | undefined,
): SelectedCalls | undefined {
  const { blobs } = node.store;
  const calls = planCalls(node, { read: (digest) => blobs.read(digest), put: digestOf });
  if ("ok" in calls) return undefined;
  const isChosen = chooseCalls(calls, slices);
  if (typeof isChosen === "object") return undefined;
  const { finder } = new StoredCalls(node, since);
  let [selected, stored] = [0, 0];
  for (let call = 0; call < calls.count; call++) {
    if (!isChosen(call)) continue;
    selected++;
    if (finder && calls.find(call, calls.keyOf(call), finder) !== undefined) stored++;
  }
  return { total: calls.count, selected, stored };
}
