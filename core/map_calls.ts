/**
 * The calls of a map node: what each takes of the arrays that are mapped over, and what tells one call from another.
 * Works with indices; there is no object per call. Does not know schedules, results or executors.
 *
 * @module
 */

import { type ActionInput, INLINE_BYTES } from "./action.ts";
import { digestOf } from "./base/digest.ts";
import { indexOf, sizeOf } from "./base/space.ts";
import { StringTable } from "./base/string_table.ts";
import { TextColumn } from "./base/text_column.ts";
import {
  decodeValue,
  encodeError,
  encodeValue,
  type ErrorFields,
  holdsErrors,
} from "./base/value.ts";
import { joinTexts } from "./batch.ts";
import {
  asError,
  errorsAbove,
  errorsIn,
  formatCauses,
  rootCauses,
  spreadErrors,
} from "./error_value.ts";
import { type MapInput, type MapPlan, planMap, shapeOf, type ShapeProblem } from "./mapplan.ts";
import type { MapSpec } from "./mapspec.ts";
import { plainElements } from "./plain_elements.ts";

/** One element of an array: its encoded text if that is small, else an input of its own. */
export type Element = string | ActionInput;

/** An array whose elements are still being made. */
export interface LiveArray {
  readonly shape: readonly number[];
  /** Returns an element by its row-major position, if it is there and good. */
  at(position: number): Element | undefined;
}

/** Live arrays by name of the map-spec. */
export type LiveArrays = Readonly<Record<string, LiveArray>>;

/** The elements of an array, row-major. */
interface Elements {
  readonly length: number;
  at(position: number): Element | undefined;
}

/** One argument that is mapped over. */
interface Column {
  readonly argument: string;
  readonly input: MapInput;
  /** Row-major; `undefined` if they are still being made. */
  readonly elements: Elements | undefined;
  /** Returns an element; of those that are being made only if it is there. */
  readonly at: (position: number) => Element;
  /** By element: the error values it is or holds; absent if no element does. */
  readonly errors?: ReadonlyMap<number, ElementErrors>;
}

/** Error values of one element. */
interface ElementErrors {
  /** The element is one itself. */
  readonly isWhole: boolean;
  readonly errors: readonly ErrorFields[];
}

/** An array read down to its rank. */
type ReadArray = Omit<Column, "argument" | "input"> & {
  readonly shape: readonly (number | undefined)[];
};

/** Error values that a call would take. */
export interface CallErrors {
  /** One stands for all of an argument, so there is nothing to call the function with. */
  readonly isWhole: boolean;
  readonly errors: readonly ErrorFields[];
}

/** What making calls needs from outside. */
export interface CallSources {
  /** Returns the stored bytes of a value. */
  read(digest: string): Uint8Array;
  /** Stores bytes; returns an input that holds them. */
  store(name: string, bytes: Uint8Array): ActionInput;
  /** Returns a file as an input. */
  file(name: string, path: string): ActionInput;
}

/** Which arguments of a node are mapped over: position of the input by name of the map-spec. */
export type MapWires = Readonly<Record<string, number>>;

/** Characters of a key that are kept as they are; longer ones are hashed. */
const KEY_CHARS = 96;

/** The calls of one map node. */
export class MapCalls {
  readonly plan: MapPlan;
  /** Whether everything all calls take is small text; `undefined` if that is not known yet. */
  readonly #arePacked: boolean | undefined;
  /** Inputs that are the same for all calls. */
  readonly constants: readonly ActionInput[];
  readonly #columns: readonly Column[];

  private constructor(
    plan: MapPlan,
    constants: readonly ActionInput[],
    columns: readonly Column[],
  ) {
    this.plan = plan;
    this.constants = constants;
    this.#columns = columns;
    this.#arePacked = columns.some(({ elements }) => elements === undefined)
      ? undefined
      : columns.every(({ elements = [] }) => areTexts(elements));
  }

