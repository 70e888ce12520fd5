/**
 * Params that commands name in their texts. Does not know values.
 *
 * @module
 */

import { templateModeOf } from "./shebang.ts";
import { parseTemplate, referencesOf } from "./template.ts";
import type { NodeDef } from "./workflow.ts";

/** Params that a command fills into its texts, by their paths below `params`. */
export function paramReferences(def: NodeDef): string[] {
  if (def.work.kind !== "run") return [];
  const { before, after } = def.command?.hooks ?? {};
  const paths = new Set<string>();
  for (const line of [def.work, before, after]) {
    if (line === undefined) continue;
    for (const text of "argv" in line ? line.argv : [line.script]) {
      if (!text.includes("${params.")) continue;
      const parsed = parseTemplate(text, templateModeOf(line));
      if (!parsed.ok) continue; // Reported by the check of the definition.
      for (const { kind, name } of referencesOf(parsed.template)) {
        if (kind === "params") paths.add(name);
      }
    }
  }
  return [...paths].sort();
}
