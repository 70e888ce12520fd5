/**
 * Names of the places of a workflow file for people. Does not know what stands there.
 *
 * @module
 */

import { joinPath } from "../base/data_path.ts";
import type { Path } from "./shape.ts";

/** What the members of a section are called. */
const KINDS_BY_SECTION: Readonly<Record<string, string | undefined>> = {
  nodes: "node",
  inputs: "input",
  executors: "executor",
};

/** Names a path of a workflow file for people: `"cache" of node "rows"`. */
export function nameOfPath(path: Path): string {
  const [section, owner, member, ...rest] = path;
  if (section === undefined) return "the workflow";
  const kind = KINDS_BY_SECTION[section];
  if (kind === undefined || owner === undefined) return `"${joinPath(path)}"`;
  const whose = `${kind} "${owner}"`;
  const [variant, ...option] = rest;
  if (kind === "node" && member === "variants" && variant !== undefined) {
    return nameOfOption(option, `variant "${variant}" of ${whose}`);
  }
  return nameOfOption(member === undefined ? [] : [member, ...rest], whose);
}

/** Names an option of a node or input, or a part of one. */
function nameOfOption([option, ...rest]: Path, whose: string): string {
  if (option === undefined) return whose;
  const [argument, ...deeper] = rest;
  if (argument !== undefined && (option === "inputs" || option === "outputs")) {
    const part = `${option.slice(0, -1)} ${
      typeof argument === "number" ? argument + 1 : `"${argument}"`
    } of ${whose}`;
    return deeper.length === 0 ? part : `"${joinPath(deeper)}" of ${part}`;
  }
  return `"${joinPath([option, ...rest])}" of ${whose}`;
}
