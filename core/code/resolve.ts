/**
 * What the specifiers of user modules mean: local files, `node:` modules, pinned npm packages, or `flow` itself.
 * Applies the user's own deno.json, package.json and deno.lock; does not read the modules.
 *
 * @module
 */

import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf } from "../base/error.ts";
import { didYouMean } from "../base/suggest.ts";
import { asRecord, parseJsonc, stringMembers } from "./jsonc.ts";
import { Lock, type NpmPin, type NpmSpecifier, parseNpm, unlockedPin } from "./npm.ts";
import { CodeProblem, type Site } from "./problem.ts";

/** What a specifier resolves to. */
export type Target =
  /** A file; `path` is its real path. */
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "builtin"; readonly url: string }
  /** `url` is what to import (`npm:ms@2.1.3/sub`), the rest is of the package. */
  | { readonly kind: "npm"; readonly url: string } & NpmPin
  /** The library that workflow files import; nodes get an inert stand-in. */
  | { readonly kind: "flow" };

/** What one directory level contributes to resolution. */
interface Level {
  readonly dir: string;
  readonly imports: ReadonlyMap<string, string>;
  /** Longest prefix first. */
  readonly scopes: readonly {
    readonly prefix: string;
    readonly imports: ReadonlyMap<string, string>;
  }[];
  readonly base: string;
  readonly isWorkspace: boolean;
  readonly hasConfig: boolean;
  /** package.json: names with their `npm:` specifier, and `#x` imports. */
  readonly packages: ReadonlyMap<string, string>;
  readonly hasPackage: boolean;
  readonly lockPath: string | undefined;
  /** Import map named by the configuration. */
  readonly mapPath: string | undefined;
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Resolves specifiers. Reads every configuration file once. */
export class Resolver {
  readonly #levels = new Map<string, Level>();
  readonly #locks = new Map<string, Lock>();
  readonly #realPaths = new Map<string, string | undefined>();
  readonly #pins = new Map<string, NpmPin>();
  readonly #probed = new Set<string>();

  /** Configuration, lock and package files that decide how specifiers resolve, present or absent, absolute. */
  get probed(): ReadonlySet<string> {
    for (const level of this.#levels.values()) {
      for (const name of ["deno.json", "deno.jsonc", "package.json", "deno.lock"]) {
        this.#probed.add(join(level.dir, name));
      }
      for (const path of [level.mapPath, level.lockPath]) {
        if (path !== undefined) this.#probed.add(path);
      }
    }
    return this.#probed;
  }

  /**
   * Resolves one specifier.
   *
   * @param specifier As written.
   * @param site The importing file (real path) and the place in it.
   * @throws {CodeProblem} If it means nothing, or something a node cannot import.
   */
  resolve(specifier: string, site: Site): Target {
    if (specifier === "flow" || specifier.startsWith("flow/")) return { kind: "flow" };
    if (/^\.{0,2}\//.test(specifier)) {
      return this.#file(specifier, specifier, dirname(site.file), site);
    }
    const mapped = this.#mapped(specifier, site);
    if (mapped !== undefined) return this.#absolute(mapped.text, specifier, mapped.base, site);
    if (/^[a-z][a-z0-9+.-]*:/i.test(specifier)) {
      return this.#absolute(specifier, specifier, dirname(site.file), site);
    }
    if (isBuiltin(specifier)) return { kind: "builtin", url: `node:${specifier}` };
    throw this.#unmapped(specifier, site);
  }

  /** Returns the real path of a file, or `undefined` if there is none. */
  realPath(path: string): string | undefined {
    if (!this.#realPaths.has(path)) this.#realPaths.set(path, realPathOf(path));
    return this.#realPaths.get(path);
  }

  /** Resolves what is no longer subject to any map: a URL, or a path relative to `base`. */
  #absolute(text: string, written: string, base: string, site: Site): Target {
    if (text.startsWith("node:")) return builtin(text, site);
    if (text.startsWith("npm:")) return this.#npm(text, site);
    if (/^(https?|jsr|data|blob|bun|wasm):/.test(text)) throw remote(text, written, site);
    return this.#file(text, written, base, site);
  }

  #file(text: string, written: string, base: string, site: Site): Target {
    if (text.includes("\0") || written.includes("\0")) throw notFound(written, site, undefined);
    let url: URL;
    try {
      url = new URL(text, pathToFileURL(base + "/"));
      if (url.protocol !== "file:") throw remote(text, written, site);
      if (url.search !== "") {
        throw new CodeProblem("unsupported", `Cannot import "${written}": it has a query`, {
          ...site,
          hint: "Import the file without the query",
        });
      }
      const path = fileURLToPath(url);
      const real = this.realPath(path);
      if (real !== undefined) return { kind: "local", path: real };
      throw notFound(written, site, path);
    } catch (error) {
      if (error instanceof CodeProblem) throw error;
      throw new CodeProblem(
        "module-not-found",
        `Cannot import "${written}": ${messageOf(error)}`,
        site,
      );
    }
  }

