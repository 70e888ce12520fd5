/**
 * What functions return if their outputs shall not be known by their content: a value with a hash of its own. Pure and
 * self-contained, because its text is also served to workers and to workflow files; does not know how a hash is used.
 *
 * @module
 */

/** A value and what stands for it. Workers know it by the symbol, since each has a copy of this class. */
class WithHash {
  readonly value: unknown;
  /** `null`: what the function was called with stands for it. */
  readonly hash: string | null;

  constructor(value: unknown, hash: string | null) {
    this.value = value;
    this.hash = hash;
  }

  /** Marks instances. */
  get [Symbol.for("flow.with-hash")](): true {
    return true;
  }
}

/**
 * Returns an output that is known by a hash instead of its content: what uses it runs again only when the hash changes.
 *
 * The function vouches for it: of all its results, those with the same hash must be equally good. What uses the output
 * gets the value of the call that was made last for its inputs.
 *
 * @param value The output; of several outputs each is wrapped by itself.
 * @param hash Any text but an empty one, for example a version or the digest of the part that matters.
 * @throws {TypeError} If the hash is no text.
 *
 * @example
 * ```ts
 * import { assertThrows } from "../tests/testing/assert.ts";
 * import { withHash } from "./with_hash.ts";
 *
 * // When it was fetched is worth knowing, but is no reason to compute anything again.
 * const fetched = (rows: string[]) => withHash({ rows, at: Date.now() }, rows.join());
 * fetched(["a"]);
 * assertThrows(() => fetched([]), TypeError);
 * ```
 */
export function withHash<T>(value: T, hash: string): T {
  if (typeof hash !== "string" || hash === "") {
    throw new TypeError(
      "Cannot use this hash: withHash(value, hash) takes a text that is not empty",
    );
  }
  // Whoever gets the output gets the value itself.
  return new WithHash(value, hash) as T;
}

/**
 * Returns an output that is known by what went into it instead of its content: what uses it runs again whenever an input
 * or the code of this function changes, and never otherwise.
 *
 * @param value The output; of several outputs each is wrapped by itself.
 */
export function withHashOfInputs<T>(value: T): T {
  return new WithHash(value, null) as T;
}
