/**
 * `flow run`: brings nodes up to date. Does not know how.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { UsageError } from "../../core/base/error.ts";
import type { Engine, RunOutcome } from "../../core/mod.ts";
import type { CliContext } from "../context.ts";
import { EXECUTOR_FLAGS, type ExecutorFlags } from "../executor_flags.ts";
import {
  booleanFlag,
  parseDuration,
  parseJobs,
  parsePositive,
  parseSeed,
  parseSize,
  WORKFLOW_FLAGS,
  type WorkflowFlags,
} from "../flags.ts";
import { formatForgotten } from "../format_forgotten.ts";
import { tellOrphans } from "../tell_orphans.ts";
import { section } from "../help_text.ts";
import { KEYS } from "../keys.ts";
import { openTarget } from "../open.ts";
import { writeStderr } from "../output.ts";
import { printPlan } from "../print_plan.ts";
import { printSweep } from "../print_sweep.ts";
import { namesParameter, proposeNames } from "../propose_names.ts";
import { fileOf, type Recall, recall, tellNothingToDo } from "../recall.ts";
import {
  forcedBy,
  type NameLists,
  namesFlag,
  SELECT_FLAGS,
  type SelectFlags,
  selectionOf,
} from "../select_flags.ts";
import { SHOW_FORMATS, type ShowFormat, showOutput } from "../show_output.ts";
import { checkManyFlags, runMany } from "../run_many.ts";
import { trapAborts, trapRequests } from "../signals.ts";
import { openSurface } from "../run_surface.ts";
import { Steering, STOPPED_EXIT_CODE } from "../steering.ts";
import { isNewStore, warmPool } from "../warm.ts";
import { isMany, openMany, SWEEP_FLAGS, type SweepFlags } from "../sweep_flags.ts";
import { parseSlice } from "../../core/base/slice.ts";
import { splitTarget } from "../workflow_argument.ts";

/** Flags of `flow run`. */
export interface RunFlags extends WorkflowFlags, SelectFlags, SweepFlags, ExecutorFlags {
  readonly dryRun: boolean;
  readonly jobs?: number;
  readonly keepGoing: boolean;
  readonly failFast: boolean;
  readonly force: boolean;
  readonly until?: NameLists;
  readonly from?: NameLists;
  readonly forget?: NameLists;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly noConsole: boolean;
  readonly output?: string;
  readonly format: ShowFormat;
  readonly memory?: number;
  readonly timeout?: number;
  readonly grace?: number;
  readonly seed?: number;
  readonly keepRuns?: number;
  readonly maxConcurrent?: number;
  readonly verify: boolean;
}

/** Exit code of a run that took longer than `--timeout`, as of timeout(1). */
const TIMEOUT_EXIT_CODE = 124;

/** `flow run`. */
export const runCommand: Command<CliContext> = buildCommand<RunFlags, string[], CliContext>({
  func: run,
  parameters: {
    flags: {
      dryRun: booleanFlag("Only say what would run, and why; the same as plan"),
      jobs: {
        kind: "parsed",
        parse: parseJobs,
        optional: true,
        placeholder: "N",
        brief: "Actions at once, the number of processors by default",
      },
      keepGoing: booleanFlag("After a failure run everything that does not need it; the default"),
      failFast: booleanFlag("After a failure start nothing more"),
      force: booleanFlag("Run NAMES again, or everything, even if up to date"),
      ...SELECT_FLAGS,
      until: namesFlag("Run these nodes and what they need; the same as naming them"),
      from: namesFlag("Run these nodes again, and what their new results change"),
      forget: namesFlag("First drop the stored results of these nodes, so that they run again"),
      quiet: booleanFlag("Print only errors"),
      verbose: booleanFlag("Print a line for every node, also those up to date"),
      json: booleanFlag("Print events as lines of JSON to standard output"),
      noConsole: booleanFlag("Read no keys from the terminal; with them ? lists what they do"),
      output: {
        kind: "parsed",
        parse: String,
        proposeCompletions: proposeNames,
        optional: true,
        placeholder: "NAME",
        brief: "Run what makes this output and print it to standard output",
      },
      format: {
        kind: "enum",
        values: SHOW_FORMATS,
        default: "auto",
        brief: "How --output is printed",
      },
      memory: {
        kind: "parsed",
        parse: parseSize,
        optional: true,
        placeholder: "SIZE",
        brief: "Memory that running nodes may take together, for example 8G",
      },
      timeout: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "Stop the run after this time and exit with 124",
      },
      grace: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "Time between asking a node to stop and killing it, 10s by default",
      },
      seed: {
        kind: "parsed",
        parse: parseSeed,
        optional: true,
        placeholder: "N",
        brief: "Order among nodes that are equally urgent",
      },
      verify: booleanFlag(
        "Execute nodes twice, exit with 1 if outputs differ; not nodes without outputs or not cached",
      ),
      keepRuns: {
        kind: "parsed",
        parse: parsePositive,
        optional: true,
        placeholder: "N",
        brief: "Records of runs that stay for history, this one among them, 50 by default",
      },
      ...EXECUTOR_FLAGS,
      ...SWEEP_FLAGS,
      maxConcurrent: {
        kind: "parsed",
        parse: parsePositive,
        optional: true,
        placeholder: "N",
        brief: "Runs of --sweep and --each at once, as many as --jobs by default",
      },
      ...WORKFLOW_FLAGS,
    },
    aliases: {
      n: "dryRun",
      j: "jobs",
      k: "keepGoing",
      f: "force",
      q: "quiet",
      v: "verbose",
      i: "input",
      o: "output",
    },
    positional: namesParameter(
      "[WORKFLOW] [NAMES…]",
      "Workflow file, then nodes or outputs; everything by default",
    ),
  },
  docs: {
    brief: "Run what is not up to date",
    fullDescription: section("Keys while it runs on a terminal", KEYS) +
      "\nSIGUSR1 does what s does, SIGUSR2 what r does.",
  },
});

