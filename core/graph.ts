/**
 * The dependency graph: nodes as dense ids, wires resolved by name, edges as compressed rows.
 * Pure; knows nothing of digests, results, processes or the state of a run.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { compressRows, findCycle, reverseRows, type Rows, topologicalOrder } from "./base/rows.ts";
import { nearest } from "./base/suggest.ts";
import { type DefinitionPath, type Meaning, Names, type NodeId, Problems } from "./names.ts";
import type { InputDef, Json, NodeDef, SourceRef, Workflow } from "./workflow.ts";

export type { NodeId } from "./names.ts";

/** Where an argument's value comes from, after names are resolved. */
export type Source =
  | { readonly kind: "input"; readonly input: InputDef }
  /** `output` indexes the node's declared outputs. */
  | { readonly kind: "output"; readonly node: NodeId; readonly output: number }
  | { readonly kind: "param"; readonly path: string; readonly value: Json }
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "file" | "dir"; readonly path: string }
  | { readonly kind: "glob"; readonly pattern: string }
  | { readonly kind: "env"; readonly name: string };

/** One argument of a node and its source. */
export interface Wire {
  readonly argument: string;
  readonly source: Source;
}

/** The graph of a workflow. Arrays named in the plural are indexed by `NodeId`. */
export interface Graph {
  readonly workflow: Workflow;
  readonly size: number;
  readonly defs: readonly NodeDef[];
  /** Arguments in the order they were declared or, for inferred ones, of the function's parameters. */
  readonly wires: readonly (readonly Wire[])[];
  /** Sources of `track:`; their `argument` is the source as written. */
  readonly tracks: readonly (readonly Wire[])[];
  /** Ids of the nodes a node needs, unique and ascending. */
  readonly ups: Rows;
  /** Ids of the nodes that need a node. */
  readonly downs: Rows;
  /** All ids, every node after its upstreams; ties in id order. */
  readonly order: Uint32Array;
  /** Node id by node name and by unique output name. */
  idOf(name: string): NodeId | undefined;
}

/** A function's parameters as static analysis sees them. */
export type Parameters =
  | {
    readonly kind: "named";
    readonly names: readonly { readonly name: string; readonly optional: boolean }[];
    readonly hasRest: boolean;
  }
  /** Not destructured: cannot be known without running it. */
  | { readonly kind: "opaque" }
  | { readonly kind: "none" };

/** What `buildGraph` needs from outside. */
export interface GraphOptions {
  /** Returns the parameters of a function node, or the problem that keeps them unknown. */
  parametersOf(node: NodeDef): Parameters | {
    readonly problem: string;
    readonly hint?: string;
  };
  /** Names given on the command line; an output named here is not computed but taken from outside. */
  readonly provided?: readonly string[];
}

/**
 * Resolves all names of a workflow and builds its graph. O(nodes + wires).
 *
 * @param workflow The definition; may come with problems of its own, which are not repeated here.
 * @param options See {@linkcode GraphOptions}.
 * @returns The graph and every wiring problem found. With errors the graph must not be run.
 */
export function buildGraph(
  workflow: Workflow,
  options: GraphOptions,
): { graph: Graph; diagnostics: Diagnostic[] } {
  const builder = new Builder(workflow, options);
  return { graph: builder.build(), diagnostics: builder.diagnostics };
}

class Builder {
  readonly #workflow: Workflow;
  readonly #options: GraphOptions;
  readonly #problems: Problems;
  readonly #names: Names;
  readonly #used = new Set<string>();

  constructor(workflow: Workflow, options: GraphOptions) {
    this.#workflow = workflow;
    this.#options = options;
    this.#problems = new Problems(workflow);
    this.#names = new Names(workflow, this.#problems, new Set(options.provided));
  }

  get diagnostics(): Diagnostic[] {
    return this.#problems.found;
  }

