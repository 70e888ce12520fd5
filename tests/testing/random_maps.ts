/**
 * Random pipelines of map-specs, in the form of pipefunc's cases. Every axis has one length wherever it stands, so all of them
 * fit. Functions return digests of what they got, so that no two calls could be taken for each other. Knows nothing of what
 * the pipelines give.
 */

import fc from "fast-check";
import type { CaseNode } from "./pipefunc_case.ts";

/** A pipeline with its inputs. */
export interface RandomMaps {
  readonly nodes: readonly CaseNode[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

/**
 * Returns what the functions refer to; `isError` must be there.
 *
 * @param salt Functions of other pipelines are other functions: what is stored of one is nothing to another.
 */
export const helpersOf = (salt: number): string => `
const text = (value) => isError(value) ? "!" : Array.isArray(value) ? "[" + value.map(text) + "]" : String(value);
const mix = (id, values) => {
  let hash = id + ${salt} * 100;
  for (const char of values.map(text).join(";")) hash = (hash * 31 + char.charCodeAt(0)) % 999983;
  return hash;
};
const picky = (hash) => { if (hash % 4 === 0) throw new Error("no " + hash); return hash; };
const grow = (hash, [length, ...rest]) =>
  length === undefined ? hash : Array.from({ length }, (_, at) => grow(hash * 7 % 999983 + at, rest));
`;

/** An array, by the axes it has. */
interface Known {
  readonly name: string;
  readonly axes: readonly string[];
}

/** Returns a number from 0 to `max`; 0 is the simplest. */
type Draw = (max: number) => number;

const AXES: readonly string[] = ["i", "j", "k", "time"];

/**
 * Returns random pipelines.
 *
 * @param options `fails`: some calls throw, and some nodes say what becomes of that.
 */
export function randomMaps({ fails }: { readonly fails: boolean }): fc.Arbitrary<RandomMaps> {
  return fc.gen().map((gen) => makePipeline((max) => gen(fc.nat, max), fails));
}

function makePipeline(draw: Draw, fails: boolean): RandomMaps {
  const lengths = Object.fromEntries(
    AXES.map((axis) => [axis, pick(draw, [2, 3, 1, 2, 0])]),
  );
  const inputs: Record<string, unknown> = {};
  const known: Known[] = [];
  for (let at = 1 + draw(2); at > 0; at--) {
    const axes = drawAxes(draw, AXES, 3);
    const name = `x${at}`;
    let next = at * 100;
    const fill = (left: readonly string[]): unknown =>
      left.length === 0
        ? next++
        : Array.from({ length: lengths[left[0]] }, () => fill(left.slice(1)));
    inputs[name] = fill(axes);
    known.push({ name, axes });
  }
  const nodes: CaseNode[] = [];
  for (let left = 2 + draw(2); left > 0; left--) {
    nodes.push(makeNode(draw, { known, lengths, fails, number: nodes.length }));
  }
  const read = new Set(nodes.flatMap(({ renames }) => Object.values(renames)));
  const taken = Object.entries(inputs).filter(([name]) => read.has(name));
  return { nodes, inputs: Object.fromEntries(taken) };
}

/** Makes a node, and adds its outputs to what is known. */
function makeNode(
  draw: Draw,
  { known, lengths, fails, number }: {
    readonly known: Known[];
    readonly lengths: Readonly<Record<string, number>>;
    readonly fails: boolean;
    readonly number: number;
  },
): CaseNode {
  const sources = shuffled(draw, known).slice(0, 1 + draw(2));
  const params = sources.map((_, at) => `p${at}`);
  const items = sources.flatMap(({ name, axes }, at) => {
    const listed = axes.slice(0, axes.length - draw(axes.length));
    if (listed.length === 0) return [];
    const parts = listed.map((axis) => pick(draw, [axis, axis, ":"]));
    return [{ name: pick(draw, [params[at], name]), axes: parts }];
  });
  const named = [...new Set(items.flatMap(({ axes }) => axes))].filter((axis) => axis !== ":");
  const free = AXES.filter((axis) => !named.includes(axis));
  const generated = drawAxes(draw, free, pick(draw, [0, 0, 0, 1, 2]));
  const axes = shuffled(draw, [...named, ...generated]);
  // A node without a map may return an array too, along axes that only others name.
  const isMap = axes.length > 0 && (named.length > 0 || draw(1) === 0);
  const own = axes.filter((axis) => generated.includes(axis)).map((axis) => lengths[axis]);
  const scope = pick(draw, [null, null, `s${number}`]);
  const outs = pick(draw, [["y"], ["y"], ["y", "z"]]);
  const names = outs.map((name) => `${name}${number}`);
  const results = names.map((_, at) => {
    const hash = `mix(${number * 10 + at}, [${params.join(", ")}])`;
    return `grow(${fails && draw(1) === 0 ? `picky(${hash})` : hash}, [${own}])`;
  });
  for (const name of names) known.push({ name: scope === null ? name : `${scope}.${name}`, axes });
  const left = items.length === 0 ? "..." : items.map(itemText).join(", ");
  const isSaid = draw(2) === 2;
  const sized = axes.map((axis) =>
    isSaid && generated.includes(axis) ? `${axis}=${lengths[axis]}` : axis
  );
  const right = names.map((name) => itemText({ name, axes: sized })).join(", ");
  return {
    out: names.length === 1 ? names[0] : names,
    params,
    js: `({ ${params.join(", ")} }) => ${names.length === 1 ? results[0] : `[${results}]`}`,
    map: isMap ? `${left} -> ${right}` : null,
    defaults: {},
    bound: {},
    renames: Object.fromEntries(sources.map(({ name }, at) => [params[at], name])),
    scope,
    ...onErrorOf(fails ? pick(draw, ["continue", "skip", undefined]) : undefined),
  };
}

function onErrorOf(onError: CaseNode["onError"] | undefined): Pick<CaseNode, "onError"> {
  return onError === undefined ? {} : { onError };
}

function itemText({ name, axes }: Known): string {
  return `${name}[${axes.join(", ")}]`;
}

/** Some axes in any order. */
function drawAxes(draw: Draw, axes: readonly string[], max: number): readonly string[] {
  return shuffled(draw, axes).slice(0, draw(Math.min(max, axes.length)));
}

function pick<T>(draw: Draw, items: readonly T[]): T {
  return items[draw(items.length - 1)];
}

function shuffled<T>(draw: Draw, items: readonly T[]): readonly T[] {
  const left = [...items];
  return items.map(() => left.splice(draw(left.length - 1), 1)[0]);
}
