/**
 * Plain data of a workflow file to a `Workflow`: validated, every default filled in.
 * Does not know how the data was read, what else is wired to what, or what is on disk.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import type { Diagnostic } from "../base/error.ts";
import type { ExecutorDef, InputDef, Json, JsonObject, Locate, Workflow } from "../workflow.ts";
import { spanOfPart, type Written } from "./document.ts";
import { defineReturned } from "./expansion.ts";
import { isOfType } from "./input_type.ts";
import { functionRef } from "./function_ref.ts";
import { readHooks } from "./hooks.ts";
import { nameOfPath } from "./path_name.ts";
import { type InputFields, type WorkflowFields, workflowShape } from "./schema.ts";
import { isMapping, type Problem, Visit } from "./shape.ts";
import { defineSweeps } from "./sweeps.ts";
import { buildNodes, type ChosenNodes } from "./variants.ts";

/** What a workflow is made of. */
export interface DefinitionParts {
  readonly data: Json;
  readonly locate: Locate;
  readonly written: Written;
  /** Absolute path of the file. */
  readonly file: string;
  /** Choices of the command line among variants; see `choose_variants.ts`. */
  readonly variants?: readonly string[];
}

/** A workflow with what is wrong with it; the workflow is absent if nothing of it is usable. */
export interface Definition {
  readonly workflow?: Workflow;
  /** In source order. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Validates the data of a workflow file and fills in all defaults.
 *
 * A part with a problem is left out or replaced by its default, so that names still resolve and the
 * wiring can be checked too; with an error among the diagnostics the workflow must not run.
 */
export function defineWorkflow(parts: DefinitionParts): Definition {
  const { data, locate, written, file } = parts;
  const visit = new Visit(written, nameOfPath);
  const fields = workflowShape.read(data, visit);
  const dir = dirname(file);
  let workflow: Workflow | undefined;
  let chosen: ChosenNodes | undefined;
  if (fields !== undefined) {
    const pools = fields.pools ?? {};
    const inputs = Object.entries(fields.inputs ?? {}).map(([name, input]) =>
      defineInput(name, input, visit)
    );
    const defaults = fields.defaults ?? {};
    const executors = defineExecutors(fields.executors ?? {}, visit);
    const modules = new Map<string, string>();
    const hooks = readHooks(defaults, { dir, modules, at: ["defaults"], about: "node" });
    const shared = { defaults, pools, executors, hooks, file, dir, modules };
    const ofRun = readHooks(fields, { dir, modules, at: [], about: "run" });
    const { texts, context } = { texts: parts.variants ?? [], context: { ...shared, visit } };
    chosen = buildNodes(fields, { texts, locate, context });
    if (isMapping(data) && isMapping(data.nodes) && Object.keys(data.nodes).length === 0) {
      visit.report("too-few", "Cannot find any node: the workflow defines none", {
        part: "key",
        member: ["nodes"],
      });
    }
    // The shape keeps every value as it is.
    const params = (fields.params ?? {}) as JsonObject;
    const sweeps = defineSweeps(fields.sweeps ?? {}, {
      scope: {
        inputs,
        params,
        ...(chosen.variants === undefined ? {} : { variants: chosen.variants }),
      },
      visit,
      functionOf: (target) => functionRef(target, shared),
    });
    workflow = {
      name: fields.name ?? nameOfFile(file),
      ...(fields.description === undefined ? {} : { description: fields.description }),
      file,
      dir,
      params,
      inputs,
      nodes: chosen.nodes,
      ...(chosen.variants === undefined ? {} : { variants: chosen.variants }),
      ...(fields.sweeps === undefined ? {} : { sweeps }),
      pools,
      ...(fields.executors === undefined ? {} : { executors }),
      ...(ofRun.length === 0 ? {} : { hooks: ofRun }),
      locate: chosen.locate,
      define: (returned) => defineReturned(returned, shared),
    };
  }
  const diagnostics = visit.problems.map((problem) => toDiagnostic(problem, locate));
  return {
    ...(workflow === undefined ? {} : { workflow }),
    diagnostics: [...inSourceOrder(diagnostics), ...chosen?.diagnostics ?? []],
  };
}

function defineExecutors(
  written: NonNullable<WorkflowFields["executors"]>,
  visit: Visit,
): Record<string, ExecutorDef> {
  for (const [name, { concurrency = 1, chunk }] of Object.entries(written)) {
    if (chunk === undefined || chunk >= concurrency) continue;
    const message =
      `Cannot use "chunk" of executor "${name}": ${concurrency} calls that may be pending in one worker ` +
      `travel together`;
    visit.report("conflict", message, {
      part: "key",
      member: ["executors", name, "chunk"],
      hint: `Write at least ${concurrency}, or lower "concurrency"`,
    });
  }
  const defined = Object.entries(written).map(([name, fields]) =>
    [name, { kind: "worker", ...fields }] as const
  );
  return Object.fromEntries(defined);
}

/** Returns diagnostics by their place in the file, those without one first. */
export function inSourceOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted((a, b) => (a.span?.start ?? -1) - (b.span?.start ?? -1));
}

