/**
 * Hooks: what is told at the end of a node or of a run, and to whom. Does not know when that is, nor what runs them.
 *
 * @module
 */

import { COMMAND_DEFAULTS, type HookDef, NODE_DEFAULTS, type NodeDef } from "./workflow.ts";

/** What is told at the end of a node. */
export const NODE_FACTS: readonly string[] = [
  "run",
  "workflow",
  "node",
  "outcome",
  "outputs",
  "failure",
  "usage",
];

/** What is told at the end of a run. */
export const RUN_FACTS: readonly string[] = [
  "run",
  "workflow",
  "outcome",
  "counts",
  "wallMs",
  "failed",
];

/** What commands also get: all of it in one. */
export const WHOLE_EVENT = "event";

/** Returns what a hook is told, by name. */
export function factsOf({ about, work }: HookDef): readonly string[] {
  const facts = about === "node" ? NODE_FACTS : RUN_FACTS;
  return work.kind === "run" ? [...facts, WHOLE_EVENT] : facts;
}

/** Returns a hook as a node without outputs, which takes what it is told. */
export function hookNode(hook: HookDef): NodeDef {
  const { work, scope, timeoutMs } = hook;
  const inputs = factsOf(hook).map((name) => [name, { kind: "value", value: null }] as const);
  return {
    ...NODE_DEFAULTS,
    name: wordOf(hook),
    work,
    inputs: Object.fromEntries(inputs),
    outputs: [],
    scope,
    timeoutMs,
    ...(work.kind === "run" ? { command: COMMAND_DEFAULTS } : {}),
  };
}

/** The word of the format that a hook stands at. */
export function wordOf({ when }: HookDef): string {
  return `on${when[0].toUpperCase()}${when.slice(1)}`;
}

/** Names a hook for people: `"onEnd" of node "fit"`. */
export function describeHook(hook: HookDef): string {
  const [section, name] = hook.at;
  const word = `"${wordOf(hook)}"`;
  if (section === "nodes") return `${word} of node "${name}"`;
  return section === "defaults" ? `${word} of "defaults"` : word;
}

/** Each hook of a list once, however many nodes have it. */
export function distinctHooks(hooks: Iterable<HookDef>): HookDef[] {
  const found = new Map<string, HookDef>();
  for (const hook of hooks) found.set(JSON.stringify(hook.at), hook);
  return [...found.values()];
}
