/** Tests of graph wiring. Knows no file format: workflows are sketched. */

import { assertEquals } from "../testing/assert.ts";
import { fileOutput, sketchGraph } from "../testing/workflow.ts";

/** Problems as `code: message`. */
function problemsOf(...args: Parameters<typeof sketchGraph>): string[] {
  return sketchGraph(...args).diagnostics.map((d) =>
    `${d.code}: ${d.message}${d.hint === undefined ? "" : ` (${d.hint})`}`
  );
}

Deno.test("buildGraph() wires inputs, outputs, params and node.output by name", () => {
  const { graph, diagnostics } = sketchGraph({
    rows: { takes: ["raw"] },
    split: { takes: ["rows"], gives: ["train", "test"] },
    fit: { takes: { data: "split.train", depth: "params.model.depth" } },
  }, {
    inputs: [{ name: "raw", kind: "value" }],
    params: { model: { depth: 3 } },
  });
  assertEquals(diagnostics, []);
  assertEquals(graph.wires[2].map((w) => w.source), [
    { kind: "output", node: 1, output: 0 },
    { kind: "param", path: "params.model.depth", value: 3 },
  ] as never);
  assertEquals([...graph.order], [0, 1, 2]);
  assertEquals([...graph.ups.targets], [0, 1]);
  assertEquals([...graph.downs.targets], [1, 2]);
  assertEquals(graph.idOf("test"), 1 as never);
});

Deno.test("buildGraph() infers wires from parameter names, optional ones only if something provides them", () => {
  const { graph, diagnostics } = sketchGraph({ a: {}, b: {} }, {
    parameters: {
      a: { kind: "none" },
      b: {
        kind: "named",
        hasRest: false,
        names: [{ name: "a", optional: false }, { name: "k", optional: true }],
      },
    },
  });
  assertEquals(diagnostics, []);
  assertEquals(graph.wires[1].map((w) => w.argument), ["a"]);
});

Deno.test("buildGraph() takes a provided output from outside instead of its node", () => {
  const { graph } = sketchGraph({ a: {}, b: { takes: ["a"] } }, { provided: ["a"] });
  assertEquals(graph.wires[1][0].source.kind, "input");
  assertEquals(graph.ups.starts[2], 0);
});

