/**
 * What every name of a workflow stands for, and the problems of names: doubles, clashes, paths written twice. Nodes may
 * be added, and taken back if they turn out to be wrong. Does not know who uses a name.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import type { Span } from "./base/source.ts";
import { directoriesAbove, MapPaths } from "./map_paths.ts";
import type { InputDef, Locate, NodeDef, OutputDef, Workflow } from "./workflow.ts";

/** Dense id of a node: 0 … size-1 in the order of the workflow; never reused. */
export type NodeId = number & { readonly [nodeIdBrand]: true };
declare const nodeIdBrand: unique symbol;

/** What a name stands for. */
export type Meaning =
  | { readonly kind: "input"; readonly input: InputDef }
  /** `output` indexes the node's declared outputs. */
  | { readonly kind: "output"; readonly node: NodeId; readonly output: number }
  /** Some node that this one returns has it; `output` indexes what it provides. */
  | { readonly kind: "promise"; readonly node: NodeId; readonly output: number };

/** A place in a definition, for `Locate`. */
export type DefinitionPath = readonly (string | number)[];

/** What a problem has beside its code, message and place. */
export interface ProblemOptions {
  readonly part?: "key" | "value";
  readonly hint?: string | undefined;
  readonly related?: Diagnostic["related"];
  /** Finds the part of the text at the place that is meant; the whole if there is none. */
  readonly within?: (written: string) => { start: number; end: number } | undefined;
}

/** Problems of one workflow, with their places. */
export class Problems {
  readonly found: Diagnostic[] = [];
  readonly #locate: Locate;

  /** @param locate Finds places; those of nodes that another node returned have none. */
  constructor(locate: Locate) {
    this.#locate = locate;
  }

  /** Adds an error at a place of the definition. */
  add(code: string, message: string, path: DefinitionPath, options: ProblemOptions = {}): void {
    const whole = this.#locate(path, options.part ?? "value");
    const span = whole === undefined ? undefined : narrow(whole, options.within);
    this.found.push({
      severity: "error",
      code,
      message,
      ...(span === undefined ? {} : { span }),
      ...(options.related === undefined ? {} : { related: options.related }),
      ...(options.hint === undefined ? {} : { hint: options.hint }),
    });
  }

  /** Another place to show with a problem; nothing if the definition has no text. */
  placeOf(
    message: string,
    path: DefinitionPath,
    { part = "key", within }: Pick<ProblemOptions, "part" | "within"> = {},
  ): NonNullable<Diagnostic["related"]> {
    const span = this.#locate(path, part);
    return span === undefined ? [] : [{ message, span: narrow(span, within) }];
  }
}

/** The scopes of a name: `a` and `a.b` of `a.b.c`. */
function scopesOf(name: string): string[] {
  return [...name.matchAll(/\./g)].map(({ index }) => name.slice(0, index));
}

/** The part of a span that is meant. */
function narrow({ source, start, end }: Span, within: ProblemOptions["within"]): Span {
  const part = within?.(source.text.slice(start, end));
  return part === undefined
    ? { source, start, end }
    : { source, start: start + part.start, end: start + part.end };
}

/** An output that publishes a path. */
interface PathOwner {
  readonly def: NodeDef;
  readonly name: string;
}

/** The names of one workflow. */
export class Names {
  /** By input, output, `node.output`, and node with one output. */
  readonly meanings = new Map<string, Meaning>();
  readonly nodeIds = new Map<string, NodeId>();
  readonly #workflow: Workflow;
  readonly #provided: ReadonlySet<string>;
  readonly #defs: readonly NodeDef[];
  readonly #owners = new Map<string, PathOwner>();
  #hasMapPaths = false;
  /** Takes back what the last `add` of returned nodes did; the nodes of the file are never taken back. */
  #undo: (() => void)[] | undefined;
  #problems: Problems;

  /**
   * Declares the names of inputs.
   *
   * @param defs All nodes by id, also those that are added later.
   * @param provided Outputs that are taken from outside instead of being computed.
   */
  constructor(
    workflow: Workflow,
    defs: readonly NodeDef[],
    problems: Problems,
    provided: ReadonlySet<string>,
  ) {
    this.#workflow = workflow;
    this.#defs = defs;
    this.#problems = problems;
    this.#provided = provided;
    this.#declareInputs();
  }

  /**
   * Declares the names of nodes.
   *
   * @param ids The nodes; their definitions are known.
   * @param problems Gets what is wrong.
   * @param maker The node that returned them: what it promised is theirs to keep.
   */
  add(ids: readonly NodeId[], problems: Problems, maker?: NodeId): void {
    this.#problems = problems;
    this.#undo = maker === undefined ? undefined : [];
    for (const id of ids) this.#declareNode(id, maker);
    for (const id of ids) this.#declareSoleOutput(id);
    for (const id of ids) this.#ownPaths(this.#defs[id]);
    for (const id of ids) this.#checkNesting(this.#defs[id]);
    if (maker !== undefined) this.#checkInside(new Set(ids.map((id) => this.#defs[id])));
    const series = this.#mapPaths(ids);
    if (!series.isEmpty) this.#checkSeries(series, new Set(ids.map((id) => this.#defs[id])));
    this.#checkInputPaths(ids, series);
  }

