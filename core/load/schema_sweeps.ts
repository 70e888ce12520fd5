/**
 * The format of `sweeps:` in workflow files, and what can be wrong with a block whatever the workflow holds. Does not know
 * inputs, params or what a sweep is for.
 *
 * @module
 */

import { MAX_COMBINATIONS, rangeOf } from "../sweep.ts";
import type { Json } from "../workflow.ts";
import { functionName, NAME, NAME_HINT } from "./schema_values.ts";
import {
  anything,
  documented,
  either,
  isList,
  list,
  number,
  object,
  type Read,
  refine,
  type Shape,
  table,
  text,
  type Visit,
} from "./shape.ts";

/** An input, or a param by its path. */
const SWEPT = /^[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/;
const SWEPT_HINT = "Write an input, or a param by its path: model.depth";

const rangeShape = refine(
  object({
    range: documented(
      either(number(), list(number(), { min: 1, what: "numbers" })),
      "The end; or start and end; or start, end and step. The end is not among the values.",
      { examples: [10, [1, 11], [0, 1, 0.1]] },
    ),
  }, { expected: "{ range: … }", required: ["range"] }),
  ({ range }, visit) => {
    if (range === undefined) return undefined;
    const values = rangeOf(typeof range === "number" ? [range] : range);
    if (!("message" in values)) return values;
    visit.report("sweep", `Cannot read ${visit.name}: ${values.message}`, {
      ...(values.hint === undefined ? {} : { hint: values.hint }),
      member: ["range"],
    });
    return undefined;
  },
);

const values: Shape<readonly Json[]> = refine(
  either(rangeShape, list(anything)),
  (read, visit) => {
    if (read.length === 0) {
      visit.report("sweep", `Cannot sweep ${visit.name}: it has no values`, {
        hint: "Give it at least one value",
      });
      return undefined;
    }
    if (read.every(isFinite)) return read;
    visit.report("sweep", `Cannot sweep ${visit.name}: a value is no finite number`);
    return undefined;
  },
);

function isFinite(value: Json): boolean {
  return typeof value !== "number" || Number.isFinite(value);
}

function named<T>(shape: Shape<T>, what: string): Shape<Readonly<Record<string, T>>> {
  return table(shape, { what, keyPattern: SWEPT, keyHint: SWEPT_HINT });
}

const group = named(values, "lists of values");

const blockFields = {
  product: documented(group, "Lists of values by name; every value with every other."),
  zip: documented(
    either(group, list(group, { what: "mappings of lists" })),
    "Lists of values that go together, equally long; or several such groups.",
  ),
  constants: documented(named(anything, "values"), "Values of names that are the same for all."),
  derived: documented(
    either(functionName, named(text(), "texts")),
    'Values made of others: texts such as "lr-${lr}", in order; or a function that gets the values by name and ' +
      "returns more.",
  ),
  exclude: documented(
    list(named(anything, "values"), { what: "mappings of values" }),
    "Combinations with all values of one of these are left out.",
  ),
  filter: documented(
    functionName,
    "A function that gets the values by name and returns whether the combination stays.",
    { examples: ["sweep.ts#isUseful"] },
  ),
};

const blockShape = refine(
  object(blockFields, { expected: "a mapping with product or zip" }),
  (read, visit) => {
    checkAxes(read, visit);
    return read;
  },
);

/** The part of a block that says which values there are. */
interface AxesFields {
  readonly product?: Readonly<Record<string, readonly Json[]>>;
  readonly zip?:
    | Readonly<Record<string, readonly Json[]>>
    | readonly Readonly<Record<string, readonly Json[]>>[];
}

/** Returns the groups of names whose values go together, with their places. */
export function axesOf(
  { product = {}, zip = [] }: AxesFields,
): { values: Readonly<Record<string, readonly Json[]>>; at: (string | number)[] }[] {
  const zips = isList(zip) ? zip.map((values, i) => ({ values, at: ["zip", i] })) : [{
    values: zip,
    at: ["zip"],
  }];
  return [
    ...Object.entries(product).map(([name, list]) => ({
      values: { [name]: list },
      at: ["product"],
    })),
    ...zips.filter((axis) => Object.keys(axis.values).length > 0),
  ];
}

/** Lists that go together are equally long, no name has two lists, and there is an end of it. */
function checkAxes(block: AxesFields, visit: Visit): void {
  const axes = axesOf(block);
  const seen = new Set<string>();
  let size = 1;
  for (const { values, at } of axes) {
    const entries = Object.entries(values);
    const [[first, { length }]] = entries;
    size *= length;
    for (const [name, list] of entries) {
      if (seen.has(name)) {
        visit.report("sweep", `Cannot sweep "${name}" twice`, {
          part: "key",
          member: [...at, name],
          hint: "Remove one of them",
        });
      }
      seen.add(name);
      if (list.length === length) continue;
      visit.report(
        "sweep",
        `Cannot zip "${name}" with "${first}": their lists have ${list.length} and ${length} values`,
        { member: [...at, name], hint: 'Make the lists equally long, or move one to "product"' },
      );
    }
  }
  if (size > MAX_COMBINATIONS) {
    visit.report(
      "sweep",
      `Cannot sweep ${visit.name}: it has ${size} combinations, more than ${MAX_COMBINATIONS}`,
      { part: "key", hint: "Shorten a list, or zip names that go together" },
    );
  }
}

/** A block as written, without its bad parts. */
export type BlockFields = Read<typeof blockShape>;

/** All sweeps of a file by name; each is a block, or a list of blocks. */
export const sweepsShape: Shape<
  Readonly<Record<string, BlockFields | readonly BlockFields[]>>
> = documented(
  table(either(blockShape, list(blockShape, { min: 1, what: "sweeps" })), {
    what: "sweeps",
    keyPattern: NAME,
    keyHint: NAME_HINT,
  }),
  "Combinations of values for inputs and params, by name: flow run --sweep NAME runs the workflow once for each. A list " +
    "is one sweep after the other.",
);
