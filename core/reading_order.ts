/**
 * Nodes that read, by its path, what another node publishes, although nothing says which of them runs first: they would get
 * what an earlier run left there. Does not know files, results or when anything runs.
 *
 * @module
 */

import { matchesGlob, relative, resolve } from "node:path";
import type { Diagnostic } from "./base/error.ts";
import type { Graph, NodeId, Source } from "./graph.ts";
import { MapPaths } from "./map_paths.ts";
import type { FunctionRef } from "./workflow.ts";

/** A published path and whose it is. */
interface Published {
  readonly path: string;
  readonly id: NodeId;
  readonly output: string;
}

/** Published paths of a graph, to be found by what somebody reads. */
interface Paths {
  /** By path. */
  readonly exact: ReadonlyMap<string, Published>;
  /** By each directory above. */
  readonly below: ReadonlyMap<string, readonly Published[]>;
  /** Those of map nodes. */
  readonly series: MapPaths<Published>;
}

/** Positions of calls that a glob is tried with. */
const SAMPLES = ["0", "10"];

/**
 * Returns an error for each source of a node that lies where a node publishes that need not be done by then. O(nodes + wires),
 * and O(outputs) for each glob.
 *
 * @param graph The graph, without errors.
 */
export function checkReadingOrder(graph: Graph): Diagnostic[] {
  return checkReadings(graph, (id, other) => !isBehind(graph, id, other), problemOf);
}

/**
 * Returns an error for each source of a node that lies where a node publishes whose files will lie elsewhere.
 *
 * @param graph The graph, without errors.
 * @param isMoved Tells whether the files of a node will lie elsewhere.
 */
export function checkReadingMoved(graph: Graph, isMoved: (id: NodeId) => boolean): Diagnostic[] {
  return checkReadings(graph, (_, other) => isMoved(other), (...parts) => {
    const [{ defs }, , { id: owner, output }] = parts;
    const publisher = defs[owner].name;
    const { message, ...rest } = problemOf(...parts);
    return {
      ...rest,
      code: "reading-moved",
      message: `${message}, in another directory for each combination`,
      hint: `take the output "${output}" of "${publisher}" instead`,
    };
  });
}

/** Problems of sources that lie where a node publishes for which something is wrong. */
function checkReadings(
  graph: Graph,
  isWrong: (id: NodeId, publisher: NodeId) => boolean,
  toProblem: typeof problemOf,
): Diagnostic[] {
  const paths = pathsOf(graph);
  if (paths.exact.size === 0) return [];
  return graph.defs.flatMap((_, i) => {
    const id = i as NodeId;
    const wires = graph.wires[id].map((wire) => ({ ...wire, at: ["inputs", wire.argument] }));
    const tracks = graph.tracks[id].map((wire) => ({ ...wire, at: ["track"] }));
    return [...wires, ...tracks].flatMap(({ source, at }) => {
      const clash = readBy(source, graph, paths).find((one) => isWrong(id, one.id));
      return clash === undefined ? [] : [toProblem(graph, id, clash, at)];
    });
  });
}

function pathsOf({ defs }: Graph): Paths {
  const exact = new Map<string, Published>();
  const below = new Map<string, Published[]>();
  for (const [i, { outputs }] of defs.entries()) {
    for (const { path, name: output } of outputs) {
      if (path === undefined) continue;
      const one: Published = { path, id: i as NodeId, output };
      exact.set(path, one);
      for (const dir of parentsOf(path)) {
        const found = below.get(dir);
        if (found === undefined) below.set(dir, [one]);
        else found.push(one);
      }
    }
  }
  const isSeries = ({ id }: Published) => defs[id].map !== undefined;
  return { exact, below, series: new MapPaths([...exact].filter(([, one]) => isSeries(one))) };
}

/** Published paths that a source reads: its own, one around it, those in it. */
function readBy(
  source: Source | FunctionRef,
  { workflow: { dir } }: Graph,
  { exact, below, series }: Paths,
): Published[] {
  if (source.kind === "glob") {
    const { pattern } = source;
    return [...exact.values()].filter(({ path }) =>
      SAMPLES.some((at) => matchesGlob(path.replace(/\{[^{}/]*\}/g, at), pattern))
    );
  }
  const written = writtenPath(source);
  if (written === undefined) return [];
  const path = relative(dir, resolve(dir, written));
  const around = [path, ...parentsOf(path)].flatMap((above) => {
    const own = exact.get(above);
    const ofCalls = series.at(above).map(({ owner }) => owner);
    return own === undefined ? ofCalls : [own, ...ofCalls];
  });
  return [...around, ...below.get(path) ?? [], ...series.below(path).map(({ owner }) => owner)];
}

function writtenPath(source: Source | FunctionRef): string | undefined {
  if (source.kind === "file" || source.kind === "dir") return source.path;
  const isPath = source.kind === "input" && source.input.kind !== "value";
  return isPath && typeof source.input.default === "string" ? source.input.default : undefined;
}

/** Directories above a relative path; the workflow's own is the empty path. */
function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, i) => parts.slice(0, i).join("/"));
}

/** Whether a node runs after another. O(nodes + edges), and only for a node that reads what another publishes. */
function isBehind({ ups: { starts, targets } }: Graph, id: NodeId, other: NodeId): boolean {
  const seen = new Set<number>([id]);
  // A set's iteration also visits what is added on the way.
  for (const at of seen) {
    for (let e = starts[at]; e < starts[at + 1]; e++) seen.add(targets[e]);
  }
  return id !== other && seen.has(other);
}

function problemOf(
  { defs, workflow }: Graph,
  id: NodeId,
  { path, id: owner, output }: Published,
  at: readonly string[],
): Diagnostic {
  const { name } = defs[id];
  const span = workflow.locate(["nodes", name, ...at]) ?? workflow.locate(["nodes", name], "key");
  const first = workflow.locate(["nodes", defs[owner].name, "outputs", output]);
  const what = at[0] === "track" ? "a tracked source" : `input "${at[1]}"`;
  const publisher = defs[owner].name;
  const state = id === owner ? "it publishes that itself" : `node "${publisher}" publishes it`;
  return {
    severity: "error",
    code: "reading-order",
    message: `Cannot read "${path}" as ${what} of node "${name}": ${state}`,
    ...(span === undefined ? {} : { span }),
    ...(first === undefined ? {} : { related: [{ message: "published", span: first }] }),
    hint: id === owner
      ? "read another path, or publish under another one"
      : `take the output "${output}" instead, or add "after: [${publisher}]"`,
  };
}
