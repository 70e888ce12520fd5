/**
 * `flow init`: writes a small workflow that runs. Does not run it.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import { UsageError } from "../../core/base/error.ts";
import type { CliContext } from "../context.ts";
import { COMMON_FLAGS, type CommonFlags } from "../flags.ts";
import { writeStderr } from "../output.ts";

const WORKFLOW_YAML = `# Run it with "flow run", look at it with "flow graph".
name: hello
params:
  greeting: Hello
inputs:
  names: { default: [Ada, Grace, Barbara] }
nodes:
  greetings:
    call: nodes.ts#greet
    inputs: { names: names, greeting: params.greeting }
  letter:
    call: nodes.ts#join
    inputs: { lines: greetings }
  count:
    run: printf %s \${in.letter} | wc -c > \${out.count}
    inputs: { letter: letter }
    outputs: { count: { file: out/count.txt } }
`;

const NODES_TS =
  `export function greet({ names, greeting }: { names: string[]; greeting: string }): string[] {
  return names.map((name) => \`\${greeting}, \${name}!\`);
}

export function join({ lines }: { lines: string[] }): string {
  return lines.map((line) => line + "\\n").join("");
}
`;

/** Files of a new workflow, by name. */
const FILES: Readonly<Record<string, string>> = {
  "workflow.yaml": WORKFLOW_YAML,
  "nodes.ts": NODES_TS,
};

/** `flow init`. */
export const initCommand: Command<CliContext> = buildCommand<CommonFlags, [string?], CliContext>({
  func: init,
  parameters: {
    flags: COMMON_FLAGS,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: String,
        optional: true,
        placeholder: "[DIR]",
        brief: "Where to write it, the current directory by default",
      }],
    },
  },
  docs: { brief: "Write a small workflow that runs" },
});

function init(this: CliContext, _flags: CommonFlags, dir = "."): void {
  const root = dir.startsWith("/") ? dir : `${this.cwd}/${dir}`;
  const paths = Object.keys(FILES).map((name) => `${root}/${name}`);
  const existing = paths.find(exists);
  if (existing !== undefined) {
    throw new UsageError(`Cannot write a workflow to "${dir}": a file is already there`, {
      facts: { file: existing },
      hint: `name another directory: "flow init DIR"`,
    });
  }
  createDirectory(root, dir);
  for (const [name, text] of Object.entries(FILES)) {
    Deno.writeTextFileSync(`${root}/${name}`, text, { createNew: true });
  }
  const cd = dir === "." ? "" : `cd ${dir} && `;
  writeStderr(`Wrote ${Object.keys(FILES).join(" and ")}; try "${cd}flow run"\n`);
}

function createDirectory(path: string, shown: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new UsageError(`Cannot create directory "${shown}"`, {
      facts: { reason: cause instanceof Error ? cause.message : String(cause) },
    });
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
