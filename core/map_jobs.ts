/**
 * The map nodes of a run that run now: makes the actions of their calls, takes what comes of them, keeps single results, and
 * says when a node is over. Does not know slots, schedules or why a node runs.
 *
 * @module
 */

import {
  type Action,
  type ActionInput,
  type CallResult,
  type Completion,
  type Failure,
  INLINE_BYTES,
  type OutputResult,
  type Usage,
} from "./action.ts";
import type { ActionFrame } from "./assemble.ts";
import type { AxisSlices } from "./base/axis_slice.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import { createHistogram, type Histogram } from "./base/histogram.ts";
import { encodedBytes, holdsErrors } from "./base/value.ts";
import { unpackResults } from "./batch.ts";
import { errorOfFailure } from "./error_value.ts";
import type { Graph, NodeId } from "./graph.ts";
import { chooseCalls } from "./map_choice.ts";
import {
  describeFailed,
  type FailedElement,
  fateOf,
  logPathOf,
  MAX_REPORTED,
  misfit,
} from "./map_failures.ts";
import { MapRun } from "./map_run.ts";
import type { MapSpec } from "./mapspec.ts";
import { arrangeOutput } from "./map_output.ts";
import type { Prepared, Rebuild } from "./rebuild.ts";
import type { ElementLog, ElementOutput, ElementRecord } from "./store/elements.ts";
import type { Store } from "./store/store.ts";
import { planCalls, StoredCalls } from "./stored_calls.ts";
import type { NodeDef } from "./workflow.ts";

/** What map nodes need from the run. */
export interface MapJobsContext {
  readonly graph: Graph;
  readonly rebuild: Rebuild;
  readonly store: Store;
  /** Numbers and places an action; `name` tells its log from others of the node. */
  frame(id: NodeId, name: string, attempt: number): ActionFrame;
  /** Returns the stored bytes of a value a node takes. */
  read(digest: Digest): Uint8Array<ArrayBuffer>;
  /** Calls of a node have ended. */
  onProgress(id: NodeId): void;
  /** A call failed for good; told of the first `MAX_REPORTED` of a node. */
  onFailed(id: NodeId, failed: FailedElement): void;
  /** A call failed and is tried again; `again` lets it run. */
  onRetry(
    id: NodeId,
    index: readonly number[],
    attempt: number,
    failure: Failure,
    again: () => void,
  ): void;
}

/** How a map node ended. */
export interface MapEnd {
  readonly completion: Completion;
  /** How many of its calls failed. */
  readonly failed: number;
  /** What failed, if the node is done all the same. */
  readonly problem?: string;
}

/** A map node that runs. */
interface Job {
  readonly id: NodeId;
  readonly def: NodeDef & { readonly map: MapSpec };
  readonly prepared: Prepared;
  readonly run: MapRun;
  readonly log: ElementLog | undefined;
  /** What names the file of the calls. */
  readonly base?: Digest;
  readonly startedAt: number;
  readonly times: Histogram;
  cpuMs: number;
  maxRssBytes: number;
  /** Failed calls that were told of. */
  reported: number;
  /** Nothing is tried again. */
  isGivenUp: boolean;
}

/** Which stored calls a node uses. */
export interface KeptCalls {
  /** Whether what calls deliver is kept. */
  readonly isKept: boolean;
  /** Calls that were kept earlier do not count, in milliseconds since the epoch; absent: none does. */
  readonly since?: number;
}

/** The calls one action stands for. */
interface Flight {
  readonly job: Job;
  readonly calls: readonly number[];
  readonly logBase: string;
}

/** What came of an attempt of a call. */
type Attempt = { readonly failure: Failure; readonly usage: Usage; readonly logPath?: string };

/** The map nodes that run. */
export class MapJobs {
  readonly #c: MapJobsContext;
  readonly #jobs = new Map<NodeId, Job>();
  readonly #flights = new Map<number, Flight>();

  constructor(context: MapJobsContext) {
    this.#c = context;
  }

  /** The nodes that run. */
  get ids(): Iterable<NodeId> {
    return this.#jobs.keys();
  }

