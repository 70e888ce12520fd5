/** Tests of progress: what is on the screen of a terminal that interprets the codes, and what a log gets. */

import fc from "fast-check";
import { createProgress, type Progress, type ProgressOptions } from "../../cli/progress.ts";
import { digestOf } from "../../core/base/digest.ts";
import type { Event } from "../../core/event.ts";
import * as report from "../../core/mod.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const key = digestOf("x");
const base = { v: 1, time: 0 } as const;
const begin = (nodes: number): Event => ({
  ...base,
  type: "begin",
  run: "r1",
  workflow: "churn",
  nodes,
  jobs: 2,
});
const started = (node: string, index?: number[]): Event => ({
  ...base,
  type: "started",
  node,
  attempt: 1,
  action: 1,
  cpus: 1,
  ...index ? { index } : {},
});
const hit = (node: string): Event => ({ ...base, type: "hit", node, key, outputs: [] });
const done = (node: string): Event => ({
  ...base,
  type: "done",
  node,
  key,
  wallMs: 1500,
  outputs: [{ name: node, digest: key, sizeBytes: 2048 }],
  cached: true,
});
const failed = (node: string): Event => ({
  ...base,
  type: "failed",
  node,
  reason: "threw",
  message: "Division by zero",
  stack: "SECRET STACK",
  wallMs: 3,
  attempt: 1,
});
const warning: Event = {
  ...base,
  type: "warning",
  code: "cache",
  message: "Cache is slow",
  node: "fit",
};
const end = (outcome: "ok" | "failed", hits: number, ran: number, bad: number): Event => ({
  ...base,
  type: "end",
  run: "r1",
  outcome,
  wallMs: 2000,
  counts: { hit: hits, done: ran, failed: bad, skipped: 0 },
});

/** A display with a clock that is set by hand. */
function rig(
  mode: ProgressOptions["mode"],
  options: { columns?: number; color?: boolean; unicode?: boolean; expectedMs?: number } = {},
): { terminal: FakeTerminal; progress: Progress; at: (ms: number) => void } {
  const terminal = new FakeTerminal(options.columns ?? 80);
  let now = 0;
  const progress = createProgress(terminal, {
    mode,
    color: options.color ?? false,
    unicode: options.unicode ?? true,
    now: () => now,
    expectedMs: () => options.expectedMs,
    report,
  });
  return {
    terminal,
    progress,
    at(ms: number): void {
      now = ms;
      progress.tick();
    },
  };
}

Deno.test("createProgress() tty shows a bar, counts and what runs", () => {
  const { terminal, progress, at } = rig("tty");
  for (const event of [begin(8), hit("raw"), hit("rows"), started("fit", [3]), started("結果")]) {
    progress.onEvent(event);
  }
  assertEquals(terminal.screen(), "");
  at(1500);
  assertEquals(
    terminal.screen(),
    `
━━━━━━──────────────────  25%  2/8 nodes, 2 up to date, 2 running
  fit[3]  1.5 s
  結果  1.5 s`.slice(1),
  );
});

Deno.test("createProgress() tty estimates the rest from the rate and from earlier runs", () => {
  const { terminal, progress, at } = rig("tty");
  for (const event of [begin(6), started("a")]) progress.onEvent(event);
  at(1000);
  progress.onEvent(done("a"));
  progress.onEvent(started("b"));
  at(2000);
  progress.onEvent(done("b"));
  at(2100);
  assertIncludes(terminal.screen(), "33%  2/6 nodes, 4.2 s left");
  const known = rig("tty", { expectedMs: 60_000 });
  for (const event of [begin(2), started("a")]) known.progress.onEvent(event);
  known.at(5000);
  assertIncludes(known.terminal.screen(), "0/2 nodes, 1 running, 55 s left");
});

Deno.test("createProgress() tty prints failures and warnings above the bar at once", () => {
  const { terminal, progress, at } = rig("tty");
  for (const event of [begin(4), started("fit"), started("x")]) progress.onEvent(event);
  at(100);
  progress.onEvent(warning);
  progress.onEvent(failed("fit"));
  assertEquals(
    terminal.screen(),
    `
warning: fit: Cache is slow
failed: fit (threw an error)
  Division by zero
  log: flow log fit
━━━━━━──────────────────  25%  1/4 nodes, 1 failed, 1 running
  x  100 ms`.slice(1),
  );
});

