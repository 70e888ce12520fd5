/**
 * Which blobs an output needs: a directory those of its files, an array of files those of each. Does not know results, nor
 * who asks.
 *
 * @module
 */

import type { OutputResult } from "../action.ts";
import type { Digest } from "../base/digest.ts";
import { StoreError } from "../base/error.ts";
import { filesIn } from "../file_array.ts";
import type { Blobs } from "./blobs.ts";

/** What is stored. */
type Stored = Pick<OutputResult, "kind" | "digest">;

/** Yields the blobs of an output as far as they are known: without its list, what was in it is lost anyway. */
export function* neededBlobs(blobs: Blobs, stored: Stored): Generator<Digest> {
  yield stored.digest;
  for (const inner of listed(blobs, stored) ?? []) yield* neededBlobs(blobs, inner);
}

/** Tells whether all blobs of an output are there. Of their content only lists are looked at. */
export function hasNeeded(blobs: Blobs, stored: Stored): boolean {
  if (!blobs.has(stored.digest)) return false;
  const inner = listed(blobs, stored);
  return inner !== undefined && inner.every((one) => hasNeeded(blobs, one));
}

/** What an output lists; `undefined` if the list cannot be read. */
function listed(blobs: Blobs, { kind, digest }: Stored): readonly Stored[] | undefined {
  if (kind === "value" || kind === "file") return [];
  try {
    if (kind === "files") return [...filesIn(blobs.read(digest))];
    return blobs.readTree(digest).flatMap(({ digest }) =>
      digest === null ? [] : [{ kind: "file", digest }]
    );
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
