/**
 * Pipelines of map-specs against nested loops: those that people would write, and a sample of what `deno task oracle:maps` and
 * `deno task oracle:elements` run.
 */

import { agrees, agreesAlongAxis, checkRandomMaps } from "../property/maps.ts";
import { checkRandomElements } from "../property/elements.ts";
import { assertOk } from "../testing/assert.ts";
import { CaseRunner } from "../testing/case_runner.ts";
import { MAP_CASES } from "../testing/map_cases.ts";

Deno.test("maps that people write give what nested loops give", async (t) => {
  await using runner = new CaseRunner();
  for (const maps of MAP_CASES) await t.step(maps.title, () => agrees(runner, maps));
});

Deno.test("random maps give what nested loops give, and nothing runs again", async () => {
  await checkRandomMaps(agrees, { fails: false, count: 30, seed: 1 });
});

Deno.test("random maps with failures leave error values where nested loops do", async () => {
  await checkRandomMaps(agrees, { fails: true, count: 40, seed: 1 });
});

Deno.test("random maps along an added axis are what they are for each value", async () => {
  await checkRandomMaps(agreesAlongAxis, { fails: false, count: 30, seed: 1 });
});

for (const beginning of ["whole", "part", "stopped"] as const) {
  Deno.test(`elements of all kinds are what they were, each call is made once: ${beginning}`, async () => {
    const ahead = await checkRandomElements(beginning, { count: 8, seed: 1 });
    assertOk(beginning !== "whole" || ahead > 0, "no node began before its upstreams were over");
  });
}
