/**
 * What running nodes take together: slots, memory, pools. Decides whether one more fits; does not know which is next.
 *
 * A function node that needs one slot and nothing else is *short*: many of them may be sent to a slot ahead of time, so
 * that its process never waits for a message. How many follows from how long the function took so far.
 *
 * @module
 */

import { executorOf } from "./executors.ts";
import type { NodeDef } from "./workflow.ts";

/** Actions of calls of a map node per slot: while one runs the next one is on its way. */
export const CALL_BATCHES_PER_SLOT = 2;

/** What may be used at the same time. */
export interface Limits {
  /** Slots. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly pools: Readonly<Record<string, number>>;
  /** Actions at once, by executor; one that is not here has no limit of its own. */
  readonly executors?: Readonly<Record<string, number>>;
}

/** Work sent to a slot ahead of time, in milliseconds. */
const AHEAD_MS = 20;
/** Function nodes sent ahead to a slot at most. */
const AHEAD_LIMIT = 256;
/** Share of the newest duration in the mean. */
const NEWEST_SHARE = 0.3;

/** Keeps account of what is taken. */
export class Slots {
  readonly #limits: Limits;
  readonly #listeners = new Set<() => void>();
  #cpus = 0;
  /** Short nodes that are running or sent ahead. */
  #shorts = 0;
  /** Short nodes are sent until there are enough, and then not before half of them are done: few, large messages. */
  #isFilling = true;
  /** Short nodes that are enough for now. */
  #enough = 1;
  #memoryBytes = 0;
  readonly #pools = new Map<string, number>();
  readonly #executors = new Map<string, number>();
  /** Mean wall time of functions by module and export, in milliseconds. */
  readonly #meanMs = new Map<string, number>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether anything is taken: runs that share slots wait for each other. */
  get isTaken(): boolean {
    return this.#cpus + this.#shorts > 0;
  }

  /**
   * Calls back whenever a node has ended, also one of another run.
   *
   * @returns Ends that.
   */
  onRelease(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Whether there may be room for some node; a quick answer before looking for one that fits. */
  get hasRoom(): boolean {
    return this.#cpus + Math.min(this.#shorts, this.#limits.cpus) < this.#limits.cpus ||
      this.#isFilling || this.#shorts * 2 <= this.#enough;
  }

  /** Tells whether a node may start now. A node that asks for more than there is runs when it is alone. */
  fits(def: NodeDef): boolean {
    const { limits, pools, memoryBytes } = { limits: this.#limits, ...def.resources };
    if (!this.#hasExecutorRoom(def)) return false;
    if (this.#isShort(def)) {
      if (!this.#wantsShort(def)) return false;
    } else if (this.#cpus + Math.min(this.#shorts, limits.cpus) + this.#cpusOf(def) > limits.cpus) {
      return false;
    }
    const isTooMuch = this.#memoryBytes + (memoryBytes ?? 0) > limits.memoryBytes;
    if (isTooMuch && this.#memoryBytes > 0) return false;
    return Object.entries(pools).every(([pool, units]) =>
      (this.#pools.get(pool) ?? 0) + units <= limits.pools[pool]
    );
  }

  /** A node starts. */
  take(def: NodeDef): void {
    this.#account(def, 1);
  }

  /** A node has ended. */
  release(def: NodeDef): void {
    this.#account(def, -1);
    for (const listener of this.#listeners) listener();
  }

  /** Notes how long a node took. */
  learn(def: NodeDef, wallMs: number): void {
    const name = functionOf(def);
    const mean = this.#meanMs.get(name);
    this.#meanMs.set(
      name,
      mean === undefined ? wallMs : mean * (1 - NEWEST_SHARE) + wallMs * NEWEST_SHARE,
    );
  }

  #wantsShort(def: NodeDef): boolean {
    const free = this.#limits.cpus - this.#cpus;
    if (free <= 0) return false;
    this.#enough = free * this.#ahead(def);
    if (this.#shorts >= this.#enough) this.#isFilling = false;
    else if (this.#shorts < free || this.#shorts * 2 <= this.#enough) this.#isFilling = true;
    return this.#isFilling;
  }

  #account(def: NodeDef, sign: 1 | -1): void {
    if (this.#isShort(def)) this.#shorts += sign;
    else this.#cpus += sign * this.#cpusOf(def);
    this.#memoryBytes += sign * (def.resources.memoryBytes ?? 0);
    for (const [pool, units] of Object.entries(def.resources.pools)) {
      this.#pools.set(pool, (this.#pools.get(pool) ?? 0) + sign * units);
    }
    const executor = executorOf(def);
    this.#executors.set(executor, (this.#executors.get(executor) ?? 0) + sign);
  }

  #hasExecutorRoom(def: NodeDef): boolean {
    const limit = this.#limits.executors?.[executorOf(def)];
    return limit === undefined || (this.#executors.get(executorOf(def)) ?? 0) < limit;
  }

  /** What is sent ahead would count as running, so a node of a limited executor is not. */
  #isShort(def: NodeDef): boolean {
    const { cpus, memoryBytes, pools } = def.resources;
    return def.work.kind === "call" && def.map === undefined && cpus === 1 &&
      memoryBytes === undefined && def.timeoutMs === undefined && Object.keys(pools).length === 0 &&
      this.#limits.executors?.[executorOf(def)] === undefined;
  }

  /** How many calls of a function a slot may hold. */
  #ahead(def: NodeDef): number {
    const meanMs = this.#meanMs.get(functionOf(def));
    if (meanMs === undefined) return 1;
    return Math.max(1, Math.min(AHEAD_LIMIT, Math.floor(AHEAD_MS / Math.max(meanMs, 0.01))));
  }

  /** A node that asks for more slots than there are gets all of them. */
  #cpusOf(def: NodeDef): number {
    const cpus = Math.min(def.resources.cpus, this.#limits.cpus);
    // What waits at a host for its turn takes nothing yet; with more slots each it would be too many that have their turn.
    const isAhead = def.map !== undefined && def.work.kind === "call" && def.resources.cpus === 1;
    return isAhead ? cpus / CALL_BATCHES_PER_SLOT : cpus;
  }
}

function functionOf({ work }: NodeDef): string {
  return work.kind === "call" ? `${work.path}#${work.export}` : "";
}
