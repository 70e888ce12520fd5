/**
 * `flow show`: prints a stored output. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { oneName, openTarget } from "../open.ts";
import { namesParameter } from "../propose_names.ts";
import { showMany } from "../show_many.ts";
import { SHOW_FORMATS, type ShowFormat, showOutput } from "../show_output.ts";
import { isMany, openMany, SWEEP_FLAGS, type SweepFlags } from "../sweep_flags.ts";

interface ShowFlags extends WorkflowFlags, SweepFlags {
  readonly format: ShowFormat;
}

/** `flow show`. */
export const showCommand: Command<CliContext> = buildCommand<ShowFlags, string[], CliContext>({
  func: show,
  parameters: {
    flags: {
      format: {
        kind: "enum",
        values: SHOW_FORMATS,
        default: "auto",
        brief: "auto is raw for text, bytes and files, else JSON; a table for a sweep",
      },
      ...SWEEP_FLAGS,
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] OUTPUT",
      "Workflow file, then the output, for example z or 'z[:,3]'",
    ),
  },
  docs: {
    brief: "Print a stored output",
  },
});

async function show(this: CliContext, flags: ShowFlags, ...words: string[]): Promise<void> {
  if (isMany(flags)) {
    await using opened = await openMany(this, flags, words);
    return await showMany(opened.many, oneName(opened.names, "show"), flags.format);
  }
  await using opened = await openTarget(this, flags, words);
  await showOutput(opened.engine, oneName(opened.names, "show"), flags.format);
}
