/**
 * The part of `flow run WORKFLOW --help` that comes from the workflow: its inputs, params, variants and sweeps.
 * Does not know the flags of `run`.
 *
 * @module
 */

import type { Sweep, Variants } from "../core/mod.ts";
import { createContext } from "./context.ts";
import { openTarget } from "./open.ts";
import { writeStdout } from "./output.ts";
import { printTable } from "./table.ts";

/**
 * Prints inputs, params, variants and sweeps of the workflow that the words name; without a named workflow, nothing.
 *
 * @param words Words after the command, without `--help`.
 * @throws {FlowError} If a workflow is named and cannot be read.
 */
export async function printWorkflowHelp(words: readonly string[]): Promise<void> {
  const names = words.filter((word) => !word.startsWith("-"));
  if (names.length === 0) return;
  await using opened = await openTarget(
    createContext(),
    { color: "auto", debug: false },
    names.slice(0, 1),
  );
  const { inputs, params } = opened.engine.describe();
  const { sweeps = {}, variants } = opened.engine.workflow;
  const sections: [string, readonly string[][]][] = [
    [
      "Inputs",
      inputs.map((input) => {
        const named = { ...input, type: input.kind === "value" ? input.type : input.kind };
        return ["  --input", `${input.name}=${placeholder(named)}`, ...notes(named)];
      }),
    ],
    [
      "Params",
      params.map(({ path, value }) => {
        const param = { name: path.replace(/^params\./, ""), type: typeOf(value), default: value };
        return ["  --set", `${param.name}=${placeholder(param)}`, ...notes(param)];
      }),
    ],
    ["Variants", variantRows(variants)],
    ["Sweeps", Object.entries(sweeps).map(([name, sweep]) => ["  --sweep", name, sweptBy(sweep)])],
  ];
  for (const [title, rows] of sections) {
    if (rows.length === 0) continue;
    writeStdout(`\n${title}:\n`);
    await printTable(rows);
  }
}

/** Nodes with their variants, then sets with what they choose. */
function variantRows(variants: Variants | undefined): string[][] {
  const { nodes = {}, sets = {} } = variants ?? {};
  return [
    ...Object.entries(nodes).map(([node, { chosen, defs }]) => [
      "  --variant",
      `${node}=VARIANT`,
      Object.keys(defs).join(", "),
      `[default = ${chosen}]`,
    ]),
    ...Object.entries(sets).map(([set, choices]) => [
      "  --variant",
      set,
      Object.entries(choices).map(([node, variant]) => `${node}=${variant}`).join(", "),
      "",
    ]),
  ];
}

/** Names that a sweep gives values to. */
function sweptBy(sweep: Sweep): string {
  const names = sweep.flatMap(({ axes }) => axes.flatMap(({ values }) => Object.keys(values)));
  return `by ${[...new Set(names)].join(", ")}`;
}

/** What `describe()` tells of an input or param. */
interface Described {
  readonly name: string;
  readonly type?: string | undefined;
  readonly default?: unknown;
  readonly description?: string;
}

function placeholder({ type }: Described): string {
  return (type ?? "value").toUpperCase();
}

function notes(described: Described): [string, string] {
  const { description, default: value } = described;
  return [
    description ?? "",
    value === undefined ? "[required]" : `[default = ${JSON.stringify(value)}]`,
  ];
}

function typeOf(value: unknown): string | undefined {
  if (value === null) return undefined;
  return Array.isArray(value) ? "array" : typeof value;
}
