/**
 * The format of nodes that are there in several variants, and of sets of choices. Does not know what the options of a node
 * are for, nor which variant is chosen.
 *
 * @module
 */

import type { Json, JsonObject } from "../workflow.ts";
import { type KindProblem, KINDS } from "./node_kinds.ts";
import { NAME, name, NAME_HINT } from "./schema_values.ts";
import {
  documented,
  type Fields,
  type FieldsRead,
  isMapping,
  object,
  refine,
  type Shape,
  table,
  type Visit,
} from "./shape.ts";

/** One variant of a node. */
export interface VariantFields<N> {
  /** With the options that hold for all variants. */
  readonly fields: N;
  /** Options that are written in the variant itself. */
  readonly own: ReadonlySet<string>;
}

/** A node in several variants. */
export interface VariantsFields<N> {
  readonly variants: Readonly<Record<string, VariantFields<N>>>;
  /** The one that is taken if nobody chooses. */
  readonly variant?: string;
}

/** Sets of choices by name: which variant of which node. */
export const setsShape = documented(
  table(table(name, { what: "variants", keyPattern: NAME, keyHint: NAME_HINT }), {
    what: "sets of variants",
    keyPattern: NAME,
    keyHint: NAME_HINT,
  }),
  "Variants that are chosen together, by name: { fast: { model: ridge, score: quick } }; --variant fast.",
);

/** The set that is chosen if the command line chooses none. */
export const defaultSet = documented(name, "The set of variants that is taken by default.");

/**
 * Returns the shape of a node, or of one in several variants.
 *
 * Options beside `variants` hold for all of them; what a variant says itself goes before.
 *
 * @param node The shape of a node.
 * @param fields Its options.
 * @param problemsOf Finds what is wrong with the kind of a node.
 */
export function nodeOrVariants<F extends Fields>(
  node: Shape<FieldsRead<F>>,
  fields: F,
  problemsOf: (raw: JsonObject, name: string) => readonly KindProblem[],
): Shape<FieldsRead<F> | VariantsFields<FieldsRead<F>>> {
  const variant = object(fields, { expected: "a mapping of node options" });
  const whole = object({
    ...fields,
    variants: documented(
      table(variant, { what: "variants", keyPattern: NAME, keyHint: NAME_HINT }),
      "Nodes of which one is chosen, by name. What stands beside them holds for all.",
    ),
    variant: documented(name, "The variant that is taken by default; else one must be chosen."),
  }, { expected: "a mapping with variants", required: ["variants"] });
  const several = refine(whole, (read, visit, raw) => {
    const { variants = {}, variant: standard, ...common } = read as
      & FieldsRead<F>
      & { variants?: Record<string, FieldsRead<F>>; variant?: string };
    const written = isMapping(raw) && isMapping(raw.variants) ? raw.variants : {};
    if (isMapping(raw)) reportProblems(raw, written, visit, problemsOf);
    const merged = Object.entries(variants).map(([key, own]) => {
      const keys = new Set(Object.keys(asMapping(written[key])));
      // Every option was read by the shape of that option.
      const all = { ...without(common, keys), ...own } as FieldsRead<F>;
      return [key, { fields: all, own: keys }] as const;
    });
    return {
      variants: Object.fromEntries(merged),
      ...(standard === undefined ? {} : { variant: standard }),
    };
  });
  return {
    expected: node.expected,
    json: { anyOf: [node.json, several.json] },
    accepts: node.accepts,
    read: (value, visit) => isSeveral(value) ? several.read(value, visit) : node.read(value, visit),
  };
}

function isSeveral(value: Json): boolean {
  return isMapping(value) &&
    (Object.hasOwn(value, "variants") || Object.hasOwn(value, "variant"));
}

function asMapping(value: Json): JsonObject {
  return isMapping(value) ? value : {};
}

/** Options of all variants, without those a variant has itself; one that says what it does says all of that. */
function without<T extends object>(common: T, own: ReadonlySet<string>): Partial<T> {
  const saysKind = KINDS.some((kind) => own.has(kind));
  const isLeft = (key: string): boolean =>
    !own.has(key) && !(saysKind && (KINDS as readonly string[]).includes(key));
  return Object.fromEntries(Object.entries(common).filter(([key]) => isLeft(key))) as Partial<T>;
}

/** What is wrong with an option that several variants share is said once. */
function reportProblems(
  raw: JsonObject,
  variants: JsonObject,
  visit: Visit,
  problemsOf: (raw: JsonObject, name: string) => readonly KindProblem[],
): void {
  const { variants: _, variant: __, ...common } = raw;
  const node = visit.name;
  const said = new Set<string>();
  for (const [key, variant] of Object.entries(variants)) {
    if (!isMapping(variant)) continue;
    const own = new Set(Object.keys(variant));
    const merged = { ...without(common, own), ...variant } as JsonObject;
    for (const problem of problemsOf(merged, `variant "${key}" of ${node}`)) {
      const { code, message, hint } = problem;
      const isShared = problem.key !== undefined && !own.has(problem.key);
      const option = problem.key === undefined ? [] : [problem.key];
      if (isShared && said.has(option[0])) continue;
      if (isShared) said.add(option[0]);
      const member = isShared ? option : ["variants", key, ...option];
      visit.report(code, message, { part: "key", member, hint });
    }
  }
  if (isMapping(raw.variants) && Object.keys(raw.variants).length === 0) {
    visit.report("too-few", `Cannot choose a variant of ${node}: it has none`, {
      part: "key",
      member: ["variants"],
      hint: 'Add one, or write what the node does without "variants"',
    });
  }
}
