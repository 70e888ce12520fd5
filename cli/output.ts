/**
 * Writing to the standard streams, all bytes and in order. Does not know what the text means.
 *
 * @module
 */

import { ExecutorError, messageOf } from "../core/base/error.ts";

const encoder = new TextEncoder();

/** A standard stream of the process. */
interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes text or bytes to standard output: data, and nothing else.
 *
 * @throws {Deno.errors.BrokenPipe} If the reader went away (`flow ls | head -1`).
 * @throws {ExecutorError} If it cannot be written, for example to a full disk.
 */
export function writeStdout(data: string | Uint8Array): void {
  try {
    writeAll(Deno.stdout, data);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw error;
    throw new ExecutorError(`Cannot write to standard output: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Writes text for people to standard error. A reader that went away is no reason to stop. */
export function writeStderr(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Writes everything, also to a pipe that somebody else made non-blocking. */
function writeAll(sink: Sink, data: string | Uint8Array): void {
  let bytes = typeof data === "string" ? encoder.encode(data) : data;
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(sink.writeSync(bytes));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
