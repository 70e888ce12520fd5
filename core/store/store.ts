/**
 * The store of one workspace, `.pipecache`: blobs, results, file digests, claims, publications and runs behind one door.
 * Does not know graphs, how keys are made, or when something is stale. Long because the door is one place.
 *
 * Truth are the blobs, the journals and, for what was used when, the records of runs; `index.sqlite` is made from these and
 * may be deleted at any time. A result is recorded after its blobs are in place, first in the journal, then in the index,
 * so a kill at any point loses work only.
 *
 * @module
 */

import { actionKey, type ActionResult } from "../action.ts";
import type { Digest } from "../base/digest.ts";
import { StoreError } from "../base/error.ts";
import { Analyses, ANALYSIS_SCHEMA } from "./analyses.ts";
import { Blobs } from "./blobs.ts";
import { CLAIM_SCHEMA, Claims } from "./claims.ts";
import { Database, type OnWarning } from "./database.ts";
import { checksumOf, encodeResult, type RecordEntry } from "./entry.ts";
import { hasElement, listElements } from "./element_files.ts";
import { ELEMENT_SCHEMA } from "./element_uses.ts";
import { FILE_SCHEMA, FileDigests } from "./files.ts";
import { collect, type CollectOptions, type CollectReport } from "./gc.ts";
import { guarded, lstatIfExists } from "./io.ts";
import { JournalWriter, materialAt, type NewRecord, recordAt, scanJournal } from "./journal.ts";
import { removeMemos } from "./memos.ts";
import { Publications } from "./publications.ts";
import { type ListedResult, RESULT_SCHEMA, ResultIndex, type UsedKey } from "./result_index.ts";
import { Runs, type RunSummary } from "./runs.ts";
import { newId, Sessions } from "./session.ts";
import { statsOf, type StoreStats } from "./stats.ts";
import { prepareDir } from "./store_dir.ts";
import { StoredElements } from "./stored_elements.ts";
import { type Use, type UseBatch, UseBuffer } from "./use_buffer.ts";
import { restoreUses } from "./uses.ts";
import { type VerifyReport, verifyStore } from "./verify.ts";

export type { RecordEntry } from "./entry.ts";

/** Journal records per transaction when the index is filled. */
const CATCH_UP_ROWS = 20_000;

/** As a limit of a query: none (https://sqlite.org/lang_select.html#limitoffset). */
const ALL_ROWS = -1;

/** How a store is opened. */
export interface StoreOptions {
  /** Gets problems that cost time but no correctness. */
  readonly onWarning?: OnWarning;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** One open store. Any number of processes may have the same directory open. */
export class Store implements Disposable {
  /** Absolute path of the store directory. */
  readonly dir: string;
  readonly blobs: Blobs;
  readonly files: FileDigests;
  readonly analyses: Analyses;
  readonly elements: StoredElements;
  readonly claims: Claims;
  readonly runs: Runs;
  readonly sessions: Sessions;
  readonly publications: Publications;
  readonly #db: Database;
  readonly #index: ResultIndex;
  readonly #now: () => number;
  readonly #onWarning: OnWarning;
  readonly #uses: UseBuffer;
  #journal: { writer: JournalWriter; name: string } | undefined;
  #journalCount = 0;
  #isClosed = false;

