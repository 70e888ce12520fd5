/**
 * Where two values differ first. Pure; does not know where they come from.
 *
 * @module
 */

/** The first place in which two values differ. */
export interface ValueDifference {
  /** For example `$.rows[3].name`; `$` is the value itself. */
  readonly path: string;
  /** Short forms of what is there. */
  readonly before: string;
  readonly after: string;
}

/** Characters of a short form. */
const SHORT_CHARS = 60;

/**
 * Returns the first difference between two values as structured clone knows them, in the order in which they are written.
 * Two values without one are stored as the same bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { firstDifference } from "./difference.ts";
 *
 * assertEquals(firstDifference({ a: [1, 2] }, { a: [1, 3] }), { path: "$.a[1]", before: "2", after: "3" });
 * assertEquals(firstDifference([NaN], [NaN]), undefined);
 * ```
 */
export function firstDifference(a: unknown, b: unknown, path = "$"): ValueDifference | undefined {
  if (Object.is(a, b)) return undefined;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return { path, before: shortForm(a), after: shortForm(b) };
  switch (kind) {
    case "Array":
      return inItems(a as unknown[], b as unknown[], path);
    case "Object":
      return inMembers(a as Members, b as Members, path);
    case "Map":
      return inItems([...a as Map<unknown, unknown>], [...b as Map<unknown, unknown>], path);
    case "Set":
      return inItems([...a as Set<unknown>], [...b as Set<unknown>], path);
    case "Date":
      return firstDifference((a as Date).getTime(), (b as Date).getTime(), path);
    case "ArrayBuffer":
      return inItems(
        new Uint8Array(a as ArrayBuffer),
        new Uint8Array(b as ArrayBuffer),
        path,
      );
    default:
      if (ArrayBuffer.isView(a)) return inViews(a, b as ArrayBufferView, path);
      return { path, before: shortForm(a), after: shortForm(b) };
  }
}

type Members = Readonly<Record<string, unknown>>;

/** Name of what a value is an instance of; each scalar is of its own kind, unless it is equal. */
function kindOf(value: unknown): string {
  if (value === null || typeof value !== "object") return typeof value;
  return Object.prototype.toString.call(value).slice(8, -1);
}

function inItems(
  a: ArrayLike<unknown>,
  b: ArrayLike<unknown>,
  path: string,
): ValueDifference | undefined {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    // A hole and `undefined` are two things.
    if ((i in a) !== (i in b)) return { path: `${path}[${i}]`, ...holes(i in a) };
    const found = firstDifference(a[i], b[i], `${path}[${i}]`);
    if (found !== undefined) return found;
  }
  if (a.length === b.length) return undefined;
  return { path: `${path}.length`, before: String(a.length), after: String(b.length) };
}

function holes(isFilled: boolean): { before: string; after: string } {
  const [filled, hole] = ["undefined", "absent"];
  return isFilled ? { before: filled, after: hole } : { before: hole, after: filled };
}

function inMembers(a: Members, b: Members, path: string): ValueDifference | undefined {
  const [names, others] = [Object.keys(a), Object.keys(b)];
  for (const name of names) {
    const place = `${path}${memberPath(name)}`;
    if (!Object.hasOwn(b, name)) {
      return { path: place, before: shortForm(a[name]), after: "absent" };
    }
    const found = firstDifference(a[name], b[name], place);
    if (found !== undefined) return found;
  }
  const added = others.find((name) => !Object.hasOwn(a, name));
  if (added !== undefined) {
    const place = `${path}${memberPath(added)}`;
    return { path: place, before: "absent", after: shortForm(b[added]) };
  }
  // The order of members is stored, and a node can see it.
  const at = names.findIndex((name, i) => name !== others[i]);
  if (at < 0) return undefined;
  const order = (list: readonly string[]) => shorten(`members in order ${list.join(", ")}`);
  return { path, before: order(names.slice(at)), after: order(others.slice(at)) };
}

function inViews(
  a: ArrayBufferView,
  b: ArrayBufferView,
  path: string,
): ValueDifference | undefined {
  if (!(a instanceof DataView)) {
    const [x, y] = [a, b] as unknown as [ArrayLike<unknown>, ArrayLike<unknown>];
    return inItems(x, y, path);
  }
  const bytes = (view: ArrayBufferView): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return inItems(bytes(a), bytes(b), path);
}

function memberPath(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function shortForm(value: unknown): string {
  if (typeof value === "string") return shorten(JSON.stringify(value));
  if (typeof value === "bigint") return shorten(`${value}n`);
  if (Object.is(value, -0)) return "-0";
  if (value === null || typeof value !== "object") return String(value);
  const kind = kindOf(value);
  return kind === "Array"
    ? `an array of ${(value as unknown[]).length}`
    : `${article(kind)}${kind}`;
}

function article(noun: string): string {
  return /^[AEIOU]/.test(noun) ? "an " : "a ";
}

function shorten(text: string): string {
  return text.length > SHORT_CHARS ? `${text.slice(0, SHORT_CHARS - 1)}…` : text;
}
