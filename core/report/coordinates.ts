/**
 * Coordinates across the layers: where each box begins and where lines leave and enter it, such that
 * lines are short and straight. Knows neither text nor lines between layers.
 *
 * @module
 */

import type { Layers, Link } from "./layers.ts";
import { type Constraint, networkSimplex } from "./network_simplex.ts";

/** Distances, in cells across the layers. */
export interface Spacing {
  /** Between two boxes. */
  readonly box: number;
  /** Between a line and a box, or two lines; 1 means one blank cell. */
  readonly line: number;
  /** Between two ports of one box: 2 leaves one cell between them. */
  readonly port: number;
}

/** Result: everything by item. */
export interface Coordinates {
  /** First cell of each item. */
  readonly starts: Int32Array;
  /** Number of cells of each item. */
  readonly sizes: Int32Array;
  /** Cell of the port of a net at the lower side of an item. */
  outPort(item: number, net: number): number;
  /** Cell of the port of a net at the upper side of an item. */
  inPort(item: number, net: number): number;
}

type Ports = readonly ReadonlyMap<number, number>[];

/**
 * Assigns coordinates by least total length of the lines across, long lines first.
 *
 * @param minSizes Least size of each node, 3 or more.
 */
export function makeCoordinates(
  layers: Layers,
  minSizes: readonly number[],
  spacing: Spacing,
): Coordinates {
  const links = layers.gaps.flat();
  const positions = new Int32Array(layers.items.length);
  for (const order of layers.orders) order.forEach((i, at) => positions[i] = at);
  const sizes = sizesOf(layers, links, minSizes, spacing);
  // The first solution only serves to order the ports by where their lines really go.
  let outs = portsOf(layers, links, sizes, spacing, "upper", positions);
  let ins = portsOf(layers, links, sizes, spacing, "lower", positions);
  let starts = solve(layers, links, sizes, spacing, outs, ins);
  const centres = starts.map((start, i) => start + (sizes[i] >> 1));
  outs = portsOf(layers, links, sizes, spacing, "upper", centres);
  ins = portsOf(layers, links, sizes, spacing, "lower", centres);
  starts = solve(layers, links, sizes, spacing, outs, ins);
  centre(layers, links, sizes, spacing, outs, ins, starts);
  const least = starts.reduce((a, b) => Math.min(a, b), Infinity);
  starts = starts.map((start) => start - least);
  return {
    starts,
    sizes,
    outPort: (item, net) => starts[item] + offset(outs, item, net),
    inPort: (item, net) => starts[item] + offset(ins, item, net),
  };
}

/** Passing lines are one cell wide and have their port there. */
function offset(ports: Ports, item: number, net: number): number {
  return ports[item].get(net) ?? 0;
}

function sizesOf(
  layers: Layers,
  links: readonly Link[],
  minSizes: readonly number[],
  spacing: Spacing,
): Int32Array {
  const outs = layers.items.map(() => new Set<number>());
  const ins = layers.items.map(() => new Set<number>());
  for (const { upper, lower, net } of links) {
    outs[upper].add(net);
    ins[lower].add(net);
  }
  return Int32Array.from(layers.items, (item, i) => {
    if (item.node < 0) return 1;
    const ports = Math.max(1, outs[i].size, ins[i].size);
    return Math.max(minSizes[item.node], (ports - 1) * spacing.port + 3);
  });
}

/** Spreads the ports of each node around its middle, in the order of what they lead to. */
function portsOf(
  layers: Layers,
  links: readonly Link[],
  sizes: Int32Array,
  spacing: Spacing,
  side: "upper" | "lower",
  positions: Int32Array,
): Ports {
  const far = side === "upper" ? "lower" : "upper";
  const ends = layers.items.map(() => new Map<number, number[]>());
  for (const link of links) {
    const nets = ends[link[side]];
    const others = nets.get(link.net);
    if (others === undefined) nets.set(link.net, [positions[link[far]]]);
    else others.push(positions[link[far]]);
  }
  return ends.map((nets, i) => {
    if (layers.items[i].node < 0) return new Map();
    const keys = [...nets].map(([net, others]) => ({
      net,
      key: others.reduce((a, b) => a + b, 0) / others.length,
    })).sort((a, b) => a.key - b.key || a.net - b.net);
    const first = (sizes[i] - (keys.length - 1) * spacing.port - 1) >> 1;
    return new Map(keys.map(({ net }, k) => [net, first + k * spacing.port]));
  });
}

