/** Quantiles of many numbers, against all numbers sorted. */

import * as fc from "fast-check";
import { createHistogram } from "../../../core/base/histogram.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";

/** Half a bucket, and what is lost in rounding. */
const TOLERANCE = 2 ** (1 / 32) + 1e-9;

Deno.test("createHistogram() is within half a bucket of the exact quantiles, also merged", () => {
  const number = fc.double({ min: 1e-5, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 300 }), fc.nat(), (all, cut) => {
      const [one, other] = [createHistogram(), createHistogram()];
      all.forEach((value, i) => (i < cut % all.length ? one : other).add(value));
      const data = one.data();
      if (data !== undefined) other.merge(JSON.parse(JSON.stringify(data)));
      const found = other.distribution();
      const sorted = all.toSorted((a, b) => a - b);
      const exact = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
      assertEquals([found?.count, found?.min, found?.max], [all.length, sorted[0], sorted.at(-1)]);
      for (const [name, share] of [["median", 0.5], ["p95", 0.95]] as const) {
        const ratio = (found?.[name] ?? 0) / exact(share);
        assertOk(ratio <= TOLERANCE && ratio >= 1 / TOLERANCE, `${name} is off by ${ratio}`);
      }
    }),
  );
});

Deno.test("createHistogram() has no distribution without numbers, and takes 0", () => {
  const times = createHistogram();
  assertEquals([times.data(), times.distribution()], [undefined, undefined]);
  times.add(0);
  assertEquals(times.distribution(), { count: 1, min: 0, median: 0, p95: 0, max: 0 });
});
