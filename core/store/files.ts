/**
 * Digests of workspace files without reading unchanged ones. Does not know workflows, keys or blobs.
 *
 * A digest is believed if size, modification time, change time and inode are as they were when it was made, and the file
 * was then old enough: every later edit must have moved the change time, which no program can set back.
 *
 * @module
 */

import { type Digest, digestOf, digestOfFile, isDigest } from "../base/digest.ts";
import { FlowError } from "../base/error.ts";
import type { Database, Row } from "./database.ts";
import { manifestText, type TreeEntry, treeSizeBytes, walkInputTree, walkTree } from "./tree.ts";

/** Table of file digests. */
export const FILE_SCHEMA = `
CREATE TABLE files(
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime REAL NOT NULL, ctime REAL NOT NULL, ino INTEGER NOT NULL,
  digest TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
`;

/**
 * How much older than its digest a file must be, in milliseconds: Deno gives change times in whole seconds, and kernels
 * and network file systems lag a little.
 */
const SETTLED_MS = 2000;

/** Times a file that changes while it is read is read again. */
const MAX_READS = 5;

/** Files loaded by one query. */
const PRELOAD_PATHS = 500;

/** What tells one state of a file from another. */
export interface FileStat {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Change time, whole seconds in milliseconds; 0 where there is none. */
  readonly ctimeMs: number;
  readonly ino: number;
  readonly executable: boolean;
}

/** A file's digest with the state it belongs to. */
export interface FileDigest {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly stat: FileStat;
}

/** A digest with the time before it was made. */
interface Known extends FileDigest {
  readonly at: number;
}

const FIND = "SELECT path, size, mtime, ctime, ino, digest, at FROM files WHERE path=?";
const RANGE =
  "SELECT path, size, mtime, ctime, ino, digest, at FROM files WHERE path>=? AND path<?";
const FIND_MANY = "SELECT f.path, f.size, f.mtime, f.ctime, f.ino, f.digest, f.at " +
  "FROM json_each(?) j CROSS JOIN files f ON f.path = j.value";
const SET =
  "INSERT OR REPLACE INTO files(path, size, mtime, ctime, ino, digest, at) VALUES(?,?,?,?,?,?,?)";

/** Digests of files, remembered in the index. */
export class FileDigests {
  readonly #db: Database;
  readonly #now: () => number;
  /** `undefined`: the index is known to have nothing. */
  readonly #known = new Map<string, Known | undefined>();
  readonly #loadedDirs = new Set<string>();
  #dirty = new Set<string>();

  /** @param now Milliseconds since the epoch. */
  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /**
   * Returns the digest of a file; symlinks are followed.
   *
   * @param path Absolute.
   * @param stat Its state, if the caller has just looked.
   * @throws {Deno.errors.NotFound} If there is no such file.
   */
  digestOf(path: string, stat: FileStat = fileStat(path)): FileDigest {
    const known = this.#find(path);
    if (known !== undefined && isSame(known.stat, stat) && isSettled(known)) {
      return known.stat.executable === stat.executable ? known : { ...known, stat };
    }
    return this.#hash(path, stat);
  }

  /**
   * Returns the digest a directory would have as a tree output, so inputs and published outputs compare. Links to files
   * count as the files, links to directories as the directories.
   *
   * @throws {FlowError} If links form a loop.
   */
  digestOfTree(dir: string): { digest: Digest; sizeBytes: number } {
    const paths = walkInputTree(dir);
    this.preload(dir);
    return this.#treeDigest(dir, paths);
  }

