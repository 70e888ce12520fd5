/**
 * Error values: made of failures, found in values, told in words. Pure; does not know nodes or who gets them.
 *
 * @module
 */

import type { Failure } from "./action.ts";
import { decodeValue, encodeError, type ErrorCause, type ErrorFields } from "./base/value.ts";
import { type CallName, callName } from "./call_name.ts";
import { isError } from "./is_error.ts";

/** Root causes an error value names. */
const MAX_CAUSES = 20;
/** Causes a message names. */
const MAX_NAMED = 3;
/** Characters of a message that an error value keeps. */
const MESSAGE_CHARS = 1000;

/** Returns the text of what stands for the result of a node or call that failed. */
export function errorOfFailure({ node, index }: CallName, failure: Failure): string {
  const { reason, message, causes } = failure;
  const at = index === undefined ? {} : { index };
  const own = { node, ...at, reason, message: shortened(message) };
  return encodeError({ ...own, causes: causes ?? [own] });
}

/** Returns the text of what stands for the result of a call that was not made because of error values. */
export function errorOfSkipped({ node, index }: CallName, causes: readonly ErrorCause[]): string {
  const message = `it takes ${formatCauses(causes)}`;
  const at = index === undefined ? {} : { index };
  return encodeError({ node, ...at, reason: "skipped", message, causes });
}

/** Returns the error values in a decoded value, in order; those inside of error values are not looked for. */
export function errorsIn(value: unknown): ErrorFields[] {
  const found: ErrorFields[] = [];
  collect(value, found);
  return found;
}

/** Returns the error value an encoded value is, if it is one. */
export function asError(value: unknown): ErrorFields | undefined {
  return isError(value) ? value : undefined;
}

/** Returns the root causes of error values in a stored value, each once. */
export function rootCausesOf(encoded: string | Uint8Array): ErrorCause[] {
  return rootCauses(errorsIn(decodeValue(encoded)));
}

/** Returns the root causes of error values, each once. */
export function rootCauses(errors: readonly ErrorFields[]): ErrorCause[] {
  return distinctCauses(errors.flatMap(({ causes }) => causes));
}

/**
 * Says where errors come from: `ys[1] (no 1), ys[4] (no 4) and 3 more`.
 *
 * @param causes At least one.
 */
export function formatCauses(causes: readonly ErrorCause[]): string {
  const named = causes.slice(0, MAX_NAMED).map(({ message, ...place }) =>
    `${callName(place)} (${message.split("\n")[0]})`
  );
  const more = causes.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/**
 * Lets an error value in the place of an array stand for every element that would be in it. How many there are is taken
 * from other arrays of that depth; where there is none, it stays.
 *
 * @param value A nested array.
 * @param rank How deep.
 */
export function spreadErrors(value: unknown, rank: number): unknown {
  return spread(value, lengthsOf(value, rank));
}

/** Returns the error values that stand for arrays of a nested array, in order. */
export function errorsAbove(value: unknown, rank: number): ErrorFields[] {
  if (rank === 0) return [];
  if (isError(value)) return [value];
  return Array.isArray(value) ? value.flatMap((item) => errorsAbove(item, rank - 1)) : [];
}

/** By depth: how long the first array is that is no error value. */
function lengthsOf(value: unknown, rank: number): (number | undefined)[] {
  let level: readonly unknown[] = [value];
  return Array.from({ length: rank }, () => {
    const arrays = level.filter((item) => Array.isArray(item)) as unknown[][];
    level = arrays.flat();
    return arrays[0]?.length;
  });
}

function spread(value: unknown, lengths: readonly (number | undefined)[]): unknown {
  const [length, ...rest] = lengths;
  if (isError(value)) {
    return length === undefined ? value : Array.from({ length }, () => spread(value, rest));
  }
  // A typed array holds numbers only.
  if (lengths.length <= 1 || !Array.isArray(value)) return value;
  return value.map((row) => spread(row, rest));
}

function shortened(message: string): string {
  return message.length > MESSAGE_CHARS ? `${message.slice(0, MESSAGE_CHARS)}…` : message;
}

function collect(value: unknown, found: ErrorFields[]): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  if (isError(value)) found.push(value);
  else if (value instanceof Map) {
    for (const [key, item] of value) {
      collect(key, found);
      collect(item, found);
    }
  } else if (value instanceof Set || Array.isArray(value)) {
    for (const item of value) collect(item, found);
  } else for (const item of Object.values(value)) collect(item, found);
}

/** Returns causes, each once, the first twenty. */
export function distinctCauses(causes: readonly ErrorCause[]): ErrorCause[] {
  const byText = new Map<string, ErrorCause>();
  for (const { node, index, reason, message } of causes) {
    const key = JSON.stringify([node, index]);
    if (byText.has(key)) continue;
    if (byText.size === MAX_CAUSES) break;
    byText.set(key, { node, ...(index === undefined ? {} : { index }), reason, message });
  }
  return [...byText.values()];
}
