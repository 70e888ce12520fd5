/**
 * The end of a log file. Does not know who wrote it.
 *
 * @module
 */

import { guarded, lstatIfExists, readTextAt } from "./io.ts";

/** The last lines of a log. */
export interface LogTail {
  readonly path: string;
  readonly sizeBytes: number;
  readonly lines: readonly string[];
  /** There is more before them. */
  readonly isCut: boolean;
}

/** How much of the end is looked at, in bytes. */
const TAIL_BYTES = 1 << 16;
const MAX_LINES = 40;
/** Longer lines lose their beginning. */
const MAX_CHARS = 1000;

/**
 * Returns the last lines of a file.
 *
 * @param redact Is given the text before it is cut, so that it never sees half of what it looks for.
 * @returns `undefined` if there is no file, or it is empty.
 * @throws {StoreError} If it cannot be read.
 */
export function tailOf(path: string, redact: (text: string) => string): LogTail | undefined {
  const info = lstatIfExists(path);
  if (info === undefined || !info.isFile || info.size === 0) return undefined;
  const text = guarded("read", path, () => endOf(path, info.size));
  const isWhole = info.size <= TAIL_BYTES;
  // The first line may be torn, and in it what must not be shown.
  const start = isWhole ? 0 : text.indexOf("\n") + 1;
  const all = redact(text.slice(start)).replace(/\r?\n$/, "").split(/\r?\n/);
  const lines = all.slice(-MAX_LINES).map((line) =>
    line.length > MAX_CHARS ? `…${line.slice(-MAX_CHARS)}` : line
  );
  return { path, sizeBytes: info.size, lines, isCut: !isWhole || all.length > lines.length };
}

function endOf(path: string, sizeBytes: number): string {
  using file = Deno.openSync(path, { read: true });
  return readTextAt(file, Math.max(0, sizeBytes - TAIL_BYTES), TAIL_BYTES);
}
