/**
 * What is said of calls of a map node that failed or are not made. Pure; does not know who makes calls or keeps reports.
 *
 * @module
 */

import type { Failure, Usage } from "./action.ts";
import { callName } from "./call_name.ts";
import { errorOfSkipped, formatCauses, rootCauses } from "./error_value.ts";
import type { MapCalls } from "./map_calls.ts";
import type { ShapeProblem } from "./mapplan.ts";
import type { Fate, MapRun } from "./map_run.ts";
import type { Prepared } from "./rebuild.ts";
import type { NodeDef } from "./workflow.ts";

/** Failed calls of a node that are reported one by one. */
export const MAX_REPORTED = 100;
/** Failed calls a message lists. */
const MAX_LISTED = 5;

/** What a node says that wants error values. */
export const TAKE_ERRORS =
  "add `onError: continue` to the node to look at error values with isError, or `onError: skip` to hand one on";

/** A call that failed for good, with what is known of it. */
export interface FailedElement {
  readonly index: readonly number[];
  readonly failure: Failure;
  /** 0: it was not started. */
  readonly attempt: number;
  readonly usage: Usage;
  /** The node with the inputs of the call. */
  readonly prepared: Prepared;
  /** Its log files, without `.stdout` and `.stderr`; absent if it was not started. */
  readonly logPath?: string;
}

/** Path of the logs of one call, without `.stdout` and `.stderr`. */
export function logPathOf(base: string, index: readonly number[], attempt: number): string {
  return `${base}[${index.join(",")}]${attempt <= 1 ? "" : `.${attempt}`}`;
}

/** What becomes of a call that would take error values; `undefined` if it is made. */
export function fateOf(def: NodeDef, calls: MapCalls, call: number): Fate | undefined {
  const found = calls.errorsOf(call);
  if (found === undefined) return undefined;
  const { isWhole, errors } = found;
  const place = { node: def.name, index: calls.indexOf(call) };
  if (isWhole || def.onError === "skip") {
    return { kind: "skip", error: errorOfSkipped(place, rootCauses(errors)) };
  }
  if (def.onError === "continue") return undefined;
  const causes = errors.flatMap((error) => error.causes);
  const failure: Failure = {
    reason: "unavailable",
    message: `Cannot use error values, from ${formatCauses(causes)}`,
    hint: TAKE_ERRORS,
    causes,
    isFinal: true,
  };
  return { kind: "fail", failure };
}

/** Says which calls of a node failed, and of what. */
export function describeFailed(
  { name: node }: NodeDef,
  { failed, calls, counts: { total } }: MapRun,
): string {
  const lines = failed.slice(0, MAX_LISTED).map(({ call, failure }) => {
    const message = failure.message.replaceAll("\n", "\n    ");
    return `  ${callName({ node, index: calls.indexOf(call) })}: ${message}`;
  });
  const isMore = failed.length > lines.length;
  const unreported = failed.length - MAX_REPORTED;
  return [
    `${failed.length} of ${total} calls failed${isMore ? `, the first ${MAX_LISTED}` : ""}:`,
    ...lines,
    ...(unreported > 0
      ? [`  the first ${MAX_REPORTED} have reports, ${unreported} more have none`]
      : []),
  ].join("\n");
}

/** Shapes that do not fit fail their node. */
export function misfit({ message, hint, causes }: ShapeProblem): Failure {
  return {
    reason: "contract",
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(causes === undefined ? {} : { causes }),
    isFinal: true,
  };
}
