/**
 * One validated node of a file to a `NodeDef`: kinds told apart, shorthands expanded, defaults filled in.
 * Does not know the other nodes, nor what is on disk.
 *
 * @module
 */

import { basename, join, normalize } from "node:path";
import { parseDataPath } from "../base/data_path.ts";
import { didYouMean } from "../base/suggest.ts";
import { DEFAULT_EXECUTOR } from "../executors.ts";
import { functionOf, functionRef } from "./function_ref.ts";
import { readHooks } from "./hooks.ts";
import { scopeOf } from "./scope.ts";
import { type MapSpec, parseMapSpec } from "../mapspec.ts";
import {
  type ExecutorDef,
  type FunctionRef,
  type HookDef,
  NODE_DEFAULTS,
  type NodeDef,
  type OutputDef,
  type Resources,
  type SourceRef,
  type Work,
} from "../workflow.ts";
import {
  commandOf,
  type CommandOutputs,
  commandOutputsOf,
  fillOutputs,
  lineOf,
  valueOutput,
} from "./node_command.ts";
import type { NodeFields, SharedFields, SourceFields, TrackedFields } from "./schema.ts";
import { isList, type ProblemOptions, type Visit } from "./shape.ts";

/** What a node is read with. */
export interface NodeContext {
  readonly defaults: SharedFields;
  readonly pools: Readonly<Record<string, number>>;
  readonly executors: Readonly<Record<string, ExecutorDef>>;
  /** Absolute path of the workflow file, and its directory. */
  readonly file: string;
  readonly dir: string;
  /** Absolute paths of the modules met so far: all nodes of one module share the text. */
  readonly modules: Map<string, string>;
  /** Hooks of nodes that have none of that kind of their own. */
  readonly hooks: readonly HookDef[];
  readonly visit: Visit;
  /** The variant of the node, and the options that are written in it. */
  readonly variant?: { readonly name: string; readonly own: ReadonlySet<string> };
}

/** Shared by all nodes without such a list. */
const NONE: readonly never[] = [];

/** Stands in for the work of a node that has none, so that its name still resolves. */
const NO_WORK: Work = { kind: "run", argv: [] };

/** Stands in for the work of a node that nests others until it is wired. */
const NESTED_WORK: Work = { kind: "call", module: "", path: "", export: "" };

/**
 * Returns a node with all defaults filled in; what does not fit is reported and left out.
 *
 * @param name Name of the node.
 * @param own Its options as written, valid one by one.
 */
export function buildNode(name: string, own: NodeFields, context: NodeContext): NodeDef {
  const report = reporter(name, context);
  const fields: NodeFields = { ...context.defaults, ...own };
  const work = workOf(fields, context);
  const isExpand = own.expand !== undefined && own.call === undefined && own.run === undefined;
  const isCommand = own.call === undefined && !isExpand && own.run !== undefined;
  const inputs = inputsOf(own, report);
  const streams = isCommand ? commandOutputsOf(fields, report) : {};
  const map = mapOf(fields, report);
  const named = own.outputs === undefined && map !== undefined && !isCommand
    ? { ...own, outputs: map.outputs.map((output) => output.name) }
    : own;
  const declared = outputsOf(name, named, { isCommand, ...streams }, context, report);
  if (isExpand) rejectOwnName(name, declared, own, report);
  const nest = nestOf(named, report);
  if (isExpand || isCommand) rejectPicks(declared, isExpand ? "expand" : "run", report);
  return {
    name,
    ...(fields.description === undefined ? {} : { description: fields.description }),
    work,
    inputs,
    outputs: isExpand ? [valueOutput(name)] : declared,
    ...(isExpand ? { expand: { provides: own.outputs === undefined ? [] : declared } } : {}),
    ...(nest === undefined ? {} : { nest }),
    ...(map === undefined ? {} : { map }),
    scope: scopeOf(fields.allow),
    cache: cacheOf(fields.cache),
    track: fields.track?.flatMap((source) => trackedOf(source, context) ?? []) ?? NONE,
    after: typeof fields.after === "string" ? [fields.after] : fields.after ?? NONE,
    retry: retryOf(fields.retries),
    ...(fields.timeout === undefined ? {} : { timeoutMs: fields.timeout }),
    resources: resourcesOf(fields.resources, context, report),
    isolate: fields.isolate ?? NODE_DEFAULTS.isolate,
    // A node that returns nodes cannot return an error value, whatever `defaults` say.
    onError: isExpand ? "fail" : fields.onError ?? NODE_DEFAULTS.onError,
    ...placedBy(own, context, report),
    ...hooksOf(name, own, context),
    enabled: fields.enabled ?? NODE_DEFAULTS.enabled,
    ...(work.kind === "run" ? { command: commandOf(fields, inputs, streams, report) } : {}),
  };
}

