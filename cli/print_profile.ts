/**
 * Prints what the nodes of the newest run took when they last ran. Does not read the workflow or run anything.
 *
 * @module
 */

import { profileColumns } from "./history_columns.ts";
import type { OpenedHistory } from "./open_store.ts";
import { printRecords, type RecordFormat } from "./records.ts";

/**
 * Prints one line per node, the one that took longest first.
 *
 * @param node Only this node.
 * @param limit Nodes at most.
 */
export async function printProfile(
  { history }: OpenedHistory,
  { node, limit, format }: {
    readonly node: string | undefined;
    readonly limit: number | undefined;
    readonly format: RecordFormat;
  },
): Promise<void> {
  const entries = history.profile(node, limit);
  await printRecords(entries, await profileColumns(entries, format === "table"), format);
}