async function run(this: CliContext, flags: RunFlags, ...words: string[]): Promise<void> {
  checkFlags(flags);
  const isRepeatable = !isStdinRead(flags);
  let steering = new Steering({ isRepeatable });
  using _requests = trapRequests(() => steering);
  for (;;) {
    this.exitCode = 0;
    await (isMany(flags) ? runAll : runOnce)(this, flags, words, steering);
    if (!steering.isAgain || flags.dryRun) return;
    steering = new Steering({ isRepeatable });
  }
}

/** Loads the workflow and runs it. */
async function runOnce(
  context: CliContext,
  flags: RunFlags,
  words: readonly string[],
  steering: Steering,
): Promise<void> {
  const { cwd } = context;
  const jobs = flags.jobs ?? navigator.hardwareConcurrency;
  const file = fileOf(splitTarget(words, cwd), cwd);
  const warm = () => flags.dryRun ? undefined : warmPool(file, flags, cwd, jobs);
  const early = isNewStore(file, flags, cwd) ? await warm() : undefined;
  const known = await recalled(context, flags, words);
  if (known?.isCurrent) {
    if (!flags.quiet) tellNothingToDo();
    return;
  }
  await using opened = await openTarget(context, flags, words, early ?? await warm());
  const { engine } = opened;
  const targets = targetsOf(flags, opened.names);
  const request = selectionOf(flags, targets, againBy(flags, targets));
  if (flags.dryRun) {
    await printPlan(engine, { request, json: flags.json, verbose: flags.verbose });
    return;
  }
  using _aborts = trapAborts(steering);
  using _timer = stopAfter(flags.timeout, steering);
  using surface = await openSurface(flags, steering, engine, isStdinRead(flags));
  const { outcome, orphans } = await engine.run({
    ...request,
    ...flags.forget === undefined ? {} : { forget: flags.forget.flat() },
    onForgotten: (forgotten) => flags.quiet || writeStderr(formatForgotten(forgotten)),
    ...settingsOf(flags),
    ...known === undefined ? {} : { memo: { identity: known.identity, paths: known.paths } },
    onEvent: surface.onEvent,
    onRunning: surface.onRunning,
    stop: steering.stop,
    kill: steering.kill,
    drain: steering.drain,
  });
  if (orphans > 0 && !flags.quiet && !flags.json) {
    tellOrphans(orphans, splitTarget(words, cwd).file);
  }
  if (flags.output !== undefined && isPrinted(engine, outcome, flags.output)) {
    await showOutput(engine, flags.output, { format: flags.format });
  }
  const exitCode = { ok: 0, failed: 1, aborted: STOPPED_EXIT_CODE }[outcome];
  context.exitCode = steering.exitCode ?? exitCode;
}

/** Whether there is something to print: of a run that failed what it made all the same, error values and all. */
function isPrinted(engine: Engine, outcome: RunOutcome["outcome"], output: string): boolean {
  if (outcome !== "failed") return outcome === "ok";
  return engine.isMade(parseSlice(output).name);
}

