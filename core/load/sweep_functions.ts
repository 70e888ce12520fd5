/**
 * Calls the functions of a sweep, for all combinations at once, without any permission. Does not know what the answers mean.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import type { Combination } from "../sweep.ts";
import type { FunctionRef, Json } from "../workflow.ts";
import { evaluateModule } from "./evaluate.ts";
import { ModuleProblem, readModuleGraph } from "./module_graph.ts";

/**
 * Calls a function once for each combination, with the values by name as its argument.
 *
 * @returns What it returned, as data; or what is wrong.
 */
export async function callForEach(
  ref: FunctionRef,
  combinations: readonly Combination[],
): Promise<readonly Json[] | { readonly problem: string; readonly hint?: string }> {
  const url = pathToFileURL(ref.path).href;
  // A module of its own, so that the function's one is evaluated as it is, whatever else it does.
  const caller = new URL(".flow-sweep.js", url).href;
  const source = `import * as module from ${JSON.stringify(url)};
const call = module[${JSON.stringify(ref.export)}];
if (typeof call !== "function") {
  throw new Error("it exports no function ${ref.export}");
}
const all = JSON.parse(${JSON.stringify(JSON.stringify(combinations))});
export default await Promise.all(all.map((values) => call(values)));
`;
  try {
    const graph = new Map([
      [caller, { format: "module" as const, source, imports: { [url]: url } }],
      ...readModuleGraph(ref.path),
    ]);
    const evaluation = await evaluateModule(graph);
    if (!evaluation.ok) return { problem: evaluation.message, ...hintOf(evaluation.message) };
    return Array.isArray(evaluation.data) ? evaluation.data : { problem: "it returned no list" };
  } catch (error) {
    if (!(error instanceof ModuleProblem)) throw error;
    return { problem: error.message.replaceAll(ref.path, ref.module) };
  }
}

function hintOf(message: string): { readonly hint?: string } {
  if (!/Requires (?:read|write|net|env|run|sys|ffi|import) access/.test(message)) return {};
  return { hint: "functions of sweeps have no permissions: use what they are given" };
}
