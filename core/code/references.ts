/**
 * Which names of its module a piece of code refers to, and what it does to them when it is loaded.
 * Works on a syntax tree; does not know files, imports or digests. Where it cannot tell, it says more, never less.
 *
 * @module
 */

import type { AnyNode, Function as FunctionNode, ImportExpression, Node, Pattern } from "acorn";

/** What one statement or initialiser refers to and does. */
export interface References {
  /** Names that are bound outside of it: by its module, by an import, or global. */
  readonly names: Set<string>;
  /** Runs something as soon as the module is loaded: a call, `new`, a tagged template, an assignment. */
  runs: boolean;
  /** Has an `await` that is evaluated when the module is loaded. */
  awaits: boolean;
  /** May change a binding or an object that is not its own, whenever it runs. */
  mutates: boolean;
  /** Names whose objects it hands to code that may change them. */
  readonly exposes: Set<string>;
  /** Uses `eval` or the `Function` constructor. */
  evals: boolean;
  /** `import("…")` with a literal specifier. */
  readonly dynamic: { readonly specifier: string; readonly node: ImportExpression }[];
  /** Offsets of `import(x)` with anything else. */
  readonly computed: number[];
}

/** Methods that change their receiver, of arrays, maps, sets and the usual registries. */
const MUTATORS = new Set(
  ("push pop shift unshift splice sort reverse fill copyWithin set add delete clear append insert " +
    "remove register unregister define extend assign use on once off emit addEventListener " +
    "subscribe setPrototypeOf defineProperty defineProperties write update put").split(" "),
);

/** Methods that leave their receiver alone. */
const READERS = new Set(
  ("map filter slice concat join flat flatMap reduce reduceRight find findIndex findLast some every " +
    "findLastIndex includes indexOf lastIndexOf at keys values entries has get forEach toString " +
    "toSorted toReversed toSpliced with split trim trimStart trimEnd replace replaceAll match " +
    "matchAll test exec padStart padEnd repeat startsWith endsWith toUpperCase toLowerCase charAt " +
    "charCodeAt codePointAt normalize bind toFixed toISOString getTime valueOf toJSON").split(" "),
);

/** Global functions that change their first argument: `Object.assign`, `Reflect.set`, … */
const GLOBAL_MUTATORS = /^(Object|Reflect)\.(assign|define|set|delete)/;

/** Returns what a statement or expression of a module's top level refers to and does. */
export function referencesOf(root: Node): References {
  const walker = new Walker();
  walker.visit(root as AnyNode, new Names(undefined), true);
  return walker.finish();
}

/** The names one function, block or class binds, and the ones around it. */
class Names {
  readonly #own = new Set<string>();
  readonly #outer: Names | undefined;

  constructor(outer: Names | undefined) {
    this.#outer = outer;
  }

  add(name: string): void {
    this.#own.add(name);
  }

  has(name: string): boolean {
    return this.#own.has(name) || (this.#outer?.has(name) ?? false);
  }
}

/** One walk over a tree. `isLoad`: the code at hand runs when the module is loaded. */
class Walker {
  /** Names whose parts get local names, by `const x = a.b`, `for (const x of a)` or a callback. */
  readonly #lent = new Set<string>();
  /** Some local value is changed: it may be a lent one. */
  #alters = false;
  readonly found: References = {
    names: new Set(),
    runs: false,
    awaits: false,
    mutates: false,
    exposes: new Set(),
    evals: false,
    dynamic: [],
    computed: [],
  };

