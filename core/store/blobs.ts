/**
 * Bytes by digest: `blobs/ab/cdef…` below the store directory. Does not know actions, keys, indexes or runs.
 *
 * Every blob is written aside and renamed, so it is complete or absent; every read is verified. Any number of processes
 * may use one directory at once. No fsync: after a power loss a blob may be damaged, which the next read notices.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { type Digest, digestOf, digestOfFile, isDigest } from "../base/digest.ts";
import { StoreError } from "../base/error.ts";
import { errnoOf, guarded, lstatIfExists, removeIfExists, storeError, uniqueName } from "./io.ts";
import {
  manifestText,
  notAFile,
  parseManifest,
  type TreeEntry,
  treeSizeBytes,
  walkTree,
} from "./tree.ts";

/** Files up to this size are read in one piece, in bytes. */
const WHOLE_BYTES = 1 << 20;

/** Size of the blocks of larger files, in bytes. */
const BLOCK_BYTES = 1 << 20;

/** Files up to this size are remembered when they are adopted, in bytes, and so many of them: 4 MiB in all. */
const RECENT_BYTES = 1 << 12;
const RECENT_COUNT = 1 << 10;

/** A blob that is put again gets a new change time if its old one is this long ago, in milliseconds. */
export const REFRESH_MS = 600_000;

/** Failures of reading that lie in the blob, not in the process: no permission, not a file, bad disk. */
const DAMAGE: ReadonlySet<string> = new Set([
  "EACCES",
  "EPERM",
  "EISDIR",
  "ENOTDIR",
  "ELOOP",
  "EIO",
]);

/** A blob is missing or its bytes are not what its digest says. The remedy is to compute it again. */
export class DamagedBlobError extends StoreError {
  readonly digest: Digest;

  constructor(digest: Digest, why: string, cause?: unknown) {
    super(`Cannot read blob ${digest.slice(0, 12)}: ${why}`, { facts: { digest }, cause });
    this.digest = digest;
  }
}

/** The blobs of one store directory. Making one costs nothing, and hosts make their own. */
export class Blobs {
  readonly #dir: string;
  readonly #tmp: string;
  /** Bytes of the small files that were adopted last: they are published next, or made again by another node. */
  readonly #recent = new Map<Digest, Uint8Array>();

  /** By directory into which was published: whether files can be renamed to there from `tmp/`. */
  readonly #near = new Map<string, boolean>();

  /** @param dir The store directory (`.pipecache`), absolute; subdirectories are made when needed. */
  constructor(dir: string) {
    this.#dir = dir;
    this.#tmp = `${dir}/tmp`;
  }

  /** Returns where a blob is or would be. Its bytes are not verified, and it must never be written or linked to. */
  pathOf(digest: Digest): string {
    return `${this.#dir}/blobs/${digest.slice(0, 2)}/${digest.slice(2)}`;
  }

  /** Tells whether a blob is present. Its content is not looked at. */
  has(digest: Digest): boolean {
    return lstatIfExists(this.pathOf(digest))?.isFile === true;
  }

