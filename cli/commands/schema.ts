/**
 * `flow schema`: prints the JSON Schema of workflow files, for editors. Does not read a workflow.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { COMMON_FLAGS, type CommonFlags } from "../flags.ts";
import { writeStdout } from "../output.ts";

/** `flow schema`. */
export const schemaCommand: Command<CliContext> = buildCommand<CommonFlags, [], CliContext>({
  func: schema,
  parameters: { flags: COMMON_FLAGS },
  docs: { brief: "Print the JSON Schema of workflow files" },
});

async function schema(this: CliContext): Promise<void> {
  const { jsonSchema } = await import("../../core/mod.ts");
  writeStdout(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
}
