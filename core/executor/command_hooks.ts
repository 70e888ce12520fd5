/**
 * The commands around a command: each is an action of its own with the same inputs, outputs, directory and permissions,
 * whose streams end up in the log of the command. Does not start anything.
 *
 * @module
 */

import { type CommandAction, CommandFailure } from "./command_plan.ts";
import { failureOf } from "./command_failure.ts";
import { lstat, removeIfExists } from "./command_scratch.ts";

/** When a hook runs. */
export type HookName = "before" | "after";

/** Returns the action of a hook, or `undefined` if the command has none. */
export function hookAction(action: CommandAction, hook: HookName): CommandAction | undefined {
  const { work } = action;
  const line = work.hooks?.[hook];
  if (line === undefined) return undefined;
  const { cwd, workflowDir, params, sandbox } = work;
  return {
    ...action,
    work: { kind: "run", ...line, cwd, workflowDir, okCodes: [0], params, sandbox },
    logPath: hookLog(action, hook),
  };
}

/** Says of a failure in which hook it happened. */
export function inHook(hook: HookName, error: unknown): CommandFailure {
  const failure = failureOf(error);
  return new CommandFailure({ ...failure, message: `Hook "${hook}": ${failure.message}` });
}

/** Puts what the hooks wrote around what the command wrote, once all have ended. */
export function joinHookLogs(action: CommandAction): void {
  if (action.work.hooks === undefined) return;
  for (const stream of [".stdout", ".stderr"]) {
    const before = hookLog(action, "before") + stream;
    const after = hookLog(action, "after") + stream;
    const own = action.logPath + stream;
    for (const path of [before, after]) if (lstat(path)?.size === 0) removeIfExists(path);
    if (lstat(before) === undefined && lstat(after) === undefined) continue;
    append(before, own);
    append(before, after);
    Deno.renameSync(before, own);
    removeIfExists(after);
  }
}

function hookLog(action: CommandAction, hook: HookName): string {
  return `${action.logPath}.${hook}`;
}

/** Appends a file to another one, in blocks; a missing one is empty. */
function append(path: string, addition: string): void {
  using to = Deno.openSync(path, { append: true, create: true });
  if (lstat(addition) === undefined) return;
  using from = Deno.openSync(addition);
  const block = new Uint8Array(1 << 16);
  for (let count = from.readSync(block); count !== null; count = from.readSync(block)) {
    for (let done = 0; done < count;) done += to.writeSync(block.subarray(done, count));
  }
}
