/**
 * Rows of swept values and a result as text: lines of JSON, CSV, or a table for people. Does not know where results come
 * from.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";
import type { Member, StoredOutput } from "../core/mod.ts";
import { valueJson } from "../core/base/value_json.ts";

/** A row: texts of JSON by column; what a combination does not have is absent. */
export type Row = ReadonlyMap<string, string>;

/**
 * Refuses two columns of one name.
 *
 * @param names Swept names.
 * @param name The output as asked for.
 * @throws {UsageError} If a swept name is called so too.
 */
export function checkColumns(names: readonly string[], name: string): void {
  if (!names.includes(name)) return;
  throw new UsageError(`Cannot name two columns "${name}": a swept name is called so too`, {
    hint: `name the output with its node: NODE.${name}`,
  });
}

/**
 * Returns the row of one combination.
 *
 * @param name The output as asked for; the last column.
 */
export function rowOf(member: Member, name: string, output: StoredOutput): Row {
  const cells = Object.entries(member.values).map(([key, value]) =>
    [key, JSON.stringify(value)] as const
  );
  // A file is known by its path.
  const value = output.kind === "value" ? valueJson(output.value) : JSON.stringify(output.path);
  return new Map([...cells, [name, value]]);
}

/** A row as one line of JSON. */
export function rowJson(row: Row): string {
  return `{${[...row].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

/** Cells in the order of columns: texts as they are, everything else as JSON. */
export function cellsOf(row: Row, columns: readonly string[]): string[] {
  return columns.map((column) => {
    const json = row.get(column);
    if (json === undefined) return "";
    const value: unknown = json.startsWith('"') ? JSON.parse(json) : json;
    return String(value);
  });
}

/** A line of CSV as RFC 4180 has it, but for the line end. */
export function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
    .join(",");
}
