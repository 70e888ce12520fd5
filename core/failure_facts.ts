/**
 * Everything that is known of a node that failed, as plain data: what it is, what it took, what it said. Values of
 * environment variables never get in. Does not know how it is laid out, or where it is kept.
 *
 * @module
 */

import { relative } from "node:path";
import type { ActionInput, FailureReason } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { FlowError } from "./base/error.ts";
import { formatPlace } from "./base/source.ts";
import { ActionBytes } from "./executor/action_bytes.ts";
import { CommandFailure, planCommand } from "./executor/command_plan.ts";
import { FillError } from "./executor/shell.ts";
import type { Graph, NodeId, Wire } from "./graph.ts";
import type { Rebuild } from "./rebuild.ts";
import type { FailedNode } from "./run_context.ts";
import { Secrets, variablesOf } from "./secrets.ts";
import { describeSource } from "./sources.ts";
import type { Blobs } from "./store/blobs.ts";
import { type LogTail, tailOf } from "./store/log_tail.ts";
import type { Temps } from "./temps.ts";

/** What of a failure is kept, as JSON data. Times are ISO texts. */
export interface FailureFacts {
  readonly v: 1;
  readonly run: string;
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  readonly node: string;
  /** Position of the call of a map node; absent for a whole node. */
  readonly index?: readonly number[];
  /** Place in the workflow file, `file:line:col`. */
  readonly place?: string;
  readonly description?: string;
  /** Module and export of a function. */
  readonly function?: string;
  readonly command?: CommandFacts;
  readonly key?: Digest;
  /** 0: it was not started. */
  readonly attempt: number;
  readonly startedAt?: string;
  readonly failedAt: string;
  readonly wallMs?: number;
  readonly cpuMs?: number;
  readonly maxRssBytes?: number;
  readonly reason: FailureReason;
  readonly message: string;
  readonly hint?: string;
  readonly exitCode?: number;
  readonly stack?: string;
  readonly inputs: readonly InputFacts[];
  /** Nodes whose outputs it takes, or that must be done before. */
  readonly upstreams: readonly string[];
  /** Names of the environment variables it may see. */
  readonly environment: readonly string[];
  readonly stdout?: LogTail;
  readonly stderr?: LogTail;
  /** What the key was made of, and notes for people: what `flow diff` compares. */
  readonly material?: object;
  readonly notes?: object;
}

/** A command. */
export interface CommandFacts {
  /** With the values filled in, or as written if they cannot be; outputs under their published names. */
  readonly argv: readonly string[];
  readonly isFilled: boolean;
  /** Variables that hold the values of a script's references. */
  readonly variables: Readonly<Record<string, string>>;
}

/** One argument. */
export interface InputFacts {
  readonly name: string;
  /** As `flow ls` says it. */
  readonly source: string;
  /** Absent when the inputs could not be read. */
  readonly kind?: ActionInput["kind"];
  readonly digest?: Digest;
  readonly sizeBytes?: number;
  /** A value as JSON text, perhaps only its beginning. */
  readonly text?: string;
  readonly isCut?: boolean;
  /** Files: relative to the workflow where they are inside its directory. */
  readonly paths?: readonly string[];
  readonly shape?: readonly number[];
  /** Output that `flow show` prints in full. */
  readonly output?: string;
}

/** What the facts are taken from. */
export interface FactsContext {
  readonly run: string;
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  readonly graph: Graph;
  readonly rebuild: Rebuild;
  readonly blobs: Blobs;
  readonly temps: Temps;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Value of an environment variable at the start of the run. */
  env(name: string): string | undefined;
}

/** Characters of a value or of a word of a command that are kept. */
const TEXT_CHARS = 300;
/** Files of a glob that are named. */
const MAX_PATHS = 20;
/** First byte of a stored value that is no JSON text. */
const CONTAINER_BYTE = 0x93;

/** What a command that cannot be filled throws. */
const UNFILLED = [FillError, CommandFailure, FlowError] as const;

const utf8 = new TextEncoder();

/** Collects facts; one instance serves one run. */
export class FailureFactsOf {
  readonly #c: FactsContext;
  readonly #secrets: Secrets;

  constructor(context: FactsContext) {
    this.#c = context;
    this.#secrets = new Secrets(context.graph, context.env);
  }

  /**
   * Returns what is known of a node that failed.
   *
   * @throws {StoreError} If its logs cannot be read.
   */
  collect(failed: FailedNode): FailureFacts {
    const { graph, run, workflow, now } = this.#c;
    const { id, index, failure, attempt, usage, prepared, logPath } = failed;
    // What the key was made of is that of the node.
    const whole = index === undefined ? prepared : undefined;
    const def = graph.defs[id];
    const { redactor } = this.#secrets;
    const redact = (text: string): string => redactor.text(text);
    const span = graph.workflow.locate(["nodes", def.name], "key");
    const { stack, hint, exitCode } = failure;
    return {
      v: 1,
      run,
      workflow,
      node: def.name,
      ...given("index", index),
      ...given("place", span && formatPlace(span)),
      ...given("description", def.description),
      ...this.#work(failed, redact),
      ...given("key", prepared?.isOpen ? undefined : prepared?.key),
      attempt,
      ...(usage === undefined ? {} : measured(usage)),
      failedAt: new Date(now()).toISOString(),
      reason: failure.reason,
      message: redact(failure.message),
      ...given("hint", hint && redact(hint)),
      ...given("exitCode", exitCode),
      ...given("stack", stack && redact(stack)),
      inputs: graph.wires[id].map((wire, at) => this.#input(wire, prepared?.inputs[at], redact)),
      upstreams: this.#upstreams(id),
      environment: variablesOf(def),
      ...given("stdout", logPath && tailOf(`${logPath}.stdout`, redact)),
      ...given("stderr", logPath && tailOf(`${logPath}.stderr`, redact)),
      ...given("material", whole && redactor.data(JSON.parse(whole.materialText))),
      ...given("notes", whole && redactor.data(whole.notes)),
    };
  }

  #work(failed: FailedNode, redact: (text: string) => string): Partial<FailureFacts> {
    const { work } = this.#c.graph.defs[failed.id];
    if (work.kind === "call") return { function: `${work.module}#${work.export}` };
    const filled = this.#fill(failed);
    const { argv, variables } = filled ?? {
      argv: "argv" in work ? work.argv : [work.shell, work.script],
      variables: {},
    };
    const shown = (text: string): string => cut(redact(text)).text;
    return {
      command: {
        // The script itself stays whole.
        argv: argv.map((word, at) =>
          "script" in work && at === argv.length - 1 ? redact(word) : shown(word)
        ),
        isFilled: filled !== undefined,
        variables: Object.fromEntries(
          Object.entries(variables).map(([name, value]) => [name, shown(value)]),
        ),
      },
    };
  }

