/**
 * Flags that choose nodes by name, and how lists of names are read. Knows no command.
 *
 * @module
 */

import type { FlagParametersForType } from "@stricli/core";
import { type AxisSlices, parseAxisSlices } from "../core/base/axis_slice.ts";
import type { PartRequest } from "../core/mod.ts";
import type { CliContext } from "./context.ts";
import { proposeNames } from "./propose_names.ts";

/** Names as one flag gives them, one list for each time it stands there. */
export type NameLists = readonly (readonly string[])[];

/** Flags of commands that run a part of a workflow, or say what it would do. */
export interface SelectFlags {
  readonly only?: NameLists;
  readonly skip?: NameLists;
  readonly select?: AxisSlices;
}

/** Definitions of {@linkcode SelectFlags}. */
export const SELECT_FLAGS: FlagParametersForType<SelectFlags, CliContext> = {
  only: namesFlag("Run nothing but these nodes; what they need must be up to date"),
  skip: namesFlag("Leave out these nodes and what needs them"),
  select: {
    kind: "parsed",
    parse: parseAxisSlices,
    optional: true,
    placeholder: "AXIS=PART",
    brief: "Only this part of the maps, as in i=3,j=0:10; nothing may need the rest",
  },
};

/** Defines a flag that takes names with commas between them, and may be repeated. */
export function namesFlag(brief: string): {
  readonly kind: "parsed";
  readonly parse: typeof parseNames;
  readonly proposeCompletions: typeof proposeNames;
  readonly optional: true;
  readonly variadic: true;
  readonly placeholder: "NAMES";
  readonly brief: string;
} {
  return {
    kind: "parsed",
    parse: parseNames,
    proposeCompletions: proposeNames,
    optional: true,
    variadic: true,
    placeholder: "NAMES",
    brief,
  };
}

/** Splits a list of names. */
function parseNames(text: string): readonly string[] {
  const names = text.split(",");
  if (names.some((name) => name.trim() !== name || name === "")) {
    throw new Error("write names with commas between them");
  }
  return names;
}

/** Returns what a command line selects, as the engine takes it. */
export function selectionOf(
  flags: SelectFlags,
  targets: readonly string[],
  force?: readonly string[] | true,
): PartRequest {
  return {
    targets,
    ...flags.only === undefined ? {} : { only: flags.only.flat() },
    ...flags.skip === undefined ? {} : { skip: flags.skip.flat() },
    ...flags.select === undefined ? {} : { slices: flags.select },
    ...force === undefined ? {} : { force },
  };
}

/** Returns what `--force` is about: the names on the command line, or everything. */
export function forcedBy(
  { only }: SelectFlags,
  names: readonly string[],
): readonly string[] | true {
  const all = [...names, ...only?.flat() ?? []];
  return all.length === 0 ? true : all;
}
