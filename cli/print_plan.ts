/**
 * Prints what a run would do. Does not run anything.
 *
 * @module
 */

import type { Engine, PartRequest } from "../core/mod.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { formatJsonLines, printTable } from "./table.ts";

/** What is printed of a plan. */
export interface PlanOptions {
  /** Nodes it is about. */
  readonly request: PartRequest;
  /** All nodes as a JSON array, one per line. */
  readonly json: boolean;
  /** Also nodes that are up to date. */
  readonly verbose: boolean;
}

/** Words for verdicts in the summary. */
const WORDS = {
  run: "to run",
  unknown: "unknown yet",
  hit: "up to date",
  skip: "skipped",
} as const;

/**
 * Prints the plan of a run: entries to standard output, a summary to standard error.
 *
 * @returns Whether there is anything to do.
 */
export async function printPlan(engine: Engine, options: PlanOptions): Promise<boolean> {
  const entries = engine.plan(options.request);
  const isWork = (verdict: string) => verdict === "run" || verdict === "unknown";
  if (options.json) {
    writeStdout(formatJsonLines(entries));
  } else {
    const shown = entries.filter(({ verdict }) => options.verbose || verdict !== "hit");
    await printTable(shown.map(({ verdict, node, why, executor }) => [
      verdict,
      node,
      executor === undefined ? why : `${why} (on ${executor})`,
    ]));
  }
  const counts = Object.entries(WORDS).map(([verdict, word]) => {
    const count = entries.filter((entry) => entry.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const open = entries.filter(({ expands }) => expands).map(({ node }) => node);
  if (open.length > 0) {
    counts.push([`at least ${entries.length} in all, unknown after ${open.join(", ")}`]);
  }
  if (!options.json) writeStderr(`${counts.flat().join(", ") || "nothing to do"}\n`);
  return entries.some(({ verdict }) => isWork(verdict));
}
