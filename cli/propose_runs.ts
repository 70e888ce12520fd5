/**
 * Words for the shell to complete runs of a workflow with. Does not know the shell.
 *
 * @module
 */

import type { CliContext } from "./context.ts";
import { openHistory } from "./open_store.ts";
import { splitTarget } from "./workflow_argument.ts";

/** Runs that are proposed. */
const MAX_RUNS = 20;

/**
 * Proposes `last`, `last~1` and the newest runs.
 *
 * Never throws: where nothing was run there is nothing to propose, and the shell must not see a message.
 */
export async function proposeRuns(this: CliContext, partial: string): Promise<readonly string[]> {
  const words = this.words.slice(1, -1).filter((word) => !word.startsWith("-"));
  try {
    using opened = await openHistory(splitTarget(words, this.cwd), {}, this.cwd);
    const ids = opened.history.runs(MAX_RUNS).map(({ run }) => run);
    return ["last", "last~1", ...ids].filter((word) => word.startsWith(partial));
  } catch {
    return [];
  }
}
