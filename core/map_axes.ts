/**
 * An array has the same axes in all map-specs of a workflow: what one node calls its axes, those that take it call them too.
 * So a name of an axis means one thing everywhere. Does not know shapes or values.
 *
 * @module
 */

import type { Graph } from "./graph.ts";
import { findItem, formatItem, type MapItem } from "./mapspec.ts";
import type { NodeId, Problems } from "./names.ts";
import type { Source } from "./wire.ts";

/** An array in the map-spec of one node. */
interface Use {
  readonly node: NodeId;
  readonly item: MapItem;
}

/** What is known of the axes of an array. */
interface Known {
  readonly name: string;
  /** Names by position; `":"` while nobody has given one. */
  readonly axes: string[];
  /** By position: who gave the name. */
  readonly owners: Use[];
  /** Whether a map node makes it: then it has these axes and no more. */
  readonly isMade: boolean;
}

/**
 * Checks that map-specs agree about the axes of every array: names by position, and not more of them than the node that
 * makes it says. `":"` fits any name, and axes that are left out at the end are taken as a whole.
 *
 * A node that takes an array under several arguments may call the axes as it likes for all of them but one: all with all
 * needs two names.
 *
 * @param graph All names must be resolved.
 * @param problems Gets what is wrong.
 * @param since Only problems of nodes from this id are reported.
 */
export function checkAxes(graph: Graph, problems: Problems, since = 0): void {
  const arrays = new Map<string, Known>();
  const ids = graph.defs.keys().filter((id) => graph.defs[id].map !== undefined);
  const nodes = [...ids] as NodeId[];
  for (const node of nodes) {
    graph.defs[node].map?.outputs.forEach((item) => {
      const output = graph.defs[node].outputs.findIndex(({ name }) => name === item.name);
      if (output < 0) return;
      const owners = item.axes.map(() => ({ node, item }));
      const { name, axes } = item;
      arrays.set(`output ${node} ${output}`, { name, axes: [...axes], owners, isMade: true });
    });
  }
  for (const node of nodes) {
    for (const [array, uses] of usesOf(graph, node)) {
      const wrong = uses.map((use) => takeUse(arrays, array, use));
      const isReported = node >= since && (uses.length === 1 || wrong.every(isWrong));
      wrong.forEach((problem, i) => {
        const isRank = problem !== undefined && problem.kind === "rank";
        if (problem !== undefined && (isReported || isRank && node >= since)) {
          report(graph, problems, uses[i], problem);
        }
      });
    }
  }
}

/** The arrays a node maps over, each with all arguments that take it. */
function usesOf(graph: Graph, node: NodeId): Map<string, (Use & { readonly name: string })[]> {
  const uses = new Map<string, (Use & { readonly name: string })[]>();
  for (const item of graph.defs[node].map?.inputs ?? []) {
    const at = graph.maps[node]?.[item.name];
    if (at === undefined) continue;
    const array = arrayOf(graph.wires[node][at].source, graph);
    if (array === undefined) continue;
    const use = { node, item, name: array.name };
    uses.set(array.id, [...uses.get(array.id) ?? [], use]);
  }
  return uses;
}

/** What tells an array from others, and its name; literals and files belong to one node. */
function arrayOf(source: Source, graph: Graph): { id: string; name: string } | undefined {
  switch (source.kind) {
    case "input":
      return { id: `input ${source.input.name}`, name: source.input.name };
    case "param":
      return { id: source.path, name: source.path };
    case "output": {
      const { name } = graph.defs[source.node].outputs[source.output];
      return { id: `output ${source.node} ${source.output}`, name };
    }
    default:
      return undefined;
  }
}

/** How a use disagrees with what is known. */
interface Disagreement {
  readonly kind: "rank" | "name";
  readonly at: number;
  readonly known: Known;
  readonly first: Use;
}

function isWrong(problem: Disagreement | undefined): boolean {
  return problem !== undefined;
}

/** Compares a use with what is known, and notes what it adds if it fits. */
function takeUse(
  arrays: Map<string, Known>,
  array: string,
  use: Use & { readonly name: string },
): Disagreement | undefined {
  const { item } = use;
  const known = arrays.get(array) ?? { name: use.name, axes: [], owners: [], isMade: false };
  arrays.set(array, known);
  const { axes, owners, isMade } = known;
  if (isMade && item.axes.length > axes.length) {
    return { kind: "rank", at: axes.length, known, first: owners[0] };
  }
  const at = item.axes.findIndex((axis, i) =>
    axis !== ":" && axes[i] !== undefined && axes[i] !== ":" && axes[i] !== axis
  );
  if (at >= 0) return { kind: "name", at, known, first: owners[at] };
  item.axes.forEach((axis, i) => {
    if (axes[i] === undefined || axes[i] === ":") [axes[i], owners[i]] = [axis, use];
  });
  return undefined;
}

function report(
  graph: Graph,
  problems: Problems,
  { node, item }: Use,
  { kind, at, known, first }: Disagreement,
): void {
  const [own, other] = [graph.defs[node].name, graph.defs[first.node].name];
  const written = `"${formatItem(first.item)}" in node "${other}"`;
  const message = kind === "rank"
    ? `Cannot map over "${formatItem(item)}" in node "${own}": the array has ${
      countOf(known.axes.length)
    }, ${written}`
    : `Cannot use axis "${item.axes[at]}" for "${known.name}" in node "${own}": it is called "${
      known.axes[at]
    }", ${written}`;
  const right = item.axes.map((axis, i) => axis === ":" ? axis : known.axes[i] ?? axis);
  const hint = kind === "rank"
    ? `name the further axes where it is made: "${known.name}[${item.axes.join(", ")}]"`
    : `write "${formatItem({ name: item.name, axes: right })}", or ":" for the whole axis`;
  const place = {
    part: "value",
    within: (text: string) => findItem(text, first.item.name),
  } as const;
  problems.add("axes", message, ["nodes", own, "map"], {
    within: (text) => findItem(text, item.name, at),
    related: problems.placeOf("first", ["nodes", other, "map"], place),
    hint,
  });
}

function countOf(axes: number): string {
  return axes === 1 ? "1 axis" : `${axes} axes`;
}
