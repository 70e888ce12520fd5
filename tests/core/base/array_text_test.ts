/** Elements of arrays that are text: compared with those of the parsed array. */

import fc from "fast-check";
import { type ArrayText, elementsOfArray } from "../../../core/base/array_text.ts";
import { encodeValue } from "../../../core/base/value.ts";
import { assertEquals } from "../../testing/assert.ts";

function flat({ rows }: ArrayText): string[] {
  return rows.flatMap((row) => Array.from({ length: row.length }, (_, at) => row.at(at)));
}

Deno.test("elementsOfArray() finds what parsing and encoding each element would give", () => {
  // Characters that a scanner could take for something else are frequent.
  const text = fc.string({ unit: fc.constantFrom("a", '"', "\\", ",", "[", "}", "é", "\n", "😀") });
  const leaf = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
  const { item } = fc.letrec((tie) => ({
    item: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.constant(null),
      fc.array(tie("item"), { maxLength: 3 }),
      fc.dictionary(text, tie("item"), { maxKeys: 3 }),
    ),
  }));
  const shapes = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));
  fc.assert(fc.property(shapes, fc.infiniteStream(item), ([m, n], items) => {
    const row = (): unknown[] => Array.from({ length: n }, () => items.next().value);
    const table = Array.from({ length: m }, row);
    const { text = "" } = encodeValue(table);
    if (text.includes('"$flow"')) return;
    const found = elementsOfArray(text, 1);
    assertEquals(found?.shape, [m]);
    assertEquals(found && flat(found), table.map((value) => encodeValue(value).text));
    const below = elementsOfArray(text, 2);
    assertEquals(below?.shape, m === 0 ? undefined : [m, n]);
    if (below) assertEquals(flat(below), table.flat().map((value) => encodeValue(value).text));
  }));
});

Deno.test("elementsOfArray() refuses what is no array of that rank", () => {
  for (const text of ["1", '"[1]"', "{}", "null"]) {
    assertEquals(elementsOfArray(text, 1), undefined);
  }
  for (const text of ["[1]", "[[1],2]", "[[1],[]]", "[[],[1]]", "[]"]) {
    assertEquals(elementsOfArray(text, 2), undefined, text);
  }
});
