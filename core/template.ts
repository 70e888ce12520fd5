/**
 * Templates of commands: finds `${in.x}`, `${out.y}` and `${params.a.b}` and where in the shell's syntax each one
 * stands. Does not know values, paths or how a command is run.
 *
 * @module
 */

import { variableOf } from "./shebang.ts";
import { lexShell, type ShellPlace } from "./template_shell.ts";

/** What a template refers to: an input, an output, or a parameter by its dotted path. */
export interface TemplateReference {
  readonly kind: "in" | "out" | "params";
  readonly name: string;
}

/** A piece of a template: text that is used as it is, or a reference to fill in. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | {
    readonly kind: "reference";
    readonly reference: TemplateReference;
    /** Decides how the value is inserted (`executor/shell.ts`). */
    readonly place: TemplatePlace;
    /** Half-open range of UTF-16 offsets in the template's text. */
    readonly start: number;
    readonly end: number;
  };

/** `element` is a whole element of an argv, `part` a part of one; the others are places in a script. */
export type TemplatePlace = "element" | "part" | ShellPlace;

/** A parsed template. */
export interface Template {
  readonly mode: TemplateMode;
  readonly parts: readonly TemplatePart[];
}

/**
 * One element of an argv, where no shell is involved; a script for a POSIX shell; or a script of any other language,
 * where no reference can stand, because nobody knows how to quote it.
 */
export type TemplateMode = "argv" | "sh" | "plain";

/** A template, or the first thing that is wrong with it. */
export type TemplateResult =
  | { readonly ok: true; readonly template: Template }
  | {
    readonly ok: false;
    readonly message: string;
    readonly start: number;
    readonly end: number;
    readonly hint?: string;
  };

/** Names follow the workflow's identifiers; parameters are dotted paths. */
const REFERENCE = /\$\{(?:(in|out)\.([A-Za-z_][\w-]*)|(params)\.([A-Za-z_][\w-]*(?:\.[\w-]+)*))\}/y;
/** Looks like one of ours but is not well-formed. */
const NEARLY = /\$\{\s*(in|out|params|inputs?|outputs?|param)\s*\.[^}\n]*\}?/y;
const ANY_EXPANSION = /\$\{[^}]*\}?/y;

/**
 * Parses one element of an argv, or a script.
 *
 * Only `${in.NAME}`, `${out.NAME}` and `${params.a.b}` are references; `$${in.x}` stands for the text
 * `${in.x}`. In an argv any other `${…}` is an error, since no shell would expand it. In a script everything
 * else is the shell's. In a script of another language a reference is an error.
 *
 * @example
 * ```ts
 * import { assertEquals, assertOk } from "../tests/testing/assert.ts";
 * import { parseTemplate, referencesOf } from "./template.ts";
 *
 * const parsed = parseTemplate("sort -k ${params.key} < ${in.rows} > ${out.sorted}", "sh");
 * assertOk(parsed.ok);
 * assertEquals(referencesOf(parsed.template).map((r) => `${r.kind}.${r.name}`), [
 *   "params.key",
 *   "in.rows",
 *   "out.sorted",
 * ]);
 * ```
 */
export function parseTemplate(text: string, mode: TemplateMode): TemplateResult {
  const nul = text.indexOf("\0");
  if (nul >= 0) return failure("Cannot use a NUL character in a command", nul, nul + 1);
  switch (mode) {
    case "argv":
      return parseElement(text);
    case "sh":
      return parseScript(text);
    case "plain":
      return parsePlain(text);
    default:
      return mode satisfies never;
  }
}

/** Returns the distinct references of a template in the order of their first use. */
export function referencesOf(template: Template): readonly TemplateReference[] {
  const found = new Map<string, TemplateReference>();
  for (const part of template.parts) {
    if (part.kind !== "reference") continue;
    const id = `${part.reference.kind}.${part.reference.name}`;
    if (!found.has(id)) found.set(id, part.reference);
  }
  return [...found.values()];
}

function parseElement(text: string): TemplateResult {
  const parts: TemplatePart[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) break;
    literal += text.slice(at, dollar);
    const escaped = text[dollar + 1] === "$" ? referenceAt(text, dollar + 1) : undefined;
    if (escaped !== undefined) {
      literal += text.slice(dollar + 1, escaped.end);
      at = escaped.end;
      continue;
    }
    const found = referenceAt(text, dollar);
    if (found === undefined) {
      if (text[dollar + 1] === "{") return unknownExpansion(text, dollar);
      literal += "$";
      at = dollar + 1;
      continue;
    }
    const place = dollar === 0 && found.end === text.length ? "element" : "part";
    if (literal !== "") parts.push({ kind: "text", text: literal });
    literal = "";
    const { reference, end } = found;
    parts.push({ kind: "reference", reference, place, start: dollar, end });
    at = end;
  }
  literal += text.slice(at);
  if (literal !== "" || parts.length === 0) parts.push({ kind: "text", text: literal });
  return { ok: true, template: { mode: "argv", parts } };
}

