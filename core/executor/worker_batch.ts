/**
 * The calls of one batch inside a worker: one after the other, or several at once. What is wrong with one call is wrong
 * with it alone. Becomes source text of a worker, so it refers to nothing outside itself. Does not know ports or files.
 *
 * No object per call where a call is short: in profiles of 10^6 of them a context each took 1.6 µs, and a result each
 * 0.7 µs to be copied to the host; the call itself takes 0.3 µs.
 *
 * @module
 */

import type { ActionBatch } from "../action.ts";
import type { Histogram } from "../base/histogram.ts";
import type { ThrownData, WorkerResult, WorkerResults } from "./worker_protocol.ts";

/** An encoded output. */
type EncodedOutput = string | Uint8Array<ArrayBuffer>;

/** What the calls of a batch share. */
export interface BatchWork {
  readonly fn: (...args: unknown[]) => unknown;
  /** Arguments that are the same for all calls. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly batch: ActionBatch;
  /** Value outputs of each call. */
  readonly outputCount: number;
  /** How long each call took. */
  readonly times: Histogram;
  /** Makes what a function gets as its second argument; `index` is asked for the position. */
  contextOf(index: () => unknown): object;
  /** @throws If the result breaks the contract, or cannot be stored. */
  encode(result: unknown): readonly EncodedOutput[];
}

/** What a batch needs of its worker. */
export interface BatchTools {
  now(): number;
  decode(text: string): unknown;
  positionOf(batch: ActionBatch, call: number): number[];
  describe(thrown: unknown): ThrownData;
  /** Encoded outputs of more characters are stored by the host. */
  readonly inlineChars: number;
  /** Tells the call at work, where one follows the other. */
  onCall(call: number): void;
  /** Sets who gets an error that nobody handles; `undefined`: nobody waits for one. */
  onStray(reject: ((reason: unknown) => void) | undefined): void;
  /** Runs a call so that what it prints is known for its. */
  inFlight<T>(call: number, body: () => T): T;
}

/** Runs batches. */
export interface BatchRunner {
  /** Calls one after the other; a promise nobody handles ends the call at work, not those that follow. */
  oneByOne(work: BatchWork): Promise<WorkerResults>;
  /** Several calls in flight. Whose promise it is that nobody handles cannot be told, so `stray` ends all of them. */
  atOnce(work: BatchWork, stray: Promise<never>): Promise<WorkerResults>;
}

/** Makes what runs the batches of a worker. */
export function createBatchRunner(tools: BatchTools): BatchRunner {
  const { now, decode, positionOf, describe, inlineChars, onCall, onStray, inFlight } = tools;
  const { freeze, keys } = Object;

  /** A batch at work: what its calls take, and what they delivered so far. */
  interface Open {
    readonly work: BatchWork;
    /** Encoded values by argument. */
    readonly columns: readonly { readonly name: string; readonly next: () => string }[];
    /** Encoded small outputs by output, by call. */
    readonly texts: string[][];
    readonly placed: Set<number>;
    readonly odd: [number, WorkerResult][];
  }

  function open(work: BatchWork): Open {
    const { count, texts } = work.batch;
    return {
      work,
      columns: keys(texts).map((name) => ({ name, next: linesOf(texts[name]) })),
      texts: Array.from({ length: work.outputCount }, () => new Array<string>(count).fill("")),
      placed: new Set(),
      odd: [],
    };
  }

  /** Returns one line after the other. */
  function linesOf(text: string): () => string {
    let at = 0;
    return () => {
      const end = text.indexOf("\n", at);
      const line = text.substring(at, end < 0 ? text.length : end);
      at += line.length + 1;
      return line;
    };
  }

  function resultsOf({ texts, placed, odd }: Open): WorkerResults {
    return { texts: texts.map((column) => column.join("\n")), placed: [...placed], odd };
  }

  /** Position of a call, which from now on is part of what its result depends on. */
  function look({ work: { batch }, placed }: Open, call: number): unknown {
    placed.add(call);
    return freeze(positionOf(batch, call));
  }

  /** Arguments of the next call; calls begin in order. */
  function nextArgs({ work, columns }: Open): Record<string, unknown> {
    // All lines first: what is wrong with one must not shift the others.
    const lines = columns.map(({ next }) => next());
    const args: Record<string, unknown> = { ...work.args };
    for (let i = 0; i < lines.length; i++) args[columns[i].name] = decode(lines[i]);
    return args;
  }

  function deliver({ work, texts, placed, odd }: Open, call: number, result: unknown): void {
    const outputs = work.encode(result);
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i];
      if (typeof output !== "string" || output.length > inlineChars) {
        odd.push([call, { outputs, usesIndex: placed.has(call) }]);
        return;
      }
    }
    for (let i = 0; i < outputs.length; i++) texts[i][call] = outputs[i] as string;
  }

  function fail({ odd }: Open, call: number, thrown: unknown, startedAt: number): void {
    odd.push([call, { error: describe(thrown), wallMs: now() - startedAt }]);
  }

  function isThenable(result: unknown): result is PromiseLike<unknown> {
    return result !== null && typeof result === "object" &&
      typeof (result as { then?: unknown }).then === "function";
  }

  async function oneByOne(work: BatchWork): Promise<WorkerResults> {
    const all = open(work);
    // Called by itself: as a method it would see what it must not.
    const { fn } = work;
    let call = 0;
    // One for all calls: each ends before the next one begins.
    const context = work.contextOf(() => look(all, call));
    onStray(undefined);
    for (let before = now(); call < work.batch.count; call++) {
      onCall(call);
      try {
        let result = fn(nextArgs(all), context);
        // Synchronous functions need not wait a turn each.
        if (isThenable(result)) result = await strayOr(result);
        deliver(all, call, result);
      } catch (thrown) {
        fail(all, call, thrown, before);
      }
      const after = now();
      work.times.add(after - before);
      before = after;
    }
    return resultsOf(all);
  }

  function strayOr(result: PromiseLike<unknown>): Promise<unknown> {
    const stray = new Promise<never>((_: unknown, reject: (reason: unknown) => void) =>
      onStray(reject)
    );
    return Promise.race([result, stray]).finally(() => onStray(undefined));
  }

  async function atOnce(work: BatchWork, stray: Promise<never>): Promise<WorkerResults> {
    const all = open(work);
    const { fn } = work;
    const { count, concurrency } = work.batch;
    let next = 0;
    const one = async (call: number): Promise<void> => {
      const startedAt = now();
      try {
        const context = work.contextOf(() => look(all, call));
        deliver(all, call, await fn(nextArgs(all), context));
      } catch (thrown) {
        fail(all, call, thrown, startedAt);
      }
      work.times.add(now() - startedAt);
    };
    const lane = async (): Promise<void> => {
      while (next < count) {
        const call = next++;
        await inFlight(call, () => one(call));
      }
    };
    try {
      const lanes = Array.from({ length: Math.min(concurrency, count) }, lane);
      await Promise.race([Promise.all(lanes), stray]);
      return resultsOf(all);
    } finally {
      // After a stray rejection those in flight may go on, but no further one starts.
      next = count;
    }
  }

  return { oneByOne, atOnce };
}
