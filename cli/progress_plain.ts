/**
 * Progress for logs and pipes: few lines, nothing is ever redrawn. In verbose mode one line per event.
 * Does not know terminals.
 *
 * @module
 */

import { sanitize } from "../core/base/source.ts";
import type { Event } from "../core/mod.ts";
import {
  type Progress,
  type ProgressOptions,
  type ProgressOutput,
  ProgressState,
  tellingOf,
} from "./progress_state.ts";

/** Milliseconds between two lines that only say how far the run is. */
const INTERVAL_MS = 10_000;

/** Names of running nodes in one line. */
const MAX_NAMES = 4;

/** Lines for logs. A run in which everything is up to date prints the summary only. */
export class PlainProgress implements Progress {
  readonly #out: ProgressOutput;
  readonly #options: ProgressOptions;
  readonly #state: ProgressState;
  readonly #summary;
  #lastLineAt: number | undefined;
  #begin = "";
  #isOver = false;

  constructor(out: ProgressOutput, options: ProgressOptions) {
    this.#out = out;
    this.#options = options;
    this.#state = new ProgressState(options);
    this.#summary = new options.report.RunSummary();
  }

  onEvent(event: Event): void {
    if (this.#isOver) return;
    this.#state.add(event);
    this.#summary.add(event);
    const { report } = this.#options;
    if (event.type === "failed" || event.type === "warning" || event.type === "retried") {
      const telling = tellingOf(event, this.#options);
      if (telling === undefined) return;
      this.#print(telling);
    } else if (event.type === "end") this.#print(this.#summary.line());
    else if (this.#options.mode === "verbose") this.#print(this.#verboseLine(event));
    else if (event.type === "begin") {
      this.#begin = `${sanitize(event.workflow)}: ${report.formatPlural(event.nodes, "node")}`;
    } else if (event.type === "started" && this.#lastLineAt === undefined) {
      this.#print(this.#begin);
      this.#lastLineAt = this.#options.now();
    }
    this.tick();
  }

  tick(): void {
    const now = this.#options.now();
    const isDue = this.#lastLineAt !== undefined && now - this.#lastLineAt >= INTERVAL_MS;
    if (this.#isOver || !isDue || this.#options.mode === "verbose") return;
    if (this.#state.running.length === 0 && this.#state.finished >= this.#state.total) return;
    this.#lastLineAt = now;
    this.#print(this.#progressLine(now));
  }

  note(text: string): void {
    // The terminal has echoed Ctrl-C.
    if (!this.#isOver) this.#print(this.#out.isTerminal ? `\n${text}` : text);
  }

  setInput(): void {}

  stop(): void {
    this.#isOver = true;
  }

  #print(line: string): void {
    this.#out.write(`${line}\n`);
  }

  #progressLine(now: number): string {
    const { formatDuration } = this.#options.report;
    const running = this.#state.running;
    const names = running.slice(0, MAX_NAMES)
      .map(({ name, since }) => `${name} ${formatDuration(now - since)}`);
    if (running.length > names.length) names.push("…");
    const eta = this.#state.etaMs();
    const parts = this.#state.parts();
    if (names.length > 0) parts[parts.length - 1] += ` (${names.join(", ")})`;
    if (eta !== undefined) parts.push(`about ${formatDuration(eta)} left`);
    return parts.join(", ");
  }

  #verboseLine(event: Exclude<Event, { type: "failed" | "warning" | "retried" | "end" }>): string {
    const { elementName, formatBytes, formatDuration, formatPlural } = this.#options.report;
    switch (event.type) {
      case "begin":
        return `begin ${sanitize(event.workflow)}: ${formatPlural(event.nodes, "node")}, ${
          formatPlural(event.jobs, "job")
        }, run ${sanitize(event.run)}`;
      case "hit": {
        const restored = event.restored?.length
          ? ` (restored ${event.restored.map(oneLine).join(", ")})`
          : "";
        return `hit ${elementName(event)}${restored}`;
      }
      case "started":
        return `started ${elementName(event)}${
          event.attempt > 1 ? `, attempt ${event.attempt}` : ""
        }${event.why === undefined ? "" : `: ${oneLine(event.why)}`}`;
      case "done": {
        const sizeBytes = event.outputs.reduce((sum, output) => sum + output.sizeBytes, 0);
        const note = event.cached ? "" : ", not cached";
        return `done ${elementName(event)}: ${formatDuration(event.wallMs)}, ${
          formatBytes(sizeBytes)
        }${note}`;
      }
      case "calls":
        return `calls ${
          elementName(event)
        }: ${event.done} of ${event.total} done, ${event.hit} up to date, ${event.failed} failed${
          event.skipped === undefined ? "" : `, ${event.skipped} skipped`
        }`;
      case "expanded":
        return `expanded ${elementName(event)}: ${formatPlural(event.nodes.length, "node")}`;
      case "skipped": {
        const why = event.why ?? `${event.because.join(", ")} failed`;
        return `skipped ${elementName(event)}: ${oneLine(why)}`;
      }
    }
  }
}

function oneLine(text: string): string {
  return sanitize(text).replace(/[\t\n]+/g, " ");
}
