/**
 * Quantiles of many numbers in little memory: counts per bucket, whose bounds grow by a constant factor, so that every
 * quantile is within 2.2 % (Masson, Rim, Lee: DDSketch, VLDB 2019). Does not know what the numbers are.
 *
 * @module
 */

/** A histogram as data: what goes over a wire. */
export interface HistogramData {
  readonly min: number;
  readonly max: number;
  /** Index of a bucket, its count, index of the next one, and so on. */
  readonly buckets: readonly number[];
}

/** What a histogram says of its numbers. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Numbers, of which the order is forgotten. */
export interface Histogram {
  /** Adds a number; about 20 ns. Smaller ones than 1e-6 count as that, but for the minimum. */
  add(value: number): void;
  /** Adds all numbers of another histogram. */
  merge(data: HistogramData): void;
  /** Returns everything, or `undefined` if there are no numbers. */
  data(): HistogramData | undefined;
  /** Returns the distribution, or `undefined` if there are no numbers. */
  distribution(): Distribution | undefined;
}

/**
 * Makes an empty histogram. Refers to nothing outside itself, because its text is part of what workers are started with.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { createHistogram } from "./histogram.ts";
 *
 * const times = createHistogram();
 * for (const ms of [1, 2, 2, 2, 100]) times.add(ms);
 * const { count, min, median = 0, max } = times.distribution() ?? {};
 * assertEquals([count, min, Math.round(median), max], [5, 1, 2, 100]);
 * ```
 */
export function createHistogram(): Histogram {
  /** Buckets per doubling. */
  const RESOLUTION = 16;
  const SMALLEST = 1e-6;
  const { log2, ceil, max, min } = Math;
  const counts = new Map<number, number>();
  let [count, least, most] = [0, Infinity, -Infinity];

  function put(bucket: number, times: number): void {
    counts.set(bucket, (counts.get(bucket) ?? 0) + times);
    count += times;
  }

  function add(value: number): void {
    put(ceil(log2(value > SMALLEST ? value : SMALLEST) * RESOLUTION), 1);
    if (value < least) least = value;
    if (value > most) most = value;
  }

  function merge(data: HistogramData): void {
    for (let i = 0; i < data.buckets.length; i += 2) put(data.buckets[i], data.buckets[i + 1]);
    least = min(least, data.min);
    most = max(most, data.max);
  }

  function data(): HistogramData | undefined {
    if (count === 0) return undefined;
    const buckets: number[] = [];
    counts.forEach((times, bucket) => buckets.push(bucket, times));
    return { min: least, max: most, buckets };
  }

  /** The number that a share of all numbers does not exceed: the middle of its bucket. */
  function quantile(share: number): number {
    const rank = max(1, ceil(share * count));
    if (rank === count) return most;
    let seen = 0;
    for (const bucket of [...counts.keys()].sort((a, b) => a - b)) {
      seen += counts.get(bucket) ?? 0;
      if (seen >= rank) return min(most, max(least, 2 ** ((bucket - 0.5) / RESOLUTION)));
    }
    return most;
  }

  function distribution(): Distribution | undefined {
    if (count === 0) return undefined;
    return { count, min: least, median: quantile(0.5), p95: quantile(0.95), max: most };
  }

  return { add, merge, data, distribution };
}
