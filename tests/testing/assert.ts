/** Assertions of the tests and doc examples: `node:assert` under the names Deno users know. Knows nothing of flow. */

import assert from "node:assert/strict";

/** Fails unless `condition` is truthy. */
export function assertOk(condition: unknown, message?: string): asserts condition {
  assert.ok(condition, message);
}

/** Fails unless both values are deeply and strictly equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assert.deepStrictEqual(actual, expected, message);
}

/** Fails unless `text` contains `part`, and shows the whole text. */
export function assertIncludes(text: string, part: string): void {
  assert.ok(text.includes(part), `expected to find\n  ${part}\nin\n${text}`);
}

/** Fails unless `text` matches `pattern`, and shows the whole text. */
export function assertMatches(text: string, pattern: RegExp): void {
  assert.match(text, pattern);
}

/** Runs `body` and returns the error it throws; fails if it does not throw a `type`. */
export function assertThrows<E extends Error>(
  body: () => unknown,
  // deno-lint-ignore no-explicit-any -- a constructor of any signature
  type: abstract new (...args: any[]) => E,
): E {
  try {
    body();
  } catch (error) {
    assert.ok(error instanceof type, `expected ${type.name}, got ${String(error)}`);
    return error;
  }
  assert.fail(`expected ${type.name}, nothing was thrown`);
}

/** Awaits `body` and returns the error it rejects with; fails if it does not reject with a `type`. */
export async function assertRejects<E extends Error>(
  body: () => Promise<unknown>,
  // deno-lint-ignore no-explicit-any -- a constructor of any signature
  type: abstract new (...args: any[]) => E,
): Promise<E> {
  try {
    await body();
  } catch (error) {
    assert.ok(error instanceof type, `expected ${type.name}, got ${String(error)}`);
    return error;
  }
  assert.fail(`expected ${type.name}, nothing was thrown`);
}
