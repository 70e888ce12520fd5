/**
 * What the nodes of a case give, by nested loops over nested arrays. Reads map-specs with one regular expression and shares no
 * code with flow; does not know keys, stores, batches or index arithmetic.
 */

import { type CaseNode, type CaseNodes, defaultOf, inputsOf } from "./pipefunc_case.ts";
import { nameOf, outputsOf, sourceOf } from "./pipefunc_case.ts";

/** Stands where something failed, or was not made because of that; names the calls that failed. */
export class Bad {
  readonly causes: readonly string[];

  constructor(causes: Iterable<string>) {
    this.causes = [...new Set(causes)].sort();
  }
}

/** What came of a pipeline. */
export interface Interpretation {
  /** Values by output; those that nobody made are absent. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Whether a call failed or a node could not be called. */
  readonly hasFailed: boolean;
}

/** An array of a map-spec, or a part of an array by the positions along its axes. */
interface Item {
  readonly name: string;
  readonly axes: readonly string[];
}

type Places = Readonly<Record<string, number>>;

/**
 * Computes all outputs.
 *
 * @param prelude Source text the functions refer to; `isError` is there already.
 */
export function interpret(
  item: CaseNodes,
  inputs: Readonly<Record<string, unknown>>,
  prelude = "",
): Interpretation {
  const values = new Map<string, unknown>();
  for (const name of inputsOf(item)) values.set(name, inputs[name] ?? defaultOf(item, name));
  const given = new Set(values.keys());
  let hasFailed = false;
  const onFailed = () => hasFailed = true;
  const waiting = new Set(item.nodes);
  for (let before = -1; waiting.size !== before;) {
    before = waiting.size;
    for (const node of waiting) {
      const isReady = ({ name }: { name: string }) => name in node.bound || values.has(name);
      const sources = node.params.map((name) => ({
        name: name in node.bound ? name : sourceOf(node, name),
      }));
      if (!sources.every(isReady)) continue;
      waiting.delete(node);
      const made = runNode(node, values, { prelude, onFailed });
      if (made === undefined || made.some((value) => value instanceof Bad)) onFailed();
      if (made !== undefined) outputsOf(node).forEach((name, i) => values.set(name, made[i]));
    }
  }
  const made = [...values].filter(([name]) => !given.has(name));
  return { values: new Map(made), hasFailed };
}

/** Values of the outputs of a node, or nothing if it failed. */
function runNode(
  node: CaseNode,
  values: ReadonlyMap<string, unknown>,
  { prelude, onFailed }: { readonly prelude: string; onFailed(): void },
): unknown[] | undefined {
  const args: Record<string, unknown> = {};
  for (const name of node.params) {
    args[name] = name in node.bound ? node.bound[name] : values.get(sourceOf(node, name));
  }
  const body = new Function("isError", `${prelude}\nreturn ${node.js}`)(
    (value: unknown) => value instanceof Bad,
  ) as (args: unknown) => unknown;
  const call = (args: Record<string, unknown>): unknown => {
    try {
      return body(args);
    } catch (error) {
      onFailed();
      throw error;
    }
  };
  return node.map === null ? runOnce(node, call, args) : runMap(node, call, args);
}

type Call = (args: Record<string, unknown>) => unknown;

function runOnce(node: CaseNode, call: Call, args: Record<string, unknown>) {
  const count = outputsOf(node).length;
  try {
    const bad = badIn(args);
    if (node.onError === "skip" && bad.length > 0) return standIns(node, bad);
    if (node.onError === undefined && bad.length > 0) return undefined;
    const result = call(args);
    return typeof node.out === "string" ? [result] : result as unknown[];
  } catch {
    if (node.onError === undefined) return undefined;
    return Array.from({ length: count }, () => new Bad([nameOf(node)]));
  }
}