  build(): Graph {
    const { nodes } = this.#workflow;
    const wires = nodes.map((def) => this.#wiresOf(def));
    const tracks = nodes.map((def) => this.#tracksOf(def));
    this.#reportUnusedInputs();
    const ups = compressRows(
      nodes.map((def, id) => upstreamsOf(wires[id], tracks[id], this.#afterOf(def))),
    );
    const downs = reverseRows(ups);
    const order = topologicalOrder(ups, downs);
    if (order.length < nodes.length) this.#reportCycle(ups, order);
    const { nodeIds, meanings } = this.#names;
    return {
      workflow: this.#workflow,
      size: nodes.length,
      defs: nodes,
      wires,
      tracks,
      ups,
      downs,
      order,
      idOf(name: string): NodeId | undefined {
        const id = nodeIds.get(name);
        if (id !== undefined) return id;
        const meaning = meanings.get(name);
        return meaning?.kind === "output" ? meaning.node : undefined;
      },
    };
  }

  #wiresOf(def: NodeDef): Wire[] {
    const wires: Wire[] = [];
    for (const [argument, ref] of Object.entries(def.inputs)) {
      const source = this.#resolve(def, `input "${argument}"`, ref, ["inputs", argument]);
      if (source !== undefined) wires.push({ argument, source });
    }
    if (def.work.kind !== "call") return wires;
    const parameters = this.#options.parametersOf(def);
    if ("problem" in parameters) {
      this.#problems.add("bad-function", parameters.problem, ["nodes", def.name, "call"], {
        hint: parameters.hint,
      });
    } else if (parameters.kind !== "opaque") {
      this.#checkArguments(def, wires, parameters);
      if (parameters.kind === "named") this.#inferWires(def, wires, parameters.names);
    }
    return wires;
  }

  /** A value given to a parameter that does not exist is a mistake; a file may be meant for `ctx.in`. */
  #checkArguments(
    def: NodeDef,
    wires: readonly Wire[],
    parameters: Exclude<Parameters, { kind: "opaque" }>,
  ): void {
    if (parameters.kind === "named" && parameters.hasRest) return;
    const names = parameters.kind === "named" ? parameters.names.map((p) => p.name) : [];
    for (const { argument, source } of wires) {
      if (names.includes(argument) || this.#isFile(source)) continue;
      const close = nearest(argument, names);
      const known = names.length === 0
        ? "it takes no inputs"
        : `it takes ${names.map((n) => `"${n}"`).join(", ")}`;
      this.#problems.add(
        "unknown-argument",
        `Cannot pass input "${argument}" to function "${
          exportOf(def)
        }" of node "${def.name}": ${known}`,
        ["nodes", def.name, "inputs", argument],
        {
          part: "key",
          hint: close === undefined
            ? "remove it, or add the parameter"
            : `did you mean "${close}"?`,
        },
      );
    }
  }

