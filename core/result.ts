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

/**
 * Name of the value output of a node that has one: nothing the node does can depend on it, so it is no key material, and a
 * renamed node is a hit.
 */
export function onlyValueOf(def: NodeDef): string | undefined {
  const values = def.outputs.filter(({ kind }) => kind === "value");
  return values.length === 1 ? values[0].name : undefined;
}

/** Results in the order of the declared outputs, or `undefined` if one is missing. */
export function alignOutputs(
  def: NodeDef,
  outputs: readonly OutputResult[],
): OutputResult[] | undefined {
  const only = onlyValueOf(def);
  const aligned: OutputResult[] = [];
  for (const { name, kind } of def.outputs) {
    const found = outputs.find((output) =>
      output.kind === kind && (output.name === name || name === only)
    );
    if (found === undefined) return undefined;
    aligned.push(found.name === name ? found : { ...found, name });
  }
  return aligned;
}

/** Tells whether nothing of a node stays. */
export function isTemporary({ outputs }: NodeDef): boolean {
  return outputs.length > 0 && outputs.every(({ temp }) => temp);
}
