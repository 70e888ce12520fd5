/**
 * The combinations that a command line asks for: sweeps of the file, values given by name, or lines of JSON. Everything is
 * checked before anything runs. Does not know flags, graphs or runs.
 *
 * @module
 */

import { relative, resolve } from "node:path";
import { DefinitionError, type Diagnostic, UsageError } from "./base/error.ts";
import type { SourceFile, Span } from "./base/source.ts";
import { didYouMean } from "./base/suggest.ts";
import { parseValue } from "./bind.ts";
import { readValue } from "./load/params.ts";
import { readRows } from "./load/rows.ts";
import { callForEach } from "./load/sweep_functions.ts";
import { misfitOf } from "./load/sweeps.ts";
import {
  type Axis,
  type Combination,
  combinationsOf,
  cross,
  distinct,
  isExcluded,
  isFunction,
  MAX_COMBINATIONS,
  namesOf,
  sizeOf,
  type SweepBlock,
} from "./sweep.ts";
import {
  checkDisjoint,
  checkFiles,
  checkGiven,
  checkVariants,
  missingFile,
  twice,
  unknown,
} from "./sweep_checks.ts";
import { parseSweep } from "./sweep_text.ts";
import { hintForUnknown, type Swept, sweptOf } from "./swept.ts";
import type { FunctionRef, Json, Workflow } from "./workflow.ts";

/** What is asked for. */
export interface SweepRequest {
  /** Texts of `--sweep`: names of sweeps of the file, or `NAME=VALUES`. All with all. */
  readonly sweeps: readonly string[];
  /** Texts of `--sweep-zip`: `NAME=VALUES`. Together, equally many. */
  readonly zip: readonly string[];
  /** Lines of JSON objects: one run a line. */
  readonly each?: SourceFile;
  /** Directory that paths of the command line start from, absolute. */
  readonly cwd: string;
  /** Names of `--input`, and texts of `--set` and `--variant`: what they give cannot be swept. */
  readonly given: {
    readonly inputs: readonly string[];
    readonly set: readonly string[];
    /** Texts of `--variant`. */
    readonly variants: readonly string[];
  };
}

/** The combinations, one run each, and all their names. */
export interface Combinations {
  readonly combinations: readonly Combination[];
  readonly names: readonly string[];
}

/**
 * Returns the combinations that are asked for.
 *
 * @throws {UsageError} If the command line is wrong.
 * @throws {DefinitionError} If lines, or what functions of the file return, are wrong.
 */
export async function readCombinations(
  workflow: Workflow,
  request: SweepRequest,
): Promise<Combinations> {
  const { each } = request;
  const combinations = each === undefined
    ? await sweepCombinations(workflow, request)
    : rowCombinations(workflow, each, request);
  const names = namesOf(combinations);
  checkGiven(names, workflow, request);
  return { combinations, names };
}

// ---- sweeps ----------------------------------------------------------------------------------

async function sweepCombinations(
  workflow: Workflow,
  request: SweepRequest,
): Promise<readonly Combination[]> {
  const factors: Combination[][] = [];
  for (const text of request.sweeps) {
    const sweep = parseSweep(text);
    factors.push(
      sweep.kind === "named"
        ? await namedCombinations(workflow, sweep.name)
        : axisCombinations([readAxis(workflow, sweep, request)]),
    );
  }
  if (request.zip.length > 0) factors.push(axisCombinations(readZip(workflow, request)));
  checkDisjoint(workflow, factors);
  const size = factors.reduce((product, factor) => product * factor.length, 1);
  if (size > MAX_COMBINATIONS) throw tooMany(size);
  const all = distinct(factors.reduce(cross, [{}]));
  checkFiles(workflow, all);
  checkVariants(workflow, all);
  return all;
}

function tooMany(size: number): UsageError {
  return new UsageError(`Cannot sweep ${size} combinations: more than ${MAX_COMBINATIONS}`, {
    hint: "give fewer values, or zip names that go together with --sweep-zip",
  });
}

function axisCombinations(axes: readonly Axis[]): Combination[] {
  return combinationsOf({ axes });
}

