/**
 * Prints what many runs would be: how many, of which values, and how much of their work is the same. Does not run anything.
 *
 * @module
 */

import type { ManyRuns } from "../core/mod.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { formatJsonLines, printTable } from "./table.ts";

/** What is printed. */
export interface PrintOptions {
  /** Combinations and nodes as JSON. */
  readonly json: boolean;
  /** Also the combinations. */
  readonly verbose: boolean;
}

/** Prints nodes with the number of different runs to standard output, sums to standard error. */
export async function printSweep(many: ManyRuns, options: PrintOptions): Promise<void> {
  const { formatCount, formatPlural } = await import("../core/mod.ts");
  const { members, names } = many;
  const tally = many.tally();
  if (options.json) {
    writeStdout(formatJsonLines(members.map(({ values }) => values)));
  } else {
    if (options.verbose) {
      await printTable(members.map(({ number, label }) => [String(number), label]));
    }
    await printTable(tally.map(({ node, runs, names: own }) => [
      `${formatCount(runs)} of ${formatCount(members.length)}`,
      node,
      own.length === 0 ? "the same in all" : `differs by ${own.join(", ")}`,
    ]));
  }
  const different = tally.reduce((sum, { runs }) => sum + runs, 0);
  const all = tally.length * members.length;
  writeStderr(
    `${formatPlural(members.length, "run")} by ${names.join(", ")}: at most ${
      formatCount(different)
    } of ${formatPlural(all, "node")} differ\n`,
  );
}
