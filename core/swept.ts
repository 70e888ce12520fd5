/**
 * What a name of a sweep means in a workflow: an input, or a param by its path. Pure; does not know sweeps or values.
 *
 * @module
 */

import { didYouMean } from "./base/suggest.ts";
import type { InputDef, Json, Workflow } from "./workflow.ts";

/** What gets the values. */
export type Swept =
  | { readonly kind: "input"; readonly input: InputDef }
  | { readonly kind: "param"; readonly path: readonly string[]; readonly value: Json };

/** Where names are looked up. */
export type SweptScope = Pick<Workflow, "inputs" | "params">;

/**
 * Finds what a name means: an input, else a param. `params.lr` is always the param.
 *
 * @returns `undefined` if the workflow has neither.
 */
export function sweptOf(name: string, { inputs, params }: SweptScope): Swept | undefined {
  const input = inputs.find((candidate) => candidate.name === name);
  if (input !== undefined) return { kind: "input", input };
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
  return swept.kind === "input" ? `input ${swept.input.name}` : `params.${swept.path.join(".")}`;
}

/** Says what to do about a name that means nothing. */
export function hintForUnknown(name: string, { inputs, params }: SweptScope): string {
  const known = [...inputs.map((input) => input.name), ...pathsOf(params, "")];
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
