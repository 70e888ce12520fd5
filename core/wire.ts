/**
 * What nodes are wired to: sources of arguments after names are resolved. Types and words for them; does not know how
 * names are resolved.
 *
 * @module
 */

import type { NodeId } from "./names.ts";
import type { FunctionRef, InputDef, Json, NodeDef, OutputDef, SourceRef } from "./workflow.ts";

/** Where an argument's value comes from, after names are resolved. */
export type Source =
  | { readonly kind: "input"; readonly input: InputDef }
  /** `output` indexes the node's declared outputs. */
  | { readonly kind: "output"; readonly node: NodeId; readonly output: number }
  /** An output that a node returned by `node` has; `output` indexes what `node` provides. Resolved when that is known. */
  | { readonly kind: "promise"; readonly node: NodeId; readonly output: number }
  | { readonly kind: "param"; readonly path: string; readonly value: Json }
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "file"; readonly path: string; readonly sidecar?: true }
  | { readonly kind: "dir"; readonly path: string }
  | { readonly kind: "glob"; readonly pattern: string }
  | { readonly kind: "env"; readonly name: string };

/** One argument of a node and its source. */
export interface Wire {
  readonly argument: string;
  readonly source: Source;
}

/** One source of `track:` as it was written. */
export interface Tracked {
  readonly argument: string;
  readonly source: Source | FunctionRef;
}

/** How a source was written, for materials and messages. */
export function describeRef(ref: SourceRef | FunctionRef): string {
  switch (ref.kind) {
    case "function":
      return `${ref.module}#${ref.export}`;
    case "ref":
      return ref.ref;
    case "value":
      return JSON.stringify(ref.value);
    case "file":
    case "dir":
      return `${ref.kind} ${ref.path}`;
    case "glob":
      return `glob ${ref.pattern}`;
    case "env":
      return `env ${ref.name}`;
    default:
      return ref satisfies never;
  }
}

/** The output that a source means. */
export function outputOf(
  defs: readonly NodeDef[],
  { kind, node, output }: Extract<Source, { readonly node: NodeId }>,
): OutputDef {
  const def = defs[node];
  // Only a node that returns nodes promises outputs.
  return kind === "output"
    ? def.outputs[output]
    : (def.expand as NonNullable<typeof def.expand>).provides[output];
}

/** Tells whether a function gets a source as a path, or as several. */
export function isPath(defs: readonly NodeDef[], source: Source): boolean {
  switch (source.kind) {
    case "file":
    case "dir":
    case "glob":
      return true;
    case "input":
      return source.input.kind !== "value";
    case "output":
    case "promise":
      return outputOf(defs, source).kind !== "value";
    default:
      return false;
  }
}
