/**
 * The executor of function nodes: spreads actions over host processes, and replaces hosts that hang or die.
 * Does not know what actions compute, nor workers. What a dead host means for each action it held is decided in one place.
 *
 * @module
 */

import type { Action, Completion, Failure } from "../action.ts";
import { messageOf } from "../base/error.ts";
import type { Executor } from "./executor.ts";
import { type HostEnd, HostProcess } from "./host_process.ts";
import type { FromHost } from "./host_protocol.ts";

/** What a pool is made of. */
export interface HostPoolOptions {
  /** Hosts at once; one host executes one action at a time. */
  readonly slots: number;
  /** Argv that starts a host. */
  readonly command: readonly string[];
  /** Store directory, absolute. */
  readonly blobsDir: string;
  /** Heap limit of a host in MiB, unless an action sets `memoryBytes`. */
  readonly v8HeapMiB?: number;
}

/** Work aimed at per message to a host, in milliseconds: hides the round trip, keeps work movable. */
const BATCH_MS = 20;
const BATCH_MAX = 256;
/** Batches a host has at most: one it works on, one that waits. */
const BATCHES_PER_HOST = 2;
/** Assumed duration of a node that was never measured. */
const UNKNOWN_MS = BATCH_MS;
const DEFAULT_HEAP_MIB = 4096;
/** A host that dies this soon after its last report may have died of a later action than the report lets believe. */
const SUSPECT_MS = 100;
/** Hosts in a row that end before they were ready, until the pool gives up. */
const MAX_FAILED_STARTS = 3;

/** An action between `submit` and its report. */
interface Pending {
  readonly action: Action;
  readonly report: (completion: Completion) => void;
  /** Runs alone: a host died and it was one of those that may have killed it. */
  isSuspect: boolean;
  isAborted: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  startedAt: number;
}

/** A host with what it was given, in that order. */
interface Slot {
  readonly heapMiB: number;
  process: HostProcess;
  readonly pending: Map<number, Pending>;
  /** Number of actions of each batch that are not yet reported. */
  batches: Set<number>[];
  /** It was given something. */
  isUsed: boolean;
  /** What it was given wants no host that serves others before or after. */
  isOwn: boolean;
  isReady: boolean;
  isRecalled: boolean;
  /** Set when it is to be ended: how the running action fails. */
  verdict: { readonly id: number; readonly failure: Failure } | undefined;
  lastReportAt: number;
}

/** Runs function nodes in a pool of disposable host processes. */
export class HostPool implements Executor {
  readonly name = "host";
  readonly batchSize = 1024;
  readonly #options: HostPoolOptions;
  readonly #slots = new Set<Slot>();
  readonly #ended: Promise<void>[] = [];
  /** Smoothed duration of the calls of a function, in milliseconds. Many nodes may call one function. */
  readonly #durations = new Map<string, number>();
  /** First in, first out; `#head` avoids shifting large arrays. */
  #queue: Pending[] = [];
  #head = 0;
  #failedStarts = 0;
  #isScheduled = false;
  #isDisposed = false;

  constructor(options: HostPoolOptions) {
    this.#options = options;
  }

  /** Store directory its hosts use. */
  get blobsDir(): string {
    return this.#options.blobsDir;
  }

