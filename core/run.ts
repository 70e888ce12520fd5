/**
 * The loop: checks what is ready, starts what fits, else waits for a completion. The only place where graph,
 * planner, keys, store and executors meet. Does not know terminals, files of definitions or reports, nor why a node runs:
 * `planner.ts` does.
 *
 * The order that makes every kill harmless: an executor puts blobs; the loop records the result; only then may
 * a dependent be checked. What is lost at any point is work, never truth.
 *
 * Long because it is the one loop, which must be read in one piece.
 *
 * @module
 */

import { Acceptance, type Accepted } from "./acceptance.ts";
import { Account } from "./account.ts";
import type { Action, Completion, Failure, OutputResult, Usage } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { FlowError, InternalError, messageOf, StoreError } from "./base/error.ts";
import { decodeValue } from "./base/value.ts";
import { Delivery } from "./delivery.ts";
import { ErrorFlow, TakesErrors } from "./error_flow.ts";
import type { Executor } from "./executor/executor.ts";
import { executorNote } from "./executors.ts";
import { type Expansion, wantedOf } from "./expand.ts";
import type { NodeId } from "./graph.ts";
import { MapStage, type MapStageLoop } from "./map_stage.ts";
import { type Miss, Planner, type World } from "./planner.ts";
import type { ActionFrame } from "./assemble.ts";
import type { Prepared } from "./rebuild.ts";
import { STATE } from "./schedule.ts";
import { alignOutputs, isCached, isExpired } from "./result.ts";
import type { FailedNode, LoopOutcome, RunContext, Running } from "./run_context.ts";
import { CANCELLED, type RunningActions } from "./run_controls.ts";
import { Sizes, sizingFailure } from "./sizing.ts";
import { Slots } from "./slots.ts";
import { storedIsGone } from "./select.ts";
import type { RecordEntry } from "./store/store.ts";
import type { NodeDef } from "./workflow.ts";

/** Ready nodes checked per turn, so that completions and signals are not kept waiting. */
const CHECKS_PER_TURN = 512;
/** Pause between looks at keys that another process computes, in milliseconds. */
const CLAIM_POLL_MS = 25;

/** One run, from the first check to the last completion. */
export class RunLoop implements RunningActions {
  readonly #c: RunContext;
  readonly #running = new Map<number, Running>();
  readonly #cancelled = new Set<number>();
  readonly #completions: Completion[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Nodes whose key another process computes. */
  readonly #foreign = new Map<NodeId, Prepared>();
  readonly #attempts = new Map<NodeId, number>();
  readonly #account: Account;
  readonly #slots: Slots;
  readonly #sizes: Sizes;
  readonly #planner: Planner<Prepared>;
  readonly #delivery: Delivery;
  readonly #acceptance: Acceptance;
  readonly #maps: MapStage;
  readonly #errors: ErrorFlow;
  #wake: () => void = () => {};
  #nextAction = 1;
  #isStopping = false;

