/**
 * Results of the single calls of map nodes: one append-only file for everything that is the same for all calls of a
 * node. Does not know map-specs, nodes or how a call is made.
 *
 * A line is a chunk of calls with a checksum before it, so a torn or damaged one loses its calls and nothing else. Any number
 * of processes may append: each chunk is one write, and begins with a line end of its own.
 *
 * @module
 */

import { type Digest, digestOf } from "../base/digest.ts";
import { StringTable } from "../base/string_table.ts";
import { NumberList, TextLines, TextRow } from "../base/text_column.ts";
import { joinTexts } from "../batch.ts";
import { guarded, lstatIfExists, removeIfExists } from "./io.ts";
import { linesOf } from "./lines.ts";

/** One output of a call: the encoded text of a value, or a blob. */
export type ElementOutput = string | ElementBlob;

/** A blob that holds a value, or a file or directory. */
export interface ElementBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What it is if it is no value; the owner may execute a `program`. */
  readonly file?: "file" | "program" | "dir";
}

/** What a call delivered, by output: a list, or a row of texts. */
export type ElementOutputs = readonly ElementOutput[] | TextRow;

/** A call with what it delivered. */
export interface ElementRecord {
  readonly key: string;
  readonly outputs: ElementOutputs;
}

/** Calls that were written together, in columns. */
export interface ElementChunk {
  /** When they were written, in milliseconds since the epoch. */
  readonly at: number;
  readonly keys: TextLines;
  /** By output, then by call. */
  readonly texts: readonly TextLines[];
  /** Outputs that lie in blobs: what stands for them in `texts` does not count. By output and call, as `blobAt` says. */
  readonly blobs: ReadonlyMap<string, ElementBlob>;
}

/** Characters of a checksum. */
const SUM_CHARS = 16;
const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** An output that lies in a blob. */
type BlobRow = [
  output: number,
  call: number,
  digest: Digest,
  sizeBytes: number,
  file?: NonNullable<ElementBlob["file"]>,
];

/** A chunk as it is written: texts by key and by output, a line per call. Keys have no line end. */
type ChunkRow = [at: number, keys: string, texts: string[], blobs: BlobRow[]];

/** Returns the path of the file of calls with a base. */
export function elementsPath(storeDir: string, base: Digest): string {
  return `${storeDir}/elements/${base}.ndjson`;
}

/** Stored calls by key. */
export class KnownCalls {
  readonly #chunks: readonly ElementChunk[];
  /** Chunk and line of the newest result, by number of the key. */
  readonly #chunk = new NumberList();
  readonly #line = new NumberList();
  readonly #keys: StringTable;

  /** @param chunks In the order of writing: a later call replaces an earlier one. */
  constructor(chunks: readonly ElementChunk[]) {
    this.#chunks = chunks;
    const expected = chunks.reduce((sum, { keys }) => sum + keys.length, 0);
    const textOf = (number: number) =>
      chunks[this.#chunk.at(number)].keys.at(this.#line.at(number));
    this.#keys = new StringTable(textOf, expected);
    for (let place = 0; place < chunks.length; place++) this.#add(place);
  }

  /** Number of calls. */
  get size(): number {
    return this.#keys.size;
  }

  #add(place: number): void {
    const { keys } = this.#chunks[place];
    for (let line = 0; line < keys.length; line++) {
      const before = this.size;
      const number = this.#keys.add(keys.at(line));
      if (number === before) {
        this.#chunk.push(place);
        this.#line.push(line);
      } else {
        this.#chunk.set(number, place);
        this.#line.set(number, line);
      }
    }
  }

  /** Returns what a call delivered, if it is known. */
  get(key: string): ElementOutputs | undefined {
    const number = this.#keys.find(key);
    if (number < 0) return undefined;
    return outputsOf(this.#chunks[this.#chunk.at(number)], this.#line.at(number));
  }
}

/** Returns what one call of a chunk delivered, by output. */
export function outputsOf({ texts, blobs }: ElementChunk, call: number): ElementOutputs {
  if (blobs.size === 0) return new TextRow(texts, call);
  return texts.map((column, output) => blobs.get(blobAt(output, call)) ?? column.at(call));
}

/** Whether the bytes of all that a call delivered are there. */
export function areThere(
  outputs: ElementOutputs,
  hasBlob: (output: ElementBlob) => boolean,
): boolean {
  return outputs instanceof TextRow ||
    outputs.every((output) => typeof output === "string" || hasBlob(output));
}

function blobAt(output: number, call: number): string {
  return `${output} ${call}`;
}

/** The stored calls that share everything but their elements. */
export class ElementLog {
  readonly #path: string;

