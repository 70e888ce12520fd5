/**
 * Values of a call: inputs as parts for a worker, encoded outputs as results. Does not know files' bytes or workers.
 *
 * @module
 */

import { type ActionInput, INLINE_BYTES, type OutputResult } from "../action.ts";
import { messageOf } from "../base/error.ts";
import { type Digest, digestOf } from "../base/digest.ts";
import type { Blobs } from "../store/blobs.ts";
import type { ActionBytes } from "./action_bytes.ts";
import { ActionFailure } from "./host_files.ts";
import type { Part } from "./worker_protocol.ts";

/** What the worker that will get the parts already has. */
export interface Keeper {
  has(digest: string): boolean;
  keeps(digest: string, sizeBytes: number, drop: string[]): boolean;
}

/**
 * Returns one argument as a part.
 *
 * @param input The argument.
 * @param pathOf Gives the staged path or paths of a file input.
 * @param stored Where larger values are.
 * @param keeper The worker.
 * @param drop Gets what the worker is to let go of.
 */
export function partOf(
  input: ActionInput,
  pathOf: (input: ActionInput) => unknown,
  stored: ActionBytes,
  keeper: Keeper,
  drop: string[],
): Part {
  switch (input.kind) {
    case "value":
      return valuePart(input, stored, keeper, drop);
    case "file":
    case "dir":
    case "files":
      return { text: JSON.stringify(pathOf(input)) };
    case "array": {
      const items = input.elements.map((element) => partOf(element, pathOf, stored, keeper, drop));
      return joined(items, input.shape) ?? { shape: input.shape, items };
    }
  }
}

function valuePart(
  input: ActionInput & { kind: "value" },
  stored: ActionBytes,
  keeper: Keeper,
  drop: string[],
): Part {
  const { digest } = input;
  if (input.text !== undefined) return { text: input.text };
  if (keeper.has(digest)) {
    keeper.keeps(digest, 0, drop);
    return { digest };
  }
  const bytes = readValue(input.name, digest, stored);
  keeper.keeps(digest, bytes.length, drop);
  // A container starts with 0x93, which no UTF-8 text does.
  return bytes[0] === 0x93 ? { bytes, digest } : { text: decoder.decode(bytes), digest };
}

const decoder = new TextDecoder();

/** Yields the buffers of a part: sent along they are given away, not copied. */
export function* buffersOf(part: Part): Generator<ArrayBuffer> {
  if ("shape" in part) { for (const item of part.items) yield* buffersOf(item); }
  else if (part.bytes !== undefined) yield part.bytes.buffer;
}

function readValue(
  name: string,
  digest: Digest,
  stored: ActionBytes,
): Uint8Array<ArrayBuffer> {
  try {
    return stored.read(digest);
  } catch (error) {
    throw new ActionFailure({
      reason: "unavailable",
      message: `Cannot read the input "${name}": ${messageOf(error)}`,
    });
  }
}

/** One text for an array of inline texts: parsed once, not element by element. */
function joined(items: readonly Part[], shape: readonly number[]): Part | undefined {
  const texts: string[] = [];
  for (const item of items) {
    if (!("text" in item) || item.text === undefined || item.digest !== undefined) return undefined;
    texts.push(item.text);
  }
  let level = texts;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis];
    const count = shape.slice(0, axis).reduce((product, n) => product * n, 1);
    level = Array.from(
      { length: count },
      (_, i) => `[${level.slice(i * size, (i + 1) * size).join(",")}]`,
    );
  }
  return { text: level[0] };
}

/** Stores an encoded value unless it is small text, and returns it as a result. */
export function valueResult(
  name: string,
  encoded: string | Uint8Array<ArrayBuffer>,
  blobs: Blobs,
): OutputResult {
  if (typeof encoded === "string" && encoded.length <= INLINE_BYTES) {
    const sizeBytes = utf8Length(encoded);
    if (sizeBytes <= INLINE_BYTES) {
      return { name, kind: "value", digest: digestOf(encoded), sizeBytes, text: encoded };
    }
  }
  const bytes = typeof encoded === "string" ? encoder.encode(encoded) : encoded;
  return { name, kind: "value", digest: blobs.put(bytes), sizeBytes: bytes.length };
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(INLINE_BYTES * 3);

function utf8Length(text: string): number {
  return encoder.encodeInto(text, scratch).written;
}
