/**
 * A sweep as the command line writes it: `lr=0.1,0.01`, `seed=range(10)`. Does not know what the name means.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import { rangeOf } from "./sweep.ts";

/** A name with the texts of its values, or the name of a sweep of the file. */
export type SweepText =
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "values"; readonly name: string; readonly items: readonly string[] };

const CLOSERS: Readonly<Record<string, string>> = { "[": "]", "{": "}", "(": ")" };

/**
 * Takes apart the text of `--sweep`.
 *
 * @throws {UsageError} If it has no values, or a range cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { parseSweep } from "./sweep_text.ts";
 *
 * assertEquals(parseSweep("grid"), { kind: "named", name: "grid" });
 * assertEquals(parseSweep('x=range(2),[1,2],"a,b"'), {
 *   kind: "values",
 *   name: "x",
 *   items: ["0", "1", "[1,2]", '"a,b"'],
 * });
 * ```
 */
export function parseSweep(text: string): SweepText {
  const equals = text.indexOf("=");
  if (equals < 0) return { kind: "named", name: text };
  const name = text.slice(0, equals).trim();
  const items = splitItems(text.slice(equals + 1)).flatMap((item) => expandRange(item, text));
  if (items.every((item) => item === "") || items.length === 0) {
    throw new UsageError(`Cannot sweep "${name}": it has no values`, {
      hint: `write --sweep ${name}=1,2 or --sweep '${name}=range(10)'`,
    });
  }
  return { kind: "values", name, items };
}

/** Splits at the commas that stand in no quotes and no brackets. */
function splitItems(text: string): string[] {
  const items: string[] = [];
  const open: string[] = [];
  let quote: string | undefined;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quote !== undefined) {
      if (char === "\\" && quote === '"') i++;
      else if (char === quote) quote = undefined;
    } else if ((char === '"' || char === "'") && text.slice(start, i).trim() === "") quote = char;
    else if ((char === '"' || char === "'") && open.length > 0) quote = char;
    else if (Object.hasOwn(CLOSERS, char)) open.push(CLOSERS[char]);
    else if (char === open.at(-1)) open.pop();
    else if (char === "," && open.length === 0) {
      items.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  items.push(text.slice(start).trim());
  return items;
}

/** `range(10)` stands for its numbers. */
function expandRange(item: string, text: string): string[] {
  const bounds = /^range\((.*)\)$/.exec(item)?.[1];
  if (bounds === undefined) return [item];
  const numbers = bounds.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  const values = rangeOf(numbers);
  if ("message" in values) {
    throw new UsageError(`Cannot read "${text}": ${values.message}`, {
      hint: "write range(10), range(1, 11) or range(0, 1, 0.1)",
    });
  }
  return values.map(String);
}
