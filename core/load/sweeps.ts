/**
 * The sweeps of a workflow file, checked against its inputs and params. Does not know how they are written, and calls no
 * function.
 *
 * @module
 */

import { type Combination, isFunction, namesIn, type Sweep, type SweepBlock } from "../sweep.ts";
import { hintForUnknown, meaningOf, type Swept, sweptOf, type SweptScope } from "../swept.ts";
import type { FunctionRef, Json } from "../workflow.ts";
import { didYouMean } from "../base/suggest.ts";
import { isOfType } from "./input_type.ts";
import { axesOf, type BlockFields } from "./schema_sweeps.ts";
import { isList, type Path, type Visit } from "./shape.ts";

/** What sweeps are read with. */
export interface SweepContext {
  readonly scope: SweptScope;
  readonly visit: Visit;
  /** Finds the module of a function such as `sweep.ts#derive`. */
  functionOf(target: string): FunctionRef;
}

/**
 * Turns the sweeps of a file into data and reports names and values that do not fit the workflow.
 *
 * @param fields The sweeps as written.
 */
export function defineSweeps(
  fields: Readonly<Record<string, BlockFields | readonly BlockFields[]>>,
  context: SweepContext,
): Record<string, Sweep> {
  const sweeps: Record<string, Sweep> = {};
  for (const [name, sweep] of Object.entries(fields)) {
    sweeps[name] = isList(sweep)
      ? sweep.map((block, i) => defineBlock(block, ["sweeps", name, i], context))
      : [defineBlock(sweep, ["sweeps", name], context)];
  }
  return sweeps;
}

function defineBlock(fields: BlockFields, at: Path, context: SweepContext): SweepBlock {
  const { constants = {}, derived = {}, exclude = [], filter } = fields;
  const block: SweepBlock = {
    at,
    axes: axesOf(fields),
    constants,
    derived: typeof derived === "string"
      ? context.functionOf(derived)
      : derived as Readonly<Record<string, string>>,
    exclude,
    ...(filter === undefined ? {} : { filter: context.functionOf(filter) }),
  };
  checkBlock(block, at, context);
  return block;
}

/** Every name must mean something and every value fit; two names must not mean the same. */
function checkBlock(block: SweepBlock, at: Path, context: SweepContext): void {
  const meanings = new Map<string, string>();
  for (const axis of block.axes) {
    for (const [name, values] of Object.entries(axis.values)) {
      const path = [...at, ...axis.at, name];
      const swept = checkName(name, path, context);
      if (swept === undefined) continue;
      checkOnce(name, swept, { meanings, path, context });
      values.forEach((value, i) => checkValue(name, swept, value, [...path, i], context));
    }
  }
  for (const [name, value] of Object.entries(block.constants)) {
    const path = [...at, "constants", name];
    const swept = checkName(name, path, context);
    if (swept !== undefined) checkValue(name, swept, value, path, context);
  }
  if (isFunction(block.derived)) return;
  checkDerived(block, block.derived, at, context);
  checkExcluded(block, at, context);
}

function checkName(name: string, path: Path, { scope, visit }: SweepContext): Swept | undefined {
  const swept = sweptOf(name, scope);
  if (swept !== undefined) return swept;
  visit.report("sweep", `Cannot sweep "${name}": the workflow has no such input or param`, {
    part: "key",
    member: path,
    hint: hintForUnknown(name, scope),
  });
  return undefined;
}

function checkOnce(
  name: string,
  swept: Swept,
  { meanings, path, context }: {
    meanings: Map<string, string>;
    path: Path;
    context: SweepContext;
  },
): void {
  const meaning = meaningOf(swept);
  const first = meanings.get(meaning);
  meanings.set(meaning, name);
  // The same name twice has been reported by its shape.
  if (first === undefined || first === name) return;
  context.visit.report("sweep", `Cannot sweep "${name}" and "${first}": both mean ${meaning}`, {
    part: "key",
    member: path,
    hint: "Remove one of them",
  });
}

function checkValue(
  name: string,
  swept: Swept,
  value: Json,
  path: Path,
  { visit }: SweepContext,
): void {
  const misfit = misfitOf(swept, value);
  if (misfit !== undefined) {
    visit.report("sweep", `Cannot sweep "${name}": ${misfit}`, { member: path });
  }
}

/** Says why a value does not fit an input, or is no variant; params take any. */
export function misfitOf(swept: Swept, value: Json): string | undefined {
  if (swept.kind === "param") return undefined;
  if (swept.kind === "variant") {
    const { node, names } = swept;
    if (typeof value === "string" && names.includes(value)) return undefined;
    const owner = node === undefined ? "the workflow has no set" : `node "${node}" has no variant`;
    return `${owner} ${JSON.stringify(value)}, but ${names.join(", ")}`;
  }
  const { input } = swept;
  const type = input.kind === "value" ? input.type : "string";
  if (type === undefined || isOfType(value, type)) return undefined;
  const wanted = input.kind === "value" ? `type "${type}"` : "a path";
  const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return `input "${input.name}" expects ${wanted}, got "${found}"`;
}

/** Derived texts use names of the block, or what was derived before. */
function checkDerived(
  block: SweepBlock,
  derived: Readonly<Record<string, string>>,
  at: Path,
  context: SweepContext,
): void {
  const known = new Set(givenNames(block));
  for (const [name, text] of Object.entries(derived)) {
    const path = [...at, "derived", name];
    checkName(name, path, context);
    for (const used of namesIn(text)) {
      if (known.has(used)) continue;
      const start = text.indexOf(`\${${used}}`);
      context.visit.report(
        "sweep",
        `Cannot derive "${name}": the sweep has no "${used}"`,
        {
          member: path,
          within: { text, start, end: start + used.length + 3 },
          hint: didYouMean(used, [...known]) ?? `It has ${[...known].join(", ") || "no names"}`,
        },
      );
    }
    known.add(name);
  }
}

/** What is left out is named by what the sweep has. */
function checkExcluded(block: SweepBlock, at: Path, { visit }: SweepContext): void {
  const derived = isFunction(block.derived) ? [] : Object.keys(block.derived);
  const known = [...givenNames(block), ...derived];
  block.exclude.forEach((partial: Combination, i) => {
    for (const name of Object.keys(partial)) {
      if (known.includes(name)) continue;
      visit.report("sweep", `Cannot exclude by "${name}": the sweep has no such name`, {
        part: "key",
        member: [...at, "exclude", i, name],
        hint: didYouMean(name, known) ?? `It has ${known.join(", ") || "no names"}`,
      });
    }
    if (Object.keys(partial).length > 0) return;
    visit.report("sweep", "Cannot exclude nothing: that would leave out everything", {
      member: [...at, "exclude", i],
      hint: "Name at least one value",
    });
  });
}

function givenNames({ axes, constants }: SweepBlock): string[] {
  return [...axes.flatMap(({ values }) => Object.keys(values)), ...Object.keys(constants)];
}
