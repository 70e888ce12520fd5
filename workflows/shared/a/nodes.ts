/** What project a makes of the intervals. */

import type { Interval } from "../common/bootstrap.ts";

/** Writes one line per species. */
export async function writeTable(
  { intervals }: { intervals: readonly Interval[] },
  ctx: { out: { table: string } },
): Promise<void> {
  const rows = intervals.map(({ species, birds, slope, low, high }) =>
    [species, birds, ...[slope, low, high].map((value) => value.toFixed(2))].join("\t")
  );
  const lines = ["species\tbirds\tg_per_mm\tlow\thigh", ...rows, ""];
  await Deno.writeTextFile(ctx.out.table, lines.join("\n"));
}
