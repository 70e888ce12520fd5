/**
 * Flags that say where nodes run and how their calls travel. Knows no command, and not which executors there are.
 *
 * @module
 */

import type { FlagParametersForType } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { proposeExecutors, proposePacked } from "./propose_executors.ts";

/** Flags of commands that run nodes, or say what a run would do. */
export interface ExecutorFlags {
  readonly executor?: readonly string[];
  readonly chunk?: readonly string[];
}

/** Definitions of {@linkcode ExecutorFlags}. */
export const EXECUTOR_FLAGS: FlagParametersForType<ExecutorFlags, CliContext> = {
  executor: {
    kind: "parsed",
    parse: parsePlaced,
    proposeCompletions: proposeExecutors,
    optional: true,
    variadic: true,
    placeholder: "NAME",
    brief: "Executor of nodes that name none, or NODE=NAME; may be repeated",
  },
  chunk: {
    kind: "parsed",
    parse: parsePlaced,
    proposeCompletions: proposePacked,
    optional: true,
    variadic: true,
    placeholder: "N",
    brief: "Calls of maps that travel together to a worker, or NODE=N; may be repeated",
  },
};

/** Checks the form of `NAME` and `NODE=NAME`. */
function parsePlaced(text: string): string {
  if (!/^(?:[^=\s]+=)?[^=\s]+$/.test(text)) throw new Error("write VALUE, or NODE=VALUE");
  return text;
}
