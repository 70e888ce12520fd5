/**
 * The options of commands in workflow files. Does not know functions, wiring, or what the options do.
 *
 * @module
 */

import { name, path, stream, variables } from "./schema_values.ts";
import {
  choice,
  documented,
  either,
  type Fields,
  list,
  number,
  object,
  scalarText,
  text,
} from "./shape.ts";

/** Which shell runs a text. */
export const shell = documented(
  text({ expected: "a shell", pattern: /^\S(?:.*\S)?$/ }),
  "Commands written as a text: the shell that runs it.",
  {
    default: "sh",
  },
);

/** Whether a command is confined. */
export const sandbox = documented(
  choice("auto", "strict", "off"),
  "Commands: whether they are confined to their scope where the machine can do it.",
  { default: "auto" },
);

/** A command: arguments, or a text for the shell. */
export const command = either(
  // deno-lint-ignore no-control-regex -- NUL is what it is about
  text({ expected: "a script", pattern: /^[^\u0000]*\S[^\u0000]*$/ }),
  list(scalarText, { min: 1, what: "texts" }),
);

/** Options only commands have. */
export const commandFields = {
  stdin: documented(name, "The argument that is fed to the command."),
  stdout: stream,
  stderr: stream,
  exitCode: documented(name, "The output that gets the exit code."),
  commandLine: documented(name, "The output that gets the arguments the command was started with."),
  hooks: documented(
    object({
      before: documented(command, "Runs before the command; a failure fails the node."),
      after: documented(command, "Runs after the command, if that succeeded."),
    }, { expected: "a mapping with before or after" }),
    "Commands around this one: same directory, variables, permissions and log.",
  ),
  okCodes: documented(
    list(number({ integer: true, min: 0, max: 255 }), { min: 1, what: "exit codes" }),
    "Exit codes that count as success.",
    { default: [0] },
  ),
  cwd: documented(
    path,
    'Working directory relative to the workflow file, or "private" for the node\'s own.',
    { default: "." },
  ),
  env: documented(variables, "Variables set for the command; the values of others are not seen."),
  shell,
  sandbox,
} satisfies Fields;

/** Options that only fit commands. */
export const COMMAND_ONLY: readonly string[] = Object.keys(commandFields);
