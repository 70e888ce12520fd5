/**
 * Removes results that were not used lately and everything nobody refers to. Does not know how the parts are written.
 *
 * Other processes may work in the directory meanwhile. What they put or used since they started is left alone; what they
 * merely looked up keeps its blobs until a later collection. If they lose a blob all the same, the read notices, and
 * the result is computed again: a collection costs work at worst, never truth.
 *
 * @module
 */

import { isDigest } from "../base/digest.ts";
import type { Digest } from "../base/digest.ts";
import { type Blobs, REFRESH_MS } from "./blobs.ts";
import type { Database } from "./database.ts";
import { applyDelta, type JournalRecord } from "./entry.ts";
import type { ElementUses } from "./element_uses.ts";
import type { FileDigests } from "./files.ts";
import { guarded, lstatIfExists, removeIfExists } from "./io.ts";
import { type JournalWriter, type NewRecord, scanJournal } from "./journal.ts";
import { type ListedResult, type ResultIndex, shortOf } from "./result_index.ts";
import { neededBlobs } from "./needed.ts";
import type { Runs } from "./runs.ts";
import { type Sessions, timeOfId } from "./session.ts";
import { sweepElements, type SweptElements } from "./sweep_elements.ts";

/** Records per write while journals are joined. */
const BATCH = 5000;

/** How long analyses are kept, in milliseconds: making one again costs milliseconds. */
const ANALYSIS_MS = 90 * 86_400_000;

/** Which results go. Any rule that applies is enough; without rules only what nobody refers to goes. */
export interface CollectOptions {
  /**
   * Results not used by the newest runs of any workflow, this many per workflow; older runs go too. Runs that go on, were
   * stopped or died do not count: they have not shown yet what they need.
   */
  readonly keepRuns?: number;
  /** Results not used for this long, in milliseconds. */
  readonly maxAgeMs?: number;
  /** The least lately used results, until the rest needs at most this many bytes. */
  readonly maxBytes?: number;
  /** What is younger than this is never removed, in milliseconds; an hour by default. */
  readonly graceMs?: number;
  /** Only counts results. */
  readonly dryRun?: boolean;
}

/** What went. */
export interface CollectReport extends SweptElements {
  readonly results: number;
  /** Results that stay. */
  readonly keptResults: number;
  readonly blobs: number;
  readonly blobBytes: number;
  readonly runs: number;
  /** Digests of workspace files that are gone. */
  readonly files: number;
}

/** The parts of a store a collection works on. */
export interface CollectContext {
  readonly dir: string;
  readonly db: Database;
  readonly index: ResultIndex;
  readonly elements: ElementUses;
  readonly blobs: Blobs;
  readonly files: FileDigests;
  readonly runs: Runs;
  readonly sessions: Sessions;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly openJournal: () => { writer: JournalWriter; name: string };
  readonly journalId: (name: string) => number;
}

/** Collects; see {@linkcode CollectOptions}. */
export function collect(context: CollectContext, options: CollectOptions): CollectReport {
  const { db, runs, files } = context;
  const graceMs = options.graceMs ?? 3_600_000;
  const others = context.sessions.others();
  const before = Math.min(context.now - graceMs, ...others.map(timeOfId)) - REFRESH_MS *
      Number(others.length > 0);
  const doomed = chooseDoomed(context, options, before);
  const kept = countOf(db, "SELECT count(*) AS n FROM actions") - doomed;
  if (options.dryRun === true) {
    const none = { blobs: 0, blobBytes: 0, elementFiles: 0, elementBytes: 0, runs: 0, files: 0 };
    return { results: doomed, keptResults: kept, ...none };
  }
  if (others.length > 0) spareBlobs(context);
  dropDoomed(context, others);
  joinJournals(context, doomed);
  const sweptElements = sweepElements({
    ...context,
    before,
    isReferred: (base) => isReferred(db, base),
    refer: (digest) => refer(db, digest),
  }, options);
  const swept = sweepBlobs(context, before);
  const runCount = options.keepRuns === undefined ? 0 : dropRuns(runs, options.keepRuns);
  sweepDir(`${context.dir}/tmp`, before, (name) => !context.sessions.isAlive(name));
  sweepDir(`${context.dir}/quarantine`, before, () => false);
  if (doomed > 0 && others.length === 0) db.run("VACUUM");
  return {
    results: doomed,
    keptResults: kept,
    ...swept,
    ...sweptElements,
    runs: runCount + runs.removeDamaged(),
    files: files.collect(),
  };
}

