/**
 * Functions as a file names them, `nodes.ts#load`, taken apart. Does not know whether they exist.
 *
 * @module
 */

import { resolve } from "node:path";
import type { FunctionRef } from "../workflow.ts";

/** Where functions are looked for. */
export interface FunctionContext {
  /** Absolute directory of the workflow file. */
  readonly dir: string;
  /** Absolute paths of the modules met so far: all nodes of one module share the text. */
  readonly modules: Map<string, string>;
}

/** The parts of `nodes.ts#load`. */
export function functionOf(
  call: string,
  { dir, modules }: FunctionContext,
): { module: string; path: string; export: string } {
  const at = call.lastIndexOf("#");
  const module = call.slice(0, at);
  const path = modules.get(module) ?? resolve(dir, module);
  modules.set(module, path);
  return { module, path, export: call.slice(at + 1) };
}

/**
 * Returns a function whose code counts or that is called while a workflow is opened.
 *
 * @param call Module and export: `lib.ts#helper`.
 */
export function functionRef(
  call: string,
  context: FunctionContext,
): FunctionRef {
  return { kind: "function", ...functionOf(call, context) };
}
