/**
 * SHA-256 digests as branded hex text. Knows nothing of what is hashed.
 *
 * @module
 */

import { createHash, hash } from "node:crypto";

/** 64 lower-case hex digits: the SHA-256 of some bytes. */
export type Digest = string & { readonly [digestBrand]: true };
declare const digestBrand: unique symbol;

/**
 * Returns the digest of bytes or of the UTF-8 form of a text. About 1 µs for small values, 1.6 GB/s for large ones.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { digestOf } from "./digest.ts";
 *
 * assertEquals(digestOf("").slice(0, 8), "e3b0c442");
 * ```
 */
export function digestOf(bytes: Uint8Array | string): Digest {
  return hash("sha256", bytes, "hex") as Digest;
}

/** Size of the blocks in which files are read, in bytes. */
const BLOCK_BYTES = 1 << 20;

/**
 * Returns the digest and size of a file, read in blocks.
 *
 * @param path The file; symlinks are followed.
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export function digestOfFile(path: string): { digest: Digest; sizeBytes: number } {
  using file = Deno.openSync(path, { read: true });
  const hasher = createHash("sha256");
  let sizeBytes = 0;
  let block = new Uint8Array(1 << 14);
  for (;;) {
    const count = file.readSync(block);
    if (count === null) break;
    sizeBytes += count;
    hasher.update(block.subarray(0, count));
    // Most files are small; only a large one pays for a large block.
    if (count === block.length && block.length < BLOCK_BYTES) block = new Uint8Array(BLOCK_BYTES);
  }
  return { digest: hasher.digest("hex") as Digest, sizeBytes };
}

/** Tells whether a text has the form of a digest. */
export function isDigest(text: string): text is Digest {
  return /^[0-9a-f]{64}$/.test(text);
}
