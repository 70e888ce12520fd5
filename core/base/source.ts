/**
 * Source files, spans in them, and diagnostics as text with a caret. Does not know any file format.
 *
 * @module
 */

import type { Diagnostic } from "./error.ts";

/** A text that diagnostics can point into. */
export interface SourceFile {
  /** As shown to the user: relative to the working directory where possible. */
  readonly name: string;
  readonly text: string;
}

/** A half-open range of UTF-16 offsets in a source file. */
export interface Span {
  readonly source: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** A position for people: both one-based, the column in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Width beyond which a source line is cut around the caret. */
const MAX_LINE = 100;

/**
 * Returns the line and column of an offset. O(offset).
 *
 * @param source The file.
 * @param offset UTF-16 offset, 0 to `source.text.length`.
 */
export function positionOf(source: SourceFile, offset: number): Position {
  let line = 1;
  let lineStart = 0;
  for (;;) {
    const next = source.text.indexOf("\n", lineStart);
    if (next < 0 || next >= offset) break;
    line++;
    lineStart = next + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/**
 * Formats `file:line:column` of a span's start.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { formatPlace } from "./source.ts";
 *
 * const source = { name: "a.yaml", text: "x: 1\ny: 2\n" };
 * assertEquals(formatPlace({ source, start: 5, end: 6 }), "a.yaml:2:1");
 * ```
 */
export function formatPlace(span: Span): string {
  const { line, column } = positionOf(span.source, span.start);
  return `${span.source.name}:${line}:${column}`;
}

/** Returns the source line of a span with tildes under the spanned part, indented and numbered. */
export function formatSnippet(span: Span): string {
  const { line, column } = positionOf(span.source, span.start);
  const lineStart = span.start - column + 1;
  const newline = span.source.text.indexOf("\n", lineStart);
  const full = span.source.text.slice(lineStart, newline < 0 ? undefined : newline);
  const cut = Math.max(0, column - 1 - Math.floor(MAX_LINE / 2));
  const from = full.length > MAX_LINE ? cut : 0;
  const text = sanitize(full.slice(from, from + MAX_LINE));
  const before = text.slice(0, column - 1 - from);
  const width = Math.max(1, Math.min(span.end - span.start, text.length - before.length));
  const gutter = String(line).padStart(6);
  const pad = before.replace(/[^\t]/g, " ");
  return `${gutter} | ${text}\n${" ".repeat(6)} | ${pad}${"~".repeat(width)}`;
}

/**
 * Formats one diagnostic: place, message, snippet, related places, hint.
 *
 * @param diagnostic The problem.
 * @returns Several lines without a final newline.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const word = diagnostic.severity === "warning" ? "warning: " : "";
  const lines: string[] = [];
  if (diagnostic.span === undefined) {
    lines.push(`${diagnostic.severity}: ${sanitize(diagnostic.message)}`);
  } else {
    lines.push(`${formatPlace(diagnostic.span)}: ${word}${sanitize(diagnostic.message)}`);
    lines.push(formatSnippet(diagnostic.span));
  }
  for (const { message, span } of diagnostic.related ?? []) {
    lines.push(`  ${sanitize(message)}: ${formatPlace(span)}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`  ${formatHint(diagnostic.hint)}`);
  return lines.join("\n");
}

/** Returns the line of a hint: after the colon it goes on in lower case, however it was written. */
export function formatHint(hint: string): string {
  const text = /^[A-Z][a-z]* /.test(hint) ? hint[0].toLowerCase() + hint.slice(1) : hint;
  return `hint: ${sanitize(text)}`;
}

/**
 * Makes text from a file or a node safe to print: control and bidirectional characters become
 * visible escapes, so that a hostile file cannot move the cursor or reorder a line.
 */
export function sanitize(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}