  /** Starts one host before there is work for it. */
  prewarm(): void {
    if (this.#slots.size === 0) this.#spawn(this.#defaultHeap());
  }

  /** See `Executor.submit`. */
  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    for (const action of actions) {
      this.#queue.push({
        action,
        report,
        isSuspect: false,
        isAborted: false,
        timer: undefined,
        startedAt: 0,
      });
    }
    this.#schedule();
  }

  /** See `Executor.abort`. */
  abort(id: number, graceMs: number): void {
    for (let i = this.#head; i < this.#queue.length; i++) {
      if (this.#queue[i].action.id !== id) continue;
      const [pending] = this.#queue.splice(i, 1);
      queueMicrotask(() => this.#fail(pending, ABORTED));
      return;
    }
    for (const slot of this.#slots) {
      const pending = slot.pending.get(id);
      if (pending === undefined) continue;
      pending.isAborted = true;
      slot.process.send({ kind: "abort", id });
      clearTimeout(pending.timer);
      this.#killAfter(slot, pending, graceMs);
    }
  }

  /** See `Executor.pidOf`. A host works on the first of what it holds. */
  pidOf(id: number): number | undefined {
    for (const slot of this.#slots) {
      const [first] = slot.pending.keys();
      if (first === id) return slot.process.pid;
    }
    return undefined;
  }

  /** Kills the host if the aborted action runs when the grace is over; one that waits there is dropped by the host. */
  #killAfter(slot: Slot, pending: Pending, graceMs: number): void {
    pending.timer = setTimeout(() => {
      const [running] = slot.pending.values();
      if (running === pending) this.#kill(slot, pending.action.id, ABORTED);
      else this.#killAfter(slot, pending, Math.max(graceMs, 100));
    }, graceMs);
  }

  /** Ends all hosts. What still runs is reported as aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const left = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    for (const pending of left) this.#fail(pending, ABORTED);
    for (const slot of this.#slots) {
      if (slot.pending.size === 0) slot.process.close();
      else slot.process.kill();
    }
    await Promise.all(this.#ended);
  }

  // --- Handing out --------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isDisposed) this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#head < this.#queue.length) {
      const slot = this.#slotFor(this.#queue[this.#head].action);
      if (slot === undefined) break;
      this.#give(slot);
    }
    if (this.#head === this.#queue.length) this.#balance();
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The host for the next action: an idle one, a new one, or one that takes a second batch. */
  #slotFor(action: Action): Slot | undefined {
    const heapMiB = this.#heapOf(action);
    const isOwn = action.isolate === "process";
    let best: Slot | undefined;
    let misfit: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.verdict || slot.isOwn) continue;
      if (slot.heapMiB !== heapMiB || (isOwn && slot.isUsed)) {
        if (slot.pending.size === 0) misfit = slot;
      } else if (
        slot.batches.length < BATCHES_PER_HOST &&
        (best === undefined || slot.pending.size < best.pending.size)
      ) best = slot;
    }
    if (best?.pending.size === 0) return best;
    if (this.#slots.size < this.#options.slots) return this.#spawn(heapMiB) ?? best;
    if (best === undefined && misfit) {
      this.#slots.delete(misfit);
      misfit.process.close();
      return this.#spawn(heapMiB);
    }
    return best;
  }

  #give(slot: Slot): void {
    const batch: Action[] = [];
    const share = Math.ceil((this.#queue.length - this.#head) / this.#options.slots);
    let estimateMs = 0;
    while (this.#head < this.#queue.length && batch.length < Math.min(BATCH_MAX, share)) {
      const pending = this.#queue[this.#head];
      const { action } = pending;
      if (batch.length > 0) {
        if (action.isolate === "process" || slot.isOwn) break;
        if (pending.isSuspect || this.#heapOf(action) !== slot.heapMiB) break;
        if (estimateMs + this.#estimate(action) > BATCH_MS) break;
      }
      this.#head++;
      slot.isUsed = true;
      slot.isOwn = action.isolate === "process";
      estimateMs += this.#estimate(action);
      slot.pending.set(action.id, pending);
      batch.push(action);
      if (pending.isSuspect) break;
    }
    slot.batches.push(new Set(batch.map(({ id }) => id)));
    slot.isRecalled = false;
    slot.process.send({ kind: "run", actions: batch });
  }

  #estimate(action: Action): number {
    return this.#durations.get(functionOf(action)) ?? UNKNOWN_MS;
  }

  /** Takes back waiting actions from a busy host when another has nothing to do. */
  #balance(): void {
    const hasIdle = this.#slots.size < this.#options.slots ||
      [...this.#slots].some((slot) => slot.pending.size === 0);
    if (!hasIdle) return;
    for (const slot of this.#slots) {
      if (slot.pending.size < 2 || slot.isRecalled) continue;
      slot.isRecalled = true;
      slot.process.send({ kind: "recall" });
      return;
    }
  }

  #requeue(pendings: readonly Pending[]): void {
    for (const pending of pendings) if (pending.isAborted) this.#fail(pending, ABORTED);
    const again = pendings.filter(({ isAborted }) => !isAborted);
    this.#queue = [...again, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#schedule();
  }

  #heapOf({ memoryBytes }: Action): number {
    if (memoryBytes === undefined) return this.#defaultHeap();
    return Math.max(16, Math.ceil(memoryBytes / (1 << 20)));
  }

  #defaultHeap(): number {
    return this.#options.v8HeapMiB ?? DEFAULT_HEAP_MIB;
  }

  // --- Hosts --------------------------------------------------------------------------------------------------------

  #spawn(heapMiB: number): Slot | undefined {
    const { command, blobsDir } = this.#options;
    let onEnded = (): void => {};
    const ended = new Promise<void>((resolve) => onEnded = resolve);
    const launch = { command, blobsDir, heapMiB };
    let process: HostProcess;
    try {
      process = new HostProcess(
        launch,
        (message) => this.#onMessage(slot, message),
        (end) => {
          this.#onEnd(slot, end);
          onEnded();
        },
      );
    } catch (error) {
      this.#cannotStart(messageOf(error));
      return undefined;
    }
    const slot: Slot = {
      heapMiB,
      process,
      pending: new Map(),
      batches: [],
      isUsed: false,
      isOwn: false,
      isReady: false,
      isRecalled: false,
      verdict: undefined,
      lastReportAt: 0,
    };
    this.#slots.add(slot);
    this.#ended.push(ended);
    return slot;
  }

  #onMessage(slot: Slot, message: FromHost): void {
    if (message.kind === "ready") {
      slot.isReady = true;
      this.#failedStarts = 0;
      return;
    }
    if (message.kind === "exceeded") {
      this.#kill(slot, message.id, outOfMemory(slot.heapMiB));
      return;
    }
    if (message.kind !== "report") return;
    slot.lastReportAt = performance.now();
    for (const completion of message.completions ?? []) this.#onCompletion(slot, completion);
    for (const id of message.started ?? []) this.#onStarted(slot, id);
    if (message.returned) this.#onReturned(slot, message.returned);
    this.#schedule();
  }

  #onCompletion(slot: Slot, completion: Completion): void {
    const pending = this.#take(slot, completion.id);
    if (pending === undefined) return;
    const name = functionOf(pending.action);
    const wallMs = completion.usage.wallMs + 0.02;
    const before = this.#durations.get(name);
    this.#durations.set(name, before === undefined ? wallMs : before * 0.8 + wallMs * 0.2);
    if (pending.isAborted) this.#fail(pending, ABORTED);
    else pending.report(completion);
  }

  #onStarted(slot: Slot, id: number): void {
    const pending = slot.pending.get(id);
    if (pending === undefined || pending.isAborted) return;
    const { timeoutMs } = pending.action;
    if (timeoutMs === undefined) return;
    pending.startedAt = Date.now();
    pending.timer = setTimeout(() =>
      this.#kill(slot, id, {
        reason: "timeout",
        message: `The function did not end within ${timeoutMs / 1000} s`,
        hint: "raise `timeout` of the node if it may take longer",
      }), timeoutMs);
  }

  #onReturned(slot: Slot, ids: readonly number[]): void {
    const returned: Pending[] = [];
    for (const id of ids) {
      const pending = this.#take(slot, id);
      if (pending) returned.push(pending);
    }
    if (returned.length > 0) this.#requeue(returned);
  }

  #take(slot: Slot, id: number): Pending | undefined {
    const pending = slot.pending.get(id);
    if (pending === undefined) return undefined;
    slot.pending.delete(id);
    clearTimeout(pending.timer);
    for (const batch of slot.batches) batch.delete(id);
    slot.batches = slot.batches.filter((batch) => batch.size > 0);
    if (slot.isOwn) {
      this.#slots.delete(slot);
      slot.process.close();
    }
    return pending;
  }

  #kill(slot: Slot, id: number, failure: Failure): void {
    slot.verdict ??= { id, failure };
    slot.process.kill();
  }

  /** A host is gone: the action it ran fails, the others go elsewhere. */
  #onEnd(slot: Slot, end: HostEnd): void {
    this.#slots.delete(slot);
    const left = [...slot.pending.values()];
    slot.pending.clear();
    for (const { timer } of left) clearTimeout(timer);
    sweep(left.map(({ action }) => action), slot.process.pid);
    if (this.#isDisposed) {
      for (const pending of left) this.#fail(pending, ABORTED);
      return;
    }
    if (!slot.isReady) {
      this.#requeue(left);
      this.#failedStarts++;
      if (this.#failedStarts >= MAX_FAILED_STARTS) this.#cannotStart(end.tail || endText(end));
      return;
    }
    this.#blame(slot, left, end);
  }

  #blame(slot: Slot, left: Pending[], end: HostEnd): void {
    const { verdict } = slot;
    const guilty = verdict ? left.find(({ action }) => action.id === verdict.id) : left[0];
    if (guilty === undefined) return this.#requeue(left);
    const others = left.filter((pending) => pending !== guilty);
    const isClear = verdict !== undefined || others.length === 0 || guilty.isSuspect ||
      performance.now() - slot.lastReportAt > SUSPECT_MS;
    if (isClear) {
      this.#requeue(others);
      this.#fail(
        guilty,
        guilty.isAborted ? ABORTED : verdict?.failure ?? endFailure(end, slot.heapMiB),
      );
      return;
    }
    // The host may have gone on to a later action before its last report came through: each runs alone now.
    for (const pending of left.slice(0, 32)) pending.isSuspect = true;
    this.#requeue(left);
  }

  #fail(pending: Pending, failure: Failure): void {
    const startedAt = pending.startedAt || Date.now();
    const usage = { startedAt, wallMs: Date.now() - startedAt };
    pending.report({ id: pending.action.id, kind: "failed", failure, usage });
  }

  /** No host starts: everything that waits fails. */
  #cannotStart(why: string): void {
    const left = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    const failure: Failure = {
      reason: "unavailable",
      message: `Cannot start a host process: ${why.trim()}`,
    };
    for (const pending of left) this.#fail(pending, failure);
  }
}

