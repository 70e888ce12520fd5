/**
 * Prints a stored output, or writes it to a file. Does not run anything, nor know tables.
 *
 * @module
 */

import type { Engine, StoredOutput } from "../core/mod.ts";
import { UsageError } from "../core/base/error.ts";
import { pathIn } from "../core/base/path.ts";
import { parseSlice, sliceValue } from "../core/base/slice.ts";
import { sanitize } from "../core/base/source.ts";
import { writeStderr } from "./output.ts";
import { type Write, writeTo } from "./sink.ts";

/** How an output is printed; `auto` is raw for text, bytes and files, else JSON. `csv` is for tables of a sweep. */
export type ShowFormat = typeof SHOW_FORMATS[number];

/** All formats, in the order help lists them. */
export const SHOW_FORMATS = ["auto", "raw", "json", "ndjson", "csv", "path"] as const;

/** What is shown of an output and where. */
export interface ShowOptions {
  readonly format: ShowFormat;
  /** Of a map node that is not over: what its calls have delivered. */
  readonly partial?: boolean;
  /** A file in place of standard output. */
  readonly path?: string;
}

/** Error values that are told in words. */
const MAX_ERRORS = 10;

/** Size of the pieces in which files are copied, in bytes. */
const CHUNK_BYTES = 1 << 18;

/**
 * Prints one output.
 *
 * @param engine Of the workflow.
 * @param reference An output with an optional selection, for example `z[:, 3]`.
 * @param options See {@linkcode ShowOptions}.
 * @throws {UsageError} If nothing is stored, the selection does not exist, or the format does not fit.
 */
export async function showOutput(
  engine: Engine,
  reference: string,
  options: ShowOptions,
): Promise<void> {
  const { name, subscripts } = parseSlice(reference);
  const { format, partial = false, path } = options;
  if (format === "csv") throw misfit(name, format, "no table; --sweep makes one");
  const output = engine.output(name, { partial });
  warnAbout(name, output);
  if (output.kind === "value") {
    const value = sliceValue(output.value, subscripts, name);
    const isFile = typeof value === "string" && (format === "auto" || format === "raw");
    if (output.filesBelow !== undefined && (format === "path" || isFile)) {
      return showFiles(reference, value, output.filesBelow, options);
    }
    if (format === "path") throw misfit(name, format, "a value");
    // Not needed at start-up, nor for files.
    const { valueJson } = await import("../core/base/value_json.ts");
    if (format === "auto") await tellErrors(value, name);
    const isTerminal = path === undefined && Deno.stdout.isTerminal();
    writeTo(path, (write) => writeValue(value, { format, name, valueJson, write, isTerminal }));
    return;
  }
  if (subscripts.length > 0) throw misfit(name, "a selection", `a ${output.kind}`);
  showFile(name, output, options);
}

/** Prints a file, or the path of a directory. */
function showFile(
  name: string,
  file: { readonly kind: "file" | "dir"; readonly path: string },
  { format, path }: ShowOptions,
): void {
  if (format === "path" || file.kind === "dir") {
    if (format !== "path" && format !== "auto") throw misfit(name, format, "a directory");
    writeTo(path, (write) => write(`${file.path}\n`));
  } else if (format === "auto" || format === "raw") {
    writeTo(path, (write) => copyFile(file.path, write));
  } else {
    throw misfit(name, format, "a file");
  }
}

/**
 * Prints one file of an array as a file is printed, of several the paths.
 *
 * @param value A path, or an array of them; what is none stands for a call that made none.
 */
function showFiles(name: string, value: unknown, dir: string, options: ShowOptions): void {
  if (typeof value !== "string") {
    const paths = [value].flat(Infinity).filter((item) => typeof item === "string");
    return writeTo(options.path, (write) => {
      for (const path of paths) write(`${pathIn(dir, path)}\n`);
    });
  }
  const path = pathIn(dir, value);
  const kind = Deno.statSync(path).isDirectory ? "dir" : "file";
  showFile(name, { kind, path }, options);
}

/** Says on standard error what an output is not. */
export function warnAbout(
  name: string,
  { isStale, partial }: Pick<StoredOutput & { kind: "value" }, "isStale" | "partial">,
): void {
  if (isStale) writeStderr(`warning: "${name}" may be from an earlier state of the workflow\n`);
  if (partial === undefined || partial.missing === 0) return;
  writeStderr(
    `warning: "${name}" is not complete: ${partial.missing} of ${partial.total} calls have not ` +
      "delivered, they are null\n",
  );
}

/** Writes a value that is in memory. */
function writeValue(value: unknown, to: {
  readonly format: ShowFormat;
  readonly name: string;
  readonly valueJson: (value: unknown) => string;
  readonly write: Write;
  readonly isTerminal: boolean;
}): void {
  const { format, name, valueJson, write, isTerminal } = to;
  const isRaw = typeof value === "string" || value instanceof Uint8Array;
  if (format === "raw" && !isRaw) throw misfit(name, format, "neither text nor bytes");
  if (format === "ndjson") {
    if (!Array.isArray(value)) throw misfit(name, format, "no array");
    for (const item of value) write(`${valueJson(item)}\n`);
  } else if (isRaw && format !== "json") {
    write(value);
    // A prompt glued to the text is no use to people; a pipe gets the bytes and nothing else.
    if (typeof value === "string" && !value.endsWith("\n") && isTerminal) write("\n");
  } else {
    write(`${valueJson(value)}\n`);
  }
}

/** Error values in words for people, beside the data. */
async function tellErrors(value: unknown, name: string): Promise<void> {
  const { errorsIn, callName, formatPlural } = await import("../core/mod.ts");
  const errors = errorsIn(value);
  if (errors.length === 0) return;
  const lines = errors.slice(0, MAX_ERRORS).map((error) =>
    `  ${callName(error)}: ${error.message.split("\n")[0]}\n`
  );
  const more = errors.length - lines.length;
  const isWhole = errors[0] === value;
  const what = isWhole
    ? "is an error value"
    : `holds ${formatPlural(errors.length, "error value")}`;
  writeStderr(sanitize(`warning: "${name}" ${what}:\n${lines.join("")}`));
  if (more > 0) writeStderr(`  and ${more} more\n`);
}

/** Copies a file without holding it in memory. */
function copyFile(path: string, write: Write): void {
  using file = Deno.openSync(path, { read: true });
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const count = file.readSync(chunk);
    if (count === null) return;
    write(chunk.subarray(0, count));
  }
}

function misfit(name: string, format: string, what: string): UsageError {
  return new UsageError(`Cannot show "${name}" as ${format}: it is ${what}`);
}
