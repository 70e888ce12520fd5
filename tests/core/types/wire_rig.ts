/**
 * Checks the wires of many small workflows at once: they become one, since loading the compiler's libraries costs more than
 * everything else. Knows the YAML format, not what is wrong with a wire.
 *
 * @module
 */

import type { Diagnostic } from "../../../core/base/error.ts";
import { formatDiagnostic } from "../../../core/base/source.ts";
import type { TypeCheckRequest, TypeReport } from "../../../core/mod.ts";
import { flow, SOURCE_COMMAND, TemporaryDirectory } from "../../cli/flow.ts";
import { assertEquals } from "../../testing/assert.ts";

const UNLOCKED_COMMAND = SOURCE_COMMAND.toSpliced(2, 0, "--quiet", "--no-lock");

/** One small workflow. In all texts `$` stands for its key, which its nodes, inputs, params and module begin with. */
export interface WireCase {
  /** The module `$.ts`. */
  readonly code: string;
  /** Lines of the node section, without indentation. */
  readonly nodes: readonly string[];
  readonly params?: string;
  readonly inputs?: string;
  /** Further files. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What was said of all of them. */
export interface WireReport {
  /** By key: the problems of a case, with places in a file of its nodes only; empty if there are none. */
  readonly problems: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** Checks workflows, as one. */
export async function checkCases(
  cases: Readonly<Record<string, WireCase>>,
): Promise<WireReport> {
  using dir = new TemporaryDirectory();
  const keys = Object.keys(cases);
  const section = (name: "params" | "inputs") => {
    const lines = keys.flatMap((key) => filled(cases[key][name] ?? "", key) || []);
    return lines.length === 0 ? "" : `${name}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
  };
  let text = `${section("params")}${section("inputs")}nodes:\n`;
  const starts = new Map<string, number>();
  for (const key of keys) {
    starts.set(key, text.length);
    text += cases[key].nodes.map((line) => `  ${filled(line, key)}\n`).join("");
    dir.write({ [`${key}.ts`]: cases[key].code, ...cases[key].files });
  }
  dir.write({ "wires.yaml": text });
  const { problems, notes } = await reportOn(dir.path);
  const said = new Map(keys.map((key): [string, string] => {
    const start = starts.get(key) ?? 0;
    const length = cases[key].nodes.map((line) => filled(line, key).length + 3)
      .reduce((sum, n) => sum + n, 0);
    return [key, format(problems, key, start, start + length)];
  }));
  const count = [...said.values()].flatMap((each) => each.match(/^\S+:\d+:\d+: /gm) ?? []).length;
  assertEquals(count, problems.length, problems.map(formatDiagnostic).join("\n"));
  return { problems: said, notes };
}

/** Asks a process without a lock, as the program does: the compiler would get into ours. */
async function reportOn(dir: string): Promise<TypeReport> {
  const request: TypeCheckRequest = {
    file: `${dir}/wires.yaml`,
    cwd: dir,
    set: [],
    params: [],
    given: [],
  };
  const { code, stdout, stderr } = await flow(["types"], {
    command: UNLOCKED_COMMAND,
    stdin: JSON.stringify(request),
  });
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** Formats the problems in a part of the file as if that part were a file. */
function format(problems: readonly Diagnostic[], key: string, start: number, end: number): string {
  return problems.flatMap(({ span, ...rest }) => {
    if (span === undefined || span.start < start || span.start >= end) return [];
    const source = { name: `${key}.yaml`, text: span.source.text.slice(start, end) };
    const moved = { source, start: span.start - start, end: span.end - start };
    return formatDiagnostic({ ...rest, span: moved });
  }).join("\n");
}

function filled(text: string, key: string): string {
  return text.replaceAll("$", key);
}
