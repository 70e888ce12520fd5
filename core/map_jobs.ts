/**
 * The map nodes of a run that run now: makes the actions of their calls, takes what comes of them, keeps single results, and
 * says when a node is over. Does not know slots, schedules or why a node runs.
 *
 * @module
 */

import type { Action, ActionInput, Completion, Failure, Usage } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { decodeValue } from "./base/value.ts";
import { type BatchResult, rangesOf, unpackResults } from "./batch.ts";
import { placementOf } from "./executors.ts";
import type { NodeId } from "./graph.ts";
import type { Attempt, Begun, CallAction, Flight, MapJobsContext } from "./map_context.ts";
import { endOf, type MapEnd } from "./map_end.ts";
import { logPathOf, MAX_REPORTED, misfit } from "./map_failures.ts";
import {
  acceptFiles,
  elementOf,
  hasFiles,
  type PublishCall,
  publishCalls,
  showsPaths,
} from "./map_files.ts";
import {
  type BeginOptions,
  hasWaiting,
  isStillGood,
  isUnchanged,
  type MapJob,
  measure,
  openJob,
  takeCalls,
} from "./map_job.ts";
import { liveInputs, type LiveSource, type Passage, passageFrom, Passing } from "./map_passing.ts";
import type { MapRun } from "./map_run.ts";
import { sizedFor, sizeOf, sizingFailure, sizingNode } from "./sizing.ts";
import type { NodeDef } from "./workflow.ts";
import type { Prepared } from "./rebuild.ts";
import { type MapNode, planCalls } from "./stored_calls.ts";
import type { ElementRecord } from "./store/elements.ts";

/** The map nodes that run. */
export class MapJobs {
  readonly #c: MapJobsContext;
  readonly #jobs = new Map<NodeId, MapJob>();
  readonly #flights = new Map<number, Flight>();
  readonly #passing = new Passing();

  constructor(context: MapJobsContext) {
    this.#c = context;
  }

  /** Node whose calls an action runs, if it is one of ours. */
  nodeOf(action: number): NodeId | undefined {
    return this.#flights.get(action)?.job.id;
  }

  /** Counts of a node's calls. */
  countsOf(id: NodeId): MapRun["counts"] | undefined {
    return this.#jobs.get(id)?.run.counts;
  }

  /** Whether calls run or wait to be started. */
  get isBusy(): boolean {
    return this.#flights.size > 0 || [...this.#jobs.values()].some(hasWaiting);
  }

  /** Calls of nodes that have begun before their upstreams were over. */
  get aheadCount(): number {
    let count = 0;
    for (const { feed, run } of this.#jobs.values()) {
      if (feed !== undefined) count += run.calls.count;
    }
    return count;
  }

