/**
 * One module as data: what it imports, exports and declares, each declaration with a digest of its tokens.
 * The analysis depends on the text of that file alone, so it can be kept by content. Knows no other file.
 *
 * @module
 */

import * as acorn from "acorn";
import { type Digest, digestOf } from "../base/digest.ts";
import type { Parameters } from "../graph.ts";
import { messageOf } from "../base/error.ts";
import { declare, literalText, type References, referencesOf } from "./references.ts";
import { StripError, type StripMode, stripTypes } from "./strip.ts";

/** Changes whenever an analysis of the same text would differ: it is part of the cache key. */
export const ANALYSIS_VERSION = 2;

export type { Parameters };

/** One `import`, `export … from` or literal `import()`. Line and column are one-based. */
export interface Request {
  readonly specifier: string;
  readonly type?: string;
  readonly line: number;
  readonly column: number;
}

/** A piece of a module that is hashed by itself. What is absent is empty or false, to keep the text short. */
export interface Declaration {
  /** Local names it binds. */
  readonly names: readonly string[];
  /** Of its tokens. */
  readonly digest: Digest;
  /** Names of its module it refers to. */
  readonly refs?: readonly string[];
  /** Names of its module whose objects it hands to other code. */
  readonly exposes?: readonly string[];
  /** Indices of the requests of its `import()` calls. */
  readonly dynamic?: readonly number[];
  /** It runs code when the module is loaded. */
  readonly runs?: true;
  /** It may change something that is not its own. */
  readonly mutates?: true;
  readonly evals?: true;
  /** Its value cannot be changed: a function, a class, a constant without objects. */
  readonly isInert?: true;
  /** Place of an `import(x)` that cannot be followed. */
  readonly computed?: { readonly line: number; readonly column: number };
  /** Only of functions. */
  readonly parameters?: Parameters;
  /** It cannot be called: a class, an object, a constant. */
  readonly isNoFunction?: true;
  /** It is only another name for this one. */
  readonly alias?: string;
}

/** Where a name comes from: a local name, or `[request, name there]`; `*` is the whole module. */
export type Origin = string | readonly [request: number, name: string];

/** Everything the digest of a function needs to know of one file. */
export interface ModuleAnalysis {
  readonly mode: StripMode;
  readonly requests: readonly Request[];
  /** Requests that are loaded with the module, in order. */
  readonly loads: readonly number[];
  /** Those of them that bind nothing: `import "x"`. */
  readonly bare: readonly number[];
  readonly imports: readonly (readonly [name: string, request: number, imported: string])[];
  readonly exports: readonly (readonly [name: string, origin: Origin])[];
  /** Requests of `export * from`. */
  readonly stars: readonly number[];
  readonly declarations: readonly Declaration[];
  /** All statements in order as one piece, for modules that count whole. */
  readonly body: Declaration;
  /** It does something when loaded beyond binding names. */
  readonly hasEffects: boolean;
  /** Offsets of imports that only types needed, to be blanked. */
  readonly blanks: readonly (readonly [start: number, end: number])[];
}

/** Name under which an anonymous default export is declared. */
const DEFAULT = "*default*";

