/**
 * A part of an axis: one position or a range, as `i=3` and `i=0:10:2` write it. Does not know arrays or map-specs.
 *
 * @module
 */

/** Positions of an axis. Negative ones count from the end. */
export type AxisSlice =
  | { readonly kind: "at"; readonly index: number }
  | {
    readonly kind: "range";
    readonly start?: number;
    /** Exclusive. */
    readonly end?: number;
    /** At least 1. */
    readonly step: number;
  };

/** Slices by name of axis. */
export type AxisSlices = ReadonlyMap<string, AxisSlice>;

/**
 * Reads `i=3,j=0:2`.
 *
 * @throws {RangeError} If it says something else, or an axis twice.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { parseAxisSlices } from "./axis_slice.ts";
 *
 * assertEquals([...parseAxisSlices("i=-1,j=1:")], [
 *   ["i", { kind: "at", index: -1 }],
 *   ["j", { kind: "range", start: 1, step: 1 }],
 * ]);
 * ```
 */
export function parseAxisSlices(text: string): AxisSlices {
  const slices = new Map<string, AxisSlice>();
  for (const part of text.split(",")) {
    const match = /^\s*([\p{ID_Start}_][\p{ID_Continue}]*)\s*=\s*(.*?)\s*$/u.exec(part);
    const slice = match === null ? undefined : readSlice(match[2]);
    if (match === null || slice === undefined) {
      throw new RangeError("write positions of axes as AXIS=3, AXIS=0:10 or AXIS=::2");
    }
    if (slices.has(match[1])) throw new RangeError(`axis "${match[1]}" is given twice`);
    slices.set(match[1], slice);
  }
  return slices;
}

function readSlice(text: string): AxisSlice | undefined {
  if (/^-?\d+$/.test(text)) return { kind: "at", index: Number(text) };
  const match = /^(-?\d+)?:(-?\d+)?(?::(\d+)?)?$/.exec(text);
  if (match === null) return undefined;
  const [, start, end, step] = match;
  if (step !== undefined && Number(step) === 0) return undefined;
  return {
    kind: "range",
    ...(start === undefined ? {} : { start: Number(start) }),
    ...(end === undefined ? {} : { end: Number(end) }),
    step: step === undefined ? 1 : Number(step),
  };
}

/** Writes a slice as it is read: `3`, `0:10:2`. */
export function formatAxisSlice(slice: AxisSlice): string {
  if (slice.kind === "at") return String(slice.index);
  const { start = "", end = "", step } = slice;
  return `${start}:${end}${step === 1 ? "" : `:${step}`}`;
}

/**
 * Finds the positions a slice means.
 *
 * @param length Of the axis.
 * @returns Which positions, or why there is none.
 */
export function positionsOf(
  slice: AxisSlice,
  length: number,
): ReadonlySet<number> | { readonly problem: string } {
  const found = new Set<number>();
  const outside = {
    problem: length === 0
      ? "the axis is empty"
      : `the axis has ${length} position${length === 1 ? "" : "s"}, 0 to ${length - 1}`,
  };
  const fromEnd = (position: number) => position < 0 ? length + position : position;
  if (slice.kind === "at") {
    const index = fromEnd(slice.index);
    return index < 0 || index >= length ? outside : found.add(index);
  }
  const end = Math.min(length, fromEnd(slice.end ?? length));
  for (let i = Math.max(0, fromEnd(slice.start ?? 0)); i < end; i += slice.step) found.add(i);
  return found.size === 0 ? outside : found;
}
