/**
 * Pipelines of map-specs that people would write, in the form of pipefunc's cases: unusual orders of axes, arrays without
 * elements, several outputs, renames, scopes, defaults and literals that are mapped over, failures in all places.
 */

import type { CaseNode } from "./pipefunc_case.ts";

/** A pipeline and its inputs. */
export interface MapCase {
  readonly title: string;
  readonly nodes: readonly CaseNode[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A node as it is written here: parameters stand in the function. */
type Sketch =
  & { readonly out: CaseNode["out"]; readonly js: string; readonly map?: string }
  & Partial<Pick<CaseNode, "defaults" | "bound" | "renames" | "scope" | "onError">>;

const sum = (name: string) => `({${name}})=>${name}.flat(9).reduce((p,q)=>p+q,0)`;
const picky = (name: string, bad: number) =>
  `({${name}})=>{if(${name}===${bad})throw new Error('bad');return 2*${name}}`;

/** Failures along the way. */
const GO_ON = { onError: "continue" } as const;

/** Two rows of three. */
const ROWS = [[1, 2, 3], [4, 5, 6]];
/** Two by two by three. */
const CUBE = [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]];

const SKETCHES: readonly (readonly [
  title: string,
  inputs: Readonly<Record<string, unknown>>,
  nodes: readonly Sketch[],
])[] = [
  ["zip of three", { x: [1, 2], y: [3, 4], z: [5, 6] }, [
    { out: "w", js: "({x,y,z})=>x+10*y+100*z", map: "x[i], y[i], z[i] -> w[i]" },
    { out: "t", js: sum("w") },
  ]],
  ["zip of two, crossed with a zip of two", { a: [1, 2], b: [3, 4], c: [5, 6, 7], d: [8, 9, 10] }, [
    { out: "w", js: "({a,b,c,d})=>[a,b,c,d].join()", map: "a[i], b[i], c[j], d[j] -> w[i, j]" },
  ]],
  ["rows with a vector, transposed", { x: ROWS, y: [10, 20, 30] }, [
    { out: "z", js: "({x,y})=>x+y", map: "x[i, j], y[j] -> z[j, i]" },
    { out: "s", js: sum("z"), map: "z[j, :] -> s[j]" },
    { out: "c", js: sum("z"), map: "z[:, i] -> c[i]" },
  ]],
  ["the middle axis reduced", { x: CUBE }, [
    { out: "m", js: sum("x"), map: "x[i, :, k] -> m[i, k]" },
    { out: "n", js: sum("x"), map: "x[i, :, k] -> n[k, i]" },
  ]],
  ["all but one axis reduced, each in turn", { x: CUBE }, [
    { out: "a", js: sum("x"), map: "x[i, :, :] -> a[i]" },
    { out: "b", js: sum("x"), map: "x[:, j, :] -> b[j]" },
    { out: "c", js: sum("x"), map: "x[:, :, k] -> c[k]" },
    { out: "z", js: "({a,b,c})=>a.join()+b.join()+c.join()" },
  ]],
  ["a part of a cube keeps its shape", { x: CUBE }, [
    { out: "m", js: "({x})=>JSON.stringify(x)", map: "x[:, j, :] -> m[j]" },
  ]],
  ["a shorter list takes the rest whole", { x: CUBE }, [
    { out: "m", js: "({x})=>JSON.stringify(x)", map: "x[i] -> m[i]" },
    { out: "n", js: "({x})=>JSON.stringify(x)", map: "x[i, j] -> n[j, i]" },
  ]],
  ["an outer product of three in the other order", { x: [1, 2], y: [3], z: [5, 6, 7] }, [
    { out: "w", js: "({x,y,z})=>x+10*y+100*z", map: "x[i], y[j], z[k] -> w[k, j, i]" },
  ]],
  ["nothing along the first axis", { x: [], y: [1, 2] }, [
    { out: "z", js: "({x,y})=>x+y", map: "x[i], y[j] -> z[i, j]" },
    { out: "w", js: "({z,y})=>z*y", map: "z[i, j], y[j] -> w[i, j]" },
    { out: "t", js: sum("w") },
  ]],
  ["nothing along the last axis", { x: [1, 2], y: [] }, [
    { out: "z", js: "({x,y})=>x+y", map: "x[i], y[j] -> z[i, j]" },
    { out: "r", js: sum("z"), map: "z[i, :] -> r[i]" },
    { out: "w", js: "({z,x})=>z*x", map: "z[i, j], x[i] -> w[j, i]" },
  ]],
  ["nothing at all is generated", { n: 0 }, [
    { out: "x", js: "({n})=>[...Array(n).keys()]", map: "... -> x[i]" },
    { out: "y", js: "({x})=>2*x", map: "x[i] -> y[i]" },
    { out: "t", js: sum("y") },
  ]],
  ["nothing is generated for some", { b: [0, 2, 0, 1] }, [
    { out: "c", js: "({b})=>[...Array(b).keys()]", map: "b[i] -> c[i, j]" },
    { out: "r", js: sum("c"), map: "c[i] -> r[i]" },
    { out: "t", js: sum("r") },
  ]],
  ["several outputs, consumed apart and together", { x: [1, 2, 3] }, [
    { out: ["p", "q"], js: "({x})=>[x,-x]", map: "x[i] -> p[i], q[i]" },
    { out: "a", js: "({p,q})=>q.map((one)=>one*p)", map: "p[i] -> a[i]" },
    { out: "b", js: "({p,q})=>p+2*q", map: "p[i], q[i] -> b[i]" },
    { out: "t", js: "({a,b})=>a.flat().join()+b.join()" },
  ]],
  ["several outputs along a generated axis", { x: [1, 2] }, [
    { out: ["p", "q"], js: "({x})=>[[x,x+1],[-x,-x-1]]", map: "x[i] -> p[i, j], q[i, j]" },
    { out: "a", js: "({p,q})=>p*q", map: "p[i, j], q[i, j] -> a[j, i]" },
  ]],
  ["several outputs of all axes in front of the mapped one", { x: [1, 2] }, [
    { out: ["p", "q"], js: "({x})=>[[x,x+1],[-x,-x-1]]", map: "x[i] -> p[j, i], q[j, i]" },
    { out: "a", js: sum("p"), map: "p[:, i] -> a[i]" },
  ]],
  ["renames, in a map-spec by argument and by source", { left: [1, 2], right: [3, 4] }, [
    {
      out: "z",
      js: "({a,b})=>a*10+b",
      map: "left[i], b[j] -> z[i, j]",
      renames: { a: "left", b: "right" },
    },
    { out: "w", js: sum("v"), map: "v[i, :] -> w[i]", renames: { v: "z" } },
  ]],
  ["swapped names", { a: [1, 2], b: [30, 40] }, [
    { out: "z", js: "({a,b})=>a-b", map: "a[j], b[i] -> z[i, j]", renames: { a: "b", b: "a" } },
  ]],
  ["a scope with maps, read from outside of it", { "s.x": [1, 2], y: [5] }, [
    { out: "z", js: "({x})=>x+1", map: "x[i] -> z[i]", scope: "s" },
    { out: "w", js: "({v,y})=>v*y", map: "v[i], y[j] -> w[j, i]", renames: { v: "s.z" } },
  ]],
  ["two scopes of one form", { "s.x": [1, 2], "r.x": [3] }, [
    { out: "z", js: "({x})=>x+1", map: "x[i] -> z[i]", scope: "s" },
    { out: "v", js: "({x})=>x*7", map: "x[j] -> v[j]", scope: "r" },
    {
      out: "w",
      js: "({a,b})=>a*b",
      map: "a[i], b[j] -> w[i, j]",
      renames: { a: "s.z", b: "r.v" },
    },
  ]],
  ["a default is mapped over, a given array crosses it", { a: [1, 2] }, [
    { out: "c", js: "({a,b})=>a*b", map: "a[i], b[j] -> c[i, j]", defaults: { b: [3, 4, 5] } },
    { out: "r", js: sum("c"), map: "c[:, j] -> r[j]" },
  ]],
  ["a literal is mapped over, another is the same for all", { a: [1, 2] }, [
    {
      out: "c",
      js: "({a,b,k})=>a*b+k",
      map: "a[i], b[i] -> c[i]",
      bound: { b: [10, 20], k: 1000 },
    },
  ]],
  ["a literal array that is not mapped over", { a: [1, 2] }, [
    { out: "c", js: "({a,b})=>b.map((one)=>one*a)", map: "a[i] -> c[i]", bound: { b: [1, 2, 3] } },
    { out: "d", js: sum("c"), map: "c[i] -> d[i]" },
  ]],
  ["elements that are objects and lists", { x: [{ a: 1 }, { a: [2, { b: 3 }] }, null, "t"] }, [
    { out: "y", js: "({x})=>({ was: x })", map: "x[i] -> y[i]" },
    { out: "z", js: "({y})=>JSON.stringify(y)" },
  ]],
  ["an array of an unmapped node is mapped over, two axes deep", { n: 2 }, [
    { out: "x", js: "({n})=>[[n,1],[2,3],[4,5]]" },
    { out: "y", js: "({x})=>x*x", map: "x[i, j] -> y[j, i]" },
    { out: "z", js: sum("y"), map: "y[j, :] -> z[j]" },
  ]],
  ["two generated axes, mapped, one reduced", { n: 2 }, [
    { out: "x", js: "({n})=>[[n,1,0],[2,3,4]]", map: "... -> x[i, j]" },
    { out: "y", js: "({x})=>x*x", map: "x[i, j] -> y[j, i]" },
    { out: "z", js: sum("y"), map: "y[:, i] -> z[i]" },
  ]],
  ["a generated axis between two mapped ones", { a: [1, 2], b: [10, 20, 30] }, [
    { out: "c", js: "({a,b})=>[a*b,a+b]", map: "a[i], b[j] -> c[i, k, j]" },
    { out: "m", js: sum("c"), map: "c[i, :, j] -> m[j, i]" },
  ]],
  ["an array and what was made of it meet again", { x: [1, 2, 3] }, [
    { out: "y", js: "({x})=>2*x", map: "x[i] -> y[i]" },
    { out: "m", js: "({y})=>Math.max(...y)" },
    { out: "z", js: "({x,y,m})=>x+y+m", map: "x[i], y[i] -> z[i]" },
  ]],
  ["one array twice, all with all", { x: [1, 2, 3] }, [
    { out: "d", js: "({a,b})=>a-b", map: "a[i], b[j] -> d[i, j]", renames: { a: "x", b: "x" } },
    { out: "r", js: "({d})=>Math.max(...d)", map: "d[i, :] -> r[i]" },
  ]],
  ["long names of axes", { lr: [0.1, 0.01], seed: [1, 2, 3] }, [
    { out: "loss", js: "({lr,seed})=>lr*seed", map: "lr[rate], seed[run_1] -> loss[rate, run_1]" },
    { out: "best", js: "({loss})=>Math.min(...loss)", map: "loss[rate, :] -> best[rate]" },
  ]],
  ["a failed call leaves a hole in every order of axes", { x: [1, 2, 3], y: [1, 2] }, [
    { out: "a", js: picky("x", 2), map: "x[i] -> a[i]", ...GO_ON },
    { out: "b", js: "({a,y})=>a+y", map: "a[i], y[j] -> b[j, i]" },
    { out: "c", js: sum("b"), map: "b[j, :] -> c[j]" },
    {
      out: "d",
      js: "({b})=>b.filter((one)=>!isError(one)).length",
      map: "b[:, i] -> d[i]",
      ...GO_ON,
    },
  ]],
  ["failures of two nodes meet", { x: [1, 2, 3], y: [1, 2, 3] }, [
    { out: "a", js: picky("x", 2), map: "x[i] -> a[i]", ...GO_ON },
    { out: "b", js: picky("y", 3), map: "y[j] -> b[j]", ...GO_ON },
    { out: "c", js: "({a,b})=>a+b", map: "a[i], b[j] -> c[i, j]" },
    { out: "n", js: "({c})=>c.flat().filter(isError).length", ...GO_ON },
  ]],
  ["of several outputs all are error values", { x: [1, 2] }, [
    {
      out: ["p", "q"],
      js: "({x})=>{if(x===2)throw new Error('bad');return [x,-x]}",
      map: "x[i] -> p[i], q[i]",
      ...GO_ON,
    },
    { out: "a", js: "({p,q})=>p+q", map: "p[i], q[i] -> a[i]" },
  ]],
  ["a generator fails as a whole", { n: 3 }, [
    { out: "x", js: "({n})=>{throw new Error('bad '+n)}", map: "... -> x[i]", ...GO_ON },
    { out: "y", js: "({x})=>2*x", map: "x[i] -> y[i]", ...GO_ON },
    { out: "z", js: "({y})=>isError(y)?'none':'some'", ...GO_ON },
  ]],
  ["a generator fails for one of three, two axes deep", { b: [1, 2, 3] }, [
    {
      out: "c",
      js: "({b})=>{if(b===2)throw new Error('bad');return [[b,b],[0,b]]}",
      map: "b[i] -> c[i, j, k]",
      ...GO_ON,
    },
    { out: "d", js: "({c})=>c+1", map: "c[i, j, k] -> d[k, i, j]" },
    { out: "e", js: "({c})=>c.length", map: "c[i, j] -> e[i, j]" },
  ]],
  ["a generator fails for all, so nobody knows how long its rows are", { b: [2, 2] }, [
    { out: "c", js: picky("b", 2), map: "b[i] -> c[i, j]", ...GO_ON },
    { out: "d", js: "({c})=>c+1", map: "c[i, j] -> d[i, j]" },
    { out: "e", js: "({c})=>c+1", map: "c[i, j] -> e[i, j]", ...GO_ON },
    { out: "f", js: "({c})=>c.length", map: "c[i] -> f[i]" },
  ]],
  ["a generator fails for all calls of one row of calls", { a: [1, 2], b: [3, 4] }, [
    {
      out: "c",
      js: "({a,b})=>{if(a===1)throw new Error('bad');return [a,b,a*b]}",
      map: "a[i], b[j] -> c[i, j, k]",
      ...GO_ON,
    },
    { out: "d", js: "({c})=>c+1", map: "c[i, j, k] -> d[i, j, k]" },
  ]],
  ["a generator fails as a whole, but its length is said", { n: 3 }, [
    { out: "x", js: "({n})=>{throw new Error('bad '+n)}", map: "... -> x[i=3]", ...GO_ON },
    { out: "y", js: "({x})=>2*x", map: "x[i] -> y[i]" },
    { out: "t", js: "({y})=>y.length", ...GO_ON },
  ]],
  ["a generator fails for all, but the length of its rows is said", { b: [2, 2] }, [
    { out: "c", js: picky("b", 2), map: "b[i] -> c[j=2, i]", ...GO_ON },
    { out: "d", js: "({c})=>c+1", map: "c[j, i] -> d[i, j]" },
  ]],
  ["the length of one of two generated axes is said", { b: [1, 2] }, [
    {
      out: "c",
      js: "({b})=>{if(b===2)throw new Error('bad');return [[b],[b+1]]}",
      map: "b[i] -> c[i, j=2, k]",
      ...GO_ON,
    },
    { out: "d", js: "({c})=>c+1", map: "c[i, j, k] -> d[k, j, i]" },
  ]],
  ["lengths that are said, of nothing", { b: [] }, [
    { out: "c", js: "({b})=>[b,b]", map: "b[i] -> c[j=2, i]" },
    { out: "d", js: sum("c"), map: "c[j, :] -> d[j]" },
  ]],
  ["a failure beside arrays without elements is not forgotten", { b: [1, 2] }, [
    {
      out: "c",
      js: "({b})=>{if(b===2)throw new Error('bad');return []}",
      map: "b[i] -> c[j, i]",
      ...GO_ON,
    },
    { out: "d", js: "({c})=>c.length" },
  ]],
  ["an unmapped failure is the same for all calls", { a: 1, x: [1, 2] }, [
    { out: "c", js: picky("a", 1), ...GO_ON },
    { out: "d", js: "({c,x})=>c+x", map: "x[i] -> d[i]" },
    { out: "e", js: "({c,x})=>isError(c)?-x:x", map: "x[i] -> e[i]", ...GO_ON },
  ]],
];

/** All cases. */
export const MAP_CASES: readonly MapCase[] = SKETCHES.map(([title, inputs, nodes]) => ({
  title,
  inputs,
  nodes: nodes.map(({ map, ...sketch }): CaseNode => ({
    params: (/^\(\{([^}]*)\}\)/.exec(sketch.js)?.[1] ?? "").split(","),
    map: map ?? null,
    defaults: {},
    bound: {},
    renames: {},
    scope: null,
    ...sketch,
  })),
}));
