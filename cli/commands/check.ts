/**
 * `flow check`: reports all problems of a workflow. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { noNames, openTarget } from "../open.ts";
import { writeStderr } from "../output.ts";
import { namesParameter } from "../propose_names.ts";

interface CheckFlags extends WorkflowFlags {
  readonly strict: boolean;
}

/** Exit code for a wrong definition, as of `DefinitionError`. */
const DEFINITION_EXIT_CODE = 2;

/** `flow check`. */
export const checkCommand: Command<CliContext> = buildCommand<CheckFlags, string[], CliContext>({
  func: check,
  parameters: {
    flags: {
      strict: booleanFlag("Take warnings for errors"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter("[WORKFLOW]", "Workflow file"),
  },
  docs: {
    brief: "Report all problems of a workflow",
  },
});

async function check(this: CliContext, flags: CheckFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  noNames(opened.names, "check");
  const list = opened.engine.list();
  const { warnings } = opened.engine;
  const nodes = `${list.length} node${list.length === 1 ? "" : "s"}`;
  const found = `${warnings.length} warning${warnings.length === 1 ? "" : "s"}`;
  writeStderr(`${nodes}, ${warnings.length === 0 ? "no problems" : found}\n`);
  if (flags.strict && warnings.length > 0) this.exitCode = DEFINITION_EXIT_CODE;
}
