/**
 * What names mean across modules: through imports, re-exports, `export *` and namespaces.
 * Does not know what is reached from where, nor digests of functions.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";
import { digestOf } from "../base/digest.ts";
import { didYouMean } from "../base/suggest.ts";
import type { Module, Modules, Resolved, Unit } from "./modules.ts";
import { CodeProblem, type Site } from "./problem.ts";

/** What one name, or one `import()`, refers to. */
export interface Link {
  /** Names the target independently of the machine: `lib/util.ts#helper`, `npm:ms@2.1.3#default`. */
  readonly label: string;
  readonly units: readonly Unit[];
  /** Content that counts by itself: an npm package or a JSON file. */
  readonly leaves: readonly Leaf[];
}

/** Something whose content is one digest. */
export type Leaf = readonly [name: string, digest: Digest];

/** A link of a unit that leads out of its module. */
export interface NamedLink extends Link {
  /** The local name, or the specifier of an `import()`. */
  readonly name: string;
}

/** Several modules export the name through `export *`: it counts as not exported. */
const AMBIGUOUS = Symbol("ambiguous");

/** Follows names. Remembers what it found. */
export class Linker {
  readonly #modules: Modules;
  readonly #namespaces = new Map<Module, Link>();
  readonly #links = new Map<Unit, readonly NamedLink[]>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** Returns what an export is. @throws {CodeProblem} If the module does not export the name. */
  export(module: Module, name: string, site: Site): Link {
    const found = this.#find(module, name, new Set());
    if (found !== undefined && found !== AMBIGUOUS) return found;
    const exports = this.exportNames(module).sort();
    const state = found === AMBIGUOUS ? "several modules it re-exports do" : "no such export";
    throw new CodeProblem("no-such-export", `Cannot find "${name}" in "${module.key}": ${state}`, {
      ...site,
      exports,
      hint: didYouMean(name, exports) ??
        (exports.length === 0 ? "Export the function" : `it exports ${exports.join(", ")}`),
    });
  }

  /** Returns what a name that is visible in a module is; `undefined` for globals. */
  name(module: Module, name: string): Link | undefined {
    const unit = module.unitsByName.get(name);
    if (unit !== undefined) return { label: unit.label, units: [unit], leaves: [] };
    const origin = module.imports.get(name);
    if (origin === undefined) return undefined;
    return this.#imported(module, origin[0], origin[1]);
  }

  /** Returns the names a module exports, those of `export *` included. */
  exportNames(module: Module, seen: Set<Module> = new Set()): string[] {
    seen.add(module);
    const names = new Set(module.exports.keys());
    for (const request of module.analysis.stars) {
      const target = this.#modules.resolve(module, request);
      if (target.kind !== "module" || seen.has(target.module)) continue;
      for (const name of this.exportNames(target.module, seen)) {
        if (name !== "default") names.add(name);
      }
    }
    return [...names];
  }

  /** Returns the links of a unit that lead to other modules, and its own module's units it refers to. */
  linksOf(unit: Unit): readonly NamedLink[] {
    let links = this.#links.get(unit);
    if (links === undefined) this.#links.set(unit, links = this.#makeLinks(unit));
    return links;
  }

  /** Returns a module with all its statements, or the content of a JSON or text file. */
  whole(module: Module): Link {
    if (module.format !== "module") return contentOf(module);
    return { label: module.key, units: [module.body], leaves: [] };
  }