  /** Takes back what the last `add` declared. */
  takeBack(): void {
    for (const undo of this.#undo?.reverse() ?? []) undo();
    this.#undo = undefined;
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key);
    this.#undo?.push(() => before === undefined ? map.delete(key) : map.set(key, before));
    map.set(key, value);
  }

  #declareInputs(): void {
    for (const input of this.#workflow.inputs) {
      if (input.name === "params") {
        this.#problems.add("reserved-name", `Cannot name an input "params": the name is reserved`, [
          "inputs",
          input.name,
        ], { part: "key", hint: "choose another name" });
      }
      this.meanings.set(input.name, { kind: "input", input });
    }
    for (const { name } of this.#workflow.inputs) {
      const scope = scopesOf(name).find((scope) => this.meanings.has(scope));
      if (scope === undefined) continue;
      this.#problems.add(
        "ambiguous-name",
        `Cannot tell "${scope}" apart: it is an input and the scope of input "${name}"`,
        ["inputs", name],
        {
          part: "key",
          related: this.#problems.placeOf(`input "${scope}"`, ["inputs", scope]),
          hint: "rename one of them",
        },
      );
    }
  }

  #declareNode(node: NodeId, maker: NodeId | undefined): void {
    const def = this.#defs[node];
    if (def.name === "params") {
      this.#problems.add("reserved-name", `Cannot name a node "params": the name is reserved`, [
        "nodes",
        def.name,
      ], { part: "key", hint: "choose another name" });
    }
    const earlier = this.nodeIds.get(def.name);
    if (earlier !== undefined) {
      this.#problems.add(
        "duplicate-node",
        `Cannot make node "${def.name}": there is a node of that name`,
        ["nodes", def.name],
        {
          related: this.#problems.placeOf("first", ["nodes", def.name]),
          hint: "rename one of them",
        },
      );
      return;
    }
    this.#set(this.nodeIds, def.name, node);
    def.outputs.forEach((output, position) =>
      this.#declareOutput(def, output, { kind: "output", node, output: position }, maker)
    );
    def.expand?.provides.forEach((output, position) =>
      this.#declareOutput(def, output, { kind: "promise", node, output: position }, maker)
    );
  }

  #declareOutput(def: NodeDef, output: OutputDef, own: Meaning, maker: NodeId | undefined): void {
    const { name, kind } = output;
    const qualified = `${def.name}.${name}`;
    const isGiven = this.#provided.has(name) || this.#provided.has(qualified);
    const meaning: Meaning = isGiven
      ? { kind: "input", input: { name: this.#provided.has(name) ? name : qualified, kind } }
      : own;
    if (this.meanings.get(qualified)?.kind === "input") {
      this.#reportDuplicate(def, name, this.meanings.get(qualified) as Meaning);
      return;
    }
    this.#set(this.meanings, qualified, meaning);
    const earlier = this.meanings.get(name);
    const isKept = earlier?.kind === "promise" && earlier.node === maker;
    if (isKept) this.#set(this.meanings, `${this.#defs[earlier.node].name}.${name}`, meaning);
    if (earlier === undefined || isKept) this.#set(this.meanings, name, meaning);
    else this.#reportDuplicate(def, name, earlier);
  }

  /** A node with one output can be meant by its own name, unless that name means something else. */
  #declareSoleOutput(id: NodeId): void {
    const { name, outputs } = this.#defs[id];
    if (this.nodeIds.get(name) !== id) return;
    const earlier = this.meanings.get(name);
    if (earlier === undefined && outputs.length === 1) {
      const only = this.meanings.get(`${name}.${outputs[0].name}`);
      if (only !== undefined) this.#set(this.meanings, name, only);
    } else if (
      earlier?.kind === "input" && earlier.input.name === name && !this.#provided.has(name)
    ) {
      this.#problems.add(
        "ambiguous-name",
        `Cannot tell "${name}" apart: it is an input and a node`,
        ["nodes", name],
        {
          part: "key",
          related: this.#problems.placeOf(`input "${name}"`, ["inputs", name]),
          hint: "rename one of them",
        },
      );
    } else if (earlier !== undefined && earlier.kind !== "input" && earlier.node !== id) {
      const other = this.#defs[earlier.node].name;
      this.#problems.add(
        "ambiguous-name",
        `Cannot tell "${name}" apart: it is a node and an output of node "${other}"`,
        ["nodes", name],
        {
          part: "key",
          related: this.#problems.placeOf(`node "${other}"`, ["nodes", other]),
          hint: "rename one of them",
        },
      );
    }
  }

  #reportDuplicate(def: NodeDef, name: string, earlier: Meaning): void {
    const owner = earlier.kind === "input" ? undefined : this.#defs[earlier.node].name;
    // That has been refused where the node was read.
    if (def.expand !== undefined && owner === def.name && owner === name) return;
    const input = earlier.kind === "input" ? earlier.input.name : name;
    const first = owner === undefined ? `input "${input}"` : `node "${owner}"`;
    const path = owner === undefined ? ["inputs", input] : ["nodes", owner, "outputs", name];
    this.#problems.add(
      "duplicate-output",
      `Cannot declare output "${name}" of node "${def.name}": ${first} already provides that name`,
      ["nodes", def.name, "outputs", name],
      { part: "key", related: this.#problems.placeOf("first", path), hint: "rename one of them" },
    );
  }

  /** Two outputs may not publish one path. */
  #ownPaths(def: NodeDef): void {
    for (const { name, path, kind } of def.outputs) {
      if (path === undefined || kind === "value") continue;
      const normal = normalizePath(path);
      const owner = this.#owners.get(normal);
      if (owner === undefined) this.#set(this.#owners, normal, { def, name });
      else this.#reportPathClash({ def, name }, normal, owner, "already writes it");
    }
  }

  /** Nor may one lie inside another. */
  #checkNesting(def: NodeDef): void {
    for (const { name, path, kind } of def.outputs) {
      if (path === undefined || kind === "value") continue;
      const normal = normalizePath(path);
      for (let cut = normal.lastIndexOf("/"); cut > 0; cut = normal.lastIndexOf("/", cut - 1)) {
        const outer = normal.slice(0, cut);
        const owner = this.#owners.get(outer);
        if (owner !== undefined) {
          this.#reportPathClash({ def, name }, normal, owner, `writes "${outer}"`);
        }
      }
    }
  }

  /** What is added may not contain what is there; that nodes of one addition do not is seen from the inside. */
  #checkInside(added: ReadonlySet<NodeDef>): void {
    for (const def of added) {
      for (const { name, path, kind } of def.outputs) {
        if (path === undefined || kind !== "dir") continue;
        const dir = normalizePath(path);
        for (const [inner, owner] of this.#owners) {
          if (!inner.startsWith(`${dir}/`) || added.has(owner.def)) continue;
          this.#reportPathClash({ def, name }, dir, owner, `writes "${inner}"`);
        }
      }
    }
  }

  /** Paths of the files of all map nodes, once there are any. */
  #mapPaths(ids: readonly NodeId[]): MapPaths<PathOwner> {
    this.#hasMapPaths ||= ids.some((id) => mapsToFiles(this.#defs[id]));
    return new MapPaths(
      this.#hasMapPaths ? [...this.#owners].filter(([, { def }]) => def.map !== undefined) : [],
    );
  }

  /** Nor may a call of a map node write what another output writes, or something in it. */
  #checkSeries(series: MapPaths<PathOwner>, added: ReadonlySet<NodeDef>): void {
    const seen = new Set<string>();
    for (const [path, owner] of this.#owners) {
      const around = [path, ...directoriesAbove(path)].flatMap((part) =>
        series.at(part).filter((other) => other.path !== part)
      );
      const inside = series.below(path).filter(({ part }) => part !== path);
      for (const { path: other, owner: maker } of [...around, ...inside]) {
        const pair = [path, other].sort().join("\n");
        const isNew = added.has(owner.def) || added.has(maker.def);
        if (maker === owner || !isNew || seen.has(pair)) continue;
        seen.add(pair);
        this.#reportPathClash(owner, path, maker, `writes "${other}"`);
      }
    }
  }

  /** Nor may one overwrite an input. */
  #checkInputPaths(ids: readonly NodeId[], series: MapPaths<PathOwner>): void {
    const added = new Set(ids.map((id) => this.#defs[id]));
    const inputs = this.#workflow.inputs.filter((input) =>
      input.kind !== "value" && typeof input.default === "string"
    );
    for (const input of inputs) {
      const path = normalizePath(String(input.default));
      const owner = this.#owners.get(path) ?? series.at(path)[0]?.owner;
      if (owner === undefined || !added.has(owner.def)) continue;
      this.#problems.add(
        "path-conflict",
        `Cannot publish output "${owner.name}" of node "${owner.def.name}": its path "${input.default}" is input "${input.name}"`,
        ["nodes", owner.def.name, "outputs", owner.name],
        {
          related: this.#problems.placeOf(`input "${input.name}"`, ["inputs", input.name]),
          hint: "publish the output under another path",
        },
      );
    }
  }

  #reportPathClash({ def, name }: PathOwner, path: string, owner: PathOwner, state: string): void {
    this.#problems.add(
      "path-conflict",
      `Cannot publish output "${name}" of node "${def.name}" as "${path}": output "${owner.name}" of node "${owner.def.name}" ${state}`,
      ["nodes", def.name, "outputs", name],
      {
        related: this.#problems.placeOf("first", ["nodes", owner.def.name, "outputs", owner.name]),
        hint: "give each output a path of its own",
      },
    );
  }
}

function mapsToFiles({ map, outputs }: NodeDef): boolean {
  return map !== undefined && outputs.some(({ path }) => path !== undefined);
}

function normalizePath(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}
