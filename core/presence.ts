/**
 * Everything that comes from outside must be there before anything runs: required inputs and files. Looks at the disk
 * with `stat` only; does not read or hash.
 *
 * @module
 */

import { relative, resolve } from "node:path";
import { DefinitionError, type Diagnostic, messageOf, UsageError } from "./base/error.ts";
import type { Bound } from "./bind.ts";
import type { Graph, Tracked } from "./graph.ts";

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
      const message = absence(source, context);
      if (message === undefined || problems.has(message)) continue;
      const span = graph.workflow.locate(
        source.kind === "input"
          ? ["inputs", source.input.name]
          : ["nodes", graph.defs[id].name, ...at],
      );
      const place = span === undefined ? {} : { span };
      problems.set(message, { severity: "error", code: "missing-file", message, ...place });
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

/** Says that a source's path does not exist. */
function absence(
  source: Tracked["source"],
  { graph, bound, cwd }: PresenceContext,
): string | undefined {
  const found = pathOf(source, graph, bound);
  if (found === undefined) return undefined;
  try {
    Deno.statSync(found.path);
    return undefined;
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "it does not exist" : messageOf(error);
    const near = relative(cwd, found.path);
    const shown = near.startsWith("..") ? found.path : near;
    return `Cannot read ${found.what} from "${shown}": ${state}`;
  }
}

function pathOf(
  source: Tracked["source"],
  graph: Graph,
  bound: ReadonlyMap<string, Bound>,
): { path: string; what: string } | undefined {
  if (source.kind === "file" || source.kind === "dir") {
    return { path: resolve(graph.workflow.dir, source.path), what: source.kind };
  }
  if (source.kind !== "input") return undefined;
  const input = bound.get(source.input.name);
  if (input === undefined || input.kind === "value") return undefined;
  return { path: input.path, what: `input "${source.input.name}"` };
}