  finish(): References {
    if (this.#alters) { for (const name of this.#lent) this.found.exposes.add(name); }
    return this.found;
  }

  /** One case per kind of node that binds names, holds names that are no references, or has effects. */
  visit(node: AnyNode | null | undefined, names: Names, isLoad: boolean): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case "Identifier":
        return this.#refer(node.name, names);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#function(node, names);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#class(node, names, isLoad);
      case "VariableDeclaration":
        for (const { id, init } of node.declarations) {
          this.#patternParts(id, names, isLoad);
          this.#lend(init as AnyNode, names);
          this.visit(init as AnyNode, names, isLoad);
        }
        return;
      case "BlockStatement":
      case "StaticBlock":
        return this.#block(node.body, names, isLoad, node.type === "StaticBlock");
      case "Program":
        return this.#block(node.body, names, isLoad, false);
      case "SwitchStatement":
        return this.#switch(node, names, isLoad);
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
        return this.#loop(node, names, isLoad);
      case "CatchClause": {
        const inner = new Names(names);
        if (node.param) declare(node.param, inner);
        if (node.param) this.#patternParts(node.param, inner, isLoad);
        return this.visit(node.body, inner, isLoad);
      }
      case "MemberExpression":
        this.visit(node.object as AnyNode, names, isLoad);
        if (node.computed) this.visit(node.property as AnyNode, names, isLoad);
        return;
      case "Property":
      case "MethodDefinition":
        if (node.computed) this.visit(node.key as AnyNode, names, isLoad);
        return this.visit(node.value as AnyNode, names, isLoad);
      case "LabeledStatement":
        return this.visit(node.body as AnyNode, names, isLoad);
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        return;
      case "ImportExpression":
        return this.#dynamicImport(node, names, isLoad);
      case "AssignmentExpression":
        this.#change(node.left as AnyNode, names, isLoad);
        break;
      case "UpdateExpression":
        this.#change(node.argument as AnyNode, names, isLoad);
        break;
      case "UnaryExpression":
        if (node.operator === "delete") this.#change(node.argument as AnyNode, names, isLoad);
        break;
      case "CallExpression":
      case "NewExpression":
        this.#call(node.callee as AnyNode, node.arguments as AnyNode[], names, isLoad);
        break;
      case "TaggedTemplateExpression":
        this.#call(node.tag as AnyNode, node.quasi.expressions as AnyNode[], names, isLoad);
        break;
      case "AwaitExpression":
        if (isLoad) this.found.awaits = true;
        break;
    }
    this.#children(node, names, isLoad);
  }

  #children(node: AnyNode, names: Names, isLoad: boolean): void {
    for (const value of Object.values(node) as unknown[]) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.visit(item, names, isLoad);
      } else if (isNode(value)) this.visit(value, names, isLoad);
    }
  }

  #refer(name: string, names: Names): void {
    if (names.has(name)) return;
    this.found.names.add(name);
    if (name === "eval" || name === "Function") this.found.evals = true;
  }

  /** Parameters and body bind in two scopes: a default value does not see what the body declares. */
  #function(
    node: FunctionNode | AnyNode & { type: "ArrowFunctionExpression" },
    names: Names,
  ): void {
    const outer = new Names(names);
    if (node.type === "FunctionExpression" && node.id) outer.add(node.id.name);
    if (node.type !== "ArrowFunctionExpression") outer.add("arguments");
    for (const parameter of node.params) declare(parameter, outer);
    for (const parameter of node.params) this.#patternParts(parameter, outer, false);
    if (node.body.type === "BlockStatement") this.#block(node.body.body, outer, false, true);
    else this.visit(node.body as AnyNode, outer, false);
  }

  #class(
    node: AnyNode & { type: "ClassDeclaration" | "ClassExpression" },
    names: Names,
    isLoad: boolean,
  ): void {
    const inner = new Names(names);
    if (node.id) inner.add(node.id.name);
    this.visit(node.superClass as AnyNode, inner, isLoad);
    for (const member of node.body.body) {
      if (member.type === "StaticBlock") this.visit(member, inner, isLoad);
      else {
        if (member.computed) this.visit(member.key as AnyNode, inner, isLoad);
        const isStaticField = member.type === "PropertyDefinition" && member.static;
        this.visit(member.value as AnyNode, inner, isLoad && isStaticField);
      }
    }
  }

  #block(body: readonly Node[], names: Names, isLoad: boolean, isFunction: boolean): void {
    const inner = new Names(names);
    for (const statement of body) declareLexical(statement as AnyNode, inner);
    if (isFunction) { for (const statement of body) declareVars(statement as AnyNode, inner); }
    for (const statement of body) this.visit(statement as AnyNode, inner, isLoad);
  }

  #switch(node: AnyNode & { type: "SwitchStatement" }, names: Names, isLoad: boolean): void {
    this.visit(node.discriminant as AnyNode, names, isLoad);
    const inner = new Names(names);
    for (const branch of node.cases) {
      for (const statement of branch.consequent) declareLexical(statement as AnyNode, inner);
    }
    for (const branch of node.cases) {
      this.visit(branch.test as AnyNode, inner, isLoad);
      for (const statement of branch.consequent) this.visit(statement as AnyNode, inner, isLoad);
    }
  }

  #loop(
    node: AnyNode & { type: "ForStatement" | "ForInStatement" | "ForOfStatement" },
    names: Names,
    isLoad: boolean,
  ): void {
    const inner = new Names(names);
    const head = (node.type === "ForStatement" ? node.init : node.left) as AnyNode | null;
    if (head?.type === "VariableDeclaration") declareLexical(head, inner);
    else if (head && node.type !== "ForStatement") this.#change(head, names, isLoad);
    if (node.type !== "ForStatement") this.#lend(node.right as AnyNode, names);
    if (node.type === "ForOfStatement" && node.await && isLoad) this.found.awaits = true;
    this.#children(node, inner, isLoad);
  }

  /** Default values and computed keys of a pattern whose names are already declared. */
  #patternParts(pattern: Pattern, names: Names, isLoad: boolean): void {
    switch (pattern.type) {
      case "Identifier":
        return;
      case "ObjectPattern":
        for (const property of pattern.properties) {
          if (property.type === "RestElement") this.#patternParts(property.argument, names, isLoad);
          else {
            if (property.computed) this.visit(property.key as AnyNode, names, isLoad);
            this.#patternParts(property.value, names, isLoad);
          }
        }
        return;
      case "ArrayPattern":
        for (const element of pattern.elements) {
          if (element) this.#patternParts(element, names, isLoad);
        }
        return;
      case "RestElement":
        return this.#patternParts(pattern.argument, names, isLoad);
      case "AssignmentPattern":
        this.#patternParts(pattern.left, names, isLoad);
        return this.visit(pattern.right as AnyNode, names, isLoad);
      default:
        return this.visit(pattern, names, isLoad);
    }
  }

  /** Notes an assignment, `++` or `delete` of a target. */
  #change(target: AnyNode, names: Names, isLoad: boolean): void {
    if (isLoad) this.found.runs = true;
    if (target.type === "ObjectPattern" || target.type === "ArrayPattern") {
      // Rare at load, harmless elsewhere: not worth telling which of its targets are local.
      this.found.mutates = true;
      return;
    }
    const root = rootOf(target);
    if (root !== undefined && !names.has(root)) this.found.mutates = true;
    else if (target.type === "MemberExpression") this.#alters = true;
  }

  /** Notes what a call may change: its receiver, and the objects it is given. */
  #call(callee: AnyNode, args: readonly AnyNode[], names: Names, isLoad: boolean): void {
    if (isLoad) this.found.runs = true;
    const root = rootOf(callee);
    const method = callee.type === "MemberExpression" ? memberName(callee) : undefined;
    const isOutside = root !== undefined && !names.has(root);
    if (isOutside && method !== undefined) {
      if (GLOBAL_MUTATORS.test(`${root}.${method}`)) {
        const first = args.length > 0 ? rootOf(args[0]) : undefined;
        if (first !== undefined && !names.has(first)) this.found.mutates = true;
      } else if (MUTATORS.has(method)) this.found.mutates = true;
      else if (!READERS.has(method)) this.#expose(callee, names);
      else this.#lend(callee, names);
    } else if (method !== undefined && !READERS.has(method)) this.#alters = true;
    for (const arg of args) this.#expose(arg, names);
  }

  /** Notes a value of which parts become local. */
  #lend(node: AnyNode | null | undefined, names: Names): void {
    const root = node ? rootOf(node) : undefined;
    if (root !== undefined && !names.has(root)) this.#lent.add(root);
  }

  /** Notes the objects an argument hands over: itself, or what its literals hold. */
  #expose(node: AnyNode | null, names: Names): void {
    if (node === null) return;
    switch (node.type) {
      case "ObjectExpression":
        for (const property of node.properties) {
          this.#expose(
            (property.type === "Property" ? property.value : property.argument) as AnyNode,
            names,
          );
        }
        return;
      case "ArrayExpression":
        for (const element of node.elements) this.#expose(element as AnyNode, names);
        return;
      case "ConditionalExpression":
        this.#expose(node.consequent as AnyNode, names);
        return this.#expose(node.alternate as AnyNode, names);
      case "LogicalExpression":
        this.#expose(node.left as AnyNode, names);
        return this.#expose(node.right as AnyNode, names);
      case "SequenceExpression":
        return this.#expose(node.expressions.at(-1) as AnyNode, names);
      case "AssignmentExpression":
        return this.#expose(node.right as AnyNode, names);
      case "AwaitExpression":
        return this.#expose(node.argument as AnyNode, names);
      default: {
        const root = rootOf(node);
        if (root !== undefined && !names.has(root)) this.found.exposes.add(root);
      }
    }
  }

  #dynamicImport(node: ImportExpression, names: Names, isLoad: boolean): void {
    const specifier = literalText(node.source as AnyNode);
    if (specifier === undefined) this.found.computed.push(node.start);
    else this.found.dynamic.push({ specifier, node });
    if (isLoad) this.found.runs = true;
    this.visit(node.source as AnyNode, names, isLoad);
    this.visit(node.options as AnyNode, names, isLoad);
  }
}

