/**
 * The report of a failure as a text that tells all of it. Pure; does not know where the facts come from.
 *
 * @module
 */

import { formatHint, sanitize } from "../base/source.ts";
import type { CommandFacts, FailureFacts, InputFacts } from "../failure_facts.ts";
import type { LogTail } from "../store/log_tail.ts";
import { commandLine, workflowWord } from "./command_words.ts";
import { formatBytes, formatDuration, formatPlural } from "./format.ts";
import { elementName, REASONS } from "./summary.ts";
import { formatTable } from "./table.ts";

/** Digits of a digest that people see. */
const DIGEST_CHARS = 12;

/**
 * Returns the report of a failure: what failed and why, what it took, and the end of its logs.
 *
 * @returns Lines with a final newline; parts that are empty are left out.
 */
export function formatFailureReport(facts: FailureFacts): string {
  const parts = [
    `failed: ${elementName(facts)} (${REASONS[facts.reason]})`,
    indented([formatTable(headOf(facts))]),
    section("message", [
      facts.message,
      ...(facts.hint === undefined ? [] : [formatHint(facts.hint)]),
    ]),
    section("stack", stackOf(facts)),
    facts.command === undefined ? "" : commandPart(facts.command),
    section("inputs", facts.inputs.flatMap((input) => inputLines(input, facts))),
    section("upstream", facts.upstreams),
    section("environment (values are not shown)", facts.environment),
    logPart("stdout", facts.stdout),
    logPart("stderr", facts.stderr),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Frames without the message in front of them, which was said already. */
function stackOf({ stack, message }: FailureFacts): string[] {
  const frames = stack?.startsWith(message) === true ? stack.slice(message.length) : stack ?? "";
  return frames.split("\n").map((frame) => frame.trim()).filter((frame) => frame !== "");
}

function headOf(facts: FailureFacts): string[][] {
  const { wallMs, cpuMs, maxRssBytes } = facts;
  const took = [
    ...(wallMs === undefined ? [] : [formatDuration(wallMs)]),
    ...(cpuMs === undefined ? [] : [`cpu ${formatDuration(cpuMs)}`]),
    ...(maxRssBytes === undefined ? [] : [`memory ${formatBytes(maxRssBytes)}`]),
  ];
  const rows: [string, string | undefined][] = [
    ["place", facts.place],
    ["description", facts.description],
    ["function", facts.function],
    ["run", facts.run],
    ["key", facts.key],
    ["attempt", facts.attempt === 0 ? "not started" : String(facts.attempt)],
    ["exit code", facts.exitCode === undefined ? undefined : String(facts.exitCode)],
    ["started", facts.startedAt],
    ["failed", facts.failedAt],
    ["took", took.length === 0 ? undefined : took.join(", ")],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function commandPart({ argv, isFilled, variables }: CommandFacts): string {
  const [script, ...before] = [...argv].reverse();
  const lines = argv.length > 1 && /\s/.test(script) && isScript(before)
    ? [commandLine(before.reverse()), ...script.trimEnd().split("\n").map((line) => `  ${line}`)]
    : [commandLine(argv)];
  const values = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return section(isFilled ? "command" : "command, as written", [...lines, ...values]);
}

/** The word before the last is the flag of a shell that takes a script. */
function isScript([flag]: readonly string[]): boolean {
  return /^-\w*c$|^sh$|^bash$/.test(flag);
}

function inputLines(input: InputFacts, facts: FailureFacts): string[] {
  const { name, source, kind, digest, sizeBytes, text, isCut, paths, shape, output } = input;
  const about = [
    kind === "array" ? `array ${shape?.join("×")}` : kind ?? "not read",
    ...(sizeBytes === undefined ? [] : [formatBytes(sizeBytes)]),
    ...(digest === undefined ? [] : [digest.slice(0, DIGEST_CHARS)]),
  ];
  const from = source === name ? "" : ` from ${source}`;
  const lines = [`${name}${from}: ${about.join(", ")}`];
  if (text !== undefined) lines.push(`  ${text}`);
  for (const path of paths ?? []) lines.push(`  ${path}`);
  if (isCut === true && paths !== undefined) lines.push("  …");
  if (isCut === true && output !== undefined) {
    const all = commandLine(["flow", "show", ...workflowWord(facts.place), output]);
    lines.push(`  all of it, if it is still stored: ${all}`);
  }
  return lines;
}

function logPart(name: string, log: LogTail | undefined): string {
  if (log === undefined) return "";
  const { path, sizeBytes, lines, isCut } = log;
  const part = isCut
    ? `${name}, last ${formatPlural(lines.length, "line")} of ${formatBytes(sizeBytes)}`
    : name;
  return `${section(part, lines)}\n  all of it: ${path}`;
}

/** A heading with indented lines; nothing if there are none. */
function section(heading: string, texts: readonly string[]): string {
  return texts.length === 0 ? "" : `${heading}\n${indented(texts)}`;
}

function indented(texts: readonly string[]): string {
  return texts
    .flatMap((text) => sanitize(text.replace(/\r\n/g, "\n")).trimEnd().split("\n"))
    .map((line) => `  ${line}`.trimEnd())
    .join("\n");
}
