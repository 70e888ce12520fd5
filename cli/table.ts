/**
 * Rows of text in aligned columns. Does not know what they say.
 *
 * @module
 */

import { sanitize } from "../core/base/source.ts";

/**
 * Aligns columns by spaces; the last column is not padded.
 *
 * @param rows All of the same length.
 * @returns Lines, each with its newline; no rows give the empty text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { formatTable } from "./table.ts";
 *
 * assertEquals(formatTable([["run", "rows", "new"], ["unknown", "fit", ""]]), "run      rows  new\nunknown  fit\n");
 * ```
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell) => sanitize(cell).replace(/[\n\t]+/g, " ")));
  const widths: number[] = [];
  for (const row of safe) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const lines = safe.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()
  );
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Formats items as a JSON array with one item per line, so that both JSON tools and line tools read it.
 */
export function formatJsonLines(items: readonly unknown[]): string {
  if (items.length === 0) return "[]\n";
  return `[\n${items.map((item) => JSON.stringify(item)).join(",\n")}\n]\n`;
}
