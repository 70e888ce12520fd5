/** Tests of the store: results, journals, the disposable index, several processes. */

import fc from "fast-check";
import { type Digest, digestOf } from "../../../core/base/digest.ts";
import { StoreError } from "../../../core/base/error.ts";
import { Store } from "../../../core/store/store.ts";
import { applyDelta, decodeResult, deltaOf, encodeResult } from "../../../core/store/entry.ts";
import type { ActionResult, OutputResult } from "../../../core/action.ts";
import { assertEquals, assertOk, assertThrows } from "../../testing/assert.ts";
import {
  blobEntry,
  canMount,
  entryOf,
  keysOf,
  mountSmall,
  resultOf,
  spawn,
  Workspace,
} from "./fixture.ts";

Deno.test("lookup() returns what record() stored, also after the store was opened again", () => {
  using w = new Workspace();
  const entry = entryOf("a");
  const store = w.open();
  assertEquals(store.lookup(entry.key), undefined);
  store.record([entry]);
  assertEquals(store.lookup(entry.key), entry.result);
  store.close();
  assertEquals(w.open().lookup(entry.key), entry.result);
  assertEquals(w.warnings, []);
});

Deno.test("record() replaces an earlier result of the same key", () => {
  using w = new Workspace();
  const store = w.open();
  const first = entryOf("a");
  const second = { ...first, result: { ...first.result, run: "run-2" } };
  store.record([first]);
  store.record([second]);
  assertEquals(store.lookup(first.key)?.run, "run-2");
  assertEquals(store.stats().results, 1);
  store.close();
  Deno.removeSync(`${w.dir}/index.sqlite`);
  assertEquals(w.open().lookup(first.key)?.run, "run-2");
});

Deno.test("open() makes a directory that version control and backups leave out", () => {
  using w = new Workspace();
  w.open();
  assertEquals(Deno.readTextFileSync(`${w.dir}/.gitignore`), "*\n");
  assertOk(Deno.readTextFileSync(`${w.dir}/CACHEDIR.TAG`).startsWith("Signature: 8a477f597d28d"));
});

Deno.test("open() reports a directory that cannot be made", () => {
  using w = new Workspace();
  Deno.writeTextFileSync(w.dir, "a file");
  assertThrows(() => w.open(), StoreError);
});

Deno.test("lookupMany() keeps the order of the keys", () => {
  using w = new Workspace();
  const store = w.open();
  const entries = ["a", "b", "c"].map((seed) => entryOf(seed));
  store.record(entries);
  const keys = [keysOf(entries)[2], digestOf("none"), keysOf(entries)[0]] as Digest[];
  const [c, none, a] = store.lookupMany(keys);
  assertEquals([c, none, a], [entries[2]?.result, undefined, entries[0]?.result]);
});

Deno.test("encodeResult() keeps every member of a result", () => {
  const output = fc.record({
    name: fc.string(),
    kind: fc.constantFrom("value", "file", "dir"),
    digest: fc.string().map((s) => digestOf(s)),
    sizeBytes: fc.nat(),
    text: fc.string({ unit: "grapheme" }),
    executable: fc.boolean(),
  }, { requiredKeys: ["name", "kind", "digest", "sizeBytes"] });
  const usage = fc.record({
    startedAt: fc.nat(),
    wallMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map((n) => n + 0),
    cpuMs: fc.nat(),
    maxRssBytes: fc.nat(),
  }, { requiredKeys: ["startedAt", "wallMs"] });
  const result = fc.record({ outputs: fc.array(output), usage, run: fc.string() });
  fc.assert(fc.property(result, (value) => {
    const plain = JSON.parse(JSON.stringify(value)) as ActionResult;
    assertEquals(decodeResult(encodeResult(plain)), plain);
  }));
});

Deno.test("deltaOf() and applyDelta() give back the text", () => {
  const text = fc.stringMatching(/^[ab]{0,12}$/);
  fc.assert(fc.property(text, text, (a, b) => {
    const delta = deltaOf(a, b, 0);
    if (delta !== undefined) assertEquals(applyDelta(delta, b), a);
  }));
});

Deno.test("material() returns the text and notes of every element of a map node, in any script", () => {
  using w = new Workspace();
  const store = w.open();
  const entries = Array.from(
    { length: 50 },
    (_, i) => entryOf(`é${i}`, { notes: { index: i, s: "日本" } }),
  );
  store.record(entries.slice(0, 20));
  store.record(entries.slice(20));
  entries.forEach(({ key, materialText: text }, i) => {
    assertEquals(store.material(key), { text, notes: { index: i, s: "日本" } });
  });
  assertEquals(store.material(digestOf("none")), undefined);
  assertOk(store.stats().journalBytes < 50 * 450, "materials are stored as differences");
});

