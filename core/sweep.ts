/**
 * Sweeps: many combinations of values for the inputs and params of a workflow. Pure; does not know how they are written,
 * which names a workflow has, nor what is done with a combination.
 *
 * The order is that of nested loops over the axes as written, the last one innermost.
 *
 * @module
 */

import type { FunctionRef, Json } from "./workflow.ts";

/** Values by name; names are written as in the file: an input, or a param with or without `params.`. */
export type Combination = Readonly<Record<string, Json>>;

/** Names whose values go together: all lists are equally long. One name is the usual case. */
export interface Axis {
  readonly values: Readonly<Record<string, readonly Json[]>>;
  /** Where it is written, below the block of the sweep. */
  readonly at: readonly (string | number)[];
}

/** One block of a sweep: every element of an axis with every element of the others. */
export interface SweepBlock {
  readonly axes: readonly Axis[];
  /** Values of names that no axis has. */
  readonly constants: Combination;
  /** Texts by name, filled in order, which see what is derived before them; or a function that returns values by name. */
  readonly derived: Readonly<Record<string, string>> | FunctionRef;
  /** A combination with all values of one of these is left out. */
  readonly exclude: readonly Combination[];
  /** Tells which combinations stay. */
  readonly filter?: FunctionRef;
  /** Where it is written. */
  readonly at: readonly (string | number)[];
}

/** The combinations of all blocks, one block after the other. */
export type Sweep = readonly SweepBlock[];

/** Combinations beyond which a sweep is refused. */
export const MAX_COMBINATIONS = 1_000_000;

/** How many combinations a block has before any is left out. */
export function sizeOf({ axes }: Pick<SweepBlock, "axes">): number {
  return axes.reduce((size, axis) => size * lengthOf(axis), 1);
}

/** Elements of an axis. */
function lengthOf({ values }: Axis): number {
  const [first] = Object.values(values);
  return first?.length ?? 1;
}

/** Tells whether names are derived by a function rather than by texts. */
export function isFunction(derived: SweepBlock["derived"]): derived is FunctionRef {
  return (derived as { readonly kind?: unknown }).kind === "function";
}

/**
 * Returns the combinations of a block with its constants and derived texts; nothing is left out yet.
 * O(combinations × names).
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { type Axis, combinationsOf } from "./sweep.ts";
 *
 * const axes: Axis[] = [{ values: { lr: [0.1, 0.2] }, at: [] }, { values: { a: [1, 2], b: [3, 4] }, at: [] }];
 * assertEquals(combinationsOf({ axes, derived: { name: "${lr}-${a}" } }), [
 *   { lr: 0.1, a: 1, b: 3, name: "0.1-1" },
 *   { lr: 0.1, a: 2, b: 4, name: "0.1-2" },
 *   { lr: 0.2, a: 1, b: 3, name: "0.2-1" },
 *   { lr: 0.2, a: 2, b: 4, name: "0.2-2" },
 * ]);
 * ```
 */
export function combinationsOf(
  { axes, constants = {}, derived = {} }: Pick<SweepBlock, "axes"> & Partial<SweepBlock>,
): Combination[] {
  const grid = axes.map(elementsOf).reduce(cross, [{}]);
  return grid.map((element) => {
    const found: Record<string, Json> = { ...constants, ...element };
    if (isFunction(derived)) return found;
    for (const [name, text] of Object.entries(derived)) found[name] = fill(text, found);
    return found;
  });
}

/** The elements of an axis as combinations of its names. */
function elementsOf(axis: Axis): Combination[] {
  const columns = Object.entries(axis.values);
  return Array.from(
    { length: lengthOf(axis) },
    (_, i) => Object.fromEntries(columns.map(([name, values]) => [name, values[i]])),
  );
}

/** Returns all with all. */
export function cross(
  left: readonly Combination[],
  right: readonly Combination[],
): Combination[] {
  return left.flatMap((a) => right.map((b) => ({ ...a, ...b })));
}

const REFERENCE = /\$\{([^}]*)\}/g;

/** Names that a derived text uses. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, name]) => name);
}

/** Fills a derived text; a text that is one reference and nothing else is that value, of whatever type. */
function fill(text: string, values: Combination): Json {
  const [only] = namesIn(text);
  if (text === `\${${only}}`) return values[only];
  return text.replace(REFERENCE, (_, name) => textOf(values[name]));
}

/** A value in a text: as it is, or as JSON. */
export function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Tells whether a combination is left out. */
export function isExcluded(combination: Combination, exclude: readonly Combination[]): boolean {
  return exclude.some((partial) =>
    Object.entries(partial).every(([name, value]) =>
      Object.hasOwn(combination, name) && identityOf(combination[name]) === identityOf(value)
    )
  );
}

/** Returns what a combination says of some names, or all; equal ones once, in the order they come first. */
export function distinct(
  combinations: readonly Combination[],
  names?: readonly string[],
): Combination[] {
  const found = new Map<string, Combination>();
  for (const combination of combinations) {
    const part = names === undefined ? combination : project(combination, names);
    const identity = identityOf(part);
    if (!found.has(identity)) found.set(identity, part);
  }
  return [...found.values()];
}

/** Returns the part of a combination that is about some names. */
export function project(combination: Combination, names: readonly string[]): Combination {
  const part: Record<string, Json> = {};
  for (const name of names) if (Object.hasOwn(combination, name)) part[name] = combination[name];
  return part;
}

/** All names that combinations give values to, in the order they come first. */
export function namesOf(combinations: readonly Combination[]): string[] {
  return [...new Set(combinations.flatMap((combination) => Object.keys(combination)))];
}

/** A text that is the same for equal values: keys of objects in order. */
export function identityOf(value: Json): string {
  return JSON.stringify(
    value,
    (_key, member: Json) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
  );
}

/** A range that makes no list of values. */
export interface RangeProblem {
  readonly message: string;
  readonly hint?: string;
}

/**
 * Returns the numbers of a range as Python has it: the end is not among them.
 *
 * @param bounds `[end]`, `[start, end]` or `[start, end, step]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { rangeOf } from "./sweep.ts";
 *
 * assertEquals(rangeOf([3]), [0, 1, 2]);
 * assertEquals(rangeOf([0, 0.4, 0.1]), [0, 0.1, 0.2, 0.3]);
 * ```
 */
export function rangeOf(bounds: readonly number[]): number[] | RangeProblem {
  if (bounds.length < 1 || bounds.length > 3 || !bounds.every(Number.isFinite)) {
    return { message: "a range has an end, or start and end, or start, end and step" };
  }
  const [start, end, step] = bounds.length === 1
    ? [0, bounds[0], 1]
    : [bounds[0], bounds[1], bounds[2] ?? 1];
  if (step === 0) return { message: "the step of a range must not be 0" };
  // The sum of many steps is not exact: 0.1 + 0.2 is no 0.3. As many decimals as were written are.
  const decimals = Math.min(15, Math.max(decimalsOf(start), decimalsOf(step)));
  const length = Math.max(0, Math.ceil(Number(((end - start) / step).toFixed(9))));
  if (length > MAX_COMBINATIONS) {
    return { message: `the range has ${length} values, more than ${MAX_COMBINATIONS}` };
  }
  return Array.from({ length }, (_, i) => Number((start + i * step).toFixed(decimals)));
}

/** Decimals a number is written with. */
function decimalsOf(value: number): number {
  const [digits, exponent = "0"] = String(value).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent));
}
