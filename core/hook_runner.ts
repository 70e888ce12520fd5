/**
 * Runs hooks, one after the other, beside the nodes: in a host process of their own, so that no node waits for one. One that
 * fails is a warning. Does not know why nodes ran, nor what hooks do.
 *
 * @module
 */

import type { Action, ActionInput, Completion, Failure, OutputResult } from "./action.ts";
import type { ActionFrame } from "./assemble.ts";
import { digestOf } from "./base/digest.ts";
import { messageOf } from "./base/error.ts";
import { decodeValue, encodedBytes, encodeValue } from "./base/value.ts";
import type { Counts, DoneEvent, Event, FailedEvent } from "./event.ts";
import type { Executor } from "./executor/executor.ts";
import type { Graph, NodeId } from "./graph.ts";
import { describeHook, factsOf, hookNode, WHOLE_EVENT, wordOf } from "./hooks.ts";
import { takenOf } from "./taken.ts";
import type { HookDef, NodeDef } from "./workflow.ts";

/** What hooks need of the run. */
export interface HookContext {
  readonly run: string;
  readonly graph: Graph;
  /** Starts what runs functions and commands, when the first hook needs it; ends with the hooks. */
  readonly start: (kind: "call" | "run") => Executor;
  readonly action: (def: NodeDef, inputs: readonly ActionInput[], frame: ActionFrame) => Action;
  /** Outputs of a node that is done. */
  readonly resultOf: (id: NodeId) => readonly OutputResult[] | undefined;
  readonly publishedPath: (id: NodeId, output: number) => string | undefined;
  readonly privateDir: string;
  readonly logDir: string;
  readonly warn: (message: string, node?: string) => void;
  /** Takes secrets out of what was said in a failure: hooks carry it elsewhere. */
  readonly redact: (text: string) => string;
  /** Aborted: hooks are stopped at once, and no further one runs. */
  readonly kill: AbortSignal;
}

/** How a run ended. */
interface RunEnd {
  readonly outcome: "ok" | "failed" | "aborted";
  readonly counts: Counts;
  readonly wallMs: number;
}

/** Why a node failed that is done: it delivers error values. */
const ERRORS = "errors";

/** Code of the warning that says how many calls of a map node failed. */
const CALLS_FAILED = "calls-failed";

/** What is told of a failed node at the end of a run. */
interface ToldFailure {
  readonly node: string;
  readonly reason: string;
  readonly message: string;
}

/** Failed nodes that are told of at the end of a run. */
const MAX_FAILED = 100;