  /** Loads what is known of all files below a directory, or of the given files, with few queries. */
  preload(paths: string | readonly string[]): void {
    if (typeof paths === "string") return this.#loadDir(paths);
    const unknown = paths.filter((path) => !this.#known.has(path) && !this.#isLoaded(path));
    for (let start = 0; start < unknown.length; start += PRELOAD_PATHS) {
      const part = unknown.slice(start, start + PRELOAD_PATHS);
      for (const path of part) this.#known.set(path, undefined);
      for (const row of this.#db.all(FIND_MANY, JSON.stringify(part))) this.#load(row);
    }
  }

  /** Tells whether a file still has the content and the state for which `digestOf` returned them. */
  isUnchanged(path: string, digest: Digest, stat: FileStat): boolean {
    try {
      // A link to the file, which is how functions get it, moves the change time: then the content decides. So it does
      // while the file is younger than the clock's resolution.
      return this.isInState(path, stat) && this.digestOf(path).digest === digest;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Tells whether a file still has a state; the change time is left out, since a link to the file moves it. */
  isInState(path: string, stat: FileStat): boolean {
    try {
      return isSame({ ...fileStat(path), ctimeMs: stat.ctimeMs }, stat);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Tells whether a path is a file with this content. */
  expect(path: string, digest: Digest): boolean {
    try {
      return this.digestOf(path).digest === digest;
    } catch (error) {
      if (isAbsence(error)) return false;
      throw error;
    }
  }

  /** Tells whether a path is a directory with the content of a stored tree, and nothing else. */
  expectTree(dir: string, digest: Digest): boolean {
    try {
      const paths = walkTree(dir);
      this.preload(dir);
      return this.#treeDigest(dir, paths).digest === digest;
    } catch (error) {
      // A symlink in the place of a file is a difference too.
      if (isAbsence(error) || error instanceof FlowError) return false;
      throw error;
    }
  }

  /**
   * Notes that a file was just written with this content. It is too young to be believed without reading, but
   * `isUnchanged` can compare.
   */
  published(path: string, digest: Digest): void {
    const at = this.#now();
    const stat = fileStat(path);
    this.#remember(path, { digest, sizeBytes: stat.sizeBytes, stat, at });
  }

  /** Tells whether a directory still has the content for which `digestOfTree` returned the digest. */
  isTreeUnchanged(dir: string, digest: Digest): boolean {
    try {
      return this.digestOfTree(dir).digest === digest;
    } catch (error) {
      if (isAbsence(error) || error instanceof FlowError) return false;
      throw error;
    }
  }

  /** Writes new digests to the index. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    const paths = this.#dirty;
    this.#dirty = new Set();
    this.#db.transaction(() => {
      for (const path of paths) this.#write(path);
    });
  }

  /** Removes files that are gone from the index and returns how many. Reads the state of every known file. */
  collect(): number {
    let count = 0;
    for (let after = "";;) {
      const rows = this.#db.all(
        "SELECT path FROM files WHERE path>? ORDER BY path LIMIT 1000",
        after,
      );
      if (rows.length === 0) return count;
      after = String(rows[rows.length - 1]?.path);
      const gone = rows.map((row) => String(row.path)).filter((path) => !isFile(path));
      this.#db.transaction(() => {
        for (const path of gone) this.#db.run("DELETE FROM files WHERE path=?", path);
      });
      count += gone.length;
    }
  }

  #treeDigest(
    dir: string,
    paths: readonly { path: string; isFile: boolean; danglingTo?: string }[],
  ): { digest: Digest; sizeBytes: number } {
    const entries: TreeEntry[] = paths.map(({ path, isFile, danglingTo }) => {
      if (danglingTo !== undefined) {
        const digest = digestOf(`flow.dangling\n${danglingTo}`);
        return { path, digest, sizeBytes: 0, executable: false };
      }
      if (!isFile) return { path, digest: null, sizeBytes: 0, executable: false };
      const { digest, sizeBytes, stat } = this.digestOf(`${dir}/${path}`);
      return { path, digest, sizeBytes, executable: stat.executable };
    });
    return { digest: digestOf(manifestText(entries)), sizeBytes: treeSizeBytes(entries) };
  }

  #hash(path: string, first: FileStat): FileDigest {
    let stat = first;
    for (let attempt = 1;; attempt++) {
      const at = this.#now();
      const { digest, sizeBytes } = digestOfFile(path);
      const after = fileStat(path);
      if (attempt === MAX_READS || isSame(stat, after)) {
        const known: Known = { digest, sizeBytes, stat, at };
        this.#remember(path, known);
        return known;
      }
      stat = after;
    }
  }

  #find(path: string): Known | undefined {
    const known = this.#known.get(path);
    if (known !== undefined || this.#known.has(path) || this.#isLoaded(path)) return known;
    const row = this.#db.get(FIND, path);
    return row === undefined ? undefined : this.#load(row);
  }

  /** Tells whether a directory above a path was loaded. */
  #isLoaded(path: string): boolean {
    if (this.#loadedDirs.size === 0) return false;
    for (let dir = parentOf(path); dir !== ""; dir = parentOf(dir)) {
      if (this.#loadedDirs.has(dir)) return true;
    }
    return false;
  }

  #loadDir(dir: string): void {
    if (this.#isLoaded(`${dir}/`)) return;
    this.#loadedDirs.add(dir);
    // "0" follows "/": the range holds exactly the paths below the directory.
    for (const row of this.#db.iterate(RANGE, `${dir}/`, `${dir}0`)) {
      if (this.#known.get(String(row.path)) === undefined) this.#load(row);
    }
  }

  #load(row: Row): Known | undefined {
    const digest = String(row.digest);
    if (!isDigest(digest)) return undefined;
    const sizeBytes = Number(row.size);
    const stat: FileStat = {
      sizeBytes,
      mtimeMs: Number(row.mtime),
      ctimeMs: Number(row.ctime),
      ino: Number(row.ino),
      executable: false,
    };
    const known: Known = { digest, sizeBytes, stat, at: Number(row.at) };
    this.#known.set(String(row.path), known);
    return known;
  }

  #remember(path: string, known: Known): void {
    this.#known.set(path, known);
    // A digest that nobody may believe later is not worth a row.
    if (isSettled(known)) this.#dirty.add(path);
  }

  #write(path: string): void {
    const known = this.#known.get(path);
    if (known === undefined) return;
    const { digest, at, stat: { sizeBytes, mtimeMs, ctimeMs, ino } } = known;
    this.#db.run(SET, path, sizeBytes, mtimeMs, ctimeMs, ino, digest, at);
  }
}

/** Returns the state of a file; symlinks are followed. */
export function fileStat(path: string): FileStat {
  return statOf(Deno.statSync(path));
}

/** Returns what of a file's state tells it from another one. */
export function statOf(info: Deno.FileInfo): FileStat {
  return {
    sizeBytes: info.size,
    mtimeMs: info.mtime?.getTime() ?? 0,
    ctimeMs: info.ctime?.getTime() ?? 0,
    ino: Number(info.ino ?? 0),
    executable: ((info.mode ?? 0) & 0o100) !== 0,
  };
}

function isSame(a: FileStat, b: FileStat): boolean {
  return a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs &&
    a.ino === b.ino;
}

/** Tells whether any edit after the digest was made must show in the times. */
function isSettled({ stat, at }: Known): boolean {
  return (stat.ctimeMs === 0 ? stat.mtimeMs : stat.ctimeMs) + SETTLED_MS < at;
}

/** Tells whether an error means that the path is not the file that was expected. */
function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.IsADirectory || error instanceof Deno.errors.FilesystemLoop;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (isAbsence(error) || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
