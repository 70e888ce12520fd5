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

/** Deeper nesting than this overflows the parser's stack, which would end the process. */
const MAX_DEPTH = 500;

/** Nesting without brackets: curried arrows, generic types, unary operators. */
const DEEP_CHAIN = /(?:=>\s*[\w$]+\s*){500}|(?:[\w$]<\s*[\w$]+){500}|(?:[!~+-]\s*){2000}/;

/**
 * Removes the types of a TypeScript source.
 *
 * @throws {StripError} If it does not parse.
 */
export function stripTypes(text: string): Stripped {
  if (depthOf(text) > MAX_DEPTH || DEEP_CHAIN.test(text)) {
    throw new StripError("Nested too deeply", 1, 1);
  }
  try {
    return { mode: "strip", code: stripTypeScriptTypes(text, { mode: "strip" }) };
  } catch (error) {
    if (isSyntaxError(error)) throw syntaxError(text);
  }
  try {
    return { mode: "transform", code: stripTypeScriptTypes(text, { mode: "transform" }) };
  } catch (error) {
    const reason = messageOf(error);
    const place = / at file:\/\/\S*?:(\d+):(\d+)$/.exec(reason);
    if (place === null) throw new StripError(reason, 1, 1);
    throw new StripError(reason.slice(0, place.index), Number(place[1]), Number(place[2]));
  }
}

/** Tells a source that does not parse from one that needs the other mode. */
function isSyntaxError(error: unknown): boolean {
  return messageOf(error).startsWith("[InvalidSyntax]");
}

/** The greatest depth of brackets. Those in strings count as well: it need not be exact. O(length). */
function depthOf(text: string): number {
  let deepest = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // ( [ { and ) ] }
    if (code === 40 || code === 91 || code === 123) deepest = Math.max(deepest, ++depth);
    else if (code === 41 || code === 93 || code === 125) depth = Math.max(0, depth - 1);
  }
  return deepest;
}

/** Lines before a mid-point that are tried as well, because it may lie inside a long expression. */
const SEARCH_WINDOW = 8;

/** A bracket, template or comment that is not closed; line and column are one-based. */
interface Opening {
  readonly closer: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the place of a syntax error, which the parser does not tell: the first line after the longest
 * beginning of the file that parses once its brackets are closed, or the bracket that is never closed.
 * Exact unless the error ends an expression of many lines; then it is where that begins.
 */
function syntaxError(text: string): StripError {
  const lines = text.split("\n");
  const openings = openingsByLine(lines);
  const parses = (count: number): boolean => {
    const closers = openings[count].map(({ closer }) => closer).toReversed().join("");
    try {
      stripTypeScriptTypes(lines.slice(0, count).join("\n") + "\n" + closers, { mode: "strip" });
      return true;
    } catch (error) {
      return !isSyntaxError(error);
    }
  };
  const last = openings[lines.length].at(-1);
  if (last !== undefined && parses(lines.length)) {
    return new StripError(`"${last.closer}" is missing`, last.line, last.column);
  }
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
  return new StripError("Syntax error", line + 1, Math.max(1, lines[line].search(/\S/) + 1));
}

/** Comments, strings, regular expressions where one can begin, brackets, backticks. */
const LEXEMES =
  /\/\/.*|\/\*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<=(?:^|[(,=:[!&|?{};]|\breturn)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\/|[()[\]{}`]/g;
const CLOSERS: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["`", "`"],
  ["/*", "*/"],
]);

/** Returns, for each number of lines, what these lines leave open. */
function openingsByLine(lines: readonly string[]): readonly (readonly Opening[])[] {
  const all: (readonly Opening[])[] = [[]];
  let open: readonly Opening[] = [];
  for (const [i, line] of lines.entries()) {
    open = scanLine(line, i + 1, open);
    all.push(open);
  }
  return all;
}

/** Returns what is open after one more line. */
function scanLine(text: string, line: number, before: readonly Opening[]): readonly Opening[] {
  const open = [...before];
  for (let at = 0;;) {
    const top = open.at(-1)?.closer;
    const pattern = top === "*/" ? /\*\//g : top === "`" ? /\\.|`|\$\{/g : LEXEMES;
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return open;
    at = pattern.lastIndex;
    const closer = found[0] === "${" ? "}" : CLOSERS.get(found[0]);
    if (found[0] === top) open.pop();
    else if (closer !== undefined) open.push({ closer, line, column: found.index + 1 });
  }
}
