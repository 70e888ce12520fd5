/**
 * Records of one kind on standard output: as a table for people, as TSV or lines of JSON for programs. Does not know
 * what they say.
 *
 * @module
 */

import { writeStdout } from "./output.ts";

/** How records are printed. */
export type RecordFormat = "table" | "tsv" | "json";

/** All formats, in the order help lists them. */
export const RECORD_FORMATS = ["table", "tsv", "json"] as const;

/** One fact of each record. */
export interface Column<T> {
  /** Its name in TSV and JSON. */
  readonly name: string;
  /** Heading of the table, if it is not the name. */
  readonly heading?: string;
  readonly align?: "right";
  /** The fact for programs: full precision, milliseconds, bytes; `undefined` where there is none. */
  value(record: T): string | number | readonly string[] | undefined;
  /** The fact for people, if it is not the value. */
  text?(record: T): string;
}

/**
 * Prints records; in a table or TSV under a line of headings.
 *
 * @param records In the order they are printed.
 * @param columns Their facts.
 */
export async function printRecords<T>(
  records: readonly T[],
  columns: readonly Column<T>[],
  format: RecordFormat,
): Promise<void> {
  if (format === "json") {
    writeStdout(records.map((record) => `${JSON.stringify(objectOf(record, columns))}\n`).join(""));
  } else if (format === "tsv") {
    const lines = records.map((record) =>
      columns.map(({ value }) => tsvCell(value(record))).join("\t")
    );
    const head = columns.map(({ name }) => name).join("\t");
    writeStdout([head, ...lines].map((line) => `${line}\n`).join(""));
  } else {
    const { formatTable } = await import("../core/mod.ts");
    const rows = records.map((record) =>
      columns.map(({ value, text }) => text?.(record) ?? tsvCell(value(record)))
    );
    const headings = columns.map(({ heading, name }) => heading ?? name);
    const align = columns.map(({ align }) => align ?? "left");
    writeStdout(`${formatTable(rows, { columns: headings, align })}\n`);
  }
}

/** Facts that a record has, by name. */
function objectOf<T>(record: T, columns: readonly Column<T>[]): Record<string, unknown> {
  const facts = columns.map(({ name, value }) => [name, value(record)] as const);
  return Object.fromEntries(facts.filter(([, value]) => value !== undefined));
}

/** A cell of TSV has neither tabs nor line breaks. */
function tsvCell(value: ReturnType<Column<unknown>["value"]>): string {
  if (value === undefined) return "";
  return (typeof value === "object" ? value.join("; ") : String(value)).replace(/[\t\r\n]+/g, " ");
}