  private constructor(dir: string, options: StoreOptions) {
    this.dir = dir;
    this.#now = options.now ?? Date.now;
    this.#onWarning = options.onWarning ?? (() => {});
    this.blobs = new Blobs(dir);
    this.#db = new Database(`${dir}/index.sqlite`, {
      schema: RESULT_SCHEMA + ELEMENT_SCHEMA + CLAIM_SCHEMA + FILE_SCHEMA + ANALYSIS_SCHEMA,
      onWarning: this.#onWarning,
      onReplaced: () => this.#index.reset(),
      onMade: () => {
        this.#catchUp();
        this.#restoreUses(() => true);
      },
    });
    this.#index = new ResultIndex(this.#db);
    this.analyses = new Analyses(this.#db, this.#now);
    this.elements = new StoredElements({
      dir,
      db: this.#db,
      tolerant: (body) => this.#tolerant(body),
      flushRuns: () => this.runs.flush(),
      now: this.#now,
    });
    this.sessions = new Sessions(dir, newId(this.#now()));
    this.publications = new Publications(dir, this.sessions, this.#now);
    this.files = new FileDigests(this.#db, this.#now);
    this.claims = new Claims(this.#db, this.sessions, (error) => this.#warn(error));
    this.runs = new Runs(dir, this.#now);
    this.#uses = new UseBuffer((batch) => this.#writeUses(batch));
  }

  /**
   * Opens a store directory; makes it if needed.
   *
   * @param dir Absolute path, usually `.pipecache` beside the workflow.
   * @throws {StoreError} If the directory or its index cannot be made or opened.
   */
  static open(dir: string, options: StoreOptions = {}): Store {
    prepareDir(dir);
    const store = new Store(dir, options);
    try {
      store.#db.open();
      store.#catchUp();
    } catch (error) {
      store.#db.close();
      throw error;
    }
    return store;
  }

  /** Directory for private files of this session, made already; a later `gc` removes what a dead session left there. */
  get sessionDir(): string {
    this.sessions.enter();
    const dir = `${this.dir}/tmp/${this.sessions.id}`;
    guarded("make directory", dir, () => Deno.mkdirSync(dir, { recursive: true }));
    return dir;
  }

  /** Returns the result of a key. That its blobs are intact shows when they are read. */
  lookup(key: Digest): ActionResult | undefined {
    return this.#index.lookup(key);
  }

  /** Gets ready for `count` look-ups, in any order. */
  preload(count: number): void {
    this.#index.preload(count);
  }

  /** Returns the results of many keys, in their order. */
  lookupMany(keys: readonly Digest[]): (ActionResult | undefined)[] {
    return this.#index.lookupMany(keys);
  }

  /**
   * Records results whose blobs are in place; replaces earlier ones of the same keys.
   *
   * @throws {StoreError} If they cannot be written; then none of them is recorded.
   */
  record(entries: readonly RecordEntry[]): void {
    if (entries.length === 0) return;
    const at = this.#now();
    const bodies = entries.map((entry) => encodeResult(entry.result));
    const records = entries.map((entry, i) => newRecord(entry, bodies[i] ?? "", at));
    const { writer, name } = this.#openJournal();
    const start = writer.sizeBytes;
    const offsets = writer.append(records);
    this.#tolerant(() =>
      this.#db.transaction(() => {
        const journal = this.#journalId(name);
        records.forEach((record, i) => {
          // Both arrays have one element per entry.
          const entry = entries[i] as RecordEntry;
          const row = { ...record, journal, offset: offsets[i] ?? 0 };
          this.#index.write(row, entry.result);
        });
        this.#learn(entries);
        this.#advance(journal, start, writer.sizeBytes);
      })
    );
  }

  /** Makes results not count any more, for example because their blobs are lost. */
  forget(keys: readonly Digest[]): void {
    if (keys.length === 0) return;
    // A memo would say that nothing is to be done.
    removeMemos(this.dir);
    const { writer, name } = this.#openJournal();
    const start = writer.sizeBytes;
    writer.append(keys.map((key) => ({ kind: "forget", key })));
    this.#tolerant(() =>
      this.#db.transaction(() => {
        for (const key of keys) this.#index.remove(key);
        this.#advance(this.#journalId(name), start, writer.sizeBytes);
      })
    );
  }

  /** Returns what a key was made of, with its notes, if it is still known. */
  material(key: Digest): { text: string; notes?: object } | undefined {
    const place = this.#index.placeOf(key);
    if (place === undefined) return undefined;
    const path = `${this.dir}/journal/${place.journal}`;
    const record = recordAt(path, place.offset);
    if (record?.kind !== "result" || record.key !== key) return undefined;
    const text = materialAt(path, record);
    // The key is the checksum of the material.
    if (text === undefined || actionKey(text) !== key) return undefined;
    return { text, ...(record.notes === undefined ? {} : { notes: record.notes }) };
  }

  /** Returns the keys a node had, the one it had last first. */
  latestKeys(workflow: string, node: string, limit: number): UsedKey[] {
    this.#uses.flush();
    return this.#index.latestKeys(workflow, node, limit);
  }

