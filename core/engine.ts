/**
 * One workflow, opened: everything the commands do with it. Puts the parts together; holds no rules of its own.
 * Does not know the command line's grammar or terminals.
 *
 * @module
 */

import { cpus, totalmem } from "node:os";
import { dirname, relative } from "node:path";
import type { ActionResult, OutputResult } from "./action.ts";
import { type Digest, isDigest } from "./base/digest.ts";
import {
  DefinitionError,
  type Diagnostic,
  FlowError,
  InternalError,
  messageOf,
  UsageError,
} from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import { decodeValue } from "./base/value.ts";
import { bindInputs, type Bound } from "./bind.ts";
import { checkNodes } from "./check.ts";
import { CodeIndex, CodeProblem } from "./code/code.ts";
import type { Counts, Event } from "./event.ts";
import { CommandExecutor } from "./executor/command.ts";
import { HostPool } from "./executor/host_pool.ts";
import { buildGraph, type Graph, type NodeId, type Parameters, type Source } from "./graph.ts";
import { writeMemo } from "./memo.ts";
import { describeSource, type Prepared, Rebuild } from "./rebuild.ts";
import type { GraphView, ViewEdge, ViewNode } from "./report/view.ts";
import { alignOutputs, isCached, type Limits, RunLoop } from "./run.ts";
import { Schedule } from "./schedule.ts";
import { Store } from "./store/store.ts";
import { explainDifference, type RecordedNotes } from "./why.ts";
import type { InputDef, Json, NodeDef, Workflow } from "./workflow.ts";

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
export interface RunRequest {
  /** Nodes or outputs; empty means all. */
  readonly targets: readonly string[];
  /** Slots; the number of processors by default. */
  readonly jobs?: number;
  readonly failFast?: boolean;
  /** Nodes whose stored results are not used; `true` means all. */
  readonly force?: readonly string[] | true;
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
  readonly stop?: AbortSignal;
  readonly kill?: AbortSignal;
}

/** How a run ended. */
export interface RunOutcome {
  readonly run: string;
  readonly outcome: "ok" | "failed" | "aborted";
  readonly counts: Counts;
  readonly wallMs: number;
}

/** What would happen to a node now. */
export interface PlanEntry {
  readonly node: string;
  /** `unknown`: an upstream runs, so whether this node must run shows only then. */
  readonly verdict: "hit" | "run" | "unknown" | "skip";
  readonly why: string;
}

/** Why a node would run or last ran. */
export interface Explanation {
  readonly node: string;
  readonly verdict: PlanEntry["verdict"];
  readonly lines: readonly string[];
}

