/**
 * `flow ls`: lists the nodes of a workflow, what they start from, and how they hang together. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { UsageError } from "../../core/base/error.ts";
import type { Engine, ListEntry } from "../../core/mod.ts";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { oneName, openTarget } from "../open.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { formatJsonLines, printTable } from "../table.ts";

/** Other things to list than all nodes; one at a time. */
const VIEWS = ["inputs", "starts", "leaves", "generations", "components", "nestable"] as const;

type View = typeof VIEWS[number];

type ViewFlags = { readonly [K in View]: boolean };

interface LsFlags extends WorkflowFlags, ViewFlags {
  readonly json: boolean;
}

/** `flow ls`. */
export const lsCommand: Command<CliContext> = buildCommand<LsFlags, string[], CliContext>({
  func: ls,
  parameters: {
    flags: {
      inputs: booleanFlag("What comes from outside: inputs, params, files, with their defaults"),
      starts: booleanFlag("For one NAME: all sets of names that are enough to compute it"),
      leaves: booleanFlag("Only nodes that nothing needs"),
      generations: booleanFlag("Nodes by generation: each needs something of the one before"),
      components: booleanFlag("Parts that share neither nodes nor inputs"),
      nestable: booleanFlag(
        "Functions that always run together and might be one node: nest: [a, b]",
      ),
      json: booleanFlag("Print a JSON array, one item per line"),
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input" },
    positional: namesParameter(
      "[WORKFLOW] [NAMES…]",
      "Workflow file, then nodes or outputs; with what they need; all by default",
    ),
  },
  docs: {
    brief: "List nodes with their inputs and outputs, or how they hang together",
  },
});

/** What is listed: items for JSON, rows for people. */
interface Listing {
  readonly items: readonly unknown[];
  readonly rows: readonly (readonly string[])[];
}

async function ls(this: CliContext, flags: LsFlags, ...words: string[]): Promise<void> {
  const [view, second] = VIEWS.filter((name) => flags[name]);
  if (second !== undefined) {
    throw new UsageError(`Cannot combine "--${view}" and "--${second}"`, { hint: "leave out one" });
  }
  await using opened = await openTarget(this, flags, words);
  const { items, rows } = listing(opened.engine, view, opened.names);
  if (flags.json) writeStdout(formatJsonLines(items));
  else await printTable(rows);
}

function listing(engine: Engine, view: View | undefined, names: readonly string[]): Listing {
  switch (view) {
    case undefined:
      return nodesOf(engine.list(names));
    case "leaves": {
      const leaves = new Set(engine.structure(names).leaves());
      return nodesOf(engine.list(names).filter(({ node }) => leaves.has(node)));
    }
    case "inputs":
      return inputsOf(engine, names);
    case "starts":
      return startsOf(engine, oneName(names, "say what to start from"));
    case "generations": {
      const items = engine.structure(names).generations();
      return { items, rows: items.map((nodes, i) => [String(i + 1), nodes.join(", ")]) };
    }
    case "components": {
      const items = engine.structure(names).components();
      const rows = items.map(({ nodes, inputs, leaves }, i) => [
        String(i + 1),
        nodes.join(", "),
        `${inputs.join(", ") || "()"} -> ${leaves.join(", ")}`,
      ]);
      return { items, rows };
    }
    case "nestable": {
      const items = engine.structure(names).nestable();
      return { items, rows: items.map((nodes) => [`nest: [${nodes.join(", ")}]`]) };
    }
    default:
      return view satisfies never;
  }
}

function nodesOf(items: readonly ListEntry[]): Listing {
  const rows = items.map(({ node, kind, inputs, outputs, variant, variants = [] }) => [
    node,
    kind,
    `${inputs.join(", ") || "()"} -> ${outputs.join(", ") || "()"}`,
    ...variant === undefined ? [] : [`variant ${variant} of ${variants.join(", ")}`],
  ]);
  return { items, rows };
}

function inputsOf(engine: Engine, names: readonly string[]): Listing {
  const items = engine.structure(names).roots();
  const rows = items.map((root) => [
    root.name,
    root.type ?? root.from,
    root.required === true
      ? "required"
      : root.default === undefined
      ? ""
      : `= ${JSON.stringify(root.default)}`,
    `for ${root.nodes.join(", ")}`,
    root.description ?? "",
  ]);
  return { items, rows };
}

function startsOf(engine: Engine, name: string): Listing {
  const { sets, isCut } = engine.structure([name]).starts(name);
  if (isCut) writeStderr(`there are more than these ${sets.length}\n`);
  return { items: sets, rows: sets.map((set) => [set.join(", ") || "()"]) };
}
