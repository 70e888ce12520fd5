/**
 * Writes a long table in one of the formats programs read. Loads a format only when it is asked for; does not know where the
 * pieces go.
 *
 * @module
 */

import { typedColumns } from "./cells.ts";
import type { LongTable } from "./labelled.ts";
import type { ZarrFile } from "./zarr.ts";

/** Formats of one file. */
export type TableFormat = "csv" | "tsv" | "json" | "ndjson" | "arrow" | "parquet";

/**
 * Makes the pieces of a file; everything is checked before the first one is made.
 *
 * @throws {UsageError} If the format cannot hold a cell.
 */
export async function exportTable(
  table: LongTable,
  format: TableFormat,
): Promise<Iterable<string | Uint8Array>> {
  switch (format) {
    case "arrow": {
      const columns = typedColumns(table, format);
      return [(await import("./arrow.ts")).arrowFile(columns)];
    }
    case "parquet": {
      const columns = typedColumns(table, format);
      return [(await import("./parquet.ts")).parquetFile(columns)];
    }
    default:
      return await textOf(table, format);
  }
}

async function textOf(
  table: LongTable,
  format: Exclude<TableFormat, "arrow" | "parquet">,
): Promise<Iterable<string>> {
  const { delimitedText, jsonArray, jsonLines } = await import("./text.ts");
  switch (format) {
    case "csv":
      return delimitedText(table, ",", format);
    case "tsv":
      return delimitedText(table, "\t", format);
    case "ndjson":
      return jsonLines(table);
    case "json":
      return jsonArray(table);
    default:
      return format satisfies never;
  }
}

/**
 * Makes the files of a Zarr group.
 *
 * @throws {UsageError} If lengths along an axis differ, or Zarr cannot hold a cell.
 */
export async function exportZarr(table: LongTable): Promise<readonly ZarrFile[]> {
  return (await import("./zarr.ts")).zarrFiles(table);
}