/** Returns the text of a string literal or of a template without holes. */
export function literalText(node: AnyNode): string | undefined {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0].value.cooked ?? undefined;
  }
  return undefined;
}

/** Adds all names a pattern binds. */
export function declare(pattern: Pattern, names: { add(name: string): void }): void {
  switch (pattern.type) {
    case "Identifier":
      names.add(pattern.name);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        declare(property.type === "RestElement" ? property.argument : property.value, names);
      }
      return;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) declare(element, names);
      return;
    case "RestElement":
      return declare(pattern.argument, names);
    case "AssignmentPattern":
      return declare(pattern.left, names);
  }
}

/** Adds what a statement declares for the block it stands in. */
function declareLexical(node: AnyNode, names: Names): void {
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") {
    if (node.id) names.add(node.id.name);
  } else if (node.type === "VariableDeclaration") {
    for (const { id } of node.declarations) declare(id, names);
  } else if (node.type === "LabeledStatement") declareLexical(node.body as AnyNode, names);
}

/** Adds the `var`s of a statement, which belong to the whole function; does not enter functions or classes. */
function declareVars(node: AnyNode, names: Names): void {
  if (/^(Function|ArrowFunction|Class)|Expression$|Literal$|^Identifier$/.test(node.type)) return;
  if (node.type === "VariableDeclaration" && node.kind === "var") {
    for (const { id } of node.declarations) declare(id, names);
    return;
  }
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) declareVars(item, names);
    } else if (isNode(value)) declareVars(value, names);
  }
}

/** Returns the variable at the root of `a.b[c]?.d`, or `undefined` if it is no variable. */
function rootOf(node: AnyNode): string | undefined {
  let current: AnyNode = node;
  for (;;) {
    if (current.type === "Identifier") return current.name;
    if (current.type === "MemberExpression") current = current.object as AnyNode;
    else if (current.type === "ChainExpression") current = current.expression as AnyNode;
    else if (current.type === "ParenthesizedExpression") current = current.expression as AnyNode;
    else if (current.type === "SpreadElement") current = current.argument as AnyNode;
    else return undefined;
  }
}

/** Name of a member that is written as a name or a literal. */
function memberName(node: AnyNode & { type: "MemberExpression" }): string | undefined {
  if (!node.computed && node.property.type === "Identifier") return node.property.name;
  return literalText(node.property as AnyNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value &&
    typeof value.type === "string" && "start" in value;
}
