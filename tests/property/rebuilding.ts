/**
 * Scenarios for the rebuilding rules: all small ones, and random larger ones with failures, aborts, lost bytes, absent nodes and
 * changed edges. Each is run by the planner under a random interleaving and compared with the oracles.
 *
 * Run directly, it checks everything: `deno task oracle [RANDOM_SCENARIOS] [SEED]`.
 */

import { assertEquals, assertOk } from "../testing/assert.ts";
import {
  type Kind,
  type Memory,
  type ModelOutcome,
  type ModelRun,
  ModelRunner,
  ModelStore,
  type Random,
  randomOf,
} from "../testing/rebuild_model.ts";
import { demandOracle, twoPasses, TwoPassHistory } from "../testing/rebuild_oracle.ts";

const KINDS: readonly Kind[] = ["A", "O", "T"];

/** Compares one run of the planner with the demand oracle: what ran, failed and was skipped, and what is left in the store. */
function checkRun(run: ModelRun, store: ModelStore, random: Random, where: string): ModelOutcome {
  const expectedStore = store.copy();
  const expected = demandOracle(run, expectedStore);
  const outcome = new ModelRunner(run, store, random).run();
  const { executed, failed, skipped } = outcome;
  assertEquals({ executed, failed, skipped }, expected, where);
  assertEquals(store.results, expectedStore.results, `results, ${where}`);
  assertEquals(store.disk, expectedStore.disk, `disk, ${where}`);
  return outcome;
}

/**
 * An aborted run does nothing that the whole run would not do, and neither does the next one, which finishes it. But a
 * node that runs every time runs once more, and may need temporary bytes again; and where something fails, the next run
 * may get further than the whole one.
 */
function checkAborted(run: ModelRun, store: ModelStore, random: Random, where: string): void {
  const whole = demandOracle(run, store.copy());
  const isPart = (id: number) => whole.executed.includes(id);
  const { executed } = new ModelRunner(run, store, random).run();
  assertOk(executed.every(isPart), `aborted, ${where}`);
  const rest = demandOracle(run, store.copy());
  const isAlways = run.present.some((id) => run.kinds[id] === "A");
  const isExcused = (id: number) => isAlways && run.kinds[id] === "T";
  const hasFailure = whole.failed.length + rest.failed.length > 0;
  assertOk(
    hasFailure || rest.executed.every((id) => isPart(id) || isExcused(id)),
    `after the abort, ${where}`,
  );
}

/** Numbers of a number to a base, lowest first. */
function digits(number: number, base: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(number / base ** i) % base);
}

/** What is enumerated: every graph of `size` nodes in topological order × kinds × changes. */
export interface Enumeration {
  readonly size: number;
  /** Which scenarios are taken: every `step`-th, beginning with the `offset`-th. */
  readonly step: number;
  readonly offset: number;
  /** Whether a node of a kind may change in a way; all by default. */
  readonly allows?: (kind: Kind, change: number) => boolean;
}

const NEW_VALUE = 1;
const DELETED = 2;

/** Three runs per scenario: at first, after the changes, and again. Returns the number of scenarios. */
export function checkAll({ size, step, offset, allows }: Enumeration): number {
  const pairs = Array.from(
    { length: size },
    (_, to) => Array.from({ length: to }, (_, from) => [from, to] as const),
  ).flat();
  const total = 3 ** size * 2 ** pairs.length * 3 ** size;
  const present = Array.from({ length: size }, (_, id) => id);
  let count = 0;
  for (let number = offset; number < total; number += step) {
    const kinds = digits(number, 3, size).map((i) => KINDS[i]);
    const edges = digits(Math.floor(number / 3 ** size), 2, pairs.length);
    const changes = digits(Math.floor(number / (3 ** size * 2 ** pairs.length)), 3, size);
    if (allows !== undefined && !changes.every((change, id) => allows(kinds[id], change))) continue;
    const ups = present.map((id) =>
      pairs.filter(([, to], i) => to === id && edges[i] === 1).map(([from]) => from)
    );
    checkScenario({ present, kinds, ups, changes }, number);
    count++;
  }
  return count;
}

