/**
 * What a node took: time, memory, and of a map node how its calls differed. Pure; does not know who measured it.
 *
 * @module
 */

import type { Distribution } from "./base/histogram.ts";

/** What a node took. */
export interface Taken {
  readonly wallMs: number;
  /** User plus system time; absent where it cannot be measured. */
  readonly cpuMs?: number;
  readonly maxRssBytes?: number;
  /** Of a map node: how long its calls took that were executed, in milliseconds; quantiles are within 2.2 %. */
  readonly calls?: Distribution;
}

/** Returns what a node took out of something that holds more. */
export function takenOf(all: Taken | undefined): Taken {
  if (all === undefined) return { wallMs: 0 };
  const { wallMs, cpuMs, maxRssBytes, calls } = all;
  return {
    wallMs,
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(maxRssBytes === undefined ? {} : { maxRssBytes }),
    ...(calls === undefined ? {} : { calls }),
  };
}
