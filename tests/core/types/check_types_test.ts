/** Tests of `core/types/`: wires that fit, and wires that do not with all that is said of them. */

import { assertEquals } from "../../testing/assert.ts";
import { RIGHT_WIRES } from "./right_wires.ts";
import { checkCases } from "./wire_rig.ts";
import { WRONG_WIRES } from "./wrong_wires.ts";

const right = await checkCases(RIGHT_WIRES);
const wrong = await checkCases(WRONG_WIRES);

for (const key of Object.keys(RIGHT_WIRES)) {
  Deno.test(`checkTypes() accepts ${key.replaceAll("_", " ")}`, () => {
    assertEquals(right.problems.get(key), "");
  });
}

for (const key of Object.keys(WRONG_WIRES)) {
  Deno.test(`checkTypes() refuses ${key.replaceAll("_", " ")}`, async (t) => {
    await t.assertSnapshot(wrong.problems.get(key));
  });
}

Deno.test("checkTypes() notes what it knows no types of", () => {
  assertEquals(right.notes, [
    'types of "./gone.ts" are not known',
    'types of "https://example.org/far.ts" are not known',
  ]);
});
