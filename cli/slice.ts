/**
 * Selects a part of a nested array as `z[:,3]` says. Does not know where the array comes from.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";

/** One subscript: a position, or a range that keeps the dimension. */
type Subscript =
  | { readonly kind: "at"; readonly index: number }
  | {
    readonly kind: "range";
    readonly start: number | undefined;
    readonly end: number | undefined;
  };

/**
 * Splits `z[:,3]` into name and subscripts; a name alone has none.
 *
 * @throws {UsageError} If the brackets hold anything but whole numbers and ranges.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { parseSlice, sliceValue } from "./slice.ts";
 *
 * const { name, subscripts } = parseSlice("z[:,1]");
 * assertEquals(name, "z");
 * assertEquals(sliceValue([[1, 2], [3, 4]], subscripts, "z"), [2, 4]);
 * ```
 */
export function parseSlice(text: string): { name: string; subscripts: readonly Subscript[] } {
  const match = /^([^[\]]+)\[([^[\]]*)\]$/.exec(text);
  if (match === null) return { name: text, subscripts: [] };
  return { name: match[1], subscripts: match[2].split(",").map((part) => subscriptOf(part, text)) };
}

function subscriptOf(part: string, text: string): Subscript {
  const match = /^\s*(-?\d+)?\s*(:)?\s*(-?\d+)?\s*$/.exec(part);
  if (match === null || (match[1] === undefined && match[2] === undefined)) {
    throw new UsageError(`Cannot read "${text}": "${part.trim()}" is no position`, {
      hint: "write positions and ranges such as z[0], z[:,3] or z[1:4]",
    });
  }
  if (match[2] === undefined) return { kind: "at", index: Number(match[1]) };
  const bound = (digits: string | undefined) => digits === undefined ? undefined : Number(digits);
  return { kind: "range", start: bound(match[1]), end: bound(match[3]) };
}

/**
 * Applies subscripts, outermost dimension first; negative positions count from the end.
 *
 * @param value Nested arrays or typed arrays.
 * @param name Shown in errors.
 * @throws {UsageError} If there are fewer dimensions, or a position does not exist.
 */
export function sliceValue(
  value: unknown,
  subscripts: readonly Subscript[],
  name: string,
): unknown {
  const [first, ...rest] = subscripts;
  if (first === undefined) return value;
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    throw new UsageError(
      `Cannot select from "${name}": it has fewer dimensions than positions given`,
    );
  }
  const items = Array.from(value as ArrayLike<unknown>);
  if (first.kind === "range") {
    return items.slice(first.start ?? 0, first.end).map((item) => sliceValue(item, rest, name));
  }
  const index = first.index < 0 ? items.length + first.index : first.index;
  if (index < 0 || index >= items.length) {
    throw new UsageError(`Cannot select from "${name}": position ${first.index} does not exist`, {
      facts: { length: String(items.length) },
    });
  }
  return sliceValue(items[index], rest, name);
}
