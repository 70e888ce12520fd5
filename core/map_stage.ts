/**
 * The map nodes of a run, as its loop sees them: they begin, their calls start while there is room, and when the last of these
 * has ended so have they. Does not know the graph's order, nor what becomes of a node that is over.
 *
 * @module
 */

import type { Action, Completion } from "./action.ts";
import type { ActionFrame } from "./assemble.ts";
import type { Digest } from "./base/digest.ts";
import { callName } from "./call_name.ts";
import { executorNote } from "./executors.ts";
import type { NodeId } from "./graph.ts";
import { liveSources } from "./map_ahead.ts";
import type { BeginOptions } from "./map_job.ts";
import type { PublishCall } from "./map_files.ts";
import { MapJobs } from "./map_jobs.ts";
import type { LiveSource } from "./map_passing.ts";
import type { Prepared } from "./rebuild.ts";
import { isCached } from "./result.ts";
import type { EventBody, FailedNode, RunContext, Running } from "./run_context.ts";
import { CANCELLED } from "./run_controls.ts";
import { STATE } from "./schedule.ts";
import { CALL_BATCHES_PER_SLOT, type Slots } from "./slots.ts";

/** What map nodes ask of the loop. */
export interface MapStageLoop {
  readonly slots: Slots;
  /** Numbers and places an action; `name` is that of its log. */
  frame(id: NodeId, name: string, attempt: number): ActionFrame;
  /**
   * Makes a node explicit before all it takes is there.
   *
   * @param open Positions of the inputs that are still being made.
   * @returns `undefined` if it must wait.
   */
  prepareAhead(id: NodeId, open: ReadonlySet<number>): Prepared | undefined;
  /** Returns the stored bytes of a value. */
  read(digest: Digest): Uint8Array<ArrayBuffer>;
  /**
   * Publishes the files of a call.
   *
   * @throws {StoreError} If bytes are missing or damaged, or cannot be written.
   */
  publish(id: NodeId, ...of: Parameters<PublishCall>): void;
  emit(event: EventBody): void;
  /** Reports the failure of a call. */
  tellFailure(failed: FailedNode): void;
  /** Runs something later. */
  after(ms: number, body: () => void): void;
  /** A map node of which no call runs is over. */
  end(node: Running, completion: Completion): void;
  /** Calls failed for good. */
  onFailedCalls(): void;
}

/** A map node that runs. */
interface MapNode {
  readonly id: NodeId;
  /** What it goes by. */
  readonly number: number;
  readonly logPath: string;
  prepared: Prepared;
  /** What names the file of its calls. */
  elements?: Digest;
  /** Its upstreams are not over. */
  isAhead: boolean;
  /** It was told that it has started. */
  isTold: boolean;
  /** When its progress was told last, in milliseconds since the epoch. */
  toldAt: number;
  /** It will be told again. */
  isToBeTold: boolean;
}

/** Calls that may be known of at once of nodes whose upstreams are not over: they are kept in memory. */
const MAX_AHEAD = 4_000_000;
/** Pause between two events about the calls of a map node, in milliseconds. */
const PROGRESS_MS = 100;

/** The map nodes of one run. */
export class MapStage {
  readonly #c: RunContext;
  readonly #loop: MapStageLoop;
  readonly #jobs: MapJobs;
  /** Those that run. */
  readonly #nodes = new Map<NodeId, MapNode>();
  /** Map nodes that may begin before their upstreams are over. */
  readonly #behind = new Set<NodeId>();
  /** Something began or ended since these were looked at. */
  #isNew = false;
  #unfinished = 0;
  #failedCalls = 0;

