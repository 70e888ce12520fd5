/**
 * Which node may be checked, which may start, and what a failure takes with it: a synchronous state machine
 * over the graph's edges. Does not know keys, stores, executors, clocks or files; it never awaits.
 *
 * ```text
 * unknown ─want─▶ waiting ─upstreams done─▶ ready ─check─▶ done (hit) ─demand─▶ ready, again
 *                    ▲  │                     │
 *             demand │  │ upstream failed     └─miss─▶ queued ─▶ running ─▶ done
 *                    │  ▼                                ▲          │
 *                    │ skipped                           └─requeue──┴─▶ failed
 *                    └───────────────────────── ready
 * ```
 *
 * A done node may be *demanded*: its digests are known, but a node that must run needs bytes that are gone. Only those
 * who demanded it wait for it; all others go on with the digests, so what runs does not depend on who came first.
 *
 * @module
 */

import { IdHeap } from "./base/heap.ts";
import type { Rows } from "./base/rows.ts";

/** States of a node, as stored in the state column. */
export const STATE = {
  unknown: 0,
  waiting: 1,
  ready: 2,
  queued: 3,
  running: 4,
  done: 5,
  failed: 6,
  skipped: 7,
} as const;

/** A value of {@linkcode STATE}. */
export type State = (typeof STATE)[keyof typeof STATE];

/** The edges a schedule works on. They may grow; then `Schedule.grow` is called. */
export interface Edges {
  readonly size: number;
  readonly ups: Rows;
  readonly downs: Rows;
  /** All ids, every one after its upstreams. */
  readonly order: Uint32Array;
}

/** What shapes a schedule. */
export interface ScheduleOptions {
  /** Expected milliseconds by node, from earlier runs; 1 where unknown. */
  readonly durations?: Float64Array;
  /** Order among equals; the same seed gives the same order. 0 means id order. */
  readonly seed?: number;
}

/** How many queued nodes are looked at when the first ones do not fit. */
const LOOKAHEAD = 64;

/** The state of a run: columns by node id. */
export class Schedule {
  readonly #edges: Edges;
  readonly #seed: number;
  #states: Uint8Array;
  /** Wanted upstreams that are not done. */
  #pending: Uint32Array;
  #ready: IdHeap;
  #queued: IdHeap;
  readonly #causes = new Map<number, Set<number>>();
  /** Nodes that wait for the bytes of a node that is made again, by that node. */
  readonly #demanders = new Map<number, number[]>();
  #unfinished = 0;
  #running = 0;

