/**
 * Finds outputs in what a function returned. Becomes source text of a worker, so it refers to nothing outside itself.
 *
 * @module
 */

/** A picker with what it needs of the worker. */
export interface PickContext {
  /** Throws: the function broke its promise. */
  contract(message: string): never;
  isWithHash(value: unknown): boolean;
}

/** Takes apart what a function returned, output by output. */
export type Pick = (result: unknown, path: readonly (string | number)[], output: string) => unknown;

/** Makes the picker of a worker. */
export function createPick({ contract, isWithHash }: PickContext): Pick {
  const { hasOwn, keys } = Object;

  function nameOf(path: readonly (string | number)[]): string {
    return path.map((key, i) =>
      typeof key === "number" ? `[${key}]` : `${i === 0 ? "" : "."}${key}`
    ).join("");
  }

  /** Names of the members there are, or how many items. */
  function has(value: unknown): string {
    if (Array.isArray(value)) return `has ${value.length} items`;
    if (value === null || value === undefined) return `is ${value}`;
    if (typeof value !== "object") {
      return `is a ${typeof value === "string" ? "text" : typeof value}`;
    }
    const names = keys(value);
    const some = names.slice(0, 10).map((name) => `"${name}"`).join(", ");
    return names.length === 0 ? "is empty" : `has ${some}${names.length > 10 ? ", …" : ""}`;
  }

  return (result, path, output) => {
    let value = result;
    for (const [i, key] of path.entries()) {
      const at = i === 0 ? "what the function returned" : `"${nameOf(path.slice(0, i))}"`;
      if (isWithHash(value)) {
        contract(
          `Cannot pick output "${output}", "${nameOf(path)}": ${at} has a hash for all of it`,
        );
      }
      const step = typeof key === "number" && key < 0 && Array.isArray(value)
        ? value.length + key
        : key;
      const isThere = typeof key === "number"
        ? Array.isArray(value) && hasOwn(value, step)
        : typeof value === "object" && value !== null && !Array.isArray(value) &&
          hasOwn(value, step);
      if (!isThere) {
        contract(`Cannot pick output "${output}", "${nameOf(path)}": ${at} ${has(value)}`);
      }
      value = (value as Record<string | number, unknown>)[step];
    }
    return value;
  };
}
