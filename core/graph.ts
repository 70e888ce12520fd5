/**
 * The dependency graph: nodes as dense ids, wires resolved by name, edges as compressed rows.
 * Pure; knows nothing of digests, results, processes or the state of a run.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import type { InputDef, Json, NodeDef, SourceRef, Workflow } from "./workflow.ts";

/** Dense id of a node: 0 … size-1 in the order of the workflow; never reused. */
export type NodeId = number & { readonly [nodeIdBrand]: true };
declare const nodeIdBrand: unique symbol;

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
  /** Upstream ids of node i are `ups[upStarts[i] … upStarts[i+1])`, unique, ascending. */
  readonly upStarts: Uint32Array;
  readonly ups: Uint32Array;
  /** Downstream ids, same form. */
  readonly downStarts: Uint32Array;
  readonly downs: Uint32Array;
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

/** What a name stands for. */
type Meaning =
  | { readonly kind: "input"; readonly input: InputDef }
  | { readonly kind: "output"; readonly node: NodeId; readonly output: number };

class Builder {
  readonly diagnostics: Diagnostic[] = [];
  readonly #meanings = new Map<string, Meaning>();
  readonly #nodeIds = new Map<string, NodeId>();
  readonly #used = new Set<string>();

  constructor(readonly workflow: Workflow, readonly options: GraphOptions) {}