/** A module that does not parse; the caller knows which file. */
export class ModuleSyntaxError extends Error {
  /** One-based. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.name = "ModuleSyntaxError";
    this.line = line;
    this.column = column;
  }
}

/** Returns the JavaScript of a module, before unused imports are blanked. */
export function javascriptOf(
  text: string,
  isTypeScript: boolean,
): { mode: StripMode; code: string } {
  if (!isTypeScript) return { mode: "none", code: text };
  try {
    return stripTypes(text);
  } catch (error) {
    if (error instanceof StripError) {
      throw new ModuleSyntaxError(error.message, error.line, error.column);
    }
    throw error;
  }
}

/** Replaces the given ranges by spaces; line breaks stay. */
export function blank(code: string, ranges: ModuleAnalysis["blanks"]): string {
  let result = "";
  let at = 0;
  for (const [start, end] of ranges) {
    result += code.slice(at, start) + code.slice(start, end).replace(/[^\r\n]/g, " ");
    at = end;
  }
  return result + code.slice(at);
}

/**
 * Analyses one module.
 *
 * @param code JavaScript, as {@link javascriptOf} returns it.
 * @param mode How it was made; imports that nothing refers to are dropped unless the source was JavaScript.
 * @throws {ModuleSyntaxError} If it does not parse.
 */
export function analyseModule(code: string, mode: StripMode): ModuleAnalysis {
  const tokens = new Tokens(code);
  const program = parse(code, tokens);
  try {
    return new Analyser(tokens, mode).run(program);
  } catch (error) {
    if (error instanceof RangeError) throw new ModuleSyntaxError("Nested too deeply", 1, 1);
    throw error;
  }
}

function parse(code: string, tokens: Tokens): acorn.Program {
  try {
    return acorn.parse(code, {
      ecmaVersion: "latest",
      sourceType: "module",
      onToken: (token) => tokens.add(token),
      onInsertedSemicolon: (offset) => tokens.addSemicolon(offset),
    });
  } catch (error) {
    if (error instanceof SyntaxError && "pos" in error && typeof error.pos === "number") {
      const { line, column } = acorn.getLineInfo(code, error.pos);
      throw new ModuleSyntaxError(error.message.replace(/ \(\d+:\d+\)$/, ""), line, column + 1);
    }
    if (error instanceof RangeError) throw new ModuleSyntaxError("Nested too deeply", 1, 1);
    throw new ModuleSyntaxError(messageOf(error), 1, 1);
  }
}

/**
 * The tokens of a module, to be hashed by range. Comments and layout are not in them; semicolons
 * that the grammar inserts are, because `return⏎x` and `return x` differ in nothing else.
 */
class Tokens {
  readonly code: string;
  readonly #starts: number[] = [];
  readonly #texts: string[] = [];
  readonly #semicolons: number[] = [];

  constructor(code: string) {
    this.code = code;
  }

  add(token: acorn.Token): void {
    this.#starts.push(token.start);
    this.#texts.push(textOf(token, this.code));
  }

  addSemicolon(offset: number): void {
    this.#semicolons.push(offset);
  }

