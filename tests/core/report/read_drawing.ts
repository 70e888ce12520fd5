/**
 * Reads a drawing back: follows the lines from box to box as a person would. The oracle of the drawing
 * tests; shares nothing with the code that draws.
 *
 * @module
 */

const UNICODE_ARMS: Readonly<Record<string, string>> = {
  "│": "UD",
  "┆": "UD",
  "─": "LR",
  "┄": "LR",
  "┌": "RD",
  "┐": "LD",
  "└": "UR",
  "┘": "UL",
  "├": "URD",
  "┤": "ULD",
  "┬": "LRD",
  "┴": "ULR",
  "┼": "ULRD",
  "╴": "L",
  "╵": "U",
  "╶": "R",
  "╷": "D",
  "|": "UD",
  ":": "UD",
  "-": "LR",
  ".": "LR",
};
const STEP: Readonly<Record<string, readonly [number, number]>> = {
  U: [0, -1],
  D: [0, 1],
  L: [-1, 0],
  R: [1, 0],
};
const BACK: Readonly<Record<string, string>> = { U: "D", D: "U", L: "R", R: "L" };

interface Box {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Returns the edges `from>to` of a drawing, sorted.
 *
 * @param names Names of the boxes: ASCII letters and digits, but not `v`, which is an arrow head.
 */
export function readDrawing(
  drawing: string,
  names: readonly string[],
  direction: "down" | "right",
): string[] {
  const rows = drawing.split("\n").map((line) => [...line]);
  const at = (x: number, y: number): string => rows[y]?.[x] ?? " ";
  const boxes = names.map((name) => findBox(rows, at, name));
  const boxAt = (x: number, y: number): Box | undefined =>
    boxes.find((b) => x >= b.x && x <= b.right && y >= b.y && y <= b.bottom);
  const edges = new Set<string>();
  for (const box of boxes) {
    for (const [x, y] of ports(box, at, direction)) {
      for (const to of follow(x, y, direction, at, boxAt)) edges.add(`${box.name}>${to}`);
    }
  }
  return [...edges].sort();
}

type At = (x: number, y: number) => string;

function findBox(rows: readonly (readonly string[])[], at: At, name: string): Box {
  for (let y = 0; y < rows.length; y++) {
    const found = new RegExp(`(?<![\\w])${name}(?![\\w])`).exec(rows[y].join(""));
    if (found === null) continue;
    let x = found.index;
    while (!"│|(".includes(at(x, y))) x--;
    let top = y;
    while (!"┌╭.".includes(at(x, top))) top--;
    let bottom = y;
    while (!"└╰'".includes(at(x, bottom))) bottom++;
    let right = x + 1;
    while (!"┐╮.".includes(at(right, top))) right++;
    return { name, x, y: top, right, bottom };
  }
  throw new Error(`no box of ${name}`);
}

function ports(box: Box, at: At, direction: "down" | "right"): [number, number][] {
  const found: [number, number][] = [];
  if (direction === "down") {
    for (let x = box.x + 1; x < box.right; x++) {
      if ("┬+".includes(at(x, box.bottom))) found.push([x, box.bottom]);
    }
  } else {
    for (let y = box.y + 1; y < box.bottom; y++) {
      if ("├+".includes(at(box.right, y))) found.push([box.right, y]);
    }
  }
  return found;
}

/** Names of the boxes whose arrow heads can be reached from a port. */
function follow(
  startX: number,
  startY: number,
  direction: "down" | "right",
  at: At,
  boxAt: (x: number, y: number) => Box | undefined,
): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const heads = direction === "down" ? "▼v" : "▶>";
  const todo: [number, number, string][] = [[startX, startY, direction === "down" ? "D" : "R"]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [x, y] = [next[0] + STEP[next[2]][0], next[1] + STEP[next[2]][1]];
    const moving = next[2];
    if (seen.has(`${x},${y},${moving}`)) continue;
    seen.add(`${x},${y},${moving}`);
    if (boxAt(x, y) !== undefined) continue;
    const char = at(x, y);
    if (heads.includes(char)) {
      const target = boxAt(x + (direction === "right" ? 1 : 0), y + (direction === "down" ? 1 : 0));
      if (target === undefined) throw new Error(`arrow to nowhere at ${x},${y}`);
      found.add(target.name);
      continue;
    }
    const arms = char === "+" ? plusArms(x, y, direction, at, boxAt) : UNICODE_ARMS[char] ?? "";
    if (arms === "") throw new Error(`line ends in nothing at ${x},${y}: "${char}"`);
    if (arms.includes(BACK[moving])) {
      for (const arm of arms) if (arm !== BACK[moving]) todo.push([x, y, arm]);
    } else if (arms.length === 2) {
      todo.push([x, y, moving]); // passes below a line it crosses
    } else {
      throw new Error(`line runs into the side of another at ${x},${y}: "${char}"`);
    }
  }
  return found;
}

/** What a `+` connects: the neighbours that point to it, looking below lines that cross in between. */
function plusArms(
  x: number,
  y: number,
  direction: "down" | "right",
  at: At,
  boxAt: (x: number, y: number) => Box | undefined,
): string {
  const over = direction === "down" ? "|:" : "-.";
  let arms = "";
  for (const arm of "ULRD") {
    const isUpDown = arm === "U" || arm === "D";
    const [dx, dy] = STEP[arm];
    let [nx, ny] = [x + dx, y + dy];
    const isAcross = isUpDown === (direction === "right");
    while (isAcross && boxAt(nx, ny) === undefined && over.includes(at(nx, ny))) {
      nx += dx;
      ny += dy;
    }
    const char = at(nx, ny);
    const isBox = boxAt(nx, ny) !== undefined;
    if (isBox ? char === "+" : (isUpDown ? "|+v:" : "-+>.").includes(char)) arms += arm;
  }
  return arms;
}
