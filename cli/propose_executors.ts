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

/** Proposes nodes whose calls travel together. */
export async function proposePacked(this: CliContext, partial: string): Promise<readonly string[]> {
  const { packed } = await namesOf(this);
  return packed.map((name) => `${name}=`).filter((word) => word.startsWith(partial));
}

/** Names of a workflow file. */
interface Names {
  readonly executors: readonly string[];
  /** Nodes that run, which those that another one nests do not. */
  readonly nodes: readonly string[];
  readonly packed: readonly string[];
}

/** Never throws: a workflow with errors simply has no names yet, and the shell must not see a message. */
async function namesOf({ words, cwd }: CliContext): Promise<Names> {
  try {
    const { aloneBecause, findWorkflow, loadWorkflow } = await import("../core/mod.ts");
    const target = splitTarget(words.slice(1, -1).filter((word) => !word.startsWith("-")), cwd);
    const file = target.file ?? findWorkflow(target.dir);
    const { workflow } = await loadWorkflow(file, { cwd, set: [], params: [] });
    const executors = new Set(["default", ...Object.keys(workflow.executors ?? {})]);
    const nested = new Set(workflow.nodes.flatMap(({ nest }) => nest?.nodes ?? []));
    const running = workflow.nodes.filter(({ name }) => !nested.has(name));
    return {
      executors: [...executors],
      nodes: running.map(({ name }) => name),
      packed: running.filter((def) => aloneBecause(def) === undefined).map(({ name }) => name),
    };
  } catch {
    return { executors: [], nodes: [], packed: [] };
  }
}