  /** Returns the canonical text of a range. Commas before a closing bracket and final semicolons do not count. */
  textOf(start: number, end: number): string {
    const parts: string[] = [];
    let semicolon = lowerBound(this.#semicolons, start + 1);
    for (let i = lowerBound(this.#starts, start); this.#starts[i] < end; i++) {
      for (; this.#semicolons[semicolon] <= this.#starts[i]; semicolon++) parts.push(";");
      const text = this.#texts[i];
      const last = parts.length - 1;
      if (/^[)\]}]$/.test(text) && parts[last] === ",") {
        if (text !== "]" || (parts[last - 1] !== "," && parts[last - 1] !== "[")) parts.pop();
      }
      parts.push(text);
    }
    while (parts.at(-1) === ";") parts.pop();
    return parts.map((part) => `${part.length}:${part}`).join("");
  }
}

/** Strings by value, so that quotes do not matter; templates and all else as written. */
function textOf(token: acorn.Token, code: string): string {
  const { type, start, end } = token;
  if (type === acorn.tokTypes.string) return JSON.stringify((token as { value?: unknown }).value);
  const text = code.slice(start, end);
  return type.label === "template" ? "`" + text.replace(/\r\n?/g, "\n") : text;
}

/** First index whose value is not below `wanted`, in ascending numbers. */
function lowerBound(values: readonly number[], wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Collects the parts of one analysis. */
class Analyser {
  readonly #tokens: Tokens;
  readonly #mode: StripMode;
  readonly #requests: Request[] = [];
  readonly #loads: number[] = [];
  readonly #bare: number[] = [];
  readonly #imports: [string, number, string][] = [];
  readonly #exports: [string, Origin][] = [];
  readonly #stars: number[] = [];
  readonly #declarations: Declaration[] = [];
  readonly #blanks: [number, number][] = [];
  /** Of all statements: what the whole module is made of. */
  readonly #bodyTexts: string[] = [];
  readonly #used = new Set<string>();
  readonly #bodyDynamic: number[] = [];
  #bodyComputed: Declaration["computed"];
  #hasEffects = false;

  constructor(tokens: Tokens, mode: StripMode) {
    this.#tokens = tokens;
    this.#mode = mode;
  }

  run(program: acorn.Program): ModuleAnalysis {
    for (const node of program.body) this.#statement(node);
    for (const node of program.body) if (node.type === "ImportDeclaration") this.#import(node);
    this.#loads.sort((a, b) => this.#offsets[a] - this.#offsets[b]);
    const bound = new Set(this.#imports.map(([name]) => name));
    for (const name of this.#declarations.flatMap(({ names }) => names)) {
      // Only `var` may be declared twice, and then no single declaration tells its value.
      if (bound.has(name)) this.#hasEffects = true;
      bound.add(name);
    }
    return {
      mode: this.#mode,
      requests: this.#requests,
      loads: this.#loads,
      bare: this.#bare,
      imports: this.#imports,
      exports: this.#exports,
      stars: this.#stars,
      declarations: this.#declarations.map((declaration) => withoutGlobals(declaration, bound)),
      body: withoutGlobals(this.#body(), bound),
      hasEffects: this.#hasEffects,
      blanks: this.#blanks,
    };
  }

  /** Start offsets of the requests. */
  readonly #offsets: number[] = [];

  #body(): Declaration {
    return {
      names: [],
      digest: digestOf(this.#bodyTexts.join("\n")),
      refs: [...this.#used].sort(),
      ...(this.#bodyDynamic.length > 0 && { dynamic: this.#bodyDynamic }),
      ...(this.#bodyComputed && { computed: this.#bodyComputed }),
    };
  }

  #statement(node: acorn.Program["body"][number]): void {
    switch (node.type) {
      case "ImportDeclaration":
      case "EmptyStatement":
        return;
      case "ExportAllDeclaration": {
        const request = this.#load(node);
        if (node.exported === null || node.exported === undefined) this.#stars.push(request);
        else this.#exports.push([nameOf(node.exported), [request, "*"]]);
        return;
      }
      case "ExportNamedDeclaration":
        return this.#exportNamed(node);
      case "ExportDefaultDeclaration":
        return this.#exportDefault(node);
      case "FunctionDeclaration":
      case "ClassDeclaration":
      case "VariableDeclaration":
        return this.#declaration(node);
      default:
        return this.#effect(node);
    }
  }

  #exportNamed(node: acorn.ExportNamedDeclaration): void {
    if (node.declaration) {
      const before = this.#declarations.length;
      this.#declaration(node.declaration);
      for (const { names } of this.#declarations.slice(before)) {
        for (const name of names) this.#exports.push([name, name]);
      }
      return;
    }
    const request = node.source
      ? this.#load(node as acorn.ExportNamedDeclaration & Sourced)
      : undefined;
    for (const { local, exported } of node.specifiers) {
      const name = nameOf(local);
      this.#exports.push([nameOf(exported), request === undefined ? name : [request, name]]);
      if (request === undefined) this.#used.add(name);
    }
  }

  #exportDefault(node: acorn.ExportDefaultDeclaration): void {
    const value = node.declaration as acorn.AnyNode;
    const isNamed = (value.type === "FunctionDeclaration" || value.type === "ClassDeclaration") &&
      value.id;
    if (isNamed) this.#declaration(value as acorn.Declaration);
    else this.#declare([DEFAULT], "default", value, value);
    this.#exports.push(["default", isNamed ? isNamed.name : DEFAULT]);
  }

  #declaration(node: acorn.Declaration | acorn.FunctionDeclaration | acorn.ClassDeclaration): void {
    if (node.type !== "VariableDeclaration") {
      return this.#declare(node.id ? [node.id.name] : [DEFAULT], "", node, node);
    }
    // The end of an `await using` is an await as well; of a `using`, a call.
    if (node.kind === "using" || node.kind === "await using") this.#hasEffects = true;
    for (const declarator of node.declarations) {
      const names = new Set<string>();
      declare(declarator.id, names);
      this.#declare([...names], node.kind, declarator, declarator.init ?? undefined);
    }
  }

  /** Adds one declaration. `value` is what the names are bound to. */
  #declare(
    names: readonly string[],
    kind: string,
    node: acorn.Node,
    value: acorn.Node | undefined,
  ): void {
    const found = referencesOf(node);
    if (found.awaits) this.#hasEffects = true;
    const text = `${kind} ${this.#tokens.textOf(node.start, node.end)}`;
    this.#bodyTexts.push(text);
    const parameters = value && parametersOf(value as acorn.AnyNode);
    const refs = [...found.names].filter((name) => !names.includes(name));
    for (const name of found.names) this.#used.add(name);
    const computed = this.#computedOf(found);
    const dynamic = this.#dynamicOf(found);
    this.#declarations.push({
      names,
      digest: digestOf(text),
      refs: refs.sort(),
      exposes: [...found.exposes].sort(),
      ...(dynamic.length > 0 && { dynamic }),
      ...(found.runs && { runs: true }),
      ...(found.mutates && { mutates: true }),
      ...(found.evals && { evals: true }),
      ...((parameters !== undefined || isInert(kind, node, value)) && { isInert: true }),
      ...(computed && { computed }),
      ...(parameters && { parameters }),
      ...(isNoFunction(node, value) && { isNoFunction: true }),
      ...(value?.type === "Identifier" && { alias: (value as acorn.Identifier).name }),
    });
  }

