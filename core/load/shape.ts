/**
 * Shapes of plain data: each one checks a value, cleans it, and describes itself as JSON Schema, so
 * that the two can never disagree. Does not know the workflow format.
 *
 * A shape never stops at a problem: it reports it, drops the bad part and hands on the rest. All kinds of shape stand in
 * one file, because each must do both and they refer to each other.
 *
 * @module
 */

import { didYouMean, nearest } from "../base/suggest.ts";
import type { Json, JsonObject } from "../workflow.ts";
import { isForbiddenKey, type Written } from "./document.ts";

/** A path of keys and indices from the root of a document. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with a value. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly path: Path;
  readonly part: "key" | "value";
  readonly message: string;
  readonly hint?: string;
  /** The wrong part of a text value. */
  readonly within?: { readonly text: string; readonly start: number; readonly end: number };
}

/** What a problem may say beside its message. */
export type ProblemOptions = Partial<Pick<Problem, "severity" | "part" | "hint" | "within">>;

/** A walk over one document: where it is and what it found. */
export class Visit {
  readonly problems: Problem[] = [];
  readonly #written: Written;
  readonly #nameOf: (path: Path) => string;
  readonly #path: (string | number)[] = [];
  readonly #collections: object[] = [];

  /**
   * @param written How scalars were written.
   * @param nameOf Names a path for people: `"cache" of node "rows"`.
   */
  constructor(written: Written, nameOf: (path: Path) => string) {
    this.#written = written;
    this.#nameOf = nameOf;
  }

  /** Runs `body` with the walk at a member of `collection`. */
  at<T>(collection: object, key: string | number, body: () => T): T {
    this.#path.push(key);
    this.#collections.push(collection);
    try {
      return body();
    } finally {
      this.#path.pop();
      this.#collections.pop();
    }
  }

  /** Name of the place the walk is at. */
  get name(): string {
    return this.#nameOf(this.#path);
  }

  /** Reports a problem at the place the walk is at, or at a member of it. */
  report(code: string, message: string, options: ProblemOptions & { member?: Path } = {}): void {
    const { member = [], ...rest } = options;
    const path = [...this.#path, ...member];
    this.problems.push({ severity: "error", part: "value", ...rest, code, message, path });
  }

  /** Reports that the value here is not what was expected. */
  mismatch(expected: string, got: Json, hint?: string): void {
    const message = `Cannot read ${this.name}: expected ${expected}, got ${describe(got)}`;
    this.report("wrong-type", message, hint === undefined ? {} : { hint });
  }

  /** Text of the scalar here as it was written. */
  textOf(value: string | number | boolean): string {
    const key = this.#path.at(-1);
    const collection = this.#collections.at(-1);
    const written = key === undefined || collection === undefined || typeof value === "string"
      ? undefined
      : this.#written(collection, key);
    return written ?? String(value);
  }
}

/** One way a value may look. */
export interface Shape<T> {
  /** Completes "expected …". */
  readonly expected: string;
  /** The same as JSON Schema, draft 2020-12. */
  readonly json: JsonObject;
  /** Whether the value is of the right kind, so that `read` is worth its messages. */
  accepts(value: Json): boolean;
  /** Returns the value without its bad parts, or `undefined` if nothing is left. */
  read(value: Json, visit: Visit): T | undefined;
}

/** The type a shape reads. */
export type Read<S> = S extends Shape<infer T> ? T : never;

/** Names a value for people, short. */
export function describe(value: Json): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return value.length > 40 ? "a text" : `the text ${JSON.stringify(value)}`;
    case "number":
      return `the number ${value}`;
    case "boolean":
      return String(value);
    default:
      return "a mapping";
  }
}

