/**
 * `flow cache`: looks after the store of a workflow. Does not read the workflow or run anything.
 *
 * @module
 */

import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import type { Store } from "../../core/mod.ts";
import { UsageError } from "../../core/base/error.ts";
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
import { fileOf, openStore } from "../open_store.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { namesParameter } from "../propose_names.ts";
import { formatJsonLines, printTable } from "../table.ts";
import { splitTarget } from "../workflow_argument.ts";

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

/** Opens the store; a name of a node is too much. */
async function openStoreOf(
  context: CliContext,
  flags: CacheFlags,
  words: readonly string[],
): Promise<Store> {
  const target = splitTarget(words, context.cwd);
  if (target.names.length > 0) {
    throw new UsageError(`Cannot find the store of "${target.names[0]}": it is no workflow file`);
  }
  return (await openStore(target, flags, context.cwd)).store;
}

const WORDS = namesParameter("[WORKFLOW]", "Workflow file; the one of the directory by default");

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
    using store = await openStoreOf(this, flags, words);
    await printFigures(store.stats(), flags.json);
  },
  parameters: { flags: CACHE_FLAGS, positional: WORDS },
  docs: { brief: "Count what is in the store" },
});

const lsCommand = buildCommand<CacheFlags, string[], CliContext>({
  async func(flags, ...words) {
    using store = await openStoreOf(this, flags, words);
    const entries = [...store.ls()].map(({ key, workflow, node, at, sizeBytes, result }) => ({
      key,
      workflow,
      node,
      time: new Date(at).toISOString(),
      sizeBytes,
      wallMs: result.usage.wallMs,
      run: result.run,
    }));
    const calls = [...store.elements.ls()].map(({ base, user, usedAt, sizeBytes, calls }) => ({
      key: base,
      ...(user === undefined ? {} : { workflow: user.workflow, node: user.node }),
      time: new Date(usedAt).toISOString(),
      sizeBytes,
      calls,
    }));
    if (flags.json) {
      writeStdout(formatJsonLines([...entries, ...calls]));
      return;
    }
    const { formatBytes } = await import("../../core/mod.ts");
    const row = (listed: { key: string; workflow?: string; node?: string; time: string }) => {
      const { key, workflow, node, time } = listed;
      return [key.slice(0, 12), workflow ?? "?", node ?? "?", time];
    };
    await printTable([
      ...entries.map((entry) => [...row(entry), formatBytes(entry.sizeBytes), ""]),
      ...calls.map((file) => [...row(file), formatBytes(file.sizeBytes), `${file.calls} calls`]),
    ]);
  },
  parameters: { flags: CACHE_FLAGS, positional: WORDS },
  docs: { brief: "List stored results, oldest first, then the calls of map nodes" },
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
    using store = await openStoreOf(this, flags, words);
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
    using store = await openStoreOf(this, flags, words);
    const report = store.verify({ repair: flags.repair });
    await printFigures(report, flags.json);
    for (const { workflow, node, output } of report.damagedResults) {
      writeStderr(`damaged: output "${output}" of node "${node}" (${workflow})\n`);
    }
    for (const { file: { base }, damaged, lost } of report.damagedElements) {
      const [users] = [...store.elements.uses.usersOf(base)].map(({ node }) =>
        ` of node "${node}"`
      );
      writeStderr(`damaged: calls${users ?? ""}: ${damaged} lines, ${lost} calls without a blob\n`);
    }
    const isDamaged = [report.damagedBlobs, report.damagedResults, report.damagedElements]
      .some(({ length }) => length > 0);
    if (isDamaged) this.exitCode = DAMAGED_EXIT_CODE;
  },
  parameters: {
    flags: {
      repair: booleanFlag("Forget results and calls that are damaged, so that they run again"),
      ...CACHE_FLAGS,
    },
    positional: WORDS,
  },
  docs: { brief: "Read every stored byte and report what is damaged" },
});

const forgetCommand = buildCommand<CacheFlags, string[], CliContext>({
  async func(flags, ...words) {
    const target = splitTarget(words, this.cwd);
    const { names } = target;
    if (names.length === 0) {
      throw new UsageError("Cannot forget results: no node is named", {
        hint: `name nodes; "flow cache ls" lists what is stored`,
      });
    }
    using opened = await openStore(target, flags, this.cwd);
    const { forgetStored } = await import("../../core/mod.ts");
    const forgotten = forgetStored(opened.store, fileOf(opened, "forget results"), names);
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
