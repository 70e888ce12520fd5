/**
 * A scope as Deno permissions, and a denied access as the line of YAML that would allow it. Does not know workers or hosts.
 *
 * @module
 */

import type { ActionScope } from "../action.ts";

/**
 * Returns the permissions of a worker. Every kind is named: nothing is ever inherited.
 *
 * @param scope What the node declares; absolute real paths.
 * @param inDir Staged inputs.
 * @param outDir Private outputs.
 */
export function permissionsOf(
  scope: ActionScope,
  inDir: string,
  outDir: string,
): Deno.PermissionOptionsObject {
  return {
    read: [inDir, outDir, ...scope.read, ...scope.write],
    write: [outDir, ...scope.write],
    net: listOrNot(scope.net),
    sys: listOrNot(scope.sys) as Deno.PermissionOptionsObject["sys"],
    ffi: listOrNot(scope.ffi),
    import: listOrNot(scope.import),
    // Deno's env grant also allows setting and is process-wide; a run grant allows everything.
    env: false,
    run: false,
  };
}

function listOrNot(list: readonly string[] | true): true | false | string[] {
  if (list === true) return true;
  return list.length === 0 ? false : [...list];
}

/**
 * Returns a symbolic link below the paths of a scope that leads out of them, or `undefined`. Deno follows such links.
 *
 * @param paths Absolute real paths of files and directories; missing ones are skipped.
 */
export function leakOf(paths: readonly string[]): { link: string; target: string } | undefined {
  for (const path of paths) {
    const leak = leakBelow(path, paths);
    if (leak) return leak;
  }
  return undefined;
}

function leakBelow(
  path: string,
  paths: readonly string[],
): { link: string; target: string } | undefined {
  const info = statOrNot(() => Deno.lstatSync(path));
  if (info?.isSymlink) {
    const target = statOrNot(() => Deno.realPathSync(path));
    if (target === undefined || paths.some((allowed) => isWithin(target, allowed))) {
      return undefined;
    }
    return { link: path, target };
  }
  if (!info?.isDirectory) return undefined;
  for (const entry of statOrNot(() => [...Deno.readDirSync(path)]) ?? []) {
    if (!entry.isSymlink && !entry.isDirectory) continue;
    const leak = leakBelow(`${path}/${entry.name}`, paths);
    if (leak) return leak;
  }
  return undefined;
}

/** What cannot be seen here cannot be reached by the node, which runs with fewer rights. */
function statOrNot<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
}

/** Tells whether a path is a directory or lies below it; both absolute and normal. */
export function isWithin(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir.endsWith("/") ? dir : dir + "/");
}

/** A denied access. */
export interface Denied {
  readonly permission: string;
  readonly value?: string;
}

/**
 * Returns what to do about a denied access, usually the line to add to the node.
 *
 * @param denied The permission that was missing.
 * @param workflowDir Paths below it are shown relative to it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { deniedHint } from "./scope.ts";
 *
 * const hint = deniedHint({ permission: "read", value: "/p/data/x.csv" }, "/p");
 * assertEquals(hint, "add `allow: { read: [data/x.csv] }` to the node");
 * ```
 */
export function deniedHint(denied: Denied, workflowDir: string | undefined): string {
  const { permission, value } = denied;
  switch (permission) {
    case "read":
    case "write":
      return allowHint(permission, relativeTo(value, workflowDir));
    case "run":
      return `run the program with \`ctx.sh\` and ${allowHint("run", value)}`;
    case "import":
      return value === undefined || !/^https?:/.test(value)
        ? "import it with a literal specifier from a module of the node, so that its content is tracked"
        : allowHint("import", hostOf(value));
    case "net":
    case "env":
    case "sys":
    case "ffi":
      return allowHint(permission, value);
    default:
      return "do this in a command node (`run:`), which is not confined to Deno's permissions";
  }
}

function allowHint(permission: string, value: string | undefined): string {
  const list = value === undefined ? "true" : `[${yamlScalar(value)}]`;
  return `add \`allow: { ${permission}: ${list} }\` to the node`;
}

function yamlScalar(value: string): string {
  return /^[A-Za-z_./][\w./-]*$/.test(value) ? value : JSON.stringify(value);
}

function relativeTo(path: string | undefined, dir: string | undefined): string | undefined {
  if (path === undefined || dir === undefined || !isWithin(path, dir)) return path;
  return path === dir ? "." : path.slice(dir.endsWith("/") ? dir.length : dir.length + 1);
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
