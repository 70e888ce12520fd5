/**
 * One map node while it runs: which of its calls are known, wait, run, are done or failed. Columns by call, no object per
 * call. Does not know slots, executors, files or clocks.
 *
 * @module
 */

import type { Failure } from "./action.ts";
import { StringTable } from "./base/string_table.ts";
import { NumberList, TextColumn, TextRow } from "./base/text_column.ts";
import type { MapCalls } from "./map_calls.ts";
import type { ElementBlob, ElementOutput, ElementOutputs } from "./store/elements.ts";

/** Calls that travel together at most. */
const BATCH_MAX = 4096;
/** Work aimed at per batch, in milliseconds. */
const BATCH_MS = 20;
/** Share of the newest batch in the mean. */
const NEWEST_SHARE = 0.3;

/** How a call may have ended. */
const END = {
  none: 0,
  /** What it delivered holds for all calls that take the same. */
  anywhere: 1,
  /** It looked at its position. */
  here: 2,
  failed: 3,
} as const;

/** A call that failed for good. */
export interface FailedCall {
  readonly call: number;
  readonly failure: Failure;
}

/** Counts of calls. */
export interface MapCounts {
  readonly total: number;
  readonly hit: number;
  readonly done: number;
  readonly failed: number;
  /** Not made, because they would take an error value; absent if there are none. */
  readonly skipped?: number;
}

/** What becomes of a call that is not made. */
export type Fate =
  /** Text of the error value that stands for its result. */
  | { readonly kind: "skip"; readonly error: string }
  | { readonly kind: "fail"; readonly failure: Failure };

/** First calls by key. */
class FirstCalls {
  readonly #firsts = new NumberList();
  readonly #keys: StringTable;

  /** @param keyOf Returns the key of a call that was asked for. */
  constructor(keyOf: (call: number) => string) {
    this.#keys = new StringTable((number) => keyOf(this.#firsts.at(number)));
  }

  /** Returns the first call that was asked for with this key. */
  of(key: string, call: number): number {
    const number = this.#keys.add(key);
    if (number === this.#firsts.length) this.#firsts.push(call);
    return this.#firsts.at(number);
  }
}

/** What decides of a call whether it is made. */
export interface MapRunOptions {
  /** Returns what a call delivered in an earlier run; absent if none is known. */
  readonly find?: ((key: string) => ElementOutputs | undefined) | undefined;
  /** Whether what is known of a call will do; it does if it is left out. */
  readonly accept?:
    | ((calls: MapCalls, call: number, outputs: ElementOutputs) => boolean)
    | undefined;
  /** Whether a call takes part; all do if it is left out. */
  readonly isChosen?: ((call: number) => boolean) | undefined;
  /** Tells of a call that is not to be made. */
  fateOf(calls: MapCalls, call: number): Fate | undefined;
}

/** The state of the calls of one map node. */
export class MapRun {
  #calls: MapCalls;
  readonly #options: MapRunOptions;
  /** By value output: what each call delivered. */
  readonly #columns: readonly TextColumn<ElementBlob>[];
  /** How each call ended, one of `END`. */
  readonly #ends: Uint8Array;
  readonly #failed: FailedCall[] = [];
  readonly #attempts = new Map<number, number>();
  /** Calls that run alone, because one of them may have killed a host. */
  readonly #alone: number[] = [];
  readonly #waiting: number[] = [];
  /** Calls with the key of a call that runs, by that call. */
  readonly #followers = new Map<number, number[]>();
  /** Absent if no two calls have one key. */
  readonly #firsts: FirstCalls | undefined;
  #onDelivered: ((call: number) => void) | undefined;
  #total = 0;
  /** Calls that wait until they are tried again, or are held. */
  readonly #paused = new Set<number>();
  #isCut = false;
  #skipped = 0;
  #head = 0;
  #running = 0;
  #hits = 0;
  #done = 0;
  #meanMs: number | undefined;

