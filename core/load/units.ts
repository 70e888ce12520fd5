/**
 * Durations and sizes as people write them. Does not know where they are used.
 *
 * @module
 */

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A duration: `30s`, `1.5h`, `1h30m`. */
export const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;

/** A size: `2GiB`, `2GB`, `512M`. */
export const SIZE = /^\d+(?:\.\d+)?(?:B|[KMGTP](?:B|iB)?)$/;

/**
 * Returns a duration in milliseconds, or `undefined` if the text is none.
 *
 * @param text A number with unit `ms`, `s`, `m`, `h`, `d` or `w`, or several of them: `1h30m`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { parseDuration } from "./units.ts";
 *
 * assertEquals(parseDuration("1h30m"), 5_400_000);
 * assertEquals(parseDuration("soon"), undefined);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    sum += Number(amount) * DURATION_MS[unit];
  }
  return Number.isSafeInteger(Math.round(sum)) ? Math.round(sum) : undefined;
}

/**
 * Returns a size in bytes, or `undefined` if the text is none.
 *
 * @param text A number with unit. `KB`, `MB`, … are powers of 1000; `KiB`, `MiB`, … powers of 1024,
 *   and so are the bare `K`, `M`, `G`, as in SLURM and Docker.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { parseSize } from "./units.ts";
 *
 * assertEquals(["2GB", "2GiB", "512M"].map(parseSize), [2e9, 2 ** 31, 2 ** 29]);
 * ```
 */
export function parseSize(text: string): number | undefined {
  if (!SIZE.test(text)) return undefined;
  const [, amount, unit] = /^([\d.]+)(.*)$/.exec(text) ?? [];
  const power = "BKMGTP".indexOf(unit[0]);
  const bytes = Math.round(
    Number(amount) * (unit.endsWith("B") && !unit.endsWith("iB") ? 1000 : 1024) ** power,
  );
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
