/**
 * Decides which files of calls a collection removes, and writes those again that hold much that does not count. Does not know
 * how results are collected.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";
import type { Blobs } from "./blobs.ts";
import type { Database } from "./database.ts";
import {
  blobsOfElements,
  countElements,
  type ElementFile,
  hasElement,
  listElements,
  mendElements,
  removeElements,
} from "./element_files.ts";
import type { ElementBlob } from "./elements.ts";
import type { ElementUses } from "./element_uses.ts";
import type { CollectOptions } from "./gc.ts";

/** What went. */
export interface SweptElements {
  readonly elementFiles: number;
  readonly elementBytes: number;
}

/** What the sweep works on; the temporary table `since` is filled if `keepRuns` is given. */
export interface SweepContext {
  readonly dir: string;
  readonly db: Database;
  readonly blobs: Blobs;
  readonly elements: ElementUses;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What was used after this stays, in milliseconds since the epoch. */
  readonly before: number;
  /** Whether a result that stays was made of the calls of a file. */
  isReferred(base: Digest): boolean;
  /** Takes a blob that is needed. */
  refer(digest: Digest): void;
}

/** A file is written again when less than this part of its calls counts. */
const MIN_SHARE = 0.75;

/** Whether a workflow used the file in one of its newest runs. */
const USED = "SELECT 1 AS n FROM elements e JOIN nodes n ON n.id = e.node WHERE e.base=? AND " +
  "e.at >= coalesce((SELECT s.at FROM temp.since s WHERE s.workflow = n.workflow), 0) LIMIT 1";

/** Removes, mends and counts; names the blobs that what stays needs. */
export function sweepElements(context: SweepContext, options: CollectOptions): SweptElements {
  const { dir, db, blobs, elements } = context;
  const hasBlob = (blob: ElementBlob) => hasElement(blobs, blob);
  const { kept, swept } = chooseSwept(context, options);
  for (const file of swept) removeElements(file);
  db.transaction(() => {
    for (const { base } of swept) elements.remove(base);
  });
  for (const file of kept) {
    for (const digest of blobsOfElements(blobs, file)) context.refer(digest);
    // Somebody may be writing to it.
    if (file.usedAt >= context.before) continue;
    const { calls, replaced, lost, damaged } = countElements(file, hasBlob);
    const isThin = calls < (calls + replaced + lost) * MIN_SHARE;
    if (isThin || damaged > 0) mendElements(dir, file, hasBlob);
  }
  const elementBytes = swept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { elementFiles: swept.length, elementBytes };
}

/** Parts the files into those that stay and those that go. */
function chooseSwept(
  context: SweepContext,
  options: CollectOptions,
): { readonly kept: readonly ElementFile[]; readonly swept: readonly ElementFile[] } {
  const kept: ElementFile[] = [];
  const swept: ElementFile[] = [];
  let bytes = Number(context.db.get("SELECT coalesce(sum(size), 0) AS n FROM actions")?.n);
  // Those that must stay first, then the latest used: the last ones do not fit.
  const files = listElements(context.dir)
    .map((file) => ({ file, isSpared: isSpared(context, file) }))
    .sort((a, b) => Number(b.isSpared) - Number(a.isSpared) || b.file.usedAt - a.file.usedAt);
  for (const { file, isSpared } of files) {
    bytes += file.sizeBytes;
    const isFull = options.maxBytes !== undefined && bytes > options.maxBytes;
    if (isSpared || !(isFull || isUnused(context, options, file))) kept.push(file);
    else {
      swept.push(file);
      bytes -= file.sizeBytes;
    }
  }
  return { kept, swept };
}

function isSpared({ before, isReferred }: SweepContext, { base, usedAt }: ElementFile): boolean {
  return usedAt >= before || isReferred(base);
}

/** Whether one of the rules applies. Without a result it may be what a run that was killed is to go on with. */
function isUnused(
  { db, now, elements }: SweepContext,
  { maxAgeMs, keepRuns }: CollectOptions,
  { base, usedAt }: ElementFile,
): boolean {
  if (maxAgeMs !== undefined && usedAt < now - maxAgeMs) return true;
  if (keepRuns !== undefined) return db.get(USED, base) === undefined;
  return elements.usersOf(base).length === 0;
}