/** One row of `flow ls`. */
export interface ListEntry {
  readonly node: string;
  readonly kind: NodeDef["work"]["kind"];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly description?: string;
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

/** How many earlier keys of a node are compared. */
const COMPARED_KEYS = 20;

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
  #statuses: Map<string, ViewNode["status"]> | undefined;

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
      const wired = buildGraph(workflow, {
        parametersOf: (def) => parametersOf(code, def),
        provided: Object.keys(texts),
      });
      const all = [...diagnostics, ...wired.diagnostics, ...checkNodes(workflow)];
      if (all.some(({ severity }) => severity === "error")) throw new DefinitionError(inOrder(all));
      const bound = await bindInputs(bindable(wired.graph, texts), texts, {
        cwd: options.cwd,
        workflowDir: workflow.dir,
        spoolDir: store.sessionDir,
        stdin: options.stdin ?? new Blob([]).stream(),
      });
      const { graph } = wired;
      return new Engine({ workflow, graph, store, warnings: all, code, bound }, options);
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
    const targets = this.#targets(request.targets);
    const forced = this.#forced(request.force);
    const jobs = Math.max(1, request.jobs ?? cpus().length);
    const schedule = new Schedule(
      { ...this.graph, order: this.graph.order },
      { durations: this.#durations(), seed: request.seed ?? 0 },
    );
    schedule.want(targets);
    this.#checkSources(this.#closure(targets));
    const record = this.store.runs.begin(this.id);
    this.#statuses = new Map();
    const emit = (event: Event): void => {
      this.#fold(event);
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
      logDir: record.logDir,
      graceMs: request.graceMs ?? 10_000,
      onEvent: emit,
      now: Date.now,
      stop: request.stop ?? never,
      kill: request.kill ?? never,
    });
    const { outcome, counts } = await loop.run();
    const wallMs = Date.now() - startedAt;
    emit({ v: 1, time: Date.now(), type: "end", run: record.id, outcome, wallMs, counts });
    if (request.memo !== undefined && outcome === "ok") {
      this.#remember(request.memo, targets, loop.seenPaths, counts);
    }
    record.close();
    this.store.runs.retain(this.id, KEEP_RUNS);
    return { run: record.id, outcome, counts, wallMs };
  }

  /** Says what a run would do, without running anything. */
  plan(request: { targets: readonly string[]; force?: readonly string[] | true }): PlanEntry[] {
    const wanted = this.#closure(this.#targets(request.targets));
    const forced = this.#forced(request.force);
    const entries: PlanEntry[] = [];
    for (const id of this.graph.order) {
      if (!wanted.has(id)) continue;
      const { verdict, prepared } = this.#foresee(id as NodeId, forced);
      const node = this.graph.defs[id].name;
      entries.push({ node, verdict, why: this.#reason(id as NodeId, verdict, prepared, forced) });
    }
    return entries;
  }

  /** Explains why a node would run, or why it last ran. */
  why(name: string): Explanation {
    const [id] = this.#targets([name]);
    const wanted = this.#closure([id]);
    const blocking: string[] = [];
    let seen: { verdict: PlanEntry["verdict"]; prepared?: Prepared } = { verdict: "unknown" };
    for (const other of this.graph.order) {
      if (!wanted.has(other)) continue;
      seen = this.#foresee(other as NodeId, new Set());
      if (other === id) break;
      if (seen.verdict === "run") blocking.push(this.graph.defs[other].name);
    }
    const node = this.graph.defs[id].name;
    if (seen.verdict === "unknown") {
      return {
        node,
        verdict: "unknown",
        lines: [
          `upstream will run first: ${blocking.join(", ")}`,
          `node "${node}" runs if what they deliver differs from last time`,
        ],
      };
    }
    if (seen.verdict === "hit" && seen.prepared !== undefined) {
      return { node, verdict: "hit", lines: this.#history(id, seen.prepared) };
    }
    const { verdict, prepared } = seen;
    return { node, verdict, lines: this.#reasons(id, verdict, prepared) };
  }

  /** The graph as it is drawn, with what is known of each node's state. */
  view(options: { status?: boolean } = {}): GraphView {
    const statuses = options.status === true ? this.#statuses ?? this.#lastStatuses() : undefined;
    const nodes: ViewNode[] = [];
    const edges: ViewEdge[] = [];
    const usedInputs = new Set<string>();
    this.graph.defs.forEach((def, id) => {
      const status = statuses?.get(def.name);
      const names = def.outputs.map((output) => output.name).filter((name) => name !== def.name);
      nodes.push({
        id: def.name,
        kind: def.work.kind,
        detail: describeWork(def),
        ...(status === undefined ? {} : { status }),
        ...(names.length === 0 ? {} : { outputs: names }),
      });
      const seen = new Set<string>();
      for (const { source } of [...this.graph.wires[id], ...this.graph.tracks[id]]) {
        const from = this.#viewSource(source, usedInputs);
        if (from === undefined || seen.has(from)) continue;
        seen.add(from);
        edges.push({ from, to: def.name, style: "data" });
      }
      for (const other of def.after) {
        if (!seen.has(other)) edges.push({ from: other, to: def.name, style: "order" });
      }
    });
    const inputs: ViewNode[] = [...usedInputs].map((name) => ({ id: name, kind: "input" }));
    return { name: this.workflow.name, nodes: [...inputs, ...nodes], edges };
  }

  /** All nodes with their inputs and outputs, in the order of the file. */
  list(): ListEntry[] {
    return this.graph.defs.map((def, id) => ({
      node: def.name,
      kind: def.work.kind,
      inputs: this.graph.wires[id].map(({ argument, source }) => {
        const from = describeSource(source, this.graph);
        return from === argument ? argument : `${argument}: ${from}`;
      }),
      outputs: def.outputs.map(({ name, kind, path }) =>
        kind === "value" ? name : `${name}: ${path ?? kind}`
      ),
      ...(def.description === undefined ? {} : { description: def.description }),
    }));
  }

  /**
   * Finds an output: of the run that just ended, else the stored one.
   *
   * @param name Output, node with one output, or `node.output`.
   * @throws {UsageError} If there is no such output or nothing is stored.
   */
  output(name: string): StoredOutput {
    const { id, position } = this.#findOutput(name);
    let result = this.#results[id]?.[position];
    let isStale = false;
    if (result === undefined) {
      for (const other of this.graph.order) {
        if (this.#closure([id]).has(other)) this.#foresee(other as NodeId, new Set());
      }
      result = this.#results[id]?.[position];
    }
    if (result === undefined) {
      result = this.#latest(id)?.[position];
      isStale = true;
    }
    if (result === undefined) {
      throw new UsageError(`Output "${name}" is not stored`, {
        hint: `run it: flow run ${this.graph.defs[id].name}`,
      });
    }
    const { digest } = result;
    if (result.kind === "value") {
      const value = decodeValue(result.text ?? this.store.blobs.read(digest));
      return { kind: "value", value, digest, isStale };
    }
    const published = this.#rebuild.publishedPath(id, position);
    const isThere = published !== undefined && !isStale &&
      (result.kind === "dir" || this.store.files.expect(published, digest));
    const path = isThere ? published : this.store.blobs.pathOf(digest);
    return { kind: result.kind, path, digest, isStale };
  }

  /** Logs of the newest execution of a node, newest first. */
  log(name: string): NodeLog[] {
    const [id] = this.#targets([name]);
    return this.store.runs.logsOf(this.id, this.graph.defs[id].name);
  }

  /** Inputs and params for `--help`. */
  describe(): { inputs: readonly InputDef[]; params: readonly { path: string; value: Json }[] } {
    return { inputs: this.workflow.inputs, params: flattenParams(this.workflow.params) };
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

  /** Writes the memo of a run that left everything up to date, if its outcome depends on files and variables alone. */
  #remember(
    memo: { readonly identity: string; readonly paths: readonly string[] },
    targets: readonly NodeId[],
    seenPaths: ReadonlySet<string>,
    counts: Counts,
  ): void {
    const env: Record<string, string | undefined> = {};
    for (const id of this.#closure(targets)) {
      const def = this.graph.defs[id];
      const sources = [...this.graph.wires[id], ...this.graph.tracks[id]].map((wire) =>
        wire.source
      );
      if (!isMemorable(def, sources)) return;
      for (const name of variablesOf(def, sources)) env[name] = Deno.env.get(name);
    }
    writeMemo(this.store.dir, {
      identity: memo.identity,
      counts: { ...counts, hit: counts.hit + counts.done, done: 0 },
      env,
      paths: [this.workflow.file, ...memo.paths, ...this.#code.dependencies(), ...seenPaths],
      now: Date.now(),
    });
  }

  // ---- targets ---------------------------------------------------------------------------------

  #targets(names: readonly string[]): NodeId[] {
    if (names.length > 0) return names.map((name) => this.#targetOf(name));
    const { graph } = this;
    const leaves: NodeId[] = [];
    for (let id = 0; id < graph.size; id++) {
      const isLeaf = graph.downStarts[id] === graph.downStarts[id + 1];
      if (isLeaf && !this.#isReplaced(id as NodeId)) leaves.push(id as NodeId);
    }
    return leaves;
  }

  #targetOf(name: string): NodeId {
    const [head] = name.split(".");
    const id = this.graph.idOf(name) ?? this.graph.idOf(head);
    if (id !== undefined) return id;
    const names = this.graph.defs.flatMap((def) => [def.name, ...def.outputs.map((o) => o.name)]);
    const close = nearest(name, names);
    throw new UsageError(`Unknown node or output "${name}"`, {
      hint: close === undefined ? "flow ls lists them" : `did you mean "${close}"?`,
    });
  }

  /** All outputs of the node are given from outside. */
  #isReplaced(id: NodeId): boolean {
    const def = this.graph.defs[id];
    return def.outputs.length > 0 &&
      def.outputs.every(({ name }) =>
        this.#bound.has(name) && !this.workflow.inputs.some((input) => input.name === name) ||
        this.#bound.has(`${def.name}.${name}`)
      );
  }

  #forced(force: readonly string[] | true | undefined): Set<number> {
    if (force === undefined) return new Set();
    if (force === true) return new Set(this.graph.defs.keys());
    return new Set(this.#targets(force));
  }

  #closure(targets: readonly NodeId[]): Set<number> {
    const { upStarts, ups } = this.graph;
    const seen = new Set<number>(targets);
    for (const id of seen) for (let e = upStarts[id]; e < upStarts[id + 1]; e++) seen.add(ups[e]);
    return seen;
  }

  /** Everything that comes from outside must be there before anything runs. */
  #checkSources(wanted: ReadonlySet<number>): void {
    const missing = new Set<string>();
    const diagnostics: Diagnostic[] = [];
    for (const id of [...wanted].sort((a, b) => a - b)) {
      const def = this.graph.defs[id];
      for (const { argument, source } of this.graph.wires[id]) {
        if (source.kind === "input" && !this.#bound.has(source.input.name)) {
          missing.add(source.input.name);
        }
        const problem = this.#missingPath(source);
        if (problem === undefined) continue;
        const span = this.workflow.locate(
          source.kind === "input"
            ? ["inputs", source.input.name]
            : ["nodes", def.name, "inputs", argument],
        );
        diagnostics.push({
          severity: "error",
          code: "missing-file",
          message: problem,
          ...(span === undefined ? {} : { span }),
        });
      }
    }
    if (missing.size > 0) {
      const names = [...missing];
      throw new UsageError(
        `Missing ${names.length === 1 ? "input" : "inputs"} ${
          names.map((n) => `"${n}"`).join(", ")
        }`,
        {
          hint: `give ${names.length === 1 ? "it" : "them"} with ${
            names.map((n) => `--input ${n}=…`).join(" ")
          }`,
        },
      );
    }
    if (diagnostics.length > 0) throw new DefinitionError(inOrder(diagnostics));
  }

  #missingPath(source: Source): string | undefined {
    let path: string;
    let shown: string;
    if (source.kind === "file" || source.kind === "dir") {
      path = `${this.workflow.dir}/${source.path}`;
      if (source.path.startsWith("/")) path = source.path;
      shown = source.path;
    } else if (source.kind === "input") {
      const bound = this.#bound.get(source.input.name);
      if (bound === undefined || bound.kind === "value") return undefined;
      path = bound.path;
      shown = relative(this.#options.cwd, path);
      if (shown.startsWith("..")) shown = path;
    } else return undefined;
    try {
      Deno.statSync(path);
      return undefined;
    } catch (error) {
      const state = error instanceof Deno.errors.NotFound ? "it does not exist" : messageOf(error);
      const what = source.kind === "input" ? `input "${source.input.name}"` : source.kind;
      return `Cannot read ${what} from "${shown}": ${state}`;
    }
  }

  #durations(): Float64Array {
    const known = this.store.durations(this.id);
    return Float64Array.from(this.graph.defs, (def) => known.get(def.name) ?? 1);
  }

  #limits(jobs: number, memoryBytes: number | undefined): Limits {
    return { cpus: jobs, memoryBytes: memoryBytes ?? totalmem(), pools: this.workflow.pools };
  }

  // ---- foresight -------------------------------------------------------------------------------

  /** Decides what a run would do with a node whose upstreams were foreseen before; fills in its result on a hit. */
  #foresee(
    id: NodeId,
    forced: ReadonlySet<number>,
  ): { verdict: PlanEntry["verdict"]; prepared?: Prepared } {
    const { upStarts, ups, defs } = this.graph;
    if (!defs[id].enabled) return { verdict: "skip" };
    for (let e = upStarts[id]; e < upStarts[id + 1]; e++) {
      if (this.#results[ups[e]] === undefined) return { verdict: "unknown" };
    }
    let prepared: Prepared;
    try {
      prepared = this.#rebuild.prepare(id);
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      return { verdict: "run" };
    }
    this.#results[id] = undefined;
    if (forced.has(id) || !isCached(defs[id])) return { verdict: "run", prepared };
    const outputs = this.#stored(id, this.store.lookup(prepared.key));
    if (outputs === undefined) return { verdict: "run", prepared };
    this.#results[id] = outputs;
    return { verdict: "hit", prepared };
  }

  #stored(id: NodeId, result: ActionResult | undefined): OutputResult[] | undefined {
    const def = this.graph.defs[id];
    if (result === undefined) return undefined;
    if (typeof def.cache === "object") {
      const endedAt = result.usage.startedAt + result.usage.wallMs;
      if (endedAt + def.cache.ttlMs < Date.now()) return undefined;
    }
    const outputs = alignOutputs(def, result.outputs);
    const isWhole = outputs?.every(({ text, digest }) =>
      text !== undefined || this.store.blobs.has(digest)
    );
    return isWhole === true ? outputs : undefined;
  }

  #reason(
    id: NodeId,
    verdict: PlanEntry["verdict"],
    prepared: Prepared | undefined,
    forced: ReadonlySet<number>,
  ): string {
    if (verdict === "hit") return "up to date";
    if (verdict === "skip") return "disabled";
    if (verdict === "unknown") return "an upstream runs first";
    if (forced.has(id)) return "forced";
    return this.#reasons(id, verdict, prepared).join("; ");
  }

  #reasons(id: NodeId, verdict: PlanEntry["verdict"], prepared: Prepared | undefined): string[] {
    const def = this.graph.defs[id];
    if (verdict === "skip") return ["disabled"];
    if (!isCached(def)) {
      return [def.cache === false ? "cache: false" : "its scope holds net, run or ffi: not cached"];
    }
    if (prepared === undefined) return ["an input cannot be read"];
    const known = this.store.material(prepared.key);
    if (known !== undefined) {
      const isExpired = typeof def.cache === "object";
      return [isExpired ? "its stored result is too old (ttl)" : "its stored bytes are gone"];
    }
    return this.#closestDifference(id, prepared) ?? ["never run before"];
  }

  /** Differences to the earlier key of this node that differs least, or `undefined` if there is none. */
  #closestDifference(id: NodeId, prepared: Prepared): string[] | undefined {
    const name = this.graph.defs[id].name;
    let best: string[] | undefined;
    for (const { key } of this.store.latestKeys(this.id, name, COMPARED_KEYS)) {
      if (key === prepared.key) continue;
      const lines = this.#difference(key, prepared);
      if (lines === undefined || lines.length === 0) continue;
      if (best === undefined || lines.length < best.length) best = lines;
    }
    return best;
  }

  #difference(key: Digest, now: { materialText: string; notes: unknown }): string[] | undefined {
    const before = this.store.material(key);
    if (before === undefined) return undefined;
    return explainDifference(
      { materialText: before.text, notes: (before.notes ?? {}) as RecordedNotes },
      { materialText: now.materialText, notes: (now.notes ?? {}) as RecordedNotes },
      (blob) => this.#readParts(blob),
    );
  }

  #readParts(blob: Digest): Record<string, string> | undefined {
    if (!isDigest(blob) || !this.store.blobs.has(blob)) return undefined;
    return JSON.parse(new TextDecoder().decode(this.store.blobs.read(blob)));
  }

  /** For a node that is up to date: since when, and what made it run the last time. */
  #history(id: NodeId, prepared: Prepared): string[] {
    const name = this.graph.defs[id].name;
    const result = this.store.lookup(prepared.key);
    const lines = [`up to date${result === undefined ? "" : ` since run ${result.run}`}`];
    const earlier = this.store.latestKeys(this.id, name, COMPARED_KEYS)
      .find(({ key }) => key !== prepared.key);
    const difference = earlier === undefined ? undefined : this.#difference(earlier.key, prepared);
    if (earlier === undefined || difference === undefined) {
      lines.push("it ran because it never ran before");
    } else {lines.push(
        `compared with run ${earlier.run}:`,
        ...difference.map((line) => `  ${line}`),
      );}
    return lines;
  }

  #latest(id: NodeId): OutputResult[] | undefined {
    const def = this.graph.defs[id];
    for (const { key } of this.store.latestKeys(this.id, def.name, COMPARED_KEYS)) {
      const outputs = this.#stored(id, this.store.lookup(key));
      if (outputs !== undefined) return outputs;
    }
    return undefined;
  }

  #findOutput(name: string): { id: NodeId; position: number } {
    const id = this.#targetOf(name);
    const { outputs, name: node } = this.graph.defs[id];
    const wanted = name.startsWith(`${node}.`) ? name.slice(node.length + 1) : name;
    const position = outputs.findIndex((output) => output.name === wanted);
    if (position >= 0) return { id, position };
    if (name === node && outputs.length === 1) return { id, position: 0 };
    throw new UsageError(
      outputs.length === 0
        ? `Node "${node}" has no outputs`
        : `Node "${node}" has ${outputs.length} outputs, none named "${wanted}"`,
      outputs.length === 0 ? {} : {
        hint: `name one: ${outputs.map((output) => `${node}.${output.name}`).join(", ")}`,
      },
    );
  }

  // ---- views -----------------------------------------------------------------------------------

  #fold(event: Event): void {
    const statuses = this.#statuses;
    if (statuses === undefined) return;
    switch (event.type) {
      case "hit":
      case "done":
      case "failed":
      case "skipped":
        statuses.set(event.node, event.type);
        break;
      case "started":
        statuses.set(event.node, "running");
        break;
      default:
    }
  }

  #lastStatuses(): Map<string, ViewNode["status"]> {
    const statuses = new Map<string, ViewNode["status"]>();
    const last = this.store.runs.latest(this.id);
    if (last === undefined) return statuses;
    for (const event of this.store.runs.events(last)) {
      switch (event.type) {
        case "hit":
        case "done":
        case "failed":
        case "skipped":
          statuses.set(event.node, event.type);
          break;
        default:
      }
    }
    return statuses;
  }

  #viewSource(source: Source, usedInputs: Set<string>): string | undefined {
    if (source.kind === "output") return this.graph.defs[source.node].name;
    if (source.kind !== "input") return undefined;
    usedInputs.add(source.input.name);
    return source.input.name;
  }
}

