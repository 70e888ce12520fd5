/**
 * The dependency graph: nodes as dense ids, wires resolved by name, edges as compressed rows. It grows when a node returns
 * nodes. Pure; knows nothing of digests, results, processes or the state of a run.
 *
 * Long because the one builder makes the graph and makes it grow by the same rules.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { compressRows, findCycle, reverseRows, type Rows, topologicalOrder } from "./base/rows.ts";
import { nearest, Suggestions } from "./base/suggest.ts";
import { type DefinitionPath, type Meaning, Names, type NodeId, Problems } from "./names.ts";
import type {
  FunctionRef,
  InputDef,
  Json,
  NodeDef,
  OutputDef,
  SourceRef,
  Workflow,
} from "./workflow.ts";

export type { NodeId } from "./names.ts";

/** Where an argument's value comes from, after names are resolved. */
export type Source =
  | { readonly kind: "input"; readonly input: InputDef }
  /** `output` indexes the node's declared outputs. */
  | { readonly kind: "output"; readonly node: NodeId; readonly output: number }
  /** An output that a node returned by `node` has; `output` indexes what `node` provides. Resolved when that is known. */
  | { readonly kind: "promise"; readonly node: NodeId; readonly output: number }
  | { readonly kind: "param"; readonly path: string; readonly value: Json }
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "file"; readonly path: string; readonly sidecar?: true }
  | { readonly kind: "dir"; readonly path: string }
  | { readonly kind: "glob"; readonly pattern: string }
  | { readonly kind: "env"; readonly name: string };

/** One argument of a node and its source. */
export interface Wire {
  readonly argument: string;
  readonly source: Source;
}

/** One source of `track:` as it was written. */
export interface Tracked {
  readonly argument: string;
  readonly source: Source | FunctionRef;
}

/** The graph of a workflow. Arrays named in the plural are indexed by `NodeId`. All of it may grow, nothing shrinks. */
export interface Graph {
  readonly workflow: Workflow;
  readonly size: number;
  readonly defs: readonly NodeDef[];
  /** Arguments in the order they were declared or, for inferred ones, of the function's parameters. */
  readonly wires: readonly (readonly Wire[])[];
  /** Sources of `track:`; their `argument` is the source as written. */
  readonly tracks: readonly (readonly Tracked[])[];
  /** Ids of the nodes a node needs, unique and ascending. */
  readonly ups: Rows;
  /** Ids of the nodes that need a node. */
  readonly downs: Rows;
  /** All ids, every node after its upstreams; ties in id order. */
  readonly order: Uint32Array;
  /** For map nodes: which wires the names of the map-spec mean. */
  readonly maps: readonly (Readonly<Record<string, number>> | undefined)[];
  /** The node that returned a node, for those that are not in the file. */
  readonly makers: readonly (NodeId | undefined)[];
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
  /** Returns what is wrong with a function that a node tracks. */
  problemOfTracked?(node: NodeDef, ref: FunctionRef): {
    readonly problem: string;
    readonly hint?: string;
  } | undefined;
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
): { graph: Graph; diagnostics: Diagnostic[]; grower: Grower } {
  const builder = new Builder(workflow, options);
  const diagnostics = builder.diagnostics;
  return { graph: builder.build(), diagnostics, grower: builder };
}

/** What growing did to the nodes that were there. */
export interface Growth {
  /** The new nodes, upstreams first. */
  readonly ids: readonly NodeId[];
  /** By node that was there: new upstreams of it. */
  readonly added: ReadonlyMap<NodeId, readonly NodeId[]>;
}

/** Makes a graph grow. */
export interface Grower {
  /**
   * Adds the nodes that a node returned, all or none. O(nodes + edges).
   *
   * Those who take what the node promised are wired to the nodes that have it; those who run after the node wait for all it
   * returned. The returned nodes may depend on every node but those behind the one that returned them.
   *
   * @param maker The node that returned them.
   * @param defs Its nodes.
   * @returns The growth, or the problems that keep the graph as it was.
   */
  grow(
    maker: NodeId,
    defs: readonly NodeDef[],
  ): Growth | { readonly problems: readonly Diagnostic[] };
}

/** The graph as its builder sees it. */
type MutableGraph = { -readonly [K in keyof Graph]: Graph[K] };

/** Nodes of a cycle that its message names. */
const MAX_CYCLE_NAMES = 20;

