/**
 * Files of a call: inputs staged under neutral names, outputs checked and moved into the store. Does not know workers.
 *
 * @module
 */

import type { ActionInput, ActionOutput, Failure, OutputResult } from "../action.ts";
import { messageOf } from "../base/error.ts";
import type { Blobs } from "../store/blobs.ts";

/** A failure found by the host, thrown to the place that ends the action. */
export class ActionFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Tells whether an input is or holds files. */
export function isFiles(input: ActionInput): boolean {
  if (input.kind === "array") return input.elements.some(isFiles);
  return input.kind !== "value";
}

/**
 * Makes the files of an input real files below `dir` and returns their paths: the node sees neither the original
 * name nor a link.
 *
 * @param input A file, directory or list of files.
 * @param place Neutral path without extension, for example `<in>/csv`.
 * @returns One path, or an array of them for a list.
 */
export function stageFiles(input: ActionInput, place: string): string | readonly string[] {
  try {
    switch (input.kind) {
      case "file":
        return stageFile(input.path, place + extensionOf(input.path));
      case "dir":
        stageTree(input.path, place);
        return place;
      case "files":
        return stageList(input.paths, place);
      default:
        return [];
    }
  } catch (error) {
    throw new ActionFailure({
      reason: "unavailable",
      message: `Cannot stage the input "${input.name}": ${messageOf(error)}`,
    });
  }
}

function extensionOf(path: string): string {
  return /[^/](\.[^./]+)$/.exec(path)?.[1] ?? "";
}

function stageFile(from: string, to: string): string {
  try {
    Deno.linkSync(from, to);
  } catch {
    // Another file system, another owner, a file system without hard links: whatever stops the link, a copy does.
    Deno.copyFileSync(from, to);
  }
  return to;
}

function stageTree(from: string, to: string): void {
  Deno.mkdirSync(to);
  for (const entry of Deno.readDirSync(from)) {
    const source = `${from}/${entry.name}`;
    const target = `${to}/${entry.name}`;
    if (entry.isDirectory) stageTree(source, target);
    // A link becomes the file it leads to; one that leads to a directory fails here, which also ends cycles.
    else stageFile(entry.isSymlink ? Deno.realPathSync(source) : source, target);
  }
}

/** Base names of a glob's files often carry meaning, so they are kept; files of one name get a numbered directory. */
function stageList(paths: readonly string[], place: string): string[] {
  Deno.mkdirSync(place);
  const seen = new Set<string>();
  return paths.map((path, i) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!seen.has(name)) {
      seen.add(name);
      return stageFile(path, `${place}/${name}`);
    }
    Deno.mkdirSync(`${place}/${i}`);
    return stageFile(path, `${place}/${i}/${name}`);
  });
}

/**
 * Returns the private path of each file output, and makes the directories the node is to fill.
 *
 * @param outDir Private directory of the outputs, present.
 */
export function outputPaths(
  outputs: readonly ActionOutput[],
  outDir: string,
): Record<string, string> {
  const paths: Record<string, string> = {};
  const taken = new Set<string>();
  for (const output of outputs) {
    if (output.kind === "value") continue;
    const base = output.fileName ?? output.name;
    let path = `${outDir}/${base}`;
    if (taken.has(base)) {
      Deno.mkdirSync(`${outDir}/${taken.size}`);
      path = `${outDir}/${taken.size}/${base}`;
    }
    taken.add(base);
    if (output.kind === "dir") Deno.mkdirSync(path);
    paths[output.name] = path;
  }
  return paths;
}

/**
 * Checks one file output and moves it into the store.
 *
 * @throws {ActionFailure} If it is missing, empty, of the wrong kind, or holds symbolic links.
 */
export function collectFile(output: ActionOutput, path: string, blobs: Blobs): OutputResult {
  const { name, kind } = output;
  const info = lstatOrNot(path);
  const noun = kind === "dir" ? "directory" : "file";
  if (info === undefined) {
    throw broken(
      `Output ${noun} "${name}" is missing`,
      `write it to the path in \`ctx.out.${name}\``,
    );
  }
  if (info.isSymlink) throw broken(`Output "${name}" is a symbolic link, not a ${noun}`);
  if (kind === "dir" ? !info.isDirectory : !info.isFile) {
    throw broken(`Output "${name}" is not a ${noun}`);
  }
  if (!output.allowEmpty && isEmpty(path, info)) {
    throw broken(
      `Output ${noun} "${name}" is empty`,
      "add `allowEmpty: true` to the output if that is right",
    );
  }
  try {
    if (kind === "dir") return { name, kind, ...blobs.adoptTree(path) };
    const { digest, sizeBytes, executable } = blobs.adopt(path);
    return { name, kind: "file", digest, sizeBytes, ...(executable ? { executable } : {}) };
  } catch (error) {
    throw broken(`Cannot store the output "${name}": ${messageOf(error)}`);
  }
}

function broken(message: string, hint?: string): ActionFailure {
  return new ActionFailure({ reason: "contract", message, ...(hint ? { hint } : {}) });
}

function isEmpty(path: string, info: Deno.FileInfo): boolean {
  if (info.isFile) return info.size === 0;
  for (const _ of Deno.readDirSync(path)) return false;
  return true;
}

function lstatOrNot(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
