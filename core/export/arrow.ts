/**
 * Columns as Arrow IPC files (Feather 2), made by `apache-arrow`. Does not know where the bytes go.
 *
 * Loaded only when one is written; in the program of one file it is a program of its own, so it imports nothing of flow but
 * types.
 *
 * @module
 */

import {
  Bool,
  type DataType,
  Float64,
  Int32,
  Int64,
  Table,
  tableToIPC,
  TimestampMillisecond,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import type { TypedColumn } from "./cells.ts";

/** Returns columns as the bytes of an Arrow file. */
export function arrowFile(columns: readonly TypedColumn[]): Uint8Array {
  const vectors = columns.map((column) => [column.name, vectorOf(column)] as const);
  return tableToIPC(new Table(Object.fromEntries(vectors)), "file");
}

function vectorOf({ kind, values }: TypedColumn): Vector {
  return vectorFromArray(values, typeOf(kind));
}

/** A number is a double whatever its value is, so that the type does not depend on the data. */
function typeOf(kind: TypedColumn["kind"]): DataType {
  switch (kind) {
    case "index":
      return new Int32();
    case "number":
      return new Float64();
    case "boolean":
      return new Bool();
    case "text":
      return new Utf8();
    case "integer":
      return new Int64();
    case "time":
      return new TimestampMillisecond("UTC");
    default:
      return kind satisfies never;
  }
}
