/**
 * Several runs of one workflow with different values, side by side: they share slots, host processes and results. Puts the
 * parts together; does not know how combinations are asked for, nor terminals.
 *
 * Every run has a session of the store of its own, as if it were a process of its own, so what holds for several programs
 * with one store holds for them: a key that one computes the others wait for.
 *
 * @module
 */

import { cpus, totalmem } from "node:os";
import { DefinitionError, FlowError, InternalError, StoreError, UsageError } from "./base/error.ts";
import {
  dependencies,
  labelOf,
  type NodeTally,
  tallyNodes,
  withCombination,
} from "./combination.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions } from "./engine_options.ts";
import type { Counts, Event } from "./event.ts";
import { executorSlots } from "./executors.ts";
import { HostPool } from "./executor/host_pool.ts";
import { SharedExecutor } from "./executor/shared_executor.ts";
import { checkReadingMoved } from "./reading_order.ts";
import type { RunRequest } from "./run_request.ts";
import { Slots } from "./slots.ts";
import type { Combination } from "./sweep.ts";
import type { StoredOutput } from "./stored_output.ts";
import { type Combinations, readCombinations, type SweepRequest } from "./sweep_request.ts";

/** One of the runs. */
export interface Member {
  /** From 1, in the order of the combinations. */
  readonly number: number;
  readonly values: Combination;
  /** Its values in words: `lr=0.1, seed=3`. */
  readonly label: string;
}

/** What became of one run. */
export type MemberEnd =
  | {
    readonly outcome: "ok" | "failed" | "aborted";
    readonly counts: Counts;
    readonly wallMs: number;
    /** The output that was asked for, if the run made it. */
    readonly output?: StoredOutput;
  }
  /** It did not come to a run. */
  | { readonly outcome: "refused"; readonly error: FlowError };

/** What the runs are asked to do. */
export interface ManyRequest extends Omit<RunRequest, "memo" | "onEvent" | "onRunning"> {
  /** Runs at once; as many as there are slots by default. */
  readonly maxConcurrent?: number;
  /** An output that is handed over when a run has made it. */
  readonly deliver?: string;
  onEvent(member: Member, event: Event): void;
  /** A run is over. In no order. */
  onEnd(member: Member, end: MemberEnd): void;
}

/** Runs of one workflow, one for each combination of values. */
export class ManyRuns {
  readonly members: readonly Member[];
  /** All names that have values, in the order of their columns. */
  readonly names: readonly string[];
  readonly #base: Engine;
  readonly #options: EngineOptions;
  readonly #combinations: Combinations;
  readonly #namesByNode: ReadonlyMap<string, readonly string[]>;

  private constructor(base: Engine, combinations: Combinations, options: EngineOptions) {
    this.#base = base;
    this.#options = options;
    this.#combinations = combinations;
    this.names = combinations.names;
    this.members = combinations.combinations.map((values, i) => ({
      number: i + 1,
      values,
      label: labelOf(values) || "no values",
    }));
    const names = dependencies(base.graph, combinations.names);
    this.#namesByNode = new Map(base.graph.defs.map(({ name }, id) => [name, names[id]]));
  }

