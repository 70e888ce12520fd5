/**
 * Everything that comes from outside must be there before anything runs: required inputs and files. Looks at the disk
 * with `stat` only; does not read or hash.
 *
 * @module
 */

import { relative } from "node:path";
import { DefinitionError, type Diagnostic, messageOf, UsageError } from "./base/error.ts";
import { pathIn } from "./base/path.ts";
import type { Bound } from "./bind.ts";
import type { Graph, Tracked } from "./graph.ts";
import { digestBySidecar, SidecarError } from "./store/sidecar.ts";

/** What the check looks at. */
export interface PresenceContext {
  readonly graph: Graph;
  readonly bound: ReadonlyMap<string, Bound>;
  /** Directory that paths in messages are relative to. */
  readonly cwd: string;
}

/**
 * Checks what the wanted nodes take from outside.
 *
 * @throws {UsageError} If required inputs were not given; names all of them.
 * @throws {DefinitionError} If files or directories do not exist; names all of them with their places.
 */
export function checkPresence(context: PresenceContext, wanted: ReadonlySet<number>): void {
  const { graph, bound } = context;
  const missing = new Set<string>();
  const problems = new Map<string, Diagnostic>();
  for (const id of [...wanted].sort((a, b) => a - b)) {
    for (const { source, at } of sourcesOf(graph, id)) {
      if (source.kind === "input" && !bound.has(source.input.name)) missing.add(source.input.name);
      const problem = absence(source, context);
      if (problem === undefined || problems.has(problem.message)) continue;
      const span = graph.workflow.locate(
        source.kind === "input"
          ? ["inputs", source.input.name]
          : ["nodes", graph.defs[id].name, ...at],
      );
      const place = span === undefined ? {} : { span };
      problems.set(problem.message, {
        severity: "error",
        code: "missing-file",
        ...problem,
        ...place,
      });
    }
  }
  if (missing.size > 0) throw missingInputs([...missing]);
  if (problems.size > 0) throw new DefinitionError([...problems.values()]);
}

/** All sources of a node with their places in it. */
function* sourcesOf(
  { wires, tracks }: Graph,
  id: number,
): Generator<{ source: Tracked["source"]; at: readonly (string | number)[] }> {
  for (const { argument, source } of wires[id]) yield { source, at: ["inputs", argument] };
  for (const [i, { source }] of tracks[id].entries()) yield { source, at: ["track", i] };
}

function missingInputs(names: readonly string[]): UsageError {
  const [noun, pronoun] = names.length === 1 ? ["input", "it"] : ["inputs", "them"];
  return new UsageError(`Missing ${noun} ${names.map((name) => `"${name}"`).join(", ")}`, {
    hint: `give ${pronoun} with ${names.map((name) => `--input ${name}=…`).join(" ")}`,
  });
}

/** Says that a source's path does not exist, or has not the sidecar it should have. */
function absence(
  source: Tracked["source"],
  { graph, bound, cwd }: PresenceContext,
): { message: string; hint?: string } | undefined {
  const found = pathOf(source, graph, bound);
  if (found === undefined) return undefined;
  const shown = shownPath(found.path, cwd);
  try {
    Deno.statSync(found.path);
    if (found.sidecar === true) digestBySidecar(found.path, shown);
    return undefined;
  } catch (error) {
    if (error instanceof SidecarError) {
      const { message, hint } = error;
      return { message, ...(hint === undefined ? {} : { hint }) };
    }
    const state = error instanceof Deno.errors.NotFound ? "it does not exist" : messageOf(error);
    return { message: `Cannot read ${found.what} from "${shown}": ${state}` };
  }
}

function shownPath(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near.startsWith("..") ? path : near;
}

function pathOf(
  source: Tracked["source"],
  graph: Graph,
  bound: ReadonlyMap<string, Bound>,
): { path: string; what: string; sidecar?: boolean } | undefined {
  if (source.kind === "file" || source.kind === "dir") {
    return { ...source, path: pathIn(graph.workflow.dir, source.path), what: source.kind };
  }
  if (source.kind !== "input") return undefined;
  const input = bound.get(source.input.name);
  if (input === undefined || input.kind === "value") return undefined;
  return { ...input, what: `input "${source.input.name}"` };
}
