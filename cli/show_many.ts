/**
 * Prints the results of many combinations as one table: a column for each swept name, and one for the output. Does not run
 * anything.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";
import type { ManyRuns } from "../core/mod.ts";
import { writeStderr, writeStdout } from "./output.ts";
import type { Row } from "./rows_json.ts";

/** Formats of a table of results; `auto` is a table for people. */
const FORMATS = ["auto", "csv", "json", "ndjson"] as const;

/**
 * Prints the stored results of all combinations; those without one are left out, with a warning.
 *
 * @param name The output.
 * @throws {UsageError} If there is no such output, no result at all, or the format is none of a table.
 */
export async function showMany(many: ManyRuns, name: string, format: string): Promise<void> {
  if (!(FORMATS as readonly string[]).includes(format)) {
    throw new UsageError(`Cannot show a sweep as ${format}: it is a table`, {
      hint: `use one of ${FORMATS.join(", ")}`,
    });
  }
  const { checkColumns, rowOf } = await import("./rows_json.ts");
  checkColumns(many.names, name);
  const rows: Row[] = [];
  for (const member of many.members) {
    const output = await many.output(member, name);
    if (output !== undefined) rows.push(rowOf(member, name, output));
  }
  const missing = many.members.length - rows.length;
  const hint = `flow run --sweep … ${name}`;
  if (rows.length === 0) {
    throw new UsageError(`Output "${name}" is not stored for any combination`, {
      hint: `run them: ${hint}`,
    });
  }
  await printRows(rows, [...many.names, name], format);
  if (missing > 0) {
    const { formatCount, formatPlural } = await import("../core/mod.ts");
    writeStderr(
      `warning: ${formatCount(missing)} of ${
        formatPlural(many.members.length, "combination")
      } have no result yet; run them: ${hint}\n`,
    );
  }
}

async function printRows(
  rows: readonly Row[],
  columns: readonly string[],
  format: string,
): Promise<void> {
  const { cellsOf, csvLine, rowJson } = await import("./rows_json.ts");
  if (format === "ndjson") {
    for (const row of rows) writeStdout(`${rowJson(row)}\n`);
  } else if (format === "json") {
    writeStdout(`[\n${rows.map(rowJson).join(",\n")}\n]\n`);
  } else if (format === "csv") {
    writeStdout(`${csvLine(columns)}\n`);
    for (const row of rows) writeStdout(`${csvLine(cellsOf(row, columns))}\n`);
  } else {
    const { formatTable } = await import("../core/mod.ts");
    writeStdout(`${formatTable(rows.map((row) => cellsOf(row, columns)), { columns })}\n`);
  }
}
