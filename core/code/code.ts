/**
 * The identity of function nodes: a digest of everything that can influence one exported function, and the
 * bundle of modules a worker needs to run it. Does not know workflows, keys, stores or workers.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import { resolve } from "node:path";
import { canonicalJson } from "../action.ts";
import { type Digest, digestOf } from "../base/digest.ts";
import isErrorSource from "../is_error.ts" with { type: "text" };
import withHashSource from "../with_hash.ts" with { type: "text" };
import type { ClosureBundle, ClosureModule } from "../closure.ts";
import { type Link, Linker, type NamedLink } from "./link.ts";
import type { Parameters } from "./module.ts";
import { type AnalysisCache, type Module, Modules, type Resolved, type Unit } from "./modules.ts";
import { CodeProblem } from "./problem.ts";
import { type Reach, Reacher } from "./reach.ts";

export type { AnalysisCache, Parameters };
export { CodeProblem };

/** Version of the meaning of code digests: a change reruns every function node. */
const DOMAIN = "flow.code.1\n";

/** URL under which nodes find the stand-in for `flow`. */
const FLOW_URL = "file:///flow/flow.js";

/** The identity of one exported function. */
export interface FunctionCode {
  readonly digest: Digest;
  /**
   * Digest of every part by name, sorted: `nodes.ts#fit`, `lib/util.ts#helper`, `lib/registry.ts` for a module that counts whole,
   * `data.json`, `npm:ms@2.1.3`, and `load order` if that matters. Paths are relative to the root directory.
   */
  readonly parts: Readonly<Record<string, Digest>>;
  /** `undefined` if the export surely is not a function. */
  readonly parameters: Parameters | undefined;
  /** What weakens the identity: places where more had to be counted than is used. */
  readonly warnings: readonly CodeProblem[];
}

/** What a worker needs to run the functions of a module. */
export interface Closure {
  readonly digest: Digest;
  /** Canonical JSON of a {@linkcode ClosureBundle}. */
  readonly text: string;
  /** URL of the entry module. */
  readonly entry: string;
}

/** Answers questions about user modules. Every file is read at most once: make a new one to see changes. */
export class CodeIndex {
  readonly #root: string;
  readonly #modules: Modules;
  readonly #linker: Linker;
  readonly #reacher: Reacher;
  readonly #functions = new Map<string, FunctionCode>();
  readonly #digests = new Map<Unit, Digest>();
  readonly #closures = new Map<string, Closure>();

  /**
   * @param options `rootDir`: directory that names in digests are relative to; it is the workflow's.
   *   `cache`: keeps analyses of files by content.
   */
  constructor(options: { readonly rootDir: string; readonly cache?: AnalysisCache }) {
    this.#root = Deno.realPathSync(options.rootDir);
    this.#modules = new Modules(this.#root, options.cache);
    this.#linker = new Linker(this.#modules);
    this.#reacher = new Reacher(this.#modules, this.#linker);
  }

  /**
   * Adds a module that is no file: JavaScript whose relative imports start at the root directory.
   *
   * @param text Its text; equal texts are one module.
   * @returns Its path.
   */
  add(text: string): string {
    const path = `${this.#root}/nest.${digestOf(text).slice(-12)}.mjs`;
    this.#modules.add(path, text);
    return path;
  }

