/**
 * Checks of single nodes that need neither files nor other nodes: the texts of commands against the inputs, outputs
 * and params they mention, and resources against their pools. Pure; knows nothing of wiring, keys or execution.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import type { Span } from "./base/source.ts";
import { nearest } from "./base/suggest.ts";
import { aloneBecause } from "./executors.ts";
import { interpreterOf, SHEBANG, templateModeOf, variableOf } from "./shebang.ts";
import { checkMapPaths } from "./check_map_paths.ts";
import { parseTemplate, referencesOf, type TemplateMode } from "./template.ts";
import type { CommandLine, Json, NodeDef, Workflow } from "./workflow.ts";

/** Returns the problems of nodes that show without looking at other nodes. */
export function checkNodes(workflow: Workflow, nodes: readonly NodeDef[]): Diagnostic[] {
  return nodes.flatMap((def) => [
    ...checkSupport(workflow, def),
    ...checkMapPaths(workflow, def),
    ...new CommandCheck(workflow, def).run(),
  ]);
}

/** Options that do not fit together: better refused than run as something else. */
function checkSupport(workflow: Workflow, def: NodeDef): Diagnostic[] {
  return [...misfitsOf(def)].map(([key, why, hint]) => {
    const path = ["nodes", def.name];
    const span = workflow.locate([...path, key], "key") ?? workflow.locate(path, "key");
    return {
      severity: "error",
      code: "unsupported",
      message: `Cannot use "${key}" of node "${def.name}": ${why}`,
      ...(span === undefined ? {} : { span }),
      hint,
    };
  });
}

/** Options that a node cannot have, with why and what to do instead. */
function* misfitsOf(def: NodeDef): Generator<[key: string, why: string, hint: string]> {
  const { map, outputs, onError, concurrency = 1, chunk } = def;
  const file = outputs.find(({ kind }) => kind !== "value");
  const temp = outputs.find((output) => output.temp);
  if (map !== undefined && temp !== undefined) {
    const why = `temporary outputs, such as "${temp.name}", are not supported by this version`;
    yield ["map", why, 'remove "temp" from the output'];
  } else if (map !== undefined && file !== undefined && map.generated.length > 0) {
    const why =
      `a call makes one ${file.kind} "${file.name}", and not one for each position along ` +
      `axis "${map.generated[0]}"`;
    yield ["map", why, `leave out the axis, and let the call make a directory: { dir: … }`];
  } else if (map === undefined && onError !== "fail" && (file ?? temp) !== undefined) {
    const why = file === undefined
      ? `output "${temp?.name}" is temporary, and is never made again as an error value`
      : `output "${file.name}" is a ${file.kind}, and an error value is none`;
    yield ["onError", why, 'write "onError: fail", or make the output a value that is kept'];
  }
  // Of other nodes than functions the loader says that they have neither.
  const why = def.work.kind === "call" || def.nest !== undefined ? aloneBecause(def) : undefined;
  const hint = map === undefined
    ? "remove it, or add a map"
    : file !== undefined
    ? "remove it"
    : def.timeoutMs === undefined
    ? "remove one of them"
    : "remove one of them, or let the function look at the time itself";
  if (concurrency > 1 && why !== undefined) yield ["concurrency", why, hint];
  if (chunk !== undefined && why !== undefined) yield ["chunk", why, hint];
  else if (chunk !== undefined && chunk < concurrency) {
    const together = `${concurrency} calls that may be pending in one worker travel together`;
    yield ["chunk", together, `write at least ${concurrency}, or lower "concurrency"`];
  }
}

/** One text of a command and where it stands. */
interface Text {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** Where a command stands, and whose it is. */
export interface CommandPlace {
  readonly path: readonly (string | number)[];
  readonly whose: string;
  /** What it can mention, where that is not up to the user. */
  readonly hint?: string;
}

/** Returns the problems of a command that is no node's. */
export function checkCommand(
  workflow: Workflow,
  def: NodeDef,
  place: CommandPlace,
): Diagnostic[] {
  return new CommandCheck(workflow, def, place).run();
}

class CommandCheck {
  readonly #problems: Diagnostic[] = [];
  readonly #mentioned = new Set<string>();

