/**
 * What a terminal can show: colour, Unicode, width. Decides from the environment; prints nothing.
 *
 * @module
 */

import type { ColorMode } from "./flags.ts";

/** What is known of an output stream and its surroundings. */
export interface TerminalFacts {
  readonly isTerminal: boolean;
  /** Returns an environment variable. */
  env(name: string): string | undefined;
  /** As of `Deno.build.os`. */
  readonly os?: string;
}

/** How to print to a stream. */
export interface TerminalStyle {
  readonly color: boolean;
  readonly unicode: boolean;
  /** Whether lines can be redrawn. */
  readonly canRedraw: boolean;
}

/** Columns where there is no terminal to ask. */
const DEFAULT_COLUMNS = 100;

/**
 * Decides how to print to a stream. For colour the first that is set wins: the flag, `NO_COLOR`,
 * `FORCE_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, `CLICOLOR=0`, and then whether it is a terminal.
 */
export function detectStyle(facts: TerminalFacts, color: ColorMode = "auto"): TerminalStyle {
  return {
    color: color === "auto" ? hasColor(facts) : color === "always",
    unicode: isUtf8(facts),
    canRedraw: facts.isTerminal && facts.env("TERM") !== "dumb",
  };
}

/** See https://no-color.org, https://force-color.org and http://bixense.com/clicolors. */
function hasColor({ env, isTerminal }: TerminalFacts): boolean {
  if (isSet(env("NO_COLOR"))) return false;
  const forced = env("FORCE_COLOR");
  if (isSet(forced)) return forced !== "0" && forced !== "false";
  const cliForced = env("CLICOLOR_FORCE");
  if (isSet(cliForced)) return cliForced !== "0";
  if (env("TERM") === "dumb" || env("CLICOLOR") === "0") return false;
  return isTerminal;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

/** POSIX: the first of the three that is not empty names the encoding; none means the C locale. */
function isUtf8({ env, os }: TerminalFacts): boolean {
  const locale = [env("LC_ALL"), env("LC_CTYPE"), env("LANG")].find(isSet);
  if (locale !== undefined) return /utf-?8/i.test(locale);
  return os === "windows" || os === "darwin";
}

/** How to draw on standard output; the options of `drawAscii`. */
export interface DrawStyle {
  readonly color: boolean;
  readonly unicode: boolean;
  readonly maxWidth: number;
}

/** Returns how to draw on this process's standard output. */
export function terminalStyle(color: ColorMode = "auto"): DrawStyle {
  const isTerminal = Deno.stdout.isTerminal();
  const { color: hasColor, unicode } = detectStyle(processFacts(isTerminal), color);
  return { color: hasColor, unicode, maxWidth: columnsOf(isTerminal) };
}

/** Returns the facts of a standard stream of this process. */
export function processFacts(isTerminal: boolean): TerminalFacts {
  return { isTerminal, env: (name) => Deno.env.get(name), os: Deno.build.os };
}

/** Returns the columns of the terminal, of `COLUMNS` where there is none or it does not know, or 100. */
export function columnsOf(isTerminal: boolean): number {
  const asked = isTerminal ? consoleColumns() : 0;
  if (asked > 0) return asked;
  const columns = Number(Deno.env.get("COLUMNS"));
  return Number.isInteger(columns) && columns > 0 ? columns : DEFAULT_COLUMNS;
}

/** Some terminals have no size, or the size 0: CI systems, `script` without a terminal. */
function consoleColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 0;
  }
}