  /**
   * Returns the identity of an exported function.
   *
   * @param modulePath Absolute, or relative to the root directory.
   * @throws {CodeProblem} If the module or the export cannot be found, read or tracked.
   */
  functionCode(modulePath: string, exportName: string): FunctionCode {
    const path = resolve(this.#root, modulePath);
    const key = `${path}\0${exportName}`;
    let code = this.#functions.get(key);
    if (code === undefined) this.#functions.set(key, code = this.#functionCode(path, exportName));
    return code;
  }

  /**
   * Returns the modules a worker needs to run any function of a module.
   *
   * @param modulePath Absolute, or relative to the root directory.
   * @returns Canonical JSON of a {@link ClosureBundle}, its digest, and the URL of the module in it.
   * @throws {CodeProblem} If a module cannot be found, read or served, or an imported name does not exist.
   */
  closure(modulePath: string): Closure {
    const path = resolve(this.#root, modulePath);
    let closure = this.#closures.get(path);
    if (closure === undefined) {
      const entry = this.#modules.entry(path);
      const text = canonicalJson(this.#bundle(entry));
      closure = { digest: digestOf(text), text, entry: entry.url };
      this.#closures.set(path, closure);
    }
    return closure;
  }

  /** Returns every file the answers so far depend on, also absent ones that would change them. */
  dependencies(): Iterable<string> {
    return this.#modules.paths();
  }

  /** Returns the names a module exports. */
  exportsOf(modulePath: string): readonly string[] {
    return this.#linker.exportNames(this.#modules.entry(resolve(this.#root, modulePath))).sort();
  }

  #functionCode(path: string, exportName: string): FunctionCode {
    const entry = this.#modules.entry(path);
    const link = this.#linker.export(entry, exportName, { file: entry.path });
    const reach = this.#reacher.from(entry, link);
    const parts = this.#parts(reach);
    return {
      digest: digestOf(DOMAIN + canonicalJson({ entry: link.label, parts })),
      parts,
      parameters: this.#parameters(link),
      warnings: warningsOf(reach),
    };
  }

  /** Units of modules that count whole are left out: the module stands for them. */
  #parts(reach: Reach): Readonly<Record<string, Digest>> {
    const parts = new Map<string, Digest>(reach.leaves);
    for (const unit of reach.units) {
      const { module } = unit;
      if (module.format !== "module") continue;
      if (unit === module.body || !reach.units.has(module.body)) {
        parts.set(unit.label, this.#digestOf(unit));
      }
    }
    if (reach.order.length > 1) parts.set("load order", digestOf(reach.order.join("\n")));
    return Object.fromEntries([...parts].sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** Of the tokens, and of what imported names stand for: names alone do not tell. */
  #digestOf(unit: Unit): Digest {
    let digest = this.#digests.get(unit);
    if (digest === undefined) {
      const links = this.#linker.linksOf(unit)
        .filter(({ name }) => !unit.module.unitsByName.has(name))
        .map(({ name, label }: NamedLink) => [name, label]);
      digest = digestOf(`${unit.declaration.digest}\n${JSON.stringify(links)}`);
      this.#digests.set(unit, digest);
    }
    return digest;
  }

  /** Follows `export const f = g` to the function; `undefined` if it ends at something that is none. */
  #parameters(link: Link): Parameters | undefined {
    const seen = new Set<Unit>();
    let unit = link.units.length === 1 ? link.units[0] : undefined;
    while (unit !== undefined && !seen.has(unit)) {
      seen.add(unit);
      const { parameters, alias, isNoFunction } = unit.declaration;
      if (parameters !== undefined) return parameters;
      if (isNoFunction) return undefined;
      const next: Link | undefined = alias === undefined
        ? undefined
        : this.#linker.name(unit.module, alias);
      unit = next?.units.length === 1 ? next.units[0] : undefined;
    }
    return { kind: "opaque" };
  }

  #bundle(entry: Module): ClosureBundle {
    const modules: Record<string, ClosureModule> = {};
    const imports: Record<string, Record<string, string>> = {};
    const npm = new Set<string>();
    const packages = new Set<string>();
    const flowNames = new Set<string>();
    for (const module of this.#reacher.closure(entry)) {
      modules[module.url] = { format: module.format, source: this.#modules.sourceOf(module) };
      if (module.format !== "module") continue;
      this.#checkImports(module, flowNames);
      const targets = this.#targets(module);
      imports[module.url] = Object.fromEntries(targets);
      for (const target of targets.values()) if (target.startsWith("npm:")) npm.add(target);
      for (const id of this.#packages(module)) packages.add(id);
      if ([...targets.values()].includes(FLOW_URL)) {
        modules[FLOW_URL] = { format: "module", source: "" };
      }
    }
    if (FLOW_URL in modules) modules[FLOW_URL] = { format: "module", source: standIn(flowNames) };
    return {
      version: 1,
      entry: entry.url,
      modules,
      imports,
      npm: [...npm].sort(),
      packages: [...packages],
    };
  }

  /** Ids of the npm packages a module imports, with those that they depend on. */
  *#packages(module: Module): Generator<string> {
    for (const request of module.analysis.requests.keys()) {
      const target = this.#modules.resolve(module, request);
      if (target.kind === "npm") yield* target.packages;
    }
  }

  /** Where each specifier of a module leads. */
  #targets(module: Module): ReadonlyMap<string, string> {
    const targets = new Map<string, string>();
    for (const [request, { specifier }] of module.analysis.requests.entries()) {
      const url = urlOf(this.#modules.resolve(module, request));
      const before = targets.get(specifier);
      if (before !== undefined && before !== url) {
        throw new CodeProblem(
          "unsupported",
          `Cannot import "${specifier}" in two ways from one module`,
          {
            ...this.#modules.siteOf(module, request),
            hint: "Import it as a module in one file and as text in another",
          },
        );
      }
      targets.set(specifier, url);
    }
    return targets;
  }

  /** Finds names that do not exist now, rather than when a worker links the modules. */
  #checkImports(module: Module, flowNames: Set<string>): void {
    const { imports, exports } = module.analysis;
    const wanted: (readonly [number, string, string?])[] = imports.map((
      [local, request, name],
    ) => [request, name, local]);
    for (const [, origin] of exports) if (typeof origin !== "string") wanted.push(origin);
    for (const [request, name, local] of wanted) {
      const target = this.#modules.resolve(module, request);
      if (target.kind === "flow") {
        for (const used of name === "*" ? membersOf(local, module.text) : [name]) {
          flowNames.add(used);
        }
      }
      if (target.kind !== "module" || name === "*") continue;
      this.#linker.export(target.module, name, this.#modules.siteOf(module, request));
    }
  }
}

/** Names that stand after `local.` anywhere in a text: at least the members that are used of a namespace. */
function membersOf(local: string | undefined, text: string): readonly string[] {
  return [...text.matchAll(/([\p{L}\p{N}_$]+)\s*\.\s*([\p{L}_$][\p{L}\p{N}_$]*)/gu)]
    .filter(([, name]) => name === local)
    .map(([, , member]) => member);
}

function urlOf(target: Resolved): string {
  if (target.kind === "module") return target.module.url;
  return target.kind === "flow" ? FLOW_URL : target.url;
}

/** What functions use of `flow` when they run. */
const LIVE: ReadonlySet<string> = new Set(["isError", "withHash", "withHashOfInputs"]);

/**
 * A module in place of `flow`: real where functions use it, inert for workflow files that hold functions too, so that
 * defining the workflow again in a worker does nothing, whatever of the library it uses.
 */
function standIn(names: ReadonlySet<string>): string {
  const live = [...names].some((name) => name === "*" || LIVE.has(name));
  const lines = [
    ...live ? [stripTypeScriptTypes(withHashSource + isErrorSource, { mode: "strip" })] : [],
    "const inert = new Proxy(function () {}, {",
    '  get: (_, key) => key === Symbol.toPrimitive ? () => "" : key === "then" ? undefined : inert,',
    "  apply: () => inert, construct: () => inert, set: () => true,",
    "});",
    "export default inert;",
  ];
  for (const name of [...names].sort()) {
    if (name !== "*" && name !== "default" && !(live && LIVE.has(name))) {
      lines.push(`export { inert as ${JSON.stringify(name)} };`);
    }
  }
  return lines.join("\n") + "\n";
}

/** One warning per place: a body has the same places as its declarations. */
function warningsOf({ computed }: Reach): readonly CodeProblem[] {
  const warnings = new Map<string, CodeProblem>();
  for (const { module, declaration } of computed) {
    const { line, column } = declaration.computed ?? {};
    const message = `Cannot follow an import() in "${module.key}": its specifier is computed`;
    const hint = "Write the specifier as a string; until then every module counts as a whole";
    const warning = new CodeProblem("unsupported", message, {
      file: module.path,
      line,
      column,
      hint,
    });
    warnings.set(`${module.path}:${line}:${column}`, warning);
  }
  return [...warnings.values()];
}
