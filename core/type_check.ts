/**
 * Types between the nodes of a workflow: gives the check of `types/` what the resolver of user modules and Deno's resolver of
 * packages know. Does not know the compiler.
 *
 * @module
 */

import { CodeIndex, CodeProblem } from "./code/code.ts";
import { Resolver } from "./code/resolve.ts";
import { findPackageDirs } from "./executor/package_dirs.ts";
import type { Graph } from "./graph.ts";
import builderSource from "./load/builder.ts" with { type: "text" };
import isErrorSource from "./is_error.ts" with { type: "text" };
import { loadWorkflow } from "./load/load.ts";
import { checkTypes, type TypeReport } from "./types/check_types.ts";
import type { PackageDirs } from "./types/packages.ts";
import type { ImportTarget } from "./types/program.ts";
import { wireWorkflow } from "./wiring.ts";
import withHashSource from "./with_hash.ts" with { type: "text" };

/** Which workflow is checked, as the command line says it. */
export interface TypeCheckRequest {
  /** Absolute. */
  readonly file: string;
  readonly cwd: string;
  readonly set: readonly string[];
  readonly params: readonly string[];
  readonly variants?: readonly string[];
  /** Names of `--input`. */
  readonly given: readonly string[];
}

/**
 * Checks the types of every wire of a workflow file. The process should have no lock: it fetches the compiler, and asks for
 * the packages of the user's modules.
 *
 * @param request See {@linkcode TypeCheckRequest}.
 * @throws {DefinitionError} If the workflow has other errors.
 * @throws {ExecutorError} If the compiler cannot be loaded.
 */
export async function checkWorkflowTypes(request: TypeCheckRequest): Promise<TypeReport> {
  const { workflow, diagnostics } = await loadWorkflow(request.file, request);
  const code = new CodeIndex({ rootDir: workflow.dir });
  // Axes that a command line adds stand in front of all there are: the types of elements are those of the file.
  const { given } = request;
  const { graph } = wireWorkflow(workflow, diagnostics, code, { given, map: [], isFlat: true });
  return await checkGraphTypes(graph, code);
}

async function checkGraphTypes(graph: Graph, code: CodeIndex): Promise<TypeReport> {
  const resolver = new Resolver();
  /** By the package that was imported: it and what it depends on. */
  const packages = new Map<string, readonly string[]>();
  const resolve = (specifier: string, file: string): ImportTarget => {
    try {
      const target = resolver.resolve(specifier, { file });
      if (target.kind === "local") return target;
      if (target.kind === "flow") return { kind: "library" };
      if (target.kind === "builtin") return { kind: "builtin" };
      const { id, url, packages: all } = target;
      packages.set(id, [...all, id]);
      return { kind: "npm", id, name: nameOf(id) + url.slice(id.length) };
    } catch (error) {
      // What cannot be imported by a node may be a type; else it has been reported.
      if (error instanceof CodeProblem) return { kind: "unknown" };
      throw error;
    }
  };
  return await checkTypes(graph, {
    parametersOf: ({ work }) =>
      work.kind === "call"
        ? code.functionCode(work.path, work.export).parameters ?? { kind: "opaque" }
        : { kind: "none" },
    library: builderSource + withHashSource + isErrorSource,
    resolve,
    findPackages: (ids) => dirsOf([...new Set(ids.flatMap((id) => packages.get(id) ?? [id]))]),
  });
}

/** Where packages lie; those that cannot be found are left out. */
async function dirsOf(ids: readonly string[]): Promise<PackageDirs> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  findPackageDirs(ids, resolve);
  const dirs = await promise;
  return new Map(ids.flatMap((id): [string, string][] => {
    const name = nameOf(id);
    const version = id.slice(`npm:${name}@`.length);
    const dir = dirs.find((each) => each.endsWith(`/${name}/${version}`)) ??
      dirs.find((each) => each.slice(0, each.lastIndexOf("/")).endsWith(`/${name}`)) ??
      dirs.find((each) => each.endsWith(`/node_modules/${name}`));
    return dir === undefined ? [] : [[id, dir]];
  }));
}

/** `npm:@scope/name@1.2.3` -> `@scope/name`. */
function nameOf(id: string): string {
  return /^npm:((?:@[^/]+\/)?[^/@]+)/.exec(id)?.[1] ?? id;
}
