/**
 * Progress on a terminal: a bar and what runs, redrawn in place; failures and warnings scroll by above it.
 * Knows the few escape codes it needs and no other of terminals.
 *
 * @module
 */

import type { Event } from "../core/mod.ts";
import {
  type Progress,
  type ProgressInput,
  type ProgressOptions,
  type ProgressOutput,
  ProgressState,
  tellingOf,
} from "./progress_state.ts";

/** Milliseconds between two frames: at most twelve per second. */
const FRAME_MS = 84;

/** Running nodes that get a line. */
const MAX_RUNNING = 6;

/** Cells of the bar. */
const BAR_CELLS = 24;

/** Columns below which the bar is left out. */
const MIN_BAR_COLUMNS = 60;

/**
 * Draws frames at the bottom. Invariant: the cursor is at the end of the last of `#frame`'s lines, and each
 * of them is shorter than the terminal was wide when it was drawn.
 */
export class TtyProgress implements Progress {
  readonly #out: ProgressOutput;
  readonly #options: ProgressOptions;
  readonly #state: ProgressState;
  readonly #summary;
  /** Widths of the lines on the screen. */
  #frame: readonly number[] = [];
  #lastDraw: number;
  #input: ProgressInput = { hint: "", prompt: "" };
  #isOver = false;

  constructor(out: ProgressOutput, options: ProgressOptions) {
    this.#out = out;
    this.#options = options;
    this.#state = new ProgressState(options);
    this.#summary = new options.report.RunSummary();
    // The first frame comes one interval later: a run that is done by then does not flash.
    this.#lastDraw = options.now();
  }

