/**
 * Reads what nodes take: a wire becomes the input of an action, and what of the workspace it came from is remembered, so
 * that a change while the node runs is noticed. Does not know keys or executors.
 *
 * @module
 */

import { globSync } from "node:fs";
import { resolve } from "node:path";
import { type ActionInput, INLINE_BYTES, type OutputResult } from "./action.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import { FlowError, InternalError, messageOf } from "./base/error.ts";
import { pathIn } from "./base/path.ts";
import { indexOf } from "./base/space.ts";
import { digestOfEncoded, encodedBytes, encodeError, encodeValue } from "./base/value.ts";
import type { Bound } from "./bind.ts";
import {
  type Graph,
  type NodeId,
  outputOf,
  type Source,
  type Tracked,
  type Wire,
} from "./graph.ts";
import { Published } from "./published.ts";
import type { Blobs } from "./store/blobs.ts";
import { type FileDigests, type FileStat, fileStat, statOf } from "./store/files.ts";
import { lstatIfExists } from "./store/io.ts";
import { digestBySidecar, SidecarError, sidecarOf } from "./store/sidecar.ts";
import type { NodeDef } from "./workflow.ts";

/** A source cannot be read: the node that needs it fails before it starts. */
export class SourceError extends FlowError {
  constructor(message: string, hint?: string) {
    super(message, { code: "source", exitCode: 1, hint });
  }
}

/**
 * A path of the workspace as it was when its content went into a key; as it was written, so that a symlink that leads
 * elsewhere later shows.
 */
export type Watched =
  | {
    readonly kind: "file";
    readonly path: string;
    readonly digest: Digest;
    readonly stat: FileStat;
  }
  /** A file whose digest its sidecar says: it is not read, so its state stands for its content. */
  | { readonly kind: "sidecar"; readonly path: string; readonly stat: FileStat }
  | { readonly kind: "dir"; readonly path: string; readonly digest: Digest }
  | { readonly kind: "missing"; readonly path: string };

/** Tells whether a path is still as it was when its content went into a key. */
export function isAsWatched(watched: Watched, files: FileDigests): boolean {
  switch (watched.kind) {
    case "file":
      return files.isUnchanged(watched.path, watched.digest, watched.stat);
    case "sidecar":
      return files.isInState(watched.path, watched.stat);
    case "dir":
      return files.isTreeUnchanged(watched.path, watched.digest);
    case "missing":
      return lstatIfExists(watched.path) === undefined;
    default:
      return watched satisfies never;
  }
}

/** What reading needs from the rest. */
export interface SourceContext {
  readonly graph: Graph;
  readonly bound: ReadonlyMap<string, Bound>;
  readonly files: FileDigests;
  readonly blobs: Blobs;
  /** Outputs of a node that is done, in the order they were declared. */
  resultOf(id: NodeId): readonly OutputResult[];
  /** Value of an environment variable at the start of the run. */
  env(name: string): string | undefined;
}

/** Paths that are loaded together, to bound memory. */
const PRELOAD_PATHS = 4_096;

/** State of a file that is gone already: no file is ever like this. */
const NO_STAT: FileStat = { sizeBytes: -1, mtimeMs: 0, ctimeMs: 0, ino: 0, executable: false };

/** Reads sources; literals are encoded once. */
export class Sources {
  readonly published: Published;
  readonly #context: SourceContext;
  /** Encoded objects and arrays by identity; scalars are encoded again, which is cheaper than a look-up. */
  readonly #values = new Map<object, { digest: Digest; text?: string }>();
  /** Where directories lead, symlinks resolved. */
  readonly #realDirs = new Map<string, string>();

  constructor(context: SourceContext) {
    this.#context = context;
    this.published = new Published(context.graph, context.blobs);
  }

