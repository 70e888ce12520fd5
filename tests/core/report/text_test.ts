/** Tests of widths, tables and formats of numbers. */

import { formatBytes, formatCount, formatDuration } from "../../../core/report/format.ts";
import { formatTable } from "../../../core/report/table.ts";
import { displayWidth, pad, truncate } from "../../../core/report/width.ts";
import { assertEquals } from "../../testing/assert.ts";

Deno.test("displayWidth() counts columns, not characters", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["漢字", 4],
    ["ｱ", 1],
    ["한글", 4],
    ["🙂", 2],
    ["👩‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["✓", 1],
    ["a\u200bb", 2],
    ["─▶", 2],
  ];
  for (const [text, width] of cases) assertEquals(displayWidth(text), width, text);
});

Deno.test("truncate() cuts between graphemes", () => {
  assertEquals(truncate("abcdef", 6), "abcdef");
  assertEquals(truncate("abcdef", 4), "abc…");
  assertEquals(truncate("漢字漢", 4), "漢…");
  assertEquals(truncate("漢字漢", 5, "..."), "漢...");
  assertEquals(truncate("abc", 0), "");
  assertEquals(truncate("👩‍👩‍👧👩‍👩‍👧", 3), "👩‍👩‍👧…");
});

Deno.test("pad() fills by columns", () => {
  assertEquals(pad("漢", 4), "漢  ");
  assertEquals(pad("a", 4, "right"), "   a");
  assertEquals(pad("a", 4, "center"), " a  ");
  assertEquals(pad("abcde", 4), "abcde");
});

Deno.test("formatDuration() uses two units at most", () => {
  const cases: [number, string][] = [
    [0, "0 ms"],
    [0.4, "<1 ms"],
    [12.3, "12 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [3440, "3.4 s"],
    [9949, "9.9 s"],
    [9951, "10 s"],
    [59_499, "59 s"],
    [59_500, "1 min"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h"],
    [12_000_000, "3 h 20 min"],
    [187_200_000, "2 d 4 h"],
    [NaN, "-"],
    [-1, "-"],
  ];
  for (const [ms, text] of cases) assertEquals(formatDuration(ms), text, String(ms));
});

Deno.test("formatBytes() and formatCount() are readable", () => {
  assertEquals([0, 1023, 1024, 1536, 12_582_912, 1e15].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "12 MiB",
    "909 TiB",
  ]);
  assertEquals([0, 999, 1000, 1_234_567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("formatTable() aligns by display width and leaves no spaces at the end", () => {
  assertEquals(
    formatTable([["fit", "12", "x"], ["漢字", "3"], ["a\nb\x07", "1,000", ""]], {
      columns: ["node", "count", "note"],
      align: ["left", "right"],
    }),
    `
node       count  note
fit           12  x
漢字           3
a b\\u0007  1,000`.slice(1),
  );
  assertEquals(formatTable([]), "");
  assertEquals(
    formatTable([["a"]], { columns: ["id"], color: true }),
    "\x1b[4mid\x1b[0m\na",
  );
});
