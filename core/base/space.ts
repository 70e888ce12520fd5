/**
 * Named index spaces and the index arithmetic between them: row-major, no object per element.
 * Does not know map-specs, values or nodes.
 *
 * @module
 */

/** An n-dimensional index space. A `":"` axis has no name and matches no other axis. */
export interface Space {
  readonly axes: readonly string[];
  /** Length of each axis; `[]` is a space of one point. */
  readonly shape: readonly number[];
}

/**
 * Which points of a target space belong to one point of a source space: the same index on every axis
 * both have, all indices on the axes only the target has. The points are `first(i) + offset(k)` for
 * `k` from 0 to `count - 1`, ascending.
 */
export interface Projection {
  /** Points of the target per point of the source; the same for all. */
  readonly count: number;
  /** Shape of the axes only the target has, in the target's order. */
  readonly shape: readonly number[];
  /** Distance between neighbours if it is constant (1: a contiguous range), else `undefined`. */
  readonly step: number | undefined;
  /** Linear index of the first point of the target for a linear index of the source. */
  first(linear: number): number;
  /** Distance of the `k`-th point from the first. */
  offset(k: number): number;
}

/** Takes one digit of a mixed-radix number, `floor(n / divisor) % length`, and weighs it. */
interface Digit {
  readonly divisor: number;
  readonly length: number;
  readonly weight: number;
}

/** Returns the number of points; 1 for `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Returns the row-major strides of a shape: the last axis has stride 1. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/**
 * Returns the index of a point.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { indexOf, linearOf } from "./space.ts";
 *
 * assertEquals(indexOf(5, [2, 3]), [1, 2]);
 * assertEquals(linearOf([1, 2], [2, 3]), 5);
 * ```
 *
 * @param linear 0 to `sizeOf(shape) - 1`.
 */
export function indexOf(linear: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = linear;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}

/** Returns the linear index of a point; the inverse of {@linkcode indexOf}. */
export function linearOf(index: readonly number[], shape: readonly number[]): number {
  let linear = 0;
  for (let axis = 0; axis < shape.length; axis++) linear = linear * shape[axis] + index[axis];
  return linear;
}

/**
 * Compiles the way from one space to another. Both directions of a map are projections: from a call
 * to the elements it reads, and from an element to the calls that read it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { project } from "./space.ts";
 *
 * const calls = { axes: ["i"], shape: [2] };
 * const rows = project(calls, { axes: ["i", ":"], shape: [2, 3] });
 * assertEquals([rows.first(1), rows.count, rows.step], [3, 3, 1]);
 * ```
 *
 * @param from Space of the argument of `first`.
 * @param to Space of the result; an axis both have must have the same length in both.
 */
export function project(from: Space, to: Space): Projection {
  const divisors = stridesOf(from.shape);
  const weights = stridesOf(to.shape);
  const digits: Digit[] = [];
  const free: Digit[] = [];
  const shape: number[] = [];
  to.axes.forEach((axis, at) => {
    const source = axis === ":" ? -1 : from.axes.indexOf(axis);
    if (source >= 0) {
      digits.push({ divisor: divisors[source], length: to.shape[at], weight: weights[at] });
    } else shape.push(to.shape[at]);
  });
  const freeDivisors = stridesOf(shape);
  to.axes.forEach((axis, at) => {
    if (axis !== ":" && from.axes.includes(axis)) return;
    const divisor = freeDivisors[free.length];
    free.push({ divisor, length: to.shape[at], weight: weights[at] });
  });
  const merged = mergeDigits(free);
  return {
    count: sizeOf(shape),
    shape,
    step: merged.length === 0 ? 1 : merged.length === 1 ? merged[0].weight : undefined,
    first: compileSum(mergeDigits(digits), sizeOf(from.shape)),
    offset: compileSum(merged, sizeOf(shape)),
  };
}

/** Joins neighbours that count on as one digit, so that equal spaces become the identity. */
function mergeDigits(digits: readonly Digit[]): Digit[] {
  const merged: Digit[] = [];
  for (const digit of digits) {
    if (digit.length === 1) continue;
    const last = merged.at(-1);
    const joins = last !== undefined && last.divisor === digit.divisor * digit.length &&
      last.weight === digit.weight * digit.length;
    if (joins) merged[merged.length - 1] = { ...digit, length: last.length * digit.length };
    else merged.push(digit);
  }
  return merged;
}

/** Returns the function `n -> sum of weighted digits`, specialised for the frequent cases. */
function compileSum(digits: readonly Digit[], size: number): (linear: number) => number {
  if (digits.length === 0) return () => 0;
  if (digits.length === 1) {
    const [{ divisor, length, weight }] = digits;
    if (divisor === 1 && length === size) return (linear) => linear * weight;
    if (divisor === 1) return (linear) => (linear % length) * weight;
    if (divisor * length === size) return (linear) => Math.floor(linear / divisor) * weight;
  }
  return (linear) => {
    let sum = 0;
    for (let d = 0; d < digits.length; d++) {
      const { divisor, length, weight } = digits[d];
      sum += (Math.floor(linear / divisor) % length) * weight;
    }
    return sum;
  };
}
