/** Selections of a stored value. */

import { parseSlice, sliceValue } from "../../cli/slice.ts";
import { UsageError } from "../../core/base/error.ts";
import { assertEquals, assertThrows } from "../testing/assert.ts";

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
];

for (const [reference, value] of SELECTIONS) {
  Deno.test(`sliceValue() of "${reference}"`, () => {
    const { name, subscripts } = parseSlice(reference);
    assertEquals(name, "z");
    assertEquals(sliceValue(Z, subscripts, name), value);
  });
}

for (const reference of ["z[]", "z[a]", "z[1.5]", "z[,]", "z[1:2:3]"]) {
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
