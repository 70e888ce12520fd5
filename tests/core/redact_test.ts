/** Tests of taking secrets out of texts. */

import { Redactor } from "../../core/redact.ts";
import { assertEquals } from "../testing/assert.ts";

const KEY = `-----BEGIN KEY-----\nabcd1234\nwxyz\n-----END KEY-----`;
const redactor = new Redactor(
  new Map([["TOKEN", `s3"cret`], ["LONG", `s3"cret-and-more`], ["PIN", "123"], ["KEY", KEY], [
    "NONE",
    "",
  ]]),
);

const CASES: readonly (readonly [what: string, text: string, redacted: string])[] = [
  ["a value", `-u me:s3"cret`, "-u me:[env TOKEN]"],
  ["the longest value", `s3"cret-and-more!`, "[env LONG]!"],
  ["a value inside JSON text", JSON.stringify({ a: `s3"cret` }), '{"a":"[env TOKEN]"}'],
  ["a value of several lines", KEY, "[env KEY]"],
  ["a line of it", "saw abcd1234 there", "saw [env KEY] there"],
  ["nothing of three characters", "1234", "1234"],
  ["nothing else", "plain", "plain"],
];

for (const [what, text, redacted] of CASES) {
  Deno.test(`Redactor.text() replaces ${what}`, () => assertEquals(redactor.text(text), redacted));
}

Deno.test("Redactor.data() replaces values in all texts of data, not in names", () => {
  assertEquals(
    redactor.data({ wxyz: [1, null, { a: `x s3"cret` }], b: true }),
    { wxyz: [1, null, { a: "x [env TOKEN]" }], b: true },
  );
});

Deno.test("Redactor without values leaves texts as they are", () => {
  assertEquals(new Redactor(new Map()).text("s3cret"), "s3cret");
});