  #isFile(source: Source): boolean {
    switch (source.kind) {
      case "file":
      case "dir":
      case "glob":
        return true;
      case "input":
        return source.input.kind !== "value";
      case "output":
        return this.#workflow.nodes[source.node].outputs[source.output].kind !== "value";
      default:
        return false;
    }
  }

  #inferWires(
    def: NodeDef,
    wires: Wire[],
    names: readonly { readonly name: string; readonly optional: boolean }[],
  ): void {
    // An input with a misspelt name has been reported; that its parameter is missing is the same mistake.
    const all = names.map(({ name }) => name);
    const misspelt = new Set(
      Object.keys(def.inputs).filter((name) => !all.includes(name)).map((n) => nearest(n, all)),
    );
    for (const { name, optional } of names) {
      if (Object.hasOwn(def.inputs, name)) continue;
      const meaning = this.#names.meanings.get(name);
      const isOwn = meaning?.kind === "output" && this.#workflow.nodes[meaning.node] === def;
      if (meaning !== undefined && !(isOwn && optional)) {
        wires.push({ argument: name, source: this.#use(name, meaning) });
      } else if (!optional && !misspelt.has(name)) {
        this.#reportUnknown(def, `parameter "${name}" of function "${exportOf(def)}"`, name, [
          "nodes",
          def.name,
          "call",
        ]);
      }
    }
  }

  #tracksOf(def: NodeDef): Wire[] {
    const wires: Wire[] = [];
    def.track.forEach((ref, position) => {
      const source = this.#resolve(def, "tracked source", ref, ["track", position]);
      if (source !== undefined) wires.push({ argument: describeRef(ref), source });
    });
    return wires;
  }

  #afterOf(def: NodeDef): NodeId[] {
    const ids: NodeId[] = [];
    def.after.forEach((name, position) => {
      const id = this.#names.nodeIds.get(name);
      if (id !== undefined) ids.push(id);
      else {
        const close = nearest(name, [...this.#names.nodeIds.keys()]);
        this.#problems.add(
          "unknown-node",
          `Cannot run node "${def.name}" after "${name}": there is no such node`,
          ["nodes", def.name, "after", position],
          { hint: close === undefined ? undefined : `did you mean "${close}"?` },
        );
      }
    });
    return ids;
  }

  #resolve(
    def: NodeDef,
    what: string,
    ref: SourceRef,
    at: DefinitionPath,
  ): Source | undefined {
    const path = ["nodes", def.name, ...at];
    switch (ref.kind) {
      case "ref":
        return this.#resolveName(def, what, ref.ref, path);
      case "value":
      case "file":
      case "dir":
      case "glob":
      case "env":
        return ref;
      default:
        return ref satisfies never;
    }
  }

  #resolveName(
    def: NodeDef,
    what: string,
    name: string,
    path: DefinitionPath,
  ): Source | undefined {
    if (name === "params" || name.startsWith("params.")) {
      return this.#resolveParam(def, what, name, path);
    }
    const meaning = this.#names.meanings.get(name);
    if (meaning !== undefined) return this.#use(name, meaning);
    const id = this.#names.nodeIds.get(name);
    if (id === undefined) {
      this.#reportUnknown(def, what, name, path);
      return undefined;
    }
    const { outputs } = this.#workflow.nodes[id];
    this.#problems.add(
      "which-output",
      outputs.length === 0
        ? `Cannot use node "${name}" as ${what} of node "${def.name}": it has no outputs`
        : `Cannot use node "${name}" as ${what} of node "${def.name}": it has ${outputs.length} outputs`,
      path,
      {
        hint: outputs.length === 0
          ? `use "after: [${name}]" to run behind it`
          : `name one: ${outputs.map((o) => `"${name}.${o.name}"`).join(", ")}`,
      },
    );
    return undefined;
  }

  #resolveParam(
    def: NodeDef,
    what: string,
    name: string,
    path: DefinitionPath,
  ): Source | undefined {
    let value: Json = this.#workflow.params as Json;
    let reached = "params";
    for (const key of name.split(".").slice(1)) {
      const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
      if (!isObject || !Object.hasOwn(value as object, key)) {
        const keys = isObject ? Object.keys(value as object) : [];
        const close = nearest(key, keys);
        this.#problems.add(
          "unknown-param",
          `Cannot find "${name}" for ${what} of node "${def.name}": "${reached}" has no "${key}"`,
          path,
          {
            hint: close !== undefined
              ? `did you mean "${reached}.${close}"?`
              : keys.length > 0
              ? `"${reached}" has ${keys.map((k) => `"${k}"`).join(", ")}`
              : `add it under "params"`,
          },
        );
        return undefined;
      }
      value = (value as { readonly [key: string]: Json })[key];
      reached += `.${key}`;
    }
    return { kind: "param", path: name, value };
  }

  #use(name: string, meaning: Meaning): Source {
    if (meaning.kind === "input") this.#used.add(meaning.input.name);
    else this.#used.add(name);
    return meaning;
  }

  #reportUnknown(
    def: NodeDef,
    what: string,
    name: string,
    path: DefinitionPath,
  ): void {
    const candidates = [...this.#names.meanings.keys(), "params"];
    const close = nearest(name, candidates);
    const meaning = close === undefined ? undefined : this.#names.meanings.get(close);
    const place = meaning?.kind === "output" ? this.#workflow.nodes[meaning.node].name : undefined;
    const inParams = Object.hasOwn(this.#workflow.params, name);
    this.#problems.add(
      "unknown-source",
      `Cannot find "${name}" for ${what} of node "${def.name}": no input and no node provides it`,
      path,
      {
        hint: inParams
          ? `did you mean "params.${name}"?`
          : close === undefined
          ? `declare it under "inputs", or as an output of a node`
          : place === undefined
          ? `did you mean "${close}"?`
          : `did you mean "${close}", output of node "${place}"?`,
      },
    );
  }

  #reportUnusedInputs(): void {
    for (const { name } of this.#workflow.inputs) {
      if (this.#used.has(name)) continue;
      this.#problems.add("unused-input", `Input "${name}" is not used by any node`, [
        "inputs",
        name,
      ], {
        part: "key",
        hint: "remove it, or wire it into a node",
      });
    }
  }

  #reportCycle(ups: Rows, order: Uint32Array): void {
    const path = findCycle(ups, order);
    const names = path.map((id) => this.#workflow.nodes[id].name);
    const [first] = names;
    this.#problems.add(
      "cycle",
      `Cannot order the nodes: they form a cycle: ${[...names, first].join(" -> ")}`,
      ["nodes", first],
      {
        part: "key",
        related: names.slice(1, 6).flatMap((name) =>
          this.#problems.placeOf(`node "${name}"`, ["nodes", name])
        ),
        hint: "break it: a node cannot depend on what depends on it",
      },
    );
  }
}

/** How a source was written, for materials and messages. */
export function describeRef(ref: SourceRef): string {
  switch (ref.kind) {
    case "ref":
      return ref.ref;
    case "value":
      return JSON.stringify(ref.value);
    case "file":
    case "dir":
      return `${ref.kind} ${ref.path}`;
    case "glob":
      return `glob ${ref.pattern}`;
    case "env":
      return `env ${ref.name}`;
    default:
      return ref satisfies never;
  }
}

function exportOf(def: NodeDef): string {
  return def.work.kind === "call" ? `${def.work.module}#${def.work.export}` : def.name;
}

function upstreamsOf(
  wires: readonly Wire[],
  tracks: readonly Wire[],
  after: readonly NodeId[],
): number[] {
  const ids: number[] = [...after];
  for (const { source } of wires) if (source.kind === "output") ids.push(source.node);
  for (const { source } of tracks) if (source.kind === "output") ids.push(source.node);
  return ids.length < 2 ? ids : [...new Set(ids)].sort((a, b) => a - b);
}
