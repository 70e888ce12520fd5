/**
 * Scripts whose first line names their interpreter: `#!/usr/bin/env python3`. Pure; does not know how they are written
 * to disk or run.
 *
 * @module
 */

import type { TemplateMode } from "./template.ts";
import type { CommandLine } from "./workflow.ts";

/** Stands for the shell of a script that names its own interpreter, and starts its first line. */
export const SHEBANG = "#!";

/** What the first line of a script says, as Linux reads it: all behind the program is one argument. */
export interface Interpreter {
  /** Absolute path. */
  readonly program: string;
  readonly argument?: string;
}

/** Shells whose scripts expand `"${FLOW_1}"` as POSIX says. */
const SHELLS = new Set(["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"]);

/** Returns the interpreter a script names, or `undefined` if its first line names none by an absolute path. */
export function interpreterOf(script: string): Interpreter | undefined {
  const match = /^#![ \t]*(\/\S+)[ \t]*(.*?)\s*$/m.exec(script.split("\n", 1)[0]);
  if (match === null) return undefined;
  const [, program, argument] = match;
  return { program, ...(argument === "" ? {} : { argument }) };
}

/** Tells whether the words that start a command, behind `env` and its options, name a POSIX shell. */
export function isPosixShell(words: readonly string[]): boolean {
  const program = words.find((word) => !/^(.*\/)?env$|^-|=/.test(word)) ?? "";
  return SHELLS.has(program.slice(program.lastIndexOf("/") + 1));
}

/** How the texts of a command are read: references stand in an argv, in a shell script, or nowhere. */
export function templateModeOf(line: CommandLine): TemplateMode {
  if ("argv" in line) return "argv";
  if (line.shell !== SHEBANG) return "sh";
  const { program = "", argument = "" } = interpreterOf(line.script) ?? {};
  return isPosixShell([program, ...argument.split(/\s+/)]) ? "sh" : "plain";
}

/**
 * Returns the variable in which a script that names its interpreter finds an input or a file output.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { variableOf } from "./shebang.ts";
 *
 * assertEquals(variableOf("in", "raw-rows"), "FLOW_IN_raw_rows");
 * ```
 */
export function variableOf(kind: "in" | "out", name: string): string {
  return `FLOW_${kind.toUpperCase()}_${name.replaceAll("-", "_")}`;
}
