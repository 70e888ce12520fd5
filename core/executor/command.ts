/**
 * Runs command nodes: one process group per action, confined where possible, with its streams in files. Does not know
 * the graph, keys or cache policy.
 *
 * A script runs by `sh -e`, or `bash -e -o pipefail`: it stops at the first command that fails.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Action, Completion, Usage } from "../action.ts";
import { Blobs } from "../store/blobs.ts";
import { ActionBytes } from "./action_bytes.ts";
import type { Executor } from "./executor.ts";
import { hookAction, type HookName, inHook, joinHookLogs } from "./command_hooks.ts";
import { openNative } from "./command_native.ts";
import { collectOutputs } from "./command_outputs.ts";
import {
  type CommandAction,
  CommandFailure,
  type CommandPlan,
  declaredPaths,
  planCommand,
} from "./command_plan.ts";
import { openPortable } from "./command_portable.ts";
import { recordedValues } from "./command_record.ts";
import {
  exitHint,
  exitText,
  failureOf,
  lastLines,
  noSandbox,
  notFound,
  permissionOf,
  stopped,
  tail,
} from "./command_failure.ts";
import {
  DirPool,
  type LentLogs,
  LogPool,
  type LogSuffix,
  lstat,
  removeIfExists,
} from "./command_scratch.ts";
import { type Exit, type Spawner, type SpawnRequest } from "./command_process.ts";
import { Reaper } from "./reaper.ts";
import {
  deniedAccess,
  findBubblewrap,
  findProgram,
  programsNamedIn,
  SANDBOX_HOME,
  sandboxArgs,
  type SandboxOptions,
  shebangOf,
} from "./sandbox.ts";

/** How commands are run. */
export interface CommandExecutorOptions {
  /** The store that takes outputs, or its directory. */
  readonly blobs: Blobs | string;
  /** Milliseconds between SIGTERM and SIGKILL at a timeout; 5000 if not given. */
  readonly graceMs?: number;
  /** How processes are started; the best way there is if not given. */
  readonly spawner?: "native" | "portable";
}

/** An action between `submit` and its report. */
interface Running {
  /** The started process, which leads its group. */
  pid: number | undefined;
  /** Set when it is being stopped. */
  stop: { readonly reason: "timeout" | "aborted"; readonly graceMs: number } | undefined;
  /** Signals the started process; undefined before the start. */
  kill: ((signal: "SIGTERM" | "SIGKILL") => void) | undefined;
  killTimer: ReturnType<typeof setTimeout> | undefined;
}

/** What the processes of one action have used together. */
type Used = Pick<Usage, "cpuMs" | "maxRssBytes">;

/** Where the streams of one process go, and what bubblewrap reports. */
type Streams = Pick<LentLogs, "stdout" | "stderr" | "status" | "settle">;

/** A plan with the sandbox around it. */
interface Confined {
  readonly request: SpawnRequest;
  readonly sandbox: SandboxOptions | undefined;
}

const DEFAULT_GRACE_MS = 5000;

/** Runs actions of kind `run`. */
export class CommandExecutor implements Executor {
  readonly name = "command";
  readonly batchSize = 1;
  readonly #blobs: Blobs;
  readonly #graceMs: number;
  readonly #spawnerKind: "native" | "portable" | undefined;
  #spawner: Spawner | undefined;
  readonly #reaper = new Reaper();
  readonly #running = new Map<number, Running>();
  readonly #ends = new Set<Promise<void>>();
  readonly #madeDirs = new Set<string>();
  readonly #dirs = new DirPool();
  readonly #logs = new LogPool();