  /**
   * Stores bytes and returns their digest.
   *
   * @throws {StoreError} If they cannot be written; nothing is left behind.
   */
  put(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    if (this.#isPresent(digest, bytes.length)) return digest;
    this.#viaTmp((tmp) => {
      guarded(
        "write",
        tmp,
        () =>
          withDir(
            this.#tmp,
            () => Deno.writeFileSync(tmp, bytes, { createNew: true, mode: 0o444 }),
          ),
      );
      this.#install(tmp, digest);
    });
    return digest;
  }

  /**
   * Moves a finished file into the store. A file with other hard links, or on another file system, is copied.
   *
   * @param path A regular file that nobody writes any more; it is gone afterwards.
   * @throws {FlowError} If it is a symlink or a special file.
   * @throws {StoreError} If it cannot be read or moved.
   */
  adopt(path: string): { digest: Digest; sizeBytes: number; executable: boolean } {
    const info = guarded("read", path, () => Deno.lstatSync(path));
    if (!info.isFile) throw notAFile(path, info.isSymlink);
    const executable = ((info.mode ?? 0) & 0o100) !== 0;
    return this.#viaTmp((tmp) => {
      this.#take(path, tmp, info);
      // Hashed only now: under its old name somebody could still have changed it.
      const hashed = guarded("read", path, () => this.#hash(tmp, info.size));
      const { digest, sizeBytes, bytes } = hashed;
      if (this.#isPresent(digest, sizeBytes)) guarded("remove", tmp, () => removeIfExists(tmp));
      else this.#install(tmp, digest);
      if (bytes !== undefined) this.#remember(digest, bytes);
      return { digest, sizeBytes, executable };
    });
  }

  /**
   * Moves all files of a directory into the store and adds the manifest.
   *
   * @param dir A directory that nobody writes any more; its files are gone afterwards.
   * @returns The digest of the manifest and the total size of the files.
   * @throws {FlowError} If it holds a symlink or a special file; then nothing was moved.
   */
  adoptTree(dir: string): { digest: Digest; sizeBytes: number } {
    const walked = guarded("read", dir, () => walkTree(dir));
    const entries: TreeEntry[] = walked.map(({ path, isFile }) =>
      isFile
        ? { path, ...this.adopt(`${dir}/${path}`) }
        : { path, digest: null, sizeBytes: 0, executable: false }
    );
    const digest = this.put(new TextEncoder().encode(manifestText(entries)));
    return { digest, sizeBytes: treeSizeBytes(entries) };
  }

  /**
   * Returns the verified bytes of a blob.
   *
   * @throws {DamagedBlobError} If it is missing or damaged; a damaged one was moved to `quarantine/`.
   */
  read(digest: Digest): Uint8Array<ArrayBuffer> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = Deno.readFileSync(this.pathOf(digest));
    } catch (error) {
      throw this.#unreadable(digest, error);
    }
    if (digestOf(bytes) !== digest) throw this.#mismatch(digest);
    return bytes;
  }

  /**
   * Yields the bytes of a blob in blocks. They may be trusted only when the generator ended without throwing.
   * A block is valid until the next one is asked for.
   *
   * @throws {DamagedBlobError} As `read`, at the end of the bytes.
   */
  *blocks(digest: Digest): Generator<Uint8Array> {
    const hasher = createHash("sha256");
    try {
      using file = Deno.openSync(this.pathOf(digest), { read: true });
      const block = new Uint8Array(BLOCK_BYTES);
      for (let n = file.readSync(block); n !== null; n = file.readSync(block)) {
        const part = block.subarray(0, n);
        hasher.update(part);
        yield part;
      }
    } catch (error) {
      throw this.#unreadable(digest, error);
    }
    if (hasher.digest("hex") !== digest) throw this.#mismatch(digest);
  }

  /**
   * Hashes a blob again, in blocks.
   *
   * @returns Its size in bytes.
   * @throws {DamagedBlobError} If it is missing or damaged; a damaged one was moved to `quarantine/`.
   */
  verify(digest: Digest): number {
    const path = this.pathOf(digest);
    const info = lstatIfExists(path);
    // A symlink with the right bytes today may have others tomorrow.
    if (info !== undefined && !info.isFile) throw this.#mismatch(digest);
    let actual: { digest: Digest; sizeBytes: number };
    try {
      actual = digestOfFile(path);
    } catch (error) {
      throw this.#unreadable(digest, error);
    }
    if (actual.digest !== digest) throw this.#mismatch(digest);
    return actual.sizeBytes;
  }

  /** Yields the digests of all blobs, in no order. */
  *list(): Generator<Digest> {
    const root = `${this.#dir}/blobs`;
    if (lstatIfExists(root) === undefined) return;
    for (const { name: head, isDirectory } of Deno.readDirSync(root)) {
      if (!isDirectory) continue;
      for (const { name: tail } of Deno.readDirSync(`${root}/${head}`)) {
        if (isDigest(head + tail)) yield (head + tail) as Digest;
      }
    }
  }

  /** Returns the entries of a stored directory. */
  readTree(digest: Digest): readonly TreeEntry[] {
    return parseManifest(new TextDecoder().decode(this.read(digest)));
  }

  /**
   * Writes a verified copy of a blob to a path, atomically. Never a link: an edit of the copy must not reach the store.
   *
   * @param targetPath Its directory is made if needed; what is there (not a directory) is replaced.
   * @throws {DamagedBlobError} If the blob is missing or damaged; the target is as before.
   * @throws {StoreError} If the target cannot be written; it is as before.
   */
  publish(digest: Digest, targetPath: string, options: { executable?: boolean } = {}): void {
    this.#viaAside(targetPath, (aside) => {
      this.#copyOut(digest, aside, options.executable === true, this.#recent.get(digest));
      guarded("publish", targetPath, () => moveTo(aside, targetPath));
    });
  }

  /**
   * Makes a directory equal to a stored tree: built aside, then swapped in by renames. What was there is replaced whole.
   *
   * @throws {DamagedBlobError} If the manifest or a file is missing or damaged; the target is as before.
   * @throws {StoreError} If the manifest is hostile or the target cannot be written; it is as before.
   */
  publishTree(digest: Digest, targetDir: string): void {
    const entries = this.readTree(digest);
    this.#viaAside(targetDir, (aside) => {
      guarded("make directory", aside, () => Deno.mkdirSync(aside, { recursive: true }));
      for (const { path, digest, executable } of entries) {
        const inside = `${aside}/${path}`;
        if (digest !== null) this.#copyOut(digest, inside, executable);
        else guarded("write", inside, () => Deno.mkdirSync(inside, { recursive: true }));
      }
      swapIn(aside, targetDir);
    });
  }

  /** Writes a verified copy to a new file. `known` are the bytes, if they are at hand. */
  #copyOut(digest: Digest, path: string, executable: boolean, known?: Uint8Array): void {
    const mode = executable ? 0o777 : 0o666;
    const options = { write: true, createNew: true, mode } as const;
    const blocks = known === undefined ? this.#verifiedBlocks(digest) : [known];
    using file = guarded(
      "write",
      path,
      () => withDir(dirname(path), () => Deno.openSync(path, options)),
    );
    for (const block of blocks) guarded("write", path, () => writeAll(file, block));
  }

  #verifiedBlocks(digest: Digest): Iterable<Uint8Array> {
    const size = lstatIfExists(this.pathOf(digest))?.size ?? 0;
    return size <= WHOLE_BYTES ? [this.read(digest)] : this.blocks(digest);
  }

  /** Hashes a file; returns the bytes of a small one too. */
  #hash(
    path: string,
    sizeBytes: number,
  ): { digest: Digest; sizeBytes: number; bytes?: Uint8Array } {
    if (sizeBytes > RECENT_BYTES) return digestOfFile(path);
    const bytes = Deno.readFileSync(path);
    return { digest: digestOf(bytes), sizeBytes: bytes.length, bytes };
  }

  /** Notes the bytes of a blob that was stored now. */
  #remember(digest: Digest, bytes: Uint8Array): void {
    if (bytes.length > RECENT_BYTES) return;
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size < RECENT_COUNT) break;
      this.#recent.delete(oldest);
    }
    this.#recent.set(digest, bytes);
  }

  /** Runs `body` with a new name in `tmp/`; if it throws, nothing stays there. */
  #viaTmp<T>(body: (tmp: string) => T): T {
    const tmp = `${this.#tmp}/${uniqueName()}`;
    try {
      return body(tmp);
    } catch (error) {
      removeIfExists(tmp);
      throw error;
    }
  }

  /**
   * Runs `body` with a name from where a rename to the target is atomic; if it throws, nothing stays there. That is in
   * `tmp/`, where a kill leaves nothing in the user's directories, unless the target is on another file system.
   */
  #viaAside(target: string, body: (aside: string) => void): void {
    const dir = dirname(target);
    const besideName = `${dir}/.flow-${uniqueName()}`;
    const names = this.#isNear(dir) ? [`${this.#tmp}/${uniqueName()}`, besideName] : [besideName];
    for (const aside of names) {
      try {
        return body(aside);
      } catch (error) {
        removeIfExists(aside);
        const isFar = error instanceof StoreError && errnoOf(error.cause) === "EXDEV";
        if (!isFar || aside === besideName) throw error;
        this.#near.set(dir, false);
      }
    }
  }

  /** Tells whether a directory seems to be on the file system of `tmp/`, and that can be written. */
  #isNear(dir: string): boolean {
    let isNear = this.#near.get(dir);
    if (isNear === undefined) this.#near.set(dir, isNear = sharesDevice(dir, this.#tmp));
    return isNear;
  }

  /** Gets a file under a name in `tmp/`, as an inode nobody else has a name for. */
  #take(path: string, tmp: string, info: Deno.FileInfo): void {
    guarded("store", path, () => {
      if ((info.nlink ?? 1) <= 1 && withDir(this.#tmp, () => renamed(path, tmp))) return;
      withDir(this.#tmp, () => Deno.copyFileSync(path, tmp));
      Deno.removeSync(path);
    });
  }

  /** Gives a finished temporary file its final name. */
  #install(tmp: string, digest: Digest): void {
    const path = this.pathOf(digest);
    guarded("write", path, () => {
      Deno.chmodSync(tmp, 0o444);
      withDir(path.slice(0, path.lastIndexOf("/")), () => Deno.renameSync(tmp, path));
    });
  }

  /** Tells whether a blob is present and whole; one that is not is replaced by the caller. */
  #isPresent(digest: Digest, sizeBytes: number): boolean {
    const info = lstatIfExists(this.pathOf(digest));
    if (info === undefined) return false;
    if (!info.isFile) {
      this.#quarantine(digest);
      return false;
    }
    if (info.size !== sizeBytes) return false;
    // A recent one was seen whole by this process.
    if (!this.#recent.has(digest) && !this.#isWhole(digest)) return false;
    // Tells a collector in another process that the blob is in use again.
    const changedAt = info.ctime?.getTime() ?? 0;
    if (changedAt + REFRESH_MS < Date.now()) Deno.chmodSync(this.pathOf(digest), 0o444);
    return true;
  }

  /** Reads a blob again: who puts bytes and is told that they are stored must find them. */
  #isWhole(digest: Digest): boolean {
    try {
      this.verify(digest);
      return true;
    } catch (error) {
      if (error instanceof DamagedBlobError) return false;
      throw error;
    }
  }

  /** Returns the error for a failed read. Only what is wrong with the blob itself puts it into quarantine. */
  #unreadable(digest: Digest, cause: unknown): StoreError {
    if (cause instanceof Deno.errors.NotFound) {
      return new DamagedBlobError(digest, "it is missing", cause);
    }
    const error = storeError("read", this.pathOf(digest), cause);
    if (!DAMAGE.has(errnoOf(cause) ?? "")) return error;
    this.#quarantine(digest);
    return new DamagedBlobError(digest, error.message, cause);
  }

  #mismatch(digest: Digest): DamagedBlobError {
    this.#quarantine(digest);
    return new DamagedBlobError(digest, "its bytes do not match its digest");
  }

  /** Takes a bad blob out of use but keeps it for inspection. */
  #quarantine(digest: Digest): void {
    this.#recent.delete(digest);
    const dir = `${this.#dir}/quarantine`;
    const target = `${dir}/${digest}-${uniqueName()}`;
    guarded("quarantine", this.pathOf(digest), () => {
      try {
        withDir(dir, () => Deno.renameSync(this.pathOf(digest), target));
      } catch (error) {
        // Another process was faster.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    });
  }
}

/** Runs `body`; if it fails because `dir` is missing, makes it and runs `body` again. */
function withDir<T>(dir: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    // A file in the place of a directory is best described by the attempt to make that.
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!isMissing) throw error;
    guarded("make directory", dir, () => Deno.mkdirSync(dir, { recursive: true }));
    return body();
  }
}

