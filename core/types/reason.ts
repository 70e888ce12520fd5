/**
 * What the compiler says of two types, in the words and quotes of flow. Does not know wires or the compiler's types.
 *
 * @module
 */

import type { MessageChain } from "./compiler_api.ts";

/** Longer types are cut: what differs is said in the reason. */
const MAX_TYPE = 72;

/**
 * Returns why one type does not fit another; empty if there is nothing to say beyond that.
 *
 * @param text As the compiler gives it.
 */
export function reasonOf(text: string | MessageChain): string {
  const lines = linesOf(typeof text === "string" ? { messageText: text } : text);
  const [first, ...rest] = lines;
  // The first line says what the message says already: that one type does not fit the other.
  const told = isPlain(first) ? rest : lines;
  const useful = told.filter((line, i) => i === told.length - 1 || !isPlain(line));
  return useful.map(inWords).filter((line) => line !== "").join(": ");
}

/** The line and, of each level below, the first. */
function linesOf({ messageText, next }: MessageChain): string[] {
  return [messageText, ...(next?.[0] === undefined ? [] : linesOf(next[0]))];
}

function isPlain(line: string): boolean {
  return /^(?:Type|Argument of type) '.*' is not assignable to (?:parameter of )?type '.*'\.$/s
    .test(line);
}

const WORDINGS: readonly (readonly [RegExp, (match: readonly string[]) => string])[] = [
  [
    /^Property '(.+)' is missing in type '(.+)' but required in type '.+'\.$/s,
    ([, property, type]) => `Type ${quoted(type)} is missing the property "${property}"`,
  ],
  [
    /^Type '(.+)' is missing the following properties from type '.+': (.+)$/s,
    ([, type, properties]) => {
      const [names, more] = properties.replace(/\.$/, "").split(/, and (?=\d)/);
      const listed = names.split(", ").map((name) => `"${name}"`).join(", ");
      return `Type ${quoted(type)} is missing the properties ${listed}${
        more === undefined ? "" : ` and ${more}`
      }`;
    },
  ],
  [/^Types of property '(.+)' are incompatible\.$/s, ([, name]) => `property "${name}"`],
  [
    /^The types of '(.+)' are incompatible between these types\.$/s,
    ([, name]) => `property "${name}"`,
  ],
  [/^No overload matches this call\.$/, () => ""],
  [/^Overload \d+ of \d+, '.*', gave the following error\.$/s, () => ""],
];

function inWords(line: string): string {
  for (const [pattern, words] of WORDINGS) {
    const match = pattern.exec(line);
    if (match !== null) return words(match);
  }
  return line.replace(/\.$/, "").replace(/'((?:[^'"]|"(?:[^"\\]|\\.)*")+)'/g, (_, t) => quoted(t));
}

/** A type in double quotes, unless it has some itself. */
export function quoted(type: string): string {
  const short = shortType(type);
  return short.includes('"') ? short : `"${short}"`;
}

/** A type on one line, of bounded length, with modules named by their files only. */
export function shortType(type: string): string {
  const text = type
    .replace(/import\("(?:[^"\\]|\\.)*?([^"/\\]+)"\)\.([\w$]+)/g, "$2 of $1")
    .replace(/\s+/g, " ")
    .replace(/; }/g, " }")
    // That an optional member may be undefined goes without saying.
    .replace(/(\?: [^;{}]*?) \| undefined(?= ?[;}])/g, "$1");
  return text.length <= MAX_TYPE ? text : `${text.slice(0, MAX_TYPE - 1)}…`;
}
