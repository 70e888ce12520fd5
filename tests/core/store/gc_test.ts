/** Tests of collection: what goes, what stays, and that nothing is lost when the index is. */

import type { Digest } from "../../../core/base/digest.ts";
import type { EndEvent } from "../../../core/event.ts";
import type { RunRecord } from "../../../core/store/run_record.ts";
import { timeOfId } from "../../../core/store/session.ts";
import type { Store } from "../../../core/store/store.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";
import { blobEntry, entryOf, keysOf, resultOf, Workspace } from "./fixture.ts";

/** Nothing is too young to go. */
const AT_ONCE = { graceMs: -5000 };

Deno.test("gc() removes blobs nobody refers to, and keeps those of results, trees and notes", () => {
  using w = new Workspace();
  const store = w.open();
  Deno.mkdirSync(`${w.path}/t`);
  w.write("t/a", "in tree");
  const tree = store.blobs.adoptTree(`${w.path}/t`);
  const code = store.blobs.put(new TextEncoder().encode("parts"));
  store.record([
    blobEntry(store, "kept"),
    entryOf("t", { result: resultOf([{ name: "d", kind: "dir", ...tree }]), notes: { code } }),
  ]);
  const lost = store.blobs.put(new TextEncoder().encode("unreferenced"));
  assertEquals(store.gc({}).blobs, 0);
  const report = store.gc(AT_ONCE);
  assertEquals([report.blobs, report.blobBytes, report.results], [1, 12, 0]);
  assertEquals([store.blobs.has(lost), store.blobs.has(code)], [false, true]);
  assertEquals(store.verify().damagedKeys, []);
});

Deno.test("gc() drops what was not used for long, or least lately, and stays so after a rebuild", () => {
  using w = new Workspace();
  let now = Date.now() - 50_000;
  const store = w.open({ now: () => now });
  const entries = ["one", "two", "six"].map((seed) => blobEntry(store, seed));
  for (const entry of entries) {
    store.record([entry]);
    now += 10_000;
  }
  store.touch("w.yaml", [{ node: "n", key: entries[0]?.key as Digest }], "run-2");
  assertEquals(store.gc({ ...AT_ONCE, maxAgeMs: 15_000, dryRun: true }).results, 1);
  const alive = (s = store): boolean[] => s.lookupMany(keysOf(entries)).map((r) => r !== undefined);
  assertEquals(alive(), [true, true, true]);
  assertEquals(store.gc({ ...AT_ONCE, maxAgeMs: 15_000 }).results, 1);
  assertEquals(alive(), [true, false, true]);
  assertEquals(store.gc({ ...AT_ONCE, maxBytes: 3 }).results, 1);
  assertEquals(alive(), [true, false, false]);
  assertEquals(store.material(entries[0]?.key as Digest)?.text, entries[0]?.materialText);
  store.close();
  Deno.removeSync(`${w.dir}/index.sqlite`);
  const again = w.open();
  assertEquals(alive(again), [true, false, false]);
  assertEquals(again.material(entries[0]?.key as Digest)?.text, entries[0]?.materialText);
  assertEquals(again.stats().journals, 1);
});

/** Makes a run with an end, or without one as if its process had been killed. */
function runOf(
  store: Store,
  workflow: string,
  outcome: EndEvent["outcome"] | "killed",
  body: (run: RunRecord, time: number) => void,
): void {
  const run = store.runs.begin(workflow);
  const time = timeOfId(run.id);
  body(run, time);
  if (outcome !== "killed") {
    const counts = { hit: 0, done: 0, failed: 0, skipped: 0 };
    run.append({ v: 1, time, type: "end", run: run.id, outcome, wallMs: 1, counts });
  }
  run.close();
}

/** Makes a run of `w.yaml` whose node `n` takes results from the store. */
function hitsOf(store: Store, workflow: string, keys: readonly Digest[]): void {
  runOf(store, workflow, "ok", (run, time) => {
    for (const key of keys) run.append({ v: 1, time, type: "hit", node: "n", key, outputs: [] });
    store.touch(workflow, keys.map((key) => ({ node: "n", key })), run.id);
  });
}