/** Reports a problem at a member of the node. */
export type Report = (
  code: string,
  message: string,
  member: readonly (string | number)[],
  options?: ProblemOptions,
) => void;

function reporter(name: string, { visit, variant }: NodeContext): Report {
  const node = `node ${JSON.stringify(name)}`;
  const whose = variant === undefined ? node : `variant "${variant.name}" of ${node}`;
  return (code, message, member, options = {}) => {
    const isOwn = variant?.own.has(String(member[0])) === true;
    visit.report(code, message.replaceAll("@", whose), {
      ...options,
      member: ["nodes", name, ...isOwn ? ["variants", variant.name] : [], ...member],
    });
  };
}

/** What a node nests; only values of theirs can be its own. */
function nestOf(own: NodeFields, report: Report): NodeDef["nest"] {
  const { nest: nodes, outputs } = own;
  if (nodes === undefined || own.call !== undefined || own.run !== undefined) return undefined;
  if (nodes.length === 1) {
    report("too-few", `Cannot nest "${nodes[0]}" alone in @`, ["nest"], {
      hint: "Name two nodes or more",
    });
  }
  if (outputs === undefined) return { nodes };
  if (outputs === null || outputs === "none") return { nodes, outputs: [] };
  if (isList(outputs)) return { nodes, outputs };
  report("misfit", "Cannot declare outputs of @: the nodes it nests do", ["outputs"], {
    part: "key",
    hint: `Name theirs: [${Object.keys(outputs).join(", ")}]`,
  });
  return { nodes };
}

function workOf(
  { call, expand, run, nest, shell = "sh" }: NodeFields,
  { dir, modules }: NodeContext,
): Work {
  const target = call ?? (run === undefined ? expand : undefined);
  if (target !== undefined) return { kind: "call", ...functionOf(target, { dir, modules }) };
  if (run === undefined && nest !== undefined) return NESTED_WORK;
  return run === undefined ? NO_WORK : { kind: "run", ...lineOf(run, shell) };
}

function inputsOf(own: NodeFields, report: Report): Record<string, SourceRef> {
  const inputs: Record<string, SourceRef> = {};
  if (own.inputs === undefined) return inputs;
  if (isList(own.inputs)) {
    for (const [i, name] of own.inputs.entries()) {
      if (Object.hasOwn(inputs, name)) {
        report("duplicate-key", `Duplicate input "${name}" of @`, ["inputs", i]);
      }
      inputs[name] = { kind: "ref", ref: name };
    }
    return inputs;
  }
  for (const [name, source] of Object.entries(own.inputs)) {
    const ref = sourceOf(source);
    if (ref !== undefined) inputs[name] = ref;
  }
  return inputs;
}

function sourceOf(source: SourceFields): SourceRef | undefined {
  if (typeof source === "string") return { kind: "ref", ref: source };
  const { value, file, dir, glob, env, sidecar } = source;
  if (file !== undefined) {
    return { kind: "file", path: file, ...(sidecar === true ? { sidecar } : {}) };
  }
  if (dir !== undefined) return { kind: "dir", path: dir };
  if (glob !== undefined) return { kind: "glob", pattern: glob };
  if (env !== undefined) return { kind: "env", name: env };
  return value === undefined ? undefined : { kind: "value", value };
}

function trackedOf(
  source: TrackedFields,
  context: NodeContext,
): SourceRef | FunctionRef | undefined {
  if (typeof source === "string" || source.call === undefined) return sourceOf(source);
  return functionRef(source.call, context);
}

function mapOf({ map }: NodeFields, report: Report): MapSpec | undefined {
  if (map === undefined) return undefined;
  const parsed = parseMapSpec(map);
  if (parsed.ok) return parsed.spec;
  const { message, start, end, hint } = parsed;
  report("map-spec", message, ["map"], {
    within: { text: map, start, end },
    ...(hint === undefined ? {} : { hint }),
  });
  return undefined;
}

