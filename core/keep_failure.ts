/**
 * Keeps a report of each failure beside the events of its run, for people and as data. Does not know what is in it.
 *
 * @module
 */

import { StoreError } from "./base/error.ts";
import { type Event, EVENT_VERSION } from "./event.ts";
import { callName } from "./call_name.ts";
import { type FactsContext, FailureFactsOf } from "./failure_facts.ts";
import { formatFailureReport } from "./report/failure_text.ts";
import type { FailedNode } from "./run_context.ts";
import type { RunRecord } from "./store/run_record.ts";

/** What keeping takes. */
export interface KeeperContext extends Omit<FactsContext, "run"> {
  readonly record: RunRecord;
  /** Gets a warning if a report cannot be made: that is no reason to stop. */
  readonly onEvent: (event: Event) => void;
}

/**
 * Returns what writes the report of a failure.
 *
 * @returns A function that returns the path of the text, or `undefined` if it could not be written.
 */
export function failureKeeper(context: KeeperContext): (failed: FailedNode) => string | undefined {
  const { record, onEvent, now } = context;
  const facts = new FailureFactsOf({ ...context, run: record.id });
  return (failed) => {
    const { name: node } = context.graph.defs[failed.id];
    try {
      const found = facts.collect(failed);
      const { index } = failed;
      const name = callName({ node, ...(index === undefined ? {} : { index }) });
      return record.writeError(name, { facts: found, text: formatFailureReport(found) });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { message } = error;
      onEvent({ v: EVENT_VERSION, time: now(), type: "warning", code: "log", message, node });
      return undefined;
    }
  };
}
