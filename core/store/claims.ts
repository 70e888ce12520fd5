/**
 * Single flight: at most one living session computes a key. Does not know what a key stands for or who waits.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";
import { StoreError } from "../base/error.ts";
import type { Database } from "./database.ts";
import type { Sessions } from "./session.ts";

/** Table of claims. */
export const CLAIM_SCHEMA = `
CREATE TABLE claims(key TEXT PRIMARY KEY, session TEXT NOT NULL) WITHOUT ROWID;
`;

const FIND = "SELECT session FROM claims WHERE key=?";
const SET = "INSERT OR REPLACE INTO claims(key, session) VALUES(?,?)";
const DELETE = "DELETE FROM claims WHERE key=? AND session=?";

/** The claims of one session. A claim ends with `release`, or with the process that holds it. */
export class Claims {
  readonly #db: Database;
  readonly #sessions: Sessions;
  readonly #held = new Set<Digest>();
  readonly #onTrouble: (error: StoreError) => void;

  /** @param onTrouble Told when claims cannot be written; then keys count as claimed, and work may be done twice. */
  constructor(db: Database, sessions: Sessions, onTrouble: (error: StoreError) => void) {
    this.#db = db;
    this.#sessions = sessions;
    this.#onTrouble = onTrouble;
  }

  /** Claims one key; false if another living session has it. */
  claim(key: Digest): boolean {
    return this.claimAll([key])[0] === true;
  }

  /** Claims many keys in one transaction and tells for each whether this session has it now. */
  claimAll(keys: readonly Digest[]): boolean[] {
    try {
      this.#sessions.enter();
      const got = this.#db.transaction(() => this.#write(keys));
      keys.forEach((key, i) => got[i] && this.#held.add(key));
      return got;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#onTrouble(error);
      return keys.map(() => true);
    }
  }

  /** Tells whether no other living session has a key. */
  isFree(key: Digest): boolean {
    return this.#isFree(key, new Map());
  }

  /** Gives up claims; keys that are not held are left alone. */
  release(keys: readonly Digest[]): void {
    const held = keys.filter((key) => this.#held.has(key));
    if (held.length === 0) return;
    for (const key of held) this.#held.delete(key);
    try {
      this.#db.transaction(() => {
        for (const key of held) this.#db.run(DELETE, key, this.#sessions.id);
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#onTrouble(error);
    }
  }

  /** Gives up all claims. */
  releaseAll(): void {
    this.release([...this.#held]);
  }

  #write(keys: readonly Digest[]): boolean[] {
    const alive = new Map<string, boolean>();
    return keys.map((key) => {
      if (!this.#isFree(key, alive)) return false;
      this.#db.run(SET, key, this.#sessions.id);
      return true;
    });
  }

  /** @param alive Answers of the kernel in this transaction, by session. */
  #isFree(key: Digest, alive: Map<string, boolean>): boolean {
    const owner = this.#db.get(FIND, key)?.session;
    if (typeof owner !== "string" || owner === this.#sessions.id) return true;
    let isAlive = alive.get(owner);
    if (isAlive === undefined) {
      isAlive = this.#sessions.isAlive(owner);
      alive.set(owner, isAlive);
    }
    return !isAlive;
  }
}
