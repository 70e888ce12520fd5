/**
 * A binary heap of ids ordered by a priority column. Knows nothing of what the ids stand for.
 *
 * @module
 */

/** Max-heap of small integers: the id with the highest priority comes first, ties by lower rank. */
export class IdHeap {
  readonly #priorities: Float64Array;
  readonly #ranks: Uint32Array;
  #ids: number[] = [];

  /**
   * @param priorities Priority by id; read at every comparison, so it must not change for ids inside the heap.
   * @param ranks Tie-breaker by id: the lower comes first.
   * @param ids What is inside at first.
   */
  constructor(priorities: Float64Array, ranks: Uint32Array, ids: Iterable<number> = []) {
    this.#priorities = priorities;
    this.#ranks = ranks;
    for (const id of ids) this.push(id);
  }

  /** The ids inside, in no order. */
  get ids(): readonly number[] {
    return this.#ids;
  }

  /** Number of ids inside. */
  get size(): number {
    return this.#ids.length;
  }

  /** Adds an id. O(log n). */
  push(id: number): void {
    const ids = this.#ids;
    let at = ids.length;
    ids.push(id);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(id, ids[parent])) break;
      ids[at] = ids[parent];
      at = parent;
    }
    ids[at] = id;
  }

  /** Removes and returns the first id, or -1 if the heap is empty. O(log n). */
  pop(): number {
    const ids = this.#ids;
    if (ids.length === 0) return -1;
    const first = ids[0];
    const last = ids.pop() as number; // Not empty, checked above.
    if (ids.length > 0) this.#sink(last);
    return first;
  }

  #sink(id: number): void {
    const ids = this.#ids;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= ids.length) break;
      if (child + 1 < ids.length && this.#isBefore(ids[child + 1], ids[child])) child++;
      if (!this.#isBefore(ids[child], id)) break;
      ids[at] = ids[child];
      at = child;
    }
    ids[at] = id;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#priorities[a] - this.#priorities[b];
    return difference > 0 || (difference === 0 && this.#ranks[a] < this.#ranks[b]);
  }
}
