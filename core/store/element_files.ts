/**
 * Looks after the files of calls: lists, counts, checks, mends and removes them. Does not know who used them.
 *
 * @module
 */

import type { OutputResult } from "../action.ts";
import { type Digest, isDigest } from "../base/digest.ts";
import { StringTable } from "../base/string_table.ts";
import type { Blobs } from "./blobs.ts";
import {
  appendRecords,
  areThere,
  chunksOf,
  type ElementBlob,
  type ElementChunk,
  type ElementRecord,
  outputsOf,
} from "./elements.ts";
import { guarded, lstatIfExists, removeIfExists, uniqueName } from "./io.ts";
import { hasNeeded, neededBlobs } from "./needed.ts";

/** A file of calls. */
export interface ElementFile {
  readonly base: Digest;
  readonly path: string;
  readonly sizeBytes: number;
  /** When it was last read or written by a run, in milliseconds since the epoch. */
  readonly usedAt: number;
}

/** Tells whether a blob that a call delivered is there, with all it needs. */
export type HasBlob = (blob: ElementBlob) => boolean;

/** What is in a file of calls. */
export interface ElementCounts {
  /** Calls that count. */
  readonly calls: number;
  /** Calls that later ones replaced. */
  readonly replaced: number;
  /** Calls of which a blob is missing. */
  readonly lost: number;
  /** Lines that are no whole chunk. */
  readonly damaged: number;
}

/** Returns all files of calls, by base. */
export function listElements(dir: string): ElementFile[] {
  if (lstatIfExists(`${dir}/elements`) === undefined) return [];
  const bases = [...Deno.readDirSync(`${dir}/elements`)]
    .map(({ name }) => name.endsWith(".ndjson") ? name.slice(0, -".ndjson".length) : "")
    .filter(isDigest).sort();
  return bases.flatMap((base) => {
    const path = `${dir}/elements/${base}.ndjson`;
    const info = lstatIfExists(path);
    if (info === undefined || !info.isFile) return [];
    return [{ base, path, sizeBytes: info.size, usedAt: info.mtime?.getTime() ?? 0 }];
  });
}

/** Removes a file of calls; that it is already gone is fine. */
export function removeElements({ path }: Pick<ElementFile, "path">): void {
  guarded("remove", path, () => removeIfExists(path));
}

/**
 * Reads a file and counts what is in it.
 *
 * @param hasBlob Tells whether a blob is there.
 * @throws {StoreError} If it cannot be read.
 */
export function countElements(
  { path }: ElementFile,
  hasBlob: HasBlob,
): ElementCounts {
  let [all, damaged] = [0, 0];
  const keys = new StringTable();
  /** By number of the key. */
  const areWhole: boolean[] = [];
  for (const chunk of chunksOf(path)) {
    if (chunk === "damaged") damaged++;
    else {
      all += chunk.keys.length;
      for (let i = 0; i < chunk.keys.length; i++) {
        areWhole[keys.add(chunk.keys.at(i))] = isWhole(chunk, i, hasBlob);
      }
    }
  }
  const lost = areWhole.filter((whole) => !whole).length;
  return { calls: keys.size - lost, replaced: all - keys.size, lost, damaged };
}

/** Yields the blobs that the calls of a file need. */
export function* blobsOfElements(blobs: Blobs, { path }: ElementFile): Generator<Digest> {
  for (const chunk of chunksOf(path)) {
    if (chunk === "damaged") continue;
    for (const output of chunk.blobs.values()) yield* neededBlobs(blobs, storedAs(output));
  }
}

/** Tells whether all that a call delivered as a blob is there. */
export function hasElement(blobs: Blobs, blob: ElementBlob): boolean {
  return hasNeeded(blobs, storedAs(blob));
}

function storedAs({ digest, file }: ElementBlob): Pick<OutputResult, "kind" | "digest"> {
  return { digest, kind: file === "dir" ? "dir" : "file" };
}

/**
 * Writes a file again with only the calls that count, in one step, unless somebody wrote to it meanwhile. When it was of
 * use stays as it was.
 *
 * @param hasBlob Tells whether a blob is there.
 * @throws {StoreError} If it cannot be written.
 */
export function mendElements(
  dir: string,
  file: ElementFile,
  hasBlob: HasBlob,
): void {
  const newest = newestChunks(file.path);
  const temporary = `${dir}/tmp/${uniqueName()}.ndjson`;
  guarded("make directory", `${dir}/tmp`, () => Deno.mkdirSync(`${dir}/tmp`, { recursive: true }));
  let [at, count] = [0, 0];
  for (const chunk of chunksOf(file.path)) {
    if (chunk === "damaged") continue;
    const number = at++;
    const kept = recordsOf(
      chunk,
      (key, i) => newest(key) === number && isWhole(chunk, i, hasBlob),
    );
    if (kept.length > 0) appendRecords(temporary, kept, chunk.at);
    count += kept.length;
  }
  const now = lstatIfExists(file.path);
  const isSame = now?.size === file.sizeBytes && now.mtime?.getTime() === file.usedAt;
  if (!isSame) removeElements({ path: temporary });
  else if (count === 0) removeElements(file);
  else {
    guarded("replace", file.path, () => {
      Deno.utimeSync(temporary, new Date(file.usedAt), new Date(file.usedAt));
      Deno.renameSync(temporary, file.path);
    });
  }
}

/** Tells the number of the last chunk that has a key, among those that are whole. */
function newestChunks(path: string): (key: string) => number | undefined {
  const keys = new StringTable();
  const newest: number[] = [];
  let at = 0;
  for (const chunk of chunksOf(path)) {
    if (chunk === "damaged") continue;
    for (let i = 0; i < chunk.keys.length; i++) newest[keys.add(chunk.keys.at(i))] = at;
    at++;
  }
  return (key) => newest[keys.find(key)];
}

/** The calls of a chunk that are kept. */
function recordsOf(
  chunk: ElementChunk,
  isKept: (key: string, i: number) => boolean,
): ElementRecord[] {
  const records: ElementRecord[] = [];
  for (let i = 0; i < chunk.keys.length; i++) {
    const key = chunk.keys.at(i);
    if (isKept(key, i)) records.push({ key, outputs: outputsOf(chunk, i) });
  }
  return records;
}

function isWhole(
  chunk: ElementChunk,
  call: number,
  hasBlob: HasBlob,
): boolean {
  return areThere(outputsOf(chunk, call), hasBlob);
}
