/**
 * `flow cache`: looks after the store of a workflow. Does not read the workflow or run anything.
 *
 * @module
 */

import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import type { Store } from "../../core/mod.ts";
import { StoreError, UsageError } from "../../core/base/error.ts";
import type { CliContext } from "../context.ts";
import {
  booleanFlag,
  COMMON_FLAGS,
  type CommonFlags,
  parseDuration,
  parseSize,
  WORKFLOW_FLAGS,
} from "../flags.ts";
import { formatForgotten } from "../format_forgotten.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { formatJsonLines, printTable } from "../table.ts";
import { absolutePath, isDirectory, splitTarget } from "../workflow_argument.ts";

interface CacheFlags extends CommonFlags {
  readonly cacheDir?: string;
  readonly json: boolean;
}

/** Flags of every command below `flow cache`. */
const CACHE_FLAGS = {
  cacheDir: WORKFLOW_FLAGS.cacheDir,
  json: booleanFlag("Print JSON"),
  ...COMMON_FLAGS,
} as const;

const WORDS = namesParameter("[WORKFLOW]", "Workflow file; the one of the directory by default");

/** Opens the store that a command line means; does not make one. */
async function openStore(
  context: CliContext,
  flags: CacheFlags,
  words: readonly string[],
): Promise<Store> {
  const { findWorkflow, Store } = await import("../../core/mod.ts");
  const { file, dir, names } = splitTarget(words, context.cwd);
  if (names.length > 0) {
    throw new UsageError(`Cannot find the store of "${names[0]}": it is no workflow file`);
  }
  const { cwd } = context;
  const storeDir = flags.cacheDir !== undefined
    ? absolutePath(flags.cacheDir, cwd)
    : file !== undefined && isDirectory(file, cwd)
    ? `${absolutePath(file, cwd)}/.pipecache`
    : absolutePath(file ?? findWorkflow(dir), cwd).replace(/[^/]*$/, ".pipecache");
  try {
    Deno.statSync(storeDir);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      throw new StoreError("Cannot open the store", { facts: { directory: storeDir }, cause });
    }
    throw new UsageError("Cannot open the store: nothing was run here yet", {
      facts: { directory: storeDir },
      hint: "name the workflow file, or the store with --cache-dir",
    });
  }
  return Store.open(storeDir, {
    onWarning: (_code, message) => writeStderr(`warning: ${message}\n`),
  });
}

/** Prints figures as a table, or as one JSON object. */
async function printFigures(figures: object, json: boolean): Promise<void> {
  if (json) {
    writeStdout(`${JSON.stringify(figures)}\n`);
    return;
  }
  const { formatBytes } = await import("../../core/mod.ts");
  const rows = Object.entries(figures).map(([name, value]) => {
    const words = name.replace(/Count$/, "s").replace(/([A-Z])/g, " $1").toLowerCase();
    const text = Array.isArray(value) ? value.length : value;
    return [words, name.endsWith("Bytes") ? formatBytes(Number(text)) : String(text)];
  });
  await printTable(rows);
}

const statsCommand = buildCommand<CacheFlags, string[], CliContext>({
  async func(flags, ...words) {
    using store = await openStore(this, flags, words);
    await printFigures(store.stats(), flags.json);
  },
  parameters: { flags: CACHE_FLAGS, positional: WORDS },
  docs: { brief: "Count what is in the store" },
});

const lsCommand = buildCommand<CacheFlags, string[], CliContext>({
  async func(flags, ...words) {
    using store = await openStore(this, flags, words);
    const entries = [...store.ls()].map(({ key, workflow, node, at, sizeBytes, result }) => ({
      key,
      workflow,
      node,
      time: new Date(at).toISOString(),
      sizeBytes,
      wallMs: result.usage.wallMs,
      run: result.run,
    }));
    if (flags.json) {
      writeStdout(formatJsonLines(entries));
      return;
    }
    const { formatBytes } = await import("../../core/mod.ts");
    await printTable(
      entries.map(({ key, workflow, node, time, sizeBytes }) => [
        key.slice(0, 12),
        workflow,
        node,
        time,
        formatBytes(sizeBytes),
      ]),
    );
  },
  parameters: { flags: CACHE_FLAGS, positional: WORDS },
  docs: { brief: "List stored results, oldest first" },
});

