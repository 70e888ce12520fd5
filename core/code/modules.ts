/**
 * The user's modules by path: read once, analysed or taken from the cache, their imports resolved.
 * Does not know which of their declarations matter to whom.
 *
 * @module
 */

import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Digest, digestOf } from "../base/digest.ts";
import { messageOf } from "../base/error.ts";
import {
  analyseModule,
  ANALYSIS_VERSION,
  blank,
  type Declaration,
  javascriptOf,
  type ModuleAnalysis,
  ModuleSyntaxError,
  type Origin,
} from "./module.ts";
import { CodeProblem, type Site } from "./problem.ts";
import { fileHint, Resolver, type Target } from "./resolve.ts";

/** Keeps analyses between runs. A lost or damaged entry only costs time. */
export interface AnalysisCache {
  get(contentDigest: Digest): string | undefined;
  set(contentDigest: Digest, text: string): void;
}

/** One file as a module. */
export interface Module {
  /** Real path. */
  readonly path: string;
  /** Path relative to the root directory: the same on every machine. */
  readonly key: string;
  readonly url: string;
  readonly format: "module" | "json" | "text";
  /** As in the file. */
  readonly text: string;
  /** Empty for JSON and text. */
  readonly analysis: ModuleAnalysis;
  readonly units: readonly Unit[];
  /** All of its statements as one unit. */
  readonly body: Unit;
  readonly unitsByName: ReadonlyMap<string, Unit>;
  readonly imports: ReadonlyMap<string, readonly [request: number, name: string]>;
  readonly exports: ReadonlyMap<string, Origin>;
}

/** One declaration of one module. */
export interface Unit {
  readonly module: Module;
  readonly declaration: Declaration;
  /** `lib/util.ts#helper`; of a body the key of the module. */
  readonly label: string;
}

/** What an import leads to: a module of the user, or something outside. */
export type Resolved =
  | { readonly kind: "module"; readonly module: Module }
  | Exclude<Target, { kind: "local" }>;

const NOTHING: Declaration = { names: [], digest: digestOf("") };

const EMPTY: ModuleAnalysis = {
  mode: "none",
  requests: [],
  loads: [],
  bare: [],
  imports: [],
  exports: [["default", "default"]],
  stars: [],
  declarations: [],
  body: NOTHING,
  hasEffects: false,
  blanks: [],
};

/** Reads and analyses modules. A file that changes afterwards is not read again. */
export class Modules {
  readonly #root: string;
  readonly #cache: AnalysisCache | undefined;
  readonly #resolver = new Resolver();
  readonly #modules = new Map<string, Module>();
  readonly #resolved = new Map<Module, Resolved[]>();
  readonly #sources = new Map<Module, string>();
  /** Texts of modules that are no files, by path. */
  readonly #made = new Map<string, string>();

  constructor(rootDir: string, cache: AnalysisCache | undefined) {
    this.#root = rootDir;
    this.#cache = cache;
  }

  /** Adds a module that is no file. */
  add(path: string, text: string): void {
    this.#made.set(path, text);
  }

  /**
   * Returns the module a path names.
   *
   * @param path Absolute.
   * @throws {CodeProblem} If it cannot be read or does not parse.
   */
  entry(path: string): Module {
    const real = this.#made.has(path) ? path : this.#resolver.realPath(path);
    if (real !== undefined) return this.#module(real, undefined, undefined);
    const shown = relative(this.#root, path);
    throw new CodeProblem("module-not-found", `Cannot find module "${shown}"`, {
      file: path,
      hint: fileHint(path, shown),
    });
  }

  /** Files that were read, and files whose presence decides what is read. */
  *paths(): Iterable<string> {
    for (const { path } of this.#modules.values()) if (!this.#made.has(path)) yield path;
    yield* this.#resolver.probed;
  }

  /** Returns what a request of a module leads to. */
  resolve(module: Module, request: number): Resolved {
    let known = this.#resolved.get(module);
    if (known === undefined) this.#resolved.set(module, known = []);
    return known[request] ??= this.#resolve(module, request);
  }

  /** Returns the place of a request, for messages. */
  siteOf(module: Module, request: number): Site {
    const { line, column } = module.analysis.requests[request];
    return { file: module.path, line, column };
  }

  /** Returns what is to be run: JavaScript without types and without imports only types needed. */
  sourceOf(module: Module): string {
    if (module.format !== "module") return module.text;
    const known = this.#sources.get(module) ??
      javascriptOf(module.text, isTypeScript(module.path)).code;
    this.#sources.set(module, known);
    return blank(known, module.analysis.blanks);
  }

  #resolve(module: Module, request: number): Resolved {
    const { specifier, type } = module.analysis.requests[request];
    const site = this.siteOf(module, request);
    const target = this.#resolver.resolve(specifier, site);
    if (target.kind !== "local") return target;
    return { kind: "module", module: this.#module(target.path, type, site) };
  }

  #module(path: string, type: string | undefined, site: Site | undefined): Module {
    const format = formatOf(path, type, site);
    const url = urlOf(path, format);
    let module = this.#modules.get(url);
    if (module === undefined) {
      module = this.#read(path, url, format, site);
      this.#modules.set(url, module);
    }
    return module;
  }

  #read(path: string, url: string, format: Module["format"], site: Site | undefined): Module {
    let text: string;
    try {
      text = this.#made.get(path) ?? Deno.readTextFileSync(path);
    } catch (error) {
      const message = `Cannot read module "${relative(this.#root, path)}": ${messageOf(error)}`;
      throw new CodeProblem("module-not-found", message, { ...site, cause: error });
    }
    const key = relative(this.#root, path);
    if (format !== "module") return makeModule({ path, key, url, format, text, analysis: EMPTY });
    const analysis = this.#cached(text, path) ?? this.#analyse(text, path, key);
    const code = analysis.code;
    const module = makeModule({ path, key, url, format, text, analysis: analysis.analysis });
    if (code !== undefined) this.#sources.set(module, code);
    return module;
  }

  #cached(text: string, path: string): Analysed | undefined {
    const found = this.#cache?.get(cacheKey(text, path));
    if (found === undefined) return undefined;
    // A damaged entry is a miss; the analysis that follows replaces it.
    const body = found.slice(SEAL_LENGTH);
    return seal(body) === found ? { analysis: JSON.parse(body) } : undefined;
  }