/** Fills the temporary table `doomed` and returns its size. */
function chooseDoomed(
  { db, runs, now }: CollectContext,
  options: CollectOptions,
  before: number,
): number {
  temporary(db, "doomed", "id INTEGER PRIMARY KEY");
  temporary(db, "used", "id INTEGER PRIMARY KEY, at INTEGER NOT NULL, size INTEGER NOT NULL");
  db.run(
    "INSERT INTO temp.used SELECT a.id, max(a.at, coalesce(max(u.at), 0)), a.size FROM actions a " +
      "LEFT JOIN (SELECT action, max(at) AS at FROM uses GROUP BY action) u ON u.action = a.id GROUP BY a.id",
  );
  if (options.maxAgeMs !== undefined) {
    db.run(
      "INSERT OR IGNORE INTO temp.doomed SELECT id FROM temp.used WHERE at < ?",
      now - options.maxAgeMs,
    );
  }
  if (options.keepRuns !== undefined) chooseUnused(db, runs, options.keepRuns);
  if (options.maxBytes !== undefined) {
    db.run(
      "INSERT OR IGNORE INTO temp.doomed SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY at DESC, id DESC) AS total " +
        "FROM temp.used WHERE id NOT IN (SELECT id FROM temp.doomed)) WHERE total > ?",
      options.maxBytes,
    );
  }
  db.run("DELETE FROM temp.doomed WHERE id IN (SELECT id FROM temp.used WHERE at >= ?)", before);
  return countOf(db, "SELECT count(*) AS n FROM temp.doomed");
}

/** Dooms what no workflow used since its `keep`th newest run that came to its end started. */
function chooseUnused(db: Database, runs: Runs, keep: number): void {
  temporary(db, "since", "workflow TEXT PRIMARY KEY, at INTEGER NOT NULL");
  for (const [workflow, { since }] of recentOf(runs, keep)) {
    if (since !== undefined) db.run("INSERT INTO temp.since VALUES(?, ?)", workflow, since);
  }
  // Workflows with fewer runs than that use everything they ever used.
  const isRecent =
    "x.at >= coalesce((SELECT s.at FROM temp.since s WHERE s.workflow = n.workflow), 0)";
  db.run(
    "INSERT OR IGNORE INTO temp.doomed SELECT id FROM actions WHERE id NOT IN (" +
      `SELECT x.id FROM actions x JOIN nodes n ON n.id = x.node WHERE ${isRecent} UNION ` +
      `SELECT x.action FROM uses x JOIN nodes n ON n.id = x.node WHERE ${isRecent})`,
  );
}

/** The newest runs of one workflow. */
interface Recent {
  /** How many of them came to their end. */
  ended: number;
  /** How many runs there are since the oldest that counts. */
  all: number;
  /** When that one started; absent if there are fewer. */
  since?: number;
}

/** Finds by workflow the newest `keep` runs that came to their end, with the others among them. */
function recentOf(runs: Runs, keep: number): ReadonlyMap<string, Recent> {
  const recent = new Map<string, Recent>();
  for (const { workflow, startedAt, outcome } of runs.list()) {
    const found = recent.get(workflow) ?? { ended: 0, all: 0 };
    recent.set(workflow, found);
    if (found.since !== undefined) continue;
    found.all++;
    if (outcome === "ok" || outcome === "failed") found.ended++;
    if (found.ended === Math.max(1, keep)) found.since = startedAt;
  }
  return recent;
}

/** Makes the blobs of doomed results young again: a living session may have looked one up and not yet said so. */
function spareBlobs({ blobs, db, index }: CollectContext): void {
  for (const listed of index.entries()) {
    if (db.get("SELECT id FROM temp.doomed WHERE id=?", listed.id) === undefined) continue;
    for (const digest of referencesOf(listed, blobs)) {
      const path = blobs.pathOf(digest);
      if (lstatIfExists(path) !== undefined) Deno.chmodSync(path, 0o444);
    }
  }
}

function dropDoomed({ db, now }: CollectContext, others: readonly string[]): void {
  db.transaction(() => {
    db.run("DELETE FROM actions WHERE id IN (SELECT id FROM temp.doomed)");
    db.run("DELETE FROM uses WHERE action NOT IN (SELECT id FROM actions)");
    db.run("DELETE FROM analyses WHERE at < ?", now - ANALYSIS_MS);
    const alive = others.map(() => "?").join(",");
    db.run(`DELETE FROM claims WHERE session NOT IN (${alive})`, ...others);
  });
}

/** Copies what still counts out of the journals of dead sessions into one, and removes them. Fills `refs` on the way. */
function joinJournals(context: CollectContext, doomed: number): void {
  const { dir, db, blobs, sessions, index } = context;
  temporary(db, "refs", "h INTEGER PRIMARY KEY");
  for (const listed of index.entries()) {
    for (const digest of referencesOf(listed, blobs)) refer(db, digest);
  }
  const names = journalNames(dir);
  // The own journals are closed: what is moved goes to a new one.
  const dead = names.filter((name) => {
    const session = name.split("+", 1)[0] ?? "";
    return session === sessions.id || !sessions.isAlive(session);
  });
  const joinable = new Set(doomed > 0 || dead.length > 1 ? dead : []);
  for (const name of names) {
    // A session that enters now has a journal of its own, which is not in the list.
    if (joinable.has(name)) joinJournal(context, name);
    else readNotes(db, `${dir}/journal/${name}`);
  }
}

/** Notes that something is needed, by its digest. */
function refer(db: Database, digest: string): void {
  db.run("INSERT OR IGNORE INTO temp.refs VALUES(?)", shortOf(digest));
}

