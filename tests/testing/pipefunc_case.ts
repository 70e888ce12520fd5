/**
 * A case of pipefunc as a workflow of flow: its nodes, inputs and the command line that asks for the same. Knows the form of
 * the cases in `tests/testdata/pipefunc`, nothing of how flow runs them.
 *
 * @module
 */

/** One function of a case. */
export interface CaseNode {
  /** One output, or several that a tuple holds. */
  readonly out: string | readonly string[];
  readonly params: readonly string[];
  /** The function as an arrow of JavaScript that takes the parameters by name. */
  readonly js: string;
  readonly map: string | null;
  /** Lengths of the axes that the function makes; "?" if they are not known before. */
  readonly internal_shape?: readonly (number | "?")[] | null;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly bound: Readonly<Record<string, unknown>>;
  /** Parameter to the name it reads. */
  readonly renames: Readonly<Record<string, string>>;
  /** In front of every name the node has. */
  readonly scope: string | null;
  /** Absent in pipefunc, where it is said of the whole run. */
  readonly onError?: "continue" | "skip";
}

/** What a case asks for. */
export type CaseCall =
  | {
    readonly kind: "run";
    readonly output: string | readonly string[];
    readonly inputs: Readonly<Record<string, unknown>>;
  }
  | {
    readonly kind: "map";
    readonly inputs: Readonly<Record<string, unknown>>;
    /** Axes that are added: input and axis. */
    readonly add_axis?: readonly (readonly [string, string])[];
    readonly fixed?: Readonly<Record<string, string | number>>;
    readonly on_error?: "raise" | "continue";
  }
  /** All that is enough to compute each output. */
  | { readonly kind: "combos" }
  | { readonly kind: "build" };

/** What pipefunc said. */
export type CaseOutcome =
  | { readonly value: unknown }
  | { readonly outputs: Readonly<Record<string, unknown>> }
  | { readonly combos: Readonly<Record<string, readonly (readonly string[])[]>> }
  | { readonly error: string; readonly message: string };

/** One case. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly CaseNode[];
  readonly call: CaseCall;
  readonly expect_pipefunc: CaseOutcome;
}

/** All cases. */
export const CASES: readonly Case[] = JSON.parse(
  Deno.readTextFileSync(new URL("../testdata/pipefunc/cases.json", import.meta.url)),
);

/** Name of the node that collects outputs. */
const COLLECT = "collected";

/** What a workflow is made from. */
export type CaseNodes = Pick<Case, "nodes">;

/** Outputs of a node by the names others use. */
export function outputsOf({ out, scope }: CaseNode): string[] {
  const names = typeof out === "string" ? [out] : out;
  return names.map((name) => scope === null ? name : `${scope}.${name}`);
}

/** What a parameter reads. */
export function sourceOf({ renames, scope }: CaseNode, parameter: string): string {
  return renames[parameter] ?? (scope === null ? parameter : `${scope}.${parameter}`);
}

/** The map-spec of a node, with the lengths that are known of axes it makes. */
function mapOf(map: string, { internal_shape: lengths }: CaseNode): string {
  const [left, right] = map.split("->");
  if (right === undefined || !lengths?.some((length) => typeof length === "number")) return map;
  const made = [...new Set(right.match(/(?<=[[,]\s*)\w+/g))]
    .filter((axis) => !new RegExp(`[[,]\\s*${axis}\\s*[\\],]`).test(left));
  const sized = (text: string, axis: string, at: number) =>
    typeof lengths?.[at] === "number"
      ? text.replaceAll(new RegExp(`\\b${axis}(?=\\s*[\\],])`, "g"), `${axis}=${lengths[at]}`)
      : text;
  return `${left}->${made.reduce(sized, right)}`;
}

/** Name of a node in the workflow. */
export function nameOf({ out, scope }: CaseNode): string {
  return typeof out === "string" && scope === null ? out : scope ?? [out].flat().join("_");
}

/** Names that the nodes of a case read and none of them makes. */
export function inputsOf({ nodes }: CaseNodes): string[] {
  const made = nodes.flatMap(outputsOf);
  const read = nodes.flatMap((node) =>
    node.params.filter((name) => !(name in node.bound)).map((name) => sourceOf(node, name))
  );
  return [...new Set(read)].filter((name) => !made.includes(name));
}

/** Default of an input: the first one that a parameter has which reads it. */
export function defaultOf({ nodes }: CaseNodes, name: string): unknown {
  const [found] = nodes.flatMap((node) =>
    node.params.flatMap((parameter) =>
      sourceOf(node, parameter) === name && parameter in node.defaults
        ? [node.defaults[parameter]]
        : []
    )
  );
  return found;
}

/**
 * Files of the workflow of a case; with `collected`, a node that puts these outputs into one object. `prelude` stands in front
 * of the functions.
 */
export function filesOf(
  item: CaseNodes,
  collected: readonly string[] = [],
  prelude = "",
): Record<string, string> {
  const inputs = inputsOf(item).map((name) => {
    const found = defaultOf(item, name);
    return `  ${name}: ${found === undefined ? "" : `{ default: ${JSON.stringify(found)} }`}\n`;
  });
  const nodes = item.nodes.map((node, i) => {
    const { out, params, bound, map, scope, onError } = node;
    const isOne = typeof out === "string" && scope === null;
    const sources = params.map((name) =>
      name in bound
        ? `${name}: { value: ${JSON.stringify(bound[name])} }`
        : `${name}: ${sourceOf(node, name)}`
    );
    const parts = [
      `call: nodes.ts#f${i}`,
      `inputs: { ${sources.join(", ")} }`,
      ...isOne ? [] : [`outputs: [${[out].flat().join(", ")}]`],
      ...map === null ? [] : [`map: ${JSON.stringify(mapOf(map, node))}`],
      ...onError === undefined ? [] : [`onError: ${onError}`],
    ];
    return `  ${nameOf(node)}: { ${parts.join(", ")} }\n`;
  });
  if (collected.length > 0) {
    const sources = collected.map((name) => `${name}: ${name}`).join(", ");
    nodes.push(`  ${COLLECT}: { call: nodes.ts#${COLLECT}, inputs: { ${sources} } }\n`);
  }
  // A function that only throws takes nothing; what it is given must be taken by somebody.
  const arrow = ({ js, params }: CaseNode) => js.replace(/^\(\)/, `({ ${params.join(", ")} })`);
  const functions = item.nodes.map((node, i) => `export const f${i} = ${arrow(node)};\n`);
  const collect = `export const ${COLLECT} = ({ ${collected.join(", ")} }) => ({ ${
    collected.join(", ")
  } });\n`;
  return {
    "workflow.yaml": (inputs.length === 0 ? "" : `inputs:\n${inputs.join("")}`) +
      `nodes:\n${nodes.join("")}`,
    "nodes.ts": prelude + functions.join("") + collect,
  };
}

/** Arguments that give inputs. */
export function inputArguments(inputs: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(inputs).flatMap(([name, value]) => [
    "--input",
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);
}

/** Arguments of `flow run` that ask for several outputs in one object. */
export const COLLECTED: readonly string[] = ["--output", COLLECT];
