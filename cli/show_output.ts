/**
 * Prints a stored output to standard output. Does not run anything.
 *
 * @module
 */

import type { Engine } from "../core/mod.ts";
import { UsageError } from "../core/base/error.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { parseSlice, sliceValue } from "../core/base/slice.ts";

/** How an output is printed; `auto` is raw for text, bytes and files, else JSON. `csv` is for tables of a sweep. */
export type ShowFormat = typeof SHOW_FORMATS[number];

/** All formats, in the order help lists them. */
export const SHOW_FORMATS = ["auto", "raw", "json", "ndjson", "csv", "path"] as const;

/** Size of the pieces in which files are copied, in bytes. */
const CHUNK_BYTES = 1 << 18;

/**
 * Prints one output.
 *
 * @param engine Of the workflow.
 * @param reference An output with an optional selection, for example `z[:,3]`.
 * @param format How it is written.
 */
export async function showOutput(
  engine: Engine,
  reference: string,
  format: ShowFormat,
): Promise<void> {
  const { name, subscripts } = parseSlice(reference);
  if (format === "csv") throw misfit(name, format, "no table; --sweep makes one");
  const output = engine.output(name);
  if (output.isStale) {
    writeStderr(`warning: "${name}" may be from an earlier state of the workflow\n`);
  }
  if (output.kind === "value") {
    if (format === "path") throw misfit(name, format, "a value");
    await showValue(sliceValue(output.value, subscripts, name), format, name);
    return;
  }
  if (subscripts.length > 0) throw misfit(name, "a selection", `a ${output.kind}`);
  if (format === "path" || output.kind === "dir") {
    if (format !== "path" && format !== "auto") throw misfit(name, format, "a directory");
    writeStdout(`${output.path}\n`);
  } else if (format === "auto" || format === "raw") {
    copyFile(output.path);
  } else {
    throw misfit(name, format, "a file");
  }
}

/** Prints a value that is in memory. */
async function showValue(value: unknown, format: ShowFormat, name: string): Promise<void> {
  // Not needed at start-up, nor for files.
  const { valueJson } = await import("../core/base/value_json.ts");
  const isRaw = typeof value === "string" || value instanceof Uint8Array;
  if (format === "raw" && !isRaw) throw misfit(name, format, "neither text nor bytes");
  if (format === "ndjson") {
    if (!Array.isArray(value)) throw misfit(name, format, "no array");
    for (const item of value) writeStdout(`${valueJson(item)}\n`);
  } else if (isRaw && format !== "json") {
    writeStdout(value);
    // A prompt glued to the text is no use to people; a pipe gets the bytes and nothing else.
    if (typeof value === "string" && !value.endsWith("\n") && Deno.stdout.isTerminal()) {
      writeStdout("\n");
    }
  } else {
    writeStdout(`${valueJson(value)}\n`);
  }
}

/** Copies a file to standard output, without holding it in memory. */
function copyFile(path: string): void {
  using file = Deno.openSync(path, { read: true });
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const count = file.readSync(chunk);
    if (count === null) return;
    writeStdout(chunk.subarray(0, count));
  }
}

function misfit(name: string, format: string, what: string): UsageError {
  return new UsageError(`Cannot show "${name}" as ${format}: it is ${what}`);
}
