/**
 * What of a run a progress display needs, as a fold over events. Knows nothing of how it is shown.
 *
 * @module
 */

import type { Event, FailedEvent, RetriedEvent, WarningEvent } from "../core/mod.ts";
import { sanitize } from "../core/base/source.ts";

/** What of the public API a display uses; passed in, so that a command line loads it only when it runs. */
export type ReportApi = Pick<
  typeof import("../core/mod.ts"),
  | "RunSummary"
  | "displayWidth"
  | "elementName"
  | "formatBytes"
  | "formatCount"
  | "formatDuration"
  | "formatFailure"
  | "formatPlural"
  | "formatTable"
  | "truncate"
>;

/** Where progress is written. */
export interface ProgressOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns of the terminal, now. */
  columns(): number;
}

/** How progress is shown. */
export interface ProgressOptions {
  /** `tty` on something that is no terminal is `plain`. */
  readonly mode: "tty" | "plain" | "quiet" | "verbose";
  readonly color: boolean;
  readonly unicode: boolean;
  /** Prints stacks of failures. */
  readonly debug?: boolean;
  /** Directory that is left out of the places of failures. */
  readonly cwd?: string;
  /** Milliseconds; only differences count. */
  now(): number;
  /** How long a node took in earlier runs, if known; makes the estimate better. */
  expectedMs?(node: string): number | undefined;
  readonly report: ReportApi;
}

/** A display of one run. */
export interface Progress {
  onEvent(event: Event): void;
  /** Call it several times per second, so that clocks go on. */
  tick(): void;
  /** Prints lines that are no event of the run. */
  note(text: string): void;
  /** Says what can be typed; only shown where lines are redrawn. */
  setInput(input: ProgressInput): void;
  /** Leaves the terminal clean; nothing is written after it. Can be called twice. */
  stop(): void;
}

/** What a display says of the keyboard. */
export interface ProgressInput {
  /** A word at the end of the status line; empty where keys are not read. */
  readonly hint: string;
  /** What is being typed, in a line of its own; empty if nothing is. */
  readonly prompt: string;
}

/** Something that runs. */
export interface Running {
  /** With how far it is, if it has many calls. */
  readonly name: string;
  /** Its number, unique within the run. */
  readonly action: number;
  /** Slots it takes. */
  readonly cpus: number;
  readonly node: string;
  readonly since: number;
}

/** Finished actions the estimate waits for. */
const MIN_SAMPLES = 2;

/** Counts of a run and what runs now. Memory grows only with what runs at once. */
export class ProgressState {
  readonly #now: () => number;
  readonly #report: ReportApi;
  readonly #expectedMs: (node: string) => number | undefined;
  readonly #running = new Map<string, Running>();
  readonly #counts = { hit: 0, done: 0, failed: 0, skipped: 0 };
  #wanted = 0;
  #firstStart: number | undefined;

  constructor(options: Pick<ProgressOptions, "now" | "report" | "expectedMs">) {
    this.#now = options.now;
    this.#report = options.report;
    this.#expectedMs = options.expectedMs?.bind(options) ?? (() => undefined);
  }

  /** Takes the next event. */
  add(event: Event): void {
    switch (event.type) {
      case "begin":
        this.#wanted = event.nodes;
        break;
      case "calls": {
        const name = this.#report.elementName(event);
        const running = this.#running.get(name);
        const over = event.hit + event.done + event.failed + (event.skipped ?? 0);
        const { formatCount } = this.#report;
        const shown = `${name} ${formatCount(over)}/${formatCount(event.total)}`;
        if (running !== undefined) this.#running.set(name, { ...running, name: shown });
        break;
      }
      case "expanded":
        this.#wanted += event.wanted;
        break;
      case "started": {
        const name = this.#report.elementName(event);
        const since = this.#now();
        this.#firstStart ??= since;
        const { node, action, cpus } = event;
        this.#running.set(name, { name, action, cpus, node, since });
        break;
      }
      case "hit":
      case "done":
      case "failed":
      case "skipped":
        // Calls are counted by `calls` events.
        if (event.index !== undefined) break;
        this.#counts[event.type]++;
        this.#running.delete(this.#report.elementName(event));
        break;
      case "retried":
        this.#running.delete(this.#report.elementName(event));
        break;
      case "end":
        this.#running.clear();
        break;
      case "warning":
        break;
    }
  }

