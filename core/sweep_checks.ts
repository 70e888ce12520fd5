/**
 * What can be wrong with combinations of values, whoever asked for them: names and variants that do not exist, values from two
 * places, missing files. Does not know how combinations are made.
 *
 * @module
 */

import { resolve } from "node:path";
import { UsageError } from "./base/error.ts";
import { didYouMean } from "./base/suggest.ts";
import { misfitOf } from "./load/sweeps.ts";
import { type Combination, distinct, namesOf } from "./sweep.ts";
import type { SweepRequest } from "./sweep_request.ts";
import { hintForUnknown, meaningOf, type Swept, sweptOf } from "./swept.ts";
import type { Json, Workflow } from "./workflow.ts";

/** The error of a name that means nothing. */
export function unknown(name: string, workflow: Workflow): UsageError {
  return new UsageError(`Cannot sweep "${name}": the workflow has no such input or param`, {
    hint: hintForUnknown(name, workflow),
  });
}

/** The error of a name with values from two places. */
export function twice(name: string): UsageError {
  return new UsageError(`Cannot sweep "${name}" twice`, { hint: "leave out one" });
}

/**
 * Every name has its values from one place.
 *
 * @throws {UsageError} If one has them from two.
 */
export function checkDisjoint(workflow: Workflow, factors: readonly Combination[][]): void {
  const seen = new Set<string>();
  for (const factor of factors) {
    const meanings = namesOf(factor).map((name) => {
      const swept = sweptOf(name, workflow);
      return [name, swept === undefined ? name : meaningOf(swept)] as const;
    });
    for (const [name, meaning] of meanings) if (seen.has(meaning)) throw twice(name);
    for (const [, meaning] of meanings) seen.add(meaning);
  }
}

/**
 * What the command line gives one value cannot have many.
 *
 * @throws {UsageError} If it is swept too.
 */
export function checkGiven(
  names: readonly string[],
  workflow: Workflow,
  { given, each }: SweepRequest,
): void {
  const how = each === undefined ? "is swept" : `is in "${each.name}"`;
  const paths = given.set.map((text) => `params.${text.split("=")[0].trim()}`);
  for (const name of names) {
    const swept = sweptOf(name, workflow);
    if (swept === undefined) continue;
    const flag = swept.kind === "input"
      ? given.inputs.includes(name) ? `--input ${name}` : undefined
      : swept.kind === "variant"
      ? variantFlag(swept, given.variants)
      : paths.includes(meaningOf(swept))
      ? `--set ${swept.path.join(".")}`
      : undefined;
    if (flag === undefined) continue;
    throw new UsageError(`Cannot use "${flag}": "${name}" ${how}`, { hint: "leave out one" });
  }
}

/** The flag that chooses what is swept. */
function variantFlag(
  { node }: Extract<Swept, { kind: "variant" }>,
  texts: readonly string[],
): string | undefined {
  const isSame = (text: string): boolean =>
    node === undefined ? !text.includes("=") : text.startsWith(`${node}=`);
  const text = texts.find(isSame);
  return text === undefined ? undefined : `--variant ${text}`;
}

/**
 * Variants among the values are there, also derived ones.
 *
 * @throws {UsageError} If one is not.
 */
export function checkVariants(workflow: Workflow, combinations: readonly Combination[]): void {
  for (const name of namesOf(combinations)) {
    const swept = sweptOf(name, workflow);
    if (swept?.kind !== "variant") continue;
    for (const { [name]: value } of distinct(combinations, [name])) {
      const misfit = value === undefined ? undefined : misfitOf(swept, value);
      if (misfit === undefined) continue;
      throw new UsageError(`Cannot sweep "${name}": ${misfit}`, {
        hint: didYouMean(String(value), swept.names) ?? "name one of these",
      });
    }
  }
}

/**
 * Files and directories among the values are there.
 *
 * @throws {UsageError} If one is not.
 */
export function checkFiles(workflow: Workflow, combinations: readonly Combination[]): void {
  for (const name of namesOf(combinations)) {
    const swept = sweptOf(name, workflow);
    if (swept?.kind !== "input" || swept.input.kind === "value") continue;
    for (const combination of distinct(combinations, [name])) {
      const missing = missingFile(workflow, name, combination[name]);
      if (missing !== undefined) throw new UsageError(missing, { hint: "check the path" });
    }
  }
}

/** Says that the file or directory of an input is not there. */
export function missingFile(workflow: Workflow, name: string, value: Json): string | undefined {
  const swept = sweptOf(name, workflow);
  if (swept?.kind !== "input" || swept.input.kind === "value" || typeof value !== "string") {
    return undefined;
  }
  const { kind } = swept.input;
  try {
    const stat = Deno.statSync(resolve(workflow.dir, value));
    if (kind === "file" ? stat.isFile : stat.isDirectory) return undefined;
    return `Cannot use "${value}" for input "${name}": it is no ${
      kind === "file" ? "file" : "directory"
    }`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `Cannot find "${value}" for input "${name}": no such ${
      kind === "file" ? "file" : "directory"
    }`;
  }
}
