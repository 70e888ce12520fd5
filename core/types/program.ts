/**
 * The compiler's view of the user's modules: files from the disk, imports as flow resolves them, and the module of wires beside
 * them. What cannot be found is `any`. Does not know what wires mean.
 *
 * @module
 */

import type {
  Compiler,
  CompilerDiagnostic,
  CompilerHost,
  CompilerOptions,
  Program,
  ResolvedModule,
  SourceFile,
  TypeChecker,
} from "./compiler_api.ts";
import { NODE_DECLARATIONS } from "./compiler.ts";
import { type PackageDirs, TypePackages } from "./packages.ts";

/** Where an import of a user's module leads. */
export type ImportTarget =
  | { readonly kind: "local"; readonly path: string }
  /** `id` is the package (`npm:ms@2.1.3`), `name` what is imported (`ms/sub`). */
  | { readonly kind: "npm"; readonly id: string; readonly name: string }
  /** The module "flow". */
  | { readonly kind: "library" }
  /** A module of Node's. */
  | { readonly kind: "builtin" }
  | { readonly kind: "unknown" };

/** What the program needs from outside. */
export interface ProgramOptions {
  readonly compiler: Compiler;
  /** Directory of the workflow, its real path. */
  readonly dir: string;
  /** Text of the declarations of Deno. */
  readonly declarations: string | undefined;
  /** Text of the module "flow". */
  readonly library: string;
  /** Resolves an import of a local file. */
  resolve(specifier: string, file: string): ImportTarget;
}

/** A program that was checked, and the file of the wires in it. */
export interface Checked {
  readonly checker: TypeChecker;
  readonly file: SourceFile;
  readonly diagnostics: readonly CompilerDiagnostic[];
}

const WIRES_FILE = ".flow-wires.ts";
const DENO_FILE = ".flow-deno.d.ts";
const LIBRARY_FILE = ".flow-library.ts";

