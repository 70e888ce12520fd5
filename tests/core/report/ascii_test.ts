/** Tests of drawing graphs: exact pictures, and random graphs that are read back from their drawing. */

import fc from "fast-check";
import { drawAscii } from "../../../core/report/ascii.ts";
import type { GraphView, ViewEdge, ViewNode } from "../../../core/report/view.ts";
import { displayWidth } from "../../../core/report/width.ts";
import { InternalError } from "../../../core/base/error.ts";
import { assertEquals, assertIncludes, assertOk, assertThrows } from "../../testing/assert.ts";
import { readDrawing } from "./read_drawing.ts";

const PLAIN = { unicode: true, color: false, maxWidth: 100 } as const;

function viewOf(ids: readonly string[], edges: readonly (readonly [string, string])[]): GraphView {
  return {
    name: "test",
    nodes: ids.map((id): ViewNode => ({ id, kind: "call" })),
    edges: edges.map(([from, to]): ViewEdge => ({ from, to })),
  };
}

/** Random acyclic graphs: names n0, n1, …; edges from lower to higher. */
const dags = fc.integer({ min: 1, max: 14 }).chain((count) =>
  fc.record({
    ids: fc.constant(Array.from({ length: count }, (_, i) => `n${i}`)),
    pairs: fc.array(
      fc.tuple(fc.nat(count - 1), fc.nat(count - 1), fc.integer({ min: 0, max: 4 })),
      { maxLength: 2 * count },
    ),
    long: fc.nat(count - 1),
  })
).map(({ ids, pairs, long }): GraphView => {
  const nodes = ids.map((id, i): ViewNode => ({
    id: i === long ? id + "x".repeat(17) : id,
    kind: i % 5 === 0 ? "input" : "call",
  }));
  const edges = pairs.filter(([a, b]) => a !== b).map(([a, b, style]): ViewEdge => ({
    from: nodes[Math.min(a, b)].id,
    to: nodes[Math.max(a, b)].id,
    style: style === 0 ? "order" : "data",
  }));
  return { name: "random", nodes, edges };
});

for (const direction of ["down", "right"] as const) {
  for (const unicode of [true, false]) {
    Deno.test(`drawAscii() draws exactly the edges of random graphs: ${direction}, ${unicode ? "Unicode" : "ASCII"}`, () => {
      fc.assert(
        fc.property(dags, (view) => {
          const text = drawAscii(view, { unicode, color: false, maxWidth: 1000, direction });
          const edges = new Set(view.edges.map(({ from, to }) => `${from}>${to}`));
          const read = readDrawing(text, view.nodes.map((node) => node.id), direction);
          assertEquals(read, [...edges].sort(), text);
        }),
        { numRuns: 150, seed: 20 },
      );
    });
  }
}

/** Graphs whose lines have to be cut in two, or lie two tracks apart, between the same layers. */
const KNOTS: readonly (readonly (readonly [string, string])[])[] = [
  ["a", "b", "c"].flatMap((from) => ["d", "e", "f"].map((to) => [from, to] as const)),
  ["a", "b", "c", "d"].flatMap((from) => ["e", "f", "g", "h"].map((to) => [from, to] as const)),
  [["a", "y"], ["b", "x"], ["a", "p"], ["b", "p"], ["a", "x"], ["b", "y"]],
  ["a", "b", "c", "d", "e"].flatMap((from, i) =>
    ["p", "q", "r", "s", "t"].filter((_, k) => k !== i).map((to) => [from, to] as const)
  ),
];

Deno.test("drawAscii() draws exactly the edges of knots", () => {
  for (const edges of KNOTS) {
    const ids = [...new Set(edges.flat())];
    const expected = edges.map(([from, to]) => `${from}>${to}`).sort();
    for (const direction of ["down", "right"] as const) {
      for (const unicode of [true, false]) {
        const text = drawAscii(viewOf(ids, edges), { ...PLAIN, unicode, direction });
        assertEquals(readDrawing(text, ids, direction), expected, text);
      }
    }
  }
});

Deno.test("drawAscii() is deterministic and keeps to the width", () => {
  fc.assert(
    fc.property(dags, fc.integer({ min: 30, max: 90 }), (view, maxWidth) => {
      const text = drawAscii(view, { ...PLAIN, maxWidth });
      assertEquals(drawAscii(view, { ...PLAIN, maxWidth }), text);
      for (const line of text.split("\n")) assertOk(displayWidth(line) <= maxWidth, text);
    }),
    { numRuns: 60, seed: 4 },
  );
});

