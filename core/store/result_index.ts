/**
 * Results by key in SQL: lookup, use, history and durations. Does not know journals, blobs or when to write.
 *
 * A key is found by its first 52 bits, which fit a JavaScript number and keep the index of 10⁶ keys small; the whole
 * key is compared afterwards. Rows are appended, so that neighbours of a map node stay neighbours on disk.
 *
 * @module
 */

import type { ActionResult } from "../action.ts";
import type { Digest } from "../base/digest.ts";
import type { Database, Row } from "./database.ts";
import { blobBytes, checksumOf, decodeResult } from "./entry.ts";

/** Tables of results. */
export const RESULT_SCHEMA = `
CREATE TABLE nodes(id INTEGER PRIMARY KEY, workflow TEXT NOT NULL, node TEXT NOT NULL, ms REAL, UNIQUE(workflow, node));
CREATE TABLE runs(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE journals(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL);
CREATE TABLE actions(
  id INTEGER PRIMARY KEY AUTOINCREMENT, h INTEGER NOT NULL, key TEXT NOT NULL, sum TEXT NOT NULL, body TEXT NOT NULL,
  node INTEGER NOT NULL, run INTEGER NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,
  journal INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE INDEX actions_h ON actions(h);
CREATE INDEX actions_node ON actions(node);
CREATE TABLE uses(
  node INTEGER NOT NULL, action INTEGER NOT NULL, run INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(node, action)) WITHOUT ROWID;
`;

/** Remembered keys at most, to bound memory. */
const MEMORY_KEYS = 200_000;

/** Keys looked up by one query. */
const LOOKUP_KEYS = 500;

/** Fewer results than this are looked up one by one. */
const PRELOAD_MIN = 64;

/** Results preloaded by one query. */
const PRELOAD_ROWS = 4_096;

/** A row as it is kept in memory. */
interface Found {
  readonly id: number;
  readonly sum: string;
  readonly body: string;
}

/** A row to be written. */
export interface ResultRow {
  readonly key: Digest;
  readonly sum: string;
  readonly body: string;
  readonly node: string;
  readonly workflow: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly journal: number;
  readonly offset: number;
}