Deno.test("createProgress() tty has a faint hint where there is room, and a line for what is typed", () => {
  const { terminal, progress, at } = rig("tty");
  for (const event of [begin(4), started("fit")]) progress.onEvent(event);
  progress.setInput({ hint: "? help", prompt: "" });
  assertEquals(terminal.screen(), "");
  at(100);
  const bar = "────────────────────────   0%  0/4 nodes, 1 running";
  assertEquals(terminal.screen(), `${bar}  ? help\n  fit  100 ms`);
  progress.setInput({ hint: "? help", prompt: "kill number: 1" });
  assertEquals(terminal.screen(), `${bar}  ? help\n  fit  100 ms\nkill number: 1`);
  progress.setInput({ hint: "", prompt: "" });
  assertEquals(terminal.screen(), `${bar}\n  fit  100 ms`);
  progress.note("two\nlines");
  assertEquals(terminal.screen(), `two\nlines\n${bar}\n  fit  100 ms`);
  progress.onEvent(end("ok", 4, 0, 0));
  const over = terminal.screen();
  progress.note("late");
  progress.setInput({ hint: "? help", prompt: "late" });
  assertEquals(terminal.screen(), over);

  const narrow = rig("tty", { columns: 24 });
  for (const event of [begin(4), started("fit")]) narrow.progress.onEvent(event);
  narrow.progress.setInput({ hint: "? help", prompt: "" });
  narrow.at(100);
  assertEquals(narrow.terminal.screen(), "0%  0/4 nodes, 1 runni…\n  fit  100 ms");

  const painted = rig("tty", { color: true });
  for (const event of [begin(4), started("fit")]) painted.progress.onEvent(event);
  painted.progress.setInput({ hint: "? help", prompt: "" });
  painted.at(100);
  assertIncludes(painted.terminal.text, "1 running  \x1b[2m? help\x1b[0m");
});

Deno.test("createProgress() plain and verbose print notes in lines of their own, quiet prints none", () => {
  for (const mode of ["plain", "verbose", "quiet"] as const) {
    const { terminal, progress } = rig(mode);
    progress.note("SIGINT: stopping");
    // What the terminal echoed of Ctrl-C stays in its own line.
    assertEquals(terminal.text, mode === "quiet" ? "" : "\nSIGINT: stopping\n");
  }
});

Deno.test("createProgress() tty leaves only the summary, and nothing after stop", () => {
  const { terminal, progress, at } = rig("tty");
  for (const event of [begin(2), hit("a"), started("b")]) progress.onEvent(event);
  at(200);
  progress.onEvent(done("b"));
  progress.onEvent(end("ok", 1, 1, 0));
  const last = terminal.screen();
  assertEquals(last, "ok: 2 nodes, 1 run, 1 up to date, 2.0 s\n");
  progress.stop();
  at(9000);
  progress.onEvent(failed("late"));
  assertEquals(terminal.screen(), last);
});

Deno.test("createProgress() tty cleans up when it is stopped in the middle", () => {
  const { terminal, progress, at } = rig("tty");
  for (const event of [begin(2), started("b")]) progress.onEvent(event);
  at(200);
  assertOk(terminal.screen() !== "");
  progress.stop();
  progress.stop();
  assertEquals(terminal.screen(), "");
});

Deno.test("createProgress() tty draws at most twelve frames per second", () => {
  const { terminal, progress, at } = rig("tty");
  progress.onEvent(begin(2000));
  for (let ms = 1; ms <= 1000; ms++) {
    progress.onEvent(started(`n${ms}`));
    at(ms);
    progress.onEvent(done(`n${ms}`));
  }
  assertOk(terminal.writes >= 10 && terminal.writes <= 12, String(terminal.writes));
});

Deno.test("createProgress() tty limits what it lists and uses ASCII where asked", () => {
  const { terminal, progress, at } = rig("tty", { unicode: false });
  progress.onEvent(begin(10));
  for (let i = 0; i < 9; i++) progress.onEvent(started(`node${i}`));
  at(100);
  const lines = terminal.screen().split("\n");
  assertEquals(lines.length, 8);
  assertEquals(lines[7], "  and 3 more");
  assertOk(lines.every((line) => /^[\x20-\x7e]*$/.test(line)));
});

Deno.test("createProgress() tty colours without changing the text", () => {
  const [plain, colored] = [rig("tty"), rig("tty", { color: true })];
  for (const { progress, at } of [plain, colored]) {
    for (const event of [begin(4), hit("a"), started("b"), warning]) progress.onEvent(event);
    at(500);
  }
  assertIncludes(colored.terminal.text, "\x1b[32m━━━━━━\x1b[0m");
  assertEquals(colored.terminal.screen(), plain.terminal.screen());
});

