/**
 * The rules of rebuilding: which ready node is up to date, which must run, whose bytes must be made again for it, when
 * temporary bytes may go. A synchronous state machine over the schedule; what it needs to know of keys, stores and files it asks a
 * {@linkcode World}. Does not know executors, slots, processes or clocks, and never awaits.
 *
 * The rules are those of a suspending scheduler with constructive traces and early cut-off (Mokhov, Mitchell, Peyton
 * Jones, _Build Systems à la Carte_, 2018, §5.4), extended by temporary results, which keep their digest and drop their bytes:
 *
 * 1. A node is looked at when all its upstreams are done. If its key has a result, it is done without running.
 * 2. Else it runs, and the bytes of its upstreams must be there. Upstreams that lack them are made again first, and so on
 *    upwards. They must deliver what they delivered before.
 * 3. Bytes of temporary results go when all wanted consumers are final: done, and if their own bytes are temporary and
 *    gone, with consumers that are final. Those of a node whose consumer failed stay.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import type { NodeId } from "./graph.ts";
import { type Edges, type Schedule, STATE } from "./schedule.ts";

/** A node made explicit: its key, and whatever else the world needs to run it. */
export interface Explicit {
  readonly key: Digest;
}

/** What the planner asks of stores and the workspace, and what it tells. Everything answers at once. */
export interface World<P extends Explicit> {
  /** Whether a node is taken part in at all. */
  isEnabled(id: NodeId): boolean;
  /** Whether results of a node are kept, so that it may be up to date. */
  isCached(id: NodeId): boolean;
  /** Whether some output of a node is temporary. */
  hasTemps(id: NodeId): boolean;
  /**
   * Makes a node explicit from what its upstreams delivered.
   *
   * @throws {FlowError} If something it takes from outside cannot be read.
   */
  prepare(id: NodeId): P;
  /** Takes the stored result of a key as the node's, if there is one and its bytes can be had. */
  take(id: NodeId, prepared: P): boolean;
  /**
   * Makes the bytes of a node's upstreams available, because it is going to run.
   *
   * @returns Upstreams whose bytes are gone, and the node as it is now if making them available changed what it reads.
   * @throws {FlowError} If something it takes from outside cannot be read any more.
   */
  gather(id: NodeId, prepared: P): { readonly lost: readonly NodeId[]; readonly prepared: P };
  /** Removes the bytes of a node's temporary outputs. */
  drop(id: NodeId): void;
  /** A node that was up to date is made again, for its bytes. */
  onDemand(id: NodeId): void;
  /** A node cannot be made explicit; the planner is told of the failure by `fail` in return. */
  onUnreadable(id: NodeId, error: unknown): void;
  /** Nodes will not run in this run. */
  onSkipped(ids: readonly NodeId[], isBehindFailure: boolean): void;
  /** This run does not compute a key any more. */
  onReleased(key: Digest): void;
}

/** A node that must run, as far as is known. */
export interface Miss<P extends Explicit> {
  readonly id: NodeId;
  readonly prepared: P;
}

/** Decides for every node of a run whether it runs. */
export class Planner<P extends Explicit> {
  readonly #edges: Edges;
  readonly #schedule: Schedule;
  readonly #world: World<P>;
  readonly #forced: ReadonlySet<number>;
  /** Nodes made again for their bytes: their stored results do not help. */
  readonly #remade = new Set<NodeId>();
  /** Nodes that wait for the same key, by key that is being computed in this run. */
  readonly #followers = new Map<Digest, NodeId[]>();
  /** Nodes that are to run, until they have ended. */
  readonly #prepared = new Map<NodeId, P>();
  /** Nodes with temporary outputs that ran and whose bytes were not dropped. */
  readonly #hasBytes = new Set<NodeId>();
  /** By node with temporary outputs: how many of its consumers, in their order, are known to be final. */
  readonly #finalConsumers = new Map<NodeId, number>();
  #misses: Miss<P>[] = [];