  /**
   * Looks at the disk anew, and loads what is known of the files that nodes read and publish with few queries. To be
   * called before many nodes are read.
   */
  preload(ids: Iterable<number>): void {
    const { graph, bound, files } = this.#context;
    this.#realDirs.clear();
    let paths: string[] = [];
    for (const id of ids) {
      for (const wires of [graph.wires[id], graph.tracks[id]]) {
        for (const { source } of wires) {
          const path = outsidePath(source, graph, bound);
          if (path !== undefined) paths.push(this.#realPath(path));
        }
      }
      graph.defs[id].outputs.forEach((_, position) => {
        const path = this.published.pathOf(id as NodeId, position);
        if (path !== undefined) paths.push(path);
      });
      if (paths.length < PRELOAD_PATHS) continue;
      files.preload(paths);
      paths = [];
    }
    files.preload(paths);
  }

  /**
   * Reads the source of a wire.
   *
   * @param wire The wire.
   * @param def Its node, for messages.
   * @param watched Gets what of the workspace was read.
   * @throws {SourceError} If it cannot be read.
   */
  read(wire: Wire, def: NodeDef, watched: Watched[]): ActionInput {
    const name = wire.argument;
    const { source } = wire;
    switch (source.kind) {
      case "param":
      case "value":
        return this.#value(name, source.value);
      case "env":
        return this.#value(name, this.#context.env(source.name) ?? null);
      case "input":
        return this.#boundInput(name, source.input.name, def, watched);
      case "output":
        return this.#upstreamInput(name, source, watched);
      case "promise":
        throw new InternalError(`Input "${name}" of node "${def.name}" is still a promise`);
      case "file":
      case "dir": {
        const path = pathIn(this.#context.graph.workflow.dir, source.path);
        return this.#pathInput(name, { ...source, path }, source.path, watched);
      }
      case "glob":
        return this.#globInput(name, source.pattern, watched);
      default:
        return source satisfies never;
    }
  }

  #value(name: string, value: unknown): ActionInput {
    if (value === null || typeof value !== "object") {
      return { name, kind: "value", ...this.#encode(value) };
    }
    let known = this.#values.get(value);
    if (known === undefined) {
      known = this.#encode(value);
      this.#values.set(value, known);
    }
    return { name, kind: "value", ...known };
  }

  #encode(value: unknown): { digest: Digest; text?: string } {
    const encoded = encodeValue(value);
    if (encoded.text !== undefined && encoded.text.length <= INLINE_BYTES) {
      return { digest: digestOfEncoded(encoded), text: encoded.text };
    }
    return { digest: this.#context.blobs.put(encodedBytes(encoded)) };
  }

  #boundInput(name: string, input: string, def: NodeDef, watched: Watched[]): ActionInput {
    const bound = this.#context.bound.get(input);
    if (bound === undefined) {
      throw new SourceError(
        `Missing input "${input}" for node "${def.name}"`,
        `give it with --input ${input}=…`,
      );
    }
    if (bound.kind === "value") return this.#value(name, bound.value);
    return this.#pathInput(name, bound, bound.path, watched);
  }

  #upstreamInput(
    name: string,
    source: Extract<Source, { kind: "output" }>,
    watched: Watched[],
  ): ActionInput {
    const result = this.#context.resultOf(source.node)[source.output];
    const known = result.identity === undefined ? {} : { identity: result.identity };
    if (result.kind === "value") {
      const { digest, text } = result;
      return { name, kind: "value", digest, ...(text === undefined ? {} : { text }), ...known };
    }
    if (result.kind === "files") {
      return { ...this.#fileArrayInput(name, source, watched), ...known };
    }
    const { kind, digest } = result;
    const published = this.published.pathOf(source.node, source.output);
    // What is published can be edited while the node reads it.
    if (published !== undefined) watched.push(watchedOutput(kind, published, digest));
    const path = published ?? this.#context.blobs.pathOf(digest);
    return { name, kind, digest, path, ...known };
  }

  /** The files that the calls of a map made, each where it is published; error values stay what they are. */
  #fileArrayInput(
    name: string,
    { node, output }: Extract<Source, { kind: "output" }>,
    watched: Watched[],
  ): ActionInput {
    const result = this.#context.resultOf(node)[output];
    const { shape, files } = this.published.arrayOf(node, result);
    const { map } = this.#context.graph.defs[node];
    const elements = files.map((file, at): ActionInput => {
      if (file === null || file.kind === "error") {
        const text = file === null ? "null" : encodeError(file.error);
        return { name, kind: "value", digest: digestOf(text), text };
      }
      const { kind, digest } = file;
      const call = { axes: map?.axes ?? [], index: indexOf(at, shape) };
      // Files have a path.
      const path = this.published.pathOf(node, output, call) as string;
      watched.push(watchedOutput(kind, path, digest));
      return { name, kind, digest, path };
    });
    return { name, kind: "array", shape, elements };
  }

