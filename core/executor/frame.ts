/**
 * Messages over a byte stream: a token both ends know, a length, JSON text. Does not know what the messages say.
 *
 * The token tells a frame from bytes somebody else wrote to the same pipe, for example a library that prints to
 * descriptor 1: then the stream cannot be trusted any more, and the reader says so.
 *
 * @module
 */

import { ExecutorError } from "../base/error.ts";

/** Largest message, in bytes: beyond it, the length is taken for garbage. */
const MAX_BYTES = 1 << 30;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the frame of a message: token, u32 little-endian length, JSON in UTF-8. */
export function encodeFrame(message: unknown, token: string): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(token);
  const body = encoder.encode(JSON.stringify(message));
  const frame = new Uint8Array(head.length + 4 + body.length);
  frame.set(head);
  new DataView(frame.buffer).setUint32(head.length, body.length, true);
  frame.set(body, head.length + 4);
  return frame;
}

/** Takes chunks of any size and gives back the messages they complete. */
export class FrameReader {
  readonly #token: Uint8Array;
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  /** Bytes needed before it is worth looking again. */
  #wantedBytes: number;

  /** @param token Expected before every frame; may be empty. */
  constructor(token: string) {
    this.#token = encoder.encode(token);
    this.#wantedBytes = this.#token.length + 4;
  }

  /**
   * Adds a chunk and returns the messages that are complete now, in order.
   *
   * @throws {ExecutorError} If the bytes are not a frame.
   */
  push(chunk: Uint8Array): unknown[] {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    const messages: unknown[] = [];
    if (this.#sizeBytes < this.#wantedBytes) return messages;
    const bytes = this.#joined();
    const headBytes = this.#token.length + 4;
    let offset = 0;
    for (;;) {
      this.#wantedBytes = headBytes;
      if (bytes.length - offset < headBytes) break;
      const bodyBytes = this.#bodyBytes(bytes, offset);
      this.#wantedBytes = headBytes + bodyBytes;
      if (bytes.length - offset < this.#wantedBytes) break;
      const body = bytes.subarray(offset + headBytes, offset + headBytes + bodyBytes);
      messages.push(parseBody(body));
      offset += headBytes + bodyBytes;
    }
    this.#chunks = offset === bytes.length ? [] : [bytes.subarray(offset)];
    this.#sizeBytes = bytes.length - offset;
    return messages;
  }

  #joined(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0];
    const bytes = new Uint8Array(this.#sizeBytes);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }

  #bodyBytes(bytes: Uint8Array, offset: number): number {
    for (let i = 0; i < this.#token.length; i++) {
      if (bytes[offset + i] !== this.#token[i]) throw strayBytes(bytes.subarray(offset));
    }
    const at = bytes.byteOffset + offset + this.#token.length;
    const length = new DataView(bytes.buffer, at, 4).getUint32(0, true);
    if (length > MAX_BYTES) throw strayBytes(bytes.subarray(offset));
    return length;
  }
}

function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    throw strayBytes(body);
  }
}

function strayBytes(bytes: Uint8Array): ExecutorError {
  const found = JSON.stringify(decoder.decode(bytes.subarray(0, 60)));
  return new ExecutorError(`Cannot read a frame: found other bytes on the pipe: ${found}`);
}
