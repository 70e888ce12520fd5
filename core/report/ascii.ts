/**
 * Draws a graph for a terminal: boxes in layers with routed lines, or a list where that does not fit.
 * Pure and deterministic; does not know where it is printed.
 *
 * @module
 */

import { formatDuration } from "./format.ts";
import { STATUSES, statusMark } from "./marks.ts";
import { type BoxSize, layOut, type Metrics } from "./layout.ts";
import { drawOutline, topological } from "./outline.ts";
import { type BoxText, paint, type Picture } from "./paint.ts";
import {
  type GraphView,
  type IndexedEdge,
  indexEdges,
  oneLine,
  STATUS_WORDS,
  type ViewNode,
  type ViewStatus,
} from "./view.ts";
import { displayWidth, truncate } from "./width.ts";

/** How to draw. */
export interface AsciiOptions {
  /** Box drawing characters and arrows; else only `+ - | v >` and the like. */
  readonly unicode: boolean;
  readonly color: boolean;
  /** Columns the drawing may take. */
  readonly maxWidth: number;
  /** Direction of flow; by default down, or right where that is too wide. */
  readonly direction?: "down" | "right";
}

/** More nodes are listed: a drawing of them helps nobody. */
const MAX_DRAWN = 200;
/** More edges are listed too. */
const MAX_EDGES = 600;
/** Longer names and details are cut. */
const MAX_NAME = 48;
const MAX_DETAIL = 32;
/** Columns between unconnected parts. */
const PART_GAP = 3;

const METRICS: Readonly<Record<"down" | "right", Metrics>> = {
  down: { box: 3, line: 2, port: 2, lead: 0, step: 1, tail: 0 },
  right: { box: 0, line: 0, port: 1, lead: 1, step: 2, tail: 1 },
};

/**
 * Draws a graph. Lines that touch belong to one source or to one target; lines that cross do so at a
 * right angle, and the one across the flow is interrupted.
 *
 * @returns Lines without a final newline, none wider than `maxWidth` unless a single name is.
 */
export function drawAscii(view: GraphView, options: AsciiOptions): string {
  if (view.nodes.length === 0) return "(no nodes)";
  const edges = indexEdges(view);
  const isLarge = view.nodes.length > MAX_DRAWN || edges.length > MAX_EDGES;
  const drawing = isLarge || topological(view.nodes.length, edges).hasCycle
    ? null
    : firstThatFits(view, edges, options);
  const text = drawing ?? drawOutline(view, {
    unicode: options.unicode,
    maxWidth: options.maxWidth,
    label: (node) => titleOf(node, options.unicode),
  });
  const legend = legendOf(view, options);
  return legend === "" ? text : `${text}\n\n${legend}`;
}

function firstThatFits(
  view: GraphView,
  edges: readonly IndexedEdge[],
  options: AsciiOptions,
): string | null {
  const parts = partsOf(view.nodes.length, edges);
  const directions = options.direction === undefined
    ? ["down", "right"] as const
    : [options.direction];
  const hasDetails = view.nodes.some((node) => detailOf(node) !== "");
  for (const direction of directions) {
    for (const details of hasDetails ? [true, false] : [false]) {
      const texts = view.nodes.map((node) => textOf(node, options.unicode, details));
      const pictures: Picture[] = [];
      for (const part of parts) {
        const picture = drawPart(part, edges, texts, direction, options);
        if (picture.width > options.maxWidth) break;
        pictures.push(picture);
      }
      if (pictures.length === parts.length) return shelve(pictures, options.maxWidth);
    }
  }
  return null;
}

