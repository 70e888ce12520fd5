/**
 * The elements of a stored array of small plain values: they are parts of its text, so nothing need be parsed. Does not know
 * what is mapped over them.
 *
 * @module
 */

import { INLINE_BYTES } from "./action.ts";
import { elementsOfArray } from "./base/array_text.ts";
import { sizeOf } from "./base/space.ts";
import { TextColumn } from "./base/text_column.ts";

/** An array down to a rank. */
export interface PlainElements {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly elements: TextColumn;
}

/**
 * Finds the elements of an array.
 *
 * @param encoded The stored value.
 * @param rank Axes to go down, at least one.
 * @returns `undefined` if it is no regular array of that rank, or has elements that must be looked at one by one.
 */
export function plainElements(
  encoded: string | Uint8Array,
  rank: number,
): PlainElements | undefined {
  // A container begins with 0x93.
  if (typeof encoded !== "string" && encoded[0] === 0x93) return undefined;
  const text = typeof encoded === "string" ? encoded : new TextDecoder().decode(encoded);
  // An element with a tag may be encoded differently when it stands alone.
  const found = text.includes('"$flow"') ? undefined : elementsOfArray(text, rank);
  if (found === undefined) return undefined;
  const { shape, rows } = found;
  if (rows.some(({ longest }) => longest > INLINE_BYTES)) return undefined;
  const elements = new TextColumn(sizeOf(shape));
  let position = 0;
  for (const row of rows) {
    for (let at = 0; at < row.length; at++) elements.place(position++, row, at);
  }
  return { shape, elements };
}
