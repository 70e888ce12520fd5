/**
 * The format of workflow files, once: validation and the JSON Schema for editors both come from here.
 * Does not know files, YAML, wiring, or what the options do.
 *
 * @module
 */

import { joinPath } from "../base/data_path.ts";
import { nearest } from "../base/suggest.ts";
import type { Json, JsonObject } from "../workflow.ts";
import { command, COMMAND_ONLY, commandFields, sandbox, shell } from "./schema_command.ts";
import { hookFields } from "./schema_hooks.ts";
import { executorsShape, placementFields } from "./schema_executors.ts";
import { resources } from "./schema_resources.ts";
import { sweepsShape } from "./schema_sweeps.ts";
import {
  allow,
  duration,
  functionName,
  NAME,
  name,
  NAME_HINT,
  nodeInputs,
  nodeOutputs,
  path,
  positiveDuration,
  SCOPED_NAME,
  SCOPED_NAME_HINT,
  sidecar,
  source,
  trackedSource,
} from "./schema_values.ts";
import {
  anything,
  boolean,
  choice,
  documented,
  either,
  exactly,
  type Fields,
  isMapping,
  list,
  nothing,
  number,
  object,
  type Path,
  type Read,
  refine,
  type Shape,
  table,
  text,
  type Visit,
  word,
} from "./shape.ts";

/** Options of any node that `defaults` may set for all. */
const shared = {
  allow: documented(either(exactly(false), allow), "What the node may touch; nothing by default."),
  cache: documented(
    either(
      boolean,
      word("auto"),
      object({ ttl: documented(positiveDuration, "How long a result counts.") }, {
        expected: "a mapping with ttl",
        required: ["ttl"],
      }),
    ),
    "Whether results are kept. By default they are, unless net, run or ffi is allowed.",
    { default: "auto" },
  ),
  retries: documented(
    either(
      number({ integer: true, min: 0, max: 1000 }),
      object({
        limit: documented(
          number({ integer: true, min: 0, max: 1000 }),
          "Attempts after the first.",
        ),
        delay: documented(duration, "Pause before the first retry.", { default: "1s" }),
        factor: documented(number({ min: 1 }), "How much longer each further pause is.", {
          default: 2,
        }),
      }, { expected: "a mapping with limit", required: ["limit"] }),
    ),
    "How often a failed node is tried again.",
    { default: 0 },
  ),
  timeout: documented(positiveDuration, 'Time limit: "30s", "5m", or a number of seconds.'),
  resources,
  isolate: documented(
    choice("pooled", "fresh"),
    "Functions: whether the worker may be used for other work before and after.",
    { default: "pooled" },
  ),
  onError: documented(
    choice("fail", "continue", "skip"),
    "Whether a failure stops what is downstream, or is handed on as an error value. A node that would take error values " +
      "gets them with continue, and is not called with skip: one stands for its result, too.",
    { default: "fail" },
  ),
  ...hookFields("a node that was executed"),
  shell,
  sandbox,
} satisfies Fields;

/** Options that only fit functions. */
export const CALL_ONLY: readonly string[] = ["isolate", "concurrency", "chunk"];

/** Options that do not fit a node that returns nodes. */
export const NOT_EXPAND: readonly string[] = ["map", "temp", "onError", "concurrency", "chunk"];

/** What a node does: exactly one of these. */
const KINDS = ["call", "run", "expand"] as const;

/** Words of the format that this version refuses, with what to use instead. */
const RESERVED = {
  stream: "Use call or run",
  use: "Copy the nodes of the other workflow",
  when: "Use enabled",
};

