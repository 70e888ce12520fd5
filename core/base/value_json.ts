/**
 * Any stored value as JSON for people and `jq`: the stored text, with typed arrays spelled out. Does not
 * know where the value comes from.
 *
 * @module
 */

import { encodeValue } from "./value.ts";

/** What an attachment stands as in the text; inside a string the quotes would be escaped. */
const ATTACHMENT = /\{"\$flow":\["(\w+)",(\d+)\]\}/g;

/** Names of types whose attachment is not a number by itself. */
const NUMBER_TAGS: ReadonlySet<string> = new Set(["BigInt", "Date"]);

/**
 * Returns a value as JSON. What JSON lacks is tagged as in the store; the elements of typed arrays and
 * buffers stand in the tag: `{"$flow":["Uint8Array",[0,255]]}`.
 *
 * @throws {ValueError} If the value cannot be stored.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { valueJson } from "./value_json.ts";
 *
 * assertEquals(valueJson({ a: new Uint8Array([0, 255]) }), '{"a":{"$flow":["Uint8Array",[0,255]]}}');
 * assertEquals(valueJson([NaN]), '[{"$flow":"NaN"}]');
 * ```
 */
export function valueJson(value: unknown): string {
  const { text, bytes } = encodeValue(value);
  if (text !== undefined) return text;
  const { body, attachments } = unpack(bytes);
  return body.replace(ATTACHMENT, (tag, name: string, index: string) => {
    if (NUMBER_TAGS.has(name)) return tag;
    const elements = elementsOf(name, attachments[Number(index)]);
    return `{"$flow":[${JSON.stringify(name)},[${elements.map(elementJson).join(",")}]]}`;
  });
}

/** Takes a container apart; `core/base/value.ts` documents it. */
function unpack(bytes: Uint8Array<ArrayBuffer>): { body: string; attachments: ArrayBuffer[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textBytes = view.getUint32(8, true);
  const count = view.getUint32(12, true);
  const head = 16 + 8 * count;
  let offset = head + padded(textBytes);
  const attachments: ArrayBuffer[] = [];
  for (let i = 0; i < count; i++) {
    const length = view.getFloat64(16 + 8 * i, true);
    attachments.push(bytes.slice(offset, offset + length).buffer);
    offset += padded(length);
  }
  return { body: new TextDecoder().decode(bytes.subarray(head, head + textBytes)), attachments };
}

function padded(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** Elements of a typed array; the bytes of a buffer. */
function elementsOf(name: string, buffer: ArrayBuffer): (number | bigint)[] {
  const isBytes = name === "ArrayBuffer" || name === "DataView";
  const types = globalThis as unknown as Record<
    string,
    new (buffer: ArrayBuffer) => Iterable<number | bigint>
  >;
  return [...new types[isBytes ? "Uint8Array" : name](buffer)];
}

function elementJson(element: number | bigint): string {
  return typeof element === "bigint" ? JSON.stringify(String(element)) : valueJson(element);
}