  /** The command as it was started, but for private paths: they are gone, and say nothing. */
  #fill({ id, prepared, attempt, logPath = "" }: FailedNode):
    | { argv: readonly string[]; variables: Readonly<Record<string, string>> }
    | undefined {
    const { graph: { workflow, defs }, rebuild, blobs, temps } = this.#c;
    if (prepared === undefined) return undefined;
    const frame = { id: 0, attempt, privateDir: workflow.dir, logPath };
    try {
      const action = rebuild.action(id, prepared, frame);
      const { work } = action;
      if (work.kind !== "run") return undefined;
      const outputs = action.outputs.map((output, at) => {
        const { path } = defs[id].outputs[at];
        return path === undefined ? output : { ...output, fileName: path };
      });
      return planCommand(
        { ...action, work, outputs },
        new ActionBytes(blobs, { tempsDir: temps.dir }),
      );
    } catch (error) {
      // That it cannot be filled is what failed, or else the store is damaged: it is shown as written.
      if (UNFILLED.some((kind) => error instanceof kind)) return undefined;
      throw error;
    }
  }

  #input(
    { argument, source }: Wire,
    input: ActionInput | undefined,
    redact: (text: string) => string,
  ): InputFacts {
    const { graph } = this.#c;
    const facts = { name: argument, source: describeSource(source, graph) };
    if (input === undefined) return facts;
    if (source.kind === "env") return { ...facts, kind: input.kind };
    const output = source.kind === "output" ? { output: describeSource(source, graph) } : {};
    return { ...facts, kind: input.kind, ...this.#content(input, redact), ...output };
  }

  #content(input: ActionInput, redact: (text: string) => string): Partial<InputFacts> {
    switch (input.kind) {
      case "value": {
        const { digest, text } = input;
        const path = this.#blobsOf(digest).pathOf(digest);
        const beginning = text ?? this.#beginning(digest);
        const shown = beginning === undefined ? undefined : cut(redact(beginning));
        const isCut = shown === undefined || shown.isCut;
        return {
          digest,
          ...given("sizeBytes", text === undefined ? sizeOf(path) : utf8.encode(text).length),
          ...given("text", shown?.text),
          ...(isCut ? { isCut } : {}),
        };
      }
      case "file":
      case "dir": {
        const sizeBytes = input.kind === "file" ? sizeOf(input.path) : undefined;
        const { digest } = input;
        return { digest, ...given("sizeBytes", sizeBytes), paths: [this.#shown(input.path)] };
      }
      case "files": {
        const paths = input.paths.slice(0, MAX_PATHS).map((path) => this.#shown(path));
        return { paths, ...(input.paths.length > MAX_PATHS ? { isCut: true } : {}) };
      }
      case "array":
        return { shape: input.shape };
      default:
        return input satisfies never;
    }
  }

  /** The beginning of a large value, if it is JSON text and can be read. */
  #beginning(digest: Digest): string | undefined {
    try {
      for (const block of this.#blobsOf(digest).blocks(digest)) {
        return block[0] === CONTAINER_BYTE ? undefined : new TextDecoder().decode(block);
      }
    } catch (error) {
      // What is wrong with the store is not what failed here.
      if (!(error instanceof FlowError)) throw error;
    }
    return undefined;
  }

  #blobsOf(digest: Digest): Blobs {
    const { blobs, temps } = this.#c;
    return temps.blobs.has(digest) ? temps.blobs : blobs;
  }

  #shown(path: string): string {
    const { dir } = this.#c.graph.workflow;
    return path.startsWith(`${dir}/`) ? relative(dir, path) : path;
  }

  #upstreams(id: NodeId): string[] {
    const { ups: { starts, targets }, defs } = this.#c.graph;
    return [...targets.subarray(starts[id], starts[id + 1])].map((up) => defs[up].name);
  }
}

function measured(
  { startedAt, wallMs, cpuMs, maxRssBytes }: NonNullable<FailedNode["usage"]>,
): Partial<FailureFacts> {
  return {
    startedAt: new Date(startedAt).toISOString(),
    wallMs,
    ...given("cpuMs", cpuMs),
    ...given("maxRssBytes", maxRssBytes),
  };
}

/** A member, or none where there is nothing to say. */
function given<K extends string, T>(
  name: K,
  value: T | undefined | "",
): { readonly [name in K]?: T } {
  return value === undefined || value === "" ? {} : { [name]: value } as { [name in K]: T };
}

function cut(text: string): { text: string; isCut: boolean } {
  const isCut = text.length > TEXT_CHARS;
  return { text: isCut ? `${text.slice(0, TEXT_CHARS)}…` : text, isCut };
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch {
    // It is gone: that is said elsewhere.
    return undefined;
  }
}
