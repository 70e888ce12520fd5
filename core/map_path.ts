/**
 * Paths of the files that the calls of a map node make: `plots/{i}_{j:03}.png`, where a word is an axis and stands for the
 * position of a call along it. Does not know map-specs, nodes or files.
 *
 * @module
 */

/** A word of a path: the position along an axis, filled with zeros from the left up to a width. */
interface Word {
  readonly axis: string;
  readonly width: number;
  /** Half-open range of UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
}

/** A path as it was written: texts and words in turns. */
export interface MapPath {
  readonly parts: readonly (string | Word)[];
}

/** A path, or the first thing that is wrong with it. */
export type MapPathResult =
  | { readonly ok: true; readonly path: MapPath }
  | {
    readonly ok: false;
    readonly message: string;
    readonly start: number;
    readonly end: number;
    readonly hint: string;
  };

const BRACES = /\{[^{}/]*\}?|\}/g;
const WORD = /^\{([A-Za-z_]\w*)(?::0([1-9]|1\d))?\}$/;

/**
 * Parses a path.
 *
 * @param text The path.
 * @param axes Axes of the calls: each must be in it, or two calls would write one file.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { parseMapPath, renderMapPath } from "./map_path.ts";
 *
 * const parsed = parseMapPath("{i}/{j:03}.png", ["i", "j"]);
 * assertEquals(parsed.ok && renderMapPath(parsed.path, ["j", "i"], [7, 12]), "12/007.png");
 * ```
 */
export function parseMapPath(text: string, axes: readonly string[]): MapPathResult {
  const parts: (string | Word)[] = [];
  let from = 0;
  for (const { 0: written, index: start } of text.matchAll(BRACES)) {
    const end = start + written.length;
    const word = wordOf(written, axes);
    if ("message" in word) return { ok: false, ...word, start, end };
    const before = text.slice(from, start);
    if (parts.length > 0 && !/\D/.test(before)) return tooClose(text, from, start, end);
    parts.push(before, { ...word, start, end });
    from = end;
  }
  parts.push(text.slice(from));
  const missing = axes.find((axis) =>
    !parts.some((part) => typeof part !== "string" && part.axis === axis)
  );
  if (missing !== undefined) return lacks(text, missing);
  return { ok: true, path: { parts } };
}

function wordOf(
  written: string,
  axes: readonly string[],
): { readonly axis: string; readonly width: number } | {
  readonly message: string;
  readonly hint: string;
} {
  const known = axes.map((axis) => `{${axis}}`).join(" and ");
  const found = WORD.exec(written);
  if (found === null) {
    return {
      message: `Cannot read "${written}" in a path: a word is an axis in braces`,
      hint: `write ${known}, or {${axes[0]}:03} for 000, 001, …`,
    };
  }
  const [, axis, width = "1"] = found;
  if (axes.includes(axis)) return { axis, width: Number(width) };
  return {
    message: `Cannot fill "${written}" in a path: the calls have no axis "${axis}"`,
    hint: `write ${known}`,
  };
}

/** Between digits nobody can tell where one position ends. */
function tooClose(text: string, from: number, start: number, end: number): MapPathResult {
  const before = text.lastIndexOf("{", from - 1);
  const [first, second] = [text.slice(before, from), text.slice(start, end)];
  return {
    ok: false,
    message: `Cannot tell ${first} from ${second} in path "${text}": only digits are between them`,
    start: before,
    end,
    hint: `write something between them: ${first}_${second}`,
  };
}

function lacks(text: string, axis: string): MapPathResult {
  const dot = /\.[^./{}]*$/.exec(text)?.index ?? text.length;
  const separator = /[\w}]$/.test(text.slice(0, dot)) ? "_" : "";
  return {
    ok: false,
    message: `Cannot publish every call under "${text}": calls along axis "${axis}" would write ` +
      "the same path",
    start: 0,
    end: text.length,
    hint: `put the axis into the path: ${text.slice(0, dot)}${separator}{${axis}}${
      text.slice(dot)
    }`,
  };
}

/**
 * Returns the path of one call.
 *
 * @param axes Names of the axes.
 * @param index Position along each.
 */
export function renderMapPath(
  { parts }: MapPath,
  axes: readonly string[],
  index: readonly number[],
): string {
  return parts.map((part) =>
    typeof part === "string"
      ? part
      : String(index[axes.indexOf(part.axis)]).padStart(part.width, "0")
  ).join("");
}

/**
 * Returns the position of the call that has a path, by axis; `undefined` if no call can have it.
 *
 * @param path One that {@linkcode renderMapPath} may have made.
 */
export function positionIn(
  { parts }: MapPath,
  path: string,
): ReadonlyMap<string, number> | undefined {
  const pattern = parts.map((part) =>
    typeof part === "string" ? part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : "(\\d+)"
  ).join("");
  const found = new RegExp(`^${pattern}$`).exec(path);
  if (found === null) return undefined;
  const position = new Map<string, number>();
  const words = parts.filter((part) => typeof part !== "string");
  for (const [at, { axis, width }] of words.entries()) {
    const index = Number(found[at + 1]);
    const isWritten = String(index).padStart(width, "0") === found[at + 1];
    if (!isWritten || (position.get(axis) ?? index) !== index) return undefined;
    position.set(axis, index);
  }
  return position;
}

const RUN = /(?:\d|\{[^{}/]*\})+/g;

/** Returns what all paths have in common that may be the same one: runs of digits and words are `#`. */
export function pathOutline(text: string): string {
  return text.replace(RUN, "#");
}

/**
 * Tells whether two paths, of which any may have words, can be the same one. Both have the same outline.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { canBeSame } from "./map_path.ts";
 *
 * assertEquals(canBeSame("a1{i}.png", "a17.png"), true);
 * assertEquals(canBeSame("a1{i}.png", "a27.png"), false);
 * assertEquals(canBeSame("a{i:02}.png", "a7.png"), false);
 * assertEquals(canBeSame("a{i}.png", "a{j}0.png"), true);
 * ```
 */
export function canBeSame(one: string, other: string): boolean {
  const others = other.match(RUN) ?? [];
  return (one.match(RUN) ?? []).every((run, i) => canRunsBeSame(run, others[i]));
}

/** A run has one word at most, with digits around it. */
function canRunsBeSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((run) => run.split(/\{.*\}/));
  if (a.length === 1 && b.length === 1) return one === other;
  if (a.length === 1) return canRunsBeSame(other, one);
  if (b.length === 1) {
    const digits = other.slice(a[0].length, other.length - a[1].length);
    const width = Number(/:0(\d+)\}/.exec(one)?.[1] ?? 1);
    return digits !== "" && other === a[0] + digits + a[1] &&
      String(Number(digits)).padStart(width, "0") === digits;
  }
  return (a[0].startsWith(b[0]) || b[0].startsWith(a[0])) &&
    (a[1].endsWith(b[1]) || b[1].endsWith(a[1]));
}

/**
 * Returns the name under which a call sees its private file: it must not depend on the call's position, or what was made at
 * one could not be used at another.
 *
 * @param name Of the output.
 */
export function privateName(name: string, text: string): string {
  const base = text.slice(text.lastIndexOf("/") + 1);
  if (!base.includes("{")) return base;
  const extension = /\.[^./{}]*$/.exec(base)?.[0] ?? "";
  return `${name}${extension}`;
}
