/**
 * What a node returned as nodes: the same format as the workflow file, checked the same way. Does not know which
 * node returned it, nor what the nodes are wired to.
 *
 * @module
 */

import { joinPath } from "../base/data_path.ts";
import type { Json, NodeDef, ReturnedNodes } from "../workflow.ts";
import { MAX_DEPTH } from "./document.ts";
import { buildNode, type NodeContext } from "./node.ts";
import { nameOfPath } from "./path_name.ts";
import { returnedShape } from "./schema.ts";
import { describe, isMapping, type Path, Visit } from "./shape.ts";

/** What the nodes share with those of the file. */
export type SharedContext = Omit<NodeContext, "visit">;

/**
 * Reads returned nodes; a part with a problem is left out and reported.
 *
 * @param returned Anything: what a function returned, decoded.
 * @param context Of the workflow.
 */
export function defineReturned(returned: unknown, context: SharedContext): ReturnedNodes {
  const visit = new Visit(() => undefined, nameOfPath);
  const strange = findStrange(returned, []);
  if (strange !== undefined) {
    visit.report("not-data", `Cannot read ${strange.what} as part of a node: it is not JSON data`, {
      member: strange.path,
    });
  }
  const nodes: NodeDef[] = [];
  // Checked just now.
  const data = returned as Json;
  if (strange === undefined && !isMapping(data)) {
    visit.report(
      "wrong-type",
      `Cannot read it: expected a mapping with nodes, got ${describe(data)}`,
      {
        hint: "Return { nodes: { NAME: { call: … } } }",
      },
    );
  } else if (strange === undefined) {
    const fields = returnedShape.read(data, visit);
    for (const [name, node] of Object.entries(fields?.nodes ?? {})) {
      if (node.nest !== undefined) {
        visit.report("unsupported", `Cannot nest nodes in node "${name}": it is returned`, {
          member: ["nodes", name, "nest"],
          hint: "Return a function that calls theirs",
        });
      }
      nodes.push(buildNode(name, node, { ...context, visit }));
    }
  }
  const problems = visit.problems
    .filter(({ severity }) => severity === "error")
    .map(({ path, message, hint }) => ({
      path: joinPath(path),
      message,
      ...(hint === undefined ? {} : { hint }),
    }));
  return { nodes, problems };
}

/** The first part of a value that JSON does not have. */
function findStrange(value: unknown, path: Path): { path: Path; what: string } | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value) ? undefined : { path, what: String(value) };
  }
  if (typeof value !== "object") return { path, what: `"${typeof value}"` };
  if (path.length > MAX_DEPTH) return { path, what: "what is nested so deeply" };
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return { path, what: `an object of class "${value.constructor.name}"` };
  }
  for (const [key, member] of Object.entries(value)) {
    const found = findStrange(member, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
