/**
 * `flow diff`: compares two runs, node by node. Does not read the workflow or run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { NodeDifference, RunDifference } from "../../core/mod.ts";
import { UsageError } from "../../core/base/error.ts";
import type { CliContext } from "../context.ts";
import { booleanFlag, COMMON_FLAGS, type CommonFlags, WORKFLOW_FLAGS } from "../flags.ts";
import { openHistory } from "../open_store.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { proposeRuns } from "../propose_runs.ts";
import { printTable } from "../table.ts";
import { splitTarget, type Target } from "../workflow_argument.ts";

interface DiffFlags extends CommonFlags {
  readonly cacheDir?: string;
  readonly all: boolean;
  readonly json: boolean;
}

/** `flow diff`. */
export const diffCommand: Command<CliContext> = buildCommand<DiffFlags, string[], CliContext>({
  func: diff,
  parameters: {
    flags: {
      all: booleanFlag("Print also nodes in which nothing differs"),
      json: booleanFlag("Print one JSON object per line: first both runs, then each node"),
      cacheDir: WORKFLOW_FLAGS.cacheDir,
      ...COMMON_FLAGS,
    },
    positional: {
      kind: "array",
      parameter: {
        parse: String,
        proposeCompletions: proposeRuns,
        placeholder: "[RUN [RUN]] [WORKFLOW]",
        brief: "Runs: last, last~1, an id or its beginning; the last two by default",
      },
    },
  },
  docs: { brief: "Compare two runs: what changed, in what, and what is not deterministic" },
});

async function diff(this: CliContext, flags: DiffFlags, ...words: string[]): Promise<void> {
  const target = targetOf(words, this.cwd);
  const [before, after] = runsOf(target.names);
  using opened = await openHistory(target, flags, this.cwd);
  const difference = opened.history.diff(before, after);
  const shown = difference.nodes.filter(({ verdict }) => flags.all || verdict !== "same");
  if (flags.json) {
    printJson(difference, shown);
    return;
  }
  writeStderr(`${difference.before.run} -> ${difference.after.run}\n`);
  await printTable((await Promise.all(shown.map(rowsOf))).flat());
  const same = difference.nodes.filter(({ verdict }) => verdict === "same").length;
  writeStderr(`${await summaryOf(difference.nodes.length - same, same)}\n`);
}

/** The workflow may stand first, as everywhere, or behind the runs. */
function targetOf(words: readonly string[], cwd: string): Target {
  const first = splitTarget(words, cwd);
  if (first.file !== undefined || words.length < 2) return first;
  const last = splitTarget(words.slice(-1), cwd);
  return last.file === undefined ? first : { ...last, names: words.slice(0, -1) };
}

function runsOf(names: readonly string[]): readonly [string, string] {
  const [before, after, ...rest] = names;
  if (rest.length > 0) {
    throw new UsageError(`Cannot compare ${names.length} runs: the command takes two`, {
      hint: "leave out some",
    });
  }
  if (before === undefined) return ["last~1", "last"];
  return [before, after ?? "last"];
}

function printJson({ before, after }: RunDifference, nodes: readonly NodeDifference[]): void {
  const lines = [
    { before: withTime(before), after: withTime(after) },
    ...nodes.map(({ before, after, ...rest }) => ({
      ...rest,
      ...before === undefined ? {} : { before: withTime(before) },
      ...after === undefined ? {} : { after: withTime(after) },
    })),
  ];
  writeStdout(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** Times are texts in JSON, as those of `flow history`. */
function withTime<T extends { readonly startedAt: number }>({ startedAt, ...rest }: T) {
  return { ...rest, started: new Date(startedAt).toISOString() };
}

/** The rows of a node: its verdict, and one for each thing there is to say. */
async function rowsOf(difference: NodeDifference): Promise<string[][]> {
  const [first, ...rest] = await textsOf(difference);
  return [
    [difference.verdict, difference.node, first ?? ""],
    ...rest.map((text) => ["", "", text]),
  ];
}

async function textsOf(
  { verdict, before, after, why, outputs }: NodeDifference,
): Promise<string[]> {
  const texts = [...why];
  if (verdict === "changed" && why.length === 0) {
    texts.push("its key changed; what it was made of is not kept");
  }
  if (before !== undefined && after !== undefined) {
    if (verdict === "outcome" || before.outcome === "failed" || after.outcome === "failed") {
      texts.push(`${before.outcome} -> ${after.outcome}`);
    }
    if (outputs.length > 0) {
      const names = outputs.join(", ");
      texts.push(
        verdict === "nondeterministic"
          ? `the same key, but other outputs: ${names}`
          : `outputs differ: ${names}`,
      );
    } else if (verdict === "changed" && before.outputs && after.outputs) {
      texts.push("outputs are the same");
    }
    texts.push(...await timesOf(before.wallMs, after.wallMs));
  } else texts.push((after ?? before)?.outcome ?? "");
  return texts;
}

/** How long it took, if it was executed in both runs. */
async function timesOf(before: number | undefined, after: number | undefined): Promise<string[]> {
  if (before === undefined || after === undefined) return [];
  const { formatDuration } = await import("../../core/mod.ts");
  return [`took ${formatDuration(before)} -> ${formatDuration(after)}`];
}

async function summaryOf(different: number, same: number): Promise<string> {
  const { formatCount, formatPlural } = await import("../../core/mod.ts");
  if (different === 0) return `nothing differs in ${formatPlural(same, "node")}`;
  return `${formatPlural(different, "node")} ${different === 1 ? "differs" : "differ"}, ${
    formatCount(same)
  } the same`;
}
