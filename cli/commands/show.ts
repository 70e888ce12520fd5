/**
 * `flow show`: prints a stored output, or writes it in a format that other programs read. Does not run anything.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { UsageError } from "../../core/base/error.ts";
import { parseSlice } from "../../core/base/slice.ts";
import type { CliContext } from "../context.ts";
import { booleanFlag, WORKFLOW_FLAGS, type WorkflowFlags } from "../flags.ts";
import { oneName, openTarget } from "../open.ts";
import { openHistory } from "../open_store.ts";
import { printProfile } from "../print_profile.ts";
import { namesParameter } from "../propose_names.ts";
import { RECORD_FORMATS, type RecordFormat } from "../records.ts";
import { showMany } from "../show_many.ts";
import { SHOW_FORMATS, type ShowFormat, showOutput } from "../show_output.ts";
import { isMany, openMany, SWEEP_FLAGS, type SweepFlags } from "../sweep_flags.ts";
import { showTable, TABLE_FORMATS, type TableOutput } from "../show_table.ts";
import { splitTarget } from "../workflow_argument.ts";

const FORMATS: readonly Format[] = [...new Set<Format>([...SHOW_FORMATS, ...TABLE_FORMATS])];

type Format = ShowFormat | typeof TABLE_FORMATS[number];

interface ShowFlags extends WorkflowFlags, SweepFlags {
  readonly format: Format;
  readonly output?: string;
  readonly labels: boolean;
  readonly partial: boolean;
  readonly profile: boolean;
}

/** `flow show`. */
export const showCommand: Command<CliContext> = buildCommand<ShowFlags, string[], CliContext>({
  func: show,
  parameters: {
    flags: {
      format: {
        kind: "enum",
        values: FORMATS,
        default: "auto",
        brief:
          "auto goes by the name of the file, else raw for text, bytes and files, JSON for data; a table for a sweep",
      },
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "PATH",
        brief: "Write to a file, for zarr a directory",
      },
      labels: booleanFlag(
        "A row for each element, with axes and what they stand for; csv to zarr always have them",
      ),
      partial: booleanFlag("Of a map node that is not over: what its calls have delivered"),
      profile: booleanFlag(
        "What the nodes of the newest run took, or OUTPUT's; table, tsv or json",
      ),
      ...SWEEP_FLAGS,
      ...WORKFLOW_FLAGS,
    },
    aliases: { i: "input", o: "output" },
    positional: namesParameter(
      "[WORKFLOW] OUTPUT",
      "Workflow file, then the output, for example z, 'z[:,3]', or 'node.*' for all of a node",
    ),
  },
  docs: {
    brief: "Print a stored output, or export it",
  },
});

async function show(this: CliContext, flags: ShowFlags, ...words: string[]): Promise<void> {
  if (flags.profile) return await showProfile(flags, words, this.cwd);
  if (isMany(flags)) {
    refuseForMany(flags);
    await using opened = await openMany(this, flags, words);
    return await showMany(opened.many, oneName(opened.names, "show"), flags.format);
  }
  await using opened = await openTarget(this, flags, words);
  const reference = oneName(opened.names, "show");
  const { output, partial } = flags;
  const to = { partial, ...output === undefined ? {} : { path: output } };
  const format = flags.format === "auto" ? formatOfName(output) : flags.format;
  const isTable = flags.labels || parseSlice(reference).name.endsWith(".*");
  if (isValueFormat(format) && !isTable) {
    await showOutput(opened.engine, reference, { ...to, format });
  } else {
    await showTable(opened.engine, reference, { ...to, format: tableFormat(format) });
  }
}

async function showProfile(flags: ShowFlags, words: readonly string[], cwd: string): Promise<void> {
  const { output, labels, partial } = flags;
  refuseWith("a sweep", { "--profile": isMany(flags) });
  refuseWith('"--profile"', {
    "--output": output !== undefined,
    "--labels": labels,
    "--partial": partial,
  });
  const target = splitTarget(words, cwd);
  const node = target.names.length === 0 ? undefined : oneName(target.names, "show the profile of");
  using opened = await openHistory(target, flags, cwd);
  await printProfile(opened, { node, limit: undefined, format: profileFormat(flags.format) });
}

function profileFormat(format: Format): RecordFormat {
  if (format === "auto") return "table";
  if (format === "ndjson") return "json";
  if ((RECORD_FORMATS as readonly string[]).includes(format)) return format as RecordFormat;
  throw new UsageError(`Cannot print a profile as ${format}`, { hint: "use json or tsv" });
}

/** Formats by the ends of file names. */
const BY_ENDING: Readonly<Record<string, Format>> = {
  json: "json",
  ndjson: "ndjson",
  jsonl: "ndjson",
  csv: "csv",
  tsv: "tsv",
  arrow: "arrow",
  feather: "arrow",
  parquet: "parquet",
  zarr: "zarr",
};

function formatOfName(path = ""): Format {
  const [, ending = ""] = /\.(\w+)\/*$/.exec(path) ?? [];
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : "auto";
}

function isValueFormat(format: Format): format is ShowFormat {
  return !(TABLE_FORMATS as readonly Format[]).includes(format);
}

/** The table of a sweep has a column for each swept name, and nothing else to say. */
function refuseForMany({ output, labels, partial }: ShowFlags): void {
  refuseWith("a sweep", {
    "--output": output !== undefined,
    "--labels": labels,
    "--partial": partial,
  });
}

function refuseWith(other: string, given: Readonly<Record<string, boolean>>): void {
  const flag = Object.entries(given).find(([, isGiven]) => isGiven)?.[0];
  if (flag === undefined) return;
  throw new UsageError(`Cannot combine "${flag}" with ${other}`, { hint: `leave out "${flag}"` });
}

function tableFormat(format: Format): TableOutput {
  if (format === "auto") return "table";
  if (format !== "raw" && format !== "path") return format;
  throw new UsageError(`Cannot print a table as ${format}`, {
    hint: "use json, ndjson, csv, tsv, arrow, parquet or zarr",
  });
}
