/** Tests of `structure.ts` and what it puts together: what a graph starts from and how it hangs together. */

import fc from "fast-check";
import type { Graph } from "../../core/graph.ts";
import { Structure } from "../../core/structure.ts";
import { Targets } from "../../core/targets.ts";
import type { InputDef, Workflow } from "../../core/workflow.ts";
import { assertEquals } from "../testing/assert.ts";
import { type NodeSketch, sketchGraph } from "../testing/workflow.ts";

function input(name: string, more: Partial<InputDef> = {}): InputDef {
  return { name, kind: "value", ...more };
}

function structureOf(
  nodes: Readonly<Record<string, NodeSketch>>,
  options: Partial<Workflow> = {},
  selectors: readonly string[] = [],
): Structure {
  const { graph, diagnostics } = sketchGraph(nodes, options);
  assertEquals(diagnostics.map(({ message }) => message), []);
  return new Structure(graph, new Targets(graph, []), selectors);
}

const INPUTS = [input("a"), input("b"), input("x", { type: "number", default: 1 })];

Deno.test("starts() finds the sets of arguments that pipefunc's arg_combinations() finds", () => {
  const structure = structureOf({
    c: { takes: ["a", "b"] },
    d: { takes: ["b", "c", "x"] },
    e: { takes: ["c", "d", "x"] },
  }, { inputs: INPUTS });
  const sorted = (name: string) => structure.starts(name).sets.map((set) => set.join()).sort();
  assertEquals(sorted("c"), ["a,b"]);
  assertEquals(sorted("d"), ["a,b,x", "b,c,x"]);
  assertEquals(sorted("e"), ["a,b,d,x", "a,b,x", "b,c,x", "c,d,x"]);
});

Deno.test("starts() takes all outputs of a node or none, and what only comes before always runs", () => {
  const structure = structureOf({
    both: { takes: ["a"], gives: ["left", "right"] },
    mark: { takes: ["b"], gives: [] },
    end: { takes: ["left", "right"], after: ["mark"] },
  }, { inputs: INPUTS.slice(0, 2) });
  assertEquals(structure.starts("end").sets, [["b", "left", "right"], ["a", "b"]]);
});

Deno.test("starts() stops where nobody reads on", () => {
  const layers = Array.from({ length: 12 }, (_, i) => i);
  const nodes = Object.fromEntries(layers.map((i): [string, NodeSketch] => [
    `n${i}`,
    { takes: i < 2 ? ["a"] : [`n${i - 1}`, `n${i - 2}`] },
  ]));
  const all = layers.map((i) => `n${i}`);
  const { sets, isCut } = structureOf(
    { ...nodes, end: { takes: all } },
    { inputs: [input("a")] },
  ).starts("end");
  assertEquals([sets.length, isCut], [1000, true]);
});

/** Sets by trying every subset of outputs: those of which nothing is too much, with the inputs that are left to take. */
function triedSets({ defs, wires }: Graph, target: number): string[] {
  const found: string[] = [];
  const upstream = defs.slice(0, target).map(({ name }) => name);
  for (let bits = 0; bits < 2 ** upstream.length; bits++) {
    const given = upstream.filter((_, i) => (bits >> i) % 2 === 1);
    const taken = new Set<string>();
    const visit = (id: number): void => {
      for (const { source } of wires[id]) {
        if (source.kind === "input") taken.add(source.input.name);
        if (source.kind !== "output") continue;
        const { name } = defs[source.node];
        if (given.includes(name)) taken.add(name);
        else visit(source.node);
      }
    };
    visit(target);
    if (given.every((name) => taken.has(name))) found.push([...taken].sort().join());
  }
  return found.sort();
}

const dag = fc.integer({ min: 1, max: 7 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, i) =>
      fc.uniqueArray(fc.integer({ min: -2, max: i - 1 }), {
        minLength: 1,
        maxLength: 3,
      })),
  )
);

