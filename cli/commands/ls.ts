/**
 * `flow ls`: lists the nodes of a workflow. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { openTarget } from "../open.ts";
import { writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { formatJsonLines, printTable } from "../table.ts";

interface LsFlags extends WorkflowFlags {
  readonly json: boolean;
}

/** `flow ls`. */
export const lsCommand: Command<CliContext> = buildCommand<LsFlags, string[], CliContext>({
  func: ls,
  parameters: {
    flags: {
      json: booleanFlag("Print a JSON array, one node per line"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] [NAMES…]",
      "Workflow file, then nodes or outputs; with what they need; all by default",
    ),
  },
  docs: {
    brief: "List nodes with their inputs and outputs",
  },
});

async function ls(this: CliContext, flags: LsFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  const entries = opened.engine.list(opened.names);
  if (flags.json) {
    writeStdout(formatJsonLines(entries));
    return;
  }
  await printTable(entries.map(({ node, kind, inputs, outputs, variant, variants = [] }) => [
    node,
    kind,
    `${inputs.join(", ") || "()"} -> ${outputs.join(", ") || "()"}`,
    ...variant === undefined ? [] : [`variant ${variant} of ${variants.join(", ")}`],
  ]));
}
