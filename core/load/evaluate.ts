/**
 * Runs the modules of a TypeScript workflow without any permission and returns what they define.
 * Does not know files, the workflow format or places.
 *
 * @module
 */

import type { Json } from "../workflow.ts";
import { MAX_DEPTH } from "./document.ts";
import type { ModuleGraph } from "./module_graph.ts";

/** How long a definition may take to evaluate. */
const LIMIT_MS = 10_000;

/** What came of an evaluation. */
export type Evaluation =
  | { readonly ok: true; readonly data: Json }
  | {
    readonly ok: false;
    readonly reason: "threw" | "no-default" | "not-data" | "timeout";
    readonly message: string;
    /** Stack of what was thrown, with URLs of the modules. */
    readonly stack?: string;
    /** Where in the data the problem is. */
    readonly path?: readonly (string | number)[];
  };

/**
 * Evaluates the first module of a graph and returns its default export as plain data; functions become
 * `module#export` with the module relative to the first one.
 *
 * The worker has no permissions and sees no module outside the graph. An endless synchronous loop is
 * given up after the limit, but its thread cannot be stopped: the process must end with `Deno.exit`.
 *
 * @param graph Modules as `readModuleGraph` returns them.
 * @param options Limit of the evaluation in milliseconds; 10 s by default.
 */
export async function evaluateModule(
  graph: ModuleGraph,
  options: { limitMs?: number } = {},
): Promise<Evaluation> {
  const { limitMs = LIMIT_MS } = options;
  const boot = URL.createObjectURL(new Blob([BOOT], { type: "application/javascript" }));
  const worker = new Worker(boot, { type: "module", deno: { permissions: "none" } });
  const { promise, resolve } = Promise.withResolvers<Evaluation>();
  const timer = setTimeout(() =>
    resolve({
      ok: false,
      reason: "timeout",
      message: `it did not finish in ${limitMs / 1000} s`,
    }), limitMs);
  worker.onmessage = ({ data }: MessageEvent<string>) => resolve(readAnswer(data));
  worker.onerror = (event) => {
    event.preventDefault();
    resolve({ ok: false, reason: "threw", message: event.message });
  };
  try {
    worker.postMessage({ modules: [...graph], maxDepth: MAX_DEPTH });
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.terminate();
    URL.revokeObjectURL(boot);
  }
}

/** User code shares the worker with the boot and may forge messages: only the shape is trusted. */
function readAnswer(text: unknown): Evaluation {
  const forged: Evaluation = {
    ok: false,
    reason: "threw",
    message: "it sent a message of its own",
  };
  try {
    const answer: unknown = typeof text === "string" ? JSON.parse(text) : undefined;
    if (typeof answer !== "object" || answer === null || !("ok" in answer)) return forged;
    // The boot writes exactly this type; what forged data can do is checked by the validation.
    return answer as Evaluation;
  } catch (error) {
    if (error instanceof SyntaxError) return forged;
    throw error;
  }
}

/** Runs in the worker. Plain JavaScript, because it is a text until then. */
const BOOT = `
import { registerHooks } from "node:module";
const post = self.postMessage.bind(self);
const answer = (value) => post(JSON.stringify(value));
const fail = (error, reason = "threw") => answer({
  ok: false, reason, path: error?.flowPath,
  message: error instanceof Error ? error.message || error.name : String(error),
  stack: error instanceof Error ? String(error.stack) : undefined,
});
self.addEventListener("error", (event) => { event.preventDefault(); fail(event.error ?? event.message); });
self.addEventListener("unhandledrejection", (event) => { event.preventDefault(); fail(event.reason); });
const refuse = (name) => () => { throw new Error(name + " cannot be used in a workflow file"); };
for (const name of ["exit", "kill", "chdir"]) {
  Object.defineProperty(Deno, name, { value: refuse("Deno." + name) });
}
Object.defineProperty(self, "close", { value: refuse("close") });
Object.defineProperty(self, "postMessage", { value: refuse("postMessage") });
// Standard output belongs to the data flow prints.
for (const name of ["log", "info", "debug"]) console[name] = console.error;

function plain(value, path, context) {
  const bad = (message) => {
    throw Object.assign(new Error(message), { flowPath: path });
  };
  switch (typeof value) {
    case "string": case "boolean": return value;
    case "number":
      return Number.isFinite(value) ? value : bad("the number " + value + " has no JSON form");
    case "function": {
      const name = context.functions.get(value);
      if (name !== undefined) return name;
      return bad('function "' + (value.name || "anonymous") + '" is not exported by a local module');
    }
    case "object": break;
    default: return bad(typeof value + " is not data");
  }
  if (value === null) return null;
  if (path.length > context.maxDepth) return bad("it is nested too deeply, or contains itself");
  if (Array.isArray(value)) {
    return Array.from(value, (item, i) => plain(item, [...path, i], context));
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return bad("an object of class " + (prototype.constructor?.name ?? "unknown") + " is not data");
  }
  const copy = {};
  for (const [key, member] of Object.entries(value)) {
    if (["__proto__", "constructor", "prototype"].includes(key)) bad('key "' + key + '" is reserved');
    if (member !== undefined) copy[key] = plain(member, [...path, key], context);
  }
  return copy;
}

self.onmessage = async ({ data: { modules, maxDepth } }) => {
  const graph = new Map(modules);
  const entry = modules[0][0];
  registerHooks({
    resolve(specifier, context, next) {
      const url = graph.has(specifier) ? specifier : graph.get(context.parentURL)?.imports[specifier];
      if (url === undefined && !specifier.startsWith("node:")) {
        throw new Error('Cannot import "' + specifier + '": a workflow file imports local modules statically');
      }
      if (url === undefined || url.startsWith("node:")) return next(specifier, context);
      return { url, shortCircuit: true };
    },
    load(url, context, next) {
      const served = graph.get(url);
      if (served === undefined) {
        if (url.startsWith("node:")) return next(url, context);
        throw new Error('Cannot import "' + url + '"');
      }
      return { format: served.format, source: served.source, shortCircuit: true };
    },
  });
  try {
    const main = await import(entry);
    if (!("default" in main)) {
      return fail(new Error("it has no default export"), "no-default");
    }
    const functions = new Map();
    const directory = new URL(".", entry).href;
    for (const [url, served] of modules) {
      if (served.format !== "module" || url.startsWith("file:///.flow-builtin/")) continue;
      const exported = url === entry ? main : await import(url);
      for (const [name, value] of Object.entries(exported)) {
        if (typeof value !== "function" || functions.has(value)) continue;
        const from = directory.split("/"), to = url.split("/");
        let shared = 0;
        while (shared < from.length - 1 && from[shared] === to[shared]) shared++;
        const up = "../".repeat(from.length - 1 - shared);
        functions.set(value, decodeURIComponent(up + to.slice(shared).join("/")) + "#" + name);
      }
    }
    let data;
    try {
      data = plain(main.default, [], { functions, maxDepth });
    } catch (error) {
      return fail(error, "not-data");
    }
    answer({ ok: true, data });
  } catch (error) {
    fail(error);
  }
};
`;