  /** Returns all keys a node had whose results are stored. */
  keysOf(workflow: string, node: string): Digest[] {
    return this.latestKeys(workflow, node, ALL_ROWS).map(({ key }) => key);
  }

  /** Returns the names of all nodes of a workflow that ever ran. */
  nodeNames(workflow: string): string[] {
    this.#uses.flush();
    return this.#index.nodeNames(workflow);
  }

  /**
   * Notes which keys nodes had in a run: hits too count as use for `gc` and `latestKeys`. After a large batch more is
   * expected and written together with it; what a kill loses is in the record of the run.
   */
  touch(workflow: string, entries: readonly Use[], run: string): void {
    this.#uses.add({ workflow, run, uses: entries });
  }

  /** Returns how long nodes of a workflow take, in milliseconds per execution. */
  durations(workflow: string): Map<string, number> {
    return this.#index.durations(workflow);
  }

  /** Writes everything that is buffered: file digests, analyses, events. Trouble is a warning. */
  flush(): void {
    this.#tolerant(() => this.runs.flush());
    this.#tolerant(() => this.files.flush());
    this.#tolerant(() => this.analyses.flush());
  }

  /** Yields all stored results, oldest first. */
  ls(): Generator<ListedResult> {
    return this.#index.entries();
  }

  /** Counts what is in the store. */
  stats(): StoreStats {
    return statsOf(this.dir, this.#db, this.blobs);
  }

  /**
   * Reads every blob and every call, and checks that every result has its outputs.
   *
   * @param options.repair Makes results and calls that lost outputs not count any more.
   */
  verify(options: { repair?: boolean } = {}): VerifyReport {
    const report = verifyStore(this.blobs, this.ls(), listElements(this.dir));
    if (options.repair !== true) return report;
    this.forget(report.damagedKeys);
    const files = report.damagedElements.map(({ file }) => file);
    this.elements.mend(files, (blob) => hasElement(this.blobs, blob));
    return report;
  }

  /** Removes results that were not used lately, and everything nobody refers to. Safe while other flows run. */
  gc(options: CollectOptions): CollectReport {
    this.flush();
    this.#uses.flush();
    // A living run may still write to an index that was deleted under it.
    this.#restoreUses(({ outcome }) => outcome === "running");
    this.#closeJournal();
    this.publications.join();
    const report = collect({
      dir: this.dir,
      db: this.#db,
      index: this.#index,
      elements: this.elements.uses,
      blobs: this.blobs,
      files: this.files,
      runs: this.runs,
      sessions: this.sessions,
      now: this.#now(),
      openJournal: () => this.#openJournal(),
      journalId: (name) => this.#journalId(name),
    }, options);
    this.#index.reset();
    return report;
  }

  /** Writes what is buffered, gives up claims and closes everything. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.flush();
    this.#uses.flush();
    this.#tolerant(() => this.runs.close());
    this.claims.releaseAll();
    this.#closeJournal();
    this.publications.close();
    this.#db.close();
    this.#tolerant(() => this.#leave());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #leave(): void {
    const dir = `${this.dir}/tmp/${this.sessions.id}`;
    if (lstatIfExists(dir) !== undefined) {
      guarded("remove", dir, () => Deno.removeSync(dir, { recursive: true }));
    }
    this.sessions[Symbol.dispose]();
  }

  /** The record of the run, which holds the same, goes first: the index is made again from it. */
  #writeUses({ workflow, run, uses }: UseBatch): void {
    this.#tolerant(() => this.runs.flush());
    const write = () => this.#index.touch(workflow, uses, run, this.#now());
    this.#tolerant(() => this.#db.transaction(write));
  }

