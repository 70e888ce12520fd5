/**
 * Lines of JSON as values by name, one combination a line, with the place of whatever is wrong. Does not know where the
 * text comes from nor what the names mean.
 *
 * @module
 */

import type { Diagnostic } from "../base/error.ts";
import { messageOf } from "../base/error.ts";
import type { SourceFile, Span } from "../base/source.ts";
import type { Combination } from "../sweep.ts";
import type { Json } from "../workflow.ts";
import { describe, isMapping } from "./shape.ts";
import { readYaml } from "./yaml.ts";

/** One line that holds values. */
export interface Row {
  readonly values: Combination;
  /** Place of a name in it, or of its value. */
  place(name: string, part: "key" | "value"): Span;
}

/** Problems beyond this many are not collected: the file is none of this kind. */
const MAX_PROBLEMS = 20;

/**
 * Reads lines of JSON objects; blank lines are skipped.
 *
 * @param source The text and how it is shown.
 */
export function readRows(
  source: SourceFile,
): { readonly rows: readonly Row[]; readonly problems: readonly Diagnostic[] } {
  const rows: Row[] = [];
  const problems: Diagnostic[] = [];
  let start = 0;
  for (const line of source.text.split("\n")) {
    const from = start;
    start += line.length + 1;
    if (line.trim() === "") continue;
    const whole: Span = { source, start: from, end: from + line.trimEnd().length };
    const read = readLine(line);
    if ("problem" in read) {
      problems.push({
        severity: "error",
        code: "row",
        message: `Cannot read the values of a run: ${read.problem}`,
        span: whole,
        hint: 'Write one JSON object a line: { "NAME": value }',
      });
      if (problems.length === MAX_PROBLEMS) break;
    } else rows.push({ values: read.values, place: (name, part) => placeIn(whole, name, part) });
  }
  return { rows, problems };
}

function readLine(line: string): { readonly values: Combination } | { readonly problem: string } {
  let data: Json;
  try {
    data = JSON.parse(line);
  } catch (error) {
    return { problem: `it is no JSON: ${messageOf(error)}` };
  }
  if (!isMapping(data)) return { problem: `expected a JSON object, got ${describe(data)}` };
  return { values: data };
}

/** JSON is YAML, whose reader knows places; only looked for where something is wrong. */
function placeIn(line: Span, name: string, part: "key" | "value"): Span {
  const { source, start, end } = line;
  const { locate } = readYaml(source.text.slice(start, end), source.name);
  const found = locate([name], part);
  if (found === undefined) return line;
  return { source, start: start + found.start, end: start + found.end };
}