/** A key a node had, with the run in which it had it last. */
export interface UsedKey {
  readonly key: Digest;
  readonly run: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const FIND = "SELECT id, sum, body FROM actions WHERE h=? AND key=? ORDER BY id DESC LIMIT 1";
const FIND_MANY = "SELECT a.id AS id, a.key AS key, a.sum AS sum, a.body AS body " +
  "FROM json_each(?) j CROSS JOIN actions a ON a.h = j.value";
const NEWEST = "SELECT id, key, sum, body FROM actions WHERE id<? ORDER BY id DESC LIMIT ?";
const UPDATE =
  "UPDATE actions SET sum=?, body=?, node=?, run=?, at=?, size=?, journal=?, offset=? " +
  "WHERE h=? AND key=?";
const INSERT = "INSERT INTO actions(sum, body, node, run, at, size, journal, offset, h, key) " +
  "VALUES(?,?,?,?,?,?,?,?,?,?)";
const TOUCH = "INSERT INTO uses(node, action, run, at) " +
  "SELECT value->>0, value->>1, ?2, ?3 FROM json_each(?1) WHERE true " +
  "ON CONFLICT DO UPDATE SET run=excluded.run, at=excluded.at WHERE excluded.at >= at";
const NODES = "SELECT id, node, ms FROM nodes WHERE workflow=? AND node>? ORDER BY node LIMIT 4096";
const LATEST = `
SELECT a.key AS key, r.name AS run, max(x.at) AS at FROM (
  SELECT id AS action, run, at FROM actions WHERE node=?1
  UNION ALL SELECT action, run, at FROM uses WHERE node=?1
) x JOIN actions a ON a.id = x.action JOIN runs r ON r.id = x.run
GROUP BY x.action ORDER BY at DESC, x.action DESC LIMIT ?2`;

/** The first 52 bits of a digest as a number. */
export function shortOf(digest: string): number {
  return parseInt(digest.slice(0, 13), 16);
}

/** The tables of results of one database. */
export class ResultIndex {
  readonly #db: Database;
  /** Row ids of nodes by workflow and name. */
  readonly #nodes = new Map<string, Map<string, number>>();
  readonly #runs = new Map<string, number>();
  /** Row ids of keys that were seen lately. */
  readonly #ids = new Map<Digest, number>();
  /** Keys that were looked up in vain lately: their row can be inserted without looking again. */
  readonly #misses = new Set<Digest>();
  /** Rows that were read before anybody asked for them; each is handed out once. */
  readonly #ahead = new Map<Digest, Found>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Forgets what was remembered of the tables: they were made anew, or a transaction was undone. */
  reset(): void {
    for (const memory of [this.#nodes, this.#runs, this.#ids, this.#misses, this.#ahead]) {
      memory.clear();
    }
  }

  /** Returns the result of a key, or `undefined` if there is none or it is damaged. */
  lookup(key: Digest): ActionResult | undefined {
    const ahead = this.#ahead.get(key);
    this.#ahead.delete(key);
    return this.#decoded(key, ahead ?? foundOf(this.#db.get(FIND, shortOf(key), key)));
  }

  /**
   * Reads the newest results before they are asked for one by one, in any order: a row of a range costs a tenth of a
   * look-up.
   *
   * @param count How many will be asked for.
   */
  preload(count: number): void {
    this.#ahead.clear();
    if (count < PRELOAD_MIN) return;
    for (let before = Number.MAX_SAFE_INTEGER, left = Math.min(count, MEMORY_KEYS); left > 0;) {
      const rows = this.#db.all(NEWEST, before, Math.min(left, PRELOAD_ROWS));
      for (const row of rows) {
        before = Number(row.id);
        const key = String(row.key) as Digest;
        // The newest row of a key counts.
        if (!this.#ahead.has(key)) this.#ahead.set(key, foundOf(row));
      }
      left = rows.length === 0 ? 0 : left - rows.length;
    }
  }

  /** Returns the results of many keys in their order; a third of the cost of single lookups. */
  lookupMany(keys: readonly Digest[]): (ActionResult | undefined)[] {
    const results: (ActionResult | undefined)[] = [];
    for (let start = 0; start < keys.length; start += LOOKUP_KEYS) {
      const part = keys.slice(start, start + LOOKUP_KEYS);
      const rows = new Map<string, Found>();
      for (const row of this.#db.all(FIND_MANY, `[${part.map(shortOf).join()}]`)) {
        const known = rows.get(String(row.key));
        const found = foundOf(row);
        if (known === undefined || known.id < found.id) rows.set(String(row.key), found);
      }
      for (const key of part) results.push(this.#decoded(key, rows.get(key)));
    }
    return results;
  }

  #decoded(key: Digest, found: Found | undefined): ActionResult | undefined {
    if (found === undefined) {
      if (this.#misses.size >= MEMORY_KEYS) this.#misses.clear();
      this.#misses.add(key);
      return undefined;
    }
    // A damaged row counts as absent; recording the key again overwrites it.
    if (checksumOf(key, found.body) !== found.sum) return undefined;
    this.#remember(key, found.id);
    return decodeResult(found.body);
  }

  /** Adds or replaces a row; inside a transaction. */
  write(row: ResultRow, result: ActionResult): void {
    const { key, sum, body, at, journal, offset } = row;
    this.#ahead.delete(key);
    const node = this.#nodeId(row.workflow, row.node);
    const run = this.#runId(result.run);
    const size = blobBytes(result);
    const values = [sum, body, node, run, at, size, journal, offset, shortOf(key), key] as const;
    if (!this.#misses.delete(key) && this.#db.run(UPDATE, ...values).changes > 0) return;
    this.#remember(key, this.#db.run(INSERT, ...values).lastId);
  }

  /** Adds or replaces a row whose result is known only as text; inside a transaction. */
  add(row: ResultRow): void {
    this.write(row, decodeResult(row.body));
  }

  /** Removes a key; inside a transaction. */
  remove(key: Digest): void {
    this.#db.run("DELETE FROM actions WHERE h=? AND key=?", shortOf(key), key);
    this.#ids.delete(key);
    this.#ahead.delete(key);
  }

  /** Notes that nodes had these keys in a run, unless a later use is known; inside a transaction. Unknown keys are left out. */
  touch(
    workflow: string,
    entries: readonly { node: string; key: Digest }[],
    run: string,
    at: number,
  ): void {
    const pairs: string[] = [];
    for (const { node, key } of entries) {
      const id = this.#ids.get(key) ?? this.#db.get(FIND, shortOf(key), key)?.id;
      if (id !== undefined) pairs.push(`[${this.#nodeId(workflow, node)},${id}]`);
    }
    if (pairs.length > 0) this.#db.run(TOUCH, `[${pairs.join()}]`, this.#runId(run), at);
  }

  /** Returns the place of a key's journal line. */
  placeOf(key: Digest): { journal: string; offset: number } | undefined {
    const row = this.#db.get(
      "SELECT j.name AS journal, a.offset AS offset FROM actions a JOIN journals j ON j.id = a.journal " +
        "WHERE a.h=? AND a.key=? ORDER BY a.id DESC LIMIT 1",
      shortOf(key),
      key,
    );
    return row && { journal: String(row.journal), offset: Number(row.offset) };
  }

  /** Returns the keys a node had, the one it had last first; a negative limit is none. */
  latestKeys(workflow: string, node: string, limit: number): UsedKey[] {
    const id = this.#db.get("SELECT id FROM nodes WHERE workflow=? AND node=?", workflow, node)?.id;
    if (id === undefined) return [];
    return this.#db.all(LATEST, id, limit).map((row) => ({
      key: String(row.key) as Digest,
      run: String(row.run),
      at: Number(row.at),
    }));
  }

