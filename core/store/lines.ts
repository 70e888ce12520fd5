/**
 * The complete lines of a file, read in blocks. Does not know what they say.
 *
 * @module
 */

import { guarded } from "./io.ts";

/** Size of the blocks, in bytes. */
const BLOCK_BYTES = 1 << 20;

/** A line with its place. */
export interface Line {
  /** Without its newline; valid until the next one is asked for. */
  readonly bytes: Uint8Array;
  /** Byte offset of the line. */
  readonly offset: number;
}

/**
 * Yields the complete lines of a file and returns the offset behind the last one.
 *
 * @param path The file.
 * @param from Offset of a line.
 * @throws {StoreError} If it cannot be read, also if there is none.
 */
export function* linesOf(path: string, from = 0): Generator<Line, number> {
  using file = guarded("read", path, () => Deno.openSync(path, { read: true }));
  file.seekSync(from, Deno.SeekMode.Start);
  let offset = from;
  let rest: Uint8Array = new Uint8Array(0);
  for (;;) {
    const block = new Uint8Array(rest.length + BLOCK_BYTES);
    block.set(rest);
    const count = guarded("read", path, () => file.readSync(block.subarray(rest.length)));
    if (count === null) return offset;
    const bytes = block.subarray(0, rest.length + count);
    let start = 0;
    // What was left over has no line end.
    for (let end = bytes.indexOf(10, rest.length); end >= 0; end = bytes.indexOf(10, start)) {
      yield { bytes: bytes.subarray(start, end), offset };
      offset += end + 1 - start;
      start = end + 1;
    }
    rest = bytes.slice(start);
  }
}
