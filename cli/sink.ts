/**
 * Where a result goes: standard output, or a file or directory that is made whole or not at all. Does not know what is
 * written.
 *
 * @module
 */

import { ExecutorError, messageOf, UsageError } from "../core/base/error.ts";
import { writeStdout } from "./output.ts";

/** Takes text and bytes. */
export type Write = (data: string | Uint8Array) => void;

/** A file of a directory. */
export interface NamedBytes {
  /** Relative to the directory, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Lets a function write to a file, which then replaces what was there, or to standard output.
 *
 * @param path The file; absent means standard output.
 * @param fill Writes everything.
 * @throws {ExecutorError} If it cannot be written; then what was there is still there.
 */
export function writeTo(path: string | undefined, fill: (write: Write) => void): void {
  if (path === undefined) return fill(writeStdout);
  const there = statOf(path);
  // A pipe or a device is written to: a file in its place would break whatever else uses it.
  if (there !== undefined && !there.isFile) return fillFile(path, { write: true }, fill);
  const target = there === undefined ? path : guarded(path, () => Deno.realPathSync(path));
  replaced(target, (aside) => fillFile(aside, { write: true, createNew: true }, fill));
}

function fillFile(path: string, options: Deno.OpenOptions, fill: (write: Write) => void): void {
  using file = guarded(path, () => Deno.openSync(path, options));
  const encoder = new TextEncoder();
  fill((data) => {
    let bytes = typeof data === "string" ? encoder.encode(data) : data;
    while (bytes.length > 0) bytes = bytes.subarray(guarded(path, () => file.writeSync(bytes)));
  });
}

/**
 * Makes a directory of files. A directory that is there is replaced if it holds the same kind of thing.
 *
 * @param path The directory.
 * @param mark File that only such a directory has.
 * @throws {UsageError} If something else is there.
 * @throws {ExecutorError} If it cannot be written.
 */
export function writeDirectory(path: string, mark: string, files: readonly NamedBytes[]): void {
  const isThere = statOf(path) !== undefined;
  if (isThere && statOf(`${path}/${mark}`) === undefined) {
    throw new UsageError(`Cannot write "${path}": something else is there`, {
      hint: "remove it, or name another place",
    });
  }
  replaced(path, (aside) => {
    for (const { path: name, bytes } of files) {
      const at = `${aside}/${name}`;
      guarded(path, () => {
        Deno.mkdirSync(at.slice(0, at.lastIndexOf("/")), { recursive: true });
        Deno.writeFileSync(at, bytes);
      });
    }
    if (isThere) guarded(path, () => Deno.removeSync(path, { recursive: true }));
  });
}

/** Makes something beside its place and moves it there; leaves nothing behind if that fails. */
function replaced(path: string, make: (aside: string) => void): void {
  const aside = `${path.replace(/\/+$/, "")}.${Deno.pid}.tmp`;
  try {
    make(aside);
    guarded(path, () => Deno.renameSync(aside, path));
  } catch (error) {
    if (statOf(aside) !== undefined) Deno.removeSync(aside, { recursive: true });
    throw error;
  }
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isNone) return undefined;
    throw new ExecutorError(`Cannot write "${path}": ${messageOf(error)}`, { cause: error });
  }
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new ExecutorError(`Cannot write "${path}": ${messageOf(error)}`, { cause: error });
  }
}
