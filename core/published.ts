/**
 * Where what nodes deliver lies in the workspace: the path of an output, or those of the files of an array. Does not know
 * whether they are there.
 *
 * @module
 */

import type { OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { InternalError } from "./base/error.ts";
import { pathIn } from "./base/path.ts";
import { indexOf } from "./base/space.ts";
import { type FileArray, readFileArray } from "./file_array.ts";
import type { Graph, NodeId } from "./graph.ts";
import { type MapPath, parseMapPath, renderMapPath } from "./map_path.ts";
import type { Blobs } from "./store/blobs.ts";
import type { NodeDef } from "./workflow.ts";

/** A call of a map node by its position. */
export interface CallPlace {
  readonly axes: readonly string[];
  /** Along each axis. */
  readonly index: readonly number[];
}

/** A file or directory of the workspace that a node published. */
export interface PublishedFile {
  /** Absolute. */
  readonly path: string;
  readonly kind: "file" | "dir";
  readonly digest: Digest;
  readonly executable: boolean;
}

/** The published files of one workflow. */
export class Published {
  readonly #graph: Graph;
  readonly #blobs: Blobs;
  /** By node, made when first asked for. */
  readonly #paths: (readonly (string | MapPath | undefined)[] | undefined)[];
  /** By rank and digest. */
  readonly #arrays = new Map<string, FileArray>();

  /** @param blobs Hold the lists of arrays. */
  constructor(graph: Graph, blobs: Blobs) {
    this.#graph = graph;
    this.#blobs = blobs;
    this.#paths = new Array(graph.size).fill(undefined);
  }

  /**
   * Absolute path under which a file or directory output is published, or `undefined` for a value.
   *
   * @param call Of a map node: which of its calls is meant. Without it there is no path.
   */
  pathOf(id: NodeId, output: number, call?: CallPlace): string | undefined {
    const { workflow, defs } = this.#graph;
    // Kept, as many parts of a run hold on to it.
    const paths = this.#paths[id] ??= defs[id].outputs.map(({ path }) =>
      path === undefined ? undefined : placeOf(workflow.dir, path, defs[id])
    );
    const place = paths[output];
    if (typeof place !== "object") return place;
    if (call === undefined) return undefined;
    return pathIn(workflow.dir, renderMapPath(place, call.axes, call.index));
  }

  /** Files and directories that a node published for an output, with where they are; none for a value. */
  filesOf(id: NodeId, output: number, result: OutputResult): readonly PublishedFile[] {
    if (result.kind === "value") return [];
    if (result.kind !== "files") {
      const { kind, digest, executable = false } = result;
      const path = this.pathOf(id, output);
      return path === undefined ? [] : [{ path, kind, digest, executable }];
    }
    const { shape, files } = this.arrayOf(id, result);
    const axes = this.#graph.defs[id].map?.axes ?? [];
    return files.flatMap((file, at) => {
      if (file === null || file.kind === "error") return [];
      const { kind, digest, executable = false } = file;
      const path = this.pathOf(id, output, { axes, index: indexOf(at, shape) });
      return path === undefined ? [] : [{ path, kind, digest, executable }];
    });
  }

  /**
   * Reads an output that is an array of files.
   *
   * @throws {StoreError} If its list is missing or damaged.
   */
  arrayOf(id: NodeId, { digest }: OutputResult): FileArray {
    const rank = this.#graph.defs[id].map?.axes.length ?? 0;
    const key = `${rank} ${digest}`;
    const known = this.#arrays.get(key);
    if (known !== undefined) return known;
    const array = readFileArray(this.#blobs.read(digest), rank);
    this.#arrays.set(key, array);
    return array;
  }
}

/** The path of an output, or what gives that of each call. */
function placeOf(dir: string, path: string, { map }: NodeDef): string | MapPath {
  if (map === undefined) return pathIn(dir, path);
  const parsed = parseMapPath(path, map.mapped);
  if (!parsed.ok) throw new InternalError(parsed.message);
  return parsed.path;
}
