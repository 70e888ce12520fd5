/**
 * Flags that ask for many combinations of values. Knows no command, and not what the names mean.
 *
 * @module
 */

import type { FlagParametersForType } from "@stricli/core";
import { UsageError } from "../core/base/error.ts";
import type { SourceFile } from "../core/base/source.ts";
import type { ManyRuns, SweepRequest } from "../core/mod.ts";
import type { CliContext } from "./context.ts";
import type { ExecutorFlags } from "./executor_flags.ts";
import type { WorkflowFlags } from "./flags.ts";
import { type Opened, openTarget } from "./open.ts";
import { proposeSweeps, proposeSwept } from "./propose_sweeps.ts";
import { absolutePath } from "./workflow_argument.ts";

/** Flags of commands that are about one run or many. */
export interface SweepFlags {
  readonly sweep?: readonly string[];
  readonly sweepZip?: readonly string[];
  readonly each?: string;
}

/** Definitions of {@linkcode SweepFlags}. */
export const SWEEP_FLAGS: FlagParametersForType<SweepFlags, CliContext> = {
  sweep: {
    kind: "parsed",
    parse: parseSweepText,
    proposeCompletions: proposeSweeps,
    optional: true,
    variadic: true,
    placeholder: "SWEEP",
    brief:
      "Once for each value of an input or param: n=1,2 or 'n=range(10)'; or for a sweep of the file",
  },
  sweepZip: {
    kind: "parsed",
    parse: parseZipText,
    proposeCompletions: proposeSwept,
    optional: true,
    variadic: true,
    placeholder: "NAME=VALUES",
    brief: "The same with values that go together: --sweep-zip a=1,2 --sweep-zip b=3,4",
  },
  each: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "FILE",
    brief: "Once for each line of FILE, a JSON object of inputs and params; - is standard input",
  },
};

/** Checks the form of `--sweep`. */
function parseSweepText(text: string): string {
  if (!/^[^=\s]+(?:=|$)/.test(text)) throw new Error("write NAME=VALUES, or the name of a sweep");
  return text;
}

/** Checks the form of `--sweep-zip`. */
function parseZipText(text: string): string {
  if (!/^[^=\s]+=/.test(text)) throw new Error("write it as NAME=VALUES");
  return text;
}

/** Tells whether a command line is about many runs. */
export function isMany({ sweep, sweepZip, each }: SweepFlags): boolean {
  return sweep !== undefined || sweepZip !== undefined || each !== undefined;
}

/** A workflow with many combinations of values. */
export interface OpenedMany extends AsyncDisposable {
  readonly many: ManyRuns;
  readonly names: Opened["names"];
  readonly engine: Opened["engine"];
}

/**
 * Opens a workflow and finds the combinations of the command line.
 *
 * @throws {UsageError} If flags contradict each other, or name what is not there.
 * @throws {DefinitionError} If the workflow, or a line of `--each`, is wrong.
 */
export async function openMany(
  context: CliContext,
  flags: WorkflowFlags & SweepFlags & ExecutorFlags,
  words: readonly string[],
): Promise<OpenedMany> {
  const isSwept = flags.sweep !== undefined || flags.sweepZip !== undefined;
  if (isSwept && flags.each !== undefined) {
    throw new UsageError('Cannot combine "--sweep" and "--each"', { hint: "leave out one" });
  }
  const piped = flags.input?.find(([, text]) => text === "-");
  if (piped !== undefined) {
    throw new UsageError(`Cannot give input "${piped[0]}" to many runs from standard input`, {
      hint: `save it to a file and name that: --input ${piped[0]}=FILE`,
    });
  }
  const each = flags.each === undefined ? undefined : await readEach(flags.each, context.cwd);
  const opened = await openTarget(context, flags, words);
  try {
    const { ManyRuns } = await import("../core/mod.ts");
    const request: SweepRequest = {
      sweeps: flags.sweep ?? [],
      zip: flags.sweepZip ?? [],
      ...each === undefined ? {} : { each },
      cwd: context.cwd,
      given: {
        inputs: (flags.input ?? []).map(([name]) => name),
        set: flags.set ?? [],
        variants: flags.variant ?? [],
      },
    };
    const many = await ManyRuns.open(opened.engine, request, opened.options);
    return {
      many,
      names: opened.names,
      engine: opened.engine,
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** Reads the lines of `--each`. */
async function readEach(name: string, cwd: string): Promise<SourceFile> {
  if (name === "-") {
    const text = await new Response(Deno.stdin.readable).text();
    return { name: "standard input", text };
  }
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(absolutePath(name, cwd));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new UsageError(`Cannot find "${name}": no such file`, { hint: "check the path" });
    }
    throw new UsageError(`Cannot read "${name}": it is not a file`, { hint: "check the path" });
  }
  try {
    return { name, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`Cannot read "${name}": it is not UTF-8`, { hint: "save it as UTF-8" });
  }
}