/** Whether a value is a mapping. */
export function isMapping(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `Array.isArray` that also narrows readonly lists. */
export function isList<T>(value: readonly T[] | object | string | null): value is readonly T[] {
  return Array.isArray(value);
}

/** A shape that takes values of one kind as they are. */
function plain<T extends Json>(
  expected: string,
  json: JsonObject,
  accepts: (value: Json) => value is T,
): Shape<T> {
  return {
    expected,
    json,
    accepts,
    read(value, visit) {
      if (accepts(value)) return value;
      visit.mismatch(expected, value);
      return undefined;
    },
  };
}

/** Any JSON value. */
export const anything: Shape<Json> = {
  expected: "a value",
  json: {},
  accepts: () => true,
  read: (value) => value,
};

/** `true` or `false`. */
export const boolean: Shape<boolean> = plain(
  "true or false",
  { type: "boolean" },
  (value) => typeof value === "boolean",
);

/** Nothing: an empty value. */
export const nothing: Shape<null> = plain("nothing", { type: "null" }, (value) => value === null);

/** A number within limits. */
export function number(
  options: { integer?: boolean; min?: number; above?: number; max?: number } = {},
): Shape<number> {
  const { integer = false, min, above, max } = options;
  const limits = [
    min === undefined ? "" : ` of at least ${min}`,
    above === undefined ? "" : ` above ${above}`,
    max === undefined ? "" : ` up to ${max}`,
  ].join("");
  const expected = `${integer ? "a whole number" : "a number"}${limits}`;
  return {
    expected,
    json: {
      type: integer ? "integer" : "number",
      ...(min === undefined ? {} : { minimum: min }),
      ...(above === undefined ? {} : { exclusiveMinimum: above }),
      ...(max === undefined ? {} : { maximum: max }),
    },
    accepts: (value) => typeof value === "number",
    read(value, visit) {
      const isFit = typeof value === "number" && Number.isFinite(value) &&
        (!integer || Number.isSafeInteger(value)) && value >= (min ?? -Infinity) &&
        value > (above ?? -Infinity) && value <= (max ?? Infinity);
      if (isFit) return value;
      visit.mismatch(expected, value);
      return undefined;
    },
  };
}

/** Any text without NUL, which no path, argument or variable can hold. */
// deno-lint-ignore no-control-regex -- NUL is what it is about
const WITHOUT_NUL = /^[^\u0000]*$/;

/** A text that matches a pattern. */
export function text(
  options: { expected?: string; pattern?: RegExp; hint?: (text: string) => string | undefined } =
    {},
): Shape<string> {
  const { expected = "a text", pattern = WITHOUT_NUL, hint } = options;
  return {
    expected,
    json: { type: "string", pattern: pattern.source },
    accepts: (value) => typeof value === "string",
    read(value, visit) {
      if (typeof value === "string" && pattern.test(value)) return value;
      visit.mismatch(expected, value, typeof value === "string" ? hint?.(value) : undefined);
      return undefined;
    },
  };
}

/** A text, or a number or boolean taken as it was written: `[head, -n, 1.10]`. */
export const scalarText: Shape<string> = {
  expected: "a text",
  json: { type: ["string", "number", "boolean"], pattern: WITHOUT_NUL.source },
  accepts: (value) => ["string", "number", "boolean"].includes(typeof value),
  read(value, visit) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      const written = visit.textOf(value);
      if (!written.includes("\0")) return written;
    }
    visit.mismatch("a text", value);
    return undefined;
  },
};

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Shape<T> {
  const expected = joinOr(words.map((word) => `"${word}"`));
  const isWord = (value: Json): value is T => (words as readonly Json[]).includes(value);
  return {
    expected,
    json: { enum: words },
    accepts: (value) => typeof value === "string",
    read(value, visit) {
      if (isWord(value)) return value;
      const hint = typeof value === "string" ? didYouMean(value, words) : undefined;
      visit.mismatch(expected, value, hint);
      return undefined;
    },
  };
}

/** One constant word, chosen by itself among other shapes. */
export function word<const T extends string>(wanted: T): Shape<T> {
  const is = (value: Json): value is T => value === wanted;
  return plain(`"${wanted}"`, { const: wanted }, is);
}

/** One constant boolean. */
export function exactly<const T extends boolean>(wanted: T): Shape<T> {
  const is = (value: Json): value is T => value === wanted;
  return plain(String(wanted), { const: wanted }, is);
}

/** A list of values of one shape. */
export function list<T>(
  item: Shape<T>,
  options: { min?: number; what?: string } = {},
): Shape<readonly T[]> {
  const { min = 0, what = "values" } = options;
  const expected = `a list of ${what}`;
  return {
    expected,
    json: { type: "array", items: item.json, ...(min > 0 ? { minItems: min } : {}) },
    accepts: Array.isArray,
    read(value, visit) {
      if (!Array.isArray(value)) {
        const hint = typeof value === "string" ? `Write [${value}]` : undefined;
        visit.mismatch(expected, value, hint);
        return undefined;
      }
      if (value.length < min) {
        visit.report(
          "too-few",
          `Cannot read ${visit.name}: expected ${expected}, got an empty one`,
        );
        return undefined;
      }
      const kept: T[] = [];
      for (let i = 0; i < value.length; i++) {
        const read = visit.at(value, i, () => item.read(value[i], visit));
        if (read !== undefined) kept.push(read);
      }
      return kept;
    },
  };
}

/** A mapping whose keys are names the user chooses. */
export function table<T>(
  item: Shape<T>,
  options: { what: string; keyPattern?: RegExp; keyHint?: string },
): Shape<Readonly<Record<string, T>>> {
  const { what, keyPattern, keyHint } = options;
  const expected = `a mapping of ${what}`;
  return {
    expected,
    json: {
      type: "object",
      ...(keyPattern === undefined ? {} : { propertyNames: { pattern: keyPattern.source } }),
      additionalProperties: item.json,
    },
    accepts: isMapping,
    read(value, visit) {
      if (!isMapping(value)) {
        visit.mismatch(expected, value);
        return undefined;
      }
      const kept: Record<string, T> = {};
      for (const key of Object.keys(value)) {
        visit.at(value, key, () => {
          const isNamed = keyPattern?.test(key) ?? true;
          if (!isNamed || isForbiddenKey(key)) {
            visit.report("wrong-name", `Cannot use ${JSON.stringify(key)} as a name of ${what}`, {
              part: "key",
              ...(keyHint === undefined ? {} : { hint: keyHint }),
            });
            return;
          }
          const read = item.read(value[key], visit);
          if (read !== undefined) kept[key] = read;
        });
      }
      return kept;
    },
  };
}

