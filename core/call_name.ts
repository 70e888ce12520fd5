/**
 * Names of calls of map nodes: `ys[3]`, `zs[0,2]`. The numbers are the place of the call's result in the outputs, without the
 * axes that the call itself makes. Does not know which calls there are.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";

/** A node, or one call of a map node. */
export interface CallName {
  readonly node: string;
  readonly index?: readonly number[];
}

/**
 * Returns the name as the command line takes it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { callName, parseCallName } from "./call_name.ts";
 *
 * assertEquals(callName(parseCallName("zs[0, 2]")), "zs[0,2]");
 * assertEquals(parseCallName("zs"), { node: "zs" });
 * ```
 */
export function callName({ node, index }: CallName): string {
  return index === undefined ? node : `${node}[${index.join(",")}]`;
}

/**
 * Reads the name of a node or call.
 *
 * @throws {UsageError} If the brackets hold anything but positions.
 */
export function parseCallName(text: string): CallName {
  const match = /^([^[\]]+)\[(.*)\]$/s.exec(text);
  if (match === null) return { node: text };
  const [, node, inside] = match;
  const parts = inside.trim() === "" ? [] : inside.split(",").map((part) => part.trim());
  const wrong = parts.find((part) => !/^\d{1,15}$/.test(part));
  if (wrong === undefined) return { node, index: parts.map(Number) };
  throw new UsageError(`Cannot read "${text}": "${wrong}" is no position of a call`, {
    hint: `name one call: ${node}[0], or ${node}[0,2] where two axes are mapped over`,
  });
}
