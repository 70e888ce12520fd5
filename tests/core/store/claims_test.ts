/** Tests of sessions and claims across processes: exactly one has a key, and death releases it. */

import { assertEquals, assertOk } from "../../testing/assert.ts";
import { entryOf, firstLine, keysOf, spawn, Workspace } from "./fixture.ts";

const shared = (count: number): ReturnType<typeof keysOf> =>
  keysOf(Array.from({ length: count }, (_, i) => entryOf(`shared ${i}`)));

Deno.test("claim() gives a key to one store until it is released or closed", () => {
  using w = new Workspace();
  const [a, b] = [w.open(), w.open()];
  const [x, y] = shared(2) as [ReturnType<typeof shared>[0], ReturnType<typeof shared>[0]];
  assertEquals([a.claims.claim(x), a.claims.claim(x), b.claims.claim(x)], [true, true, false]);
  assertEquals([a.claims.isFree(x), b.claims.isFree(x), b.claims.isFree(y)], [true, false, true]);
  b.claims.release([x]);
  assertEquals(b.claims.isFree(x), false);
  a.claims.release([x]);
  assertEquals(b.claims.claimAll([x, y]), [true, true]);
  b.close();
  assertEquals(a.claims.claimAll([x, y]), [true, true]);
});

Deno.test("claim() gives each key to exactly one of several racing processes", async () => {
  using w = new Workspace();
  const children = ["p", "q", "r"].map((name) => spawn(w.dir, "claim", name, "150"));
  const got = await Promise.all(children.map(firstLine));
  const all = got.flatMap((line) => JSON.parse(line) as string[]);
  assertEquals(all.toSorted(), [...shared(150)].sort());
  for (const child of children) {
    await child.stdin.close();
    assertEquals((await child.status).success, true);
  }
});

Deno.test("a process killed with SIGKILL leaves no claims, no running run and no private files", async () => {
  using w = new Workspace();
  const store = w.open();
  const child = spawn(w.dir, "hold", "p", "20");
  const session = await firstLine(child);
  assertEquals(store.sessions.isAlive(session), true);
  assertEquals(store.sessions.others(), [session]);
  assertEquals(store.claims.claimAll(shared(20)), Array(20).fill(false));
  assertEquals([...store.runs.list()].map((run) => run.outcome), ["running"]);
  store.gc({ graceMs: -5000 });
  assertOk(Deno.statSync(`${w.dir}/tmp/${session}/private`).isFile);
  child.kill("SIGKILL");
  await child.status;
  await child.stdin.close().catch(() => {});
  assertEquals(store.claims.isFree(shared(1)[0]!), true);
  assertEquals(store.claims.claimAll(shared(20)), Array(20).fill(true));
  assertEquals(store.sessions.others(), []);
  assertEquals([...store.runs.list()].map((run) => run.outcome), ["killed"]);
  store.gc({ graceMs: -5000 });
  assertEquals([...Deno.readDirSync(`${w.dir}/tmp`)].map((e) => e.name).includes(session), false);
});

Deno.test("gc() keeps blobs put since another living session started", async () => {
  using w = new Workspace();
  const store = w.open({ now: () => Date.now() - 1000 });
  const child = spawn(w.dir, "hold", "p", "1");
  await firstLine(child);
  const digest = store.blobs.put(new TextEncoder().encode("new"));
  store.gc({ graceMs: -5000, maxAgeMs: 0 });
  assertOk(store.blobs.has(digest));
  await child.stdin.close();
  await child.status;
});
