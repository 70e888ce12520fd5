/**
 * Turns the geometry of a drawing into lines of text, in Unicode box drawing or ASCII, with colour or
 * without. Knows nothing of how the geometry came about.
 *
 * @module
 */

import { InternalError } from "../base/error.ts";
import type { Layout } from "./layout.ts";
import { displayWidth, graphemes, graphemeWidth } from "./width.ts";

/** Text and look of one box. */
export interface BoxText {
  readonly lines: readonly string[];
  /** How many of `lines` are titles; the rest is dim. */
  readonly titles: number;
  readonly isRound: boolean;
  /** SGR parameters of border and title, for example `32`; empty for none. */
  readonly color: string;
}

/** How to paint. */
export interface PaintStyle {
  readonly direction: "down" | "right";
  readonly unicode: boolean;
  readonly color: boolean;
}

/** Cells with their colours; a wide character is followed by an empty cell. */
export interface Picture {
  readonly width: number;
  readonly rows: readonly string[];
}

const UP = 1;
const RIGHT = 2;
const DOWN = 4;
const LEFT = 8;

/** Box drawing by arms: index is the sum of `UP`, `RIGHT`, `DOWN`, `LEFT`. */
const UNICODE_LINES = " ╵╶└╷│┌├╴┘─┴┐┤┬┼";
const ASCII_LINES = " |-+||++-+-++" + "+++";

/** The lines in one cell: of one net, or of two that cross. */
interface Cell {
  net: number;
  arms: number;
  isOrder: boolean;
  crossing?: { net: number; arms: number; isOrder: boolean };
}

/** Paints a layout. */
export function paint(layout: Layout, texts: readonly BoxText[], style: PaintStyle): Picture {
  const isDown = style.direction === "down";
  const width = isDown ? layout.acrossSize : layout.alongSize;
  const height = isDown ? layout.alongSize : layout.acrossSize;
  const canvas = new Canvas(width, height);
  const at = (across: number, along: number): [number, number] =>
    isDown ? [across, along] : [along, across];
  const cells = cellsOf(layout, width, isDown);
  for (const [index, cell] of cells) {
    canvas.set(index % width, Math.floor(index / width), lineChar(cell, style), "");
  }
  for (const { across, along } of layout.arrows) {
    const head = style.unicode ? (isDown ? "▼" : "▶") : (isDown ? "v" : ">");
    canvas.set(...at(across, along), head, "");
  }
  for (const box of layout.boxes) {
    const [x, y] = at(box.across, box.along);
    const [w, h] = at(box.acrossSize, box.alongSize);
    paintBox(canvas, { x, y, w, h }, texts[box.node], style, (cx, cy) => {
      return cells.get(cy * width + cx)?.arms ?? 0;
    });
  }
  return { width, rows: canvas.rows(style.color) };
}

function cellsOf(layout: Layout, width: number, isDown: boolean): Map<number, Cell> {
  const cells = new Map<number, Cell>();
  for (const { net, isOrder, isAcross, at, from, to } of layout.segments) {
    const isHorizontal = isAcross === isDown;
    for (let k = from; k <= to; k++) {
      const index = isHorizontal ? at * width + k : k * width + at;
      const back = k > from ? (isHorizontal ? LEFT : UP) : 0;
      const forth = k < to ? (isHorizontal ? RIGHT : DOWN) : 0;
      addArms(cells, index, { net, isOrder, arms: back | forth });
    }
  }
  return cells;
}

function addArms(cells: Map<number, Cell>, index: number, line: Cell): void {
  const cell = cells.get(index);
  if (cell === undefined) cells.set(index, { ...line });
  else if (cell.net === line.net) cell.arms |= line.arms;
  else if (cell.crossing === undefined) cell.crossing = { ...line };
  else if (cell.crossing.net === line.net) cell.crossing.arms |= line.arms;
  else throw new InternalError("Cannot draw a graph: three lines meet in one cell");
}

