/**
 * Finds which word of a command line names the workflow file. Does not read the file.
 *
 * @module
 */

/** A word that ends like this is a workflow file, whether it exists or not. */
const WORKFLOW_FILE = /\.(?:ya?ml|json|[cm]?[jt]s)$/i;

/** What the positional words of a command mean. */
export interface Target {
  /** Path of the workflow file or its directory as typed, or `undefined` for the one of `dir`. */
  readonly file: string | undefined;
  /** Directory in which the workflow is looked for when no file is named. */
  readonly dir: string;
  /** Names of nodes or outputs. */
  readonly names: readonly string[];
}

/**
 * Splits `[WORKFLOW] [NAMES…]`.
 *
 * The first word is the workflow if it ends like one (`.yaml`, `.ts`, …), or is a path to a directory
 * (`.` or with a slash). A node may well be named like a file beside it, so other words are names.
 *
 * @param words Positional words.
 * @param cwd Directory the command was started in.
 */
export function splitTarget(words: readonly string[], cwd: string): Target {
  const [first, ...rest] = words;
  if (first === undefined) return { file: undefined, dir: cwd, names: [] };
  if (WORKFLOW_FILE.test(first)) return { file: first, dir: cwd, names: rest };
  if ((first === "." || first === ".." || first.includes("/")) && isDirectory(first, cwd)) {
    return { file: first, dir: cwd, names: rest };
  }
  return { file: undefined, dir: cwd, names: words };
}

/** Returns an absolute path. `node:path` would cost a tenth of the start-up. */
export function absolutePath(path: string, cwd: string): string {
  return path.startsWith("/") ? path : `${cwd}/${path}`;
}

/** Tells whether there is a directory. */
export function isDirectory(path: string, cwd: string): boolean {
  try {
    return Deno.statSync(absolutePath(path, cwd)).isDirectory;
  } catch {
    // Then it is a name; whoever looks it up says what is wrong.
    return false;
  }
}
