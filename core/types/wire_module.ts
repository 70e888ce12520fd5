/**
 * A workflow as a TypeScript module: every function node is a call with one property per wire, so that the compiler finds out
 * what generic functions return and which wires do not fit. Does not know the compiler, nor what it says.
 *
 * ```ts ignore
 * const r1 = m0["load"]({ "csv": given<string>() }, ...context(m0["load"]));
 * const v1_0 = await r1;
 * const r2 = m0["fit"]({ "rows": v1_0, "depth": given<3>() }, ...context(m0["fit"]));
 * ```
 *
 * @module
 */

import type { Graph, Parameters } from "../graph.ts";
import type { MapItem } from "../mapspec.ts";
import type { NodeId } from "../names.ts";
import type { Wire } from "../wire.ts";
import type { NodeDef } from "../workflow.ts";
import { typeOfSource } from "./source_type.ts";

/** What the module starts with. */
const PRELUDE = `export {};
declare function given<T>(): T;
declare function context<F>(call: F): F extends (...args: infer P) => any
  ? P extends readonly [unknown?, ...infer R] ? { [K in keyof R]: any } : []
  : [];
type Member<R, K extends string, I extends number> = 0 extends 1 & R ? any
  : R extends readonly unknown[] ? R[I]
  : K extends keyof R ? R[K] : any;
type Step<R, K> = 0 extends 1 & R ? any
  : R extends readonly unknown[] ? number extends R["length"] ? R[number]
    : K extends number ? \`\${K}\` extends keyof R ? R[\`\${K}\`] : R[number] : any
  : K extends keyof R ? R[K] : any;
type Picked<R, P> = P extends readonly [infer K, ...infer Q] ? Picked<Step<R, K>, Q> : R;
type Thawed<T> = 0 extends 1 & T ? any
  : unknown extends T ? any
  : T extends string | number | bigint | boolean | symbol | null | undefined ? T
  : T extends (...args: any) => any ? T
  : T extends ReadonlyMap<infer K, infer V> ? Map<Thawed<K>, Thawed<V>>
  : T extends ReadonlySet<infer V> ? Set<Thawed<V>>
  : T extends readonly unknown[] ? number extends T["length"] ? Thawed<T[number]>[]
    : { -readonly [K in keyof T]: Thawed<T[K]> }
  : T extends Date | RegExp | Error | ArrayBuffer | ArrayBufferView ? T
  : { -readonly [K in keyof T]: Thawed<T[K]> };
`;

/** A place of the module and what it stands for; offsets are half-open. */
export interface Site {
  readonly node: NodeId;
  readonly start: number;
  readonly end: number;
  /** Index of the wire; absent for the call itself. */
  readonly wire?: number;
}

/** The module and how to read what is said about it. */
export interface WireModule {
  readonly text: string;
  /** Wires, and behind those of a node its call. */
  readonly sites: readonly Site[];
  /** Absolute paths of the user's modules by the specifiers of the module. */
  readonly modules: ReadonlyMap<string, string>;
  /** Function nodes, upstreams first. */
  readonly nodes: readonly NodeId[];
}

/** Names a wire of a graph. */
export function wireKey(node: NodeId, wire: number): string {
  return `${node}.${wire}`;
}

/** Names the constant of the module that holds what the function of a node returns. */
export function resultName(node: NodeId): string {
  return `o${node}`;
}

/** Names the constant of the module that holds one output of a node, or of one call if it is mapped. */
export function outputName(node: NodeId, output: number): string {
  return `o${node}_${output}`;
}

/** Names the constant of the module that holds the whole source of a wire; mapped and thawed wires only. */
export function sourceName(node: NodeId, wire: number): string {
  return `s${node}_${wire}`;
}

/** Returns the array of a map-spec that a wire feeds. */
export function mapItemOf(
  { defs, maps }: Graph,
  node: NodeId,
  wire: number,
): MapItem | undefined {
  return defs[node].map?.inputs.find(({ name }) => maps[node]?.[name] === wire);
}

/**
 * Writes the module of a graph.
 *
 * @param graph A graph without errors.
 * @param parametersOf The parameters of a function node as its code shows them.
 * @param thawed Wires by {@linkcode wireKey} whose sources are taken as if nothing in them were readonly or unknown.
 */
export function writeWireModule(
  graph: Graph,
  parametersOf: (def: NodeDef) => Parameters,
  thawed: ReadonlySet<string> = new Set(),
): WireModule {
  return new Writer(graph, parametersOf, thawed).write();
}

class Writer {
  #text = PRELUDE;
  readonly #sites: Site[] = [];
  readonly #modules = new Map<string, string>();
  readonly #specifiers = new Map<string, string>();

  constructor(
    readonly graph: Graph,
    readonly parametersOf: (def: NodeDef) => Parameters,
    readonly thawed: ReadonlySet<string>,
  ) {}