  onEvent(event: Event): void {
    if (this.#isOver) return;
    this.#state.add(event);
    this.#summary.add(event);
    const telling = tellingOf(event, this.#options);
    if (telling !== undefined) this.#printAbove(telling);
    else if (event.type === "end") {
      this.#out.write(`${this.#toTop()}${this.#summaryLine(event.outcome)}\n`);
      this.#frame = [];
      this.#isOver = true;
    } else this.tick();
  }

  tick(): void {
    const now = this.#options.now();
    if (this.#isOver || now - this.#lastDraw < FRAME_MS) return;
    this.#lastDraw = now;
    this.#out.write(this.#draw());
  }

  note(text: string): void {
    if (!this.#isOver) this.#printAbove(text);
  }

  setInput(input: ProgressInput): void {
    const isTyped = input.prompt !== this.#input.prompt;
    this.#input = input;
    // What is typed is seen at once.
    if (isTyped && !this.#isOver) this.#out.write(this.#draw());
  }

  stop(): void {
    if (!this.#isOver && this.#frame.length > 0) this.#out.write(this.#toTop());
    this.#isOver = true;
  }

  /** Prints lines that stay, and the last frame again below them, in one write. */
  #printAbove(text: string): void {
    const hadFrame = this.#frame.length > 0;
    let output = `${this.#toTop()}${text}\n`;
    this.#frame = [];
    if (hadFrame) output += this.#draw();
    this.#out.write(output);
  }

  /** Moves to the first line of the frame and clears it and what is below. */
  #toTop(): string {
    if (this.#frame.length === 0) return "";
    return `${this.#up()}\x1b[J`;
  }

  /** A terminal that became narrower has wrapped the lines: count the rows they take now. */
  #up(): string {
    const columns = Math.max(1, this.#out.columns());
    const rows = this.#frame.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return rows > 1 ? `\r\x1b[${rows - 1}A` : "\r";
  }

  /** Overwrites the frame line by line and clears only what is left over, so that nothing flickers. */
  #draw(): string {
    const columns = Math.max(1, this.#out.columns());
    const isNarrower = this.#frame.some((width) => width > columns);
    const start = isNarrower ? this.#toTop() : this.#frame.length === 0 ? "" : this.#up();
    const { displayWidth } = this.#options.report;
    // The last column stays free: a character there leaves the cursor in a state terminals disagree on.
    const lines = this.#lines(columns - 1);
    this.#frame = lines.map((line) => displayWidth(line.text));
    const painted = lines.map((line) => `${this.#paint(line)}\x1b[K`);
    return `${start}${painted.join("\r\n")}\x1b[J`;
  }

  #lines(columns: number): Line[] {
    const { truncate, formatCount, formatDuration } = this.#options.report;
    const ellipsis = this.#options.unicode ? "…" : "...";
    const now = this.#options.now();
    const running = this.#state.running;
    const rest = running.length - MAX_RUNNING;
    const lines = running.slice(0, MAX_RUNNING).map(({ name, since }): Line => {
      const time = `  ${formatDuration(now - since)}`;
      const room = Math.max(0, columns - 2 - time.length);
      return { text: truncate(`  ${truncate(name, room, ellipsis)}${time}`, columns, ""), bar: 0 };
    });
    if (rest > 0) {
      lines.push({ text: truncate(`  and ${formatCount(rest)} more`, columns, ""), bar: 0 });
    }
    const { prompt } = this.#input;
    // The last line: the cursor stands behind it.
    if (prompt !== "") lines.push({ text: truncate(prompt, columns, ""), bar: 0 });
    return [this.#withHint(this.#barLine(columns, ellipsis), columns), ...lines];
  }

  #barLine(columns: number, ellipsis: string): Line {
    const { truncate, formatDuration } = this.#options.report;
    const { finished, total } = this.#state;
    const share = total === 0 ? 0 : finished / total;
    const eta = this.#state.etaMs();
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    const parts = this.#state.parts();
    if (eta !== undefined) parts.push(`${formatDuration(eta)} left`);
    const text = `${percent}  ${parts.join(", ")}`;
    if (columns < MIN_BAR_COLUMNS) {
      return { text: truncate(text.trimStart(), columns, ellipsis), bar: 0 };
    }
    const full = Math.floor(share * BAR_CELLS);
    const [on, off] = this.#options.unicode ? ["━", "─"] : ["#", "-"];
    const bar = on.repeat(full) + off.repeat(BAR_CELLS - full);
    return { text: truncate(`${bar} ${text}`, columns, ellipsis), bar: BAR_CELLS, full };
  }

  /** The hint stands where there is room for it. */
  #withHint(line: Line, columns: number): Line {
    const { displayWidth } = this.#options.report;
    const { hint } = this.#input;
    const text = `${line.text}  ${hint}`;
    if (hint === "" || displayWidth(text) > columns) return line;
    return { ...line, text, faint: hint.length };
  }

  #paint({ text, bar, full = 0, faint = 0 }: Line): string {
    if (!this.#options.color) return text;
    const end = text.length - faint;
    const hint = faint === 0 ? "" : `\x1b[2m${text.slice(end)}\x1b[0m`;
    if (bar === 0) return `${text.slice(0, end)}${hint}`;
    const color = this.#state.failed > 0 ? 31 : 32;
    const [on, off] = [text.slice(0, full), text.slice(full, bar)];
    return `\x1b[${color}m${on}\x1b[0m\x1b[2m${off}\x1b[0m${text.slice(bar, end)}${hint}`;
  }

  #summaryLine(outcome: "ok" | "failed" | "aborted"): string {
    const line = this.#summary.line();
    if (!this.#options.color) return line;
    const color = { ok: 32, failed: 31, aborted: 33 }[outcome];
    return `\x1b[1;${color}m${outcome}\x1b[0m${line.slice(outcome.length)}`;
  }
}

/** One line of a frame without codes. */
interface Line {
  readonly text: string;
  /** Cells of the bar at its start. */
  readonly bar: number;
  /** Cells of the bar that are full. */
  readonly full?: number;
  /** Characters at its end that are faint. */
  readonly faint?: number;
}
