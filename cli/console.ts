/**
 * The keyboard console of a run: does what keys ask for and says what came of it. A fold over events and key strokes;
 * does not know how keys are read, nor how its lines get on the screen.
 *
 * @module
 */

import type { Event, RunningActions } from "../core/mod.ts";
import { type KeyCommand, KeyReader, KEYS } from "./keys.ts";
import { type Progress, ProgressState, type ReportApi, type Running } from "./progress_state.ts";
import type { Steering } from "./steering.ts";
import type { TerminalStyle } from "./terminal.ts";

/** What a console works with. */
export interface ConsoleOptions {
  readonly steering: Steering;
  /** Where its lines go. */
  readonly screen: Pick<Progress, "note" | "setInput">;
  readonly style: Pick<TerminalStyle, "color" | "unicode">;
  /** Columns of the terminal, now. */
  columns(): number;
  /** Milliseconds; only differences count. */
  now(): number;
  readonly report: ReportApi;
}

/** What the status line says while keys are read. */
const HINT = "? help";

/** Running nodes that are listed. */
const MAX_LISTED = 30;

/** Columns below which slots and processes are left out of the list. */
const MIN_WIDE_COLUMNS = 60;

/** Columns that the name of a node has at least. */
const MIN_NAME_COLUMNS = 8;

/** Columns between two cells of a table. */
const GAP_COLUMNS = 2;

/** The console of one run. */
export class RunConsole {
  readonly #options: ConsoleOptions;
  readonly #reader = new KeyReader();
  readonly #state: ProgressState;
  #actions: RunningActions | undefined;
  /** Actions that were asked to end. */
  readonly #asked = new Set<number>();

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#state = new ProgressState(options);
  }

  /** Takes the next event of the run. */
  onEvent(event: Event): void {
    this.#state.add(event);
  }

  /** Gets the means to kill single nodes. */
  onRunning(actions: RunningActions): void {
    this.#actions = actions;
  }

  /** Shows whether keys are read. */
  show(isRead: boolean): void {
    this.#options.screen.setInput({
      hint: isRead ? HINT : "",
      prompt: isRead ? this.#reader.typed : "",
    });
  }

  /** Takes what was typed. */
  take(text: string): void {
    const before = this.#reader.typed;
    const commands = this.#reader.take(text);
    if (this.#reader.typed !== before) this.show(true);
    for (const command of commands) this.#do(command);
  }

  #do(command: KeyCommand): void {
    const { steering, screen } = this.#options;
    switch (command.kind) {
      case "list":
        return screen.note(this.#list());
      case "finish":
        return steering.finish("stop");
      case "abort":
        return steering.abort("abort");
      case "again":
        return steering.again("again");
      case "kill":
        return screen.note(this.#kill(command.action));
      case "help":
        return screen.note(this.#help());
      case "unknown":
        return screen.note(`${command.text}; ? lists the keys`);
    }
  }

  #kill(action: number): string {
    const name = this.#state.running.find((running) => running.action === action)?.name;
    if (name === undefined || this.#actions?.cancel(action) !== true) {
      return `Cannot kill ${action}: no running node has that number; enter lists them`;
    }
    if (this.#asked.has(action)) return `kill: killing ${name}`;
    this.#asked.add(action);
    return `kill: stopping ${name}; once more to kill it at once`;
  }

  #help(): string {
    const width = Math.max(...KEYS.map(([key]) => key.length));
    return KEYS.map(([key, meaning]) => `  ${key.padEnd(width)}  ${meaning}`).join("\n");
  }

  #list(): string {
    const { running } = this.#state;
    if (running.length === 0) return "nothing runs";
    const more = running.length - MAX_LISTED;
    const table = this.#table(running.slice(0, MAX_LISTED));
    return more > 0 ? `${table}\nand ${this.#options.report.formatCount(more)} more` : table;
  }

  /** Names give way where the terminal is narrow. */
  #table(running: readonly Running[]): string {
    const { report: { formatTable, truncate, displayWidth }, style } = this.#options;
    const width = this.#options.columns();
    const isWide = width >= MIN_WIDE_COLUMNS;
    const columns = ["no", "node", "time", ...isWide ? ["slots", "process"] : []];
    const rows = running.map((node) => this.#row(node, isWide));
    const widthOf = (i: number): number =>
      Math.max(...[columns, ...rows].map((row) => displayWidth(row[i])));
    const taken = columns.reduce((sum, _, i) => i === 1 ? sum : sum + widthOf(i) + GAP_COLUMNS, 1);
    const room = Math.max(MIN_NAME_COLUMNS, width - taken);
    const ellipsis = style.unicode ? "…" : "...";
    const cells = rows.map(([no, name, ...rest]) => [no, truncate(name, room, ellipsis), ...rest]);
    const align = ["right", "left", "right", "right", "right"] as const;
    return formatTable(cells, { columns, align, color: style.color });
  }

  #row({ action, name, since, cpus }: Running, isWide: boolean): string[] {
    const time = this.#options.report.formatDuration(this.#options.now() - since);
    const pid = this.#actions?.pidOf(action);
    const wide = isWide ? [String(cpus), pid === undefined ? "-" : String(pid)] : [];
    return [String(action), name, time, ...wide];
  }
}
