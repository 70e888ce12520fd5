/**
 * `flow plan`: says what a run would do, and why. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { EXECUTOR_FLAGS, type ExecutorFlags } from "../executor_flags.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { openTarget } from "../open.ts";
import { UsageError } from "../../core/base/error.ts";
import { printPlan } from "../print_plan.ts";
import { printSweep } from "../print_sweep.ts";
import { namesParameter } from "../propose_names.ts";
import { forcedBy, SELECT_FLAGS, type SelectFlags, selectionOf } from "../select_flags.ts";
import { isMany, openMany, SWEEP_FLAGS, type SweepFlags } from "../sweep_flags.ts";

interface PlanFlags extends WorkflowFlags, SelectFlags, SweepFlags, ExecutorFlags {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly exitCode: boolean;
  readonly force: boolean;
}

/** Exit code of `plan --exit-code` when there is something to do. */
const WORK_NEEDED_EXIT_CODE = 3;

/** `flow plan`. */
export const planCommand: Command<CliContext> = buildCommand<PlanFlags, string[], CliContext>({
  func: plan,
  parameters: {
    flags: {
      json: booleanFlag("Print all nodes as a JSON array, one per line"),
      verbose: booleanFlag("Also list what is up to date"),
      exitCode: booleanFlag("Exit with 3 if there is something to run"),
      force: booleanFlag("As if NAMES, or everything, were not up to date"),
      ...SELECT_FLAGS,
      ...EXECUTOR_FLAGS,
      ...SWEEP_FLAGS,
      ...WORKFLOW_FLAGS,
    },
    aliases: { v: "verbose", f: "force", i: "input" },
    positional: namesParameter(
      "[WORKFLOW] [NAMES…]",
      "Workflow file, then nodes or outputs; everything by default",
    ),
  },
  docs: {
    brief: "Say what would run, and why",
  },
});

async function plan(this: CliContext, flags: PlanFlags, ...words: string[]): Promise<void> {
  if (isMany(flags)) return await planMany(this, flags, words);
  await using opened = await openTarget(this, flags, words);
  const force = flags.force ? forcedBy(flags, opened.names) : undefined;
  const hasWork = await printPlan(opened.engine, {
    request: selectionOf(flags, opened.names, force),
    json: flags.json,
    verbose: flags.verbose,
  });
  if (hasWork && flags.exitCode) this.exitCode = WORK_NEEDED_EXIT_CODE;
}

/** Says what many runs would be; not what of them is up to date. */
async function planMany(
  context: CliContext,
  flags: PlanFlags,
  words: readonly string[],
): Promise<void> {
  for (const flag of ["exitCode", "force", "only", "skip", "select"] as const) {
    if (flags[flag] === undefined || flags[flag] === false) continue;
    const word = flag === "exitCode" ? "--exit-code" : `--${flag}`;
    throw new UsageError(`Cannot combine "${word}" and "--sweep" in a plan`, {
      hint: "leave out one",
    });
  }
  await using opened = await openMany(context, flags, words);
  await printSweep(opened.many, flags);
}