Deno.test("gc() keeps what the newest runs of any workflow used", () => {
  using w = new Workspace();
  let now = Date.now() - 60_000;
  const store = w.open({ now: () => now });
  const entries = ["a", "b", "c"].map((seed) => entryOf(seed));
  for (const entry of entries) {
    now += 10_000;
    runOf(store, "w.yaml", "ok", () => store.record([entry]));
  }
  const shared = { node: "m", key: entries[0]?.key as Digest };
  store.touch("v.yaml", [shared], "run-v");
  const report = store.gc({ ...AT_ONCE, keepRuns: 1 });
  assertEquals([report.results, report.runs], [1, 2]);
  assertEquals(store.lookupMany(keysOf(entries)).map((r) => r !== undefined), [true, false, true]);
});

for (const isDeleted of [false, true]) {
  const state = isDeleted ? "deleted and made again" : "as it was";
  Deno.test(`gc() keeps what each of several workflows used last, with the index ${state}`, () => {
    using w = new Workspace();
    let now = Date.now() - 3_600_000;
    const store = w.open({ now: () => now += 1000 });
    const entries = ["old", "shared", "new"].map((seed) => entryOf(seed, { workflow: "a/w.yaml" }));
    const [old, shared, newest] = keysOf(entries);
    for (const entry of entries) runOf(store, "a/w.yaml", "ok", () => store.record([entry]));
    hitsOf(store, "b/w.yaml", [old as Digest]);
    hitsOf(store, "b/w.yaml", [shared as Digest]);
    hitsOf(store, "c/w.yaml", [newest as Digest]);
    store.close();
    if (isDeleted) Deno.removeSync(`${w.dir}/index.sqlite`);

    const again = w.open({ now: () => now });
    assertEquals(again.gc({ ...AT_ONCE, keepRuns: 1 }).results, 1);
    const kept = again.lookupMany(keysOf(entries)).map((result) => result !== undefined);
    assertEquals(kept, [false, true, true]);
    const uses = again.latestKeys("b/w.yaml", "n", 5).map(({ key }) => key);
    assertEquals(uses, [shared]);
  });
}

for (const outcome of ["aborted", "killed"] as const) {
  Deno.test(`gc() does not count a run that was ${outcome}`, () => {
    using w = new Workspace();
    let now = Date.now() - 3_600_000;
    const store = w.open({ now: () => now += 1000 });
    const entry = entryOf("a");
    store.record([entry]);
    hitsOf(store, "w.yaml", [entry.key]);
    runOf(store, "w.yaml", outcome, () => {});
    const report = store.gc({ ...AT_ONCE, keepRuns: 1 });
    assertEquals([report.results, report.runs], [0, 0]);
    hitsOf(store, "w.yaml", [entry.key]);
    assertEquals(store.gc({ ...AT_ONCE, keepRuns: 1 }).runs, 2);
    assertOk(store.lookup(entry.key) !== undefined);
  });
}

Deno.test("gc() knows what a living run used whose index was deleted", () => {
  using w = new Workspace();
  const hour = 3_600_000;
  let now = Date.now() - 1000 * hour;
  const entry = entryOf("a", { workflow: "a/w.yaml" });
  const first = w.open({ now: () => now += 1000 });
  runOf(first, "a/w.yaml", "ok", () => first.record([entry]));
  runOf(first, "a/w.yaml", "ok", () => {});
  first.close();

  now += 900 * hour;
  const owner = w.open({ now: () => now });
  const living = owner.runs.begin("b/w.yaml");
  Deno.removeSync(`${w.dir}/index.sqlite`);
  const collector = w.open({ now: () => now });
  assertEquals(collector.gc({ ...AT_ONCE, keepRuns: 1, dryRun: true }).results, 1);
  // The owner still has the deleted file: only the record of its run tells.
  living.append({ v: 1, time: now, type: "hit", node: "n", key: entry.key, outputs: [] });
  owner.touch("b/w.yaml", [{ node: "n", key: entry.key }], living.id);
  assertEquals(collector.gc({ ...AT_ONCE, keepRuns: 1 }).results, 0);
  assertOk(collector.lookup(entry.key) !== undefined);
});