  build(): Graph {
    this.#declareInputs();
    this.#declareNodes();
    this.#checkPaths();
    const { nodes } = this.workflow;
    const wires = nodes.map((def) => this.#wiresOf(def));
    const tracks = nodes.map((def) => this.#tracksOf(def));
    this.#reportUnusedInputs();
    const edges = nodes.map((def, id) =>
      upstreamsOf([...wires[id], ...tracks[id]], this.#afterOf(def))
    );
    const { starts: upStarts, targets: ups } = compress(edges);
    const { starts: downStarts, targets: downs } = reverse(upStarts, ups);
    const order = topologicalOrder(upStarts, ups, downStarts, downs);
    if (order.length < nodes.length) this.#reportCycle(order, upStarts, ups);
    const nodeIds = this.#nodeIds;
    const meanings = this.#meanings;
    return {
      workflow: this.workflow,
      size: nodes.length,
      defs: nodes,
      wires,
      tracks,
      upStarts,
      ups,
      downStarts,
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

  #declareInputs(): void {
    for (const input of this.workflow.inputs) {
      if (input.name === "params") {
        this.#error("reserved-name", `Cannot name an input "params": the name is reserved`, [
          "inputs",
          input.name,
        ], { part: "key", hint: "choose another name" });
      }
      this.#meanings.set(input.name, { kind: "input", input });
    }
  }

  #declareNodes(): void {
    const provided = new Set(this.options.provided);
    this.workflow.nodes.forEach((def, index) => {
      const node = index as NodeId;
      if (def.name === "params") {
        this.#error("reserved-name", `Cannot name a node "params": the name is reserved`, [
          "nodes",
          def.name,
        ], { part: "key", hint: "choose another name" });
      }
      this.#nodeIds.set(def.name, node);
      def.outputs.forEach((output, position) => {
        const { name } = output;
        const qualified = `${def.name}.${name}`;
        const meaning: Meaning = provided.has(name) || provided.has(qualified)
          ? {
            kind: "input",
            input: { name: provided.has(name) ? name : qualified, kind: output.kind },
          }
          : { kind: "output", node, output: position };
        this.#meanings.set(qualified, meaning);
        const earlier = this.#meanings.get(name);
        if (earlier === undefined) this.#meanings.set(name, meaning);
        else this.#reportDuplicate(def, name, earlier);
      });
    });
    for (const [name, id] of this.#nodeIds) {
      const { outputs } = this.workflow.nodes[id];
      const earlier = this.#meanings.get(name);
      if (earlier === undefined && outputs.length === 1) {
        const only = this.#meanings.get(`${name}.${outputs[0].name}`);
        if (only !== undefined) this.#meanings.set(name, only);
      } else if (earlier?.kind === "input" && earlier.input.name === name && !provided.has(name)) {
        this.#error("ambiguous-name", `Cannot tell "${name}" apart: it is an input and a node`, [
          "nodes",
          name,
        ], {
          part: "key",
          related: this.#placeOf(`input "${name}"`, ["inputs", name], "key"),
          hint: "rename one of them",
        });
      } else if (earlier?.kind === "output" && earlier.node !== id) {
        const other = this.workflow.nodes[earlier.node].name;
        this.#error(
          "ambiguous-name",
          `Cannot tell "${name}" apart: it is a node and an output of node "${other}"`,
          ["nodes", name],
          {
            part: "key",
            related: this.#placeOf(`node "${other}"`, ["nodes", other], "key"),
            hint: "rename one of them",
          },
        );
      }
    }
  }

  #reportDuplicate(def: NodeDef, name: string, earlier: Meaning): void {
    const first = earlier.kind === "input"
      ? `input "${name}"`
      : `node "${this.workflow.nodes[earlier.node].name}"`;
    const path = earlier.kind === "input"
      ? ["inputs", name]
      : ["nodes", this.workflow.nodes[earlier.node].name, "outputs", name];
    this.#error(
      "duplicate-output",
      `Cannot declare output "${name}" of node "${def.name}": ${first} already provides that name`,
      ["nodes", def.name, "outputs", name],
      { part: "key", related: this.#placeOf("first", path, "key"), hint: "rename one of them" },
    );
  }

  /** Two outputs may not publish one path, nor may one lie inside another or overwrite an input. */
  #checkPaths(): void {
    const owners = new Map<string, { def: NodeDef; name: string; kind: "file" | "dir" }>();
    for (const def of this.workflow.nodes) {
      for (const { name, path, kind } of def.outputs) {
        if (path === undefined || kind === "value") continue;
        const normal = normalizePath(path);
        const owner = owners.get(normal);
        if (owner !== undefined) {
          this.#reportPathClash(def, name, normal, owner, "already writes it");
        } else owners.set(normal, { def, name, kind });
      }
    }
    for (const [path, { def, name }] of owners) {
      for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) {
        const owner = owners.get(path.slice(0, cut));
        if (owner !== undefined) {
          this.#reportPathClash(def, name, path, owner, `writes "${path.slice(0, cut)}"`);
        }
      }
    }
    const inputs = this.workflow.inputs.filter((input) =>
      input.kind !== "value" && typeof input.default === "string"
    );
    for (const input of inputs) {
      const owner = owners.get(normalizePath(String(input.default)));
      if (owner === undefined) continue;
      this.#error(
        "path-conflict",
        `Cannot publish output "${owner.name}" of node "${owner.def.name}": its path "${input.default}" is input "${input.name}"`,
        ["nodes", owner.def.name, "outputs", owner.name],
        {
          related: this.#placeOf(`input "${input.name}"`, ["inputs", input.name], "key"),
          hint: "publish the output under another path",
        },
      );
    }
  }

  #reportPathClash(
    def: NodeDef,
    name: string,
    path: string,
    owner: { def: NodeDef; name: string },
    state: string,
  ): void {
    this.#error(
      "path-conflict",
      `Cannot publish output "${name}" of node "${def.name}" as "${path}": output "${owner.name}" of node "${owner.def.name}" ${state}`,
      ["nodes", def.name, "outputs", name],
      {
        related: this.#placeOf("first", ["nodes", owner.def.name, "outputs", owner.name], "key"),
        hint: "give each output a path of its own",
      },
    );
  }

  #wiresOf(def: NodeDef): Wire[] {
    const wires: Wire[] = [];
    for (const [argument, ref] of Object.entries(def.inputs)) {
      const source = this.#resolve(def, `input "${argument}"`, ref, ["inputs", argument]);
      if (source !== undefined) wires.push({ argument, source });
    }
    if (def.work.kind !== "call") return wires;
    const parameters = this.options.parametersOf(def);
    if ("problem" in parameters) {
      this.#error("bad-function", parameters.problem, ["nodes", def.name, "call"], {
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
      this.#error(
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
        return this.workflow.nodes[source.node].outputs[source.output].kind !== "value";
      default:
        return false;
    }
  }

  #inferWires(
    def: NodeDef,
    wires: Wire[],
    names: readonly { readonly name: string; readonly optional: boolean }[],
  ): void {
    for (const { name, optional } of names) {
      if (Object.hasOwn(def.inputs, name)) continue;
      const meaning = this.#meanings.get(name);
      const isOwn = meaning?.kind === "output" && this.workflow.nodes[meaning.node] === def;
      if (meaning !== undefined && !(isOwn && optional)) {
        wires.push({ argument: name, source: this.#use(name, meaning) });
      } else if (!optional) {
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
      const id = this.#nodeIds.get(name);
      if (id !== undefined) ids.push(id);
      else {
        const close = nearest(name, [...this.#nodeIds.keys()]);
        this.#error(
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
    at: readonly (string | number)[],
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
    path: readonly (string | number)[],
  ): Source | undefined {
    if (name === "params" || name.startsWith("params.")) {
      return this.#resolveParam(def, what, name, path);
    }
    const meaning = this.#meanings.get(name);
    if (meaning !== undefined) return this.#use(name, meaning);
    const id = this.#nodeIds.get(name);
    if (id === undefined) {
      this.#reportUnknown(def, what, name, path);
      return undefined;
    }
    const { outputs } = this.workflow.nodes[id];
    this.#error(
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
    path: readonly (string | number)[],
  ): Source | undefined {
    let value: Json = this.workflow.params as Json;
    let reached = "params";
    for (const key of name.split(".").slice(1)) {
      const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
      if (!isObject || !Object.hasOwn(value as object, key)) {
        const keys = isObject ? Object.keys(value as object) : [];
        const close = nearest(key, keys);
        this.#error(
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
    path: readonly (string | number)[],
  ): void {
    const candidates = [...this.#meanings.keys(), "params"];
    const close = nearest(name, candidates);
    const meaning = close === undefined ? undefined : this.#meanings.get(close);
    const place = meaning?.kind === "output" ? this.workflow.nodes[meaning.node].name : undefined;
    const inParams = Object.hasOwn(this.workflow.params, name);
    this.#error(
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
    for (const { name } of this.workflow.inputs) {
      if (this.#used.has(name)) continue;
      this.#error("unused-input", `Input "${name}" is not used by any node`, ["inputs", name], {
        part: "key",
        hint: "remove it, or wire it into a node",
      });
    }
  }

  #reportCycle(order: Uint32Array, upStarts: Uint32Array, ups: Uint32Array): void {
    const path = findCycle(this.workflow.nodes.length, order, upStarts, ups);
    const names = path.map((id) => this.workflow.nodes[id].name);
    const [first] = names;
    this.#error(
      "cycle",
      `Cannot order the nodes: they form a cycle: ${[...names, first].join(" -> ")}`,
      ["nodes", first],
      {
        part: "key",
        related: names.slice(1, 6).flatMap((name) =>
          this.#placeOf(`node "${name}"`, ["nodes", name], "key")
        ),
        hint: "break it: a node cannot depend on what depends on it",
      },
    );
  }

  #placeOf(
    message: string,
    path: readonly (string | number)[],
    part: "key" | "value",
  ): { message: string; span: NonNullable<Diagnostic["span"]> }[] {
    const span = this.workflow.locate(path, part);
    return span === undefined ? [] : [{ message, span }];
  }

  #error(
    code: string,
    message: string,
    path: readonly (string | number)[],
    options: {
      part?: "key" | "value";
      hint?: string | undefined;
      related?: Diagnostic["related"];
    } = {},
  ): void {
    const span = this.workflow.locate(path, options.part ?? "value");
    this.diagnostics.push({
      severity: "error",
      code,
      message,
      ...(span === undefined ? {} : { span }),
      ...(options.related === undefined ? {} : { related: options.related }),
      ...(options.hint === undefined ? {} : { hint: options.hint }),
    });
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

function normalizePath(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}

function upstreamsOf(wires: readonly Wire[], after: readonly NodeId[]): number[] {
  const ids = new Set<number>(after);
  for (const { source } of wires) if (source.kind === "output") ids.add(source.node);
  return [...ids].sort((a, b) => a - b);
}

/** Rows of ids as one array with row starts. */
function compress(
  rows: readonly (readonly number[])[],
): { starts: Uint32Array; targets: Uint32Array } {
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => starts[i + 1] = starts[i] + row.length);
  const targets = new Uint32Array(starts[rows.length]);
  rows.forEach((row, i) => targets.set(row, starts[i]));
  return { starts, targets };
}

/** Turns rows of upstreams into rows of downstreams, by counting sort. */
function reverse(
  upStarts: Uint32Array,
  ups: Uint32Array,
): { starts: Uint32Array; targets: Uint32Array } {
  const size = upStarts.length - 1;
  const starts = new Uint32Array(size + 1);
  for (const up of ups) starts[up + 1]++;
  for (let i = 0; i < size; i++) starts[i + 1] += starts[i];
  const next = starts.slice(0, size);
  const targets = new Uint32Array(ups.length);
  for (let node = 0; node < size; node++) {
    for (let e = upStarts[node]; e < upStarts[node + 1]; e++) targets[next[ups[e]]++] = node;
  }
  return { starts, targets };
}

/** Kahn 1962, a plain queue: O(nodes + edges). Shorter than the graph if it has a cycle. */
function topologicalOrder(
  upStarts: Uint32Array,
  _ups: Uint32Array,
  downStarts: Uint32Array,
  downs: Uint32Array,
): Uint32Array {
  const size = upStarts.length - 1;
  const pending = new Uint32Array(size);
  const order = new Uint32Array(size);
  let length = 0;
  for (let i = 0; i < size; i++) {
    pending[i] = upStarts[i + 1] - upStarts[i];
    if (pending[i] === 0) order[length++] = i;
  }
  for (let head = 0; head < length; head++) {
    const node = order[head];
    for (let e = downStarts[node]; e < downStarts[node + 1]; e++) {
      if (--pending[downs[e]] === 0) order[length++] = downs[e];
    }
  }
  return order.subarray(0, length);
}

/** Walks upstream among the nodes that Kahn left over until one comes again. */
function findCycle(
  size: number,
  order: Uint32Array,
  upStarts: Uint32Array,
  ups: Uint32Array,
): number[] {
  const isOrdered = new Uint8Array(size);
  for (const id of order) isOrdered[id] = 1;
  let node = isOrdered.indexOf(0);
  const seenAt = new Map<number, number>();
  const walk: number[] = [];
  while (!seenAt.has(node)) {
    seenAt.set(node, walk.length);
    walk.push(node);
    for (let e = upStarts[node]; e < upStarts[node + 1]; e++) {
      // A node Kahn left over has an upstream that was left over too.
      if (isOrdered[ups[e]] === 0) {
        node = ups[e];
        break;
      }
    }
  }
  const cycle = walk.slice(seenAt.get(node)).reverse();
  const smallest = cycle.indexOf(Math.min(...cycle));
  return [...cycle.slice(smallest), ...cycle.slice(0, smallest)];
}