/** Names with lists of equal length, which go together. */
function readZip(workflow: Workflow, request: SweepRequest): Axis[] {
  const values: Record<string, readonly Json[]> = {};
  const axes = request.zip.map((text) => {
    const sweep = parseSweep(text);
    if (sweep.kind === "values") return readAxis(workflow, sweep, request);
    throw new UsageError(`Cannot zip "${text}": it has no values`, {
      hint: `write --sweep-zip ${text}=1,2`,
    });
  });
  for (const axis of axes) {
    const [[name, list]] = Object.entries(axis.values);
    if (Object.hasOwn(values, name)) throw twice(name);
    values[name] = list;
  }
  const [[first, { length }], ...others] = Object.entries(values);
  for (const [name, list] of others) {
    if (list.length === length) continue;
    throw new UsageError(
      `Cannot zip "${name}" with "${first}": they have ${list.length} and ${length} values`,
      { hint: "give equally many values, or use --sweep for all with all" },
    );
  }
  return [{ values, at: [] }];
}

/** One name with its values, each read as what it is for. */
function readAxis(
  workflow: Workflow,
  { name, items }: { readonly name: string; readonly items: readonly string[] },
  { cwd }: SweepRequest,
): Axis {
  const swept = sweptOf(name, workflow);
  if (swept === undefined) throw unknown(name, workflow);
  const values = items.map((item) => readItem(item, name, swept, { cwd, dir: workflow.dir }));
  return { values: { [name]: values }, at: [] };
}

function readItem(
  item: string,
  name: string,
  swept: Swept,
  { cwd, dir }: { readonly cwd: string; readonly dir: string },
): Json {
  if (swept.kind === "param") {
    const read = readValue(item, name);
    if ("value" in read) return read.value;
    throw new UsageError(
      read.message.replace("--set", "--sweep"),
      read.hint === undefined ? {} : { hint: read.hint },
    );
  }
  if (swept.kind === "variant") return unquoted(item);
  const { input } = swept;
  if (input.kind !== "value") return relative(dir, resolve(cwd, unquoted(item))) || ".";
  const text = input.type === undefined || input.type === "string" ? unquoted(item) : item;
  // Texts of the command line are read as JSON or text: both are JSON.
  return (input.type === undefined && text !== item ? text : parseValue(input, text)) as Json;
}

/** A text in quotes may have commas. */
function unquoted(item: string): string {
  if (/^'.*'$/s.test(item)) return item.slice(1, -1);
  if (!/^".*"$/s.test(item)) return item;
  const read = readValue(item, "");
  return "value" in read && typeof read.value === "string" ? read.value : item;
}

/** The combinations of a sweep of the file. */
async function namedCombinations(workflow: Workflow, name: string): Promise<Combination[]> {
  const { sweeps = {} } = workflow;
  if (!Object.hasOwn(sweeps, name)) {
    const names = Object.keys(sweeps);
    const isSwept = sweptOf(name, workflow) !== undefined;
    throw new UsageError(`Cannot find sweep "${name}": the workflow has no such sweep`, {
      hint: isSwept ? `write its values: --sweep ${name}=1,2` : didYouMean(name, names) ??
        (names.length === 0 ? `add it under "sweeps"` : `it has ${names.join(", ")}`),
    });
  }
  const found: Combination[] = [];
  for (const block of sweeps[name]) found.push(...await blockCombinations(workflow, block));
  if (found.length > 0) return distinct(found);
  throw problemAt(workflow, ["sweeps", name], `Cannot sweep "${name}": no combination is left`, {
    part: "key",
    hint: `"exclude" and "filter" leave out all of them`,
  });
}

