/** Random workflows with random edits through the command line: a sample of what `deno task oracle:cli` runs. */

import { checkCommandLine } from "../property/command_line.ts";
import { assertEquals } from "../testing/assert.ts";

Deno.test("twelve random workflows run what the oracle says, and end as a clean run does", async () => {
  const { workflows, runs } = await checkCommandLine(12, { seed: 1, jobs: 2 });
  assertEquals([workflows, runs], [12, 60]);
});
