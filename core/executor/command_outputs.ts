/**
 * After a command: checks that the declared outputs are there and moves them into the store. Does not know processes.
 *
 * @module
 */

import { type ActionOutput, INLINE_BYTES, type OutputResult } from "../action.ts";
import { encodedBytes, encodeValue } from "../base/value.ts";
import { digestOf } from "../base/digest.ts";
import { messageOf } from "../base/error.ts";
import type { ActionBytes } from "./action_bytes.ts";
import { type CommandAction, CommandFailure, type CommandPlan } from "./command_plan.ts";

/** How many left-behind names a message lists. */
const MAX_LISTED = 10;

/**
 * Stores all declared outputs.
 *
 * @param recorded Outputs that the command did not deliver itself, by name; as files they become JSON text.
 * @throws {CommandFailure} If one is missing, empty, of the wrong kind, or not readable as its value.
 */
export function collectOutputs(
  action: CommandAction,
  plan: CommandPlan,
  bytes: ActionBytes,
  recorded: ReadonlyMap<string, unknown>,
): OutputResult[] {
  for (const [name, value] of recorded) {
    const path = plan.outPaths.get(name);
    if (path !== undefined) Deno.writeTextFileSync(path, `${JSON.stringify(value)}\n`);
  }
  // All are checked before the first is moved: a message about what is there must still find it.
  for (const output of action.outputs) {
    if (output.kind !== "value") checkFile(output, action, plan);
  }
  return action.outputs.map((output) => {
    if (output.kind === "value") {
      return recorded.has(output.name)
        ? valueResult(output, recorded.get(output.name), bytes)
        : storeValue(output, action, plan, bytes);
    }
    // Checked above: every file output has a path.
    const path = plan.outPaths.get(output.name)!;
    if (output.kind === "file") {
      return { name: output.name, kind: "file", ...bytes.of(output).adopt(path) };
    }
    return { name: output.name, kind: "dir", ...bytes.of(output).adoptTree(path) };
  });
}

function contract(message: string, hint?: string): CommandFailure {
  return new CommandFailure({ reason: "contract", message, hint, isFinal: false });
}

function checkFile(output: ActionOutput, action: CommandAction, plan: CommandPlan): void {
  const path = plan.outPaths.get(output.name) ?? "";
  const what = output.kind === "dir" ? "directory" : "file";
  const title = `Cannot find output "${output.name}"`;
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw missing(output, action);
  }
  if (info.isSymlink) {
    throw contract(
      `${title}: the command left a symbolic link`,
      `Write the ${what} itself to \${out.${output.name}}`,
    );
  }
  if (output.kind === "dir" ? !info.isDirectory : !info.isFile) {
    const found = info.isDirectory ? "directory" : info.isFile ? "file" : "special file";
    throw contract(
      `${title}: a ${what} is declared, the command left a ${found}`,
      info.isDirectory || info.isFile
        ? `Declare it as { ${found === "directory" ? "dir" : "file"}: … }`
        : undefined,
    );
  }
  if (output.allowEmpty) return;
  const isEmpty = info.isFile ? info.size === 0 : Deno.readDirSync(path).next().done === true;
  if (isEmpty) {
    throw contract(
      `Output "${output.name}" is an empty ${what}`,
      "Add allowEmpty: true to the output if that is right",
    );
  }
}

function missing(output: ActionOutput, action: CommandAction): CommandFailure {
  const left = [...Deno.readDirSync(action.privateDir)].map((entry) => entry.name).sort();
  const listed = left.slice(0, MAX_LISTED).map((name) => `"${name}"`).join(", ");
  const more = left.length > MAX_LISTED ? ` and ${left.length - MAX_LISTED} more` : "";
  const facts = left.length === 0 ? "it wrote no output" : `it wrote ${listed}${more}`;
  const stream = action.work.stdout === undefined && output.kind === "file"
    ? `, or declare stdout: ${output.name}`
    : "";
  return contract(
    `Cannot find output "${output.name}": the command ended well, but ${facts}`,
    `Let the command write to \${out.${output.name}}${stream}`,
  );
}

function storeValue(
  output: ActionOutput,
  action: CommandAction,
  plan: CommandPlan,
  bytes: ActionBytes,
): OutputResult {
  const { work } = action;
  const fromStdout = work.stdout?.output === output.name;
  const stream = fromStdout ? work.stdout : work.stderr;
  if (stream?.output !== output.name) {
    throw contract(
      `Cannot find output "${output.name}": neither stdout nor stderr delivers it`,
      `Add stdout: ${output.name}, or declare the output as a file`,
    );
  }
  const text = decoded(
    output.name,
    fromStdout ? "stdout" : "stderr",
    fromStdout ? plan.stdout : plan.stderr,
  );
  return valueResult(output, streamValue(output.name, text, stream.as), bytes);
}

function valueResult(output: ActionOutput, value: unknown, bytes: ActionBytes): OutputResult {
  const encoded = encodeValue(value);
  const content = encodedBytes(encoded);
  const base = { name: output.name, kind: "value", sizeBytes: content.length } as const;
  if (encoded.text !== undefined && content.length <= INLINE_BYTES) {
    return { ...base, digest: digestOf(content), text: encoded.text };
  }
  return { ...base, digest: bytes.of(output).put(content) };
}

function decoded(name: string, stream: string, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Deno.readFileSync(path),
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw contract(
      `Cannot read ${stream} as output "${name}": it is not UTF-8 text`,
      `Declare the output as a file: ${name}: { file: … }`,
    );
  }
}

function streamValue(name: string, text: string, as: "text" | "json" | "lines"): unknown {
  switch (as) {
    case "text":
      return text;
    case "lines":
      return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
    case "json":
      try {
        return JSON.parse(text);
      } catch (error) {
        const shown = text.trim() === "" ? "it is empty" : messageOf(error);
        throw contract(
          `Cannot read output "${name}" as JSON: ${shown}`,
          "Let the command print one JSON value and nothing else, or take the output as text or lines",
        );
      }
  }
}
