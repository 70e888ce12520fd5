/**
 * "Did you mean": the candidate closest to a misspelt word. Does not know what the words stand for.
 *
 * @module
 */

/** Words longer than this are compared by their beginning only: nobody mistypes a novel. */
const MAX_LENGTH = 64;

/**
 * Returns the candidate that was most likely meant, or `undefined` if none is close.
 *
 * Distance is Damerau-Levenshtein in its restricted form (optimal string alignment: insert, delete,
 * replace, swap neighbours); at most a third of the word may differ. Candidates that differ only in
 * case always win; ties go to the first candidate. O(candidates × length²).
 *
 * @param word What was written.
 * @param candidates What could have been meant, in order of preference.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { nearest } from "./suggest.ts";
 *
 * assertEquals(nearest("cal", ["run", "call"]), "call");
 * assertEquals(nearest("lign.bam", ["align.bam", "sort.bam"]), "align.bam");
 * assertEquals(nearest("row", ["raw", "rows"]), "rows");
 * assertEquals(nearest("zebra", ["run", "call"]), undefined);
 * ```
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.slice(0, MAX_LENGTH);
  const folded = wanted.toLowerCase();
  let best: string | undefined;
  let bestCost = Infinity;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const other = candidate.slice(0, MAX_LENGTH);
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3));
    if (Math.abs(wanted.length - other.length) > limit) continue;
    const otherFolded = other.toLowerCase();
    const distance = distanceOf(folded, otherFolded);
    // "a" is one replacement from every other letter: a word must keep something of itself.
    if (distance > limit || distance >= Math.max(wanted.length, other.length)) continue;
    // Case decides between candidates of equal distance, never more; then "rows" is closer to "row" than "raw".
    const isPrefix = folded.startsWith(otherFolded) || otherFolded.startsWith(folded);
    const cost = distance + distanceOf(wanted, other) / 1000 - (isPrefix ? 0.0005 : 0);
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  return best;
}

/** Returns the hint `did you mean "…"?` for the nearest candidate, or `undefined`. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}

/** Comparisons of words for all suggestions of one object: about a second. */
const MAX_COMPARISONS = 500_000;

/**
 * Suggestions for many words out of the same candidates. A word is searched once, and only as many words as take about a
 * second: when thousands of names are wrong, they are wrong for one reason.
 */
export class Suggestions {
  readonly #candidates: readonly string[];
  readonly #found = new Map<string, string | undefined>();

  /** @param candidates What could have been meant, in order of preference. */
  constructor(candidates: Iterable<string>) {
    this.#candidates = [...candidates];
  }

  /** Returns what `nearest` returns; `undefined` also for words beyond the limit. The first word is always searched. */
  nearest(word: string): string | undefined {
    const isLate = this.#found.size * this.#candidates.length >= MAX_COMPARISONS;
    if (isLate || this.#found.has(word)) return this.#found.get(word);
    const found = nearest(word, this.#candidates);
    this.#found.set(word, found);
    return found;
  }
}

/** Optimal string alignment distance with three rolling rows. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2] + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}
