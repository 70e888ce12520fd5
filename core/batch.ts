/**
 * Many small values in one text, a line each: what calls of a map node that travel together take and deliver. Does not know
 * how they travel.
 *
 * One text, because a parser makes every short text of an array unique in a table of the process, which costs several
 * times what the call does. An encoded value has no line end.
 *
 * @module
 */

import type { BatchResults, CallResult } from "./action.ts";

/** Returns texts as one. */
export function joinTexts(texts: readonly string[]): string {
  return texts.join("\n");
}

/** Returns the texts of one; at least one. */
export function splitTexts(joined: string): string[] {
  return joined.split("\n");
}

/**
 * Puts what calls delivered into columns.
 *
 * @param results By call; at least one.
 * @param outputCount Value outputs of each.
 */
export function packResults(results: readonly CallResult[], outputCount: number): BatchResults {
  const odd: [number, CallResult][] = [];
  const placed: number[] = [];
  const columns = Array.from({ length: outputCount }, () => new Array<string>(results.length));
  results.forEach((result, call) => {
    if ("failure" in result) odd.push([call, result]);
    else {
      const isOdd = result.outputs.some((output) => typeof output !== "string");
      if (isOdd) odd.push([call, result]);
      else if (result.usesIndex) placed.push(call);
      result.outputs.forEach((output, i) => {
        columns[i][call] = !isOdd && typeof output === "string" ? output : "";
      });
    }
  });
  return { texts: columns.map(joinTexts), placed, odd };
}

/**
 * Yields what each call delivered, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import type { CallResult } from "./action.ts";
 * import { packResults, unpackResults } from "./batch.ts";
 *
 * const results: CallResult[] = [
 *   { outputs: ["1"], usesIndex: false },
 *   { failure: { reason: "threw", message: "no" }, wallMs: 1 },
 *   { outputs: ['"a"'], usesIndex: true },
 * ];
 * assertEquals([...unpackResults(packResults(results, 1), 3)], results);
 * ```
 */
export function* unpackResults(packed: BatchResults, count: number): Generator<CallResult> {
  const columns = packed.texts.map(splitTexts);
  const odd = new Map(packed.odd);
  const placed = new Set(packed.placed);
  for (let call = 0; call < count; call++) {
    const outputs = columns.map((column) => column[call]);
    yield odd.get(call) ?? { outputs, usesIndex: placed.has(call) };
  }
}