const nodeFields = {
  call: documented(
    functionName,
    "The function to call: local module, #, name of the export.",
    { examples: ["nodes.ts#load"] },
  ),
  expand: documented(
    functionName,
    "A function that returns nodes: { nodes: { NAME: … } }, in the format of this file. They join the workflow. " +
      "outputs names those of theirs that nodes of the file use.",
    { examples: ["nodes.ts#perFile"] },
  ),
  run: documented(
    command,
    "The command: a list of arguments, or a text for the shell. " +
      "${in.NAME}, ${out.NAME} and ${params.NAME} are filled in. A text whose first line names an " +
      "interpreter, #!/usr/bin/env python3, is run by that.",
  ),
  description: documented(text(), "What the node does, for people."),
  inputs: nodeInputs,
  outputs: nodeOutputs,
  map: documented(text({ expected: "a map-spec" }), "One call per element.", {
    examples: ["xs[i] -> ys[i]", "xs[i], ys[j] -> zs[i, j]"],
  }),
  ...placementFields,
  track: documented(
    list(trackedSource, { what: "sources" }),
    "Further dependencies whose content counts but which are no arguments: sources, or " +
      "{ call: lib.ts#helper } for the code of a function.",
  ),
  after: documented(
    either(name, list(name, { what: "names" })),
    "Nodes that must be done before, without being inputs.",
  ),
  enabled: documented(boolean, "false leaves the node and everything downstream out.", {
    default: true,
  }),
  temp: documented(boolean, "All outputs are temporary: values and files.", { default: false }),
  ...shared,
  ...commandFields,
} satisfies Fields;

const nodeObject = object(nodeFields, {
  expected: "a mapping with call, run or expand",
  reserved: RESERVED,
  json: {
    oneOf: [
      {
        required: ["call"],
        properties: Object.fromEntries(
          ["run", "expand", ...COMMAND_ONLY].map((key) => [key, false]),
        ),
      },
      {
        required: ["expand"],
        properties: Object.fromEntries(
          ["call", "run", ...COMMAND_ONLY, ...NOT_EXPAND].map((key) => [key, false]),
        ),
      },
      {
        required: ["run"],
        properties: Object.fromEntries(["call", "expand", ...CALL_ONLY].map((key) => [key, false])),
        if: { properties: { run: { type: "array" } } },
        then: { properties: { shell: false } },
      },
    ],
  },
});

const nodeShape = refine(nodeObject, (read, visit, raw) => {
  if (isMapping(raw)) checkKind(raw, visit);
  return read;
});

/** Exactly one kind, and only options that fit it. */
function checkKind(raw: JsonObject, visit: Visit): void {
  const kinds = KINDS.filter((key) => Object.hasOwn(raw, key));
  if (kinds.length === 0) {
    const isMeant = Object.keys(raw).some((key) =>
      Object.hasOwn(RESERVED, key) ||
      (!Object.hasOwn(nodeFields, key) && nearest(key, KINDS) !== undefined)
    );
    // A misspelt or reserved kind has been reported already.
    if (isMeant) return;
    visit.report(
      "missing-key",
      `Cannot tell what ${visit.name} does: it has neither "call" nor "run"`,
      {
        part: "key",
        hint: 'Add call: "module.ts#function" or run: [program, argument]',
      },
    );
    return;
  }
  const [kind, second] = kinds;
  if (second !== undefined) {
    const message = `Cannot use both "${kind}" and "${second}" in ${visit.name}`;
    visit.report("conflict", message, {
      part: "key",
      member: [second],
      hint: "Remove one of them",
    });
    return;
  }
  for (const [key, other] of misfits(kind)) {
    if (!Object.hasOwn(raw, key)) continue;
    visit.report("misfit", `Cannot use "${key}" in ${visit.name}: it only fits ${other} nodes`, {
      part: "key",
      member: [key],
      hint: "Remove it",
    });
  }
  if (typeof raw.run === "string" && raw.run.startsWith("#!") && Object.hasOwn(raw, "shell")) {
    visit.report(
      "misfit",
      `Cannot use "shell" in ${visit.name}: the first line of its script names what runs it`,
      { part: "key", member: ["shell"], hint: "Remove one of them" },
    );
  }
  if (Array.isArray(raw.run) && Object.hasOwn(raw, "shell")) {
    visit.report(
      "misfit",
      `Cannot use "shell" in ${visit.name}: its command is a list of arguments`,
      {
        part: "key",
        member: ["shell"],
        hint: 'Write "run" as one text, or remove "shell"',
      },
    );
  }
}

/** Options that do not fit a kind of node, and the kinds they fit. */
function misfits(kind: typeof KINDS[number]): (readonly [key: string, kinds: string])[] {
  if (kind === "run") return CALL_ONLY.map((key) => [key, '"call"'] as const);
  const misfits = COMMAND_ONLY.map((key) => [key, '"run"'] as const);
  if (kind === "call") return misfits;
  return [...misfits, ...NOT_EXPAND.map((key) => [key, '"call" and "run"'] as const)];
}

const INPUT_TYPES = ["string", "number", "integer", "boolean", "array", "object"] as const;