  /** What runs, the oldest first. */
  get running(): readonly Running[] {
    return [...this.#running.values()];
  }

  /** How many are over, in whatever way. */
  get finished(): number {
    const { hit, done, failed, skipped } = this.#counts;
    return hit + done + failed + skipped;
  }

  /** How many there are, as far as known; never less than what was seen. */
  get total(): number {
    return Math.max(this.#wanted, this.finished + this.#running.size);
  }

  /** How many failed. */
  get failed(): number {
    return this.#counts.failed;
  }

  /** Returns `12/27 nodes`, `3 up to date`, … without those that are zero. */
  parts(): string[] {
    const { formatCount } = this.#report;
    const { hit, failed, skipped } = this.#counts;
    const parts = [`${formatCount(this.finished)}/${formatCount(this.total)} nodes`];
    if (hit > 0) parts.push(`${formatCount(hit)} up to date`);
    if (failed > 0) parts.push(`${formatCount(failed)} failed`);
    if (skipped > 0) parts.push(`${formatCount(skipped)} skipped`);
    if (this.#running.size > 0) parts.push(`${formatCount(this.#running.size)} running`);
    return parts;
  }

  /**
   * Estimates the milliseconds left: the rate of the actions that ran so far, but never less than what
   * is left of a running one by its earlier runs. `undefined` while there is too little to go by.
   */
  etaMs(): number | undefined {
    const now = this.#now();
    const ran = this.#counts.done + this.#counts.failed;
    const known = this.running.map(({ node, since }) =>
      Math.max(0, (this.#expectedMs(node) ?? 0) - (now - since))
    );
    const longest = Math.max(0, ...known);
    if (this.#firstStart === undefined || ran < MIN_SAMPLES) return longest || undefined;
    const perAction = (now - this.#firstStart) / ran;
    return Math.max(longest, perAction * (this.total - this.finished));
  }
}

/** Returns what people are told at once of an event, without a line end; `undefined` if that is nothing. */
export function tellingOf(event: Event, options: ProgressOptions): string | undefined {
  const { color, report } = options;
  switch (event.type) {
    case "failed":
      return isShown(event, options) ? failureText(event, options) : undefined;
    case "warning":
      return warningLine(event, color);
    case "retried":
      return retryLine(event, report);
    default:
      return undefined;
  }
}

/** Whether people are shown a failure: of calls of a map node their node says which failed, unless all is shown. */
function isShown(event: FailedEvent, { mode }: ProgressOptions): boolean {
  return event.index === undefined || mode === "verbose";
}

function failureText(
  event: FailedEvent,
  { report, color, debug = false, cwd }: ProgressOptions,
): string {
  return report.formatFailure(event, { color, debug, ...cwd === undefined ? {} : { cwd } });
}

/** Returns the line of a warning. */
function warningLine(event: WarningEvent, color: boolean): string {
  const node = event.node === undefined ? "" : `${sanitize(event.node)}: `;
  return `${color ? "\x1b[1;33mwarning:\x1b[0m" : "warning:"} ${node}${sanitize(event.message)}`;
}

/** Returns the line of an attempt that failed while another follows. */
function retryLine(event: RetriedEvent, report: ReportApi): string {
  const name = report.elementName(event);
  const message = sanitize(event.message).split("\n")[0];
  const wait = report.formatDuration(event.delayMs);
  return `retry: ${name} failed (attempt ${event.attempt}), again in ${wait}: ${message}`;
}
