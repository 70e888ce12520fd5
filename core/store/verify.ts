/**
 * Reads every blob and every call of map nodes, and checks results against the blobs. Does not repair: it says what does not
 * count any more.
 *
 * @module
 */

import { type Digest, digestOf } from "../base/digest.ts";
import type { OutputResult } from "../action.ts";
import { type Blobs, DamagedBlobError } from "./blobs.ts";
import { countElements, type ElementFile, hasElement } from "./element_files.ts";
import { hasNeeded } from "./needed.ts";
import type { ListedResult } from "./result_index.ts";

/** What a check of the whole store found. */
export interface VerifyReport {
  readonly blobCount: number;
  readonly blobBytes: number;
  readonly resultCount: number;
  /** Calls of map nodes that count. */
  readonly callCount: number;
  /** Blobs that were damaged; they are in `quarantine/` now. */
  readonly damagedBlobs: readonly Digest[];
  /** Results with outputs that are missing or damaged. */
  readonly damagedResults: readonly {
    readonly workflow: string;
    readonly node: string;
    readonly output: string;
  }[];
  /** Files with calls that do not count any more. */
  readonly damagedElements: readonly DamagedElements[];
  /** Keys of these results. */
  readonly damagedKeys: readonly Digest[];
}

/** A file of calls with lines that are damaged, or calls that lost a blob. */
export interface DamagedElements {
  readonly file: ElementFile;
  /** Damaged lines. */
  readonly damaged: number;
  /** Calls of which a blob is missing or damaged. */
  readonly lost: number;
}

/**
 * Checks a store.
 *
 * @param blobs Every one is read and hashed.
 * @param results All results.
 * @param elements All files of calls.
 */
export function verifyStore(
  blobs: Blobs,
  results: Iterable<ListedResult>,
  elements: readonly ElementFile[],
): VerifyReport {
  const damagedBlobs: Digest[] = [];
  let [blobCount, blobBytes] = [0, 0];
  for (const digest of blobs.list()) {
    blobCount++;
    try {
      blobBytes += blobs.verify(digest);
    } catch (error) {
      if (!(error instanceof DamagedBlobError)) throw error;
      damagedBlobs.push(digest);
    }
  }
  const damagedResults: { workflow: string; node: string; output: string }[] = [];
  const damagedKeys: Digest[] = [];
  let resultCount = 0;
  for (const { key, workflow, node, result } of results) {
    resultCount++;
    const lost = result.outputs.filter((output) => !isWhole(blobs, output));
    for (const { name: output } of lost) damagedResults.push({ workflow, node, output });
    if (lost.length > 0) damagedKeys.push(key);
  }
  return {
    blobCount,
    blobBytes,
    resultCount,
    ...verifyElements(blobs, elements),
    damagedBlobs,
    damagedResults,
    damagedKeys,
  };
}

/** Reads all calls. Blobs were read before, so presence is enough. */
function verifyElements(
  blobs: Blobs,
  files: readonly ElementFile[],
): Pick<VerifyReport, "callCount" | "damagedElements"> {
  let callCount = 0;
  const damagedElements: DamagedElements[] = [];
  for (const file of files) {
    const { calls, lost, damaged } = countElements(file, (blob) => hasElement(blobs, blob));
    callCount += calls;
    if (lost + damaged > 0) damagedElements.push({ file, damaged, lost });
  }
  return { callCount, damagedElements };
}

/** Tells whether all bytes of an output are there. Blobs were read before, so presence is enough. */
function isWhole(blobs: Blobs, output: OutputResult): boolean {
  if (output.text !== undefined) return digestOf(output.text) === output.digest;
  return hasNeeded(blobs, output);
}
