/**
 * Words for the shell to complete names of a workflow with. Does not know the shell.
 *
 * @module
 */

import type { CliContext } from "./context.ts";
import { splitTarget } from "./workflow_argument.ts";

/** What may stand before a name: earlier names of a list, and a sign that selects upstream nodes too. */
const BEFORE_NAME = /^(?:.*,)?\+?/;

/**
 * Proposes nodes, outputs and workflow files that begin like a word.
 *
 * Never throws: a workflow with errors simply has no names yet, and the shell must not see a message.
 */
export async function proposeNames(this: CliContext, partial: string): Promise<readonly string[]> {
  const words = this.words.slice(1, -1).filter((word) => !word.startsWith("-"));
  const all = [...await namesOf(words, this.cwd), ...words.length === 0 ? filesIn(this.cwd) : []];
  const [before = ""] = BEFORE_NAME.exec(partial) ?? [];
  return [...new Set(all)].map((name) => before + name).filter((word) => word.startsWith(partial));
}

/** Names of nodes and outputs of the workflow that the words so far mean. */
async function namesOf(words: readonly string[], cwd: string): Promise<string[]> {
  try {
    const { findWorkflow, loadWorkflow } = await import("../core/mod.ts");
    const target = splitTarget(words, cwd);
    const file = target.file ?? findWorkflow(target.dir);
    const { workflow } = await loadWorkflow(file, { cwd, set: [], params: [] });
    return workflow.nodes.flatMap((node) => [node.name, ...node.outputs.map(({ name }) => name)]);
  } catch {
    return [];
  }
}

/** Workflow files of a directory. */
function filesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) =>
    /\.ya?ml$/.test(name) || name === "workflow.ts"
  );
}

/**
 * Defines positional words that start with an optional workflow.
 *
 * @param words As help shows them, for example `[WORKFLOW] [NAMES…]`.
 * @param brief What they are to this command.
 */
export function namesParameter(words: string, brief: string): {
  readonly kind: "array";
  readonly parameter: {
    readonly parse: (text: string) => string;
    readonly proposeCompletions: typeof proposeNames;
    readonly placeholder: string;
    readonly brief: string;
  };
} {
  return {
    kind: "array",
    parameter: { parse: String, proposeCompletions: proposeNames, placeholder: words, brief },
  };
}