const ABORTED: Failure = { reason: "aborted", message: "The run was stopped" };

function functionOf({ work, node }: Action): string {
  return work.kind === "call" ? `${work.module}#${work.export}` : node;
}

/** Removes what a dead host left in the directory of the actions' private directories. */
function sweep(actions: readonly Action[], pid: number): void {
  const dirs = new Set(
    actions.map(({ privateDir }) => privateDir.slice(0, privateDir.lastIndexOf("/"))),
  );
  for (const dir of dirs) {
    try {
      for (const { name } of Deno.readDirSync(dir)) {
        if (name.startsWith(`host-${pid}-`)) {
          Deno.removeSync(`${dir}/${name}`, { recursive: true });
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

function endText({ code, signal }: HostEnd): string {
  return signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
}

function outOfMemory(limitMiB: number): Failure {
  return {
    reason: "memory",
    message: `The function ran out of memory (limit ${limitMiB} MiB)`,
    hint: "raise `resources: { memory: … }` of the node",
  };
}

function endFailure(end: HostEnd, heapMiB: number): Failure {
  if (/out of memory|heap limit/i.test(end.tail)) {
    return outOfMemory(heapMiB);
  }
  if (end.garbage !== undefined) {
    return {
      reason: "died",
      message: "The function wrote to the standard output of its process past the capture",
    };
  }
  return { reason: "died", message: `The process of the function died: ${endText(end)}` };
}
