/**
 * Makes actions: a prepared node becomes what an executor needs, with real paths and filled-in values. Does not know
 * keys or when anything runs.
 *
 * @module
 */

import { resolve } from "node:path";
import type {
  Action,
  ActionInput,
  ActionOutput,
  ActionScope,
  CallWork,
  CommandLineOutput,
  RunWork,
} from "./action.ts";
import type { Digest } from "./base/digest.ts";
import type { CodeIndex } from "./code/code.ts";
import { placementOf } from "./executors.ts";
import { sizedFor } from "./sizing.ts";
import type { Blobs } from "./store/blobs.ts";
import { parseMapPath, privateName, renderMapPath } from "./map_path.ts";
import { templateModeOf } from "./shebang.ts";
import { parseTemplate, referencesOf } from "./template.ts";
import type { JsonObject, NodeDef, OutputDef, Workflow } from "./workflow.ts";

/** What making actions needs from the rest. */
export interface AssemblyContext {
  readonly workflow: Workflow;
  readonly code: CodeIndex;
  readonly blobs: Blobs;
  /** Closures that were put into the store: once per run is enough for all their actions. */
  readonly closures: Set<Digest>;
  /** Value of an environment variable at the start of the run. */
  env(name: string): string | undefined;
}

/** What only the run knows of an action. */
export interface ActionFrame {
  readonly id: number;
  readonly attempt: number;
  readonly privateDir: string;
  readonly tempsDir?: string;
  readonly logPath: string;
  /** Position of a call of a map node that runs alone. */
  readonly index?: readonly number[];
}

/** Makes the action of a node whose inputs are known. */
export function makeAction(
  context: AssemblyContext,
  def: NodeDef,
  inputs: readonly ActionInput[],
  frame: ActionFrame,
): Action {
  const { timeoutMs, resources: { memoryBytes } } = sizedFor(def, frame.attempt);
  return {
    ...frame,
    node: def.name,
    work: def.work.kind === "call" ? callWork(context, def) : runWork(context, def, frame),
    inputs,
    outputs: def.outputs.map((output) => actionOutput(def, output)),
    scope: actionScope(context, def),
    env: withoutUnset(variablesOf(def, context.env)),
    isolate: placementOf(context.workflow, def).kind === "process" ? "process" : def.isolate,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/** Values of the variables a node may see, by name; `null` where one is not set. */
export function variablesOf(
  def: NodeDef,
  env: (name: string) => string | undefined,
): Record<string, string | null> {
  const variables: Record<string, string | null> = {};
  for (const name of def.scope.env) variables[name] = env(name) ?? null;
  for (const [name, value] of Object.entries(def.command?.env ?? {})) {
    variables[name] = typeof value === "string" ? value : env(value.env) ?? null;
  }
  return variables;
}

/** Values of the `${params.x}` a command's texts use, by path without `params.`. */
export function usedParams(def: NodeDef, params: JsonObject): Record<string, unknown> {
  const used: Record<string, unknown> = {};
  for (const path of paramReferences(def)) {
    let value: unknown = params;
    for (const key of path.split(".")) value = (value as Record<string, unknown>)[key];
    used[path] = value;
  }
  return used;
}

/** What an executor is told about a declared output. */
export function actionOutput({ map }: NodeDef, output: OutputDef): ActionOutput {
  const { name, kind, path, allowEmpty, temp, pick } = output;
  const picked = pick === undefined ? {} : { pick };
  const base = { name, kind, allowEmpty, ...(temp ? { temp } : {}), ...picked };
  if (kind === "value") return base;
  const fileName = map !== undefined && path !== undefined
    ? privateName(name, path)
    : path?.split("/").at(-1) ?? name;
  return { ...base, fileName };
}

/**
 * Where the command line of a node goes, with the published paths it shows; `undefined` if nowhere.
 *
 * @param index Position of a call of a map node; without it paths are as they were written.
 */
export function commandLineOutput(
  { command, outputs, map }: NodeDef,
  index?: readonly number[],
): CommandLineOutput | undefined {
  if (command?.commandLine === undefined) return undefined;
  const paths = outputs.flatMap(({ name, path }) => {
    if (path === undefined) return [];
    if (map === undefined || index === undefined) return [[name, path]];
    const parsed = parseMapPath(path, map.mapped);
    return [[name, parsed.ok ? renderMapPath(parsed.path, map.mapped, index) : path]];
  });
  return { output: command.commandLine, paths: Object.fromEntries(paths) };
}

/** Params that a command fills into its texts, by their paths below `params`. */
export function paramReferences(def: NodeDef): string[] {
  if (def.work.kind !== "run") return [];
  const { before, after } = def.command?.hooks ?? {};
  const paths = new Set<string>();
  for (const line of [def.work, before, after]) {
    if (line === undefined) continue;
    for (const text of "argv" in line ? line.argv : [line.script]) {
      if (!text.includes("${params.")) continue;
      const parsed = parseTemplate(text, templateModeOf(line));
      if (!parsed.ok) continue; // Reported by the check of the definition.
      for (const { kind, name } of referencesOf(parsed.template)) {
        if (kind === "params") paths.add(name);
      }
    }
  }
  return [...paths].sort();
}

function actionScope({ workflow }: AssemblyContext, def: NodeDef): ActionScope {
  const { scope } = def;
  const { dir } = workflow;
  return {
    read: scope.read.map((path) => realOrAbsolute(resolve(dir, path))),
    write: scope.write.map((path) => realOrAbsolute(resolve(dir, path))),
    net: scope.net,
    sys: scope.sys,
    ffi: scope.ffi,
    import: scope.import,
    env: scope.env,
  };
}

function callWork(
  { workflow, code, blobs, closures }: AssemblyContext,
  def: NodeDef,
): CallWork {
  if (def.work.kind !== "call") throw new TypeError("Not a function node");
  const { digest, text, entry } = code.closure(def.work.path);
  if (!closures.has(digest)) {
    blobs.put(new TextEncoder().encode(text));
    closures.add(digest);
  }
  return {
    kind: "call",
    closure: digest,
    module: entry,
    export: def.work.export,
    sh: def.scope.run,
    workflowDir: workflow.dir,
  };
}

function runWork({ workflow }: AssemblyContext, def: NodeDef, frame: ActionFrame): RunWork {
  const { work, command } = def;
  if (work.kind !== "run" || command === undefined) throw new TypeError("Not a command");
  const { dir } = workflow;
  const { stdin, stdout, stderr, exitCode, hooks } = command;
  const commandLine = commandLineOutput(def, frame.index);
  return {
    kind: "run",
    ...("argv" in work ? { argv: work.argv } : { script: work.script, shell: work.shell }),
    cwd: command.cwd === "private" ? frame.privateDir : resolve(dir, command.cwd),
    workflowDir: dir,
    okCodes: command.okCodes,
    ...(stdin === undefined ? {} : { stdin }),
    ...(stdout === undefined ? {} : { stdout }),
    ...(stderr === undefined ? {} : { stderr }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(commandLine === undefined ? {} : { commandLine }),
    ...(hooks === undefined ? {} : { hooks }),
    params: usedParams(def, workflow.params),
    sandbox: command.sandbox,
  };
}

function withoutUnset(variables: Readonly<Record<string, string | null>>): Record<string, string> {
  const entries = Object.entries(variables);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function realOrAbsolute(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // It does not exist yet: the scope names it as it will be.
    return path;
  }
}
