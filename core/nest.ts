/**
 * Several functions as one node: the nodes that `nest:` names go, and a function that calls them one after the other comes.
 * Rewrites the workflow, as `map_over` does; nothing behind it knows of nodes in nodes. Does not know files or code.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import { executorOf } from "./executors.ts";
import type { Graph } from "./graph.ts";
import { type NodeId, Problems } from "./names.ts";
import { nestModule, type Step, type StepSource } from "./nest_module.ts";
import { outputOf, type Source } from "./wire.ts";
import {
  EMPTY_SCOPE,
  type FunctionRef,
  type HookDef,
  NODE_DEFAULTS,
  type NodeDef,
  type Resources,
  type Scope,
  type SourceRef,
  type Workflow,
} from "./workflow.ts";

/** Turns the text of a module into the work of a node. */
export type PlaceModule = (text: string) => Extract<NodeDef["work"], { kind: "call" }>;

/** Returns the relative specifier of a module from the workflow's directory. */
export type SpecifierOf = (path: string) => string;

/**
 * Checks what `nest:` names: functions with nothing that would be theirs alone.
 *
 * @returns The workflow without the nodes that nest others, which is what wiring looks at first, and what is wrong.
 */
export function flatten(workflow: Workflow): {
  readonly workflow: Workflow;
  readonly diagnostics: readonly Diagnostic[];
} {
  const nests = nestsOf(workflow);
  if (nests.length === 0) return { workflow, diagnostics: [] };
  const problems = new Problems(workflow.locate);
  const owners = new Map<string, string>();
  for (const def of nests) {
    def.nest?.nodes.forEach((name, i) => {
      const wrong = misfit(workflow, { def, name, owner: owners.get(name) });
      owners.set(name, def.name);
      if (wrong === undefined) return;
      problems.add("nest", `Cannot nest "${name}" in node "${def.name}": ${wrong.why}`, [
        ...["nodes", def.name, "nest"],
        i,
      ], { hint: wrong.hint });
    });
  }
  const members = new Map(nests.map((def) => [def.name, def.nest?.nodes ?? []]));
  const nodes = workflow.nodes.filter((def) => def.nest === undefined).map((def) => ({
    ...def,
    after: def.after.flatMap((name) => members.get(name) ?? [name]),
  }));
  return { workflow: { ...workflow, nodes }, diagnostics: problems.found };
}

function nestsOf({ nodes }: Workflow): readonly NodeDef[] {
  return nodes.filter((def) => def.nest !== undefined);
}

/** Options of a nested node that must be those of the node it is nested in, with what tells whether they are. */
const SHARED = {
  timeout: (a, b) => a.timeoutMs === b.timeoutMs,
  retries: (a, b) => JSON.stringify(a.retry) === JSON.stringify(b.retry),
  cache: (a, b) => JSON.stringify(a.cache) === JSON.stringify(b.cache),
  isolate: (a, b) => a.isolate === b.isolate,
  onError: (a, b) => a.onError === b.onError,
  executor: (a, b) => executorOf(a) === executorOf(b),
  concurrency: (a, b) => a.concurrency === undefined || a.concurrency === b.concurrency,
  chunk: (a, b) => a.chunk === undefined || a.chunk === b.chunk,
  onSuccess: (a, b) => hooksOf(a, "success") === hooksOf(b, "success"),
  onFailure: (a, b) => hooksOf(a, "failure") === hooksOf(b, "failure"),
  onEnd: (a, b) => hooksOf(a, "end") === hooksOf(b, "end"),
  enabled: (a) => a.enabled,
} as const satisfies Record<string, (member: NodeDef, nest: NodeDef) => boolean>;

/** What is told at one end of a node, without where that is written. */
function hooksOf({ hooks = [] }: NodeDef, when: HookDef["when"]): string {
  const own = hooks.filter((hook) => hook.when === when);
  return JSON.stringify(own.map(({ at: _, ...hook }) => hook));
}

