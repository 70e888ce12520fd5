/**
 * Which inputs of a node the names of its map-spec mean, and whether it names all outputs. Does not know other nodes,
 * shapes or values.
 *
 * @module
 */

import { nearest } from "./base/suggest.ts";
import { findItem, type MapSpec } from "./mapspec.ts";
import type { Problems } from "./names.ts";
import type { Wire } from "./wire.ts";
import type { NodeDef } from "./workflow.ts";

/**
 * Finds the wires that a map-spec means: by argument, else by the source as written.
 *
 * @param def The node.
 * @param wires Its inputs.
 * @param problems Gets what is wrong.
 * @returns Positions of wires by name, or `undefined` for a node without a map-spec.
 */
export function wireMap(
  def: NodeDef,
  wires: readonly Wire[],
  problems: Problems,
): Readonly<Record<string, number>> | undefined {
  if (def.map === undefined) return undefined;
  const found: Record<string, number> = {};
  for (const { name } of def.map.inputs) {
    const at = wires.findIndex(({ argument }) => argument === name);
    const bySource = wires.flatMap(({ argument }, i) => {
      const ref = Object.hasOwn(def.inputs, argument) ? def.inputs[argument] : undefined;
      return ref?.kind === "ref" && ref.ref === name ? [i] : [];
    });
    if (at >= 0) found[name] = at;
    else if (bySource.length === 1) found[name] = bySource[0];
    else reportInput(def, name, { wires, count: bySource.length, problems });
  }
  reportTwice(def, wires, found, problems);
  checkOutputs(def, def.map, problems);
  return found;
}

/** Two names that mean one input: one of them is an argument, the other its source. */
function reportTwice(
  def: NodeDef,
  wires: readonly Wire[],
  found: Readonly<Record<string, number>>,
  problems: Problems,
): void {
  const names = Object.keys(found);
  for (const [i, name] of names.entries()) {
    const other = names.slice(0, i).find((one) => found[one] === found[name]);
    if (other === undefined) continue;
    const { argument } = wires[found[name]];
    problems.add(
      "map-spec",
      `Cannot map over input "${argument}" of node "${def.name}" twice: "${other}" and "${name}" both mean it`,
      ["nodes", def.name, "map"],
      {
        within: (written) => findItem(written, name),
        hint: "a name is that of an argument, and only if there is none that of a source",
      },
    );
  }
}

function reportInput(
  def: NodeDef,
  name: string,
  { wires, count, problems }: {
    readonly wires: readonly Wire[];
    readonly count: number;
    readonly problems: Problems;
  },
): void {
  const known = wires.map(({ argument }) => argument);
  const close = nearest(name, known);
  problems.add(
    "map-spec",
    count > 1
      ? `Cannot tell which input map-spec name "${name}" of node "${def.name}" means: ${count} have that source`
      : `Cannot find "${name}" of the map-spec among the inputs of node "${def.name}"`,
    ["nodes", def.name, "map"],
    {
      within: (written) => findItem(written, name),
      hint: count > 1
        ? `write the name of the argument: ${
          wires.flatMap(({ argument }) => {
            const ref = def.inputs[argument];
            return ref?.kind === "ref" && ref.ref === name ? [`"${argument}"`] : [];
          }).join(", ")
        }`
        : close !== undefined
        ? `did you mean "${close}"?`
        : known.length === 0
        ? "the node has no inputs"
        : `its inputs are ${known.map((other) => `"${other}"`).join(", ")}`,
    },
  );
}

/** All calls deliver all outputs. */
function checkOutputs(def: NodeDef, map: MapSpec, problems: Problems): void {
  const path = ["nodes", def.name, "map"];
  const names = def.outputs.map((output) => output.name);
  const unknown = map.outputs.filter(({ name }) => !names.includes(name));
  for (const { name } of unknown) {
    problems.add(
      "map-spec",
      `Cannot find output "${name}" of map-spec "${map.text}" in node "${def.name}": its outputs are ${
        names.map((other) => `"${other}"`).join(", ") || "none"
      }`,
      path,
      {
        within: (written) => findItem(written, name),
        hint: "name every output of the node on the right of the map-spec, and nothing else",
      },
    );
  }
  // A name that is not there may be meant for one that is left out.
  for (const name of unknown.length > 0 ? [] : names) {
    if (map.outputs.some((item) => item.name === name)) continue;
    problems.add(
      "map-spec",
      `Cannot leave output "${name}" of node "${def.name}" out of map-spec "${map.text}": all calls deliver it`,
      path,
      { hint: `write it on the right: ", ${name}[${map.axes.join(", ")}]"` },
    );
  }
}