  /** A statement that declares nothing: an effect, unless it is a directive or guarded by `import.meta.main`. */
  #effect(node: acorn.Statement): void {
    const found = referencesOf(node);
    for (const name of found.names) this.#used.add(name);
    if (node.type === "ExpressionStatement" && node.expression.type === "Literal") return;
    // A node's module is never the main module, so such a block never runs.
    if (node.type === "IfStatement" && !node.alternate && isImportMetaMain(node.test)) return;
    this.#hasEffects = true;
    this.#bodyTexts.push(this.#tokens.textOf(node.start, node.end));
    this.#dynamicOf(found);
    this.#computedOf(found);
  }

  #dynamicOf(found: References): readonly number[] {
    const indices = found.dynamic.map(({ specifier, node }) =>
      this.#request(specifier, dynamicType(node), node.start)
    );
    this.#bodyDynamic.push(...indices);
    return indices;
  }

  #computedOf(found: References): Declaration["computed"] {
    if (found.computed.length === 0) return undefined;
    const { line, column } = acorn.getLineInfo(this.#tokens.code, found.computed[0]);
    const place = { line, column: column + 1 };
    this.#bodyComputed ??= place;
    return place;
  }

  /** Adds an import; parts that only types needed are blanked instead. Runs after all names are known. */
  #import(node: acorn.ImportDeclaration): void {
    const isTyped = this.#mode !== "none";
    const unused = node.specifiers.filter((part) => isTyped && !this.#used.has(part.local.name));
    const written = this.#tokens.code.slice(node.start, node.end);
    const isEmpty = node.specifiers.length === 0 && isTyped && /^import\s*\{/.test(written);
    if (isEmpty || (unused.length > 0 && unused.length === node.specifiers.length)) {
      this.#blanks.push([node.start, node.end]);
      return;
    }
    for (const part of unused) this.#blanks.push(this.#rangeOf(part, node));
    const request = this.#load(node);
    if (node.specifiers.length === 0) this.#bare.push(request);
    for (const part of node.specifiers) {
      if (!unused.includes(part)) {
        this.#imports.push([part.local.name, request, importedName(part)]);
      }
    }
  }

  /** Range of an import specifier with the comma that must go with it. */
  #rangeOf(
    part: acorn.ImportDeclaration["specifiers"][number],
    node: acorn.ImportDeclaration,
  ): [number, number] {
    if (part.type === "ImportNamespaceSpecifier") return [node.specifiers[0].end, part.end];
    const after = /^(?:\s|\/\*[^]*?\*\/|\/\/.*)*,/.exec(
      this.#tokens.code.slice(part.end, node.source.start),
    );
    return [part.start, part.end + (after?.[0].length ?? 0)];
  }

  #load(node: Sourced): number {
    const type = attributeType(node.attributes ?? []);
    const request = this.#request(String(node.source.value), type, node.start);
    this.#loads.push(request);
    return request;
  }

  #request(specifier: string, type: string | undefined, offset: number): number {
    const { line, column } = acorn.getLineInfo(this.#tokens.code, offset);
    this.#offsets.push(offset);
    this.#requests.push({
      specifier,
      ...(type !== undefined && { type }),
      line,
      column: column + 1,
    });
    return this.#requests.length - 1;
  }
}

