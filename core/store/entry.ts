/**
 * One stored result as text, with a checksum. Does not know files, tables or runs.
 *
 * @module
 */

import type { ActionResult, OutputResult } from "../action.ts";
import { type Digest, digestOf, isDigest } from "../base/digest.ts";

/** What is recorded about one action. */
export interface RecordEntry {
  readonly key: Digest;
  readonly result: ActionResult;
  readonly node: string;
  readonly workflow: string;
  /** Canonical text that hashes to the key (`materialText`). */
  readonly materialText: string;
  /** What is not hashed but helps to explain the key; JSON data. */
  readonly notes?: object;
}

/** Positional form of an output: 10⁶ results must not repeat member names. */
type OutputRow = [
  name: string,
  kind: OutputResult["kind"],
  digest: string,
  sizeBytes: number,
  text?: string | null,
  executable?: boolean | null,
  identity?: string,
];

/** Positional form of a result. */
type ResultRow = [OutputRow[], number, number, number | null, number | null, string];

/** Returns the compact text of a result. */
export function encodeResult(result: ActionResult): string {
  const { startedAt, wallMs, cpuMs, maxRssBytes } = result.usage;
  const row: ResultRow = [
    result.outputs.map(outputRow),
    startedAt,
    wallMs,
    cpuMs ?? null,
    maxRssBytes ?? null,
    result.run,
  ];
  return JSON.stringify(row);
}

function outputRow(output: OutputResult): OutputRow {
  const { name, kind, digest, sizeBytes, text, executable, identity } = output;
  const row: OutputRow = [name, kind, digest, sizeBytes];
  if ((text ?? executable ?? identity) !== undefined) row.push(text ?? null);
  if ((executable ?? identity) !== undefined) row.push(executable ?? null);
  if (identity !== undefined) row.push(identity);
  return row;
}

/** Returns the result of a text made by `encodeResult`. Its checksum was verified before. */
export function decodeResult(text: string): ActionResult {
  const [outputs, startedAt, wallMs, cpuMs, maxRssBytes, run] = JSON.parse(text) as ResultRow;
  return {
    outputs: outputs.map(outputOf),
    usage: {
      startedAt,
      wallMs,
      ...(cpuMs === null ? {} : { cpuMs }),
      ...(maxRssBytes === null ? {} : { maxRssBytes }),
    },
    run,
  };
}

function outputOf(row: OutputRow): OutputResult {
  const [name, kind, digest, sizeBytes, text, executable, identity] = row;
  return {
    name,
    kind,
    digest: digest as Digest,
    sizeBytes,
    ...(text == null ? {} : { text }),
    ...(executable == null ? {} : { executable }),
    ...(identity === undefined ? {} : { identity: identity as Digest }),
  };
}

/** Returns the checksum of a key with its body: 64 bits, against damage of journal and index. */
export function checksumOf(key: string, body: string): string {
  return digestOf(key + body).slice(0, 16);
}

/** Returns the sum of the sizes of the outputs that lie in blobs, in bytes. */
export function blobBytes(result: ActionResult): number {
  let sum = 0;
  for (const output of result.outputs) if (output.text === undefined) sum += output.sizeBytes;
  return sum;
}

/** One line of a journal: a result, or a key whose result does not count any more. */
export type JournalRecord =
  | {
    readonly kind: "result";
    readonly key: Digest;
    readonly body: string;
    readonly sum: string;
    readonly node: string;
    readonly workflow: string;
    /** Whole text, or what differs from the line at `base`. */
    readonly material: string | MaterialDelta;
    readonly notes?: object;
    /** Milliseconds since the epoch. */
    readonly at: number;
  }
  | { readonly kind: "forget"; readonly key: Digest };

/** A material as difference from another one in the same journal: elements of a map node differ in a few digests. */
export interface MaterialDelta {
  /** Byte offset of the line that holds the other text whole. */
  readonly base: number;
  /** UTF-16 units shared at the start and at the end. */
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: string;
}

/** Returns a journal line without its newline. */
export function encodeLine(record: JournalRecord): string {
  if (record.kind === "forget") return JSON.stringify({ k: record.key, d: 1 });
  const { key, body, sum, node, workflow, material, notes, at } = record;
  const m = typeof material === "string"
    ? JSON.stringify(material)
    : `[${material.base},${material.prefix},${material.suffix},${JSON.stringify(material.middle)}]`;
  const x = notes === undefined ? "" : `,"x":${JSON.stringify(notes)}`;
  return `{"k":"${key}","c":"${sum}","b":${body},"n":${JSON.stringify(node)},"w":${
    JSON.stringify(workflow)
  },"t":${at},"m":${m}${x}}`;
}

/** Returns the record of a journal line, or `undefined` if the line is torn or damaged. */
export function decodeLine(line: string): JournalRecord | undefined {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(line);
  } catch {
    // Torn by a crash or damaged: the result counts as never recorded.
    return undefined;
  }
  const { k, c, b, n, w, t, m, x } = raw ?? {};
  if (typeof k !== "string" || !isDigest(k)) return undefined;
  if (raw.d === 1) return { kind: "forget", key: k };
  if (typeof n !== "string" || typeof w !== "string" || typeof t !== "number") return undefined;
  const body = JSON.stringify(b);
  if (typeof c !== "string" || body === undefined || checksumOf(k, body) !== c) return undefined;
  const material = materialOf(m);
  if (material === undefined) return undefined;
  const notes = x as object | undefined;
  return {
    kind: "result",
    key: k,
    body,
    sum: c,
    node: n,
    workflow: w,
    material,
    at: t,
    ...(notes === undefined ? {} : { notes }),
  };
}

function materialOf(raw: unknown): string | MaterialDelta | undefined {
  if (typeof raw === "string") return raw;
  if (!Array.isArray(raw) || raw.length !== 4) return undefined;
  const [base, prefix, suffix, middle] = raw as [number, number, number, string];
  return { base, prefix, suffix, middle };
}

/** Returns what of a text differs from another one, or `undefined` if that saves less than half. */
export function deltaOf(text: string, other: string, base: number): MaterialDelta | undefined {
  const limit = Math.min(text.length, other.length);
  let prefix = 0;
  while (prefix < limit && text.charCodeAt(prefix) === other.charCodeAt(prefix)) prefix++;
  let suffix = 0;
  while (
    suffix < limit - prefix &&
    text.charCodeAt(text.length - 1 - suffix) === other.charCodeAt(other.length - 1 - suffix)
  ) suffix++;
  if ((prefix + suffix) * 2 < text.length) return undefined;
  return { base, prefix, suffix, middle: text.slice(prefix, text.length - suffix) };
}

/** Returns the text a delta stands for. */
export function applyDelta(delta: MaterialDelta, other: string): string {
  const tail = delta.suffix === 0 ? "" : other.slice(-delta.suffix);
  return other.slice(0, delta.prefix) + delta.middle + tail;
}
