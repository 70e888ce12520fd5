/**
 * One mark and one colour per status, the same on every surface. Knows nothing of surfaces.
 *
 * @module
 */

import type { ViewStatus } from "./view.ts";

/** How a status looks. */
export interface StatusMark {
  readonly unicode: string;
  readonly ascii: string;
  /** SGR parameter. */
  readonly sgr: string;
  /** `#rrggbb`, readable on white and on black. */
  readonly hex: string;
}

/** Marks tell statuses apart without colour. */
const MARKS: Readonly<Record<ViewStatus, StatusMark>> = {
  hit: { unicode: "=", ascii: "=", sgr: "36", hex: "#0891b2" },
  done: { unicode: "✓", ascii: "+", sgr: "32", hex: "#16a34a" },
  failed: { unicode: "✗", ascii: "!", sgr: "31", hex: "#dc2626" },
  skipped: { unicode: "-", ascii: "-", sgr: "33", hex: "#a16207" },
  running: { unicode: "▸", ascii: ">", sgr: "34", hex: "#2563eb" },
  stale: { unicode: "~", ascii: "~", sgr: "35", hex: "#9333ea" },
};

/** Statuses in the order of legends. */
export const STATUSES = Object.keys(MARKS) as readonly ViewStatus[];

/** Returns how a status looks. */
export function statusMark(status: ViewStatus): StatusMark {
  return MARKS[status];
}
