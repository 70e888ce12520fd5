/**
 * Paths of keys and indices into plain data, as text. Does not know what the data is.
 *
 * @module
 */

/**
 * Returns a path as people write it.
 *
 * @param path Keys and indices from the root.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { joinPath } from "./data_path.ts";
 *
 * assertEquals(joinPath(["nodes", "fit", "run", 0]), "nodes.fit.run[0]");
 * ```
 */
export function joinPath(path: readonly (string | number)[]): string {
  return path
    .map((key, i) => typeof key === "number" ? `[${key}]` : (i > 0 ? "." : "") + key)
    .join("");
}
