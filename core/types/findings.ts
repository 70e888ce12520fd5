/**
 * What is wrong with the types of a workflow, read off a checked module of wires. Does not know how it is said, nor where it
 * stands in the workflow file.
 *
 * @module
 */

import type {
  CallExpression,
  Compiler,
  CompilerDiagnostic,
  ObjectLiteral,
  Type,
  TypeSymbol,
  VariableDeclaration,
} from "./compiler_api.ts";
import type { Graph, Parameters } from "../graph.ts";
import type { NodeId } from "../names.ts";
import { isPath } from "../wire.ts";
import type { NodeDef } from "../workflow.ts";
import type { Checked } from "./program.ts";
import { reasonOf } from "./reason.ts";
import { type Misfit, TypeView } from "./type_view.ts";
import {
  mapItemOf,
  outputName,
  resultName,
  type Site,
  sourceName,
  type WireModule,
} from "./wire_module.ts";

/** The place of a function in a module; `start` is an offset. */
export interface FunctionPlace {
  readonly path: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One thing that is wrong. Types are texts. */
export type Finding =
  & { readonly node: NodeId; readonly place: FunctionPlace | undefined }
  & (
    | {
      readonly kind: "wire";
      readonly wire: number;
      /** Of what the call gets: of a mapped input an element. */
      readonly source: string;
      /** `rows: Table[]`. */
      readonly parameter: string;
      readonly reason: string;
      /** The parameter takes what the source is an array of. */
      readonly takesElement: boolean;
      /** What the parameter takes, as far as hints care. */
      readonly takes: "string" | "strings" | "other";
    }
    | { readonly kind: "extra"; readonly wire: number; readonly known: readonly string[] }
    | { readonly kind: "missing"; readonly parameter: string; readonly type: string }
    | { readonly kind: "call"; readonly reason: string }
    | { readonly kind: "takes"; readonly type: string }
    | {
      readonly kind: "rank";
      readonly wire: number;
      readonly source: string;
      readonly rank: number;
    }
    | {
      readonly kind: "generated";
      readonly output: number;
      readonly type: string;
      readonly rank: number;
    }
    | { readonly kind: "pick"; readonly output: number; readonly type: string }
    | { readonly kind: "outputs"; readonly type: string; readonly misfit: Misfit }
    | { readonly kind: "expansion"; readonly type: string }
  );

/** Codes of the compiler for what an argument may not be called. */
const EXCESS = new Set([2353, 2561]);
/** Codes of the compiler that say that it gave up. */
const TOO_COMPLEX = new Set([2589, 2590]);
/** Said at the name of the function instead of at an argument. */
const NO_OVERLOAD = 2769;

/**
 * Reads what is wrong off a checked module.
 *
 * @returns At most one finding per wire, in the order of the nodes.
 */
export function readFindings(
  compiler: Compiler,
  graph: Graph,
  parametersOf: (def: NodeDef) => Parameters,
  module: WireModule,
  checked: Checked,
): Finding[] {
  return new Reader(compiler, graph, parametersOf, module, checked).read();
}

class Reader {
  readonly #compiler: Compiler;
  readonly #graph: Graph;
  readonly #parametersOf: (def: NodeDef) => Parameters;
  readonly #module: WireModule;
  readonly #checked: Checked;
  readonly #view: TypeView;
  readonly #constants = new Map<string, VariableDeclaration>();
  readonly #findings: Finding[] = [];

  constructor(
    compiler: Compiler,
    graph: Graph,
    parametersOf: (def: NodeDef) => Parameters,
    module: WireModule,
    checked: Checked,
  ) {
    this.#compiler = compiler;
    this.#graph = graph;
    this.#parametersOf = parametersOf;
    this.#module = module;
    this.#checked = checked;
    this.#view = new TypeView(compiler, checked.checker, checked.file);
    for (const statement of checked.file.statements) {
      if (!compiler.isVariableStatement(statement)) continue;
      for (const declaration of statement.declarationList.declarations) {
        this.#constants.set(declaration.name.getText(checked.file), declaration);
      }
    }
  }

  read(): Finding[] {
    for (const node of this.#module.nodes) {
      this.#readRanks(node);
      this.#readArguments(node);
      this.#readResult(node);
    }
    for (const diagnostic of this.#checked.diagnostics) this.#readDiagnostic(diagnostic);
    return this.#findings;
  }

  /** Mapped inputs must be arrays of as many axes as the map-spec says. */
  #readRanks(node: NodeId): void {
    this.#graph.wires[node].forEach((_, wire) => {
      const rank = mapItemOf(this.#graph, node, wire)?.axes.length;
      const type = this.#typeOf(sourceName(node, wire));
      if (rank === undefined || type === undefined || this.#view.rankOf(type) >= rank) return;
      const source = this.#view.textOf(type);
      this.#add(node, { kind: "rank", wire, source, rank: this.#view.rankOf(type) });
    });
  }