Deno.test("createProgress() tty survives a terminal that becomes narrower", () => {
  const { terminal, progress, at } = rig("tty", { columns: 100 });
  for (const event of [begin(4), started("a_rather_long_name_of_a_node"), warning]) {
    progress.onEvent(event);
  }
  at(100);
  terminal.resize(30);
  at(200);
  assertEquals(
    terminal.screen(),
    `
warning: fit: Cache is slow
0%  0/4 nodes, 1 running
  a_rather_long_name…  200 ms`.slice(1),
  );
});

Deno.test("createProgress() tty is never wider than the terminal and ends clean, whatever happens", () => {
  const events = fc.array(
    fc.tuple(
      fc.constantFrom("started", "done", "hit", "tick"),
      fc.constantFrom("a", "結果🙂", "long".repeat(30), "x\x1b[2Jy\nz"),
      fc.nat(300),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 100 }), (steps, columns) => {
      const { terminal, progress, at } = rig("tty", { columns });
      progress.onEvent(begin(20));
      let now = 0;
      for (const [what, node, ms] of steps) {
        if (what === "started") progress.onEvent(started(node));
        else if (what === "done") progress.onEvent(done(node));
        else if (what === "hit") progress.onEvent(hit(node));
        at(now += ms);
        const widths = terminal.screen().split("\n").map(report.displayWidth);
        assertOk(Math.max(...widths) <= columns, terminal.screen());
      }
      progress.stop();
      assertEquals(terminal.screen(), "");
    }),
    { numRuns: 100, seed: 3 },
  );
});

Deno.test("createProgress() plain prints one line per ten seconds, failures at once", () => {
  const { terminal, progress, at } = rig("plain");
  for (const event of [begin(5), hit("raw"), started("fit"), started("x")]) progress.onEvent(event);
  assertEquals(terminal.text, "churn: 5 nodes\n");
  at(9_999);
  progress.onEvent(failed("x"));
  at(12_000);
  at(13_000);
  progress.onEvent(end("failed", 1, 0, 1));
  assertEquals(
    terminal.text,
    `
churn: 5 nodes
failed: x (threw an error)
  Division by zero
  log: flow log x
2/5 nodes, 1 up to date, 1 failed, 1 running (fit 12 s)
failed: 1 of 5 nodes (x), 1 up to date, 3 not reached, 2.0 s
`.slice(1),
  );
});

Deno.test("createProgress() plain says nothing of hits but the summary", () => {
  const { terminal, progress, at } = rig("plain");
  for (const event of [begin(2), hit("a"), hit("b")]) progress.onEvent(event);
  at(60_000);
  progress.onEvent(end("ok", 2, 0, 0));
  assertEquals(terminal.text, "ok: 2 nodes, 2 up to date, 2.0 s\n");
});

Deno.test("createProgress() tty on something that is no terminal is plain", () => {
  let text = "";
  const out = {
    write: (part: string) => void (text += part),
    isTerminal: false,
    columns: () => 80,
  };
  const progress = createProgress(out, {
    mode: "tty",
    color: false,
    unicode: true,
    now: () => 0,
    report,
  });
  for (const event of [begin(1), started("a")]) progress.onEvent(event);
  assertEquals(text, "churn: 1 node\n");
});

Deno.test("createProgress() verbose prints one line per event", () => {
  const { terminal, progress } = rig("verbose");
  const why: Event = {
    ...base,
    type: "started",
    node: "fit",
    attempt: 2,
    action: 2,
    cpus: 1,
    why: "input\nchanged",
  };
  const skipped: Event = { ...base, type: "skipped", node: "z", because: ["x"] };
  const retried: Event = {
    ...base,
    type: "retried",
    node: "fit",
    attempt: 1,
    delayMs: 500,
    reason: "exit",
    message: "Exit 1",
  };
  const events = [begin(3), hit("a"), retried, why, done("fit"), skipped, end("ok", 1, 1, 0)];
  for (const event of events) progress.onEvent(event);
  assertEquals(
    terminal.text,
    `
begin churn: 3 nodes, 2 jobs, run r1
hit a
retry: fit failed (attempt 1), again in 500 ms: Exit 1
started fit, attempt 2: input changed
done fit: 1.5 s, 2.0 KiB
skipped z: x failed
ok: 3 nodes, 1 run, 1 up to date, 1 not reached, 2.0 s
`.slice(1),
  );
});

Deno.test("createProgress() quiet prints failures only", () => {
  const { terminal, progress, at } = rig("quiet");
  for (const event of [begin(2), warning, started("a"), done("a")]) progress.onEvent(event);
  at(60_000);
  assertEquals(terminal.text, "");
  progress.onEvent(failed("b"));
  assertIncludes(terminal.text, "Division by zero");
  assertOk(!terminal.text.includes("SECRET"));
});
