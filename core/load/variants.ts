/**
 * Nodes in several variants: all are read, one is taken, and what comes behind knows only that one. Does not know who
 * chooses.
 *
 * @module
 */

import type { Diagnostic } from "../base/error.ts";
import type { Locate, NodeDef, Variants } from "../workflow.ts";
import { chooseVariants } from "./choose_variants.ts";
import { buildNode, type NodeContext } from "./node.ts";
import type { NodeFields, NodeVariants, WorkflowFields } from "./schema.ts";

/** The nodes of a file, one variant of each. */
export interface ChosenNodes {
  readonly nodes: readonly NodeDef[];
  /** What could have been chosen; absent if there is nothing to choose. */
  readonly variants?: Variants;
  /** Finds the places of the chosen variants by the paths of the nodes they are. */
  readonly locate: Locate;
  /** What is wrong with the choices of the command line. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the nodes of a file and takes one variant of each.
 *
 * @param fields The file as written, valid part by part.
 * @param texts Choices of the command line.
 * @param locate Finds places of the file.
 */
export function buildNodes(
  fields: WorkflowFields,
  { texts, locate, context }: {
    readonly texts: readonly string[];
    readonly locate: Locate;
    readonly context: NodeContext;
  },
): ChosenNodes {
  const entries = Object.entries(fields.nodes ?? {});
  const several = new Map<string, NodeVariants>();
  for (const [name, node] of entries) if (isSeveral(node)) several.set(name, node);
  const { visit } = context;
  const sets = fields.variants ?? {};
  const { chosen, diagnostics } = chooseVariants({
    nodes: new Map([...several].map(([name, { variants, variant }]) => [name, {
      names: Object.keys(variants),
      ...(variant === undefined ? {} : { standard: variant }),
    }])),
    others: entries.map(([name]) => name).filter((name) => !several.has(name)),
    sets,
    ...(fields.variant === undefined ? {} : { standard: fields.variant }),
    texts,
    visit,
  });
  const found: Record<string, Variants["nodes"][string]> = {};
  const nodes = entries.flatMap(([name, node]) => {
    if (!isSeveral(node)) return [buildNode(name, node, context)];
    const defs = buildVariants(name, node, context);
    // One stands for all where nothing is chosen, so that its names resolve: that is an error, and nothing runs.
    const taken = chosen.get(name) ?? Object.keys(defs)[0];
    if (taken === undefined) return [buildNode(name, {}, context)];
    found[name] = { chosen: taken, defs };
    return [defs[taken]];
  });
  return {
    nodes,
    diagnostics,
    ...(several.size === 0 ? {} : { variants: { nodes: found, sets } }),
    locate: several.size === 0 ? locate : (path, part) => {
      const [section, node, option] = path;
      const taken = section === "nodes" ? found[String(node)]?.chosen : undefined;
      const own = taken === undefined ? undefined : several.get(String(node))?.variants[taken]?.own;
      if (taken === undefined || own?.has(String(option)) !== true) return locate(path, part);
      return locate([section, node, "variants", taken, ...path.slice(2)], part);
    },
  };
}

function isSeveral(node: NodeFields | NodeVariants): node is NodeVariants {
  return "variants" in node;
}

/** Reads all variants of a node; what is wrong with an option that they share is reported once. */
function buildVariants(
  name: string,
  { variants }: NodeVariants,
  context: NodeContext,
): Record<string, NodeDef> {
  const { problems } = context.visit;
  const first = problems.length;
  const defs: Record<string, NodeDef> = {};
  for (const [variant, { fields, own }] of Object.entries(variants)) {
    const before = new Set(problems.slice(first).map(placeOf));
    const start = problems.length;
    defs[variant] = buildNode(name, fields, { ...context, variant: { name: variant, own } });
    const added = problems.splice(start).filter((problem) => !before.has(placeOf(problem)));
    problems.push(...added);
  }
  return defs;
}

function placeOf({ code, path }: NodeContext["visit"]["problems"][number]): string {
  return JSON.stringify([code, path]);
}