  /** What the code does not show: the arguments of a function that does not take its parameter apart. */
  #readArguments(node: NodeId): void {
    const target = this.#parameterOf(node);
    if (target === undefined) return;
    if (this.#view.isPlain(target)) {
      return this.#add(node, { kind: "takes", type: this.#view.textOf(target) });
    }
    const known = this.#view.membersOf(target);
    if (known === undefined || this.#hasChecked(node)) return;
    this.#graph.wires[node].forEach(({ argument, source }, wire) => {
      if (known.includes(argument) || isPath(this.#graph.defs, source)) return;
      this.#add(node, { kind: "extra", wire, known });
    });
    for (const symbol of this.#missingOf(node, target)) {
      const type = this.#view.textOf(this.#checked.checker.getTypeOfSymbol(symbol));
      this.#add(node, { kind: "missing", parameter: symbol.name, type });
    }
  }

  /** What the function of a node takes; unknown if there are several ways to call it. */
  #parameterOf(node: NodeId): Type | undefined {
    const { checker } = this.#checked;
    const callee = this.#callOf(node)?.expression;
    const literal = this.#literalOf(node);
    if (callee === undefined || literal === undefined) return undefined;
    if (checker.getTypeAtLocation(callee).getCallSignatures().length !== 1) return undefined;
    return checker.getContextualType(literal);
  }

  /** What is returned must have the outputs, the generated axes, the nodes. */
  #readResult(node: NodeId): void {
    const { outputs, expand, map } = this.#graph.defs[node];
    const type = this.#typeOf(resultName(node));
    if (type === undefined) return;
    const text = this.#view.textOf(type);
    if (expand !== undefined) {
      if (!this.#view.isExpansion(type)) this.#add(node, { kind: "expansion", type: text });
      return;
    }
    const values = [...outputs.keys()].filter((i) => outputs[i].kind === "value");
    const hasPicks = values.some((i) => outputs[i].pick !== undefined);
    for (const output of hasPicks ? values : []) {
      const { name, pick = [name] } = outputs[output];
      if (!this.#view.holds(type, pick)) this.#add(node, { kind: "pick", output, type: text });
    }
    const misfit = hasPicks || values.length < 2
      ? undefined
      : this.#view.misfitOf(type, values.map((i) => outputs[i].name));
    if (misfit !== undefined) this.#add(node, { kind: "outputs", type: text, misfit });
    for (const output of misfit === undefined && map !== undefined ? values : []) {
      const one = this.#typeOf(outputName(node, output));
      const rank = one === undefined ? Infinity : this.#view.rankOf(one);
      if (one === undefined || rank >= (map?.generated.length ?? 0)) continue;
      this.#add(node, { kind: "generated", output, type: this.#view.textOf(one), rank });
    }
  }

  #readDiagnostic({ code, start = -1, messageText }: CompilerDiagnostic): void {
    if (TOO_COMPLEX.has(code)) return;
    const site = this.#module.sites.find((each) => each.start <= start && start < each.end);
    if (site === undefined || !this.#isAboutArguments(site, code, start)) return;
    if (site.wire !== undefined) this.#readWire(site, site.wire, code, messageText);
    else this.#readCall(site.node, messageText);
  }

  /** What is wrong with the name of the function, or their number of arguments, is not about wires. */
  #isAboutArguments({ node, wire }: Site, code: number, start: number): boolean {
    if (wire !== undefined || code === NO_OVERLOAD) return true;
    const first = this.#callOf(node)?.arguments[0];
    return first !== undefined && start >= first.getStart(this.#checked.file);
  }

  #readWire(
    { node, start }: Site,
    wire: number,
    code: number,
    message: CompilerDiagnostic["messageText"],
  ): void {
    const isKnown = this.#findings.some((each) =>
      each.node === node && "wire" in each && each.wire === wire
    );
    const literal = this.#literalOf(node);
    const property = literal?.properties.find((each) =>
      each.getStart(this.#checked.file) === start
    );
    if (isKnown || literal === undefined || property === undefined) return;
    const { argument } = this.#graph.wires[node][wire];
    // What is too much has been said, unless there are several ways to call the function.
    if (EXCESS.has(code)) return this.#readExcess(node, wire);
    const target = this.#checked.checker.getContextualType(literal);
    const value = property.initializer;
    const source = this.#checked.checker.getTypeAtLocation(value);
    const wanted = this.#checked.checker.getContextualType(value);
    if (wanted !== undefined && this.#view.isEnumValue(source, wanted)) return;
    const isOptional = ((target?.getProperty(argument)?.flags ?? 0) &
      this.#compiler.SymbolFlags.Optional) !== 0;
    this.#add(node, {
      kind: "wire",
      wire,
      source: this.#view.textOf(source),
      parameter: parameterText(argument, isOptional, wanted && this.#view.textOf(wanted)),
      reason: reasonOf(message),
      ...this.#hintsOf(source, wanted),
    });
  }

  #hintsOf(
    source: Type,
    wanted: Type | undefined,
  ): { takesElement: boolean; takes: "string" | "strings" | "other" } {
    if (wanted === undefined) return { takesElement: false, takes: "other" };
    const element = this.#view.elementOf(source);
    const text = this.#view.textOf(wanted);
    return {
      takesElement: element !== undefined && !this.#view.isAny(element) &&
        this.#view.fits(element, wanted),
      takes: /^string\b(?!\[)/.test(text)
        ? "string"
        : /^(?:readonly )?string\[\]/.test(text)
        ? "strings"
        : "other",
    };
  }

  #readExcess(node: NodeId, wire: number): void {
    const { source } = this.#graph.wires[node][wire];
    const target = this.#parameterOf(node);
    const isSaid = target !== undefined &&
      (this.#view.isPlain(target) || this.#view.membersOf(target) !== undefined);
    if (!isSaid && !isPath(this.#graph.defs, source)) {
      this.#add(node, { kind: "extra", wire, known: [] });
    }
  }

  /** The call does not fit as a whole, and that is not because of an argument that is missing or too much. */
  #readCall(node: NodeId, message: CompilerDiagnostic["messageText"]): void {
    const target = this.#parameterOf(node);
    const isSaid = this.#findings.some((each) => each.node === node && each.kind !== "outputs") ||
      target !== undefined && this.#missingOf(node, target).length > 0;
    if (!isSaid) this.#add(node, { kind: "call", reason: reasonOf(message) });
  }

  /** Required parameters without a source. */
  #missingOf(node: NodeId, target: Type): TypeSymbol[] {
    const given = this.#graph.wires[node].map(({ argument }) => argument);
    const { Optional } = this.#compiler.SymbolFlags;
    return target.getProperties().filter(({ name, flags }) =>
      (flags & Optional) === 0 && !given.includes(name)
    );
  }

