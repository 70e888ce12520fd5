/**
 * Wires one node: resolves the names it uses, infers what a function takes, and reports what cannot be found. Does not
 * know edges or how the graph grows.
 *
 * @module
 */

import { nearest, Suggestions } from "./base/suggest.ts";
import { wireMap } from "./map_wires.ts";
import type { DefinitionPath, Meaning, Names, NodeId, Problems } from "./names.ts";
import { describeRef, isPath, type Source, type Tracked, type Wire } from "./wire.ts";
import type { FunctionRef, Json, NodeDef, SourceRef, Workflow } from "./workflow.ts";

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

/** What wiring needs from outside. */
export interface WiringOptions {
  /** Returns the parameters of a function node, or the problem that keeps them unknown. */
  parametersOf(node: NodeDef): Parameters | {
    readonly problem: string;
    readonly hint?: string;
  };
  /** Returns what is wrong with a function that a node tracks. */
  problemOfTracked?(node: NodeDef, ref: FunctionRef): {
    readonly problem: string;
    readonly hint?: string;
  } | undefined;
  /** Axes that were added are not in the file: what it says about axes was checked before. */
  readonly hasAddedAxes?: true;
  /** Names given on the command line; an output named here is not computed but taken from outside. */
  readonly provided?: readonly string[];
}

/** What a node is wired to. */
export interface NodeWires {
  readonly wires: Wire[];
  readonly tracks: Tracked[];
  readonly after: readonly NodeId[];
  /** For map nodes: which wires the names of the map-spec mean. */
  readonly map: Readonly<Record<string, number>> | undefined;
}

/** Wires the nodes of one graph. */
export class NodeWiring {
  /** Names that some node uses. */
  readonly used = new Set<string>();
  readonly #workflow: Workflow;
  readonly #options: WiringOptions;
  readonly #defs: readonly NodeDef[];
  readonly #names: Names;
  #problems: Problems;
  /** Made when a name is missing first, for the names there are then. */
  #sources: Suggestions | undefined;
  #nodes: Suggestions | undefined;

  /**
   * @param defs All nodes by id, also those that are added later.
   * @param names Their names.
   */
  constructor(
    workflow: Workflow,
    options: WiringOptions,
    defs: readonly NodeDef[],
    names: Names,
    problems: Problems,
  ) {
    this.#workflow = workflow;
    this.#options = options;
    this.#defs = defs;
    this.#names = names;
    this.#problems = problems;
  }

  /** Nodes were added, and with them names; what is wrong with them is told to `problems`. */
  renew(problems: Problems): void {
    this.#problems = problems;
    this.#sources = undefined;
    this.#nodes = undefined;
  }

  /** Wires a node. */
  wire(def: NodeDef): NodeWires {
    const wires = this.#wiresOf(def);
    const tracks = this.#tracksOf(def);
    const after = this.#afterOf(def);
    return { wires, tracks, after, map: wireMap(def, wires, this.#problems) };
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
      if (names.includes(argument) || isPath(this.#defs, source)) continue;
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
      const isOwn = meaning?.kind === "output" && this.#defs[meaning.node] === def;
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

  #tracksOf(def: NodeDef): Tracked[] {
    const wires: Tracked[] = [];
    def.track.forEach((ref, position) => {
      const source = ref.kind === "function"
        ? this.#checkTracked(def, ref, position)
        : this.#resolve(def, "tracked source", ref, ["track", position]);
      if (source !== undefined) wires.push({ argument: describeRef(ref), source });
    });
    return wires;
  }

  #checkTracked(def: NodeDef, ref: FunctionRef, position: number): FunctionRef {
    const wrong = this.#options.problemOfTracked?.(def, ref);
    if (wrong !== undefined) {
      const path = ["nodes", def.name, "track", position, "call"];
      this.#problems.add("bad-function", wrong.problem, path, { hint: wrong.hint });
    }
    return ref;
  }

  #afterOf(def: NodeDef): NodeId[] {
    const ids: NodeId[] = [];
    def.after.forEach((name, position) => {
      const id = this.#names.nodeIds.get(name);
      if (id !== undefined) ids.push(id);
      else {
        this.#nodes ??= new Suggestions(this.#names.nodeIds.keys());
        const close = this.#nodes.nearest(name);
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
    const { outputs } = this.#defs[id];
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
    if (meaning.kind === "input") this.used.add(meaning.input.name);
    else this.used.add(name);
    return this.#kept(meaning);
  }

  /** A promise that was kept already is what it was kept with. */
  #kept(meaning: Meaning): Meaning {
    if (meaning.kind !== "promise") return meaning;
    const { name, expand } = this.#defs[meaning.node];
    const kept = this.#names.meanings.get(`${name}.${expand?.provides[meaning.output].name}`);
    const isOwn = kept === undefined || kept.kind === "promise" && kept.node === meaning.node;
    return isOwn ? meaning : this.#kept(kept);
  }

  #reportUnknown(
    def: NodeDef,
    what: string,
    name: string,
    path: DefinitionPath,
  ): void {
    this.#sources ??= new Suggestions([...this.#names.meanings.keys(), "params"]);
    const close = this.#sources.nearest(name);
    const meaning = close === undefined ? undefined : this.#names.meanings.get(close);
    const place = meaning === undefined || meaning.kind === "input"
      ? undefined
      : this.#defs[meaning.node].name;
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
}

function exportOf(def: NodeDef): string {
  return def.work.kind === "call" ? `${def.work.module}#${def.work.export}` : def.name;
}
