/**
 * The part of the format that says what is told at the end of nodes and runs. Does not know what hooks do.
 *
 * @module
 */

import type { HookDef } from "../workflow.ts";
import { command } from "./schema_command.ts";
import { allow, functionName, positiveDuration } from "./schema_values.ts";
import { documented, either, isMapping, object, refine } from "./shape.ts";

/** Hooks are called so in the format, and when they are run. */
export const HOOK_WORDS: Readonly<Record<"onSuccess" | "onFailure" | "onEnd", HookDef["when"]>> = {
  onSuccess: "success",
  onFailure: "failure",
  onEnd: "end",
};

const hookObject = refine(
  object({
    call: documented(functionName, "A function: what it returns does not matter."),
    run: documented(command, "A command; ${in.event} is all it is told, as JSON."),
    allow: documented(allow, "What it may touch; nothing by default."),
    timeout: documented(positiveDuration, "Time limit.", { default: "1m" }),
  }, {
    expected: "a mapping with call or run",
    json: { oneOf: [{ required: ["call"] }, { required: ["run"] }] },
  }),
  (read, visit, raw) => {
    const given = ["call", "run"].filter((key) => isMapping(raw) && Object.hasOwn(raw, key));
    if (given.length === 1) return read;
    const message = given.length === 0
      ? `Cannot tell what ${visit.name} does: it has neither "call" nor "run"`
      : `Cannot use both "call" and "run" in ${visit.name}`;
    visit.report(given.length === 0 ? "missing-key" : "conflict", message, {
      part: "key",
      hint: given.length === 0
        ? 'Add call: "hooks.ts#tell" or run: [program, "${in.event}"]'
        : "Remove one of them",
    });
    return undefined;
  },
);

const hook = either(functionName, hookObject);

/** Hooks of nodes, or of the run. */
export function hookFields(
  whose: string,
): Readonly<Record<keyof typeof HOOK_WORDS, typeof hook>> {
  const of = (when: string) =>
    documented(hook, `A function or command that is told when ${whose} ${when}.`);
  return {
    onSuccess: of("succeeded"),
    onFailure: of("failed"),
    onEnd: of("is over"),
  };
}
