/** Tests of `core/base/source.ts`. */

import fc from "fast-check";
import type { Diagnostic } from "../../../core/base/error.ts";
import {
  formatDiagnostic,
  formatPlace,
  formatSnippet,
  positionOf,
  sanitize,
  type Span,
} from "../../../core/base/source.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";

/** A span marked in a text: `a: «b»`. */
function marked(text: string, name: string = "a.yaml"): Span {
  const start = text.indexOf("«");
  const end = text.indexOf("»") - 1;
  return { source: { name, text: text.replace(/[«»]/g, "") }, start, end };
}

const positions: [text: string, offset: number, line: number, column: number][] = [
  ["", 0, 1, 1],
  ["ab", 2, 1, 3],
  ["a\nb", 1, 1, 2],
  ["a\nb", 2, 2, 1],
  ["\n\n", 2, 3, 1],
  ["a\r\nb", 3, 2, 1],
  ["é😀x", 3, 1, 4],
];

for (const [text, offset, line, column] of positions) {
  Deno.test(`positionOf() ${offset} in ${JSON.stringify(text)}`, () => {
    assertEquals(positionOf({ name: "a", text }, offset), { line, column });
  });
}

Deno.test("positionOf() agrees with counting", () => {
  const source = fc.array(fc.constantFrom("a", "\n", "\r\n", "é", "😀")).map((s) => s.join(""));
  fc.assert(fc.property(source, fc.nat(100), (text, at) => {
    const offset = Math.min(at, text.length);
    const before = text.slice(0, offset).split("\n");
    const expected = { line: before.length, column: (before.at(-1) ?? "").length + 1 };
    assertEquals(positionOf({ name: "a", text }, offset), expected);
  }));
});

Deno.test("formatPlace() counts from one", () => {
  assertEquals(formatPlace(marked("x: 1\ny: «2»\n")), "a.yaml:2:4");
});

const snippets: [text: string, expected: string][] = [
  ["x: 1\ny: «22»\n", "     2 | y: 22\n       |    ~~"],
  ["«»", "     1 | \n       | ~"],
  ["a: «b\nc»\n", "     1 | a: b\n       |    ~"],
  ["\tx: «y»\n", "     1 | \tx: y\n       | \t   ~"],
  ["a: «\u0007b»\n", "     1 | a: \\u0007b\n       |    ~~"],
];

for (const [text, expected] of snippets) {
  Deno.test(`formatSnippet() of ${JSON.stringify(text)}`, () => {
    assertEquals(formatSnippet(marked(text)), expected);
  });
}

Deno.test("formatSnippet() cuts a long line around the span", () => {
  const [line, caret] = formatSnippet(marked(`${"x".repeat(5000)}«here»${"y".repeat(5000)}`)).split(
    "\n",
  );
  assertOk(line.length < 120);
  const at = caret.indexOf("~");
  assertEquals(line.slice(at, caret.length), "here");
});

Deno.test("formatDiagnostic() prints place, snippet, related places and hint", () => {
  const span = marked("a: 1\nb: 2\n«a»: 3\n");
  const diagnostic: Diagnostic = {
    severity: "error",
    code: "duplicate-key",
    message: 'Duplicate key "a"',
    span,
    related: [{ message: "first defined here", span: { ...span, start: 0, end: 1 } }],
    hint: "Remove one",
  };
  assertEquals(
    formatDiagnostic(diagnostic),
    [
      'a.yaml:3:1: Duplicate key "a"',
      "     3 | a: 3",
      "       | ~",
      "  first defined here: a.yaml:1:1",
      "  hint: remove one",
    ].join("\n"),
  );
  const { span: _, related: __, ...bare } = diagnostic;
  assertEquals(
    formatDiagnostic({ ...bare, severity: "warning" }),
    'warning: Duplicate key "a"\n  hint: remove one',
  );
});

Deno.test("sanitize() shows what could move a cursor or reorder a line", () => {
  assertEquals(sanitize("a\x1b[2J\u202eb\u0085\r"), "a\\u001b[2J\\u202eb\\u0085\\u000d");
  assertEquals(sanitize("é 😀 \t\n"), "é 😀 \t\n");
});

Deno.test("formatDiagnostic() never throws and never prints a control character", () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(fc.property(text, fc.nat(300), fc.nat(300), (source, a, b) => {
    const [start, end] = [a, b].map((n) => Math.min(n, source.length)).sort((x, y) => x - y);
    const span = { source: { name: "a", text: source }, start, end };
    const shown = formatDiagnostic({ severity: "error", code: "x", message: source, span });
    // deno-lint-ignore no-control-regex -- control characters are what it is about
    assertOk(!/[\x00-\x08\x0b-\x1f\x7f]/.test(shown));
  }));
});
