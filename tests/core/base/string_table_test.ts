/** The table of texts: it numbers them as a `Map` would, while it grows, and with texts that somebody else keeps. */

import { StringTable } from "../../../core/base/string_table.ts";
import { assertEquals } from "../../testing/assert.ts";

/** Every text comes twice, in an order of its own. */
const TEXTS = Array.from({ length: 12_000 }, (_, i) => String((i * 7919) % 6000));

for (
  const [name, hasTexts, expected] of [
    ["keeps its texts", true, 0],
    ["grows with texts that are kept elsewhere", false, 0],
    ["has room for what is expected, and for more", false, 3000],
  ] as const
) {
  Deno.test(`StringTable ${name}`, () => {
    const numbers = new Map<string, number>();
    const kept: string[] = [];
    const table = new StringTable(hasTexts ? undefined : (number) => kept[number], expected);
    for (const text of TEXTS) {
      if (!numbers.has(text)) kept[numbers.size] = text;
      if (!numbers.has(text)) numbers.set(text, numbers.size);
      assertEquals(table.add(text), numbers.get(text));
    }
    assertEquals(table.size, 6000);
    for (const [text, number] of numbers) assertEquals(table.find(text), number);
    assertEquals([table.find("6000"), table.find(""), table.find("-1")], [-1, -1, -1]);
  });
}
