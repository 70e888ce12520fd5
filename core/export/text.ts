/**
 * Long tables as text: CSV, TSV and JSON. Does not know where the text goes.
 *
 * @module
 */

import { valueJson } from "../base/value_json.ts";
import { checkCells } from "./cells.ts";
import type { Column, LongTable } from "./labelled.ts";

/** Rows of which one piece of text is made. */
const PIECE_ROWS = 4096;

/**
 * Yields a table as RFC 4180 has it, with `\n` at the end of each line. A missing cell is empty, an empty text is `""`.
 *
 * @param separator `,` or a tab; cells that hold it are quoted.
 * @param format Named in messages.
 * @throws {UsageError} If a cell is no number, text, boolean, BigInt or date.
 */
export function* delimitedText(
  table: LongTable,
  separator: string,
  format: string,
): Generator<string> {
  for (const column of table.columns) checkCells(column, table, format);
  const needsQuotes = new RegExp(`^$|["\\r\\n${separator}]`);
  const quoted = (text: string) =>
    needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const head = table.columns.map(({ name }) => quoted(name)).join(separator);
  yield `${head}\n`;
  yield* pieces(table, (row) => {
    const cells = table.columns.map(({ values }) => cellText(values[row], quoted));
    return `${cells.join(separator)}\n`;
  });
}

/** Returns a cell as text for people, `""` if it is missing. */
export function cellText(cell: unknown, quoted: (text: string) => string = (text) => text): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "string") return quoted(cell);
  if (cell instanceof Date) return cell.toISOString();
  return Object.is(cell, -0) ? "-0" : String(cell);
}

/** Yields one JSON object per row and line. */
export function* jsonLines(table: LongTable): Generator<string> {
  yield* pieces(table, (row) => `${rowJson(table.columns, row)}\n`);
}

/** Yields a JSON array with one object per row and line. */
export function* jsonArray(table: LongTable): Generator<string> {
  if (table.rowCount === 0) return yield "[]\n";
  yield "[\n";
  yield* pieces(
    table,
    (row) => `${rowJson(table.columns, row)}${row + 1 < table.rowCount ? "," : ""}\n`,
  );
  yield "]\n";
}

function rowJson(columns: readonly Column[], row: number): string {
  const members = columns.map(({ name, values }) =>
    `${JSON.stringify(name)}:${valueJson(values[row] ?? null)}`
  );
  return `{${members.join(",")}}`;
}

function* pieces({ rowCount }: LongTable, lineOf: (row: number) => string): Generator<string> {
  for (let first = 0; first < rowCount; first += PIECE_ROWS) {
    const count = Math.min(PIECE_ROWS, rowCount - first);
    yield Array.from({ length: count }, (_, i) => lineOf(first + i)).join("");
  }
}