Deno.test("starts() finds exactly the sets that trying all finds, in random graphs", () => {
  fc.assert(
    fc.property(dag, (rows) => {
      const nodes = Object.fromEntries(rows.map((row, i): [string, NodeSketch] => [
        `n${i}`,
        { takes: row.map((up) => up < 0 ? ["a", "b"][-1 - up] : `n${up}`) },
      ]));
      const used = INPUTS.slice(0, 2).filter((_, i) => rows.some((row) => row.includes(-1 - i)));
      const { graph } = sketchGraph(nodes, { inputs: used });
      const structure = new Structure(graph, new Targets(graph, []), []);
      const target = rows.length - 1;
      const sets = structure.starts(`n${target}`).sets.map((set) => set.join());
      assertEquals(sets.sort(), triedSets(graph, target));
    }),
    { numRuns: 300 },
  );
});

Deno.test("roots() lists inputs in the order of the file, then params, files and variables, with who takes them", () => {
  const nodes: Record<string, NodeSketch> = {
    one: { takes: { x: "x", lr: "params.model.lr", f: { kind: "file", path: "f.csv" } } },
    two: {
      takes: { a: "a", x: "x", one: "one", v: { kind: "value", value: 3 } },
      track: [{ kind: "env", name: "HOME" }, { kind: "glob", pattern: "*.csv" }],
    },
    shell: {
      work: { kind: "run", script: "echo ${params.title} ${params.model.lr}", shell: "sh" },
      gives: [],
    },
    three: { takes: ["b"] },
  };
  const options = {
    inputs: [
      input("a", { kind: "file", default: "a.txt", description: "Rows" }),
      input("b"),
      input("x", { type: "number", default: 1 }),
    ],
    params: { model: { lr: 0.1 }, title: "t" },
  };
  assertEquals(structureOf(nodes, options).roots(), [
    {
      ...{ name: "a", from: "input", type: "file", default: "a.txt", description: "Rows" },
      nodes: ["two"],
    },
    { name: "b", from: "input", required: true, nodes: ["three"] },
    { name: "x", from: "input", type: "number", default: 1, nodes: ["one", "two"] },
    { name: "params.model.lr", from: "param", default: 0.1, nodes: ["one", "shell"] },
    { name: "params.title", from: "param", default: "t", nodes: ["shell"] },
    { name: "f.csv", from: "file", nodes: ["one"] },
    { name: "HOME", from: "env", nodes: ["two"] },
    { name: "*.csv", from: "glob", nodes: ["two"] },
  ]);
  assertEquals(structureOf(nodes, options, ["one"]).roots().map(({ name }) => name), [
    "x",
    "params.model.lr",
    "f.csv",
  ]);
});

Deno.test("leaves(), generations() and components() say how a graph hangs together", () => {
  const nodes: Record<string, NodeSketch> = {
    late: { takes: ["left", "right"] },
    left: { takes: ["a"] },
    right: { takes: ["left"] },
    alone: {},
    shares: { takes: ["x"], gives: [] },
    too: { takes: ["x"] },
    behind: { after: ["alone"] },
  };
  const options = { inputs: [input("a"), input("x")] };
  const structure = structureOf(nodes, options);
  assertEquals(structure.leaves(), ["late", "shares", "too", "behind"]);
  assertEquals(structure.generations(), [
    ["left", "alone", "shares", "too"],
    ["right", "behind"],
    ["late"],
  ]);
  assertEquals(structure.components(), [
    { nodes: ["late", "left", "right"], leaves: ["late"], inputs: ["a"] },
    { nodes: ["alone", "behind"], leaves: ["behind"], inputs: [] },
    { nodes: ["shares", "too"], leaves: ["shares", "too"], inputs: ["x"] },
  ]);
  const part = structureOf(nodes, options, ["right", "too"]);
  assertEquals(part.leaves(), ["right", "too"]);
  assertEquals(part.generations(), [["left", "too"], ["right"]]);
  assertEquals(part.components().map(({ nodes }) => nodes), [["left", "right"], ["too"]]);
});
