/**
 * A definition becomes a checked graph: functions' parameters are read from their code, and the problems of loading, wiring
 * and single nodes are reported together. Does not know results or runs.
 *
 * @module
 */

import { basename, relative } from "node:path";
import { DefinitionError, type Diagnostic } from "./base/error.ts";
import { formatPlace } from "./base/source.ts";
import { nearest } from "./base/suggest.ts";
import { checkNodes } from "./check.ts";
import { type CodeIndex, CodeProblem } from "./code/code.ts";
import { buildGraph, describeRef, type Graph, type Grower, type Parameters } from "./graph.ts";
import { addAxes, type Mapped } from "./map_over.ts";
import { checkHooks } from "./hook_check.ts";
import type { MapItem } from "./mapspec.ts";
import { flatten, nestNodes } from "./nest.ts";
import { NEST_EXPORT } from "./nest_module.ts";
import type { WiringOptions } from "./node_wiring.ts";
import { checkReadingOrder } from "./reading_order.ts";
import { checkSizing } from "./sizing_check.ts";
import type { FunctionRef, InputDef, NodeDef, Workflow } from "./workflow.ts";

/** What a command line asks of the wiring. */
export interface WiringRequest {
  /** Names that are given a value; outputs among them are not computed. */
  readonly given: readonly string[];
  /** Inputs with axes that are added to them and to everything behind them. */
  readonly map: readonly MapItem[];
  /** Nodes that others nest stay as they are, unless they are mapped together: for a look at the wires between them. */
  readonly isFlat?: true;
}

/** A wired workflow. */
export interface Wired {
  readonly graph: Graph;
  readonly grower: Grower;
  readonly warnings: readonly Diagnostic[];
  readonly refused: Mapped["refused"];
}

/**
 * Wires and checks a workflow.
 *
 * @param workflow The definition.
 * @param found Problems found while it was loaded.
 * @param code The modules of its functions.
 * @param asked What the command line asks of the wiring.
 * @returns The graph, the warnings, and nodes that cannot have the axes that were added.
 * @throws {DefinitionError} If there are errors, with all problems in the order of the file.
 * @throws {UsageError} If axes are added to what is no input.
 */
export function wireWorkflow(
  workflow: Workflow,
  found: readonly Diagnostic[],
  code: CodeIndex,
  asked: WiringRequest,
): Wired {
  const provided = asked.given;
  const options: WiringOptions = {
    parametersOf: (def) => parametersOf(code, def),
    problemOfTracked: (def, ref) => problemOfTracked(code, def, ref),
    provided,
  };
  const flat = flatten(workflow);
  const first = buildGraph(flat.workflow, options);
  const ownProblems = [
    ...first.diagnostics,
    ...flat.diagnostics,
    ...checkNodes(workflow, workflow.nodes),
  ];
  const isWired = ownProblems.every(({ severity }) => severity !== "error");
  const nested = isWired ? nest(workflow, first, { code, options, asked }) : undefined;
  const built = nested ?? first;
  const all = inOrder([
    ...found,
    ...ownProblems,
    ...nested?.diagnostics ?? [],
    ...checkHooks(workflow, (def) => parametersOf(code, def)),
    ...isWired ? checkReadingOrder(built.graph) : [],
    ...isWired ? checkSizing(built.graph, options.parametersOf) : [],
  ]);
  if (all.some(({ severity }) => severity === "error")) throw new DefinitionError(all);
  const { graph, grower } = built;
  if (asked.map.length === 0) return { graph, grower, warnings: all, refused: new Map() };
  const mapped = addAxes(graph, asked.map, provided);
  const again = buildGraph(mapped.workflow, { ...options, hasAddedAxes: true });
  // It is the same workflow, which was right.
  if (again.diagnostics.length > 0) throw new DefinitionError(again.diagnostics);
  return { graph: again.graph, grower: again.grower, warnings: all, refused: mapped.refused };
}

