/** Tests of run records: events, summaries, logs, retention, tolerance of torn files. */

import type { Event } from "../../../core/event.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";
import { Workspace } from "./fixture.ts";

const COUNTS = { hit: 1, done: 2, failed: 0, skipped: 0 };

function beginEvent(run: string): Event {
  return { v: 1, time: 5000, type: "begin", run, workflow: "w", nodes: 3, jobs: 1 };
}

function endEvent(run: string): Event {
  return { v: 1, time: 6000, type: "end", run, outcome: "ok", wallMs: 1000, counts: COUNTS };
}

Deno.test("begin() makes a record whose events come back in order", () => {
  using w = new Workspace();
  const { runs } = w.open();
  const record = runs.begin("w.yaml");
  const events = [beginEvent(record.id), endEvent(record.id)];
  for (const event of events) record.append(event);
  assertEquals([...runs.events(record.id)], []);
  record.flush();
  assertEquals([...runs.events(record.id)], events);
  record.close();
  assertOk(Deno.statSync(record.logDir).isDirectory);
  assertEquals([...runs.list("w.yaml")], [{
    id: record.id,
    workflow: "w.yaml",
    outcome: "ok",
    startedAt: 5000,
    wallMs: 1000,
    counts: COUNTS,
  }]);
});

Deno.test("list() tells running from killed runs and puts the newest first", () => {
  using w = new Workspace();
  let now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const { runs } = w.open({ now: () => now });
  const first = runs.begin("w.yaml");
  first.close();
  now += 1000;
  const second = runs.begin("w.yaml");
  const third = runs.begin("v.yaml");
  assertOk(first.id.startsWith("20260102-030405.678-"), first.id);
  assertEquals([...runs.list("w.yaml")].map((run) => [run.id, run.outcome]), [
    [second.id, "running"],
    [first.id, "killed"],
  ]);
  assertEquals([...runs.list("w.yaml")][1]?.startedAt, now - 1000);
  assertEquals(runs.latest("v.yaml"), third.id);
  assertEquals(runs.latest("x.yaml"), undefined);
});

Deno.test("events() leaves out torn and damaged lines, and long records have a summary", () => {
  using w = new Workspace();
  const { runs } = w.open();
  const record = runs.begin("w.yaml");
  const hit: Event = {
    v: 1,
    time: 1,
    type: "started",
    node: "ü".repeat(50),
    attempt: 1,
    action: 1,
    cpus: 1,
  };
  record.append(beginEvent(record.id));
  for (let i = 0; i < 3000; i++) record.append(hit);
  record.append(endEvent(record.id));
  record.close();
  assertEquals([...runs.list()][0]?.counts, COUNTS);
  assertEquals([...runs.events(record.id)].length, 3002);
  const path = `${record.dir}/events.ndjson`;
  Deno.writeTextFileSync(
    path,
    'null\n{"type":\n{"v":1,"type":"hit","node":"a"}\n{"type":"hit","time":1e999}\n{"v":1,"ty',
    { append: true },
  );
  assertEquals([...runs.events(record.id)].length, 3002);
  assertEquals([...runs.list()][0]?.outcome, "killed");
});

Deno.test("logsOf() returns the last attempt's logs of exactly that node", () => {
  using w = new Workspace();
  const { runs } = w.open();
  const [old, empty, last] = [0, 1, 2].map(() => runs.begin("w.yaml"));
  for (const name of ["a.stdout", "a.2.stderr", "a.10.stdout", "a.10.stderr", "ab.stdout"]) {
    Deno.writeTextFileSync(`${last?.logDir}/${name}`, name);
  }
  Deno.writeTextFileSync(`${old?.logDir}/a.stderr`, "");
  const logs = runs.logsOf("w.yaml", "a");
  assertEquals(logs.find(({ run }) => run === last?.id), {
    run: last?.id as string,
    name: "a",
    stdout: `${last?.logDir}/a.10.stdout`,
    stderr: `${last?.logDir}/a.10.stderr`,
  });
  assertEquals(logs.find(({ run }) => run === old?.id)?.stdout, undefined);
  assertEquals(logs.some(({ run }) => run === empty?.id), false);
  assertEquals(runs.logsOf("w.yaml", "none/such"), []);
});

Deno.test("retain() keeps the newest runs of one workflow and those going on", () => {
  using w = new Workspace();
  let now = Date.UTC(2026, 0, 1);
  const { runs } = w.open({ now: () => now++ });
  const running = runs.begin("w.yaml");
  for (let i = 0; i < 4; i++) runs.begin("w.yaml").close();
  runs.begin("v.yaml").close();
  assertEquals(runs.retain("w.yaml", 2), 2);
  const left = [...runs.list("w.yaml")];
  assertEquals(left.length, 3);
  assertEquals(left.at(-1)?.id, running.id);
  assertEquals([...runs.list("v.yaml")].length, 1);
});
