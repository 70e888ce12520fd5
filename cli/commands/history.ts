/**
 * `flow history`: lists the runs of a workflow, or one node over its runs. Does not read the workflow or run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { UsageError } from "../../core/base/error.ts";
import type { CliContext } from "../context.ts";
import {
  booleanFlag,
  COMMON_FLAGS,
  type CommonFlags,
  parsePositive,
  WORKFLOW_FLAGS,
} from "../flags.ts";
import { nodeColumns, runColumns } from "../history_columns.ts";
import { oneName } from "../open.ts";
import { openHistory } from "../open_store.ts";
import { namesParameter } from "../propose_names.ts";
import { printProfile } from "../print_profile.ts";
import { printRecords, RECORD_FORMATS, type RecordFormat } from "../records.ts";
import { splitTarget } from "../workflow_argument.ts";

interface HistoryFlags extends CommonFlags {
  readonly cacheDir?: string;
  readonly limit?: number;
  readonly format: RecordFormat;
  readonly json: boolean;
  readonly profile: boolean;
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
          brief: "Only the newest so many, with --profile the longest",
        },
        profile: booleanFlag("What the nodes of the newest run took when they last ran"),
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
        "Workflow file, then a node, to see what became of it in each run, or its profile",
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
  if (flags.profile) {
    await printProfile(opened, { node, limit: flags.limit, format });
  } else if (node === undefined) {
    await printRecords(opened.history.runs(flags.limit), await runColumns(), format);
  } else {
    await printRecords(opened.history.node(node, flags.limit), await nodeColumns(), format);
  }
}
