/**
 * Bytes of results where they are needed: published in the workspace, restored there, verified, fetched for a node
 * that is going to run, removed when they were temporary. Does not know schedules, executors or why a node runs.
 *
 * @module
 */

import type { ActionInput, OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { StoreError } from "./base/error.ts";
import { rootOf } from "./expand.ts";
import type { Graph, NodeId } from "./graph.ts";
import type { Prepared, Rebuild } from "./rebuild.ts";
import type { Blobs } from "./store/blobs.ts";
import { lstatIfExists, removeIfExists } from "./store/io.ts";
import type { Publication } from "./store/publications.ts";
import type { Store } from "./store/store.ts";
import type { Temps } from "./temps.ts";

/** What delivering needs from the rest. */
export interface DeliveryContext {
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  readonly graph: Graph;
  readonly rebuild: Rebuild;
  readonly store: Store;
  readonly temps: Temps;
  /** Outputs by node, of those that are done. */
  readonly results: readonly (readonly OutputResult[] | undefined)[];
  /** Told when bytes turn out to be damaged or gone, so that a node runs again. */
  onLost(id: NodeId, message: string): void;
}

/** Delivers the bytes of one run. */
export class Delivery {
  readonly #c: DeliveryContext;
  /** Digests whose bytes were made or verified in this run. */
  readonly #verified = new Set<Digest>();
  /** Directories of the workspace that are there. */
  readonly #dirs = new Set<string>();

  constructor(context: DeliveryContext) {
    this.#c = context;
  }

  /**
   * Publishes what a node has just made.
   *
   * @throws {StoreError} If that cannot be written.
   */
  publishNew(id: NodeId, outputs: readonly OutputResult[]): void {
    const { graph, rebuild, store: { blobs }, temps } = this.#c;
    outputs.forEach((output, position) => {
      const { temp } = graph.defs[id].outputs[position];
      if (temp) temps.hold(output);
      const path = rebuild.publishedPath(id, position);
      if (path === undefined) this.#verified.add(output.digest);
      else this.#publish(id, path, output, temp ? temps.blobs : blobs);
    });
  }

  /**
   * Makes sure that the outputs of a hit can be used: published files are as recorded, or are published again.
   * Temporary ones come back only when somebody needs their bytes.
   *
   * @returns Paths that had to be published again, relative to the workflow.
   * @throws {StoreError} If bytes are missing or damaged.
   */
  restore(id: NodeId, outputs: readonly OutputResult[]): string[] {
    const { rebuild, store: { blobs }, graph } = this.#c;
    const restored: string[] = [];
    outputs.forEach((output, position) => {
      const declared = graph.defs[id].outputs[position];
      if (declared.temp) return;
      const path = rebuild.publishedPath(id, position);
      if (path === undefined) {
        if (output.text === undefined && !blobs.has(output.digest)) {
          throw new StoreError(`Cannot find the stored bytes of output "${output.name}"`);
        }
      } else if (!this.#isPublished(path, output)) {
        this.#publish(id, path, output, blobs);
        restored.push(declared.path ?? path);
      } else this.#note(id, path, output);
    });
    return restored;
  }

  /**
   * Makes the bytes of the upstreams of a node available: values are verified, temporary files published.
   *
   * @returns Upstreams whose bytes are damaged or gone, and whether a file was published.
   */
  gather(id: NodeId, prepared: Prepared): { lost: NodeId[]; hasPublished: boolean } {
    const { graph } = this.#c;
    const lost = new Set<NodeId>();
    let hasPublished = false;
    graph.wires[id].forEach(({ source }, position) => {
      if (source.kind !== "output") return;
      try {
        const { temp } = graph.defs[source.node].outputs[source.output];
        if (temp) hasPublished = this.#fetchTemp(source.node, source.output) || hasPublished;
        else this.#verifyValue(prepared.inputs[position]);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#c.onLost(source.node, error.message);
        lost.add(source.node);
      }
    });
    return { lost: [...lost], hasPublished };
  }

  /** Whether the bytes of all values a node takes are there and whole. Mends nothing. */
  areWhole({ inputs }: Prepared): boolean {
    try {
      for (const input of inputs) this.#verifyValue(input);
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return false;
    }
  }

  /** Removes the bytes of a node's temporary outputs. */
  drop(id: NodeId): void {
    const { graph, rebuild, results, temps } = this.#c;
    graph.defs[id].outputs.forEach(({ temp }, position) => {
      if (!temp) return;
      const output = results[id]?.[position];
      if (output !== undefined) temps.drop(output);
      const path = rebuild.publishedPath(id, position);
      if (path !== undefined) removeIfExists(path);
    });
  }

  #isPublished(path: string, output: OutputResult): boolean {
    const { files } = this.#c.store;
    return output.kind === "dir"
      ? files.expectTree(path, output.digest)
      : files.expect(path, output.digest);
  }

  #publish(id: NodeId, path: string, output: OutputResult, blobs: Blobs): void {
    this.#note(id, path, output);
    if (output.kind === "dir") {
      blobs.publishTree(output.digest, path);
      return;
    }
    blobs.publish(output.digest, path, { executable: output.executable === true });
    this.#c.store.files.published(path, output.digest);
  }

  /** Notes what is published, with the directories that have to be made for it. */
  #note(id: NodeId, path: string, { kind, digest }: OutputResult): void {
    const { graph, workflow, store: { publications } } = this.#c;
    const { workflow: { dir }, defs } = graph;
    const made: string[] = [];
    for (let above = parentOf(path); above.length > dir.length; above = parentOf(above)) {
      if (this.#dirs.has(above)) break;
      this.#dirs.add(above);
      if (lstatIfExists(above) !== undefined) break;
      made.push(above);
    }
    const root = rootOf(graph, id);
    const from = root === id ? {} : { from: defs[root].name };
    const notes: Publication[] = made.map((above) => ({
      workflow,
      path: above.slice(dir.length + 1),
      kind: "made",
    }));
    const published = kind === "dir" ? "dir" : "file";
    publications.note([...notes, {
      workflow,
      path: path.slice(dir.length + 1),
      kind: published,
      digest,
      ...from,
    }]);
  }

  /** Verifies the blob of a value once per run, unless this run made it. */
  #verifyValue(input: ActionInput): void {
    if (input.kind !== "value" || input.text !== undefined) return;
    if (this.#verified.has(input.digest)) return;
    this.#c.store.blobs.verify(input.digest);
    this.#verified.add(input.digest);
  }

  /**
   * Makes the bytes of a temporary output available. Those of an earlier run that are still published will do.
   *
   * @returns Whether a file was published.
   * @throws {StoreError} If the bytes are gone.
   */
  #fetchTemp(id: NodeId, position: number): boolean {
    const { rebuild, results, store, temps } = this.#c;
    // The node is done: its outputs are known.
    const output = (results[id] as readonly OutputResult[])[position];
    const path = rebuild.publishedPath(id, position);
    if (path === undefined) {
      if (output.text === undefined) temps.whereIs(output, store.blobs);
      return false;
    }
    if (this.#isPublished(path, output)) return false;
    this.#publish(id, path, output, temps.whereIs(output, store.blobs));
    return true;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
