/**
 * Checks hooks before anything runs: their functions must be there and take what they are told, their commands mention nothing
 * else. Does not know when hooks run.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { didYouMean } from "./base/suggest.ts";
import { checkCommand } from "./check.ts";
import { describeHook, distinctHooks, factsOf, hookNode } from "./hooks.ts";
import type { Parameters } from "./node_wiring.ts";
import type { HookDef, NodeDef, Workflow } from "./workflow.ts";

/** Returns the parameters of a function, or why they are not known. */
type ParametersOf = (def: NodeDef) => Parameters | {
  readonly problem: string;
  readonly hint?: string;
};

/** Returns the problems of all hooks of a workflow. */
export function checkHooks(workflow: Workflow, parametersOf: ParametersOf): Diagnostic[] {
  const all = [...workflow.hooks ?? [], ...workflow.nodes.flatMap(({ hooks = [] }) => hooks)];
  return distinctHooks(all).flatMap((hook) =>
    hook.work.kind === "run"
      ? commandProblems(workflow, hook)
      : callProblems(workflow, hook, parametersOf)
  );
}

function commandProblems(workflow: Workflow, hook: HookDef): Diagnostic[] {
  return checkCommand(workflow, hookNode(hook), {
    path: hook.at.slice(0, -1),
    whose: describeHook(hook),
    hint: `it is told ${factsOf(hook).join(", ")}`,
  });
}

function callProblems(
  { locate }: Workflow,
  hook: HookDef,
  parametersOf: ParametersOf,
): Diagnostic[] {
  const span = locate(hook.at);
  const problem = (message: string, hint?: string): Diagnostic => ({
    severity: "error",
    code: "bad-hook",
    message,
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
  });
  const def = hookNode(hook);
  const parameters = parametersOf(def);
  if ("problem" in parameters) {
    const named = parameters.problem.replace(`node "${def.name}"`, describeHook(hook));
    return [problem(named, parameters.hint)];
  }
  if (parameters.kind !== "named") return [];
  const facts = factsOf(hook);
  return parameters.names.filter(({ name, optional }) => !optional && !facts.includes(name)).map(
    ({ name }) =>
      problem(
        `Cannot tell ${describeHook(hook)} its "${name}": there is nothing of that name`,
        didYouMean(name, facts) ?? `it is told ${facts.join(", ")}`,
      ),
  );
}
