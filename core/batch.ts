/**
 * Many small values in one text, a line each: what calls of a map node that travel together take and deliver. Does not know
 * how they travel.
 *
 * One text, because a parser makes every short text of an array unique in a table of the process, which costs several
 * times what the call does. An encoded value has no line end.
 *
 * @module
 */

import { TextLines, TextRow } from "./base/text_column.ts";
import type { BatchResults, CallResult } from "./action.ts";

/** Returns texts as one. */
export function joinTexts(texts: readonly string[]): string {
  return texts.join("\n");
}

/**
 * Returns numbers as ranges: a first one, how many follow it in order with itself, the next first one, and so on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { rangesOf } from "./batch.ts";
 *
 * assertEquals(rangesOf([3, 4, 5, 9]), [3, 3, 9, 1]);
 * ```
 */
export function rangesOf(numbers: readonly number[]): number[] {
  const ranges: number[] = [];
  let next = -1;
  for (const number of numbers) {
    if (number === next) ranges[ranges.length - 1]++;
    else ranges.push(number, 1);
    next = number + 1;
  }
  return ranges;
}

/** What came of one call of a batch; of most a row of texts. */
export type BatchResult = CallResult | {
  readonly outputs: TextRow;
  readonly usesIndex: boolean;
};

/**
 * Yields what each call delivered, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { unpackResults } from "./batch.ts";
 *
 * const failed = { failure: { reason: "threw", message: "no" }, wallMs: 1 } as const;
 * const packed = { texts: ['1\n\n"a"'], placed: [2], odd: [[1, failed]] } as const;
 * const texts = [...unpackResults(packed, 3)].map((result) =>
 *   "failure" in result ? result.failure.message : [result.outputs.at(0), result.usesIndex]
 * );
 * assertEquals(texts, [["1", false], "no", ['"a"', true]]);
 * ```
 */
export function* unpackResults(packed: BatchResults, count: number): Generator<BatchResult> {
  const pieces = packed.texts.map((texts) => TextLines.of(texts));
  const odd = new Map(packed.odd);
  const placed = new Set(packed.placed);
  for (let call = 0; call < count; call++) {
    yield odd.get(call) ?? { outputs: new TextRow(pieces, call), usesIndex: placed.has(call) };
  }
}
