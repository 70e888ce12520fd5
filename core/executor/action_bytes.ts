/**
 * Where the bytes of one action's inputs and outputs are: in the store, or for temporary results among those of the
 * session. Does not know what the bytes mean.
 *
 * @module
 */

import type { Action, ActionOutput } from "../action.ts";
import type { Digest } from "../base/digest.ts";
import { Blobs } from "../store/blobs.ts";

/** Bytes of one action. */
export class ActionBytes {
  readonly #blobs: Blobs;
  readonly #temps: Blobs | undefined;

  constructor(blobs: Blobs, { tempsDir }: Pick<Action, "tempsDir">) {
    this.#blobs = blobs;
    this.#temps = tempsDir === undefined ? undefined : new Blobs(tempsDir);
  }

  /**
   * Returns the verified bytes of an input.
   *
   * @throws {DamagedBlobError} If they are missing or damaged.
   */
  read(digest: Digest): Uint8Array<ArrayBuffer> {
    return this.#temps?.has(digest) === true ? this.#temps.read(digest) : this.#blobs.read(digest);
  }

  /** Returns where an output's bytes go. */
  of(output: ActionOutput): Blobs {
    return output.temp === true && this.#temps !== undefined ? this.#temps : this.#blobs;
  }
}