  /**
   * @param storeDir The store directory.
   * @param base Digest of everything the calls share.
   */
  constructor(storeDir: string, base: Digest) {
    this.#path = elementsPath(storeDir, base);
  }

  /**
   * Reads all calls; a later one replaces an earlier one. What is damaged is left out.
   *
   * @param since Calls that were written before do not count, in milliseconds since the epoch.
   * @throws {StoreError} If the file cannot be read.
   */
  read(since = 0): KnownCalls {
    const chunks: ElementChunk[] = [];
    if (lstatIfExists(this.#path) === undefined) return new KnownCalls(chunks);
    for (const chunk of chunksOf(this.#path)) {
      if (chunk !== "damaged" && chunk.at >= since) chunks.push(chunk);
    }
    // Says when it was last of use; a collector looks at it.
    guarded("touch", this.#path, () => Deno.utimeSync(this.#path, new Date(), new Date()));
    return new KnownCalls(chunks);
  }

  /**
   * Adds calls in one write.
   *
   * @param at Milliseconds since the epoch.
   * @throws {StoreError} If they cannot be written.
   */
  append(records: readonly ElementRecord[], at: number): void {
    if (records.length === 0) return;
    appendRecords(this.#path, records, at);
  }

  /** Removes all calls. */
  remove(): void {
    guarded("remove", this.#path, () => removeIfExists(this.#path));
  }
}

/**
 * Adds calls to a file in one write; makes the file if there is none.
 *
 * @param records At least one.
 * @param at When they were made, in milliseconds since the epoch.
 * @throws {StoreError} If it cannot be written.
 */
export function appendRecords(path: string, records: readonly ElementRecord[], at: number): void {
  const blobs: BlobRow[] = [];
  const texts = Array.from(
    { length: records[0].outputs.length },
    (_, output) =>
      joinTexts(records.map(({ outputs }, call) => {
        const element = outputs.at(output);
        if (typeof element === "object") {
          const { digest, sizeBytes, file } = element;
          const row: BlobRow = [output, call, digest, sizeBytes];
          if (file !== undefined) row.push(file);
          blobs.push(row);
        }
        return typeof element === "string" ? element : "";
      })),
  );
  appendRow(path, [at, joinTexts(records.map(({ key }) => key)), texts, blobs]);
}

function appendRow(path: string, row: ChunkRow): void {
  const body = JSON.stringify(row);
  const bytes = ENCODER.encode(`\n${sumOf(body)} ${body}\n`);
  guarded("write", path, () => {
    const options = { write: true, append: true, create: true } as const;
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      file = Deno.openSync(path, options);
    }
    using _ = file;
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  });
}

/**
 * Yields the chunks of a file in the order of writing, and a word for every line that is none.
 *
 * @throws {StoreError} If it cannot be read.
 */
export function* chunksOf(path: string): Generator<ElementChunk | "damaged"> {
  const lines = linesOf(path);
  for (;;) {
    const step = lines.next();
    if (step.done === true) {
      // A torn last line.
      if (step.value < (lstatIfExists(path)?.size ?? 0)) yield "damaged";
      return;
    }
    const { bytes } = step.value;
    if (bytes.length > 0) yield decodeChunk(bytes) ?? "damaged";
  }
}

function decodeChunk(line: Uint8Array): ElementChunk | undefined {
  const body = line.subarray(SUM_CHARS + 1);
  if (line[SUM_CHARS] !== 32 || sumOf(body) !== DECODER.decode(line.subarray(0, SUM_CHARS))) {
    return undefined;
  }
  // The checksum says that these are the very bytes that were written.
  const [at, keys, texts, blobs] = JSON.parse(DECODER.decode(body)) as ChunkRow;
  return {
    at,
    keys: TextLines.of(keys),
    texts: texts.map((column) => TextLines.of(column)),
    blobs: new Map(
      blobs.map(([output, call, digest, sizeBytes, file]) => {
        const blob = { digest, sizeBytes, ...(file === undefined ? {} : { file }) };
        return [blobAt(output, call), blob] as const;
      }),
    ),
  };
}

function sumOf(body: string | Uint8Array): string {
  return digestOf(body).slice(0, SUM_CHARS);
}
