/** Tests of outlines of graphs that nobody can read whole. */

import { drawOutline } from "../../../core/report/outline.ts";
import type { GraphView } from "../../../core/report/view.ts";
import { assertEquals } from "../../testing/assert.ts";

function view(count: number, edges: (i: number) => [number, number]): GraphView {
  return {
    name: "many",
    nodes: Array.from({ length: count }, (_, i) => ({ id: `n${i}`, kind: "call" })),
    edges: Array.from({ length: count - 1 }, (_, i) => {
      const [from, to] = edges(i);
      return { from: `n${from}`, to: `n${to}` };
    }),
  };
}

const MORE = "more: name nodes to see a part, or print all with --json or --dot";

Deno.test("drawOutline() of a long chain ends after 10,000 nodes and says how to get all", () => {
  const lines = drawOutline(view(100_000, (i) => [i, i + 1]), { unicode: true, maxWidth: 80 })
    .split("\n");
  assertEquals([lines[0], lines[1], lines[10_000], ...lines.slice(10_001)], [
    "100,000 nodes, 99,999 edges, 100,000 layers",
    "n0 → n1",
    "n9999 → n10000",
    `… 90,000 ${MORE}`,
  ]);
});

Deno.test("drawOutline() of a node that all others need or that needs all others is as short", () => {
  const ascii = { unicode: false, maxWidth: 80 };
  const fanOut = drawOutline(view(200_000, (i) => [0, i + 1]), ascii).split("\n");
  assertEquals(fanOut.at(-1), `... 199,999 ${MORE}`);
  const fanIn = drawOutline(view(200_000, (i) => [i + 1, 0]), ascii).split("\n");
  assertEquals(fanIn.at(-1), `... 190,000 ${MORE}`);
});

Deno.test("drawOutline() of as many nodes as fit is whole", () => {
  const lines = drawOutline(view(10_000, (i) => [i, i + 1]), { unicode: true, maxWidth: 80 })
    .split("\n");
  assertEquals([lines.length, lines.at(-1)], [10_001, "n9999"]);
});
