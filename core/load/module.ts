/**
 * A TypeScript workflow file as a document: evaluated, with places. Does not know the workflow format.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Diagnostic } from "../base/error.ts";
import type { SourceFile, Span } from "../base/source.ts";
import type { Locate } from "../workflow.ts";
import type { DefinitionDocument } from "./document.ts";
import { evaluateModule, type Evaluation } from "./evaluate.ts";
import { ModuleProblem, readModuleGraph, stripTypes } from "./module_graph.ts";
import { explainSyntaxError } from "./syntax_error.ts";
import { ModulePlaces } from "./module_place.ts";

/**
 * Evaluates a TypeScript workflow.
 *
 * Never throws for what the file does: `data` is absent and `diagnostics` say why.
 *
 * @param file Absolute path of an existing file.
 * @param name How it is shown.
 * @param options Limit of the evaluation in milliseconds.
 */
export async function readModule(
  file: string,
  name: string,
  options: { limitMs?: number } = {},
): Promise<DefinitionDocument> {
  const source: SourceFile = { name, text: readFileSync(file, "utf8") };
  const places = new ModulePlaces(source, file);
  const locate: Locate = places.locate.bind(places);
  const document = { source, locate, written: () => undefined };
  const shown = (path: string): string => showAs(path, file, name);
  try {
    const evaluation = await evaluateModule(readModuleGraph(file), options);
    if (evaluation.ok) return { ...document, data: evaluation.data, diagnostics: [] };
    return { ...document, diagnostics: [evaluationProblem(evaluation, source, locate, shown)] };
  } catch (error) {
    if (!(error instanceof ModuleProblem)) throw error;
    return { ...document, diagnostics: [await moduleProblem(error, shown)] };
  }
}

/** Shows a module the way its workflow file is shown. */
function showAs(path: string, file: string, name: string): string {
  if (path === file) return name;
  const prefix = file.endsWith(name) ? file.slice(0, file.length - name.length) : undefined;
  return prefix === undefined || !path.startsWith(prefix) ? path : relative(prefix || "/", path);
}

async function moduleProblem(
  problem: ModuleProblem,
  shown: (path: string) => string,
): Promise<Diagnostic> {
  const { file } = problem;
  const text = readFileSync(file, "utf8");
  // Type stripping knows neither the reason nor the place of a syntax error.
  const asked = problem.isSyntax && problem.offset === undefined
    ? await explainSyntaxError(text)
    : undefined;
  const message = asked === undefined
    ? problem.message
    : `Cannot read "${file}" as TypeScript: ${asked.reason}`;
  const offset = asked?.offset ?? problem.offset;
  return {
    severity: "error",
    code: "module",
    message: message.replace(/"(\/[^"]+)"/g, (_, path) => `"${shown(path)}"`),
    ...(offset === undefined ? {} : {
      span: { source: { name: shown(file), text }, start: offset, end: offset + 1 },
    }),
  };
}

function evaluationProblem(
  evaluation: Extract<Evaluation, { readonly ok: false }>,
  source: SourceFile,
  locate: Locate,
  shown: (path: string) => string,
): Diagnostic {
  const { reason, message, stack, path } = evaluation;
  const span = reason === "threw" ? spanOfStack(stack, shown) : locate(path ?? []);
  const hint = hintOf(reason, message);
  return {
    severity: "error",
    code: `module-${reason}`,
    message: `Cannot evaluate "${source.name}": ${message}`,
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function hintOf(reason: string, message: string): string | undefined {
  if (reason === "no-default") return "Write export default workflow({ nodes: { … } })";
  if (reason === "timeout") return "A workflow file only describes nodes; do the work in functions";
  if (/Requires (?:read|write|net|env|run|sys|ffi|import) access/.test(message)) {
    return "A workflow file is evaluated without permissions; use params and inputs instead";
  }
  if (message.includes("is not exported by a local module")) {
    return "Export it, or wrap what a package exports in a function of a local module";
  }
  return undefined;
}

/** Returns the place of the innermost frame of a stack that is in a local file. */
function spanOfStack(
  stack: string | undefined,
  shown: (path: string) => string,
): Span | undefined {
  for (const [, url, line, column] of stack?.matchAll(/(file:\/\/\/[^\s)]+):(\d+):(\d+)/g) ?? []) {
    if (url.startsWith("file:///.flow-builtin/")) continue;
    const path = fileURLToPath(url);
    const text = readFileSync(path, "utf8");
    // Enums are compiled, not stripped: then lines and columns are not those of the file.
    if (stripTypes(text, path).length !== text.length) return undefined;
    let start = 0;
    for (let i = 1; i < Number(line); i++) start = text.indexOf("\n", start) + 1;
    start += Number(column) - 1;
    return { source: { name: shown(path), text }, start, end: start + 1 };
  }
  return undefined;
}
