/**
 * What keys were made of, as it was kept, and how two of them differ. Reads the store; does not know graphs or what is
 * current.
 *
 * @module
 */

import { type Digest, isDigest } from "./base/digest.ts";
import type { Store } from "./store/store.ts";
import { explainDifference, type Recorded, type RecordedNotes } from "./why.ts";

/** Returns what a key with a stored result was made of, if it is still known. */
export function recordedOf(store: Store, key: Digest): Recorded | undefined {
  const material = store.material(key);
  if (material === undefined) return undefined;
  return { materialText: material.text, notes: (material.notes ?? {}) as RecordedNotes };
}

/** Says in words how two materials differ, most telling first. */
export function differenceOf(store: Store, before: Recorded, after: Recorded): string[] {
  return explainDifference(before, after, (blob) => partsOf(store, blob));
}

/** Parts of the code digest of a function. */
function partsOf({ blobs }: Store, blob: Digest): Record<string, string> | undefined {
  if (!isDigest(blob) || !blobs.has(blob)) return undefined;
  return JSON.parse(new TextDecoder().decode(blobs.read(blob)));
}
