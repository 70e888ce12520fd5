/**
 * `flow why`: explains why a node would run, or why not. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { oneName, openTarget } from "../open.ts";
import { writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";

interface WhyFlags extends WorkflowFlags {
  readonly json: boolean;
}

/** `flow why`. */
export const whyCommand: Command<CliContext> = buildCommand<WhyFlags, string[], CliContext>({
  func: why,
  parameters: {
    flags: { json: booleanFlag("Print the explanation as JSON"), ...WORKFLOW_FLAGS },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] NODE",
      "Workflow file, then the node or output to explain",
    ),
  },
  docs: {
    brief: "Explain why a node would run",
  },
});

async function why(this: CliContext, flags: WhyFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  const node = oneName(opened.names, "explain");
  const explanation = opened.engine.why(node);
  if (flags.json) writeStdout(`${JSON.stringify(explanation)}\n`);
  else writeStdout(explanation.lines.map((line) => `${line}\n`).join(""));
}