  #analyse(text: string, path: string, key: string): Analysed {
    try {
      const { mode, code } = javascriptOf(text, isTypeScript(path));
      const analysis = analyseModule(code, mode);
      this.#cache?.set(cacheKey(text, path), seal(JSON.stringify(analysis)));
      return { analysis, code };
    } catch (error) {
      if (error instanceof ModuleSyntaxError) throw syntaxProblem(error, text, path, key);
      throw error;
    }
  }
}

/** Hex digits of its own digest in front of a cached text. */
const SEAL_LENGTH = 64;

/** Puts the digest of a text in front of it. */
function seal(text: string): string {
  return digestOf(text) + text;
}

/** An analysis and, if it was made just now, the JavaScript it was made of. */
interface Analysed {
  readonly analysis: ModuleAnalysis;
  readonly code?: string;
}

/** The result depends on the parser and on whether types are removed, so both are part of the key. */
function cacheKey(text: string, path: string): Digest {
  const language = isTypeScript(path) ? "ts" : "js";
  return digestOf(`flow.analysis.${ANALYSIS_VERSION}.${Deno.version.deno}.${language}\n${text}`);
}

function makeModule(
  parts: Pick<Module, "path" | "key" | "url" | "format" | "text" | "analysis">,
): Module {
  const { analysis, key } = parts;
  const units: Unit[] = [];
  const unitsByName = new Map<string, Unit>();
  const module: Module = {
    ...parts,
    units,
    get body() {
      return body;
    },
    unitsByName,
    imports: new Map(
      analysis.imports.map(([name, request, imported]) => [name, [request, imported]]),
    ),
    exports: new Map(analysis.exports),
  };
  const body: Unit = { module, declaration: analysis.body, label: key };
  for (const declaration of analysis.declarations) {
    const label = `${key}#${declaration.names.join(",").replaceAll("*", "")}`;
    const unit = { module, declaration, label };
    units.push(unit);
    for (const name of declaration.names) unitsByName.set(name, unit);
  }
  return module;
}

function isTypeScript(path: string): boolean {
  return /\.m?ts$/.test(path);
}

/** Decides what a file is; only its name and the import attribute count. */
function formatOf(
  path: string,
  type: string | undefined,
  site: Site | undefined,
): Module["format"] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const problem = (message: string, hint: string): CodeProblem =>
    new CodeProblem("unsupported", `Cannot import "${name}": ${message}`, {
      file: path,
      ...site,
      hint,
    });
  if (type === "text" || type === "json") return type;
  if (type !== undefined) {
    throw problem(`type "${type}" is not supported`, 'Use type "json" or "text"');
  }
  if (/\.m?[jt]s$/.test(name)) return "module";
  if (/\.[jt]sx$/.test(name)) {
    throw problem("JSX is not supported", "Move the functions to a .ts file");
  }
  if (/\.c[jt]s$/.test(name)) {
    throw problem("CommonJS modules are not supported", "Rewrite it as an ES module (.ts or .mjs)");
  }
  const wanted = name.endsWith(".json") || name.endsWith(".jsonc") ? "json" : "text";
  throw problem(
    "it is no JavaScript or TypeScript",
    `Add \`with { type: "${wanted}" }\` to the import`,
  );
}

/** A script that is imported as text is another module than the script itself. */
function urlOf(path: string, format: Module["format"]): string {
  const url = pathToFileURL(path).href;
  return format === "text" && /\.(m?[jt]sx?|json)$/.test(path) ? `${url}#text` : url;
}

function syntaxProblem(
  error: ModuleSyntaxError,
  text: string,
  path: string,
  key: string,
): CodeProblem {
  const { line, column } = error;
  let start = 0;
  for (let i = 1; i < line; i++) start = text.indexOf("\n", start) + 1;
  start = Math.min(start + column - 1, text.length);
  const span = { source: { name: key, text }, start, end: Math.min(start + 1, text.length) };
  return new CodeProblem("syntax", `Cannot parse "${key}": ${error.message}`, {
    file: path,
    line,
    column,
    span,
  });
}