function parametersOf(
  code: CodeIndex,
  def: NodeDef,
): Parameters | { problem: string; hint?: string } {
  if (def.work.kind !== "call") return { kind: "none" };
  const { path, export: name, module } = def.work;
  try {
    return code.functionCode(path, name).parameters;
  } catch (error) {
    if (!(error instanceof CodeProblem)) throw error;
    const close = error.kind === "no-such-export" ? nearest(name, error.exports ?? []) : undefined;
    const hint = close === undefined ? error.hint : `did you mean "${module}#${close}"?`;
    return {
      problem: `Cannot use "${module}#${name}" for node "${def.name}": ${error.message}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

/** Declared inputs, and outputs that the command line replaces. */
function bindable(graph: Graph, texts: Readonly<Record<string, string>>): InputDef[] {
  const inputs = [...graph.workflow.inputs];
  const names = new Set(inputs.map((input) => input.name));
  for (const def of graph.defs) {
    for (const { name, kind } of def.outputs) {
      for (const known of [name, `${def.name}.${name}`]) {
        if (Object.hasOwn(texts, known) && !names.has(known)) {
          inputs.push({ name: known, kind });
          names.add(known);
        }
      }
    }
  }
  return inputs;
}

/** Sorted by place in the file; problems without a place first. */
function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics
    .map((diagnostic, i) => ({ diagnostic, at: diagnostic.span?.start ?? -1, i }))
    .sort((a, b) => a.at - b.at || a.i - b.i)
    .map(({ diagnostic }) => diagnostic);
}

/** Tells whether `stat` of single files shows everything that can make a node stale. */
function isMemorable(def: NodeDef, sources: readonly Source[]): boolean {
  return isCached(def) && typeof def.cache !== "object" && def.enabled &&
    def.scope.read.length === 0 &&
    def.outputs.every(({ kind }) => kind !== "dir") &&
    sources.every((source) =>
      source.kind !== "dir" && source.kind !== "glob" &&
      !(source.kind === "input" && source.input.kind === "dir")
    );
}

/** Names of the environment variables a node's key depends on. */
function variablesOf(def: NodeDef, sources: readonly Source[]): string[] {
  return [
    ...def.scope.env,
    ...Object.values(def.command?.env ?? {}).flatMap((v) => typeof v === "string" ? [] : [v.env]),
    ...sources.flatMap((source) => source.kind === "env" ? [source.name] : []),
  ];
}

function describeWork(def: NodeDef): string {
  const { work } = def;
  if (work.kind === "call") return `${work.module}#${work.export}`;
  const text = "argv" in work ? work.argv.join(" ") : work.script.trim().split("\n")[0];
  return text.length > 32 ? text.slice(0, 31) + "…" : text;
}

function flattenParams(params: Json, prefix = "params"): { path: string; value: Json }[] {
  if (params === null || typeof params !== "object" || Array.isArray(params)) {
    return [{ path: prefix, value: params }];
  }
  return Object.entries(params).flatMap(([key, value]) => flattenParams(value, `${prefix}.${key}`));
}
