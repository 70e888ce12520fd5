/**
 * The SQLite file behind the index: opened, made and remade. Knows its schema version, not what is in the tables.
 *
 * The file is disposable: a missing, damaged or foreign one is made anew, and the owner fills it again.
 *
 * @module
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { messageOf, StoreError } from "../base/error.ts";
import { guarded, lstatIfExists, removeIfExists } from "./io.ts";

/** Raised when the schema changes; an index of another version is thrown away. */
const SCHEMA_VERSION = 2;

/** How long to wait for another process that writes, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Rows of a result, values by column name. */
export type Row = Record<string, SQLInputValue>;

/** Reports something the user should know that does not stop the run. */
export type OnWarning = (code: string, message: string) => void;

/** What a `Database` needs to make its file. */
export interface DatabaseOptions {
  readonly schema: string;
  readonly onWarning: OnWarning;
  /** Called when the connection leads to another file now: row ids seen so far mean nothing. */
  readonly onReplaced: () => void;
  /** Called after the file was made anew, before anybody reads from it. */
  readonly onMade: () => void;
}

/** One connection with cached statements. */
export class Database {
  readonly path: string;
  readonly #options: DatabaseOptions;
  #db: DatabaseSync | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #isInTransaction = false;

  /** @param path The file, in an existing directory. It is opened by `open`. */
  constructor(path: string, options: DatabaseOptions) {
    this.path = path;
    this.#options = options;
  }

  /** Opens the file; makes it if it is missing, damaged or of another version. */
  open(): void {
    let why: string | undefined;
    try {
      // Shared: nobody replaces the file between opening it and opening its write-ahead log, which goes by name.
      using lock = openLock(this.path);
      lock.lockSync(false);
      if (lstatIfExists(this.path) !== undefined) {
        this.#db = connect(this.path);
        const version = this.#version();
        if (version === SCHEMA_VERSION) return;
        if (version !== 0) why = `its format is ${version}, not ${SCHEMA_VERSION}`;
      }
    } catch (error) {
      if (!isDamage(error)) throw sqliteError(this.path, error);
      why = messageOf(error);
    }
    this.#make(why);
  }

  /** Runs a statement and returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastId: number } {
    return this.#guarded(() => {
      const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
      return { changes: Number(changes), lastId: Number(lastInsertRowid) };
    });
  }

  /** Returns the first row or `undefined`. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guarded(() => this.#prepare(sql).get(...values) as Row | undefined);
  }

  /** Returns all rows; for results that are known to be small. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guarded(() => this.#prepare(sql).all(...values) as Row[]);
  }

  /**
   * Yields rows one by one. The same text must not be run again before the end. If the file turns out to be damaged
   * it is made anew and the rows end early.
   */
  *iterate(sql: string, ...values: SQLInputValue[]): Generator<Row> {
    try {
      yield* this.#prepare(sql).iterate(...values) as Iterable<Row>;
    } catch (error) {
      if (this.#isInTransaction || !isDamage(error)) throw sqliteError(this.path, error);
      this.#make(messageOf(error));
    }
  }

  /**
   * Runs `body` in one write transaction. If the file turns out to be damaged it is made anew and `body` runs again.
   *
   * @throws {StoreError} If the transaction cannot be completed; then nothing of it is in the index.
   */
  transaction<T>(body: () => T): T {
    if (this.#isInTransaction) return body();
    return this.#guarded(() => {
      this.#prepare("BEGIN IMMEDIATE").run();
      this.#isInTransaction = true;
      try {
        const value = body();
        this.#prepare("COMMIT").run();
        return value;
      } catch (error) {
        this.#rollback();
        throw error;
      } finally {
        this.#isInTransaction = false;
      }
    });
  }

  /** Closes the connection. */
  close(): void {
    this.#statements.clear();
    this.#db?.close();
    this.#db = undefined;
  }

  #rollback(): void {
    try {
      this.#prepare("ROLLBACK").run();
    } catch {
      // SQLite rolls back by itself on some errors; the first error is the one that counts.
    }
  }

  #guarded<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (this.#isInTransaction || error instanceof StoreError) throw error;
      if (!isDamage(error)) throw sqliteError(this.path, error);
      this.#make(messageOf(error));
    }
    try {
      return body();
    } catch (error) {
      throw sqliteError(this.path, error);
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#db === undefined) throw new StoreError(`Cannot use "${this.path}": it is closed`);
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #version(): number {
    return Number(this.#prepare("PRAGMA user_version").get()?.user_version ?? 0);
  }

  /** Makes the file anew, one process at a time. @param why What is wrong with the present one, if there is one. */
  #make(why: string | undefined): void {
    using lock = openLock(this.path);
    lock.lockSync(true);
    this.close();
    this.#options.onReplaced();
    try {
      if (this.#isGood()) return;
      if (why !== undefined) {
        this.#options.onWarning("index-rebuilt", `Rebuilding the index "${this.path}": ${why}`);
      }
      for (const suffix of ["", "-wal", "-shm"]) removeIfExists(this.path + suffix);
      this.#db = connect(this.path);
      this.#db.exec("PRAGMA journal_mode=WAL");
      this.#db.exec(this.#options.schema);
      this.#options.onMade();
      this.#db.exec(`PRAGMA user_version=${SCHEMA_VERSION}`);
    } catch (error) {
      throw sqliteError(this.path, error);
    }
  }

  /** Tells whether another process has just made the file. */
  #isGood(): boolean {
    if (lstatIfExists(this.path) === undefined) return false;
    try {
      this.#db = connect(this.path);
      const check = this.#prepare("PRAGMA quick_check(1)").get();
      if (this.#version() === SCHEMA_VERSION && check?.quick_check === "ok") return true;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    this.close();
    return false;
  }
}

function openLock(path: string): Deno.FsFile {
  const lock = `${path}.lock`;
  return guarded(
    "open",
    lock,
    () => Deno.openSync(lock, { read: true, write: true, create: true }),
  );
}

function connect(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: TIMEOUT_MS });
  db.exec("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000");
  return db;
}

/** Deno gives no SQLite error numbers, only the texts of `sqlite3_errstr`. */
function isDamage(error: unknown): boolean {
  return /not a database|malformed|no such (table|column)|corrupt/i.test(messageOf(error));
}

function sqliteError(path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const message = messageOf(cause);
  const hint = /locked/.test(message)
    ? "Wait until the other flow in this directory is done"
    : /full/.test(message)
    ? "Free some space, for example with `flow cache gc`"
    : /readonly|unable to open/.test(message)
    ? "Make the directory writable for this user"
    : undefined;
  return new StoreError(`Cannot use the index "${path}": ${message}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
