/**
 * Dropping the stored results of nodes by name, also of nodes that are no longer in the file. Does not know graphs,
 * published files or when a node runs.
 *
 * A result belongs to its key, not to a node: another node whose key is the same loses it too, and runs again.
 *
 * @module
 */

import { dirname, relative } from "node:path";
import { UsageError } from "./base/error.ts";
import { nearest } from "./base/suggest.ts";
import { parseSelector, type Selector } from "./selector.ts";
import type { Store } from "./store/store.ts";

/** What was dropped. */
export interface Forgotten {
  /** Names of nodes, each once. */
  readonly nodes: readonly string[];
  /** Number of results. */
  readonly results: number;
  /** Number of single calls of map nodes. */
  readonly calls: number;
}

/** Identity of a workflow in a store: its path relative to the store's parent. */
export function workflowId(storeDir: string, file: string): string {
  return relative(dirname(storeDir), file);
}

/**
 * Drops every result that nodes of a workflow ever had, and every call of map nodes.
 *
 * @param store The store.
 * @param workflow Identity of the workflow in the store.
 * @param nodes Names of nodes; unknown ones have no results.
 */
export function forgetResults(
  store: Store,
  workflow: string,
  nodes: readonly string[],
): Forgotten {
  const keys = new Set(nodes.flatMap((node) => store.keysOf(workflow, node)));
  store.forget([...keys]);
  const calls = nodes.reduce((sum, node) => sum + store.elements.forget(workflow, node), 0);
  return { nodes, results: keys.size, calls };
}

/**
 * Drops results without reading the workflow: only names and patterns of nodes that once ran are known.
 *
 * @param store The store.
 * @param file Absolute path of the workflow file.
 * @param selectors Names or patterns.
 * @throws {UsageError} If nothing of that name is stored, or the graph would be needed.
 */
export function forgetStored(store: Store, file: string, selectors: readonly string[]): Forgotten {
  const workflow = workflowId(store.dir, file);
  const stored = store.nodeNames(workflow);
  const names = namesToForget(selectors, { stored, select: (text) => storedOnly(text, stored) });
  return forgetResults(store, workflow, names);
}

/**
 * Returns the names that selectors mean, each once: nodes of the file, or such that once ran.
 *
 * @param selectors See `selector.ts`.
 * @param known Names of nodes in the store, and what finds those of the file or throws.
 * @throws {UsageError} What `select` throws, for a name that is neither in the file nor in the store.
 */
export function namesToForget(
  selectors: readonly string[],
  known: { readonly stored: readonly string[]; select(text: string): string[] },
): string[] {
  const names = selectors.flatMap((text) => {
    const stored = matching(parseSelector(text), known.stored);
    try {
      return [...known.select(text), ...stored];
    } catch (error) {
      // What is not in the file any more may still be in the store.
      if (!(error instanceof UsageError) || stored.length === 0) throw error;
      return stored;
    }
  });
  return [...new Set(names)];
}

/** Names in the store that a selector without plus signs means. */
function matching({ name, up, down, pattern }: Selector, stored: readonly string[]): string[] {
  if (up || down) return [];
  return stored.filter((node) => pattern === undefined ? node === name : pattern.test(node));
}

/** There is no file to look in: throws unless the store knows the name. */
function storedOnly(text: string, stored: readonly string[]): string[] {
  const selector = parseSelector(text);
  if (selector.up || selector.down) {
    throw new UsageError(`Cannot forget "${text}": the store does not know the graph`, {
      hint: `forget it with a run: flow run --forget ${text}`,
    });
  }
  const names = matching(selector, stored);
  if (names.length > 0) return names;
  const close = nearest(selector.name.replace(/[*?]/g, ""), stored);
  throw new UsageError(`Cannot forget "${text}": no node of that name ever ran here`, {
    hint: close === undefined ? "flow cache ls lists what is stored" : `did you mean "${close}"?`,
  });
}
