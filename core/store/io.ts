/**
 * File operations whose failures are `StoreError`s with the path and the system's words. Knows nothing of blobs,
 * results or keys.
 *
 * @module
 */

import { messageOf, StoreError } from "../base/error.ts";

/**
 * Runs a file operation and turns what it throws into a `StoreError`.
 *
 * @param action What is attempted, imperative, for example `write`.
 * @param path The file it is about.
 * @throws {StoreError} If `body` throws anything but a `StoreError`.
 */
export function guarded<T>(action: string, path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw storeError(action, path, error);
  }
}

/** Returns the error of a failed file operation: `Cannot write ".pipecache/tmp/x": No space left on device (os error 28)`. */
export function storeError(action: string, path: string, cause: unknown): StoreError {
  const message = messageOf(cause);
  // Deno appends ": writefile '/long/path'" to the system's words; the path is already named.
  const words = /^(.*?\(os error \d+\))/s.exec(message)?.[1] ?? message;
  return new StoreError(`Cannot ${action} "${path}": ${words}`, { cause, ...hintOf(cause) });
}

/** Returns the errno name of a thrown system error, for example `ENOSPC`. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

function hintOf(cause: unknown): { hint?: string } {
  switch (errnoOf(cause)) {
    case "ENOSPC":
    case "EDQUOT":
      return { hint: "Free some space, for example with `flow cache gc`" };
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return { hint: "Make the directory writable for this user" };
    default:
      return {};
  }
}

/** Removes a file or directory tree; that it is already gone is fine. */
export function removeIfExists(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    // Below something that is no directory there is nothing either.
    if (error instanceof Deno.errors.NotADirectory) return;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Returns `lstat` of a path, or `undefined` if there is nothing. Other failures are thrown. */
export function lstatIfExists(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

/** Returns a name part nobody else uses: process id, random, counter. */
export function uniqueName(): string {
  return `${PROCESS_PART}${(counter++).toString(36)}`;
}

const PROCESS_PART = `${Deno.pid}-${crypto.randomUUID().slice(0, 8)}-`;
let counter = 0;

/** Reads at most so many bytes from an offset, as text; what is cut in two becomes a replacement character. */
export function readTextAt(file: Deno.FsFile, offset: number, maxBytes: number): string {
  file.seekSync(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  while (length < bytes.length) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}
