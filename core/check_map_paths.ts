/**
 * Checks the paths of the files that calls of map nodes make: every call must have one of its own. Pure; does not know
 * shapes, other nodes or files.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import type { Span } from "./base/source.ts";
import { parseMapPath } from "./map_path.ts";
import { type NodeDef, REFUSED_PATH, type Workflow } from "./workflow.ts";

/** Returns the problems of the paths of a map node. */
export function checkMapPaths(
  workflow: Workflow,
  { name: node, map, outputs }: NodeDef,
): Diagnostic[] {
  // With generated axes it can have no files at all.
  if (map === undefined || map.generated.length > 0) return [];
  return outputs.flatMap(({ name, path }): Diagnostic[] => {
    const parsed = path === undefined ? undefined : parseMapPath(path, map.mapped);
    if (path === undefined || parsed === undefined || parsed.ok) return [];
    const { message, hint, start, end } = parsed;
    const at = ["nodes", node, "outputs", name];
    const whole = workflow.locate(at);
    if (path === REFUSED_PATH && whole !== undefined && !textOf(whole).includes(path)) return [];
    const span = whole && inside(whole, path, path.slice(start, end), start);
    return [{
      severity: "error",
      code: "map-path",
      message: `${message}, in output "${name}" of node "${node}"`,
      ...(span === undefined ? {} : { span }),
      hint,
    }];
  });
}

function textOf({ source, start, end }: Span): string {
  return source.text.slice(start, end);
}

/** The place of a part of a path, if the path stands in the file as it is; else that of its output. */
function inside(whole: Span, path: string, part: string, offset: number): Span {
  const text = textOf(whole);
  const from = text.indexOf(path);
  const at = from < 0 ? text.indexOf(part) : from + offset;
  if (at < 0) return whole;
  const start = whole.start + at;
  return { source: whole.source, start, end: start + part.length };
}
