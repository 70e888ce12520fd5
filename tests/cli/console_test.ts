/** Tests of the keyboard console: what each key does, and what the screen shows of it. */

import { RunConsole } from "../../cli/console.ts";
import { type ConsoleFacts, hasConsole } from "../../cli/console_live.ts";
import { createProgress } from "../../cli/progress.ts";
import { Steering } from "../../cli/steering.ts";
import type { Event } from "../../core/event.ts";
import * as report from "../../core/mod.ts";
import { assertEquals } from "../testing/assert.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const base = { v: 1, time: 0 } as const;

/** A console on a fake terminal, of a run in which `raw` (action 1) and `model` (action 2) run. */
class Rig {
  readonly steering = new Steering({ isRepeatable: true });
  readonly terminal: FakeTerminal;
  readonly console: RunConsole;
  readonly cancelled: number[] = [];
  readonly #progress;
  #now = 0;

  constructor(columns = 80) {
    this.terminal = new FakeTerminal(columns);
    const now = () => this.#now;
    const style = { color: false, unicode: true };
    this.#progress = createProgress(this.terminal, {
      mode: "tty",
      ...style,
      now,
      report,
    });
    const console = new RunConsole({
      steering: this.steering,
      screen: this.#progress,
      style,
      columns: () => this.terminal.columns(),
      now,
      report,
    });
    this.console = console;
    this.steering.tellTo((text) => this.#progress.note(text));
    console.onRunning({
      cancel: (action) => this.cancelled.push(action) > 0,
      pidOf: (action) => action === 1 ? 4711 : undefined,
    });
    this.event({ ...base, type: "begin", run: "r", workflow: "w", nodes: 40, jobs: 4 });
    this.started("raw", 1, 1);
    this.#now = 1000;
    this.started("model", 2, 3);
    this.#now = 61_000;
    console.show(true);
  }

  started(node: string, action: number, cpus: number): void {
    this.event({ ...base, type: "started", node, attempt: 1, action, cpus });
  }

  event(event: Event): void {
    this.console.onEvent(event);
    this.#progress.onEvent(event);
  }

  /** Presses keys, one after the other, and returns the lines above the status line that they brought. */
  press(...strokes: readonly string[]): string[] {
    const before = this.#above().length;
    for (const stroke of strokes) this.console.take(stroke);
    return this.#above().slice(before);
  }

  /** What is below the lines that stay. */
  status(): string[] {
    const lines = this.terminal.screen().split("\n");
    return lines.slice(lines.findIndex((line) => line.includes("0/40 nodes")));
  }

  #above(): string[] {
    this.#now += 1000;
    this.#progress.tick();
    this.#now -= 1000;
    const lines = this.terminal.screen().split("\n");
    return lines.slice(0, lines.findIndex((line) => line.includes("0/40 nodes")));
  }
}

Deno.test("RunConsole.take() enter lists what runs, with its number, slots and process", () => {
  assertEquals(new Rig().press("\n"), [
    "no  node        time  slots  process",
    " 1  raw    1 min 1 s      1     4711",
    " 2  model      1 min      3        -",
  ]);
});

Deno.test("RunConsole.take() enter fits into 40 columns and lists at most 30", () => {
  const rig = new Rig(40);
  rig.started("a_name_that_is_longer_than_the_screen_is_wide", 3, 1);
  assertEquals(rig.press("\n"), [
    "no  node                           time",
    " 1  raw                       1 min 1 s",
    " 2  model                         1 min",
    " 3  a_name_that_is_longer_t…       0 ms",
  ]);
  for (let action = 4; action < 40; action++) rig.started(`n${action}`, action, 1);
  const lines = rig.press("\n");
  assertEquals([lines.length, lines[31]], [32, "and 9 more"]);
});

Deno.test("RunConsole.take() enter says if nothing runs", () => {
  const rig = new Rig();
  for (const node of ["raw", "model"]) rig.event({ ...base, type: "skipped", node, because: [] });
  rig.terminal.text = "";
  rig.console.take("\n");
  assertEquals(rig.terminal.text.includes("nothing runs"), true);
});

Deno.test("RunConsole.take() s, a and r steer the run", () => {
  const rig = new Rig();
  assertEquals(rig.press("r"), ["again: running again when this run is over"]);
  assertEquals(rig.press("s"), ["stop: finishing what runs, starting nothing more"]);
  const { stop, kill, drain } = rig.steering;
  assertEquals([stop.aborted, drain.aborted, rig.steering.isAgain], [false, true, true]);
  assertEquals(rig.press("a"), ["abort: stopping what runs; once more to kill it"]);
  assertEquals([stop.aborted, kill.aborted], [true, false]);
  assertEquals(rig.press("a"), ["abort: killing what runs"]);
  assertEquals([kill.aborted, rig.steering.exitCode], [true, 130]);
});

Deno.test("RunConsole.take() k N kills the node of that number, which is shown while it is typed", () => {
  const rig = new Rig();
  assertEquals(rig.press("k", "2"), []);
  assertEquals(rig.status().at(-1), "kill number: 2");
  assertEquals(rig.press("\n"), ["kill: stopping model; once more to kill it at once"]);
  assertEquals(rig.status().length, 3);
  assertEquals(rig.press("k2\n"), ["kill: killing model"]);
  assertEquals(rig.press("k9\n"), [
    "Cannot kill 9: no running node has that number; enter lists them",
  ]);
  assertEquals(rig.cancelled, [2, 2]);
});

Deno.test("RunConsole.take() ? and h explain the keys in 40 columns", () => {
  const expected = [
    "  enter  list what runs",
    "  s      finish what runs, then end",
    "  a      stop what runs; twice: kill it",
    "  r      run again when this is over",
    "  k N    kill node N; twice: at once",
    "  ?      this help",
  ];
  assertEquals(new Rig(40).press("?"), expected);
  assertEquals(new Rig(40).press("h"), expected);
});

Deno.test("RunConsole.take() says that it does not know a key", () => {
  assertEquals(new Rig().press("x"), [`Unknown key "x"; ? lists the keys`]);
});

Deno.test("RunConsole.show() says in the status line whether keys are read", () => {
  const rig = new Rig();
  rig.press("?");
  assertEquals(rig.status()[0].endsWith("2 running  ? help"), true);
  rig.console.show(false);
  rig.press("?");
  assertEquals(rig.status()[0].endsWith("2 running"), true);
});

Deno.test("hasConsole() wants a terminal on both sides and somebody there", () => {
  const facts: ConsoleFacts = {
    isWanted: true,
    isRedrawn: true,
    isStdinTerminal: true,
    isStdoutTerminal: true,
    isStdinRead: false,
    ci: undefined,
  };
  const cases: [Partial<ConsoleFacts>, boolean][] = [
    [{}, true],
    [{ isWanted: false }, false],
    [{ isRedrawn: false }, false],
    [{ isStdinTerminal: false }, false],
    [{ isStdoutTerminal: false }, false],
    [{ isStdinRead: true }, false],
    [{ ci: "true" }, false],
    [{ ci: "1" }, false],
    [{ ci: "" }, true],
    [{ ci: "false" }, true],
  ];
  for (const [change, expected] of cases) {
    assertEquals(hasConsole({ ...facts, ...change }), expected, JSON.stringify(change));
  }
});
