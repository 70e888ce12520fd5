/**
 * Places in a TypeScript workflow: which expression a path of keys stands for. Reads the syntax only
 * when a diagnostic asks, and falls back to the default export. Does not evaluate anything.
 *
 * @module
 */

import type { Expression, Node, Program, Property, SpreadElement } from "acorn";
import type { SourceFile, Span } from "../base/source.ts";
import { parseModule, stripTypes } from "./module_graph.ts";

/** Functions of the builder by the argument that holds what YAML writes as the value. */
const BUILDERS: Readonly<Record<string, number>> = {
  workflow: 0,
  call: 1,
  run: 1,
  input: 0,
  params: 0,
  value: 0,
};

/** Where the parts of one workflow module are. */
export class ModulePlaces {
  readonly #source: SourceFile;
  readonly #file: string;
  #program: Program | undefined;

  constructor(source: SourceFile, file: string) {
    this.#source = source;
    this.#file = file;
  }

  /** See `Locate` in `workflow.ts`. */
  locate(path: readonly (string | number)[], part: "key" | "value" = "value"): Span | undefined {
    const text = stripTypes(this.#source.text, this.#file);
    // Enums are compiled, not stripped: then offsets mean nothing in the file.
    if (text.length !== this.#source.text.length) return undefined;
    const program = this.#program ??= parseModule(text, this.#file);
    const root = program.body.find((node) => node.type === "ExportDefaultDeclaration");
    if (root === undefined) return undefined;
    let value: Node = root.declaration;
    let key: Node | undefined;
    for (const segment of path) {
      const next = memberOf(program, value, segment);
      if (next === undefined) return this.#span(key ?? headOf(value));
      key = next.key;
      value = next.value;
    }
    return this.#span(
      part === "key" && key !== undefined ? key : path.length === 0 ? headOf(value) : value,
    );
  }

  #span(node: { readonly start: number; readonly end: number }): Span {
    return { source: this.#source, start: node.start, end: node.end };
  }
}

/** What is shown of a long expression: its first word. */
function headOf(node: Node): Node {
  return node.type === "CallExpression" && "callee" in node ? node.callee as Node : node;
}

function memberOf(
  program: Program,
  start: Node,
  segment: string | number,
): { key: Node; value: Node } | undefined {
  let node = followed(program, start as Expression);
  if (node?.type === "CallExpression" && node.callee.type === "Identifier") {
    const { name } = node.callee;
    const [first] = node.arguments;
    // `call(f, …)` and `run(c, …)` hold the value of that key in their first argument.
    if (name === segment && first !== undefined) return { key: node.callee, value: first };
    const argument = Object.hasOwn(BUILDERS, name) ? node.arguments[BUILDERS[name]] : undefined;
    node = argument === undefined ? undefined : followed(program, argument as Expression);
  }
  if (node?.type === "ArrayExpression" && typeof segment === "number") {
    const element = node.elements[segment];
    return element === null || element === undefined ? undefined : { key: element, value: element };
  }
  if (node?.type !== "ObjectExpression") return undefined;
  const property = node.properties.find((p) => keyOf(p) === String(segment));
  return property?.type === "Property" ? { key: property.key, value: property.value } : undefined;
}

/** Follows a name to the constant of the same module it stands for. */
function followed(program: Program, node: Expression): Expression | undefined {
  if (node.type !== "Identifier") return node;
  for (const statement of program.body) {
    const declaration = statement.type === "ExportNamedDeclaration"
      ? statement.declaration
      : statement;
    if (declaration?.type !== "VariableDeclaration") continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type === "Identifier" && id.name === node.name) return init ?? undefined;
    }
  }
  return undefined;
}

function keyOf(property: Property | SpreadElement): string | undefined {
  if (property.type !== "Property" || property.computed) return undefined;
  const { key } = property;
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : undefined;
}
