/**
 * Columns as Parquet files, made by `hyparquet-writer`. Does not know where the bytes go.
 *
 * Loaded only when one is written; in the program of one file it is a program of its own, so it imports nothing of flow but
 * types.
 *
 * @module
 */

import { type BasicType, type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import type { TypedColumn } from "./cells.ts";

/** Returns columns as the bytes of a Parquet file, compressed with Snappy. */
export function parquetFile(columns: readonly TypedColumn[]): Uint8Array {
  const columnData = columns.map(({ name, kind, values }): ColumnSource => ({
    name,
    data: [...values],
    type: TYPES[kind],
    nullable: kind !== "index",
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: "flow" }));
}

/** A number is a double whatever its value is, so that the type does not depend on the data. */
const TYPES: Readonly<Record<TypedColumn["kind"], BasicType>> = {
  index: "INT32",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  text: "STRING",
  integer: "INT64",
  time: "TIMESTAMP",
};