  /**
   * Plans the calls of a map node over its inputs.
   *
   * @param spec The map-spec.
   * @param wires Which inputs its names mean.
   * @param inputs All inputs of the node; those of live arrays are not looked at.
   * @param live Arrays that are still being made.
   * @returns The calls, or why the shapes do not fit.
   */
  static of(
    spec: MapSpec,
    wires: MapWires,
    inputs: readonly ActionInput[],
    sources: CallSources,
    live: LiveArrays = {},
  ): MapCalls | ShapeProblem {
    const shapes: Record<string, readonly (number | undefined)[]> = {};
    const arrays: Record<string, ReadArray> = {};
    for (const { name, axes } of spec.inputs) {
      const array = Object.hasOwn(live, name)
        ? liveArray(live[name])
        : readArray(inputs[wires[name]], axes.length, name, sources);
      if ("ok" in array) return array;
      shapes[name] = array.shape;
      arrays[name] = array;
    }
    const plan = planMap(spec, shapes);
    if (!plan.ok) return plan;
    const columns = plan.inputs.map((input) => ({
      argument: inputs[wires[input.name]].name,
      input,
      ...arrays[input.name],
    }));
    const mapped = new Set(Object.values(wires));
    return new MapCalls(plan, inputs.filter((_, i) => !mapped.has(i)), columns);
  }

  /** Number of calls. */
  get count(): number {
    return this.plan.callCount;
  }

  /** Position of a call in the shape of all calls. */
  indexOf(call: number): number[] {
    return indexOf(call, this.plan.calls.shape);
  }

  /** Whether everything a call takes is small text, so that it travels with others. */
  isPacked(call: number): boolean {
    return this.#arePacked ?? this.#columns.every((column) => {
      for (const at of partOf(column, call)) if (typeof column.at(at) !== "string") return false;
      return true;
    });
  }

  /** What tells a call from others of the same node: equal keys take equal elements. */
  keyOf(call: number): string {
    const parts = this.#columns.map((column) => keyOfPart(column, call));
    const key = parts.length === 1 ? parts[0] : parts.join("\t");
    return key.length <= KEY_CHARS ? key : `#${digestOf(key)}`;
  }

  /** The key of a call that looked at its position, from its key: it holds only there. */
  placedKey(call: number, key: string): string {
    return `${key}@${this.indexOf(call).join(",")}`;
  }

  /** Finds something by the key of a call, else by its key with the position. */
  find<T>(call: number, key: string, find: (key: string) => T | undefined): T | undefined {
    return find(key) ?? find(this.placedKey(call, key));
  }

  /** Returns the error values a call would take, if there are any. */
  errorsOf(call: number): CallErrors | undefined {
    const found: CallErrors[] = [];
    for (const column of this.#columns) {
      if (column.errors === undefined) continue;
      for (const at of partOf(column, call)) {
        const element = column.errors.get(at);
        if (element === undefined) continue;
        found.push({ isWhole: element.isWhole && isSingle(column), errors: element.errors });
      }
    }
    if (found.length === 0) return undefined;
    const whole = found.filter(({ isWhole }) => isWhole);
    const isWhole = whole.length > 0;
    return { isWhole, errors: (isWhole ? whole : found).flatMap(({ errors }) => errors) };
  }

  /** Texts of calls by argument, a line each; only if they are packed. */
  textsOf(calls: readonly number[]): Record<string, string> {
    return Object.fromEntries(
      this.#columns.map((column) => [
        column.argument,
        joinTexts(calls.map((call) => textOf(column, call))),
      ]),
    );
  }

  /** Whether no two calls can take equal elements, as no two elements are equal. */
  get areDistinct(): boolean {
    return this.#columns.every(({ elements, at, input: { select } }) => {
      if (select.count === 0 || elements === undefined) return false;
      const keyAt = (position: number) => keyOfElement(at(position));
      const table = new StringTable(keyAt, elements.length);
      for (let i = 0; i < elements.length; i++) if (table.add(keyAt(i)) < i) return false;
      return true;
    });
  }

  /** All inputs of one call. */
  inputsOf(call: number): ActionInput[] {
    return [...this.constants, ...this.#columns.map((column) => inputOf(column, call))];
  }
}

