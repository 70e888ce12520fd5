/** Tests of the schedule: a random DAG oracle and the moves of the state machine. */

import fc from "fast-check";
import { Schedule, STATE } from "../../core/schedule.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { sketchGraph } from "../testing/workflow.ts";

/** A DAG as upstream lists; every edge goes from a lower to a higher id. */
const dags = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.tuple(
    ...Array.from(
      { length: size },
      (_, id) => fc.subarray(Array.from({ length: id }, (_, i) => i)),
    ),
  )
);

function scheduleOf(dag: readonly (readonly number[])[], seed = 0): Schedule {
  const { graph } = sketchGraph(
    Object.fromEntries(dag.map((ups, id) => [`n${id}`, { takes: ups.map((up) => `n${up}`) }])),
  );
  return new Schedule(graph, { seed });
}

/** Everything upstream of the targets, the targets included. */
function closure(dag: readonly (readonly number[])[], targets: Iterable<number>): Set<number> {
  const seen = new Set(targets);
  for (const id of seen) for (const up of dag[id]) seen.add(up);
  return seen;
}

Deno.test("Schedule runs exactly what is wanted and not behind a failure, each once, upstreams first", () => {
  fc.assert(
    fc.property(
      dags,
      fc.array(fc.nat(11)),
      fc.array(fc.nat(11)),
      fc.array(fc.nat(11)),
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 1, max: 4 }),
      (dag, targetPicks, failPicks, hitPicks, seed, slots) => {
        const pick = (picks: number[]): Set<number> => new Set(picks.map((p) => p % dag.length));
        const targets = pick(targetPicks);
        const failing = pick(failPicks);
        const hits = pick(hitPicks);
        const schedule = scheduleOf(dag, seed);
        schedule.want(targets);
        const ended: number[] = [];
        const skipped = new Set<number>();
        const running: number[] = [];
        while (schedule.unfinished > 0) {
          for (let id = schedule.popReady(); id >= 0; id = schedule.popReady()) {
            assertOk(dag[id].every((up) => ended.includes(up)), "upstreams first");
            if (hits.has(id)) {
              ended.push(id);
              schedule.settle(id);
            } else schedule.queue(id);
          }
          for (;;) {
            const id = running.length < slots ? schedule.popQueued(() => true) : -1;
            if (id < 0) break;
            running.push(id);
          }
          const id = running.shift();
          if (id === undefined) continue;
          if (failing.has(id)) schedule.fail(id).forEach((s) => skipped.add(s));
          else {
            assertOk(!ended.includes(id), "once");
            ended.push(id);
            schedule.settle(id);
          }
        }
        const wanted = closure(dag, targets);
        const isBroken = (id: number): boolean =>
          dag[id].some((up) => isBroken(up) || isFailed(up));
        const isFailed = (id: number): boolean => !hits.has(id) && failing.has(id) && !isBroken(id);
        for (const id of wanted) {
          const expected = isBroken(id) ? STATE.skipped : isFailed(id) ? STATE.failed : STATE.done;
          assertEquals(schedule.stateOf(id), expected, `node ${id}`);
          if (expected !== STATE.skipped) continue;
          const causes = [...closure(dag, dag[id])].filter(isFailed).sort((a, b) => a - b);
          assertEquals(schedule.causesOf(id), causes, `causes of ${id}`);
        }
        assertEquals(schedule.running, 0);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("Schedule starts the longest path first and passes over what does not fit", () => {
  // 0 -> 1 -> 2 is longer than 3.
  const { graph } = sketchGraph({
    n3: {},
    n0: {},
    n1: { takes: ["n0"] },
    n2: { takes: ["n1"] },
  });
  const schedule = new Schedule(graph);
  schedule.want([0, 3]);
  const first = schedule.popReady();
  const second = schedule.popReady();
  assertEquals([first, second], [1, 0]);
  schedule.queue(first);
  schedule.queue(second);
  assertEquals(schedule.popQueued((id) => id !== 1), 0);
  assertEquals(schedule.popQueued(() => true), 1);
  assertEquals(schedule.popQueued(() => true), -1);
});

Deno.test("Schedule.demand() makes done upstreams again before a node", () => {
  const schedule = scheduleOf([[], [0]]);
  schedule.want([1]);
  assertEquals(schedule.popReady(), 0);
  schedule.settle(0);
  assertEquals(schedule.popReady(), 1);
  assertEquals(schedule.demand(1, [0]), { again: [0], skipped: [] });
  assertEquals(schedule.unfinished, 2);
  schedule.queue(0);
  assertEquals(schedule.popQueued(() => true), 0);
  schedule.settle(0);
  assertEquals(schedule.popReady(), 1);
  schedule.settle(1);
  assertEquals(schedule.unfinished, 0);
});

Deno.test("Schedule.demand() holds up only who demands", () => {
  const schedule = scheduleOf([[], [0], [], [0, 2], [3]]);
  schedule.want([1, 4]);
  assertEquals([schedule.popReady(), schedule.popReady()], [0, 2]);
  schedule.settle(0);
  assertEquals(schedule.popReady(), 1);
  assertEquals(schedule.demand(1, [0]), { again: [0], skipped: [] });
  schedule.settle(2);
  assertEquals(schedule.popReady(), 3);
  // It turns out to need the same bytes.
  assertEquals(schedule.demand(3, [0]), { again: [], skipped: [] });
  schedule.settle(0);
  assertEquals([schedule.popReady(), schedule.popReady()].sort(), [1, 3]);
});

Deno.test("Schedule.fail() of a node that is made again skips who demanded it, then and later", () => {
  const schedule = scheduleOf([[], [0], [], [0, 2], [3], [0], []]);
  schedule.want([1, 4, 5]);
  assertEquals([schedule.popReady(), schedule.popReady()], [0, 2]);
  schedule.settle(0);
  assertEquals([schedule.popReady(), schedule.popReady()], [1, 5]);
  schedule.demand(1, [0]);
  assertEquals(schedule.fail(0), [1]);
  assertEquals(schedule.causesOf(1), [0]);
  // The digest is enough for the one that is up to date.
  schedule.settle(5);
  schedule.settle(2);
  assertEquals(schedule.popReady(), 3);
  assertEquals(schedule.demand(3, [0]), { again: [], skipped: [3, 4] });
  assertEquals(schedule.causesOf(4), [0]);
  assertEquals(schedule.unfinished, 0);
});

Deno.test("Schedule.suspend() lets a running node be queued again", () => {
  const schedule = scheduleOf([[]]);
  schedule.want([0]);
  schedule.queue(schedule.popReady());
  assertEquals(schedule.popQueued(() => true), 0);
  schedule.suspend(0);
  assertEquals(schedule.running, 0);
  schedule.queue(0);
  assertEquals(schedule.popQueued(() => true), 0);
  schedule.settle(0);
  assertEquals(schedule.unfinished, 0);
});

Deno.test("Schedule.skip() leaves a node out with all that needs it", () => {
  const schedule = scheduleOf([[], [0], [1], []]);
  schedule.want([2, 3]);
  const ready = [schedule.popReady(), schedule.popReady()].sort();
  assertEquals(ready, [0, 3]);
  assertEquals(schedule.skip(0), [0, 1, 2]);
  assertEquals(schedule.causesOf(2), []);
  assertEquals(schedule.unfinished, 1);
});

Deno.test("Schedule handles a fan-in and a chain of 200,000 nodes", () => {
  const size = 200_000;
  const chain = Array.from({ length: size }, (_, i) => i === 0 ? [] : [i - 1]);
  const schedule = scheduleOf(chain);
  schedule.want([size - 1]);
  let count = 0;
  for (let id = schedule.popReady(); id >= 0; id = schedule.popReady()) {
    schedule.settle(id);
    count++;
  }
  assertEquals(count, size);
});
