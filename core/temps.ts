/**
 * Bytes of temporary results while somebody needs them: a directory of blobs that belongs to one session and goes with
 * it. Does not know who needs them.
 *
 * They are kept apart from the store's blobs, where the same bytes may belong to other results: what is here can be
 * removed without asking whom else it serves.
 *
 * @module
 */

import type { OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { StoreError } from "./base/error.ts";
import { Blobs } from "./store/blobs.ts";
import { removeIfExists } from "./store/io.ts";
import { neededBlobs } from "./store/needed.ts";

/** The temporary bytes of one session. */
export class Temps {
  /** Given to executors, which put them there. */
  readonly dir: string;
  readonly blobs: Blobs;
  /** How many results hold a blob. */
  readonly #holders = new Map<Digest, number>();

  /** @param dir Absolute; made when needed. */
  constructor(dir: string) {
    this.dir = dir;
    this.blobs = new Blobs(dir);
  }

  /** A result was made whose bytes an executor put here. */
  hold(output: OutputResult): void {
    for (const digest of this.#digestsOf(output)) {
      this.#holders.set(digest, (this.#holders.get(digest) ?? 0) + 1);
    }
  }

  /** The bytes of a result are not needed any more. */
  drop(output: OutputResult): void {
    for (const digest of this.#digestsOf(output)) {
      const holders = this.#holders.get(digest);
      if (holders === undefined) continue;
      if (holders > 1) {
        this.#holders.set(digest, holders - 1);
        continue;
      }
      this.#holders.delete(digest);
      removeIfExists(this.blobs.pathOf(digest));
    }
  }

  /** Blobs of a result: of a directory also those of its files. */
  #digestsOf({ kind, digest, text }: OutputResult): Digest[] {
    return text === undefined ? [...new Set(neededBlobs(this.blobs, { kind, digest }))] : [];
  }

  /**
   * Returns where the bytes of a temporary result are: here, or in the store, if another result has the same.
   *
   * @throws {StoreError} If they are gone.
   */
  whereIs({ name, digest }: OutputResult, stored: Blobs): Blobs {
    if (this.blobs.has(digest)) return this.blobs;
    if (stored.has(digest)) return stored;
    throw new StoreError(`The bytes of temporary output "${name}" are gone`);
  }
}
