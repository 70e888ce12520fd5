/**
 * The map nodes of a run, as its loop sees them: they begin, their calls start while there is room, and when the last of these
 * has ended so have they. Does not know the graph's order, nor what becomes of a node that is over.
 *
 * @module
 */

import type { Action, Completion } from "./action.ts";
import type { ActionFrame } from "./assemble.ts";
import type { Digest } from "./base/digest.ts";
import type { NodeId } from "./graph.ts";
import { type KeptCalls, MapJobs } from "./map_jobs.ts";
import type { Prepared } from "./rebuild.ts";
import { isCached } from "./result.ts";
import type { EventBody, FailedNode, RunContext, Running } from "./run_context.ts";
import { CANCELLED } from "./run_controls.ts";
import { CALL_BATCHES_PER_SLOT, type Slots } from "./slots.ts";

/** What map nodes ask of the loop. */
export interface MapStageLoop {
  readonly slots: Slots;
  /** Numbers and places an action; `name` is that of its log. */
  frame(id: NodeId, name: string, attempt: number): ActionFrame;
  /** Returns the stored bytes of a value. */
  read(digest: Digest): Uint8Array<ArrayBuffer>;
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

/** A map node that runs, with the number it goes by. */
interface MapNode extends Running {
  readonly number: number;
  /** When its progress was told last, in milliseconds since the epoch. */
  toldAt: number;
}

/** Pause between two events about the calls of a map node, in milliseconds. */
const PROGRESS_MS = 100;

/** The map nodes of one run. */
export class MapStage {
  readonly #c: RunContext;
  readonly #loop: MapStageLoop;
  readonly #jobs: MapJobs;
  /** Those that run. */
  readonly #nodes = new Map<NodeId, MapNode>();
  #failedCalls = 0;

  constructor(context: RunContext, loop: MapStageLoop) {
    this.#c = context;
    this.#loop = loop;
    const { graph, rebuild, store } = context;
    this.#jobs = new MapJobs({
      graph,
      rebuild,
      store,
      frame: (id, name, attempt) => loop.frame(id, `${graph.defs[id].name}${name}`, attempt),
      read: (digest) => loop.read(digest),
      onProgress: (id) => this.#tellProgress(id),
      onFailed: (id, failed) => loop.tellFailure({ id, ...failed }),
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

  /** Begins a node: it takes no slots itself, its calls do. */
  begin(id: NodeId, prepared: Prepared): void {
    const { graph: { defs }, store, workflow, partial: { ids, slices }, now } = this.#c;
    const { name } = defs[id];
    const { id: number, logPath } = this.#loop.frame(id, name, 1);
    const node = { id, prepared, attempt: 1, logPath, number, toldAt: 0 };
    const startedAt = now();
    const part = ids.has(id) ? { slices } : {};
    const begun = this.#jobs.begin(id, prepared, {
      ...this.#keptCalls(id),
      now: startedAt,
      ...part,
    });
    const elements = "failure" in begun ? undefined : begun.base;
    const more = elements === undefined ? {} : { elements };
    this.#loop.emit({
      type: "started",
      node: name,
      attempt: 1,
      action: number,
      cpus: 0,
      ...more,
    });
    if ("failure" in begun) {
      const usage = { startedAt, wallMs: 0 };
      this.#loop.end(node, { id: number, kind: "failed", failure: begun.failure, usage });
      return;
    }
    this.#nodes.set(id, node);
    if (elements !== undefined) store.elements.use(elements, { workflow, node: name });
    this.#tellProgress(id);
    if (this.#jobs.isOver(id)) this.#loop.end(node, this.#end(node));
  }

  /** Makes the actions of calls that may start now; their slots are taken. */
  *start(): Generator<Running & { readonly action: Action }> {
    const { graph: { defs }, limits } = this.#c;
    const { slots } = this.#loop;
    for (const { id, prepared } of this.#nodes.values()) {
      const def = defs[id];
      while (this.#jobs.hasWaiting(id) && slots.fits(def)) {
        const action = this.#jobs.next(id, limits.cpus * CALL_BATCHES_PER_SLOT);
        slots.take(def);
        const { attempt, logPath } = action;
        yield { id, prepared, attempt, logPath, action };
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
    return [node, this.#end(node)];
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
    if (this.#jobs.isOver(node.id)) this.#loop.end(node, this.#end(node));
    return calls;
  }

  /** The run is over before its map nodes are: they are neither done nor failed. Returns them. */
  drop(): readonly Running[] {
    const dropped = [...this.#nodes.values()];
    for (const { id } of dropped) this.#jobs.drop(id);
    this.#nodes.clear();
    return dropped;
  }

  /** Ends a node whose calls have all ended. */
  #end({ id, number }: MapNode): Completion {
    this.#tellProgress(id);
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

  /** Which stored calls a node uses: what holds for whole results holds for them. */
  #keptCalls(id: NodeId): KeptCalls {
    const def = this.#c.graph.defs[id];
    const isKept = isCached(def);
    if (this.#c.forced.has(id)) return { isKept };
    return { isKept, since: typeof def.cache === "object" ? this.#c.now() - def.cache.ttlMs : 0 };
  }

  /** Tells how far the calls of a node are, but not too often. */
  #tellProgress(id: NodeId): void {
    const node = this.#nodes.get(id);
    const counts = this.#jobs.countsOf(id);
    const now = this.#c.now();
    if (node === undefined || counts === undefined) return;
    const { hit, done, failed, skipped = 0, total } = counts;
    const isLast = hit + done + failed + skipped === total;
    if (!isLast && now - node.toldAt < PROGRESS_MS) return;
    node.toldAt = now;
    this.#loop.emit({ type: "calls", node: this.#c.graph.defs[id].name, ...counts });
  }
}
