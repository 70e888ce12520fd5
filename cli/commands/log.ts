/**
 * `flow log`: prints what a node wrote when it last ran. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { oneName, openTarget } from "../open.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";

interface LogFlags extends WorkflowFlags {
  readonly error: boolean;
  readonly path: boolean;
}

/** `flow log`. */
export const logCommand: Command<CliContext> = buildCommand<LogFlags, string[], CliContext>({
  func: log,
  parameters: {
    flags: {
      error: booleanFlag("Print the report of its newest failure: what it took, said and needed"),
      path: booleanFlag("Print the paths of the log files, or with --error reports, of all runs"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] NODE",
      "Workflow file, then the node, or 'ys[3]' for one call",
    ),
  },
  docs: {
    brief: "Print what a node, or one call of a map node, wrote when it last ran",
  },
});

async function log(this: CliContext, flags: LogFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  const node = oneName(opened.names, "print the log of");
  if (flags.error) {
    printErrors(opened.engine.errors(node), node, flags.path);
    return;
  }
  const logs = opened.engine.log(node);
  // Of a map node all that its calls wrote.
  const shown = flags.path ? logs : logs.filter(({ run }) => run === logs[0].run);
  if (shown.length === 0) writeStderr(`"${node}" has written nothing\n`);
  for (const { run, name, stdout, stderr } of shown) {
    for (const path of [stdout, stderr]) {
      if (path === undefined) continue;
      if (flags.path) {
        writeStdout(`${path}\n`);
      } else {
        const whose = shown.length === 1 ? "" : `${name} `;
        writeStderr(`==> ${whose}${path === stdout ? "stdout" : "stderr"} of run ${run}\n`);
        writeStdout(Deno.readFileSync(path));
      }
    }
  }
}

function printErrors(
  errors: readonly { readonly run: string; readonly name: string; readonly text: string }[],
  node: string,
  asPath: boolean,
): void {
  if (errors.length === 0) {
    writeStderr(`"${node}" has not failed in a run whose record is kept\n`);
    return;
  }
  if (asPath) {
    writeStdout(errors.map(({ text }) => `${text}\n`).join(""));
    return;
  }
  const newest = errors.filter(({ run }) => run === errors[0].run);
  const [first, ...more] = newest;
  writeStdout(Deno.readFileSync(first.text));
  if (more.length === 0) return;
  writeStderr(`more reports of this run: ${more.map(({ name }) => name).join(" ")}\n`);
}