  /** Node whose calls an action runs, if it is one of ours. */
  nodeOf(action: number): NodeId | undefined {
    return this.#flights.get(action)?.job.id;
  }

  /** Counts of a node's calls. */
  countsOf(id: NodeId): MapRun["counts"] | undefined {
    return this.#jobs.get(id)?.run.counts;
  }

  /**
   * Starts a map node.
   *
   * @param options.slices What is run of which axes; the whole if it is left out.
   * @returns Why it cannot, or what names the file of its calls if they are kept.
   */
  begin(
    id: NodeId,
    prepared: Prepared,
    { isKept, since, now, slices }: KeptCalls & {
      readonly now: number;
      readonly slices?: AxisSlices | undefined;
    },
  ): { readonly failure: Failure } | { readonly base?: Digest } {
    const { graph, store, read } = this.#c;
    const def = graph.defs[id] as Job["def"];
    const node = { graph, store, id, prepared };
    const put = (bytes: Uint8Array) => store.blobs.put(bytes);
    const calls = planCalls(node, { read, put });
    if ("ok" in calls) return { failure: misfit(calls) };
    const isChosen = slices === undefined ? undefined : chooseCalls(calls, slices);
    if (typeof isChosen === "object") return { failure: misfit(isChosen) };
    const stored = isKept ? new StoredCalls(node, since) : undefined;
    const run = new MapRun(calls, def.outputs.length, {
      find: stored?.finder,
      isChosen,
      fateOf: (call) => fateOf(def, calls, call),
    });
    const kept = stored === undefined ? {} : { base: stored.base };
    const job: Job = {
      id,
      def,
      prepared,
      run,
      log: stored?.log,
      ...kept,
      startedAt: now,
      times: createHistogram(),
      cpuMs: 0,
      maxRssBytes: 0,
      reported: 0,
      isGivenUp: false,
    };
    this.#jobs.set(id, job);
    const usage = { startedAt: now, wallMs: 0 };
    for (const { call, failure } of run.failed) this.#report(job, [call], { failure, usage }, 0);
    return kept;
  }

  /** Whether all calls of a node have ended. */
  isOver(id: NodeId): boolean {
    return this.#jobs.get(id)?.run.isOver === true;
  }

  /** Whether a node has calls to start. */
  hasWaiting(id: NodeId): boolean {
    return this.#jobs.get(id)?.run.hasWaiting === true;
  }

  /**
   * Makes the next action of a node that has waiting calls.
   *
   * @param share How many actions the waiting calls are to be enough for.
   */
  next(id: NodeId, share: number): Action {
    // Asked only for nodes that run.
    const job = this.#jobs.get(id) as Job;
    const { run, def, prepared } = job;
    const isPacked = def.work.kind === "call" && run.calls.isPacked;
    // What is limited is limited for one call.
    const isLimited = def.timeoutMs !== undefined || def.resources.memoryBytes !== undefined;
    const calls = run.next(isPacked && !isLimited ? Infinity : 1, share, def.concurrency);
    const [first] = calls;
    const attempt = run.attemptOf(first);
    const index = run.calls.indexOf(first);
    const name = `[${index.join(",")}]`;
    const frame = this.#c.frame(id, name, attempt);
    const { logPath } = frame;
    const logBase = logPath.slice(0, logPath.lastIndexOf(name));
    this.#flights.set(frame.id, { job, calls, logBase });
    if (!isPacked) {
      const inputs = run.calls.inputsOf(first);
      return { ...this.#c.rebuild.action(id, { ...prepared, inputs }, frame), index };
    }
    const inputs = run.calls.constants;
    const action = this.#c.rebuild.action(id, { ...prepared, inputs }, frame);
    const positions = calls.flatMap((call) => run.calls.indexOf(call));
    return {
      ...action,
      batch: {
        count: calls.length,
        texts: run.calls.textsOf(calls),
        positions,
        concurrency: def.concurrency,
        logBase,
      },
    };
  }

  /**
   * Takes what came of an action.
   *
   * @param options.isStopping The run is being stopped: calls that were stopped are neither done nor failed.
   * @param options.now Milliseconds since the epoch.
   * @returns The node, if all its calls have ended.
   * @throws {StoreError} If results cannot be kept.
   */
  complete(
    completion: Completion,
    { isStopping, now }: { readonly isStopping: boolean; readonly now: number },
  ): NodeId | undefined {
    const flight = this.#flights.get(completion.id) as Flight;
    this.#flights.delete(completion.id);
    const { job, calls } = flight;
    measure(job, calls.length, completion);
    if (completion.kind === "failed") this.#failed(flight, completion, isStopping);
    else {
      job.run.learn(calls.length, completion.usage.wallMs);
      // A function that ran alone may have looked at its position; a command cannot.
      const usesIndex = job.def.work.kind === "call";
      const alone = { outputs: completion.outputs.map(elementOf), usesIndex };
      const { results } = completion;
      this.#delivered(
        flight,
        results === undefined ? [alone] : unpackResults(results, calls.length),
        completion.usage,
        now,
      );
    }
    this.#c.onProgress(job.id);
    return job.run.isOver ? job.id : undefined;
  }