  constructor(edges: Edges, options: ScheduleOptions = {}) {
    this.#edges = edges;
    this.#seed = options.seed ?? 0;
    this.#states = new Uint8Array(edges.size);
    this.#pending = new Uint32Array(edges.size);
    const priorities = criticalPaths(edges, options.durations);
    const ranks = ranksOf(edges.size, this.#seed);
    this.#ready = new IdHeap(priorities, ranks);
    this.#queued = new IdHeap(priorities, ranks);
  }

  /** Nodes that are wanted and have not ended. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** Nodes that are running. */
  get running(): number {
    return this.#running;
  }

  /** Nodes that are checked, stale, and wait for resources. */
  get queued(): number {
    return this.#queued.size;
  }

  /** Returns the state of a node. */
  stateOf(id: number): State {
    return this.#states[id] as State;
  }

  /**
   * The graph has grown: new nodes are unknown, and nodes that wait wait for their new upstreams too. O(nodes + edges).
   *
   * @param added New upstreams by node that was there. Such a node has not been ready yet.
   * @param durations As in the options, for all nodes.
   */
  grow(added: ReadonlyMap<number, readonly number[]>, durations?: Float64Array): void {
    const { size } = this.#edges;
    const [states, pending] = [this.#states, this.#pending];
    this.#states = new Uint8Array(size);
    this.#states.set(states);
    this.#pending = new Uint32Array(size);
    this.#pending.set(pending);
    const priorities = criticalPaths(this.#edges, durations);
    const ranks = ranksOf(size, this.#seed);
    this.#ready = new IdHeap(priorities, ranks, this.#ready.ids);
    this.#queued = new IdHeap(priorities, ranks, this.#queued.ids);
    for (const [id, ups] of added) {
      if (this.#states[id] !== STATE.waiting) continue;
      this.#pending[id] += ups.filter((up) => this.#states[up] !== STATE.done).length;
    }
  }

  /** Wants nodes and everything upstream of them. O(nodes + edges) over all calls. */
  want(targets: Iterable<number>): void {
    const { starts, targets: ups } = this.#edges.ups;
    const stack: number[] = [];
    const added: number[] = [];
    const enter = (id: number): void => {
      if (this.#states[id] !== STATE.unknown) return;
      this.#states[id] = STATE.waiting;
      this.#unfinished++;
      stack.push(id);
      added.push(id);
    };
    for (const id of targets) enter(id);
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      for (let e = starts[id]; e < starts[id + 1]; e++) enter(ups[e]);
    }
    for (const id of added) {
      let pending = 0;
      for (let e = starts[id]; e < starts[id + 1]; e++) {
        if (this.#states[ups[e]] !== STATE.done) pending++;
      }
      this.#pending[id] = pending;
      if (pending === 0) this.#becomeReady(id);
    }
  }

  /** Returns the next node whose upstreams are all done, or -1. The caller must settle, queue or fail it. */
  popReady(): number {
    for (;;) {
      const id = this.#ready.pop();
      // A node may have been skipped while it waited here.
      if (id < 0 || this.#states[id] === STATE.ready) return id;
    }
  }

  /** A ready node is stale: it waits for resources. */
  queue(id: number): void {
    this.#states[id] = STATE.queued;
    this.#queued.push(id);
  }

  /**
   * Starts the queued node with the highest priority that fits.
   *
   * @param fits Tells whether the resources of a node are free now; called for few nodes.
   * @returns The node, now running, or -1 if none fits.
   */
  popQueued(fits: (id: number) => boolean): number {
    const passed: number[] = [];
    let found = -1;
    while (passed.length < LOOKAHEAD) {
      const id = this.#queued.pop();
      if (id < 0) break;
      if (this.#states[id] !== STATE.queued) continue;
      if (fits(id)) {
        found = id;
        break;
      }
      passed.push(id);
    }
    for (const id of passed) this.#queued.push(id);
    if (found >= 0) {
      this.#states[found] = STATE.running;
      this.#running++;
    }
    return found;
  }

  /** A running node stops running and is neither done nor failed: it waits to be queued again. */
  suspend(id: number): void {
    this.#leaveRunning(id);
    this.#states[id] = STATE.ready;
  }

  /** A ready or running node delivered its outputs. */
  settle(id: number): void {
    this.#leaveRunning(id);
    this.#states[id] = STATE.done;
    this.#unfinished--;
    const demanders = this.#demanders.get(id);
    if (demanders !== undefined) {
      this.#demanders.delete(id);
      for (const down of demanders) this.#release(down);
      return;
    }
    const { starts, targets: downs } = this.#edges.downs;
    for (let e = starts[id]; e < starts[id + 1]; e++) this.#release(downs[e]);
  }

  /**
   * A node failed: everything downstream that is wanted and has not ended is skipped. If it was being made again, that
   * is only who waits for its bytes.
   *
   * @returns The nodes skipped now, in breadth-first order.
   */
  fail(id: number): number[] {
    this.#leaveRunning(id);
    this.#states[id] = STATE.failed;
    this.#unfinished--;
    return this.#skipAll(this.#behind(id), [id]);
  }

  /** Leaves a node out, and with it everything downstream. Returns all nodes skipped now, the node first. */
  skip(id: number): number[] {
    return this.#skipAll([id], []);
  }

  /**
   * A ready node needs bytes that its done upstreams no longer have: those are made again first. If that failed
   * already for one of them, the node is skipped; the others are made again all the same, as if they had come first.
   *
   * @param id The node; it waits until they are done.
   * @param upstreams Upstreams of it that are done, being made again, or failed when they were.
   * @returns `again`: the upstreams to check and queue now; `skipped`: the nodes skipped now.
   */
  demand(
    id: number,
    upstreams: readonly number[],
  ): { readonly again: number[]; readonly skipped: number[] } {
    const isLost = (up: number) =>
      this.#states[up] === STATE.failed || this.#states[up] === STATE.skipped;
    const lost = upstreams.filter(isLost);
    const again: number[] = [];
    this.#states[id] = STATE.waiting;
    this.#pending[id] = upstreams.length;
    for (const up of upstreams) {
      if (isLost(up)) continue;
      const demanders = this.#demanders.get(up);
      if (demanders !== undefined) {
        demanders.push(id);
        continue;
      }
      this.#demanders.set(up, [id]);
      this.#states[up] = STATE.ready;
      this.#unfinished++;
      again.push(up);
    }
    if (lost.length === 0) return { again, skipped: [] };
    const causes = lost.flatMap((up) =>
      this.#states[up] === STATE.failed ? [up] : this.causesOf(up)
    );
    return { again, skipped: this.#skipAll([id], causes) };
  }

  /** The failed nodes a skipped node goes back to, ascending. */
  causesOf(id: number): number[] {
    return [...this.#causes.get(id) ?? []].sort((a, b) => a - b);
  }

  /** One of the nodes that a node waits for is done. */
  #release(down: number): void {
    if (this.#states[down] !== STATE.waiting) return;
    if (--this.#pending[down] === 0) this.#becomeReady(down);
  }

  #becomeReady(id: number): void {
    this.#states[id] = STATE.ready;
    this.#ready.push(id);
  }

  #leaveRunning(id: number): void {
    if (this.#states[id] === STATE.running) this.#running--;
  }

  /** Skips nodes that have not ended, and what is behind them; what was skipped before gets the causes too. */
  #skipAll(ids: Iterable<number>, causes: readonly number[]): number[] {
    const skipped: number[] = [];
    const seen = new Set<number>(ids);
    // A set's iteration also visits what is added on the way.
    for (const id of seen) {
      const isOpen = this.#states[id] === STATE.waiting || this.#states[id] === STATE.ready;
      if (!isOpen && this.#states[id] !== STATE.skipped) continue;
      for (const cause of causes) this.#addCause(id, cause);
      for (const down of this.#behind(id)) seen.add(down);
      if (!isOpen) continue;
      this.#states[id] = STATE.skipped;
      this.#unfinished--;
      skipped.push(id);
    }
    return skipped;
  }

  /** Nodes that cannot go on without a node: all that need it, or only who waits for it to be made again. */
  #behind(id: number): Iterable<number> {
    const { starts, targets } = this.#edges.downs;
    return this.#demanders.get(id) ?? targets.subarray(starts[id], starts[id + 1]);
  }

  #addCause(id: number, cause: number): void {
    const causes = this.#causes.get(id);
    if (causes === undefined) this.#causes.set(id, new Set([cause]));
    else causes.add(cause);
  }
}

/** Longest way from each node to the end, in milliseconds, the node included. O(nodes + edges). */
function criticalPaths(edges: Edges, durations: Float64Array | undefined): Float64Array {
  const paths = new Float64Array(edges.size);
  const { starts, targets } = edges.downs;
  for (let i = edges.order.length - 1; i >= 0; i--) {
    const id = edges.order[i];
    let longest = 0;
    for (let e = starts[id]; e < starts[id + 1]; e++) {
      longest = Math.max(longest, paths[targets[e]]);
    }
    paths[id] = longest + (durations?.[id] ?? 1);
  }
  return paths;
}

/** A permutation of 0 … size-1 that depends on the seed; the identity for seed 0. */
function ranksOf(size: number, seed: number): Uint32Array {
  const ranks = new Uint32Array(size);
  for (let i = 0; i < size; i++) ranks[i] = i;
  if (seed === 0) return ranks;
  let state = seed >>> 0;
  for (let i = size - 1; i > 0; i--) {
    // Mulberry32 (Tommy Ettinger, public domain): enough for shuffling.
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    const j = ((t ^ (t >>> 14)) >>> 0) % (i + 1);
    [ranks[i], ranks[j]] = [ranks[j], ranks[i]];
  }
  return ranks;
}