function isReferred(db: Database, digest: string): boolean {
  return db.get("SELECT h FROM temp.refs WHERE h=?", shortOf(digest)) !== undefined;
}

function joinJournal(context: CollectContext, name: string): void {
  const path = `${context.dir}/journal/${name}`;
  const id = context.journalId(name);
  let batch: NewRecord[] = [];
  for (const { record, offset } of withMaterial(path)) {
    if (!isAt(context.db, record.key, id, offset)) continue;
    referNotes(context.db, record);
    batch.push(record);
    if (batch.length >= BATCH) {
      moveRecords(context, batch);
      batch = [];
    }
  }
  moveRecords(context, batch);
  guarded("remove", path, () => removeIfExists(path));
  context.db.run("DELETE FROM journals WHERE id=?", id);
}

/** Appends records to the own journal and points the index there. */
function moveRecords(
  { db, openJournal, journalId }: CollectContext,
  batch: readonly NewRecord[],
): void {
  if (batch.length === 0) return;
  const { writer, name } = openJournal();
  const offsets = writer.append(batch);
  db.transaction(() => {
    const id = journalId(name);
    batch.forEach(({ key }, i) => {
      const sql = "UPDATE actions SET journal=?, offset=? WHERE h=? AND key=?";
      db.run(sql, id, offsets[i] ?? 0, shortOf(key), key);
    });
    db.run("UPDATE journals SET bytes=? WHERE id=?", writer.sizeBytes, id);
  });
}

function isAt(db: Database, key: Digest, journal: number, offset: number): boolean {
  const sql = "SELECT id FROM actions WHERE h=? AND key=? AND journal=? AND offset=?";
  return db.get(sql, shortOf(key), key, journal, offset) !== undefined;
}

/** Yields the results of a journal with whole materials. A delta refers to the last whole text of its node. */
function* withMaterial(path: string): Generator<{ record: NewRecord; offset: number }> {
  const bases = new Map<string, { offset: number; text: string }>();
  for (const { record, offset } of scanJournal(path)) {
    if (record.kind !== "result") continue;
    const { material } = record;
    if (typeof material === "string") {
      bases.set(record.node, { offset, text: material });
      yield { record: { ...record, material }, offset };
      continue;
    }
    const base = bases.get(record.node);
    // A lost base costs the explanation of a result, not the result.
    const text = base?.offset === material.base ? applyDelta(material, base.text) : "";
    yield { record: { ...record, material: text }, offset };
  }
}

function readNotes(db: Database, path: string): void {
  for (const { record } of scanJournal(path)) referNotes(db, record);
}

/** Notes may name a blob that explains the code of a function, and the calls a result was made of. */
function referNotes(db: Database, record: JournalRecord): void {
  if (record.kind !== "result" || record.notes === undefined) return;
  for (const value of Object.values(record.notes)) {
    if (typeof value === "string" && isDigest(value)) refer(db, value);
  }
}

/** Yields the blobs a result needs. */
function* referencesOf({ result }: ListedResult, blobs: Blobs): Generator<Digest> {
  for (const output of result.outputs) {
    if (output.text === undefined) yield* neededBlobs(blobs, output);
  }
}

function sweepBlobs(
  { db, blobs }: CollectContext,
  before: number,
): { blobs: number; blobBytes: number } {
  let [count, bytes] = [0, 0];
  for (const digest of blobs.list()) {
    if (isReferred(db, digest)) continue;
    const path = blobs.pathOf(digest);
    const info = lstatIfExists(path);
    if (info === undefined || changedAt(info) >= before) continue;
    guarded("remove", path, () => removeIfExists(path));
    count++;
    bytes += info.size;
  }
  return { blobs: count, blobBytes: bytes };
}

function dropRuns(runs: Runs, keep: number): number {
  let count = 0;
  for (const [workflow, { all }] of recentOf(runs, keep)) count += runs.retain(workflow, all);
  return count;
}

/** Removes what is old, and of session directories those of dead sessions. */
function sweepDir(dir: string, before: number, isDead: (name: string) => boolean): void {
  if (lstatIfExists(dir) === undefined) return;
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    const info = lstatIfExists(`${dir}/${name}`);
    if (info === undefined) continue;
    const isSession = isDirectory && timeOfId(name) > 0;
    if (isSession ? isDead(name) : changedAt(info) < before) {
      guarded("remove", `${dir}/${name}`, () => removeIfExists(`${dir}/${name}`));
    }
  }
}

function changedAt(info: Deno.FileInfo): number {
  return (info.ctime ?? info.mtime)?.getTime() ?? 0;
}

function journalNames(dir: string): string[] {
  if (lstatIfExists(`${dir}/journal`) === undefined) return [];
  return [...Deno.readDirSync(`${dir}/journal`)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ndjson")).sort();
}

function temporary(db: Database, name: string, columns: string): void {
  db.run(`DROP TABLE IF EXISTS temp.${name}`);
  db.run(`CREATE TEMP TABLE ${name}(${columns})`);
}

function countOf(db: Database, sql: string): number {
  return Number(db.get(sql)?.n ?? 0);
}
