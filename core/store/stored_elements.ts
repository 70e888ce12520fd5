/**
 * The stored calls of map nodes behind one door: files, and who used them. Does not know map-specs or when a call counts.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";
import type { Database } from "./database.ts";
import {
  countElements,
  type ElementFile,
  type HasBlob,
  listElements,
  mendElements,
  removeElements,
} from "./element_files.ts";
import { type ElementUser, ElementUses } from "./element_uses.ts";
import { ElementLog } from "./elements.ts";

/** A file of calls, as it is listed. */
export interface ListedElements extends ElementFile {
  readonly calls: number;
  /** Who used it last; absent if nobody knows any more. */
  readonly user?: ElementUser;
}

/** What stored calls need of their store. */
export interface StoredElementsOptions {
  readonly dir: string;
  readonly db: Database;
  /** Runs a part whose failure costs time but no truth. */
  readonly tolerant: (body: () => void) => void;
  /** Writes what is buffered of the records of runs. */
  readonly flushRuns: () => void;
  readonly now: () => number;
}

/** The stored calls of one store. */
export class StoredElements {
  readonly uses: ElementUses;
  readonly #o: StoredElementsOptions;

  constructor(options: StoredElementsOptions) {
    this.#o = options;
    this.uses = new ElementUses(options.db);
  }

  /** Returns the file of the calls with a base. */
  log(base: Digest): ElementLog {
    return new ElementLog(this.#o.dir, base);
  }

  /** Notes that a node uses the calls of a base; the record of its run, which says the same, goes first. */
  use(base: Digest, user: { readonly workflow: string; readonly node: string }): void {
    const { db, tolerant, flushRuns, now } = this.#o;
    tolerant(flushRuns);
    tolerant(() => db.transaction(() => this.uses.touch(base, { ...user, at: now() })));
  }

  /** Drops all calls that a node of that name ever made, and returns how many. */
  forget(workflow: string, node: string): number {
    const { dir, db, tolerant } = this.#o;
    const bases = new Set(this.uses.basesOf(workflow, node));
    if (bases.size === 0) return 0;
    let count = 0;
    for (const file of listElements(dir).filter(({ base }) => bases.has(base))) {
      count += countElements(file, () => true).calls;
      removeElements(file);
    }
    tolerant(() =>
      db.transaction(() => {
        for (const base of bases) this.uses.remove(base);
      })
    );
    return count;
  }

  /** Yields all files with how many calls they hold. */
  *ls(): Generator<ListedElements> {
    for (const file of listElements(this.#o.dir)) {
      const { calls } = countElements(file, () => true);
      const [user] = this.uses.usersOf(file.base);
      yield { ...file, calls, ...(user === undefined ? {} : { user }) };
    }
  }

  /**
   * Writes files again with only the calls that count.
   *
   * @throws {StoreError} If they cannot be written.
   */
  mend(files: readonly ElementFile[], hasBlob: HasBlob): void {
    for (const file of files) mendElements(this.#o.dir, file, hasBlob);
  }
}
