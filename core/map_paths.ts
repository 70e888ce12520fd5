/**
 * Finds the map nodes whose calls may publish a path, or something below it. Does not know how many calls there are, nor
 * files.
 *
 * @module
 */

import { canBeSame, pathOutline } from "./map_path.ts";

/** A path with words, and whose it is. */
interface Entry<T> {
  /** The path, or a directory above it. */
  readonly part: string;
  readonly path: string;
  readonly owner: T;
}

/** Paths with words, to be found by what they may be. */
export class MapPaths<T> {
  /** By outline. */
  readonly #whole = new Map<string, Entry<T>[]>();
  /** By outline of each directory above. */
  readonly #above = new Map<string, Entry<T>[]>();

  /** @param paths Relative, as they are written, with whose they are. */
  constructor(paths: Iterable<readonly [path: string, owner: T]>) {
    for (const [path, owner] of paths) {
      add(this.#whole, { part: path, path, owner });
      for (const part of directoriesAbove(path)) add(this.#above, { part, path, owner });
    }
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#whole.size === 0;
  }

  /** Paths that may be this one, which may have words too. */
  at(path: string): readonly Entry<T>[] {
    return find(this.#whole, path);
  }

  /** Paths that may lie below this one, which may have words too. */
  below(path: string): readonly Entry<T>[] {
    return find(this.#above, path);
  }
}

/** Directories above a relative path, the nearest first. */
export function directoriesAbove(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, i) => parts.slice(0, parts.length - 1 - i).join("/"));
}

function add<T>(map: Map<string, Entry<T>[]>, entry: Entry<T>): void {
  const outline = pathOutline(entry.part);
  const found = map.get(outline);
  if (found === undefined) map.set(outline, [entry]);
  else found.push(entry);
}

function find<T>(map: ReadonlyMap<string, Entry<T>[]>, path: string): readonly Entry<T>[] {
  if (map.size === 0) return [];
  return map.get(pathOutline(path))?.filter(({ part }) => canBeSame(part, path)) ?? [];
}
