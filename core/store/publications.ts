/**
 * What workflows have published in the workspace: one line per path, so that what no node publishes any more can be found.
 * Does not know graphs, or whether a file is still as it was published.
 *
 * Append-only files, one per session, so that flows never write to the same one and a kill tears at most a last line. A
 * line is written before the file it is about: a kill in between leaves a line too many, never a file nobody knows. The
 * newest line of a path counts. Nothing else is made from these files, and without them nothing is ever removed.
 *
 * @module
 */

import { type Digest, isDigest } from "../base/digest.ts";
import { guarded, lstatIfExists, removeIfExists } from "./io.ts";
import type { Sessions } from "./session.ts";

/** One path of the workspace and what a workflow put there. */
export interface Publication {
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  /** Relative to the directory of the workflow. */
  readonly path: string;
  /** `made` is a directory that had to be made for something else. */
  readonly kind: "file" | "dir" | "made";
  /** Absent for what was `made`. */
  readonly digest?: Digest;
  /** The node of the file that returned the node, at whatever depth; absent for nodes of the file. */
  readonly from?: string;
}

/** A line: what is there, or that a path is no longer flow's. */
type Line = (Publication | Pick<Publication, "workflow" | "path"> & { readonly kind: "gone" }) & {
  /** Milliseconds since the epoch. */
  readonly at: number;
};

/** From this many files on they are joined when there is something to write. */
const MAX_FILES = 32;

/** The publications of one store directory. */
export class Publications {
  readonly #dir: string;
  readonly #sessions: Sessions;
  readonly #now: () => number;
  /** Newest lines by workflow and path. */
  #newest: Map<string, Map<string, Line>> | undefined;
  #file: Deno.FsFile | undefined;

  /** @param dir The store directory. @param now Milliseconds since the epoch. */
  constructor(dir: string, sessions: Sessions, now: () => number) {
    this.#dir = `${dir}/published`;
    this.#sessions = sessions;
    this.#now = now;
  }

  /**
   * Notes what is in the workspace or will be in a moment; what is known already costs nothing.
   *
   * @throws {StoreError} If it cannot be written.
   */
  note(publications: readonly Publication[]): void {
    const known = this.#load();
    this.#append(
      publications.filter((one) => !isSame(one, known.get(one.workflow)?.get(one.path))),
    );
  }

  /**
   * Notes that paths are no longer flow's.
   *
   * @throws {StoreError} If it cannot be written.
   */
  drop(workflow: string, paths: readonly string[]): void {
    this.#append(paths.map((path) => ({ workflow, path, kind: "gone" })));
  }

  /** Returns the publications of one workflow, in no order. */
  of(workflow: string): Publication[] {
    return [...this.#load().get(workflow)?.values() ?? []].flatMap((line) =>
      line.kind === "gone" ? [] : [line]
    );
  }

  /** Returns the workflows that have published something. */
  workflows(): string[] {
    return [...this.#load().keys()].filter((workflow) => this.of(workflow).length > 0);
  }

  /** Joins the files of sessions that have ended into one, unless another session is writing. */
  join(): void {
    const names = this.#names();
    if (names.length < 2 || names.some((name) => this.#isForeign(name))) return;
    this.#newest = undefined;
    const lines = [...this.#load().values()].flatMap((paths) => [...paths.values()]);
    this.#write(lines.filter(({ kind }) => kind !== "gone"));
    for (const name of names) {
      if (name === this.#ownName) continue;
      guarded("remove", `${this.#dir}/${name}`, () => removeIfExists(`${this.#dir}/${name}`));
    }
  }

  /** Closes the file of this session. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  get #ownName(): string {
    return `${this.#sessions.id}.ndjson`;
  }

  #append(entries: readonly (Publication | Omit<Line, "at">)[]): void {
    if (entries.length === 0) return;
    const known = this.#load();
    if (this.#file === undefined && this.#names().length >= MAX_FILES) this.join();
    const at = this.#now();
    const lines = entries.map((entry) => ({ ...entry, at }) as Line);
    this.#write(lines);
    for (const line of lines) remember(known, line);
  }

  #write(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const bytes = new TextEncoder().encode(
      lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
    const path = `${this.#dir}/${this.#ownName}`;
    guarded("write", path, () => {
      const file = this.#file ??= this.#open(path);
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    });
  }

  #open(path: string): Deno.FsFile {
    this.#sessions.enter();
    Deno.mkdirSync(this.#dir, { recursive: true });
    return Deno.openSync(path, { append: true, create: true });
  }

  /** Tells whether a file belongs to another session that is alive. */
  #isForeign(name: string): boolean {
    const session = name.replace(/\.ndjson$/, "");
    return session !== this.#sessions.id && this.#sessions.isAlive(session);
  }

  #load(): Map<string, Map<string, Line>> {
    if (this.#newest !== undefined) return this.#newest;
    const newest = new Map<string, Map<string, Line>>();
    for (const name of this.#names()) {
      const path = `${this.#dir}/${name}`;
      const text = guarded("read", path, () => textOf(path));
      for (const written of text.split("\n")) {
        const line = lineOf(written);
        if (line !== undefined) remember(newest, line);
      }
    }
    return this.#newest = newest;
  }

  /** Names of all files, oldest session first. */
  #names(): string[] {
    if (lstatIfExists(this.#dir) === undefined) return [];
    return [...Deno.readDirSync(this.#dir)].map(({ name }) => name)
      .filter((name) => name.endsWith(".ndjson")).sort();
  }
}

function remember(newest: Map<string, Map<string, Line>>, line: Line): void {
  let paths = newest.get(line.workflow);
  if (paths === undefined) newest.set(line.workflow, paths = new Map());
  if (line.at >= (paths.get(line.path)?.at ?? 0)) paths.set(line.path, line);
}

function isSame(one: Publication, line: Line | undefined): boolean {
  return line !== undefined && line.kind !== "gone" && one.kind === line.kind &&
    one.digest === line.digest && one.from === line.from;
}

/** Reads a file that another process may just have joined with others. */
function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Reads a line; one that is torn or damaged says nothing. */
function lineOf(text: string): Line | undefined {
  if (text === "") return undefined;
  try {
    const line = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    return isLine(line) ? line as unknown as Line : undefined;
  } catch {
    // Torn by a kill in the middle of a write.
    return undefined;
  }
}

function isLine(line: Partial<Record<string, unknown>> | null): boolean {
  if (line === null || typeof line !== "object") return false;
  const { workflow, path, kind, digest, from, at } = line;
  if (typeof workflow !== "string" || typeof at !== "number" || !isInside(path)) return false;
  if (from !== undefined && typeof from !== "string") return false;
  if (kind === "made" || kind === "gone") return true;
  return (kind === "file" || kind === "dir") && typeof digest === "string" && isDigest(digest);
}

/** The store may come from elsewhere: no line may name a path outside the workflow's directory. */
function isInside(path: unknown): boolean {
  return typeof path === "string" && !path.includes("\0") &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
