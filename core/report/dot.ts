/**
 * A graph in Graphviz DOT. Does not run Graphviz.
 *
 * @module
 */

import { statusMark } from "./marks.ts";
import { type GraphView, indexEdges, oneLine, STATUS_WORDS, type ViewNode } from "./view.ts";

const SHAPES: Readonly<Record<ViewNode["kind"], string>> = {
  call: "box",
  run: "box",
  stream: "cds",
  expand: "box3d",
  input: "ellipse",
  output: "ellipse",
};

/**
 * Returns a graph as DOT text with a final newline. Every id is quoted, so every name is allowed.
 *
 * @throws {InternalError} If an edge names a node that is not in the view.
 */
export function toDot(view: GraphView): string {
  indexEdges(view);
  const lines = [
    `digraph ${quote(view.name)} {`,
    `  rankdir=TB;`,
    `  node [shape=box, fontname="Helvetica"];`,
  ];
  for (const node of view.nodes) {
    const attributes = [`label=${quote(labelOf(node))}`];
    if (SHAPES[node.kind] !== "box") attributes.push(`shape=${SHAPES[node.kind]}`);
    if (node.status !== undefined) {
      attributes.push(
        `color=${quote(statusMark(node.status).hex)}`,
        `tooltip=${quote(STATUS_WORDS[node.status])}`,
      );
    }
    lines.push(`  ${quote(node.id)} [${attributes.join(", ")}];`);
  }
  for (const { from, to, label, style } of view.edges) {
    const attributes = [
      ...label === undefined ? [] : [`label=${quote(oneLine(label))}`],
      ...style === "order" ? ["style=dashed"] : [],
    ];
    const text = attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`;
    lines.push(`  ${quote(from)} -> ${quote(to)}${text};`);
  }
  return lines.join("\n") + "\n}\n";
}

function labelOf(node: ViewNode): string {
  const mark = node.status === undefined ? "" : `${statusMark(node.status).unicode} `;
  const title = mark + oneLine(node.id);
  return node.detail === undefined ? title : `${title}\n${oneLine(node.detail)}`;
}

/** A DOT string; backslashes are doubled because labels interpret them. */
function quote(text: string): string {
  const lines = text.split("\n").map((line) => oneLine(line).replace(/[\\"]/g, "\\$&"));
  return `"${lines.join("\\n")}"`;
}
