/**
 * Serves the modules of one closure, and nothing else, through module hooks.
 * Becomes source text of a worker, so it refers to nothing outside itself.
 *
 * @module
 */

import type { ClosureBundle } from "../closure.ts";
import type { Builtins } from "./worker_guard.ts";

/** What the hooks need. */
export interface ModuleHooks {
  readonly registerHooks: (hooks: unknown) => void;
  readonly bundle: ClosureBundle;
  readonly builtins: Builtins;
  readonly canImportRemote: boolean;
  /** Throws: the module is not part of the closure. */
  readonly refuse: (url: string) => never;
}

/** Installs the hooks, before any module of the closure is loaded. */
export function installModuleHooks(
  { registerHooks, bundle, builtins, canImportRemote, refuse }: ModuleHooks,
): void {
  const { keys, hasOwn } = Object;
  const PATCHED = /^(?:node:)?(process|fs|module|worker_threads)$/;
  const PATCHED_URL = /^file:\/\/\/@flow\/(process|fs|module|worker_threads)\.js$/;
  const npmRoots = new Set<string>();

  /** Versions of the packages the lock knows, by name. */
  const versions = new Map<string, string[]>();
  for (const id of bundle.packages) {
    const at = id.lastIndexOf("@");
    const name = id.slice("npm:".length, at);
    versions.set(name, [...versions.get(name) ?? [], id.slice(at + 1)]);
  }

  /** Throws for a version that is not in the key; only the global cache has versions in its paths. */
  function checkVersion(url: string): void {
    const found = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/@]+)\/([^/]+)\//.exec(url);
    const known = found ? versions.get(found[1]) : undefined;
    if (!found || !known || known.includes(found[2])) return;
    throw new Error(
      `Cannot load version ${found[2]} of the package "${found[1]}": ` +
        `the lock file says ${known.join(" and ")} (\`deno install\` brings it up to date)`,
    );
  }

  function isBelow(url: string): boolean {
    for (const root of npmRoots) if (url.startsWith(root)) return true;
    return false;
  }

  /** A module that re-exports the patched form of a node module. */
  function patchedSource(name: string): string {
    const names = keys(builtins(name) as object).filter((key: string) =>
      /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default"
    );
    return `const m = globalThis[Symbol.for("flow.builtin")](${JSON.stringify(name)});\n` +
      `export default m;\nexport const { ${names.join(", ")} } = m;`;
  }

  function installHooks(): void {
    interface Context {
      readonly parentURL?: string;
    }
    type Next = (specifier: string, context: unknown) => { readonly url: string };
    registerHooks({
      resolve(specifier: string, context: Context, next: Next) {
        const parent = context.parentURL ?? "";
        const inNpm = isBelow(parent);
        const patched = inNpm ? null : PATCHED.exec(specifier);
        if (patched) return { url: `file:///@flow/${patched[1]}.js`, shortCircuit: true };
        if (inNpm) {
          const found = next(specifier, context);
          if (found.url.startsWith("file:") && !isBelow(found.url)) refuse(found.url);
          checkVersion(found.url);
          return found;
        }
        const table = bundle.imports[parent];
        let target = table && hasOwn(table, specifier) ? table[specifier] : specifier;
        if (/^\.{0,2}\//.test(target)) target = new URL(target, parent).href;
        if (target.startsWith("npm:")) {
          if (!bundle.npm.includes(target)) refuse(target);
          const found = next(target, context);
          checkVersion(found.url);
          const root = /^file:.*\/(?:npm|node_modules)\//.exec(found.url);
          if (root) npmRoots.add(root[0]);
          return found;
        }
        if (target.startsWith("file:")) {
          if (!hasOwn(bundle.modules, target)) refuse(target);
          return { url: target, shortCircuit: true };
        }
        if (/^(https?|jsr):/.test(target) && !canImportRemote) refuse(target);
        return next(target, context);
      },
      load(url: string, context: unknown, next: (url: string, context: unknown) => unknown) {
        if (hasOwn(bundle.modules, url)) {
          const { format, source } = bundle.modules[url];
          return { format, source, shortCircuit: true };
        }
        const patched = PATCHED_URL.exec(url);
        if (patched) {
          return { format: "module", source: patchedSource(patched[1]), shortCircuit: true };
        }
        if (url.startsWith("file:") && !isBelow(url)) refuse(url);
        return next(url, context);
      },
    });
  }

  installHooks();
}
