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
import type { PublishedFile } from "./published.ts";
import type { Blobs } from "./store/blobs.ts";
import type { ElementOutputs } from "./store/elements.ts";
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
      // Those of a map were published call by call.
      const files = output.kind === "files" ? [] : rebuild.published(id, position, output);
      if (files.length === 0) this.#verified.add(output.digest);
      for (const file of files) this.#publish(id, file, temp ? temps.blobs : blobs);
    });
  }

  /**
   * Makes sure that the files of one call of a map node are published.
   *
   * @param index Position of the call.
   * @param outputs What the call delivered, as it was declared.
   * @throws {StoreError} If bytes are missing or damaged, or cannot be written.
   */
  publishCall(id: NodeId, index: readonly number[], outputs: ElementOutputs): void {
    const { graph, rebuild, store: { blobs } } = this.#c;
    const call = { axes: graph.defs[id].map?.mapped ?? [], index };
    for (let position = 0; position < outputs.length; position++) {
      const output = outputs.at(position);
      if (typeof output !== "object" || output.file === undefined) continue;
      const path = rebuild.publishedPath(id, position, call);
      if (path === undefined) continue;
      const kind = output.file === "dir" ? "dir" : "file";
      const executable = output.file === "program";
      const file = { path, kind, digest: output.digest, executable } as const;
      if (this.#isPublished(file)) this.#note(id, file);
      else this.#publish(id, file, blobs);
    }
  }

  /**
   * Makes sure that the outputs of a hit can be used: published files are as recorded, or are published again.
   * Temporary ones come back only when somebody needs their bytes.
   *
   * @returns Paths that had to be published again, relative to the workflow.
   * @throws {StoreError} If bytes are missing or damaged.
   */
  restore(id: NodeId, outputs: readonly OutputResult[]): string[] {
    const { rebuild, store, graph } = this.#c;
    const { blobs } = store;
    const restored: string[] = [];
    outputs.forEach((output, position) => {
      const declared = graph.defs[id].outputs[position];
      if (declared.temp) return;
      const isValue = output.kind === "value";
      if (isValue && output.text === undefined && !blobs.has(output.digest)) {
        throw new StoreError(`Cannot find the stored bytes of output "${output.name}"`);
      }
      const files = rebuild.published(id, position, output);
      store.files.preload(files.map(({ path }) => path));
      for (const file of files) {
        if (this.#isPublished(file)) this.#note(id, file);
        else {
          this.#publish(id, file, blobs);
          restored.push(file.path.slice(graph.workflow.dir.length + 1));
        }
      }
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

  #isPublished({ path, kind, digest }: PublishedFile): boolean {
    const { files } = this.#c.store;
    return kind === "dir" ? files.expectTree(path, digest) : files.expect(path, digest);
  }

  #publish(id: NodeId, file: PublishedFile, blobs: Blobs): void {
    const { path, kind, digest, executable } = file;
    this.#note(id, file);
    if (kind === "dir") {
      blobs.publishTree(digest, path);
      return;
    }
    blobs.publish(digest, path, { executable });
    this.#c.store.files.published(path, digest);
  }

  /** Notes what is published, with the directories that have to be made for it. */
  #note(id: NodeId, { path, kind, digest }: PublishedFile): void {
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
    publications.note([...notes, {
      workflow,
      path: path.slice(dir.length + 1),
      kind,
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
    const [file] = rebuild.published(id, position, output);
    if (file === undefined) {
      if (output.text === undefined) temps.whereIs(output, store.blobs);
      return false;
    }
    if (this.#isPublished(file)) return false;
    this.#publish(id, file, temps.whereIs(output, store.blobs));
    return true;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