  /**
   * Begins a map node whose upstreams are over. One that has begun before goes on.
   *
   * @returns Why it cannot, or what names the file of its calls if they are kept.
   */
  begin(id: NodeId, prepared: Prepared, options: BeginOptions): Begun {
    const ahead = this.#jobs.get(id);
    if (ahead !== undefined && isStillGood(ahead, this.#node(id, prepared))) {
      return this.#catchUp(ahead, prepared);
    }
    this.drop(id);
    const job = openJob(this.#node(id, prepared), this.#c.read, this.#withFiles(id, options));
    if ("ok" in job) return { failure: misfit(job) };
    this.#jobs.set(id, job);
    job.run.addRest(job.run.calls, () => false);
    const usage = { startedAt: options.now, wallMs: 0 };
    for (const { call, failure } of job.run.failed) {
      this.#report(job, [call], { failure, usage }, 0);
    }
    return job.log === undefined ? {} : { base: job.base };
  }

  /**
   * Begins a map node before upstreams are over that are map nodes themselves: its calls run as soon as they have all they take.
   * It is over only after `begin` was called for it.
   *
   * @param prepared What it takes of `sources` is not looked at.
   * @param sources The arrays that are still being made.
   * @returns What names the file of its calls if they are kept; `undefined` if it must wait for the whole arrays.
   */
  beginAhead(
    id: NodeId,
    prepared: Prepared,
    options: BeginOptions & { readonly sources: readonly LiveSource[] },
  ): { readonly base?: Digest } | undefined {
    const passages = new Map(options.sources.map((source) => {
      const argument = prepared.inputs[(this.#c.graph.maps[id] ?? {})[source.name]].name;
      return [source.name, this.#passageOf(source, argument)];
    }));
    const filed = this.#withFiles(id, options);
    const job = openJob(this.#node(id, prepared), this.#c.read, filed, liveInputs(passages));
    if ("ok" in job) return undefined;
    this.#jobs.set(id, job);
    // They take nothing of arrays without elements.
    if (job.feed?.left === 0) job.run.addRest(job.run.calls, () => false);
    this.#passing.connectAll(passages, job);
    return job.log === undefined ? {} : { base: job.base };
  }

  #passageOf({ node, output }: LiveSource, argument: string): Passage {
    // It runs.
    const from = this.#jobs.get(node) as MapJob;
    const axes = from.def.map.mapped;
    return passageFrom(from, output, argument, (index) =>
      // Files have a path.
      this.#c.rebuild.publishedPath(node, output, { axes, index }) as string);
  }

  #node(id: NodeId, prepared: Prepared): MapNode {
    const { graph, store } = this.#c;
    return { graph, store, id, prepared };
  }

  /** The upstreams of a job are over: what it takes is there as a whole. */
  #catchUp(job: MapJob, prepared: Prepared): Begun {
    const { run, feed } = job;
    job.prepared = prepared;
    job.feed = undefined;
    if (feed !== undefined && feed.left > 0) {
      const { store, read } = this.#c;
      const put = (bytes: Uint8Array) => store.blobs.put(bytes);
      const calls = planCalls(this.#node(job.id, prepared), { read, put });
      if ("ok" in calls) {
        this.drop(job.id);
        return { failure: misfit(calls) };
      }
      const known = new Set(run.failed.map(({ call }) => call));
      run.addRest(calls, (call) => feed.isFed(call));
      const usage = { startedAt: job.startedAt, wallMs: 0 };
      for (const { call, failure } of run.failed) {
        if (!known.has(call)) this.#report(job, [call], { failure, usage }, 0);
      }
    }
    if (job.givenUp !== undefined) this.#giveUp(job, job.givenUp, job.startedAt);
    this.#passing.run();
    return job.log === undefined ? {} : { base: job.base };
  }

  /** Whether all calls of a node have ended. */
  isOver(id: NodeId): boolean {
    const job = this.#jobs.get(id);
    return job?.feed === undefined && job?.run.isOver === true;
  }

  /**
   * Makes the next action of a node.
   *
   * @param share How many actions the waiting calls are to be enough for.
   * @param fits Tells whether there is room for what an action takes.
   * @returns The action, and what it takes; `undefined` if nothing waits or fits.
   */
  next(id: NodeId, share: number, fits: (def: NodeDef) => boolean): CallAction | undefined {
    const job = this.#jobs.get(id);
    if (job === undefined || !hasWaiting(job)) return undefined;
    const { run, def, sized: [known] } = job;
    if (known !== undefined) {
      if (!fits(known.def)) return undefined;
      job.sized.shift();
      run.resume(known.call);
      return { action: this.#launch(job, known.def, [known.call]), taken: known.def };
    }
    if (run.waiting === undefined) return undefined;
    const asked = sizingNode(def);
    const taken = asked ?? sizedFor(def, run.attemptOf(run.waiting));
    if (!fits(taken)) return undefined;
    const calls = takeCalls(job, this.#c.graph.workflow, share);
    if (asked !== undefined) return { action: this.#ask(job, asked, calls), taken };
    return { action: this.#launch(job, taken, calls), taken };
  }

  /** Asks the function that says what a call takes. */
  #ask(job: MapJob, asked: NodeDef, calls: readonly number[]): Action {
    const { id, run } = job;
    const [call] = calls;
    const index = run.calls.indexOf(call);
    const frame = this.#c.frame(id, `[${index.join(",")}].resources`, run.attemptOf(call));
    this.#flights.set(frame.id, { job, calls, logBase: frame.logPath, asked });
    return this.#c.rebuild.actionOf(asked, run.calls.inputsOf(call), { ...frame, index });
  }

  /** Takes what a function said that a call takes. */
  #answered(
    { job, calls: [call] }: Flight,
    asked: NodeDef,
    completion: Extract<Completion, { kind: "done" }>,
  ): void {
    // Nothing more is to be made.
    if (job.run.isCut) return job.run.drop(1);
    const [{ text, digest }] = completion.outputs;
    const value = () => decodeValue(text ?? this.#c.read(digest));
    const size = sizeOf(sizedFor(job.def, job.run.attemptOf(call)), value, this.#c.pools);
    if (typeof size === "string") {
      const failure = sizingFailure(asked, { reason: "contract", message: size });
      return this.#fail(job, call, { failure, usage: completion.usage });
    }
    job.run.hold(call);
    job.sized.push({ call, def: size });
  }

  #launch(job: MapJob, def: NodeDef, calls: readonly number[]): Action {
    const { id, run } = job;
    const { rebuild, graph: { workflow } } = this.#c;
    const [first] = calls;
    const isPacked = def.work.kind === "call" && !hasFiles(def) && run.calls.isPacked(first);
    const attempt = run.attemptOf(first);
    const index = run.calls.indexOf(first);
    const name = `[${index.join(",")}]`;
    const frame = this.#c.frame(id, name, attempt);
    const logBase = frame.logPath.slice(0, frame.logPath.lastIndexOf(name));
    this.#flights.set(frame.id, { job, calls, logBase });
    if (!isPacked) return rebuild.actionOf(def, run.calls.inputsOf(first), { ...frame, index });
    return {
      ...rebuild.actionOf(def, run.calls.constants, frame),
      batch: {
        count: calls.length,
        texts: run.calls.textsOf(calls),
        ranges: rangesOf(calls),
        shape: run.calls.plan.calls.shape,
        concurrency: placementOf(workflow, def).concurrency,
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
    const { job, calls, asked } = flight;
    if (asked === undefined) measure(job, calls.length, completion);
    if (completion.kind === "failed") this.#failed(flight, completion, isStopping);
    else if (asked !== undefined) this.#answered(flight, asked, completion);
    else {
      job.run.learn(calls.length, completion.usage.wallMs);
      const usesIndex = completion.usesIndex === true || showsPaths(job.def);
      const alone = { outputs: completion.outputs.map(elementOf), usesIndex };
      const { results, usage } = completion;
      const all = results === undefined ? [alone] : unpackResults(results, calls.length);
      this.#delivered(flight, all, usage, now);
    }
    this.#passing.run();
    this.#c.onProgress(job.id);
    return this.#jobs.get(job.id) === job && this.isOver(job.id) ? job.id : undefined;
  }

  /**
   * Ends a node whose calls have all ended.
   *
   * @param number Of the completion.
   * @param now Milliseconds since the epoch.
   */
  end(id: NodeId, number: number, now: number): MapEnd {
    const job = this.#jobs.get(id) as MapJob;
    this.#jobs.delete(id);
    job.origin.isWhole = true;
    isUnchanged(job, this.#c.store.files, true);
    return endOf(job, { number, now, blobs: this.#c.store.blobs });
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
    job.givenUp = failure;
    // If its upstreams are not over it is given up when they are.
    if (job.feed === undefined) this.#giveUp(job, failure, now);
    return [...this.#flights].filter(([, flight]) => flight.job === job).map(([action]) => action);
  }

  /** Makes no more calls of a node: it fails when those that run have ended. */
  cut(id: NodeId): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.run.cut();
    job.sized.length = 0;
  }

  #giveUp(job: MapJob, failure: Failure, now: number): void {
    const usage = { startedAt: now, wallMs: 0 };
    job.sized.length = 0;
    this.#report(job, job.run.giveUp(failure), { failure, usage }, 0);
  }

  /** Forgets a node: its run was stopped, its result is known, or it begins anew. */
  drop(id: NodeId): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.delete(id);
    job.isForgotten = true;
    isUnchanged(job, this.#c.store.files, true);
  }

  #failed(
    { job, calls, logBase, asked }: Flight,
    { failure, usage }: Extract<Completion, { kind: "failed" }>,
    isStopping: boolean,
  ): void {
    const isAborted = failure.reason === "aborted";
    if (isAborted && isStopping && job.givenUp === undefined) job.run.drop(calls.length);
    else if (calls.length > 1 && !isAborted && job.givenUp === undefined) job.run.isolate(calls);
    else {
      const said = asked === undefined ? failure : sizingFailure(asked, failure);
      for (const call of calls) this.#fail(job, call, { failure: said, usage, logPath: logBase });
    }
  }

  #delivered(
    { job, calls, logBase }: Flight,
    results: Iterable<BatchResult>,
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
        const { outputs, usesIndex } = result;
        const failure = this.#publish(job, call, result);
        if (failure === undefined) {
          records.push({ key: job.run.deliver(call, outputs, usesIndex), outputs });
        } else {
          const usage = { startedAt, wallMs: 0 };
          this.#fail(job, call, { failure, usage, logPath: logBase });
        }
      }
    }
    if (isUnchanged(job, this.#c.store.files)) job.log?.append(records, now);
  }

  /** Publishes what a call has just made, also for those that take the same; returns why it cannot. */
  #publish(
    { id, def, run, isForgotten }: MapJob,
    call: number,
    { outputs, usesIndex }: Extract<BatchResult, { usesIndex: boolean }>,
  ): Failure | undefined {
    if (!hasFiles(def) || isForgotten) return undefined;
    const same = usesIndex ? [call] : run.sameAs(call);
    return publishCalls((...of) => this.#c.publish(id, ...of), run.calls, same, outputs);
  }

  /** Begins as asked; files of calls that are known are published again where they are missing. */
  #withFiles(id: NodeId, options: BeginOptions): Parameters<typeof openJob>[2] {
    if (!hasFiles(this.#c.graph.defs[id])) return options;
    const publish: PublishCall = (...of) => this.#c.publish(id, ...of);
    const onLost = (index: readonly number[], why: string) => this.#c.onLost(id, index, why);
    return { ...options, accept: acceptFiles(publish, onLost) };
  }

  /** @param tried Its `logPath` is that of the node: the position is still to be added. */
  #fail(job: MapJob, call: number, tried: Attempt): void {
    const { run, def } = job;
    const { failure } = tried;
    if (job.isForgotten) return;
    const attempt = run.attemptOf(call);
    const isRetried = job.givenUp === undefined && failure.isFinal !== true &&
      attempt <= def.retry.limit &&
      !["denied", "aborted", "unavailable"].includes(failure.reason);
    if (!isRetried) {
      this.#report(job, run.fail(call, failure), tried, attempt);
      return;
    }
    run.retry(call);
    this.#c.onRetry(job.id, run.calls.indexOf(call), attempt, failure, () => run.again(call));
  }

  /** Tells of calls that failed for good, until there were enough of them. */
  #report(job: MapJob, calls: readonly number[], tried: Attempt, attempt: number): void {
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
}
