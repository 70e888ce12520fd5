/**
 * What one action prints, or each call of a batch, in two files that exist only if something was printed. Does not know who
 * prints.
 *
 * @module
 */

import { type ActionBatch, positionOf } from "../action.ts";
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

/** Calls of a batch whose failure is written into a log of their own; of thousands that fail the first are enough. */
const MAX_FAILURES = 100;

/** The log files of the calls of a batch. Only those of the call that printed last are open. */
export class CallLogs {
  readonly #batch: ActionBatch;
  readonly #attempt: number;
  readonly #logs = new Map<number, HostLog>();
  #open: HostLog | undefined;
  #failures = 0;

  constructor(batch: ActionBatch, attempt: number) {
    this.#batch = batch;
    this.#attempt = attempt;
  }

  /** Why something that was printed is not there. */
  get problem(): string | undefined {
    for (const { problem } of this.#logs.values()) if (problem !== undefined) return problem;
    return undefined;
  }

  /** The log of one call. */
  of(call: number): HostLog {
    let log = this.#logs.get(call);
    if (log === undefined) {
      const suffix = this.#attempt === 1 ? "" : `.${this.#attempt}`;
      const index = positionOf(this.#batch, call).join(",");
      log = new HostLog(`${this.#batch.logBase}[${index}]${suffix}`);
      this.#logs.set(call, log);
    }
    if (log !== this.#open) this.#open?.close();
    this.#open = log;
    return log;
  }

  /** Writes how a call failed. */
  writeFailure(call: number, text: string): void {
    if (this.#failures++ < MAX_FAILURES) this.of(call).write("stderr", text);
  }

  /** Closes the files. */
  close(): void {
    this.#open?.close();
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
