/**
 * Takes values of environment variables out of texts that are kept for people. Pure; does not know which variables a
 * workflow uses.
 *
 * @module
 */

/** Shorter values are no secrets, and would be found in every other word. */
const MIN_CHARS = 4;

/**
 * Replaces values of variables by their names.
 *
 * A value counts as it is, as it stands inside a JSON text, and each line of a value of several lines, as logs show it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { Redactor } from "./redact.ts";
 *
 * const redactor = new Redactor(new Map([["TOKEN", "s3cret"]]));
 * assertEquals(redactor.text("login with s3cret"), "login with [env TOKEN]");
 * ```
 */
export class Redactor {
  /** Names by what is replaced, the longest first. */
  readonly #marks: ReadonlyMap<string, string>;
  readonly #pattern: RegExp | undefined;

  /** @param values Values of variables by name; those that are not set are left out. */
  constructor(values: ReadonlyMap<string, string>) {
    const marks = new Map<string, string>();
    for (const [name, value] of values) {
      const json = JSON.stringify(value).slice(1, -1);
      for (const form of [value, json, ...value.split(/\r?\n/)]) {
        if (form.length >= MIN_CHARS) marks.set(form, `[env ${name}]`);
      }
    }
    const forms = [...marks.keys()].sort((a, b) => b.length - a.length);
    this.#marks = marks;
    this.#pattern = forms.length === 0 ? undefined : new RegExp(forms.map(escaped).join("|"), "g");
  }

  /** Replaces all values in a text. */
  text(text: string): string {
    if (this.#pattern === undefined) return text;
    return text.replace(this.#pattern, (found) => this.#marks.get(found) ?? found);
  }

  /** Returns plain JSON data with all values replaced in its texts; names of members stay. */
  data<T>(data: T): T {
    if (typeof data === "string") return this.text(data) as T;
    if (Array.isArray(data)) return data.map((item) => this.data(item)) as T;
    if (data === null || typeof data !== "object") return data;
    return Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, this.data(value)]),
    ) as T;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
