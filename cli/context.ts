/**
 * What every command gets beside its flags: the streams, the directory, the exit code. Knows no command.
 *
 * @module
 */

import type { ApplicationContext } from "@stricli/core";
import { writeStderr, writeStdout } from "./output.ts";

/** The `this` of every command. */
export interface CliContext extends ApplicationContext {
  /** Directory the command was started in, absolute. */
  readonly cwd: string;
  /** Exit code of a command that ended without an error. */
  exitCode: number;
  /** Words of the command line that is being completed; empty otherwise. */
  readonly words: readonly string[];
}

/**
 * Makes the context of one command line.
 *
 * @param words Words to complete, for `flow complete`.
 */
export function createContext(words: readonly string[] = []): CliContext {
  return {
    process: { stdout: { write: writeStdout }, stderr: { write: writeStderr }, env: {} },
    cwd: Deno.cwd(),
    exitCode: 0,
    words,
  };
}