/** Wires the workflow again with nodes in place of those they nest; `undefined` if there are none. */
function nest(
  workflow: Workflow,
  { graph }: { readonly graph: Graph },
  { code, options, asked }: {
    readonly code: CodeIndex;
    readonly options: WiringOptions;
    readonly asked: WiringRequest;
  },
): ReturnType<typeof buildGraph> | undefined {
  const isNested = (def: NodeDef): boolean => asked.isFlat !== true || def.map !== undefined;
  if (!workflow.nodes.some((def) => def.nest !== undefined && isNested(def))) return undefined;
  const { workflow: whole, diagnostics } = nestNodes(workflow, graph, {
    isNested,
    place: (text) => {
      const path = code.add(text);
      return { kind: "call", module: basename(path), path, export: NEST_EXPORT };
    },
    specifierOf: (path) => {
      const parts = relative(workflow.dir, path).split("/").map(encodeURIComponent);
      return `./${parts.join("/")}`;
    },
  });
  const again = buildGraph(whole, options);
  // What is wrong with a node is not said of those who take its outputs too.
  return diagnostics.length === 0 ? again : { ...again, diagnostics: [...diagnostics] };
}

function parametersOf(
  code: CodeIndex,
  def: NodeDef,
): Parameters | { problem: string; hint?: string } {
  if (def.work.kind !== "call") return { kind: "none" };
  const { path, export: name, module } = def.work;
  try {
    const { parameters } = code.functionCode(path, name);
    if (parameters !== undefined) return parameters;
    return {
      problem: `Cannot call "${module}#${name}" for node "${def.name}": it is not a function`,
      hint: 'name an exported function after the "#"',
    };
  } catch (error) {
    const { message, hint } = explainCodeProblem(error, { module, export: name });
    return {
      problem: `Cannot use "${module}#${name}" for node "${def.name}": ${message}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

/** Functions that nodes only track must be there like those they call. */
function problemOfTracked(
  code: CodeIndex,
  def: NodeDef,
  ref: FunctionRef,
): { problem: string; hint?: string } | undefined {
  try {
    if (code.functionCode(ref.path, ref.export).parameters !== undefined) return undefined;
    return {
      problem: `Cannot track "${describeRef(ref)}" for node "${def.name}": it is not a function`,
      hint: "name a function that uses it: what a function uses counts with it",
    };
  } catch (error) {
    const { message, ...rest } = explainCodeProblem(error, ref);
    return {
      problem: `Cannot track "${describeRef(ref)}" for node "${def.name}": ${message}`,
      ...rest,
    };
  }
}

/** What is wrong with the code of a function, and what to do. Anything else that was thrown is thrown again. */
function explainCodeProblem(
  error: unknown,
  named: { module: string; export: string },
): { message: string; hint?: string } {
  if (!(error instanceof CodeProblem)) throw error;
  const { module, export: name } = named;
  const close = error.kind === "no-such-export" ? nearest(name, error.exports ?? []) : undefined;
  const hint = close === undefined ? error.hint : `did you mean "${module}#${close}"?`;
  const place = error.span === undefined ? "" : ` (${formatPlace(error.span)})`;
  return { message: `${error.message}${place}`, ...(hint === undefined ? {} : { hint }) };
}

/** Declared inputs, and outputs that the command line replaces. */
export function bindable(graph: Graph, texts: Readonly<Record<string, string>>): InputDef[] {
  const inputs = [...graph.workflow.inputs];
  const names = new Set(inputs.map((input) => input.name));
  for (const def of graph.defs) {
    for (const { name, kind } of def.outputs) {
      for (const known of [name, `${def.name}.${name}`]) {
        if (Object.hasOwn(texts, known) && !names.has(known)) {
          inputs.push({ name: known, kind });
          names.add(known);
        }
      }
    }
  }
  return inputs;
}

/** Sorted by place in the file; problems without a place first. */
function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics
    .map((diagnostic, i) => ({ diagnostic, at: diagnostic.span?.start ?? -1, i }))
    .sort((a, b) => a.at - b.at || a.i - b.i)
    .map(({ diagnostic }) => diagnostic);
}
