/**
 * What references of a command stand for: paths as the command sees them, values as texts. Does not know the syntax of
 * commands or how they are run.
 *
 * @module
 */

import { relative } from "node:path";
import type { Action, ActionInput, ActionOutput, RunWork } from "../action.ts";
import { decodeValue } from "../base/value.ts";
import type { ActionBytes } from "./action_bytes.ts";
import { FillError, type Lookup, type Rendered, renderValue, scalarText } from "./shell.ts";

/** Where a command's references lead. */
export interface Place {
  /** Path of each file output, absolute. */
  readonly outPaths: ReadonlyMap<string, string>;
  /** Directory that paths are shown relative to. */
  readonly cwd: string;
}

/** What paths are shown by. */
type Shown = Pick<RunWork, "cwd" | "workflowDir">;

/** Returns what each reference of a command stands for. */
export function lookupIn(
  action: Action & { readonly work: RunWork },
  bytes: ActionBytes,
  { outPaths, cwd }: Place,
): Lookup {
  const work = { ...action.work, cwd };
  return ({ kind, name }) => {
    switch (kind) {
      case "in": {
        const input = action.inputs.find((candidate) => candidate.name === name);
        if (input === undefined) throw unknownReference(`in.${name}`, action.inputs);
        return renderInput(input, work, bytes);
      }
      case "out": {
        const path = outPaths.get(name);
        if (path === undefined) throw unknownReference(`out.${name}`, action.outputs);
        return { texts: [shownPath(path, work)], isMulti: false };
      }
      case "params":
        if (!Object.hasOwn(work.params, name)) {
          throw new FillError(`Cannot fill "\${params.${name}}": there is no such parameter`);
        }
        return renderValue(work.params[name]);
    }
  };
}

function unknownReference(
  name: string,
  known: readonly (ActionInput | ActionOutput)[],
): FillError {
  const names = known.map((item) => item.name).join(", ") || "none";
  const what = name.startsWith("in.") ? "inputs" : "file outputs";
  return new FillError(
    `Cannot fill "\${${name}}": the node has no such name; its ${what}: ${names}`,
  );
}

/** Returns the texts of an input. */
export function renderInput(input: ActionInput, work: Shown, bytes: ActionBytes): Rendered {
  switch (input.kind) {
    case "value":
      return renderValue(decodeValue(input.text ?? bytes.read(input.digest)));
    case "file":
    case "dir":
      return { texts: [shownPath(input.path, work)], isMulti: false };
    case "files":
      return { texts: input.paths.map((path) => shownPath(path, work)), isMulti: true };
    case "array": {
      const texts = input.elements.flatMap((element) => elementTexts(element, work, bytes));
      return { texts, isMulti: true };
    }
  }
}

/** An element is one text, so that the number of arguments is the number of elements; a glob has one per file. */
export function elementTexts(
  element: ActionInput,
  work: Shown,
  bytes: ActionBytes,
): readonly string[] {
  if (element.kind !== "value") return renderInput(element, work, bytes).texts;
  return [scalarText(decodeValue(element.text ?? bytes.read(element.digest)))];
}

/** Inside the workflow's directory paths are relative to the command's: logs and results then name no machine. */
export function shownPath(path: string, work: Shown): string {
  const inProject = path === work.workflowDir || path.startsWith(`${work.workflowDir}/`);
  if (!inProject) return path;
  const shown = relative(work.cwd, path) || ".";
  // A file named "-rf" must not become a flag.
  return shown.startsWith("-") ? `./${shown}` : shown;
}