const inputObject = object({
  file: documented(either(nothing, path), "A file; the path is the default."),
  dir: documented(either(nothing, path), "A directory; the path is the default."),
  sidecar,
  type: documented(choice(...INPUT_TYPES), "Type of the value."),
  default: documented(anything, "Value if none is given; without it the input is required."),
  description: documented(text(), "What the input is, for people."),
}, {
  expected: "a mapping",
  json: {
    dependentRequired: { sidecar: ["file"] },
    allOf: [
      { not: { required: ["file", "dir"] } },
      ...["file", "dir"].map((key) => ({
        if: { required: [key] },
        then: { properties: { type: false, default: false } },
      })),
    ],
  },
});

/** A value that is its own default. */
const literal: Shape<{ readonly literal: Json }> = {
  expected: "a value",
  json: { type: ["string", "number", "boolean", "array", "null"] },
  accepts: (value) => !isMapping(value),
  read: (value) => ({ literal: value }),
};

const nodesTable = table(nodeShape, { what: "nodes", keyPattern: NAME, keyHint: NAME_HINT });

/** What a node that returns nodes returns. */
export const returnedShape = object({ nodes: nodesTable }, {
  expected: "a mapping with nodes",
  required: ["nodes"],
});

/** The whole file. */
export const workflowShape = object({
  $schema: documented(text(), "Address of the JSON Schema, for editors."),
  name: documented(name, "Name of the workflow; the file's by default."),
  description: documented(text(), "What the workflow does, for people."),
  params: documented(
    table(anything, { what: "parameters", keyPattern: NAME, keyHint: NAME_HINT }),
    "Configuration, used as params.a.b; changed with --set a.b=VALUE and --params FILE.",
  ),
  inputs: documented(
    table(either(literal, inputObject), {
      what: "inputs",
      keyPattern: SCOPED_NAME,
      keyHint: SCOPED_NAME_HINT,
    }),
    "What comes from outside: { file }, { dir }, { type, default, description }, " +
      "a default value, or nothing for a required value. A name may have a scope: scope.name.",
  ),
  nodes: documented(nodesTable, "The nodes by name."),
  sweeps: sweepsShape,
  pools: documented(
    table(number({ integer: true, min: 1 }), {
      what: "pools",
      keyPattern: /^(?!(?:cpus|memory|call)$)[A-Za-z_][A-Za-z0-9_-]*$/,
      keyHint: `${NAME_HINT}; "cpus", "memory" and "call" are not pools`,
    }),
    "Resources that nodes share, by name, and how much there is of each.",
  ),
  executors: executorsShape,
  ...hookFields("a run"),
  defaults: documented(
    object(shared, { expected: "a mapping of node options" }),
    "Options that apply to all nodes that do not set them.",
  ),
}, {
  expected: "a mapping with nodes",
  required: ["nodes"],
  ignored: /^x-/,
});

/** A workflow file without its bad parts. */
export type WorkflowFields = Read<typeof workflowShape>;

/** A node without its bad parts. */
export type NodeFields = Read<typeof nodeShape>;

/** An input as written, without its bad parts. */
export type InputFields = { readonly literal: Json } | Read<typeof inputObject>;

/** A source as written. */
export type SourceFields = Read<typeof source>;

/** What `track` names, as written. */
export type TrackedFields = Read<typeof trackedSource>;

/** The options of `defaults`. */
export type SharedFields = NonNullable<WorkflowFields["defaults"]>;

/**
 * Returns the JSON Schema (draft 2020-12) of workflow files, as `flow schema` prints it.
 *
 * It accepts every file that loads. What it cannot say (wiring, map-specs) only flow reports.
 */
export function workflowSchema(): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "flow workflow",
    description: "Nodes that flow wires by name, runs in their scope and keeps by content.",
    ...workflowShape.json,
  };
}

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
  if (member === undefined) return whose;
  const [argument, ...deeper] = rest;
  if (kind === "node" && argument !== undefined && (member === "inputs" || member === "outputs")) {
    const part = `${member.slice(0, -1)} ${
      typeof argument === "number" ? argument + 1 : `"${argument}"`
    } of ${whose}`;
    return deeper.length === 0 ? part : `"${joinPath(deeper)}" of ${part}`;
  }
  return `"${joinPath([member, ...rest])}" of ${whose}`;
}
