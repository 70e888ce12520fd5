/**
 * A workflow file on disk to a `Workflow`: finds it, reads it, lays params over it.
 * Does not know wiring, graphs or how a node is run.
 *
 * @module
 */

import { basename, dirname, join, relative, resolve } from "node:path";
import { DefinitionError, type Diagnostic, UsageError } from "../base/error.ts";
import { positionOf, type SourceFile } from "../base/source.ts";
import { nearest } from "../base/suggest.ts";
import type { Json, JsonObject, Locate, Workflow } from "../workflow.ts";
import { defineWorkflow, inSourceOrder } from "./definition.ts";
import { type DefinitionDocument, MAX_BYTES } from "./document.ts";
import { mergeParams } from "./params.ts";
import { isMapping } from "./shape.ts";
import { readYaml } from "./yaml.ts";

/** File names that are found without being named. */
const FOUND = /^(?:workflow|.+\.flow)\.(?:yaml|yml|ts)$/;

const TEXT_FORMAT = /\.(?:ya?ml|json)$/i;
const MODULE_FORMAT = /\.[cm]?[jt]s$/i;

/** How a workflow is loaded. */
export interface LoadOptions {
  /** Absolute directory that relative paths start from and places are shown relative to. */
  readonly cwd: string;
  /** `--set` texts: `model.depth=5`. */
  readonly set?: readonly string[];
  /** `--params` files. */
  readonly params?: readonly string[];
  /** `--variant` texts: `model=forest`, or the name of a set. */
  readonly variants?: readonly string[];
}

/** A loaded workflow with what is wrong with it. With an error among the diagnostics it must not run. */
export interface LoadedWorkflow {
  readonly workflow: Workflow;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Returns the only workflow file of a directory.
 *
 * @param dir Absolute directory.
 * @returns Its absolute path.
 * @throws {UsageError} If there is none, or more than one.
 */
export function findWorkflow(dir: string): string {
  const found = namesIn(dir).filter((name) => FOUND.test(name)).sort();
  if (found.length === 1) return join(dir, found[0]);
  if (found.length > 1) {
    throw new UsageError(`Cannot choose a workflow: the directory holds ${found.length}`, {
      facts: { directory: dir, found: found.join(", ") },
      hint: `Name one of them, for example "flow run ${found[0]}"`,
    });
  }
  throw new UsageError("Cannot find a workflow: the directory holds none", {
    facts: { directory: dir, "looked for": "workflow.{yaml,yml,ts}, *.flow.{yaml,yml,ts}" },
    hint: 'Create one with "flow init", or name the file',
  });
}

/**
 * Loads a workflow file, YAML or TypeScript.
 *
 * @param path The file, or a directory with one, relative to `cwd`.
 * @returns The workflow with every problem found, so that wiring problems can be reported with them.
 * @throws {UsageError} If there is no such file.
 * @throws {DefinitionError} If nothing of it is usable.
 */
export async function loadWorkflow(path: string, options: LoadOptions): Promise<LoadedWorkflow> {
  const { cwd } = options;
  let file = resolve(cwd, path);
  if (statOf(file)?.isDirectory) file = findWorkflow(file);
  const document = await readDefinition(file, cwd);
  const overlay = {
    files: (options.params ?? []).map((name) => readText(resolve(cwd, name), cwd, "params file")),
    set: options.set ?? [],
  };
  if (document.data === undefined) throw new DefinitionError(document.diagnostics);
  const base = paramsOf(document.data);
  const merged = mergeParams(base, overlay);
  const data: Json = isMapping(document.data) && merged.params !== base
    ? { ...document.data, params: merged.params }
    : document.data;
  const { locate, written } = document;
  const { variants = [] } = options;
  const { workflow, diagnostics } = defineWorkflow({ data, locate, written, file, variants });
  const all = [
    ...inSourceOrder([...document.diagnostics, ...diagnostics]),
    ...merged.diagnostics,
  ];
  if (workflow === undefined) throw new DefinitionError(all);
  return { workflow, diagnostics: all };
}

/** Params of the file where they are a mapping; anything else is reported by the validation. */
function paramsOf(data: Json): JsonObject {
  return isMapping(data) && isMapping(data.params) ? data.params : {};
}

async function readDefinition(file: string, cwd: string): Promise<DefinitionDocument> {
  if (TEXT_FORMAT.test(file)) return readText(file, cwd, "workflow");
  if (!MODULE_FORMAT.test(file)) {
    if (statOf(file) === undefined) throw missing(file, cwd, "workflow");
    throw new UsageError(`Cannot read workflow "${shownPath(file, cwd)}": unknown format`, {
      hint: "Workflow files end in .yaml, .yml, .json or .ts",
    });
  }
  if (statOf(file) === undefined) throw missing(file, cwd, "workflow");
  // Only TypeScript workflows pay for the worker and the parser.
  const { readModule } = await import("./module.ts");
  return await readModule(file, shownPath(file, cwd));
}

/** Reads a YAML or JSON file; only a missing file throws. */
function readText(file: string, cwd: string, what: string): DefinitionDocument {
  const shown = shownPath(file, cwd);
  const stat = statOf(file);
  if (stat === undefined) throw missing(file, cwd, what);
  const fail = (message: string, hint?: string, source: SourceFile = { name: shown, text: "" }) =>
    unreadable(source, `Cannot read ${what} "${shown}": ${message}`, hint);
  if (!stat.isFile) return fail("it is not a file");
  if (stat.size > MAX_BYTES) {
    return fail(`it has ${stat.size} bytes, more than ${MAX_BYTES}`);
  }
  const bytes = Deno.readFileSync(file);
  try {
    return readYaml(new TextDecoder("utf-8", { fatal: true }).decode(bytes), shown);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The replacement characters show where the text stops being UTF-8.
    const text = new TextDecoder().decode(bytes);
    const at = Math.max(0, text.indexOf("\ufffd"));
    const { line, column } = positionOf({ name: shown, text }, at);
    return fail(`it is not UTF-8 (line ${line}, column ${column})`, "Save it as UTF-8");
  }
}

function unreadable(source: SourceFile, message: string, hint?: string): DefinitionDocument {
  const locate: Locate = () => undefined;
  const problem: Diagnostic = {
    severity: "error",
    code: "unreadable",
    message,
    ...(hint === undefined ? {} : { hint }),
  };
  return { source, diagnostics: [problem], locate, written: () => undefined };
}

function missing(file: string, cwd: string, what: string): UsageError {
  const names = namesIn(dirname(file));
  // The extension is no likeness: all workflow files share it.
  const wanted = stemOf(basename(file));
  const stems = names.map(stemOf);
  const stem = stems.includes(wanted) ? wanted : nearest(wanted, stems);
  const close = nearest(basename(file), names.filter((name) => stemOf(name) === stem));
  const hint = close === undefined
    ? "Check the path"
    : `did you mean "${shownPath(join(dirname(file), close), cwd)}"?`;
  return new UsageError(`Cannot find ${what} "${shownPath(file, cwd)}": no such file`, { hint });
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]*$/, "");
}

/** A path below the working directory is shown relative to it. */
function shownPath(file: string, cwd: string): string {
  const shown = relative(cwd, file);
  return shown === "" || shown.startsWith("..") ? file : shown;
}

function statOf(file: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

function namesIn(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir), (entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}