/** Keeps only the names that the module binds: nothing else can lead anywhere. */
function withoutGlobals(declaration: Declaration, bound: ReadonlySet<string>): Declaration {
  const { refs, exposes, ...rest } = declaration;
  const kept = refs?.filter((name) => bound.has(name)) ?? [];
  const given = exposes?.filter((name) => bound.has(name)) ?? [];
  return {
    ...rest,
    ...(kept.length > 0 && { refs: kept }),
    ...(given.length > 0 && { exposes: given }),
  };
}

/** A statement with `from "…"`. */
type Sourced = acorn.Node & {
  readonly source: acorn.Literal;
  readonly attributes?: readonly acorn.ImportAttribute[];
};

function nameOf(node: acorn.Identifier | acorn.Literal): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}

function importedName(part: acorn.ImportDeclaration["specifiers"][number]): string {
  if (part.type === "ImportDefaultSpecifier") return "default";
  return part.type === "ImportNamespaceSpecifier" ? "*" : nameOf(part.imported);
}

function attributeType(attributes: readonly acorn.ImportAttribute[]): string | undefined {
  const found = attributes.find(({ key }) => nameOf(key) === "type");
  return found === undefined ? undefined : String(found.value.value);
}

/** `type` of `import(x, { with: { type: "json" } })`. */
function dynamicType(node: acorn.ImportExpression): string | undefined {
  const attributes = memberOf(node.options ?? undefined, "with");
  const type = memberOf(attributes, "type");
  return type === undefined ? undefined : literalText(type as acorn.AnyNode);
}

function memberOf(node: acorn.Node | undefined, name: string): acorn.Node | undefined {
  const object = node as acorn.AnyNode | undefined;
  if (object?.type !== "ObjectExpression") return undefined;
  for (const property of object.properties) {
    if (property.type !== "Property" || property.computed) continue;
    const key = property.key as acorn.AnyNode;
    if ((key.type === "Identifier" ? key.name : literalText(key)) === name) return property.value;
  }
  return undefined;
}

function isImportMetaMain(test: acorn.Expression): boolean {
  return test.type === "MemberExpression" && test.object.type === "MetaProperty" &&
    !test.computed &&
    test.property.type === "Identifier" && test.property.name === "main";
}

/** Nothing that is handed a copy of its value can change it. */
function isInert(kind: string, node: acorn.Node, value: acorn.Node | undefined): boolean {
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") return true;
  return kind === "const" && value !== undefined && isPrimitive(value as acorn.AnyNode);
}

function isPrimitive(node: acorn.AnyNode): boolean {
  switch (node.type) {
    case "Literal":
      return !("regex" in node && node.regex);
    case "TemplateLiteral":
    case "ClassExpression":
      return true;
    case "UnaryExpression":
      return node.operator !== "delete";
    case "BinaryExpression":
      return true;
    default:
      return false;
  }
}

/** Tells that what a declaration binds surely is not a function; not of names taken out of something. */
function isNoFunction(node: acorn.Node, value: acorn.Node | undefined): boolean {
  if (node.type === "ClassDeclaration") return true;
  if (node.type !== "VariableDeclarator") return false;
  if ((node as acorn.VariableDeclarator).id.type !== "Identifier") return false;
  return value?.type === "ObjectExpression" || value?.type === "ArrayExpression" ||
    (value !== undefined && isPrimitive(value as acorn.AnyNode));
}

/** Returns how a function takes its arguments, or `undefined` if the node is no function. */
function parametersOf(node: acorn.AnyNode): Parameters | undefined {
  if (!/^(Function|ArrowFunction)/.test(node.type)) return undefined;
  const { params } = node as acorn.Function;
  if (params.length === 0) return { kind: "none" };
  const first = params[0].type === "AssignmentPattern" ? params[0].left : params[0];
  if (first.type !== "ObjectPattern") return { kind: "opaque" };
  const names: { name: string; optional: boolean }[] = [];
  let hasRest = false;
  for (const property of first.properties) {
    if (property.type === "RestElement") hasRest = true;
    else if (property.computed) return { kind: "opaque" };
    else {
      const name = nameOf(property.key as acorn.Identifier | acorn.Literal);
      names.push({ name, optional: property.value.type === "AssignmentPattern" });
    }
  }
  return { kind: "named", names, hasRest };
}
