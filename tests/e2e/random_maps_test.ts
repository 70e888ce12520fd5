/**
 * Pipelines of map-specs against nested loops: those that people would write, and a sample of what `deno task oracle:maps` runs.
 */

import { agrees, agreesAlongAxis, checkRandomMaps } from "../property/maps.ts";
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
