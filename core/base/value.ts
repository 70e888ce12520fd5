/**
 * The stored form of values: canonical text for data, raw attachments for typed arrays. Knows nothing of nodes,
 * workers or stores.
 *
 * **Text.** A value made of `null`, booleans, finite numbers, strings, arrays and plain objects is its JSON text without
 * layout, keys in insertion order. Everything else JSON lacks is an object with the single key `$flow`:
 *
 * | value | text |
 * |---|---|
 * | `undefined`, `NaN`, `Infinity`, `-Infinity`, `-0` | `{"$flow":"undefined"}`, `{"$flow":"NaN"}`, … |
 * | missing element of a sparse array | `{"$flow":"hole"}` |
 * | BigInt | `{"$flow":["BigInt","12"]}` |
 * | Date (milliseconds; `null` if invalid) | `{"$flow":["Date",0]}` |
 * | Map, Set | `{"$flow":["Map",[[key,value],…]]}`, `{"$flow":["Set",[…]]}` |
 * | plain object that has a key `$flow` | `{"$flow":["Object",[[key,value],…]]}` |
 * | ArrayBuffer, typed array, DataView | `{"$flow":["Float64Array",n]}`: attachment number n |
 * | error value: what stands for a result that could not be made | `{"$flow":["Error",{"node":…,"reason":…,"message":…,"causes":[…]}]}` |
 *
 * **Container.** A value with attachments is bytes: the 8 bytes `\x93FLOWV1\n`; u32 length of the text, u32 number of
 * attachments, one f64 length per attachment; the text in UTF-8; the attachments. Numbers and attachments are
 * little-endian; text and each attachment start at a multiple of 8, padded with zeros. A text never starts with `\x93`.
 *
 * Equal values give equal bytes. Shared references are duplicated. Object prototypes must be `Object.prototype` or `null`
 * (decoded as plain); a Buffer is stored as Uint8Array; named properties of arrays are not kept.
 *
 * @module
 */

import { type Digest, digestOf } from "./digest.ts";

/** An encoded value: text, or a container when it has attachments. */
export type Encoded =
  | { readonly text: string; readonly bytes?: undefined }
  | { readonly text?: undefined; readonly bytes: Uint8Array<ArrayBuffer> };

/** Encodes and decodes values. */
export interface ValueCodec {
  /** @throws {ValueError} If the value holds something that cannot be stored. */
  encode(value: unknown): Encoded;
  /** Returns a fresh, deeply frozen value; typed arrays, Maps, Sets and Dates cannot be frozen. */
  decode(encoded: string | Uint8Array): unknown;
  /** What `encode` throws: `path` is the place inside the value, for example `$.rows[3].fn`. */
  readonly ValueError: new (path: string, problem: string) => Error & { readonly path: string };
}

/**
 * Makes a codec. The function refers to nothing outside itself, because its source text also runs in workers: that keeps
 * all of the format in one piece.
 */