  /**
   * Ends a node whose calls have all ended.
   *
   * @param number Of the completion.
   * @param now Milliseconds since the epoch.
   */
  end(id: NodeId, number: number, now: number): MapEnd {
    const job = this.#jobs.get(id) as Job;
    const { def, run, base } = job;
    this.#jobs.delete(id);
    const usage = usageOf(job, now);
    const { failed } = run;
    const problem = failed.length === 0 ? {} : { problem: describeFailed(def, run) };
    if (failed.length > 0 && def.onError === "fail") {
      const failure: Failure = {
        ...failed[0].failure,
        message: describeFailed(def, run),
        isFinal: true,
      };
      return { completion: { id: number, kind: "failed", failure, usage }, failed: failed.length };
    }
    for (const { call, failure } of failed) {
      run.fill(call, errorOfFailure({ node: def.name, index: run.calls.indexOf(call) }, failure));
    }
    try {
      const outputs = def.outputs.map(({ name }, i) => this.#output(name, def, run, i));
      // It keeps the file of the calls as long as the result is kept.
      const notes = base === undefined ? {} : { notes: { elements: base } };
      const completion: Completion = { id: number, kind: "done", outputs, usage, ...notes };
      return { completion, failed: failed.length, ...problem };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const failure: Failure = { reason: "contract", message: error.message, isFinal: true };
      return { completion: { id: number, kind: "failed", failure, usage }, failed: failed.length };
    }
  }

  /**
   * Lets everything that waits of a node fail.
   *
   * @param now Milliseconds since the epoch.
   * @returns The actions of its calls that run.
   */
  giveUp(id: NodeId, failure: Failure, now: number): number[] {
    const job = this.#jobs.get(id);
    if (job === undefined) return [];
    job.isGivenUp = true;
    const usage = { startedAt: now, wallMs: 0 };
    this.#report(job, job.run.giveUp(failure), { failure, usage }, 0);
    return [...this.#flights].filter(([, flight]) => flight.job === job).map(([action]) => action);
  }

  /** Gives up a node: its run was stopped. */
  drop(id: NodeId): void {
    this.#jobs.delete(id);
  }

  #failed(
    { job, calls, logBase }: Flight,
    { failure, usage }: Extract<Completion, { kind: "failed" }>,
    isStopping: boolean,
  ): void {
    const isAborted = failure.reason === "aborted";
    if (isAborted && isStopping && !job.isGivenUp) job.run.drop(calls.length);
    else if (calls.length > 1 && !isAborted && !job.isGivenUp) job.run.isolate(calls);
    else for (const call of calls) this.#fail(job, call, { failure, usage, logPath: logBase });
  }

  #delivered(
    { job, calls, logBase }: Flight,
    results: Iterable<CallResult>,
    { startedAt }: Usage,
    now: number,
  ): void {
    const records: ElementRecord[] = [];
    let at = 0;
    for (const result of results) {
      const call = calls[at++];
      if ("failure" in result) {
        const { failure, wallMs } = result;
        this.#fail(job, call, { failure, usage: { startedAt, wallMs }, logPath: logBase });
      } else {
        const key = job.run.deliver(call, result.outputs, result.usesIndex);
        records.push({ key, outputs: result.outputs });
      }
    }
    job.log?.append(records, now);
  }

