/**
 * An array of files as data: what the calls of a map node made for one output, in one text. Does not know where files are
 * published, nor where their bytes are kept.
 *
 * The text is that of a nested array along the axes of the output, with an object for each file, an error value for a call
 * that failed, and `null` for one that took no part.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import { decodeValue, type ErrorFields } from "./base/value.ts";
import { asError } from "./error_value.ts";
import { shapeOf } from "./mapplan.ts";

/** A file or directory a call made. */
export interface MadeFile {
  readonly kind: "file" | "dir";
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Files only: the owner may execute it. */
  readonly executable?: boolean;
}

/** What stands at one position: `null` if its call took no part. */
export type ArrayFile = MadeFile | { readonly kind: "error"; readonly error: ErrorFields } | null;

/** An array of files. */
export interface FileArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly files: readonly ArrayFile[];
}

/** Returns the text that stands for a file in the array. */
export function fileText({ kind, digest, sizeBytes, executable }: MadeFile): string {
  return JSON.stringify({
    kind,
    digest,
    sizeBytes,
    ...(executable === true ? { executable } : {}),
  });
}

/**
 * Reads an array of files.
 *
 * @param encoded Its text.
 * @param rank How many axes it has.
 */
export function readFileArray(encoded: string | Uint8Array, rank: number): FileArray {
  let level: readonly unknown[] = [decodeValue(encoded)];
  const measured = shapeOf(level[0], rank, "files");
  // It was made by the calls of one map.
  if (!measured.ok) throw new RangeError(measured.message);
  for (let axis = 0; axis < rank; axis++) {
    level = (level as readonly (readonly unknown[])[]).flatMap((row) => [...row]);
  }
  // Without rows there are no lengths below.
  return { shape: measured.shape.map((length) => length ?? 0), files: level.map(fileOf) };
}

function fileOf(item: unknown): ArrayFile {
  const error = asError(item);
  return error === undefined ? item as MadeFile | null : { kind: "error", error };
}

/** Yields the files of an array, however many axes it has. */
export function filesIn(encoded: string | Uint8Array): Generator<MadeFile> {
  return filesOf(decodeValue(encoded));
}

function* filesOf(item: unknown): Generator<MadeFile> {
  if (Array.isArray(item)) { for (const inner of item) yield* filesOf(inner); }
  else if (item !== null && asError(item) === undefined) yield item as MadeFile;
}
