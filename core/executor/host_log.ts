/**
 * What one action prints, in two files that exist only if something was printed. Does not know who prints.
 *
 * @module
 */

const encoder = new TextEncoder();

/** The log files of one action. */
export class HostLog {
  readonly #path: string;
  readonly #files = new Map<"stdout" | "stderr", Deno.FsFile>();

  /** @param path Without `.stdout` and `.stderr`. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Appends text. */
  write(stream: "stdout" | "stderr", text: string): void {
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
