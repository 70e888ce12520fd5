/** Tests of the fold that says what became of each node. */

import { digestOf } from "../../core/base/digest.ts";
import type { Event } from "../../core/event.ts";
import { nodeStates, type RunEnd } from "../../core/node_states.ts";
import { assertEquals } from "../testing/assert.ts";

const key = digestOf("x");
const outputs = [{ name: "a", digest: digestOf("1"), sizeBytes: 1 }];

const started = (time: number, attempt = 1): Event => (
  { v: 1, time, type: "started", node: "a", attempt, action: 1, cpus: 1 }
);
const hit: Event = { v: 1, time: 1, type: "hit", node: "a", key, outputs };
const done: Event = {
  v: 1,
  time: 9,
  type: "done",
  node: "a",
  key,
  wallMs: 5,
  outputs,
  cached: true,
};
const failed: Event = {
  v: 1,
  time: 9,
  type: "failed",
  node: "a",
  reason: "exit",
  message: "no",
  key,
  wallMs: 4,
  maxRssBytes: 7,
  calls: { count: 2, min: 1, median: 1, p95: 3, max: 3 },
  attempt: 2,
};
const retried: Event = {
  v: 1,
  time: 5,
  type: "retried",
  node: "a",
  attempt: 1,
  delayMs: 0,
  reason: "exit",
  message: "no",
};

const stateOf = (end: RunEnd, ...events: Event[]) => nodeStates(events, end).get("a");

Deno.test("nodeStates() takes the end of each node, and the start of its first attempt", () => {
  assertEquals(stateOf("ok", hit), {
    name: "a",
    outcome: "hit",
    startedAt: 1,
    attempts: 0,
    key,
    outputs,
  });
  assertEquals(stateOf("failed", started(2), retried, started(6, 2), failed), {
    name: "a",
    outcome: "failed",
    startedAt: 2,
    attempts: 2,
    key,
    wallMs: 4,
    maxRssBytes: 7,
    calls: { count: 2, min: 1, median: 1, p95: 3, max: 3 },
  });
  assertEquals(stateOf("ok", hit, started(3), done)?.outcome, "done");
});

Deno.test("nodeStates() says of what started and did not end how its run ended", () => {
  const ends: readonly RunEnd[] = ["running", "killed", "aborted", "failed"];
  const outcomes = ends.map((end) => stateOf(end, started(2))?.outcome);
  assertEquals(outcomes, ["running", "killed", "aborted", "aborted"]);
  assertEquals(stateOf("killed", started(2), done)?.outcome, "done");
});

Deno.test("nodeStates() keeps elements apart, and other events out", () => {
  const states = nodeStates([
    { ...hit, index: [0, 2] },
    hit,
    { v: 1, time: 1, type: "warning", code: "x", message: "m", node: "b" },
    { v: 1, time: 1, type: "expanded", nodes: [], wanted: 0, node: "c" },
    { ...hit, type: "hyt", node: "d" } as unknown as Event,
    // A call of a map node that is tried again: it has no states of its own.
    { ...retried, index: [1] },
  ], "ok");
  assertEquals([...states.keys()], ["a[0,2]", "a"]);
});