  constructor(context: RunContext, loop: MapStageLoop) {
    this.#c = context;
    this.#loop = loop;
    const { graph, rebuild, store } = context;
    this.#jobs = new MapJobs({
      graph,
      rebuild,
      store,
      pools: context.limits.pools,
      frame: (id, name, attempt) => loop.frame(id, `${graph.defs[id].name}${name}`, attempt),
      read: (digest) => loop.read(digest),
      publish: (id, index, outputs) => loop.publish(id, index, outputs),
      onLost: (id, index, why) => {
        const { name: node } = graph.defs[id];
        const message = `${why}: call "${callName({ node, index })}" runs again`;
        loop.emit({ type: "warning", code: "damaged", message, node });
      },
      onProgress: (id) => this.#tellProgress(id),
      onFailed: (id, failed) => {
        loop.tellFailure({ id, ...failed });
        if (context.failFast) this.#failFast(id);
      },
      onRetry: (id, index, attempt, failure, again) => {
        const { name: node, retry } = graph.defs[id];
        const delayMs = retry.delayMs * retry.factor ** (attempt - 1);
        const { reason, message } = failure;
        loop.emit({ type: "retried", node, index, attempt, delayMs, reason, message });
        loop.after(delayMs, again);
      },
    });
  }

  /** Calls that failed of map nodes that are done all the same, or failed of it. */
  get failedCalls(): number {
    return this.#failedCalls;
  }

  /** Whether an action runs calls of a map node. */
  isCall(action: number): boolean {
    return this.#jobs.nodeOf(action) !== undefined;
  }

  /** Whether calls run or wait to be started, also of nodes that are skipped. */
  get isBusy(): boolean {
    return this.#jobs.isBusy;
  }

  /** Begins a node, or lets one go on that began before its upstreams were over. It takes no slots itself, its calls do. */
  begin(id: NodeId, prepared: Prepared): void {
    const node = this.#nodes.get(id) ?? this.#create(id, prepared);
    node.prepared = prepared;
    node.isAhead = false;
    const options = this.#options(id);
    const begun = this.#jobs.begin(id, prepared, options);
    if ("failure" in begun) {
      this.#nodes.delete(id);
      this.#tellStart(node);
      const usage = { startedAt: options.now, wallMs: 0 };
      const { number, failure } = { number: node.number, ...begun };
      this.#loop.end(asRunning(node), { id: number, kind: "failed", failure, usage });
      return;
    }
    this.#enter(node, begun.base);
    this.#tellStart(node);
    this.#tellProgress(id);
    if (this.#jobs.isOver(id)) this.#loop.end(asRunning(node), this.#end(node));
  }

  /** Begins map nodes whose upstreams are map nodes that still run. */
  lookAhead(): void {
    const { schedule, graph } = this.#c;
    const hasEnded = this.#unfinished !== schedule.unfinished;
    this.#unfinished = schedule.unfinished;
    if (this.#behind.size === 0 || !hasEnded && !this.#isNew) return;
    this.#isNew = false;
    for (const id of this.#behind) {
      if (schedule.stateOf(id) !== STATE.waiting) {
        this.#behind.delete(id);
        continue;
      }
      const sources = liveSources(graph, id, {
        isDone: (up) => schedule.stateOf(up) === STATE.done,
        isMapping: (up) => this.#nodes.has(up),
      });
      if (sources === undefined || this.#jobs.aheadCount > MAX_AHEAD) continue;
      this.#behind.delete(id);
      this.#beginAhead(id, sources);
    }
  }

  #beginAhead(id: NodeId, sources: readonly LiveSource[]): void {
    const wires = this.#c.graph.maps[id] ?? {};
    const prepared = this.#loop.prepareAhead(id, new Set(sources.map(({ name }) => wires[name])));
    if (prepared === undefined) return;
    const begun = this.#jobs.beginAhead(id, prepared, { ...this.#options(id), sources });
    if (begun !== undefined) this.#enter(this.#create(id, prepared), begun.base);
  }

  /** The result of a node is known, so none of its calls is needed any more. */
  forget(id: NodeId): void {
    if (!this.#nodes.delete(id)) return;
    this.#jobs.drop(id);
  }

  #create(id: NodeId, prepared: Prepared): MapNode {
    const { id: number, logPath } = this.#loop.frame(id, this.#c.graph.defs[id].name, 1);
    return {
      id,
      number,
      logPath,
      prepared,
      isAhead: true,
      isTold: false,
      toldAt: 0,
      isToBeTold: false,
    };
  }

  /** Map nodes behind a node that runs may begin, too. */
  #enter(node: MapNode, elements: Digest | undefined): void {
    const { graph: { defs, downs }, store, workflow } = this.#c;
    const { id } = node;
    this.#nodes.set(id, node);
    if (elements !== undefined) {
      node.elements = elements;
      store.elements.use(elements, { workflow, node: defs[id].name });
    }
    for (let e = downs.starts[id]; e < downs.starts[id + 1]; e++) {
      const down = downs.targets[e] as NodeId;
      if (defs[down].map === undefined || this.#nodes.has(down)) continue;
      this.#behind.add(down);
      this.#isNew = true;
    }
  }

  #tellStart(node: MapNode): void {
    if (node.isTold) return;
    node.isTold = true;
    const { id, number, elements } = node;
    const def = this.#c.graph.defs[id];
    this.#loop.emit({
      type: "started",
      node: def.name,
      attempt: 1,
      action: number,
      cpus: 0,
      ...(elements === undefined ? {} : { elements }),
      ...executorNote(def),
    });
  }

  /** Makes the actions of calls that may start now; their slots are taken. */
  *start(): Generator<Running & { readonly action: Action }> {
    const { limits } = this.#c;
    const { slots } = this.#loop;
    for (const node of this.#nodes.values()) {
      const { id, prepared } = node;
      const share = limits.cpus * CALL_BATCHES_PER_SLOT;
      for (;;) {
        const next = this.#jobs.next(id, share, (def) => slots.fits(def));
        if (next === undefined) break;
        this.#tellStart(node);
        const { action, taken } = next;
        const { attempt, logPath } = action;
        slots.take(taken);
        yield { id, taken, prepared, attempt, logPath, action };
      }
    }
  }

  /**
   * Takes what came of calls.
   *
   * @returns Their node and its end, if they were the last of it.
   */
  complete(
    id: NodeId,
    completion: Completion,
    isStopping: boolean,
  ): [Running, Completion] | undefined {
    const over = this.#jobs.complete(completion, { isStopping, now: this.#c.now() });
    if (over === undefined) return undefined;
    // It runs: one of its calls did.
    const node = this.#nodes.get(id) as MapNode;
    return [asRunning(node), this.#end(node)];
  }

  /**
   * Ends a node on request: what waits of it fails.
   *
   * @param number What the node goes by.
   * @returns The actions of its calls that run; `undefined` if no map node goes by that.
   */
  cancel(number: number): readonly number[] | undefined {
    const node = [...this.#nodes.values()].find((one) => one.number === number);
    if (node === undefined) return undefined;
    const calls = this.#jobs.giveUp(node.id, CANCELLED, this.#c.now());
    if (this.#jobs.isOver(node.id)) this.#loop.end(asRunning(node), this.#end(node));
    return calls;
  }

  /** The run is over before its map nodes are. Returns those that are neither done, failed nor waiting. */
  drop(): readonly Running[] {
    const dropped = [...this.#nodes.values()];
    for (const { id } of dropped) this.#jobs.drop(id);
    this.#nodes.clear();
    return dropped.filter(({ isAhead }) => !isAhead).map(asRunning);
  }

  /** Ends a node whose calls have all ended. */
  #end({ id, number }: MapNode): Completion {
    this.#tellProgress(id, true);
    this.#nodes.delete(id);
    const { completion, failed, problem } = this.#jobs.end(id, number, this.#c.now());
    this.#failedCalls += failed;
    if (problem !== undefined) {
      const node = this.#c.graph.defs[id].name;
      this.#loop.emit({ type: "warning", code: "calls-failed", message: problem, node });
    }
    if (failed > 0) this.#loop.onFailedCalls();
    return completion;
  }

  /** A call failed, and the run is to end of that. */
  #failFast(id: NodeId): void {
    if (this.#nodes.get(id)?.isAhead !== true) {
      this.#jobs.cut(id);
      return;
    }
    this.#failedCalls++;
    this.#loop.onFailedCalls();
  }

  /** How a node begins. Which stored calls it uses: what holds for whole results holds for them. */
  #options(id: NodeId): BeginOptions {
    const { graph: { defs }, forced, partial: { ids, slices }, now } = this.#c;
    const { cache } = defs[id];
    const at = now();
    return {
      now: at,
      isKept: isCached(defs[id]),
      ...(forced.has(id) ? {} : { since: typeof cache === "object" ? at - cache.ttlMs : 0 }),
      ...(ids.has(id) ? { slices } : {}),
    };
  }

  /** Tells how far the calls of a node are, but not too often. */
  #tellProgress(id: NodeId, isEnd = false): void {
    const node = this.#nodes.get(id);
    const counts = this.#jobs.countsOf(id);
    const now = this.#c.now();
    // Of one that was skipped nobody wants to know.
    const isSkipped = this.#c.schedule.stateOf(id) === STATE.skipped;
    if (node?.isTold !== true || counts === undefined || isSkipped) return;
    const { hit, done, failed, skipped = 0, total } = counts;
    const isLast = isEnd || hit + done + failed + skipped === total;
    if (!isLast && now - node.toldAt < PROGRESS_MS) {
      this.#tellLater(node);
      return;
    }
    node.toldAt = now;
    this.#loop.emit({ type: "calls", node: this.#c.graph.defs[id].name, ...counts });
  }

  /** What was not told must not stay so: the next call may end an hour later. */
  #tellLater(node: MapNode): void {
    if (node.isToBeTold) return;
    node.isToBeTold = true;
    this.#loop.after(PROGRESS_MS, () => {
      node.isToBeTold = false;
      if (this.#nodes.get(node.id) === node) this.#tellProgress(node.id);
    });
  }
}

function asRunning({ id, prepared, logPath }: MapNode): Running {
  return { id, prepared, attempt: 1, logPath };
}
