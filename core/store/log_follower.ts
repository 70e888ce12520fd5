/**
 * Hands on what is appended to a file, as `tail -f` does. Does not know who writes it, nor when to look.
 *
 * @module
 */

import { storeError } from "./io.ts";

/** Bytes read at once. */
const BLOCK_BYTES = 1 << 16;

/** Follows one file, which need not be there yet. */
export class LogFollower {
  readonly #path: string;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #file: Deno.FsFile | undefined;

  /** @param onBytes Gets the new bytes; they are only valid during the call. */
  constructor(path: string, onBytes: (bytes: Uint8Array) => void) {
    this.#path = path;
    this.#onBytes = onBytes;
  }

  /**
   * Hands on what was written since the last time.
   *
   * @throws {StoreError} If the file is there and cannot be read.
   */
  read(): void {
    try {
      this.#file ??= Deno.openSync(this.#path, { read: true });
      for (let n = this.#file.readSync(this.#block); n; n = this.#file.readSync(this.#block)) {
        this.#onBytes(this.#block.subarray(0, n));
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw storeError("read", this.#path, error);
    }
  }

  /** Ends following. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