Deno.test("buildGraph() reports every wiring problem", async (t) => {
  const cases: Record<string, { args: Parameters<typeof sketchGraph>; expected: string[] }> = {
    "unknown source": {
      args: [{ align: {}, sort: { takes: ["lign"] } }],
      expected: [
        `unknown-source: Cannot find "lign" for input "lign" of node "sort": no input and no node provides it (did you mean "align", output of node "align"?)`,
      ],
    },
    "unknown param": {
      args: [{ a: { takes: { d: "params.model.dept" } } }, { params: { model: { depth: 1 } } }],
      expected: [
        `unknown-param: Cannot find "params.model.dept" for input "d" of node "a": "params.model" has no "dept" (did you mean "params.model.depth"?)`,
      ],
    },
    "a param named without params": {
      args: [{ a: { takes: ["depth"] } }, { params: { depth: 1 } }],
      expected: [
        `unknown-source: Cannot find "depth" for input "depth" of node "a": no input and no node provides it (did you mean "params.depth"?)`,
      ],
    },
    "duplicate output": {
      args: [{ a: { gives: ["x"] }, b: { gives: ["x"] } }],
      expected: [
        `duplicate-output: Cannot declare output "x" of node "b": node "a" already provides that name (rename one of them)`,
      ],
    },
    "several outputs": {
      args: [{ a: { gives: ["x", "y"] }, b: { takes: ["a"] } }],
      expected: [
        `which-output: Cannot use node "a" as input "a" of node "b": it has 2 outputs (name one: "a.x", "a.y")`,
      ],
    },
    "no outputs": {
      args: [{ a: { gives: [] }, b: { takes: ["a"] } }],
      expected: [
        `which-output: Cannot use node "a" as input "a" of node "b": it has no outputs (use "after: [a]" to run behind it)`,
      ],
    },
    "cycle named in full": {
      args: [{ x: {}, a: { takes: ["c"] }, b: { takes: ["a", "x"] }, c: { takes: ["b"] } }],
      expected: [
        "cycle: Cannot order the nodes: they form a cycle: a -> b -> c -> a (break it: a node cannot depend on what depends on it)",
      ],
    },
    "self cycle": {
      args: [{ a: { takes: ["a"] } }],
      expected: [
        "cycle: Cannot order the nodes: they form a cycle: a -> a (break it: a node cannot depend on what depends on it)",
      ],
    },
    "unused input": {
      args: [{ a: {} }, { inputs: [{ name: "raw", kind: "file" }] }],
      expected: [
        `unused-input: Input "raw" is not used by any node (remove it, or wire it into a node)`,
      ],
    },
    "two nodes write one path": {
      args: [{
        a: { gives: [fileOutput("x", "out/x")] },
        b: { gives: [fileOutput("y", "out//x")] },
      }],
      expected: [
        `path-conflict: Cannot publish output "y" of node "b" as "out/x": output "x" of node "a" already writes it (give each output a path of its own)`,
      ],
    },
    "a path inside another": {
      args: [{ a: { gives: [fileOutput("x", "out")] }, b: { gives: [fileOutput("y", "out/y")] } }],
      expected: [
        `path-conflict: Cannot publish output "y" of node "b" as "out/y": output "x" of node "a" writes "out" (give each output a path of its own)`,
      ],
    },
    "an output over an input": {
      args: [{ a: { takes: ["raw"], gives: [fileOutput("x", "data/raw.csv")] } }, {
        inputs: [{ name: "raw", kind: "file", default: "data/raw.csv" }],
      }],
      expected: [
        `path-conflict: Cannot publish output "x" of node "a": its path "data/raw.csv" is input "raw" (publish the output under another path)`,
      ],
    },
    "unknown argument": {
      args: [{ x: {}, a: { takes: { rws: "x" } } }, {
        parameters: {
          a: { kind: "named", hasRest: false, names: [{ name: "rows", optional: true }] },
        },
      }],
      expected: [
        `unknown-argument: Cannot pass input "rws" to function "nodes.ts#a" of node "a": it takes "rows" (did you mean "rows"?)`,
      ],
    },
    "unknown parameter": {
      args: [{ model: {}, a: {} }, {
        parameters: {
          a: { kind: "named", hasRest: false, names: [{ name: "modle", optional: false }] },
        },
      }],
      expected: [
        `unknown-source: Cannot find "modle" for parameter "modle" of function "nodes.ts#a" of node "a": no input and no node provides it (did you mean "model", output of node "model"?)`,
      ],
    },
    "unknown node in after": {
      args: [{ build: {}, a: { after: ["biuld"] } }],
      expected: [
        `unknown-node: Cannot run node "a" after "biuld": there is no such node (did you mean "build"?)`,
      ],
    },
    "input and node of one name": {
      args: [{ a: { takes: ["x"] }, x: { gives: ["y"] } }, {
        inputs: [{ name: "x", kind: "value" }],
      }],
      expected: [
        `ambiguous-name: Cannot tell "x" apart: it is an input and a node (rename one of them)`,
      ],
    },
  };
  for (const [name, { args, expected }] of Object.entries(cases)) {
    await t.step(name, () => assertEquals(problemsOf(...args), expected));
  }
});

Deno.test("buildGraph() wires 100,000 nodes in one pass", () => {
  const nodes = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, i) => [`n${i}`, i === 0 ? {} : { takes: [`n${i - 1}`] }]),
  );
  const { graph, diagnostics } = sketchGraph(nodes);
  assertEquals(diagnostics.length, 0);
  assertEquals(graph.order.length, 100_000);
});

Deno.test("buildGraph() says briefly what is wrong with 200,000 nodes in a cycle", () => {
  const count = 200_000;
  const nodes = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`n${i}`, { takes: [`n${(i + 1) % count}`] }]),
  );
  const [{ message }] = sketchGraph(nodes).diagnostics;
  const names = Array.from({ length: 19 }, (_, i) => `n${199_999 - i}`);
  const path = ["n0", ...names].join(" -> ");
  assertEquals(
    message,
    `Cannot order the nodes: they form a cycle: ${path} -> … 199980 more … -> n0`,
  );
});

Deno.test("buildGraph() reports a missing source of 5,000 nodes, searching once for what was meant", () => {
  const nodes = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, i) => [`n${i}`, { takes: ["gnoe"], gives: [`result${i}`] }]),
  );
  const { diagnostics } = sketchGraph({ ...nodes, gone: {} });
  assertEquals(diagnostics.length, 5_000);
  assertEquals(
    new Set(diagnostics.map(({ hint }) => hint)),
    new Set([`did you mean "gone", output of node "gone"?`]),
  );
});
