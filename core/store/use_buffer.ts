/**
 * Which keys nodes had in a run, gathered before they are written: one transaction for thousands of them. Does not know
 * SQL, nor what a use is good for.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";

/** A node had a key. */
export interface Use {
  readonly node: string;
  readonly key: Digest;
}

/** Uses of one run. */
export interface UseBatch {
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  readonly run: string;
  readonly uses: readonly Use[];
}

/** After a batch this large more is expected soon; together at most `MAX_USES` wait. */
const LARGE_BATCH = 256;
const MAX_USES = 8_192;

/** Uses that wait to be written. */
export class UseBuffer {
  readonly #write: (batch: UseBatch) => void;
  #waiting: { workflow: string; run: string; uses: Use[] } | undefined;

  /** @param write Writes a batch; called with what waits. */
  constructor(write: (batch: UseBatch) => void) {
    this.#write = write;
  }

  /** Adds uses. A small batch is written at once, as nothing may follow for long. */
  add(batch: UseBatch): void {
    if (batch.uses.length === 0) return;
    const { workflow, run } = batch;
    if (this.#waiting?.workflow !== workflow || this.#waiting.run !== run) this.flush();
    const waiting = this.#waiting ??= { workflow, run, uses: [] };
    for (const use of batch.uses) waiting.uses.push(use);
    if (batch.uses.length < LARGE_BATCH || waiting.uses.length >= MAX_USES) this.flush();
  }

  /** Writes what waits. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#write(waiting);
  }
}
