/**
 * What kinds of nodes a file may have, and which options fit which. Does not know shapes, or what the options do.
 *
 * @module
 */

import { nearest } from "../base/suggest.ts";
import type { JsonObject } from "../workflow.ts";
import { COMMAND_ONLY } from "./schema_command.ts";

/** Options that only fit functions. */
export const CALL_ONLY: readonly string[] = ["isolate", "concurrency", "chunk"];

/** Options that do not fit a node that returns nodes. */
export const NOT_EXPAND: readonly string[] = [
  "map",
  "temp",
  "onError",
  "concurrency",
  "chunk",
];

/** Options that a node has from those it nests. */
export const NOT_NEST: readonly string[] = [
  "inputs",
  "allow",
  "resources",
  "track",
  "after",
  "temp",
];

/** What a node does: exactly one of these. */
export const KINDS = ["call", "run", "expand", "nest"] as const;

/** What is wrong with the kind of a node. */
export interface KindProblem {
  readonly code: string;
  readonly message: string;
  /** The option that is wrong; absent if one is missing. */
  readonly key?: string;
  readonly hint: string;
}

/**
 * Finds what is wrong with the kind of a node: exactly one, and only options that fit it.
 *
 * @param raw The node as written.
 * @param name The node for people: `node "rows"`.
 * @param known Options of nodes, and words that are refused: one of those that is not here was misspelt and has been reported.
 */
export function kindProblems(
  raw: JsonObject,
  name: string,
  known: { readonly options: object; readonly reserved: object },
): KindProblem[] {
  const kinds = KINDS.filter((key) => Object.hasOwn(raw, key));
  const [kind, second] = kinds;
  if (kind === undefined) {
    const isMeant = Object.keys(raw).some((key) =>
      Object.hasOwn(known.reserved, key) ||
      (!Object.hasOwn(known.options, key) && nearest(key, KINDS) !== undefined)
    );
    return isMeant ? [] : [{
      code: "missing-key",
      message: `Cannot tell what ${name} does: it has neither "call" nor "run"`,
      hint: 'Add call: "module.ts#function" or run: [program, argument]',
    }];
  }
  if (second !== undefined) {
    return [{
      code: "conflict",
      message: `Cannot use both "${kind}" and "${second}" in ${name}`,
      key: second,
      hint: "Remove one of them",
    }];
  }
  const wrong = misfits(kind).filter(([key]) => Object.hasOwn(raw, key)).map(([key, other]) => ({
    code: "misfit",
    message: `Cannot use "${key}" in ${name}: it only fits ${other} nodes`,
    key,
    hint: "Remove it",
  }));
  return [...wrong, ...shellProblems(raw, name)];
}

/** A shell is for commands that are a text without an interpreter of its own. */
function shellProblems({ run, shell }: JsonObject, name: string): KindProblem[] {
  if (shell === undefined) return [];
  const problem = { code: "misfit", key: "shell" };
  if (Array.isArray(run)) {
    return [{
      ...problem,
      message: `Cannot use "shell" in ${name}: its command is a list of arguments`,
      hint: 'Write "run" as one text, or remove "shell"',
    }];
  }
  if (typeof run !== "string" || !run.startsWith("#!")) return [];
  return [{
    ...problem,
    message: `Cannot use "shell" in ${name}: the first line of its script names what runs it`,
    hint: "Remove one of them",
  }];
}

/** Options that do not fit a kind of node, and the kinds they fit. */
function misfits(kind: typeof KINDS[number]): (readonly [key: string, kinds: string])[] {
  if (kind === "run") return CALL_ONLY.map((key) => [key, '"call"'] as const);
  const misfits = COMMAND_ONLY.map((key) => [key, '"run"'] as const);
  if (kind === "call") return misfits;
  if (kind === "nest") return [...misfits, ...NOT_NEST.map((key) => [key, "nested"] as const)];
  return [...misfits, ...NOT_EXPAND.map((key) => [key, '"call" and "run"'] as const)];
}
