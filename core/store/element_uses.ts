/**
 * Which nodes used which files of calls, and when. Does not know what is in the files.
 *
 * @module
 */

import type { Digest } from "../base/digest.ts";
import type { Database } from "./database.ts";

/** Table of uses of files of calls. */
export const ELEMENT_SCHEMA = `
CREATE TABLE elements(
  base TEXT NOT NULL, node INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(base, node)) WITHOUT ROWID;
`;

/** A node that used a file. */
export interface ElementUser {
  readonly workflow: string;
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const TOUCH = "INSERT INTO elements(base, node, at) SELECT ?1, id, ?2 FROM nodes " +
  "WHERE workflow=?3 AND node=?4 " +
  "ON CONFLICT DO UPDATE SET at=excluded.at WHERE excluded.at >= at";
const USERS = "SELECT n.workflow AS workflow, n.node AS node, e.at AS at FROM elements e " +
  "JOIN nodes n ON n.id = e.node WHERE e.base=? ORDER BY e.at DESC, n.workflow, n.node";
const BASES = "SELECT e.base AS base FROM elements e JOIN nodes n ON n.id = e.node " +
  "WHERE n.workflow=? AND n.node=? ORDER BY e.base";

/** The uses in one database. */
export class ElementUses {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Notes a use, unless a later one is known; inside a transaction. */
  touch(base: Digest, { workflow, node, at }: ElementUser): void {
    this.#db.run("INSERT OR IGNORE INTO nodes(workflow, node) VALUES(?,?)", workflow, node);
    this.#db.run(TOUCH, base, at, workflow, node);
  }

  /** Returns who used a file, the latest first. */
  usersOf(base: Digest): ElementUser[] {
    return this.#db.all(USERS, base).map((row) => ({
      workflow: String(row.workflow),
      node: String(row.node),
      at: Number(row.at),
    }));
  }

  /** Returns the files a node ever used. */
  basesOf(workflow: string, node: string): Digest[] {
    return this.#db.all(BASES, workflow, node).map(({ base }) => String(base) as Digest);
  }

  /** Forgets all uses of a file; inside a transaction. */
  remove(base: Digest): void {
    this.#db.run("DELETE FROM elements WHERE base=?", base);
  }
}
