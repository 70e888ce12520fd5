/**
 * A host: the disposable process that executes actions of function nodes, one at a time, in workers it keeps warm.
 * Does not know the graph, keys, other hosts, or when an action has taken too long: its coordinator does, and kills it.
 *
 * Long because the state of a host is one: what waits, what runs and which workers live must be read in one piece.
 *
 * @module
 */

import {
  type Action,
  type ActionInput,
  type CallResult,
  type CallWork,
  type Completion,
  type DeliveredOutput,
  type Failure,
  INLINE_BYTES,
  type Usage,
} from "../action.ts";
import type { Digest } from "../base/digest.ts";
import { messageOf } from "../base/error.ts";
import type { ClosureBundle } from "../closure.ts";
import { Blobs } from "../store/blobs.ts";
import { ActionBytes } from "./action_bytes.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import { ActionFailure, collectFile, isFiles, outputPaths, stageFiles } from "./host_files.ts";
import { CallLogs, HostLog } from "./host_log.ts";
import { HostMemory } from "./host_memory.ts";
import type { FromHost, ToHost } from "./host_protocol.ts";
import { killGroup, runShell, ShellDenied } from "./host_shell.ts";
import { buffersOf, partOf, valueResult } from "./host_values.ts";
import { cpuNow, HostWatch, maxRssBytes } from "./host_watch.ts";
import { HostWorker } from "./host_worker.ts";
import { deniedHint, leakOf, permissionsOf } from "./scope.ts";
import type { FromWorker, Part, ThrownData, WorkerCall, WorkerResult } from "./worker_protocol.ts";

/** Workers kept per host; the least recently used one goes first. */
const MAX_WORKERS = 8;

/** Asking for the use of processor and memory costs microseconds: only worth it for actions that take longer. */
const QUICK_MS = 2;

/** How long completions are collected before they are reported, in milliseconds. */
const COLLECT_MS = 1;

/** An action whose code is `call`. */
type CallAction = Action & { readonly work: CallWork };

/** A worker with its private directory. */
interface Seat {
  readonly key: string;
  readonly worker: HostWorker;
  readonly dir: string;
  /** Whether `dir` is on disk. */
  hasDir: boolean;
}

/** The action that was handed to a worker. */
interface Running {
  readonly action: CallAction;
  readonly seat: Seat;
  readonly outPaths: Readonly<Record<string, string>>;
  readonly usesFiles: boolean;
  readonly log: HostLog;
  /** Of a batch: those of the calls that print. */
  readonly callLogs: CallLogs | undefined;
  readonly children: Set<number>;
  startedAt: number;
  isAborted: boolean;
}

/**
 * Runs a host: reads frames from stdin, writes frames to stdout, ends when stdin does.
 *
 * The main thread never runs code of nodes and never waits for them, so it can always end the process.
 */
export async function hostMain(): Promise<never> {
  // Ctrl-C reaches the whole process group; what it means is for the coordinator to say.
  Deno.addSignalListener("SIGINT", () => {});
  const reader = new FrameReader("");
  let host: Host | undefined;
  try {
    for await (const chunk of Deno.stdin.readable) {
      for (const message of reader.push(chunk) as ToHost[]) {
        if (message.kind === "setup") {
          host = new Host(new Blobs(message.blobsDir), frameWriter(message.token));
        } else host?.take(message);
      }
    }
  } catch (error) {
    console.error(messageOf(error));
  }
  // `Deno.exit` also ends workers that loop for ever.
  host?.close();
  Deno.exit(0);
}

function frameWriter(token: string): (message: FromHost) => void {
  return (message) => {
    let rest: Uint8Array = encodeFrame(message, token);
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  };
}

