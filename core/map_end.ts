/**
 * How a map node ends whose calls have all ended: with the whole arrays, or with what is said of the calls that failed. Does not
 * know actions, slots or other nodes.
 *
 * @module
 */

import {
  type Completion,
  type Failure,
  INLINE_BYTES,
  type OutputResult,
  type Usage,
} from "./action.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import { encodedBytes, holdsErrors } from "./base/value.ts";
import { errorOfFailure } from "./error_value.ts";
import { describeFailed } from "./map_failures.ts";
import { filesResult } from "./map_files.ts";
import type { MapJob } from "./map_job.ts";
import { arrangeOutput } from "./map_output.ts";
import type { Blobs } from "./store/blobs.ts";

/** How a map node ended. */
export interface MapEnd {
  readonly completion: Completion;
  /** How many of its calls failed. */
  readonly failed: number;
  /** What failed, if the node is done all the same. */
  readonly problem?: string;
}

/**
 * Ends a node.
 *
 * @param job All its calls have ended.
 * @param options.number Of the completion.
 * @param options.now Milliseconds since the epoch.
 * @param options.blobs Get the arrays.
 */
export function endOf(
  job: MapJob,
  { number: id, now, blobs }: {
    readonly number: number;
    readonly now: number;
    readonly blobs: Blobs;
  },
): MapEnd {
  const { def, run, base, log } = job;
  const usage = usageOf(job, now);
  const failed = run.failed.length;
  const fail = (failure: Failure): MapEnd => ({
    completion: { id, kind: "failed", failure: { ...failure, isFinal: true }, usage },
    failed,
  });
  if (failed > 0 && (def.onError === "fail" || run.isCut)) {
    return fail({ ...run.failed[0].failure, message: describeFailed(def, run) });
  }
  const problem = failed === 0 ? {} : { problem: describeFailed(def, run) };
  for (const { call, failure } of run.failed) {
    run.fill(call, errorOfFailure({ node: def.name, index: run.calls.indexOf(call) }, failure));
  }
  try {
    const outputs = def.outputs.map((_, i) => wholeOutput(job, i, blobs));
    // It keeps the file of the calls as long as the result is kept.
    const notes = log === undefined ? {} : { notes: { elements: base } };
    return { completion: { id, kind: "done", outputs, usage, ...notes }, failed, ...problem };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return fail({ reason: "contract", message: error.message });
  }
}

/** What a node took whose calls have all ended. */
function usageOf({ startedAt, cpuMs, maxRssBytes, times }: MapJob, now: number): Usage {
  const calls = times.distribution();
  return {
    startedAt,
    wallMs: now - startedAt,
    ...(cpuMs === 0 ? {} : { cpuMs }),
    ...(maxRssBytes === 0 ? {} : { maxRssBytes }),
    ...(calls === undefined ? {} : { calls }),
  };
}

/**
 * The whole array of one output, stored. All calls have delivered, or something stands for what they should have.
 *
 * @throws {RangeError} If calls returned what cannot be arranged.
 */
function wholeOutput(
  { def: { map: spec, onError, outputs }, run }: MapJob,
  position: number,
  blobs: Blobs,
): OutputResult {
  const read = (digest: Digest) => blobs.read(digest);
  const encoded = arrangeOutput(spec, run.calls.plan.calls, run.column(position), read);
  const bytes = encodedBytes(encoded);
  const { failed, skipped = 0 } = run.counts;
  // Of calls that failed nothing is seen where arrays are empty.
  const isBad = failed + skipped > 0 ||
    (onError === "continue" && holdsErrors(encoded.text ?? bytes));
  const hasErrors = isBad ? { hasErrors: true as const } : {};
  const { name, kind } = outputs[position];
  if (kind !== "value") return { ...filesResult(name, bytes, blobs.put(bytes)), ...hasErrors };
  const base = { name, kind: "value", sizeBytes: bytes.length, ...hasErrors } as const;
  if (encoded.text !== undefined && bytes.length <= INLINE_BYTES) {
    return { ...base, digest: digestOf(bytes), text: encoded.text };
  }
  return { ...base, digest: blobs.put(bytes) };
}