Deno.test("drawAscii() draws a diamond", () => {
  const view = viewOf(["a", "b", "c", "d"], [["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]]);
  assertEquals(
    drawAscii(view, PLAIN),
    `
    ┌───┐
    │ a │
    └─┬─┘
  ┌───┴───┐
  ▼       ▼
┌───┐   ┌───┐
│ b │   │ c │
└─┬─┘   └─┬─┘
  └───┬───┘
      ▼
    ┌───┐
    │ d │
    └───┘`.slice(1),
  );
});

Deno.test("drawAscii() draws plain ASCII left to right", () => {
  const view = viewOf(["a", "b", "c"], [["a", "b"], ["a", "c"]]);
  assertEquals(
    drawAscii(view, { ...PLAIN, unicode: false, direction: "right" }),
    `
         .---.
.---. +->| b |
| a +-+  '---'
'---' |  .---.
      +->| c |
         '---'`.slice(1),
  );
});

Deno.test("drawAscii() aligns wide characters, marks statuses and explains the marks", () => {
  const view: GraphView = {
    name: "wide",
    nodes: [
      { id: "結果", kind: "input", status: "hit" },
      { id: "🙂 fit", kind: "call", status: "failed", detail: "n.ts#fit", wallMs: 1200 },
    ],
    edges: [{ from: "結果", to: "🙂 fit", style: "order" }],
  };
  assertEquals(
    drawAscii(view, PLAIN),
    `
     ╭────────╮
     │ = 結果 │
     ╰───┬────╯
         ▼
┌─────────────────┐
│    ✗ 🙂 fit     │
│ n.ts#fit  1.2 s │
└─────────────────┘

= up to date   ✗ failed`.slice(1),
  );
});

Deno.test("drawAscii() with colour is the plain drawing when the codes are taken out", () => {
  const view: GraphView = {
    name: "c",
    nodes: [
      { id: "a", kind: "call", status: "done", detail: "x" },
      { id: "b", kind: "run", status: "failed" },
      { id: "lone", kind: "run", status: "skipped" },
    ],
    edges: [{ from: "a", to: "b" }],
  };
  const colored = drawAscii(view, { ...PLAIN, color: true });
  assertIncludes(colored, "\x1b[31m");
  // deno-lint-ignore no-control-regex
  const stripped = colored.replace(/\x1b\[[0-9;]*m/g, "");
  assertEquals(stripped, drawAscii(view, PLAIN));
});

Deno.test("drawAscii() escapes control characters and line breaks of names", () => {
  const text = drawAscii(viewOf(["a\x1b[31m\nb"], []), PLAIN);
  assertEquals(text.split("\n")[1], "│ a\\u001b[31m b │");
});

Deno.test("drawAscii() lists 10,000 nodes instead of drawing them", () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `n${i}`);
  const edges = ids.slice(1).map((id, i) => [ids[i >> 1], id] as const);
  const lines = drawAscii(viewOf(ids, edges), PLAIN).split("\n");
  assertEquals(lines[0], "10,000 nodes, 9,999 edges, 14 layers");
  assertEquals(lines[1], "n0 → n1, n2");
  assertEquals(lines.length, 10_001);
});

Deno.test("drawAscii() lists a graph that is too wide, a cycle, and says when there are no nodes", () => {
  const names = Array.from({ length: 9 }, (_, i) => `a_rather_long_name_${i}`);
  const view = viewOf(["a", ...names, "z"], names.flatMap((n) => [["a", n], [n, "z"]] as const));
  const listed = drawAscii(view, { ...PLAIN, maxWidth: 30 });
  assertIncludes(listed, "a → a_rather_long_name_0,\n    a_rather_long_name_1,");
  const cycle = viewOf(["a", "b"], [["a", "b"], ["b", "a"]]);
  assertEquals(drawAscii(cycle, PLAIN), "2 nodes, 2 edges, with a cycle\na → b\nb → a");
  assertEquals(drawAscii(viewOf([], []), PLAIN), "(no nodes)");
});

Deno.test("drawAscii() rejects an edge to a node that is not there", () => {
  assertThrows(() => drawAscii(viewOf(["a"], [["a", "b"]]), PLAIN), InternalError);
});
