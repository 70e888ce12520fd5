/**
 * The TypeScript compiler and the declarations it starts from. Fetched from npm when it is first asked for, so that nothing
 * else pays for it; a compiled program has it in itself. Does not know workflows.
 *
 * @module
 */

import { ExecutorError, messageOf } from "../base/error.ts";
import type { Compiler } from "./compiler_api.ts";

/** The compiler that checks types, the same as Deno 2.9 has in itself. From version 7 on it is a program for one machine. */
export const COMPILER = "npm:typescript@6.0.3";

/** Declarations of Node's modules; Deno does not hand out its own. Fetched if a module imports one of them. */
export const NODE_DECLARATIONS = "npm:@types/node@24.19.2";

/** Declarations of Deno as `scripts/compile.ts` puts them into a compiled program; there the path is one inside of it. */
export const EMBEDDED_DECLARATIONS = new URL("../../dist/embedded/deno.d.ts", import.meta.url);

/**
 * Loads the compiler.
 *
 * @throws {ExecutorError} If it is neither cached nor can be fetched.
 */
export async function loadCompiler(): Promise<Compiler> {
  try {
    // Not a literal: the bundle would hold 9 MB more, and Deno would fetch the package at the first start.
    const { default: compiler } = await import(COMPILER) as { default: Compiler };
    return compiler;
  } catch (error) {
    throw new ExecutorError("Cannot check types: the TypeScript compiler cannot be loaded", {
      facts: { package: COMPILER, reason: messageOf(error) },
      hint: "let flow fetch it from npm once, or leave types out with --no-types",
      cause: error,
    });
  }
}

/** The declarations of the `Deno` namespace and of the web's functions, if they can be had. */
export function denoDeclarations(): string | undefined {
  if (Deno.build.standalone) return embeddedDeclarations();
  const { success, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["types"],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return success ? new TextDecoder().decode(stdout) : undefined;
}

function embeddedDeclarations(): string | undefined {
  try {
    return Deno.readTextFileSync(EMBEDDED_DECLARATIONS);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
