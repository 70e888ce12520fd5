/**
 * Where the npm packages of a closure lie, so that they may read their own files. Does not know scopes or actions.
 *
 * Only Deno's resolver knows: the place depends on the cache directory, the registry and what is installed. It answers inside
 * a module that names the packages, so a worker without any permission is asked.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Answers by what was asked: packages do not move while a host lives, and asking takes 50 to 80 ms for 80 of them. */
const found = new Map<string, readonly string[]>();

/**
 * Finds the directories of packages; one that cannot be found is left out, and fails when it is imported.
 *
 * @param packages As `npm:name@version`, each behind what it depends on.
 * @param onDirs Called once, perhaps at once, with absolute paths.
 * @returns Stops asking; then `onDirs` is not called any more.
 */
export function findPackageDirs(
  packages: readonly string[],
  onDirs: (dirs: readonly string[]) => void,
): () => void {
  const text = questionText(packages);
  const known = found.get(text);
  if (known !== undefined) {
    onDirs(known);
    return () => {};
  }
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const permissions = "none";
  const worker = new Worker(url, { type: "module", deno: { permissions } } as WorkerOptions);
  const stop = (): void => {
    worker.terminate();
    URL.revokeObjectURL(url);
  };
  worker.onmessage = ({ data }) => {
    stop();
    const urls = data as readonly (string | null)[];
    const dirs = packages.flatMap((id, at) => dirOf(id, urls[at]) ?? []);
    found.set(text, dirs);
    onDirs(dirs);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    stop();
    // The worker of the node meets the same error, and says it where it belongs.
    onDirs([]);
  };
  return stop;
}

/** A package without a main module still has its package.json. */
function questionText(packages: readonly string[]): string {
  return `const urlOf = (text) => { try { return import.meta.resolve(text); } catch { return null; } };
postMessage(${JSON.stringify(packages)}.map((id) => urlOf(id) ?? urlOf(id + "/package.json")));
// Never called: the literals put the packages into the module graph.
function packages() { ${importsOf(packages)} }
`;
}

/** Returns `import()`s by which Deno comes to know packages; they need not be executed. */
export function importsOf(specifiers: readonly string[]): string {
  return specifiers.map((specifier) => `import(${JSON.stringify(specifier)});`).join("");
}

/** Cuts a path behind the package: `…/npm/<registry>/<name>/<version>` or `…/node_modules/<name>`. */
function dirOf(id: string, url: string | null): string | undefined {
  if (url === null || !url.startsWith("file:")) return undefined;
  const path = fileURLToPath(url);
  const name = /^npm:((?:@[^/]+\/)?[^/@]+)/.exec(id)?.[1] ?? "";
  const installed = path.lastIndexOf(`/node_modules/${name}/`);
  if (installed >= 0) return path.slice(0, installed + "/node_modules/".length + name.length);
  const cached = path.indexOf(`/${name}/`, path.lastIndexOf("/npm/"));
  if (cached < 0) return undefined;
  const version = cached + name.length + 2;
  const end = path.indexOf("/", version);
  return end < 0 ? undefined : path.slice(0, end);
}
