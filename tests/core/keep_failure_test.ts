/** Tests of keeping reports of failures: both forms, and that trouble with them stops nothing. */

import type { Event } from "../../core/event.ts";
import type { NodeId } from "../../core/graph.ts";
import { failureKeeper } from "../../core/keep_failure.ts";
import { Rebuild } from "../../core/rebuild.ts";
import type { FailedNode } from "../../core/run_context.ts";
import { Temps } from "../../core/temps.ts";
import { CodeIndex } from "../../core/code/code.ts";
import { assertEquals, assertMatches } from "../testing/assert.ts";
import { sketchGraph } from "../testing/workflow.ts";
import { Workspace } from "./store/fixture.ts";

const FAILED: FailedNode = {
  id: 1 as NodeId,
  failure: { reason: "threw", message: "no rows" },
  attempt: 1,
};

function rig(w: Workspace) {
  const { graph } = sketchGraph({ load: {}, fit: { takes: ["load"] } });
  const { blobs, files, runs } = w.open();
  const env = () => undefined;
  const code = new CodeIndex({ rootDir: w.path, cache: { get: () => undefined, set: () => {} } });
  const resultOf = () => [];
  const rebuild = new Rebuild({ graph, bound: new Map(), code, files, blobs, resultOf, env });
  const record = runs.begin("w.yaml");
  const events: Event[] = [];
  const keep = failureKeeper({
    record,
    workflow: "w.yaml",
    graph,
    rebuild,
    blobs,
    temps: new Temps(`${w.path}/temps`),
    env,
    now: () => 5,
    onEvent: (event) => events.push(event),
  });
  return { keep, record, events };
}

Deno.test("failureKeeper() writes the facts as text and as data", () => {
  using w = new Workspace();
  const { keep, record, events } = rig(w);
  const path = keep(FAILED);
  assertEquals(path, `${record.dir}/errors/fit.txt`);
  assertMatches(
    Deno.readTextFileSync(`${record.dir}/errors/fit.txt`),
    /^failed: fit \(threw an error\)\n/,
  );
  const facts = JSON.parse(Deno.readTextFileSync(`${record.dir}/errors/fit.json`));
  assertEquals([facts.run, facts.node, facts.reason], [record.id, "fit", "threw"]);
  assertEquals(facts.failedAt, "1970-01-01T00:00:00.005Z");
  assertEquals([facts.inputs, facts.upstreams], [[{ name: "load", source: "load" }], ["load"]]);
  assertEquals(events, []);
});

Deno.test("failureKeeper() warns if the report cannot be written", () => {
  using w = new Workspace();
  const { keep, record, events } = rig(w);
  Deno.writeTextFileSync(`${record.dir}/errors`, "a file in the way");
  assertEquals(keep(FAILED), undefined);
  const [warning] = events;
  assertEquals([events.length, warning.type === "warning" && warning.node], [1, "fit"]);
  assertMatches(warning.type === "warning" ? warning.message : "", /^Cannot write ".*fit\.txt": /);
});
