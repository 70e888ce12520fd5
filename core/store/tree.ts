/**
 * Directories as data: the manifest of a directory output. Does not know where blobs are kept.
 *
 * A manifest is the canonical JSON of all files and all empty directories, sorted by path in code-unit order, so equal
 * directories have equal digests on every machine.
 *
 * @module
 */

import { canonicalJson } from "../action.ts";
import type { Digest } from "../base/digest.ts";
import { isDigest } from "../base/digest.ts";
import { FlowError, StoreError } from "../base/error.ts";

/** One file or one empty directory of a tree. */
export interface TreeEntry {
  /** Relative to the directory, `/` between segments; an empty directory ends with `/`. */
  readonly path: string;
  /** `null` for an empty directory. */
  readonly digest: Digest | null;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

/** A file found by `walkTree`, before it is hashed. */
export interface WalkedEntry {
  /** As in `TreeEntry`. */
  readonly path: string;
  readonly isFile: boolean;
}

/**
 * Lists the files and empty directories below a directory, sorted by path.
 *
 * @throws {FlowError} If the tree holds a symlink or a special file: a link could point out of what the node may touch.
 */
export function walkTree(dir: string): readonly WalkedEntry[] {
  const found: WalkedEntry[] = [];
  // An explicit stack: depth is bounded by the path length, not by the call stack.
  const pending = [""];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    let count = 0;
    for (const entry of Deno.readDirSync(`${dir}/${prefix}`)) {
      count++;
      const path = prefix + entry.name;
      if (entry.isDirectory) pending.push(path + "/");
      else if (entry.isFile) found.push({ path, isFile: true });
      else throw notAFile(`${dir}/${path}`, entry.isSymlink);
    }
    if (count === 0 && prefix !== "") found.push({ path: prefix, isFile: false });
  }
  return found.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

/** A file of an input directory; a dangling link has a target instead of content. */
export interface WalkedInput extends WalkedEntry {
  readonly danglingTo?: string;
}

/**
 * Lists an input directory like `walkTree`, but follows links: what a node reads through them counts.
 *
 * @throws {FlowError} If links form a loop.
 */
export function walkInputTree(dir: string): readonly WalkedInput[] {
  const found: WalkedInput[] = [];
  const visit = (prefix: string, parents: readonly string[]): void => {
    const names = [...Deno.readDirSync(`${dir}/${prefix}`)];
    if (names.length === 0 && prefix !== "") found.push({ path: prefix, isFile: false });
    for (const entry of names) {
      const path = prefix + entry.name;
      const kind = entry.isSymlink ? targetOf(`${dir}/${path}`) : entry;
      if (typeof kind === "string") found.push({ path, isFile: true, danglingTo: kind });
      else if (kind.isFile) found.push({ path, isFile: true });
      else if (kind.isDirectory) {
        const isLink = entry.isSymlink;
        const real = isLink
          ? Deno.realPathSync(`${dir}/${path}`)
          : `${parents.at(-1)}/${entry.name}`;
        if (isLink && parents.includes(real)) throw linkLoop(`${dir}/${path}`);
        visit(path + "/", [...parents, real]);
      }
    }
  };
  visit("", [Deno.realPathSync(dir)]);
  return found.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

/** Returns what a link leads to, or its text if it leads nowhere. */
function targetOf(path: string): Deno.FileInfo | string {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
      return Deno.readLinkSync(path);
    }
    throw error;
  }
}

function linkLoop(path: string): FlowError {
  return new FlowError(`Cannot read directory "${path}": the link leads back to a parent`, {
    code: "link-loop",
    exitCode: 1,
    hint: "Remove the link, or declare the files instead of the directory",
  });
}

/** Returns the error for an output that is neither file nor directory. */
export function notAFile(path: string, isSymlink: boolean): FlowError {
  const what = isSymlink ? "a symbolic link" : "not a regular file";
  return new FlowError(`Cannot store output "${path}": it is ${what}`, {
    code: "output-not-a-file",
    exitCode: 1,
    hint: isSymlink ? "Copy the file instead of linking it" : "Write a regular file",
  });
}

/** Returns the manifest text of entries that are already sorted. */
export function manifestText(entries: readonly TreeEntry[]): string {
  return canonicalJson(entries);
}

/** Returns the total size of the files of a tree, in bytes. */
export function treeSizeBytes(entries: readonly TreeEntry[]): number {
  let sum = 0;
  for (const entry of entries) sum += entry.sizeBytes;
  return sum;
}

/**
 * Parses a manifest. It may come from a hostile cache, so every path is checked.
 *
 * @throws {StoreError} If the text is no manifest, or a path would leave the directory.
 */
export function parseManifest(text: string): readonly TreeEntry[] {
  const entries = parseJson(text);
  if (!Array.isArray(entries)) throw badManifest("it is not a list");
  const seen = new Set<string>();
  for (const entry of entries as Partial<Record<keyof TreeEntry, unknown>>[]) {
    const path = entry?.path;
    if (typeof path !== "string" || !isSafePath(path)) {
      throw badManifest(`path ${JSON.stringify(path)} is not allowed`);
    }
    if (seen.has(path)) throw badManifest(`path ${JSON.stringify(path)} occurs twice`);
    seen.add(path);
    const isDir = entry.digest === null && path.endsWith("/");
    const isFile = typeof entry.digest === "string" && isDigest(entry.digest) &&
      !path.endsWith("/");
    if (!isDir && !isFile) throw badManifest(`digest of ${JSON.stringify(path)} is wrong`);
  }
  return entries as readonly TreeEntry[];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError("Cannot read the manifest of a directory: it is not JSON", { cause });
  }
}

function badManifest(why: string): StoreError {
  return new StoreError(`Cannot read the manifest of a directory: ${why}`, {
    hint: "Run `flow cache verify --repair`",
  });
}

/** Tells whether a manifest path stays inside the directory on every system. */
function isSafePath(path: string): boolean {
  if (path === "" || path.includes("\0")) return false;
  if (Deno.build.os === "windows" && /[\\:]/.test(path)) return false;
  const segments = (path.endsWith("/") ? path.slice(0, -1) : path).split("/");
  return segments.every((s) => s !== "" && s !== "." && s !== "..");
}
