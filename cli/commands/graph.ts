/**
 * `flow graph`: draws the graph of a workflow. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { UsageError } from "../../core/base/error.ts";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { openTarget } from "../open.ts";
import { writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { terminalStyle } from "../terminal.ts";

interface GraphFlags extends WorkflowFlags {
  readonly ascii: boolean;
  readonly dot: boolean;
  readonly mermaid: boolean;
  readonly json: boolean;
  readonly status: boolean;
}

/** `flow graph`. */
export const graphCommand: Command<CliContext> = buildCommand<GraphFlags, string[], CliContext>({
  func: graph,
  parameters: {
    flags: {
      ascii: booleanFlag("Draw with text; the default"),
      dot: booleanFlag("Print Graphviz DOT"),
      mermaid: booleanFlag("Print a Mermaid flowchart"),
      json: booleanFlag("Print nodes and edges as JSON"),
      status: booleanFlag("Also say what became of each node; the default on a terminal"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] [NAMES…]",
      "Workflow file, then nodes or outputs; with what they need; all by default",
    ),
  },
  docs: {
    brief: "Draw the graph",
  },
});

async function graph(this: CliContext, flags: GraphFlags, ...words: string[]): Promise<void> {
  const chosen = (["ascii", "dot", "mermaid", "json"] as const).filter((name) => flags[name]);
  if (chosen.length > 1) {
    throw new UsageError(`Cannot combine "--${chosen[0]}" and "--${chosen[1]}"`, {
      hint: "leave out one",
    });
  }
  await using opened = await openTarget(this, flags, words);
  const status = flags.status || (Deno.stdout.isTerminal() && (chosen[0] ?? "ascii") === "ascii");
  const view = opened.engine.view({ status, selectors: opened.names });
  const { drawAscii, toDot, toGraphJson, toMermaid } = await import("../../core/mod.ts");
  const draw = {
    ascii: () => drawAscii(view, terminalStyle(flags.color)),
    dot: () => toDot(view),
    mermaid: () => toMermaid(view),
    json: () => toGraphJson(view),
  }[chosen[0] ?? "ascii"];
  const text = draw();
  writeStdout(text.endsWith("\n") ? text : `${text}\n`);
}