/** Makes programs that share everything they have read. */
export class Programs {
  readonly #options: ProgramOptions;
  readonly #compilerOptions: CompilerOptions;
  readonly #libDir: string;
  readonly #files = new Map<string, SourceFile | undefined>();
  readonly #unknown = new Set<string>();
  readonly #packages: TypePackages;
  #last: Program | undefined;
  /** The file that declares Node's modules, once one was imported. */
  #nodeFile: string | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
    const { compiler } = options;
    this.#compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowJs: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      isolatedModules: true,
      esModuleInterop: true,
      types: [],
      lib: ["lib.esnext.d.ts"],
      target: compiler.ScriptTarget.ESNext,
      module: compiler.ModuleKind.ESNext,
      moduleResolution: compiler.ModuleResolutionKind.Bundler,
      moduleDetection: compiler.ModuleDetectionKind.Force,
    };
    const library = compiler.getDefaultLibFilePath(this.#compilerOptions);
    this.#libDir = library.slice(0, library.lastIndexOf("/") + 1);
    this.#packages = new TypePackages(compiler, this.#compilerOptions);
  }

  /** Imports whose types are not known, as written. */
  get unknown(): ReadonlySet<string> {
    return new Set([...this.#unknown, ...this.#packages.unknown]);
  }

  /** Packages that were asked for and whose directories are not known yet, by their ids. */
  get missing(): ReadonlySet<string> {
    return this.#packages.missing;
  }

  /** Says where packages lie. */
  addPackages(dirs: PackageDirs): void {
    this.#packages.add(dirs);
    this.#unknown.clear();
  }

  /**
   * Checks a module of wires.
   *
   * @param text Its text.
   * @param modules Absolute paths by the specifiers it imports.
   */
  check(text: string, modules: ReadonlyMap<string, string>): Checked {
    const { compiler, dir, declarations, library } = this.#options;
    const wires = `${dir}/${WIRES_FILE}`;
    const roots = [
      ...(declarations === undefined ? [] : [`${dir}/${DENO_FILE}`]),
      ...(this.#nodeFile === undefined ? [] : [this.#nodeFile]),
      wires,
    ];
    const texts = new Map([
      [wires, text],
      [`${dir}/${DENO_FILE}`, declarations ?? ""],
      [`${dir}/${LIBRARY_FILE}`, library],
    ]);
    this.#files.delete(wires);
    const program = compiler.createProgram({
      rootNames: roots,
      options: this.#compilerOptions,
      host: this.#host(texts, modules),
      ...(this.#last === undefined ? {} : { oldProgram: this.#last }),
    });
    this.#last = program;
    const file = program.getSourceFile(wires) as SourceFile;
    // Only of this file: what is wrong inside the user's modules is not about wires.
    const diagnostics = program.getSemanticDiagnostics(file);
    return { checker: program.getTypeChecker(), file, diagnostics };
  }

  #host(texts: ReadonlyMap<string, string>, modules: ReadonlyMap<string, string>): CompilerHost {
    const { compiler, dir } = this.#options;
    const read = (path: string) => texts.get(path) ?? readIfThere(this.#packages.realPath(path));
    return {
      getSourceFile: (path, languageVersion) => this.#sourceFile(path, languageVersion, read),
      getDefaultLibFileName: () => `${this.#libDir}lib.esnext.d.ts`,
      getDefaultLibLocation: () => this.#libDir,
      getCurrentDirectory: () => dir,
      getCanonicalFileName: (path) => path,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
      fileExists: (path) => texts.has(path) || isFile(this.#packages.realPath(path)),
      readFile: read,
      writeFile: () => {},
      hasInvalidatedResolutions: () => true,
      // Of comments only the types of JavaScript files matter.
      jsDocParsingMode: compiler.JSDocParsingMode.ParseForTypeInfo,
      resolveModuleNameLiterals: (literals, file) =>
        literals.map(({ text }) => ({
          resolvedModule: modules.has(text)
            ? moduleAt(compiler, Deno.realPathSync(modules.get(text) as string))
            : this.#resolve(text, file),
        })),
    };
  }

  #sourceFile(
    path: string,
    version: unknown,
    read: (path: string) => string | undefined,
  ): SourceFile | undefined {
    if (!this.#files.has(path)) {
      const text = read(path);
      this.#files.set(
        path,
        text === undefined
          ? undefined
          : this.#options.compiler.createSourceFile(path, text, version, false),
      );
    }
    return this.#files.get(path);
  }

  #resolve(specifier: string, file: string): ResolvedModule | undefined {
    if (this.#packages.owns(file)) return this.#packages.resolve(specifier, file);
    const target = this.#options.resolve(specifier, file);
    switch (target.kind) {
      case "npm":
        return this.#packages.import(target.id, target.name);
      case "local":
        return moduleAt(this.#options.compiler, target.path);
      case "builtin":
        // Declared by name in a file of its own. What Deno's declarations need of it does not matter.
        if (!file.endsWith(DENO_FILE)) {
          this.#nodeFile = this.#packages.import(NODE_DECLARATIONS, "@types/node")
            ?.resolvedFileName;
        }
        return undefined;
      case "library":
        return moduleAt(this.#options.compiler, `${this.#options.dir}/${LIBRARY_FILE}`);
      case "unknown":
        // Deno's own declarations are not the user's business.
        if (!file.endsWith(DENO_FILE)) this.#unknown.add(specifier);
        return undefined;
      default:
        return target satisfies never;
    }
  }
}

/** A local file as a module; texts and other things that have no types are unknown to the compiler. */
function moduleAt({ Extension }: Compiler, path: string): ResolvedModule | undefined {
  const extension = /\.d\.[mc]?ts$|\.[mc]?[jt]s$|\.json$/.exec(path)?.[0];
  if (extension === undefined) return undefined;
  const known = Object.values(Extension).includes(extension);
  return { resolvedFileName: path, extension: known ? extension : Extension.Dts };
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.IsADirectory;
}