  constructor(
    readonly workflow: Workflow,
    readonly def: NodeDef,
    readonly place: CommandPlace = {
      path: ["nodes", def.name],
      whose: `node ${JSON.stringify(def.name)}`,
    },
  ) {}

  run(): Diagnostic[] {
    const { work } = this.def;
    if (work.kind !== "run") return [];
    // Stands for a node that says neither what to call nor what to run, which has been reported.
    if ("argv" in work && work.argv.length === 0) return [];
    const base = this.place.path;
    const { before, after } = this.def.command?.hooks ?? {};
    if (before !== undefined) this.#checkLine(before, [...base, "hooks", "before"]);
    this.#checkLine(work, [...base, "run"]);
    if (after !== undefined) this.#checkLine(after, [...base, "hooks", "after"]);
    if (this.#problems.length === 0) this.#checkOutputs();
    return this.#problems;
  }

  #checkLine(line: CommandLine, path: Text["path"]): void {
    const mode = templateModeOf(line);
    if ("argv" in line) {
      line.argv.forEach((text, i) => this.#checkText({ text, path: [...path, i] }, mode));
      return;
    }
    const text = { text: line.script, path };
    if (line.shell === SHEBANG) this.#checkInterpreter(text);
    this.#checkText(text, mode);
  }

  /** The script gets its inputs and outputs as variables; which of them it reads shows only when it runs. */
  #checkInterpreter(text: Text): void {
    const [first] = text.text.split("\n", 1);
    if (interpreterOf(first) === undefined) {
      this.#add(
        "no-interpreter",
        `Cannot tell what runs the script of ${this.place.whose}: "${first}" names no absolute path`,
        this.#inside(text, 0, first.length),
        'write "#!/usr/bin/env python3" or the like',
      );
    }
    const files = this.def.outputs.filter(({ kind }) => kind !== "value").map(({ name }) => name);
    this.#checkVariables("in", Object.keys(this.def.inputs));
    this.#checkVariables("out", files);
    for (const name of files) {
      if (mentions(text.text, variableOf("out", name))) this.#mentioned.add(`out.${name}`);
    }
  }

