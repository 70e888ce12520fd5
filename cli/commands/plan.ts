/**
 * `flow plan`: says what a run would do, and why. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { openTarget } from "../open.ts";
import { printPlan } from "../print_plan.ts";
import { namesParameter } from "../propose_names.ts";
import { forcedBy, SELECT_FLAGS, type SelectFlags, selectionOf } from "../select_flags.ts";

interface PlanFlags extends WorkflowFlags, SelectFlags {
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
  await using opened = await openTarget(this, flags, words);
  const force = flags.force ? forcedBy(flags, opened.names) : undefined;
  const hasWork = await printPlan(opened.engine, {
    request: selectionOf(flags, opened.names, force),
    json: flags.json,
    verbose: flags.verbose,
  });
  if (hasWork && flags.exitCode) this.exitCode = WORK_NEEDED_EXIT_CODE;
}
