/**
 * Writes the memo of a run, if its outcome depends on nothing but files that one `stat` each shows, and declared
 * variables. Does not know how a run goes.
 *
 * @module
 */

import type { Graph, Tracked } from "./graph.ts";
import { type MemoParts, writeMemo } from "./memo.ts";
import { isCached } from "./result.ts";
import type { NodeDef } from "./workflow.ts";

/**
 * Writes a memo unless a node depends on more: results that are not kept or expire, directories, globs.
 *
 * @param storeDir The store directory.
 * @param graph The graph of the run.
 * @param ids The nodes that are up to date now.
 * @param parts What the memo is made of, but for the variables.
 */
export function remember(
  storeDir: string,
  graph: Graph,
  ids: Iterable<number>,
  parts: Omit<MemoParts, "env">,
): void {
  const env: Record<string, string | undefined> = {};
  for (const id of ids) {
    const def = graph.defs[id];
    const sources = [...graph.wires[id], ...graph.tracks[id]].map((wire) => wire.source);
    if (!isMemorable(def, sources)) return;
    for (const name of variablesOf(def, sources)) env[name] = Deno.env.get(name);
  }
  writeMemo(storeDir, { ...parts, env });
}

/** Tells whether `stat` of single files shows everything that can make a node stale. */
function isMemorable(def: NodeDef, sources: readonly Tracked["source"][]): boolean {
  return isCached(def) && typeof def.cache !== "object" &&
    def.scope.read.length === 0 &&
    def.outputs.every(({ kind }) => kind !== "dir") &&
    sources.every((source) =>
      source.kind !== "dir" && source.kind !== "glob" &&
      !(source.kind === "input" && source.input.kind === "dir")
    );
}

/** Names of the environment variables a node's key depends on. */
function variablesOf(def: NodeDef, sources: readonly Tracked["source"][]): string[] {
  const set = Object.values(def.command?.env ?? {});
  return [
    ...def.scope.env,
    ...set.flatMap((value) => typeof value === "string" ? [] : [value.env]),
    ...sources.flatMap((source) => source.kind === "env" ? [source.name] : []),
  ];
}
