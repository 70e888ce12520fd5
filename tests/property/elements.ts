/**
 * Random pipelines of maps over elements of all kinds, run in this process: every value, and by node how many calls are made, in a
 * run of a part or one that is stopped, then of all, then after an edit of the inputs.
 *
 * Run directly: `deno task oracle:elements [PIPELINES] [SEED]`. One that shows a difference is printed in its smallest form.
 */

import fc from "fast-check";
import { callName, isError } from "../../core/mod.ts";
import { parseAxisSlices } from "../../core/base/axis_slice.ts";
import { UsageError } from "../../core/base/error.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { type CaseRun, CaseRunner } from "../testing/case_runner.ts";
import { Bad } from "../testing/map_oracle.ts";
import { type ElementMaps, ElementModel, filesOf, outputsOf } from "../testing/random_elements.ts";
import { randomElements } from "../testing/random_elements.ts";

let salt = 1;

/** How a pipeline is begun, before all of it is run. */
export type Beginning = "whole" | "part" | "stopped";

/** Checks random pipelines; returns how many nodes began before their upstreams were over. */
export async function checkRandomElements(
  beginning: Beginning,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<number> {
  await using runner = new CaseRunner();
  let ahead = 0;
  await fc.assert(
    fc.asyncProperty(randomElements(), async (maps) => {
      ahead += await check(runner, maps, beginning);
    }),
    { seed, numRuns: count },
  );
  return ahead;
}

async function check(runner: CaseRunner, maps: ElementMaps, beginning: Beginning): Promise<number> {
  const dir = runner.place(filesOf(maps, salt++));
  const model = new ElementModel(maps);
  const names = ["xs", "ys", ...maps.nodes.flatMap(outputsOf)];
  const { inputs, edited } = maps;
  let ended = new Map<string, number>();
  if (beginning === "part") {
    try {
      const slices = parseAxisSlices("i=::2");
      const part = await runner.run(dir, { inputs, names: [], request: { slices } });
      const foreseen = await model.run(inputs, (i) => i % 2 === 0);
      assertEquals(callsOf(part, "done"), foreseen.done);
    } catch (error) {
      // A node takes more than elements along the axis.
      if (!(error instanceof UsageError)) throw error;
    }
  } else if (beginning === "stopped") {
    const stop = new AbortController();
    let left = 1 + salt % 5;
    const onEvent = ({ type }: { readonly type: string }) => {
      if (type === "calls" && --left === 0) stop.abort();
    };
    ended = callsOf(
      await runner.run(dir, { inputs, names, request: { stop: stop.signal, onEvent } }),
      "done",
    );
  }
  const run = await runner.run(dir, { inputs, names });
  const foreseen = await model.run(inputs);
  assertEquals(shown(run.values, model), shown(foreseen.values, model));
  assertEquals(run.outcome, foreseen.hasFailed ? "failed" : "ok");
  const done = callsOf(run, "done");
  for (const [node, all] of foreseen.done) {
    const [made, before] = [done.get(node) ?? 0, ended.get(node) ?? 0];
    if (beginning !== "stopped") assertEquals(made, all, node);
    else {assertOk(
        made <= all - before,
        `${node}: ${before} of ${all} had ended, ${made} run again`,
      );}
  }
  if (!foreseen.hasFailed) {
    const again = await runner.run(dir, { inputs, names });
    assertEquals(again.events.filter(({ type }) => type === "started"), []);
  }
  const after = await runner.run(dir, { inputs: edited, names });
  const expected = await model.run(edited);
  assertEquals(shown(after.values, model), shown(expected.values, model));
  const made = callsOf(after, "done");
  for (const [node, all] of expected.done) assertEquals(made.get(node) ?? 0, all, node);
  for (const one of [run, after]) areSound(one);
  return aheadOf(run);
}

/** The last counts by node. */
function callsOf({ events }: CaseRun, what: "done" | "hit"): Map<string, number> {
  return new Map(
    events.flatMap((event) => event.type === "calls" ? [[event.node, event[what]]] : []),
  );
}

/** Counts never are above the total, and never go back. */
function areSound({ events }: CaseRun): void {
  const before = new Map<string, number>();
  for (const event of events) {
    if (event.type !== "calls") continue;
    const { node, hit, done, failed, skipped = 0, total } = event;
    const now = hit + done + failed + skipped;
    assertOk(now <= total && now >= (before.get(node) ?? 0), JSON.stringify(event));
    before.set(node, now);
  }
}

/** How many nodes were started while a node that was started before was not over. */
function aheadOf({ events }: CaseRun): number {
  const open = new Set<string>();
  let count = 0;
  for (const event of events) {
    if (event.type === "started") {
      if (open.size > 0) count++;
      open.add(event.node);
    } else if (event.type === "done") open.delete(event.node);
  }
  return count;
}

function shown(values: ReadonlyMap<string, unknown>, model: ElementModel): Record<string, unknown> {
  return Object.fromEntries(
    [...values].map(([name, value]) => [name, shownValue(value, name, model)]),
  );
}

/** Arrays down to error values and elements. */
function shownValue(value: unknown, name: string, model: ElementModel): unknown {
  if (value instanceof Bad) return `! ${value.causes.join(" ")}`;
  if (isError(value)) return `! ${value.causes.map((cause) => callName(cause)).sort().join(" ")}`;
  return Array.isArray(value)
    ? value.map((item) => shownValue(item, name, model))
    : model.show(value);
}

if (import.meta.main) {
  const [count = 300, seed = Date.now() % 1e6] = Deno.args.map(Number);
  for (const beginning of ["whole", "part", "stopped"] as const) {
    const ahead = await checkRandomElements(beginning, { count, seed });
    console.log(`${beginning}: ${count} pipelines, seed ${seed}, ${ahead} nodes began ahead`);
  }
}
