/**
 * The types of npm packages, wherever the packages lie. The compiler sees one `node_modules` that does not exist; of a package
 * in several versions it sees one. Does not know how a package came to its directory.
 *
 * @module
 */

import type {
  Compiler,
  CompilerOptions,
  ModuleResolutionHost,
  ResolvedModule,
} from "./compiler_api.ts";

/** Absolute directories of packages by their ids, `npm:name@version`. */
export type PackageDirs = ReadonlyMap<string, string>;

/** The directory that the compiler sees; nothing on disk is called like this. */
const ROOT = "/.flow-packages/";
const MODULES = `${ROOT}node_modules/`;
/** Stands for all modules of the user. */
const IMPORTER = `${ROOT}import.ts`;

/** Finds declarations in packages. */
export class TypePackages {
  readonly #compiler: Compiler;
  readonly #options: CompilerOptions;
  readonly #cache: { clear(): void };
  /** Directories by name. */
  readonly #dirs = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #known = new Set<string>();
  /** Imports without types. */
  readonly unknown: Set<string> = new Set();

  constructor(compiler: Compiler, options: CompilerOptions) {
    this.#compiler = compiler;
    this.#options = options;
    this.#cache = compiler.createModuleResolutionCache(ROOT, (path) => path, options);
  }

  /** Ids of packages that were imported and whose directories have not been said. */
  get missing(): ReadonlySet<string> {
    return this.#asked.difference(this.#known);
  }

  /** Says where packages lie; the first version of a package counts. */
  add(dirs: PackageDirs): void {
    for (const [id, dir] of dirs) {
      const name = nameOf(id);
      if (!this.#dirs.has(name)) this.#dirs.set(name, dir);
    }
    for (const id of this.#asked) this.#known.add(id);
    this.unknown.clear();
    this.#cache.clear();
  }

  /** Tells whether a file is one of a package, as the compiler sees it. */
  owns(file: string): boolean {
    return file.startsWith(ROOT);
  }

  /** The path on disk of a path as the compiler sees it. */
  realPath(path: string): string {
    if (!path.startsWith(MODULES)) return path;
    const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(path.slice(MODULES.length)) ?? [];
    const dir = name === undefined ? undefined : this.#dirs.get(name);
    return dir === undefined ? path : dir + rest;
  }

  /** Resolves an import of a package by a user's module. */
  import(id: string, name: string): ResolvedModule | undefined {
    this.#asked.add(id);
    return this.resolve(name, IMPORTER);
  }

  /** Resolves an import inside a package. */
  resolve(specifier: string, file: string): ResolvedModule | undefined {
    const { resolvedModule } = this.#compiler.resolveModuleName(
      specifier,
      file,
      this.#options,
      this.#host,
      this.#cache,
    );
    // A package without declarations has no types: its code is not read.
    const hasTypes = resolvedModule !== undefined &&
      !/\.[mc]?jsx?$/.test(resolvedModule.resolvedFileName);
    if (!hasTypes && file === IMPORTER) this.unknown.add(specifier);
    return hasTypes ? resolvedModule : undefined;
  }

  readonly #host: ModuleResolutionHost = {
    fileExists: (path) => statOf(this.realPath(path))?.isFile === true,
    readFile: (path) => Deno.readTextFileSync(this.realPath(path)),
    directoryExists: (path) =>
      MODULES.startsWith(`${path}/`) || statOf(this.realPath(path))?.isDirectory === true,
  };
}

function nameOf(id: string): string {
  return /^npm:((?:@[^/]+\/)?[^/@]+)/.exec(id)?.[1] ?? id;
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}
