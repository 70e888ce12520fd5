/** Selections of a stored value. */

import { parseSlice, sliceValue } from "../../../core/base/slice.ts";
import { UsageError } from "../../../core/base/error.ts";
import { assertEquals, assertThrows } from "../../testing/assert.ts";

const Z = [[1, 2, 3], [4, 5, 6]];
const SELECTIONS: readonly (readonly [reference: string, value: unknown])[] = [
  ["z", Z],
  ["z[0]", [1, 2, 3]],
  ["z[-1]", [4, 5, 6]],
  ["z[:,2]", [3, 6]],
  ["z[:, 1:]", [[2, 3], [5, 6]]],
  ["z[1, :-1]", [4, 5]],
  ["z[:]", Z],
  ["z[5:]", []],
  ["z[1, ::2]", [4, 6]],
  ["z[1, 0:10:2]", [4, 6]],
  ["z[::-1, 0]", [4, 1]],
  ["z[1, -1:0:-1]", [6, 5]],
  ["z[1, 5:-9:-2]", [6, 4]],
  ["z[1, 2:0]", []],
  ["z[1, -9:2]", [4, 5]],
  ["z[0, 1: :]", [2, 3]],
];

for (const [reference, value] of SELECTIONS) {
  Deno.test(`sliceValue() of "${reference}"`, () => {
    const { name, subscripts } = parseSlice(reference);
    assertEquals(name, "z");
    assertEquals(sliceValue(Z, subscripts, name), value);
  });
}

Deno.test("sliceValue() takes typed arrays apart", () => {
  const { subscripts } = parseSlice("z[1, ::2]");
  assertEquals(sliceValue([null, new Float64Array([1, 2, 3])], subscripts, "z"), [1, 3]);
});

for (
  const reference of [
    "z[]",
    "z[a]",
    "z[1.5]",
    "z[,]",
    "z[1:2:0]",
    "z[1:2:3:4]",
    "z[0",
    "z]",
    "z[0]]",
  ]
) {
  Deno.test(`parseSlice() refuses "${reference}"`, () => {
    assertThrows(() => parseSlice(reference), UsageError);
  });
}

for (const reference of ["z[2]", "z[-3]", "z[0,0,0]", "z[0,3]"]) {
  Deno.test(`sliceValue() refuses "${reference}"`, () => {
    const { name, subscripts } = parseSlice(reference);
    assertThrows(() => sliceValue(Z, subscripts, name), UsageError);
  });
}