/** Runs the workflow once for each combination of values. */
async function runAll(
  context: CliContext,
  flags: RunFlags,
  words: readonly string[],
  steering: Steering,
): Promise<void> {
  checkManyFlags(flags);
  if (flags.output !== undefined && parseSlice(flags.output).subscripts.length > 0) {
    throw new UsageError(`Cannot print a selection of many runs: "${flags.output}"`, {
      hint: "name the whole output; a line for each run is printed",
    });
  }
  await using opened = await openMany(context, flags, words);
  if (flags.dryRun) return await printSweep(opened.many, flags);
  using _aborts = trapAborts(steering);
  using _timer = stopAfter(flags.timeout, steering);
  const { maxConcurrent } = flags;
  const request = {
    ...selectionOf(flags, targetsOf(flags, opened.names)),
    ...settingsOf(flags),
    ...maxConcurrent === undefined ? {} : { maxConcurrent },
  };
  await runMany(context, opened, request, { flags, steering });
}

/** Nodes and outputs that the command line names. */
function targetsOf(flags: RunFlags, names: readonly string[]): string[] {
  const output = flags.output === undefined ? [] : [parseSlice(flags.output).name];
  return [...new Set([...names, ...flags.until?.flat() ?? [], ...output])];
}

/** How a run is to go on, as the engine takes it. */
function settingsOf(flags: RunFlags) {
  const { failFast, verify, output, seed, grace, memory, keepRuns } = flags;
  return {
    failFast,
    verify,
    jobs: flags.jobs ?? navigator.hardwareConcurrency,
    ...output === undefined ? {} : { deliver: parseSlice(output).name },
    ...seed === undefined ? {} : { seed },
    ...grace === undefined ? {} : { graceMs: grace },
    ...memory === undefined ? {} : { memoryBytes: memory },
    ...keepRuns === undefined ? {} : { keepRuns },
  };
}

/** Tells whether an input, or what each run gets, is read from standard input. */
function isStdinRead({ input, each }: RunFlags): boolean {
  return each === "-" || input?.some(([, text]) => text === "-") === true;
}

/** Looks whether this very command is known to have nothing to do; not for one that must show, force
 * or remove something. */
async function recalled(
  context: CliContext,
  flags: RunFlags,
  words: readonly string[],
): Promise<Recall | undefined> {
  const { chunk, dryRun, executor, force, from, forget, json, keepRuns, output, select, verbose } =
    flags;
  const isMore = [chunk, executor, from, forget, keepRuns, output, select].some((flag) =>
    flag !== undefined
  );
  if (dryRun || force || json || verbose || isMore) return undefined;
  const target = splitTarget(words, context.cwd);
  const targets = [...target.names, ...flags.until?.flat() ?? []];
  return await recall(context, flags, target, selectionOf(flags, targets));
}

/** Rejects flags that contradict each other. */
function checkFlags(flags: RunFlags): void {
  const conflicts: [boolean, string, string][] = [
    [flags.keepGoing && flags.failFast, "--keep-going", "--fail-fast"],
    [flags.quiet && flags.verbose, "--quiet", "--verbose"],
    [flags.json && flags.output !== undefined, "--json", "--output"],
    [flags.dryRun && flags.forget !== undefined, "--dry-run", "--forget"],
  ];
  if (flags.format === "csv" && !isMany(flags)) {
    throw new UsageError("Cannot print one result as csv: it is no table", {
      hint: "add --sweep or --each; flow run --help lists other formats",
    });
  }
  if (flags.maxConcurrent !== undefined && !isMany(flags)) {
    throw new UsageError('Cannot use "--max-concurrent" with one run', {
      hint: "add --sweep or --each; -j N limits the actions of a run",
    });
  }
  const found = conflicts.find(([isGiven]) => isGiven);
  if (found === undefined) return;
  throw new UsageError(`Cannot combine "${found[1]}" and "${found[2]}"`, { hint: "leave out one" });
}

/** Returns what is run again although it is up to date. */
function againBy(
  flags: RunFlags,
  targets: readonly string[],
): readonly string[] | true | undefined {
  const force = flags.force ? forcedBy(flags, targets) : [];
  if (force === true) return true;
  const again = [...new Set([...force, ...flags.from?.flat() ?? []])];
  return again.length === 0 ? undefined : again;
}

/** Stops the run after a time. */
function stopAfter(timeoutMs: number | undefined, steering: Steering): Disposable {
  const timer = timeoutMs === undefined
    ? undefined
    : setTimeout(() => steering.requestStop(TIMEOUT_EXIT_CODE), timeoutMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
