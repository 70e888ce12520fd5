/** Tests of stored calls: what counts, what is damaged, what stays when the store is looked after. */

import { type Digest, digestOf } from "../../../core/base/digest.ts";
import { type ElementOutput, elementsPath, type KnownCalls } from "../../../core/store/elements.ts";
import type { Store } from "../../../core/store/store.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";
import { entryOf, resultOf, Workspace } from "./fixture.ts";

const BASE = digestOf("base");
const HOUR = 3_600_000;
/** Nothing is too young to go. */
const AT_ONCE = { graceMs: -5000 };

/** Adds one call per text, each with its own text as output. */
function append(store: Store, base: Digest, keys: readonly string[], output = "1"): void {
  store.elements.log(base).append(keys.map((key) => ({ key, outputs: [output] })), Date.now());
}

/** What a call delivered, by output. */
function outputs(known: KnownCalls, key: string): (ElementOutput | undefined)[] | undefined {
  const found = known.get(key);
  return found && Array.from({ length: found.length }, (_, output) => found.at(output));
}

/** Keys that count, of some. */
function known(store: Store, base: Digest, keys: readonly string[]): string[] {
  const found = store.elements.log(base).read();
  return keys.filter((key) => outputs(found, key) !== undefined);
}

/** Says that a file was last of use some time ago. */
function age(store: Store, base: Digest, ms: number): void {
  const at = new Date(Date.now() - ms);
  Deno.utimeSync(elementsPath(store.dir, base), at, at);
}

Deno.test("read() returns the newest result of each call, and only such as are young enough", () => {
  using w = new Workspace();
  const log = w.open().elements.log(BASE);
  assertEquals(log.read().size, 0);
  const both = [{ key: "a", outputs: ["1", "x"] }, { key: "b", outputs: ["2", "y"] }];
  log.append(both, 1000);
  log.append([{ key: "a", outputs: ["3", "z"] }], 2000);
  const all = log.read();
  assertEquals([all.size, outputs(all, "a"), outputs(all, "b"), outputs(all, "c")], [
    2,
    ["3", "z"],
    ["2", "y"],
    undefined,
  ]);
  const young = log.read(1500);
  assertEquals([outputs(young, "a"), outputs(young, "b")], [["3", "z"], undefined]);
});

Deno.test("every flipped bit of a file of calls costs the calls of its line at most, and verify() tells", () => {
  using w = new Workspace();
  const store = w.open();
  const keys = ["a", "b", "c", "d"];
  append(store, BASE, ["a", "b"]);
  append(store, BASE, ["c", "d"]);
  const path = elementsPath(store.dir, BASE);
  const bytes = Deno.readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 << (at % 8);
    Deno.writeFileSync(path, damaged);
    const found = known(store, BASE, keys);
    assertOk([["a", "b"], ["c", "d"], keys].some((some) => `${some}` === `${found}`), `${at}`);
    const report = store.verify();
    assertEquals(report.callCount, found.length);
    const isBlank = bytes[at] === 10 && found.length === 4;
    assertOk(isBlank || report.damagedElements.length === 1, `${at}`);
  }
  for (let end = 0; end < bytes.length; end++) {
    Deno.writeFileSync(path, bytes.subarray(0, end));
    assertEquals(known(store, BASE, keys).length, end < bytes.length / 2 ? 0 : 2, `${end}`);
  }
});

