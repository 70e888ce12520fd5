/**
 * The elements of an array that is JSON text, found without parsing it: they are parts of the text. Knows nothing of what
 * they mean.
 *
 * @module
 */

import { NumberList, TextLines } from "./text_column.ts";

/** The elements of a nested array, down to some depth. */
export interface ArrayText {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** Row-major: the elements of the first row of the last axis, of the second, and so on. */
  readonly rows: readonly TextLines[];
}

/**
 * Finds the elements of an array, a few nanoseconds per character.
 *
 * @param text JSON without layout.
 * @param rank Axes to go down, at least one.
 * @returns `undefined` if there is anything but arrays on the way, or rows differ in length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { elementsOfArray } from "./array_text.ts";
 *
 * const { shape, rows } = elementsOfArray('[["a,b",1],[[2,3],{}]]', 2) ?? { shape: [], rows: [] };
 * assertEquals([shape, rows.map((row) => [row.at(0), row.at(1)])], [[2, 2], [['"a,b"', "1"], ["[2,3]", "{}"]]]);
 * assertEquals(elementsOfArray("[[1],[2,3]]", 2), undefined);
 * ```
 */
export function elementsOfArray(text: string, rank: number): ArrayText | undefined {
  const first = itemsOf(text);
  if (first === undefined) return undefined;
  const shape = [first.length];
  let rows = [first];
  while (shape.length < rank) {
    const below: TextLines[] = [];
    for (const row of rows) {
      for (let at = 0; at < row.length; at++) {
        const items = itemsOf(row.at(at));
        if (items === undefined || items.length !== (below[0] ?? items).length) return undefined;
        below.push(items);
      }
    }
    // Nobody can tell how long the rows of no rows are.
    if (below.length === 0) return undefined;
    shape.push(below[0].length);
    rows = below;
  }
  return { shape, rows };
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The items of one array. */
function itemsOf(text: string): TextLines | undefined {
  if (text.charCodeAt(0) !== OPEN_ARRAY) return undefined;
  const body = text.substring(1, text.length - 1);
  if (body === "") return new TextLines("", new Uint32Array(0));
  // Numbers and words: the engine finds separators faster than a loop could.
  if (!/["[{]/.test(body)) return TextLines.of(body, ",");
  const ends = new NumberList();
  let depth = 0;
  // The text itself: to look into a part of a text costs a step more for every character.
  for (let at = 1; at < text.length - 1; at++) {
    switch (text.charCodeAt(at)) {
      case COMMA:
        if (depth === 0) ends.push(at - 1);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
      case QUOTE:
        at = endOfString(text, at);
    }
  }
  ends.push(body.length);
  return new TextLines(body, ends.toArray());
}

/** Where the quote stands that ends a string. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at;
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, at: number): boolean {
  let count = 0;
  while (text.charCodeAt(at - 1 - count) === BACKSLASH) count++;
  return count % 2 === 1;
}
