/**
 * What functions ask of arguments that may be error values: results that could not be made upstream. Pure and
 * self-contained, because its text is also served to workers and to workflow files; does not know where they come from.
 *
 * @module
 */

/** A failure that an error value comes from. */
export interface RootCause {
  readonly node: string;
  /** Position of the call of a map node. */
  readonly index?: readonly number[];
  /** For example `threw`, `exit` or `timeout`. */
  readonly reason: string;
  readonly message: string;
}

/** Stands for a result that could not be made, where the node that failed says `onError: continue`. */
export interface ErrorValue extends RootCause {
  /** The failures it comes from: itself, or those that made a call be skipped. */
  readonly causes: readonly RootCause[];
}

/**
 * Tells whether a value is an error value.
 *
 * @param value An argument of a node that says `onError: continue`, or an element of one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { isError } from "./is_error.ts";
 *
 * const mean = ({ ys }: { ys: readonly number[] }) => {
 *   const good = ys.filter((y) => !isError(y));
 *   return good.reduce((sum, y) => sum + y, 0) / good.length;
 * };
 * assertEquals(mean({ ys: [1, 3] }), 2);
 * ```
 */
export function isError(value: unknown): value is ErrorValue {
  // Each worker has a copy of the class.
  return typeof value === "object" && value !== null && Symbol.for("flow.error") in value;
}