  /** Runs a part whose failure costs time but no truth: it becomes a warning. */
  #tolerant(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#index.reset();
      if (!(error instanceof StoreError)) throw error;
      this.#warn(error);
    }
  }

  #warn(error: StoreError): void {
    const hint = error.hint === undefined ? "" : ` (${error.hint})`;
    this.#onWarning("store-trouble", error.message + hint);
  }

  #learn(entries: readonly RecordEntry[]): void {
    const byWorkflow = new Map<string, Map<string, { sum: number; count: number }>>();
    for (const { workflow, node, result } of entries) {
      let nodes = byWorkflow.get(workflow);
      if (nodes === undefined) byWorkflow.set(workflow, nodes = new Map());
      const known = nodes.get(node) ?? { sum: 0, count: 0 };
      nodes.set(node, { sum: known.sum + result.usage.wallMs, count: known.count + 1 });
    }
    for (const [workflow, nodes] of byWorkflow) {
      const means = new Map([...nodes].map(([node, { sum, count }]) => [node, sum / count]));
      this.#index.learnDurations(workflow, means);
    }
  }

  #openJournal(): { writer: JournalWriter; name: string } {
    if (this.#journal === undefined) {
      this.sessions.enter();
      const name = `${this.sessions.id}+${this.#journalCount++}.ndjson`;
      const dir = `${this.dir}/journal`;
      guarded("make directory", dir, () => Deno.mkdirSync(dir, { recursive: true }));
      this.#journal = { writer: new JournalWriter(`${dir}/${name}`), name };
    }
    return this.#journal;
  }

  #closeJournal(): void {
    this.#journal?.writer.close();
    this.#journal = undefined;
  }

  #journalId(name: string): number {
    this.#db.run("INSERT OR IGNORE INTO journals(name, bytes) VALUES(?, 0)", name);
    return Number(this.#db.get("SELECT id FROM journals WHERE name=?", name)?.id);
  }

  /** Notes how far a journal is in the index. If an earlier part is missing, the next `open` adds all of it. */
  #advance(journal: number, from: number, to: number): void {
    this.#db.run("UPDATE journals SET bytes=? WHERE id=? AND bytes=?", to, journal, from);
  }

  /** Adds journal records that are not in the index: a process was killed in between, or the index is new. */
  #catchUp(): void {
    const dir = `${this.dir}/journal`;
    if (lstatIfExists(dir) === undefined) return;
    const done = new Map<string, number>();
    for (const { name, bytes } of this.#db.all("SELECT name, bytes FROM journals")) {
      done.set(String(name), Number(bytes));
    }
    // By name, which is by time: later records replace earlier ones.
    const names = [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
    for (const name of names) {
      const from = done.get(name) ?? 0;
      const size = lstatIfExists(`${dir}/${name}`)?.size ?? 0;
      if (name.endsWith(".ndjson") && size > from) this.#addJournal(name, from);
    }
  }

  #restoreUses(isWanted: (run: RunSummary) => boolean): void {
    const parts = {
      db: this.#db,
      index: this.#index,
      elements: this.elements.uses,
      runs: this.runs,
    };
    this.#tolerant(() => restoreUses(parts, isWanted));
  }

  #addJournal(name: string, from: number): void {
    const scan = scanJournal(`${this.dir}/journal/${name}`, from);
    let start = from;
    for (;;) {
      const end = this.#db.transaction(() => {
        const journal = this.#journalId(name);
        for (let count = 0; count < CATCH_UP_ROWS; count++) {
          const step = scan.next();
          if (step.done === true) {
            this.#advance(journal, start, step.value.offset);
            return step.value;
          }
          const { record, offset } = step.value;
          if (count === 0 && offset > start) {
            this.#advance(journal, start, offset);
            start = offset;
          }
          if (record.kind === "forget") this.#index.remove(record.key);
          else this.#index.add({ ...record, journal, offset });
        }
        return undefined;
      });
      if (end === undefined) continue;
      if (end.damagedCount > 0) {
        const what = `${end.damagedCount} damaged line${end.damagedCount === 1 ? "" : "s"}`;
        this.#onWarning("journal-damaged", `Journal "${name}" has ${what}: those results are lost`);
      }
      return;
    }
  }
}

function newRecord(entry: RecordEntry, body: string, at: number): NewRecord {
  const { key, node, workflow, materialText: material, notes } = entry;
  const sum = checksumOf(key, body);
  const record = { kind: "result", key, body, sum, node, workflow, material, at } as const;
  return notes === undefined ? record : { ...record, notes };
}
