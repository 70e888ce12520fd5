/**
 * Opens the store a command line means, without reading the workflow. Makes nothing and runs nothing.
 *
 * @module
 */

import type { History, Store } from "../core/mod.ts";
import { StoreError, UsageError } from "../core/base/error.ts";
import { sanitize } from "../core/base/source.ts";
import { writeStderr } from "./output.ts";
import { absolutePath, isDirectory, type Target } from "./workflow_argument.ts";

/** A store with the file whose results are meant. */
export interface OpenedStore extends Disposable {
  readonly store: Store;
  /** Absolute path of the workflow file; absent if only a store is named. */
  readonly file?: string;
}

/**
 * Opens the store of a workflow.
 *
 * @param target What the command line names.
 * @param flags Of the command.
 * @param cwd Directory the command was started in.
 * @throws {UsageError} If nothing was run there yet.
 */
export async function openStore(
  target: Target,
  flags: { readonly cacheDir?: string },
  cwd: string,
): Promise<OpenedStore> {
  const { Store } = await import("../core/mod.ts");
  const place = await placeOf(target, flags, cwd);
  checkDirectory(place.dir);
  const store = Store.open(place.dir, {
    onWarning: (_code, message) => writeStderr(`warning: ${sanitize(message)}\n`),
  });
  const { file } = place;
  return {
    store,
    ...file === undefined ? {} : { file },
    [Symbol.dispose]: () => store.close(),
  };
}

/**
 * Returns the workflow file whose results are meant.
 *
 * @param action What cannot be done without it, for example `forget results`.
 * @throws {UsageError} If only a store is named.
 */
export function fileOf({ store, file }: OpenedStore, action: string): string {
  if (file !== undefined) return file;
  throw new UsageError(`Cannot ${action}: no workflow is named`, {
    facts: { directory: store.dir },
    hint: "name the workflow file",
  });
}

/** Where the store is, and whose it is. */
async function placeOf(
  { file, dir }: Target,
  { cacheDir }: { readonly cacheDir?: string },
  cwd: string,
): Promise<{ dir: string; file?: string }> {
  const { findWorkflow } = await import("../core/mod.ts");
  const given = cacheDir === undefined ? undefined : absolutePath(cacheDir, cwd);
  if (file !== undefined && !isDirectory(file, cwd)) {
    const path = absolutePath(file, cwd);
    return { dir: given ?? besideOf(path), file: path };
  }
  const from = file === undefined ? dir : absolutePath(file, cwd);
  try {
    const path = absolutePath(findWorkflow(from), cwd);
    return { dir: given ?? besideOf(path), file: path };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (given !== undefined) return { dir: given };
    if (file !== undefined) return { dir: `${from}/.pipecache` };
    throw error;
  }
}

function besideOf(file: string): string {
  return file.replace(/[^/]*$/, ".pipecache");
}

function checkDirectory(dir: string): void {
  try {
    Deno.statSync(dir);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      throw new StoreError("Cannot open the store", { facts: { directory: dir }, cause });
    }
    throw new UsageError("Cannot open the store: nothing was run here yet", {
      facts: { directory: dir },
      hint: "name the workflow file, or the store with --cache-dir",
    });
  }
}

/** The history of a workflow; its store is closed with it. */
export interface OpenedHistory extends Disposable {
  readonly history: History;
}

/**
 * Opens the history of a workflow.
 *
 * @throws {UsageError} If nothing was run there yet, or no workflow is meant.
 */
export async function openHistory(
  target: Target,
  flags: { readonly cacheDir?: string },
  cwd: string,
): Promise<OpenedHistory> {
  const { History } = await import("../core/mod.ts");
  const opened = await openStore(target, flags, cwd);
  try {
    return {
      history: new History(opened.store, fileOf(opened, "read a history")),
      [Symbol.dispose]: () => opened[Symbol.dispose](),
    };
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}
