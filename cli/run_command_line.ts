/**
 * Runs one command line with the command library. Does not print errors.
 *
 * @module
 */

import { run } from "@stricli/core";
import { createApp } from "./app.ts";
import { createContext } from "./context.ts";

/**
 * Runs a command line.
 *
 * @param argv Words in the parser's form, see `argv.ts`.
 * @returns The exit code of a command that did not throw.
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let prefix: readonly string[] = ["flow"];
  const context = createContext();
  await run(createApp(() => prefix), argv, {
    ...context,
    forCommand: (info) => {
      prefix = info.prefix;
      return context;
    },
  });
  return context.exitCode;
}
