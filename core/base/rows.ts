/**
 * Directed graphs of dense ids as compressed rows: build, reverse, order, find a cycle. Knows nothing of what the ids
 * stand for.
 *
 * @module
 */

/** One row of ids per id, in one array: row i is `targets[starts[i] … starts[i + 1])`. */
export interface Rows {
  /** Length: ids + 1, ascending. */
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
}

/** Puts rows into one array. */
export function compressRows(rows: readonly ArrayLike<number>[]): Rows {
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => starts[i + 1] = starts[i] + row.length);
  const targets = new Uint32Array(starts[rows.length]);
  rows.forEach((row, i) => targets.set(row, starts[i]));
  return { starts, targets };
}

/** Turns every edge around, by counting sort. O(ids + edges). */
export function reverseRows({ starts, targets }: Rows): Rows {
  const size = starts.length - 1;
  const reversed = new Uint32Array(size + 1);
  for (const target of targets) reversed[target + 1]++;
  for (let i = 0; i < size; i++) reversed[i + 1] += reversed[i];
  const next = reversed.slice(0, size);
  const sources = new Uint32Array(targets.length);
  for (let id = 0; id < size; id++) {
    for (let e = starts[id]; e < starts[id + 1]; e++) sources[next[targets[e]]++] = id;
  }
  return { starts: reversed, targets: sources };
}

/**
 * Returns the ids so that every id follows those it depends on. O(ids + edges), Kahn 1962; ties in id order.
 *
 * @param ups Dependencies by id.
 * @param downs The same edges turned around.
 * @returns All ids; fewer if there is a cycle: what is in one or behind one is left out.
 */
export function topologicalOrder(ups: Rows, downs: Rows): Uint32Array {
  const size = ups.starts.length - 1;
  const pending = new Uint32Array(size);
  const order = new Uint32Array(size);
  let length = 0;
  for (let id = 0; id < size; id++) {
    pending[id] = ups.starts[id + 1] - ups.starts[id];
    if (pending[id] === 0) order[length++] = id;
  }
  for (let head = 0; head < length; head++) {
    const id = order[head];
    for (let e = downs.starts[id]; e < downs.starts[id + 1]; e++) {
      if (--pending[downs.targets[e]] === 0) order[length++] = downs.targets[e];
    }
  }
  return order.subarray(0, length);
}

/**
 * Finds a cycle among the ids that an order left out, by walking dependencies until one comes again.
 *
 * @param ups Dependencies by id.
 * @param order What `topologicalOrder` returned; shorter than the graph.
 * @returns The ids of one cycle, each a dependency of the next and the last of the first; the smallest comes first.
 */
export function findCycle({ starts, targets }: Rows, order: Uint32Array): number[] {
  const isOrdered = new Uint8Array(starts.length - 1);
  for (const id of order) isOrdered[id] = 1;
  const seenAt = new Map<number, number>();
  const walk: number[] = [];
  let id = isOrdered.indexOf(0);
  while (!seenAt.has(id)) {
    seenAt.set(id, walk.length);
    walk.push(id);
    // What Kahn leaves out has a dependency that is left out too.
    const left = targets.subarray(starts[id], starts[id + 1]).find((up) => isOrdered[up] === 0);
    id = left ?? id;
  }
  const cycle = walk.slice(seenAt.get(id)).reverse();
  const smallest = cycle.indexOf(cycle.reduce((a, b) => Math.min(a, b)));
  return [...cycle.slice(smallest), ...cycle.slice(0, smallest)];
}
