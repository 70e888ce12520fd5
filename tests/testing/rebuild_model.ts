/**
 * A world of three kinds of nodes in memory, and a run of the planner in it under a random interleaving. Knows no files,
 * no processes and nothing of how the planner decides.
 */

import { type Digest, digestOf } from "../../core/base/digest.ts";
import { compressRows, reverseRows, topologicalOrder } from "../../core/base/rows.ts";
import type { NodeId } from "../../core/graph.ts";
import { type Miss, Planner, type World } from "../../core/planner.ts";
import { type Edges, Schedule, STATE } from "../../core/schedule.ts";

/** A: runs every time (`cache: false`). O: publishes a file. T: the same, but temporary. */
export type Kind = "A" | "O" | "T";

/** One run: the nodes that are there, their kinds and edges, and what the world does to them. Ids are global. */
export interface ModelRun {
  /** Ascending; an edge leads from a lower to a higher position. */
  readonly present: readonly number[];
  readonly kinds: readonly Kind[];
  /** Upstream ids by id; those of absent nodes do not count. */
  readonly ups: readonly (readonly number[])[];
  /** What a node delivers when it runs, by id. */
  readonly values: readonly string[];
  readonly failing?: ReadonlySet<number>;
  /** Stop after so many nodes have ended running; what runs then is lost. */
  readonly abortAfter?: number;
}

/** What a run did. */
export interface ModelOutcome {
  readonly executed: readonly number[];
  readonly failed: readonly number[];
  readonly skipped: readonly number[];
  /** Temporary nodes whose bytes were dropped and not made again. */
  readonly cleaned: readonly number[];
}

/**
 * How much of the past counts. `all`: every result by its key, which is what flow does. `last`: only the newest result of each
 * node, lost when the node fails or its output is deleted: the history of pypipegraph2.
 */
export type Memory = "all" | "last";

/** Random numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32 (Tommy Ettinger, public domain). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The key of a node: what it took from whom. */
export function keyOf(id: number, taken: readonly (readonly [number, string])[]): string {
  return `${id}(${taken.map(([up, value]) => `${up}=${value}`).join(",")})`;
}

/** What is left of earlier runs. */
export class ModelStore {
  readonly memory: Memory;
  /** Results by node and key; with memory `last` one per node. */
  readonly results = new Map<number, Map<string, string>>();
  /** What is on disk, by node. */
  readonly disk = new Map<number, string>();
  /** Values whose bytes the store has, as `node=value`; not used with memory `last`. */
  readonly blobs = new Set<string>();

  constructor(memory: Memory) {
    this.memory = memory;
  }

  find(id: number, key: string): string | undefined {
    return this.results.get(id)?.get(key);
  }

  record(id: number, key: string, value: string): void {
    let results = this.results.get(id);
    if (results === undefined || this.memory === "last") {
      this.results.set(id, results = new Map());
    }
    results.set(key, value);
  }

  forget(id: number, key: string): void {
    if (this.memory === "last") this.results.delete(id);
    else this.results.get(id)?.delete(key);
  }

  /** The file is deleted, and if `bytes`, the store lost it too. */
  remove(id: number, bytes: boolean): void {
    this.disk.delete(id);
    if (!bytes) return;
    for (const blob of this.blobs) if (blob.startsWith(`${id}=`)) this.blobs.delete(blob);
  }

  copy(): ModelStore {
    const copy = new ModelStore(this.memory);
    for (const [id, results] of this.results) copy.results.set(id, new Map(results));
    for (const [id, value] of this.disk) copy.disk.set(id, value);
    for (const blob of this.blobs) copy.blobs.add(blob);
    return copy;
  }
}

/** Temporary nodes that nobody needs, directly or through others like them: they are not wanted. */
export function unneeded({ present, kinds, ups }: ModelRun): Set<number> {
  const found = new Set<number>();
  for (const id of present.toReversed()) {
    if (kinds[id] !== "T") continue;
    const downs = present.filter((down) => ups[down].includes(id));
    if (downs.every((down) => found.has(down))) found.add(id);
  }
  return found;
}

interface ModelPrepared {
  readonly key: Digest;
  readonly text: string;
}

/** One run of the planner over a model store. */
export class ModelRunner {
  readonly #run: ModelRun;
  readonly #store: ModelStore;
  readonly #random: Random;
  /** Ids by position: the planner's ids are positions. */
  readonly #ids: readonly number[];
  readonly #ups: readonly (readonly number[])[];
  readonly #results: (string | undefined)[] = [];
  readonly #executed: number[] = [];
  readonly #failed = new Set<number>();
  readonly #skipped = new Set<number>();
  readonly #cleaned = new Set<number>();
  readonly #running: number[] = [];
  readonly #misses: Miss<ModelPrepared>[] = [];
  readonly #schedule: Schedule;
  readonly #planner: Planner<ModelPrepared>;

  constructor(run: ModelRun, store: ModelStore, random: Random) {
    this.#run = run;
    this.#store = store;
    this.#random = random;
    this.#ids = run.present;
    const positions = new Map(run.present.map((id, position) => [id, position]));
    this.#ups = run.present.map((id) =>
      run.ups[id].flatMap((up) => positions.get(up) ?? []).sort((a, b) => a - b)
    );
    const ups = compressRows(this.#ups);
    const downs = reverseRows(ups);
    const order = topologicalOrder(ups, downs);
    const edges: Edges = { size: run.present.length, ups, downs, order };
    this.#schedule = new Schedule(edges, { seed: 1 + Math.floor(random() * 1e9) });
    this.#planner = new Planner(edges, this.#schedule, this.#world(), new Set());
  }

