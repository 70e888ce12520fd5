/**
 * What the sources of a workflow are in TypeScript: the text of a type for each. Does not know functions or the compiler.
 *
 * @module
 */

import type { Source } from "../wire.ts";
import type { InputDef, Json, NodeDef } from "../workflow.ts";

/** Longer lists become arrays of what they hold: a tuple of thousands tells nobody anything. */
const MAX_TUPLE = 32;

/** Longer types are not checked: a table in the file would be written once for every node that reads it. */
const MAX_LENGTH = 10_000;

/** Accepts everything and is accepted everywhere: nothing is known. */
const ANYTHING = "any";

/**
 * Returns the type of a source that is not the value of a function.
 *
 * @param source The source.
 * @param defs All nodes by id.
 */
export function typeOfSource(source: Source, defs: readonly NodeDef[]): string {
  switch (source.kind) {
    case "param":
    case "value":
      return bounded(typeOfJson(source.value));
    case "file":
    case "dir":
      return "string";
    case "glob":
      return "string[]";
    case "env":
      return "string | null";
    case "input":
      return bounded(typeOfInput(source.input));
    case "output":
      return typeOfOutput(defs[source.node], source.output);
    case "promise":
      return defs[source.node].expand?.provides[source.output].kind === "value"
        ? ANYTHING
        : "string";
    default:
      return source satisfies never;
  }
}

function bounded(type: string): string {
  return type.length > MAX_LENGTH ? ANYTHING : type;
}

/** The literal type of a value, so that `"adam"` is one of `"adam" | "sgd"`. */
export function typeOfJson(value: Json): string {
  if (value === null || typeof value !== "object") {
    return typeof value === "number" && !Number.isFinite(value) ? "number" : JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    const items = value.map(typeOfJson);
    if (items.length === 0) return `${ANYTHING}[]`;
    return items.length <= MAX_TUPLE ? `[${items.join(", ")}]` : `(${unionOf(items)})[]`;
  }
  return typeOfMembers(value as { readonly [key: string]: Json }, typeOfJson);
}

/** The type of all values like this one: what may be given instead of a default. */
function widened(value: Json): string {
  if (value === null) return ANYTHING;
  if (typeof value !== "object") return typeof value;
  if (Array.isArray(value)) {
    return value.length === 0 ? `${ANYTHING}[]` : `(${unionOf(value.map(widened))})[]`;
  }
  return typeOfMembers(value as { readonly [key: string]: Json }, widened);
}

function typeOfMembers(
  value: { readonly [key: string]: Json },
  typeOf: (member: Json) => string,
): string {
  const members = Object.entries(value);
  if (members.length === 0) return ANYTHING;
  return `{ ${
    members.map(([key, member]) => `${JSON.stringify(key)}: ${typeOf(member)}`).join("; ")
  } }`;
}

function unionOf(types: readonly string[]): string {
  return [...new Set(types)].map((type) => `(${type})`).join(" | ");
}

function typeOfInput({ kind, type, default: value }: InputDef): string {
  if (kind !== "value") return "string";
  switch (type) {
    case "string":
    case "number":
    case "boolean":
      return type;
    case "integer":
      return "number";
    case "array":
      return value === undefined ? `${ANYTHING}[]` : widened(value);
    case "object":
    case undefined:
      return value === undefined ? ANYTHING : widened(value);
    default:
      return type satisfies never;
  }
}

/** Outputs of commands, and files of functions. What the calls of a map deliver becomes an array. */
function typeOfOutput(def: NodeDef, output: number): string {
  const calls = def.map?.mapped ?? [];
  return `${calls.map(() => "(").join("")}${typeOfCall(def, output)}${
    calls.map(() => ")[]").join("")
  }`;
}

/** What one call delivers. */
function typeOfCall({ command, outputs }: NodeDef, output: number): string {
  const { name, kind } = outputs[output];
  if (kind !== "value") return "string";
  if (command?.exitCode === name) return "number";
  if (command?.commandLine === name) return "string[]";
  const stream = [command?.stdout, command?.stderr].find((each) => each?.output === name);
  switch (stream?.as) {
    case "text":
      return "string";
    case "lines":
      return "string[]";
    default:
      return ANYTHING;
  }
}
