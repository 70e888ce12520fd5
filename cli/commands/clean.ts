/**
 * `flow clean`: removes published files that no node of a workflow publishes any more. Does not know which these are.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { sanitize } from "../../core/base/source.ts";
import type { CleanReport } from "../../core/mod.ts";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { noNames, openTarget } from "../open.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";

interface CleanFlags extends WorkflowFlags {
  readonly dryRun: boolean;
  readonly all: boolean;
  readonly json: boolean;
}

/** `flow clean`. */
export const cleanCommand: Command<CliContext> = buildCommand<CleanFlags, string[], CliContext>({
  func: clean,
  parameters: {
    flags: {
      dryRun: booleanFlag("Only say what would be removed"),
      all: booleanFlag("Also remove what nodes of the workflow publish; a run brings it back"),
      json: booleanFlag("Print JSON"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { n: "dryRun", i: "input" },
    positional: namesParameter("[WORKFLOW]", "Workflow file"),
  },
  docs: {
    brief: "Remove published files that no node publishes any more",
  },
});

async function clean(this: CliContext, flags: CleanFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  noNames(opened.names, "clean");
  const report = opened.engine.clean({ dryRun: flags.dryRun, all: flags.all });
  if (flags.json) {
    writeStdout(`${JSON.stringify(report)}\n`);
    return;
  }
  writeStdout(linesOf(report, flags.dryRun));
  if (report.removed.length + report.kept.length === 0) writeStderr("ok: nothing to clean\n");
}

function linesOf({ removed, kept }: CleanReport, dryRun: boolean): string {
  const verb = dryRun ? "would remove" : "removed";
  const lines = [
    ...removed.map((path) => `${verb} ${path}`),
    ...kept.map(({ path, why }) => `kept ${path}: ${why}`),
  ];
  return lines.map((line) => `${sanitize(line).replaceAll("\n", " ")}\n`).join("");
}
