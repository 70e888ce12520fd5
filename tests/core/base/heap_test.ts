/** Tests of the heap against sorting. */

import fc from "fast-check";
import { IdHeap } from "../../../core/base/heap.ts";
import { assertEquals } from "../../testing/assert.ts";

Deno.test("IdHeap pops by priority, ties by rank, like a sort", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }), (priorities) => {
      const ranks = Uint32Array.from(priorities, (_, i) => (i * 7919) % 61);
      const heap = new IdHeap(Float64Array.from(priorities), ranks);
      const ids = priorities.map((_, i) => i);
      for (const id of ids) heap.push(id);
      const popped = ids.map(() => heap.pop());
      const sorted = [...ids].sort((a, b) => priorities[b] - priorities[a] || ranks[a] - ranks[b]);
      assertEquals(popped, sorted);
      assertEquals(heap.pop(), -1);
      assertEquals(heap.size, 0);
    }),
  );
});
