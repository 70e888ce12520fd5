/**
 * A graph as a Mermaid flowchart, for Markdown. Does not render it.
 *
 * @module
 */

import { statusMark } from "./marks.ts";
import { type GraphView, indexEdges, oneLine, type ViewNode, type ViewStatus } from "./view.ts";

const SHAPES: Readonly<Record<ViewNode["kind"], readonly [string, string]>> = {
  call: ["[", "]"],
  run: ["[", "]"],
  stream: ["[/", "/]"],
  expand: ["[[", "]]"],
  input: ["([", "])"],
  output: ["([", "])"],
};

/**
 * Returns a graph as Mermaid text with a final newline. Nodes are called `n0`, `n1`, … because words such
 * as `end` cannot be ids; names are quoted labels.
 *
 * @throws {InternalError} If an edge names a node that is not in the view.
 */
export function toMermaid(view: GraphView): string {
  indexEdges(view);
  const ids = new Map(view.nodes.map((node, i) => [node.id, `n${i}`]));
  const lines = ["flowchart TD"];
  for (const node of view.nodes) {
    const [open, close] = SHAPES[node.kind];
    const status = node.status === undefined ? "" : `:::${node.status}`;
    lines.push(`  ${ids.get(node.id)}${open}"${labelOf(node)}"${close}${status}`);
  }
  for (const { from, to, label, style } of view.edges) {
    const arrow = style === "order" ? "-.->" : "-->";
    const text = label === undefined ? "" : `|"${escapeLabel(label)}"|`;
    lines.push(`  ${ids.get(from)} ${arrow}${text} ${ids.get(to)}`);
  }
  const statuses = new Set(
    view.nodes.flatMap(({ status }): ViewStatus[] => status ? [status] : []),
  );
  for (const status of statuses) {
    lines.push(`  classDef ${status} stroke:${statusMark(status).hex},stroke-width:2px`);
  }
  return lines.join("\n") + "\n";
}

function labelOf(node: ViewNode): string {
  const mark = node.status === undefined ? "" : `${statusMark(node.status).unicode} `;
  const title = mark + escapeLabel(node.id);
  return node.detail === undefined ? title : `${title}<br>${escapeLabel(node.detail)}`;
}

/** Everything Mermaid, its Markdown or HTML could interpret becomes an entity. */
function escapeLabel(text: string): string {
  return oneLine(text).replace(/[#"<>&`*_~\\|{}[\]()%;]/g, (c) => `#${c.charCodeAt(0)};`);
}
