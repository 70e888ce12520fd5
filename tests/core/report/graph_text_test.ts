/** Tests of the text forms of graphs: DOT, Mermaid and JSON, with names that try to break out. */

import { InternalError } from "../../../core/base/error.ts";
import { toDot } from "../../../core/report/dot.ts";
import { toGraphJson } from "../../../core/report/graph_json.ts";
import { toMermaid } from "../../../core/report/mermaid.ts";
import type { GraphView } from "../../../core/report/view.ts";
import { assertEquals, assertOk, assertThrows } from "../../testing/assert.ts";

const HOSTILE = [
  "end",
  "graph",
  'a"b',
  "<script>alert(1)</script>",
  "back\\",
  "\\N",
  "a\nb",
  "x]]-->y",
  "`md`",
  "漢字 🙂",
  "\x1b[31m",
  "",
  "__proto__",
  "#quot;",
  "%%{init}%%",
];

const hostile: GraphView = {
  name: 'evil "} graph',
  nodes: HOSTILE.map((id, i) => ({
    id,
    kind: (["call", "run", "stream", "expand", "input", "output"] as const)[i % 6],
    detail: id,
    ...i % 2 === 0 ? { status: "failed" as const } : {},
  })),
  edges: HOSTILE.slice(1).map((to, i) => ({ from: HOSTILE[i], to, label: to })),
};

const small: GraphView = {
  name: "small",
  nodes: [
    { id: "raw", kind: "input", detail: "data/raw.csv" },
    { id: "fit", kind: "call", status: "done" },
    { id: "end", kind: "run" },
  ],
  edges: [{ from: "raw", to: "fit", label: "csv" }, { from: "fit", to: "end", style: "order" }],
};

const STRING = String.raw`"(?:[^"\\\n]|\\.)*"`;

Deno.test("toDot() prints a digraph", () => {
  assertEquals(
    toDot(small),
    `
digraph "small" {
  rankdir=TB;
  node [shape=box, fontname="Helvetica"];
  "raw" [label="raw\\ndata/raw.csv", shape=ellipse];
  "fit" [label="✓ fit", color="#16a34a", tooltip="done"];
  "end" [label="end"];
  "raw" -> "fit" [label="csv"];
  "fit" -> "end" [style=dashed];
}
`.slice(1),
  );
});

Deno.test("toDot() quotes every name so that only whole statements come out", () => {
  const lines = toDot(hostile).trimEnd().split("\n");
  const attributes = String.raw`\[\w+=(?:${STRING}|\w+)(?:, \w+=(?:${STRING}|\w+))*\]`;
  const node = new RegExp(`^  ${STRING} ${attributes};$`);
  const edge = new RegExp(`^  ${STRING} -> ${STRING}(?: ${attributes})?;$`);
  assertEquals(lines.length, 4 + HOSTILE.length + HOSTILE.length - 1);
  lines.slice(3, -1).forEach((line, i) => {
    assertOk((i < HOSTILE.length ? node : edge).test(line), line);
  });
  assertEquals(new Set(lines.slice(3, 3 + HOSTILE.length)).size, HOSTILE.length);
});

Deno.test("toMermaid() prints a flowchart whose ids are never names", () => {
  assertEquals(
    toMermaid(small),
    `
flowchart TD
  n0(["raw<br>data/raw.csv"])
  n1["✓ fit"]:::done
  n2["end"]
  n0 -->|"csv"| n1
  n1 -.-> n2
  classDef done stroke:#16a34a,stroke-width:2px
`.slice(1),
  );
});

Deno.test("toMermaid() leaves nothing in labels that Mermaid, Markdown or HTML interpret", () => {
  const label = String.raw`"(?:[^"<>&\x60*_~\\|{}\[\]()%;#\x00-\x1f]|#\d+;|<br>)*"`;
  const lines = toMermaid(hostile).trimEnd().split("\n").slice(1);
  const node = new RegExp(
    String.raw`^  n\d+(?:\[|\(\[|\[\[|\[/)${label}(?:\]|\]\)|\]\]|/\])(?::::\w+)?$`,
  );
  const edge = new RegExp(String.raw`^  n\d+ -->\|${label}\| n\d+$`);
  lines.slice(0, HOSTILE.length).forEach((line) => assertOk(node.test(line), line));
  lines.slice(HOSTILE.length, -1).forEach((line) => assertOk(edge.test(line), line));
});

Deno.test("toGraphJson() prints version, nodes and edges unchanged", () => {
  for (const view of [small, hostile]) {
    assertEquals(JSON.parse(toGraphJson(view)), { v: 1, ...view });
  }
});

Deno.test("graph texts reject an edge to a node that is not there", () => {
  const view: GraphView = { name: "x", nodes: [], edges: [{ from: "a", to: "b" }] };
  for (const toText of [toDot, toMermaid, toGraphJson]) {
    assertThrows(() => toText(view), InternalError);
  }
});