function outputsOf(
  name: string,
  own: NodeFields,
  kind: CommandOutputs & { readonly isCommand: boolean },
  context: NodeContext,
  report: Report,
): readonly OutputDef[] {
  const outputs = declaredOutputs(name, own, kind.isCommand, context, report);
  if (kind.isCommand) fillOutputs(outputs, kind, own, report);
  if (own.temp !== true) return outputs;
  if (outputs.length === 0) {
    report("no-effect", '"temp" has no effect on @: it has no outputs', ["temp"], {
      severity: "warning",
      part: "key",
      hint: "Remove it",
    });
  }
  return outputs.map((output) => ({ ...output, temp: true }));
}

/** The name of a node that returns nodes means those, as data. */
function rejectOwnName(
  name: string,
  provides: readonly OutputDef[],
  own: NodeFields,
  report: Report,
): void {
  const at = provides.findIndex((output) => output.name === name);
  if (at < 0 || own.outputs === undefined) return;
  const member = isList(own.outputs ?? null) ? ["outputs", at] : ["outputs", name];
  report(
    "wrong-name",
    `Cannot promise output "${name}" of @: the node has that name itself`,
    member,
    {
      part: isList(own.outputs ?? null) ? "value" : "key",
      hint: "Rename the node, or leave the output out",
    },
  );
}

function declaredOutputs(
  name: string,
  { outputs }: NodeFields,
  isCommand: boolean,
  context: NodeContext,
  report: Report,
): OutputDef[] {
  if (outputs === undefined) return isCommand ? [] : [valueOutput(name)];
  if (outputs === null || outputs === "none") return [];
  if (isList(outputs)) {
    for (const [i, output] of outputs.entries()) {
      if (outputs.indexOf(output) === i) continue;
      report("duplicate-key", `Duplicate output "${output}" of @`, ["outputs", i]);
    }
    return [...new Set(outputs)].map(valueOutput);
  }
  return Object.entries(outputs).map(([key, written]) => outputOf(key, written, context, report));
}

function outputOf(
  name: string,
  written: Exclude<NodeFields["outputs"], undefined | null | string | readonly string[]>[string],
  context: NodeContext,
  report: Report,
): OutputDef {
  const fields = typeof written === "string" ? { file: written } : written ?? {};
  const { file, dir, temp = false, allowEmpty = false, hash } = fields;
  const known = hash === undefined ? {} : { hash };
  const at = (key: string): (string | number)[] =>
    typeof written === "string" ? ["outputs", name] : ["outputs", name, key];
  if (file !== undefined && dir !== undefined) {
    const message = `Cannot use both "file" and "dir" in output "${name}" of @`;
    report("conflict", message, at("dir"), { part: "key", hint: "Remove one of them" });
  }
  if (file?.endsWith("/")) {
    const message = `Cannot use "${file}" as a file: it ends like a directory`;
    report("wrong-value", message, at("file"), { hint: `Write { dir: "${file}" }` });
  }
  const path = file ?? dir;
  if (fields.pick !== undefined && path !== undefined) {
    const message = `Cannot use "pick" in output "${name}" of @: it is no value`;
    report("conflict", message, at("pick"), { part: "key", hint: "Remove one of them" });
  }
  if (path === undefined) {
    const pick = pickOf(name, fields.pick, report);
    if (allowEmpty) {
      const message = `"allowEmpty" has no effect on output "${name}" of @: it is a value`;
      report("no-effect", message, at("allowEmpty"), { severity: "warning", part: "key" });
    }
    return { ...valueOutput(name), temp, ...known, ...pick };
  }
  const clean = normalize(path).replace(/(?<=.)\/$/, "");
  if (join(context.dir, clean) === context.file) {
    const message = `Cannot write output "${name}" of @ to "${basename(context.file)}": ` +
      "it is the workflow file";
    report("wrong-value", message, at(file === undefined ? "dir" : "file"), {
      hint: "Choose another path",
    });
  }
  const kind = file === undefined ? "dir" : "file";
  return { name, kind, path: clean, temp, allowEmpty, ...known };
}

