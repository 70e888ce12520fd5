/**
 * Params from the command line laid over those of the file: `--params FILE`, then `--set a.b=VALUE`.
 * Does not know flags, files on disk, or what params are used for.
 *
 * @module
 */

import type { Diagnostic } from "../base/error.ts";
import { didYouMean } from "../base/suggest.ts";
import type { Json, JsonObject } from "../workflow.ts";
import { type DefinitionDocument, isForbiddenKey } from "./document.ts";
import { describe, isMapping } from "./shape.ts";
import { readYaml, resolvePlain } from "./yaml.ts";

/** What is laid over the params of a file. */
export interface ParamsOverlay {
  /** Files of `--params`, read, later ones over earlier ones. */
  readonly files: readonly DefinitionDocument[];
  /** Texts of `--set`, `a.b=VALUE`, applied last and in order. */
  readonly set: readonly string[];
}

/** Params after the overlay, with what is wrong with it. */
export interface MergedParams {
  readonly params: JsonObject;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Lays params over those of a workflow file.
 *
 * Mappings are merged key by key; everything else is replaced. `--params` may bring new keys, `--set`
 * only changes what is there, so that a misspelt path is an error.
 *
 * @param base Params of the workflow file.
 */
export function mergeParams(base: JsonObject, overlay: ParamsOverlay): MergedParams {
  const diagnostics: Diagnostic[] = [];
  let params = base;
  for (const file of overlay.files) {
    diagnostics.push(...file.diagnostics);
    if (file.data === undefined) continue;
    if (isMapping(file.data)) {
      params = mergeObjects(params, file.data);
      continue;
    }
    const span = file.locate([]);
    diagnostics.push({
      severity: "error",
      code: "wrong-type",
      message: `Cannot read params from "${file.source.name}": expected a mapping, got ${
        describe(file.data)
      }`,
      ...(span === undefined ? {} : { span }),
    });
  }
  for (const text of overlay.set) {
    const result = setParam(params, text);
    if ("message" in result) {
      diagnostics.push({ severity: "error", code: "wrong-param", ...result });
    } else params = result.params;
  }
  return { params, diagnostics };
}

function mergeObjects(below: JsonObject, above: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (isForbiddenKey(key)) continue;
    const old = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isMapping(old) && isMapping(value) ? mergeObjects(old, value) : value;
  }
  return merged;
}

/** What is wrong with one `--set`. */
export interface SetProblem {
  readonly message: string;
  readonly hint?: string;
}

/**
 * Applies one `--set`.
 *
 * @param params Params so far; not changed.
 * @param text `a.b=VALUE`; indices reach into lists: `lrs.0=0.5`.
 */
export function setParam(
  params: JsonObject,
  text: string,
): { readonly params: JsonObject } | SetProblem {
  const at = text.indexOf("=");
  if (at <= 0) {
    const message = `Cannot read --set "${text}": expected PATH=VALUE`;
    return { message, hint: `Write --set ${text.replace(/=.*$/, "") || "model.depth"}=VALUE` };
  }
  const path = text.slice(0, at).trim();
  const value = readValue(text.slice(at + 1), path);
  if ("message" in value) return value;
  return replaceParam(params, path.split("."), value.value);
}

/**
 * Gives a param that is there another value.
 *
 * @param params Params so far; not changed.
 * @param path Keys, and indices of lists.
 */
export function replaceParam(
  params: JsonObject,
  path: readonly string[],
  value: Json,
): { readonly params: JsonObject } | SetProblem {
  const result = replaceAt(params, path, 0, value);
  return "message" in result ? result : { params: result.value as JsonObject };
}

/**
 * Reads the VALUE of `--set`: a YAML flow collection or quoted text, else one plain scalar.
 *
 * @param path What gets it, for messages.
 */
export function readValue(
  text: string,
  path: string,
): { readonly value: Json } | SetProblem {
  const trimmed = text.trim();
  // A plain scalar is taken whole: "#fff", "a: b" and "*" are texts here, not YAML syntax.
  if (!/^[[{"']/.test(trimmed)) return { value: resolvePlain(trimmed) };
  const { data, diagnostics } = readYaml(trimmed, `--set ${path}`);
  if (data !== undefined && diagnostics.length === 0) return { value: data };
  const why = diagnostics[0]?.message.replace(/^Cannot read the file as YAML: /, "") ?? "no value";
  return { message: `Cannot read the value of --set ${path}: ${why}`, hint: "Quote it" };
}

function replaceAt(
  at: Json,
  path: readonly string[],
  depth: number,
  value: Json,
): { readonly value: Json } | SetProblem {
  if (depth === path.length) return { value };
  const key = path[depth];
  const shown = path.slice(0, depth + 1).join(".");
  const parent = depth === 0 ? "params" : `"${path.slice(0, depth).join(".")}"`;
  if (!isMapping(at) && !Array.isArray(at)) {
    return { message: `Cannot set "${path.join(".")}": ${parent} is ${describe(at)}` };
  }
  if (!Object.hasOwn(at, key) || (Array.isArray(at) && !/^\d+$/.test(key))) {
    const known = Array.isArray(at) ? at.map((_, i) => String(i)) : Object.keys(at);
    const first = depth === 0 && key === "params" && path.length > 1 ? path.slice(1) : undefined;
    const hint = first === undefined
      ? didYouMean(shown, known.map((name) => [...path.slice(0, depth), name].join("."))) ??
        (known.length === 0 || known.length > 12
          ? "Add new params with --params FILE"
          : `It has ${known.join(", ")}; add new ones with --params FILE`)
      : `Write --set ${first.join(".")}=VALUE`;
    return { message: `Cannot set "${path.join(".")}": there is no "${shown}" in params`, hint };
  }
  // `hasOwn` has proved the member; an index of a list is a key like any other.
  const member = (at as { readonly [key: string]: Json })[key];
  const inner = replaceAt(member, path, depth + 1, value);
  if ("message" in inner) return inner;
  if (Array.isArray(at)) return { value: at.with(Number(key), inner.value) };
  return { value: { ...at, [key]: inner.value } };
}