  /**
   * @param edges The edges the schedule works on.
   * @param schedule Its states are changed only through the planner while nodes are checked.
   * @param world See {@linkcode World}.
   * @param forced Nodes whose stored results are not used.
   */
  constructor(edges: Edges, schedule: Schedule, world: World<P>, forced: ReadonlySet<number>) {
    this.#edges = edges;
    this.#schedule = schedule;
    this.#world = world;
    this.#forced = forced;
  }

  /** Whether a node is being made again only for its bytes. */
  isRemade(id: NodeId): boolean {
    return this.#remade.has(id);
  }

  /** Whether nobody else may compute the key of a node meanwhile: its result is kept and used. */
  isShared(id: NodeId): boolean {
    return this.#world.isCached(id) && !this.#forced.has(id);
  }

  /** What a node that is to run was made explicit as. */
  preparedOf(id: NodeId): P | undefined {
    return this.#prepared.get(id);
  }

  /**
   * Checks ready nodes: those that are up to date are done now, the others become misses.
   *
   * @param limit Nodes to check at most.
   * @returns How many were checked.
   */
  check(limit: number): number {
    let count = 0;
    while (count < limit) {
      const id = this.#schedule.popReady();
      if (id < 0) break;
      count++;
      this.checkNode(id as NodeId);
    }
    return count;
  }

