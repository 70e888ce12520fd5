/**
 * Finds what a name on the command line shows: an output of the run that just ended, else the stored one. Runs nothing and
 * does not know how it is printed.
 *
 * @module
 */

import { relative } from "node:path";
import type { OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { StoreError, UsageError } from "./base/error.ts";
import { decodeValue } from "./base/value.ts";
import { asError } from "./error_value.ts";
import type { MadeFile } from "./file_array.ts";
import type { Foresight } from "./foresight.ts";
import type { Graph, NodeId } from "./graph.ts";
import { partialOutput } from "./partial_output.ts";
import type { Rebuild } from "./rebuild.ts";
import { isCached } from "./result.ts";
import type { Blobs } from "./store/blobs.ts";
import type { Store } from "./store/store.ts";
import type { OutputPlace, Targets } from "./targets.ts";
import type { Temps } from "./temps.ts";

/** A stored output. */
export type StoredOutput =
  | {
    readonly kind: "value";
    readonly value: unknown;
    /** Absent of a part. */
    readonly digest?: Digest;
    readonly isStale: boolean;
    /** Of a map node that is not over: how many of its calls have not delivered. */
    readonly partial?: { readonly missing: number; readonly total: number };
    /** The value is an array of files: paths are relative to this directory. */
    readonly filesBelow?: string;
  }
  | {
    readonly kind: "file" | "dir";
    readonly path: string;
    readonly digest: Digest;
    readonly isStale: boolean;
  };

/** Where outputs are looked for. */
export interface OutputContext {
  readonly graph: Graph;
  readonly store: Store;
  readonly temps: Temps;
  readonly targets: Targets;
  /** Outputs by node, as far as they are known. */
  readonly results: readonly (readonly OutputResult[] | undefined)[];
  readonly foresight: Foresight;
  readonly rebuild: Rebuild;
}

/**
 * Finds an output.
 *
 * @param context Where it is looked for.
 * @param name Output, node with one output, or `node.output`.
 * @param options `partial`: of a map node that is not over what its calls have delivered.
 * @throws {UsageError} If there is no such output or nothing is stored.
 */
export function readOutput(
  context: OutputContext,
  name: string,
  options: { readonly partial?: boolean } = {},
): StoredOutput {
  const { graph, targets, results, foresight, rebuild, store } = context;
  const { id, position } = targets.output(name);
  if (results[id] === undefined) foresight.foresee(targets.closure([id]), { withErrors: true });
  const current = results[id]?.[position];
  const isMap = graph.defs[id].map !== undefined;
  if (current === undefined && isMap && options.partial === true) {
    return partOf(context, { id, position }, name);
  }
  const result = current ?? foresight.latest(id)?.[position];
  const isStale = current === undefined;
  if (result === undefined) {
    throw new UsageError(`Output "${name}" is not stored`, {
      hint: isCached(graph.defs[id])
        ? `run it: flow run ${graph.defs[id].name}${isMap ? HINT_PARTIAL : ""}`
        : `its node is not cached: print it with flow run --output ${name}`,
    });
  }
  const { digest } = result;
  if (result.kind === "value") {
    const bytes = result.text ?? blobsOf(context, id, { name, result }).read(digest);
    return { kind: "value", value: decodeValue(bytes), digest, isStale };
  }
  if (result.kind === "files") {
    const text = store.blobs.read(digest);
    const value = pathsOf(context, { id, position }, decodeValue(text), isStale);
    return { kind: "value", value, digest, isStale, filesBelow: graph.workflow.dir };
  }
  const published = rebuild.publishedPath(id, position);
  const isThere = published !== undefined && !isStale &&
    (result.kind === "dir" || store.files.expect(published, digest));
  const path = isThere ? published : blobsOf(context, id, { name, result }).pathOf(digest);
  return { kind: result.kind, path, digest, isStale };
}

/**
 * The paths of an array of files: where they are published, else where their bytes are kept.
 *
 * @param value The array, as it is stored.
 */
function pathsOf(
  { graph: { defs, workflow: { dir } }, rebuild, store }: OutputContext,
  { id, position }: OutputPlace,
  value: unknown,
  isStale: boolean,
): unknown {
  const axes = defs[id].map?.axes ?? [];
  const pathOf = (item: unknown, index: readonly number[]): unknown => {
    if (index.length < axes.length) {
      return (item as readonly unknown[]).map((inner, at) => pathOf(inner, [...index, at]));
    }
    if (item === null || asError(item) !== undefined) return item;
    const { kind, digest } = item as MadeFile;
    const path = rebuild.publishedPath(id, position, { axes, index });
    const isThere = path !== undefined && !isStale &&
      (kind === "dir" || store.files.expect(path, digest));
    return isThere ? relative(dir, path) : store.blobs.pathOf(digest);
  };
  return pathOf(value, []);
}

const HINT_PARTIAL = "; --partial shows what its calls have delivered so far";

/** What the calls of a map node have delivered. */
function partOf(
  context: OutputContext,
  { id, position }: OutputPlace,
  name: string,
): StoredOutput {
  const { graph, targets, foresight, store } = context;
  const prepared = foresight.prepared(id, targets.closure([id]));
  if (prepared === undefined) {
    throw new UsageError(`Cannot show a part of "${name}": what it is made of is not up to date`, {
      hint: `see: flow why ${graph.defs[id].name}`,
    });
  }
  const { value: delivered, ...partial } = partialOutput({ graph, store, id, prepared }, position);
  const isFiles = graph.defs[id].outputs[position].kind !== "value";
  const value = isFiles ? pathsOf(context, { id, position }, delivered, false) : delivered;
  const below = isFiles ? { filesBelow: graph.workflow.dir } : {};
  return { kind: "value", value, isStale: false, partial, ...below };
}

/** Where the bytes of an output are kept. */
function blobsOf(
  { graph, store: { blobs }, temps }: OutputContext,
  id: NodeId,
  { name, result }: { readonly name: string; readonly result: OutputResult },
): Blobs {
  const { outputs } = graph.defs[id];
  if (!outputs.some((output) => output.temp && output.name === result.name)) return blobs;
  try {
    return temps.whereIs(result, blobs);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new UsageError(`Output "${name}" is temporary: its bytes are gone`, {
      hint: `make it again and print it: flow run --output ${name}`,
    });
  }
}
