/**
 * Executors by name: where nodes run, how many at once, how their calls travel. Turns what the file and the command line say
 * into what holds for one node. Does not know processes, nor who counts slots.
 *
 * @module
 */

import { UsageError } from "./base/error.ts";
import { didYouMean } from "./base/suggest.ts";
import type { ExecutorDef, NodeDef, Workflow } from "./workflow.ts";

/** Name of the executor of nodes that name none. */
export const DEFAULT_EXECUTOR = "default";

/** Calls that may travel together at most. */
export const MAX_CHUNK = 4096;

/** Returns the name of the executor that a node runs on. */
export function executorOf({ executor = DEFAULT_EXECUTOR }: NodeDef): string {
  return executor;
}

/** How one node is run. */
export interface Placement {
  readonly name: string;
  readonly kind: ExecutorDef["kind"];
  /** Calls that may be pending at once in one worker, at least 1. */
  readonly concurrency: number;
  /** Calls that travel together; absent: as many as take a little while. */
  readonly chunk?: number;
}

/** What the command line says of executors and chunks. */
export interface PlacementRequest {
  /** `NAME`, for nodes that name none, or `NODE=NAME`. */
  readonly executor?: readonly string[];
  /** `N`, for all map nodes whose calls travel together, or `NODE=N`. */
  readonly chunk?: readonly string[];
}

/** Returns how a node is run: what it says itself goes before what its executor says. */
export function placementOf({ executors = {} }: Workflow, def: NodeDef): Placement {
  const name = executorOf(def);
  const { kind = "worker", concurrency = 1, chunk } = executors[name] ?? {};
  const own = def.chunk ?? chunk;
  return {
    name,
    kind,
    concurrency: def.concurrency ?? concurrency,
    ...(own === undefined ? {} : { chunk: own }),
  };
}

/**
 * Returns how many actions of an executor may run at once, by name. One that limits nothing but gives each action a process
 * of its own is among them without a bound: its actions are never sent ahead.
 */
export function executorSlots({ executors = {} }: Workflow): Readonly<Record<string, number>> {
  const limited = Object.entries(executors).flatMap(([name, { kind, slots }]) =>
    slots === undefined && kind === "worker" ? [] : [[name, slots ?? Infinity] as const]
  );
  return Object.fromEntries(limited);
}

/** What is told of where a node runs: nothing of those that run where all do. */
export function executorNote(
  { executor = DEFAULT_EXECUTOR }: NodeDef,
): { readonly executor?: string } {
  return executor === DEFAULT_EXECUTOR ? {} : { executor };
}

/** Why the calls of a node run one by one, whatever it is asked for; `undefined` if they may travel together. */
export function aloneBecause(
  { work, map, outputs, timeoutMs, resources }: NodeDef,
): string | undefined {
  if (map === undefined) return "it has no map, so there is one call";
  if (work.kind === "run") return "every call of a command is a process of its own";
  const file = outputs.find(({ kind }) => kind !== "value");
  if (file !== undefined) return `every call makes a ${file.kind} "${file.name}", and runs alone`;
  if (resources.by !== undefined) {
    return `with "resources.call" every call runs alone, as it takes what is said of it`;
  }
  if (timeoutMs === undefined && resources.memoryBytes === undefined) return undefined;
  const limit = timeoutMs === undefined ? "resources.memory" : "timeout";
  return `with "${limit}" every call runs alone, so that the limit is its own`;
}

/**
 * Lays over a workflow what the command line says, also over nodes that nodes will return.
 *
 * @throws {UsageError} If a text names no node or executor, or a chunk that cannot be.
 */
