/**
 * Opens the workflow a command line means, and takes apart its words. Does not run anything.
 *
 * @module
 */

import type { HostPool } from "../core/executor/host_pool.ts";
import type { Engine, EngineOptions, Workflow } from "../core/mod.ts";
import { type Diagnostic, UsageError } from "../core/base/error.ts";
import { formatDiagnostic, sanitize } from "../core/base/source.ts";
import type { CliContext } from "./context.ts";
import type { ExecutorFlags } from "./executor_flags.ts";
import type { WorkflowFlags } from "./flags.ts";
import { writeStderr } from "./output.ts";
import { selfCommand } from "./self.ts";
import { isDirectory, splitTarget, type Target } from "./workflow_argument.ts";

/** Reads the workflow file a command line means. */
export async function loadTarget(
  target: Target,
  flags: WorkflowFlags,
  cwd: string,
): Promise<{ workflow: Workflow; diagnostics: readonly Diagnostic[] }> {
  // Everything heavy is behind this import: help and usage errors do without it.
  const { findWorkflow, loadWorkflow } = await import("../core/mod.ts");
  const file = target.file ?? found(findWorkflow, target);
  const { set = [], params = [], variant: variants = [] } = flags;
  return await loadWorkflow(file, { cwd, set, params, variants });
}

/** Finds the unnamed workflow; a directory in the place of a name may have been meant instead. */
function found(findWorkflow: (dir: string) => string, { dir, names }: Target): string {
  try {
    return findWorkflow(dir);
  } catch (error) {
    const isDir = names.length > 0 && isDirectory(names[0], dir);
    if (!isDir || !(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, {
      facts: error.facts,
      hint: `"${names[0]}" is a directory; to use its workflow write "./${names[0]}"`,
    });
  }
}

/** A workflow that is ready to be asked. */
export interface Opened extends AsyncDisposable {
  readonly engine: Engine;
  readonly names: readonly string[];
  /** What the engine was opened with. */
  readonly options: EngineOptions;
}

/**
 * Opens the engine for `[WORKFLOW] [NAMES…]` and prints the warnings about the definition.
 *
 * @param context Of the command.
 * @param flags Of the command.
 * @param words Positional words.
 * @param calls Pool of the run that follows, if it was started beforehand.
 * @throws {DefinitionError} If the workflow has errors, with all of them.
 */
export async function openTarget(
  context: CliContext,
  flags: WorkflowFlags & ExecutorFlags,
  words: readonly string[],
  calls?: HostPool,
): Promise<Opened> {
  const target = splitTarget(words, context.cwd);
  const { workflow, diagnostics } = await loadTarget(target, flags, context.cwd);
  const { Engine } = await import("../core/mod.ts");
  const inputs = inputsOf(flags);
  const readsStdin = Object.values(inputs).includes("-");
  const options: EngineOptions = {
    cwd: context.cwd,
    inputs,
    ...flags.map === undefined ? {} : { map: flags.map },
    placement: {
      ...flags.executor === undefined ? {} : { executor: flags.executor },
      ...flags.chunk === undefined ? {} : { chunk: flags.chunk },
    },
    hostCommand: [...selfCommand(), "host"],
    onWarning: (message) => writeStderr(`warning: ${sanitize(message)}\n`),
    ...calls === undefined ? {} : { calls },
    ...readsStdin ? { stdin: Deno.stdin.readable } : {},
    ...flags.cacheDir === undefined ? {} : { cacheDir: flags.cacheDir },
  };
  const engine = await Engine.open(workflow, diagnostics, options);
  for (const warning of engine.warnings) writeStderr(`${formatDiagnostic(warning)}\n`);
  return {
    engine,
    names: target.names,
    options,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** Collects `--input`; an input has one value, and standard input can be read once. */
function inputsOf(flags: WorkflowFlags): Record<string, string> {
  const inputs = new Map<string, string>();
  let stdinReader: string | undefined;
  for (const [name, text] of flags.input ?? []) {
    if (inputs.has(name)) throw new UsageError(`Cannot set input "${name}": it is given twice`);
    if (text === "-" && stdinReader !== undefined) {
      throw new UsageError(
        `Cannot set input "${name}": standard input already goes to "${stdinReader}"`,
      );
    }
    if (text === "-") stdinReader = name;
    inputs.set(name, text);
  }
  return Object.fromEntries(inputs);
}

/**
 * Refuses names on a command line that is about a whole workflow.
 *
 * @param action What cannot be done to a part of it, for example `draw`.
 * @throws {UsageError} If there is a name.
 */
export function noNames(names: readonly string[], action: string): void {
  if (names.length === 0) return;
  throw new UsageError(`Cannot ${action} only "${names[0]}": the command takes a whole workflow`, {
    hint: "leave out the name; a workflow ends in .yaml or .ts, a directory has a slash: ./NAME",
  });
}

/**
 * Returns the only name on a command line that takes exactly one.
 *
 * @param action What cannot be done without it, for example `explain`.
 * @throws {UsageError} If there is none or more than one.
 */
export function oneName(names: readonly string[], action: string): string {
  if (names.length === 1) return names[0];
  throw new UsageError(
    names.length === 0
      ? `Cannot ${action}: no name is given`
      : `Cannot ${action} several at once: ${names.map((name) => `"${name}"`).join(", ")}`,
    { hint: `name one node or output; "flow ls" lists them` },
  );
}