export function createValueCodec(): ValueCodec {
  const MAX_DEPTH = 1000;
  const MAX_HOLES = 1 << 16;
  const TAG = "$flow";
  const MAGIC = "\x93FLOWV1\n";
  const VIEWS = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
  ] as unknown as (new (buffer: ArrayBuffer) => ArrayBufferView)[];
  const WORDS = new Map<string, unknown>([
    ["undefined", undefined],
    ["NaN", NaN],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity],
    ["-0", -0],
  ]);
  const viewByName = new Map<string, new (buffer: ArrayBuffer) => unknown>(
    VIEWS.map((view) => [view.name, view]),
  );
  viewByName.set("DataView", DataView);
  const float16 = (globalThis as Record<string, unknown>).Float16Array;
  if (typeof float16 === "function") {
    viewByName.set("Float16Array", float16 as new (buffer: ArrayBuffer) => unknown);
  }
  // Captured, so that a value's owner cannot replace them later.
  const stringify = JSON.stringify;
  const parse = JSON.parse;
  const { getPrototypeOf, getOwnPropertySymbols, keys, hasOwn, freeze, defineProperty } = Object;
  const { isArray } = Array;
  const { assign } = Object;
  const ERROR = Symbol.for("flow.error");
  const objectPrototype = Object.prototype;
  const arrayPrototype = Array.prototype;

  class ValueError extends Error {
    readonly path: string;
    constructor(path: string, problem: string) {
      super(`Cannot store the value: "${path}" is ${problem}`);
      this.name = "ValueError";
      this.path = path;
    }
  }

  /** An error value. Known by the symbol, because every copy of this codec has a class of its own. */
  class ErrorValue {
    constructor(fields: unknown) {
      assign(this, fields);
      freeze(this);
    }
    get [ERROR](): true {
      return true;
    }
  }

  function isErrorValue(object: object): boolean {
    const prototype = getPrototypeOf(object);
    return prototype !== null && hasOwn(prototype, ERROR);
  }

  /** True if JSON text alone says everything about the value. Never throws; what it refuses is looked at again. */
  function isPlain(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case "string":
      case "boolean":
        return true;
      case "number":
        return value === 0 ? 1 / value > 0 : value - value === 0;
      case "object":
        break;
      default:
        return false;
    }
    if (value === null) return true;
    if (depth >= MAX_DEPTH) return false;
    const prototype = getPrototypeOf(value);
    if (prototype === arrayPrototype && isArray(value)) {
      for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false;
      return true;
    }
    if (prototype !== objectPrototype && prototype !== null) return false;
    const names = keys(value);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (name === TAG) return false;
      if (!isPlain((value as Record<string, unknown>)[name], depth + 1)) return false;
    }
    return getOwnPropertySymbols(value).length === 0;
  }

  function article(name: string): string {
    return (/^[AEIOU]/i.test(name) ? "an " : "a ") + name;
  }

  function describe(value: object): string {
    let name = "";
    try {
      const prototype = getPrototypeOf(value);
      name = String(prototype?.constructor?.name ?? "");
      if (value instanceof Error) return `an error (${name || "Error"}: ${value.message})`;
    } catch {
      // A hostile object; its name is not needed.
    }
    if (name === "Promise") return "a promise; is an `await` missing?";
    if (name === "RegExp" || name === "WeakMap" || name === "WeakSet") return article(name);
    const tag = objectPrototype.toString.call(value).slice(8, -1);
    if (tag === "Generator" || tag === "AsyncGenerator" || tag.endsWith("Iterator")) {
      return `${article(tag.toLowerCase())}; spread it into an array`;
    }
    if (name === "" || name === "Object") return `${article(tag)}, not plain data`;
    return `an instance of class ${name}, not plain data`;
  }

  /** Turns a value into a tree JSON can hold; typed arrays go to `attachments`. */
  function toTree(
    value: unknown,
    path: string,
    open: Set<object>,
    attachments: Uint8Array[],
  ): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (value === 0 && 1 / value < 0) return { [TAG]: "-0" };
        return value - value === 0 ? value : { [TAG]: String(value) };
      case "undefined":
        return { [TAG]: "undefined" };
      case "bigint":
        return { [TAG]: ["BigInt", String(value)] };
      case "function":
        throw new ValueError(path, "a function");
      case "symbol":
        throw new ValueError(path, "a symbol");
    }
    if (value === null) return null;
    const object = value as object;
    if (open.has(object)) throw new ValueError(path, "cyclic: it contains itself");
    if (open.size >= MAX_DEPTH) {
      throw new ValueError(
        path.length > 80 ? path.slice(0, 80) + "…" : path,
        `nested more than ${MAX_DEPTH} levels deep`,
      );
    }
    open.add(object);
    const tree = objectTree(object, path, open, attachments);
    open.delete(object);
    return tree;
  }

  function objectTree(
    object: object,
    path: string,
    open: Set<object>,
    attachments: Uint8Array[],
  ): unknown {
    const prototype = getPrototypeOf(object);
    if (isArray(object) && prototype === arrayPrototype) {
      return arrayTree(object, path, open, attachments);
    }
    if (prototype === objectPrototype || prototype === null) {
      return recordTree(object, path, open, attachments);
    }
    if (prototype === Date.prototype) {
      const time = Date.prototype.getTime.call(object);
      return { [TAG]: ["Date", time === time ? time : null] };
    }
    if (prototype === Map.prototype) {
      const entries: unknown[] = [];
      for (const [key, item] of object as Map<unknown, unknown>) {
        const at = `${path}.get(${typeof key === "string" ? stringify(key) : String(typeof key)})`;
        entries.push([
          toTree(key, `${path}.keys()[${entries.length}]`, open, attachments),
          toTree(item, at, open, attachments),
        ]);
      }
      return { [TAG]: ["Map", entries] };
    }
    if (prototype === Set.prototype) {
      const items: unknown[] = [];
      for (const item of object as Set<unknown>) {
        items.push(toTree(item, `${path}.values()[${items.length}]`, open, attachments));
      }
      return { [TAG]: ["Set", items] };
    }
    if (isErrorValue(object)) {
      return { [TAG]: ["Error", recordTree(object, path, open, attachments)] };
    }
    return bufferTree(object, path, attachments);
  }

  function arrayTree(
    array: readonly unknown[],
    path: string,
    open: Set<object>,
    attachments: Uint8Array[],
  ): unknown[] {
    const items: unknown[] = [];
    let holes = 0;
    for (let i = 0; i < array.length; i++) {
      const item = array[i];
      if (item === undefined && !hasOwn(array, i)) {
        if (++holes > MAX_HOLES) throw new ValueError(path, "a sparse array with too many holes");
        items.push({ [TAG]: "hole" });
      } else {
        items.push(toTree(item, `${path}[${i}]`, open, attachments));
      }
    }
    return items;
  }

  function recordTree(
    record: object,
    path: string,
    open: Set<object>,
    attachments: Uint8Array[],
  ): unknown {
    const symbols = getOwnPropertySymbols(record);
    if (symbols.length > 0) {
      throw new ValueError(path, `an object with the symbol key ${String(symbols[0])}`);
    }
    const names = keys(record);
    const items: [string, unknown][] = [];
    for (const name of names) {
      const at = /^[A-Za-z_$][\w$]*$/.test(name)
        ? `${path}.${name}`
        : `${path}[${stringify(name)}]`;
      items.push([name, toTree((record as Record<string, unknown>)[name], at, open, attachments)]);
    }
    return names.includes(TAG) ? { [TAG]: ["Object", items] } : fromEntries(items);
  }

  /** Like `Object.fromEntries`, which also treats `__proto__` as any other key. */
  function fromEntries(items: readonly (readonly [string, unknown])[]): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const [name, value] of items) {
      if (name === "__proto__") {
        defineProperty(record, name, {
          value,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      } else {
        record[name] = value;
      }
    }
    return record;
  }

  function bufferTree(object: object, path: string, attachments: Uint8Array[]): unknown {
    const prototype = getPrototypeOf(object);
    if (prototype === ArrayBuffer.prototype) {
      attachments.push(new Uint8Array(object as ArrayBuffer));
      return { [TAG]: ["ArrayBuffer", attachments.length - 1] };
    }
    if (!ArrayBuffer.isView(object)) throw new ValueError(path, describe(object));
    let name = String(prototype?.constructor?.name);
    if (name === "Buffer" && object instanceof Uint8Array) name = "Uint8Array";
    if (!viewByName.has(name)) throw new ValueError(path, describe(object));
    attachments.push(new Uint8Array(object.buffer, object.byteOffset, object.byteLength));
    return { [TAG]: [name, attachments.length - 1] };
  }

  function padded(size: number): number {
    return Math.ceil(size / 8) * 8;
  }

  function pack(text: string, attachments: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const body = new TextEncoder().encode(text);
    const head = 16 + 8 * attachments.length;
    let size = head + padded(body.length);
    for (const attachment of attachments) size += padded(attachment.length);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 8; i++) bytes[i] = MAGIC.charCodeAt(i);
    view.setUint32(8, body.length, true);
    view.setUint32(12, attachments.length, true);
    bytes.set(body, head);
    let offset = head + padded(body.length);
    attachments.forEach((attachment, i) => {
      view.setFloat64(16 + 8 * i, attachment.length, true);
      bytes.set(attachment, offset);
      offset += padded(attachment.length);
    });
    return bytes;
  }

  function unpack(bytes: Uint8Array): { text: string; attachments: Uint8Array[] } {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const textLength = view.getUint32(8, true);
    const count = view.getUint32(12, true);
    const head = 16 + 8 * count;
    let offset = head + padded(textLength);
    const attachments: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const length = view.getFloat64(16 + 8 * i, true);
      attachments.push(bytes.subarray(offset, offset + length));
      offset += padded(length);
    }
    return {
      text: new TextDecoder().decode(bytes.subarray(head, head + textLength)),
      attachments,
    };
  }

  /** Replaces tags by what they stand for, and freezes. */
  function fromTree(tree: unknown, attachments: readonly Uint8Array[]): unknown {
    if (tree === null || typeof tree !== "object") return tree;
    if (isArray(tree)) {
      for (let i = 0; i < tree.length; i++) {
        const item = tree[i];
        if (item !== null && typeof item === "object") {
          if (item[TAG] === "hole") delete tree[i];
          else tree[i] = fromTree(item, attachments);
        }
      }
      return freeze(tree);
    }
    const record = tree as Record<string, unknown>;
    if (hasOwn(record, TAG)) return fromTag(record[TAG], attachments);
    for (const name of keys(record)) {
      const item = record[name];
      // `undefined` must overwrite its tag, and `__proto__` must not reach the setter.
      if (item !== null && typeof item === "object") {
        defineProperty(record, name, { value: fromTree(item, attachments) });
      }
    }
    return freeze(record);
  }

  function fromTag(tag: unknown, attachments: readonly Uint8Array[]): unknown {
    if (typeof tag === "string") return WORDS.get(tag);
    const [name, data] = tag as [string, never];
    switch (name) {
      case "BigInt":
        return BigInt(data);
      case "Date":
        return new Date(data === null ? NaN : data);
      case "Map":
      case "Set": {
        const items = fromTree(data, attachments) as readonly (readonly [unknown, unknown])[];
        return name === "Map" ? new Map(items) : new Set(items);
      }
      case "Error":
        return new ErrorValue(fromTree(data, attachments));
      case "Object":
        return freeze(fromEntries(fromTree(data, attachments) as [string, unknown][]));
    }
    // A copy of its own: typed arrays cannot be frozen.
    const buffer = attachments[data].slice().buffer as ArrayBuffer;
    return name === "ArrayBuffer" ? buffer : new (viewByName.get(name)!)(buffer);
  }

  function freezeDeep(tree: unknown): unknown {
    if (tree === null || typeof tree !== "object") return tree;
    if (isArray(tree)) {
      for (let i = 0; i < tree.length; i++) {
        const item = tree[i];
        if (item !== null && typeof item === "object") freezeDeep(item);
      }
    } else {
      const record = tree as Record<string, unknown>;
      for (const name of keys(record)) {
        const item = record[name];
        if (item !== null && typeof item === "object") freezeDeep(item);
      }
    }
    return freeze(tree);
  }

  function encode(value: unknown): Encoded {
    try {
      if (isPlain(value, 0)) return { text: stringify(value) };
      const attachments: Uint8Array[] = [];
      const text = stringify(toTree(value, "$", new Set(), attachments));
      return attachments.length === 0 ? { text } : { bytes: pack(text, attachments) };
    } catch (error) {
      if (error instanceof RangeError) throw new ValueError("$", `too large: ${error.message}`);
      throw error;
    }
  }

  function decode(encoded: string | Uint8Array): unknown {
    if (typeof encoded === "string") {
      const tree: unknown = parse(encoded);
      return encoded.includes('"$flow"') ? fromTree(tree, []) : freezeDeep(tree);
    }
    if (encoded[0] !== 0x93) return decode(new TextDecoder().decode(encoded));
    const { text, attachments } = unpack(encoded);
    return fromTree(parse(text), attachments);
  }

  return { encode, decode, ValueError };
}