  constructor(options: CommandExecutorOptions) {
    this.#blobs = typeof options.blobs === "string" ? new Blobs(options.blobs) : options.blobs;
    this.#graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
    this.#spawnerKind = options.spawner;
  }

  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    for (const action of actions) {
      const running: Running = {
        pid: undefined,
        stop: undefined,
        kill: undefined,
        killTimer: undefined,
      };
      this.#running.set(action.id, running);
      const end = this.#run(action, running).then((completion) => {
        this.#running.delete(action.id);
        this.#ends.delete(end);
        report(completion);
      });
      this.#ends.add(end);
    }
  }

  abort(id: number, graceMs: number): void {
    const running = this.#running.get(id);
    if (running !== undefined) stop(running, "aborted", graceMs);
  }

  pidOf(id: number): number | undefined {
    return this.#running.get(id)?.pid;
  }

  /** Kills what still runs and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running.values()) stop(running, "aborted", 0);
    await Promise.all(this.#ends);
    this.#dirs[Symbol.dispose]();
    this.#logs[Symbol.dispose]();
    await this.#reaper[Symbol.asyncDispose]();
    this.#spawner?.[Symbol.dispose]();
    this.#spawner = undefined;
  }

  async #run(action: Action, running: Running): Promise<Completion> {
    const startedAt = Date.now();
    const start = performance.now();
    const exits: Exit[] = [];
    const usage = (): Usage => ({
      startedAt,
      wallMs: performance.now() - start,
      ...usedBy(exits),
    });
    try {
      // Nothing may be reported before `submit` has returned.
      await Promise.resolve();
      if (!isCommand(action)) {
        throw new CommandFailure({
          reason: "unavailable",
          message: `Cannot run a function node with the "${this.name}" executor`,
          isFinal: true,
        });
      }
      const bytes = new ActionBytes(this.#blobs, action);
      const plan = planCommand(action, bytes);
      const logs = this.#logs.lend(action.logPath, loggedStreams(action));
      const timer = action.timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop(running, "timeout", this.#graceMs), action.timeoutMs);
      try {
        this.#prepare(action, plan);
        await this.#hook("before", action, bytes, running, exits);
        const { exitCode, sandbox } = await this.#step(action, plan, logs, running, exits);
        await this.#hook("after", action, bytes, running, exits);
        const recorded = recordedValues(action, bytes, exitCode);
        const outputs = collectOutputs(action, plan, bytes, recorded);
        return { id: action.id, kind: "done", outputs, usage: usage(), notes: { sandbox } };
      } finally {
        clearTimeout(timer);
        clearTimeout(running.killTimer);
        logs.settle();
        logs.giveBack();
        joinHookLogs(action);
        this.#cleanUp(action, plan);
      }
    } catch (error) {
      return { id: action.id, kind: "failed", failure: failureOf(error), usage: usage() };
    }
  }

  async #hook(
    name: HookName,
    action: CommandAction,
    bytes: ActionBytes,
    running: Running,
    exits: Exit[],
  ): Promise<void> {
    const hook = hookAction(action, name);
    if (hook === undefined) return;
    const status = `${hook.logPath}.status`;
    let script: string | undefined;
    try {
      const plan = planCommand(hook, bytes);
      script = plan.script?.path;
      writeScript(plan);
      const { stdout, stderr } = plan;
      await this.#step(hook, plan, { stdout, stderr, status, settle: () => {} }, running, exits);
    } catch (error) {
      throw inHook(name, error);
    } finally {
      removeIfExists(status);
      if (script !== undefined) removeIfExists(script);
    }
  }

  /** Runs one process of an action to its end, and throws unless that was good. */
  async #step(
    action: CommandAction,
    plan: CommandPlan,
    logs: Streams,
    running: Running,
    exits: Exit[],
  ): Promise<{ exitCode: number; sandbox: string }> {
    const confined = await this.#confine(action, plan, logs);
    let exit = await this.#execute(confined, running);
    exits.push(exit);
    logs.settle();
    if (confined.sandbox !== undefined) exit = innerExit(exit, logs.status, plan);
    const exitCode = this.#judge(action, plan, confined, exit, running);
    return { exitCode, sandbox: confined.sandbox === undefined ? "none" : "bubblewrap" };
  }

  #prepare(action: CommandAction, plan: CommandPlan): void {
    this.#makeDir(dirname(action.logPath));
    if (plan.usesPrivateDir) this.#dirs.make(action.privateDir);
    writeScript(plan);
    if (plan.stdinText !== undefined) {
      const bytes = typeof plan.stdinText === "string"
        ? new TextEncoder().encode(plan.stdinText)
        : plan.stdinText;
      Deno.writeFileSync(plan.stdin, bytes);
    }
  }

  /** Makes a directory that many actions share, once. */
  #makeDir(dir: string): void {
    if (this.#madeDirs.has(dir)) return;
    Deno.mkdirSync(dir, { recursive: true });
    this.#madeDirs.add(dir);
  }

  /** Removes what only the command needed. Logs stay, unless nothing was written. */
  #cleanUp(action: CommandAction, plan: CommandPlan): void {
    if (plan.usesPrivateDir) this.#dirs.remove(action.privateDir);
    if (plan.stdinText !== undefined) removeIfExists(plan.stdin);
    if (plan.script !== undefined) removeIfExists(plan.script.path);
    const { stdout, stderr } = action.work;
    for (const log of [stdout && plan.stdout, stderr && plan.stderr]) {
      if (log !== undefined && lstat(log)?.size === 0) removeIfExists(log);
    }
  }

  async #confine(action: CommandAction, plan: CommandPlan, logs: Streams): Promise<Confined> {
    const { cwd, sandbox } = action.work;
    const searchPath = plan.env.PATH ?? "/usr/bin:/bin";
    const program = findProgram(plan.argv[0], cwd, searchPath);
    if (program === undefined) throw notFound(plan.argv[0], cwd, searchPath);
    const bwrap = sandbox === "off" ? undefined : await findBubblewrap();
    const { stdin } = plan;
    const stdout = action.work.stdout === undefined ? logs.stdout : plan.stdout;
    const stderr = action.work.stderr === undefined ? logs.stderr : plan.stderr;
    if (bwrap === undefined) {
      if (sandbox === "strict") throw noSandbox();
      const request = { program, argv: plan.argv, env: plan.env, cwd, stdin, stdout, stderr };
      return { request, sandbox: undefined };
    }
    const options = sandboxOptions(action, plan, program, searchPath);
    const { status } = logs;
    // What is inherited names places that do not exist inside; what the node sets stands.
    const { TMPDIR: _, ...rest } = plan.env;
    const env = { ...rest, HOME: SANDBOX_HOME, ...action.env, ...plan.variables };
    const argv = ["bwrap", "--json-status-fd", "3", ...sandboxArgs(options), "--", ...plan.argv];
    const innerGroup = (): number | undefined => readStatus(status).childPid;
    const request = {
      ...{ program: bwrap, argv, env, stdin, stdout, stderr, status, innerGroup },
      cwd: "/",
    };
    return { request, sandbox: options };
  }

  async #execute(confined: Confined, running: Running): Promise<Exit> {
    // Stopped while it was being prepared.
    if (running.stop !== undefined) return {};
    const spawner = this.#spawner ??= openSpawner(this.#spawnerKind);
    this.#reaper.start();
    const { pid, exit } = spawner.spawn(confined.request);
    this.#reaper.add(pid);
    running.pid = pid;
    running.kill = (signal) => {
      // SIGTERM would end bubblewrap itself, and with it the command, at once: ask the command's own group.
      const inner = signal === "SIGTERM" ? confined.request.innerGroup?.() : undefined;
      spawner.signalGroup(inner ?? pid, signal);
    };
    try {
      return await exit;
    } finally {
      running.kill = undefined;
      running.pid = undefined;
      this.#reaper.remove(pid);
    }
  }

  /** Returns the exit code, or throws unless the command ended well. */
  #judge(
    action: CommandAction,
    plan: CommandPlan,
    { sandbox }: Confined,
    exit: Exit,
    running: Running,
  ): number {
    if (running.stop !== undefined) throw stopped(action, running.stop.reason);
    if (exit.code !== undefined && action.work.okCodes.includes(exit.code)) return exit.code;
    const messages = tail(plan.stderr);
    const said = messages.trim() === "" ? tail(plan.stdout) : messages;
    const denied = sandbox === undefined ? undefined : deniedAccess(messages, sandbox);
    throw new CommandFailure({
      reason: "exit",
      message: [exitText(exit), ...lastLines(said)].join("\n"),
      hint: denied?.hint ?? exitHint(exit, messages),
      ...(exit.code === undefined ? {} : { exitCode: exit.code }),
      ...(denied === undefined ? {} : { denied: permissionOf(denied) }),
    });
  }
}

