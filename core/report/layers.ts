/**
 * The combinatorial half of a layered drawing: layers, the items in them, and their order with few
 * crossings. Knows neither sizes nor coordinates.
 *
 * @module
 */

import type { Net } from "./nets.ts";
import { networkSimplex } from "./network_simplex.ts";
import type { IndexedEdge } from "./view.ts";

/** A node, or the point where the line of a net passes a layer. */
export interface Item {
  readonly layer: number;
  /** Position of the node; -1 for a passing line. */
  readonly node: number;
  /** Net of a passing line; -1 for a node. */
  readonly net: number;
}

/** A piece of a net between two neighbouring layers. */
export interface Link {
  readonly net: number;
  readonly upper: number;
  readonly lower: number;
}

/** Items in layers, in drawing order. */
export interface Layers {
  readonly items: readonly Item[];
  /** Items of each layer from left to right. */
  readonly orders: readonly (readonly number[])[];
  /** `gaps[k]`: links between layers `k` and `k + 1`. */
  readonly gaps: readonly (readonly Link[])[];
}

const SWEEPS = 16;

/**
 * Places connected nodes in layers such that the edges are short, and orders the layers.
 *
 * @param count Number of nodes.
 * @param edges Acyclic and connected.
 * @param nets The same edges as stars.
 */
export function makeLayers(
  count: number,
  edges: readonly IndexedEdge[],
  nets: readonly Net[],
): Layers {
  const ranks = networkSimplex(count, edges.map((e) => ({ ...e, length: 1, weight: 1 })));
  const items: Item[] = [];
  for (let node = 0; node < count; node++) items.push({ layer: ranks[node], node, net: -1 });
  const gaps: Link[][] = [];
  for (let k = 0; k + 1 <= Math.max(...ranks); k++) gaps.push([]);
  nets.forEach((net, n) => addNet(net, n, ranks, items, gaps));
  const layerCount = gaps.length + 1;
  const orders: number[][] = Array.from({ length: layerCount }, () => []);
  for (const i of depthFirst(items, gaps)) orders[items[i].layer].push(i);
  return { items, gaps, orders: reduceCrossings(items.length, orders, gaps) };
}

/** A net has at most one line per layer: a star never needs two. */
function addNet(net: Net, n: number, ranks: Int32Array, items: Item[], gaps: Link[][]): void {
  const layers = [...net.sources, ...net.targets].map((node) => ranks[node]);
  const top = Math.min(...layers);
  const bottom = Math.max(...layers);
  const passing = new Map<number, number>();
  for (let layer = top + 1; layer < bottom; layer++) {
    passing.set(layer, items.length);
    items.push({ layer, node: -1, net: n });
  }
  const isFan = net.sources.length === 1;
  for (let k = top; k < bottom; k++) {
    const above = passing.get(k);
    const below = passing.get(k + 1);
    const sources = net.sources.filter((node) => ranks[node] === k);
    const targets = net.targets.filter((node) => ranks[node] === k + 1);
    const uppers = above === undefined ? sources : [above, ...(isFan ? [] : sources)];
    const lowers = below === undefined ? targets : [below, ...(isFan ? targets : [])];
    for (const upper of uppers) {
      for (const lower of lowers) gaps[k].push({ net: n, upper, lower });
    }
  }
}

function depthFirst(items: readonly Item[], gaps: readonly (readonly Link[])[]): number[] {
  const near: number[][] = items.map(() => []);
  for (const link of gaps.flat()) {
    near[link.upper].push(link.lower);
    near[link.lower].push(link.upper);
  }
  const seen = new Set<number>();
  const found: number[] = [];
  const stack = items.map((_, i) => i).sort((a, b) => items[b].layer - items[a].layer || b - a);
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    if (seen.has(i)) continue;
    seen.add(i);
    found.push(i);
    for (let k = near[i].length - 1; k >= 0; k--) stack.push(near[i][k]);
  }
  return found;
}

/** Barycentre sweeps with adjacent exchanges; keeps the best order seen. */
function reduceCrossings(
  count: number,
  initial: readonly (readonly number[])[],
  gaps: readonly (readonly Link[])[],
): readonly (readonly number[])[] {
  const orders = initial.map((layer) => [...layer]);
  const above: number[][] = Array.from({ length: count }, () => []);
  const below: number[][] = Array.from({ length: count }, () => []);
  for (const { upper, lower } of gaps.flat()) {
    above[lower].push(upper);
    below[upper].push(lower);
  }
  const pos = new Float64Array(count);
  const number = (layer: readonly number[]): void => layer.forEach((i, at) => pos[i] = at);
  orders.forEach(number);
  let best = orders.map((layer) => [...layer]);
  let least = countCrossings(pos, gaps);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const near = isDown ? above : below;
    for (let step = 1; step < orders.length; step++) {
      const layer = orders[isDown ? step : orders.length - 1 - step];
      const key = new Map(layer.map((i) => [i, near[i].length ? mean(near[i], pos) : pos[i]]));
      // Equal keys change sides in every second pair of sweeps, to leave plateaus.
      const tie = sweep % 4 < 2 ? 1 : -1;
      layer.sort((a, b) => key.get(a)! - key.get(b)! || tie * (pos[a] - pos[b]));
      number(layer);
    }
    for (let round = 0; round < 4 && exchange(orders, pos, above, below); round++);
    const crossings = countCrossings(pos, gaps);
    if (crossings < least) {
      least = crossings;
      best = orders.map((layer) => [...layer]);
    }
  }
  return best;
}

function mean(items: readonly number[], pos: Float64Array): number {
  let sum = 0;
  for (const i of items) sum += pos[i];
  return sum / items.length;
}

/** Swaps neighbours where that removes crossings; says whether it swapped any. */
function exchange(
  orders: readonly number[][],
  pos: Float64Array,
  above: readonly (readonly number[])[],
  below: readonly (readonly number[])[],
): boolean {
  let changed = false;
  for (const layer of orders) {
    for (let k = 0; k + 1 < layer.length; k++) {
      const [a, b] = [layer[k], layer[k + 1]];
      const now = inversions(above[a], above[b], pos) + inversions(below[a], below[b], pos);
      const then = inversions(above[b], above[a], pos) + inversions(below[b], below[a], pos);
      if (then >= now) continue;
      layer[k] = b;
      layer[k + 1] = a;
      pos[b] = k;
      pos[a] = k + 1;
      changed = true;
    }
  }
  return changed;
}

function inversions(left: readonly number[], right: readonly number[], pos: Float64Array): number {
  let found = 0;
  for (const l of left) for (const r of right) if (pos[l] > pos[r]) found++;
  return found;
}

function countCrossings(pos: Float64Array, gaps: readonly (readonly Link[])[]): number {
  let found = 0;
  for (const links of gaps) {
    for (let i = 0; i < links.length; i++) {
      for (let k = i + 1; k < links.length; k++) {
        const upper = pos[links[i].upper] - pos[links[k].upper];
        const lower = pos[links[i].lower] - pos[links[k].lower];
        if (upper * lower < 0) found++;
      }
    }
  }
  return found;
}
