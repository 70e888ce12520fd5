/**
 * What a name of a sweep means in a workflow: an input, a param by its path, or the choice among variants. Pure; does not know sweeps or values.
 *
 * @module
 */

import { didYouMean } from "./base/suggest.ts";
import type { InputDef, Json, Workflow } from "./workflow.ts";

/** What gets the values. */
export type Swept =
  | { readonly kind: "input"; readonly input: InputDef }
  | { readonly kind: "param"; readonly path: readonly string[]; readonly value: Json }
  /** `variant.NODE`, or `variant` for all that a set chooses; `names` are what can be chosen. */
  | { readonly kind: "variant"; readonly node?: string; readonly names: readonly string[] };

/** Where names are looked up. */
export type SweptScope = Pick<Workflow, "inputs" | "params" | "variants">;

/**
 * Finds what a name means: an input, else a param, else a choice among variants. `params.lr` is always the param.
 *
 * @returns `undefined` if the workflow has none of them.
 */
export function sweptOf(name: string, scope: SweptScope): Swept | undefined {
  const input = scope.inputs.find((candidate) => candidate.name === name);
  if (input !== undefined) return { kind: "input", input };
  return paramOf(name, scope) ?? variantOf(name, scope);
}

function variantOf(name: string, { variants }: SweptScope): Swept | undefined {
  const { nodes = {}, sets = {} } = variants ?? {};
  const names = Object.keys(sets);
  if (name === "variant" && names.length > 0) return { kind: "variant", names };
  const node = name.replace(/^variant\./, "");
  if (node === name || !Object.hasOwn(nodes, node)) return undefined;
  return { kind: "variant", node, names: Object.keys(nodes[node].defs) };
}

function paramOf(name: string, { params }: SweptScope): Swept | undefined {
  const path = name.replace(/^params\./, "").split(".");
  let value: Json = params;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // `hasOwn` has proved the member; an index of a list is a key like any other.
    value = (value as { readonly [key: string]: Json })[key];
  }
  return { kind: "param", path, value };
}

/** Returns a text that two names share if they mean the same. */
export function meaningOf(swept: Swept): string {
  switch (swept.kind) {
    case "input":
      return `input ${swept.input.name}`;
    case "param":
      return `params.${swept.path.join(".")}`;
    case "variant":
      return swept.node === undefined ? "variant" : `variant.${swept.node}`;
    default:
      return swept satisfies never;
  }
}

/** Says what to do about a name that means nothing. */
export function hintForUnknown(name: string, { inputs, params, variants }: SweptScope): string {
  const known = [
    ...inputs.map((input) => input.name),
    ...pathsOf(params, ""),
    ...Object.keys(variants?.nodes ?? {}).map((node) => `variant.${node}`),
  ];
  const prefix = name.startsWith("params.") ? "params." : "";
  const close = didYouMean(name.slice(prefix.length), known);
  if (close !== undefined) return close;
  return known.length === 0
    ? "the workflow has no inputs and no params"
    : known.length > 12
    ? "name an input or a param"
    : `the workflow has ${known.join(", ")}`;
}

/** Paths of params, those of mappings too. */
function pathsOf(value: Json, prefix: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    prefix + key,
    ...pathsOf(member, `${prefix}${key}.`),
  ]);
}