  /**
   * Finds the combinations that are asked for.
   *
   * @param base The workflow, opened without any of them; stays open as long as the runs are used.
   * @param request What is asked for.
   * @param options Those `base` was opened with.
   * @throws {UsageError} If a name or value is wrong, with a hint.
   * @throws {DefinitionError} If it is in a file, with its place.
   */
  static async open(
    base: Engine,
    request: SweepRequest,
    options: EngineOptions,
  ): Promise<ManyRuns> {
    const many = new ManyRuns(base, await readCombinations(base.workflow, request), options);
    const { graph } = base;
    const moved = checkReadingMoved(graph, (id) => many.#namesOf(graph.defs[id].name).length > 0);
    if (moved.length > 0) throw new DefinitionError(moved);
    return many;
  }

  /** How many different runs every node has, at most; nothing is run. */
  tally(): readonly NodeTally[] {
    const { combinations, names } = this.#combinations;
    return tallyNodes(this.#base.graph, combinations, names);
  }

  /**
   * Runs all, some of them at once. One that fails does not stop the others, unless `failFast`.
   *
   * @throws {UsageError} If nodes or outputs are named that do not exist.
   * @throws {StoreError} If results cannot be recorded.
   */
  async run(request: ManyRequest): Promise<void> {
    const jobs = Math.max(1, request.jobs ?? cpus().length);
    const { workflow, store } = this.#base;
    const memoryBytes = request.memoryBytes ?? totalmem();
    const { pools } = workflow;
    const executors = executorSlots(workflow);
    const slots = new Slots({ cpus: jobs, memoryBytes, pools, executors });
    await this.#checkNames(request);
    await using hosts = new HostPool({
      slots: jobs,
      command: this.#options.hostCommand,
      blobsDir: store.dir,
    });
    const calls = new SharedExecutor(hosts, store.sessionDir);
    const failed = new AbortController();
    const drain = AbortSignal.any([
      failed.signal,
      ...request.drain === undefined ? [] : [request.drain],
    ]);
    const shared = { slots, calls: () => calls.share() };
    const isOver = () =>
      [drain, request.stop, request.kill].some((signal) => signal?.aborted === true);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < this.members.length && !isOver()) {
        const member = this.members[next++];
        const end = await this.#runOne(member, { ...request, jobs, drain }, shared);
        request.onEnd(member, end);
        const isBad = end.outcome === "failed" || end.outcome === "refused";
        if (isBad && request.failFast === true) failed.abort();
      }
    };
    const lanes = Math.min(request.maxConcurrent ?? jobs, this.members.length);
    const results = await Promise.allSettled(
      Array.from({ length: lanes }, () =>
        work().catch((error) => {
          // The others end in good order before it is said.
          failed.abort();
          throw error;
        })),
    );
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /**
   * Finds an output of one combination: the stored result for exactly these values.
   *
   * @returns `undefined` if there is none yet.
   * @throws {UsageError} If there is no such output.
   */
  async output(member: Member, name: string): Promise<StoredOutput | undefined> {
    await using engine = await this.#open(member);
    engine.check({ targets: [], deliver: name });
    try {
      const output = engine.output(name);
      return output.isStale ? undefined : output;
    } catch (error) {
      // The name is right, so there is no result.
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }

  /** Names that mean nothing are said once, before the first run. */
  async #checkNames(request: ManyRequest): Promise<void> {
    await using engine = await this.#open(this.members[0]);
    engine.check(request);
  }

  async #runOne(
    member: Member,
    request: ManyRequest,
    shared: EngineOptions["shared"],
  ): Promise<MemberEnd> {
    const { deliver, onEvent } = request;
    try {
      await using engine = await this.#open(member, shared);
      const { outcome, counts, wallMs } = await engine.run({
        ...request,
        onEvent: (event) => onEvent(member, event),
      });
      const isWanted = outcome === "ok" && deliver !== undefined;
      const output = isWanted ? engine.output(deliver) : undefined;
      return { outcome, counts, wallMs, ...output === undefined ? {} : { output } };
    } catch (error) {
      const isOwn = error instanceof FlowError && !(error instanceof StoreError) &&
        !(error instanceof InternalError);
      if (!isOwn) throw error;
      return { outcome: "refused", error };
    }
  }

  /** Names that a node of the file depends on. */
  #namesOf(node: string): readonly string[] {
    return this.#namesByNode.get(node) ?? [];
  }

  #open(member: Member, shared?: EngineOptions["shared"]): Promise<Engine> {
    const namesOf = (node: string) => this.#namesOf(node);
    const workflow = withCombination(this.#base.written, member.values, namesOf);
    return Engine.open(workflow, [], {
      ...this.#options,
      ...shared === undefined ? {} : { shared },
    });
  }
}
