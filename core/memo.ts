/**
 * The memo of a run that left everything up to date: which files it depended on, as `stat` saw them. If none of them
 * differs, the same request has nothing to do, and not even the workflow file needs to be parsed. Does not know nodes,
 * keys or results: it only ever says "nothing changed", never what a result is.
 *
 * The rule for a file is that of the digest cache (`store/files.ts`): same size, mtime, ctime (which
 * `utime` cannot set back) and inode, and modified well before it was looked at, so that an edit in the same tick of the clock cannot hide.
 *
 * @module
 */

import { concatBytes } from "./base/bytes.ts";
import { digestOf } from "./base/digest.ts";
import { canonicalJson } from "./action.ts";
import type { Counts } from "./event.ts";

/** A memo as it is read back. */
export interface Memo {
  readonly identity: string;
  /** When the files were looked at, milliseconds since the epoch. */
  readonly time: number;
  readonly counts: Counts;
  /** Digests of the values of the variables that were used, by name. */
  readonly env: Readonly<Record<string, string>>;
  readonly paths: readonly string[];
  /** Four numbers per path: size in bytes (-1: absent), mtime and ctime in milliseconds, inode. */
  readonly stats: Float64Array;
}

/** What a memo is made of. */
export interface MemoParts {
  readonly identity: string;
  readonly counts: Counts;
  /** Values of the variables that were used. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Files and directories, present or absent. */
  readonly paths: Iterable<string>;
  readonly now: number;
}

/** A file modified less than this before it was looked at may change again without a visible sign. */
const SETTLE_MS = 2_000;
const MAGIC = "flow.memo.1";
const NUMBERS = 4;

/** Returns the identity of a request: equal requests to an unchanged world have equal outcomes. */
export function memoIdentity(request: unknown): string {
  return digestOf(canonicalJson(request));
}

/** Returns where the memo of a request lies below a store directory. */
export function memoPath(storeDir: string, identity: string): string {
  return `${storeDir}/memos/${identity.slice(0, 32)}`;
}

/**
 * Writes a memo, or removes the old one when a file is too fresh to be trusted.
 *
 * @returns Whether a memo was written.
 */
export function writeMemo(storeDir: string, parts: MemoParts): boolean {
  const path = memoPath(storeDir, parts.identity);
  const paths = [...new Set(parts.paths)];
  const stats = new Float64Array(paths.length * NUMBERS);
  const isSettled = paths.every((file, i) => {
    readStat(file, stats, i * NUMBERS);
    const [, mtime, ctime] = stats.subarray(i * NUMBERS, (i + 1) * NUMBERS);
    return Math.max(mtime, ctime) < parts.now - SETTLE_MS;
  });
  if (!isSettled || paths.some((file) => file.includes("\0"))) {
    remove(path);
    return false;
  }
  const text = new TextEncoder().encode(paths.join("\0"));
  const header = JSON.stringify({
    magic: MAGIC,
    identity: parts.identity,
    time: parts.now,
    counts: parts.counts,
    env: digestEnv(parts.env),
    textBytes: text.length,
  });
  Deno.mkdirSync(`${storeDir}/memos`, { recursive: true });
  const temporary = `${path}.${Deno.pid}`;
  const bytes = concatBytes([
    new TextEncoder().encode(header + "\n"),
    text,
    new Uint8Array(stats.buffer),
  ]);
  Deno.writeFileSync(temporary, bytes);
  Deno.renameSync(temporary, path);
  return true;
}

/** Reads the memo of a request, or `undefined` if there is none that can be read. */
export function readMemo(storeDir: string, identity: string): Memo | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(memoPath(storeDir, identity));
  } catch {
    // No memo: the request is looked at node by node.
    return undefined;
  }
  const end = bytes.indexOf(10);
  const header = parseHeader(bytes.subarray(0, Math.max(0, end)));
  if (header === undefined || header.identity !== identity) return undefined;
  const textEnd = end + 1 + header.textBytes;
  const text = new TextDecoder().decode(bytes.subarray(end + 1, textEnd));
  const paths = text === "" ? [] : text.split("\0");
  if (bytes.length - textEnd !== paths.length * NUMBERS * 8) return undefined;
  const stats = new Float64Array(bytes.slice(textEnd).buffer);
  return { ...header, paths, stats };
}

/**
 * Tells whether nothing a memo depends on has changed. One `stat` per path.
 *
 * @param memo The memo.
 * @param env Reads a variable of the environment.
 */
export function isCurrent(memo: Memo, env: (name: string) => string | undefined): boolean {
  for (const [name, digest] of Object.entries(memo.env)) {
    if (digestValue(env(name)) !== digest) return false;
  }
  const seen = new Float64Array(NUMBERS);
  return memo.paths.every((path, i) => {
    readStat(path, seen, 0);
    const at = i * NUMBERS;
    return seen.every((number, offset) => number === memo.stats[at + offset]);
  });
}

interface Header {
  readonly identity: string;
  readonly time: number;
  readonly counts: Counts;
  readonly env: Record<string, string>;
  readonly textBytes: number;
}

function parseHeader(bytes: Uint8Array): Header | undefined {
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes));
    return header.magic === MAGIC ? header : undefined;
  } catch {
    // A torn or foreign file is no memo.
    return undefined;
  }
}

function readStat(path: string, into: Float64Array, at: number): void {
  try {
    const { size, mtime, ctime, ino } = Deno.statSync(path);
    into[at] = size;
    into[at + 1] = mtime?.getTime() ?? 0;
    into[at + 2] = ctime?.getTime() ?? 0;
    into[at + 3] = ino ?? 0;
  } catch {
    // Absent, or not to be looked at, which is the same as long as it stays so.
    into.set([-1, 0, 0, 0], at);
  }
}

function digestEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, digestValue(value)]));
}

function digestValue(value: string | undefined): string {
  return value === undefined ? "" : digestOf(value);
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
