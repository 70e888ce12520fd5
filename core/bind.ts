/**
 * Binds the inputs of a workflow: texts of `--input` and defaults become values and real paths.
 * Does not know nodes, keys or results.
 *
 * @module
 */

import { isAbsolute, join, resolve } from "node:path";
import { messageOf, UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import type { InputDef } from "./workflow.ts";

/** An input with its content. */
export type Bound =
  | { readonly kind: "value"; readonly value: unknown }
  /** `path` is absolute; it need not exist. */
  | { readonly kind: "file" | "dir"; readonly path: string; readonly sidecar?: true };

/** What binding needs from outside. */
export interface BindOptions {
  /** Directory of relative paths given on the command line. */
  readonly cwd: string;
  /** Directory of relative paths given in the workflow. */
  readonly workflowDir: string;
  /** Returns the directory where standard input is kept when it feeds a file input. */
  spoolDir(): string;
  readonly stdin: ReadableStream<Uint8Array>;
}

/**
 * Binds inputs.
 *
 * @param inputs All inputs that can be given: declared ones, and outputs that are replaced from outside.
 * @param texts `--input` texts by name: `-` is standard input, `@FILE` the content of a file (for values).
 * @param options See {@linkcode BindOptions}.
 * @returns Bound inputs by name; required inputs that were not given are absent.
 *   A scope stands for its inputs: one object has their values.
 * @throws {UsageError} If a name is unknown or given twice, a text cannot be read as the declared type, or `-` is used twice.
 */
export async function bindInputs(
  inputs: readonly InputDef[],
  texts: Readonly<Record<string, string>>,
  options: BindOptions,
): Promise<Map<string, Bound>> {
  const byName = new Map(inputs.map((input) => [input.name, input]));
  const scopes = Object.keys(texts).filter((name) => !byName.has(name));
  for (const name of scopes) {
    const isScope = inputs.some((input) => input.name.startsWith(`${name}.`));
    if (!isScope) throw unknownInput(name, [...byName.keys()]);
  }
  const fromStdin = Object.keys(texts).filter((name) => texts[name] === "-");
  if (fromStdin.length > 1) {
    throw new UsageError(
      `Cannot read standard input for both "${fromStdin[0]}" and "${fromStdin[1]}"`,
      { hint: "give one of them a file" },
    );
  }
  const bound = new Map<string, Bound>();
  for (const scope of scopes) {
    for (const [name, value] of await scopeValues(scope, texts[scope], { byName, options })) {
      if (bound.has(name) || Object.hasOwn(texts, name)) throw givenTwice(name, scope);
      bound.set(name, bindData(byName.get(name) as InputDef, value, options));
    }
  }
  for (const input of inputs) {
    if (bound.has(input.name)) continue;
    const text = Object.hasOwn(texts, input.name) ? texts[input.name] : undefined;
    const one = text === undefined
      ? bindDefault(input, options)
      : await bindText(input, text, options);
    if (one !== undefined) bound.set(input.name, one);
  }
  return bound;
}

/** Inputs of a scope from one object: `{"a": 1, "deeper": {"b": 2}}`. */
async function scopeValues(
  scope: string,
  text: string,
  { byName, options }: {
    readonly byName: ReadonlyMap<string, InputDef>;
    readonly options: BindOptions;
  },
): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const read = (prefix: string, value: unknown): void => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw new UsageError(`Cannot read scope "${prefix}": it is no object`, {
        hint: `write --input ${prefix}='{"name": value}', or each input alone: ${prefix}.name=…`,
      });
    }
    for (const [key, member] of Object.entries(value)) {
      const name = `${prefix}.${key}`;
      if (byName.has(name)) found.set(name, member);
      else if ([...byName.keys()].some((other) => other.startsWith(`${name}.`))) read(name, member);
      else throw unknownInput(name, [...byName.keys()]);
    }
  };
  const whole: InputDef = { name: scope, kind: "value" };
  read(scope, parseValue(whole, await valueText(whole, text, options)));
  return found;
}