  constructor(context: RunContext) {
    this.#c = context;
    this.#account = new Account(context);
    this.#slots = context.slots ?? new Slots(context.limits);
    const { graph, schedule, forced } = context;
    this.#sizes = new Sizes(graph, context.limits.pools);
    this.#maps = new MapStage(context, this.#mapLoop());
    this.#errors = new ErrorFlow({ ...context, read: (digest) => this.#read(digest) });
    this.#planner = new Planner(graph, schedule, this.#world(), forced);
    this.#delivery = new Delivery({
      ...context,
      onLost: (id, message) => {
        const { name } = graph.defs[id];
        this.#account.warn("damaged", `${message}: node "${name}" runs again`, name);
      },
    });
    this.#acceptance = new Acceptance(context, {
      errors: this.#errors,
      delivery: this.#delivery,
      expand: (id, outputs) => this.#expand(id, outputs),
    });
  }

  /** What map nodes ask of the loop. */
  #mapLoop(): MapStageLoop {
    return {
      slots: this.#slots,
      frame: (id, name, attempt) => this.#frame(id, name, attempt),
      read: (digest) => this.#read(digest),
      prepareAhead: (id, open) => this.#prepareAhead(id, open),
      emit: (event) => this.#account.emit(event),
      tellFailure: (failed) => this.#account.failed(failed),
      publish: (id, index, outputs) => this.#delivery.publishCall(id, index, outputs),
      after: (ms, body) => this.#after(ms, body),
      end: (node, completion) => {
        // It ends in the next turn, as all others do.
        this.#running.set(completion.id, node);
        this.#completions.push(completion);
        this.#wake();
      },
      onFailedCalls: () => {
        if (this.#c.failFast) this.#stopAll(this.#c.graceMs);
      },
    };
  }

  /** Makes a map node explicit before all it takes is there; `undefined` if it must wait, also for what is wrong with it. */
  #prepareAhead(id: NodeId, open: ReadonlySet<number>): Prepared | undefined {
    if (this.#c.stored.has(id) || !this.#isEnabled(id)) return undefined;
    try {
      this.#errors.check(id);
      const prepared = this.#c.rebuild.prepare(id, open);
      return this.#delivery.areWhole(prepared) ? prepared : undefined;
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      return undefined;
    }
  }

  #isEnabled(id: NodeId): boolean {
    const { graph: { defs }, leftOut } = this.#c;
    return defs[id].enabled && !leftOut.has(id);
  }

  /** The workspace and the store as the planner sees them. */
  #world(): World<Prepared> {
    const { graph: { defs }, rebuild, stored } = this.#c;
    return {
      isEnabled: (id) => this.#isEnabled(id),
      isCached: (id) => isCached(defs[id]),
      hasTemps: (id) => hasTemps(defs[id]),
      prepare: (id) => {
        this.#errors.check(id);
        return rebuild.prepare(id);
      },
      take: (id, prepared) => this.#take(id, prepared),
      gather: (id, prepared) => {
        if (stored.has(id)) throw storedIsGone(defs[id].name);
        const { lost, hasPublished } = this.#delivery.gather(id, prepared);
        // What was just published again is watched as it is now.
        const isChanged = hasPublished && lost.length === 0;
        return { lost, prepared: isChanged ? rebuild.prepare(id) : prepared };
      },
      drop: (id) => this.#delivery.drop(id),
      // It was counted as a hit; now it runs.
      onDemand: () => this.#account.demanded(),
      onUnreadable: (id, error) => this.#failBeforeStart(id, error),
      onSkipped: (ids, isBehindFailure) => this.#skip(ids, isBehindFailure),
      onReleased: (key) => this.#account.release(key),
    };
  }

  /** Files of the workspace that the ended nodes depend on or published, absolute. */
  get seenPaths(): ReadonlySet<string> {
    return this.#account.seenPaths;
  }

  /**
   * Runs until everything wanted has ended or the run was stopped.
   *
   * @throws {StoreError} If results cannot be recorded.
   */
  async run(): Promise<LoopOutcome> {
    const { stop, kill, drain } = this.#c;
    const onStop = (): void => this.#stopAll(this.#c.graceMs);
    const onKill = (): void => this.#stopAll(0);
    const onDrain = (): void => this.#startNoMore();
    stop.addEventListener("abort", onStop);
    kill.addEventListener("abort", onKill);
    drain.addEventListener("abort", onDrain);
    using _released = this.#slots.onRelease(() => this.#wake());
    try {
      if (stop.aborted || kill.aborted || drain.aborted) this.#isStopping = true;
      await this.#loop();
    } finally {
      stop.removeEventListener("abort", onStop);
      kill.removeEventListener("abort", onKill);
      drain.removeEventListener("abort", onDrain);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#giveBack();
      this.#account.flush();
    }
    const isDrained = drain.aborted && this.#c.schedule.unfinished > 0;
    const isAborted = stop.aborted || kill.aborted || isDrained;
    const { counts } = this.#account;
    const hasFailed = counts.failed + this.#maps.failedCalls > 0;
    const outcome = isAborted ? "aborted" : hasFailed ? "failed" : "ok";
    return { outcome, counts };
  }

  /** Nothing runs any more, unless the run broke off: then others must not wait for its slots. */
  #giveBack(): void {
    for (const { taken } of this.#running.values()) {
      if (taken !== undefined) this.#slots.release(taken);
    }
    this.#running.clear();
  }

  cancel(action: number): boolean {
    const running = this.#running.get(action);
    const calls = this.#maps.cancel(action);
    if (calls !== undefined) {
      for (const call of calls) this.cancel(call);
      return true;
    }
    if (running === undefined) return false;
    const graceMs = this.#cancelled.has(action) ? 0 : this.#c.graceMs;
    this.#cancelled.add(action);
    this.#executorOf(running).abort(action, graceMs);
    return true;
  }

  pidOf(action: number): number | undefined {
    const running = this.#running.get(action);
    return running === undefined ? undefined : this.#executorOf(running).pidOf(action);
  }

  async #loop(): Promise<void> {
    const { schedule } = this.#c;
    for (;;) {
      const ended = this.#complete();
      if (this.#isStopping && this.#running.size === 0) return this.#dropMaps();
      // What a skipped map node could call is called all the same: it is kept for the next run.
      if (!this.#isStopping && schedule.unfinished === 0 && !this.#maps.isBusy) return;
      const checked = this.#isStopping ? 0 : this.#check();
      if (!this.#isStopping) this.#maps.lookAhead();
      const started = this.#isStopping ? 0 : this.#start();
      this.#account.flush();
      if (ended + checked + started > 0) {
        // Let signals, timers and the executors' messages in between turns.
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      await this.#wait();
    }
  }

  #wait(): Promise<void> {
    if (this.#completions.length > 0) return Promise.resolve();
    const isWaiting = this.#running.size > 0 || this.#timers.size > 0 || this.#foreign.size > 0 ||
      this.#slots.isTaken;
    if (!isWaiting) {
      throw new InternalError("Cannot go on: nothing runs and nothing can start", {
        facts: {
          unfinished: String(this.#c.schedule.unfinished),
          queued: String(this.#c.schedule.queued),
        },
      });
    }
    if (this.#foreign.size > 0) this.#after(CLAIM_POLL_MS, () => this.#askForeign());
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Runs `body` later in the loop's own time; the timer counts as something to wait for. */
  #after(ms: number, body: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      body();
      this.#wake();
    }, ms);
    this.#timers.add(timer);
  }

  // ---- checking: is a ready node up to date? ------------------------------------------------

  #check(): number {
    const count = this.#planner.check(CHECKS_PER_TURN);
    this.#admit();
    return count;
  }

  /** Takes the stored result of a node if there is one and all its bytes can be had. */
  #take(id: NodeId, prepared: Prepared): boolean {
    const { graph, store } = this.#c;
    const def = graph.defs[id];
    const result = store.lookup(prepared.key);
    if (result === undefined || isExpired(def, result, this.#c.now())) return false;
    const outputs = alignOutputs(def, result.outputs, prepared.key);
    if (outputs === undefined) return false;
    let restored: string[];
    let expansion: Expansion | undefined;
    try {
      restored = this.#delivery.restore(id, outputs);
      expansion = this.#expand(id, outputs);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#account.warn("damaged", `${error.message}: node "${def.name}" runs again`, def.name);
      return false;
    }
    // It is reported when the node has run again and returned the same.
    if (expansion !== undefined && "problem" in expansion) return false;
    this.#c.results[id] = outputs;
    this.#maps.forget(id);
    this.#account.hit(id, prepared, restored);
    this.#grow(id, expansion);
    return true;
  }

  /** Reads what a node returned as nodes, if it returns nodes. */
  #expand(id: NodeId, outputs: readonly OutputResult[]): Expansion | undefined {
    const { graph, expander, store } = this.#c;
    if (graph.defs[id].expand === undefined) return undefined;
    const [{ digest, text }] = outputs;
    return expander.expand(id, digest, () => decodeValue(text ?? store.blobs.read(digest)));
  }

  /** The nodes that a node returned join the run; the node itself is not settled yet. */
  #grow(id: NodeId, expansion: Expansion | undefined): void {
    if (expansion === undefined || "problem" in expansion) return;
    const { growth } = expansion;
    if (growth === undefined) return;
    const { graph, schedule, durations } = this.#c;
    schedule.grow(growth.added, durations());
    const before = schedule.unfinished;
    const isWanted = (other: NodeId) => schedule.stateOf(other) !== STATE.unknown;
    schedule.want(wantedOf(graph, growth.ids, isWanted));
    this.#account.emit({
      type: "expanded",
      node: graph.defs[id].name,
      nodes: growth.ids.map((made) => graph.defs[made].name),
      wanted: schedule.unfinished - before,
    });
  }

  /** Lets nodes that must run go on, unless another process computes their key: then they wait for that result. */
  #admit(): void {
    const { claims } = this.#c.store;
    for (;;) {
      const misses = this.#planner.takeMisses();
      if (misses.length === 0) return;
      const shared = misses.filter(({ id }) => this.#planner.isShared(id));
      const claimed = claims.claimAll(shared.map(({ prepared }) => prepared.key));
      const foreign = new Set(shared.filter((_, i) => !claimed[i]));
      for (const miss of misses) {
        if (foreign.has(miss)) this.#awaitForeign(miss);
        // Another process may have recorded it between the look and the claim.
        else if (!this.#planner.isShared(miss.id) || !this.#planner.takeLate(miss)) {
          this.#planner.admit(miss);
        }
      }
    }
  }

  /** Another process computes the key: everybody here who needs it asks again later. */
  #awaitForeign({ id, prepared }: Miss<Prepared>): void {
    for (const waiting of [id, ...this.#planner.cede(id, prepared.key)]) {
      this.#foreign.set(waiting, prepared);
    }
  }

  /** Asks for keys that other processes compute: they are done, given up, or still being computed. */
  #askForeign(): void {
    for (const [id, prepared] of [...this.#foreign]) {
      const isWaiting = this.#c.schedule.stateOf(id) === STATE.ready;
      if (isWaiting && !this.#planner.take(id, prepared)) {
        if (!this.#c.store.claims.isFree(prepared.key)) continue;
        this.#planner.checkNode(id);
      }
      this.#foreign.delete(id);
    }
    this.#admit();
  }

  // ---- starting: what fits into the free resources? -----------------------------------------

  #start(): number {
    const calls: Action[] = [];
    const runs: Action[] = [];
    while (this.#slots.hasRoom) {
      const id = this.#c.schedule.popQueued((candidate) =>
        this.#slots.fits(
          this.#sizes.of(candidate as NodeId, this.#nextAttempt(candidate as NodeId)),
        )
      );
      if (id < 0) break;
      const action = this.#begin(id as NodeId);
      if (action === undefined) continue;
      (action.work.kind === "call" ? calls : runs).push(action);
    }
    for (const { action, ...running } of this.#maps.start()) {
      this.#running.set(action.id, running);
      (action.work.kind === "call" ? calls : runs).push(action);
    }
    const report = (completion: Completion): void => {
      this.#completions.push(completion);
      this.#wake();
    };
    if (calls.length > 0) this.#c.executors.call.submit(calls, report);
    if (runs.length > 0) this.#c.executors.run.submit(runs, report);
    return calls.length + runs.length;
  }

  #begin(id: NodeId): Action | undefined {
    const { rebuild } = this.#c;
    // Set before the node was queued.
    const prepared = this.#planner.preparedOf(id) as Prepared;
    const attempt = this.#nextAttempt(id);
    const first = this.#sizes.askFirst(id, attempt);
    if (first !== undefined) return this.#ask(id, { prepared, attempt, taken: first });
    this.#attempts.set(id, attempt);
    const def = this.#sizes.of(id, attempt);
    const { name: node, map, resources: { cpus } } = def;
    if (map !== undefined) {
      this.#maps.begin(id, prepared);
      return undefined;
    }
    const frame = this.#frame(id, node, attempt);
    const number = frame.id;
    this.#running.set(number, { id, taken: def, prepared, attempt, logPath: frame.logPath });
    this.#slots.take(def);
    try {
      const action = rebuild.actionOf(def, prepared.inputs, frame);
      this.#account.emit({
        type: "started",
        node,
        attempt,
        action: number,
        cpus,
        ...executorNote(def),
      });
      return action;
    } catch (error) {
      return this.#cannotStart(number, error);
    }
  }

  #cannotStart(number: number, error: unknown): undefined {
    const failure: Failure = { reason: "unavailable", message: messageOf(error), isFinal: true };
    const usage = { startedAt: this.#c.now(), wallMs: 0 };
    this.#completions.push({ id: number, kind: "failed", failure, usage });
  }

  /** Number of the attempt that a node is queued for. */
  #nextAttempt(id: NodeId): number {
    return (this.#attempts.get(id) ?? 0) + 1;
  }

  /** Asks the function that says what a node takes; the node is queued again when it has answered. */
  #ask(
    id: NodeId,
    { prepared, attempt, taken }: Required<Pick<Running, "prepared" | "attempt" | "taken">>,
  ): Action | undefined {
    const frame = this.#frame(id, `${taken.name}.resources`, attempt);
    const { logPath } = frame;
    this.#running.set(frame.id, { id, taken, isSizing: true, prepared, attempt, logPath });
    this.#slots.take(taken);
    try {
      return this.#c.rebuild.actionOf(taken, prepared.inputs, frame);
    } catch (error) {
      return this.#cannotStart(frame.id, error);
    }
  }

  /** Takes what a function said that a node takes. */
  #answer(running: Running, completion: Completion): void {
    const { id, attempt, taken = this.#c.graph.defs[id] } = running;
    const { usage } = completion;
    const fail = (failure: Failure): void =>
      this.#fail(running, sizingFailure(taken, failure), usage);
    if (completion.kind === "failed") return fail(completion.failure);
    const [{ text, digest }] = completion.outputs;
    const value = () => decodeValue(text ?? this.#read(digest));
    const problem = this.#sizes.learn(id, attempt, value);
    if (problem !== undefined) return fail({ reason: "contract", message: problem });
    this.#c.schedule.suspend(id);
    this.#c.schedule.queue(id);
  }

  /** Numbers and places the next action of a node; `name` is that of its log. */
  #frame(id: NodeId, name: string, attempt: number): ActionFrame {
    const { privateDir, logDir, temps } = this.#c;
    const number = this.#nextAction++;
    return {
      id: number,
      attempt,
      privateDir: `${privateDir}/${number}`,
      logPath: `${logDir}/${name}${attempt === 1 ? "" : `.${attempt}`}`,
      ...(this.#usesTemps(id) ? { tempsDir: temps.dir } : {}),
    };
  }

  /** The run is over before its map nodes are. */
  #dropMaps(): void {
    for (const { id, prepared } of this.#maps.drop()) {
      this.#c.schedule.suspend(id);
      this.#planner.release(id, prepared.key);
    }
  }

  /** Whether a node makes or takes temporary results. */
  #usesTemps(id: NodeId): boolean {
    const { defs, wires } = this.#c.graph;
    return hasTemps(defs[id]) ||
      wires[id].some(({ source }) => source.kind === "output" && hasTemps(defs[source.node]));
  }

  // ---- completing: record first, then let dependents go --------------------------------------

  #complete(): number {
    const batch = this.#completions.splice(0);
    const entries: RecordEntry[] = [];
    const finish: (() => void)[] = [];
    for (const reported of batch) {
      const running = this.#running.get(reported.id);
      if (running === undefined) {
        throw new InternalError(`An executor reported action ${reported.id} twice`);
      }
      const completion = this.#withCause(reported);
      this.#running.delete(completion.id);
      if (running.taken !== undefined) this.#slots.release(running.taken);
      if (running.isSizing === true) {
        finish.push(() => this.#answer(running, completion));
        continue;
      }
      const isCall = this.#maps.isCall(completion.id);
      const ended = isCall
        ? this.#maps.complete(running.id, completion, this.#isStopping)
        : [running, completion] as const;
      if (ended === undefined) continue;
      const [node, end] = ended;
      finish.push(
        end.kind === "done"
          ? this.#deliver(node, end, entries)
          : () => this.#fail(node, end.failure, end.usage),
      );
    }
    this.#c.store.record(entries);
    for (const body of finish) body();
    return batch.length;
  }

  /** An action that was ended on request failed of that, and not of the end of the run. */
  #withCause(completion: Completion): Completion {
    const isAsked = this.#cancelled.delete(completion.id);
    if (!isAsked || completion.kind === "done") return completion;
    return completion.failure.reason === "aborted"
      ? { ...completion, failure: CANCELLED }
      : completion;
  }

  /** The bytes of a value, perhaps a temporary one. */
  #read(digest: Digest): Uint8Array<ArrayBuffer> {
    const { temps, store } = this.#c;
    return (temps.blobs.has(digest) ? temps.blobs : store.blobs).read(digest);
  }

  /** Publishes outputs and adds the record; returns what to do once it is stored. */
  #deliver(
    running: Running,
    completion: Extract<Completion, { kind: "done" }>,
    entries: RecordEntry[],
  ): () => void {
    const { id, prepared } = running;
    const accepted = this.#acceptance.accept(id, prepared, completion, this.#planner.isRemade(id));
    if ("failure" in accepted) return () => this.#fail(running, accepted.failure, completion.usage);
    const { entry, changed } = accepted;
    if (entry !== undefined) entries.push(entry);
    // Of one with error values the run's key is another than the node's.
    if (entry !== undefined && entry.key !== prepared.key) this.#account.touch(id, entry.key);
    return () => {
      const { name } = this.#c.graph.defs[id];
      if (changed !== undefined) {
        const message = `Input "${changed.path}" of node "${name}" changed while it ran: ` +
          "the result is not kept";
        this.#account.warn("input-changed", message, name);
      }
      if (completion.notes?.log !== undefined) {
        this.#account.warn("log", completion.notes.log, name);
      }
      this.#done(running, completion, accepted);
    };
  }

  #done(
    { id, prepared }: Running,
    completion: Extract<Completion, { kind: "done" }>,
    { outputs, isRecorded, expansion }: Accepted,
  ): void {
    const def = this.#c.graph.defs[id];
    if (def.map === undefined) this.#slots.learn(def, completion.usage.wallMs);
    this.#c.results[id] = outputs;
    this.#attempts.delete(id);
    this.#account.done(id, prepared, completion, isRecorded);
    this.#grow(id, expansion);
    this.#planner.done(id, prepared.key);
  }

  #fail(running: Running, failure: Failure, usage: Usage): void {
    const { id, attempt } = running;
    const { graph, schedule } = this.#c;
    const def = graph.defs[id];
    if (this.#isRetried(def, failure, attempt)) {
      const delayMs = def.retry.delayMs * def.retry.factor ** (attempt - 1);
      this.#account.emit({
        type: "retried",
        node: def.name,
        attempt,
        delayMs,
        reason: failure.reason,
        message: failure.message,
      });
      schedule.suspend(id);
      this.#after(delayMs, () => schedule.queue(id));
      return;
    }
    if (failure.reason === "aborted" && failure !== CANCELLED && this.#isStopping) {
      // Neither done nor failed: the next run starts it again.
      schedule.suspend(id);
      this.#planner.release(id, running.prepared.key);
      return;
    }
    this.#attempts.delete(id);
    this.#reportFailure({ ...running, failure, usage });
  }

  #isRetried(def: NodeDef, failure: Failure, attempt: number): boolean {
    if (failure.isFinal === true || this.#isStopping || attempt > def.retry.limit) return false;
    return failure.reason !== "denied" && failure.reason !== "aborted" &&
      failure.reason !== "unavailable";
  }

  #failBeforeStart(id: NodeId, error: unknown): void {
    if (error instanceof TakesErrors && this.#c.graph.defs[id].onError === "skip") {
      this.#skipWithError(id, error);
      return;
    }
    const hint = error instanceof Error && "hint" in error ? String(error.hint ?? "") : "";
    const message = messageOf(error);
    const failure: Failure = {
      reason: "unavailable",
      message,
      ...(hint === "" ? {} : { hint }),
      ...(error instanceof TakesErrors ? { causes: error.causes } : {}),
    };
    this.#reportFailure({ id, failure, attempt: 0 });
  }

  /** A node that would take error values is not executed: what needs it gets one instead. */
  #skipWithError(id: NodeId, error: TakesErrors): void {
    let prepared: Prepared;
    try {
      prepared = this.#c.rebuild.prepare(id);
    } catch (problem) {
      this.#failBeforeStart(id, problem);
      return;
    }
    this.#account.skipped(id, [...new Set(error.causes.map((cause) => cause.node))]);
    this.#standIn({ id, prepared }, this.#errors.skippedOutputs(id, error));
    this.#planner.done(id, prepared.key);
  }

  #reportFailure(failed: FailedNode): void {
    const { id, failure, prepared } = failed;
    const isContinued = this.#c.graph.defs[id].onError !== "fail" && !this.#c.failFast &&
      !this.#planner.isRemade(id);
    this.#account.failed(failed, isContinued);
    if (isContinued) {
      this.#standIn(failed, this.#errors.outputsOf(id, failure));
      this.#planner.done(id, prepared?.key);
    } else this.#skip(this.#planner.fail(id, prepared?.key), true);
    if (this.#c.failFast) this.#stopAll(this.#c.graceMs);
  }

  /** What needs a node that failed goes on with error values. */
  #standIn(
    { id, prepared, usage }: Pick<FailedNode, "id" | "prepared" | "usage">,
    outputs: readonly OutputResult[],
  ): void {
    const { graph, results, store, now } = this.#c;
    results[id] = outputs;
    if (prepared === undefined || !isCached(graph.defs[id])) return;
    const took = usage ?? { startedAt: now(), wallMs: 0 };
    const entry = this.#errors.record(id, prepared, { outputs, usage: took });
    store.record([entry]);
    this.#account.touch(id, entry.key);
  }

  #skip(ids: readonly number[], hasCause = false): void {
    const { graph, schedule } = this.#c;
    for (const id of ids as readonly NodeId[]) {
      const because = hasCause ? schedule.causesOf(id).map((cause) => graph.defs[cause].name) : [];
      this.#account.skipped(id, because);
    }
  }

  #stopAll(graceMs: number): void {
    for (const [number, running] of this.#running) {
      this.#executorOf(running).abort(number, graceMs);
    }
    this.#startNoMore();
  }

  #startNoMore(): void {
    this.#isStopping = true;
    this.#wake();
  }

  #executorOf({ id, taken = this.#c.graph.defs[id] }: Running): Executor {
    const { call, run } = this.#c.executors;
    return taken.work.kind === "call" ? call : run;
  }
}

function hasTemps({ outputs }: NodeDef): boolean {
  return outputs.some(({ temp }) => temp);
}
