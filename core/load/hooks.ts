/**
 * Hooks as they stand in a file to `HookDef`s. Does not know when they run, nor whether their functions exist.
 *
 * @module
 */

import type { HookDef } from "../workflow.ts";
import { type FunctionContext, functionRef } from "./function_ref.ts";
import { lineOf } from "./node_command.ts";
import type { NodeFields } from "./schema.ts";
import { HOOK_WORDS } from "./schema_hooks.ts";
import { scopeOf } from "./scope.ts";

/** The options that are hooks. */
export type HookOptions = Pick<NodeFields, keyof typeof HOOK_WORDS>;

const TIMEOUT_MS = 60_000;

/**
 * Returns the hooks of a node, of `defaults` or of the workflow.
 *
 * @param options As written, valid one by one.
 * @param at Where these options stand.
 * @param about Whether they are told of nodes or of runs.
 */
export function readHooks(
  options: HookOptions,
  { at, about, ...context }: FunctionContext & Pick<HookDef, "at" | "about">,
): HookDef[] {
  return Object.entries(HOOK_WORDS).flatMap(([key, when]): HookDef[] => {
    const written = options[key as keyof HookOptions];
    if (written === undefined) return [];
    const { call, run, allow, timeout = TIMEOUT_MS } = typeof written === "string"
      ? { call: written }
      : written;
    const base = { when, about, scope: scopeOf(allow), timeoutMs: timeout };
    if (call !== undefined) {
      const place = typeof written === "string" ? [...at, key] : [...at, key, "call"];
      return [{ ...base, work: { ...functionRef(call, context), kind: "call" }, at: place }];
    }
    if (run === undefined) return []; // It has been reported.
    return [{ ...base, work: { kind: "run", ...lineOf(run, "sh") }, at: [...at, key, "run"] }];
  });
}
