/**
 * What kind of cells a column of a table holds, for formats whose columns have a type. Does not know formats but by name.
 *
 * @module
 */

import { UsageError } from "../base/error.ts";
import { isError } from "../is_error.ts";
import type { Column, LongTable } from "./labelled.ts";

/** Kinds of cells that tables can hold. */
export type CellKind = "number" | "boolean" | "text" | "integer" | "time";

/** Words for the kinds, in messages. */
const PLURALS: Readonly<Record<CellKind, string>> = {
  number: "numbers",
  boolean: "booleans",
  text: "texts",
  integer: "BigInts",
  time: "dates",
};

/** A column whose cells are all of one kind, or missing; an `index` holds positions, none is missing. */
export interface TypedColumn {
  readonly name: string;
  readonly kind: CellKind | "index";
  /** By row; `null` where one is missing. */
  readonly values: readonly unknown[];
}

const HOLDS_ANYTHING = "--format json and ndjson can hold any value";

/** Whether a cell is empty. */
export function isMissing(cell: unknown): cell is null | undefined {
  return cell === null || cell === undefined;
}

/** Returns the kind of a cell that is not missing, `undefined` if no table can hold it. */
export function kindOfCell(cell: unknown): CellKind | undefined {
  switch (typeof cell) {
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "string":
      return "text";
    case "bigint":
      return "integer";
    default:
      return cell instanceof Date && !Number.isNaN(cell.getTime()) ? "time" : undefined;
  }
}

/**
 * Checks that every cell can be held by a table.
 *
 * @param format Named in the message.
 * @throws {UsageError} At the first cell that cannot.
 */
export function checkCells(column: Column, table: LongTable, format: string): void {
  const row = column.values.findIndex((cell) => !isMissing(cell) && kindOfCell(cell) === undefined);
  if (row < 0) return;
  const what = describe(column.values[row]);
  throw unfit(column, table, { format, row, what, hint: HOLDS_ANYTHING });
}

/**
 * Returns the kind of all cells of a column; a column without any is one of numbers.
 *
 * @param format Named in the message.
 * @throws {UsageError} At the first cell that cannot be held, or is of another kind than those before it.
 */
export function kindOfColumn(column: Column, table: LongTable, format: string): CellKind {
  checkCells(column, table, format);
  let kind: CellKind | undefined;
  for (const [row, cell] of column.values.entries()) {
    if (isMissing(cell)) continue;
    const found = kindOfCell(cell);
    kind ??= found;
    if (found !== kind && kind !== undefined) {
      const what = `${describe(cell)}, those before it are ${PLURALS[kind]}`;
      const hint = "--format csv, tsv, ndjson and json can hold both";
      throw unfit(column, table, { format, row, what, hint });
    }
    if (typeof cell === "bigint" && BigInt.asIntN(64, cell) !== cell) {
      const what = `${cell}, which does not fit in 64 bits`;
      throw unfit(column, table, { format, row, what, hint: "--format csv can hold it" });
    }
  }
  return kind ?? "number";
}

/**
 * Returns all columns with their kinds.
 *
 * @param format Named in the message.
 * @throws {UsageError} At the first cell that cannot be held, or is of another kind than those before it.
 */
export function typedColumns(table: LongTable, format: string): TypedColumn[] {
  return table.columns.map((column) => {
    const { name, role, values } = column;
    if (role === "index") return { name, kind: role, values };
    const kind = kindOfColumn(column, table, format);
    return { name, kind, values: values.map((cell) => cell ?? null) };
  });
}

/**
 * Refuses missing cells.
 *
 * @throws {UsageError} At the first one.
 */
export function checkNoneMissing(column: Column, table: LongTable, format: string): void {
  const row = column.values.findIndex(isMissing);
  if (row < 0) return;
  const hint = "--format arrow, parquet and csv can hold that";
  throw unfit(column, table, { format, row, what: "missing", hint });
}

/** The error for a cell that a format cannot hold. */
function unfit(
  { name, role }: Column,
  table: LongTable,
  { format, row, what, hint }: { format: string; row: number; what: string; hint: string },
): UsageError {
  const place = role === "variable"
    ? `${name}${table.placeOf(row)}`
    : `"${name}" in row ${row + 1}`;
  return new UsageError(`Cannot write "${name}" as ${format}: ${place} is ${what}`, { hint });
}

function describe(cell: unknown): string {
  const kind = kindOfCell(cell);
  if (kind !== undefined) {
    return {
      number: "a number",
      boolean: "a boolean",
      text: "a text",
      integer: "a BigInt",
      time: "a date",
    }[kind];
  }
  if (Array.isArray(cell)) return "an array";
  if (isError(cell)) return "an error value";
  const name = Object.prototype.toString.call(cell).slice(8, -1);
  if (name === "Date") return "an invalid date";
  return name === "Object" ? "an object" : `a ${name}`;
}
