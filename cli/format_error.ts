/**
 * Errors as text for people. Does not print, and does not know the command that failed.
 *
 * @module
 */

import { DefinitionError, type Diagnostic, FlowError } from "../core/base/error.ts";
import {
  formatDiagnostic,
  formatHint,
  formatPlace,
  formatSnippet,
  sanitize,
} from "../core/base/source.ts";

/** How an error is shown. */
export interface ErrorStyle {
  /** With the stack trace and the causes. */
  readonly debug: boolean;
  readonly color: boolean;
}

/** Exit code for anything that is not a `FlowError`: a bug in flow (EX_SOFTWARE of sysexits.h). */
export const BUG_EXIT_CODE = 70;

/** Returns the exit code of the process for something that was thrown. */
export function exitCodeOf(thrown: unknown): number {
  return thrown instanceof FlowError ? thrown.exitCode : BUG_EXIT_CODE;
}

/**
 * Formats anything that was thrown: all problems of a definition with a count line, message, facts and
 * hint of other errors of flow, and a request to report whatever else it is.
 *
 * @returns Several lines with a final newline.
 */
export function formatError(thrown: unknown, style: ErrorStyle): string {
  const text = thrown instanceof DefinitionError
    ? formatDiagnostics(thrown.diagnostics, style)
    : thrown instanceof FlowError
    ? formatFlowError(thrown, style)
    : formatBug(thrown, style);
  return `${text}${style.debug ? formatStack(thrown) : ""}\n`;
}

/** Problems printed at once: when there are more, they usually have one reason. */
const MAX_SHOWN = 100;

/** Formats diagnostics, each as its own paragraph, and a line that counts them. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], style: ErrorStyle): string {
  const errors = diagnostics.filter((d) => d.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const counts = [
    ...errors > 0 ? [paint(plural(errors, "error"), "31", style)] : [],
    ...warnings > 0 ? [paint(plural(warnings, "warning"), "33", style)] : [],
  ];
  const left = diagnostics.length - MAX_SHOWN;
  const more = left > 0 ? [`the first ${MAX_SHOWN} are shown`] : [];
  const shown = diagnostics.slice(0, MAX_SHOWN).map(formatDiagnostic);
  return [...shown, [...counts, ...more].join(", ")].join("\n\n");
}

/** Message, place, facts, hint. */
function formatFlowError(error: FlowError, style: ErrorStyle): string {
  const place = error.span === undefined ? "" : `${formatPlace(error.span)}: `;
  const lines = [`${paint("error:", "31", style)} ${place}${sanitize(error.message)}`];
  if (error.span !== undefined) lines.push(formatSnippet(error.span));
  const width = Math.max(...Object.keys(error.facts).map((name) => name.length));
  for (const [name, value] of Object.entries(error.facts)) {
    lines.push(`  ${`${name}:`.padEnd(width + 1)} ${sanitize(value)}`);
  }
  if (error.hint !== undefined) lines.push(`  ${formatHint(error.hint)}`);
  return lines.join("\n");
}

/** Anything that flow did not throw on purpose. */
function formatBug(thrown: unknown, style: ErrorStyle): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const unfetched = /Failed caching (npm package '[^']+')/.exec(text)?.[1];
  if (unfetched !== undefined) {
    const reason = text.split("\n").filter((line) => /^\s+\d+: /.test(line)).at(-1);
    const why = reason === undefined ? "" : `: ${sanitize(reason.replace(/^\s+\d+: /, ""))}`;
    return `${paint("error:", "31", style)} Cannot fetch ${sanitize(unfetched)}${why}\n` +
      "  hint: the first start fetches what flow is made of; look at the network, its proxy and certificates";
  }
  const lines = [`${paint("error:", "31", style)} This is a bug in flow: ${sanitize(text)}`];
  if (!style.debug) lines.push("  hint: run it again with --debug, and report what it prints");
  return lines.join("\n");
}

/** The stack of an error and of its causes. */
function formatStack(thrown: unknown): string {
  let text = "";
  for (let at = thrown, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    text += `\n\n${depth === 0 ? "" : "caused by "}${at.stack ?? at.message}`;
  }
  return text;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function paint(text: string, code: string, style: ErrorStyle): string {
  return style.color ? `\x1b[1;${code}m${text}\x1b[0m` : text;
}