/** Why a node cannot be nested. */
function misfit(
  { nodes }: Workflow,
  { def, name, owner }: {
    readonly def: NodeDef;
    readonly name: string;
    readonly owner: string | undefined;
  },
): { readonly why: string; readonly hint: string } | undefined {
  const member = nodes.find((node) => node.name === name);
  if (member === undefined) {
    const close = nearest(name, nodes.map((node) => node.name));
    const hint = close === undefined ? "name nodes of the file" : `did you mean "${close}"?`;
    return { why: "there is no such node", hint };
  }
  if (owner !== undefined) {
    const why = owner === def.name ? "it is named twice" : `node "${owner}" nests it too`;
    return { why, hint: "remove it from one of them" };
  }
  if (member.nest !== undefined) {
    return { why: "it nests others itself", hint: "name the nodes it nests" };
  }
  if (member.expand !== undefined || member.work.kind !== "call") {
    const why = member.expand === undefined ? "it is a command" : "it returns nodes";
    return { why, hint: "only functions can be nested" };
  }
  if (member.map !== undefined) {
    return {
      why: "it is mapped",
      hint: `give the map to "${def.name}": all of it is called per element`,
    };
  }
  const file = member.outputs.find(({ kind }) => kind !== "value");
  if (file !== undefined) {
    return {
      why: `its output "${file.name}" is a ${file.kind}`,
      hint: "let a node behind it write it",
    };
  }
  const picked = member.outputs.find(({ pick }) => pick !== undefined);
  if (picked !== undefined) {
    return {
      why: `its output "${picked.name}" is a part of what it returns`,
      hint: "return it under its name",
    };
  }
  if (member.resources.by !== undefined) {
    return { why: "a function says what it takes", hint: "write numbers in its resources" };
  }
  const differs = Object.entries(SHARED).find(([, isSame]) => !isSame(member, def));
  return differs === undefined ? undefined : {
    why: `its "${differs[0]}" is not that of "${def.name}"`,
    hint: `write "${differs[0]}" at "${def.name}"`,
  };
}

/** The wired workflow with nodes in place of those they nest. */
export interface Nested {
  readonly workflow: Workflow;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Puts nodes in place of those they nest.
 *
 * @param written The workflow as it is in the file.
 * @param graph What {@linkcode flatten} made of it, wired without errors.
 * @param isNested Tells which nodes with `nest:` are treated so.
 * @param code Where modules are, and where the text of a new one goes.
 */
export function nestNodes(
  written: Workflow,
  graph: Graph,
  code: {
    isNested(def: NodeDef): boolean;
    readonly place: PlaceModule;
    readonly specifierOf: SpecifierOf;
  },
): Nested {
  const problems = new Problems(written.locate);
  const owner = new Map<NodeId, NodeDef>();
  const nests = nestsOf(written).filter((def) => code.isNested(def));
  for (const def of nests) {
    for (const name of def.nest?.nodes ?? []) {
      const id = graph.idOf(name);
      if (id !== undefined) owner.set(id, def);
    }
  }
  const nesting = new Nesting(graph, owner);
  const made = new Map(nests.map((def) => {
    const nest = nesting.nest(def, problems);
    const work = code.place(nestModule(nest.steps(code.specifierOf), nest.returned));
    return [def.name, { ...nest.def, work }] as const;
  }));
  const nodes = written.nodes.flatMap((def) => {
    const nest = made.get(def.name);
    if (nest !== undefined) return [nest];
    const id = graph.idOf(def.name);
    if (def.nest !== undefined || id === undefined || owner.has(id)) return [];
    return [nesting.rewired(id)];
  });
  return { workflow: { ...written, nodes }, diagnostics: problems.found };
}

/** One node and what it nests. */
interface Nest {
  readonly def: NodeDef;
  steps(specifierOf: SpecifierOf): readonly Step[];
  readonly returned: readonly { readonly step: number; readonly output: string }[];
}

class Nesting {
  readonly #graph: Graph;
  readonly #owner: ReadonlyMap<NodeId, NodeDef>;

  /** @param owner The node that nests it, by node. */
  constructor(graph: Graph, owner: ReadonlyMap<NodeId, NodeDef>) {
    this.#graph = graph;
    this.#owner = owner;
  }

