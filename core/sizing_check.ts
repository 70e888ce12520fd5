/**
 * Checks functions that say what nodes take before anything runs: they must be there, and take inputs of their node. Does not know
 * what they return.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { didYouMean } from "./base/suggest.ts";
import type { Graph } from "./graph.ts";
import type { Parameters } from "./node_wiring.ts";
import { sizingNode } from "./sizing.ts";
import type { NodeDef } from "./workflow.ts";

/** Returns the problems of all such functions. */
export function checkSizing(
  { workflow: { locate }, defs, wires }: Graph,
  parametersOf: (def: NodeDef) => Parameters | { readonly problem: string; readonly hint?: string },
): Diagnostic[] {
  return defs.flatMap((def, id) => {
    const asked = sizingNode(def);
    if (asked === undefined) return [];
    const span = locate(["nodes", def.name, "resources", "call"]);
    const problem = (message: string, hint?: string): Diagnostic => ({
      severity: "error",
      code: "bad-resources",
      message,
      ...(span === undefined ? {} : { span }),
      ...(hint === undefined ? {} : { hint }),
    });
    const whose = `"resources" of node "${def.name}"`;
    const parameters = parametersOf(asked);
    if ("problem" in parameters) {
      return [
        problem(parameters.problem.replace(`for node`, `for "resources" of node`), parameters.hint),
      ];
    }
    if (parameters.kind !== "named") return [];
    const inputs = wires[id].map(({ argument }) => argument);
    return parameters.names.filter(({ name, optional }) => !optional && !inputs.includes(name)).map(
      ({ name }) =>
        problem(
          `Cannot call the function for ${whose}: it takes "${name}", which is no input of the node`,
          didYouMean(name, inputs) ?? "take inputs of the node only; the attempt is ctx.attempt",
        ),
    );
  });
}
