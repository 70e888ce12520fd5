/**
 * Fills templates: values become arguments of an argv or variables of a shell script. Does not know where values come
 * from, nor processes.
 *
 * @module
 */

import { isPosixShell } from "../shebang.ts";
import type { Template, TemplatePart, TemplateReference } from "../template.ts";

/** What a reference stands for: one text, or several for a glob or an array of scalars. */
export interface Rendered {
  readonly texts: readonly string[];
  /** True also for an array of one element: `[]` fills in no argument, `[""]` an empty one. */
  readonly isMulti: boolean;
}

/** Returns what a reference stands for. */
export type Lookup = (reference: TemplateReference) => Rendered;

/** A value that cannot be inserted into a command. */
export class FillError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = "FillError";
    this.hint = hint;
  }
}

/** A script with the variables its expansions need. */
export interface FilledScript {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

/** No leading zeros: in a shell they mean octal. */
const INTEGER = /^-?(0|[1-9]\d{0,17})$/;
/** Linux refuses a longer argument or variable (MAX_ARG_STRLEN), in bytes with the final NUL. */
const MAX_TEXT_BYTES = 131_072;

/**
 * Returns the text forms of a value: a string as it is, other scalars as JSON text, an array of scalars as several,
 * anything else as JSON text.
 */
export function renderValue(value: unknown): Rendered {
  if (Array.isArray(value) && value.every(isScalar)) {
    return { texts: value.map(scalarText), isMulti: true };
  }
  return { texts: [scalarText(value)], isMulti: false };
}

function isScalar(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "undefined");
}

/** Returns one text for one value. @throws {FillError} If it has no JSON form. */
export function scalarText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return utf8Text(value);
  const text = value instanceof Map || value instanceof Set ? undefined : JSON.stringify(value);
  if (text !== undefined) return text;
  throw new FillError(
    `Cannot write a value of type ${
      Object.prototype.toString.call(value).slice(8, -1)
    } into a command`,
    "Pass a string, a number or JSON data",
  );
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FillError(
      "Cannot write bytes that are not UTF-8 into a command",
      "Pass them through a file or stdin",
    );
  }
}

/**
 * Fills the elements of an argv. An element that is nothing but a reference to several texts becomes as many arguments.
 *
 * @throws {FillError} If a text holds a NUL, is too long, or several texts stand inside an element.
 */
export function fillArgv(templates: readonly Template[], lookup: Lookup): string[] {
  const argv: string[] = [];
  for (const { parts } of templates) {
    const only = parts.length === 1 ? parts[0] : undefined;
    if (only?.kind === "reference" && only.place === "element") {
      const { texts } = lookup(only.reference);
      for (const text of texts) argv.push(checked(text, only.reference));
    } else {
      argv.push(parts.map((part) => elementText(part, lookup)).join(""));
    }
  }
  return argv;
}

function elementText(part: TemplatePart, lookup: Lookup): string {
  if (part.kind === "text") return part.text;
  const { texts, isMulti } = lookup(part.reference);
  if (isMulti) {
    const name = nameOf(part.reference);
    throw new FillError(
      `Cannot put several values into one argument: "\${${name}}" has ${texts.length}`,
      `Let "\${${name}}" be an element of its own`,
    );
  }
  return checked(texts[0], part.reference);
}

/**
 * Fills a script. Values never become part of its text: each reference turns into the expansion of a variable, quoted
 * to fit the place, so no value can change what the shell parses. What a command of the script itself evaluates
 * (`eval`, `let`, `sh -c`) is its own affair.
 *
 * @throws {FillError} If a text holds a NUL or is too long, or arithmetic is given something else than an integer.
 */
export function fillScript(template: Template, lookup: Lookup): FilledScript {
  const env: Record<string, string> = {};
  const names = new Map<string, string>();
  const variable = (text: string): string => {
    let name = names.get(text);
    if (name === undefined) {
      name = `FLOW_${names.size + 1}`;
      names.set(text, name);
      env[name] = text;
    }
    return name;
  };
  const script = template.parts.map((part) =>
    part.kind === "text" ? part.text : expansion(part, lookup(part.reference), variable)
  ).join("");
  return { script, env };
}