const codec: ValueCodec = createValueCodec();

/** A value that cannot be stored; `path` is the place inside it. */
export const ValueError: ValueCodec["ValueError"] = codec.ValueError;

/**
 * Returns the stored form of a value. About 1 µs for small plain data.
 *
 * @throws {ValueError} If the value holds a function, a class instance, a cycle or the like.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { decodeValue, encodeValue } from "./value.ts";
 *
 * const encoded = encodeValue({ a: [1, undefined], b: 2n });
 * assertEquals(encoded.text, '{"a":[1,{"$flow":"undefined"}],"b":{"$flow":["BigInt","2"]}}');
 * assertEquals(decodeValue(encoded.text!), { a: [1, undefined], b: 2n });
 * ```
 */
export function encodeValue(value: unknown): Encoded {
  return codec.encode(value);
}

/** Returns the value of a text or of the bytes of a blob; frozen as far as JavaScript can. */
export function decodeValue(encoded: string | Uint8Array): unknown {
  return codec.decode(encoded);
}

const utf8 = new TextEncoder();

/** Returns the bytes of an encoded value as a blob holds them. */
export function encodedBytes(encoded: Encoded): Uint8Array<ArrayBuffer> {
  return encoded.text === undefined ? encoded.bytes : utf8.encode(encoded.text);
}

