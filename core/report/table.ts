/**
 * Rows of text in columns aligned by display width. Does not know what they say.
 *
 * @module
 */

import { oneLine } from "./view.ts";
import { displayWidth, pad } from "./width.ts";

/** How to lay out a table. */
export interface TableOptions {
  /** Headings; absent: no heading line. */
  readonly columns?: readonly string[];
  /** By column; `left` where absent. */
  readonly align?: readonly ("left" | "right")[];
  /** Underlines the headings. */
  readonly color?: boolean;
}

const GAP = "  ";

/**
 * Aligns columns by spaces; nothing follows the last text of a line.
 *
 * @param rows Cells; a short row leaves its last columns empty.
 * @returns Lines without a final newline.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { formatTable } from "./table.ts";
 *
 * assertEquals(formatTable([["fit", "12"], ["漢字", "3"]], { align: ["left", "right"] }), "fit   12\n漢字   3");
 * ```
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const all = [...options.columns === undefined ? [] : [options.columns], ...rows]
    .map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of all) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell)));
  }
  return all.map((row, at) => {
    const isHeading = at === 0 && options.columns !== undefined;
    const cells = widths.map((width, i) => pad(row[i] ?? "", width, options.align?.[i]));
    if (!isHeading || options.color !== true) return cells.join(GAP).trimEnd();
    return cells.map((cell) => `\x1b[4m${cell}\x1b[0m`).join(GAP);
  }).join("\n");
}