/** The hooks of one run. */
export class HookRunner implements AsyncDisposable {
  readonly #c: HookContext;
  readonly #executors = new Map<"call" | "run", Executor>();
  readonly #failures = new Map<string, { readonly hook: HookDef; count: number }>();
  readonly #failed: ToldFailure[] = [];
  /** Over when all hooks so far are. */
  #last: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(context: HookContext) {
    this.#c = context;
  }

  /** Takes every event of the run; the end of a node runs its hooks, sometime. */
  onEvent(event: Event): void {
    if (event.type === "warning" && event.code === CALLS_FAILED && event.node !== undefined) {
      this.#noteFailed({ node: event.node, reason: ERRORS, message: event.message });
    }
    if (event.type !== "done" && event.type !== "failed") return;
    // What becomes of one call says nothing of its node.
    if (event.type === "failed" && event.index !== undefined) return;
    if (event.type === "failed") this.#noteFailed(event);
    const { graph } = this.#c;
    const id = graph.idOf(event.node);
    const hooks = id === undefined ? undefined : graph.defs[id].hooks;
    if (id === undefined || hooks === undefined) return;
    const isGood = event.type === "done" && event.hasErrors !== true;
    const fitting = hooks.filter(({ when }) => when === "end" || (when === "success") === isGood);
    if (fitting.length > 0) this.#tell(fitting, this.#factsOfNode(id, event), event.node);
  }

  /** Waits for the hooks of nodes, then runs those of the run. */
  async end({ outcome, counts, wallMs }: RunEnd): Promise<void> {
    const { workflow: { name: workflow, hooks = [] } } = this.#c.graph;
    const isNews = outcome !== "ok" || counts.done > 0;
    const isFitting = ({ when }: HookDef): boolean =>
      when === "end" || (when === "success" ? outcome === "ok" : outcome === "failed");
    const { run } = this.#c;
    const facts = { run, workflow, outcome, counts, wallMs, failed: this.#failed };
    if (isNews) this.#tell(hooks.filter(isFitting), facts);
    await this.#last;
    for (const { hook, count } of this.#failures.values()) {
      if (count > 1) this.#c.warn(`Hook ${describeHook(hook)} failed ${count} times`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    for (const executor of this.#executors.values()) await executor[Symbol.asyncDispose]();
  }

  #noteFailed({ node, reason, message }: ToldFailure): void {
    if (this.#failed.length >= MAX_FAILED) return;
    this.#failed.push({ node, reason, message: this.#c.redact(message) });
  }

  #factsOfNode(id: NodeId, event: DoneEvent | FailedEvent): Record<string, unknown> {
    const { run, graph: { workflow } } = this.#c;
    const failure = this.#failureOf(event);
    return {
      ...{ run, workflow: workflow.name, node: event.node, usage: takenOf(event) },
      outcome: failure === null ? "done" : "failed",
      outputs: event.type === "done" ? this.#outputsOf(id) : {},
      failure,
    };
  }

  /** A node that delivers error values is done, but who is told of failures is told of it as one. */
  #failureOf(event: DoneEvent | FailedEvent): Record<string, unknown> | null {
    const { redact } = this.#c;
    if (event.type === "failed") {
      const { reason, message, hint } = event;
      return { reason, message: redact(message), hint: hint === undefined ? null : redact(hint) };
    }
    if (event.hasErrors !== true) return null;
    const own = this.#failed.find(({ node }) => node === event.node);
    return { reason: ERRORS, message: own?.message ?? "its outputs hold error values", hint: null };
  }

  /** By name: digest and size, of files the path, of small values the value. */
  #outputsOf(id: NodeId): Record<string, unknown> {
    const { resultOf, publishedPath } = this.#c;
    const outputs = (resultOf(id) ?? []).map(({ name, digest, sizeBytes, text }, position) => {
      const path = publishedPath(id, position);
      // A command sees JSON, which has no maps or dates.
      const isPlain = text !== undefined && !text.includes('"$flow"');
      const value = isPlain ? { value: decodeValue(text) } : {};
      return [name, { digest, sizeBytes, ...(path === undefined ? value : { path }) }] as const;
    });
    return Object.fromEntries(outputs);
  }

  #tell(hooks: readonly HookDef[], facts: Readonly<Record<string, unknown>>, node?: string): void {
    for (const hook of hooks) {
      this.#last = this.#last.then(() => this.#run(hook, facts, node));
    }
  }

  async #run(
    hook: HookDef,
    facts: Readonly<Record<string, unknown>>,
    node?: string,
  ): Promise<void> {
    const { kill, privateDir, logDir } = this.#c;
    if (kill.aborted) return;
    const id = ++this.#count;
    const logPath = `${logDir}/hook.${node === undefined ? "" : `${node}.`}${wordOf(hook)}`;
    const frame = { id, attempt: 1, privateDir: `${privateDir}/hook-${id}`, logPath };
    const inputs = factsOf(hook).map((name) =>
      inputOf(name, name === WHOLE_EVENT ? facts : facts[name])
    );
    let action: Action;
    try {
      action = this.#c.action(hookNode(hook), inputs, frame);
    } catch (error) {
      // A node that a node returned may have a hook whose function is not there.
      return this.#failedHook(hook, { message: messageOf(error) }, node);
    }
    const completion = await this.#execute(action);
    if (completion.kind === "done" || kill.aborted) return;
    this.#failedHook(hook, completion.failure, node);
  }

  #execute(action: Action): Promise<Completion> {
    const { kill } = this.#c;
    const executor = this.#executorOf(action.work.kind);
    const onKill = (): void => executor.abort(action.id, 0);
    kill.addEventListener("abort", onKill);
    return new Promise<Completion>((resolve) => executor.submit([action], resolve))
      .finally(() => kill.removeEventListener("abort", onKill));
  }

  #executorOf(kind: "call" | "run"): Executor {
    const known = this.#executors.get(kind) ?? this.#c.start(kind);
    this.#executors.set(kind, known);
    return known;
  }

  /** The first failure of a hook is told at once, the others are counted. */
  #failedHook(
    hook: HookDef,
    failure: Pick<Failure, "message" | "hint">,
    node?: string,
  ): void {
    const key = JSON.stringify(hook.at);
    const known = this.#failures.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    this.#failures.set(key, { hook, count: 1 });
    const after = node === undefined ? "" : ` after node "${node}"`;
    const hint = failure.hint === undefined
      ? ""
      : ` (${failure.hint.replaceAll("the node", "the hook")})`;
    const { warn, redact } = this.#c;
    warn(`Hook ${describeHook(hook)} failed${after}: ${redact(failure.message + hint)}`, node);
  }
}

function inputOf(name: string, value: unknown): ActionInput {
  const encoded = encodeValue(value ?? null);
  const bytes = encodedBytes(encoded);
  if (encoded.text === undefined) {
    throw new TypeError(`What a hook is told of "${name}" has no text`);
  }
  return { name, kind: "value", digest: digestOf(bytes), text: encoded.text };
}