/** The shapes of the options of a mapping. */
export type Fields = Readonly<Record<string, Shape<unknown>>>;

/** What is left of a mapping: every option may be absent. */
export type FieldsRead<F extends Fields> = { readonly [K in keyof F]?: Read<F[K]> };

/** A mapping with known options. */
export function object<F extends Fields>(
  fields: F,
  options: {
    expected: string;
    required?: readonly (keyof F & string)[];
    /** Options of the format that this version refuses, and what to say. */
    reserved?: Readonly<Record<string, string>>;
    /** Keys that are ignored. */
    ignored?: RegExp;
    /** Further constraints for the JSON Schema, checked elsewhere. */
    json?: JsonObject;
  },
): Shape<FieldsRead<F>> {
  const { expected, required = [], reserved = {}, ignored, json = {} } = options;
  const properties: Record<string, Json> = {};
  for (const [key, shape] of Object.entries(fields)) properties[key] = shape.json;
  const unknownKey = (visit: Visit, key: string): void => {
    if (Object.hasOwn(reserved, key)) {
      const message = `Cannot use "${key}" in ${visit.name}: not supported by this version of flow`;
      visit.report("unsupported", message, { part: "key", member: [key], hint: reserved[key] });
      return;
    }
    const names = Object.keys(fields);
    const few = names.length <= 8 ? `Known keys are ${names.join(", ")}` : undefined;
    const hint = didYouMean(key, names) ?? few;
    visit.report("unknown-key", `Unknown key ${JSON.stringify(key)} in ${visit.name}`, {
      part: "key",
      member: [key],
      ...(hint === undefined ? {} : { hint }),
    });
  };
  return {
    expected,
    json: {
      type: "object",
      properties,
      ...(ignored === undefined ? {} : { patternProperties: { [ignored.source]: {} } }),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
      ...json,
    },
    accepts: isMapping,
    read(value, visit) {
      if (!isMapping(value)) {
        visit.mismatch(expected, value);
        return undefined;
      }
      const kept: Record<string, unknown> = {};
      for (const key of Object.keys(value)) {
        if (Object.hasOwn(fields, key)) {
          const read = visit.at(value, key, () => fields[key].read(value[key], visit));
          if (read !== undefined) kept[key] = read;
        } else if (ignored === undefined || !ignored.test(key)) unknownKey(visit, key);
      }
      const strangers = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
      for (const key of required) {
        // A misspelt key has been reported already.
        const isMisspelt = strangers.some((stranger) => nearest(stranger, [key]) !== undefined);
        if (!Object.hasOwn(value, key) && !isMisspelt) {
          visit.report("missing-key", `Missing key "${key}" in ${visit.name}`, { part: "key" });
        }
      }
      // Each key was read by the shape of that key.
      return kept as FieldsRead<F>;
    },
  };
}

/** The first of several shapes that accepts the value; give those that accept least first. */
export function either<S extends readonly Shape<unknown>[]>(
  ...shapes: S
): Shape<Read<S[number]>> {
  const expected = joinOr(shapes.map((shape) => shape.expected));
  const isList = shapes.some((shape) => shape.accepts([]));
  return {
    expected,
    json: { anyOf: shapes.map((shape) => shape.json) },
    accepts: (value) => shapes.some((shape) => shape.accepts(value)),
    read(value, visit) {
      const shape = shapes.find((s) => s.accepts(value));
      if (shape !== undefined) return shape.read(value, visit) as Read<S[number]> | undefined;
      visit.mismatch(
        expected,
        value,
        isList && typeof value === "string" ? `Write [${value}]` : undefined,
      );
      return undefined;
    },
  };
}

/** Joins alternatives: `a, b or c`. */
function joinOr(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** A shape whose value is checked or turned into another one; `raw` still has the bad parts. */
export function refine<T, U>(
  shape: Shape<T>,
  turn: (value: T, visit: Visit, raw: Json) => U | undefined,
  more: { expected?: string; json?: JsonObject } = {},
): Shape<U> {
  return {
    expected: more.expected ?? shape.expected,
    json: { ...shape.json, ...more.json },
    accepts: (value) => shape.accepts(value),
    read(value, visit) {
      const read = shape.read(value, visit);
      return read === undefined ? undefined : turn(read, visit, value);
    },
  };
}

/** Adds what an editor shows: a description, a default, examples. */
export function documented<T>(
  shape: Shape<T>,
  description: string,
  more: { default?: Json; examples?: readonly Json[] } = {},
): Shape<T> {
  return { ...shape, json: { description, ...shape.json, ...more } };
}