interface GcFlags extends CacheFlags {
  readonly dryRun: boolean;
  readonly keepRuns?: number;
  readonly maxAge?: number;
  readonly maxSize?: number;
  readonly grace?: number;
}

const gcCommand = buildCommand<GcFlags, string[], CliContext>({
  async func(flags, ...words) {
    using store = await openStore(this, flags, words);
    const report = store.gc({
      dryRun: flags.dryRun,
      ...flags.keepRuns === undefined ? {} : { keepRuns: flags.keepRuns },
      ...flags.maxAge === undefined ? {} : { maxAgeMs: flags.maxAge },
      ...flags.maxSize === undefined ? {} : { maxBytes: flags.maxSize },
      ...flags.grace === undefined ? {} : { graceMs: flags.grace },
    });
    if (flags.dryRun && !flags.json) writeStderr("Would remove:\n");
    await printFigures(report, flags.json);
  },
  parameters: {
    flags: {
      dryRun: booleanFlag("Only count the results that would go"),
      keepRuns: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "N",
        brief: "Remove results that none of the newest N finished runs of any workflow used",
      },
      maxAge: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "Remove results not used for this long, for example 30d",
      },
      maxSize: {
        kind: "parsed",
        parse: parseSize,
        optional: true,
        placeholder: "SIZE",
        brief: "Remove the least lately used results until the rest fits, for example 20G",
      },
      grace: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "Never remove what is younger, 1h by default",
      },
      ...CACHE_FLAGS,
    },
    aliases: { n: "dryRun" },
    positional: WORDS,
  },
  docs: { brief: "Remove results that were not used lately, and what nobody refers to" },
});

function parseCount(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error("write a whole number");
  return Number(text);
}

interface VerifyFlags extends CacheFlags {
  readonly repair: boolean;
}

/** Exit code of `cache verify` when something is damaged, as of `StoreError`. */
const DAMAGED_EXIT_CODE = 4;

const verifyCommand = buildCommand<VerifyFlags, string[], CliContext>({
  async func(flags, ...words) {
    using store = await openStore(this, flags, words);
    const report = store.verify({ repair: flags.repair });
    await printFigures(report, flags.json);
    for (const { workflow, node, output } of report.damagedResults) {
      writeStderr(`damaged: output "${output}" of node "${node}" (${workflow})\n`);
    }
    const isDamaged = report.damagedBlobs.length > 0 || report.damagedResults.length > 0;
    if (isDamaged) this.exitCode = DAMAGED_EXIT_CODE;
  },
  parameters: {
    flags: {
      repair: booleanFlag("Forget results whose outputs are damaged, so that they run again"),
      ...CACHE_FLAGS,
    },
    positional: WORDS,
  },
  docs: { brief: "Read every stored byte and report what is damaged" },
});

const forgetCommand = buildCommand<CacheFlags, string[], CliContext>({
  async func(flags, ...words) {
    const { file, dir, names } = splitTarget(words, this.cwd);
    if (names.length === 0) {
      throw new UsageError("Cannot forget results: no node is named", {
        hint: `name nodes; "flow cache ls" lists what is stored`,
      });
    }
    using store = await openStore(this, flags, file === undefined ? [] : [file]);
    const { findWorkflow, forgetStored } = await import("../../core/mod.ts");
    const at = file === undefined ? dir : absolutePath(file, this.cwd);
    const workflow = isDirectory(at, this.cwd) ? findWorkflow(at) : at;
    const forgotten = forgetStored(store, workflow, names);
    writeStdout(flags.json ? `${JSON.stringify(forgotten)}\n` : formatForgotten(forgotten));
  },
  parameters: {
    flags: CACHE_FLAGS,
    positional: namesParameter("[WORKFLOW] NAMES…", "Workflow file, then nodes or patterns"),
  },
  docs: { brief: "Drop the stored results of nodes, also of such that are no longer in the file" },
});

/** `flow cache …`. */
export const cacheRoutes: RouteMap<CliContext> = buildRouteMap({
  routes: {
    stats: statsCommand,
    ls: lsCommand,
    gc: gcCommand,
    verify: verifyCommand,
    forget: forgetCommand,
  },
  docs: { brief: "Look after the store of results" },
});
