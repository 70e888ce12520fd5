/** Parts of axes: what is read, which positions it means. */

import { formatAxisSlice, parseAxisSlices, positionsOf } from "../../../core/base/axis_slice.ts";
import { assertEquals, assertThrows } from "../../testing/assert.ts";

/** Positions of `i=TEXT` on an axis, or why there are none. */
function positions(text: string, length: number): readonly number[] | string {
  const slice = parseAxisSlices(`i=${text}`).get("i");
  if (slice === undefined) throw new Error("no slice");
  assertEquals(formatAxisSlice(slice), text);
  const found = positionsOf(slice, length);
  return "problem" in found ? found.problem : [...found];
}

Deno.test("positionsOf() counts as Python does", () => {
  assertEquals(positions("0", 3), [0]);
  assertEquals(positions("-1", 3), [2]);
  assertEquals(positions(":", 3), [0, 1, 2]);
  assertEquals(positions("1:", 3), [1, 2]);
  assertEquals(positions(":-1", 3), [0, 1]);
  assertEquals(positions("-2:9", 3), [1, 2]);
  assertEquals(positions("-9:1", 3), [0]);
  assertEquals(positions("1::2", 6), [1, 3, 5]);
});

Deno.test("positionsOf() says why there is no position", () => {
  assertEquals(positions("3", 3), "the axis has 3 positions, 0 to 2");
  assertEquals(positions("-4", 3), "the axis has 3 positions, 0 to 2");
  assertEquals(positions("1:1", 1), "the axis has 1 position, 0 to 0");
  assertEquals(positions(":", 0), "the axis is empty");
});

Deno.test("parseAxisSlices() refuses what is no part of an axis", () => {
  for (
    const text of ["", "i", "i=", "i=a", "i=1.5", "i=0:1:0", "i=0:1:-1", "1=2", "i=1,", "i==1"]
  ) {
    const error = assertThrows(() => parseAxisSlices(text), RangeError);
    assertEquals(error.message, "write positions of axes as AXIS=3, AXIS=0:10 or AXIS=::2", text);
  }
  const twice = assertThrows(() => parseAxisSlices("i=1,i=2"), RangeError);
  assertEquals(twice.message, 'axis "i" is given twice');
});
