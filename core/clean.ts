/**
 * Published files that no node of the workflow publishes any more: finds them and removes them, if they are still what
 * flow published. Does not know how a run goes, nor who asks.
 *
 * What is removed can be had again from the store as long as its result is there. Nothing is removed that was edited, that
 * is reached through a link, or that the workflow reads.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { FlowError } from "./base/error.ts";
import type { Bound } from "./bind.ts";
import { unplaced } from "./combination.ts";
import { rootOf } from "./expand.ts";
import type { Graph, NodeId } from "./graph.ts";
import { parseMapPath, positionIn } from "./map_path.ts";
import { directoriesAbove as parentsOf, MapPaths } from "./map_paths.ts";
import type { MapSpec } from "./mapspec.ts";
import { expandGlob } from "./sources.ts";
import { guarded, lstatIfExists } from "./store/io.ts";
import type { Publication } from "./store/publications.ts";
import { sidecarOf } from "./store/sidecar.ts";
import type { Store } from "./store/store.ts";
import { walkTree } from "./store/tree.ts";

/** What cleaning looks at. */
export interface CleanContext {
  readonly graph: Graph;
  readonly bound: ReadonlyMap<string, Bound>;
  readonly store: Store;
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  /** Files the definition and the functions are made from, absolute. */
  readonly code: readonly string[];
  /** Shapes that an array of files has or had last; none if that is not known. */
  shapesOf(id: NodeId, output: number): readonly (readonly number[])[];
  /** Whether the nodes that an `expand` node returns are in the graph. */
  isExpanded(id: NodeId): boolean;
}

/** What is cleaned. */
export interface CleanRequest {
  /** Removes nothing. */
  readonly dryRun?: boolean;
  /** Also what nodes of the workflow publish. */
  readonly all?: boolean;
}

/** What came of it; paths are relative to the workflow. */
export interface CleanReport {
  readonly removed: readonly string[];
  readonly kept: readonly { readonly path: string; readonly why: string }[];
}

/** What is to become of a path; of what is gone or belongs to others only the note goes. */
type Fate =
  | { readonly kind: "remove" | "forget" }
  | { readonly kind: "keep"; readonly why: string };

/**
 * Counts the published files that no node publishes any more and that `clean` would remove.
 *
 * @throws {StoreError} If the store cannot be read.
 */
export function countOrphans(context: CleanContext): number {
  const current = new Set(
    context.graph.defs.flatMap(({ outputs }) => outputs.map(({ path }) => path && unplaced(path))),
  );
  const { store: { publications }, workflow } = context;
  const isAll = publications.of(workflow).every(({ kind, path }) =>
    kind === "made" || current.has(unplaced(path))
  );
  if (isAll) return 0;
  const ownerOf = ownersOf(context);
  const orphans = published(context).filter((one) => ownerOf(one) === undefined);
  if (orphans.length === 0) return 0;
  const judge = judgeOf(context);
  return orphans.filter((one) => judge(one).kind === "remove").length;
}

/**
 * Removes published files that no node publishes any more, and directories that were made for them and are empty now.
 *
 * @throws {FlowError} If a run of the workflow is going on.
 * @throws {StoreError} If something cannot be removed.
 */
export function clean(context: CleanContext, { dryRun, all }: CleanRequest): CleanReport {
  const { store, workflow, graph } = context;
  if (dryRun !== true) refuseWhileRunning(context);
  const ownerOf = all === true ? () => undefined : ownersOf(context);
  const judge = judgeOf(context);
  const fates = published(context).flatMap((one) => {
    const owner = ownerOf(one);
    if (owner === "node") return [];
    const fate: Fate = owner === undefined ? judge(one) : { kind: "keep", why: owner.why };
    return [{ path: one.path, fate }];
  });
  const pathsOf = (kind: Fate["kind"]) =>
    fates.filter(({ fate }) => fate.kind === kind).map(({ path }) => path);
  const removed = pathsOf("remove");
  if (dryRun !== true) {
    for (const path of removed) remove(resolve(graph.workflow.dir, path));
    store.publications.drop(workflow, [
      ...removed,
      ...pathsOf("forget"),
      ...removeEmpty(context),
    ]);
    store.publications.join();
  }
  const kept = fates.flatMap(({ path, fate }) =>
    fate.kind === "keep" ? [{ path, why: fate.why }] : []
  );
  return { removed, kept };
}

