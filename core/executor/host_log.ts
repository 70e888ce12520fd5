/**
 * What one action prints, in two files that exist only if something was printed. Does not know who prints.
 *
 * @module
 */

import { messageOf } from "../base/error.ts";

const encoder = new TextEncoder();

/** The log files of one action. */
export class HostLog {
  readonly #path: string;
  readonly #files = new Map<"stdout" | "stderr", Deno.FsFile>();

  #problem: string | undefined;

  /** @param path Without `.stdout` and `.stderr`. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Why something that was printed is not there; what the node computes does not depend on it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Appends text, as long as that works. */
  write(stream: "stdout" | "stderr", text: string): void {
    if (this.#problem !== undefined) return;
    try {
      this.#append(stream, text);
    } catch (error) {
      this.#problem = messageOf(error);
    }
  }

  #append(stream: "stdout" | "stderr", text: string): void {
    let file = this.#files.get(stream);
    if (file === undefined) this.#files.set(stream, file = openToAppend(`${this.#path}.${stream}`));
    let rest: Uint8Array = encoder.encode(text);
    while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
  }

  /** Closes the files. */
  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

function openToAppend(path: string): Deno.FsFile {
  const options = { append: true, create: true };
  try {
    return Deno.openSync(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    return Deno.openSync(path, options);
  }
}