/** `churn.flow.yaml` is "churn"; a file called just `workflow` is named after its directory. */
function nameOfFile(file: string): string {
  const stem = basename(file).replace(/\.(?:ya?ml|json|[cm]?[jt]s)$/, "").replace(/\.flow$/, "");
  const name = stem === "workflow" ? basename(dirname(file)) || stem : stem;
  const safe = name.replace(/[^A-Za-z0-9_-]+/g, "-");
  return /^[A-Za-z_]/.test(safe) ? safe : `_${safe}`;
}

function toDiagnostic(problem: Problem, locate: Locate): Diagnostic {
  const { severity, code, message, hint, path, part, within } = problem;
  const whole = locate(path, part);
  const span = whole === undefined || within === undefined
    ? whole
    : spanOfPart(whole, within.text, within);
  return {
    severity,
    code,
    message,
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function defineInput(name: string, input: InputFields, visit: Visit): InputDef {
  if ("literal" in input) {
    return { name, kind: "value", ...(input.literal === null ? {} : { default: input.literal }) };
  }
  const fields = input;
  const description = fields.description === undefined ? {} : { description: fields.description };
  const has = (key: "file" | "dir"): boolean => Object.hasOwn(fields, key);
  if (has("file") || has("dir")) {
    const kind = has("file") ? "file" : "dir";
    for (const key of ["file", "dir", "type", "default"] as const) {
      if (key === kind || !Object.hasOwn(fields, key)) continue;
      visit.report("conflict", `Cannot use both "${kind}" and "${key}" in input "${name}"`, {
        part: "key",
        member: ["inputs", name, key],
      });
    }
    if (kind === "dir") rejectSidecar(name, fields, visit);
    const path = fields[kind] ?? null;
    return {
      name,
      ...description,
      kind,
      ...(path === null ? {} : { default: path }),
      ...(kind === "file" && fields.sidecar === true ? { sidecar: true } : {}),
    };
  }
  rejectSidecar(name, fields, visit);
  const { type, default: value } = fields;
  if (type !== undefined && value !== undefined && !isOfType(value, type)) {
    const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
    visit.report(
      "wrong-type",
      `Cannot use the default of input "${name}": expected type "${type}", got "${found}"`,
      { member: ["inputs", name, "default"] },
    );
  }
  return {
    name,
    ...description,
    kind: "value",
    ...(type === undefined ? {} : { type }),
    ...(value === undefined ? {} : { default: value }),
  };
}

function rejectSidecar(name: string, fields: object, visit: Visit): void {
  if (!Object.hasOwn(fields, "sidecar")) return;
  visit.report("misfit", `Cannot use "sidecar" in input "${name}": only files have one`, {
    part: "key",
    member: ["inputs", name, "sidecar"],
    hint: "Remove it, or write { file: PATH, sidecar: true }",
  });
}
