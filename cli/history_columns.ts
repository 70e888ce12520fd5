/**
 * The facts that `flow history` tells of runs and nodes, as columns. Does not know where they come from or how they are
 * printed.
 *
 * @module
 */

import type { NodeEntry, ProfileEntry, RunEntry, Taken } from "../core/mod.ts";
import type { Column } from "./records.ts";

/** Digits of a key that people see. */
const KEY_CHARS = 8;

/** Columns of runs. */
export async function runColumns(): Promise<Column<RunEntry>[]> {
  const { formatDuration } = await import("../core/mod.ts");
  return [
    { name: "run", value: ({ run }) => run },
    started(),
    { name: "outcome", value: ({ outcome }) => outcome },
    number("wallMs", "time", ({ wallMs }) => wallMs, formatDuration),
    { name: "done", heading: "run", align: "right", value: ({ done }) => done },
    { name: "hit", heading: "up to date", align: "right", value: ({ hit }) => hit },
    { name: "failed", align: "right", value: ({ failed }) => failed },
    { name: "skipped", align: "right", value: ({ skipped }) => skipped },
  ];
}

/** Columns of one node in several runs. */
export async function nodeColumns(): Promise<Column<NodeEntry>[]> {
  return [
    { name: "run", value: ({ run }) => run },
    started(),
    { name: "node", value: ({ name }) => name },
    { name: "outcome", value: ({ outcome }) => outcome },
    ...await takenColumns(),
    {
      name: "key",
      value: ({ key }) => key,
      text: ({ key }) => key?.slice(0, KEY_CHARS) ?? "-",
    },
    { name: "why", value: ({ why }) => why },
  ];
}

/**
 * Columns of what the nodes of a workflow took.
 *
 * @param entries What is printed: a table for people has nothing about calls if no node has any.
 * @param isTable Whether it is a table for people.
 */
export async function profileColumns(
  entries: readonly ProfileEntry[],
  isTable: boolean,
): Promise<Column<ProfileEntry>[]> {
  const { formatDuration } = await import("../core/mod.ts");
  const formatBrief = formatBriefly(formatDuration);
  const hasCalls = entries.some(({ calls }) => calls !== undefined);
  const perCall: Column<ProfileEntry>[] = [
    number("calls", "calls", ({ calls }) => calls?.count, String),
    number("callMinMs", "min", ({ calls }) => calls?.min, formatBrief),
    number("callMedianMs", "median", ({ calls }) => calls?.median, formatBrief),
    number("callP95Ms", "p95", ({ calls }) => calls?.p95, formatBrief),
    number("callMaxMs", "max", ({ calls }) => calls?.max, formatBrief),
  ];
  return [
    { name: "node", value: ({ name }) => name },
    { name: "outcome", value: ({ outcome }) => outcome },
    ...await takenColumns(),
    ...hasCalls || !isTable ? perCall : [],
    { name: "run", value: ({ run }) => run },
  ];
}

/** Calls may be shorter than anything else that is timed. */
function formatBriefly(formatDuration: (ms: number) => string): (ms: number) => string {
  return (ms) =>
    ms >= 1 ? formatDuration(ms) : ms < 0.001 ? "<1 µs" : `${Math.round(ms * 1000)} µs`;
}

/** Time, processor time and memory. */
async function takenColumns(): Promise<Column<Partial<Taken>>[]> {
  const { formatBytes, formatDuration } = await import("../core/mod.ts");
  return [
    number("wallMs", "time", ({ wallMs }) => wallMs, formatDuration),
    number("cpuMs", "cpu", ({ cpuMs }) => cpuMs, formatDuration),
    number("maxRssBytes", "memory", ({ maxRssBytes }) => maxRssBytes, formatBytes),
  ];
}

/** A column of numbers; people see `-` where there is none. */
function number<T>(
  name: string,
  heading: string,
  value: (entry: T) => number | undefined,
  format: (value: number) => string,
): Column<T> {
  const text = (entry: T): string => {
    const found = value(entry);
    return found === undefined ? "-" : format(found);
  };
  return { name, heading, align: "right", value, text };
}

function started<T extends { readonly startedAt: number }>(): Column<T> {
  return {
    name: "started",
    value: ({ startedAt }) => new Date(startedAt).toISOString(),
    text: ({ startedAt }) => `${new Date(startedAt).toISOString().slice(0, 19)}Z`,
  };
}
