/**
 * The calls of a map node, and what runs so far have delivered for them. Does not know schedules, nor who runs calls.
 *
 * @module
 */

import { actionKey, canonicalJson } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import type { Graph, NodeId } from "./graph.ts";
import { type LiveArrays, MapCalls } from "./map_calls.ts";
import type { ShapeProblem } from "./mapplan.ts";
import { type MapSpec, withoutLengths } from "./mapspec.ts";
import type { Prepared } from "./rebuild.ts";
import { hasElement } from "./store/element_files.ts";
import {
  areThere,
  type ElementBlob,
  type ElementLog,
  type ElementOutputs,
  type KnownCalls,
} from "./store/elements.ts";
import type { Store } from "./store/store.ts";

/** A map node that is ready to be called. */
export interface MapNode {
  readonly graph: Graph;
  readonly store: Store;
  readonly id: NodeId;
  readonly prepared: Prepared;
}

/**
 * Plans the calls of a map node.
 *
 * @param bytes `read` returns the stored bytes of a value; `put` stores an element that is too large to travel as text and
 *   returns its digest.
 * @param live Arrays that are still being made, by name of the map-spec.
 * @returns The calls, or why the shapes do not fit.
 */
export function planCalls(
  { graph, store, id, prepared }: MapNode,
  { read, put }: { read(digest: Digest): Uint8Array; put(bytes: Uint8Array): Digest },
  live: LiveArrays = {},
): MapCalls | ShapeProblem {
  return MapCalls.of(graph.defs[id].map as MapSpec, graph.maps[id] ?? {}, prepared.inputs, {
    read: (digest) => read(digest as Digest),
    store: (name, bytes) => ({ name, kind: "value", digest: put(bytes) }),
    file: (name, path) => ({
      name,
      kind: "file",
      path,
      digest: store.files.digestOf(path).digest,
    }),
  }, live);
}

/** Results of single calls that have everything but their elements in common. */
export class StoredCalls {
  readonly log: ElementLog;
  /** What names their file in the store. */
  readonly base: Digest;
  readonly #known: KnownCalls | undefined;
  readonly #store: Store;

  /** @param since Calls that were kept before do not count, in milliseconds since the epoch; absent: none does. */
  constructor(node: MapNode, since: number | undefined) {
    const { store } = node;
    this.base = baseOf(node);
    this.log = store.elements.log(this.base);
    this.#known = since === undefined ? undefined : this.log.read(since);
    this.#store = store;
  }

  /** Returns what was delivered under the key of a call, if all its bytes are there; absent if nothing was. */
  get finder(): ((key: string) => ElementOutputs | undefined) | undefined {
    const known = this.#known;
    if (known === undefined || known.size === 0) return undefined;
    return (key) => {
      const found = known.get(key);
      const isThere = (output: ElementBlob) => hasElement(this.#store.blobs, output);
      return found !== undefined && areThere(found, isThere) ? found : undefined;
    };
  }
}

/** Digest of everything that the calls of a node share: what they are mapped over is not in it. */
export function baseOf({ graph, id, prepared: { materialText, inputs } }: MapNode): Digest {
  const mapped = Object.values(graph.maps[id] ?? {});
  const material = JSON.parse(materialText) as { inputs: Record<string, unknown>; map: string };
  material.map = withoutLengths(material.map);
  for (const at of mapped) delete material.inputs[inputs[at].name];
  return actionKey(`elements ${canonicalJson(material)}`);
}
