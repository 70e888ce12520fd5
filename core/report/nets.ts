/**
 * Which edges of a drawing may share lines: edges are grouped into few stars, all from one source or all
 * to one target, so that a shared line never reads as an edge that is not there. Does not know geometry.
 *
 * @module
 */

import type { IndexedEdge } from "./view.ts";

/** Edges that share lines: all of one source, or all of one target. */
export interface Net {
  readonly sources: readonly number[];
  readonly targets: readonly number[];
  readonly isOrder: boolean;
}

/**
 * Groups edges into the least number of stars: a least vertex cover of the bipartite graph of sources
 * and targets, from a greatest matching (Kőnig's theorem). O(nodes · edges).
 *
 * @param count Number of nodes.
 */
export function starNets(count: number, edges: readonly IndexedEdge[]): readonly Net[] {
  return [false, true].flatMap((isOrder) =>
    starsOf(count, edges.filter((e) => e.isOrder === isOrder), isOrder)
  );
}

function starsOf(count: number, edges: readonly IndexedEdge[], isOrder: boolean): Net[] {
  const targets: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) targets[from].push(to);
  const { coversSource, coversTarget } = leastCover(targets);
  const nets: Net[] = [];
  const byTarget = new Map<number, number[]>();
  for (let from = 0; from < count; from++) {
    if (coversSource[from] && targets[from].length > 0) {
      nets.push({ sources: [from], targets: targets[from], isOrder });
      continue;
    }
    for (const to of targets[from]) {
      if (!coversTarget[to]) continue;
      const sources = byTarget.get(to);
      if (sources === undefined) byTarget.set(to, [from]);
      else sources.push(from);
    }
  }
  for (const [to, sources] of byTarget) nets.push({ sources, targets: [to], isOrder });
  return nets;
}

function leastCover(
  targets: readonly (readonly number[])[],
): { coversSource: boolean[]; coversTarget: boolean[] } {
  const count = targets.length;
  const sourceOf = new Int32Array(count).fill(-1);
  const targetOf = new Int32Array(count).fill(-1);
  const augment = (from: number, seen: Uint8Array): boolean => {
    for (const to of targets[from]) {
      if (seen[to]) continue;
      seen[to] = 1;
      if (sourceOf[to] < 0 || augment(sourceOf[to], seen)) {
        sourceOf[to] = from;
        targetOf[from] = to;
        return true;
      }
    }
    return false;
  };
  for (let from = 0; from < count; from++) augment(from, new Uint8Array(count));
  const reachedSource = new Array<boolean>(count).fill(false);
  const reachedTarget = new Array<boolean>(count).fill(false);
  const visit = (from: number): void => {
    if (reachedSource[from]) return;
    reachedSource[from] = true;
    for (const to of targets[from]) {
      if (reachedTarget[to]) continue;
      reachedTarget[to] = true;
      if (sourceOf[to] >= 0) visit(sourceOf[to]);
    }
  };
  for (let from = 0; from < count; from++) if (targetOf[from] < 0) visit(from);
  return {
    coversSource: reachedSource.map((reached) => !reached),
    coversTarget: reachedTarget,
  };
}
