/**
 * What only command nodes have, from validated fields: commands as they are written, outputs that tell of a command,
 * hooks, variables. Does not know functions or what is on disk.
 *
 * @module
 */

import { didYouMean } from "../base/suggest.ts";
import { SHEBANG } from "../shebang.ts";
import {
  COMMAND_DEFAULTS,
  type CommandLine,
  type CommandOptions,
  type OutputDef,
  type SourceRef,
  type StreamOutput,
} from "../workflow.ts";
import type { Report } from "./node.ts";
import type { NodeFields } from "./schema.ts";
import { isList } from "./shape.ts";

/** Returns a command as the workflow holds it. */
export function lineOf(run: string | readonly string[], shell: string): CommandLine {
  if (typeof run !== "string") return { argv: run };
  return { script: run, shell: run.startsWith(SHEBANG) ? SHEBANG : shell };
}

/** The outputs that get what a command tells: its text streams, its exit code, its arguments. */
export type CommandOutputs = Pick<CommandOptions, "stdout" | "stderr" | "exitCode" | "commandLine">;

/** Reads which outputs tell of a command. */
export function commandOutputsOf(fields: NodeFields, report: Report): CommandOutputs {
  const read = (key: "stdout" | "stderr"): StreamOutput | undefined => {
    const stream = fields[key];
    if (stream === undefined) return undefined;
    if (typeof stream === "string") return { output: stream, as: "text" };
    const { output, as = "text" } = stream;
    return output === undefined ? undefined : { output, as };
  };
  const stdout = read("stdout");
  const stderr = read("stderr");
  if (stdout !== undefined && stderr?.output === stdout.output) {
    const message = `Cannot send both stdout and stderr of @ to output "${stdout.output}"`;
    report("conflict", message, ["stderr"], {
      hint: "Name another output, or use 2>&1 in a script",
    });
  }
  const { exitCode, commandLine } = fields;
  const used = new Set([stdout?.output, stderr?.output]);
  for (const [key, name] of [["exitCode", exitCode], ["commandLine", commandLine]] as const) {
    if (name !== undefined && used.has(name)) {
      const message = `Cannot send "${key}" of @ to output "${name}": something else fills it`;
      report("conflict", message, [key], { hint: "Name another output" });
    }
    used.add(name);
  }
  return {
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(exitCode !== undefined && { exitCode }),
    ...(commandLine !== undefined && { commandLine }),
  };
}

/**
 * Adds the outputs that tell of a command and are not declared, and reports those that nothing fills.
 *
 * @param outputs The declared ones.
 */
export function fillOutputs(
  outputs: OutputDef[],
  told: CommandOutputs,
  own: NodeFields,
  report: Report,
): void {
  const streams = [told.stdout, told.stderr].filter((stream) => stream !== undefined);
  for (const { output, as } of streams) {
    const declared = outputs.find((other) => other.name === output);
    if (declared === undefined) outputs.push(valueOutput(output));
    else if (declared.kind === "dir" || (declared.kind === "file" && as !== "text")) {
      const what = declared.kind === "dir"
        ? "a directory"
        : `a file, so it cannot be read as ${as}`;
      report("conflict", `Cannot send a stream of @ to output "${output}": it is ${what}`, [
        told.stdout?.output === output ? "stdout" : "stderr",
      ]);
    }
  }
  for (const key of ["exitCode", "commandLine"] as const) {
    const output = told[key];
    const declared = outputs.find((other) => other.name === output);
    if (output !== undefined && declared === undefined) outputs.push(valueOutput(output));
    else if (declared?.kind === "dir") {
      const message = `Cannot send "${key}" of @ to output "${output}": it is a directory`;
      report("conflict", message, [key], { hint: "Declare it as { file: PATH }, or not at all" });
    }
  }
  const filled = [...streams.map(({ output }) => output), told.exitCode, told.commandLine];
  rejectSourceless(outputs, filled, own, report);
}

/** A command delivers values only through its streams, its exit code and its arguments. */
function rejectSourceless(
  outputs: readonly OutputDef[],
  filled: readonly (string | undefined)[],
  own: NodeFields,
  report: Report,
): void {
  for (const { name, kind } of outputs) {
    if (kind !== "value" || filled.includes(name)) continue;
    const at = isList(own.outputs ?? null)
      ? (own.outputs as readonly string[]).indexOf(name)
      : name;
    report(
      "no-source",
      `Cannot fill output "${name}" of @: a command returns no values`,
      ["outputs", at],
      { hint: `Write ${name}: { file: PATH }, or add stdout: ${name}` },
    );
  }
}

/** A value output with default options. */
export function valueOutput(name: string): OutputDef {
  return { name, kind: "value", temp: false, allowEmpty: false };
}

/** Returns the options of a command. */
export function commandOf(
  fields: NodeFields,
  inputs: Readonly<Record<string, SourceRef>>,
  outputs: CommandOutputs,
  report: Report,
): CommandOptions {
  const { stdin } = fields;
  if (stdin !== undefined && !Object.hasOwn(inputs, stdin)) {
    report("unknown-input", `Cannot feed "${stdin}" to stdin of @: it is none of its inputs`, [
      "stdin",
    ], { hint: didYouMean(stdin, Object.keys(inputs)) ?? `Add "${stdin}" to its inputs` });
  }
  const env: Record<string, string | { readonly env: string }> = {};
  for (const [key, value] of Object.entries(fields.env ?? {})) {
    if (typeof value === "string") env[key] = value;
    else if (value.env !== undefined) env[key] = { env: value.env };
  }
  return {
    ...(stdin === undefined ? {} : { stdin }),
    ...outputs,
    ...hooksOf(fields),
    okCodes: fields.okCodes ?? COMMAND_DEFAULTS.okCodes,
    cwd: fields.cwd ?? COMMAND_DEFAULTS.cwd,
    env,
    sandbox: fields.sandbox ?? COMMAND_DEFAULTS.sandbox,
  };
}

function hooksOf({ hooks, shell = "sh" }: NodeFields): Pick<CommandOptions, "hooks"> {
  if (hooks === undefined) return {};
  const { before, after } = hooks;
  return {
    hooks: {
      ...(before === undefined ? {} : { before: lineOf(before, shell) }),
      ...(after === undefined ? {} : { after: lineOf(after, shell) }),
    },
  };
}