/** The state of a host: what is queued, what runs, which workers there are. */
class Host {
  readonly #blobs: Blobs;
  readonly #write: (message: FromHost) => void;
  readonly #bundles = new Map<Digest, ClosureBundle>();
  /** Least recently used first. */
  readonly #seats = new Map<string, Seat>();
  readonly #dirs = new Set<string>();
  #queue: CallAction[] = [];
  #running: Running | undefined;
  #seatCount = 0;
  #completions: Completion[] = [];
  #started: number[] = [];
  #reportTimer: ReturnType<typeof setTimeout> | undefined;
  #cpuMs = cpuNow();
  readonly #watch = new HostWatch(
    (id) => this.#running?.seat.worker.send({ kind: "ping", id }),
    () => this.#onNeverSettles(),
  );

  readonly #memory = new HostMemory(() => {
    const id = this.#running?.action.id;
    if (id !== undefined) this.#write({ kind: "exceeded", id });
  });

  constructor(blobs: Blobs, write: (message: FromHost) => void) {
    this.#blobs = blobs;
    this.#write = write;
    write({ kind: "ready" });
  }

  /** Handles one message of the coordinator. */
  take(message: ToHost): void {
    switch (message.kind) {
      case "run":
        for (const action of message.actions) this.#queue.push(action as CallAction);
        this.#pump();
        break;
      case "abort":
        this.#abort(message.id);
        break;
      case "recall": {
        const returned = this.#queue.map((action) => action.id);
        this.#queue = [];
        this.#write({ kind: "report", returned });
      }
    }
  }

  /** Ends all workers and programs, and removes the private directories. */
  close(): void {
    for (const pid of this.#running?.children ?? []) killGroup(pid);
    for (const dir of this.#dirs) removeTree(dir);
  }

  /** Hands the next action to a worker. */
  #pump(): void {
    // One at a time: what waits here can still go elsewhere, and what a dead host was doing is known.
    while (this.#running === undefined) {
      const action = this.#queue.shift();
      if (action === undefined) return;
      try {
        this.#post(action);
      } catch (error) {
        this.#complete({
          id: action.id,
          kind: "failed",
          failure: failureOf(error),
          usage: { startedAt: Date.now(), wallMs: 0 },
        });
      }
    }
  }

  #post(action: CallAction): void {
    const seat = this.#seatFor(action);
    try {
      const [running, call] = this.#prepare(action, seat);
      this.#running = running;
      seat.worker.send(call, call.args.flatMap(([, part]) => [...buffersOf(part)]));
      this.#onStart(running);
    } catch (error) {
      // What the worker was to keep may not have reached it.
      this.#retire(seat);
      throw error;
    }
  }

  #prepare(action: CallAction, seat: Seat): [Running, WorkerCall] {
    const files = usesFiles(action);
    if (files) this.#freshDir(seat);
    const drop: string[] = [];
    const staged: Record<string, unknown> = {};
    const bytes = new ActionBytes(this.#blobs, action);
    const args = action.inputs.map((input) => {
      const part = this.#argument(input, seat, bytes, drop);
      if (isFiles(input) && "text" in part && part.text !== undefined) {
        staged[input.name] = JSON.parse(part.text);
      }
      return [input.name, part] as const;
    });
    const values = action.outputs.filter(({ kind }) => kind === "value");
    const running: Running = {
      action,
      seat,
      outPaths: files ? outputPaths(action.outputs, `${seat.dir}/out`) : {},
      usesFiles: files,
      log: new HostLog(action.logPath),
      callLogs: action.batch === undefined ? undefined : new CallLogs(action.batch, action.attempt),
      children: new Set(),
      startedAt: 0,
      isAborted: false,
    };
    return [running, {
      kind: "call",
      id: action.id,
      module: action.work.module,
      export: action.work.export,
      args,
      values: values.map(({ name }) => name),
      picks: values.some(({ pick }) => pick !== undefined)
        ? values.map(({ name, pick }) => pick ?? [name])
        : null,
      in: staged,
      out: running.outPaths,
      index: action.index ?? null,
      batch: action.batch ?? null,
      attempt: action.attempt,
      drop,
    }];
  }

  #argument(input: ActionInput, seat: Seat, bytes: ActionBytes, drop: string[]): Part {
    const place = `${seat.dir}/in/${input.name}`;
    let count = 0;
    const stage = (file: ActionInput): unknown =>
      stageFiles(file, input.kind === "array" ? `${place}_${count++}` : place);
    return partOf(input, stage, bytes, seat.worker, drop);
  }

  #onStart(running: Running): void {
    running.startedAt = Date.now();
    const { id, memoryBytes, timeoutMs } = running.action;
    this.#watch.start(id, canWaitForNetwork(running.action));
    if (memoryBytes !== undefined) this.#memory.start(memoryBytes);
    if (timeoutMs === undefined) return;
    this.#started.push(id);
    this.#report();
  }

  // --- Workers ------------------------------------------------------------------------------------------------------

  #seatFor(action: CallAction): Seat {
    const isFresh = action.isolate === "fresh";
    const key = isFresh ? `fresh ${action.id}` : seatKey(action);
    let seat = this.#seats.get(key);
    if (seat === undefined) {
      for (const [oldest, { worker }] of this.#seats) {
        if (this.#seats.size < MAX_WORKERS) break;
        worker.close();
        this.#seats.delete(oldest);
      }
      seat = this.#newSeat(action, key);
    } else this.#seats.delete(key);
    this.#seats.set(key, seat);
    return seat;
  }

  #newSeat(action: CallAction, key: string): Seat {
    const { scope, env } = action;
    const leak = leakOf([...scope.read, ...scope.write]);
    if (leak) {
      throw new ActionFailure({
        reason: "denied",
        message: `The symbolic link "${leak.link}" leads out of the scope, to "${leak.target}"`,
        denied: { permission: "read", value: leak.target },
        hint: deniedHint({ permission: "read", value: leak.target }, action.work.workflowDir),
        isFinal: true,
      });
    }
    const dir = `${parentOf(action.privateDir)}/host-${Deno.pid}-${this.#seatCount++}`;
    const worker: HostWorker = new HostWorker(
      {
        bundle: this.#bundle(action.work.closure),
        permissions: permissionsOf(scope, `${dir}/in`, `${dir}/out`),
        env,
        envNames: [...Object.keys(env), ...(scope.env ?? [])],
      },
      (message) => this.#onWorker(worker, message),
      (why) => this.#onDeath(key, why),
    );
    return { key, worker, dir, hasDir: false };
  }

  #bundle(digest: Digest): ClosureBundle {
    let bundle = this.#bundles.get(digest);
    if (bundle === undefined) {
      try {
        bundle = JSON.parse(new TextDecoder().decode(this.#blobs.read(digest))) as ClosureBundle;
      } catch (error) {
        throw new ActionFailure({
          reason: "unavailable",
          message: `Cannot load the code of the node: ${messageOf(error)}`,
        });
      }
      this.#bundles.set(digest, bundle);
    }
    return bundle;
  }

  #freshDir(seat: Seat): void {
    if (seat.hasDir) removeTree(seat.dir);
    Deno.mkdirSync(`${seat.dir}/in`, { recursive: true });
    Deno.mkdirSync(`${seat.dir}/out`);
    seat.hasDir = true;
    this.#dirs.add(seat.dir);
  }

  #retire(seat: Seat): void {
    seat.worker.close();
    if (this.#seats.get(seat.key) === seat) this.#seats.delete(seat.key);
    if (seat.hasDir) removeTree(seat.dir);
    this.#dirs.delete(seat.dir);
  }

  #onWorker(worker: HostWorker, message: FromWorker): void {
    const running = this.#running;
    // Late words of a worker that is not at work are nobody's.
    if (running === undefined || running.seat.worker !== worker) return;
    switch (message.kind) {
      case "print":
        if (message.id === running.action.id) {
          const { call, stream, text } = message;
          const log = call === undefined ? running.log : running.callLogs?.of(call);
          log?.write(stream, text);
        }
        break;
      case "done":
        if (message.id === running.action.id) {
          const { wallMs, isClean, outputs, hashes, usesIndex, results, times } = message;
          this.#finish(
            running,
            wallMs,
            isClean,
            () =>
              results === undefined
                ? {
                  outputs: this.#collect(running, outputs, hashes),
                  ...(usesIndex === undefined ? {} : { usesIndex }),
                }
                : {
                  outputs: [],
                  results: {
                    ...results,
                    odd: results.odd.map(([i, result]) => [i, this.#resultOf(running, result, i)]),
                  },
                  ...(times === undefined ? {} : { times }),
                },
          );
        }
        break;
      case "failed":
        if (message.id === running.action.id) {
          this.#finish(running, message.wallMs, message.isClean, () => {
            throw new ActionFailure(thrownFailure(message.error, running.action));
          });
        }
        break;
      case "sh":
        void this.#shell(running, message);
        break;
      case "pong":
        this.#watch.pong(message.id, message.waitsFor + running.children.size);
        break;
      case "ready":
    }
  }

  #onDeath(key: string, why: string | undefined): void {
    this.#seats.delete(key);
    const running = this.#running;
    if (running?.seat.key !== key) return;
    this.#giveUp(running, {
      reason: why === undefined ? "died" : "unavailable",
      message: why ?? "The function ended its own worker",
    });
  }

  #onNeverSettles(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#giveUp(running, {
      reason: "threw",
      message:
        "The function never ends: its promise is pending, and no timer, program or I/O is left that could settle it",
      isFinal: true,
    });
  }

  /** Fails the running action and ends its worker. */
  #giveUp(running: Running, failure: Failure): void {
    this.#retire(running.seat);
    this.#finish(running, Date.now() - running.startedAt, false, () => {
      throw new ActionFailure(failure);
    });
  }

  // --- Ends ---------------------------------------------------------------------------------------------------------

  /** @param isClean Nothing of the call goes on in its worker, so the next one may use it. */
  #finish(
    running: Running,
    wallMs: number,
    isClean: boolean,
    deliver: () => Omit<Extract<Completion, { kind: "done" }>, "id" | "kind" | "usage">,
  ): void {
    const { action, seat } = running;
    this.#running = undefined;
    this.#watch.stop();
    this.#memory.stop();
    const usage = this.#usageOf(running.startedAt, wallMs);
    let completion: Completion;
    try {
      if (running.isAborted) throw new ActionFailure(ABORTED);
      completion = { id: action.id, kind: "done", ...deliver(), usage };
    } catch (error) {
      const failure = failureOf(error);
      completion = { id: action.id, kind: "failed", failure, usage };
      // As a program does that dies of an exception.
      // Of several calls nobody knows which it was: each is tried alone.
      const isOne = (action.batch?.count ?? 1) === 1;
      if (!running.isAborted && isOne) running.log.write("stderr", traceOf(failure));
    }
    for (const pid of running.children) killGroup(pid);
    running.log.close();
    running.callLogs?.close();
    completion = withLogProblem(completion, running.log.problem ?? running.callLogs?.problem);
    if (action.isolate === "fresh" || !isClean) this.#retire(seat);
    else if (running.usesFiles && seat.hasDir) {
      removeTree(seat.dir);
      seat.hasDir = false;
      this.#dirs.delete(seat.dir);
    }
    this.#complete(completion);
    this.#pump();
    if (this.#running === undefined) this.#report();
  }

  #collect(
    running: Running,
    values: readonly (string | Uint8Array<ArrayBuffer>)[],
    hashes: readonly (string | null | undefined)[] = [],
  ): DeliveredOutput[] {
    const bytes = new ActionBytes(this.#blobs, running.action);
    let next = 0;
    return running.action.outputs.map((output) => {
      if (output.kind !== "value") {
        return collectFile(output, running.outPaths[output.name], bytes.of(output));
      }
      const hash = hashes[next];
      const result = valueResult(output.name, values[next++], bytes.of(output));
      return hash === undefined ? result : { ...result, hash };
    });
  }

  /** One call of a batch. */
  #resultOf({ action, callLogs }: Running, result: WorkerResult, call: number): CallResult {
    if ("error" in result) {
      const failure = thrownFailure(result.error, action);
      callLogs?.writeFailure(call, traceOf(failure));
      return { failure, wallMs: result.wallMs };
    }
    const bytes = new ActionBytes(this.#blobs, action);
    const outputs = result.outputs.map((encoded, i) => {
      if (typeof encoded === "string" && encoded.length <= INLINE_BYTES) return encoded;
      const { name } = action.outputs[i];
      const { digest, sizeBytes } = valueResult(name, encoded, bytes.of(action.outputs[i]));
      return { digest, sizeBytes };
    });
    return { outputs, usesIndex: result.usesIndex };
  }

  #usageOf(startedAt: number, wallMs: number): Usage {
    if (wallMs < QUICK_MS) return { startedAt, wallMs };
    const before = this.#cpuMs;
    this.#cpuMs = cpuNow();
    return { startedAt, wallMs, cpuMs: this.#cpuMs - before, maxRssBytes: maxRssBytes() };
  }

  #complete(completion: Completion): void {
    this.#completions.push(completion);
    this.#reportTimer ??= setTimeout(() => this.#report(), COLLECT_MS);
  }

  #report(): void {
    clearTimeout(this.#reportTimer);
    this.#reportTimer = undefined;
    if (this.#completions.length === 0 && this.#started.length === 0) return;
    const completions = this.#completions;
    const started = this.#started;
    this.#completions = [];
    this.#started = [];
    this.#write({
      kind: "report",
      ...(started.length > 0 ? { started } : {}),
      ...(completions.length > 0 ? { completions } : {}),
    });
  }

  #abort(id: number): void {
    const at = this.#queue.findIndex((action) => action.id === id);
    if (at >= 0) {
      this.#queue.splice(at, 1);
      const usage = { startedAt: Date.now(), wallMs: 0 };
      this.#complete({ id, kind: "failed", failure: ABORTED, usage });
      return;
    }
    const running = this.#running;
    if (running?.action.id !== id) return;
    running.isAborted = true;
    running.seat.worker.send({ kind: "abort", id });
  }

  async #shell(running: Running, message: FromWorker & { kind: "sh" }): Promise<void> {
    const { action, children, seat } = running;
    const { work, env } = action;
    const { call, argv, options } = message;
    let group: number | undefined;
    try {
      const cwd = work.workflowDir ?? parentOf(new URL(work.module).pathname);
      const result = await runShell({ argv, options, allowed: work.sh, cwd, env }, (pid) => {
        group = pid;
        children.add(pid);
        this.#write({ kind: "child", pid, isAlive: true });
      });
      seat.worker.send({ kind: "sh", call, result });
    } catch (error) {
      const prefix = error instanceof ShellDenied ? "denied:" : "";
      seat.worker.send({ kind: "sh", call, error: prefix + messageOf(error) });
    }
    if (group !== undefined) {
      children.delete(group);
      this.#write({ kind: "child", pid: group, isAlive: false });
    }
  }
}

