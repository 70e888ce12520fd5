/**
 * How the outputs of two executions of one action differ, in words. Reads their bytes; does not know why they were made
 * twice.
 *
 * @module
 */

import type { DeliveredOutput, OutputResult } from "../action.ts";
import type { Digest } from "../base/digest.ts";
import { firstDifference } from "../base/difference.ts";
import { decodeValue } from "../base/value.ts";
import type { Blobs } from "../store/blobs.ts";

/** An output that differs. */
export interface OutputDifference {
  readonly output: string;
  /** Where it differs first, for example `byte offset 17 (line 2)`. */
  readonly text: string;
}

/**
 * Compares outputs by digest, and looks for the place of a difference.
 *
 * @param first Outputs of one execution.
 * @param second Those of the other; outputs that it lacks are different.
 * @param blobsOf Returns where the bytes of an output are, by its name.
 * @throws {StoreError} If stored bytes cannot be read.
 */
export function compareOutputs(
  first: readonly DeliveredOutput[],
  second: readonly DeliveredOutput[],
  blobsOf: (output: string) => Blobs,
): OutputDifference[] {
  const differences: OutputDifference[] = [];
  for (const before of first) {
    const after = second.find(({ name }) => name === before.name);
    const text = after === undefined
      ? "it is missing"
      : differenceOf(before, after, blobsOf(before.name));
    if (text !== undefined) differences.push({ output: before.name, text });
  }
  return differences;
}

function differenceOf(
  before: DeliveredOutput,
  after: DeliveredOutput,
  blobs: Blobs,
): string | undefined {
  // The function said what counts.
  if (before.hash !== undefined && before.hash === after.hash) return undefined;
  if (before.digest === after.digest) {
    if (before.executable === after.executable) return undefined;
    return before.executable === true
      ? "it was executable only the first time"
      : "it was executable only the second time";
  }
  switch (before.kind) {
    case "value":
      return valueDifference(before, after, blobs);
    case "file":
      return fileDifference(before.digest, after.digest, blobs);
    case "dir":
      return treeDifference(before.digest, after.digest, blobs);
    case "files":
      // Only whole map nodes have them, and their calls are compared one by one.
      return "its files";
    default:
      return before.kind satisfies never;
  }
}

function valueDifference(before: OutputResult, after: OutputResult, blobs: Blobs): string {
  const [a, b] = [before, after].map(({ text, digest }) => decodeValue(text ?? blobs.read(digest)));
  const found = firstDifference(a, b);
  if (found === undefined) return "its stored bytes";
  return `${found.path}: ${found.before}, then ${found.after}`;
}

function fileDifference(before: Digest, after: Digest, blobs: Blobs): string {
  const found = firstDifferentByte(blobs.pathOf(before), blobs.pathOf(after));
  const place = `byte offset ${found.offset} (line ${found.line})`;
  return found.ends === undefined ? place : `${place}, where the ${found.ends} one ends`;
}

function treeDifference(before: Digest, after: Digest, blobs: Blobs): string {
  const [a, b] = [before, after].map((digest) =>
    new Map(blobs.readTree(digest).map((entry) => [entry.path, entry]))
  );
  for (const path of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    const [old, now] = [a.get(path), b.get(path)];
    if (old === undefined) return `"${path}" was made only by the second`;
    if (now === undefined) return `"${path}" was made only by the first`;
    if (old.digest !== now.digest && old.digest !== null && now.digest !== null) {
      return `"${path}", ${fileDifference(old.digest, now.digest, blobs)}`;
    }
    if (old.executable !== now.executable) return `"${path}" is executable only once`;
  }
  return "its list of files";
}

/** Where two files part. */
interface Parting {
  /** Zero-based. */
  readonly offset: number;
  /** One-based. */
  readonly line: number;
  /** The file that is the beginning of the other. */
  readonly ends?: "first" | "second";
}

const BLOCK_BYTES = 1 << 16;
const NEWLINE = 10;

/** Compares two files block by block; they differ. */
function firstDifferentByte(first: string, second: string): Parting {
  using a = Deno.openSync(first, { read: true });
  using b = Deno.openSync(second, { read: true });
  const [x, y] = [new Uint8Array(BLOCK_BYTES), new Uint8Array(BLOCK_BYTES)];
  let offset = 0;
  let line = 1;
  for (;;) {
    const [n, m] = [fill(a, x), fill(b, y)];
    const shared = Math.min(n, m);
    for (let i = 0; i < shared; i++) {
      if (x[i] !== y[i]) return { offset: offset + i, line };
      if (x[i] === NEWLINE) line++;
    }
    offset += shared;
    if (n !== m || n === 0) return { offset, line, ends: n < m ? "first" : "second" };
  }
}

/** Reads until the block is full or the file ends; returns how many bytes that were. */
function fill(file: Deno.FsFile, block: Uint8Array): number {
  let length = 0;
  while (length < block.length) {
    const count = file.readSync(block.subarray(length));
    if (count === null) break;
    length += count;
  }
  return length;
}
