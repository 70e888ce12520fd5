/**
 * What runs used, read again from their records: the index alone would forget it when it is deleted. Does not know what a use
 * is good for.
 *
 * @module
 */

import type { Event } from "../event.ts";
import type { Database } from "./database.ts";
import type { ElementUses } from "./element_uses.ts";
import type { ResultIndex } from "./result_index.ts";
import type { Runs, RunSummary } from "./runs.ts";

/** Where uses come from and where they go. */
export interface UsesContext {
  readonly db: Database;
  readonly index: ResultIndex;
  readonly elements: ElementUses;
  readonly runs: Runs;
}

/**
 * Puts what runs used into the index, oldest run first. What is there already stays.
 *
 * @param isWanted Chooses the runs.
 */
export function restoreUses(
  { db, index, elements, runs }: UsesContext,
  isWanted: (run: RunSummary) => boolean,
): void {
  for (const { id, workflow } of [...runs.list()].filter(isWanted).reverse()) {
    db.transaction(() => {
      for (const event of runs.events(id)) {
        const key = keyOf(event);
        if (key !== undefined) index.touch(workflow, [key], id, event.time);
        if (event.type === "started" && event.elements !== undefined) {
          elements.touch(event.elements, { workflow, node: event.node, at: event.time });
        }
      }
    });
  }
}

/** The result that a node took from the store or put there. */
function keyOf(event: Event): Parameters<ResultIndex["touch"]>[1][number] | undefined {
  if (event.type !== "hit" && event.type !== "done") return undefined;
  return { node: event.node, key: event.key };
}
