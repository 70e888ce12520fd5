/**
 * The grammar of words that select nodes: `NAME`, `+NAME`, `NAME+`, `'model*'`. Does not know graphs or which names exist.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";

/** A word that selects nodes, taken apart. */
export interface Selector {
  /** Without the plus signs. */
  readonly name: string;
  /** `+NAME`: also everything upstream. */
  readonly up: boolean;
  /** `NAME+`: also everything downstream. */
  readonly down: boolean;
  /** What names of nodes must match, if the name holds `*` or `?`. */
  readonly pattern?: RegExp;
}

/**
 * Takes a selector apart.
 *
 * @throws {UsageError} If it names nothing, or has a plus sign where none may be.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { parseSelector } from "./selector.ts";
 *
 * assertEquals(parseSelector("model+"), { name: "model", up: false, down: true });
 * assertEquals(parseSelector("fit_?").pattern?.test("fit_a"), true);
 * ```
 */
export function parseSelector(text: string): Selector {
  const parts = /^(\+?)([^+]+)(\+?)$/.exec(text);
  if (parts === null) {
    throw new UsageError(`Cannot select "${text}": it is no name with a "+" before or behind it`, {
      hint: "write NAME, +NAME (with what it needs), NAME+ (with what needs it) or +NAME+",
    });
  }
  const [, up, name, down] = parts;
  const selector = { name, up: up !== "", down: down !== "" };
  return /[*?]/.test(name) ? { ...selector, pattern: patternOf(name) } : selector;
}

function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("\\*", ".*").replaceAll("\\?", ".")}$`, "s");
}
