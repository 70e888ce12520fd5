/**
 * One workflow, opened: everything the commands do with it. Puts the parts together; holds no rules of its own.
 * Does not know the command line's grammar or terminals. Long because the parts meet in one place.
 *
 * @module
 */

import { cpus, totalmem } from "node:os";
import type { OutputResult } from "./action.ts";
import { DefinitionError, type Diagnostic, InternalError, StoreError } from "./base/error.ts";
import { decodeValue } from "./base/value.ts";
import { bindInputs, type Bound } from "./bind.ts";
import { callName, parseCallName } from "./call_name.ts";
import {
  clean,
  type CleanContext,
  type CleanReport,
  type CleanRequest,
  countOrphans,
} from "./clean.ts";
import { CodeIndex } from "./code/code.ts";
import type { EngineOptions } from "./engine_options.ts";
import type { Event } from "./event.ts";
import { CommandExecutor } from "./executor/command.ts";
import { executorSlots, placeNodes } from "./executors.ts";
import { HostPool } from "./executor/host_pool.ts";
import { Expander } from "./expand.ts";
import { type Explanation, Foresight, type PlanEntry } from "./foresight.ts";
import { forgetResults, namesToForget, workflowId } from "./forget.ts";
import type { Graph, Grower, NodeId } from "./graph.ts";
import { HookRunner } from "./hook_runner.ts";
import { LeftOuts } from "./left_out.ts";
import { type LabelledOutput, labelledOutput } from "./labelled_output.ts";
import { type Mapped, parseMapTexts, refuseAdded } from "./map_over.ts";
import { checkShapes, selectPart } from "./map_shapes.ts";
import { checkPresence } from "./presence.ts";
import { Rebuild } from "./rebuild.ts";
import type { GraphView, ViewStatus } from "./report/view.ts";
import { failureKeeper } from "./keep_failure.ts";
import { Replay, type ReplayRequest } from "./replay.ts";
import { remember } from "./remember.ts";
import { RunLoop } from "./run.ts";
import type { PartRequest, RunOutcome, RunRequest } from "./run_request.ts";
import { Schedule, STATE } from "./schedule.ts";
import { Secrets } from "./secrets.ts";
import {
  checkStored,
  selectNodes,
  selectorsOf,
  type SelectRequest,
  withLeftOut,
} from "./select.ts";
import type { Limits } from "./slots.ts";
import type { RunRecord } from "./store/run_record.ts";
import type { RunError, RunLog } from "./store/runs.ts";
import { Store } from "./store/store.ts";
import { type OutputContext, readOutput, type StoredOutput } from "./stored_output.ts";
import { Structure } from "./structure.ts";
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
import { Verification } from "./verification.ts";
import { bindable, wireWorkflow } from "./wiring.ts";
import type { InputDef, Workflow } from "./workflow.ts";

/** Records of runs that one workflow keeps, unless a run says otherwise. */
const KEEP_RUNS = 50;

/** A workflow with its graph and its store. */
export class Engine implements AsyncDisposable {
  readonly workflow: Workflow;
  /** As it was loaded, without the axes that the command line adds. */
  readonly written: Workflow;
  readonly graph: Graph;
  readonly store: Store;
  readonly warnings: readonly Diagnostic[];
  readonly #code: CodeIndex;
  readonly #bound: Map<string, Bound>;
  /** Nodes that cannot have the axes that were added. */
  readonly #refused: Mapped["refused"];
  readonly #options: EngineOptions;
  readonly #results: (readonly OutputResult[] | undefined)[];
  /** Value of an environment variable when it was first asked for. */
  readonly #env: (name: string) => string | undefined;
  readonly #rebuild: Rebuild;
  /** Started while the workflow was being opened; the first run takes it. */
  #warmPool: HostPool | undefined;
  readonly #targets: Targets;
  readonly #foresight: Foresight;
  #knownDurations: ReadonlyMap<string, number> | undefined;
  readonly #temps: Temps;
  readonly #expander: Expander;
  #knowsExpansions = false;
  /** States of the nodes of the run that this engine made. */
  #statuses: Map<string, ViewStatus> | undefined;