function runMap(node: CaseNode, call: Call, args: Record<string, unknown>) {
  const [left, right] = (node.map as string).split("->").map(itemsOf);
  const { axes } = right[0];
  const said = Object.fromEntries(
    [...(node.map as string).matchAll(/(\w+)=(\d+)/g)].map(([, axis, n]) => [axis, Number(n)]),
  );
  const arrays = left.map((item) => {
    const name = node.params.find((param) => param === item.name) ??
      node.params.find((param) => sourceOf(node, param) === item.name) as string;
    return { name, axes: item.axes, value: spread(args[name], item.axes.length) };
  });
  // An array that is missing as a whole has no lengths.
  const [missing] = arrays.map(({ value, axes }) => badAbove(value, axes.length))
    .filter((found) => found.length > 0);
  if (missing !== undefined) {
    const bad = new Bad(missing.flatMap(({ causes }) => causes));
    return node.onError === undefined ? undefined : outputsOf(node).map(() => bad);
  }
  const constants = node.params.filter((name) => arrays.every((array) => array.name !== name));
  const isTaken = node.onError === "continue";
  const badConstants = badIn(constants.map((name) => args[name]));
  if (!isTaken && badConstants.length > 0) {
    return node.onError === "skip" ? standIns(node, badConstants) : undefined;
  }
  const lengths = lengthsOf(arrays);
  if (lengths === undefined) {
    return node.onError === undefined
      ? undefined
      : outputsOf(node).map(() => new Bad([nameOf(node)]));
  }
  const mapped = axes.filter((axis) => axis in lengths);
  const results = new Map<string, unknown>();
  let isFailed = false;
  for (const places of placesOf(mapped, lengths)) {
    const parts = arrays.map(({ name, axes, value }) => [name, partOf(value, axes, places)]);
    const own = { ...args, ...Object.fromEntries(parts) };
    const name = `${nameOf(node)}[${mapped.map((axis) => places[axis])}]`;
    const made = runCall(node, call, { name, args: own, parts });
    if (made === undefined) isFailed = true;
    results.set(mapped.map((axis) => places[axis]).join(), made);
  }
  if (isFailed) return undefined;
  return right.map((_, output) => {
    const column = (places: Places) => {
      const made = results.get(mapped.map((axis) => places[axis]).join());
      return made instanceof Bad || typeof node.out === "string"
        ? made
        : (made as unknown[])[output];
    };
    return arrange(axes, mapped, { ...said, ...lengths }, column);
  });
}

/** Lengths of the axes that have names, or nothing if two arrays differ. What an empty array does not say others may. */
function lengthsOf(
  arrays: readonly { readonly axes: readonly string[]; readonly value: unknown }[],
): Record<string, number> | undefined {
  const lengths: Record<string, number> = {};
  const open = new Set<string>();
  for (const { axes, value } of arrays) {
    for (const [depth, axis] of axes.entries()) {
      const length = lengthAt(value, depth);
      if (axis === ":") continue;
      if (length === undefined) open.add(axis);
      else if ((lengths[axis] ??= length) !== length) return undefined;
    }
  }
  for (const axis of open) lengths[axis] ??= 0;
  return lengths;
}

/** What one call gives: a value, an error value, or nothing, and then its node fails. */
function runCall(
  node: CaseNode,
  call: Call,
  { name, args, parts }: {
    readonly name: string;
    readonly args: Record<string, unknown>;
    readonly parts: readonly (readonly unknown[])[];
  },
): unknown {
  const bad = parts.map(([, value]) => value).filter((value) => value instanceof Bad);
  if (bad.length > 0) return new Bad(bad.flatMap(({ causes }) => causes));
  const inside = badIn(args);
  if (node.onError === "skip" && inside.length > 0) {
    return new Bad(inside.flatMap(({ causes }) => causes));
  }
  if (node.onError === undefined && inside.length > 0) return undefined;
  try {
    return call(args);
  } catch {
    return node.onError === undefined ? undefined : new Bad([name]);
  }
}

