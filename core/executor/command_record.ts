/**
 * What a command tells of itself as outputs: the exit code and the command line. Does not know processes or the store.
 *
 * @module
 */

import { join } from "node:path";
import type { ActionBytes } from "./action_bytes.ts";
import { fillCommand } from "./command_line.ts";
import type { CommandAction } from "./command_plan.ts";

/** Name under which a command line shows the file of a script that names its interpreter. */
const SCRIPT_NAME = "script";

/**
 * Returns the outputs that are neither files nor streams, by name.
 *
 * @param exitCode With which the command ended.
 */
export function recordedValues(
  action: CommandAction,
  bytes: ActionBytes,
  exitCode: number,
): ReadonlyMap<string, unknown> {
  const { work } = action;
  const values = new Map<string, unknown>();
  if (work.exitCode !== undefined) values.set(work.exitCode, exitCode);
  if (work.commandLine !== undefined) {
    values.set(work.commandLine.output, shownCommand(action, bytes));
  }
  return values;
}

/**
 * The arguments with published paths instead of private ones, so that the same inputs give the same text on any machine
 * and people can run it. Values that a script gets as variables stand in front, as arguments of `env`.
 */
function shownCommand(action: CommandAction, bytes: ActionBytes): string[] {
  const { work, privateDir } = action;
  const { workflowDir } = work;
  const published = Object.entries(work.commandLine?.paths ?? {});
  const { argv, variables } = fillCommand(action, bytes, {
    outPaths: new Map(published.map(([name, path]) => [name, join(workflowDir, path)])),
    // Seen from a private directory all paths would lead out of the store.
    cwd: work.cwd === privateDir ? workflowDir : work.cwd,
    scriptPath: SCRIPT_NAME,
  });
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return settings.length === 0 ? [...argv] : ["env", ...settings, ...argv];
}
