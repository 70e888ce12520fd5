/** Columns of texts: what is put at a place is what is there. */

import { NumberList, TextColumn, TextLines } from "../../../core/base/text_column.ts";
import { assertEquals } from "../../testing/assert.ts";

Deno.test("TextColumn holds lines of pieces, other texts and other things, the newest of each place", () => {
  const column = new TextColumn<{ readonly n: number }>(5);
  const [a, b] = [TextLines.of("a0\na1\na2"), TextLines.of("\nb1")];
  column.place(0, a, 2);
  column.place(1, b, 0);
  column.place(2, a, 0);
  column.set(3, { n: 1 });
  const at = () => Array.from({ length: column.length }, (_, place) => column.at(place));
  assertEquals(at(), ["a2", "", "a0", { n: 1 }, undefined]);
  assertEquals(column.isText, false);
  column.set(0, "own");
  column.place(3, b, 1);
  column.set(4, "");
  assertEquals(at(), ["own", "", "a0", "b1", ""]);
  assertEquals(column.isText, true);
});

Deno.test("NumberList grows", () => {
  const list = new NumberList();
  for (let i = 0; i < 1000; i++) list.push(i * 4_000_000);
  list.set(3, 7);
  assertEquals([list.length, list.at(3), list.at(999)], [1000, 7, 3_996_000_000]);
  assertEquals(list.toArray().length, 1000);
});