/** Returns the shell text that expands to the value at the place of a reference. */
function expansion(
  part: TemplatePart & { kind: "reference" },
  rendered: Rendered,
  variable: (text: string) => string,
): string {
  const { reference } = part;
  const joined = (): string => variable(checked(rendered.texts.join(" "), reference));
  switch (part.place) {
    case "words":
      return rendered.texts.map((text) => `"\${${variable(checked(text, reference))}}"`).join(" ");
    case "word":
      return `"\${${joined()}}"`;
    case "single":
      return `'"\${${joined()}}"'`;
    case "double":
    case "heredoc":
      return `\${${joined()}}`;
    case "integer": {
      const text = rendered.texts.join(" ");
      if (!INTEGER.test(text)) throw notAnInteger(reference, text);
      // The blank keeps `5-${x}` from becoming `5--3`.
      return `\${${variable(text.startsWith("-") ? ` ${text}` : text)}}`;
    }
    case "element":
    case "part":
      throw new TypeError(`A script cannot hold a reference of place "${part.place}"`);
  }
}

function notAnInteger(reference: TemplateReference, text: string): FillError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new FillError(
    `Cannot use ${JSON.stringify(shown)} in shell arithmetic: "\${${
      nameOf(reference)
    }}" must be an integer there`,
    "The shell would evaluate anything else as code; compute it in another tool, or pass an integer",
  );
}

function checked(text: string, reference: TemplateReference): string {
  return checkedText(text, nameOf(reference));
}

/**
 * Returns a text that may become an argument or a variable.
 *
 * @param name What it is, for messages: `in.rows`.
 * @throws {FillError} If it holds a NUL, is no Unicode, or is too long for the system.
 */
export function checkedText(text: string, name: string): string {
  if (text.includes("\0")) {
    throw new FillError(
      `Cannot write "\${${name}}" into a command: it holds a NUL character`,
      "Pass it through a file or stdin",
    );
  }
  if (!text.isWellFormed()) {
    throw new FillError(
      `Cannot write "\${${name}}" into a command: it is not well-formed Unicode`,
      "Pass it through a file or stdin",
    );
  }
  if (text.length * 3 >= MAX_TEXT_BYTES - 64 && byteLength(text) >= MAX_TEXT_BYTES - 64) {
    throw new FillError(
      `Cannot write "\${${name}}" into a command: its ${
        byteLength(text)
      } bytes are too many for the system`,
      "Pass it through stdin (`stdin: NAME`) or a file",
    );
  }
  return text;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function nameOf(reference: TemplateReference): string {
  return `${reference.kind}.${reference.name}`;
}

/**
 * Returns the argv that runs a script.
 *
 * `sh` and `bash` stop at the first failing command (`-e`), `bash` also at a failing part of a pipe. Any other text is
 * the beginning of an argv, split at blanks, to which only the script is added: `bash -c`, `python3 -c`.
 *
 * @param shell `sh`, `bash`, or the beginning of an argv.
 * @param filled The script; only a POSIX shell can take one with references.
 * @throws {FillError} If the script has references and the program is no shell.
 */
export function shellArgv(shell: string, filled: FilledScript): string[] {
  if (shell === "sh") return ["sh", "-ec", filled.script];
  if (shell === "bash") return ["bash", "-eo", "pipefail", "-c", filled.script];
  const prefix = shell.split(/\s+/).filter((word) => word !== "");
  if (prefix.length === 0 || (!isPosixShell(prefix) && Object.keys(filled.env).length > 0)) {
    throw new FillError(
      `Cannot fill references into a script for "${shell}": only POSIX shells can take them`,
      'Write the command as a list, such as [python3, -c, "…", "${in.x}"]',
    );
  }
  return [...prefix, filled.script];
}
