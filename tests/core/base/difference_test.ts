/** Tests of the first difference of two values. */

import fc from "fast-check";
import { firstDifference } from "../../../core/base/difference.ts";
import {
  decodeValue,
  digestOfEncoded,
  encodedBytes,
  encodeValue,
} from "../../../core/base/value.ts";
import { assertEquals } from "../../testing/assert.ts";

const CASES: readonly (readonly [what: string, a: unknown, b: unknown, text: string])[] = [
  ["scalars", 1, 2, "$: 1, 2"],
  ["kinds", 1, "1", '$: 1, "1"'],
  ["zeros", 0, -0, "$: 0, -0"],
  ["null and object", null, {}, "$: null, an Object"],
  ["bigints", 1n, 2n, "$: 1n, 2n"],
  ["members", { a: { b: [1, 2] } }, { a: { b: [1, 3] } }, "$.a.b[1]: 2, 3"],
  ["odd names", { "a b": 1 }, { "a b": 2 }, '$["a b"]: 1, 2'],
  ["a member too few", { a: 1, b: 2 }, { a: 1 }, "$.b: 2, absent"],
  ["a member too many", { a: 1 }, { a: 1, b: [1] }, "$.b: absent, an array of 1"],
  [
    "order",
    { a: 1, b: 2, c: 3 },
    { a: 1, c: 3, b: 2 },
    "$: members in order b, c, members in order c, b",
  ],
  ["the first of many", [1, { x: 1 }, 5], [1, { x: 2 }, 6], "$[1].x: 1, 2"],
  ["lengths", [1, 2], [1], "$.length: 2, 1"],
  // deno-lint-ignore no-sparse-arrays
  ["holes", [1, undefined], [1, ,], "$[1]: undefined, absent"],
  ["maps", new Map([["k", 1]]), new Map([["k", 2]]), "$[0][1]: 1, 2"],
  ["sets", new Set([1, 2]), new Set([2, 1]), "$[0]: 1, 2"],
  ["dates", new Date(5), new Date(6), "$: 5, 6"],
  ["typed arrays", new Float64Array([1, 2]), new Float64Array([1, 3]), "$[1]: 2, 3"],
  ["kinds of arrays", new Uint8Array([1]), [1], "$: an Uint8Array, an array of 1"],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([2]).buffer, "$[0]: 1, 2"],
  ["views", new DataView(new ArrayBuffer(1)), new DataView(new ArrayBuffer(2)), "$.length: 1, 2"],
  ["long texts", "x".repeat(99), "y", `$: "${"x".repeat(58)}…, "y"`],
];

for (const [what, a, b, text] of CASES) {
  Deno.test(`firstDifference() finds ${what}`, () => {
    const found = firstDifference(a, b);
    assertEquals(found && `${found.path}: ${found.before}, ${found.after}`, text);
  });
}

Deno.test("firstDifference() finds one exactly where the stored bytes differ", () => {
  const leaf = fc.constantFrom<unknown>(0, -0, 1, NaN, "a", "b", null, undefined, true, 1n);
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b", "$flow"), tie("value"), { maxKeys: 2 }),
      fc.array(fc.tuple(leaf, tie("value")), { maxLength: 2 }).map((pairs) => new Map(pairs)),
      fc.array(leaf, { maxLength: 2 }).map((items) => new Set(items)),
      fc.array(fc.nat(2), { maxLength: 2 }).map((items) => new Uint8Array(items)),
    ),
  }));
  const copy = (item: unknown): unknown => decodeValue(encodedBytes(encodeValue(item)));
  const bytes = (item: unknown): string => digestOfEncoded(encodeValue(item));
  fc.assert(
    fc.property(value, value, (a, b) => {
      assertEquals(firstDifference(a, copy(a)), undefined);
      assertEquals(firstDifference(a, b) === undefined, bytes(a) === bytes(b));
    }),
    { numRuns: 2000 },
  );
});
