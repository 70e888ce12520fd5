/**
 * Which run a word means: an id, the start of one, or `last~2`. Pure; does not know where runs are kept.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";

/** The newest run, or the one so many before it. */
const FROM_LAST = /^last(?:~([0-9]{1,9}))?$/;

/** Ids an error lists. */
const SHOWN_IDS = 5;

/**
 * Returns the id of the run that a word means.
 *
 * @param word `last`, `last~N` (N runs before the last), an id, or the start of exactly one id.
 * @param ids All runs, newest first.
 * @throws {UsageError} If no run or more than one is meant.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { resolveRun } from "./run_reference.ts";
 *
 * const ids = ["20260103-a", "20260102-b", "20260102-c"];
 * assertEquals(resolveRun("last~1", ids), "20260102-b");
 * assertEquals(resolveRun("20260103", ids), "20260103-a");
 * ```
 */
export function resolveRun(word: string, ids: readonly string[]): string {
  const fromLast = FROM_LAST.exec(word);
  if (fromLast !== null) return runBefore(Number(fromLast[1] ?? 0), word, ids);
  if (ids.includes(word)) return word;
  const found = word === "" ? [] : ids.filter((id) => id.startsWith(word));
  if (found.length === 1) return found[0];
  if (found.length > 1) {
    throw new UsageError(`Cannot tell which run "${word}" means: ${found.length} start like this`, {
      facts: { runs: listed(found) },
      hint: "write more of it",
    });
  }
  throw new UsageError(`Cannot find run "${word}"`, {
    facts: { runs: listed(ids) },
    hint: 'write an id, the start of one, "last" or "last~1"; "flow history" lists them',
  });
}

function runBefore(count: number, word: string, ids: readonly string[]): string {
  if (count < ids.length) return ids[count];
  const kept = ids.length === 1 ? "1 run is kept" : `${ids.length} runs are kept`;
  throw new UsageError(`Cannot find run "${word}": ${kept}`, {
    hint: '"flow history" lists them; "flow run --keep-runs N" says how many are kept',
  });
}

function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, SHOWN_IDS).join(", ");
  return ids.length > SHOWN_IDS ? `${shown} and ${ids.length - SHOWN_IDS} more` : shown;
}
