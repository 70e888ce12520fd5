/**
 * One executor for several runs: each gets one of its own, which numbers actions as the run does. Does not know what the
 * runs are about; whoever made the shared one disposes of it.
 *
 * @module
 */

import type { Action, Completion } from "../action.ts";
import type { Executor } from "./executor.ts";

/** Hands out executors that share one. */
export class SharedExecutor {
  readonly #inner: Executor;
  #next = 1;

  constructor(inner: Executor) {
    this.#inner = inner;
  }

  /** Returns the executor of one run. When it is disposed of, what it still runs is stopped and reported to nobody. */
  share(): Executor {
    return new Share(this.#inner, () => this.#next++);
  }
}

class Share implements Executor {
  readonly name: string;
  readonly batchSize: number;
  readonly #inner: Executor;
  readonly #number: () => number;
  /** Numbers of the shared executor by those of the run. */
  readonly #numbers = new Map<number, number>();
  #isDisposed = false;

  constructor(inner: Executor, number: () => number) {
    this.name = inner.name;
    this.batchSize = inner.batchSize;
    this.#inner = inner;
    this.#number = number;
  }

  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    const own = new Map<number, number>();
    const numbered = actions.map((action) => {
      const id = this.#number();
      this.#numbers.set(action.id, id);
      own.set(id, action.id);
      return { ...action, id };
    });
    this.#inner.submit(numbered, (completion) => {
      // An executor reports what it was given, each action once.
      const id = own.get(completion.id) as number;
      this.#numbers.delete(id);
      if (!this.#isDisposed) report({ ...completion, id });
    });
  }

  abort(id: number, graceMs: number): void {
    const number = this.#numbers.get(id);
    if (number !== undefined) this.#inner.abort(number, graceMs);
  }

  pidOf(id: number): number | undefined {
    const number = this.#numbers.get(id);
    return number === undefined ? undefined : this.#inner.pidOf(number);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    for (const number of this.#numbers.values()) this.#inner.abort(number, 0);
    return Promise.resolve();
  }
}
