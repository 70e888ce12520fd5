/**
 * The files that calls of map nodes make: what is kept of them, and when they are published. Does not know paths, nor when
 * calls run.
 *
 * @module
 */

import type { Failure, OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { StoreError } from "./base/error.ts";
import { filesIn } from "./file_array.ts";
import type { MapCalls } from "./map_calls.ts";
import type { MapRunOptions } from "./map_run.ts";
import type { ElementOutput, ElementOutputs } from "./store/elements.ts";
import type { NodeDef } from "./workflow.ts";

/**
 * Publishes the files of one call.
 *
 * @throws {StoreError} If bytes are missing or damaged, or cannot be written.
 */
export type PublishCall = (index: readonly number[], outputs: ElementOutputs) => void;

/** Whether calls of a node make files. */
export function hasFiles({ outputs }: NodeDef): boolean {
  return outputs.some(({ kind }) => kind !== "value");
}

/** Whether calls of a node deliver the paths under which their files are published. */
export function showsPaths(def: NodeDef): boolean {
  return def.command?.commandLine !== undefined && hasFiles(def);
}

/** What is kept of an output of a call that ran alone. */
export function elementOf(
  { kind, text, digest, sizeBytes, executable }: OutputResult,
): ElementOutput {
  if (kind === "value") return text ?? { digest, sizeBytes };
  return { digest, sizeBytes, file: kind === "dir" ? kind : executable ? "program" : "file" };
}

/**
 * Publishes the files of calls that delivered the same.
 *
 * @returns Why it cannot.
 */
export function publishCalls(
  publish: PublishCall,
  calls: MapCalls,
  same: readonly number[],
  outputs: ElementOutputs,
): Failure | undefined {
  try {
    for (const call of same) publish(calls.indexOf(call), outputs);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { reason: "unavailable", message: error.message, isFinal: true };
  }
}

/**
 * Returns what publishes the files of a call that delivered earlier, and tells whether they are there.
 *
 * @param onLost Told of the position of a call whose files cannot be had, and why.
 */
export function acceptFiles(
  publish: PublishCall,
  onLost: (index: readonly number[], why: string) => void,
): NonNullable<MapRunOptions["accept"]> {
  return (calls, call, outputs) => {
    const failure = publishCalls(publish, calls, [call], outputs);
    if (failure !== undefined) onLost(calls.indexOf(call), failure.message);
    return failure === undefined;
  };
}

/**
 * The array of the files of all calls, as a result.
 *
 * @param digest Of its text, which is stored.
 */
export function filesResult(name: string, bytes: Uint8Array, digest: Digest): OutputResult {
  let sizeBytes = 0;
  for (const file of filesIn(bytes)) sizeBytes += file.sizeBytes;
  return { name, kind: "files", digest, sizeBytes };
}
