/**
 * Calls of a map node that begins before its upstreams are over: which of them have all they take. Index arithmetic and one
 * count per call. Does not know values, nodes or when anything runs.
 *
 * @module
 */

import type { MapCalls } from "./map_calls.ts";
import type { MapInput } from "./mapplan.ts";

/** Counts, for every call, the elements that are still to come. */
export class MapFeed {
  readonly #missing: Uint32Array;
  #left: number;

  /**
   * @param calls The calls.
   * @param live Inputs whose elements are still to come, all of them.
   */
  constructor(calls: MapCalls, live: readonly MapInput[]) {
    const perCall = live.reduce((sum, { select }) => sum + select.count, 0);
    this.#missing = new Uint32Array(calls.count).fill(perCall);
    this.#left = perCall === 0 ? 0 : calls.count;
  }

  /** Number of calls that wait for elements. */
  get left(): number {
    return this.#left;
  }

  /** Whether a call has all it takes. */
  isFed(call: number): boolean {
    return this.#missing[call] === 0;
  }

  /**
   * An element is there; each must be told once.
   *
   * @param input The input it is of.
   * @param position Its row-major position there.
   * @returns The calls that have all they take now.
   */
  *take({ dependents }: MapInput, position: number): Generator<number> {
    const first = dependents.first(position);
    for (let k = 0; k < dependents.count; k++) {
      const call = first + dependents.offset(k);
      if (--this.#missing[call] > 0) continue;
      this.#left--;
      yield call;
    }
  }
}