/** Reads an array down to its rank. */
function readArray(
  input: ActionInput,
  rank: number,
  name: string,
  sources: CallSources,
): ReadArray | ShapeProblem {
  if (input.kind === "files" && rank === 1) {
    const elements = input.paths.map((path) => sources.file(input.name, path));
    return arrayOf([elements.length], elements);
  }
  if (input.kind === "array" && rank <= input.shape.length) return readFiles(input, rank);
  if (input.kind !== "value") {
    const message = `Cannot map over "${name}": it is a ${input.kind}, not an array`;
    return { ok: false, message, inputs: [name] };
  }
  const encoded = input.text ?? sources.read(input.digest);
  const plain = plainElements(encoded, rank);
  if (plain !== undefined) return arrayOf(plain.shape, plain.elements);
  const decoded = decodeValue(encoded);
  const error = asError(decoded);
  if (error !== undefined) {
    const { causes } = error;
    const message = `Cannot map over "${name}": it is an error value, from ${formatCauses(causes)}`;
    return { ok: false, message, inputs: [name], causes };
  }
  const hasErrors = holdsErrors(encoded);
  const value = hasErrors ? spreadErrors(decoded, rank) : decoded;
  const unmeasured = hasErrors ? errorsAbove(value, rank) : [];
  if (unmeasured.length > 0) {
    const causes = rootCauses(unmeasured);
    const message = `Cannot map over "${name}": nobody knows how long the rows are that are ` +
      `error values, from ${formatCauses(causes)}`;
    const hint = 'say it in the map-spec that makes the array, as in "x[i, j=3]"';
    return { ok: false, message, inputs: [name], hint, causes };
  }
  const measured = shapeOf(value, rank, name);
  if (!measured.ok) return measured;
  let level: readonly unknown[] = value as readonly unknown[];
  for (let axis = 1; axis < rank; axis++) {
    level = (level as readonly (readonly unknown[])[]).flatMap((row) => [...row]);
  }
  const elements = Array.from(level, (item): Element => {
    const error = hasErrors ? asError(item) : undefined;
    // It is never sent, so it may have any length.
    if (error !== undefined) return encodeError(error);
    const encoded = encodeValue(item);
    const { text } = encoded;
    if (text !== undefined && text.length <= INLINE_BYTES) return text;
    const bytes = text === undefined ? encoded.bytes : new TextEncoder().encode(text);
    return sources.store(input.name, bytes as Uint8Array);
  });
  const { shape } = measured;
  const read = arrayOf(shape, elements);
  return hasErrors ? { ...read, errors: errorsAt(level) } : read;
}

/** @param elements As many as the shape says, row-major. */
function arrayOf(shape: ReadArray["shape"], elements: Elements): ReadArray {
  return { shape, elements, at: (position) => elements.at(position) as Element };
}

function liveArray({ shape, at }: LiveArray): ReadArray {
  // Nobody asks for elements before they are there.
  return { shape, elements: undefined, at: at as (position: number) => Element };
}

function areTexts(elements: Elements): boolean {
  if (elements instanceof TextColumn) return elements.isText;
  for (let at = 0; at < elements.length; at++) {
    if (typeof elements.at(at) !== "string") return false;
  }
  return true;
}

/** Reads an array of files down to a rank; what is below stays an array. */
function readFiles(
  { name, shape, elements }: Extract<ActionInput, { kind: "array" }>,
  rank: number,
): ReadArray {
  const inner = shape.slice(rank);
  const size = sizeOf(inner);
  const outer = shape.slice(0, rank);
  const parts = Array.from({ length: sizeOf(outer) }, (_, i): Element => {
    const part = elements.slice(i * size, (i + 1) * size);
    if (inner.length > 0) return { name, kind: "array", shape: inner, elements: part };
    const [file] = part;
    return file.kind === "value" && file.text !== undefined ? file.text : file;
  });
  const errors = new Map<number, ElementErrors>();
  elements.forEach((element, i) => {
    if (element.kind !== "value" || element.text === undefined) return;
    const at = Math.floor(i / size);
    const before = errors.get(at)?.errors ?? [];
    const own = errorsIn(decodeValue(element.text));
    const isWhole = inner.length === 0;
    if (own.length > 0) errors.set(at, { isWhole, errors: [...before, ...own] });
  });
  // Below nothing there are no lengths.
  const known = outer.map((length, axis) => outer.slice(0, axis).includes(0) ? undefined : length);
  const read = arrayOf(known, parts);
  return errors.size === 0 ? read : { ...read, errors };
}

