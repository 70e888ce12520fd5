/**
 * Paths below a directory, a tenth of the cost of `node:path` for the usual ones. Does not look at the disk.
 *
 * @module
 */

import { resolve } from "node:path";

/** A part that is empty, `.` or `..`: such a path is not written as it is meant. */
const SPECIAL_PART = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * Returns the absolute path of a path relative to a directory; the same as `resolve`.
 *
 * @param dir Absolute and normal, as `dirname` returns it.
 * @param path Relative or absolute.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { pathIn } from "./path.ts";
 *
 * assertEquals([pathIn("/a", "b/.c"), pathIn("/a", "../b/./c/"), pathIn("/a", "/b")], ["/a/b/.c", "/b/c", "/b"]);
 * ```
 */
export function pathIn(dir: string, path: string): string {
  if (dir === "/" || SPECIAL_PART.test(path)) return resolve(dir, path);
  return `${dir}/${path}`;
}
