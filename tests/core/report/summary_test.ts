/** Tests of the words about a run. */

import { digestOf } from "../../../core/base/digest.ts";
import type { Event, FailedEvent } from "../../../core/event.ts";
import { elementName, formatFailure, RunSummary } from "../../../core/report/summary.ts";
import { assertEquals, assertIncludes, assertOk } from "../../testing/assert.ts";

const key = digestOf("x");
const begin: Event = { v: 1, time: 0, type: "begin", run: "r", workflow: "w", nodes: 3, jobs: 2 };
const hit = (node: string, index?: number[]): Event => ({
  v: 1,
  time: 10,
  type: "hit",
  node,
  key,
  outputs: [],
  ...index ? { index } : {},
});
const done = (node: string): Event => ({
  v: 1,
  time: 20,
  type: "done",
  node,
  key,
  wallMs: 5,
  outputs: [],
  cached: true,
});
const failed = (node: string, more: Partial<FailedEvent> = {}): FailedEvent => ({
  v: 1,
  time: 30,
  type: "failed",
  node,
  reason: "exit",
  message: "Command exited with 2",
  wallMs: 3,
  attempt: 1,
  ...more,
});
const skipped = (node: string): Event => ({
  v: 1,
  time: 31,
  type: "skipped",
  node,
  because: ["fit"],
});
const end = (
  outcome: "ok" | "failed" | "aborted",
  counts: [number, number, number, number],
): Event => ({
  v: 1,
  time: 1200,
  type: "end",
  run: "r",
  outcome,
  wallMs: 1200,
  counts: { hit: counts[0], done: counts[1], failed: counts[2], skipped: counts[3] },
});

function lineOf(...events: Event[]): string {
  const summary = new RunSummary();
  for (const event of events) summary.add(event);
  return summary.line();
}

Deno.test("RunSummary.line() says how a run ended", () => {
  assertEquals(
    lineOf(begin, hit("a"), end("ok", [9, 3, 0, 0])),
    "ok: 12 nodes, 3 run, 9 up to date, 1.2 s",
  );
  assertEquals(
    lineOf({ ...begin, nodes: 1 }, done("a"), end("ok", [0, 1, 0, 0])),
    "ok: 1 node, 1 run, 1.2 s",
  );
  assertEquals(
    lineOf(begin, failed("fit"), skipped("x"), end("failed", [9, 0, 1, 2])),
    "failed: 1 of 12 nodes (fit), 2 skipped, 9 up to date, 1.2 s",
  );
  assertEquals(
    lineOf(begin, ...["a", "b", "c", "d", "e"].map((n) => failed(n)), end("failed", [0, 0, 5, 0])),
    "failed: 5 of 5 nodes (a, b, c and 2 more), 1.2 s",
  );
  assertEquals(
    lineOf(
      begin,
      { ...end("failed", [1, 2, 0, 0]), nondeterministic: ["a", "b\n", "c", "d"] } as Event,
    ),
    "failed: 3 nodes, 4 not deterministic (a, b , c and 1 more), 2 run, 1 up to date, 1.2 s",
  );
  assertEquals(
    lineOf(begin, end("aborted", [1, 0, 0, 0])),
    "aborted: 3 nodes, 1 up to date, 2 not reached, 1.2 s",
  );
  const calls = (node: string, failed: number, total: number): Event => (
    { v: 1, time: 0, type: "calls", node, total, hit: 0, done: total - failed, failed }
  );
  assertEquals(
    lineOf(
      { ...begin, nodes: 2 },
      { ...failed("ys"), index: [3] } as Event,
      calls("ys", 1, 100),
      calls("ys", 3, 100),
      calls("zs", 0, 100),
      end("failed", [0, 2, 0, 0]),
    ),
    "failed: 2 nodes, 3 of 100 calls failed (ys), 2 run, 1.2 s",
  );
});

Deno.test("elementName() is what the command line takes", () => {
  assertEquals(elementName({ node: "z", index: [0, 2] }), "z[0,2]");
  assertEquals(elementName({ node: "z" }), "z");
});

Deno.test("formatFailure() prints what, where, hint and log", () => {
  const event = failed("fit", {
    index: [3],
    message: "Command exited with 2\n\nlast line: \x1b[31mno\r\n",
    place: "wf.yaml:14:3",
    hint: 'Add "read: data"',
    attempt: 3,
    stack: "Error: x\n    at y (/p/nodes.ts:3:7)\n    at z (/p/nodes.ts:9:1)",
  });
  assertEquals(
    formatFailure(event, { cwd: "/p" }),
    `
failed: fit[3] (command failed, 3 attempts)
  Command exited with 2

  last line: \\u001b[31mno
  at y (nodes.ts:3:7)
  at wf.yaml:14:3
  hint: add "read: data"
  log: flow log wf.yaml 'fit[3]'`.slice(1),
  );
  assertIncludes(
    formatFailure(event, { debug: true }),
    "\n  Error: x\n      at y (/p/nodes.ts:3:7)\n",
  );
  assertOk(formatFailure(event, { color: true }).startsWith("\x1b[1;31mfailed: fit[3]"));
});

Deno.test("formatFailure() names the workflow only where flow would not find it, and cuts long messages", () => {
  const lastLine = (place: string) => formatFailure(failed("fit", { place })).split("\n").at(-1);
  assertEquals(lastLine("workflow.yaml:1:2"), "  log: flow log fit");
  assertEquals(lastLine("sub/workflow.yaml:1:2"), "  log: flow log sub/workflow.yaml fit");
  assertEquals(lastLine("my wf.yaml:1:2"), "  log: flow log 'my wf.yaml' fit");
  const reported = failed("fit", { error: "/p/errors/fit.txt" });
  assertEquals(formatFailure(reported).split("\n").at(-1), "  log: flow log fit --error");
  const long = failed("fit", { message: "x".repeat(5000) });
  assertIncludes(formatFailure(long), "x\n  … (1,000 more characters)\n");
  assertIncludes(formatFailure(long, { debug: true }), "x".repeat(5000));
});