Deno.test("forget() makes a result not count, also after the index was rebuilt", () => {
  using w = new Workspace();
  const store = w.open();
  const [a, b] = [entryOf("a"), entryOf("b")];
  store.record([a, b]);
  store.forget([a.key]);
  assertEquals(store.lookup(a.key), undefined);
  store.close();
  Deno.removeSync(`${w.dir}/index.sqlite`);
  const again = w.open();
  assertEquals([again.lookup(a.key), again.lookup(b.key)], [undefined, b.result]);
  again.record([a]);
  assertEquals(again.lookup(a.key), a.result);
});

Deno.test("forget() removes memos, which would say that nothing is to be done, and nothing a process is writing", () => {
  using w = new Workspace();
  const store = w.open();
  const entry = entryOf("a");
  store.record([entry]);
  const [memo, unfinished] = [entry.key.slice(0, 32), `${entry.key.slice(0, 32)}.17`];
  Deno.mkdirSync(`${w.dir}/memos`);
  for (const name of [memo, unfinished]) Deno.writeTextFileSync(`${w.dir}/memos/${name}`, "x");
  const names = () => [...Deno.readDirSync(`${w.dir}/memos`)].map(({ name }) => name).sort();
  store.forget([]);
  assertEquals(names(), [memo, unfinished]);
  store.forget([entry.key]);
  assertEquals(names(), [unfinished]);
});

Deno.test("keysOf() returns all stored keys of a node, nodeNames() all nodes that ever ran", () => {
  using w = new Workspace();
  const store = w.open();
  const entries = Array.from({ length: 30 }, (_, i) => entryOf(`a${i}`));
  const [shared, gone] = [entryOf("shared", { node: "m" }), entryOf("gone", { node: "gone" })];
  store.record([...entries, shared, gone]);
  store.touch("w.yaml", [{ node: "n", key: shared.key }], "run-9");
  store.forget([gone.key]);
  const keys = new Set(store.keysOf("w.yaml", "n"));
  assertEquals([keys.size, keys.has(shared.key)], [31, true]);
  assertEquals([store.keysOf("w.yaml", "gone"), store.keysOf("x.yaml", "n")], [[], []]);
  assertEquals([store.nodeNames("w.yaml"), store.nodeNames("x.yaml")], [["gone", "m", "n"], []]);
});

Deno.test("latestKeys() puts the key a node had last first, hits included", () => {
  using w = new Workspace();
  let now = 1_000_000;
  const store = w.open({ now: () => now++ });
  const [a, b, other] = [entryOf("a"), entryOf("b"), entryOf("c", { node: "other" })];
  store.record([a]);
  store.record([b, other]);
  const latest = (): Digest[] => store.latestKeys("w.yaml", "n", 5).map(({ key }) => key);
  assertEquals(latest(), [b.key, a.key]);
  store.touch("w.yaml", [{ node: "n", key: a.key }, { node: "n", key: digestOf("?") }], "run-9");
  assertEquals(latest(), [a.key, b.key]);
  assertEquals(store.latestKeys("w.yaml", "n", 1).map(({ run }) => run), ["run-9"]);
  store.touch("w.yaml", [{ node: "n", key: other.key }], "run-10");
  assertEquals(latest(), [other.key, a.key, b.key]);
  assertEquals(store.latestKeys("x.yaml", "n", 5), []);
});

Deno.test("durations() weighs new executions more", () => {
  using w = new Workspace();
  const store = w.open();
  const took = (seed: string, wallMs: number): void => {
    const entry = entryOf(seed);
    const usage = { ...entry.result.usage, wallMs };
    store.record([{ ...entry, result: { ...entry.result, usage } }]);
  };
  took("a", 100);
  assertEquals(store.durations("w.yaml"), new Map([["n", 100]]));
  took("b", 300);
  assertEquals(store.durations("w.yaml"), new Map([["n", 200]]));
  assertEquals(store.durations("x.yaml"), new Map());
});

Deno.test("analyses.get() returns what set() kept, before and after flush()", () => {
  using w = new Workspace();
  const store = w.open();
  store.analyses.set(digestOf("f"), "facts");
  assertEquals(store.analyses.get(digestOf("f")), "facts");
  store.flush();
  assertEquals(store.analyses.get(digestOf("f")), "facts");
  store.close();
  assertEquals(w.open().analyses.get(digestOf("f")), "facts");
});

// ---- the index is disposable ---------------------------------------------------------------------