  nest(def: NodeDef, problems: Problems): Nest {
    const { defs, order } = this.#graph;
    const all = ([...order] as NodeId[]).filter((id) => this.#owner.get(id) === def);
    const outputs = this.#outputs(def, all, problems);
    const ids = this.#needed(all, new Set(outputs.map(({ id }) => id)));
    const inputs: Record<string, SourceRef> = {};
    const names = new Map<string, string>();
    const argumentOf = (argument: string, source: Source): string => {
      const ref = this.#refOf(source);
      const identity = JSON.stringify(ref);
      const known = names.get(identity);
      if (known !== undefined) return known;
      let name = argument;
      for (let n = 2; Object.hasOwn(inputs, name); n++) name = `${argument}_${n}`;
      names.set(identity, name);
      inputs[name] = ref;
      return name;
    };
    const wired = ids.map((id) =>
      this.#graph.wires[id].map(({ argument, source }): [string, StepSource] => [
        argument,
        source.kind === "output" && ids.includes(source.node)
          ? { step: ids.indexOf(source.node), output: outputOf(defs, source).name }
          : { argument: argumentOf(argument, source) },
      ])
    );
    const members = ids.map((id) => defs[id]);
    return {
      def: {
        ...def,
        inputs,
        outputs: outputs.map(({ output }) => output),
        scope: members.map(({ scope }) => scope).reduce(unionOf, EMPTY_SCOPE),
        resources: members.map(({ resources }) => resources).reduce(maxOf, NODE_DEFAULTS.resources),
        track: ids.flatMap((id) => this.#tracksOf(id)),
        after: [...new Set(ids.flatMap((id) => this.#afterOf(id)))].filter((n) => n !== def.name),
      },
      steps: (specifierOf) =>
        members.map((member, i) => ({
          node: member.name,
          ...functionOf(member, specifierOf),
          inputs: wired[i],
          outputs: member.outputs.map(({ name }) => name),
        })),
      returned: outputs.map(({ id, output }) => ({ step: ids.indexOf(id), output: output.name })),
    };
  }

  /** A node outside, with what it took of nested nodes. */
  rewired(id: NodeId): NodeDef {
    const { defs, wires } = this.#graph;
    const def = defs[id];
    const inputs: Record<string, SourceRef> = { ...def.inputs };
    for (const { argument, source } of wires[id]) {
      if (!("node" in source) || !this.#owner.has(source.node)) continue;
      const { name } = outputOf(defs, source);
      const ref = Object.hasOwn(inputs, argument) ? inputs[argument] : undefined;
      // The name of an output stays; that of the node it was of does not.
      if (ref === undefined ? argument !== name : ref.kind === "ref" && ref.ref !== name) {
        inputs[argument] = { kind: "ref", ref: name };
      }
    }
    return { ...def, inputs, track: this.#tracksOf(id), after: this.#afterOf(id) };
  }

  /** Outputs of nested nodes that somebody outside takes, or nobody; or those that are named. */
  #outputs(
    def: NodeDef,
    ids: readonly NodeId[],
    problems: Problems,
  ): { id: NodeId; output: NodeDef["outputs"][number] }[] {
    const { defs } = this.#graph;
    const takers = this.#takers();
    const all = ids.flatMap((id) => defs[id].outputs.map((output) => ({ id, output })));
    const takerOf = (id: NodeId, name: string): string | undefined => {
      const outside = [...takers.get(`${id} ${name}`) ?? []]
        .find((taker) => this.#owner.get(taker) !== def);
      return outside === undefined ? undefined : defs[outside].name;
    };
    const { outputs: named } = def.nest ?? {};
    if (named === undefined) {
      return all.filter(({ id, output: { name } }) =>
        !takers.has(`${id} ${name}`) || takerOf(id, name) !== undefined
      );
    }
    named.forEach((name, i) => {
      if (all.some(({ output }) => output.name === name)) return;
      const known = all.map(({ output }) => output.name);
      const close = nearest(name, known);
      problems.add(
        "nest",
        `Cannot find output "${name}" of node "${def.name}": no node it nests has it`,
        ["nodes", def.name, "outputs", i],
        {
          hint: close === undefined ? `they have ${known.join(", ")}` : `did you mean "${close}"?`,
        },
      );
    });
    for (const { id, output: { name } } of all) {
      const taker = named.includes(name) ? undefined : takerOf(id, name);
      if (taker === undefined) continue;
      problems.add(
        "nest",
        `Cannot leave output "${name}" out of node "${def.name}": node "${taker}" takes it`,
        ["nodes", def.name, "outputs"],
        { hint: `add it: [${[...named, name].join(", ")}]` },
      );
    }
    return all.filter(({ output }) => named.includes(output.name));
  }

  /** Nodes by `ID OUTPUT` that they take. */
  #takers(): ReadonlyMap<string, ReadonlySet<NodeId>> {
    const takers = new Map<string, Set<NodeId>>();
    const { defs, wires, tracks } = this.#graph;
    for (const id of defs.keys()) {
      for (const { source } of [...wires[id], ...tracks[id]]) {
        if (source.kind !== "output") continue;
        const key = `${source.node} ${outputOf(defs, source).name}`;
        takers.set(key, (takers.get(key) ?? new Set()).add(id as NodeId));
      }
    }
    return takers;
  }

  /** Those of the nested nodes that make something of what is returned, or are there for their effect. */
  #needed(ids: readonly NodeId[], returned: ReadonlySet<NodeId>): NodeId[] {
    const { defs, wires } = this.#graph;
    const needed = new Set(ids.filter((id) => returned.has(id) || defs[id].outputs.length === 0));
    for (const id of needed) {
      for (const { source } of wires[id]) {
        if (source.kind === "output" && ids.includes(source.node)) needed.add(source.node);
      }
    }
    return ids.filter((id) => needed.has(id));
  }

  #tracksOf(id: NodeId): readonly (SourceRef | FunctionRef)[] {
    return this.#graph.defs[id].track.map((ref, i) => {
      const { source } = this.#graph.tracks[id][i];
      return ref.kind === "ref" && "node" in source && this.#owner.has(source.node)
        ? this.#refOf(source)
        : ref;
    });
  }

