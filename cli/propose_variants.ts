/**
 * Words for the shell to complete choices among variants with. Does not know the shell.
 *
 * @module
 */

import type { CliContext } from "./context.ts";
import { splitTarget } from "./workflow_argument.ts";

/**
 * Proposes the sets of a workflow file, and the variants of its nodes.
 *
 * Never throws: a workflow with errors simply has no names yet, and the shell must not see a message.
 */
export async function proposeVariants(
  this: CliContext,
  partial: string,
): Promise<readonly string[]> {
  try {
    const { findWorkflow, loadWorkflow } = await import("../core/mod.ts");
    const words = this.words.slice(1, -1).filter((word) => !word.startsWith("-"));
    const target = splitTarget(words, this.cwd);
    const file = target.file ?? findWorkflow(target.dir);
    const { variants } = (await loadWorkflow(file, { cwd: this.cwd })).workflow;
    const single = Object.entries(variants?.nodes ?? {}).flatMap(([node, { defs }]) =>
      Object.keys(defs).map((variant) => `${node}=${variant}`)
    );
    return [...Object.keys(variants?.sets ?? {}), ...single].filter((word) =>
      word.startsWith(partial)
    );
  } catch {
    return [];
  }
}
