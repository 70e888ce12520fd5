/**
 * Drops what a store remembers of runs that had nothing to do. Does not know what is remembered, or by whom.
 *
 * @module
 */

import { guarded, lstatIfExists, removeIfExists } from "./io.ts";

/** A memo. What another process is just writing has a longer name and is not touched. */
const MEMO = /^[0-9a-f]{32}$/;

/**
 * Removes all memos, so that every next run looks at its nodes.
 *
 * @param storeDir The store directory.
 * @throws {StoreError} If one cannot be removed.
 */
export function removeMemos(storeDir: string): void {
  const dir = `${storeDir}/memos`;
  if (lstatIfExists(dir) === undefined) return;
  for (const { name } of Deno.readDirSync(dir)) {
    const path = `${dir}/${name}`;
    if (MEMO.test(name)) guarded("remove", path, () => removeIfExists(path));
  }
}