  /** Nodes that come before, with those that nest them in their place. */
  #afterOf(id: NodeId): readonly string[] {
    const names = this.#graph.defs[id].after.map((name) => {
      const before = this.#graph.idOf(name);
      return (before === undefined ? undefined : this.#owner.get(before)?.name) ?? name;
    });
    return [...new Set(names)];
  }

  /** A source as the file would name it. */
  #refOf(source: Source): SourceRef {
    switch (source.kind) {
      case "input":
        return { kind: "ref", ref: source.input.name };
      case "param":
        return { kind: "ref", ref: source.path };
      case "output":
      case "promise": {
        const { defs } = this.#graph;
        const node = this.#owner.get(source.node) ?? defs[source.node];
        const { name } = outputOf(defs, source);
        return { kind: "ref", ref: name === node.name ? name : `${node.name}.${name}` };
      }
      default:
        return source;
    }
  }
}

function functionOf(
  { work }: NodeDef,
  specifierOf: SpecifierOf,
): { readonly specifier: string; readonly export: string } {
  // Only functions are nested.
  if (work.kind !== "call") return { specifier: "", export: "" };
  return { specifier: specifierOf(work.path), export: work.export };
}

/** What one of two scopes allows, is allowed. */
function unionOf(a: Scope, b: Scope): Scope {
  const lists = (x: readonly string[], y: readonly string[]) => [...new Set([...x, ...y])];
  const open = (x: readonly string[] | true, y: readonly string[] | true) =>
    x === true || y === true ? true : lists(x, y);
  return {
    read: lists(a.read, b.read),
    write: lists(a.write, b.write),
    net: open(a.net, b.net),
    env: lists(a.env, b.env),
    sys: open(a.sys, b.sys),
    run: open(a.run, b.run),
    ffi: open(a.ffi, b.ffi),
    import: open(a.import, b.import),
  };
}

/** Functions run one after the other, so what they take is what the largest takes. */
function maxOf(a: Resources, b: Resources): Resources {
  const memory = [a.memoryBytes, b.memoryBytes].filter((bytes) => bytes !== undefined);
  const pools = { ...a.pools };
  for (const [pool, units] of Object.entries(b.pools)) {
    pools[pool] = Math.max(units, pools[pool] ?? 0);
  }
  return {
    cpus: Math.max(a.cpus, b.cpus),
    ...(memory.length === 0 ? {} : { memoryBytes: Math.max(...memory) }),
    ...(a.scales === true || b.scales === true ? { scales: true } : {}),
    pools,
  };
}
