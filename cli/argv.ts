/**
 * Brings the words of a command line into the form the command library reads. Knows no command and no flag of one.
 *
 * @module
 */

import { UsageError } from "../core/base/error.ts";

/** `-h`, `-nk`, `-j=4`, `--dry-run`, `--set=a=b`. */
const FLAG = /^(?:-[a-z]+|-[a-z]=.+|--[a-z][a-z0-9-]+(?:=.+)?)$/is;
/** `-j4`: a short flag with its number. */
const SHORT_WITH_NUMBER = /^(-[a-z])([0-9].*)$/i;
/** `-3`, `-.5`: a value, not a flag. */
const NEGATIVE_NUMBER = /^-[0-9.]/;

/**
 * Rewrites the spellings people use into the one the parser knows:
 * `-j4` → `-j 4`, `--no-color` → `--color=never`, `--color` → `--color=always`,
 * `help run` → `run --help`, and flags before the command go behind it.
 *
 * @param argv Words after the program's name.
 * @throws {UsageError} If a word starts with a dash and is neither a flag nor a number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { normalizeArgv } from "./argv.ts";
 *
 * assertEquals(normalizeArgv(["--no-color", "run", "-j4"]), ["run", "--color=never", "-j", "4"]);
 * assertEquals(normalizeArgv(["help", "run"]), ["run", "--help"]);
 * ```
 */
export function normalizeArgv(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  const words = end < 0 ? [...argv] : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end);
  const leading = words.findIndex((word) => !word.startsWith("-"));
  const command = leading < 0 ? [] : words.splice(leading, 1);
  if (command[0] === "help") command.splice(0, 1, ...words.splice(leading), "--help");
  return [...command, ...words.flatMap(normalizeWord), ...rest];
}

/** Rewrites one word before `--`. */
function normalizeWord(word: string): string[] {
  if (word === "--color") return ["--color=always"];
  if (word === "--no-color") return ["--color=never"];
  if (!word.startsWith("-") || word === "-" || NEGATIVE_NUMBER.test(word)) return [word];
  const short = SHORT_WITH_NUMBER.exec(word);
  if (short !== null) return [short[1], short[2]];
  if (!FLAG.test(word)) throw unreadable(word);
  // The parser's patterns stop at a line break; a value of its own word may have any.
  if (!word.includes("\n")) return [word];
  const equals = word.indexOf("=");
  return [word.slice(0, equals), word.slice(equals + 1)];
}

/** Explains why a word is not a flag. */
function unreadable(word: string): UsageError {
  if (/^--?[a-z][a-z0-9-]*=$/i.test(word)) {
    return new UsageError(`Cannot parse arguments: flag "${word.slice(0, -1)}" has an empty value`);
  }
  return new UsageError(`Cannot parse arguments: unknown flag "${word}"`, {
    hint: `put "--" before names that start with a dash`,
  });
}

/**
 * Tells whether a flag that takes no value is given, before anything is parsed.
 *
 * @param argv Words after the program's name.
 * @param flag With its dashes, for example `--version`.
 */
export function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf("--");
  const at = argv.indexOf(flag);
  return at >= 0 && (end < 0 || at < end);
}
