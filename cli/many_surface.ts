/**
 * What shows many runs: a line for each that is over, what failed in it, and a sum. A fold over events; does not know how
 * runs go on.
 *
 * @module
 */

import { sanitize } from "../core/base/source.ts";
import type { Event, Member, MemberEnd } from "../core/mod.ts";
import { formatError } from "./format_error.ts";
import type { Progress } from "./progress.ts";

/** The functions of the API that are used. */
type Report = typeof import("../core/mod.ts");

/** How runs are shown. */
export interface ManyOptions {
  readonly verbosity: "quiet" | "normal" | "verbose";
  readonly color: boolean;
  readonly debug: boolean;
  /** Paths below it are shown relative to it. */
  readonly cwd: string;
  readonly report: Report;
  /** Milliseconds since some moment. */
  now(): number;
  /** Takes one line or more, with line ends. */
  write(text: string): void;
  /** Makes the lines of single nodes of a run, where they are wanted. */
  verbose(write: (text: string) => void): Progress;
}

/** Shows many runs as lines. Nothing is ever redrawn. */
export class ManySurface {
  readonly #total: number;
  readonly #options: ManyOptions;
  readonly #startedAt: number;
  readonly #summaries = new Map<number, InstanceType<Report["RunSummary"]>>();
  readonly #verbose = new Map<number, Progress>();
  readonly #failed: { readonly label: string; readonly why: string }[] = [];
  readonly #outcomes = { ok: 0, failed: 0, aborted: 0 };
  readonly #nodes = { hit: 0, done: 0, failed: 0, skipped: 0 };

  /** @param total How many runs there are. */
  constructor(total: number, options: ManyOptions) {
    this.#total = total;
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Takes the next event of a run. */
  onEvent(member: Member, event: Event): void {
    const { report, color, debug, cwd, verbosity } = this.#options;
    this.#summaryOf(member).add(event);
    if (verbosity === "verbose") return this.#verboseOf(member).onEvent(event);
    if (event.type === "failed") {
      this.#block(member, report.formatFailure(event, { color, debug, cwd }));
    } else if (event.type === "warning" && verbosity === "normal") {
      this.#block(member, `warning: ${sanitize(event.message)}`);
    }
  }

  /** A run is over. */
  onEnd(member: Member, end: MemberEnd): void {
    const { verbosity, debug, color } = this.#options;
    const summary = this.#summaryOf(member);
    this.#summaries.delete(member.number);
    this.#verbose.delete(member.number);
    if (end.outcome === "refused") {
      this.#outcomes.failed++;
      this.#failed.push({ label: member.label, why: end.error.message.split("\n")[0] });
      this.#block(member, formatError(end.error, { debug, color }).trimEnd());
      return;
    }
    this.#outcomes[end.outcome]++;
    for (const key of ["hit", "done", "failed", "skipped"] as const) {
      this.#nodes[key] += end.counts[key];
    }
    if (end.outcome === "failed") this.#failed.push({ label: member.label, why: summary.line() });
    // One with nothing to do is not worth a line.
    const isNews = verbosity === "verbose" || end.counts.done > 0 || end.outcome !== "ok";
    if (verbosity !== "quiet" && isNews) {
      this.#write(`[${this.#ended}/${this.#total}] ${sanitize(member.label)}: ${summary.line()}\n`);
    }
  }

  /** Says what became of all, when all are over; those that failed once more. */
  end(): void {
    const { report, verbosity, now } = this.#options;
    const { formatCount, formatDuration, formatPlural, formatTable } = report;
    const { ok, failed, aborted } = this.#outcomes;
    const isAllOk = ok === this.#total;
    if (verbosity === "quiet" && isAllOk) return;
    if (this.#failed.length > 0 && this.#total > 1) {
      const rows = this.#failed.map(({ label, why }) => [sanitize(label), sanitize(why)]);
      this.#write(`${formatTable(rows)}\n`);
    }
    const left = this.#total - this.#ended;
    const parts = [
      isAllOk
        ? `ok: ${formatPlural(this.#total, "run")}`
        : `${formatPlural(this.#total, "run")}: ${
          [[ok, "ok"], [failed, "failed"], [aborted, "stopped"], [left, "not started"]]
            .filter(([count]) => count !== 0)
            .map(([count, word]) => `${formatCount(Number(count))} ${word}`).join(", ")
        }`,
      this.#nodesLine(formatCount),
    ];
    this.#write(`${parts.join("; ")}, ${formatDuration(now() - this.#startedAt)}\n`);
  }

  /** Says something that is not about one run. */
  note(text: string): void {
    this.#write(`${text}\n`);
  }

  get #ended(): number {
    const { ok, failed, aborted } = this.#outcomes;
    return ok + failed + aborted;
  }

  #nodesLine(formatCount: (count: number) => string): string {
    const { hit, done, failed, skipped } = this.#nodes;
    const words: [number, string][] = [
      [done, "run"],
      [hit, "up to date"],
      [failed, "failed"],
      [skipped, "skipped"],
    ];
    const shown = words.filter(([count]) => count > 0);
    return shown.map(([count, word], i) =>
      i === 0
        ? `${formatCount(count)} ${count === 1 ? "node" : "nodes"} ${word}`
        : `${formatCount(count)} ${word}`
    ).join(", ") || "no nodes";
  }

  #summaryOf({ number }: Member): InstanceType<Report["RunSummary"]> {
    const known = this.#summaries.get(number);
    if (known !== undefined) return known;
    const summary = new this.#options.report.RunSummary();
    this.#summaries.set(number, summary);
    return summary;
  }

  #verboseOf(member: Member): Progress {
    const known = this.#verbose.get(member.number);
    if (known !== undefined) return known;
    const progress = this.#options.verbose((text) => {
      const prefix = `[${member.number}] `;
      this.#write(text.replace(/^(?=.)/gm, prefix));
    });
    this.#verbose.set(member.number, progress);
    return progress;
  }

  /** Lines about one run, which say about which. */
  #block(member: Member, text: string): void {
    this.#write(`${sanitize(member.label)}:\n${text}\n`);
  }

  #write(text: string): void {
    this.#options.write(text);
  }
}
