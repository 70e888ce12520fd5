/**
 * The local modules a TypeScript workflow consists of, read and stripped of types.
 * Does not run them, and knows nothing of workflows.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse, type Program } from "acorn";
import { messageOf } from "../base/error.ts";
import { MAX_BYTES } from "./document.ts";
import isErrorSource from "../is_error.ts" with { type: "text" };
import withHashSource from "../with_hash.ts" with { type: "text" };
import builderSource from "./builder.ts" with { type: "text" };

/** URL under which the builder is served to user files. */
export const BUILDER_URL = "file:///.flow-builtin/builder.js";

/** Prefix of the URLs of stand-ins for packages. */
const PACKAGE_URL = "file:///.flow-builtin/package/";

/** One module as it is served to the evaluation. */
export interface ServedModule {
  readonly format: "module" | "json";
  readonly source: string;
  /** How its specifiers resolve. */
  readonly imports: Readonly<Record<string, string>>;
}

/** All modules of a workflow by URL, in the order they were met: the workflow itself first. */
export type ModuleGraph = ReadonlyMap<string, ServedModule>;

/** A module that cannot be read, with the place of the reason where there is one. */
export class ModuleProblem extends Error {
  /** Absolute path of the module the problem is in. */
  readonly file: string;
  /** UTF-16 offset in it. */
  readonly offset: number | undefined;

  /** The module exists but does not parse. */
  readonly isSyntax: boolean;

  constructor(message: string, file: string, offset?: number, isSyntax: boolean = false) {
    super(message);
    this.name = "ModuleProblem";
    this.file = file;
    this.offset = offset;
    this.isSyntax = isSyntax;
  }
}

/**
 * Reads a module and everything it imports.
 *
 * Packages are not loaded: a definition is data, and what its functions need is loaded when they run.
 * They are replaced by stand-ins that accept any use.
 *
 * @param file Absolute path.
 * @throws {ModuleProblem} If a local module is missing or is not JavaScript or TypeScript.
 */
export function readModuleGraph(file: string): ModuleGraph {
  const graph = new Map<string, ServedModule>();
  const queue: Wanted[] = [{
    url: pathToFileURL(file).href,
    kind: "module",
    file,
    offset: undefined,
  }];
  const packages = new Map<string, Set<string>>();
  for (let wanted = queue.shift(); wanted !== undefined; wanted = queue.shift()) {
    if (graph.has(wanted.url)) continue;
    const path = fileURLToPath(wanted.url);
    const text = readText(path, wanted);
    if (wanted.kind !== "module") {
      graph.set(wanted.url, serveData(text, wanted.kind));
      continue;
    }
    const source = stripTypes(text, path);
    const imports: Record<string, string> = {};
    for (const found of importsOf(parseModule(source, path))) {
      const url = resolveSpecifier(found.specifier, wanted.url);
      imports[found.specifier] = url;
      if (url.startsWith(PACKAGE_URL)) {
        const names = packages.get(url) ?? new Set();
        packages.set(url, names);
        for (const name of found.names) names.add(name);
      } else if (url.startsWith("file:") && url !== BUILDER_URL) {
        queue.push({ url, kind: found.kind, file: path, offset: found.offset });
      }
    }
    graph.set(wanted.url, { format: "module", source, imports });
  }
  graph.set(BUILDER_URL, {
    format: "module",
    source: stripTypeScriptTypes(builderSource + withHashSource + isErrorSource, { mode: "strip" }),
    imports: {},
  });
  for (const [url, names] of packages) graph.set(url, standIn(names));
  return graph;
}

/** A module to read, and who asked for it. */
interface Wanted {
  readonly url: string;
  readonly kind: "module" | "json" | "text";
  readonly file: string;
  readonly offset: number | undefined;
}

function readText(path: string, { file, offset }: Wanted): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length <= MAX_BYTES) return text;
  } catch (error) {
    const why = error instanceof Error && "code" in error && error.code === "ENOENT"
      ? "no such file"
      : messageOf(error);
    throw new ModuleProblem(`Cannot read module "${path}": ${why}`, file, offset);
  }
  throw new ModuleProblem(`Cannot read module "${path}": it is too large`, file, offset);
}

function serveData(text: string, kind: "json" | "text"): ServedModule {
  const source = kind === "json" ? text : `export default ${JSON.stringify(text)};`;
  return { format: kind === "json" ? "json" : "module", source, imports: {} };
}

/** Strips types in place, so that offsets stay; enums and namespaces need a real transformation. */
export function stripTypes(text: string, file: string): string {
  try {
    return stripTypeScriptTypes(text, { mode: "strip" });
  } catch (error) {
    try {
      return stripTypeScriptTypes(text, { mode: "transform" });
    } catch {
      const [reason] = messageOf(error).trim().split("\n");
      const message = `Cannot read "${file}" as TypeScript: ${reason}`;
      throw new ModuleProblem(message, file, undefined, true);
    }
  }
}

/**
 * Parses JavaScript.
 *
 * @throws {ModuleProblem} If it has a syntax error.
 */
export function parseModule(source: string, file: string): Program {
  try {
    return parse(source, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowHashBang: true,
    });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = "pos" in error && typeof error.pos === "number" ? error.pos : undefined;
    const reason = error.message.replace(/ \(\d+:\d+\)$/, "");
    throw new ModuleProblem(`Cannot read "${file}" as TypeScript: ${reason}`, file, offset);
  }
}

/** One static import or re-export. */
interface FoundImport {
  readonly specifier: string;
  readonly kind: "module" | "json" | "text";
  readonly names: readonly string[];
  readonly offset: number;
}

function importsOf(program: Program): FoundImport[] {
  const found: FoundImport[] = [];
  for (const node of program.body) {
    const isImport = node.type === "ImportDeclaration";
    const isExport = node.type === "ExportNamedDeclaration" || node.type === "ExportAllDeclaration";
    if ((!isImport && !isExport) || typeof node.source?.value !== "string") continue;
    const names: string[] = [];
    for (const part of "specifiers" in node ? node.specifiers : []) {
      const name = part.type === "ImportSpecifier"
        ? part.imported
        : part.type === "ExportSpecifier"
        ? part.local
        : undefined;
      if (name !== undefined) {
        names.push(name.type === "Identifier" ? name.name : String(name.value));
      }
    }
    const type = (node.attributes ?? []).find((a) =>
      (a.key.type === "Identifier" ? a.key.name : a.key.value) === "type"
    )?.value.value;
    const kind = type === "json" || type === "text" ? type : "module";
    found.push({ specifier: node.source.value, kind, names, offset: node.source.start });
  }
  return found;
}

function resolveSpecifier(specifier: string, parent: string): string {
  if (specifier === "flow") return BUILDER_URL;
  if (specifier.startsWith("node:")) return specifier;
  if (/^(?:\.{0,2}\/|file:)/.test(specifier)) return new URL(specifier, parent).href;
  return PACKAGE_URL + encodeURIComponent(specifier) + ".js";
}

/** A module whose exports are called, built and read like anything, and do nothing. */
function standIn(names: ReadonlySet<string>): ServedModule {
  const exports = [...names].filter((name) => name !== "default")
    .map((name) => `anything as ${JSON.stringify(name)}`);
  const source = `const anything = new Proxy(function () {}, {
  get: (_, key) => key === Symbol.toPrimitive ? () => "" : key === "then" ? undefined : anything,
  apply: () => anything, construct: () => anything,
});
export { ${["anything as default", ...exports].join(", ")} };`;
  return { format: "module", source, imports: {} };
}