  /** Parameters that the code shows have been checked; a default makes one optional whatever its type says. */
  #hasChecked(node: NodeId): boolean {
    const parameters = this.#parametersOf(this.#graph.defs[node]);
    return parameters.kind === "named" && !parameters.hasRest;
  }

  #typeOf(name: string): Type | undefined {
    const declaration = this.#constants.get(name);
    return declaration && this.#checked.checker.getTypeAtLocation(declaration);
  }

  #callOf(node: NodeId): CallExpression | undefined {
    const call = this.#constants.get(`r${node}`)?.initializer;
    return call !== undefined && this.#compiler.isCallExpression(call) ? call : undefined;
  }

  #literalOf(node: NodeId): ObjectLiteral | undefined {
    const first = this.#callOf(node)?.arguments[0];
    return first !== undefined && this.#compiler.isObjectLiteralExpression(first)
      ? first
      : undefined;
  }

  #add(node: NodeId, finding: FindingOf): void {
    this.#findings.push({ node, place: this.#placeOf(node), ...finding });
  }

  /** Where the function of a node is declared. */
  #placeOf(node: NodeId): FunctionPlace | undefined {
    const callee = this.#callOf(node)?.expression;
    if (callee === undefined) return undefined;
    const [signature] = this.#checked.checker.getTypeAtLocation(callee).getCallSignatures();
    const declaration = signature?.getDeclaration();
    if (declaration === undefined) return undefined;
    const file = declaration.getSourceFile();
    if (file.isDeclarationFile) return undefined;
    const named = declaration.name ??
      (this.#compiler.isVariableDeclaration(declaration.parent)
        ? declaration.parent.name
        : declaration);
    const start = named.getStart(file);
    return { path: file.fileName, text: file.text, start, end: named.getEnd() };
  }
}

/** A finding without what all have. */
type FindingOf = Finding extends infer F ? F extends Finding ? Omit<F, "node" | "place"> : never
  : never;

/** `depth?: number`: that an optional parameter may be undefined goes without saying. */
function parameterText(name: string, isOptional: boolean, type: string | undefined): string {
  if (type === undefined) return name;
  return isOptional ? `${name}?: ${type.replace(/ \| undefined$/, "")}` : `${name}: ${type}`;
}
