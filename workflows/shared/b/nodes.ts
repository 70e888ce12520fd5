/** What project b makes of the intervals. */

import type { Interval } from "../common/bootstrap.ts";

/** Writes one sentence per species, the steepest first. */
export async function writeReport(
  { slopes }: { slopes: readonly Interval[] },
  ctx: { out: { report: string } },
): Promise<void> {
  const lines = slopes.toSorted((a, b) => b.slope - a.slope).map(
    ({ species, birds, slope, low, high }) =>
      `- **${species}** (${birds} birds): ${slope.toFixed(0)} g per mm of flipper, ` +
      `${low.toFixed(0)} to ${high.toFixed(0)} with 95 % confidence`,
  );
  await Deno.writeTextFile(ctx.out.report, ["# Mass and flippers", "", ...lines, ""].join("\n"));
}
