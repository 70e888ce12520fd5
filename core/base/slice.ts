/**
 * Selects a part of a nested array as `z[:, 3]` says, with the rules of Python and NumPy. Does not know where the array
 * comes from.
 *
 * @module
 */

import { UsageError } from "./error.ts";

/** One subscript: a position, or a range that keeps the dimension. */
export type Subscript =
  | { readonly kind: "at"; readonly index: number }
  | {
    readonly kind: "range";
    readonly start: number | undefined;
    readonly end: number | undefined;
    /** Not 0; backwards if negative. */
    readonly step: number;
  };

const POSITION = /^\s*-?\d+\s*$/;
const RANGE = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

/**
 * Splits `z[:, 3]` into name and subscripts; a name alone has none.
 *
 * @throws {UsageError} If the brackets hold anything but whole numbers and ranges.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { parseSlice, sliceValue } from "./slice.ts";
 *
 * const { name, subscripts } = parseSlice("z[:, 1]");
 * assertEquals(name, "z");
 * assertEquals(sliceValue([[1, 2], [3, 4]], subscripts, "z"), [2, 4]);
 * ```
 */
export function parseSlice(text: string): { name: string; subscripts: readonly Subscript[] } {
  const match = /^([^[\]]+)\[([^[\]]*)\]$/.exec(text);
  if (match === null) {
    if (!/[[\]]/.test(text)) return { name: text, subscripts: [] };
    throw new UsageError(`Cannot read "${text}": its brackets do not fit`, { hint: HINT });
  }
  return { name: match[1], subscripts: match[2].split(",").map((part) => subscriptOf(part, text)) };
}

const HINT = "write positions and ranges such as z[0], z[:, 3], z[-5:] or z[0:10:2]";

function subscriptOf(part: string, text: string): Subscript {
  if (POSITION.test(part)) return { kind: "at", index: Number(part) };
  const match = RANGE.exec(part);
  if (match === null) {
    throw new UsageError(`Cannot read "${text}": "${part.trim()}" is no position`, { hint: HINT });
  }
  const [start, end, step = 1] = match.slice(1).map((digits) =>
    digits === undefined ? undefined : Number(digits)
  );
  if (step === 0) {
    throw new UsageError(`Cannot read "${text}": the step of a range is 0`, { hint: HINT });
  }
  return { kind: "range", start, end, step };
}

/**
 * Returns the positions a subscript selects of a dimension.
 *
 * @param length Of the dimension.
 * @param name Shown in errors.
 * @throws {UsageError} If a position does not exist; a range may be empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { positionsOf } from "./slice.ts";
 *
 * const everyOther = { kind: "range", start: -4, end: undefined, step: 2 } as const;
 * assertEquals(positionsOf(everyOther, 10, "z"), [6, 8]);
 * ```
 */
export function positionsOf(subscript: Subscript, length: number, name: string): number[] {
  if (subscript.kind === "at") {
    const index = subscript.index < 0 ? length + subscript.index : subscript.index;
    if (index >= 0 && index < length) return [index];
    throw new UsageError(
      `Cannot select from "${name}": position ${subscript.index} does not exist`,
      {
        facts: { length: String(length) },
      },
    );
  }
  const { start, end, step } = subscript;
  // Where a range that goes backwards begins and ends if nothing is said, and the outermost places it may have.
  const [least, most] = step > 0 ? [0, length] : [-1, length - 1];
  const place = (bound: number | undefined, open: number): number => {
    if (bound === undefined) return open;
    return Math.min(most, Math.max(least, bound < 0 ? bound + length : bound));
  };
  const [first, last] = step > 0
    ? [place(start, least), place(end, most)]
    : [place(start, most), place(end, least)];
  const count = Math.max(0, Math.ceil((last - first) / step));
  return Array.from({ length: count }, (_, k) => first + k * step);
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
  const items = itemsOf(value);
  if (items === undefined) {
    throw new UsageError(
      `Cannot select from "${name}": it has fewer dimensions than positions given`,
    );
  }
  const selected = positionsOf(first, items.length, name).map((at) =>
    sliceValue(items[at], rest, name)
  );
  return first.kind === "at" ? selected[0] : selected;
}

/** Returns the items of an array or typed array, `undefined` for anything else. */
export function itemsOf(value: unknown): ArrayLike<unknown> | undefined {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? value as unknown as ArrayLike<unknown>
    : undefined;
}