  /** Runs to the end, or to the abort. */
  run(): ModelOutcome {
    const left = unneeded(this.#run);
    this.#schedule.want(
      [...this.#ids.keys()].filter((position) => !left.has(this.#ids[position])),
    );
    const limit = this.#run.abortAfter ?? Infinity;
    while (this.#schedule.unfinished > 0 && this.#executed.length < limit) this.#step();
    const idsOf = (positions: Iterable<number>) =>
      [...positions].map((position) => this.#ids[position]).sort((a, b) => a - b);
    return {
      executed: idsOf(this.#executed),
      failed: idsOf(this.#failed),
      skipped: idsOf(this.#skipped),
      cleaned: idsOf(this.#cleaned),
    };
  }

  /** One of the things that may happen next. */
  #step(): void {
    const choice = Math.floor(this.#random() * 4);
    for (let i = 0; i < 4; i++) {
      const didSomething = this.#try((choice + i) % 4);
      if (didSomething) return;
    }
    throw new Error("stuck: nothing runs and nothing can start");
  }

  #try(choice: number): boolean {
    switch (choice) {
      case 0:
        return this.#planner.check(1) > 0;
      case 1: {
        this.#misses.push(...this.#planner.takeMisses());
        const miss = this.#pick(this.#misses);
        if (miss === undefined) return false;
        this.#planner.admit(miss);
        return true;
      }
      case 2: {
        const id = this.#schedule.popQueued(() => true);
        if (id < 0) return false;
        this.#checkBytes(id);
        this.#running.push(id);
        return true;
      }
      default: {
        const id = this.#pick(this.#running);
        if (id !== undefined) this.#complete(id as NodeId);
        return id !== undefined;
      }
    }
  }

  #pick<T>(items: T[]): T | undefined {
    if (items.length === 0) return undefined;
    return items.splice(Math.floor(this.#random() * items.length), 1)[0];
  }

  /** What a node that starts takes must be there. */
  #checkBytes(position: number): void {
    for (const up of this.#ups[position]) {
      const isThere = this.#store.disk.get(this.#ids[up]) === this.#results[up];
      if (!isThere) throw new Error(`node ${this.#ids[position]} starts without ${this.#ids[up]}`);
    }
  }

  #complete(position: NodeId): void {
    const id = this.#ids[position];
    // It was queued, so it was prepared.
    const { key, text } = this.#planner.preparedOf(position) as ModelPrepared;
    const value = this.#run.values[id];
    this.#executed.push(position);
    this.#cleaned.delete(position);
    const isUnlike = this.#run.kinds[id] === "T" && this.#planner.isRemade(position) &&
      this.#results[position] !== value;
    if (isUnlike || this.#run.failing?.has(id) === true) {
      if (isUnlike || this.#store.memory === "last") this.#store.forget(id, text);
      this.#failed.add(position);
      for (const down of this.#planner.fail(position, key)) this.#skipped.add(down);
      return;
    }
    this.#results[position] = value;
    this.#store.disk.set(id, value);
    if (this.#run.kinds[id] !== "A") this.#store.record(id, text, value);
    if (this.#run.kinds[id] === "O") this.#store.blobs.add(`${id}=${value}`);
    this.#planner.done(position, key);
  }

  #world(): World<ModelPrepared> {
    const { kinds } = this.#run;
    return {
      isEnabled: () => true,
      isCached: (position) => kinds[this.#ids[position]] !== "A",
      hasTemps: (position) => kinds[this.#ids[position]] === "T",
      prepare: (position) => this.#prepare(position),
      take: (position, { text }) => this.#take(position, text),
      gather: (position, prepared) => ({
        lost: this.#ups[position].filter((up) =>
          this.#store.disk.get(this.#ids[up]) !== this.#results[up]
        ) as NodeId[],
        prepared,
      }),
      drop: (position) => {
        if (this.#store.disk.delete(this.#ids[position])) this.#cleaned.add(position);
      },
      onDemand: () => {},
      onUnreadable: (position, error) => {
        throw new Error(`node ${this.#ids[position]} cannot be prepared`, { cause: error });
      },
      onSkipped: (positions) => positions.forEach((position) => this.#skipped.add(position)),
      onReleased: () => {},
    };
  }

  #prepare(position: number): ModelPrepared {
    const taken = this.#ups[position].map((up) => {
      const value = this.#results[up];
      if (value === undefined || this.#schedule.stateOf(up) === STATE.unknown) {
        throw new Error(`node ${this.#ids[up]} has not delivered`);
      }
      return [this.#ids[up], value] as const;
    });
    const text = keyOf(this.#ids[position], taken);
    return { key: digestOf(text), text };
  }

  #take(position: number, text: string): boolean {
    const id = this.#ids[position];
    const value = this.#store.find(id, text);
    if (value === undefined) return false;
    if (this.#run.kinds[id] === "O" && this.#store.disk.get(id) !== value) {
      if (!this.#store.blobs.has(`${id}=${value}`) || this.#store.memory === "last") return false;
      this.#store.disk.set(id, value);
    }
    this.#results[position] = value;
    return true;
  }
}