const ABORTED: Failure = { reason: "aborted", message: "The run was stopped" };

/** What a program that dies of an exception writes. */
function traceOf({ stack, message }: Failure): string {
  return `${stack ?? message}\n`;
}

function usesFiles(action: Action): boolean {
  return action.outputs.some((output) => output.kind !== "value") || action.inputs.some(isFiles);
}

/** Identifies a worker: same code, same rights, same environment. */
function seatKey(action: CallAction): string {
  const { work, scope, env, privateDir } = action;
  return `${work.closure} ${parentOf(privateDir)} ${JSON.stringify(scope)} ${JSON.stringify(env)}`;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function canWaitForNetwork({ scope }: Action): boolean {
  return scope.net === true || scope.net.length > 0 || scope.ffi === true || scope.ffi.length > 0;
}

function failureOf(error: unknown): Failure {
  if (error instanceof ActionFailure) return error.failure;
  return { reason: "unavailable", message: messageOf(error) };
}

function thrownFailure(error: ThrownData, action: CallAction): Failure {
  const { kind, message, stack, denied, hint, isFinal } = error;
  const advice = hint ?? (denied && deniedHint(denied, action.work.workflowDir));
  return {
    reason: kind,
    // Nobody can give flow's functions a flag of Deno; the hint says what to write instead.
    message: message.replace(/, run again with the --allow-[\w-]+ flag/g, ""),
    ...(stack === undefined ? {} : { stack }),
    ...(denied === undefined ? {} : { denied }),
    ...(advice === undefined ? {} : { hint: advice }),
    ...(isFinal || denied ? { isFinal: true } : {}),
  };
}

/** Says with a completion that its log is not whole. */
function withLogProblem(completion: Completion, problem: string | undefined): Completion {
  if (problem === undefined) return completion;
  const text = `Cannot write the log: ${problem}`;
  if (completion.kind === "done") {
    return { ...completion, notes: { ...completion.notes, log: text } };
  }
  const { failure } = completion;
  return { ...completion, failure: { ...failure, message: `${failure.message}\n${text}` } };
}

function removeTree(dir: string): void {
  try {
    Deno.removeSync(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