  /**
   * @param calls The calls; none takes part before it is added.
   * @param outputCount Value outputs of each.
   */
  constructor(calls: MapCalls, outputCount: number, options: MapRunOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#columns = Array.from({ length: outputCount }, () => new TextColumn(calls.count));
    this.#ends = new Uint8Array(calls.count);
    this.#firsts = calls.areDistinct
      ? undefined
      : new FirstCalls((call) => this.#calls.keyOf(call));
    const { isChosen } = options;
    if (isChosen === undefined) this.#total = calls.count;
    else for (let call = 0; call < calls.count; call++) if (isChosen(call)) this.#total++;
  }

  /** The calls. */
  get calls(): MapCalls {
    return this.#calls;
  }

  /**
   * Adds all calls that were not added yet.
   *
   * @param calls The same calls, now that everything they take is there.
   * @param isAdded Tells of a call whether it was added.
   */
  addRest(calls: MapCalls, isAdded: (call: number) => boolean): void {
    this.#calls = calls;
    for (let call = 0; call < calls.count; call++) if (!isAdded(call)) this.add(call);
  }

  /** A call has all it takes: it takes part from now on. */
  add(call: number): void {
    const { find, isChosen, fateOf } = this.#options;
    const calls = this.#calls;
    if (isChosen?.(call) === false) return;
    const fate = fateOf(calls, call);
    if (fate?.kind === "skip") {
      this.#skipped++;
      this.fill(call, fate.error);
      return;
    }
    if (fate?.kind === "fail") {
      this.#failed.push({ call, failure: fate.failure });
      return;
    }
    const known = find && calls.find(call, calls.keyOf(call), find);
    if (known !== undefined && this.#accepts(call, known)) this.#hit(call, known);
    else this.#await(call, this.#firsts?.of(calls.keyOf(call), call) ?? call);
  }

  #accepts(call: number, outputs: ElementOutputs): boolean {
    return this.#options.accept?.(this.#calls, call, outputs) !== false;
  }

  /** Tells of every call that delivers from now on. The listener must not change the run. */
  onDelivered(listener: (call: number) => void): void {
    this.#onDelivered = listener;
  }

  /** The calls that have delivered. */
  *delivered(): Generator<number> {
    for (let call = 0; call < this.#calls.count; call++) {
      if (this.#ends[call] === END.anywhere || this.#ends[call] === END.here) yield call;
    }
  }

  /** A call waits to be started, or for the first one that takes the same, or has what that delivered. */
  #await(call: number, leader: number): void {
    const end = this.#ends[leader];
    if (end === END.anywhere) {
      const outputs = this.#columns.map((column) => column.at(leader) as ElementOutput);
      if (this.#accepts(call, outputs)) this.#hit(call, outputs);
      else this.#waiting.push(call);
      return;
    }
    if (leader === call || end !== END.none) {
      this.#waiting.push(call);
      return;
    }
    const followers = this.#followers.get(leader);
    if (followers === undefined) this.#followers.set(leader, [call]);
    else followers.push(call);
  }

  #hit(call: number, outputs: ElementOutputs): void {
    this.#hits++;
    this.#deliver(call, outputs, END.anywhere);
  }

  #deliver(call: number, outputs: ElementOutputs, end: number): void {
    this.#set(call, outputs);
    this.#ends[call] = end;
    this.#onDelivered?.(call);
  }

