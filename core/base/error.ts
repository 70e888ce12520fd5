/**
 * The errors of flow: what went wrong, where, and what to do. Knows nothing of workflows, stores or terminals.
 *
 * Wording follows Deno std: sentence case, active, no final period, strings quoted, the action first
 * and the state after a colon; then facts; then one imperative hint.
 *
 * @module
 */

import type { Span } from "./source.ts";

/** One problem of a definition or a warning about it, with its place. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Stable kebab-case id, for tests and `--json`, for example `unknown-source`. */
  readonly code: string;
  readonly message: string;
  /** Where the problem is; absent when it has no place in a file (a flag of the command line). */
  readonly span?: Span;
  /** Other places that explain it, for example the first definition of a duplicate. */
  readonly related?: readonly { readonly message: string; readonly span: Span }[];
  /** One imperative sentence: what to do about it. */
  readonly hint?: string;
}

/** What an error carries beside its message. */
export interface FlowErrorOptions {
  readonly code: string;
  /** Exit code of the process if nobody handles the error (DESIGN, "Exit codes"). */
  readonly exitCode: number;
  /** Aligned name/value lines printed under the message. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly hint?: string;
  readonly span?: Span;
  readonly cause?: unknown;
}

/** The parent of all errors flow raises on purpose. Anything else that escapes is a bug in flow. */
export class FlowError extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly facts: Readonly<Record<string, string>>;
  readonly hint: string | undefined;
  readonly span: Span | undefined;

  constructor(message: string, options: FlowErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.exitCode = options.exitCode;
    this.facts = options.facts ?? {};
    this.hint = options.hint;
    this.span = options.span;
  }
}

/** The workflow file is wrong. Carries every problem found, not only the first. Exit code 2. */
export class DefinitionError extends FlowError {
  readonly diagnostics: readonly Diagnostic[];

  /** @param diagnostics All problems, at least one of severity `error`, in source order. */
  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter((d) => d.severity === "error");
    super(errors.map((d) => d.message).join("\n"), { code: "definition", exitCode: 2 });
    this.diagnostics = diagnostics;
  }
}

/** The command line is wrong. Exit code 2. */
export class UsageError extends FlowError {
  constructor(message: string, options: { hint?: string; facts?: Record<string, string> } = {}) {
    super(message, { code: "usage", exitCode: 2, ...options });
  }
}

/** The store is damaged or cannot be used. Exit code 4. */
export class StoreError extends FlowError {
  constructor(
    message: string,
    options: { hint?: string; facts?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { code: "store", exitCode: 4, ...options });
  }
}

/** Something flow needs from the machine is missing: a program, a permission, disk space. Exit code 1. */
export class ExecutorError extends FlowError {
  constructor(
    message: string,
    options: { hint?: string; facts?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { code: "executor", exitCode: 1, ...options });
  }
}

/** A broken invariant: a bug in flow, never the user's fault. Exit code 70. */
export class InternalError extends FlowError {
  constructor(message: string, options: { facts?: Record<string, string>; cause?: unknown } = {}) {
    super(message, {
      code: "internal",
      exitCode: 70,
      hint: "This is a bug in flow; please report it with the workflow file",
      ...options,
    });
  }
}

/**
 * Returns the message of anything that was thrown.
 *
 * @param thrown Whatever a `catch` got; not necessarily an `Error`.
 */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}
