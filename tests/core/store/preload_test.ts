/** Tests of results that are read before they are asked for: never another answer than without. */

import { DatabaseSync } from "node:sqlite";
import { digestOf } from "../../../core/base/digest.ts";
import { assertEquals } from "../../testing/assert.ts";
import { entryOf, keysOf, resultOf, Workspace } from "./fixture.ts";

Deno.test("preload() changes nothing of what lookup() returns: also not for what is changed or forgotten later", () => {
  using w = new Workspace();
  const entries = Array.from({ length: 200 }, (_, i) => entryOf(`${i}`));
  const [first, second, third] = keysOf(entries);
  w.open().record(entries);
  const store = w.open();
  const outputs = [{
    name: "y",
    kind: "value",
    digest: digestOf("z"),
    sizeBytes: 1,
    text: "2",
  }] as const;
  // More than there are, exactly as many, fewer, too few to be worth it.
  for (const count of [1000, 200, 100, 10]) {
    store.preload(count);
    assertEquals(keysOf(entries).map((key) => store.lookup(key)), entries.map((e) => e.result));
    assertEquals(store.lookup(digestOf("none")), undefined);
  }
  store.preload(200);
  store.record([{ ...entries[0], result: resultOf(outputs) }]);
  store.forget([second]);
  assertEquals(store.lookup(first), resultOf(outputs));
  assertEquals(store.lookup(second), undefined);
  // Handed out once: the next look sees what another process did meanwhile.
  assertEquals(store.lookup(third), entries[2].result);
  w.open().forget([third]);
  assertEquals(store.lookup(third), undefined);
});

Deno.test("preload() does not believe a damaged row", () => {
  using w = new Workspace();
  const entries = Array.from({ length: 100 }, (_, i) => entryOf(`${i}`));
  const first = w.open();
  first.record(entries);
  first.close();
  const db = new DatabaseSync(`${w.dir}/index.sqlite`);
  db.exec("UPDATE actions SET body = replace(body, '10', '11') WHERE id = 7");
  db.close();
  const store = w.open();
  store.preload(100);
  const found = keysOf(entries).map((key) => store.lookup(key) !== undefined);
  assertEquals(found.flatMap((isFound, i) => isFound ? [] : [i]), [6]);
});
