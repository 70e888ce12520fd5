/**
 * How many stored results were dropped, in words. Does not drop any.
 *
 * @module
 */

import type { Forgotten } from "../core/mod.ts";

/** Returns `forgot 3 results of "model"` with a final newline; of several nodes only how many, and calls if there are any. */
export function formatForgotten({ nodes, results, calls }: Forgotten): string {
  const of = nodes.length === 1 ? `"${nodes[0]}"` : `${nodes.length} nodes`;
  const single = calls === 0 ? "" : ` and ${calls} ${calls === 1 ? "call" : "calls"}`;
  return `forgot ${results} ${results === 1 ? "result" : "results"}${single} of ${of}\n`;
}
