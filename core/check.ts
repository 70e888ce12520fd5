/**
 * Checks of single nodes that need neither files nor other nodes: the texts of commands against the inputs, outputs
 * and params they mention, and resources against their pools. Pure; knows nothing of wiring, keys or execution.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import type { Span } from "./base/source.ts";
import { nearest } from "./base/suggest.ts";
import { parseTemplate, referencesOf } from "./template.ts";
import type { Json, NodeDef, Workflow } from "./workflow.ts";

/** Returns the problems of nodes that show without looking at other nodes. */
export function checkNodes(workflow: Workflow, nodes: readonly NodeDef[]): Diagnostic[] {
  return nodes.flatMap((def) => [
    ...checkSupport(workflow, def),
    ...new CommandCheck(workflow, def).run(),
  ]);
}

/** What the format has but this version does not run: better refused than run as something else. */
function checkSupport(workflow: Workflow, def: NodeDef): Diagnostic[] {
  const unsupported = [
    ...(def.map === undefined ? [] : [["map", "call a function that takes the whole array"]]),
    ...(def.onError === "fail" ? [] : [["onError", "leave it out: a failure skips what needs it"]]),
  ];
  return unsupported.map(([key, hint]) => {
    const span = workflow.locate(["nodes", def.name, key], "key");
    return {
      severity: "error",
      code: "unsupported",
      message: `Cannot use "${key}" of node "${def.name}": it is not supported by this version`,
      ...(span === undefined ? {} : { span }),
      hint,
    };
  });
}

/** One text of a command and where it stands. */
interface Text {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

class CommandCheck {
  readonly #problems: Diagnostic[] = [];
  readonly #mentioned = new Set<string>();

  constructor(readonly workflow: Workflow, readonly def: NodeDef) {}

  run(): Diagnostic[] {
    const { work } = this.def;
    if (work.kind !== "run") return [];
    // Stands for a node that says neither what to call nor what to run, which has been reported.
    if ("argv" in work && work.argv.length === 0) return [];
    const base = ["nodes", this.def.name, "run"];
    const texts: Text[] = "argv" in work
      ? work.argv.map((text, i) => ({ text, path: [...base, i] }))
      : [{ text: work.script, path: base }];
    for (const text of texts) this.#checkText(text, "argv" in work ? "argv" : "sh");
    if (this.#problems.length === 0) this.#checkOutputs();
    return this.#problems;
  }

  #checkText(text: Text, mode: "argv" | "sh"): void {
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
      `Cannot fill "\${${kind}.${name}}" in node "${this.def.name}": it has no ${what} "${name}"`,
      span,
      close !== undefined
        ? `did you mean "\${${kind}.${close}}"?`
        : `declare it under "${kind === "in" ? "inputs" : "outputs"}" of the node`,
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
          `Cannot fill "\${params.${path}}" in node "${this.def.name}": "${reached}" has no "${key}"`,
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
    const streams = [command.stdout?.output, command.stderr?.output];
    for (const output of this.def.outputs) {
      if (this.#mentioned.has(`out.${output.name}`) || streams.includes(output.name)) continue;
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
          `Output "${output.name}" of node "${name}" is not written: the command never mentions "\${out.${output.name}}"`,
          this.workflow.locate(path, "key"),
          `write to "\${out.${output.name}}": flow gives every output a private path and publishes it as "${output.path}" when the node is done`,
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