export function placeNodes(workflow: Workflow, request: PlacementRequest): Workflow {
  const { executor = [], chunk = [] } = request;
  if (executor.length === 0 && chunk.length === 0) return workflow;
  const executors = readTexts(workflow, "executor", executor);
  const chunks = readTexts(workflow, "chunk", chunk);
  for (const name of [executors.all, ...executors.byNode.values()]) checkExecutor(workflow, name);
  const sizes = {
    all: sizeOf(chunks.all),
    byNode: new Map([...chunks.byNode].map(([node, text]) => [node, sizeOf(text)])),
  };
  for (const def of workflow.nodes) checkChunk(def, sizes.byNode.get(def.name));
  const nests = nestsByMember(workflow);
  const place = (def: NodeDef): NodeDef => {
    // What a node nests runs where it does.
    const named = nests.get(def.name) ?? def.name;
    const name = executors.byNode.get(named) ?? def.executor ?? executors.all;
    const size = sizes.byNode.get(def.name) ??
      (aloneBecause(def) === undefined ? sizes.all : undefined);
    return {
      ...def,
      ...(name === undefined ? {} : { executor: name }),
      ...(size === undefined ? {} : { chunk: size }),
    };
  };
  return {
    ...workflow,
    nodes: workflow.nodes.map(place),
    define: (data) => {
      const { nodes, problems } = workflow.define(data);
      return { nodes: nodes.map(place), problems };
    },
  };
}

/** Names of the nodes that nest others, by those they nest. */
function nestsByMember({ nodes }: Workflow): ReadonlyMap<string, string> {
  return new Map(
    nodes.flatMap(({ name, nest }) => (nest?.nodes ?? []).map((member) => [member, name] as const)),
  );
}

/** Texts of one flag: the one without a node, and the others by node. */
interface Texts {
  readonly all: string | undefined;
  readonly byNode: ReadonlyMap<string, string>;
}

function readTexts(workflow: Workflow, flag: string, texts: readonly string[]): Texts {
  const nests = nestsByMember(workflow);
  const names = workflow.nodes.map(({ name }) => name).filter((name) => !nests.has(name));
  const byNode = new Map<string, string>();
  let all: string | undefined;
  for (const text of texts) {
    const equals = text.indexOf("=");
    const node = equals < 0 ? undefined : text.slice(0, equals);
    if (node !== undefined && !names.includes(node)) {
      throw noSuchNode({ node, flag, text }, names, nests);
    }
    if (node === undefined ? all !== undefined : byNode.has(node)) {
      const what = node === undefined ? "all nodes" : `node "${node}"`;
      throw new UsageError(`Cannot use "--${flag}" twice for ${what}`, { hint: "leave out one" });
    }
    if (node === undefined) all = text;
    else byNode.set(node, text.slice(equals + 1));
  }
  return { all, byNode };
}

function noSuchNode(
  { node, flag, text }: Readonly<Record<"node" | "flag" | "text", string>>,
  names: readonly string[],
  nests: ReadonlyMap<string, string>,
): UsageError {
  const nest = nests.get(node);
  const why = nest === undefined ? `there is no node "${node}"` : `node "${nest}" nests "${node}"`;
  return new UsageError(`Cannot use "--${flag} ${text}": ${why}`, {
    hint: nest === undefined
      ? didYouMean(node, names) ?? "name a node of the file"
      : `write --${flag} ${nest}=${text.slice(node.length + 1)}`,
  });
}

function checkExecutor({ executors = {} }: Workflow, name: string | undefined): void {
  const known = [...new Set([DEFAULT_EXECUTOR, ...Object.keys(executors)])];
  if (name === undefined || known.includes(name)) return;
  throw new UsageError(`Cannot find executor "${name}": "executors" does not declare it`, {
    facts: { executors: known.join(", ") },
    hint: didYouMean(name, known) ?? `add "executors: { ${name || "NAME"}: { … } }" to the file`,
  });
}

function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = Number(text);
  if (/^[0-9]+$/.test(text) && size >= 1 && size <= MAX_CHUNK) return size;
  throw new UsageError(
    `Cannot use "--chunk ${text}": it is no whole number from 1 to ${MAX_CHUNK}`,
    {
      hint: "write --chunk N, or --chunk NODE=N",
    },
  );
}

function checkChunk(def: NodeDef, size: number | undefined): void {
  const why = size === undefined ? undefined : aloneBecause(def);
  if (why === undefined) return;
  throw new UsageError(`Cannot use "--chunk ${def.name}=${size}": ${why}`, {
    hint: "leave it out",
  });
}
