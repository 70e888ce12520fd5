/**
 * Rules about stored results: which nodes have them, how long they count, whether they fit a definition. Pure.
 * Does not know stores or runs.
 *
 * @module
 */

import type { ActionResult, DeliveredOutput, OutputResult } from "./action.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import type { NodeDef, OutputDef } from "./workflow.ts";

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

/** Stands for the name of the only value output. No output can be called so. */
const ONLY_VALUE = "=";

/** Name of an output as far as it counts. */
export function neutralName(def: NodeDef, output: string): string {
  return output === onlyValueOf(def) ? ONLY_VALUE : output;
}

/**
 * Name of the value output of a node that has one: nothing the node does can depend on it, so it is no key material, and a
 * renamed node is a hit.
 */
export function onlyValueOf(def: NodeDef): string | undefined {
  const values = def.outputs.filter(({ kind }) => kind === "value");
  return values.length === 1 ? values[0].name : undefined;
}

/**
 * Results in the order of the declared outputs, each with what stands for it if the declaration says `hash: inputs`.
 *
 * @param key Key under which the node delivered them.
 * @returns `undefined` if an output is missing.
 */
export function alignOutputs(
  def: NodeDef,
  outputs: readonly OutputResult[],
  key: Digest,
): readonly OutputResult[] | undefined {
  if (isAligned(def, outputs)) return outputs;
  const only = onlyValueOf(def);
  const aligned: OutputResult[] = [];
  for (const { name, kind: declared, hash } of def.outputs) {
    const kind = resultKind(def, declared);
    const found = outputs.find((output) =>
      output.kind === kind && (output.name === name || name === only)
    );
    if (found === undefined) return undefined;
    const named = found.name === name ? found : { ...found, name };
    const isByInputs = hash === "inputs" && found.identity === undefined;
    aligned.push(isByInputs ? { ...named, identity: identityByInputs(def, name, key) } : named);
  }
  return aligned;
}

/** Tells whether nothing of a node stays. */
export function isTemporary({ outputs }: NodeDef): boolean {
  return outputs.length > 0 && outputs.every(({ temp }) => temp);
}

/**
 * Turns the hashes a function gave into identities, so that they can be recorded.
 *
 * A given hash speaks for the outputs of that function only: the same text from another one means something else.
 *
 * @param context Key of the node, and identity of its workflow in the store.
 */
export function identifyOutputs(
  def: NodeDef,
  outputs: readonly DeliveredOutput[],
  { key, workflow }: { readonly key: Digest; readonly workflow: string },
): OutputResult[] {
  return outputs.map(({ hash, ...output }) => {
    if (hash === undefined) return output;
    if (hash === null) return { ...output, identity: identityByInputs(def, output.name, key) };
    const module = workflow.slice(0, workflow.lastIndexOf("/") + 1) + functionOf(def);
    const parts = [module, neutralName(def, output.name), hash];
    return { ...output, identity: digestOf(`flow.identity.given\n${JSON.stringify(parts)}`) };
  });
}

/** Whether a consumer may take one output for the other. */
export function isAsGood(one: OutputResult, other: OutputResult): boolean {
  return (one.identity ?? one.digest) === (other.identity ?? other.digest);
}

/** Outputs of one node differ though the same inputs made them. */
function identityByInputs(def: NodeDef, output: string, key: Digest): Digest {
  return digestOf(`flow.identity.inputs\n${key}\n${neutralName(def, output)}`);
}

function functionOf({ work, name }: NodeDef): string {
  return work.kind === "call" ? `${work.module}#${work.export}` : name;
}

/** What a node delivers for an output: the files of the calls of a map are an array of them. */
export function resultKind(
  { map }: Pick<NodeDef, "map">,
  declared: OutputDef["kind"],
): OutputResult["kind"] {
  return map !== undefined && declared !== "value" ? "files" : declared;
}

/** Tells whether results are as they were declared: the usual case, for which nothing needs to be made. */
function isAligned(def: NodeDef, outputs: readonly OutputResult[]): boolean {
  return outputs.length === def.outputs.length &&
    def.outputs.every(({ name, kind, hash }, i) =>
      outputs[i].name === name && outputs[i].kind === resultKind(def, kind) && hash !== "inputs"
    );
}