/** Files and directories of outputs, by path. */
function published({ store, workflow }: CleanContext): Publication[] {
  return store.publications.of(workflow).filter(({ kind }) => kind !== "made")
    .sort((a, b) => a.path < b.path ? -1 : 1);
}

function refuseWhileRunning({ store, workflow }: CleanContext): void {
  for (const { outcome } of store.runs.list(workflow)) {
    if (outcome !== "running") continue;
    throw new FlowError(`Cannot clean "${workflow}": a run of it is going on`, {
      code: "locked",
      exitCode: 75,
      hint: "wait for its end, or stop it",
    });
  }
}

/** Who has a path: a node, or one that may come back, in words; `undefined` if it belongs to no node. */
type Owner = "node" | { readonly why: string } | undefined;

/** Returns what tells who has a path. O(outputs), and then O(depth) for each path. */
function ownersOf({ graph, isExpanded, shapesOf }: CleanContext): (one: Publication) => Owner {
  const current = new Set<string>();
  const holders = new Map<string, string>();
  const series: [path: string, isOf: (path: string, isPlaced: boolean) => boolean][] = [];
  for (const [id, { name, outputs, map }] of graph.defs.entries()) {
    for (const [position, { path: placed }] of outputs.entries()) {
      if (placed === undefined) continue;
      // Whatever combination it is of, it belongs to the node.
      const path = unplaced(placed);
      if (map === undefined) current.add(path);
      else series.push([path, callsOf(path, map, () => shapesOf(id as NodeId, position))]);
      for (const dir of parentsOf(path)) holders.set(dir, `it holds "${path}" of node "${name}"`);
    }
  }
  const calls = new MapPaths(series);
  const open = new Set(graph.defs.flatMap(({ expand }, i) => {
    const id = i as NodeId;
    return expand === undefined || isExpanded(id) ? [] : [graph.defs[rootOf(graph, id)].name];
  }));
  return ({ path: placed, from }) => {
    const path = unplaced(placed);
    const isOfCall = (above: string) =>
      calls.at(above).some(({ owner: isOf }) => isOf(above, path !== placed));
    if ([path, ...parentsOf(path)].some((above) => current.has(above) || isOfCall(above))) {
      return "node";
    }
    const held = holders.get(path);
    if (held !== undefined) return { why: held };
    const isOpen = from !== undefined && open.has(from);
    return isOpen ? { why: `node "${from}" may return its node again: run it first` } : undefined;
  };
}

/** Returns what tells whether a path is that of a call there is now. */
function callsOf(
  text: string,
  { mapped, axes }: MapSpec,
  shapes: () => readonly (readonly number[])[],
): (path: string, isPlaced: boolean) => boolean {
  const parsed = parseMapPath(text, mapped);
  let known: readonly (readonly number[])[] | undefined;
  return (path, isPlaced) => {
    const position = parsed.ok ? positionIn(parsed.path, path) : undefined;
    if (position === undefined) return false;
    // How many calls there are in other combinations nobody knows.
    if (isPlaced) return true;
    known ??= shapes();
    return known.length === 0 ||
      known.some((shape) => axes.every((axis, at) => (position.get(axis) ?? 0) < shape[at]));
  };
}

/** Returns what tells the fate of a path that no node has. */
function judgeOf(context: CleanContext): (one: Publication) => Fate {
  const { graph: { workflow: { dir } } } = context;
  const reads = readPaths(context);
  const others = otherOwners(context);
  const judge = (one: Publication): Fate => {
    const path = resolve(dir, one.path);
    const state = stateOf(dir, one, context);
    if (state !== undefined) return state;
    const real = Deno.realPathSync(path);
    if (reads.some((read) => read === real || isBelow(real, read) || isBelow(read, real))) {
      return { kind: "keep", why: "the workflow reads it" };
    }
    return { kind: others.has(path) ? "forget" : "remove" };
  };
  return (one) => {
    try {
      return judge(one);
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      return { kind: "keep", why: "it cannot be read" };
    }
  };
}

function isBelow(path: string, dir: string): boolean {
  return path.startsWith(`${dir}/`);
}