  /** Checks one ready node; also one that waited for somebody else to compute its key. */
  checkNode(id: NodeId): void {
    if (this.#schedule.stateOf(id) !== STATE.ready) return;
    if (!this.#world.isEnabled(id)) {
      this.#world.onSkipped(this.#schedule.skip(id) as NodeId[], false);
      return;
    }
    let prepared: P;
    try {
      prepared = this.#world.prepare(id);
    } catch (error) {
      this.#world.onUnreadable(id, error);
      return;
    }
    if (!this.take(id, prepared)) this.#misses.push({ id, prepared });
  }

  /** Uses the stored result of a node, if it may be used and is there. */
  take(id: NodeId, prepared: P): boolean {
    if (!this.isShared(id) || this.#remade.has(id)) return false;
    if (!this.#world.take(id, prepared)) return false;
    this.#settle(id);
    return true;
  }

  /**
   * Returns the misses found so far, but for those whose key a node of this run computes already: they follow it.
   * Each must be handed to `admit`, or to `cede` if another process computes its key.
   */
  takeMisses(): Miss<P>[] {
    const own: Miss<P>[] = [];
    for (const miss of this.#misses.splice(0)) {
      const { id, prepared: { key } } = miss;
      const followers = this.isShared(id) ? this.#followers.get(key) : undefined;
      if (followers !== undefined) {
        followers.push(id);
        continue;
      }
      if (this.isShared(id)) this.#followers.set(key, []);
      own.push(miss);
    }
    return own;
  }

  /** A miss is to be computed here: it is queued, or waits for bytes of upstreams that are made again. */
  admit({ id, prepared: before }: Miss<P>): void {
    let gathered: ReturnType<World<P>["gather"]>;
    try {
      gathered = this.#world.gather(id, before);
    } catch (error) {
      this.#world.onUnreadable(id, error);
      this.release(id, before.key);
      return;
    }
    const { lost, prepared } = gathered;
    if (lost.length === 0) {
      this.#prepared.set(id, prepared);
      this.#schedule.queue(id);
      return;
    }
    this.release(id, before.key);
    const { again, skipped } = this.#schedule.demand(id, lost);
    if (skipped.length > 0) this.#world.onSkipped(skipped as NodeId[], true);
    for (const up of again as NodeId[]) {
      this.#world.onDemand(up);
      this.#remade.add(up);
      this.#needAgain(up);
      this.checkNode(up);
    }
  }

  /** Looks once more for the result of a miss whose key is now ours to compute. Returns whether it was found. */
  takeLate({ id, prepared }: Miss<P>): boolean {
    if (!this.take(id, prepared)) return false;
    this.release(id, prepared.key);
    return true;
  }

  /**
   * Another process computes the key of a miss.
   *
   * @returns The nodes of this run that wait for that key, too.
   */
  cede(id: NodeId, key: Digest): NodeId[] {
    const followers = this.isShared(id) ? this.#followers.get(key) : undefined;
    this.#followers.delete(key);
    return followers ?? [];
  }

  /** A node does not compute a key any more: those that waited for it are checked again. */
  release(id: NodeId, key: Digest): void {
    const followers = this.isShared(id) ? this.#followers.get(key) : undefined;
    if (followers === undefined) return;
    this.#followers.delete(key);
    this.#world.onReleased(key);
    for (const follower of followers) this.checkNode(follower);
  }

  /**
   * A running node delivered, and its result is recorded; or it failed, and what needs it goes on with an error value.
   *
   * @param key Absent if it could not be made explicit.
   */
  done(id: NodeId, key: Digest | undefined): void {
    this.#forget(id);
    if (this.#world.hasTemps(id)) this.#hasBytes.add(id);
    this.#settle(id);
    if (key !== undefined) this.release(id, key);
  }

  /** A node failed for good, running or before it could. Returns the nodes skipped now. */
  fail(id: NodeId, key: Digest | undefined): NodeId[] {
    this.#forget(id);
    const skipped = this.#schedule.fail(id) as NodeId[];
    if (key !== undefined) this.release(id, key);
    return skipped;
  }

  #forget(id: NodeId): void {
    this.#prepared.delete(id);
    this.#remade.delete(id);
  }

  #settle(id: NodeId): void {
    this.#schedule.settle(id);
    const queue = [id];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (!this.#hasOwnBytes(node) && !this.#areConsumersFinal(node)) continue;
      const { starts, targets } = this.#edges.ups;
      for (let e = starts[node]; e < starts[node + 1]; e++) {
        const up = targets[e] as NodeId;
        if (!this.#world.hasTemps(up) || this.#isOver(up) || !this.#areConsumersFinal(up)) continue;
        this.#hasBytes.delete(up);
        this.#world.drop(up);
        queue.push(up);
      }
    }
  }

  #hasOwnBytes(id: NodeId): boolean {
    return !this.#world.hasTemps(id) || this.#hasBytes.has(id);
  }

  /**
   * Whether nobody will need the bytes of a result any more. A consumer whose own bytes are gone counts as final once that
   * was found for it, so this never looks further than one step. Every consumer is looked at about once.
   */
  #areConsumersFinal(id: NodeId): boolean {
    const { starts, targets } = this.#edges.downs;
    const first = starts[id] + (this.#finalConsumers.get(id) ?? 0);
    for (let e = first; e < starts[id + 1]; e++) {
      const down = targets[e] as NodeId;
      const state = this.#schedule.stateOf(down);
      const isFinal = state === STATE.unknown ||
        state === STATE.done && (this.#hasOwnBytes(down) || this.#isOver(down));
      if (isFinal) continue;
      this.#finalConsumers.set(id, e - starts[id]);
      return false;
    }
    this.#finalConsumers.set(id, starts[id + 1] - starts[id]);
    return true;
  }

  /** Whether it was found already that nobody will need the bytes of a result any more. */
  #isOver(id: NodeId): boolean {
    const { starts } = this.#edges.downs;
    return this.#finalConsumers.get(id) === starts[id + 1] - starts[id];
  }

  /** A consumer is not final any more: what it takes may be needed again. */
  #needAgain(consumer: NodeId): void {
    const { starts, targets } = this.#edges.ups;
    for (let e = starts[consumer]; e < starts[consumer + 1]; e++) {
      this.#finalConsumers.delete(targets[e] as NodeId);
    }
  }
}