const indexDamages: Record<string, (path: string) => void> = {
  "deleted": (path) => Deno.removeSync(path),
  "no database": (path) => Deno.writeTextFileSync(path, "x".repeat(9000)),
  "empty": (path) => Deno.writeTextFileSync(path, ""),
  "cut in half": (path) => Deno.truncateSync(path, Deno.statSync(path).size >> 1),
  "zeroed inside": (path) => {
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.fill(0, 4096));
  },
};
for (const [name, harm] of Object.entries(indexDamages)) {
  Deno.test(`an index that is ${name} is rebuilt from the journals`, () => {
    using w = new Workspace();
    const entries = Array.from({ length: 300 }, (_, i) => entryOf(`${i}`));
    const store = w.open();
    store.record(entries);
    store.close();
    harm(`${w.dir}/index.sqlite`);
    const again = w.open();
    assertEquals(again.lookupMany(keysOf(entries)), entries.map((entry) => entry.result));
    if (name !== "deleted" && name !== "empty") assertEquals(w.warnings, ["index-rebuilt"]);
    assertEquals(again.material(keysOf(entries)[7] as Digest)?.text, entries[7]?.materialText);
  });
}

Deno.test("an index of another schema version is rebuilt with a warning", async () => {
  using w = new Workspace();
  const store = w.open();
  store.record([entryOf("a")]);
  store.close();
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(`${w.dir}/index.sqlite`);
  db.exec("PRAGMA user_version=999");
  db.close();
  assertOk(w.open().lookup(entryOf("a").key) !== undefined);
  assertEquals(w.warnings, ["index-rebuilt"]);
});

Deno.test("any flipped bit in index or journal gives the right result, a miss or a rebuild, never another result", () => {
  using w = new Workspace();
  const entries = Array.from({ length: 20 }, (_, i) => entryOf(`${i}`));
  const store = w.open();
  store.record(entries);
  store.close();
  const journal =
    [...Deno.readDirSync(`${w.dir}/journal`)].map((e) => `${w.dir}/journal/${e.name}`)[0];
  const files = [`${w.dir}/index.sqlite`, journal as string];
  const clean = files.map((path) => Deno.readFileSync(path));
  fc.assert(
    fc.property(fc.nat(1), fc.nat(), fc.nat(7), (which, position, bit) => {
      for (const suffix of ["", "-wal", "-shm"]) remove(`${w.dir}/index.sqlite${suffix}`);
      files.forEach((path, i) => Deno.writeFileSync(path, clean[i] as Uint8Array));
      const bytes = Uint8Array.from(clean[which] as Uint8Array);
      bytes[position % bytes.length]! ^= 1 << bit;
      Deno.writeFileSync(files[which] as string, bytes);
      if (which === 1) remove(`${w.dir}/index.sqlite`);
      const found = openAndRead(w, keysOf(entries));
      found.forEach((result, i) => {
        if (result !== undefined) assertEquals(result, entries[i]?.result);
      });
      if (which === 1) assertOk(found.filter((r) => r === undefined).length <= 2);
    }),
    { numRuns: 120, seed: 11 },
  );
});

/** A damaged index may also be refused with an error; then nothing was found. */
function openAndRead(w: Workspace, keys: Digest[]): (ActionResult | undefined)[] {
  try {
    const store = w.open();
    const found = store.lookupMany(keys);
    store.close();
    return found;
  } catch (error) {
    assertOk(error instanceof StoreError, String(error));
    return keys.map(() => undefined);
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    assertOk(error instanceof Deno.errors.NotFound);
  }
}

Deno.test("a torn last line is ignored, a damaged line costs one result and a warning", () => {
  using w = new Workspace();
  const entries = ["a", "b", "c"].map((seed) => entryOf(seed));
  const store = w.open();
  for (const entry of entries) store.record([entry]);
  store.close();
  Deno.removeSync(`${w.dir}/index.sqlite`);
  const name = [...Deno.readDirSync(`${w.dir}/journal`)][0]?.name;
  const path = `${w.dir}/journal/${name}`;
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  lines[1] = lines[1]?.replace("run-1", "run-2") ?? "";
  Deno.writeTextFileSync(path, lines.join("\n") + "\n" + lines[0]?.slice(0, 90));
  const again = w.open();
  assertEquals(again.lookupMany(keysOf(entries)).map((r) => r !== undefined), [true, false, true]);
  assertEquals(w.warnings, ["journal-damaged"]);
});

Deno.test("open() adds what was journaled but not indexed before a kill", () => {
  using w = new Workspace();
  const store = w.open();
  store.record([entryOf("a")]);
  store.close();
  Deno.copyFileSync(`${w.dir}/index.sqlite`, `${w.path}/old`);
  const second = w.open();
  second.record([entryOf("b")]);
  second.close();
  Deno.copyFileSync(`${w.path}/old`, `${w.dir}/index.sqlite`);
  assertOk(w.open().lookup(entryOf("b").key) !== undefined);
  assertEquals(w.warnings, []);
});