/** Why a path cannot be removed as it is now; `undefined` if it is still what was published. */
function stateOf(dir: string, one: Publication, { store }: CleanContext): Fate | undefined {
  for (const parent of parentsOf(one.path).reverse()) {
    const info = lstatIfExists(resolve(dir, parent));
    if (info?.isSymlink) return { kind: "keep", why: `"${parent}" is a link now` };
    if (info?.isDirectory !== true) return { kind: "forget" };
  }
  const path = resolve(dir, one.path);
  const info = lstatIfExists(path);
  if (info === undefined) return { kind: "forget" };
  if (info.isSymlink) return { kind: "keep", why: "it is a link now" };
  if (info.isDirectory !== (one.kind === "dir")) {
    return { kind: "keep", why: `it is a ${info.isDirectory ? "directory" : "file"} now` };
  }
  return isAsPublished(path, one, store) ? undefined : { kind: "keep", why: "it was edited" };
}

function isAsPublished(path: string, { kind, digest }: Publication, { files }: Store): boolean {
  if (digest === undefined) return false;
  return kind === "dir" ? files.expectTree(path, digest) : files.expect(path, digest);
}

/** Real paths of everything the workflow reads: files, directories, modules. */
function readPaths({ graph, bound, code }: CleanContext): string[] {
  const { workflow: { dir } } = graph;
  const paths = new Set<string>(code);
  for (const [id, def] of graph.defs.entries()) {
    for (const path of def.scope.read) paths.add(resolve(dir, path));
    if (def.work.kind === "call") paths.add(def.work.path);
    for (const { source } of [...graph.wires[id], ...graph.tracks[id]]) {
      if (source.kind === "file" || source.kind === "dir") paths.add(resolve(dir, source.path));
      if (source.kind === "file" && source.sidecar) paths.add(resolve(dir, sidecarOf(source.path)));
      if (source.kind === "glob") {
        for (const path of expandGlob(dir, source.pattern)) paths.add(path);
      }
    }
  }
  for (const input of bound.values()) {
    if (input.kind !== "value") paths.add(input.path).add(sidecarOf(input.path));
  }
  return [...paths].flatMap((path) =>
    lstatIfExists(path) === undefined ? [] : [Deno.realPathSync(path)]
  );
}

/** Absolute paths that other workflows of the store have published, whose files are still there. */
function otherOwners({ store, workflow }: CleanContext): Set<string> {
  const base = dirname(store.dir);
  const paths = new Set<string>();
  for (const other of store.publications.workflows()) {
    const file = resolve(base, other);
    if (other === workflow || lstatIfExists(file) === undefined) continue;
    for (const { path } of store.publications.of(other)) paths.add(resolve(dirname(file), path));
  }
  return paths;
}

/** Removes a file, or the files of a directory that were there when it was looked at: what joins it meanwhile stays. */
function remove(path: string): void {
  guarded("remove", path, () => {
    if (lstatIfExists(path)?.isDirectory !== true) return Deno.removeSync(path);
    const dirs = new Set([path]);
    for (const entry of walkTree(path)) {
      const inside = `${path}/${entry.path}`.replace(/\/$/, "");
      for (let dir = dirname(inside); dir !== path; dir = dirname(dir)) dirs.add(dir);
      if (entry.isFile) Deno.removeSync(inside);
      else dirs.add(inside);
    }
    for (const dir of [...dirs].sort().reverse()) removeIfEmpty(dir);
  });
}

/** Removes directories that were made for outputs and are empty; returns them and those that are gone. */
function removeEmpty({ store, workflow, graph }: CleanContext): string[] {
  const made = store.publications.of(workflow).filter(({ kind }) => kind === "made");
  return made.map(({ path }) => path).sort().reverse().filter((path) => {
    const absolute = (below: string) => resolve(graph.workflow.dir, below);
    const infos = [path, ...parentsOf(path)].map((above) => lstatIfExists(absolute(above)));
    if (infos.some((info) => info?.isSymlink)) return false;
    if (infos.some((info) => info?.isDirectory !== true)) return true;
    return guarded("remove", path, () => removeIfEmpty(absolute(path)));
  });
}

function removeIfEmpty(dir: string): boolean {
  for (const _ of Deno.readDirSync(dir)) return false;
  Deno.removeSync(dir);
  return true;
}