/** Fills, derives, excludes and filters: in this order, so that what is derived can be excluded. */
async function blockCombinations(
  workflow: Workflow,
  block: SweepBlock,
): Promise<Combination[]> {
  const { at } = block;
  if (sizeOf(block) > MAX_COMBINATIONS) throw tooMany(sizeOf(block));
  let found = combinationsOf(block);
  if (isFunction(block.derived)) {
    const { derived } = block;
    const answers = await answersOf(workflow, derived, found, [...at, "derived"]);
    found = found.map((combination, i) => {
      checkDerived(workflow, derived, answers[i], [...at, "derived"]);
      return { ...combination, ...answers[i] as Combination };
    });
  }
  found = found.filter((combination) => !isExcluded(combination, block.exclude));
  const { filter } = block;
  if (filter === undefined) return found;
  const answers = await answersOf(workflow, filter, found, [...at, "filter"]);
  const wrong = answers.find((answer) => typeof answer !== "boolean");
  if (wrong !== undefined) {
    throw problemAt(
      workflow,
      [...at, "filter"],
      `Cannot filter with "${nameOf(filter)}": it returned ${shown(wrong)}`,
      { hint: "Return true or false" },
    );
  }
  return found.filter((_, i) => answers[i] === true);
}

async function answersOf(
  workflow: Workflow,
  ref: FunctionRef,
  combinations: readonly Combination[],
  at: readonly (string | number)[],
): Promise<readonly Json[]> {
  const answers = await callForEach(ref, combinations);
  if (!("problem" in answers)) return answers;
  throw problemAt(workflow, at, `Cannot call "${nameOf(ref)}": ${answers.problem}`, {
    ...(answers.hint === undefined ? {} : { hint: answers.hint }),
  });
}

/** What a function derived must be values by name, of names that mean something. */
function checkDerived(
  workflow: Workflow,
  ref: FunctionRef,
  answer: Json,
  at: readonly (string | number)[],
): void {
  const fail = (what: string, hint: string): DefinitionError =>
    problemAt(workflow, at, `Cannot derive with "${nameOf(ref)}": ${what}`, { hint });
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    throw fail(`it returned ${shown(answer)}`, "Return values by name: { NAME: value }");
  }
  for (const [name, value] of Object.entries(answer)) {
    const swept = sweptOf(name, workflow);
    if (swept === undefined) {
      throw fail(
        `it returned "${name}", the workflow has no such input or param`,
        hintForUnknown(name, workflow),
      );
    }
    const misfit = misfitOf(swept, value);
    if (misfit !== undefined) throw fail(misfit, "Return what the input expects");
  }
}

function nameOf(ref: FunctionRef): string {
  return `${ref.module}#${ref.export}`;
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function problemAt(
  workflow: Workflow,
  path: readonly (string | number)[],
  message: string,
  { part, hint }: { readonly part?: "key"; readonly hint?: string } = {},
): DefinitionError {
  const span = workflow.locate(path, part);
  return new DefinitionError([{
    severity: "error",
    code: "sweep",
    message,
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
  }]);
}

// ---- lines -----------------------------------------------------------------------------------

function rowCombinations(
  workflow: Workflow,
  source: SourceFile,
  { cwd }: SweepRequest,
): readonly Combination[] {
  const { rows, problems } = readRows(source);
  const found: Diagnostic[] = [...problems];
  const add = (message: string, span: Span, hint?: string): void => {
    found.push({
      severity: "error",
      code: "row",
      message,
      span,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  const combinations = rows.map(({ values, place }) => {
    const combination: Record<string, Json> = {};
    for (const [name, value] of Object.entries(values)) {
      const swept = sweptOf(name, workflow);
      if (swept === undefined) {
        const message = `Cannot set "${name}": the workflow has no such input or param`;
        add(message, place(name, "key"), hintForUnknown(name, workflow));
        continue;
      }
      const misfit = misfitOf(swept, value);
      if (misfit !== undefined) add(`Cannot set "${name}": ${misfit}`, place(name, "value"));
      const isPath = swept.kind === "input" && swept.input.kind !== "value";
      combination[name] = isPath
        ? relative(workflow.dir, resolve(cwd, String(value))) || "."
        : value;
      const missing = misfit === undefined
        ? missingFile(workflow, name, combination[name])
        : undefined;
      if (missing !== undefined) add(missing, place(name, "value"));
    }
    return combination;
  });
  if (found.length > 0) {
    const startOf = ({ span }: Diagnostic) => span?.start ?? 0;
    throw new DefinitionError(found.sort((a, b) => startOf(a) - startOf(b)));
  }
  if (rows.length > 0) return combinations;
  throw new UsageError(`Cannot run for each line of "${source.name}": it has none`, {
    hint: 'write one JSON object a line: { "NAME": value }',
  });
}
