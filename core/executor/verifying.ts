/**
 * Executes actions twice and compares what they deliver. The first execution counts; the second is only looked at. Does not
 * know which actions are worth it, nor what a difference means.
 *
 * @module
 */

import { type Action, type Completion, type OutputResult, positionOf } from "../action.ts";
import { digestOf } from "../base/digest.ts";
import { messageOf, StoreError } from "../base/error.ts";
import { type BatchResult, unpackResults } from "../batch.ts";
import type { Blobs } from "../store/blobs.ts";
import { ActionBytes } from "./action_bytes.ts";
import { compareOutputs, type OutputDifference } from "./compare_outputs.ts";
import type { Executor } from "./executor.ts";

/** How executions are compared. */
export interface VerifyingOptions {
  readonly blobs: Blobs;
  /** Tells whether an action is executed a second time. */
  isVerified(action: Action): boolean;
  /** Gets what differs, before the action is reported. */
  onDifference(action: Action, difference: OutputDifference): void;
}

/** An action between its first execution and its report. */
interface Verified {
  readonly action: Action;
  readonly report: (completion: Completion) => void;
}

/** Ids of second executions are higher than those of a run's actions. */
const SECOND = 2 ** 32;

/** Stands between a run and one of its executors, which the run still disposes of. */
export class VerifyingExecutor implements Executor {
  readonly #inner: Executor;
  readonly #options: VerifyingOptions;
  readonly #verified = new Map<number, Verified>();
  /** Ids of actions whose second execution is going on. */
  readonly #again = new Set<number>();

  constructor(inner: Executor, options: VerifyingOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get name(): string {
    return this.#inner.name;
  }

  get batchSize(): number {
    return this.#inner.batchSize;
  }

  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    for (const action of actions) {
      if (this.#options.isVerified(action)) this.#verified.set(action.id, { action, report });
    }
    this.#inner.submit(actions, (completion) => this.#onFirst(completion, report));
  }

  abort(id: number, graceMs: number): void {
    this.#inner.abort(this.#runningId(id), graceMs);
  }

  pidOf(id: number): number | undefined {
    return this.#inner.pidOf(this.#runningId(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }

  /** Id under which an action is being executed now. */
  #runningId(id: number): number {
    return this.#again.has(id) ? id + SECOND : id;
  }

  #onFirst(first: Completion, report: (completion: Completion) => void): void {
    const verified = this.#verified.get(first.id);
    if (verified === undefined || first.kind === "failed") {
      this.#verified.delete(first.id);
      report(first);
      return;
    }
    this.#again.add(first.id);
    this.#inner.submit([secondOf(verified.action)], (second) => {
      this.#again.delete(first.id);
      this.#verified.delete(first.id);
      this.#compare(verified.action, first, second);
      report(first);
    });
  }

  #compare(
    action: Action,
    first: Extract<Completion, { kind: "done" }>,
    second: Completion,
  ): void {
    const { batch } = action;
    const { results } = first;
    if (batch === undefined || results === undefined) {
      for (const difference of this.#differences(action, first, second)) {
        this.#options.onDifference(action, difference);
      }
      return;
    }
    const others = second.kind === "done" && second.results !== undefined
      ? [...unpackResults(second.results, batch.count)]
      : undefined;
    [...unpackResults(results, batch.count)].forEach((result, call) => {
      if ("failure" in result) return;
      const one = { ...first, outputs: outputsOf(action, result) };
      const again = callOf(action, second, others?.[call]);
      for (const difference of this.#differences(action, one, again)) {
        this.#options.onDifference({ ...action, index: positionOf(batch, call) }, difference);
      }
    });
  }

  #differences(
    action: Action,
    first: Extract<Completion, { kind: "done" }>,
    second: Completion,
  ): OutputDifference[] {
    if (second.kind === "failed") {
      // Stopped with the run: nothing is known.
      if (second.failure.reason === "aborted") return [];
      const text = `the second execution failed: ${second.failure.message.split("\n")[0]}`;
      return first.outputs.map(({ name }) => ({ output: name, text }));
    }
    try {
      return compareOutputs(first.outputs, second.outputs, this.#blobsOf(action));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return [{ output: first.outputs[0].name, text: messageOf(error) }];
    }
  }

  /** Where the bytes of an action's outputs are: those of temporary ones are not in the store. */
  #blobsOf(action: Action): (output: string) => Blobs {
    const { blobs } = this.#options;
    const bytes = new ActionBytes(blobs, action);
    return (name) => {
      const output = action.outputs.find((candidate) => candidate.name === name);
      return output === undefined ? blobs : bytes.of(output);
    };
  }
}

/** What came of one call of a batch that was executed again. */
function callOf(action: Action, second: Completion, result: BatchResult | undefined): Completion {
  if (result === undefined || second.kind === "failed") return second;
  const { id, usage } = second;
  return "failure" in result
    ? { id, kind: "failed", failure: result.failure, usage }
    : { id, kind: "done", outputs: outputsOf(action, result), usage };
}

/** What a call of a batch delivered, as an action that runs alone says it. */
function outputsOf(
  { outputs }: Action,
  { outputs: elements }: Extract<BatchResult, { usesIndex: boolean }>,
): OutputResult[] {
  return outputs.map(({ name }, i) => {
    const element = elements.at(i) ?? "";
    return typeof element === "string"
      ? { name, kind: "value", digest: digestOf(element), sizeBytes: element.length, text: element }
      : { name, kind: "value", ...element };
  });
}

/** The same action with a place of its own, and a worker that has seen nothing: what one kept must not hide a difference. */
function secondOf(action: Action): Action {
  const privateDir = `${action.privateDir}.again`;
  const { work, batch } = action;
  const isPrivate = work.kind === "run" && work.cwd === action.privateDir;
  return {
    ...action,
    id: action.id + SECOND,
    work: isPrivate ? { ...work, cwd: privateDir } : work,
    isolate: action.isolate === "process" ? "process" : "fresh",
    privateDir,
    logPath: `${action.logPath}.again`,
    ...(batch === undefined ? {} : { batch: { ...batch, logBase: `${batch.logBase}.again` } }),
  };
}
