/**
 * What a run must do, said twice and without a scheduler: as the two passes over pypipegraph2's history, and recursively over all
 * earlier results. Shares no code with the planner.
 */

import {
  keyOf,
  type ModelOutcome,
  type ModelRun,
  type ModelStore,
  unneeded,
} from "./rebuild_model.ts";

/** pypipegraph2's history: what each node delivered last, and what it took from whom. */
export class TwoPassHistory {
  readonly outputs = new Map<number, string>();
  readonly inputs = new Map<number, string>();
  /** By `up>down`. */
  readonly edges = new Map<string, string>();
  readonly disk = new Set<number>();
}

/**
 * The two passes: forwards, what is invalidated and what everybody delivers; backwards, which temporary nodes are
 * needed. Without failures.
 *
 * @returns The nodes that run, or `undefined` if a temporary node would have to deliver again what it does not deliver now.
 */
export function twoPasses(run: ModelRun, history: TwoPassHistory): number[] | undefined {
  const { present, kinds, values } = run;
  const left = unneeded(run);
  const upsOf = (id: number) => run.ups[id].filter((up) => present.includes(up));
  const isInvalid = new Set<number>();
  const delivered = new Map<number, string>();
  for (const id of present) {
    if (left.has(id)) continue;
    const inputs = history.inputs.get(id);
    const isNew = inputs === undefined ? upsOf(id).length === 0 : inputs !== upsOf(id).join();
    const isGone = kinds[id] !== "A" && !history.outputs.has(id) ||
      kinds[id] === "O" && !history.disk.has(id);
    const isChanged = upsOf(id).some((up) =>
      history.edges.get(`${up}>${id}`) !== delivered.get(up)
    );
    if (isNew || isGone || isChanged) isInvalid.add(id);
    const before = history.outputs.get(id);
    delivered.set(
      id,
      isInvalid.has(id) || kinds[id] === "A" || before === undefined ? values[id] : before,
    );
  }
  const runs = new Set<number>();
  for (const id of present.toReversed()) {
    if (left.has(id)) continue;
    const isNeeded = kinds[id] === "T" &&
      present.some((down) => runs.has(down) && upsOf(down).includes(id));
    if (kinds[id] === "A" || isInvalid.has(id) || isNeeded) runs.add(id);
    if (isNeeded && !isInvalid.has(id) && delivered.get(id) !== values[id]) return undefined;
  }
  for (const id of present) {
    if (left.has(id)) continue;
    history.outputs.set(id, delivered.get(id) ?? "");
    history.inputs.set(id, upsOf(id).join());
    if (kinds[id] === "O") history.disk.add(id);
    for (const up of upsOf(id)) history.edges.set(`${up}>${id}`, delivered.get(up) ?? "");
    for (const other of present) {
      if (!upsOf(id).includes(other)) history.edges.delete(`${other}>${id}`);
    }
  }
  return [...runs].sort((a, b) => a - b);
}

/** Forgets temporary nodes that nobody needed, as pypipegraph2 does (and flow does not). */
export function forgetUnneeded(run: ModelRun, history: TwoPassHistory): void {
  for (const id of unneeded(run)) {
    history.outputs.delete(id);
    history.inputs.delete(id);
  }
}

/** How a node ended. */
type End = "done" | "failed" | "skipped";

/**
 * The same with failures and with all earlier results: a node runs if its key has no result, or if somebody who runs needs
 * bytes that are gone. Changes the store as the run would.
 */
export function demandOracle(run: ModelRun, store: ModelStore): Omit<ModelOutcome, "cleaned"> {
  const { present, kinds } = run;
  const left = unneeded(run);
  const wanted = present.filter((id) => !left.has(id));
  const upsOf = (id: number) =>
    run.ups[id].filter((up) => present.includes(up)).sort((a, b) => a - b);
  const ends = new Map<number, End>();
  const delivered = new Map<number, string>();
  const executed = new Set<number>();
  /** Whether the bytes of a node could be had, for those that were asked for. */
  const fetched = new Map<number, boolean>();
  const failures = new Set<number>();
  /** Done, and to be made again for the bytes, but theirs cannot be had. */
  const stranded = new Set<number>();

  const keyFor = (id: number) =>
    keyOf(id, upsOf(id).map((up) => [up, delivered.get(up) ?? ""] as const));

  /** Executes a node whose inputs are there. */
  const execute = (id: number, mustDeliver?: string): boolean => {
    executed.add(id);
    const value = run.values[id];
    const isUnlike = mustDeliver !== undefined && value !== mustDeliver;
    if (isUnlike || run.failing?.has(id) === true) {
      if (isUnlike || store.memory === "last") store.forget(id, keyFor(id));
      failures.add(id);
      return false;
    }
    delivered.set(id, value);
    store.disk.set(id, value);
    if (kinds[id] !== "A") store.record(id, keyFor(id), value);
    if (kinds[id] === "O") store.blobs.add(`${id}=${value}`);
    return true;
  };

  /** Makes sure that all upstreams of a node have bytes; all are asked for, even if one fails. */
  const gather = (id: number): boolean => upsOf(id).map(bytesOf).every((isThere) => isThere);

  const bytesOf = (id: number): boolean => {
    const value = delivered.get(id);
    if (store.disk.get(id) === value) return true;
    const known = fetched.get(id);
    if (known !== undefined) return known;
    // Who only needs to know what it delivered goes on all the same.
    const canRun = gather(id);
    if (!canRun) stranded.add(id);
    const isThere = canRun && execute(id, value);
    fetched.set(id, isThere);
    return isThere;
  };

  for (const id of wanted) {
    if (upsOf(id).some((up) => ends.get(up) !== "done")) {
      ends.set(id, "skipped");
      continue;
    }
    const stored = kinds[id] === "A" ? undefined : store.find(id, keyFor(id));
    const canRestore = store.memory === "all" && store.blobs.has(`${id}=${stored}`);
    if (
      stored !== undefined && (kinds[id] === "T" || store.disk.get(id) === stored || canRestore)
    ) {
      if (kinds[id] === "O") store.disk.set(id, stored);
      delivered.set(id, stored);
      ends.set(id, "done");
      continue;
    }
    ends.set(id, !gather(id) ? "skipped" : execute(id) ? "done" : "failed");
  }
  const downsOf = (id: number) => wanted.filter((down) => upsOf(down).includes(id));
  /** Whether a node will not need its upstreams' bytes any more. */
  const isFinal = (id: number): boolean =>
    ends.get(id) === "done" && !failures.has(id) && !stranded.has(id) &&
    (kinds[id] !== "T" || executed.has(id) || downsOf(id).every(isFinal));
  for (const id of wanted) {
    const downs = downsOf(id);
    const isOver = downs.length > 0 && downs.every(isFinal);
    if (kinds[id] === "T" && isOver && !failures.has(id)) store.disk.delete(id);
  }
  const sorted = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b);
  return {
    executed: sorted(executed),
    failed: sorted(failures),
    skipped: sorted(wanted.filter((id) => ends.get(id) === "skipped" || stranded.has(id))),
  };
}
