/**
 * From a command as written to the arguments it is started with, and the variables and the script file it needs. Does not
 * know streams, private directories or processes.
 *
 * @module
 */

import type { Action, ActionInput, RunWork } from "../action.ts";
import { decodeValue } from "../base/value.ts";
import { interpreterOf, SHEBANG, templateModeOf, variableOf } from "../shebang.ts";
import type { ActionBytes } from "./action_bytes.ts";
import { parseTemplate, type Template, type TemplateMode } from "../template.ts";
import { elementTexts, lookupIn, type Place, shownPath } from "./command_render.ts";
import { checkedText, fillArgv, FillError, fillScript, scalarText, shellArgv } from "./shell.ts";

/** Arguments with what they need. */
export interface FilledCommand {
  readonly argv: readonly string[];
  /** Variables that hold values of references, or of inputs and outputs. */
  readonly variables: Readonly<Record<string, string>>;
  /** Script that names its interpreter: the text of the file that `argv` names last. */
  readonly script?: string;
}

/** Where the parts of a command are. */
export interface CommandPlace extends Place {
  /** Where the file of a script that names its interpreter is. */
  readonly scriptPath: string;
}

/** A command action. */
type RunAction = Action & { readonly work: RunWork };

/**
 * Fills in the command of an action.
 *
 * @throws {FillError} If a value cannot be inserted.
 */
export function fillCommand(
  action: RunAction,
  bytes: ActionBytes,
  place: CommandPlace,
): FilledCommand {
  const { work } = action;
  const lookup = lookupIn(action, bytes, place);
  if (work.argv !== undefined) {
    const argv = fillArgv(work.argv.map((text) => parsed(text, "argv")), lookup);
    if (argv.length === 0 || argv[0] === "") {
      throw new FillError("Cannot run an empty command", "Name a program first");
    }
    return { argv, variables: {} };
  }
  const { script = "", shell = "sh" } = work;
  const filled = fillScript(parsed(script, templateModeOf({ script, shell })), lookup);
  if (shell !== SHEBANG) return { argv: shellArgv(shell, filled), variables: filled.env };
  return {
    argv: interpreterArgv(script, place.scriptPath),
    variables: { ...filled.env, ...nodeVariables(action, bytes, place) },
    script: filled.script,
  };
}

/** What the kernel would start for an executable file with this first line. */
function interpreterArgv(script: string, path: string): string[] {
  const interpreter = interpreterOf(script);
  if (interpreter === undefined) {
    throw new FillError(
      "Cannot tell what runs the script: its first line names no absolute path",
      'Write "#!/usr/bin/env python3" or the like',
    );
  }
  const { program, argument } = interpreter;
  return argument === undefined ? [program, path] : [program, argument, path];
}

/** Inputs and file outputs as variables: no language needs to quote what it reads from its environment. */
function nodeVariables(
  { inputs, work }: RunAction,
  bytes: ActionBytes,
  { outPaths, cwd }: Place,
): Record<string, string> {
  const shown = { workflowDir: work.workflowDir, cwd };
  const variables: Record<string, string> = {};
  for (const input of inputs) {
    // What is read from stdin may be too large for a variable.
    if (input.name === work.stdin) continue;
    const text = variableText(input, bytes, shown);
    variables[variableOf("in", input.name)] = checkedText(text, `in.${input.name}`);
  }
  for (const [name, path] of outPaths) {
    variables[variableOf("out", name)] = checkedText(shownPath(path, shown), `out.${name}`);
  }
  return variables;
}

/** A text or number as it is, other data as JSON, files one per line. */
function variableText(
  input: ActionInput,
  bytes: ActionBytes,
  shown: Pick<RunWork, "cwd" | "workflowDir">,
): string {
  switch (input.kind) {
    case "value": {
      const value = decodeValue(input.text ?? bytes.read(input.digest));
      return Array.isArray(value) ? JSON.stringify(value) : scalarText(value);
    }
    case "file":
    case "dir":
      return shownPath(input.path, shown);
    case "files":
      return lines(input.name, input.paths.map((path) => shownPath(path, shown)));
    case "array":
      return lines(
        input.name,
        input.elements.flatMap((element) => elementTexts(element, shown, bytes)),
      );
  }
}

function lines(name: string, texts: readonly string[]): string {
  const broken = texts.find((text) => text.includes("\n"));
  if (broken === undefined) return texts.join("\n");
  throw new FillError(
    `Cannot write input "${name}" into a variable, one per line: ${
      JSON.stringify(broken)
    } has several lines`,
    "Pass it through a file or stdin",
  );
}

/** Elements of a map node share their templates. */
const templates = new Map<string, Template>();
const MAX_TEMPLATES = 10_000;

function parsed(text: string, mode: TemplateMode): Template {
  const key = `${mode}:${text}`;
  let template = templates.get(key);
  if (template === undefined) {
    const result = parseTemplate(text, mode);
    if (!result.ok) throw new FillError(result.message, result.hint);
    if (templates.size >= MAX_TEMPLATES) templates.clear();
    templates.set(key, template = result.template);
  }
  return template;
}
