/**
 * The array of a map node that is not over, made of the calls that have delivered: those that have not are `null`, those that
 * cannot be made are error values. Runs nothing, does not know how it is printed.
 *
 * @module
 */

import { type Digest, digestOf } from "./base/digest.ts";
import { UsageError } from "./base/error.ts";
import { decodeValue } from "./base/value.ts";
import type { MapCalls } from "./map_calls.ts";
import { fateOf } from "./map_failures.ts";
import { arrangeOutput } from "./map_output.ts";
import type { MapSpec } from "./mapspec.ts";
import { isCached } from "./result.ts";
import type { ElementOutput } from "./store/elements.ts";
import { type MapNode, planCalls, StoredCalls } from "./stored_calls.ts";

/** What there is of an output so far. */
export interface PartialOutput {
  readonly value: unknown;
  /** Calls that have delivered nothing. */
  readonly missing: number;
  readonly total: number;
}

/**
 * Puts together what calls have delivered for one output.
 *
 * @param node The map node, as it would run now.
 * @param position Of the declared output.
 * @throws {UsageError} If results of its calls are not kept, or the shapes of its inputs do not fit.
 */
export function partialOutput(node: MapNode, position: number): PartialOutput {
  const { graph, id, store } = node;
  const def = graph.defs[id];
  const spec = def.map as MapSpec;
  if (!isCached(def)) {
    throw new UsageError(`Cannot show a part of "${def.name}": its calls are not kept`, {
      hint: 'add "cache: true" to the node',
    });
  }
  const calls = planCalls(node, { read: (digest) => store.blobs.read(digest), put: digestOf });
  if ("ok" in calls) {
    const { message, hint } = calls;
    throw new UsageError(message, hint === undefined ? {} : { hint });
  }
  const { finder } = new StoredCalls(node, 0);
  const elements = Array.from(
    { length: calls.count },
    (_, call) => {
      const fate = fateOf(def, calls, call);
      // It will not be made: the error value is all there will be.
      if (fate?.kind === "skip") return fate.error;
      return finder && calls.find(call, calls.keyOf(call), finder)?.at(position);
    },
  );
  const missing = elements.filter((element) => element === undefined).length;
  return { value: arranged(node, spec, calls, elements), missing, total: calls.count };
}

function arranged(
  { store: { blobs } }: MapNode,
  spec: MapSpec,
  calls: MapCalls,
  elements: readonly (ElementOutput | undefined)[],
): unknown {
  try {
    const read = (digest: Digest) => blobs.read(digest);
    const { text, bytes } = arrangeOutput(spec, calls.plan.calls, elements, read);
    return decodeValue(text ?? bytes);
  } catch (error) {
    // The node will fail with it.
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