/** The elements that are or hold error values. */
function errorsAt(level: ArrayLike<unknown>): ReadonlyMap<number, ElementErrors> {
  const found = new Map<number, ElementErrors>();
  for (let at = 0; at < level.length; at++) {
    const errors = errorsIn(level[at]);
    if (errors.length > 0) found.set(at, { isWhole: asError(level[at]) !== undefined, errors });
  }
  return found;
}

/** Positions of the elements a call takes of a column. */
function* partOf({ input: { select } }: Column, call: number): Generator<number> {
  const first = select.first(call);
  for (let k = 0; k < select.count; k++) yield first + select.offset(k);
}

function isSingle({ input: { select } }: Column): boolean {
  return select.shape.length === 0;
}

function keyOfPart(column: Column, call: number): string {
  if (isSingle(column)) return keyOfElement(column.at(column.input.select.first(call)));
  const parts = [...partOf(column, call)].map((at) => keyOfElement(column.at(at)));
  return digestOf(JSON.stringify([column.input.select.shape, parts]));
}

function keyOfElement(element: Element): string {
  if (typeof element === "string") return element;
  switch (element.kind) {
    case "value":
      return `#${element.digest}`;
    case "file":
    case "dir":
      // As all parts of a key it has no tab and no line end.
      return `${element.kind}#${element.digest} ${
        JSON.stringify(/[^/](\.[^./]+)$/.exec(element.path)?.[1] ?? "")
      }`;
    case "array":
      return `#${digestOf(JSON.stringify([element.shape, element.elements.map(keyOfElement)]))}`;
    case "files":
      return JSON.stringify(element);
    default:
      return element satisfies never;
  }
}

function textOf(column: Column, call: number): string {
  if (isSingle(column)) return String(column.at(column.input.select.first(call)));
  const texts = [...partOf(column, call)].map((at) => String(column.at(at)));
  return nestTexts(texts, column.input.select.shape);
}

function inputOf(column: Column, call: number): ActionInput {
  const { argument, input: { select } } = column;
  if (isSingle(column)) return asInput(argument, column.at(select.first(call)));
  const parts = [...partOf(column, call)].map((at) => asInput(argument, column.at(at)));
  return { name: argument, kind: "array", shape: select.shape, elements: parts };
}

function asInput(name: string, element: Element): ActionInput {
  if (typeof element !== "string") return element;
  return { name, kind: "value", digest: digestOf(element), text: element };
}

/**
 * Returns the text of a nested array from the texts of its elements.
 *
 * @param texts Row-major, `sizeOf(shape)` of them.
 * @param shape Without axes the only text is returned.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { nestTexts } from "./map_calls.ts";
 *
 * assertEquals(nestTexts(["1", "2", "3", "4"], [2, 2]), "[[1,2],[3,4]]");
 * ```
 */
export function nestTexts(
  texts: { at(place: number): string | undefined },
  shape: readonly number[],
): string {
  if (shape.length === 0) return String(texts.at(0));
  const last = shape.length - 1;
  /** Elements of one place along each axis. */
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((all, n) => all * n, 1));
  const nest = (axis: number, first: number): string => {
    const parts: string[] = [];
    // In pieces: a list of a million texts would outlive several collections of garbage.
    for (let from = 0; from < shape[axis]; from += PIECE) {
      const count = Math.min(PIECE, shape[axis] - from);
      const items = Array.from({ length: count }, (_, i) => {
        const place = first + (from + i) * strides[axis];
        return axis === last ? texts.at(place) : nest(axis + 1, place);
      });
      parts.push(items.join(","));
    }
    return `[${parts.join(",")}]`;
  };
  return nest(0, 0);
}

/** Texts that are put together at once. */
const PIECE = 4096;
