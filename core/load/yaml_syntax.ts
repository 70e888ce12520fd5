/**
 * The YAML parser's complaints in our words, with a hint where the mistake is a common one. Does not know what is read.
 *
 * @module
 */

import type { YAMLException } from "js-yaml";
import type { Diagnostic } from "../base/error.ts";
import type { SourceFile } from "../base/source.ts";
import { MAX_DEPTH } from "./document.ts";

/** Turns the parser's wording into ours. */
export function syntaxProblem(error: YAMLException, source: SourceFile): Diagnostic {
  // At the end of the text the last character says more than the empty line after it.
  const last = Math.max(0, source.text.trimEnd().length - 1);
  const at = Math.min(error.mark?.position ?? 0, last);
  const [message, hint] = explainSyntax(error.reason, source.text, at);
  return {
    severity: "error",
    code: "yaml-syntax",
    message: `Cannot read the file as YAML: ${message}`,
    span: { source, start: at, end: at + 1 },
    ...(hint === undefined ? {} : { hint }),
  };
}

function explainSyntax(reason: string, text: string, at: number): [string, string?] {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  if (reason.startsWith("tab characters") || /^[ ]*\t/.test(text.slice(lineStart, at + 1))) {
    return ["a tab is used for indentation", "Indent with spaces"];
  }
  if (reason.startsWith("nesting exceeded")) {
    return [`it is nested deeper than ${MAX_DEPTH} levels`];
  }
  if (reason.includes("null byte")) return ["it contains a NUL character"];
  if (reason.includes("non-printable")) return ["it contains a control character"];
  if (reason.startsWith("can not read a block mapping entry")) {
    return ['a line has no ":" after its key', 'Write "key: value"'];
  }
  const isAtEnd = text.slice(at + 1).trim() === "";
  const isShallow = reason === "deficient indentation";
  if (reason.startsWith("unexpected end of the stream") || (isShallow && isAtEnd)) {
    return ["a bracket or a quote is not closed"];
  }
  if (isShallow) {
    return [
      "a line inside brackets or quotes is indented too little",
      "Close the bracket or quote before it, or indent the line",
    ];
  }
  if (reason.startsWith("bad indentation")) {
    return ["bad indentation", 'Align the line with its neighbours; quote texts that hold ": "'];
  }
  return [reason.replaceAll("can not", "cannot")];
}