function givenTwice(name: string, scope: string): UsageError {
  return new UsageError(`Cannot set input "${name}" twice: alone and in "${scope}"`, {
    hint: "leave out one",
  });
}

/** Binds an input to data that was read already. */
function bindData(input: InputDef, value: unknown, options: BindOptions): Bound {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (input.kind !== "value") return boundPath(input, input.kind, resolve(options.cwd, text));
  // Without a type a text stays one, even if it reads as JSON.
  if (input.type === undefined) return { kind: "value", value };
  const isText = typeof value === "string";
  if (isText !== (input.type === "string")) throw unlike(input, text);
  return { kind: "value", value: parseValue(input, text) };
}

function unlike(input: InputDef, text: string): UsageError {
  const shown = text.length > 60 ? text.slice(0, 60) + "…" : text;
  return new UsageError(`Cannot read input "${input.name}" as ${input.type}: got "${shown}"`);
}

function unknownInput(name: string, names: readonly string[]): UsageError {
  const close = nearest(name, names);
  return new UsageError(`Unknown input "${name}"`, {
    hint: close !== undefined
      ? `did you mean "${close}"?`
      : names.length === 0
      ? "the workflow has no inputs"
      : `the workflow has ${names.map((n) => `"${n}"`).join(", ")}`,
  });
}

function bindDefault(input: InputDef, options: BindOptions): Bound | undefined {
  if (input.default === undefined) return undefined;
  if (input.kind === "value") return { kind: "value", value: input.default };
  return boundPath(input, input.kind, resolve(options.workflowDir, String(input.default)));
}

async function bindText(input: InputDef, text: string, options: BindOptions): Promise<Bound> {
  if (input.kind === "value") {
    return { kind: "value", value: parseValue(input, await valueText(input, text, options)) };
  }
  if (text !== "-") return boundPath(input, input.kind, resolve(options.cwd, text));
  if (input.kind === "dir") {
    throw new UsageError(`Cannot read directory input "${input.name}" from standard input`, {
      hint: "give a path",
    });
  }
  const path = join(options.spoolDir(), `stdin-${input.name}`);
  await Deno.writeFile(path, options.stdin);
  return { kind: "file", path };
}

/** A path has a sidecar wherever it was given, unlike standard input. */
function boundPath({ sidecar }: InputDef, kind: "file" | "dir", path: string): Bound {
  return { kind, path, ...(sidecar === undefined ? {} : { sidecar }) };
}

async function valueText(input: InputDef, text: string, options: BindOptions): Promise<string> {
  if (text === "-") {
    const whole = await new Response(options.stdin).text();
    return input.type === "string" ? whole : whole.replace(/\r?\n$/, "");
  }
  if (!text.startsWith("@")) return text;
  const path = text.slice(1);
  try {
    return Deno.readTextFileSync(isAbsolute(path) ? path : join(options.cwd, path));
  } catch (error) {
    throw new UsageError(
      `Cannot read file "${path}" for input "${input.name}": ${messageOf(error)}`,
    );
  }
}

/**
 * Reads a text as the declared type; without one as JSON, and as a plain text if it is not JSON.
 *
 * @throws {UsageError} If it is not of that type.
 */
export function parseValue(input: InputDef, text: string): unknown {
  const fail = (): never => {
    throw unlike(input, text);
  };
  switch (input.type) {
    case "string":
      return text;
    case "number":
    case "integer": {
      const value = text.trim() === "" ? NaN : Number(text);
      const isRight = input.type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
      return isRight ? value : fail();
    }
    case "boolean":
      return text === "true" ? true : text === "false" ? false : fail();
    case "array":
    case "object": {
      const value = jsonOr(text, fail);
      const isObject = value !== null && typeof value === "object";
      return isObject && Array.isArray(value) === (input.type === "array") ? value : fail();
    }
    case undefined:
      return jsonOr(text, () => text);
    default:
      return input.type satisfies never;
  }
}

function jsonOr(text: string, otherwise: () => unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller decides what that means.
    return otherwise();
  }
}