/** Of two lines that cross, the one along the flow is drawn: the other passes below it. */
function lineChar(cell: Cell, style: PaintStyle): string {
  const along = style.direction === "down" ? UP | DOWN : LEFT | RIGHT;
  let top = { arms: cell.arms, isOrder: cell.isOrder };
  if (cell.crossing !== undefined) {
    const both = cell.arms | cell.crossing.arms;
    const isCrossing = both === 15 && (cell.arms === along || cell.crossing.arms === along);
    if (!isCrossing) throw new InternalError("Cannot draw a graph: two lines touch");
    if (cell.crossing.arms === along) top = cell.crossing;
  }
  if (top.isOrder && top.arms === (UP | DOWN)) return style.unicode ? "┆" : ":";
  if (top.isOrder && top.arms === (LEFT | RIGHT)) return style.unicode ? "┄" : ".";
  return (style.unicode ? UNICODE_LINES : ASCII_LINES)[top.arms];
}

/** Rectangle in canvas cells. */
interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function paintBox(
  canvas: Canvas,
  { x, y, w, h }: Rect,
  text: BoxText,
  style: PaintStyle,
  armsAt: (x: number, y: number) => number,
): void {
  const { unicode } = style;
  const corners = unicode ? (text.isRound ? "╭╮╰╯" : "┌┐└┘") : "..''";
  const side = (round: string): string => unicode ? "│" : text.isRound ? round : "|";
  const [right, bottom] = [x + w - 1, y + h - 1];
  for (let cx = x + 1; cx < right; cx++) {
    canvas.set(cx, y, unicode ? "─" : "-", text.color);
    const hasPort = (armsAt(cx, bottom) & DOWN) !== 0;
    canvas.set(cx, bottom, unicode ? (hasPort ? "┬" : "─") : (hasPort ? "+" : "-"), text.color);
  }
  for (let cy = y + 1; cy < bottom; cy++) {
    canvas.set(x, cy, side("("), text.color);
    const hasPort = (armsAt(right, cy) & RIGHT) !== 0;
    canvas.set(right, cy, hasPort ? (unicode ? "├" : "+") : side(")"), text.color);
  }
  [[x, y], [right, y], [x, bottom], [right, bottom]].forEach(([cx, cy], i) =>
    canvas.set(cx, cy, corners[i], text.color)
  );
  const top = y + 1 + ((h - 2 - text.lines.length) >> 1);
  text.lines.forEach((line, i) => {
    const start = x + 1 + ((w - 2 - displayWidth(line)) >> 1);
    canvas.write(start, top + i, line, i < text.titles ? text.color : "2");
  });
}

/** A grid of characters and colours. */
class Canvas {
  readonly #width: number;
  readonly #chars: string[];
  readonly #colors: string[];

  constructor(width: number, height: number) {
    this.#width = width;
    this.#chars = new Array<string>(width * height).fill(" ");
    this.#colors = new Array<string>(width * height).fill("");
  }

  set(x: number, y: number, char: string, color: string): void {
    this.#chars[y * this.#width + x] = char;
    this.#colors[y * this.#width + x] = color;
  }

  write(x: number, y: number, text: string, color: string): void {
    let column = x;
    for (const grapheme of graphemes(text)) {
      const width = graphemeWidth(grapheme);
      if (width === 0) {
        this.#chars[y * this.#width + column - 1] += grapheme;
        continue;
      }
      this.set(column, y, grapheme, color);
      if (width === 2) this.set(column + 1, y, "", color);
      column += width;
    }
  }

  rows(hasColor: boolean): string[] {
    const rows: string[] = [];
    for (let start = 0; start < this.#chars.length; start += this.#width) {
      rows.push(this.#row(start, hasColor));
    }
    return rows;
  }

  #row(start: number, hasColor: boolean): string {
    let end = start + this.#width;
    while (end > start && this.#chars[end - 1] === " ") end--;
    let row = "";
    let current = "";
    for (let i = start; i < end; i++) {
      const color = hasColor && this.#chars[i] !== " " ? this.#colors[i] : hasColor ? current : "";
      if (color !== current) {
        row += (current === "" ? "" : "\x1b[0m") + (color === "" ? "" : `\x1b[${color}m`);
        current = color;
      }
      row += this.#chars[i];
    }
    return current === "" ? row : row + "\x1b[0m";
  }
}
