/** Tests of paths as text. */

import { joinPath, parseDataPath } from "../../../core/base/data_path.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";

const RIGHT: readonly [text: string, path: readonly (string | number)[]][] = [
  ["stats", ["stats"]],
  ["stats.mean.value", ["stats", "mean", "value"]],
  ["[0]", [0]],
  ["[0][12].x", [0, 12, "x"]],
  ["rows[-1].größe", ["rows", -1, "größe"]],
  ["$a_b.c-d", ["$a_b", "c-d"]],
  ['["a b"].x["c\\"]."]', ["a b", "x", 'c"].']],
];

for (const [text, path] of RIGHT) {
  Deno.test(`parseDataPath() reads ${text}`, () => {
    assertEquals(parseDataPath(text), { ok: true, path });
  });
}

Deno.test("parseDataPath() reads what joinPath() writes", () => {
  const path = ["rows", 3, "size", 0, "x"];
  assertEquals(parseDataPath(joinPath(path)), { ok: true, path });
});

const WRONG: readonly [text: string, at: string][] = [
  ["", ""],
  [".a", ".a"],
  ["a.", "."],
  ["a..b", "..b"],
  ["a b", " b"],
  ["a[x]", "[x]"],
  ["a[1.5]", "[1.5]"],
  ["a[0]b", "b"],
  ["1a", "1a"],
  ['a["b]', '["b]'],
];

for (const [text, at] of WRONG) {
  Deno.test(`parseDataPath() refuses ${JSON.stringify(text)} where it goes wrong`, () => {
    const parsed = parseDataPath(text);
    assertOk(!parsed.ok);
    assertEquals(text.slice(parsed.start, parsed.end), at);
  });
}