class Builder implements Grower {
  readonly #workflow: Workflow;
  readonly #options: GraphOptions;
  readonly #names: Names;
  readonly #used = new Set<string>();
  readonly #defs: NodeDef[];
  readonly #wires: Wire[][] = [];
  readonly #maps: (Readonly<Record<string, number>> | undefined)[] = [];
  readonly #tracks: Tracked[][] = [];
  readonly #makers: (NodeId | undefined)[] = [];
  /** Nodes that take what a node promised, by that node. */
  readonly #awaiting = new Map<NodeId, Set<NodeId>>();
  /** Nodes that run after all that a node returned, by that node. */
  readonly #followers = new Map<NodeId, Set<NodeId>>();
  readonly #graph: MutableGraph;
  #problems: Problems;
  /** Made when a name is missing first, for the names there are then. */
  #sources: Suggestions | undefined;
  #nodes: Suggestions | undefined;

  constructor(workflow: Workflow, options: GraphOptions) {
    this.#workflow = workflow;
    this.#options = options;
    this.#problems = new Problems(workflow.locate);
    this.#defs = [...workflow.nodes];
    this.#names = new Names(workflow, this.#defs, this.#problems, new Set(options.provided));
    const none = compressRows([]);
    const { nodeIds, meanings } = this.#names;
    this.#graph = {
      workflow,
      size: 0,
      defs: this.#defs,
      wires: this.#wires,
      tracks: this.#tracks,
      maps: this.#maps,
      makers: this.#makers,
      ups: none,
      downs: none,
      order: new Uint32Array(),
      idOf(name: string): NodeId | undefined {
        const id = nodeIds.get(name);
        if (id !== undefined) return id;
        const meaning = meanings.get(name);
        return meaning === undefined || meaning.kind === "input" ? undefined : meaning.node;
      },
    };
  }

  get diagnostics(): Diagnostic[] {
    return this.#problems.found;
  }

  build(): Graph {
    const graph = this.#graph;
    const ids = [...this.#defs.keys()] as NodeId[];
    this.#names.add(ids, this.#problems);
    const rows = ids.map((id) => this.#wire(id, undefined));
    const ups = compressRows(rows);
    const downs = reverseRows(ups);
    const order = topologicalOrder(ups, downs);
    Object.assign(graph, { size: ids.length, ups, downs, order });
    // Nodes that are not known yet may use an input.
    if (!this.#defs.some(({ expand }) => expand !== undefined)) this.#reportUnusedInputs();
    if (order.length < ids.length) this.#reportCycle(ups, order);
    return graph;
  }

  grow(
    maker: NodeId,
    defs: readonly NodeDef[],
  ): Growth | { readonly problems: readonly Diagnostic[] } {
    const problems = new Problems(() => undefined);
    this.#problems = problems;
    const start = this.#defs.length;
    const ids = defs.map((_, i) => start + i as NodeId);
    for (const def of defs) this.#defs.push(def);
    this.#names.add(ids, problems, maker);
    this.#sources = undefined;
    this.#nodes = undefined;
    const rows = ids.map((id) => this.#wire(id, maker));
    this.#checkBehind(maker, ids, rows);
    this.#checkPromises(maker);
    const local = rows.map((row) => row.filter((up) => up >= start).map((up) => up - start));
    const localUps = compressRows(local);
    const order = topologicalOrder(localUps, reverseRows(localUps));
    if (order.length < ids.length) this.#reportCycle(localUps, order, start);
    if (problems.found.length > 0) {
      this.#takeBack(start);
      return { problems: problems.found };
    }
    const added = this.#join(maker, ids, local);
    this.#rebuild(rows, added);
    return { ids: [...order].map((i) => ids[i]), added };
  }

  /** Wires a node; returns its upstreams. */
  #wire(id: NodeId, maker: NodeId | undefined): readonly NodeId[] {
    const def = this.#defs[id];
    const wires = this.#wiresOf(def);
    const tracks = this.#tracksOf(def);
    const after = this.#afterOf(def);
    this.#wires.push(wires);
    this.#tracks.push(tracks);
    this.#maps.push(this.#mapOf(def, wires));
    this.#makers.push(maker);
    for (const { source } of [...wires, ...tracks]) {
      if (source.kind === "promise") addTo(this.#awaiting, source.node, id);
    }
    for (const up of after) {
      if (this.#defs[up].expand !== undefined) addTo(this.#followers, up, id);
    }
    return upstreamsOf(wires, tracks, after) as NodeId[];
  }

  #takeBack(start: number): void {
    this.#names.takeBack();
    for (const columns of [this.#defs, this.#wires, this.#tracks, this.#maps, this.#makers]) {
      columns.length = start;
    }
    for (const waiting of [...this.#awaiting.values(), ...this.#followers.values()]) {
      for (const id of waiting) if (id >= start) waiting.delete(id);
    }
  }

  /** Whoever is behind a node waits for what it returned: that cannot wait for them. */
  #checkBehind(maker: NodeId, ids: readonly NodeId[], rows: readonly (readonly NodeId[])[]): void {
    const behind = new Set<number>();
    const { starts, targets } = this.#graph.downs;
    for (let e = starts[maker]; e < starts[maker + 1]; e++) behind.add(targets[e]);
    // A set's iteration also visits what is added on the way.
    for (const id of behind) {
      for (let e = starts[id]; e < starts[id + 1]; e++) behind.add(targets[e]);
    }
    rows.forEach((row, i) => {
      for (const up of row.filter((up) => behind.has(up))) {
        const [node, late, first] = [ids[i], up, maker].map((id) => this.#defs[id].name);
        this.#problems.add(
          "behind-maker",
          `Cannot let node "${node}" depend on node "${late}": "${late}" is behind "${first}", which returned "${node}"`,
          ["nodes", node],
          { hint: `let "${late}" not depend on "${first}", or return a node that does its work` },
        );
      }
    });
  }

  /** What a node promised must be among what it returned, and of the same kind. */
  #checkPromises(maker: NodeId): void {
    const { name: node, expand } = this.#defs[maker];
    for (const { name, kind } of expand?.provides ?? []) {
      const meaning = this.#names.meanings.get(`${node}.${name}`);
      if (meaning === undefined || meaning.kind === "input") continue;
      if (meaning.node === maker) {
        this.#problems.add(
          "broken-promise",
          `Cannot find output "${name}", which node "${node}" promised: none of the nodes it returned has it`,
          ["nodes"],
          { hint: `return a node with that output, or remove it from "outputs" of "${node}"` },
        );
        continue;
      }
      const found = outputOf(this.#defs, meaning);
      if (found.kind === kind) continue;
      this.#problems.add(
        "broken-promise",
        `Cannot use output "${name}" of node "${
          this.#defs[meaning.node].name
        }": node "${node}" promised a ${kind}, it is a ${found.kind}`,
        ["nodes", this.#defs[meaning.node].name, "outputs", name],
      );
    }
  }

  /** Makes those who wait for what a node returned wait for its nodes. Returns their new upstreams. */
  #join(
    maker: NodeId,
    ids: readonly NodeId[],
    local: readonly (readonly number[])[],
  ): Map<NodeId, readonly NodeId[]> {
    const added = new Map<NodeId, Set<NodeId>>();
    for (const id of this.#awaiting.get(maker) ?? []) {
      for (const columns of [this.#wires, this.#tracks]) {
        columns[id] = columns[id].map((wire) => {
          const { source } = wire;
          if (source.kind !== "promise" || source.node !== maker) return wire;
          const { name, expand } = this.#defs[maker];
          const meaning = this.#names.meanings.get(
            `${name}.${expand?.provides[source.output].name}`,
          );
          // Checked by #checkPromises; what is given from outside is an input from the start.
          if (meaning === undefined || meaning.kind === "input") return wire;
          if (meaning.kind === "promise") addTo(this.#awaiting, meaning.node, id);
          addTo(added, id, meaning.node);
          return { ...wire, source: meaning };
        });
      }
    }
    const inner = new Set(local.flat());
    for (const id of this.#followers.get(maker) ?? []) {
      ids.forEach((up, i) => {
        const isMaker = this.#defs[up].expand !== undefined;
        if (isMaker) addTo(this.#followers, up, id);
        // Behind the last ones it is behind all of them.
        if (isMaker || !inner.has(i)) addTo(added, id, up);
      });
    }
    return new Map([...added].map(([id, ups]) => [id, [...ups]]));
  }

  /** Makes the rows again, with new ones and new upstreams of old ones. */
  #rebuild(
    rows: readonly (readonly NodeId[])[],
    added: ReadonlyMap<NodeId, readonly NodeId[]>,
  ): void {
    const { starts, targets } = this.#graph.ups;
    const before = Array.from({ length: this.#graph.size }, (_, id) => {
      const row = targets.subarray(starts[id], starts[id + 1]);
      const more = added.get(id as NodeId);
      return more === undefined ? row : [...new Set([...row, ...more])].sort((a, b) => a - b);
    });
    const ups = compressRows([...before, ...rows]);
    const downs = reverseRows(ups);
    const order = topologicalOrder(ups, downs);
    Object.assign(this.#graph, { size: this.#defs.length, ups, downs, order });
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

  /** Finds the wires a map-spec means: by argument, else by the source as written. */
  #mapOf(def: NodeDef, wires: readonly Wire[]): Readonly<Record<string, number>> | undefined {
    if (def.map === undefined) return undefined;
    const found: Record<string, number> = {};
    for (const { name } of def.map.inputs) {
      const at = wires.findIndex(({ argument }) => argument === name);
      const bySource = wires.flatMap(({ argument }, i) => {
        const ref = Object.hasOwn(def.inputs, argument) ? def.inputs[argument] : undefined;
        return ref?.kind === "ref" && ref.ref === name ? [i] : [];
      });
      if (at >= 0) found[name] = at;
      else if (bySource.length === 1) found[name] = bySource[0];
      else this.#reportMapName(def, name, wires, bySource.length);
    }
    for (const { name } of def.map.outputs) {
      if (def.outputs.some((output) => output.name === name)) continue;
      const names = def.outputs.map((output) => output.name);
      this.#problems.add(
        "map-spec",
        `Cannot find output "${name}" of map-spec "${def.map.text}" in node "${def.name}": its outputs are ${
          names.map((other) => `"${other}"`).join(", ") || "none"
        }`,
        ["nodes", def.name, "map"],
        { hint: "name every output of the node on the right of the map-spec, and nothing else" },
      );
    }
    for (const { name } of def.outputs) {
      if (def.map.outputs.some((item) => item.name === name)) continue;
      this.#problems.add(
        "map-spec",
        `Cannot leave output "${name}" of node "${def.name}" out of map-spec "${def.map.text}": all calls deliver it`,
        ["nodes", def.name, "map"],
        { hint: `write it on the right: ", ${name}[${def.map.axes.join(", ")}]"` },
      );
    }
    return found;
  }

  #reportMapName(def: NodeDef, name: string, wires: readonly Wire[], count: number): void {
    const known = wires.map(({ argument }) => argument);
    const close = nearest(name, known);
    this.#problems.add(
      "map-spec",
      count > 1
        ? `Cannot tell which input map-spec name "${name}" of node "${def.name}" means: ${count} have that source`
        : `Cannot find "${name}" of the map-spec among the inputs of node "${def.name}"`,
      ["nodes", def.name, "map"],
      {
        hint: close !== undefined
          ? `did you mean "${close}"?`
          : known.length === 0
          ? "the node has no inputs"
          : `its inputs are ${known.map((other) => `"${other}"`).join(", ")}`,
      },
    );
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
      case "promise":
        return outputOf(this.#defs, source).kind !== "value";
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
    if (meaning.kind === "input") this.#used.add(meaning.input.name);
    else this.#used.add(name);
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

  #reportCycle(ups: Rows, order: Uint32Array, start = 0): void {
    const path = findCycle(ups, order);
    const names = path.map((id) => this.#defs[start + id].name);
    const [first] = names;
    const left = names.length - MAX_CYCLE_NAMES;
    const shown = left > 1 ? [...names.slice(0, MAX_CYCLE_NAMES), `… ${left} more …`] : names;
    this.#problems.add(
      "cycle",
      `Cannot order the nodes: they form a cycle: ${[...shown, first].join(" -> ")}`,
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
export function describeRef(ref: SourceRef | FunctionRef): string {
  switch (ref.kind) {
    case "function":
      return `${ref.module}#${ref.export}`;
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
  tracks: readonly Tracked[],
  after: readonly NodeId[],
): number[] {
  const ids: number[] = [...after];
  for (const { source } of wires) if ("node" in source) ids.push(source.node);
  for (const { source } of tracks) if ("node" in source) ids.push(source.node);
  return ids.length < 2 ? ids : [...new Set(ids)].sort((a, b) => a - b);
}

/** The output that a source means. */
export function outputOf(
  defs: readonly NodeDef[],
  { kind, node, output }: Extract<Source, { readonly node: NodeId }>,
): OutputDef {
  const def = defs[node];
  // Only a node that returns nodes promises outputs.
  return kind === "output"
    ? def.outputs[output]
    : (def.expand as NonNullable<typeof def.expand>).provides[output];
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}
