/**
 * What came of a run, in words: one line for all of it and a block for each failure. A fold over events;
 * does not know where it is printed.
 *
 * @module
 */

import type { FailureReason } from "../action.ts";
import { formatHint, sanitize } from "../base/source.ts";
import type { Counts, Event, FailedEvent } from "../event.ts";
import { commandLine, workflowWord } from "./command_words.ts";
import { formatCount, formatDuration, formatPlural } from "./format.ts";
import { oneLine } from "./view.ts";

/** Names of nodes a summary line mentions. */
const MAX_NAMES = 3;

/** Characters of a message that are printed without `debug`. */
const MAX_MESSAGE = 4000;

/** What failed, in words for people. */
export const REASONS: Readonly<Record<FailureReason, string>> = {
  threw: "threw an error",
  denied: "access denied",
  exit: "command failed",
  timeout: "timed out",
  memory: "out of memory",
  died: "its process died",
  contract: "did not deliver its outputs",
  unavailable: "cannot be started",
  aborted: "stopped",
};

/** Counts the events of one run. O(1) memory but for the names of failed nodes. */
export class RunSummary {
  #counts = { hit: 0, done: 0, failed: 0, skipped: 0 };
  #outcome: "ok" | "failed" | "aborted" | undefined;
  #startedAt: number | undefined;
  #wallMs = 0;
  /** By map node of which calls failed: how many, of how many. */
  readonly #failedCalls = new Map<string, { readonly failed: number; readonly total: number }>();
  /** Nodes that were to be looked at. */
  #wanted = 0;
  readonly #failed = new Set<string>();
  #nondeterministic: readonly string[] = [];

  /** Takes the next event. */
  add(event: Event): void {
    this.#startedAt ??= event.time;
    this.#wallMs = event.time - this.#startedAt;
    switch (event.type) {
      case "hit":
      case "done":
      case "failed":
      case "skipped":
        // Calls are counted by `calls` events.
        if (event.index !== undefined) break;
        this.#counts[event.type]++;
        if (event.type === "failed") this.#failed.add(event.node);
        break;
      case "end":
        this.#outcome = event.outcome;
        this.#wallMs = event.wallMs;
        this.#counts = { ...event.counts };
        this.#nondeterministic = event.nondeterministic ?? [];
        break;
      case "begin":
        this.#wanted = event.nodes;
        break;
      case "expanded":
        this.#wanted += event.wanted;
        break;
      case "calls":
        if (event.failed > 0) this.#failedCalls.set(event.node, event);
        break;
      case "started":
      case "retried":
      case "warning":
        break;
    }
  }

  /** How many ended in which way, so far. */
  get counts(): Counts {
    return { ...this.#counts };
  }

  /** Returns `ok: 12 nodes, 3 run, 9 up to date, 1.2 s` and the like; parts that are zero are left out. */
  line(): string {
    const { hit, done, failed, skipped } = this.#counts;
    // Of a run that was stopped early some never ended.
    const ended = hit + done + failed + skipped;
    const total = Math.max(this.#wanted, ended);
    const noun = total === 1 ? "node" : "nodes";
    const hasFailed = failed > 0 || this.#failedCalls.size > 0;
    const outcome = this.#outcome ?? (hasFailed ? "failed" : "ok");
    const parts = failed > 0
      ? [
        `${formatCount(failed)} of ${formatCount(total)} ${noun} (${someNames([...this.#failed])})`,
      ]
      : [`${formatCount(total)} ${noun}`];
    const calls = this.#callsPart();
    if (calls !== undefined) parts.push(calls);
    const differing = this.#nondeterministic;
    if (differing.length > 0) {
      parts.push(`${formatCount(differing.length)} not deterministic (${someNames(differing)})`);
    }
    if (skipped > 0) parts.push(`${formatCount(skipped)} skipped`);
    if (done > 0) parts.push(`${formatCount(done)} run`);
    if (hit > 0) parts.push(`${formatCount(hit)} up to date`);
    if (total > ended) parts.push(`${formatCount(total - ended)} not reached`);
    return `${outcome}: ${[...parts, formatDuration(this.#wallMs)].join(", ")}`;
  }

  /** `3 of 100 calls failed (ys)`: of the nodes of which any failed. */
  #callsPart(): string | undefined {
    if (this.#failedCalls.size === 0) return undefined;
    const counts = [...this.#failedCalls.values()];
    const failed = counts.reduce((sum, count) => sum + count.failed, 0);
    const total = counts.reduce((sum, count) => sum + count.total, 0);
    const names = someNames([...this.#failedCalls.keys()]);
    return `${formatCount(failed)} of ${formatPlural(total, "call")} failed (${names})`;
  }
}

function someNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  const shown = names.slice(0, MAX_NAMES).map(oneLine).join(", ");
  return more > 0 ? `${shown} and ${formatCount(more)} more` : shown;
}

/** How to print a failure. */
export interface FailureOptions {
  readonly color?: boolean;
  /** Prints the stack and all of the message. */
  readonly debug?: boolean;
  /** Directory that is left out of the place where a function threw. */
  readonly cwd?: string;
}

/**
 * Returns the name of a node or element as the command line takes it: `fit`, `fit[3]`, `z[0,2]`.
 */
export function elementName(
  event: { readonly node: string; readonly index?: readonly number[] },
): string {
  const name = oneLine(event.node);
  return event.index === undefined ? name : `${name}[${event.index.join(",")}]`;
}

/**
 * Returns the block of one failure: what, why, where, what to do and where to read more.
 *
 * @returns Lines without a final newline.
 */
export function formatFailure(event: FailedEvent, options: FailureOptions = {}): string {
  const name = elementName(event);
  const attempts = event.attempt > 1 ? `, ${formatPlural(event.attempt, "attempt")}` : "";
  const title = `failed: ${name} (${REASONS[event.reason]}${attempts})`;
  const lines = [options.color === true ? `\x1b[1;31m${title}\x1b[0m` : title];
  lines.push(...indented(options.debug === true ? event.message : cut(event.message)));
  if (options.debug === true && event.stack !== undefined) lines.push(...indented(event.stack));
  else lines.push(...innermostFrame(event.stack, options.cwd));
  if (event.place !== undefined) lines.push(`  at ${oneLine(event.place)}`);
  if (event.hint !== undefined) lines.push(...indented(formatHint(event.hint)));
  const log = ["flow", "log", ...workflowWord(event.place), name];
  lines.push(`  log: ${commandLine(event.error === undefined ? log : [...log, "--error"])}`);
  return lines.join("\n");
}

/** The line of the user's code that threw. */
function innermostFrame(stack: string | undefined, cwd: string | undefined): string[] {
  const frame = stack?.split("\n").find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line));
  if (frame === undefined) return [];
  return [`  ${oneLine(cwd === undefined ? frame : frame.replace(`${cwd}/`, "")).trim()}`];
}

/** A message without what nobody reads in a terminal; the log has all of it. */
function cut(message: string): string {
  if (message.length <= MAX_MESSAGE) return message;
  const more = formatCount(message.length - MAX_MESSAGE);
  return `${message.slice(0, MAX_MESSAGE)}\n… (${more} more characters)`;
}

function indented(text: string): string[] {
  return sanitize(text.replace(/\r\n/g, "\n")).trimEnd().split("\n").map((line) =>
    `  ${line}`.trimEnd()
  );
}
