/**
 * Prints arrays as a table with a row for each element, or writes them in formats that other programs read. Does not run
 * anything, nor know how a format is made.
 *
 * @module
 */

import type { Engine, LongTable, TableFormat } from "../core/mod.ts";
import { UsageError } from "../core/base/error.ts";
import { parseSlice } from "../core/base/slice.ts";
import { writeStderr } from "./output.ts";
import { warnAbout } from "./show_output.ts";
import { writeDirectory, writeTo } from "./sink.ts";

/** How a table is written: `table` is for people. */
export type TableOutput = TableFormat | "table" | "zarr";

/** Formats that are tables whatever is shown. */
export const TABLE_FORMATS = ["csv", "tsv", "arrow", "parquet", "zarr"] as const;

/** What is shown and where. */
export interface ShowTableOptions {
  readonly format: TableOutput;
  /** Of a map node that is not over: what its calls have delivered. */
  readonly partial: boolean;
  /** A file or directory in place of standard output. */
  readonly path?: string;
}

/**
 * Prints an output as a table.
 *
 * @param engine Of the workflow.
 * @param reference An output, or `node.*`, with an optional selection.
 * @param options See {@linkcode ShowTableOptions}.
 * @throws {UsageError} If nothing is stored, it is no table, the format cannot hold it, or has nowhere to go.
 */
export async function showTable(
  engine: Engine,
  reference: string,
  options: ShowTableOptions,
): Promise<void> {
  const { exportTable, exportZarr, longTable } = await import("../core/mod.ts");
  const { name, subscripts } = parseSlice(reference);
  const { format, partial, path } = options;
  const labelled = engine.labelled(name, { partial });
  warnAbout(name, labelled);
  for (const warning of labelled.warnings) writeStderr(`warning: ${warning}\n`);
  const table = longTable(labelled, subscripts);
  if (format === "zarr") {
    if (path === undefined) throw noPlace(format, "a directory", "z.zarr");
    writeDirectory(path, "zarr.json", await exportZarr(table));
  } else if (format === "table") {
    const text = await tableText(table);
    writeTo(path, (write) => write(text));
  } else {
    const isBinary = format === "arrow" || format === "parquet";
    if (isBinary && path === undefined && Deno.stdout.isTerminal()) {
      throw noPlace(format, "bytes, not for a terminal", `z.${format}`);
    }
    const pieces = await exportTable(table, format);
    writeTo(path, (write) => {
      for (const piece of pieces) write(piece);
    });
  }
}

async function tableText({ columns, rowCount }: LongTable): Promise<string> {
  const { cellText, formatTable } = await import("../core/mod.ts");
  const { valueJson } = await import("../core/base/value_json.ts");
  const isPlain = (cell: unknown) => cell === null || typeof cell !== "object";
  const textOf = (cell: unknown) =>
    isPlain(cell) || cell instanceof Date ? cellText(cell) : valueJson(cell);
  const rows = Array.from(
    { length: rowCount },
    (_, row) => columns.map(({ values }) => textOf(values[row])),
  );
  const align = columns.map(({ values }) =>
    values.some((cell) => typeof cell === "string") ? "left" as const : "right" as const
  );
  return `${formatTable(rows, { columns: columns.map(({ name }) => name), align })}\n`;
}

function noPlace(format: string, what: string, example: string): UsageError {
  return new UsageError(`Cannot print ${format}: it is ${what}`, {
    hint: `name a place: -o ${example}`,
  });
}
