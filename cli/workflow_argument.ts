/**
 * Finds which word of a command line names the workflow file. Does not read the file.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";

/** A word that ends like this is a workflow file, whether it exists or not. */
const WORKFLOW_FILE = /\.(?:ya?ml|ts|mts|js|mjs)$/i;

/** What the positional words of a command mean. */
export interface Target {
  /** Path of the workflow file as typed, or `undefined` for the one of `dir`. */
  readonly file: string | undefined;
  /** Directory in which the workflow is looked for when no file is named. */
  readonly dir: string;
  /** Names of nodes or outputs. */
  readonly names: readonly string[];
}

/**
 * Splits `[WORKFLOW] [NAMES…]`.
 *
 * The first word is the workflow if it ends in `.yaml`, `.yml`, `.ts` or `.js`, or is a path to a directory
 * (`.` or with a slash). A node may well be named like a file beside it, so other words are names.
 *
 * @param words Positional words.
 * @param cwd Directory the command was started in.
 * @throws {UsageError} If the first word is a path to a file that cannot be a workflow.
 */
export function splitTarget(words: readonly string[], cwd: string): Target {
  const [first, ...rest] = words;
  if (first === undefined) return { file: undefined, dir: cwd, names: [] };
  if (WORKFLOW_FILE.test(first)) return { file: first, dir: cwd, names: rest };
  if (first === "." || first === ".." || first.includes("/")) {
    const path = first.startsWith("/") ? first : `${cwd}/${first}`;
    const info = statOf(path);
    if (info?.isDirectory) return { file: undefined, dir: path, names: rest };
    if (info?.isFile && first.startsWith("/")) {
      throw new UsageError(`Cannot use "${first}" as workflow: its name has another ending`, {
        hint: "name it *.yaml, *.yml or *.ts",
      });
    }
  }
  return { file: undefined, dir: cwd, names: words };
}

/** Returns what is at a path, if anything. */
function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
