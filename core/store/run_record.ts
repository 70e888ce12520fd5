/**
 * The record of the run that is going on in this process: events, logs and reports of failures below `runs/<id>/`. Does not
 * know other runs, nor what events mean.
 *
 * @module
 */

import type { Event } from "../event.ts";
import { guarded } from "./io.ts";
import { HeldLock } from "./session.ts";

/** Buffered events are written from this many characters on. */
const BUFFER_LENGTH = 1 << 16;

/** The record of the run that is going on in this process. */
export class RunRecord {
  readonly id: string;
  readonly dir: string;
  /** Directory of the logs; made already. */
  readonly logDir: string;
  readonly #lock: HeldLock;
  readonly #file: Deno.FsFile;
  #lines: string[] = [];
  #length = 0;
  #isClosed = false;

  /** @param dir The directory of the run, not there yet. @param workflow Identity of the workflow in the store. */
  constructor(dir: string, id: string, workflow: string) {
    this.id = id;
    this.dir = dir;
    this.logDir = `${dir}/logs`;
    guarded("make directory", this.logDir, () => Deno.mkdirSync(this.logDir, { recursive: true }));
    this.#lock = HeldLock.take(`${dir}/lock`);
    const meta = JSON.stringify({ workflow });
    guarded("write", dir, () => Deno.writeTextFileSync(`${dir}/run.json`, meta + "\n"));
    const events = `${dir}/events.ndjson`;
    this.#file = guarded(
      "write",
      events,
      () => Deno.openSync(events, { append: true, create: true }),
    );
  }

  /** Adds an event; it reaches the file with the next `flush`. */
  append(event: Event): void {
    const line = JSON.stringify(event);
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= BUFFER_LENGTH) this.flush();
  }

  /**
   * Writes buffered events.
   *
   * @throws {StoreError} If they cannot be written; then they are dropped.
   */
  flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = new TextEncoder().encode(this.#lines.join("\n") + "\n");
    this.#lines = [];
    this.#length = 0;
    guarded("write", `${this.dir}/events.ndjson`, () => {
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    });
  }

  /**
   * Writes the report of a failure in both forms.
   *
   * @param name Of the node or element.
   * @param report As text for people, and the same facts as data.
   * @returns Path of the text.
   * @throws {StoreError} If it cannot be written.
   */
  writeError(name: string, report: { readonly text: string; readonly facts: object }): string {
    const base = `${this.dir}/errors/${name}`;
    guarded("write", `${base}.txt`, () => {
      Deno.mkdirSync(`${this.dir}/errors`, { recursive: true });
      // The data first: where there is a text, both are there.
      Deno.writeTextFileSync(`${base}.json`, `${JSON.stringify(report.facts, null, 2)}\n`);
      Deno.writeTextFileSync(`${base}.txt`, report.text);
    });
    return `${base}.txt`;
  }

  /** Writes the rest and ends the record. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.flush();
    } finally {
      this.#file.close();
      this.#lock[Symbol.dispose]();
    }
  }
}
