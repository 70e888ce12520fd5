/**
 * TypeScript to JavaScript by removing types, with lines and columns kept where possible.
 * Does not know modules, imports or what the code does.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import { messageOf } from "../base/error.ts";

/** How a source became JavaScript. */
export type StripMode =
  /** It was JavaScript. */
  | "none"
  /** Types became spaces: every position is the same as in the source. */
  | "strip"
  /** It has enums, namespaces or parameter properties: code was generated, positions differ. */
  | "transform";

/** JavaScript and how it was made. */
export interface Stripped {
  readonly mode: StripMode;
  readonly code: string;
}

/** A source that is not TypeScript. */
export class StripError extends Error {
  /** One-based; the best guess where the parser gives none. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.name = "StripError";
    this.line = line;
    this.column = column;
  }
}

/**
 * Removes the types of a TypeScript source.
 *
 * @throws {StripError} If it does not parse.
 */
export function stripTypes(text: string): Stripped {
  let reason: string;
  try {
    return { mode: "strip", code: stripTypeScriptTypes(text, { mode: "strip" }) };
  } catch (error) {
    reason = messageOf(error);
  }
  const transformed = tryTransform(text);
  if (transformed !== undefined) return { mode: "transform", code: transformed };
  const place = / at file:\/\/\S*?:(\d+):(\d+)$/.exec(reason);
  const message = reason.replace(/ at file:.*$/s, "").replace(/^\[\w+\]\s*/, "");
  if (place !== null) throw new StripError(message, Number(place[1]), Number(place[2]));
  const { line, column } = guessPlace(text);
  throw new StripError(message, line, column);
}

/** Transforming fails for what is no TypeScript at all; then the reason of the first try is the better one. */
function tryTransform(text: string): string | undefined {
  try {
    return stripTypeScriptTypes(text, { mode: "transform" });
  } catch {
    return undefined;
  }
}

/** Lines that a mid-point of the search is tried with, because it may lie inside a long expression. */
const SEARCH_WINDOW = 8;

/**
 * Finds the line of a syntax error, which the parser does not tell: the first line after the longest
 * beginning of the file that parses once its brackets are closed. Exact unless the error is at
 * the end of an expression of many lines; then it is the line where that begins.
 */
function guessPlace(text: string): { line: number; column: number } {
  const lines = text.split("\n");
  const closers = closersByLine(lines);
  const parses = (count: number): boolean =>
    tryTransform(lines.slice(0, count).join("\n") + "\n" + closers[count]) !== undefined;
  let good = 0;
  let bad = lines.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const lowest = Math.max(good, middle - SEARCH_WINDOW);
    let probe = middle;
    while (probe > lowest && !parses(probe)) probe--;
    if (probe > lowest) good = probe;
    else bad = middle;
  }
  let line = good;
  while (line < lines.length - 1 && lines[line].trim() === "") line++;
  return { line: line + 1, column: Math.max(1, lines[line].search(/\S/) + 1) };
}

/** Comments, strings, regular expressions where one can begin, brackets, template marks, backticks. */
const LEXEMES =
  /\/\/.*|\/\*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<=(?:^|[(,=:[!&|?{};]|\breturn)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\/|[()[\]{}`]/g;
const CLOSER: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "`": "`" };

/** Returns, for each number of lines, the text that closes what these lines leave open. */
function closersByLine(lines: readonly string[]): readonly string[] {
  const closers = [""];
  const open: string[] = [];
  for (const line of lines) {
    scanLine(line, open);
    closers.push(open.toReversed().join(""));
  }
  return closers;
}

/** Updates the stack of closers by one line; `*\/` and a backtick on top mean inside a comment or a template. */
function scanLine(line: string, open: string[]): void {
  let at = 0;
  while (at < line.length) {
    const top = open.at(-1);
    if (top === "*/") {
      const end = line.indexOf("*/", at);
      if (end < 0) return;
      open.pop();
      at = end + 2;
    } else if (top === "`") {
      const next = /\\.|`|\$\{/g;
      next.lastIndex = at;
      const found = next.exec(line);
      if (found === null) return;
      if (found[0] === "`") open.pop();
      else if (found[0] === "${") open.push("}");
      at = next.lastIndex;
    } else {
      LEXEMES.lastIndex = at;
      const found = LEXEMES.exec(line);
      if (found === null) return;
      const text = found[0];
      if (text === "/*") open.push("*/");
      else if (text in CLOSER) open.push(CLOSER[text]);
      else if (text === top) open.pop();
      at = LEXEMES.lastIndex;
    }
  }
}
