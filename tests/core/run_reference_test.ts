/** Tests of the words that mean runs. */

import { UsageError } from "../../core/base/error.ts";
import { resolveRun } from "../../core/run_reference.ts";
import { assertEquals } from "../testing/assert.ts";

const IDS = ["20260103-c", "20260102-b2", "20260102-b1", "20260101-a"];

const RIGHT: readonly (readonly [word: string, id: string])[] = [
  ["last", "20260103-c"],
  ["last~0", "20260103-c"],
  ["last~3", "20260101-a"],
  ["20260102-b1", "20260102-b1"],
  ["20260103", "20260103-c"],
];

for (const [word, id] of RIGHT) {
  Deno.test(`resolveRun("${word}") is ${id}`, () => assertEquals(resolveRun(word, IDS), id));
}

const WRONG: readonly (readonly [word: string, message: string, facts: string | undefined])[] = [
  [
    "20260102",
    'Cannot tell which run "20260102" means: 2 start like this',
    "20260102-b2, 20260102-b1",
  ],
  ["x", 'Cannot find run "x"', "20260103-c, 20260102-b2, 20260102-b1, 20260101-a"],
  ["", 'Cannot find run ""', "20260103-c, 20260102-b2, 20260102-b1, 20260101-a"],
  ["last~4", 'Cannot find run "last~4": 4 runs are kept', undefined],
  ["last~", 'Cannot find run "last~"', "20260103-c, 20260102-b2, 20260102-b1, 20260101-a"],
];

for (const [word, message, runs] of WRONG) {
  Deno.test(`resolveRun("${word}") is an error`, () => {
    let thrown: unknown;
    try {
      resolveRun(word, IDS);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof UsageError)) throw thrown;
    assertEquals([thrown.message, thrown.facts.runs], [message, runs]);
  });
}

Deno.test("resolveRun() takes an id although another one goes on where it ends", () => {
  assertEquals(resolveRun("a", ["ab", "a"].reverse()), "a");
});