  #pathInput(
    name: string,
    { kind, path, sidecar }: { kind: "file" | "dir"; path: string; sidecar?: boolean },
    shown: string,
    watched: Watched[],
  ): ActionInput {
    const { files } = this.#context;
    try {
      const { real, stat: seen, isDirectory } = this.#look(path);
      if (isDirectory !== (kind === "dir")) {
        throw new SourceError(
          `Cannot read ${kind} "${shown}": it is a ${isDirectory ? "directory" : "file"}`,
        );
      }
      if (kind === "dir") {
        const { digest } = files.digestOfTree(real);
        watched.push({ kind, path, digest });
        return { name, kind, path: real, digest };
      }
      if (sidecar === true) {
        const { digest, stat } = digestBySidecar(path, shown);
        watched.push({ kind: "sidecar", path, stat });
        watched.push({ kind: "file", path: sidecarOf(path), ...files.digestOf(sidecarOf(path)) });
        return { name, kind, path: real, digest };
      }
      const { digest, stat } = files.digestOf(real, seen);
      watched.push({ kind: "file", path, digest, stat });
      return { name, kind, path: real === path ? path : real, digest };
    } catch (error) {
      if (error instanceof SourceError || error instanceof SidecarError) throw error;
      const isMissing = error instanceof Deno.errors.NotFound;
      throw new SourceError(
        `Cannot read ${kind} "${shown}": ${isMissing ? "it does not exist" : messageOf(error)}`,
      );
    }
  }

  #globInput(name: string, pattern: string, watched: Watched[]): ActionInput {
    const { files, graph: { workflow } } = this.#context;
    const paths = expandGlob(workflow.dir, pattern);
    files.preload(paths);
    for (const path of paths) {
      const { digest, stat } = files.digestOf(path);
      watched.push({ kind: "file", path, digest, stat });
    }
    return { name, kind: "files", paths };
  }

  /**
   * Returns the digest of what a path of a scope holds, or `missing`.
   *
   * @param path As written, relative to the workflow.
   */
  contentOf(path: string, watched: Watched[]): string {
    const { files, graph: { workflow } } = this.#context;
    const absolute = resolve(workflow.dir, path);
    try {
      const { real, stat: seen, isDirectory } = this.#look(absolute);
      if (isDirectory) {
        const { digest } = files.digestOfTree(real);
        watched.push({ kind: "dir", path: absolute, digest });
        return digest;
      }
      const { digest, stat } = files.digestOf(real, seen);
      watched.push({ kind: "file", path: absolute, digest, stat });
      return digest;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        watched.push({ kind: "missing", path: absolute });
        return "missing";
      }
      throw new SourceError(`Cannot read "${path}": ${messageOf(error)}`);
    }
  }

  /** Looks at a path and where it leads: one call of the system unless the path itself is a symlink. */
  #look(path: string): { real: string; stat: FileStat; isDirectory: boolean } {
    const near = this.#realPath(path);
    const info = Deno.lstatSync(near);
    if (!info.isSymlink) return { real: near, stat: statOf(info), isDirectory: info.isDirectory };
    const real = Deno.realPathSync(near);
    const target = Deno.statSync(real);
    return { real, stat: statOf(target), isDirectory: target.isDirectory };
  }

  /** Resolves the symlinks of a path but for its last part; those of a directory once. */
  #realPath(path: string): string {
    const slash = path.lastIndexOf("/");
    const dir = path.slice(0, slash);
    let real = this.#realDirs.get(dir);
    if (real === undefined) {
      real = realOrSame(dir === "" ? "/" : dir);
      this.#realDirs.set(dir, real);
    }
    return real === dir ? path : pathIn(real, path.slice(slash + 1));
  }
}

/** Absolute path of a source outside the graph that is one path. */
function outsidePath(
  source: Tracked["source"],
  graph: Graph,
  bound: ReadonlyMap<string, Bound>,
): string | undefined {
  if (source.kind === "file") return pathIn(graph.workflow.dir, source.path);
  if (source.kind !== "input") return undefined;
  const input = bound.get(source.input.name);
  return input?.kind === "file" ? input.path : undefined;
}

/** Resolves the symlinks of a directory; one that does not exist stays as it is. */
function realOrSame(dir: string): string {
  try {
    return Deno.realPathSync(dir);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return dir;
    throw error;
  }
}

function watchedOutput(kind: "file" | "dir", path: string, digest: Digest): Watched {
  if (kind === "dir") return { kind, path, digest };
  try {
    return { kind, path, digest, stat: fileStat(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { kind, path, digest, stat: NO_STAT };
    throw error;
  }
}

/** A source in words, for `why` and `ls`. */
export function describeSource(source: Source, graph: Graph): string {
  switch (source.kind) {
    case "input":
      return `input ${source.input.name}`;
    case "output":
    case "promise": {
      const def = graph.defs[source.node];
      const { name } = outputOf(graph.defs, source);
      return name === def.name ? name : `${def.name}.${name}`;
    }
    case "param":
      return source.path;
    case "value":
      return "literal";
    case "file":
    case "dir":
      return `${source.kind} ${source.path}`;
    case "glob":
      return `glob ${source.pattern}`;
    case "env":
      return `env ${source.name}`;
    default:
      return source satisfies never;
  }
}

/** Files a pattern matches, absolute and sorted; never what lies inside `.pipecache`. */
export function expandGlob(dir: string, pattern: string): string[] {
  return globSync(pattern, { cwd: dir })
    .map((path) => resolve(dir, path))
    .filter((path) => !path.includes("/.pipecache/") && Deno.statSync(path).isFile)
    .sort();
}
