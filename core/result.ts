/**
 * Rules about stored results: which nodes have them, how long they count, whether they fit a definition. Pure.
 * Does not know stores or runs.
 *
 * @module
 */

import type { ActionResult, OutputResult } from "./action.ts";
import type { NodeDef } from "./workflow.ts";

/** Tells whether results of a node are stored: not with net, run or ffi in its scope, unless it says so. */
export function isCached(def: NodeDef): boolean {
  if (def.cache !== "auto") return def.cache !== false;
  const { net, run, ffi } = def.scope;
  return [net, run, ffi].every((allowed) => allowed !== true && allowed.length === 0);
}

/** Tells whether a result is too old to be used. */
export function isExpired(def: NodeDef, { usage }: ActionResult, nowMs: number): boolean {
  if (typeof def.cache !== "object") return false;
  return usage.startedAt + usage.wallMs + def.cache.ttlMs < nowMs;
}

/** Results in the order of the declared outputs, or `undefined` if one is missing. */
export function alignOutputs(
  def: NodeDef,
  outputs: readonly OutputResult[],
): OutputResult[] | undefined {
  const aligned: OutputResult[] = [];
  for (const { name, kind } of def.outputs) {
    const found = outputs.find((output) => output.name === name && output.kind === kind);
    if (found === undefined) return undefined;
    aligned.push(found);
  }
  return aligned;
}
