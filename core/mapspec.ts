/**
 * Map-specs: `x[i], y[j] -> z[i, j]` says which elements of which arrays meet in one call, and where
 * the result goes. Does not know nodes, values, shapes or how a call is made.
 *
 * The grammar is pipefunc's, read strictly: what it does not describe is an error with a place. Lengths are added; only axes
 * that an output has and no input may have one.
 * ```text
 * spec  = ( "..." | items ) "->" items        axis = identifier [ "=" length ] | ":"
 * items = item { "," item }                   name = identifier { "." identifier }
 * item  = name "[" axis { "," axis } "]"
 * ```
 * An identifier in a name may hold "-" inside, because names of nodes may.
 *
 * @module
 */

/** One array of a map-spec. An axis `":"` means: every element along it, in one call. */
export interface MapItem {
  /** Name of the array, with its scope if it has one: `x`, `foo.x`. */
  readonly name: string;
  readonly axes: readonly string[];
}

/** A parsed map-spec such as `x[i], y[j] -> z[i, j]`: plain data. */
export interface MapSpec {
  /** The map-spec in normal form: equal specs have equal text. */
  readonly text: string;
  /** Arrays that are read; empty for `... -> x[i]`. */
  readonly inputs: readonly MapItem[];
  /** Arrays that are written, at least one; all have the same axes. */
  readonly outputs: readonly MapItem[];
  /** Axes of the outputs. */
  readonly axes: readonly string[];
  /** Axes of the outputs that an input has, in the outputs' order: there is one call per index. */
  readonly mapped: readonly string[];
  /** Axes of the outputs that no input has: every call returns an array along them. */
  readonly generated: readonly string[];
  /** How long every array along a generated axis must be, where it is said. */
  readonly lengths: Readonly<Record<string, number>>;
  /** Names of the inputs with a `":"` axis: a call gets a part of the array, not one element. */
  readonly reduced: readonly string[];
}

/** Why a text is no map-spec. Offsets are UTF-16 units in the text, half-open. */
export interface MapSpecProblem {
  readonly ok: false;
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly hint?: string;
}

/** What {@linkcode parseMapSpec} returns. */
export type MapSpecResult = { readonly ok: true; readonly spec: MapSpec } | MapSpecProblem;

/** An item with its place in the text. */
interface PlacedItem extends MapItem {
  readonly start: number;
  readonly end: number;
  /** Offset of each axis. */
  readonly starts: readonly number[];
  /** Lengths that are said, with their places. */
  readonly sizes: readonly PlacedLength[];
}

/** A length of an axis; the place is that of `=3`. */
interface PlacedLength {
  readonly axis: string;
  readonly length: number;
  readonly start: number;
  readonly end: number;
}

const IDENTIFIER = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
const NAME = /[\p{ID_Start}_](?:\p{ID_Continue}|\.(?=[\p{ID_Start}_])|-(?=\p{ID_Continue}))*/uy;
const LENGTH = /\d+/y;
const SPACE = /\s*/y;
const WORD = /[^\s,[\]]+/y;
const EXAMPLE = 'Write it as in "x[i], y[j] -> z[i, j]"';

/** Thrown inside the parser only, so that the grammar reads straight. */
class Problem extends Error {
  constructor(message: string, readonly span: readonly [number, number], readonly hint?: string) {
    super(message);
  }
}

/**
 * Parses a map-spec.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { parseMapSpec } from "./mapspec.ts";
 *
 * const good = parseMapSpec("x[i],y[j]->z[ i,j ]");
 * assertEquals(good.ok && good.spec.text, "x[i], y[j] -> z[i, j]");
 *
 * const bad = parseMapSpec("x[i] -> z[j, :]");
 * assertEquals(!bad.ok && [bad.start, bad.end], [13, 14]);
 * ```
 *
 * @param text As written.
 * @returns The map-spec, or the first problem with its place.
 */
