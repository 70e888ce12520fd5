/**
 * What a node takes from the machine, attempt by attempt: as it is written, or as a function says that is called with the inputs
 * of the node. Does not know slots, nor when anything runs.
 *
 * @module
 */

import type { Failure } from "./action.ts";
import { messageOf } from "./base/error.ts";
import { parseSize } from "./load/units.ts";
import type { Graph } from "./graph.ts";
import type { NodeId } from "./names.ts";
import { NODE_DEFAULTS, type NodeDef, type Resources } from "./workflow.ts";

/** A function that says what a node takes may think about it for a minute. */
const TIMEOUT_MS = 60_000;

/**
 * Returns a node as it takes part in one attempt.
 *
 * @param attempt 1 for the first.
 */
export function sizedFor(def: NodeDef, attempt: number): NodeDef {
  const { scales, memoryBytes, ...rest } = def.resources;
  if (scales !== true || memoryBytes === undefined || attempt === 1) return def;
  return { ...def, resources: { ...rest, memoryBytes: memoryBytes * attempt } };
}

/** Returns the node that says what another one takes: it takes the same inputs. */
export function sizingNode(def: NodeDef): NodeDef | undefined {
  const { by } = def.resources;
  if (by === undefined) return undefined;
  const { command: _command, timeoutMs: _timeoutMs, ...rest } = def;
  const { module, path, export: name } = by;
  return {
    ...rest,
    work: { kind: "call", module, path, export: name },
    outputs: [{ name: "resources", kind: "value", temp: false, allowEmpty: false }],
    resources: NODE_DEFAULTS.resources,
    timeoutMs: TIMEOUT_MS,
  };
}

/**
 * Reads what a function says that a node takes; what it leaves out is as it is written.
 *
 * @param value What it returned: `{ cpus: 2, memory: "4GiB", gpu: 1 }`.
 * @param capacities Of the pools of the workflow.
 * @throws {RangeError} If it is something else.
 */
export function readSize(
  value: unknown,
  written: Resources,
  capacities: Readonly<Record<string, number>>,
): Resources {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RangeError('expected an object such as { cpus: 2, memory: "4GiB" }');
  }
  const { cpus = written.cpus, memory, ...pools } = value as Record<string, unknown>;
  const units: Record<string, number> = { ...written.pools };
  for (const [pool, amount] of Object.entries(pools)) {
    const capacity = Object.hasOwn(capacities, pool) ? capacities[pool] : undefined;
    if (capacity === undefined) throw new RangeError(`"pools" does not declare "${pool}"`);
    units[pool] = wholeNumber(pool, amount);
    if (units[pool] > capacity) throw new RangeError(`pool "${pool}" holds only ${capacity}`);
  }
  const memoryBytes = memory === undefined ? written.memoryBytes : bytesOf(memory);
  return {
    cpus: wholeNumber("cpus", cpus),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    pools: units,
  };
}

function wholeNumber(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`"${name}" is no whole number of at least 1`);
}

function bytesOf(memory: unknown): number {
  if (typeof memory !== "string") return wholeNumber("memory", memory);
  const bytes = parseSize(memory);
  if (bytes === undefined || bytes < 1) throw new RangeError('"memory" is no size such as "2GiB"');
  return bytes;
}

/**
 * How a node or call fails whose function could not say what it takes. What was stopped has not failed of the function.
 *
 * @param asked From `sizingNode`.
 */
export function sizingFailure({ work }: NodeDef, failure: Failure): Failure {
  if (failure.reason === "aborted" || work.kind !== "call") return failure;
  const message = `"${work.module}#${work.export}" for its resources: ${failure.message}`;
  return { ...failure, message, isFinal: true };
}

/**
 * Returns a node, or a call of it, with what its function says that it takes.
 *
 * @param def As it takes part in the attempt.
 * @param value What the function returned.
 * @param capacities Of the pools.
 * @returns What is wrong with the value if it says nothing that can be.
 */
export function sizeOf(
  def: NodeDef,
  value: () => unknown,
  capacities: Readonly<Record<string, number>>,
): NodeDef | string {
  try {
    return { ...def, resources: readSize(value(), def.resources, capacities) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return messageOf(error);
  }
}

/** What the nodes of one run take at the attempt they are at. */
export class Sizes {
  readonly #graph: Pick<Graph, "defs">;
  readonly #capacities: Readonly<Record<string, number>>;
  /** By node: what its function said, and for which attempt. */
  readonly #said = new Map<NodeId, { readonly attempt: number; readonly def: NodeDef }>();

  /**
   * @param graph The nodes; there may be more of them later.
   * @param capacities Of the pools.
   */
  constructor(graph: Pick<Graph, "defs">, capacities: Readonly<Record<string, number>>) {
    this.#graph = graph;
    this.#capacities = capacities;
  }

  /** Returns the node that must say first what a node takes; `undefined` if that is known. */
  askFirst(id: NodeId, attempt: number): NodeDef | undefined {
    const def = this.#graph.defs[id];
    // Of a map node every call is asked about by itself.
    const isKnown = def.map !== undefined || this.#said.get(id)?.attempt === attempt;
    return isKnown ? undefined : sizingNode(def);
  }

  /** Returns a node with what it takes, or what must say it first. */
  of(id: NodeId, attempt: number): NodeDef {
    const def = this.#graph.defs[id];
    if (def.resources.by === undefined || def.map !== undefined) return sizedFor(def, attempt);
    return this.askFirst(id, attempt) ?? this.#said.get(id)?.def ?? def;
  }

  /**
   * Notes what the function of a node returned.
   *
   * @returns What is wrong with it.
   */
  learn(id: NodeId, attempt: number, value: () => unknown): string | undefined {
    const sized = sizeOf(sizedFor(this.#graph.defs[id], attempt), value, this.#capacities);
    if (typeof sized === "string") return sized;
    this.#said.set(id, { attempt, def: sized });
    return undefined;
  }
}
