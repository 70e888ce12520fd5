/** Tests of routing between two layers. */

import fc from "fast-check";
import { type Pins, routeChannel, type Wire } from "../../../core/report/channel.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";

Deno.test("routeChannel() leaves a track between corners of different nets in one cell", () => {
  const { wires, tracks } = routeChannel([
    { net: 0, uppers: [5], lowers: [1] },
    { net: 1, uppers: [9], lowers: [5] },
  ]);
  assertEquals(wires.map(({ net, track }) => [net, track]), [[0, 0], [1, 2]]);
  assertEquals(tracks, 3);
});

Deno.test("routeChannel() cuts a net in two where two nets change sides", () => {
  const { wires } = routeChannel([
    { net: 0, uppers: [1], lowers: [9] },
    { net: 1, uppers: [9], lowers: [1] },
  ]);
  assertEquals(wires.map(({ net }) => net).sort(), [0, 0, 1]);
});

Deno.test("routeChannel() needs no track for straight lines", () => {
  const { wires, tracks } = routeChannel([{ net: 0, uppers: [4], lowers: [4] }]);
  assertEquals([wires[0].track, tracks], [-1, 0]);
});

/** Random channels: every cell is pin of at most one net on each side. */
const channels = fc.record({
  uppers: fc.uniqueArray(fc.nat(15), { minLength: 6, maxLength: 12 }),
  lowers: fc.uniqueArray(fc.nat(15), { minLength: 6, maxLength: 12 }),
}).map(({ uppers, lowers }): Pins[] =>
  [0, 1, 2, 3, 4, 5].map((net) => ({
    net,
    uppers: uppers.filter((_, i) => i % 6 === net).map((cell) => cell * 2),
    lowers: lowers.filter((_, i) => i % 6 === net).map((cell) => cell * 2),
  }))
);

/** Tracks a wire takes in a cell, by its lines along the flow; the sides are -1 and 99. */
function runs(wire: Wire): { cell: number; from: number; to: number }[] {
  if (wire.track < 0) return [{ cell: wire.uppers[0], from: -1, to: 99 }];
  return [
    ...wire.uppers.map((cell) => ({ cell, from: wire.from ?? -1, to: wire.track })),
    ...wire.lowers.map((cell) => ({ cell, from: wire.track, to: wire.to ?? 99 })),
  ];
}

Deno.test("routeChannel() never lets lines of two nets touch", () => {
  fc.assert(
    fc.property(channels, (nets) => {
      const { wires } = routeChannel(nets);
      const ends = wires.map((w) => [...w.uppers, ...w.lowers].sort((a, b) => a - b));
      wires.forEach((a, i) => {
        wires.forEach((b, k) => {
          if (a.net === b.net) return;
          if (i < k && a.track >= 0 && a.track === b.track) {
            const [low, high] = ends[i][0] < ends[k][0] ? [ends[i], ends[k]] : [ends[k], ends[i]];
            assertOk(high[0] - low[low.length - 1] >= 2, "two nets meet on a track");
          }
          for (const x of runs(a)) {
            for (const y of runs(b)) {
              if (x.cell !== y.cell) continue;
              assertOk(x.to + 2 <= y.from || y.to + 2 <= x.from, "two nets meet in a cell");
            }
          }
        });
      });
    }),
    { numRuns: 300, seed: 5 },
  );
});
