/**
 * Counts what is in a store. Does not read or change anything.
 *
 * @module
 */

import type { Blobs } from "./blobs.ts";
import type { Database } from "./database.ts";
import { countElements, listElements } from "./element_files.ts";
import { lstatIfExists } from "./io.ts";

/** What is in a store. Sizes are of file contents, not of disk blocks. */
export interface StoreStats {
  readonly results: number;
  readonly nodes: number;
  readonly blobs: number;
  readonly blobBytes: number;
  /** Calls of map nodes that are kept by themselves, and the files they are in. */
  readonly calls: number;
  readonly elementFiles: number;
  readonly elementBytes: number;
  readonly indexBytes: number;
  readonly journals: number;
  readonly journalBytes: number;
  readonly runs: number;
  /** Damaged blobs kept for inspection. */
  readonly quarantined: number;
}

/** Counts what is in a store directory. */
export function statsOf(dir: string, db: Database, blobs: Blobs): StoreStats {
  let [blobCount, blobBytes] = [0, 0];
  for (const digest of blobs.list()) {
    blobCount++;
    blobBytes += lstatIfExists(blobs.pathOf(digest))?.size ?? 0;
  }
  const elements = listElements(dir);
  const counts = elements.map((file) => countElements(file, () => true));
  const journals = sizesIn(`${dir}/journal`);
  const index = ["", "-wal"].map((end) => lstatIfExists(`${dir}/index.sqlite${end}`)?.size ?? 0);
  return {
    results: countOf(db, "SELECT count(*) AS n FROM actions"),
    nodes: countOf(db, "SELECT count(*) AS n FROM nodes"),
    blobs: blobCount,
    blobBytes,
    calls: sum(counts.map(({ calls }) => calls)),
    elementFiles: elements.length,
    elementBytes: sum(elements.map(({ sizeBytes }) => sizeBytes)),
    indexBytes: sum(index),
    journals: journals.length,
    journalBytes: sum(journals),
    runs: sizesIn(`${dir}/runs`).length,
    quarantined: sizesIn(`${dir}/quarantine`).length,
  };
}

function countOf(db: Database, sql: string): number {
  return Number(db.get(sql)?.n ?? 0);
}

function sizesIn(dir: string): number[] {
  if (lstatIfExists(dir) === undefined) return [];
  return [...Deno.readDirSync(dir)].map(({ name }) => lstatIfExists(`${dir}/${name}`)?.size ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
