/** Tests of combinations in a workflow: which nodes depend on which names, and how combinations are called. */

import fc from "fast-check";
import { dependencies, labelOf, tallyNodes, withCombination } from "../../core/combination.ts";
import { buildGraph } from "../../core/graph.ts";
import { defineWorkflow } from "../../core/load/definition.ts";
import { readYaml } from "../../core/load/yaml.ts";
import { type Combination, identityOf } from "../../core/sweep.ts";
import type { Workflow } from "../../core/workflow.ts";
import { assertEquals, assertMatches, assertOk } from "../testing/assert.ts";

const TEXT = `params: { model: { depth: 1, width: 2 }, lr: 3 }
inputs: { seed: 1, raw: { file: a.txt } }
nodes:
  whole: { run: 'echo \${in.p}', inputs: { p: params }, stdout: whole }
  model: { run: 'echo \${in.m}', inputs: { m: params.model }, stdout: model }
  depth: { run: 'echo \${params.model.depth}', stdout: depth }
  seeded: { run: 'cat \${in.raw} > \${out.seeded}', inputs: [raw, seed], outputs: { seeded: ./out/s.txt } }
  tracks: { run: ls, track: [params.lr], stdout: tracks }
  after: { run: ls, after: [tracks], stdout: after }
  below: { run: 'cat \${in.seeded}', inputs: [seeded, depth], stdout: below }
  hooked: { run: ls, hooks: { before: 'echo \${params.lr}' }, stdout: hooked }
  free: { run: ls, stdout: free }
  maker: { expand: nodes.ts#make, outputs: [made] }
  taker: { run: 'echo \${in.made}', inputs: [made], stdout: taker }
`;

function define(text: string): Workflow {
  const { data = null, locate, written } = readYaml(text, "wf.yaml");
  const { workflow, diagnostics } = defineWorkflow({ data, locate, written, file: "/p/wf.yaml" });
  assertEquals(diagnostics, []);
  assertOk(workflow !== undefined);
  return workflow;
}

const workflow = define(TEXT);
const { graph } = buildGraph(workflow, { parametersOf: () => ({ kind: "none" }) });

Deno.test("dependencies() finds names of inputs and params, also upstream and in parts", () => {
  const names = ["model.depth", "seed", "params.lr", "raw"];
  const found = dependencies(graph, names);
  assertEquals(Object.fromEntries(graph.defs.map(({ name }, id) => [name, found[id]])), {
    whole: ["model.depth", "params.lr"],
    model: ["model.depth"],
    depth: ["model.depth"],
    seeded: ["seed", "raw"],
    tracks: ["params.lr"],
    // It waits, but what it makes does not change.
    after: [],
    below: ["model.depth", "seed", "raw"],
    hooked: ["params.lr"],
    free: [],
    maker: [],
    // Of nodes that are not known yet.
    taker: names,
  });
  const [, model, depth] = dependencies(graph, ["model", "model.dep"]);
  assertEquals([model, depth], [["model"], ["model"]]);
});

Deno.test("tallyNodes() counts what differs for a node", () => {
  const combinations = [
    { "model.depth": 1, seed: 1 },
    { "model.depth": 2, seed: 1 },
    { "model.depth": 1, seed: 2 },
  ];
  const found = tallyNodes(graph, combinations, ["model.depth", "seed"]);
  const runs = Object.fromEntries(found.map(({ node, runs }) => [node, runs]));
  assertEquals([runs.free, runs.depth, runs.seeded, runs.below], [1, 2, 2, 3]);
});

Deno.test("withCombination() replaces inputs and params and moves files", () => {
  const values = { seed: 7, "params.model.depth": [1], raw: "b.txt" };
  const names = ["seed", "raw"];
  const made = withCombination(workflow, values, (node) => node === "seeded" ? names : []);
  assertEquals(made.params, { model: { depth: [1], width: 2 }, lr: 3 });
  assertEquals(made.inputs, [
    { name: "seed", kind: "value", default: 7 },
    { name: "raw", kind: "file", default: "b.txt" },
  ]);
  const paths = made.nodes.flatMap(({ outputs }) => outputs.flatMap(({ path }) => path ?? []));
  assertEquals(paths, ["sweep/seed=7,raw=b.txt/out/s.txt"]);
  assertEquals(workflow.params, { model: { depth: 1, width: 2 }, lr: 3 });
});

const value = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
  fc.constantFrom("1", "a,b=1", "..", "/", "true", "a b", "a-b", "null", "-"),
  fc.array(fc.integer(), { maxLength: 3 }),
);
const combination = fc.dictionary(fc.constantFrom("a", "b", "a.b"), value, { minKeys: 1 });

Deno.test("labelOf() makes a name of a directory, another one for every combination", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(combination, (values: Combination) => {
      const label = labelOf(values, ",");
      assertMatches(label, /^[\w.]+=[\w.,=+@~-]*$/);
      assertOk(label.length <= 100);
      // The order of names is that of the sweep, which is one for all.
      const ordered = Object.fromEntries(Object.entries(values).sort());
      if (identityOf(ordered) !== JSON.stringify(values)) return;
      const identity = identityOf(values);
      assertEquals(seen.get(label) ?? identity, identity);
      seen.set(label, identity);
    }),
    { numRuns: 2000 },
  );
  assertEquals(labelOf({ lr: 0.1, name: "adam" }), "lr=0.1, name=adam");
});