  private constructor(
    parts: {
      workflow: Workflow;
      written: Workflow;
      graph: Graph;
      grower: Grower;
      store: Store;
      warnings: readonly Diagnostic[];
      code: CodeIndex;
      bound: Map<string, Bound>;
      refused: Mapped["refused"];
    },
    options: EngineOptions,
  ) {
    this.workflow = parts.workflow;
    this.written = parts.written;
    this.graph = parts.graph;
    this.store = parts.store;
    this.warnings = parts.warnings;
    this.#code = parts.code;
    this.#bound = parts.bound;
    this.#refused = parts.refused;
    this.#warmPool = options.calls;
    this.#options = options;
    this.#results = new Array(parts.graph.size).fill(undefined);
    const env = new Map<string, string | undefined>();
    this.#env = (name) => {
      if (!env.has(name)) env.set(name, Deno.env.get(name));
      return env.get(name);
    };
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
      env: this.#env,
    });
    this.#temps = new Temps(`${parts.store.dir}/tmp/${parts.store.sessions.id}/temps`);
    this.#expander = new Expander(parts.graph, parts.grower);
    this.#targets = new Targets(parts.graph, parts.bound.keys());
    this.#foresight = new Foresight({
      graph: parts.graph,
      store: parts.store,
      rebuild: this.#rebuild,
      workflow: this.id,
      results: this.#results,
      expand: (id, { digest, text }) => {
        const read = () => decodeValue(text ?? parts.store.blobs.read(digest));
        return !("problem" in this.#expander.expand(id, digest, read));
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
          get: (digest) => opened.analyses.get(digest),
          set: (digest, text) => opened.analyses.set(digest, text),
        },
      });
      const texts = options.inputs ?? {};
      const given = Object.keys(texts);
      const map = parseMapTexts(options.map ?? []);
      const placed = placeNodes(workflow, options.placement ?? {});
      const wired = wireWorkflow(placed, diagnostics, code, { given, map });
      const { graph } = wired;
      const bound = await bindInputs(bindable(graph, texts), texts, {
        cwd: options.cwd,
        workflowDir: workflow.dir,
        spoolDir: () => opened.sessionDir,
        stdin: options.stdin ?? new Blob([]).stream(),
      });
      const wrong = checkShapes({ graph, bound });
      if (wrong.length > 0) throw new DefinitionError(wrong);
      const workflows = { workflow: graph.workflow, written: workflow };
      return new Engine({ ...workflows, ...wired, store, code, bound }, options);
    } catch (error) {
      store?.close();
      await options.calls?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Identity of the workflow in its store. */
  get id(): string {
    return workflowId(this.store.dir, this.workflow.file);
  }

  /** Runs the targets and everything upstream of them that is not up to date. */
  async run(request: RunRequest): Promise<RunOutcome> {
    const startedAt = Date.now();
    // A name that is not in the file may be that of a node that another one returned.
    if (selectorsOf(request).length > 0) this.#expandKnown();
    const selection = selectNodes(this.graph, this.#targets, request);
    const { wanted, leftOut } = selection;
    const forced = new Set(selection.forced);
    if (request.deliver !== undefined && !this.#targets.isPromise(request.deliver)) {
      const { id, position } = this.#targets.output(request.deliver);
      if (this.graph.defs[id].outputs[position].temp) forced.add(id);
    }
    const forget = this.#toForget(request.forget);
    const jobs = Math.max(1, request.jobs ?? cpus().length);
    const schedule = new Schedule(
      this.graph,
      { durations: this.#priorities(), seed: request.seed ?? 0 },
    );
    schedule.want(wanted);
    const { graph } = this;
    refuseAdded(graph, this.#refused, wanted);
    const partial = selectPart({ graph, bound: this.#bound }, wanted, request.slices);
    checkPresence({ graph, bound: this.#bound, cwd: this.#options.cwd }, wanted);
    this.#rebuild.preload(wanted);
    this.store.preload(wanted.size);
    const rerun = [...wanted].filter((id) =>
      forced.has(id) || forget.includes(graph.defs[id].name)
    );
    checkStored(graph, selection, this.#foresight.outlook(wanted, new Set(rerun)));
    if (forget.length > 0) request.onForgotten?.(forgetResults(this.store, this.id, forget));
    const record = this.store.runs.begin(this.id);
    const statuses = new Map<string, ViewStatus>();
    this.#statuses = statuses;
    const tell = (event: Event): void => {
      noteStatus(statuses, event);
      record.append(event);
      request.onEvent(event);
    };
    const never = new AbortController().signal;
    await using hooks = this.#hooks(record, tell, request.kill ?? never);
    const emit = (event: Event): void => {
      tell(event);
      hooks.onEvent(event);
    };
    emit({
      v: 1,
      time: startedAt,
      type: "begin",
      run: record.id,
      workflow: this.workflow.name,
      nodes: wanted.size + leftOut.size,
      jobs,
    });
    for (const [id, { because, why }] of leftOut) {
      const node = graph.defs[id].name;
      emit({ v: 1, time: Date.now(), type: "skipped", node, because, why });
    }
    const { shared } = this.#options;
    await using calls = shared?.calls() ?? await this.#pool(jobs);
    const { blobs } = this.store;
    await using commands = new CommandExecutor({ blobs });
    const verification = request.verify === true
      ? new Verification({ graph, blobs, onEvent: emit, now: Date.now })
      : undefined;
    const executors = { call: calls, run: commands };
    const loop = new RunLoop({
      run: record.id,
      workflow: this.id,
      graph: this.graph,
      schedule,
      rebuild: this.#rebuild,
      store: this.store,
      executors: verification?.around(executors) ?? executors,
      results: this.#results,
      expander: this.#expander,
      durations: () => this.#priorities(),
      limits: this.#limits(jobs, request.memoryBytes),
      ...shared === undefined ? {} : { slots: shared.slots },
      forced,
      stored: selection.stored,
      partial,
      leftOut,
      failFast: request.failFast ?? false,
      privateDir: this.store.sessionDir,
      temps: this.#temps,
      logDir: record.logDir,
      graceMs: request.graceMs ?? 10_000,
      onEvent: emit,
      reportFailure: failureKeeper({
        ...{ record, graph, blobs, temps: this.#temps, rebuild: this.#rebuild, workflow: this.id },
        ...{ env: this.#env, now: Date.now, onEvent: emit },
      }),
      now: Date.now,
      stop: request.stop ?? never,
      kill: request.kill ?? never,
      drain: request.drain ?? never,
    });
    request.onRunning?.(loop);
    const looped = await loop.run();
    this.#knowsExpansions = true;
    const ended = verification?.judge(looped) ?? looped;
    const { outcome } = ended;
    const counts = { ...ended.counts, skipped: ended.counts.skipped + leftOut.size };
    await hooks.end({ outcome, counts, wallMs: Date.now() - startedAt });
    const wallMs = Date.now() - startedAt;
    emit({ v: 1, time: Date.now(), type: "end", run: record.id, wallMs, ...ended, counts });
    if (request.memo !== undefined && outcome === "ok") {
      const isWanted = (id: number) => schedule.stateOf(id) !== STATE.unknown;
      remember(this.store.dir, graph, [...graph.defs.keys()].filter(isWanted), {
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
    this.store.runs.retain(this.id, Math.max(1, request.keepRuns ?? KEEP_RUNS));
    const orphans = outcome === "ok" ? countOrphans(this.#cleanContext()) : 0;
    return { run: record.id, outcome, counts, wallMs, orphans };
  }

  /** Says what a run would do, without running anything; nodes upstream first. */
  plan(request: PartRequest): PlanEntry[] {
    this.#expandKnown();
    const { graph } = this;
    const selection = selectNodes(graph, this.#targets, request);
    const { wanted, leftOut, forced } = selection;
    refuseAdded(graph, this.#refused, wanted);
    const part = selectPart({ graph, bound: this.#bound }, wanted, request.slices);
    checkStored(graph, selection, this.#foresight.outlook(wanted, forced));
    return withLeftOut(graph, this.#foresight.plan(wanted, forced, part), leftOut);
  }

  /**
   * Removes published files that no node publishes any more; see `clean.ts`.
   *
   * @throws {FlowError} If a run of the workflow is going on.
   * @throws {StoreError} If something cannot be removed.
   */
  clean(request: CleanRequest): CleanReport {
    this.#expandKnown();
    // How many files a map node has now is known of its result.
    const ids = [...this.graph.defs.keys()] as NodeId[];
    const makers = ids.filter((id) => this.graph.defs[id].map !== undefined);
    this.#foresight.foresee(this.#targets.closure(makers), { withErrors: true });
    return clean(this.#cleanContext(), request);
  }

  /**
   * Says before a run whether it can be asked for; looks at names only.
   *
   * @throws {UsageError} If a name means nothing.
   */
  check(request: SelectRequest & { readonly deliver?: string }): void {
    if (selectorsOf(request).length > 0 || request.deliver !== undefined) this.#expandKnown();
    selectNodes(this.graph, this.#targets, request);
    if (request.deliver !== undefined) this.#targets.output(request.deliver);
  }

  /** Explains why a node would run, or why it last ran. */
  why(name: string): Explanation {
    this.#expandKnown();
    const id = this.#targets.node(name);
    const { why } = new LeftOuts(this.graph, new Set()).reasonOf(id) ?? {};
    if (why !== undefined) return { node: this.graph.defs[id].name, verdict: "skip", lines: [why] };
    return this.#foresight.why(id, this.#targets.closure([id]));
  }

  /** The graph as it is drawn, if wanted only a part of it, and with what became of each node. */
  view(options: { status?: boolean; selectors?: readonly string[] } = {}): GraphView {
    this.#expandKnown();
    const statuses = options.status === true ? this.#statuses ?? this.#lastStatuses() : new Map();
    return viewGraph(this.graph, statuses, this.#targets.part(options.selectors));
  }

  /**
   * The shape of the graph, or of a part of it.
   *
   * @param selectors What it is about, with what that needs; empty means all.
   * @throws {UsageError} If a selector means nothing.
   */
  structure(selectors: readonly string[] = []): Structure {
    this.#expandKnown();
    return new Structure(this.graph, this.#targets, selectors);
  }

  /**
   * Nodes with their inputs and outputs, in the order of the file.
   *
   * @param selectors What is listed, with what it needs; empty means all.
   * @throws {UsageError} If a selector means nothing.
   */
  list(selectors: readonly string[] = []): ListEntry[] {
    this.#expandKnown();
    return listNodes(this.graph, this.#targets.part(selectors));
  }

  /**
   * Finds an output: of the run that just ended, else the stored one.
   *
   * @param name Output, node with one output, or `node.output`.
   * @param options `partial`: of a map node that is not over what its calls have delivered.
   * @throws {UsageError} If there is no such output or nothing is stored.
   */
  output(name: string, options: { readonly partial?: boolean } = {}): StoredOutput {
    return readOutput(this.#outputs(), name, options);
  }

  /**
   * Tells whether the run that just ended made an output, perhaps with error values in it.
   *
   * @param name As of `output`.
   * @throws {UsageError} If there is no such output.
   */
  isMade(name: string): boolean {
    const { id } = this.#targets.output(name);
    const { name: node, onError } = this.graph.defs[id];
    const status = this.#statuses?.get(node);
    // What stands for the outputs of a node that failed and goes on.
    const isStoodIn = (status === "failed" || status === "skipped") && onError !== "fail";
    return status === "done" || status === "hit" ||
      (isStoodIn && this.#results[id] !== undefined);
  }

  /**
   * Finds an output as `output` does, or with `node.*` all outputs of a node, with the names of its axes and labels.
   *
   * @throws {UsageError} If there is no such output, nothing is stored, or it is a file.
   */
  labelled(name: string, options: { readonly partial?: boolean } = {}): LabelledOutput {
    return labelledOutput(this.#outputs(), name, options);
  }

  /** Logs of the executions of a node and its calls, or of one call, newest run first. */
  log(name: string): RunLog[] {
    return this.store.runs.logsOf(this.id, this.#callNamed(name));
  }

  /** Reports of the failures of a node and its calls, or of one call, newest run first. */
  errors(name: string): RunError[] {
    return this.store.runs.errorsOf(this.id, this.#callNamed(name));
  }

  /**
   * Makes a node or call ready to run once more.
   *
   * @param name Node or output, of a map node with a position: `ys[3]`.
   * @throws {UsageError} If there is no such call, or its inputs are not stored.
   */
  replay(name: string): Replay {
    this.#expandKnown();
    return new Replay({
      ...{ graph: this.graph, store: this.store, targets: this.#targets, temps: this.#temps },
      ...{ results: this.#results, foresight: this.#foresight, rebuild: this.#rebuild },
      ...{ workflow: this.id, run: "" },
      failedCalls: (node) => this.#failedCalls(node),
    }, name);
  }

  /** Runs a replay to its end; `onOutput` gets what it prints. */
  async runReplay(
    replay: Replay,
    onOutput: ReplayRequest["onOutput"],
  ): ReturnType<Replay["run"]> {
    await using call = await this.#pool(1);
    await using run = new CommandExecutor({ blobs: this.store.blobs });
    return await replay.run({ executors: { call, run }, onOutput });
  }

  /** Names of the calls of a node that failed in its newest run. */
  #failedCalls(node: string): string[] {
    const [newest, ...older] = this.store.runs.errorsOf(this.id, node);
    if (newest === undefined) return [];
    return [newest, ...older].filter(({ run, name }) => run === newest.run && name !== node)
      .map(({ name }) => name);
  }

  /** Name of the node or call that an output or node, perhaps with a position, means. */
  #callNamed(text: string): string {
    const { node: name, index } = parseCallName(text);
    this.#expandKnown();
    const node = this.graph.defs[this.#targets.node(name)].name;
    return callName({ node, ...(index === undefined ? {} : { index }) });
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

  /** Lets the graph grow by what up-to-date nodes returned, as far as that is stored. Runs nothing. */
  #expandKnown(): void {
    if (this.#knowsExpansions) return;
    this.#knowsExpansions = true;
    const isMaker = (id: number) => this.graph.defs[id].expand !== undefined;
    for (let size = 0; size < this.graph.size;) {
      size = this.graph.size;
      const makers = [...this.graph.defs.keys()].filter(isMaker);
      if (makers.length === 0) return;
      this.#foresight.foresee(this.#targets.closure(makers as NodeId[]));
    }
  }

  #cleanContext(): CleanContext {
    return {
      graph: this.graph,
      bound: this.#bound,
      store: this.store,
      workflow: this.id,
      code: [this.workflow.file, ...this.#code.dependencies()],
      isExpanded: (id) => this.#expander.isExpanded(id),
      shapesOf: (id, output) => this.#shapesOf(id, output),
    };
  }

  /** Shapes of an array of files: as it is up to date, and as it was delivered last. */
  #shapesOf(id: NodeId, output: number): readonly (readonly number[])[] {
    const results = [this.#results[id]?.[output], this.#foresight.latest(id)?.[output]];
    return results.flatMap((result) => {
      try {
        return result?.kind === "files" ? [this.#rebuild.shapeOf(id, result)] : [];
      } catch (error) {
        // What cannot be read is not known.
        if (error instanceof StoreError) return [];
        throw error;
      }
    });
  }

  /** Where outputs are looked for: they may be of nodes that others returned, or take something of one. */
  #outputs(): OutputContext {
    this.#expandKnown();
    return {
      ...{ graph: this.graph, store: this.store, temps: this.#temps, targets: this.#targets },
      ...{ results: this.#results, foresight: this.#foresight, rebuild: this.#rebuild },
    };
  }

  /** Names of the nodes whose results are to be dropped. */
  #toForget(selectors: readonly string[] = []): string[] {
    const select = (text: string) => this.#targets.names(text);
    return namesToForget(selectors, { stored: this.store.nodeNames(this.id), select });
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

  /** What runs the hooks of one run. */
  #hooks(
    { id: run, logDir }: RunRecord,
    tell: (event: Event) => void,
    kill: AbortSignal,
  ): HookRunner {
    const { graph, store: { blobs, dir, sessionDir } } = this;
    const command = this.#options.hostCommand;
    const secrets = new Secrets(graph, this.#env);
    return new HookRunner({
      ...{ run, graph, logDir, kill, privateDir: sessionDir },
      start: (kind) =>
        kind === "call"
          ? new HostPool({ slots: 1, command, blobsDir: dir })
          : new CommandExecutor({ blobs }),
      action: (def, inputs, frame) => this.#rebuild.actionOf(def, inputs, frame),
      resultOf: (id) => this.#results[id],
      publishedPath: (id, output) => this.#rebuild.publishedPath(id, output),
      redact: (text) => secrets.redactor.text(text),
      warn: (message, node) => {
        const named = node === undefined ? {} : { node };
        tell({ v: 1, time: Date.now(), type: "warning", code: "hook", message, ...named });
      },
    });
  }

  #limits(jobs: number, memoryBytes: number | undefined): Limits {
    const { pools } = this.workflow;
    const executors = executorSlots(this.workflow);
    return { cpus: jobs, memoryBytes: memoryBytes ?? totalmem(), pools, executors };
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