  /** @param tried Its `logPath` is that of the node: the position is still to be added. */
  #fail(job: Job, call: number, tried: Attempt): void {
    const { run, def } = job;
    const { failure } = tried;
    const attempt = run.attemptOf(call);
    const isRetried = !job.isGivenUp && failure.isFinal !== true && attempt <= def.retry.limit &&
      !["denied", "aborted", "unavailable"].includes(failure.reason);
    if (!isRetried) {
      this.#report(job, run.fail(call, failure), tried, attempt);
      return;
    }
    run.retry(call);
    this.#c.onRetry(job.id, run.calls.indexOf(call), attempt, failure, () => run.again(call));
  }

  /** Tells of calls that failed for good, until there were enough of them. */
  #report(job: Job, calls: readonly number[], tried: Attempt, attempt: number): void {
    const { id, run: { calls: all }, prepared } = job;
    for (const call of calls.slice(0, MAX_REPORTED - job.reported)) {
      job.reported++;
      const index = all.indexOf(call);
      const logPath = tried.logPath === undefined
        ? {}
        : { logPath: logPathOf(tried.logPath, index, attempt) };
      const given = all.inputsOf(call);
      const inputs = prepared.inputs.map(({ name }) =>
        // A call has an input for each of its node.
        given.find((input) => input.name === name) as ActionInput
      );
      this.#c.onFailed(id, {
        index,
        attempt,
        prepared: { ...prepared, inputs },
        ...tried,
        ...logPath,
      });
    }
  }

  /** The whole array of one output, stored. */
  #output(name: string, def: Job["def"], run: MapRun, position: number): OutputResult {
    const { map: spec, onError } = def;
    const { blobs } = this.#c.store;
    const read = (digest: Digest) => blobs.read(digest);
    const encoded = arrangeOutput(spec, run.calls.plan.calls, run.column(position), read);
    const bytes = encodedBytes(encoded);
    const { failed, skipped = 0 } = run.counts;
    const mayHave = failed + skipped > 0 || onError === "continue";
    const isBad = mayHave && holdsErrors(encoded.text ?? bytes);
    const hasErrors = isBad ? { hasErrors: true as const } : {};
    const base = { name, kind: "value", sizeBytes: bytes.length, ...hasErrors } as const;
    if (encoded.text !== undefined && bytes.length <= INLINE_BYTES) {
      return { ...base, digest: digestOf(bytes), text: encoded.text };
    }
    return { ...base, digest: blobs.put(bytes) };
  }
}

/** Notes what an action of a node took. What was stopped says nothing of how long calls take. */
function measure(job: Job, calls: number, completion: Completion): void {
  const { wallMs, cpuMs = 0, maxRssBytes = 0 } = completion.usage;
  job.cpuMs += cpuMs;
  job.maxRssBytes = Math.max(job.maxRssBytes, maxRssBytes);
  if (completion.kind === "done" && completion.times !== undefined) {
    job.times.merge(completion.times);
  } else if (calls === 1 && !isAborted(completion)) job.times.add(wallMs);
}

function isAborted(completion: Completion): boolean {
  return completion.kind === "failed" && completion.failure.reason === "aborted";
}

/** What a node took whose calls have all ended. */
function usageOf({ startedAt, cpuMs, maxRssBytes, times }: Job, now: number): Usage {
  const calls = times.distribution();
  return {
    startedAt,
    wallMs: now - startedAt,
    ...(cpuMs === 0 ? {} : { cpuMs }),
    ...(maxRssBytes === 0 ? {} : { maxRssBytes }),
    ...(calls === undefined ? {} : { calls }),
  };
}

/** A result of a call that ran alone. It may have looked at its position. */
function elementOf({ text, digest, sizeBytes }: OutputResult): ElementOutput {
  return text ?? { digest, sizeBytes };
}