/** Puts results in their places. Axes that nobody maps over are in the results. */
function arrange(
  axes: readonly string[],
  mapped: readonly string[],
  lengths: Readonly<Record<string, number>>,
  made: (places: Places) => unknown,
): unknown {
  const generated = axes.filter((axis) => !mapped.includes(axis));
  // An error value is an array of itself, where it is said how long.
  const whole = (value: unknown, [axis, ...rest]: readonly string[]): unknown =>
    value instanceof Bad && axis in lengths
      ? Array.from({ length: lengths[axis] }, () => whole(value, rest))
      : value;
  const column = (places: Places) => whole(made(places), generated);
  const isLast = [...mapped, ...generated].every((axis, i) => axis === axes[i]);
  const build = (left: readonly string[], places: Places, lengths: Readonly<Places>): unknown => {
    if (left.length === 0) {
      return generated.reduce(
        (value, axis) => value instanceof Bad ? value : (value as unknown[])[places[axis]],
        column(places),
      );
    }
    const [axis, ...rest] = left;
    return Array.from(
      { length: lengths[axis] },
      (_, at) => build(rest, { ...places, [axis]: at }, lengths),
    );
  };
  if (isLast) {
    const leaf = (left: readonly string[], places: Places): unknown =>
      left.length === 0 ? column(places) : Array.from(
        { length: lengths[left[0]] },
        (_, at) => leaf(left.slice(1), { ...places, [left[0]]: at }),
      );
    return leaf(mapped, {});
  }
  const rank = generated.length + 1;
  const all = spread(placesOf(mapped, lengths).map(column), rank);
  const [unmeasured] = badAbove(all, rank);
  if (unmeasured !== undefined) return unmeasured;
  const own = generated.map((axis, i) => [axis, lengths[axis] ?? lengthAt(all, i + 1) ?? 0]);
  return build(axes, {}, { ...lengths, ...Object.fromEntries(own) });
}

function itemsOf(side: string): Item[] {
  return [...side.matchAll(/([\w.]+)\[([^\]]*)\]/g)].map(([, name, axes]) => ({
    name,
    axes: axes.split(",").map((axis) => axis.split("=")[0].trim()),
  }));
}

/** All positions along axes, the last one fastest. */
function placesOf(axes: readonly string[], lengths: Readonly<Record<string, number>>): Places[] {
  return axes.reduce<Places[]>(
    (all, axis) =>
      all.flatMap((places) =>
        Array.from({ length: lengths[axis] }, (_, at) => ({ ...places, [axis]: at }))
      ),
    [{}],
  );
}

/** The part of an array at some positions; all of it along `:`. */
function partOf(value: unknown, axes: readonly string[], places: Places): unknown {
  if (axes.length === 0 || value instanceof Bad) return value;
  const [axis, ...rest] = axes;
  const array = value as readonly unknown[];
  if (axis !== ":") return partOf(array[places[axis]], rest, places);
  return array.map((row) => partOf(row, rest, places));
}

/** Length along the axis of a depth, from the first array there is, if there is one. */
function lengthAt(value: unknown, depth: number): number | undefined {
  let level = [value as readonly unknown[]];
  for (let i = 0; i < depth; i++) level = level.flat() as (readonly unknown[])[];
  return level[0]?.length;
}

/** An error value in the place of an array stands for all of its elements, as many as any array of that depth has. */
function spread(value: unknown, rank: number): unknown {
  const lengths: (number | undefined)[] = [];
  const measure = (item: unknown, depth: number): void => {
    if (depth === rank || !Array.isArray(item)) return;
    lengths[depth] ??= item.length;
    for (const row of item) measure(row, depth + 1);
  };
  measure(value, 0);
  const fill = (item: unknown, depth: number): unknown => {
    if (depth === rank) return item;
    if (Array.isArray(item)) return item.map((row) => fill(row, depth + 1));
    const length = lengths[depth];
    return length === undefined ? item : Array.from({ length }, () => fill(item, depth + 1));
  };
  return fill(value, 0);
}

/** Error values that stand for arrays of unknown length. */
function badAbove(value: unknown, rank: number): Bad[] {
  if (rank === 0) return [];
  if (value instanceof Bad) return [value];
  return (value as unknown[]).flatMap((row) => badAbove(row, rank - 1));
}

/** What a node hands on that is not called with error values. */
function standIns(node: CaseNode, bad: readonly Bad[]): Bad[] {
  return outputsOf(node).map(() => new Bad(bad.flatMap(({ causes }) => causes)));
}

function badIn(value: unknown): Bad[] {
  if (value instanceof Bad) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(badIn) : [];
}
