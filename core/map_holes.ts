/**
 * What stands in an array for calls that delivered none of it: `null` for those that were not made, the error value for those
 * that failed. Does not know why calls are missing or how the array is arranged.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import { decodeValue, isErrorText } from "./base/value.ts";
import type { MapSpec } from "./mapspec.ts";
import type { ElementOutput } from "./store/elements.ts";

/**
 * Fills what calls did not deliver. Where each call makes an array, a hole is an array of holes: as long as the map-spec says,
 * else as the first array there is, else empty. An error value becomes an array of itself if the map-spec says how long.
 *
 * @param spec The map-spec.
 * @param delivered What each call delivered; `undefined` for calls that were not made.
 * @param read Returns the bytes of a stored element.
 */
export function withoutHoles(
  { generated, lengths }: MapSpec,
  delivered: readonly (ElementOutput | undefined)[],
  read: (digest: Digest) => Uint8Array,
): readonly ElementOutput[] {
  const said: readonly (number | undefined)[] = generated.map((axis) => lengths[axis]);
  let hole: string | undefined;
  const holeText = (): string => {
    const model = said.includes(undefined) ? delivered.find(isArray) : undefined;
    const value = typeof model === "object" ? read(model.digest) : model;
    return JSON.stringify(blank(value === undefined ? undefined : decodeValue(value), said));
  };
  return Array.from(delivered, (element) => {
    if (element === undefined) return hole ??= holeText();
    return isError(element) ? repeated(element, said) : element;
  });
}

/** Whether it is what a call delivered, and no error value: that stands for all of an array. */
function isArray(element: ElementOutput | undefined): boolean {
  return element !== undefined && !isError(element);
}

function isError(element: ElementOutput): element is string {
  return typeof element === "string" && isErrorText(element);
}

/** An array of `null`, as long at each depth as is said, else as the model is. */
function blank(model: unknown, said: readonly (number | undefined)[]): unknown {
  if (said.length === 0) return null;
  const [length, ...rest] = said;
  const items = Array.isArray(model) || ArrayBuffer.isView(model)
    ? model as ArrayLike<unknown>
    : [];
  return Array.from({ length: length ?? items.length }, (_, at) => blank(items[at], rest));
}

/** Text of an array of one value, as deep as lengths are said. */
function repeated(text: string, [length, ...rest]: readonly (number | undefined)[]): string {
  if (length === undefined) return text;
  return `[${new Array(length).fill(repeated(text, rest)).join(",")}]`;
}