  write(): WireModule {
    const { defs, order } = this.graph;
    const nodes = ([...order] as NodeId[]).filter((id) => isFunction(defs[id]));
    for (const id of nodes) this.#import(defs[id]);
    for (const id of nodes) this.#node(id);
    return { text: this.#text, sites: this.#sites, modules: this.#modules, nodes };
  }

  #import({ work }: NodeDef): void {
    if (work.kind !== "call" || this.#specifiers.has(work.path)) return;
    const name = `m${this.#specifiers.size}`;
    this.#specifiers.set(work.path, name);
    this.#modules.set(`workflow:${name}`, work.path);
    this.#text += `import * as ${name} from "workflow:${name}";\n`;
  }

  #node(id: NodeId): void {
    const def = this.graph.defs[id];
    if (def.work.kind !== "call") return;
    const parameters = this.parametersOf(def);
    const wires = this.graph.wires[id];
    const taken = [...wires.keys()].filter((i) => this.#isTaken(id, i, parameters));
    const sources = taken.map((i) => this.#source(id, i));
    const callee = `${this.#specifiers.get(def.work.path)}[${JSON.stringify(def.work.export)}]`;
    const start = this.#text.length;
    this.#text += `const r${id} = ${callee}(`;
    if (parameters.kind !== "none") {
      this.#text += "{ ";
      taken.forEach((i, at) => this.#property(id, i, sources[at]));
      this.#text += `}, ...context(${callee})`;
    }
    this.#text += ");\n";
    this.#sites.push({ node: id, start, end: this.#text.length });
    this.#text += `const ${resultName(id)} = await r${id};\n`;
    this.#outputs(id, def);
  }

  /** A file that no parameter is called like is there for `ctx.in`. */
  #isTaken(id: NodeId, wire: number, parameters: Parameters): boolean {
    if (parameters.kind === "none") return false;
    if (parameters.kind === "opaque" || parameters.hasRest) return true;
    const { argument } = this.graph.wires[id][wire];
    return parameters.names.some(({ name }) => name === argument);
  }

  #property(node: NodeId, wire: number, source: string): void {
    const start = this.#text.length;
    this.#text += `${JSON.stringify(this.graph.wires[node][wire].argument)}: ${source}`;
    this.#sites.push({ node, wire, start, end: this.#text.length });
    this.#text += ", ";
  }

  /** Returns the expression of what the argument gets; writes the constants it needs. */
  #source(id: NodeId, wire: number): string {
    const { source } = this.graph.wires[id][wire];
    const item = mapItemOf(this.graph, id, wire);
    const isThawed = this.thawed.has(wireKey(id, wire));
    const expression = this.#expressionOf(source);
    if (item === undefined && !isThawed) return expression;
    const name = sourceName(id, wire);
    this.#text += `const ${name} = ${expression};\n`;
    const type = item === undefined ? `typeof ${name}` : elementType(`typeof ${name}`, item.axes);
    return `given<${isThawed ? `Thawed<${type}>` : type}>()`;
  }

  #expressionOf(source: Wire["source"]): string {
    const { defs } = this.graph;
    if (source.kind === "output" && isFunction(defs[source.node])) {
      if (defs[source.node].outputs[source.output].kind === "value") {
        return `v${source.node}_${source.output}`;
      }
    }
    return `given<${typeOfSource(source, defs)}>()`;
  }

  /** The outputs that are values: the whole result if it is one, else its members by name or position. */
  #outputs(id: NodeId, { outputs, map }: NodeDef): void {
    const values = [...outputs.keys()].filter((i) => outputs[i].kind === "value");
    const hasPicks = values.some((i) => outputs[i].pick !== undefined);
    values.forEach((output, position) => {
      const [one, all] = [outputName(id, output), `v${id}_${output}`];
      const { name, pick = [name] } = outputs[output];
      const picked = `given<Picked<typeof ${resultName(id)}, ${JSON.stringify(pick)}>>()`;
      const member = `Member<typeof ${resultName(id)}, ${JSON.stringify(name)}, ${position}>`;
      const whole = values.length === 1 ? resultName(id) : `given<${member}>()`;
      const value = hasPicks ? picked : whole;
      this.#text += `const ${one} = ${value};\n`;
      if (map === undefined) this.#text += `const ${all} = ${one};\n`;
      else {
        const inner = elementType(`typeof ${one}`, map.generated);
        this.#text += `const ${all} = given<(${inner})${"[]".repeat(map.axes.length)}>();\n`;
      }
    });
  }
}

/** A node whose function is in a module of the user; that of a node that nests others is in none. */
function isFunction({ work, nest }: NodeDef): boolean {
  return work.kind === "call" && nest === undefined;
}

/** The type of what a call gets of an array: without the axes that have a name. */
function elementType(type: string, axes: readonly string[]): string {
  const inner = `(${type})${"[number]".repeat(axes.length)}`;
  return inner + "[]".repeat(axes.filter((axis) => axis === ":").length);
}