Deno.test("verify({ repair }) leaves out what is damaged, lost or replaced, and the rest as it was", () => {
  using w = new Workspace();
  const store = w.open();
  const digest = store.blobs.put(new TextEncoder().encode("large"));
  const log = store.elements.log(BASE);
  append(store, BASE, ["a", "b"], "old");
  log.append([{ key: "big", outputs: [{ digest, sizeBytes: 5 }] }], 1);
  append(store, BASE, ["b"], "new");
  const path = elementsPath(store.dir, BASE);
  Deno.writeTextFileSync(path, "torn", { append: true });
  append(store, BASE, ["c"]);
  Deno.removeSync(store.blobs.pathOf(digest));
  age(store, BASE, HOUR);

  const report = store.verify({ repair: true });
  assertEquals(report.callCount, 3);
  assertEquals(report.damagedElements.map(({ damaged, lost }) => [damaged, lost]), [[1, 1]]);
  assertEquals(store.verify().damagedElements, []);
  assertOk(Date.now() - (Deno.statSync(path).mtime?.getTime() ?? 0) >= HOUR - 1000);
  const calls = log.read();
  assertEquals([calls.size, outputs(calls, "a"), outputs(calls, "b"), outputs(calls, "c")], [
    3,
    ["old"],
    ["new"],
    ["1"],
  ]);
  assertEquals([...Deno.readDirSync(`${store.dir}/tmp`)].length, 0);
});

Deno.test("verify({ repair }) removes a file of which nothing counts", () => {
  using w = new Workspace();
  const store = w.open();
  append(store, BASE, ["a"]);
  Deno.writeTextFileSync(elementsPath(store.dir, BASE), "zeros");
  store.verify({ repair: true });
  const { calls, elementFiles, elementBytes } = store.stats();
  assertEquals({ calls, elementFiles, elementBytes }, {
    calls: 0,
    elementFiles: 0,
    elementBytes: 0,
  });
});

Deno.test("stats() counts calls once, ls() says whose they are", () => {
  using w = new Workspace();
  const store = w.open({ now: () => 5000 });
  append(store, BASE, ["a", "b"]);
  append(store, BASE, ["b"]);
  append(store, digestOf("other"), ["x"]);
  store.elements.use(BASE, { workflow: "w.yaml", node: "n" });
  const { calls, elementFiles, elementBytes } = store.stats();
  const size = Deno.statSync(elementsPath(store.dir, BASE)).size;
  assertEquals([calls, elementFiles, elementBytes > size], [3, 2, true]);
  const listed = [...store.elements.ls()].filter(({ base }) => base === BASE);
  assertEquals(listed.map(({ calls, sizeBytes, user }) => ({ calls, sizeBytes, user })), [
    { calls: 2, sizeBytes: size, user: { workflow: "w.yaml", node: "n", at: 5000 } },
  ]);
});

Deno.test("forget() drops the calls of a node, and of others with the same base", () => {
  using w = new Workspace();
  const store = w.open();
  append(store, BASE, ["a", "b"]);
  append(store, digestOf("other"), ["x"]);
  store.elements.use(BASE, { workflow: "w.yaml", node: "n" });
  store.elements.use(BASE, { workflow: "w.yaml", node: "twin" });
  store.elements.use(digestOf("other"), { workflow: "v.yaml", node: "n" });
  assertEquals(store.elements.forget("w.yaml", "m"), 0);
  assertEquals(store.elements.forget("w.yaml", "n"), 2);
  assertEquals([store.stats().calls, store.elements.forget("w.yaml", "twin")], [1, 0]);
});

/** What a file has, which rule applies, and whether it stays. */
const RULES: readonly (readonly [
  what: string,
  has: { readonly result?: boolean; readonly use?: "old" | "new"; readonly ageMs: number },
  rule: Parameters<Store["gc"]>[0],
  stays: boolean,
])[] = [
  ["that belongs to a result", { result: true, ageMs: 900 * HOUR }, {}, true],
  ["that a killed run left", { use: "old", ageMs: 20 * HOUR }, {}, true],
  ["nobody knows", { ageMs: 20 * HOUR }, {}, false],
  ["nobody knows but is young", { ageMs: 0 }, { graceMs: HOUR }, true],
  ["used lately", { use: "old", ageMs: 20 * HOUR }, { maxAgeMs: 30 * HOUR }, true],
  ["not used lately", { use: "old", ageMs: 40 * HOUR }, { maxAgeMs: 30 * HOUR }, false],
  ["not used by the newest run", { use: "old", ageMs: 20 * HOUR }, { keepRuns: 1 }, false],
  ["used by the newest run", { use: "new", ageMs: 20 * HOUR }, { keepRuns: 1 }, true],
  ["that does not fit", { use: "new", ageMs: 20 * HOUR }, { maxBytes: 3 }, false],
  ["that fits", { use: "new", ageMs: 20 * HOUR }, { maxBytes: 3000 }, true],
];

