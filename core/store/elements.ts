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
import { guarded } from "./io.ts";

/** One value output of a call: its encoded text, or the blob that holds it. */
export type ElementOutput = string | { readonly digest: Digest; readonly sizeBytes: number };

/** A call with what it delivered. */
export interface ElementRecord {
  readonly key: string;
  readonly outputs: readonly ElementOutput[];
}

/** Characters of a checksum. */
const SUM_CHARS = 16;

/** The stored calls that share everything but their elements. */
export class ElementLog {
  readonly #path: string;

  /**
   * @param storeDir The store directory.
   * @param base Digest of everything the calls share.
   */
  constructor(storeDir: string, base: Digest) {
    this.#path = `${storeDir}/elements/${base}.ndjson`;
  }

  /**
   * Reads all calls by key; a later one replaces an earlier one. What is damaged is left out.
   *
   * @returns `undefined` if there are none.
   */
  read(): ReadonlyMap<string, readonly ElementOutput[]> | undefined {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    const found = new Map<string, readonly ElementOutput[]>();
    for (const line of text.split("\n")) {
      const body = line.slice(SUM_CHARS + 1);
      if (body === "" || sumOf(body) !== line.slice(0, SUM_CHARS)) continue;
      // The checksum says that these are the very bytes that were written.
      const [keys, ...columns] = JSON.parse(body) as [string[], ...ElementOutput[][]];
      keys.forEach((key, i) => found.set(key, columns.map((column) => column[i])));
    }
    // Says when it was last of use; a collector looks at it.
    guarded("touch", this.#path, () => Deno.utimeSync(this.#path, new Date(), new Date()));
    return found;
  }

  /**
   * Adds calls in one write.
   *
   * @throws {StoreError} If they cannot be written.
   */
  append(records: readonly ElementRecord[]): void {
    if (records.length === 0) return;
    const columns = records[0].outputs.map((_, at) => records.map(({ outputs }) => outputs[at]));
    const body = JSON.stringify([records.map(({ key }) => key), ...columns]);
    const bytes = new TextEncoder().encode(`\n${sumOf(body)} ${body}\n`);
    guarded("write", this.#path, () => {
      const options = { write: true, append: true, create: true } as const;
      let file: Deno.FsFile;
      try {
        file = Deno.openSync(this.#path, options);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        Deno.mkdirSync(this.#path.slice(0, this.#path.lastIndexOf("/")), { recursive: true });
        file = Deno.openSync(this.#path, options);
      }
      using _ = file;
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    });
  }
}

function sumOf(body: string): string {
  return digestOf(body).slice(0, SUM_CHARS);
}
