/**
 * How many stored results were dropped, in words. Does not drop any.
 *
 * @module
 */

import type { Forgotten } from "../core/mod.ts";

/** Returns `forgot 3 results of "model"` with a final newline; of several nodes only how many. */
export function formatForgotten({ nodes, results }: Forgotten): string {
  const of = nodes.length === 1 ? `"${nodes[0]}"` : `${nodes.length} nodes`;
  return `forgot ${results} ${results === 1 ? "result" : "results"} of ${of}\n`;
}
