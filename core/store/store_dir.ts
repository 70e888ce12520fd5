/**
 * Makes the directory of a store. Does not know what will be in it.
 *
 * @module
 */

import { guarded, lstatIfExists } from "./io.ts";

/** Tells backup programs to leave the directory out (https://bford.info/cachedir/). */
const CACHEDIR_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n" +
  "# This directory is made by flow and can be deleted at any time between runs.\n";

/**
 * Makes the directory and the files that keep it out of version control and backups.
 *
 * @throws {StoreError} If they cannot be made.
 */
export function prepareDir(dir: string): void {
  if (lstatIfExists(`${dir}/CACHEDIR.TAG`) !== undefined) return;
  guarded("make directory", dir, () => Deno.mkdirSync(dir, { recursive: true }));
  for (const [name, text] of [[".gitignore", "*\n"], ["CACHEDIR.TAG", CACHEDIR_TAG]] as const) {
    guarded("write", `${dir}/${name}`, () => Deno.writeTextFileSync(`${dir}/${name}`, text));
  }
}
