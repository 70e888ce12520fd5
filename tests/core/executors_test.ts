/** Tests of what the file and the command line say of executors. */

import {
  executorSlots,
  placementOf,
  type PlacementRequest,
  placeNodes,
} from "../../core/executors.ts";
import { UsageError } from "../../core/base/error.ts";
import { parseMapSpec } from "../../core/mapspec.ts";
import type { NodeDef, Workflow } from "../../core/workflow.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { type NodeSketch, sketchWorkflow } from "../testing/workflow.ts";

const parsed = parseMapSpec("x[i] -> y[i]");
assertOk(parsed.ok);
const map = { map: parsed.spec };

const EXECUTORS = {
  io: { kind: "worker", slots: 2, concurrency: 100, chunk: 200 },
  heavy: { kind: "process" },
  plain: { kind: "worker" },
} as const;

function workflow(nodes: Readonly<Record<string, NodeSketch>>): Workflow {
  return sketchWorkflow(nodes, { executors: EXECUTORS });
}

const NODES = { a: {}, b: { executor: "io" }, ys: map, slow: { ...map, timeoutMs: 1 } };
const NEST = { c: {}, d: {}, cd: { ...map, nest: { nodes: ["c", "d"] } } };

function placed(
  request: PlacementRequest,
  nodes: Readonly<Record<string, NodeSketch>> = NODES,
): Record<string, string> {
  const all = placeNodes(workflow(nodes), request);
  return Object.fromEntries(
    all.nodes.map(({ name, executor, chunk }) => [name, `${executor ?? "-"} ${chunk ?? "-"}`]),
  );
}

Deno.test("placementOf() lets a node's own words go before those of its executor", () => {
  const { nodes, ...rest } = workflow({
    a: map,
    b: { ...map, executor: "io" },
    c: { ...map, executor: "io", concurrency: 3, chunk: 7 },
    d: { executor: "heavy" },
  });
  assertEquals(nodes.map((def) => placementOf({ nodes, ...rest }, def)), [
    { name: "default", kind: "worker", concurrency: 1 },
    { name: "io", kind: "worker", concurrency: 100, chunk: 200 },
    { name: "io", kind: "worker", concurrency: 3, chunk: 7 },
    { name: "heavy", kind: "process", concurrency: 1 },
  ]);
});

Deno.test("executorSlots() has executors that limit something, and those whose actions are sent alone", () => {
  assertEquals(executorSlots(workflow({})), { io: 2, heavy: Infinity });
});

Deno.test("placeNodes() gives nodes what the command line says, and leaves alone what cannot have it", () => {
  assertEquals(placed({}), { a: "- -", b: "io -", ys: "- -", slow: "- -" });
  assertEquals(placed({ executor: ["heavy"] }), {
    a: "heavy -",
    b: "io -",
    ys: "heavy -",
    slow: "heavy -",
  });
  assertEquals(placed({ executor: ["heavy", "b=default", "a=io"], chunk: ["5"] }), {
    a: "io -",
    b: "default -",
    ys: "heavy 5",
    slow: "heavy -",
  });
  assertEquals(placed({ chunk: ["5", "ys=9"] }).ys, "- 9");
});

Deno.test("placeNodes() places what a node nests where the node runs", () => {
  const request = { executor: ["cd=heavy", "io"], chunk: ["cd=5"] };
  assertEquals(placed(request, { a: {}, ...NEST }), {
    a: "io -",
    c: "heavy -",
    d: "heavy -",
    cd: "heavy 5",
  });
});

Deno.test("placeNodes() places nodes that a node returns, too", () => {
  const [def] = sketchWorkflow({ made: {} }).nodes;
  const define = () => ({ nodes: [def as NodeDef], problems: [] });
  const all = placeNodes({ ...workflow({ a: {} }), define }, { executor: ["heavy"] });
  assertEquals(all.define(null).nodes.map(({ executor }) => executor), ["heavy"]);
});

Deno.test("placeNodes() refuses what names nothing, with what there is", () => {
  const refusals: [PlacementRequest, string, string?][] = [
    [
      { executor: ["hevy"] },
      'Cannot find executor "hevy": "executors" does not declare it',
      'did you mean "heavy"?',
    ],
    [
      { executor: ["slow=slurm"] },
      'Cannot find executor "slurm": "executors" does not declare it',
      'add "executors: { slurm: { … } }" to the file',
    ],
    [
      { executor: ["slw=io"] },
      'Cannot use "--executor slw=io": there is no node "slw"',
      'did you mean "slow"?',
    ],
    [
      { executor: ["c=io"] },
      'Cannot use "--executor c=io": node "cd" nests "c"',
      "write --executor cd=io",
    ],
    [{ chunk: ["d=3"] }, 'Cannot use "--chunk d=3": node "cd" nests "d"', "write --chunk cd=3"],
    [{ executor: ["io", "heavy"] }, 'Cannot use "--executor" twice for all nodes', "leave out one"],
    [{ chunk: ["ys=1", "ys=2"] }, 'Cannot use "--chunk" twice for node "ys"', "leave out one"],
    [
      { chunk: ["0"] },
      'Cannot use "--chunk 0": it is no whole number from 1 to 4096',
      "write --chunk N, or --chunk NODE=N",
    ],
    [
      { chunk: ["a=2"] },
      'Cannot use "--chunk a=2": it has no map, so there is one call',
      "leave it out",
    ],
    [
      { chunk: ["slow=2"] },
      'Cannot use "--chunk slow=2": with "timeout" every call runs alone, so that the limit is its own',
      "leave it out",
    ],
  ];
  for (const [request, message, hint] of refusals) {
    try {
      placed(request, { ...NODES, ...NEST });
      throw new Error(`accepted: ${JSON.stringify(request)}`);
    } catch (error) {
      assertOk(error instanceof UsageError, String(error));
      assertEquals([error.message, error.hint], [message, hint]);
    }
  }
});
