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
  readonly #dir: string;
  #next = 1;

  /** @param dir Directory of private directories: workers, which may write there and nowhere else, serve all runs. */
  constructor(inner: Executor, dir: string) {
    this.#inner = inner;
    this.#dir = dir;
  }

  /** Returns the executor of one run. When it is disposed of, what it still runs is stopped and reported to nobody. */
  share(): Executor {
    return new Share(this.#inner, () => {
      const id = this.#next++;
      return { id, privateDir: `${this.#dir}/${id}` };
    });
  }
}

class Share implements Executor {
  readonly name: string;
  readonly batchSize: number;
  readonly #inner: Executor;
  readonly #place: () => Pick<Action, "id" | "privateDir">;
  /** Numbers of the shared executor by those of the run. */
  readonly #numbers = new Map<number, number>();
  #isDisposed = false;

  constructor(inner: Executor, place: () => Pick<Action, "id" | "privateDir">) {
    this.name = inner.name;
    this.batchSize = inner.batchSize;
    this.#inner = inner;
    this.#place = place;
  }

  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    const own = new Map<number, number>();
    const numbered = actions.map((action) => {
      const place = this.#place();
      this.#numbers.set(action.id, place.id);
      own.set(place.id, action.id);
      return { ...action, ...place };
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