/** Returns the digest of an encoded value: that of its bytes. */
export function digestOfEncoded(encoded: Encoded): Digest {
  return digestOf(encoded.text ?? encoded.bytes);
}

/** What an error value says of one failure. */
export interface ErrorCause {
  readonly node: string;
  /** Position of the call of a map node. */
  readonly index?: readonly number[];
  /** As in `failed` events; `skipped` for a call that was not made because of an error value it would have taken. */
  readonly reason: string;
  readonly message: string;
}

/** What an error value holds. */
export interface ErrorFields extends ErrorCause {
  /** The failures it comes from, this one if it is one itself; not empty, and perhaps not all of many. */
  readonly causes: readonly ErrorCause[];
}

/** How the text of an error value begins; no other value has this in its text. */
const ERROR_START = '{"$flow":["Error",';

/**
 * Returns the text of an error value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { decodeValue, encodeError, holdsErrors } from "./value.ts";
 *
 * const cause = { node: "ys", index: [1], reason: "threw", message: "no" };
 * const text = encodeError({ ...cause, causes: [cause] });
 * assertEquals((decodeValue(text) as { message: string }).message, "no");
 * assertEquals([holdsErrors(`[1,${text}]`), holdsErrors(JSON.stringify(text))], [true, false]);
 * ```
 */
export function encodeError({ causes, ...own }: ErrorFields): string {
  return `${ERROR_START}${JSON.stringify({ ...ordered(own), causes: causes.map(ordered) })}]}`;
}

/** Equal causes must give equal texts. */
function ordered({ node, index, reason, message }: ErrorCause): ErrorCause {
  return { node, ...(index === undefined ? {} : { index }), reason, message };
}

/** Whether a stored value is an error value, or holds one at any depth. O(size of the text). */
export function holdsErrors(encoded: string | Uint8Array): boolean {
  return (typeof encoded === "string" ? encoded : textOf(encoded)).includes(ERROR_START);
}

/** Whether a text is that of an error value. */
export function isErrorText(text: string): boolean {
  return text.startsWith(ERROR_START);
}

/** The text of a blob, without its attachments. */
function textOf(bytes: Uint8Array): string {
  if (bytes[0] !== 0x93) return new TextDecoder().decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = 16 + 8 * view.getUint32(12, true);
  return new TextDecoder().decode(bytes.subarray(head, head + view.getUint32(8, true)));
}
