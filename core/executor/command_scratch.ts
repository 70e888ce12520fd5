/**
 * Files and directories that commands use one after the other, because to make them costs as much as to start a program:
 * logs, which mostly stay empty, and private directories, which are empty again once the outputs were taken. Does not
 * know actions or processes.
 *
 * @module
 */

import { dirname } from "node:path";

/** A log gets its name while it is written if the command runs longer than this, in milliseconds. */
const NAMED_AFTER_MS = 1000;

/** Streams that go to a log, by what follows the log's path. */
export type LogSuffix = ".stdout" | ".stderr";

/** The files of one running command. */
export interface LentLogs {
  /** To be opened and emptied by the command's start. They get their names from `settle`. */
  readonly stdout: string;
  readonly stderr: string;
  /** For what bubblewrap reports. */
  readonly status: string;
  /** After the command: names what was written. Once is enough, more often is harmless. */
  settle(): void;
  /** Gives the files back, after `settle` and when `status` was read. */
  giveBack(): void;
}

/** Lends log files. One that stays empty is lent again; one with content is renamed. */
export class LogPool implements Disposable {
  readonly #free = new Map<string, string[]>();
  readonly #bases = new Set<string>();

  /**
   * @param path Path of the logs without suffix, in an existing directory.
   * @param streams Those that will be written here, and nowhere else.
   */
  lend(path: string, streams: readonly LogSuffix[]): LentLogs {
    const dir = dirname(path);
    const base = this.#free.get(dir)?.pop() ?? `${dir}/.${this.#bases.size}`;
    this.#bases.add(base);
    const named = new Set<string>();
    let isSettled = false;
    const name = (suffix: string): void => {
      if (isRenamed(base + suffix, path + suffix)) named.add(suffix);
    };
    const timer = setTimeout(() => {
      try {
        streams.forEach(name);
      } catch {
        // `settle` tries again and reports.
      }
    }, NAMED_AFTER_MS);
    return {
      stdout: `${base}.stdout`,
      stderr: `${base}.stderr`,
      status: `${base}.status`,
      settle: () => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        for (const suffix of streams) {
          if (named.has(suffix)) removeIfEmpty(path + suffix);
          else if (sizeOf(base + suffix) > 0) name(suffix);
        }
      },
      giveBack: () => {
        const free = this.#free.get(dir);
        if (free === undefined) this.#free.set(dir, [base]);
        else free.push(base);
      },
    };
  }

  /** Removes all files that were never named. */
  [Symbol.dispose](): void {
    for (const base of this.#bases) {
      for (const suffix of [".stdout", ".stderr", ".status"]) removeIfExists(base + suffix);
    }
    this.#bases.clear();
    this.#free.clear();
  }
}

/** Makes private directories. One that is empty in the end is renamed for the next command. */
export class DirPool implements Disposable {
  /** Empty ones, by the directory they are in. */
  readonly #spare = new Map<string, string[]>();
  #mode: number | null | undefined;

  /** Makes a directory. */
  make(path: string): void {
    const spare = this.#spare.get(dirname(path))?.pop();
    if (spare !== undefined && isRenamed(spare, path)) return;
    Deno.mkdirSync(path, { recursive: true });
    this.#mode ??= lstat(path)?.mode;
  }

  /** Removes a directory with what is in it; a missing one is fine. */
  remove(path: string): void {
    if (!this.#isAsMade(path)) return removeIfExists(path);
    const dir = dirname(path);
    const spare = this.#spare.get(dir);
    if (spare === undefined) this.#spare.set(dir, [path]);
    else spare.push(path);
  }

  /** Removes the empty directories. */
  [Symbol.dispose](): void {
    for (const path of [...this.#spare.values()].flat()) removeIfExists(path);
    this.#spare.clear();
  }

  #isAsMade(path: string): boolean {
    const info = lstat(path);
    return info?.isDirectory === true && info.mode === this.#mode &&
      Deno.readDirSync(path).next().done === true;
  }
}

/** Renames what is there; returns false if nothing is. */
function isRenamed(from: string, to: string): boolean {
  try {
    Deno.renameSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeIfEmpty(path: string): void {
  if (lstat(path)?.size === 0) removeIfExists(path);
}

function sizeOf(path: string): number {
  return lstat(path)?.size ?? 0;
}

/** Removes a file or directory; a missing one is fine. */
export function removeIfExists(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Returns the state of a path, or undefined if there is nothing. */
export function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