  #checkVariables(kind: "in" | "out", names: readonly string[]): void {
    const owners = new Map<string, string>();
    for (const name of names) {
      const variable = variableOf(kind, name);
      const owner = owners.get(variable);
      if (owner !== undefined) {
        this.#add(
          "ambiguous-variable",
          `Cannot set ${variable} for the script of node "${this.def.name}": it stands for "${owner}" and "${name}"`,
          this.workflow.locate(["nodes", this.def.name, `${kind}puts`, name], "key"),
          "rename one of them",
        );
      }
      owners.set(variable, name);
    }
  }

  #checkText(text: Text, mode: TemplateMode): void {
    const parsed = parseTemplate(text.text, mode);
    if (!parsed.ok) {
      this.#add(
        "bad-template",
        parsed.message,
        this.#inside(text, parsed.start, parsed.end),
        parsed.hint,
      );
      return;
    }
    for (const { kind, name } of referencesOf(parsed.template)) {
      const written = `\${${kind}.${name}}`;
      const at = text.text.indexOf(written);
      const span = this.#inside(text, Math.max(0, at), at + written.length);
      if (kind === "params") this.#checkParam(name, span);
      else this.#checkName(kind, name, span);
    }
  }

  #checkName(kind: "in" | "out", name: string, span: Span | undefined): void {
    const names = kind === "in"
      ? Object.keys(this.def.inputs)
      : this.def.outputs.filter((o) => o.kind !== "value").map((o) => o.name);
    if (names.includes(name)) {
      this.#mentioned.add(`${kind}.${name}`);
      return;
    }
    const what = kind === "in" ? "input" : "file output";
    const close = nearest(name, names);
    this.#add(
      "unknown-reference",
      `Cannot fill "\${${kind}.${name}}" in ${this.place.whose}: it has no ${what} "${name}"`,
      span,
      close !== undefined ? `did you mean "\${${kind}.${close}}"?` : this.place.hint ??
        `declare it under "${kind === "in" ? "inputs" : "outputs"}" of the node`,
    );
  }

  #checkParam(path: string, span: Span | undefined): void {
    let value: Json = this.workflow.params as Json;
    let reached = "params";
    for (const key of path.split(".")) {
      const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
      const keys = isObject ? Object.keys(value as object) : [];
      if (!keys.includes(key)) {
        const close = nearest(key, keys);
        this.#add(
          "unknown-param",
          `Cannot fill "\${params.${path}}" in ${this.place.whose}: "${reached}" has no "${key}"`,
          span,
          close === undefined ? `add it under "params"` : `did you mean "${reached}.${close}"?`,
        );
        return;
      }
      value = (value as { readonly [key: string]: Json })[key];
      reached += `.${key}`;
    }
  }

  /** A file output that the command never mentions would be written nowhere flow looks. */
  #checkOutputs(): void {
    const { command, name } = this.def;
    if (command === undefined || command.cwd === "private") return;
    const { stdout, stderr, exitCode, commandLine } = command;
    const filled = [stdout?.output, stderr?.output, exitCode, commandLine];
    const isScript = "shell" in this.def.work && this.def.work.shell === SHEBANG;
    for (const output of this.def.outputs) {
      if (this.#mentioned.has(`out.${output.name}`) || filled.includes(output.name)) continue;
      const target = isScript
        ? `the path in the variable ${variableOf("out", output.name)}`
        : `"\${out.${output.name}}"`;
      const written = isScript ? variableOf("out", output.name) : `\${out.${output.name}}`;
      const path = ["nodes", name, "outputs", output.name];
      if (output.kind === "value") {
        this.#add(
          "unfilled-output",
          `Cannot fill output "${output.name}" of node "${name}": a command gives values by stdout or stderr`,
          this.workflow.locate(path, "key") ?? this.workflow.locate(path),
          `add "stdout: ${output.name}", or make it a file output`,
        );
      } else {
        this.#add(
          "unwritten-output",
          `Output "${output.name}" of node "${name}" is not written: the command never mentions "${written}"`,
          this.workflow.locate(path, "key"),
          `write to ${target}: flow gives every output a private path and publishes it as "${output.path}" when the node is done`,
        );
      }
    }
  }

  /** The span of a part of a text, if the text stands in the file as it is; else the whole value's. */
  #inside(text: Text, start: number, end: number): Span | undefined {
    const whole = this.workflow.locate(text.path);
    if (whole === undefined) return undefined;
    const offset = whole.source.text.slice(whole.start, whole.end).indexOf(text.text);
    if (offset < 0) {
      const part = text.text.slice(start, end);
      const at = part === "" ? -1 : whole.source.text.slice(whole.start, whole.end).indexOf(part);
      if (at < 0) return whole;
      return { source: whole.source, start: whole.start + at, end: whole.start + at + part.length };
    }
    const from = whole.start + offset;
    return { source: whole.source, start: from + start, end: from + Math.max(end, start + 1) };
  }

  #add(code: string, message: string, span: Span | undefined, hint?: string): void {
    this.#problems.push({
      severity: "error",
      code,
      message,
      ...(span === undefined ? {} : { span }),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** Whether a script may write an output: it names the variable, or makes up names of variables. */
function mentions(script: string, variable: string): boolean {
  return script.includes(variable) || /FLOW_OUT_(?!\w)/.test(script);
}
