/**
 * JSON with comments and trailing commas, as in deno.json and deno.jsonc. Knows nothing of their content.
 *
 * @module
 */

/** Strings, comments, and commas before a closing bracket; strings first, so that nothing in them counts. */
const PIECES = /"(?:\\.|[^"\\])*"|\/\/[^\n\r]*|\/\*[^]*?\*\//g;
const TRAILING = /"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g;

/**
 * Parses JSON with comments and trailing commas.
 *
 * @throws {SyntaxError} If what remains is not JSON.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { parseJsonc } from "./jsonc.ts";
 *
 * assertEquals(parseJsonc('{ "a": "//", /* b *\/ }'), { a: "//" });
 * ```
 */
export function parseJsonc(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, "")
    .replace(PIECES, (piece) => piece.startsWith('"') ? piece : " ")
    .replace(TRAILING, (piece) => piece.startsWith('"') ? piece : "");
  return JSON.parse(plain);
}

/** Returns the value if it is a JSON object, else an empty one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

/** Returns the members of a JSON object that are strings; empty if it is no object. */
export function stringMembers(value: unknown): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const [key, member] of Object.entries(asRecord(value))) {
    if (typeof member === "string") members.set(key, member);
  }
  return members;
}
