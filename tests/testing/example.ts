/** The examples of `workflows/` as test data. Knows where they lie, not what they do. */

import { join } from "node:path";
import { TestSpace } from "./space.ts";

/** Where the examples lie. */
export const EXAMPLES = join(import.meta.dirname ?? "", "../../workflows");

/** What a run or a test would bring along. */
const MADE = ["expected", "out", "store", ".pipecache"];

/** Copies an example without what was made of it. */
export function copyExample(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const entry of Deno.readDirSync(from)) {
    if (MADE.includes(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory) copyExample(source, target);
    else Deno.copyFileSync(source, target);
  }
}

/** Returns a workspace that holds a copy of an example, to be edited. */
export function exampleSpace(name: string): TestSpace {
  const space = new TestSpace();
  copyExample(join(EXAMPLES, name), space.path);
  return space;
}

/** Lists the files of a directory and below, sorted, as paths relative to it; none if it is not there. */
export function filesBelow(dir: string, prefix = ""): string[] {
  try {
    return [...Deno.readDirSync(join(dir, prefix))].flatMap((entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory ? filesBelow(dir, path) : [path];
    }).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
