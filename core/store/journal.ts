/**
 * Append-only files of results, one per session: the truth the index is made from. Does not know the index.
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";
import { applyDelta, decodeLine, deltaOf, encodeLine, type JournalRecord } from "./entry.ts";
import { guarded } from "./io.ts";
import { linesOf } from "./lines.ts";

/** A result line before the journal decided how to write its material. */
export type NewRecord = Extract<JournalRecord, { kind: "result" }> & { readonly material: string };

/** A record with its place. */
export interface PlacedRecord {
  readonly record: JournalRecord;
  /** Byte offset of its line. */
  readonly offset: number;
}

/** Appends to one journal; nobody else writes to it. */
export class JournalWriter {
  readonly path: string;
  readonly #file: Deno.FsFile;
  /** Offset and material of the last whole text of each node of this journal. */
  readonly #bases = new Map<string, { offset: number; text: string }>();
  #sizeBytes = 0;

  /** @param path A new file in an existing directory. */
  constructor(path: string) {
    this.path = path;
    this.#file = guarded(
      "make",
      path,
      () => Deno.openSync(path, { write: true, createNew: true, mode: 0o644 }),
    );
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Appends records in one write and returns the byte offset of each.
   *
   * @throws {StoreError} If they cannot be written; then none of them counts.
   */
  append(records: readonly (NewRecord | Extract<JournalRecord, { kind: "forget" }>)[]): number[] {
    const offsets: number[] = [];
    const lines: string[] = [];
    let offset = this.#sizeBytes;
    for (const record of records) {
      const line = encodeLine(record.kind === "result" ? this.#shortened(record, offset) : record);
      offsets.push(offset);
      lines.push(line);
      offset += byteLength(line) + 1;
    }
    this.#write(new TextEncoder().encode(lines.join("\n") + "\n"));
    return offsets;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #shortened(record: NewRecord, offset: number): JournalRecord {
    const base = this.#bases.get(record.node);
    const delta = base && deltaOf(record.material, base.text, base.offset);
    if (delta !== undefined) return { ...record, material: delta };
    this.#bases.set(record.node, { offset, text: record.material });
    return record;
  }

  #write(bytes: Uint8Array): void {
    try {
      guarded("write", this.path, () => {
        for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
      });
      this.#sizeBytes += bytes.length;
    } catch (error) {
      // A torn line in the middle would hide what follows, and later deltas must not refer to lost lines.
      this.#file.truncateSync(this.#sizeBytes);
      this.#file.seekSync(this.#sizeBytes, Deno.SeekMode.Start);
      this.#bases.clear();
      throw error;
    }
  }
}

/** Returns the UTF-8 length of a text. */
function byteLength(text: string): number {
  // deno-lint-ignore no-control-regex -- most lines are ASCII, and then no encoding is needed
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/** What a scan came across beside good records. */
export interface ScanEnd {
  /** Offset behind the last complete line. */
  readonly offset: number;
  /** Complete lines that are damaged. */
  readonly damagedCount: number;
}

/**
 * Yields the records of a journal in order. A torn last line is left alone, damaged lines are skipped and counted.
 *
 * @param path The journal.
 * @param from Offset of a line.
 */
export function* scanJournal(path: string, from = 0): Generator<PlacedRecord, ScanEnd> {
  const lines = linesOf(path, from);
  let damagedCount = 0;
  for (;;) {
    const step = lines.next();
    if (step.done === true) return { offset: step.value, damagedCount };
    const { bytes, offset } = step.value;
    const record = decodeLine(DECODER.decode(bytes));
    if (record === undefined) damagedCount++;
    else yield { record, offset };
  }
}

const DECODER = new TextDecoder();

/** Returns the record whose line starts at an offset, or `undefined` if there is none. */
export function recordAt(path: string, offset: number): JournalRecord | undefined {
  try {
    using file = Deno.openSync(path, { read: true });
    file.seekSync(offset, Deno.SeekMode.Start);
    const parts: Uint8Array[] = [];
    for (;;) {
      const block = new Uint8Array(8192);
      const count = file.readSync(block);
      if (count === null) return undefined;
      const end = block.subarray(0, count).indexOf(10);
      parts.push(block.subarray(0, end < 0 ? count : end));
      if (end >= 0) return decodeLine(new TextDecoder().decode(concatBytes(parts)));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Returns the whole material of a record, or `undefined` if the line it refers to is lost. */
export function materialAt(path: string, record: JournalRecord): string | undefined {
  if (record.kind !== "result") return undefined;
  const { material } = record;
  if (typeof material === "string") return material;
  const base = recordAt(path, material.base);
  if (base?.kind !== "result" || typeof base.material !== "string") return undefined;
  return applyDelta(material, base.material);
}
