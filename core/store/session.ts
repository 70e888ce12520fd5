/**
 * A session: one open store of one process, alive as long as the kernel holds its lock. Does not know what it is
 * needed for.
 *
 * A lock dies with its process, however that ends, so there are no stale locks and no process ids to guess about.
 *
 * @module
 */

import { guarded, storeError } from "./io.ts";

/** Length of the random part of ids, in hex digits. */
const RANDOM_DIGITS = 6;

/**
 * Returns a new id that sorts by time: `20261121-091040.123-4f0a1b`.
 *
 * @param now Milliseconds since the epoch.
 */
export function newId(now: number): string {
  const iso = new Date(now).toISOString();
  const time = iso.slice(0, 10).replaceAll("-", "") + "-" +
    iso.slice(11, 19).replaceAll(":", "") + iso.slice(19, 23);
  return `${time}-${crypto.randomUUID().slice(0, RANDOM_DIGITS)}`;
}

/** Returns the time in an id, in milliseconds since the epoch, or 0 if the text is no id. */
export function timeOfId(id: string): number {
  const iso = id.replace(
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d\.\d{3}).*$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const time = Date.parse(iso);
  return Number.isNaN(time) ? 0 : time;
}

/** A file this process holds locked until it is disposed of or the process ends. */
export class HeldLock implements Disposable {
  readonly path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /** Makes the file, in an existing directory, and locks it. */
  static take(path: string): HeldLock {
    return guarded("lock", path, () => {
      for (;;) {
        const file = Deno.openSync(path, { write: true, create: true });
        file.lockSync(true);
        // Somebody may have seen the file before it was locked, and removed it as dead.
        if (isStillAt(path, file)) return new HeldLock(path, file);
        file.close();
      }
    });
  }

  /** Removes the file and lets the lock go. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    } finally {
      this.#file.close();
    }
  }
}

/** Tells whether some process holds the lock of a file. A file nobody holds is removed. */
export function isHeld(path: string): boolean {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // A lock of another user: nothing is known, so nothing is taken away.
    if (error instanceof Deno.errors.PermissionDenied) return true;
    throw storeError("open", path, error);
  }
  using held = file;
  if (!held.tryLockSync(true)) return true;
  if (isStillAt(path, held)) Deno.removeSync(path);
  return false;
}

/** Tells whether the name still belongs to the open file. */
function isStillAt(path: string, file: Deno.FsFile): boolean {
  try {
    const [named, open] = [Deno.statSync(path), file.statSync()];
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The sessions of one store directory. */
export class Sessions implements Disposable {
  readonly id: string;
  readonly #dir: string;
  #own: HeldLock | undefined;

  /** @param dir The store directory. @param id Id of the own session, which starts with the first `enter`. */
  constructor(dir: string, id: string) {
    this.#dir = `${dir}/sessions`;
    this.id = id;
  }

  /** Makes the own session visible to others; cheap when it is already. */
  enter(): void {
    if (this.#own !== undefined) return;
    guarded("make directory", this.#dir, () => Deno.mkdirSync(this.#dir, { recursive: true }));
    this.#own = HeldLock.take(`${this.#dir}/${this.id}.lock`);
  }

  /** Tells whether a session's process still has it open. */
  isAlive(id: string): boolean {
    if (id === this.id) return this.#own !== undefined;
    return isHeld(`${this.#dir}/${id}.lock`);
  }

  /** Returns the ids of all living sessions but the own one. */
  others(): string[] {
    const ids: string[] = [];
    try {
      for (const { name } of Deno.readDirSync(this.#dir)) {
        if (name.endsWith(".lock")) ids.push(name.slice(0, -".lock".length));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return ids.filter((id) => id !== this.id && this.isAlive(id));
  }

  /** Ends the own session. */
  [Symbol.dispose](): void {
    this.#own?.[Symbol.dispose]();
    this.#own = undefined;
  }
}
