/**
 * `flow replay`: runs one node or call once more in the foreground. Does not know where its inputs come from.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { oneName, openTarget } from "../open.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { detectStyle, processFacts } from "../terminal.ts";

interface ReplayFlags extends WorkflowFlags {
  readonly printInputs: boolean;
}

/** Characters of a value that are shown. */
const VALUE_CHARS = 200;

/** `flow replay`. */
export const replayCommand: Command<CliContext> = buildCommand<ReplayFlags, string[], CliContext>({
  func: replay,
  parameters: {
    flags: {
      printInputs: booleanFlag("Print what it is called with as JSON, and run nothing"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] NODE",
      "Workflow file, then the node, or 'ys[3]' for one call of a map node",
    ),
  },
  docs: {
    brief: "Run one node or call again in the foreground; nothing is stored or published",
  },
});

async function replay(this: CliContext, flags: ReplayFlags, ...words: string[]): Promise<void> {
  await using opened = await openTarget(this, flags, words);
  const { engine } = opened;
  const { formatDuration, formatFailure } = await import("../../core/mod.ts");
  const { valueJson } = await import("../../core/base/value_json.ts");
  const made = engine.replay(oneName(opened.names, "replay"));
  if (flags.printInputs) {
    writeStdout(`${valueJson(made.inputs())}\n`);
    return;
  }
  const { completion, values } = await engine.runReplay(made, (stream, bytes) => {
    if (stream === "stdout") writeStdout(bytes);
    else Deno.stderr.writeSync(bytes);
  });
  if (completion.kind === "failed") {
    this.exitCode = 1;
    const { reason, message, hint } = completion.failure;
    const { color } = detectStyle(processFacts(Deno.stderr.isTerminal()));
    const [title, ...rest] = formatFailure({
      v: 1,
      time: 0,
      type: "failed",
      node: made.name,
      reason,
      message,
      ...hint === undefined ? {} : { hint },
      wallMs: completion.usage.wallMs,
      attempt: 1,
    }, { color }).split("\n");
    // What it wrote was shown above: there is no other log of it.
    writeStderr(`${[title, ...rest.slice(0, -1)].join("\n")}\n`);
    return;
  }
  const took = formatDuration(completion.usage.wallMs);
  writeStderr(`ok: ${made.name}, ${took}\n`);
  for (const [name, value] of Object.entries(values)) {
    const text = valueJson(value);
    const isCut = text.length > VALUE_CHARS;
    writeStderr(`  ${name}: ${isCut ? `${text.slice(0, VALUE_CHARS)}…` : text}\n`);
  }
}
