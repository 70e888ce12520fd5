/** Tests of index arithmetic. */

import fc from "fast-check";
import { indexOf, linearOf, project, sizeOf, stridesOf } from "../../../core/base/space.ts";
import { assertEquals } from "../../testing/assert.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

Deno.test("stridesOf() is row-major", () => {
  assertEquals(stridesOf([2, 3, 4]), [12, 4, 1]);
  assertEquals(stridesOf([]), []);
});

Deno.test("indexOf() and linearOf() are inverse", () => {
  fc.assert(fc.property(shapes, fc.nat(), (shape, seed) => {
    const linear = seed % sizeOf(shape);
    const index = indexOf(linear, shape);
    assertEquals(linearOf(index, shape), linear);
    const strides = stridesOf(shape);
    assertEquals(index.reduce((sum, at, axis) => sum + at * strides[axis], 0), linear);
  }));
});

Deno.test("indexOf() counts like an odometer", () => {
  const all = Array.from({ length: 6 }, (_, linear) => indexOf(linear, [2, 3]));
  assertEquals(all, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
});

Deno.test("project() of a space to itself is the identity", () => {
  const space = { axes: ["i", "j", "k"], shape: [3, 4, 5] };
  const identity = project(space, space);
  assertEquals([identity.count, identity.step], [1, 1]);
  for (let at = 0; at < 60; at++) assertEquals(identity.first(at), at);
});

Deno.test("project() tells contiguous, strided and scattered points apart", () => {
  const to = { axes: ["i", "j", "k"], shape: [2, 3, 4] };
  const step = (axes: string[], shape: number[]) => project({ axes, shape }, to).step;
  assertEquals(step(["i"], [2]), 1);
  assertEquals(step(["i", "k"], [2, 4]), 4);
  assertEquals(step(["j"], [3]), undefined);
  assertEquals(step([], []), 1);
});
