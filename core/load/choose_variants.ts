/**
 * Which variant of each node is meant: by the command line, else by the file. Does not know what variants are made of.
 *
 * @module
 */

import type { Diagnostic } from "../base/error.ts";
import { didYouMean } from "../base/suggest.ts";
import type { Visit } from "./shape.ts";

/** What can be chosen, and by whom. */
export interface ChoiceParts {
  /** Names of the variants of every node that has some, with the one it takes by itself. */
  readonly nodes: ReadonlyMap<string, {
    readonly names: readonly string[];
    readonly standard?: string;
  }>;
  /** Names of nodes without variants. */
  readonly others: readonly string[];
  /** Sets of choices of the file. */
  readonly sets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The set that is taken by default. */
  readonly standard?: string;
  /** Texts of `--variant`: `NODE=VARIANT`, the name of a set, or that of a variant wherever there is one. */
  readonly texts: readonly string[];
  readonly visit: Visit;
}

/** What was chosen, by node; one that is missing has a problem. */
export interface Choices {
  readonly chosen: ReadonlyMap<string, string>;
  /** What is wrong with the command line. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What is wrong with a choice. */
interface Wrong {
  readonly message: string;
  readonly hint?: string;
}

/** One choice of the command line. */
interface Given {
  readonly variant: string;
  readonly text: string;
}

/**
 * Chooses a variant for every node that has some. `--variant NODE=VARIANT` goes before names of sets and variants, these
 * before the set of the file, and that before what a node says.
 */
export function chooseVariants(parts: ChoiceParts): Choices {
  const { nodes, visit } = parts;
  const chosen = new Map<string, string>();
  for (const [node, { names, standard }] of nodes) {
    if (standard === undefined) continue;
    if (names.includes(standard)) chosen.set(node, standard);
    // That there is none has been reported.
    else if (names.length > 0) reportStandard(node, standard, names, visit);
  }
  const diagnostics: Diagnostic[] = [];
  checkSets(parts);
  for (const [node, variant] of standardSet(parts)) chosen.set(node, variant);
  for (const [node, { variant }] of givenChoices(parts, diagnostics)) chosen.set(node, variant);
  // What the command line gets wrong is said by it alone.
  for (const [node, { names, standard }] of diagnostics.length > 0 ? [] : nodes) {
    if (chosen.has(node) || standard !== undefined || names.length === 0) continue;
    visit.report(
      "variant",
      `Cannot choose a variant of node "${node}": it has ${names.join(", ")}, none by default`,
      {
        part: "key",
        member: ["nodes", node],
        hint: `Add variant: ${names[0]}, or use --variant ${node}=${names[0]}`,
      },
    );
  }
  return { chosen, diagnostics };
}

function reportStandard(
  node: string,
  standard: string,
  names: readonly string[],
  visit: Visit,
): void {
  const { message, hint } = noVariant(node, standard, names);
  visit.report("variant", message, { member: ["nodes", node, "variant"], hint });
}

function noVariant(node: string, variant: string, names: readonly string[]): Required<Wrong> {
  return {
    message: `Cannot choose variant "${variant}" of node "${node}": it has no such variant`,
    hint: didYouMean(variant, names) ?? `It has ${names.join(", ")}`,
  };
}

/** What is wrong with choosing a variant of a node. */
function wrongChoice(
  { nodes, others }: ChoiceParts,
  node: string,
  variant: string,
): (Required<Wrong> & { readonly isNode: boolean }) | undefined {
  const known = nodes.get(node);
  if (known !== undefined) {
    return known.names.includes(variant)
      ? undefined
      : { ...noVariant(node, variant, known.names), isNode: false };
  }
  const all = [...nodes.keys()];
  const isOther = others.includes(node);
  return {
    message: `Cannot choose a variant of "${node}": ${
      isOther ? "the node has none" : "there is no such node"
    }`,
    hint: (isOther ? undefined : didYouMean(node, all)) ??
      (all.length === 0 ? "No node has variants" : `Nodes with variants are ${all.join(", ")}`),
    isNode: true,
  };
}

/** Sets choose what is there. */
function checkSets(parts: ChoiceParts): void {
  for (const [set, choices] of Object.entries(parts.sets)) {
    for (const [node, variant] of Object.entries(choices)) {
      const wrong = wrongChoice(parts, node, variant);
      if (wrong === undefined) continue;
      parts.visit.report("variant", wrong.message, {
        member: ["variants", set, node],
        part: wrong.isNode ? "key" : "value",
        hint: wrong.hint,
      });
    }
  }
}

/** The right choices of a set. */
function choicesOf(parts: ChoiceParts, set: string): [string, string][] {
  return Object.entries(parts.sets[set]).filter(([node, variant]) =>
    wrongChoice(parts, node, variant) === undefined
  );
}

function standardSet(parts: ChoiceParts): [string, string][] {
  const { standard, sets, visit } = parts;
  if (standard === undefined) return [];
  if (Object.hasOwn(sets, standard)) return choicesOf(parts, standard);
  const names = Object.keys(sets);
  visit.report("variant", `Cannot choose variants "${standard}": there is no set of that name`, {
    member: ["variant"],
    hint: didYouMean(standard, names) ??
      (names.length === 0 ? 'Add it under "variants"' : `The sets are ${names.join(", ")}`),
  });
  return [];
}

/** What the command line chooses; a node that is named goes before what a set says of it. */
function givenChoices(parts: ChoiceParts, diagnostics: Diagnostic[]): Map<string, Given> {
  const named = new Map<string, Given>();
  const grouped = new Map<string, Given>();
  for (const text of parts.texts) {
    const at = text.indexOf("=");
    const choices = at < 0 ? groupOf(parts, text) : singleOf(parts, text.slice(0, at), text);
    if ("message" in choices) {
      diagnostics.push({ severity: "error", code: "variant", ...choices });
      continue;
    }
    for (const [node, variant] of choices.choices) {
      const into = at < 0 ? grouped : named;
      const other = into.get(node);
      into.set(node, { variant, text });
      if (other === undefined || other.variant === variant) continue;
      diagnostics.push({
        severity: "error",
        code: "variant",
        message: `Cannot choose variant "${variant}" of node "${node}": --variant ${other.text} ` +
          `chooses "${other.variant}"`,
        hint: at < 0 ? `add --variant ${node}=${variant}, or leave out one` : "leave out one",
      });
    }
  }
  return new Map([...grouped, ...named]);
}

function singleOf(
  parts: ChoiceParts,
  node: string,
  text: string,
): { readonly choices: [string, string][] } | Wrong {
  const variant = text.slice(node.length + 1);
  const wrong = wrongChoice(parts, node, variant);
  if (wrong === undefined) return { choices: [[node, variant]] };
  return { message: wrong.message, hint: wrong.hint };
}

/** A set of the file, or a variant wherever there is one of that name. */
function groupOf(
  parts: ChoiceParts,
  name: string,
): { readonly choices: [string, string][] } | Wrong {
  if (Object.hasOwn(parts.sets, name)) return { choices: choicesOf(parts, name) };
  const nodes = [...parts.nodes].filter(([, { names }]) => names.includes(name));
  if (nodes.length > 0) return { choices: nodes.map(([node]) => [node, name]) };
  const variants = [...parts.nodes.values()].flatMap(({ names }) => names);
  const known = [...new Set([...Object.keys(parts.sets), ...variants])];
  const message = parts.nodes.size === 0
    ? "no node of the workflow has variants"
    : "no set and no variant has that name";
  const hint = didYouMean(name, known) ??
    (known.length === 0 ? undefined : `The workflow has ${known.join(", ")}`);
  return {
    message: `Cannot choose variant "${name}": ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
}
