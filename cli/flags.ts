/**
 * Flags that several commands share, and how their text becomes a value. Knows no command.
 *
 * @module
 */

import type { FlagParametersForType } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { proposeVariants } from "./propose_variants.ts";

/** When colour is used. */
export type ColorMode = "auto" | "always" | "never";

/** Flags of every command. */
export interface CommonFlags {
  readonly color: ColorMode;
  readonly debug: boolean;
}

/** Flags of every command that reads a workflow. */
export interface WorkflowFlags extends CommonFlags {
  readonly set?: readonly string[];
  readonly params?: readonly string[];
  readonly input?: readonly (readonly [name: string, text: string])[];
  readonly variant?: readonly string[];
  readonly map?: readonly string[];
  readonly cacheDir?: string;
}

/** Definitions of {@linkcode CommonFlags}. */
export const COMMON_FLAGS: FlagParametersForType<CommonFlags, CliContext> = {
  color: {
    kind: "enum",
    values: ["auto", "always", "never"],
    default: "auto",
    brief: "Colour in messages; --no-color is --color=never",
  },
  debug: booleanFlag("Print a stack trace with an error"),
};

/** Definitions of {@linkcode WorkflowFlags}. */
export const WORKFLOW_FLAGS: FlagParametersForType<WorkflowFlags, CliContext> = {
  set: {
    kind: "parsed",
    parse: parseAssignment,
    optional: true,
    variadic: true,
    placeholder: "PATH=VALUE",
    brief: "Set a param, for example model.depth=5; may be repeated",
  },
  params: {
    kind: "parsed",
    parse: String,
    optional: true,
    variadic: true,
    placeholder: "FILE",
    brief: "Read params from a YAML or JSON file; may be repeated",
  },
  input: {
    kind: "parsed",
    parse: parseInput,
    optional: true,
    variadic: true,
    placeholder: "NAME=VALUE",
    brief: "Give an input its value or file, - for standard input; may be repeated",
  },
  variant: {
    kind: "parsed",
    parse: parseVariant,
    proposeCompletions: proposeVariants,
    optional: true,
    variadic: true,
    placeholder: "NODE=VARIANT",
    brief: "Choose a variant of a node, or by its name a set of them; may be repeated",
  },
  map: {
    kind: "parsed",
    parse: String,
    optional: true,
    variadic: true,
    placeholder: "NAME[AXIS]",
    brief:
      "Make an input or param an array, and run everything behind it per element; may be repeated",
  },
  cacheDir: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "DIR",
    brief: "Store of results, .pipecache beside the workflow by default",
  },
  ...COMMON_FLAGS,
};

/** Checks the form of `--set`. */
function parseAssignment(text: string): string {
  if (!/^[^=]+=/.test(text)) throw new Error("write it as PATH=VALUE");
  return text;
}

/** Checks the form of `--variant`. */
function parseVariant(text: string): string {
  if (!/^[^=]+(?:=[^=]+)?$/.test(text)) throw new Error("write NODE=VARIANT, or the name of a set");
  return text;
}

/** Splits the text of `--input`. */
function parseInput(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new Error("write it as NAME=VALUE");
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Largest number of actions at once that makes any sense on one machine. */
const MAX_JOBS = 4096;

/** Reads `--jobs`: a whole number from 1. */
export function parseJobs(text: string): number {
  const jobs = Number(text);
  if (!/^[0-9]+$/.test(text) || jobs < 1 || jobs > MAX_JOBS) {
    throw new Error(`write a whole number from 1 to ${MAX_JOBS}`);
  }
  return jobs;
}

/** Reads a number of things of which there must be one: a whole number from 1. */
export function parsePositive(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < 1) {
    throw new Error("write a whole number from 1");
  }
  return Number(text);
}

/** Reads `--seed`: a whole number. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(seed)) {
    throw new Error("write a whole number");
  }
  return seed;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a duration such as `500ms`, `10s`, `2m`; a bare number is seconds.
 *
 * @returns Milliseconds, 0 or more.
 */
export function parseDuration(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?$/.exec(text);
  if (match === null) throw new Error("write a duration such as 500ms, 10s or 2m");
  return Math.round(Number(match[1]) * UNIT_MS[match[2] ?? "s"]);
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/**
 * Reads a size such as `500M`, `2G`, `1.5GiB`; a bare number is bytes.
 *
 * @returns Bytes, 0 or more.
 */
export function parseSize(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)([KMGT]?)(?:i?B)?$/i.exec(text);
  if (match === null) throw new Error("write a size such as 500M or 2G");
  return Math.round(Number(match[1]) * UNIT_BYTES[match[2].toUpperCase()]);
}

/** Defines a flag that takes no value. */
export function booleanFlag(brief: string): {
  readonly kind: "boolean";
  readonly default: false;
  readonly withNegated: false;
  readonly brief: string;
} {
  return { kind: "boolean", default: false, withNegated: false, brief };
}
