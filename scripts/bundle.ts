/**
 * Makes one JavaScript file of the whole program: `deno bundle`, then Node's modules are loaded only when a command
 * needs them. Does not know what the program does.
 *
 * A static `import` of Node's library anywhere in one file is evaluated before its first line and costs 28 ms, more than
 * everything else `--version` does (60 ms with, 32 ms without). Code that is hardly ever used costs too, as all of it is parsed
 * in part: what writes Arrow and Parquet is carried as text (50 ms of processor time without it, 53 ms as text, 71 ms as code).
 *
 * @module
 */

import { dirname } from "node:path";
import { type ImportDeclaration, parse, type Statement } from "acorn";

/**
 * Turns static imports of Node's modules into variables that are filled when the module that needs them is first used.
 *
 * `deno bundle` wraps every module that is reached by a dynamic import only into `var init_x = __esm({ "x.ts"() { … } })`
 * and leaves its imports in front of that.
 *
 * @param code Output of `deno bundle`.
 * @throws {Error} If a module that is always loaded imports one of Node's, or anything else is imported.
 */
export function deferNodeImports(code: string): string {
  // Parsed, not searched: the program holds texts of modules with imports of their own.
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  let pending: string[] = [];
  for (const node of body) {
    if (node.type === "ImportDeclaration") {
      const { names, assignment } = bindingsOf(node);
      pending.push(assignment);
      edits.push({ start: node.start, end: node.end, text: `var ${names.join(", ")};` });
    } else if (pending.length > 0 && node.type === "VariableDeclaration") {
      const start = wrapperStart(node);
      if (start === undefined) continue;
      edits.push({ start, end: start, text: ` ${pending.join("; ")};` });
      pending = [];
    }
  }
  if (pending.length > 0) throw new Error(`Cannot defer ${pending.join(", ")}: always needed`);
  let [deferred, end] = ["", 0];
  for (const edit of edits) {
    deferred += code.slice(end, edit.start) + edit.text;
    end = edit.end;
  }
  const load = "function __node(name) { return globalThis.process.getBuiltinModule(name); }";
  return `${deferred}${code.slice(end)}\n${load}\n`;
}

/** Returns where the body of a module starts that is run when it is first used. */
function wrapperStart(node: Statement): number | undefined {
  if (node.type !== "VariableDeclaration") return undefined;
  const call = node.declarations[0].init;
  if (call?.type !== "CallExpression" || call.callee.type !== "Identifier") return undefined;
  const [modules] = call.arguments;
  if (call.callee.name !== "__esm" || modules.type !== "ObjectExpression") return undefined;
  const [property] = modules.properties;
  if (property.type !== "Property" || property.value.type !== "FunctionExpression") {
    return undefined;
  }
  return property.value.body.start + 1;
}

/** Reads an import: what it declares, and the assignment that fills it. */
function bindingsOf({ source, specifiers }: ImportDeclaration): {
  names: string[];
  assignment: string;
} {
  const module = String(source.value);
  if (!module.startsWith("node:")) throw new Error(`The bundle imports "${module}"`);
  const load = `__node(${JSON.stringify(module)})`;
  const names = specifiers.map(({ local }) => local.name);
  const parts = specifiers.map((specifier) => {
    if (specifier.type !== "ImportSpecifier") return `${specifier.local.name} = ${load}`;
    const { imported, local } = specifier;
    const name = imported.type === "Identifier" ? imported.name : String(imported.value);
    return `({ ${name}: ${local.name} } = ${load})`;
  });
  return { names, assignment: parts.join(", ") };
}

/** Modules that are carried as text, as the program imports them, and where they are. */
const AS_TEXT: Readonly<Record<string, string>> = {
  "./arrow.ts": "core/export/arrow.ts",
  "./parquet.ts": "core/export/parquet.ts",
};

/**
 * Puts the text of a module in the place where it is imported.
 *
 * @param code A program with `import("…")` of the module, once.
 * @param specifier As it is imported.
 * @param text A module that imports only Node's.
 * @throws {Error} If it is not imported exactly once.
 */
export function embedModule(code: string, specifier: string, text: string): string {
  const [before, after, ...more] = code.split(`import(${JSON.stringify(specifier)})`);
  if (after === undefined || more.length > 0) {
    throw new Error(`The program does not import "${specifier}" exactly once`);
  }
  const url = `"data:text/javascript," + encodeURIComponent(${JSON.stringify(text)})`;
  return `${before}import(${url})${after}`;
}

/** Runs `deno bundle` and returns what it makes. */
async function bundle(root: string, entry: string, options: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "deno", ...options, `${root}${entry}`],
    stderr: "inherit",
  }).output();
  if (!success) Deno.exit(1);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  const [output] = Deno.args;
  if (output === undefined) throw new Error("Usage: bundle.ts OUTPUT");
  const root = new URL("../", import.meta.url).pathname;
  const external = Object.keys(AS_TEXT).map((specifier) => `--external=${specifier}`);
  let code = await bundle(root, "cli/main.ts", external);
  for (const [specifier, entry] of Object.entries(AS_TEXT)) {
    code = embedModule(code, specifier, await bundle(root, entry, ["--minify"]));
  }
  Deno.mkdirSync(dirname(output), { recursive: true });
  Deno.writeTextFileSync(output, deferNodeImports(code));
}
