/**
 * The part of TypeScript's API that checking wires uses, as types. Not imported from the package: the lock would name it, and
 * Deno fetches all that a lock names at the first start of the program, 24 MB for a command that few starts are about.
 *
 * The names are those of the package, where they are documented.
 *
 * @module
 */

/** The package. */
export interface Compiler {
  readonly version: string;
  readonly ScriptTarget: { readonly ESNext: number };
  readonly ModuleKind: { readonly ESNext: number };
  readonly ModuleResolutionKind: { readonly Bundler: number };
  readonly ModuleDetectionKind: { readonly Force: number };
  readonly JSDocParsingMode: { readonly ParseForTypeInfo: number };
  readonly Extension: { readonly Dts: string } & Readonly<Record<string, string>>;
  readonly SymbolFlags: { readonly Optional: number };
  readonly ElementFlags: { readonly Variable: number };
  readonly TypeFlags: Readonly<Record<TypeFlag, number>>;
  readonly TypeFormatFlags: Readonly<Record<TypeFormatFlag, number>>;
  getDefaultLibFilePath(options: CompilerOptions): string;
  createSourceFile(path: string, text: string, version: unknown, parents: boolean): SourceFile;
  createProgram(options: {
    readonly rootNames: readonly string[];
    readonly options: CompilerOptions;
    readonly host: CompilerHost;
    readonly oldProgram?: Program;
  }): Program;
  createModuleResolutionCache(
    dir: string,
    canonical: (path: string) => string,
    options: CompilerOptions,
  ): { clear(): void };
  resolveModuleName(
    name: string,
    file: string,
    options: CompilerOptions,
    host: ModuleResolutionHost,
    cache: unknown,
  ): { readonly resolvedModule?: ResolvedModule };
  isVariableStatement(node: SyntaxNode): node is VariableStatement;
  isVariableDeclaration(node: SyntaxNode): node is VariableDeclaration;
  isCallExpression(node: SyntaxNode): node is CallExpression;
  isObjectLiteralExpression(node: SyntaxNode): node is ObjectLiteral;
}

/** Bits of `Type.flags`. */
export type TypeFlag =
  | "Any"
  | "Unknown"
  | "Never"
  | "Void"
  | "Null"
  | "StringLike"
  | "NumberLike"
  | "BooleanLike"
  | "BigIntLike"
  | "EnumLiteral"
  | "Object"
  | "NonPrimitive"
  | "Intersection";

/** Bits of how a type is written. */
export type TypeFormatFlag =
  | "UseAliasDefinedOutsideCurrentScope"
  | "NoTruncation"
  | "InTypeAlias";

/** What `tsconfig.json` calls `compilerOptions`, with enumerations as numbers. */
export type CompilerOptions = Readonly<Record<string, unknown>>;

/** Where an import leads. */
export interface ResolvedModule {
  readonly resolvedFileName: string;
  readonly extension: string;
}

/** The files a resolution looks at. */
export interface ModuleResolutionHost {
  fileExists(path: string): boolean;
  readFile(path: string): string | undefined;
  directoryExists?(path: string): boolean;
}

/** Everything a program asks for. */
export interface CompilerHost extends ModuleResolutionHost {
  getSourceFile(path: string, version: unknown): SourceFile | undefined;
  getDefaultLibFileName(): string;
  getDefaultLibLocation(): string;
  getCurrentDirectory(): string;
  getCanonicalFileName(path: string): string;
  useCaseSensitiveFileNames(): boolean;
  getNewLine(): string;
  writeFile(): void;
  hasInvalidatedResolutions(): boolean;
  readonly jsDocParsingMode: number;
  resolveModuleNameLiterals(
    literals: readonly { readonly text: string }[],
    file: string,
  ): readonly { readonly resolvedModule: ResolvedModule | undefined }[];
}

/** Files that belong together. */
export interface Program {
  getSourceFile(path: string): SourceFile | undefined;
  getSemanticDiagnostics(file: SourceFile): readonly CompilerDiagnostic[];
  getTypeChecker(): TypeChecker;
}

/** A text with the texts that explain it. */
export interface MessageChain {
  readonly messageText: string;
  readonly next?: readonly MessageChain[];
}

/** Something that is wrong. */
export interface CompilerDiagnostic {
  readonly code: number;
  readonly start?: number;
  readonly messageText: string | MessageChain;
}

/** Answers about types. */
export interface TypeChecker {
  getTypeAtLocation(node: SyntaxNode): Type;
  getContextualType(node: SyntaxNode): Type | undefined;
  getTypeOfSymbol(symbol: TypeSymbol): Type;
  isTypeAssignableTo(source: Type, target: Type): boolean;
  isTupleType(type: Type): boolean;
  typeToString(type: Type, enclosing: undefined, flags: number): string;
}

/** A type. */
export interface Type {
  readonly flags: number;
  readonly aliasSymbol?: TypeSymbol;
  /** Of literal types. */
  readonly value?: unknown;
  isUnion(): this is UnionType;
  getProperties(): TypeSymbol[];
  getProperty(name: string): TypeSymbol | undefined;
  getStringIndexType(): Type | undefined;
  getNumberIndexType(): Type | undefined;
  getCallSignatures(): readonly { getDeclaration(): SyntaxNode | undefined }[];
}

/** One of several types. */
export interface UnionType extends Type {
  readonly types: Type[];
}

/** A list with a type for each place. */
export interface TupleType extends Type {
  readonly target: { readonly fixedLength: number; readonly combinedFlags: number };
}

/** Something with a name. */
export interface TypeSymbol {
  readonly name: string;
  readonly flags: number;
  readonly declarations?: readonly SyntaxNode[];
}

/** A part of a file. */
export interface SyntaxNode {
  readonly parent: SyntaxNode;
  readonly name?: SyntaxNode;
  getStart(file: SourceFile): number;
  getEnd(): number;
  getText(file: SourceFile): string;
  getSourceFile(): SourceFile;
}

/** A file. */
export interface SourceFile extends SyntaxNode {
  readonly fileName: string;
  readonly text: string;
  readonly isDeclarationFile: boolean;
  readonly statements: readonly SyntaxNode[];
}

/** `const a = …, b = …;` */
export interface VariableStatement extends SyntaxNode {
  readonly declarationList: { readonly declarations: readonly VariableDeclaration[] };
}

/** `a = …` */
export interface VariableDeclaration extends SyntaxNode {
  readonly name: SyntaxNode;
  readonly initializer?: SyntaxNode;
}

/** `f(…)` */
export interface CallExpression extends SyntaxNode {
  readonly expression: SyntaxNode;
  readonly arguments: readonly SyntaxNode[];
}

/** `{ a: …, b: … }` */
export interface ObjectLiteral extends SyntaxNode {
  readonly properties: readonly (SyntaxNode & { readonly initializer: SyntaxNode })[];
}
