/**
 * Checks every wire of a graph against the types of its functions. Does not know how imports are resolved or where packages
 * lie, only that somebody does.
 *
 * @module
 */

import type { Diagnostic } from "../base/error.ts";
import type { Graph, Parameters } from "../graph.ts";
import type { NodeDef } from "../workflow.ts";
import { denoDeclarations, loadCompiler } from "./compiler.ts";
import { diagnose } from "./diagnose.ts";
import { type Finding, readFindings } from "./findings.ts";
import type { PackageDirs } from "./packages.ts";
import { type ImportTarget, Programs } from "./program.ts";
import { wireKey, writeWireModule } from "./wire_module.ts";

/** What checking needs from outside. */
export interface TypeCheckOptions {
  /** The parameters of a function node as its code shows them. */
  parametersOf(def: NodeDef): Parameters;
  /** Text of the module "flow". */
  readonly library: string;
  /** Resolves an import of a local file; both paths are absolute. */
  resolve(specifier: string, file: string): ImportTarget;
  /** Finds npm packages, and what they depend on, by their ids. */
  findPackages(ids: readonly string[]): Promise<PackageDirs>;
}

/** What checking found. */
export interface TypeReport {
  /** In the order of the workflow file. */
  readonly problems: readonly Diagnostic[];
  /** What could not be checked, and why. */
  readonly notes: readonly string[];
}

/**
 * Checks the types of a graph.
 *
 * @param graph A graph without errors.
 * @param options See {@linkcode TypeCheckOptions}.
 * @throws {ExecutorError} If the compiler cannot be loaded.
 */
export async function checkTypes(graph: Graph, options: TypeCheckOptions): Promise<TypeReport> {
  if (!graph.defs.some(({ work }) => work.kind === "call")) return { problems: [], notes: [] };
  const compiler = await loadCompiler();
  const declarations = denoDeclarations();
  const dir = Deno.realPathSync(graph.workflow.dir);
  const { resolve, parametersOf, library } = options;
  const programs = new Programs({ compiler, dir, declarations, library, resolve });
  const look = (thawed?: ReadonlySet<string>): Finding[] => {
    const module = writeWireModule(graph, parametersOf, thawed);
    const checked = programs.check(module.text, module.modules);
    return readFindings(compiler, graph, parametersOf, module, checked);
  };
  let found = look();
  while (programs.missing.size > 0) {
    programs.addPackages(await options.findPackages([...programs.missing]));
    found = look();
  }
  const problems = confirmed(found, look)
    .map((finding) => diagnose(graph, dir, finding))
    .sort((a, b) => (a.span?.start ?? -1) - (b.span?.start ?? -1));
  return { problems, notes: notesOf(programs.unknown, declarations !== undefined) };
}

/** What the compiler says of arrays that differ in that, before it looks at what they hold. */
const MUTABLE = "cannot be assigned to the mutable type";

/**
 * Values are frozen copies, so a function may as well say that its arrays can be changed; and of `unknown` nothing is known.
 * What is wrong only because of these is no problem.
 */
function confirmed(
  found: readonly Finding[],
  look: (thawed: ReadonlySet<string>) => Finding[],
): Finding[] {
  const thawed = found.flatMap((each) =>
    each.kind === "wire" ? [wireKey(each.node, each.wire)] : []
  );
  if (thawed.length === 0) return [...found];
  const again = look(new Set(thawed));
  return again.map((each) => {
    // The first look knows the types as they were written.
    const first = found.find((other) => isSame(other, each));
    if (first?.kind !== "wire" || each.kind !== "wire") return first ?? each;
    return first.reason.includes(MUTABLE) ? { ...first, reason: each.reason } : first;
  });
}

function isSame(a: Finding, b: Finding): boolean {
  if (a.node !== b.node || a.kind !== b.kind) return false;
  if ("wire" in a && "wire" in b) return a.wire === b.wire;
  if (a.kind === "missing" && b.kind === "missing") return a.parameter === b.parameter;
  return true;
}

function notesOf(unknown: ReadonlySet<string>, hasDeno: boolean): string[] {
  return [
    ...(hasDeno ? [] : ["types of Deno are not known to this form of the program"]),
    ...[...unknown].sort().map((specifier) => `types of "${specifier}" are not known`),
  ];
}
