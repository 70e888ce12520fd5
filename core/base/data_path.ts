/**
 * Paths of keys and indices into plain data, as text and back. Does not know what the data is.
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

/** Keys and indices from the root; a negative index counts from the end. */
export type DataPath = readonly (string | number)[];

/** What a text says, or what is wrong with it and where; offsets are half-open. */
export type ParsedPath =
  | { readonly ok: true; readonly path: DataPath }
  | { readonly ok: false; readonly message: string; readonly start: number; readonly end: number };

const STEP = /\.?([\p{L}_$][\p{L}\p{N}_$-]*)|\[(-?[0-9]{1,15})\]|\[("(?:[^"\\]|\\.)*")\]/uy;

/**
 * Reads a path as people write it: `stats.mean`, `[0].x`, `rows[-1]["a name"]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { parseDataPath } from "./data_path.ts";
 *
 * assertEquals(parseDataPath("[0].x"), { ok: true, path: [0, "x"] });
 * ```
 */
export function parseDataPath(text: string): ParsedPath {
  const path: (string | number)[] = [];
  let at = 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    const isDotted = text[at] === ".";
    // The first name has no dot, all others have one.
    const isMisplaced = match?.[1] !== undefined && isDotted === (at === 0);
    if (match === null || isMisplaced) {
      const message = "expected a path such as stats.mean or [0].x";
      return { ok: false, message, start: at, end: text.length };
    }
    const [, name, index, quoted] = match;
    path.push(name ?? (index === undefined ? keyOf(quoted) : Number(index)));
    at = STEP.lastIndex;
  }
  if (path.length > 0) return { ok: true, path };
  return { ok: false, message: "the path is empty", start: 0, end: text.length };
}

/** A text in quotes as JSON has it, or as it stands if JSON does not have it. */
function keyOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
