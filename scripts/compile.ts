/**
 * Makes one program of flow that needs no Deno: `deno compile`, with what only `flow check` loads in it, too: the TypeScript
 * compiler and the declarations of Deno, which a compiled program can neither fetch nor print. Does not know what the program
 * does.
 *
 * @module
 */

import { dirname } from "node:path";
import { COMPILER, EMBEDDED_DECLARATIONS, NODE_DECLARATIONS } from "../core/types/compiler.ts";

/** Runs Deno; returns what it printed. */
function deno(args: readonly string[], stdout: "inherit" | "piped"): Uint8Array {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: new URL("../", import.meta.url),
    stdout,
    stderr: "inherit",
  });
  const output = child.outputSync();
  if (!output.success) Deno.exit(output.code);
  return stdout === "piped" ? output.stdout : new Uint8Array();
}

if (import.meta.main) {
  const [output] = Deno.args;
  if (output === undefined) throw new Error("Usage: compile.ts OUTPUT");
  const root = new URL("../", import.meta.url);
  Deno.mkdirSync(dirname(output), { recursive: true });
  Deno.mkdirSync(dirname(EMBEDDED_DECLARATIONS.pathname), { recursive: true });
  Deno.writeFileSync(EMBEDDED_DECLARATIONS, deno(["types"], "piped"));
  // Packages that a lock names are fetched at every first start, and these are for few.
  const lock = Deno.makeTempFileSync({ prefix: "flow-compile-", suffix: ".lock" });
  try {
    Deno.copyFileSync(new URL("deno.lock", root), lock);
    const included = [EMBEDDED_DECLARATIONS.pathname, COMPILER, NODE_DECLARATIONS];
    deno([
      ...["compile", "-A", "--no-prompt", "--unstable-worker-options", `--lock=${lock}`],
      ...included.flatMap((specifier) => ["--include", specifier]),
      ...["--output", output, "cli/main.ts"],
    ], "inherit");
  } finally {
    Deno.removeSync(lock);
  }
}
