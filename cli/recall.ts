/**
 * The short way out of a run: if the last equal command left everything up to date and no file it depended on has changed,
 * there is nothing to do, and neither the workflow nor the engine is loaded. Does not know what a workflow holds.
 *
 * @module
 */

import type { SelectRequest } from "../core/mod.ts";
import type { CliContext } from "./context.ts";
import type { WorkflowFlags } from "./flags.ts";
import { writeStderr } from "./output.ts";
import { VERSION } from "./version.ts";
import { storeDirOf } from "./warm.ts";
import { absolutePath, isDirectory, type Target } from "./workflow_argument.ts";

/** What is remembered under which name. */
export interface Recall {
  readonly identity: string;
  /** Files the definition is made from, beside the workflow file. */
  readonly paths: readonly string[];
  /** The last equal command left everything up to date, and still is. */
  readonly isCurrent: boolean;
}

/** Workflow files that may stand unnamed; the same rule as `findWorkflow` has. */
const UNNAMED = /^(?:workflow|.+\.flow)\.(?:yaml|yml|ts)$/;

/** Only these are read without running code, so that their own content is all they depend on. */
const DATA_FILE = /\.(?:ya?ml|json)$/i;

/**
 * Looks whether an equal command is remembered.
 *
 * @param request What is wanted of the workflow.
 * @returns `undefined` if such a command cannot be remembered at all.
 */
export async function recall(
  context: CliContext,
  flags: WorkflowFlags,
  target: Target,
  request: SelectRequest,
): Promise<Recall | undefined> {
  const { cwd } = context;
  const file = fileOf(target, cwd);
  if (file === undefined || !DATA_FILE.test(file)) return undefined;
  if (flags.input?.some(([, text]) => text === "-")) return undefined;
  const { isCurrent, memoIdentity, readMemo } = await import("../core/memo.ts");
  const storeDir = storeDirOf(file, flags, cwd);
  const identity = memoIdentity({
    version: VERSION,
    cwd,
    file,
    storeDir,
    targets: request.targets,
    only: request.only,
    skip: request.skip,
    set: flags.set ?? [],
    params: flags.params ?? [],
    input: flags.input ?? [],
    variant: flags.variant,
    map: flags.map,
  });
  const read = [
    ...flags.params ?? [],
    ...(flags.input ?? []).flatMap(([, text]) => text.startsWith("@") ? [text.slice(1)] : []),
  ];
  const paths = read.map((path) => absolutePath(path, cwd));
  const memo = readMemo(storeDir, identity);
  if (memo === undefined || !isCurrent(memo, (name) => Deno.env.get(name))) {
    return { identity, paths, isCurrent: false };
  }
  return { identity, paths, isCurrent: true };
}

/** Says that there was nothing to do. */
export function tellNothingToDo(): void {
  writeStderr("ok: everything is up to date\n");
}

/** Returns the workflow file a command means, or `undefined` if that takes a closer look. */
export function fileOf({ file, dir }: Target, cwd: string): string | undefined {
  if (file !== undefined && !isDirectory(file, cwd)) return absolutePath(file, cwd);
  const from = file === undefined ? dir : absolutePath(file, cwd);
  let names: string[];
  try {
    names = [...Deno.readDirSync(from)].map(({ name }) => name).filter((name) =>
      UNNAMED.test(name)
    );
  } catch {
    // What is wrong with the directory is said by whoever has to read it.
    return undefined;
  }
  return names.length === 1 ? `${from}/${names[0]}` : undefined;
}
