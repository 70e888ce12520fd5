/**
 * One workflow, opened: everything the commands do with it. Puts the parts together; holds no rules of its own.
 * Does not know the command line's grammar or terminals.
 *
 * @module
 */

import { cpus, totalmem } from "node:os";
import { dirname, relative } from "node:path";
import type { OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { type Diagnostic, InternalError, StoreError, UsageError } from "./base/error.ts";
import { decodeValue } from "./base/value.ts";
import { bindInputs, type Bound } from "./bind.ts";
import { CodeIndex } from "./code/code.ts";
import type { Counts, Event } from "./event.ts";
import { CommandExecutor } from "./executor/command.ts";
import { HostPool } from "./executor/host_pool.ts";
import { type Explanation, Foresight, type PlanEntry } from "./foresight.ts";
import type { Graph, NodeId } from "./graph.ts";
import { checkPresence } from "./presence.ts";
import { Rebuild } from "./rebuild.ts";
import type { GraphView, ViewStatus } from "./report/view.ts";
import { remember } from "./remember.ts";
import { isCached } from "./result.ts";
import { RunLoop } from "./run.ts";
import type { RunControls } from "./run_controls.ts";
import { Schedule } from "./schedule.ts";
import type { Limits } from "./slots.ts";
import type { Blobs } from "./store/blobs.ts";
import { Store } from "./store/store.ts";
import {
  type ListEntry,
  listNodes,
  listParams,
  noteStatus,
  type ParamEntry,
  viewGraph,
} from "./survey.ts";
import { Targets } from "./targets.ts";
import { Temps } from "./temps.ts";
import { bindable, wireWorkflow } from "./wiring.ts";
import type { InputDef, Workflow } from "./workflow.ts";

/** How a workflow is opened. */
export interface EngineOptions {
  /** The store; `.pipecache` beside the workflow by default. */
  readonly cacheDir?: string;
  /** Raw `--input` texts by name. */
  readonly inputs?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The command that starts a host process of this program. */
  readonly hostCommand: readonly string[];
  /** A pool whose first host already starts; used by the first run if it has the same store. */
  readonly calls?: HostPool;
  /** Standard input of the program; read only if an input is `-`. */
  readonly stdin?: ReadableStream<Uint8Array>;
  /** Gets warnings that belong to no run. */
  readonly onWarning?: (message: string) => void;
}

/** What a run is asked to do. */
export interface RunRequest extends RunControls {
  /** Nodes or outputs; empty means all. */
  readonly targets: readonly string[];
  /** Slots; the number of processors by default. */
  readonly jobs?: number;
  readonly failFast?: boolean;
  /** Nodes whose stored results are not used; `true` means all. */
  readonly force?: readonly string[] | true;
  /** An output whose bytes are wanted after the run: a temporary one is made again for it. */
  readonly deliver?: string;
  /** Seed of the order among equals. */
  readonly seed?: number;
  /** Pause between asking a node to stop and killing it, in milliseconds; 10,000 by default. */
  readonly graceMs?: number;
  /** Memory that nodes with `resources.memory` may take together; the machine's by default. */
  readonly memoryBytes?: number;
  /** If everything ends up to date, what that depended on is remembered under this identity (see `memo.ts`). */
  readonly memo?: {
    readonly identity: string;
    /** Files the definition was made from. */
    readonly paths: readonly string[];
  };
  onEvent(event: Event): void;
}

/** How a run ended. */
export interface RunOutcome {
  readonly run: string;
  readonly outcome: "ok" | "failed" | "aborted";
  readonly counts: Counts;
  readonly wallMs: number;
}

/** A stored output. */
export type StoredOutput =
  | {
    readonly kind: "value";
    readonly value: unknown;
    readonly digest: Digest;
    readonly isStale: boolean;
  }
  | {
    readonly kind: "file" | "dir";
    readonly path: string;
    readonly digest: Digest;
    readonly isStale: boolean;
  };

/** Logs of one execution of a node; paths exist. */
export interface NodeLog {
  readonly run: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Runs in this store that one workflow keeps. */
const KEEP_RUNS = 50;

/** A workflow with its graph and its store. */
export class Engine implements AsyncDisposable {
  readonly workflow: Workflow;
  readonly graph: Graph;
  readonly store: Store;
  readonly warnings: readonly Diagnostic[];
  readonly #code: CodeIndex;
  readonly #bound: Map<string, Bound>;
  readonly #options: EngineOptions;
  readonly #results: (readonly OutputResult[] | undefined)[];
  readonly #rebuild: Rebuild;
  /** Started while the workflow was being opened; the first run takes it. */
  #warmPool: HostPool | undefined;
  readonly #targets: Targets;
  readonly #foresight: Foresight;
  #knownDurations: ReadonlyMap<string, number> | undefined;
  readonly #temps: Temps;
  /** States of the nodes of the run that this engine made. */
  #statuses: Map<string, ViewStatus> | undefined;

  private constructor(
    parts: {
      workflow: Workflow;
      graph: Graph;
      store: Store;
      warnings: readonly Diagnostic[];
      code: CodeIndex;
      bound: Map<string, Bound>;
    },
    options: EngineOptions,
  ) {
    this.workflow = parts.workflow;
    this.graph = parts.graph;
    this.store = parts.store;
    this.warnings = parts.warnings;
    this.#code = parts.code;
    this.#bound = parts.bound;
    this.#warmPool = options.calls;
    this.#options = options;
    this.#results = new Array(parts.graph.size).fill(undefined);
    const env = new Map<string, string | undefined>();
    this.#rebuild = new Rebuild({
      graph: parts.graph,
      bound: parts.bound,
      code: parts.code,
      files: parts.store.files,
      blobs: parts.store.blobs,
      resultOf: (id) => {
        const result = this.#results[id];
        if (result === undefined) throw new InternalError(`No result of node ${id} yet`);
        return result;
      },
      env: (name) => {
        if (!env.has(name)) env.set(name, Deno.env.get(name));
        return env.get(name);
      },
    });
    this.#temps = new Temps(`${parts.store.dir}/tmp/${parts.store.sessions.id}/temps`);
    this.#targets = new Targets(parts.graph, parts.bound.keys());
    this.#foresight = new Foresight({
      graph: parts.graph,
      store: parts.store,
      rebuild: this.#rebuild,
      workflow: this.id,
      results: this.#results,
    });
  }

  /**
   * Opens a workflow: wires it, checks it, binds its inputs and opens its store.
   *
   * @param workflow The definition.
   * @param diagnostics Problems found while it was loaded; reported together with the ones found here.
   * @param options See {@linkcode EngineOptions}.
   * @throws {DefinitionError} If the definition has errors.
   * @throws {UsageError} If `--input` texts are wrong.
   * @throws {StoreError} If the store cannot be opened.
   */
  static async open(
    workflow: Workflow,
    diagnostics: readonly Diagnostic[],
    options: EngineOptions,
  ): Promise<Engine> {
    const cacheDir = options.cacheDir ?? `${workflow.dir}/.pipecache`;
    let store: Store | undefined;
    try {
      store = Store.open(cacheDir, {
        onWarning: (_code, message) => options.onWarning?.(message),
      });
      const opened = store;
      const code = new CodeIndex({
        rootDir: workflow.dir,
        cache: {
          get: (digest) => opened.getAnalysis(digest),
          set: (digest, text) => opened.setAnalysis(digest, text),
        },
      });
      const texts = options.inputs ?? {};
      const given = Object.keys(texts);
      const { graph, warnings } = wireWorkflow(workflow, diagnostics, code, given);
      const bound = await bindInputs(bindable(graph, texts), texts, {
        cwd: options.cwd,
        workflowDir: workflow.dir,
        spoolDir: () => opened.sessionDir,
        stdin: options.stdin ?? new Blob([]).stream(),
      });
      return new Engine({ workflow, graph, store, warnings, code, bound }, options);
    } catch (error) {
      store?.close();
      await options.calls?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Identity of the workflow in its store. */
  get id(): string {
    return relative(dirname(this.store.dir), this.workflow.file);
  }

  /** Runs the targets and everything upstream of them that is not up to date. */
  async run(request: RunRequest): Promise<RunOutcome> {
    const startedAt = Date.now();
    const targets = this.#targets.resolve(request.targets);
    const forced = this.#targets.forced(request.force);
    if (request.deliver !== undefined) {
      const { id, position } = this.#targets.output(request.deliver);
      if (this.graph.defs[id].outputs[position].temp) forced.add(id);
    }
    const jobs = Math.max(1, request.jobs ?? cpus().length);
    const schedule = new Schedule(
      this.graph,
      { durations: this.#priorities(), seed: request.seed ?? 0 },
    );
    schedule.want(targets);
    const { graph } = this;
    const wantedIds = this.#targets.closure(targets);
    checkPresence({ graph, bound: this.#bound, cwd: this.#options.cwd }, wantedIds);
    const record = this.store.runs.begin(this.id);
    const statuses = new Map<string, ViewStatus>();
    this.#statuses = statuses;
    const emit = (event: Event): void => {
      noteStatus(statuses, event);
      record.append(event);
      request.onEvent(event);
    };
    const wanted = schedule.unfinished;
    emit({
      v: 1,
      time: startedAt,
      type: "begin",
      run: record.id,
      workflow: this.workflow.name,
      nodes: wanted,
      jobs,
    });
    await using calls = await this.#pool(jobs);
    await using commands = new CommandExecutor({ blobs: this.store.blobs });
    const never = new AbortController().signal;
    const loop = new RunLoop({
      run: record.id,
      workflow: this.id,
      graph: this.graph,
      schedule,
      rebuild: this.#rebuild,
      store: this.store,
      executors: { call: calls, run: commands },
      results: this.#results,
      limits: this.#limits(jobs, request.memoryBytes),
      forced,
      failFast: request.failFast ?? false,
      privateDir: this.store.sessionDir,
      temps: this.#temps,
      logDir: record.logDir,
      graceMs: request.graceMs ?? 10_000,
      onEvent: emit,
      now: Date.now,
      stop: request.stop ?? never,
      kill: request.kill ?? never,
      drain: request.drain ?? never,
    });
    request.onRunning?.(loop);
    const { outcome, counts } = await loop.run();
    const wallMs = Date.now() - startedAt;
    emit({ v: 1, time: Date.now(), type: "end", run: record.id, outcome, wallMs, counts });
    if (request.memo !== undefined && outcome === "ok") {
      remember(this.store.dir, graph, wantedIds, {
        identity: request.memo.identity,
        counts: { ...counts, hit: counts.hit + counts.done, done: 0 },
        paths: [
          this.workflow.file,
          ...request.memo.paths,
          ...this.#code.dependencies(),
          ...loop.seenPaths,
        ],
        now: Date.now(),
      });
    }
    record.close();
    this.store.runs.retain(this.id, KEEP_RUNS);
    return { run: record.id, outcome, counts, wallMs };
  }

  /** Says what a run would do, without running anything. */
  plan(
    request: { targets: readonly string[]; force?: readonly string[] | true | undefined },
  ): PlanEntry[] {
    const wanted = this.#targets.closure(this.#targets.resolve(request.targets));
    return this.#foresight.plan(wanted, this.#targets.forced(request.force));
  }

  /** Explains why a node would run, or why it last ran. */
  why(name: string): Explanation {
    const id = this.#targets.node(name);
    return this.#foresight.why(id, this.#targets.closure([id]));
  }

  /** The graph as it is drawn, if wanted with what became of each node. */
  view(options: { status?: boolean } = {}): GraphView {
    const statuses = options.status === true ? this.#statuses ?? this.#lastStatuses() : new Map();
    return viewGraph(this.graph, statuses);
  }

  /** All nodes with their inputs and outputs, in the order of the file. */
  list(): ListEntry[] {
    return listNodes(this.graph);
  }

  /**
   * Finds an output: of the run that just ended, else the stored one.
   *
   * @param name Output, node with one output, or `node.output`.
   * @throws {UsageError} If there is no such output or nothing is stored.
   */
  output(name: string): StoredOutput {
    const { id, position } = this.#targets.output(name);
    if (this.#results[id] === undefined) this.#foresight.foresee(this.#targets.closure([id]));
    const current = this.#results[id]?.[position];
    const result = current ?? this.#foresight.latest(id)?.[position];
    const isStale = current === undefined;
    if (result === undefined) {
      throw new UsageError(`Output "${name}" is not stored`, {
        hint: isCached(this.graph.defs[id])
          ? `run it: flow run ${this.graph.defs[id].name}`
          : `its node is not cached: print it with flow run --output ${name}`,
      });
    }
    const { digest } = result;
    if (result.kind === "value") {
      const bytes = result.text ?? this.#blobsOf(name, id, result).read(digest);
      return { kind: "value", value: decodeValue(bytes), digest, isStale };
    }
    const published = this.#rebuild.publishedPath(id, position);
    const isThere = published !== undefined && !isStale &&
      (result.kind === "dir" || this.store.files.expect(published, digest));
    const path = isThere ? published : this.#blobsOf(name, id, result).pathOf(digest);
    return { kind: result.kind, path, digest, isStale };
  }

  /** Where the bytes of an output are kept. */
  #blobsOf(name: string, id: NodeId, result: OutputResult): Blobs {
    const { blobs } = this.store;
    const { outputs } = this.graph.defs[id];
    if (!outputs.some((output) => output.temp && output.name === result.name)) return blobs;
    try {
      return this.#temps.whereIs(result, blobs);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new UsageError(`Output "${name}" is temporary: its bytes are gone`, {
        hint: `make it again and print it: flow run --output ${name}`,
      });
    }
  }

  /** Logs of the newest execution of a node, newest first. */
  log(name: string): NodeLog[] {
    const { name: node } = this.graph.defs[this.#targets.node(name)];
    return this.store.runs.logsOf(this.id, node);
  }

  /** How long a node took when it last ran, in milliseconds. */
  expectedMs(node: string): number | undefined {
    return this.#durations().get(node);
  }

  /** Inputs and params for `--help`. */
  describe(): { inputs: readonly InputDef[]; params: readonly ParamEntry[] } {
    return { inputs: this.workflow.inputs, params: listParams(this.workflow.params) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#warmPool?.[Symbol.asyncDispose]();
    this.store.close();
  }

  async #pool(slots: number): Promise<HostPool> {
    const warm = this.#warmPool;
    this.#warmPool = undefined;
    if (warm?.blobsDir === this.store.dir) return warm;
    await warm?.[Symbol.asyncDispose]();
    const command = this.#options.hostCommand;
    return new HostPool({ slots, command, blobsDir: this.store.dir });
  }

  #priorities(): Float64Array {
    return Float64Array.from(this.graph.defs, (def) => this.#durations().get(def.name) ?? 1);
  }

  #durations(): ReadonlyMap<string, number> {
    return this.#knownDurations ??= this.store.durations(this.id);
  }

  #limits(jobs: number, memoryBytes: number | undefined): Limits {
    return { cpus: jobs, memoryBytes: memoryBytes ?? totalmem(), pools: this.workflow.pools };
  }

  /** States of the nodes of the newest run. */
  #lastStatuses(): ReadonlyMap<string, ViewStatus> {
    const last = this.store.runs.latest(this.id);
    const statuses = new Map<string, ViewStatus>();
    if (last === undefined) return statuses;
    for (const event of this.store.runs.events(last)) noteStatus(statuses, event);
    return statuses;
  }
}
