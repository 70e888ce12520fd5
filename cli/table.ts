/**
 * Tables and lists on standard output. Does not know what they say, nor how columns are aligned.
 *
 * @module
 */

import { writeStdout } from "./output.ts";

/** Prints rows in aligned columns; nothing if there are none. */
export async function printTable(rows: readonly (readonly string[])[]): Promise<void> {
  if (rows.length === 0) return;
  const { formatTable } = await import("../core/mod.ts");
  writeStdout(`${formatTable(rows)}\n`);
}

/**
 * Formats items as a JSON array with one item per line, so that both JSON tools and line tools read it.
 */
export function formatJsonLines(items: readonly unknown[]): string {
  if (items.length === 0) return "[]\n";
  return `[\n${items.map((item) => JSON.stringify(item)).join(",\n")}\n]\n`;
}
