/**
 * `flow history`: lists the runs of a workflow, or one node over its runs. Does not read the workflow or run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { NodeEntry, RunEntry } from "../../core/mod.ts";
import { UsageError } from "../../core/base/error.ts";
import type { CliContext } from "../context.ts";
import {
  booleanFlag,
  COMMON_FLAGS,
  type CommonFlags,
  parsePositive,
  WORKFLOW_FLAGS,
} from "../flags.ts";
import { oneName } from "../open.ts";
import { openHistory } from "../open_store.ts";
import { namesParameter } from "../propose_names.ts";
import { type Column, printRecords, RECORD_FORMATS, type RecordFormat } from "../records.ts";
import { splitTarget } from "../workflow_argument.ts";

interface HistoryFlags extends CommonFlags {
  readonly cacheDir?: string;
  readonly limit?: number;
  readonly format: RecordFormat;
  readonly json: boolean;
}

/** `flow history`. */
export const historyCommand: Command<CliContext> = buildCommand<HistoryFlags, string[], CliContext>(
  {
    func: history,
    parameters: {
      flags: {
        limit: {
          kind: "parsed",
          parse: parsePositive,
          optional: true,
          placeholder: "N",
          brief: "Only the newest so many",
        },
        format: {
          kind: "enum",
          values: RECORD_FORMATS,
          default: "table",
          brief: "A table for people; times in milliseconds and sizes in bytes in the others",
        },
        json: booleanFlag("Print one JSON object per line; the same as --format json"),
        cacheDir: WORKFLOW_FLAGS.cacheDir,
        ...COMMON_FLAGS,
      },
      aliases: { n: "limit" },
      positional: namesParameter(
        "[WORKFLOW] [NODE]",
        "Workflow file, then a node, to see what became of it in each run",
      ),
    },
    docs: { brief: "List the runs of a workflow, or of one node, newest first" },
  },
);

async function history(this: CliContext, flags: HistoryFlags, ...words: string[]): Promise<void> {
  const target = splitTarget(words, this.cwd);
  if (flags.json && flags.format === "tsv") {
    throw new UsageError('Cannot combine "--json" and "--format tsv"', { hint: "leave out one" });
  }
  const node = target.names.length === 0 ? undefined : oneName(target.names, "list the runs of");
  using opened = await openHistory(target, flags, this.cwd);
  const format = flags.json ? "json" : flags.format;
  if (node === undefined) {
    await printRecords(opened.history.runs(flags.limit), await runColumns(), format);
  } else {
    await printRecords(opened.history.node(node, flags.limit), await nodeColumns(), format);
  }
}

async function runColumns(): Promise<Column<RunEntry>[]> {
  const { formatDuration } = await import("../../core/mod.ts");
  return [
    { name: "run", value: ({ run }) => run },
    started(),
    { name: "outcome", value: ({ outcome }) => outcome },
    {
      name: "wallMs",
      heading: "time",
      align: "right",
      value: ({ wallMs }) => wallMs,
      text: ({ wallMs }) => formatDuration(wallMs),
    },
    { name: "done", heading: "run", align: "right", value: ({ done }) => done },
    { name: "hit", heading: "up to date", align: "right", value: ({ hit }) => hit },
    { name: "failed", align: "right", value: ({ failed }) => failed },
    { name: "skipped", align: "right", value: ({ skipped }) => skipped },
  ];
}

async function nodeColumns(): Promise<Column<NodeEntry>[]> {
  const { formatBytes, formatDuration } = await import("../../core/mod.ts");
  const measure = (
    name: "wallMs" | "cpuMs" | "maxRssBytes",
    heading: string,
    format: (value: number) => string,
  ): Column<NodeEntry> => ({
    name,
    heading,
    align: "right",
    value: (entry) => entry[name],
    text: ({ [name]: value }) => value === undefined ? "-" : format(value),
  });
  return [
    { name: "run", value: ({ run }) => run },
    started(),
    { name: "node", value: ({ name }) => name },
    { name: "outcome", value: ({ outcome }) => outcome },
    measure("wallMs", "time", formatDuration),
    measure("cpuMs", "cpu", formatDuration),
    measure("maxRssBytes", "memory", formatBytes),
    {
      name: "key",
      value: ({ key }) => key,
      text: ({ key }) => key?.slice(0, KEY_CHARS) ?? "-",
    },
    { name: "why", value: ({ why }) => why },
  ];
}

/** Digits of a key that people see. */
const KEY_CHARS = 8;

function started<T extends { readonly startedAt: number }>(): Column<T> {
  return {
    name: "started",
    value: ({ startedAt }) => new Date(startedAt).toISOString(),
    text: ({ startedAt }) => `${new Date(startedAt).toISOString().slice(0, 19)}Z`,
  };
}