  /** Counts so far. */
  get counts(): MapCounts {
    const failed = this.#failed.length;
    const skipped = this.#skipped === 0 ? {} : { skipped: this.#skipped };
    return { total: this.#total, hit: this.#hits, done: this.#done, failed, ...skipped };
  }

  /** Calls that run now. */
  get running(): number {
    return this.#running;
  }

  /** The call that is to be started next; `undefined` if none waits. */
  get waiting(): number | undefined {
    return this.#alone[0] ?? this.#waiting[this.#head];
  }

  /** Whether all calls have ended, or all that are to be made; one that was stopped has not. */
  get isOver(): boolean {
    if (this.#isCut) return this.#running === 0;
    const ended = this.#hits + this.#done + this.#failed.length + this.#skipped;
    return ended === this.#total;
  }

  /** Calls that failed for good, in order. */
  get failed(): readonly FailedCall[] {
    return this.#failed.toSorted((a, b) => a.call - b.call);
  }

  /**
   * Takes the next calls to run.
   *
   * @param limit How many there may be at most; 1 if they do not travel together. Those of which something is not small text
   *   never do.
   * @param share How many batches the waiting calls are to be enough for.
   * @param atOnce How many run at the same time: a batch has at least as many.
   */
  next(limit: number, share: number, atOnce = 1): number[] {
    const single = this.#alone.shift();
    if (single !== undefined) {
      this.#running++;
      return [single];
    }
    const left = this.#waiting.length - this.#head;
    const fair = Math.ceil(left / share);
    const timely = this.#meanMs === undefined
      ? 1
      : Math.max(1, Math.floor(BATCH_MS / this.#meanMs));
    const size = Math.min(limit, BATCH_MAX, left, Math.max(atOnce, Math.min(fair, timely)));
    const batch = this.#waiting.slice(this.#head, this.#head + size);
    const odd = size === 1 ? -1 : batch.findIndex((call) => !this.#calls.isPacked(call));
    if (odd >= 0) batch.length = Math.max(1, odd);
    this.#head += batch.length;
    this.#running += batch.length;
    return batch;
  }

  /** Notes how long a batch took. */
  learn(count: number, wallMs: number): void {
    const meanMs = wallMs / count + 0.001;
    this.#meanMs = this.#meanMs === undefined
      ? meanMs
      : this.#meanMs * (1 - NEWEST_SHARE) + meanMs * NEWEST_SHARE;
  }

  /**
   * A call delivered.
   *
   * @param usesIndex It looked at its position, so what it delivered holds only there.
   * @returns The key under which it is kept.
   */
  deliver(call: number, outputs: ElementOutputs, usesIndex: boolean): string {
    this.#running--;
    this.#done++;
    this.#deliver(call, outputs, usesIndex ? END.here : END.anywhere);
    const followers = this.#followers.get(call) ?? [];
    this.#followers.delete(call);
    for (const follower of followers) {
      if (usesIndex) this.#waiting.push(follower);
      else this.#hit(follower, outputs);
    }
    const key = this.#calls.keyOf(call);
    return usesIndex ? this.#calls.placedKey(call, key) : key;
  }

  /** Calls that will have delivered when a call does that runs: itself and those that take the same. */
  sameAs(call: number): readonly number[] {
    return [call, ...this.#followers.get(call) ?? []];
  }

  /** Number of the attempt a call is at, 1 for the first. */
  attemptOf(call: number): number {
    return (this.#attempts.get(call) ?? 0) + 1;
  }

  /** A call failed and is tried again; it waits until `again`. */
  retry(call: number): void {
    this.#attempts.set(call, this.attemptOf(call));
    this.#paused.add(call);
  }

  /** A call that was to be tried again may run, unless it was given up meanwhile. */
  again(call: number): void {
    if (!this.#paused.delete(call)) return;
    this.#running--;
    this.#alone.push(call);
  }

  /** A call that was taken waits for something else before it runs. */
  hold(call: number): void {
    this.#paused.add(call);
  }

  /** A call that was held runs, unless it was given up meanwhile; returns whether it does. */
  resume(call: number): boolean {
    return this.#paused.delete(call);
  }

  /** Calls of a batch whose end nobody knows: each runs alone. */
  isolate(calls: readonly number[]): void {
    this.#running -= calls.length;
    this.#alone.push(...calls);
  }

  /** A call failed for good, and with it those that would have been the same. Returns all of them. */
  fail(call: number, failure: Failure): readonly number[] {
    this.#running--;
    const failed = this.sameAs(call);
    this.#followers.delete(call);
    for (const one of failed) {
      this.#failed.push({ call: one, failure });
      this.#ends[one] = END.failed;
    }
    return failed;
  }

  /** Everything that waits fails, also what waits to be tried again. Returns the calls. */
  giveUp(failure: Failure): readonly number[] {
    const waiting = [...this.#alone.splice(0), ...this.#waiting.slice(this.#head)];
    this.#head = this.#waiting.length;
    this.#running += waiting.length;
    waiting.push(...this.#paused);
    this.#paused.clear();
    return waiting.flatMap((call) => this.fail(call, failure));
  }

  /** No more calls are made: it is over when those that run have ended. */
  cut(): void {
    this.#isCut = true;
    this.#alone.length = 0;
    this.#head = this.#waiting.length;
    this.#running -= this.#paused.size;
    this.#paused.clear();
  }

  /** Whether calls are missing because of `cut`. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** An error value stands for everything a call should have delivered. */
  fill(call: number, error: string): void {
    this.#set(call, this.#columns.map(() => error));
  }

  /** Calls that were stopped: they have neither delivered nor failed. */
  drop(count: number): void {
    this.#running -= count;
  }

  /** What all calls delivered for one value output, by call. All that take part must have, or be filled. */
  column(output: number): TextColumn<ElementBlob> {
    return this.#columns[output];
  }

  #set(call: number, outputs: ElementOutputs): void {
    const isRow = outputs instanceof TextRow;
    for (let i = 0; i < this.#columns.length; i++) {
      if (isRow) this.#columns[i].place(call, outputs.pieces[i], outputs.line);
      else this.#columns[i].set(call, outputs[i]);
    }
  }
}