  /** Returns everything a module exports as one link. */
  namespace(module: Module): Link {
    const known = this.#namespaces.get(module);
    if (known !== undefined) return known;
    const units = new Set<Unit>();
    const leaves: Leaf[] = [];
    const texts: string[] = [];
    const pending = { label: `${module.key}#*`, units: [...module.units], leaves: [] };
    // A namespace may contain itself: `export * as self from "./self.ts"`.
    this.#namespaces.set(module, pending);
    for (const name of this.exportNames(module).sort()) {
      const link = this.#find(module, name, new Set());
      if (link === undefined || link === AMBIGUOUS) continue;
      texts.push(`${name}=${link.label}`);
      for (const unit of link.units) units.add(unit);
      leaves.push(...link.leaves);
    }
    const label = `${module.key}#*${digestOf(texts.join("\n")).slice(0, 16)}`;
    const link = { label, units: [...units], leaves: [...leaves, ...this.#starLeaves(module)] };
    this.#namespaces.set(module, link);
    return link;
  }

  /** npm packages that `export *` takes everything from. */
  #starLeaves(module: Module, seen: Set<Module> = new Set()): Leaf[] {
    seen.add(module);
    return module.analysis.stars.flatMap((request): Leaf[] => {
      const target = this.#modules.resolve(module, request);
      if (target.kind === "npm") return [[target.id, target.digest]];
      if (target.kind !== "module" || seen.has(target.module)) return [];
      return this.#starLeaves(target.module, seen);
    });
  }

  #makeLinks(unit: Unit): readonly NamedLink[] {
    const { module, declaration } = unit;
    const links: NamedLink[] = [];
    for (const name of declaration.refs ?? []) {
      const link = this.name(module, name);
      if (link !== undefined) links.push({ ...link, name });
    }
    for (const request of declaration.dynamic ?? []) {
      const name = module.analysis.requests[request].specifier;
      links.push({ ...this.#imported(module, request, "*"), name: `import ${name}` });
    }
    return links;
  }

  /** A name of whatever a request leads to. */
  #imported(module: Module, request: number, name: string): Link {
    const target = this.#modules.resolve(module, request);
    if (target.kind !== "module") return outside(target, name);
    if (name === "*") return this.namespace(target.module);
    return this.export(target.module, name, this.#modules.siteOf(module, request));
  }

  /** The export of a name: the module's own first, then what exactly one `export *` offers. */
  #find(module: Module, name: string, seen: Set<string>): Link | typeof AMBIGUOUS | undefined {
    const key = `${module.url}\0${name}`;
    if (seen.has(key)) return undefined;
    seen.add(key);
    if (module.format !== "module") return name === "default" ? contentOf(module) : undefined;
    const origin = module.exports.get(name);
    if (typeof origin === "string") return this.name(module, origin);
    if (origin !== undefined) return this.#through(module, origin[0], origin[1], seen);
    if (name === "default") return undefined;
    return this.#findInStars(module, name, seen);
  }

  #through(
    module: Module,
    request: number,
    name: string,
    seen: Set<string>,
  ): ReturnType<Linker["name"]> {
    const target = this.#modules.resolve(module, request);
    if (target.kind !== "module" || name === "*") return this.#imported(module, request, name);
    const found = this.#find(target.module, name, seen);
    return found === AMBIGUOUS ? undefined : found;
  }

  #findInStars(
    module: Module,
    name: string,
    seen: Set<string>,
  ): Link | typeof AMBIGUOUS | undefined {
    let local: Link | undefined;
    let external: Link | undefined;
    for (const request of module.analysis.stars) {
      const target = this.#modules.resolve(module, request);
      if (target.kind !== "module") {
        external ??= outside(target, name);
        continue;
      }
      const found = this.#find(target.module, name, seen);
      if (found === AMBIGUOUS) return AMBIGUOUS;
      if (found === undefined) continue;
      if (local !== undefined && local.label !== found.label) return AMBIGUOUS;
      local = found;
    }
    return local ?? external;
  }
}

function contentOf(module: Module): Link {
  return { label: module.key, units: [], leaves: [[module.key, digestOf(module.text)]] };
}

function outside(target: Exclude<Resolved, { kind: "module" }>, name: string): Link {
  switch (target.kind) {
    case "npm":
      return { label: `${target.url}#${name}`, units: [], leaves: [[target.id, target.digest]] };
    case "builtin":
      return { label: `${target.url}#${name}`, units: [], leaves: [] };
    case "flow":
      return { label: `flow#${name}`, units: [], leaves: [] };
  }
}
