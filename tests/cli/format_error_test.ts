/** Tests of errors as text. */

import { formatDiagnostics } from "../../cli/format_error.ts";
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