  #npm(text: string, site: Site): Target {
    const wanted = parseNpm(text);
    if (wanted === undefined) {
      throw new CodeProblem("unresolved", `Cannot read "${text}" as an npm specifier`, {
        ...site,
        hint: 'Write it as "npm:name@version"',
      });
    }
    const dir = dirname(site.file);
    const key = `${dir}\0${wanted.name}\0${wanted.range ?? ""}`;
    const pin = this.#pins.get(key) ?? this.#pin(wanted, dir);
    this.#pins.set(key, pin);
    return { kind: "npm", url: pin.id + wanted.sub, ...pin };
  }

  /** The nearest lock that holds the package wins; without one, what is installed. */
  #pin(wanted: NpmSpecifier, dir: string): NpmPin {
    for (const level of this.#upwards(dir)) {
      if (level.lockPath === undefined) continue;
      const pin = this.#lock(level.lockPath).pin(wanted);
      if (pin !== undefined) return pin;
      break;
    }
    return unlockedPin(wanted, this.#installed(wanted.name, dir));
  }

  /** Version in the nearest node_modules. */
  #installed(name: string, dir: string): string | undefined {
    for (const level of this.#upwards(dir)) {
      const path = join(level.dir, "node_modules", name, "package.json");
      this.#probed.add(path);
      const text = readIfThere(path);
      if (text === undefined) continue;
      const version = asRecord(parseConfig(text, path)).version;
      if (typeof version === "string") return version;
    }
    return undefined;
  }

  /** Applies import maps, then package.json: text and the directory it is relative to. */
  #mapped(specifier: string, site: Site): { text: string; base: string } | undefined {
    const importer = pathToFileURL(site.file).href;
    let isInside = true;
    for (const level of this.#upwards(dirname(site.file))) {
      if (!level.hasConfig || !(isInside || level.isWorkspace)) continue;
      isInside = false;
      for (const scope of level.scopes) {
        if (!importer.startsWith(scope.prefix)) continue;
        const text = lookUp(specifier, scope.imports);
        if (text !== undefined) return { text, base: level.base };
      }
      const text = lookUp(specifier, level.imports);
      if (text !== undefined) return { text, base: level.base };
    }
    for (const level of this.#upwards(dirname(site.file))) {
      if (!level.hasPackage) continue;
      const text = lookUp(specifier, level.packages);
      if (text !== undefined) return { text, base: level.dir };
    }
    return undefined;
  }

  #unmapped(specifier: string, site: Site): CodeProblem {
    const names = new Set<string>();
    for (const level of this.#upwards(dirname(site.file))) {
      for (const name of level.imports.keys()) names.add(name);
      for (const name of level.packages.keys()) names.add(name);
    }
    return new CodeProblem("unresolved", `Cannot import "${specifier}": no import map names it`, {
      ...site,
      hint: didYouMean(specifier, names) ??
        `Add it to "imports" in deno.json, or write "./${specifier}" or "npm:${specifier}"`,
    });
  }

  /** The directory and its ancestors. */
  *#upwards(dir: string): Generator<Level> {
    for (let current = dir;; current = dirname(current)) {
      let level = this.#levels.get(current);
      if (level === undefined) {
        level = readLevel(current);
        this.#levels.set(current, level);
      }
      yield level;
      if (dirname(current) === current) return;
    }
  }

  #lock(path: string): Lock {
    let lock = this.#locks.get(path);
    if (lock === undefined) {
      lock = asLock(Deno.readTextFileSync(path), path);
      this.#locks.set(path, lock);
    }
    return lock;
  }
}

/** Exact names first, then the longest prefix that ends with a slash, then `name/sub` of an npm entry. */
function lookUp(specifier: string, imports: ReadonlyMap<string, string>): string | undefined {
  const exact = imports.get(specifier);
  if (exact !== undefined) return exact;
  for (let at = specifier.lastIndexOf("/"); at > 0; at = specifier.lastIndexOf("/", at - 1)) {
    const prefixed = imports.get(specifier.slice(0, at + 1));
    if (prefixed !== undefined) return prefixed + specifier.slice(at + 1);
    const packaged = imports.get(specifier.slice(0, at));
    if (packaged?.startsWith("npm:")) return packaged + specifier.slice(at);
  }
  return undefined;
}