for (const isDeleted of [false, true]) {
  const state = isDeleted ? "after the index was deleted" : "with the index as it was";
  for (const [what, { result = false, use, ageMs }, rule, stays] of RULES) {
    Deno.test(`gc() ${stays ? "keeps" : "removes"} a file of calls ${what}, ${state}`, () => {
      using w = new Workspace();
      let now = Date.now() - 1000 * HOUR;
      const store = w.open({ now: () => now });
      runOf(store, use === "old");
      now += 990 * HOUR;
      runOf(store, use === "new");
      append(store, BASE, ["a"]);
      if (result) store.record([entryOf("r", { notes: { elements: BASE } })]);
      now = Date.now();
      age(store, BASE, ageMs);
      store.close();
      if (isDeleted) Deno.removeSync(`${w.dir}/index.sqlite`);
      const again = w.open();
      const { elementFiles } = again.gc({ ...AT_ONCE, ...rule });
      assertEquals([elementFiles, again.stats().calls], stays ? [0, 1] : [1, 0]);
    });
  }
}

/** A run of `w.yaml` that came to its end and may have used the calls. */
function runOf(store: Store, usesCalls: boolean): void {
  const run = store.runs.begin("w.yaml");
  const time = Number(store.runs.list()[Symbol.iterator]().next().value?.startedAt);
  const started = {
    v: 1,
    time,
    type: "started",
    node: "n",
    attempt: 1,
    action: 1,
    cpus: 0,
  } as const;
  run.append(usesCalls ? { ...started, elements: BASE } : started);
  if (usesCalls) store.elements.use(BASE, { workflow: "w.yaml", node: "n" });
  const counts = { hit: 0, done: 0, failed: 0, skipped: 0 };
  run.append({ v: 1, time, type: "end", run: run.id, outcome: "ok", wallMs: 1, counts });
  run.close();
}

Deno.test("gc() keeps the calls of a result as long as the result, and its blobs as long as the calls", () => {
  using w = new Workspace();
  let now = Date.now() - 50 * HOUR;
  const store = w.open({ now: () => now });
  const digest = store.blobs.put(new TextEncoder().encode("large"));
  store.elements.log(BASE).append([{ key: "a", outputs: [{ digest, sizeBytes: 5 }] }], now);
  age(store, BASE, 50 * HOUR);
  store.record([entryOf("r", { result: resultOf([]), notes: { elements: BASE } })]);
  now = Date.now();
  assertEquals(store.gc(AT_ONCE).elementFiles, 0);
  assertEquals([store.blobs.has(digest), store.stats().calls], [true, 1]);
  const report = store.gc({ ...AT_ONCE, maxAgeMs: HOUR });
  assertEquals([report.results, report.elementFiles, report.blobs], [1, 1, 1]);
  assertEquals([store.blobs.has(digest), store.stats().calls], [false, 0]);
});

Deno.test("gc() writes a file again that holds mostly calls that later ones replaced", () => {
  using w = new Workspace();
  const store = w.open();
  store.record([entryOf("r", { notes: { elements: BASE } })]);
  for (let i = 0; i < 10; i++) append(store, BASE, ["a", "b"], `"${i}"`);
  const before = store.stats().elementBytes;
  age(store, BASE, 2 * HOUR);
  store.gc({});
  const after = store.stats();
  assertEquals([after.calls, after.elementBytes * 10 === before], [2, true]);
  assertEquals(outputs(store.elements.log(BASE).read(), "b"), [`"9"`]);
});