function checkScenario(
  { changes, ...graph }: Omit<ModelRun, "values"> & { readonly changes: readonly number[] },
  number: number,
): void {
  const random = randomOf(number);
  const history = new TwoPassHistory();
  const stores = [new ModelStore("last"), new ModelStore("all")];
  let isComparable = true;
  for (let runNumber = 0; runNumber < 3; runNumber++) {
    const values = changes.map((change) => runNumber > 0 && change === NEW_VALUE ? "b" : "a");
    if (runNumber === 1) {
      changes.forEach((change, id) => {
        if (change !== DELETED) return;
        history.disk.delete(id);
        for (const store of stores) store.remove(id, true);
      });
    }
    const run = { ...graph, values };
    const where = `scenario ${number}, run ${runNumber + 1}: ${JSON.stringify(run)}`;
    const ran = isComparable ? twoPasses(run, history) : undefined;
    if (ran === undefined) isComparable = false;
    for (const store of stores) {
      const { executed } = checkRun(run, store, random, `${store.memory}, ${where}`);
      if (ran !== undefined) assertEquals(executed, ran, `two passes, ${store.memory}, ${where}`);
    }
  }
}

/** Checks random histories of graphs of at most seven nodes. Returns the number of runs. */
export function checkRandom(count: number, seed: number): number {
  let runs = 0;
  for (let number = 0; number < count; number++) {
    const random = randomOf(seed * 1_000_003 + number);
    runs += checkHistory(random, random() < 0.5 ? "all" : "last", `seed ${seed}, ${number}`);
  }
  return runs;
}

function checkHistory(random: Random, memory: Memory, name: string): number {
  const below = (limit: number) => Math.floor(random() * limit);
  const size = 2 + below(6);
  const kinds = Array.from({ length: size }, () => KINDS[below(3)]);
  const density = random();
  const values = new Array<number>(size).fill(0);
  const ids = [...values.keys()];
  let ups = ids.map((id) => ids.filter((up) => up < id && random() < density));
  const store = new ModelStore(memory);
  const steps = 2 + below(4);
  for (let step = 0; step < steps; step++) {
    const isFirst = step === 0;
    for (const id of ids) {
      if (!isFirst && random() < 0.25) values[id] = below(3);
      if (!isFirst && random() < 0.2) store.remove(id, random() < 0.5);
      if (!isFirst && random() < 0.05) kinds[id] = KINDS[below(3)];
    }
    if (random() < 0.3) {
      ups = ids.map((id) => ids.filter((up) => up < id && random() < density));
    }
    const present = random() < 0.4 ? ids.filter(() => random() < 0.8) : ids;
    const failing = new Set(random() < 0.4 ? ids.filter(() => random() < 0.25) : []);
    const run: ModelRun = { present, kinds: [...kinds], ups, values: values.map(String), failing };
    const where = `${memory}, ${name}, run ${step + 1}: ${
      JSON.stringify({ ...run, failing: [...failing] })
    }`;
    if (random() < 0.2) checkAborted({ ...run, abortAfter: below(size) }, store, random, where);
    else checkRun(run, store, random, where);
  }
  return steps;
}

if (import.meta.main) {
  const [scenarios = "1000000", seed = "1"] = Deno.args;
  const timed = (what: string, body: () => number): void => {
    const start = performance.now();
    const count = body();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${what}: ${count.toLocaleString("en")} scenarios, 0 differences, ${seconds} s`);
  };
  timed(
    "all graphs of 4 nodes x kinds x changes x 3 runs",
    () => checkAll({ size: 4, step: 1, offset: 0 }),
  );
  timed("all graphs of 5 nodes, restricted: every 5th", () =>
    checkAll({
      size: 5,
      step: 5,
      offset: 0,
      allows: (kind, change) =>
        change === 0 || (kind === "A" && change === NEW_VALUE) ||
        (kind === "O" && change === DELETED),
    }));
  timed("random histories of at most 7 nodes", () => {
    checkRandom(Number(scenarios), Number(seed));
    return Number(scenarios);
  });
}