/** Where a value is in what the function returns. */
function pickOf(
  name: string,
  text: string | undefined,
  report: Report,
): Pick<OutputDef, "pick"> {
  if (text === undefined) return {};
  const parsed = parseDataPath(text);
  if (parsed.ok) return { pick: parsed.path };
  const { message, start, end } = parsed;
  report(
    "bad-path",
    `Cannot read "pick" of output "${name}" of @: ${message}`,
    ["outputs", name, "pick"],
    { within: { text, start, end }, hint: 'Write keys and indices: stats.mean, rows[0], ["a b"]' },
  );
  return {};
}

/** Only a function returns something to pick from, and nodes that it returns have outputs of their own. */
function rejectPicks(outputs: readonly OutputDef[], kind: string, report: Report): void {
  for (const { name, pick } of outputs) {
    if (pick === undefined) continue;
    const message =
      `Cannot use "pick" in output "${name}" of @: it only fits "call" nodes, not "${kind}"`;
    report("misfit", message, ["outputs", name, "pick"], { part: "key", hint: "Remove it" });
  }
}

function cacheOf(cache: NodeFields["cache"] = NODE_DEFAULTS.cache): NodeDef["cache"] {
  if (typeof cache !== "object") return cache;
  return cache.ttl === undefined ? NODE_DEFAULTS.cache : { ttlMs: cache.ttl };
}

function retryOf(retries: NodeFields["retries"]): NodeDef["retry"] {
  const { limit, delayMs, factor } = NODE_DEFAULTS.retry;
  if (retries === undefined) return NODE_DEFAULTS.retry;
  if (typeof retries === "number") return { limit: retries, delayMs, factor };
  return {
    limit: retries.limit ?? limit,
    delayMs: retries.delay ?? delayMs,
    factor: retries.factor ?? factor,
  };
}

/** Its own hooks, and those of `defaults` for which it has none. */
function hooksOf(name: string, own: NodeFields, context: NodeContext): Pick<NodeDef, "hooks"> {
  const mine = readHooks(own, { ...context, at: ["nodes", name], about: "node" });
  const others = context.hooks.filter(({ when }) => !mine.some((hook) => hook.when === when));
  const hooks = mine.length === 0 ? context.hooks : [...mine, ...others];
  return hooks.length === 0 ? {} : { hooks };
}

/** Where it runs and how its calls travel. */
function placedBy(
  { executor, concurrency, chunk }: NodeFields,
  { executors }: NodeContext,
  report: Report,
): Pick<NodeDef, "executor" | "concurrency" | "chunk"> {
  const known = [...new Set([DEFAULT_EXECUTOR, ...Object.keys(executors)])];
  const isKnown = executor === undefined || known.includes(executor);
  if (!isKnown) {
    const message = `Cannot find executor "${executor}" of @: "executors" does not declare it`;
    report("unknown-executor", message, ["executor"], {
      hint: didYouMean(executor, known) ??
        `Add "executors: { ${executor}: { slots: 1 } }" at the top of the file`,
    });
  }
  return {
    ...(executor === undefined || !isKnown ? {} : { executor }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(chunk === undefined ? {} : { chunk }),
  };
}

function resourcesOf(
  written: NodeFields["resources"],
  context: NodeContext,
  report: Report,
): Resources {
  if (written === undefined) return NODE_DEFAULTS.resources;
  const { cpus = 1, memory, call, pools } = written;
  for (const [pool, amount] of Object.entries(pools)) {
    const known = Object.keys(context.pools);
    const capacity = Object.hasOwn(context.pools, pool) ? context.pools[pool] : undefined;
    if (capacity === undefined) {
      report("unknown-pool", `Cannot find pool "${pool}" of @: "pools" does not declare it`, [
        "resources",
        pool,
      ], {
        part: "key",
        hint: didYouMean(pool, ["cpus", "memory", ...known]) ??
          `Add "pools: { ${pool}: CAPACITY }" at the top of the file`,
      });
    } else if (amount > capacity) {
      const message = `Cannot take ${amount} of pool "${pool}" in @: it holds only ${capacity}`;
      report("wrong-value", message, ["resources", pool]);
    }
  }
  return {
    cpus,
    ...(memory === undefined ? {} : { memoryBytes: memory.bytes }),
    ...(memory?.scales === undefined ? {} : { scales: memory.scales }),
    ...(call === undefined ? {} : { by: functionRef(call, context) }),
    pools,
  };
}