Deno.test("deleting the directory between runs is safe", () => {
  using w = new Workspace();
  const store = w.open();
  store.record([blobEntry(store, "a")]);
  store.close();
  Deno.removeSync(w.dir, { recursive: true });
  const again = w.open();
  assertEquals(again.lookup(entryOf("a").key), undefined);
  again.record([blobEntry(again, "a")]);
  assertOk(again.lookup(entryOf("a").key) !== undefined);
});

// ---- several processes ---------------------------------------------------------------------------

Deno.test("several processes record the same and other keys at once without loss", async () => {
  using w = new Workspace();
  const names = ["p", "q", "r"];
  const children = names.map((name) => spawn(w.dir, "record", name, "200"));
  for (const child of children) assertEquals((await child.output()).success, true);
  const wanted = names.flatMap((name) =>
    Array.from({ length: 200 }, (_, i) => [entryOf(`${name} ${i}`), entryOf(`shared ${i}`)]).flat()
  );
  for (const isRebuilt of [false, true]) {
    if (isRebuilt) Deno.removeSync(`${w.dir}/index.sqlite`);
    const store = w.open();
    assertEquals(store.lookupMany(keysOf(wanted)), wanted.map((entry) => entry.result));
    assertEquals(store.verify().damagedBlobs, []);
    store.close();
  }
  assertEquals(w.warnings, []);
});

Deno.test({
  name:
    "record() on a full disk throws, loses nothing that was recorded, and works again with space",
  ignore: !canMount(),
  fn: () => {
    using w = new Workspace();
    using small = mountSmall(w.path);
    const filler = `${small.path}/filler`;
    Deno.mkdirSync(`${small.path}/cache/journal`, { recursive: true });
    const warnings: string[] = [];
    // The index lies on the small file system too, and may fail as well: that is a warning.
    const open = (): Store =>
      Store.open(`${small.path}/cache`, { onWarning: (c) => warnings.push(c) });
    using store = open();
    store.record([entryOf("before")]);
    fill(filler);
    const many = Array.from({ length: 100 }, (_, i) => entryOf(`full ${i}`));
    assertThrows(() => store.record(many), StoreError);
    Deno.removeSync(filler);
    assertEquals(store.lookup(many[0]?.key as Digest), undefined);
    store.record([entryOf("after")]);
    store.close();
    for (const suffix of ["", "-wal", "-shm"]) remove(`${small.path}/cache/index.sqlite${suffix}`);
    using again = open();
    const found = ["before", "after"].map((seed) => again.lookup(entryOf(seed).key) !== undefined);
    assertEquals(found, [true, true]);
    assertEquals(warnings.includes("journal-damaged"), false);
  },
});

/** Writes until the disk is full. */
function fill(path: string): void {
  for (const size of [65536, 4096]) {
    try {
      for (;;) Deno.writeFileSync(path, new Uint8Array(size), { append: true });
    } catch (error) {
      assertOk(error instanceof Error);
    }
  }
}

// ---- verify and gc -------------------------------------------------------------------------------

Deno.test("verify() finds damaged blobs and the results that need them, and repair forgets them", () => {
  using w = new Workspace();
  const store = w.open();
  const entries = ["good", "flipped", "gone"].map((seed) => blobEntry(store, seed));
  store.record([...entries, entryOf("inline")]);
  const path = (i: number): string =>
    store.blobs.pathOf((entries[i]?.result.outputs[0] as OutputResult).digest);
  Deno.chmodSync(path(1), 0o644);
  Deno.writeTextFileSync(path(1), "flippes");
  Deno.removeSync(path(2));
  const report = store.verify({ repair: true });
  assertEquals([report.blobCount, report.resultCount, report.damagedBlobs], [2, 4, [
    digestOf("flipped"),
  ]]);
  assertEquals(report.damagedKeys, keysOf(entries).slice(1));
  assertEquals(report.damagedResults[0], { workflow: "w.yaml", node: "n", output: "f" });
  assertEquals(store.lookupMany(keysOf(entries)).map((r) => r !== undefined), [true, false, false]);
  assertEquals(store.verify().damagedKeys, []);
});

Deno.test("verify() looks into directories", () => {
  using w = new Workspace();
  const store = w.open();
  Deno.mkdirSync(`${w.path}/t`);
  w.write("t/a", "in tree");
  const tree = store.blobs.adoptTree(`${w.path}/t`);
  const entry = entryOf("t", { result: resultOf([{ name: "d", kind: "dir", ...tree }]) });
  store.record([entry]);
  assertEquals(store.verify().damagedKeys, []);
  Deno.removeSync(store.blobs.pathOf(digestOf("in tree")));
  assertEquals(store.verify().damagedKeys, [entry.key]);
});
