/**
 * Words for the shell to complete where nodes run. Does not know the shell.
 *
 * @module
 */

import type { CliContext } from "./context.ts";
import { splitTarget } from "./workflow_argument.ts";

/** Proposes the executors of a workflow file, behind `NODE=` as well as by themselves. */
export async function proposeExecutors(
  this: CliContext,
  partial: string,
): Promise<readonly string[]> {
  const { executors, nodes } = await namesOf(this);
  const node = partial.slice(0, partial.indexOf("=") + 1);
  const words = node === ""
    ? [...executors, ...nodes.map((name) => `${name}=`)]
    : executors.map((name) => node + name);
  return words.filter((word) => word.startsWith(partial));
}

/** Proposes nodes, to give something to. */
export async function proposePlaced(this: CliContext, partial: string): Promise<readonly string[]> {
  const { nodes } = await namesOf(this);
  return nodes.map((name) => `${name}=`).filter((word) => word.startsWith(partial));
}

/** Never throws: a workflow with errors simply has no names yet, and the shell must not see a message. */
async function namesOf(
  { words, cwd }: CliContext,
): Promise<{ readonly executors: readonly string[]; readonly nodes: readonly string[] }> {
  try {
    const { findWorkflow, loadWorkflow } = await import("../core/mod.ts");
    const target = splitTarget(words.slice(1, -1).filter((word) => !word.startsWith("-")), cwd);
    const file = target.file ?? findWorkflow(target.dir);
    const { workflow } = await loadWorkflow(file, { cwd, set: [], params: [] });
    const executors = new Set(["default", ...Object.keys(workflow.executors ?? {})]);
    return { executors: [...executors], nodes: workflow.nodes.map(({ name }) => name) };
  } catch {
    return { executors: [], nodes: [] };
  }
}
