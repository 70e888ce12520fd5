/** Tests of the end of a log. */

import { tailOf } from "../../../core/store/log_tail.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";
import { Workspace } from "./fixture.ts";

const same = (text: string): string => text;

Deno.test("tailOf() returns a short log whole, and nothing of one that is empty or not there", () => {
  using w = new Workspace();
  const path = w.write("a", "one\r\n\ntwo\n");
  assertEquals(tailOf(path, same), {
    path,
    sizeBytes: 10,
    lines: ["one", "", "two"],
    isCut: false,
  });
  assertEquals(tailOf(w.write("b", ""), same), undefined);
  assertEquals(tailOf(`${w.path}/none`, same), undefined);
  assertEquals(tailOf(w.path, same), undefined);
});

Deno.test("tailOf() cuts lines only after secrets were taken out, and leaves out a torn line", () => {
  using w = new Workspace();
  const secret = "s3cret".repeat(300);
  const filler = `${"x".repeat(99)}\n`.repeat(700);
  const torn = filler.slice(0, 70_000 - 65_536 - 900) + secret;
  const tail = tailOf(
    w.write("a", `${torn}\n${filler}${secret}\nlast`),
    (text) => text.replaceAll(secret, "***"),
  );
  assertOk(tail !== undefined);
  assertEquals(tail.lines.slice(-2), ["***", "last"]);
  assertEquals([tail.lines.length, tail.isCut], [40, true]);
  const long = tailOf(w.write("b", `${"y".repeat(1001)}z`), same);
  assertEquals(long?.lines, [`…${"y".repeat(999)}z`]);
  const one = tailOf(w.write("c", "s3cret".repeat(20_000)), same);
  assertEquals(one?.lines[0].length, 1001);
});
