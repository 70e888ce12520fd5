/**
 * What a definition file becomes before anybody looks at its meaning: plain data with places.
 * Does not know YAML, TypeScript or the workflow format.
 *
 * @module
 */

import type { Diagnostic } from "../base/error.ts";
import type { SourceFile, Span } from "../base/source.ts";
import type { Json, Locate } from "../workflow.ts";

/** Nesting beyond which a definition is refused. */
export const MAX_DEPTH = 64;

/** Size beyond which a definition is refused. */
export const MAX_BYTES = 64 * 1024 * 1024;

/** A definition file as data. */
export interface DefinitionDocument {
  readonly source: SourceFile;
  /** Plain JSON data (numbers may be infinite or NaN); absent if the file cannot be read at all. */
  readonly data?: Json;
  /** Everything found while reading, in source order. */
  readonly diagnostics: readonly Diagnostic[];
  readonly locate: Locate;
  /** Text of a scalar as written where its value says less, for example `1.10` for the number 1.1. */
  readonly written: Written;
}

/** Returns how a member of a collection was written, if that differs from `String(value)`. */
export type Written = (collection: object, key: string | number) => string | undefined;

/** Keys that name parts of JavaScript objects; data must never hold them. */
export function isForbiddenKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

/** Whether a text holds a control character (C0 or DEL). */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/**
 * Narrows the span of a text value to a part of it, where the value is written as it is; where it is
 * escaped or folded, the whole span is returned.
 *
 * @param span Span of the value in the file, quotes included.
 * @param value The text value.
 * @param part Offsets into the value.
 */
export function spanOfPart(span: Span, value: string, part: { start: number; end: number }): Span {
  const { source, start, end } = span;
  const at = source.text.slice(start, end).indexOf(value);
  if (at < 0 || at > 1 || value === "") return span;
  const from = start + at;
  return { source, start: from + part.start, end: from + Math.max(part.end, part.start + 1) };
}
