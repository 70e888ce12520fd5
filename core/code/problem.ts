/**
 * What can be wrong with the code of a function node. Does not know how code is read, parsed or hashed.
 *
 * @module
 */

import { FlowError } from "../base/error.ts";
import type { Span } from "../base/source.ts";

/** What is wrong, for callers that react to it. */
export type CodeProblemKind =
  /** A file, or the target of an import, does not exist. */
  | "module-not-found"
  /** A module does not export the wanted name, or exports it twice through `export *`. */
  | "no-such-export"
  /** A bare name that no deno.json or package.json maps. */
  | "unresolved"
  | "syntax"
  /** Something flow cannot track or run: JSX, CommonJS, remote modules, … */
  | "unsupported";

/** What a problem carries beside its message. */
export interface CodeProblemOptions {
  /** Absolute path of the file the problem is in. */
  readonly file?: string;
  /** One-based. */
  readonly line?: number;
  /** One-based, in UTF-16 units. */
  readonly column?: number;
  readonly span?: Span;
  /** Names the module does export, if one was not found. */
  readonly exports?: readonly string[];
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The code of a function node cannot be found, read or tracked. */
export class CodeProblem extends FlowError {
  readonly kind: CodeProblemKind;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly exports: readonly string[] | undefined;

  constructor(kind: CodeProblemKind, message: string, options: CodeProblemOptions = {}) {
    super(message, {
      code: kind,
      exitCode: 2,
      hint: options.hint,
      span: options.span,
      cause: options.cause,
    });
    this.kind = kind;
    this.file = options.file;
    this.line = options.line;
    this.column = options.column;
    this.exports = options.exports;
  }
}

/** A place in a file that an error can point at. */
export interface Site {
  /** Absolute path. */
  readonly file: string;
  /** One-based. */
  readonly line?: number;
  /** One-based, in UTF-16 units. */
  readonly column?: number;
}