function drawPart(
  part: readonly number[],
  edges: readonly IndexedEdge[],
  texts: readonly BoxText[],
  direction: "down" | "right",
  { unicode, color }: AsciiOptions,
): Picture {
  const local = new Map(part.map((node, i) => [node, i]));
  const inside = edges.flatMap((edge) => {
    const from = local.get(edge.from);
    const to = local.get(edge.to);
    return from === undefined || to === undefined ? [] : [{ from, to, isOrder: edge.isOrder }];
  });
  const own = part.map((node) => texts[node]);
  const sizes = own.map(({ lines }): BoxSize => {
    const width = Math.max(...lines.map(displayWidth)) + 4;
    const height = lines.length + 2;
    return direction === "down"
      ? { across: width, along: height }
      : { across: height, along: width };
  });
  const layout = layOut(sizes, inside, METRICS[direction]);
  return paint(layout, own, { direction, unicode, color });
}

function titleOf(node: ViewNode, unicode: boolean): string {
  const name = truncate(oneLine(node.id), MAX_NAME, unicode ? "…" : "...");
  return node.status === undefined ? name : `${markOf(node.status, unicode)} ${name}`;
}

function detailOf(node: ViewNode): string {
  const kind = node.kind === "stream" || node.kind === "expand" ? node.kind : "";
  const time = node.wallMs === undefined ? "" : formatDuration(node.wallMs);
  return [oneLine(node.detail ?? kind), time].filter((part) => part !== "").join("  ");
}

function textOf(node: ViewNode, unicode: boolean, details: boolean): BoxText {
  const detail = details ? truncate(detailOf(node), MAX_DETAIL, unicode ? "…" : "...") : "";
  const title = titleOf(node, unicode);
  return {
    lines: detail === "" ? [title] : [title, detail],
    titles: 1,
    isRound: node.kind === "input" || node.kind === "output",
    color: node.status === undefined ? "" : statusMark(node.status).sgr,
  };
}

/** Connected parts, each in node order, ordered by their first node. */
function partsOf(count: number, edges: readonly IndexedEdge[]): number[][] {
  const roots = Int32Array.from({ length: count }, (_, i) => i);
  const find = (i: number): number => {
    while (roots[i] !== i) i = roots[i] = roots[roots[i]];
    return i;
  };
  for (const { from, to } of edges) {
    const [a, b] = [find(from), find(to)];
    roots[Math.max(a, b)] = Math.min(a, b);
  }
  const parts = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const part = parts.get(find(i));
    if (part === undefined) parts.set(find(i), [i]);
    else part.push(i);
  }
  return [...parts.values()];
}

/** Sets pictures side by side as far as they fit, then below. */
function shelve(pictures: readonly Picture[], maxWidth: number): string {
  const shelves: Picture[][] = [];
  let used = Infinity;
  for (const picture of pictures) {
    if (used + PART_GAP + picture.width > maxWidth) {
      shelves.push([picture]);
      used = picture.width;
    } else {
      shelves[shelves.length - 1].push(picture);
      used += PART_GAP + picture.width;
    }
  }
  return shelves.map(joinShelf).join("\n\n");
}

function joinShelf(shelf: readonly Picture[]): string {
  const height = Math.max(...shelf.map((picture) => picture.rows.length));
  const lines: string[] = [];
  for (let y = 0; y < height; y++) {
    let line = "";
    let start = 0;
    let width = 0;
    for (const picture of shelf) {
      const row = picture.rows[y] ?? "";
      if (row !== "") {
        line += " ".repeat(start - width) + row;
        width = start + displayWidth(withoutCodes(row));
      }
      start += picture.width + PART_GAP;
    }
    lines.push(line);
  }
  return lines.join("\n");
}

function withoutCodes(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

function legendOf(view: GraphView, { unicode, color }: AsciiOptions): string {
  const present = new Set(view.nodes.map((node) => node.status));
  return STATUSES.filter((status) => present.has(status)).map((status) => {
    const text = `${markOf(status, unicode)} ${STATUS_WORDS[status]}`;
    return color ? `\x1b[${statusMark(status).sgr}m${text}\x1b[0m` : text;
  }).join("   ");
}

function markOf(status: ViewStatus, unicode: boolean): string {
  return statusMark(status)[unicode ? "unicode" : "ascii"];
}