export function parseMapSpec(text: string): MapSpecResult {
  try {
    return { ok: true, spec: readSpec(text) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const message = `Cannot read map-spec "${text}": ${error.message}`;
    const [start, end] = error.span;
    return { ok: false, message, start, end, ...(error.hint && { hint: error.hint }) };
  }
}

/**
 * Parses arrays with their axes as one side of a map-spec has them: `x[i], y[i, j]`.
 *
 * @param text As written.
 * @returns The arrays, or the first problem with its place.
 */
export function parseMapItems(
  text: string,
): { readonly ok: true; readonly items: readonly MapItem[] } | MapSpecProblem {
  try {
    const items = readItems(text, 0, text.length, "an array");
    checkNames(items, []);
    checkInputLengths(items);
    const colon = items.find(({ axes }) => axes.includes(":"));
    if (colon === undefined) return { ok: true, items: items.map(plain) };
    const at = colon.starts[colon.axes.indexOf(":")];
    throw new Problem(`"${colon.name}" has ":"`, [at, at + 1], "Give the axis a name");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const [start, end] = error.span;
    const hint = error.hint === EXAMPLE ? 'Write it as in "x[i]"' : error.hint;
    return { ok: false, message: error.message, start, end, ...(hint && { hint }) };
  }
}

/** Reads both sides and checks what the grammar alone does not say. */
function readSpec(text: string): MapSpec {
  const arrow = text.indexOf("->");
  if (arrow < 0) throw new Problem('it has no "->"', [0, text.length], EXAMPLE);
  const second = text.indexOf("->", arrow + 2);
  if (second >= 0) throw new Problem('it has more than one "->"', [second, second + 2], EXAMPLE);
  const generates = text.slice(0, arrow).trim() === "...";
  const inputs = generates ? [] : readItems(text, 0, arrow, "an input");
  const outputs = readItems(text, arrow + 2, text.length, "an output");
  checkNames(inputs, outputs);
  checkOutputs(outputs);
  checkInputAxes(inputs, outputs[0]);
  checkInputLengths(inputs);
  return makeSpec(inputs.map(plain), outputs.map(plain), lengthsOf(inputs, outputs));
}

/** Reads `item, item, …` from `start` to `end`. */
function readItems(text: string, start: number, end: number, role: string): PlacedItem[] {
  const items: PlacedItem[] = [];
  let at = skip(text, start);
  for (;;) {
    const item = readItem(text, at, end, role);
    items.push(item);
    at = skip(text, item.end);
    if (at >= end) return items;
    if (text[at] !== ",") {
      const span = wordAt(text, at, end);
      throw new Problem(`expected "," before ${quoteSpan(text, span)}`, span, EXAMPLE);
    }
    at = skip(text, at + 1);
  }
}

/** Reads `name[axis, …]` at `start`. */
function readItem(text: string, start: number, limit: number, role: string): PlacedItem {
  const name = match(NAME, text, start);
  const nameEnd = start + name.length;
  const word = wordAt(text, start, limit);
  if (start >= limit) {
    throw new Problem(`expected ${role}`, [Math.min(start, limit), limit], EXAMPLE);
  }
  if (name === "" || (word[1] > nameEnd && word[0] === start)) {
    const isDots = text.slice(...word) === "...";
    throw new Problem(
      isDots ? '"..." must be the only input' : `${quoteSpan(text, word)} is no name`,
      word,
      isDots ? EXAMPLE : "Use letters, digits, _ and -, with a dot between scope and name",
    );
  }
  const open = skip(text, nameEnd);
  if (open >= limit || text[open] !== "[") {
    throw new Problem(`"${name}" has no axes`, [start, nameEnd], `Write "${name}[i]"`);
  }
  return { name, start, ...readAxes(text, open, limit, name) };
}

/** Reads `[axis, …]`; `open` is the offset of the bracket. */
function readAxes(
  text: string,
  open: number,
  limit: number,
  name: string,
): Pick<PlacedItem, "axes" | "starts" | "sizes" | "end"> {
  const axes: string[] = [];
  const starts: number[] = [];
  const sizes: PlacedLength[] = [];
  let at = skip(text, open + 1);
  if (text[at] === "]") {
    throw new Problem(`the brackets of "${name}" are empty`, [open, at + 1], `Write "${name}[i]"`);
  }
  for (;;) {
    const axis = text[at] === ":" ? ":" : match(IDENTIFIER, text, at);
    const word = wordAt(text, at, limit);
    if (at >= limit) throw new Problem(`"${name}[" is not closed`, [open, limit], 'Add "]"');
    const isSized = axis !== ":" && text[at + axis.length] === "=";
    if (axis === "" || (word[1] > at + axis.length && !isSized)) {
      const hint = 'Use an identifier such as i, or ":" for the whole axis';
      throw new Problem(`${quoteSpan(text, word)} is no axis of "${name}"`, word, hint);
    }
    if (axis !== ":" && axes.includes(axis)) {
      const hint = "Give the axes different names";
      throw new Problem(`"${name}" has axis "${axis}" twice`, [at, at + axis.length], hint);
    }
    axes.push(axis);
    starts.push(at);
    at = skip(text, at + axis.length);
    if (text[at] === "=" && axis !== ":" && at < limit) {
      const size = readLength(text, at, limit, axis);
      sizes.push(size);
      at = skip(text, size.end);
    }
    if (text[at] === "]" && at < limit) return { axes, starts, sizes, end: at + 1 };
    if (at >= limit) throw new Problem(`"${name}[" is not closed`, [open, limit], 'Add "]"');
    if (text[at] !== ",") {
      const span = wordAt(text, at, limit);
      throw new Problem(`expected "," or "]" before ${quoteSpan(text, span)}`, span, EXAMPLE);
    }
    at = skip(text, at + 1);
  }
}

/** Reads `= length` at `start`. */
function readLength(text: string, start: number, limit: number, axis: string): PlacedLength {
  const at = skip(text, start + 1);
  const digits = match(LENGTH, text, at);
  const word = wordAt(text, at, limit);
  const length = Number(digits);
  if (digits === "" || word[1] > at + digits.length || !Number.isSafeInteger(length)) {
    throw new Problem(
      `${quoteSpan(text, word)} is no length of axis "${axis}"`,
      word,
      `Use a whole number, as in "${axis}=3"; leave it out if it is not known before`,
    );
  }
  return { axis, length, start, end: at + digits.length };
}

/** Every array may stand in a map-spec once. */
function checkNames(inputs: readonly PlacedItem[], outputs: readonly PlacedItem[]): void {
  const seen = new Map<string, "input" | "output">();
  const check = (item: PlacedItem, role: "input" | "output"): void => {
    const before = seen.get(item.name);
    if (before !== undefined) {
      const what = before === role ? `${role} twice` : "both input and output";
      const span = [item.start, item.end] as const;
      throw new Problem(`"${item.name}" is ${what}`, span, "Name each array once");
    }
    seen.set(item.name, role);
  };
  for (const item of inputs) check(item, "input");
  for (const item of outputs) check(item, "output");
}

/** Outputs have names on all axes, and the same ones. */
function checkOutputs(outputs: readonly PlacedItem[]): void {
  const [first] = outputs;
  for (const item of outputs) {
    const colon = item.axes.indexOf(":");
    if (colon >= 0) {
      const at = item.starts[colon];
      const hint = 'Give the axis a name; ":" is for inputs';
      throw new Problem(`output "${item.name}" has ":"`, [at, at + 1], hint);
    }
    if (item.axes.join() !== first.axes.join()) {
      const message = `outputs "${first.name}" and "${item.name}" have different axes`;
      const hint = `Write "${item.name}[${first.axes.join(", ")}]", or use two nodes`;
      throw new Problem(message, [item.start, item.end], hint);
    }
  }
}

/** An input's axis must be one of the output, or the result of a call would have no place. */
function checkInputAxes(inputs: readonly PlacedItem[], output: MapItem): void {
  for (const item of inputs) {
    const missing = item.axes.findIndex((axis) => axis !== ":" && !output.axes.includes(axis));
    if (missing < 0) continue;
    const axis = item.axes[missing];
    const at = item.starts[missing];
    const message = `axis "${axis}" of input "${item.name}" is missing in output "${output.name}"`;
    const hint = `Add "${axis}" to the output, or write ":" to reduce it`;
    throw new Problem(message, [at, at + axis.length], hint);
  }
}

/** How long inputs are they say themselves. */
function checkInputLengths(inputs: readonly PlacedItem[]): void {
  for (const { name, sizes } of inputs) {
    if (sizes.length === 0) continue;
    const [{ axis, start, end }] = sizes;
    const message = `input "${name}" has a length for axis "${axis}"`;
    throw new Problem(message, [start, end], "Leave it out: it is as long as it is");
  }
}

/** Lengths of generated axes; all outputs that say one must say the same. */
function lengthsOf(
  inputs: readonly PlacedItem[],
  outputs: readonly PlacedItem[],
): Record<string, number> {
  const lengths: Record<string, number> = {};
  for (const { name, sizes } of outputs) {
    for (const { axis, length, start, end } of sizes) {
      const source = inputs.find(({ axes }) => axes.includes(axis));
      if (source !== undefined) {
        const message = `axis "${axis}" of output "${name}" is as long as input "${source.name}"`;
        throw new Problem(message, [start, end], "Leave out the length");
      }
      if ((lengths[axis] ??= length) !== length) {
        const message = `axis "${axis}" has two lengths, ${lengths[axis]} and ${length}`;
        throw new Problem(message, [start, end], "All outputs are made together: leave one out");
      }
    }
  }
  return lengths;
}

/** Drops the places. */
function plain({ name, axes }: PlacedItem): MapItem {
  return { name, axes };
}

/**
 * Makes a map-spec of checked items.
 *
 * @param inputs Arrays that are read.
 * @param outputs Arrays that are written, at least one, all with the same axes.
 * @param lengths Of generated axes, where they are said.
 */
export function makeSpec(
  inputs: readonly MapItem[],
  outputs: readonly MapItem[],
  lengths: MapSpec["lengths"] = {},
): MapSpec {
  const { axes } = outputs[0];
  const read = new Set(inputs.flatMap((item) => item.axes));
  const left = inputs.length === 0 ? "..." : inputs.map((item) => formatItem(item)).join(", ");
  return {
    text: `${left} -> ${outputs.map((item) => formatItem(item, lengths)).join(", ")}`,
    inputs,
    outputs,
    axes,
    mapped: axes.filter((axis) => read.has(axis)),
    generated: axes.filter((axis) => !read.has(axis)),
    lengths,
    reduced: inputs.filter((item) => item.axes.includes(":")).map((item) => item.name),
  };
}

/** Formats one array: `z[i, :]`, with lengths of axes `z[i, j=3]`. */
export function formatItem({ name, axes }: MapItem, lengths: MapSpec["lengths"] = {}): string {
  const sized = axes.map((axis) =>
    Object.hasOwn(lengths, axis) ? `${axis}=${lengths[axis]}` : axis
  );
  return `${name}[${sized.join(", ")}]`;
}

/** Returns the text of a map-spec without the lengths: they say nothing of what a single call does. */
export function withoutLengths(text: string): string {
  return text.replaceAll(/=\d+/g, "");
}

/** Returns the offset of the next character that is not white space. */
function skip(text: string, at: number): number {
  return at + match(SPACE, text, at).length;
}

/** Returns what a sticky pattern matches at an offset, or `""`. */
function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/** Returns the span of the word at an offset, at least one character if there is one. */
function wordAt(text: string, at: number, limit: number): readonly [number, number] {
  const word = match(WORD, text.slice(0, limit), at);
  return [Math.min(at, limit), Math.min(at + Math.max(1, word.length), limit)];
}

/** Quotes a part of the text. */
function quoteSpan(text: string, [start, end]: readonly [number, number]): string {
  return `"${text.slice(start, end)}"`;
}

/**
 * Finds an array in the text of a map-spec, as it was written.
 *
 * @param written Text that holds the map-spec, quotes and all.
 * @param name Of the array.
 * @param at Position of one of its axes; the whole array if it is left out.
 * @returns Half-open offsets in `written`, or `undefined` if it is not written there as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { findItem } from "./mapspec.ts";
 *
 * assertEquals(findItem("xs[i] -> x[i, j]", "x"), { start: 9, end: 16 });
 * assertEquals(findItem("xs[i] -> x[i, j]", "x", 1), { start: 14, end: 15 });
 * ```
 */
export function findItem(
  written: string,
  name: string,
  at?: number,
): { readonly start: number; readonly end: number } | undefined {
  const before = String.raw`(?<![\p{ID_Continue}.-])`;
  // Of the characters of a name only the dot means something in a pattern.
  const pattern = new RegExp(`${before}${name.replaceAll(".", "\\.")}\\s*\\[[^\\]]*\\]`, "u");
  const found = pattern.exec(written);
  if (found === null) return undefined;
  const { index: start, 0: item } = found;
  const whole = { start, end: start + item.length };
  if (at === undefined) return whole;
  let from = item.indexOf("[") + 1;
  for (let axis = 0; axis < at; axis++) from = item.indexOf(",", from) + 1;
  const [text] = /[^,\]]*/.exec(item.slice(from)) ?? [""];
  const axis = start + from + text.length - text.trimStart().length;
  return { start: axis, end: axis + text.trim().length };
}