function parseScript(text: string): TemplateResult {
  const parts: TemplatePart[] = [];
  let at = 0;
  const push = (until: number): void => {
    if (until > at) parts.push({ kind: "text", text: text.slice(at, until) });
  };
  for (const { offset, place } of lexShell(text)) {
    if (offset < at) continue;
    const escaped = text[offset + 1] === "$" ? referenceAt(text, offset + 1) : undefined;
    const found = escaped ?? referenceAt(text, offset);
    if (found === undefined) {
      const nearly = nearlyReference(text, offset);
      if (nearly !== undefined && place !== "comment") return nearly;
      continue;
    }
    if (place === "comment") continue;
    const wrong = unusablePlace(place, text.slice(offset, found.end));
    if (wrong !== undefined) return failure(wrong.message, offset, found.end, wrong.hint);
    push(offset);
    at = found.end;
    const { reference } = found;
    if (escaped !== undefined) {
      const backslash = place === "single" ? "" : "\\";
      parts.push({ kind: "text", text: backslash + text.slice(offset + 1, found.end) });
    } else {
      // The lexer yields no other places once the unusable ones are excluded.
      parts.push({
        kind: "reference",
        reference,
        place: place as TemplatePlace,
        start: offset,
        end: found.end,
      });
    }
  }
  push(text.length);
  return { ok: true, template: { mode: "sh", parts } };
}

/** The text itself, but for `$${in.x}`; a reference would have to be quoted for a language that flow does not know. */
function parsePlain(text: string): TemplateResult {
  let literal = "";
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar >= 0; dollar = text.indexOf("$", at)) {
    const isEscaped = text[dollar + 1] === "$";
    const found = referenceAt(text, isEscaped ? dollar + 1 : dollar);
    if (found !== undefined && !isEscaped) return unfillable(text, dollar, found);
    literal += text.slice(at, dollar);
    const start = isEscaped && found !== undefined ? dollar + 1 : dollar;
    at = found?.end ?? dollar + 1;
    literal += text.slice(start, at);
  }
  literal += text.slice(at);
  return { ok: true, template: { mode: "plain", parts: [{ kind: "text", text: literal }] } };
}

function unfillable(
  text: string,
  start: number,
  { reference: { kind, name }, end }: { reference: TemplateReference; end: number },
): TemplateResult {
  const argument = name.slice(name.lastIndexOf(".") + 1);
  const variable = variableOf(kind === "out" ? "out" : "in", argument);
  return failure(
    `Cannot use "${text.slice(start, end)}" in this script: only shells can take a value safely`,
    start,
    end,
    kind === "params"
      ? `Add "inputs: { ${argument}: params.${name} }" and read the variable ${variable}`
      : `Read the variable ${variable}`,
  );
}

function referenceAt(
  text: string,
  offset: number,
): { reference: TemplateReference; end: number } | undefined {
  REFERENCE.lastIndex = offset;
  const match = REFERENCE.exec(text);
  if (match === null) return undefined;
  const kind = (match[1] ?? match[3]) as TemplateReference["kind"];
  return { reference: { kind, name: match[2] ?? match[4] }, end: REFERENCE.lastIndex };
}

/** Why a reference cannot stand at a place of a script, if so. */
function unusablePlace(
  place: string,
  written: string,
): { message: string; hint: string } | undefined {
  switch (place) {
    case "backtick":
      return {
        message: `Cannot use "${written}" inside backticks: their quoting rules are ambiguous`,
        hint: "Write $(command) instead of `command`",
      };
    case "quoted-heredoc":
      return {
        message:
          `Cannot use "${written}" in a here-document with a quoted delimiter: the shell expands nothing there`,
        hint: "Write <<EOF without quotes, and \\$ before every other dollar sign",
      };
    case "expansion":
      return {
        message: `Cannot use "${written}" inside another expansion of the shell`,
        hint: `Assign it first: value=${written}`,
      };
    case "ansi":
      return {
        message: `Cannot use "${written}" inside $'…': only some shells know this form`,
        hint: `End the quote before it: $'…'"${written}"`,
      };
    case "delimiter":
      return {
        message: `Cannot use "${written}" as the delimiter of a here-document`,
        hint: "Write a plain word such as EOF",
      };
    default:
      return undefined;
  }
}

/** `${in.x:-1}`, `${input.x}`, `${in.a b}`: meant for us, or a mistake in any shell. */
function nearlyReference(text: string, offset: number): TemplateResult | undefined {
  NEARLY.lastIndex = offset;
  const match = NEARLY.exec(text);
  if (match === null) return undefined;
  return failure(
    `Cannot read "${match[0]}": it is no reference and no shell can expand it`,
    offset,
    NEARLY.lastIndex,
    "Write ${in.NAME}, ${out.NAME} or ${params.a.b}",
  );
}

function unknownExpansion(text: string, offset: number): TemplateResult {
  ANY_EXPANSION.lastIndex = offset;
  const written = ANY_EXPANSION.exec(text)?.[0] ?? text.slice(offset);
  const name = /^\$\{([A-Za-z_][\w-]*)\}$/.exec(written)?.[1];
  const hint = name === undefined
    ? "Use ${in.NAME}, ${out.NAME} or ${params.a.b}, or write the command as one string to run it by the shell"
    : `Did you mean \${in.${name}}, \${out.${name}} or \${params.${name}}? To expand a variable, write the command as one string`;
  return failure(
    `Cannot expand "${written}": an argument list is not seen by a shell`,
    offset,
    offset + written.length,
    hint,
  );
}

function failure(message: string, start: number, end: number, hint?: string): TemplateResult {
  return { ok: false, message, start, end, hint };
}