function openSpawner(kind: "native" | "portable" | undefined): Spawner {
  const native = kind === "portable" ? undefined : openNative();
  return native ?? openPortable();
}

/** The sum of the processor times, the largest of the memories. */
function usedBy(exits: readonly Exit[]): Used {
  const cpu = exits.flatMap(({ cpuMs }) => cpuMs ?? []);
  const rss = exits.flatMap(({ maxRssBytes }) => maxRssBytes ?? []);
  return {
    ...(cpu.length === 0 ? {} : { cpuMs: cpu.reduce((sum, ms) => sum + ms, 0) }),
    ...(rss.length === 0 ? {} : { maxRssBytes: Math.max(...rss) }),
  };
}

function writeScript({ script }: CommandPlan): void {
  if (script !== undefined) Deno.writeTextFileSync(script.path, script.text, { mode: 0o700 });
}

function isCommand(action: Action): action is CommandAction {
  return action.work.kind === "run";
}

function stop(running: Running, reason: "timeout" | "aborted", graceMs: number): void {
  if (running.stop !== undefined && (graceMs > 0 || running.stop.graceMs === 0)) return;
  running.stop = { reason: running.stop?.reason ?? reason, graceMs };
  running.kill?.(graceMs > 0 ? "SIGTERM" : "SIGKILL");
  clearTimeout(running.killTimer);
  if (graceMs > 0) running.killTimer = setTimeout(() => running.kill?.("SIGKILL"), graceMs);
}

