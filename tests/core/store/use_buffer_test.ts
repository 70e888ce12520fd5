/** Tests of uses that wait to be written: none is lost, few writes. */

import type { Digest } from "../../../core/base/digest.ts";
import { digestOf } from "../../../core/base/digest.ts";
import { type UseBatch, UseBuffer } from "../../../core/store/use_buffer.ts";
import { assertEquals } from "../../testing/assert.ts";
import { entryOf, keysOf, Workspace } from "./fixture.ts";

function usesOf(count: number, from = 0): { node: string; key: Digest }[] {
  return Array.from({ length: count }, (_, i) => ({ node: `n${from + i}`, key: digestOf("k") }));
}

Deno.test("UseBuffer writes a small batch at once and large ones together", () => {
  const written: UseBatch[] = [];
  const uses = new UseBuffer((batch) => written.push(batch));
  const add = (count: number, run = "r"): void =>
    uses.add({ workflow: "w", run, uses: usesOf(count) });
  add(0);
  add(1);
  add(512);
  add(512);
  assertEquals(written.map((batch) => batch.uses.length), [1]);
  add(3);
  assertEquals(written.map((batch) => batch.uses.length), [1, 1027]);
  add(512, "r");
  add(512, "other run");
  assertEquals(written.map((batch) => [batch.run, batch.uses.length]).at(-1), ["r", 512]);
  uses.flush();
  uses.flush();
  assertEquals(written.map((batch) => batch.run), ["r", "r", "r", "other run"]);
  for (let i = 0; i < 16; i++) add(512);
  assertEquals(written.at(-1)?.uses.length, 8192);
});

Deno.test("touch() shows in latestKeys() however many uses wait", () => {
  using w = new Workspace();
  const store = w.open();
  const entries = Array.from({ length: 300 }, (_, i) => entryOf(`${i}`, { node: `n${i}` }));
  store.record(entries);
  const keys = keysOf(entries);
  store.touch("w.yaml", keys.map((key) => ({ node: "other", key })), "run-2");
  assertEquals(
    new Set(store.latestKeys("w.yaml", "other", 500).map(({ key }) => key)),
    new Set(keys),
  );
  assertEquals(store.latestKeys("w.yaml", "other", 1)[0]?.run, "run-2");
});
