/**
 * Says that published files belong to no node any more, and what removes them. Does not look for any.
 *
 * @module
 */

import { writeStderr } from "./output.ts";

/**
 * Prints `2 published files belong to no node any more: flow clean` to standard error.
 *
 * @param count How many there are, at least one.
 * @param file The workflow file as typed, if it was named.
 */
export function tellOrphans(count: number, file: string | undefined): void {
  const files = count === 1 ? "file belongs" : "files belong";
  const command = file === undefined ? "flow clean" : `flow clean ${file}`;
  writeStderr(`${count} published ${files} to no node any more: ${command}\n`);
}
