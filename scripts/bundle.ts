/**
 * Makes one JavaScript file of the whole program: `deno bundle`, then Node's modules are loaded only when a command
 * needs them. Does not know what the program does.
 *
 * A static `import` of Node's library anywhere in one file is evaluated before its first line and costs 28 ms, more than
 * everything else `--version` does (60 ms with, 32 ms without).
 *
 * @module
 */

import { type ImportDeclaration, parse } from "acorn";

/** Start of the part that everything heavy is behind: the public API. */
const HEAVY_START = /^ {2}"core\/mod\.ts"\(\) \{$/m;

/**
 * Turns static imports of Node's modules into variables that are filled when the public API is loaded.
 *
 * @param code Output of `deno bundle`.
 * @throws {Error} If the code does not have the form this relies on.
 */
export function deferNodeImports(code: string): string {
  // Parsed, not searched: the program holds texts of modules with imports of their own.
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const loads: string[] = [];
  let [deferred, end] = ["", 0];
  for (const node of body) {
    if (node.type !== "ImportDeclaration") continue;
    const { names, assignment } = bindingsOf(node);
    loads.push(assignment);
    deferred += `${code.slice(end, node.start)}var ${names.join(", ")};`;
    end = node.end;
  }
  deferred += code.slice(end);
  if (!HEAVY_START.test(deferred)) {
    throw new Error("Cannot defer the imports of Node's modules: the bundle has another form");
  }
  const loader = [
    "function loadNodeModules() {",
    "  const load = globalThis.process.getBuiltinModule;",
    ...loads.map((assignment) => `  ${assignment};`),
    "}",
  ].join("\n");
  return `${deferred.replace(HEAVY_START, "$&\n    loadNodeModules();")}\n${loader}\n`;
}

/** Reads an import: what it declares, and the assignment that fills it. */
function bindingsOf({ source, specifiers }: ImportDeclaration): {
  names: string[];
  assignment: string;
} {
  const module = String(source.value);
  if (!module.startsWith("node:")) throw new Error(`The bundle imports "${module}"`);
  const load = `load(${JSON.stringify(module)})`;
  const names = specifiers.map(({ local }) => local.name);
  const parts = specifiers.map((specifier) => {
    if (specifier.type !== "ImportSpecifier") return `${specifier.local.name} = ${load}`;
    const { imported, local } = specifier;
    const name = imported.type === "Identifier" ? imported.name : String(imported.value);
    return `({ ${name}: ${local.name} } = ${load})`;
  });
  return { names, assignment: parts.join(", ") };
}

if (import.meta.main) {
  const [output] = Deno.args;
  if (output === undefined) throw new Error("Usage: bundle.ts OUTPUT");
  const main = new URL("../cli/main.ts", import.meta.url).pathname;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "deno", "-o", output, main],
  }).spawn().status;
  if (!success) Deno.exit(1);
  Deno.writeTextFileSync(output, deferNodeImports(Deno.readTextFileSync(output)));
}
