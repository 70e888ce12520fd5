/**
 * How many terminal columns a text takes, and cutting and padding by columns. Does not know escape codes.
 *
 * @module
 */

/** Made when first needed: that takes 10 ms. */
let segmenter: Intl.Segmenter | undefined;

/** Printable ASCII only: one column per character. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Takes no column of its own: marks, format characters, conjoining jamo. */
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u;

/** Emoji shown as pictures, and text characters a variation selector turns into pictures. */
const PICTURE = /^\p{Emoji_Presentation}|\ufe0f/u;

/** Ranges of East Asian wide and full-width code points (Unicode 16, `EastAsianWidth.txt`). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

/** Splits a text into what people see as characters. */
export function graphemes(text: string): readonly string[] {
  if (PLAIN.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

/** Returns the columns, 0 to 2, of one grapheme. */
export function graphemeWidth(grapheme: string): number {
  if (PICTURE.test(grapheme)) return 2;
  if (ZERO.test(grapheme)) return 0;
  const code = grapheme.codePointAt(0) ?? 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/**
 * Returns how many terminal columns a text without control characters takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { displayWidth } from "./width.ts";
 *
 * assertEquals(displayWidth("e\u0301 漢 🙂"), 7);
 * ```
 */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += graphemeWidth(grapheme);
  return width;
}

/**
 * Cuts a text to at most `columns`, with `ellipsis` at the end if anything was cut.
 *
 * @param columns At least 0.
 */
export function truncate(text: string, columns: number, ellipsis = "…"): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - displayWidth(ellipsis);
  if (room < 0) return "";
  let kept = "";
  let width = 0;
  for (const grapheme of graphemes(text)) {
    width += graphemeWidth(grapheme);
    if (width > room) break;
    kept += grapheme;
  }
  return kept + ellipsis;
}

/** Pads a text with spaces to `columns`; a longer one stays as it is. */
export function pad(
  text: string,
  columns: number,
  align: "left" | "right" | "center" = "left",
): string {
  const missing = Math.max(0, columns - displayWidth(text));
  if (align === "right") return " ".repeat(missing) + text;
  if (align === "left") return text + " ".repeat(missing);
  const before = missing >> 1;
  return " ".repeat(before) + text + " ".repeat(missing - before);
}