/** Cells from the start of `a` to the start of its right neighbour `b`, at least. */
function separation(
  layers: Layers,
  sizes: Int32Array,
  spacing: Spacing,
  a: number,
  b: number,
): number {
  const isBoxes = layers.items[a].node >= 0 && layers.items[b].node >= 0;
  return sizes[a] + (isBoxes ? spacing.box : spacing.line);
}

function weightOf(layers: Layers, link: Link): number {
  const lines = Number(layers.items[link.upper].node < 0) +
    Number(layers.items[link.lower].node < 0);
  return [1, 2, 8][lines];
}

function solve(
  layers: Layers,
  links: readonly Link[],
  sizes: Int32Array,
  spacing: Spacing,
  outs: Ports,
  ins: Ports,
): Int32Array {
  const constraints: Constraint[] = [];
  for (const order of layers.orders) {
    for (let k = 0; k + 1 < order.length; k++) {
      const length = separation(layers, sizes, spacing, order[k], order[k + 1]);
      constraints.push({ from: order[k], to: order[k + 1], length, weight: 0 });
    }
  }
  // |a - b| is the least of (a - z) + (b - z) over a helper variable z below both.
  let count = layers.items.length;
  for (const link of links) {
    const weight = weightOf(layers, link);
    const helper = count++;
    const upper = -offset(outs, link.upper, link.net);
    const lower = -offset(ins, link.lower, link.net);
    constraints.push({ from: helper, to: link.upper, length: upper, weight });
    constraints.push({ from: helper, to: link.lower, length: lower, weight });
  }
  return networkSimplex(count, constraints).slice(0, layers.items.length);
}

/** Moves nodes to the middle of their equally good positions; never makes lines longer. */
function centre(
  layers: Layers,
  links: readonly Link[],
  sizes: Int32Array,
  spacing: Spacing,
  outs: Ports,
  ins: Ports,
  starts: Int32Array,
): void {
  const pulls: Pull[][] = layers.items.map(() => []);
  for (const link of links) {
    const shift = offset(outs, link.upper, link.net) - offset(ins, link.lower, link.net);
    const weight = weightOf(layers, link);
    pulls[link.upper].push({ other: link.lower, shift: -shift, weight, isBelow: true });
    pulls[link.lower].push({ other: link.upper, shift, weight, isBelow: false });
  }
  const sweeps = [...layers.orders, ...layers.orders.toReversed()];
  for (const order of sweeps) {
    order.forEach((i, at) => {
      if (layers.items[i].node < 0 || pulls[i].length === 0) return;
      const interval = medians(pulls[i], starts);
      // Between a line from above and one to below, the middle would only add a bend.
      if (interval === null) return;
      const [low, high] = interval;
      const left = at === 0
        ? -Infinity
        : starts[order[at - 1]] + separation(layers, sizes, spacing, order[at - 1], i);
      const right = at + 1 === order.length
        ? Infinity
        : starts[order[at + 1]] - separation(layers, sizes, spacing, i, order[at + 1]);
      const wanted = (low + high) >> 1;
      starts[i] = Math.max(left, Math.min(right, wanted));
    });
  }
}

/** A line that draws an item towards another one. */
interface Pull {
  readonly other: number;
  /** Added to the start of the other, the start at which the line is straight. */
  readonly shift: number;
  readonly weight: number;
  readonly isBelow: boolean;
}

/** Returns the interval of weighted medians; `null` if its ends are on different sides of the layer. */
function medians(pulls: Pull[], starts: Int32Array): [low: number, high: number] | null {
  const place = (p: Pull): number => starts[p.other] + p.shift;
  const sorted = pulls.toSorted((a, b) => place(a) - place(b));
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let sum = 0;
  const low = sorted.findIndex(({ weight }) => (sum += weight) >= half);
  const high = sum > half ? low : low + 1;
  if (sorted[low].isBelow !== sorted[high].isBelow) return null;
  return [place(sorted[low]), place(sorted[high])];
}
