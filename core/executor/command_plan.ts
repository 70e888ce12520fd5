/**
 * From an action to what is started: fills the templates, chooses environment, streams and private paths. Does not start
 * or confine anything.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import type { Action, ActionInput, Failure, RunWork } from "../action.ts";
import { decodeValue } from "../base/value.ts";
import type { ActionBytes } from "./action_bytes.ts";
import { fillCommand } from "./command_line.ts";
import { elementTexts } from "./command_render.ts";
import { FillError, scalarText } from "./shell.ts";

/** Ends an action; carried as an error from where it is found to where it is reported. */
export class CommandFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "CommandFailure";
    this.failure = failure;
  }
}

/** An action whose kind is known to be a command. */
export interface CommandAction extends Action {
  readonly work: RunWork;
}

/** Everything about a command but how it is confined. */
export interface CommandPlan {
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The part of it that holds the values of a script's references. */
  readonly variables: Readonly<Record<string, string>>;
  /** Files of the streams. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Content for the file `stdin`, to be written before and removed after the command. */
  readonly stdinText?: string | Uint8Array;
  /** A script that names its interpreter, to be written before and removed after the command. */
  readonly script?: { readonly path: string; readonly text: string };
  /** Where each file output is expected, by name. */
  readonly outPaths: ReadonlyMap<string, string>;
  readonly usesPrivateDir: boolean;
}

/** What a command inherits from flow's own environment, besides LC_*. */
const INHERITED = ["PATH", "HOME", "LANG", "TMPDIR", "TERM"];

let inherited: Readonly<Record<string, string>> | undefined;

/** Returns the part of flow's environment that every command gets; read once. */
export function inheritedEnv(): Readonly<Record<string, string>> {
  if (inherited !== undefined) return inherited;
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(Deno.env.toObject())) {
    if (INHERITED.includes(name) || name.startsWith("LC_")) env[name] = value;
  }
  return inherited = env;
}

/**
 * Plans a command.
 *
 * @throws {FillError} If a value cannot be inserted.
 * @throws {CommandFailure} If the action contradicts itself.
 */
export function planCommand(action: CommandAction, bytes: ActionBytes): CommandPlan {
  const { work } = action;
  const outPaths = new Map<string, string>();
  for (const output of action.outputs) {
    if (output.kind === "value") continue;
    outPaths.set(output.name, `${action.privateDir}/${output.fileName ?? output.name}`);
  }
  const scriptPath = action.logPath;
  const { argv, variables, script } = fillCommand(action, bytes, {
    outPaths,
    cwd: work.cwd,
    scriptPath,
  });
  const stdin = stdinOf(action, bytes);
  return {
    argv,
    env: { ...inheritedEnv(), ...action.env, ...variables },
    variables,
    stdin: stdin.path,
    stdinText: stdin.content,
    ...(script === undefined ? {} : { script: { path: scriptPath, text: script } }),
    stdout: streamPath(action, work.stdout, outPaths, ".stdout"),
    stderr: streamPath(action, work.stderr, outPaths, ".stderr"),
    outPaths,
    usesPrivateDir: outPaths.size > 0 || work.cwd === action.privateDir,
  };
}

function stdinOf(
  action: CommandAction,
  bytes: ActionBytes,
): { path: string; content?: string | Uint8Array } {
  const name = action.work.stdin;
  if (name === undefined) return { path: "/dev/null" };
  const input = action.inputs.find((candidate) => candidate.name === name);
  if (input?.kind === "file") return { path: input.path };
  const path = `${action.logPath}.stdin`;
  if (input?.kind === "value") {
    const value = decodeValue(input.text ?? bytes.read(input.digest));
    return { path, content: value instanceof Uint8Array ? value : scalarText(value) };
  }
  if (input?.kind === "array" && input.elements.every((element) => element.kind === "value")) {
    const lines = input.elements.flatMap((element) => elementTexts(element, action.work, bytes));
    return { path, content: lines.map((line) => `${line}\n`).join("") };
  }
  throw new FillError(
    input === undefined
      ? `Cannot feed "${name}" to stdin: the node has no such input`
      : `Cannot feed "${name}" to stdin: it is neither a file nor a value`,
  );
}

/** A stream goes to the private file of its output if that is a file, else to its log file. */
function streamPath(
  action: CommandAction,
  stream: RunWork["stdout"],
  outPaths: ReadonlyMap<string, string>,
  suffix: string,
): string {
  const outPath = stream === undefined ? undefined : outPaths.get(stream.output);
  return outPath ?? `${action.logPath}${suffix}`;
}

/** Returns what a command may read and write by its declarations, as absolute paths. */
export function declaredPaths(
  action: CommandAction,
  plan: CommandPlan,
): { read: string[]; write: string[] } {
  const read = [...action.scope.read, ...action.inputs.flatMap(pathsOf)];
  if (plan.script !== undefined) read.push(plan.script.path);
  const write = [...action.scope.write];
  if (plan.usesPrivateDir) write.push(action.privateDir);
  return { read: read.filter(isAbsolute), write: write.filter(isAbsolute) };
}

function pathsOf(input: ActionInput): readonly string[] {
  switch (input.kind) {
    case "value":
      return [];
    case "file":
    case "dir":
      return [input.path];
    case "files":
      return input.paths;
    case "array":
      return input.elements.flatMap(pathsOf);
  }
}
