/**
 * Starts a host process while the engine and the workflow are still being loaded: both take about as long. Guesses from
 * the text of the workflow file; a wrong guess costs a process that is never used. Does not know what a workflow holds.
 *
 * @module
 */

import type { HostPool } from "../core/executor/host_pool.ts";
import type { WorkflowFlags } from "./flags.ts";
import { selfCommand } from "./self.ts";
import { absolutePath, isDirectory } from "./workflow_argument.ts";

/** What a workflow with function nodes has in it. */
const HAS_CALLS = /\bcall\b/;

/**
 * Starts a host for the functions of a workflow.
 *
 * @param file Absolute path of the workflow file, if it is known yet.
 * @param slots Slots of the run that follows.
 * @returns The pool to hand to the engine, or `undefined` if the file seems to have no functions.
 */
export async function warmPool(
  file: string | undefined,
  flags: WorkflowFlags,
  cwd: string,
  slots: number,
): Promise<HostPool | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch {
    // What is wrong with the file is said by whoever has to read it.
    return undefined;
  }
  if (!HAS_CALLS.test(text)) return undefined;
  const { HostPool } = await import("../core/executor/host_pool.ts");
  const blobsDir = storeDirOf(file, flags, cwd);
  const pool = new HostPool({ slots, command: [...selfCommand(), "host"], blobsDir });
  pool.prewarm();
  return pool;
}

/** Tells that no run of this store can be remembered, so that there is surely something to do. */
export function isNewStore(file: string | undefined, flags: WorkflowFlags, cwd: string): boolean {
  return file !== undefined && !isDirectory(`${storeDirOf(file, flags, cwd)}/memos`, cwd);
}

/** Returns where the store of a workflow is. */
export function storeDirOf(file: string, flags: WorkflowFlags, cwd: string): string {
  return flags.cacheDir === undefined
    ? file.replace(/[^/]*$/, ".pipecache")
    : absolutePath(flags.cacheDir, cwd);
}
