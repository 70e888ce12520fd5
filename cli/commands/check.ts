/**
 * `flow check`: reports all problems of a workflow, types included. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { DefinitionError } from "../../core/base/error.ts";
import { sanitize } from "../../core/base/source.ts";
import type { Workflow } from "../../core/mod.ts";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { noNames, openTarget } from "../open.ts";
import { writeStderr } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { askAboutTypes } from "../type_process.ts";

interface CheckFlags extends WorkflowFlags {
  readonly strict: boolean;
  readonly noTypes: boolean;
  readonly verbose: boolean;
}

/** Exit code for a wrong definition, as of `DefinitionError`. */
const DEFINITION_EXIT_CODE = 2;

/** `flow check`. */
export const checkCommand: Command<CliContext> = buildCommand<CheckFlags, string[], CliContext>({
  func: check,
  parameters: {
    flags: {
      strict: booleanFlag("Take warnings for errors"),
      noTypes: booleanFlag("Do not check the types of what functions take and return"),
      verbose: booleanFlag("Say what could not be checked"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input", v: "verbose" },
    positional: namesParameter("[WORKFLOW]", "Workflow file"),
  },
  docs: {
    brief: "Report all problems of a workflow, also wires whose types do not fit",
  },
});

async function check(this: CliContext, flags: CheckFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  noNames(opened.names, "check");
  const { engine } = opened;
  const hasFunctions = engine.workflow.nodes.some(({ work }) => work.kind === "call");
  if (hasFunctions && !flags.noTypes) {
    const code = await checkTypes(engine.workflow, flags, this.cwd);
    if (code !== 0) return void (this.exitCode = code);
  }
  const list = engine.list();
  const { warnings } = engine;
  const nodes = `${list.length} node${list.length === 1 ? "" : "s"}`;
  const found = `${warnings.length} warning${warnings.length === 1 ? "" : "s"}`;
  writeStderr(`${nodes}, ${warnings.length === 0 ? "no problems" : found}\n`);
  if (flags.strict && warnings.length > 0) this.exitCode = DEFINITION_EXIT_CODE;
}

/**
 * Checks types; returns the exit code if they could not be checked, which has been said, and else 0.
 *
 * @throws {DefinitionError} If some do not fit. The warnings about the definition have been printed.
 */
async function checkTypes(workflow: Workflow, flags: CheckFlags, cwd: string): Promise<number> {
  const { set = [], params = [], input = [], variant: variants = [] } = flags;
  const given = input.map(([name]) => name);
  const answer = await askAboutTypes({ file: workflow.file, cwd, set, params, variants, given });
  if (!answer.ok) return answer.code;
  const { problems, notes } = answer.report;
  for (const note of flags.verbose ? notes : []) writeStderr(`note: ${sanitize(note)}\n`);
  if (problems.length > 0) throw new DefinitionError(problems);
  return 0;
}