function sandboxOptions(
  action: CommandAction,
  plan: CommandPlan,
  program: string,
  searchPath: string,
): SandboxOptions {
  const { work } = action;
  const { read, write } = declaredPaths(action, plan);
  for (const path of write) {
    if (lstat(path) === undefined) {
      throw new CommandFailure({
        reason: "unavailable",
        message: `Cannot allow writing to "${path}": it does not exist`,
        hint: "Create it first, or write to a declared output",
      });
    }
  }
  // A program of the workflow itself must be declared like any other file.
  const isOwn = (path: string): boolean => path.startsWith(`${work.workflowDir}/`);
  const named = `${work.script ?? plan.argv.slice(1).join(" ")} ${shebangOf(program)}`;
  const programs = programsNamedIn(named, work.cwd, searchPath);
  if (!plan.argv[0].includes("/") || !isOwn(program)) programs.push(program);
  const { cwd, workflowDir } = work;
  const net = action.scope.net === true || action.scope.net.length > 0;
  return { cwd, workflowDir, read, write, programs, searchPath, net };
}

/** Streams that deliver no output. Those that do have files of their own, which nothing else has written to. */
function loggedStreams({ work }: CommandAction): LogSuffix[] {
  const streams: LogSuffix[] = [];
  if (work.stdout === undefined) streams.push(".stdout");
  if (work.stderr === undefined) streams.push(".stderr");
  return streams;
}

/** What bubblewrap wrote: the pid of the command's init, and the exit code if the command was started at all. */
function readStatus(path: string): { childPid?: number; exitCode?: number } {
  const text = readIfExists(path);
  const childPid = /"child-pid": (\d+)/.exec(text)?.[1];
  const exitCode = /"exit-code": (\d+)/.exec(text)?.[1];
  return {
    ...(childPid === undefined ? {} : { childPid: Number(childPid) }),
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
  };
}

/** Returns the command's own end instead of bubblewrap's. */
function innerExit(exit: Exit, status: string, plan: CommandPlan): Exit {
  if (exit.code === undefined) return exit;
  const { exitCode } = readStatus(status);
  if (exitCode !== undefined) return { ...exit, code: exitCode };
  const complaint = lastLines(tail(plan.stderr)).filter((line) => line.startsWith("bwrap:"));
  if (complaint.length === 0) return exit;
  const isMissing = complaint.some((line) => line.includes("execvp"));
  throw new CommandFailure({
    reason: "unavailable",
    message: isMissing
      ? `Cannot start "${plan.argv[0]}": it is not visible in the sandbox`
      : `Cannot set up the sandbox: ${complaint.join("; ")}`,
    hint: isMissing
      ? `Add "${plan.argv[0]}" under inputs or allow.read`
      : "Set sandbox: off to run the command unconfined",
  });
}

function readIfExists(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "";
  }
}
