/**
 * Integer positions of least total weighted distance under difference constraints, by network simplex
 * (Gansner, Koutsofios, North, Vo: "A Technique for Drawing Directed Graphs", 1993).
 * Knows nothing of graphs that are drawn: it lays out layers as well as columns.
 *
 * @module
 */

/** `x[to] - x[from] >= length`, at a cost of `weight` per unit of `x[to] - x[from]`. */
export interface Constraint {
  readonly from: number;
  readonly to: number;
  readonly length: number;
  readonly weight: number;
}

/** Pivots per variable before the search stops with what it has: feasible, perhaps not least. */
const PIVOTS_PER_VARIABLE = 8;

/**
 * Returns positions that satisfy all constraints at least total cost. The smallest position is 0.
 *
 * Every pivot is O(variables + constraints).
 *
 * @param count Number of variables.
 * @param constraints Acyclic, and connected over all variables.
 */
export function networkSimplex(count: number, constraints: readonly Constraint[]): Int32Array {
  const x = longestPaths(count, constraints);
  if (count > 1) {
    const tree = tightTree(x, constraints);
    const supply = new Float64Array(count);
    for (const { from, to, weight } of constraints) {
      supply[from] += weight;
      supply[to] -= weight;
    }
    const limit = PIVOTS_PER_VARIABLE * count + 100;
    let cursor = 0;
    for (let pivots = 0; pivots < limit; pivots++) {
      cursor = pivot(x, tree, constraints, supply, cursor);
      if (cursor < 0) break;
    }
  }
  const least = x.reduce((a, b) => Math.min(a, b), Infinity);
  return x.map((value) => value - least);
}

function slackOf(x: Int32Array, c: Constraint): number {
  return x[c.to] - x[c.from] - c.length;
}

function longestPaths(count: number, constraints: readonly Constraint[]): Int32Array {
  const waiting = new Int32Array(count);
  const out: Constraint[][] = Array.from({ length: count }, () => []);
  for (const c of constraints) {
    waiting[c.to]++;
    out[c.from].push(c);
  }
  const x = new Int32Array(count);
  const ready: number[] = [];
  for (let i = 0; i < count; i++) if (waiting[i] === 0) ready.push(i);
  for (let i = 0; i < ready.length; i++) {
    for (const c of out[ready[i]]) {
      x[c.to] = Math.max(x[c.to], x[c.from] + c.length);
      if (--waiting[c.to] === 0) ready.push(c.to);
    }
  }
  return x;
}

/** Returns indices of constraints without slack that span all variables; moves `x` to make them so. */
function tightTree(x: Int32Array, constraints: readonly Constraint[]): number[] {
  const inTree = new Uint8Array(x.length);
  inTree[0] = 1;
  const tree: number[] = [];
  while (tree.length < x.length - 1) {
    let nearest = -1;
    let least = Infinity;
    let grown = false;
    for (let i = 0; i < constraints.length; i++) {
      const c = constraints[i];
      if (inTree[c.from] === inTree[c.to]) continue;
      const slack = slackOf(x, c);
      if (slack === 0) {
        inTree[c.from] = inTree[c.to] = 1;
        tree.push(i);
        grown = true;
      } else if (slack < least) {
        least = slack;
        nearest = i;
      }
    }
    if (grown) continue;
    if (nearest < 0) throw new RangeError("constraints are not connected");
    const shift = inTree[constraints[nearest].from] ? least : -least;
    for (let v = 0; v < x.length; v++) if (inTree[v]) x[v] += shift;
  }
  return tree;
}

/** The spanning tree seen from variable 0. */
interface Rooted {
  /** Pre-order; the subtree of `v` is `order[first[v]]` to `order[last[v]]`. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Position in `tree` of the edge to the parent, by variable; -1 for the root. */
  readonly up: Int32Array;
  readonly order: Int32Array;
}

function rootTree(count: number, tree: readonly number[], cs: readonly Constraint[]): Rooted {
  const near: number[][] = Array.from({ length: count }, () => []);
  tree.forEach((c, t) => {
    near[cs[c].from].push(t);
    near[cs[c].to].push(t);
  });
  const first = new Int32Array(count);
  const last = new Int32Array(count);
  const up = new Int32Array(count).fill(-1);
  const order = new Int32Array(count);
  let entered = 1;
  const stack = [0];
  const next = new Int32Array(count);
  while (stack.length > 0) {
    const v = stack[stack.length - 1];
    if (next[v] === near[v].length) {
      last[v] = entered - 1;
      stack.pop();
      continue;
    }
    const t = near[v][next[v]++];
    if (t === up[v]) continue;
    const c = cs[tree[t]];
    const child = c.from === v ? c.to : c.from;
    up[child] = t;
    first[child] = entered;
    order[entered++] = child;
    stack.push(child);
  }
  return { first, last, up, order };
}

/** Replaces one tree edge of negative cut value; returns where to search next, or -1 at the optimum. */
function pivot(
  x: Int32Array,
  tree: number[],
  cs: readonly Constraint[],
  supply: Float64Array,
  cursor: number,
): number {
  const rooted = rootTree(x.length, tree, cs);
  const { first, last, up, order } = rooted;
  // Edges inside a subtree cancel, so the sum of supplies over it is the net weight that leaves it.
  const sums = supply.slice();
  const childOf = new Int32Array(tree.length);
  for (let i = order.length - 1; i > 0; i--) {
    const v = order[i];
    const c = cs[tree[up[v]]];
    childOf[up[v]] = v;
    sums[c.from === v ? c.to : c.from] += sums[v];
  }
  for (let i = 0; i < tree.length; i++) {
    const t = (cursor + i) % tree.length;
    const child = childOf[t];
    const isTail = cs[tree[t]].from === child;
    if ((isTail ? sums[child] : -sums[child]) >= 0) continue;
    const inHead = (v: number): boolean =>
      (first[v] >= first[child] && first[v] <= last[child]) !== isTail;
    let entering = -1;
    let least = Infinity;
    for (let k = 0; k < cs.length; k++) {
      if (!inHead(cs[k].from) || inHead(cs[k].to)) continue;
      const slack = slackOf(x, cs[k]);
      if (slack < least) {
        least = slack;
        entering = k;
      }
    }
    if (entering < 0) throw new RangeError("cost is not bounded");
    for (let v = 0; v < x.length; v++) if (inHead(v)) x[v] += least;
    tree[t] = entering;
    return (t + 1) % tree.length;
  }
  return -1;
}