function readLevel(dir: string): Level {
  const configPath = ["deno.json", "deno.jsonc"].map((name) => join(dir, name)).find(exists);
  const packagePath = join(dir, "package.json");
  const config = configPath === undefined ? {} : readConfig(configPath);
  const packageText = readIfThere(packagePath);
  const map = typeof config.importMap === "string" && configPath !== undefined
    ? join(dir, config.importMap)
    : undefined;
  const { imports, scopes } = map === undefined ? config : readConfig(map);
  const lockName = lockNameOf(config.lock);
  const lockPath = lockName === undefined ? undefined : join(dir, lockName);
  return {
    dir,
    base: map === undefined ? dir : dirname(map),
    imports: stringMembers(imports),
    scopes: scopesOf(scopes, map === undefined ? dir : dirname(map)),
    isWorkspace: config.workspace !== undefined,
    hasConfig: configPath !== undefined,
    packages: packageText === undefined
      ? NO_NAMES
      : packagesOf(asRecord(parseConfig(packageText, packagePath))),
    hasPackage: packageText !== undefined,
    lockPath: lockPath !== undefined && exists(lockPath) ? lockPath : undefined,
    mapPath: map,
  };
}

/** `lock` of a deno.json: a path, an object with a path, or `false`. */
function lockNameOf(lock: unknown): string | undefined {
  if (lock === false) return undefined;
  if (typeof lock === "string") return lock;
  const path = asRecord(lock).path;
  return typeof path === "string" ? path : "deno.lock";
}

function scopesOf(scopes: unknown, dir: string): Level["scopes"] {
  const base = pathToFileURL(dir + "/");
  return Object.entries(asRecord(scopes))
    .map(([prefix, imports]) => ({
      prefix: URL.parse(prefix, base)?.href ?? prefix,
      imports: stringMembers(imports),
    }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
}

/** Names a package.json makes importable. */
function packagesOf(manifest: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const fields = ["peerDependencies", "optionalDependencies", "devDependencies", "dependencies"];
  for (const field of fields) {
    for (const [name, range] of stringMembers(manifest[field])) {
      const text = /^(file|link|workspace|git|https?):/.test(range)
        ? range
        : `npm:${name}@${range}`;
      names.set(name, range.startsWith("npm:") ? range : text);
    }
  }
  for (const [name, target] of Object.entries(asRecord(manifest.imports))) {
    const text = conditional(target);
    if (text !== undefined) names.set(name, text);
  }
  return names;
}

/** Picks the text of a package.json target with conditions. */
function conditional(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  for (const [condition, value] of Object.entries(asRecord(target))) {
    if (["deno", "node", "import", "default"].includes(condition)) return conditional(value);
  }
  return undefined;
}

function builtin(url: string, site: Site): Target {
  if (isBuiltin(url)) return { kind: "builtin", url };
  throw new CodeProblem(
    "module-not-found",
    `Cannot import "${url}": no such built-in module`,
    site,
  );
}

function remote(text: string, written: string, site: Site): CodeProblem {
  const scheme = text.slice(0, text.indexOf(":") + 1);
  const hint = scheme === "jsr:" || scheme.startsWith("http")
    ? "Use an npm package, or copy the module beside the workflow"
    : "Import a file instead";
  const via = text === written ? "" : ` (mapped to "${text}")`;
  const message = `Cannot import "${written}"${via}: modules of "${scheme}" are not supported`;
  return new CodeProblem("unsupported", message, { ...site, hint });
}

function notFound(written: string, site: Site, path: string | undefined): CodeProblem {
  const hint = path === undefined ? undefined : fileHint(path, written);
  return new CodeProblem("module-not-found", `Cannot find module "${written}"`, { ...site, hint });
}

/**
 * Returns "did you mean" for a file that does not exist, among the entries of its directory.
 *
 * @param path Where it should be.
 * @param written How it was written; the answer keeps that form.
 */
export function fileHint(path: string, written: string): string | undefined {
  const entries = entriesOf(dirname(path));
  const name = path.slice(path.lastIndexOf("/") + 1);
  const prefix = written.slice(0, written.lastIndexOf("/") + 1);
  const stem = name.replace(/\.[cm]?[jt]sx?$/, "");
  const sibling = entries.find((entry) => entry.replace(/\.[cm]?[jt]s$/, "") === stem);
  if (sibling !== undefined) return `did you mean "${prefix}${sibling}"?`;
  return didYouMean(written, entries.map((entry) => prefix + entry));
}

function entriesOf(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
  } catch {
    // Only for a hint: the missing directory is what the problem already says.
    return [];
  }
}

function realPathOf(path: string): string | undefined {
  try {
    const real = Deno.realPathSync(path);
    return Deno.statSync(real).isFile ? real : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  return exists(path) ? Deno.readTextFileSync(path) : undefined;
}

/** No such file, or a file where a directory should be. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop;
}

function readConfig(path: string): Readonly<Record<string, unknown>> {
  const text = readIfThere(path);
  if (text !== undefined) return asRecord(parseConfig(text, path));
  throw new CodeProblem("module-not-found", `Cannot find import map "${path}"`, { file: path });
}

function parseConfig(text: string, path: string): unknown {
  try {
    return parseJsonc(text);
  } catch (error) {
    throw new CodeProblem("syntax", `Cannot read "${path}": ${messageOf(error)}`, {
      file: path,
      cause: error,
    });
  }
}

function asLock(text: string, path: string): Lock {
  parseConfig(text, path);
  return new Lock(text);
}
