/**
 * Takes the values of the environment variables that any node or hook of a run sees out of texts: they travel along the wires,
 * so whoever says something may say them. Does not know what the texts are for.
 *
 * @module
 */

import type { Graph } from "./graph.ts";
import { Redactor } from "./redact.ts";
import type { NodeDef } from "./workflow.ts";

/** The variables of one run. */
export class Secrets {
  readonly #graph: Graph;
  readonly #env: (name: string) => string | undefined;
  #made: { readonly size: number; readonly redactor: Redactor } | undefined;

  /** @param env Value of an environment variable at the start of the run. */
  constructor(graph: Graph, env: (name: string) => string | undefined) {
    this.#graph = graph;
    this.#env = env;
  }

  /** What replaces the values by names; nodes that joined the graph may name more variables. */
  get redactor(): Redactor {
    const { size } = this.#graph;
    if (this.#made?.size !== size) {
      this.#made = { size, redactor: new Redactor(this.#variables()) };
    }
    return this.#made.redactor;
  }

  #variables(): Map<string, string> {
    const { defs, wires, tracks, workflow } = this.#graph;
    const hooks = [...workflow.hooks ?? [], ...defs.flatMap(({ hooks = [] }) => hooks)];
    const names = new Set([...defs, ...hooks].flatMap(variablesOf));
    for (const { source } of [...wires, ...tracks].flat()) {
      if (source.kind === "env") names.add(source.name);
    }
    return new Map([...names].map((name) => [name, this.#env(name) ?? ""]));
  }
}

/** Returns the names of the environment variables that reach a node or hook by its declarations. */
export function variablesOf(
  { scope, command }: Pick<NodeDef, "scope" | "command">,
): string[] {
  const written = Object.values(command?.env ?? {});
  return [...scope.env, ...written.flatMap((value) => typeof value === "string" ? [] : value.env)];
}
