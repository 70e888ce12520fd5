/** Tests of errors as text. */

import { formatDiagnostics, formatError } from "../../cli/format_error.ts";
import type { Diagnostic } from "../../core/base/error.ts";
import { assertEquals } from "../testing/assert.ts";

Deno.test("formatDiagnostics() shows a hundred problems and counts all", () => {
  const problems = (count: number): Diagnostic[] =>
    Array.from({ length: count }, (_, i) => ({ severity: "error", code: "x", message: `No ${i}` }));
  const style = { debug: false, color: false };
  const paragraphs = formatDiagnostics(problems(1234), style).split("\n\n");
  assertEquals(paragraphs.slice(99), ["error: No 99", "1234 errors, the first 100 are shown"]);
  assertEquals(formatDiagnostics(problems(100), style).split("\n\n").slice(99), [
    "error: No 99",
    "100 errors",
  ]);
});

Deno.test("formatError() says that a package could not be fetched, which is no bug", () => {
  const thrown = new TypeError(
    "Failed caching npm package 'acorn@8.19.0'\n    0: error sending request\n    1: invalid peer certificate\n    at file:///why.ts:7:44",
  );
  assertEquals(
    formatError(thrown, { debug: false, color: false }),
    "error: Cannot fetch npm package 'acorn@8.19.0': invalid peer certificate\n" +
      "  hint: the first start fetches what flow is made of; look at the network, its proxy and certificates\n",
  );
});
