/**
 * Words for the shell to complete what can be swept in a workflow. Does not know the shell.
 *
 * @module
 */

import type { CliContext } from "./context.ts";
import { splitTarget } from "./workflow_argument.ts";

/** Proposes the sweeps of a workflow file, and inputs and params to give values to. */
export async function proposeSweeps(
  this: CliContext,
  partial: string,
): Promise<readonly string[]> {
  const { sweeps, swept } = await namesOf(this);
  return [...sweeps, ...swept].filter((word) => word.startsWith(partial));
}

/** Proposes inputs and params to give values to. */
export async function proposeSwept(this: CliContext, partial: string): Promise<readonly string[]> {
  return (await namesOf(this)).swept.filter((word) => word.startsWith(partial));
}

/** Never throws: a workflow with errors simply has no names yet, and the shell must not see a message. */
async function namesOf(
  { words, cwd }: CliContext,
): Promise<{ readonly sweeps: readonly string[]; readonly swept: readonly string[] }> {
  try {
    const { findWorkflow, loadWorkflow } = await import("../core/mod.ts");
    const target = splitTarget(words.slice(1, -1).filter((word) => !word.startsWith("-")), cwd);
    const file = target.file ?? findWorkflow(target.dir);
    const { workflow } = await loadWorkflow(file, { cwd, set: [], params: [] });
    const { nodes = {}, sets = {} } = workflow.variants ?? {};
    const names = [
      ...workflow.inputs.map(({ name }) => name),
      ...Object.keys(workflow.params),
      ...Object.keys(sets).length > 0 ? ["variant"] : [],
      ...Object.keys(nodes).map((node) => `variant.${node}`),
    ];
    return {
      sweeps: Object.keys(workflow.sweeps ?? {}),
      swept: names.map((name) => `${name}=`),
    };
  } catch {
    return { sweeps: [], swept: [] };
  }
}
