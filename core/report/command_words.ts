/**
 * Command lines of flow that a text proposes. Pure; does not know what commands do.
 *
 * @module
 */

import { oneLine } from "./view.ts";

/** Returns a command line as the shell takes it, for example `flow log 'my wf.yaml' fit`. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/**
 * Returns the workflow file as a word of a command line; none where flow finds it by itself.
 *
 * @param place A place in the file, `file:line:col`.
 */
export function workflowWord(place: string | undefined): string[] {
  const file = place?.replace(/:\d+:\d+$/, "");
  return file === undefined || /^workflow\.(?:ya?ml|ts)$/.test(file) ? [] : [oneLine(file)];
}

function quoted(word: string): string {
  return /^[\w.,:=@%+/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