/** Renames a file and returns true; returns false if the new name is on another file system. */
function renamed(from: string, to: string): boolean {
  try {
    Deno.renameSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EXDEV") return false;
    throw error;
  }
}

/** Renames, and makes the new name's directory if needed. */
function moveTo(from: string, to: string): void {
  withDir(dirname(to), () => Deno.renameSync(from, to));
}

/** Tells whether a directory, which need not exist yet, is on the file system of `tmp`, which is made. */
function sharesDevice(dir: string, tmp: string): boolean {
  try {
    Deno.mkdirSync(tmp, { recursive: true });
    let present = dir;
    while (lstatIfExists(present) === undefined) present = dirname(present);
    return Deno.statSync(present).dev === Deno.statSync(tmp).dev;
  } catch {
    // Whatever is wrong there: beside the target it may work, and if not, that error is the one that helps.
    return false;
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

/** Gives `aside` the name of `target`; what was there is put back if that fails, and removed if not. */
function swapIn(aside: string, target: string): void {
  guarded("publish", target, () => {
    const old = `${aside}-old`;
    const hadOld = lstatIfExists(target) !== undefined;
    if (hadOld) Deno.renameSync(target, old);
    try {
      moveTo(aside, target);
    } catch (error) {
      if (hadOld) Deno.renameSync(old, target);
      throw error;
    }
    if (hadOld) removeIfExists(old);
  });
}
