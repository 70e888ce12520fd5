/** Tests of `core/base/suggest.ts`. */

import fc from "fast-check";
import { didYouMean, nearest, Suggestions } from "../../../core/base/suggest.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";

const cases: [word: string, candidates: string[], expected: string | undefined][] = [
  ["cal", ["run", "call"], "call"],
  ["clal", ["run", "call"], "call"],
  ["outptus", ["inputs", "outputs"], "outputs"],
  ["input", ["outputs", "inputs"], "inputs"],
  ["lign.bam", ["sort.bam", "align.bam"], "align.bam"],
  ["TIMEOUT", ["timeout", "track"], "timeout"],
  ["Model", ["model", "MODEL"], "model"],
  ["okcodes", ["okCodes"], "okCodes"],
  ["x", ["y", "z"], undefined],
  ["", ["a"], undefined],
  ["zebra", ["run", "call"], undefined],
  ["same", ["same"], undefined],
  ["ab", ["ba"], "ba"],
  ["lr", ["lrs"], "lrs"],
  ["anything", [], undefined],
];

for (const [word, candidates, expected] of cases) {
  Deno.test(`nearest() of ${JSON.stringify(word)} in ${JSON.stringify(candidates)}`, () => {
    assertEquals(nearest(word, candidates), expected);
  });
}

Deno.test("didYouMean() words the hint", () => {
  assertEquals(didYouMean("cal", ["call"]), 'did you mean "call"?');
  assertEquals(didYouMean("zzz", ["call"]), undefined);
});

Deno.test("nearest() returns a candidate and finds every single-letter loss", () => {
  fc.assert(fc.property(fc.string({ minLength: 4, maxLength: 20 }), fc.nat(), (word, at) => {
    const i = at % word.length;
    const typo = word.slice(0, i) + word.slice(i + 1);
    assertEquals(nearest(typo, ["##################################", word]), word);
  }));
  fc.assert(fc.property(fc.string(), fc.array(fc.string()), (word, candidates) => {
    const found = nearest(word, candidates);
    assertOk(found === undefined || candidates.includes(found));
  }));
});

Deno.test("nearest() of a huge word is cheap", () => {
  assertEquals(nearest("x".repeat(1e6), ["call", "y".repeat(1e6)]), undefined);
});

Deno.test("Suggestions answers like nearest(), but does not search without end", () => {
  const names = Array.from({ length: 200_000 }, (_, i) => `name${i}`);
  const many = new Suggestions(["input", ...names]);
  assertEquals(["inptu", "inpt", "iput", "inptu"].map((word) => many.nearest(word)), [
    "input",
    "input",
    "input",
    "input",
  ]);
  assertEquals(many.nearest("inpu"), undefined);
  const few = new Suggestions(["input", "output"]);
  const words = Array.from({ length: 1000 }, (_, i) => `outpu${i % 10}`);
  assertEquals(
    words.map((word) => few.nearest(word)),
    words.map((word) => nearest(word, ["input", "output"])),
  );
  assertEquals(few.nearest("zebra"), undefined);
});