  /** Returns the names of all nodes of a workflow, sorted. */
  nodeNames(workflow: string): string[] {
    const sql = "SELECT node FROM nodes WHERE workflow=? ORDER BY node";
    return this.#db.all(sql, workflow).map(({ node }) => String(node));
  }

  /** Takes new durations into account, in milliseconds by node; inside a transaction. */
  learnDurations(workflow: string, wallMs: ReadonlyMap<string, number>): void {
    for (const [node, ms] of wallMs) {
      const id = this.#nodeId(workflow, node);
      this.#db.run("UPDATE nodes SET ms = coalesce((ms + ?1) / 2, ?1) WHERE id = ?2", ms, id);
    }
  }

  /** Returns how long the nodes of a workflow take, in milliseconds per execution, newer ones counting more. */
  durations(workflow: string): Map<string, number> {
    const known = new Map<string, number>();
    const ids = this.#nodeIds(workflow);
    for (let after = "", rows: Row[] = [{}]; rows.length > 0;) {
      rows = this.#db.all(NODES, workflow, after);
      for (const { id, node, ms } of rows) {
        after = String(node);
        ids.set(after, Number(id));
        if (ms !== null) known.set(after, Number(ms));
      }
    }
    return known;
  }

  /** Yields all results, oldest first. */
  *entries(): Generator<ListedResult> {
    const sql =
      "SELECT a.id, a.key, a.sum, a.body, a.at, a.size, n.workflow, n.node FROM actions a " +
      "JOIN nodes n ON n.id = a.node ORDER BY a.id";
    for (const row of this.#db.iterate(sql)) {
      const listed = listedOf(row);
      if (listed !== undefined) yield listed;
    }
  }

  #remember(key: Digest, id: number): void {
    if (this.#ids.size >= MEMORY_KEYS) this.#ids.clear();
    this.#ids.set(key, id);
  }

  #nodeIds(workflow: string): Map<string, number> {
    let ids = this.#nodes.get(workflow);
    if (ids === undefined) this.#nodes.set(workflow, ids = new Map());
    return ids;
  }

  #nodeId(workflow: string, node: string): number {
    const ids = this.#nodeIds(workflow);
    const known = ids.get(node);
    if (known !== undefined) return known;
    const sql = "INSERT OR IGNORE INTO nodes(workflow, node) VALUES(?,?)";
    const { changes, lastId } = this.#db.run(sql, workflow, node);
    const find = "SELECT id FROM nodes WHERE workflow=? AND node=?";
    const id = changes > 0 ? lastId : Number(this.#db.get(find, workflow, node)?.id);
    ids.set(node, id);
    return id;
  }

  #runId(run: string): number {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    this.#db.run("INSERT OR IGNORE INTO runs(name) VALUES(?)", run);
    const id = Number(this.#db.get("SELECT id FROM runs WHERE name=?", run)?.id);
    this.#runs.set(run, id);
    return id;
  }
}

function foundOf(row: Row): Found;
function foundOf(row: Row | undefined): Found | undefined;
function foundOf(row: Row | undefined): Found | undefined {
  return row && { id: Number(row.id), sum: String(row.sum), body: String(row.body) };
}

/** A stored result with what is known about it. */
export interface ListedResult {
  readonly id: number;
  readonly key: Digest;
  readonly result: ActionResult;
  /** The node that recorded it last. */
  readonly workflow: string;
  readonly node: string;
  /** When it was recorded, in milliseconds since the epoch. */
  readonly at: number;
  /** Total size of the outputs that lie in blobs. */
  readonly sizeBytes: number;
}

function listedOf(row: Row): ListedResult | undefined {
  const key = String(row.key) as Digest;
  const body = String(row.body);
  if (checksumOf(key, body) !== row.sum) return undefined;
  return {
    id: Number(row.id),
    key,
    result: decodeResult(body),
    workflow: String(row.workflow),
    node: String(row.node),
    at: Number(row.at),
    sizeBytes: Number(row.size),
  };
}
