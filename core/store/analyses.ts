/**
 * Facts about the content of files, by digest; making one again costs milliseconds. Does not know what they say.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";
import type { Database } from "./database.ts";
import { checksumOf } from "./entry.ts";

/** Table of analyses. */
export const ANALYSIS_SCHEMA = `
CREATE TABLE analyses(digest TEXT PRIMARY KEY, text TEXT NOT NULL, sum TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
`;

/** The analyses in one database. */
export class Analyses {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #waiting = new Map<Digest, string>();

  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /** Returns what `set` kept for a content. */
  get(digest: Digest): string | undefined {
    const waiting = this.#waiting.get(digest);
    if (waiting !== undefined) return waiting;
    const row = this.#db.get("SELECT text, sum FROM analyses WHERE digest=?", digest);
    if (row === undefined) return undefined;
    const text = String(row.text);
    return checksumOf(digest, text) === row.sum ? text : undefined;
  }

  /** Keeps a text about a content; it reaches the index with the next `flush`. */
  set(digest: Digest, text: string): void {
    this.#waiting.set(digest, text);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    const sql = "INSERT OR REPLACE INTO analyses(digest, text, sum, at) VALUES(?,?,?,?)";
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#db.transaction(() => {
      for (const [digest, text] of waiting) {
        this.#db.run(sql, digest, text, checksumOf(digest, text), this.#now());
      }
    });
  }
}
