/**
 * The program of a worker: closes what Deno leaves open, loads one closure through module hooks, and runs calls.
 * `bootWorker` becomes source text, so it refers to nothing outside itself. Does not know scopes, files or stores.
 *
 * The hardening is against accidents and against careless code. Against an attacker in the same realm it is only the
 * first line: the permissions of the worker and the disposable host process are the others.
 *
 * @module
 */

import { createValueCodec } from "../base/value.ts";
import type {
  FromWorker,
  Part,
  ShOptions,
  ShResult,
  ThrownData,
  ToWorker,
  WorkerCall,
  WorkerInit,
  WorkerSetup,
} from "./worker_protocol.ts";

/** The node modules the boot needs, imported statically by its text. */
interface NodeModules {
  // deno-lint-ignore no-explicit-any -- patched by name
  readonly process: any;
  // deno-lint-ignore no-explicit-any -- patched by name
  readonly fs: any;
  readonly registerHooks: (hooks: unknown) => void;
}

/**
 * Returns the text of a worker's boot module.
 *
 * @param setup What holds for the life of the worker.
 * @param npm Exact `npm:` specifiers of the closure; named in the text so that Deno resolves them before the hooks exist.
 */
export function bootText(setup: WorkerSetup, npm: readonly string[]): string {
  const imports = npm.map((specifier) => `import(${JSON.stringify(specifier)});`).join("");
  return `import process from "node:process";
import * as fs from "node:fs";
import { registerHooks } from "node:module";
const createValueCodec = ${createValueCodec.toString()};
const bootWorker = ${bootWorker.toString()};
bootWorker(${
    JSON.stringify(setup)
  }, createValueCodec(), { process, fs: fs.default, registerHooks });
// Never called: the literals put the packages into the module graph.
function packages() { ${imports} }
`;
}

/** Runs inside the worker; see the module comment. Long because it must be one self-contained function. */
function bootWorker(
  setup: WorkerSetup,
  codec: ReturnType<typeof createValueCodec>,
  node: NodeModules,
): void {
  // deno-lint-ignore no-explicit-any -- the worker's global object, patched by name
  const scope = globalThis as any;
  const { process, fs } = node;
  // What the boot uses later is captured now: the user's code may replace globals.
  const now = performance.now.bind(performance);
  const { defineProperty, freeze, keys, hasOwn } = Object;
  const NotCapable = Deno.errors.NotCapable;
  let port: MessagePort;
  let bundle: WorkerInit["bundle"];
  let current: { id: number; abort: AbortController; waitsFor: number } | undefined;
  /** Errors the boot itself raised: what they are reported as. */
  const raised = new WeakMap<object, Partial<ThrownData> & { kind: ThrownData["kind"] }>();

  function send(message: FromWorker, transfer?: Transferable[]): void {
    post(message, transfer ?? []);
  }
  let post: (message: FromWorker, transfer: Transferable[]) => void = () => {};

  function raise(message: string, data: Partial<ThrownData> & { kind: ThrownData["kind"] }): never {
    const error = new Error(message);
    raised.set(error, data);
    throw error;
  }

  function set(target: object, name: PropertyKey, value: unknown): void {
    defineProperty(target, name, { value, configurable: false, writable: false });
  }

  function forbid(target: object, owner: string, names: readonly string[], why: string): void {
    for (const name of names) {
      if (!(name in target)) continue;
      // Not an arrow function: some of them are called with `new`.
      set(target, name, function () {
        raise(`The function called "${owner}${name}": ${why}`, { kind: "died", isFinal: true });
      });
    }
  }

  // --- Printing -----------------------------------------------------------------------------------------------------

  const printed = { stdout: "", stderr: "" };
  let flushedAt = -1e9;

  function flush(): void {
    flushedAt = now();
    for (const stream of ["stdout", "stderr"] as const) {
      const text = printed[stream];
      if (text === "") continue;
      printed[stream] = "";
      send({ kind: "print", id: current?.id ?? -1, stream, text });
    }
  }

  function print(stream: "stdout" | "stderr", text: string): void {
    printed[stream] += text;
    // At once when quiet, so that the last words before a crash are kept; every 10 ms in a loop.
    if (now() - flushedAt > 10 || printed[stream].length > 1 << 16) flush();
  }

  function printer(stream: "stdout" | "stderr"): (data: Uint8Array | string) => number {
    const decoder = new TextDecoder();
    return (data) => {
      print(stream, typeof data === "string" ? data : decoder.decode(data, { stream: true }));
      return data.length;
    };
  }

  function captureOutput(): void {
    const Console =
      (Deno as unknown as Record<symbol, { Console: new (print: unknown) => object }>)[
        (Deno as unknown as { internal: symbol }).internal
      ].Console;
    const captured = new Console((text: string, level: number) =>
      print(level >= 2 ? "stderr" : "stdout", text)
    ) as Record<string, unknown>;
    for (const name of Object.getOwnPropertyNames(captured)) {
      if (typeof captured[name] === "function" && name in console) {
        (console as unknown as Record<string, unknown>)[name] = captured[name];
      }
    }
    for (const stream of ["stdout", "stderr"] as const) {
      const write = printer(stream);
      const fake = {
        write: (data: Uint8Array) => Promise.resolve(write(data)),
        writeSync: write,
        close() {},
        isTerminal: () => false,
        get writable() {
          return new WritableStream({ write: (data: Uint8Array) => void write(data) });
        },
      };
      set(Deno, stream, freeze(fake));
      let nodeStream: unknown;
      defineProperty(process, stream, {
        configurable: false,
        get: () => nodeStream ??= nodeWritable(write, stream === "stdout" ? 1 : 2),
      });
    }
    captureDescriptors();
  }

  function nodeWritable(write: (data: Uint8Array) => void, fd: number): unknown {
    const { Writable } = process.getBuiltinModule("node:stream");
    const stream = new Writable({
      decodeStrings: true,
      write(data: Uint8Array, _encoding: string, done: () => void) {
        write(data);
        done();
      },
    });
    stream.fd = fd;
    return stream;
  }

  /** Descriptors 0 to 2 are the host's own pipes. */
  function captureDescriptors(): void {
    const outs = [undefined, printer("stdout"), printer("stderr")];
    const { writeSync, write, readSync, read, writeFileSync, appendFileSync, readFileSync } = fs;
    const slice = (data: unknown, offset: unknown, length: unknown): Uint8Array | string => {
      if (typeof data === "string") return data;
      const view = data as Uint8Array;
      const from = typeof offset === "number" ? offset : 0;
      return view.subarray(from, typeof length === "number" ? from + length : undefined);
    };
    fs.writeSync = (fd: number, data: unknown, offset: unknown, length: unknown, at: unknown) =>
      outs[fd] ? outs[fd]!(slice(data, offset, length)) : writeSync(fd, data, offset, length, at);
    fs.write = (fd: number, data: unknown, ...rest: unknown[]) => {
      if (!outs[fd]) return write(fd, data, ...rest);
      const count = outs[fd]!(slice(data, rest[0], rest[1]));
      const done = rest.at(-1) as (error: null, count: number, data: unknown) => void;
      queueMicrotask(() => done(null, count, data));
    };
    fs.readSync = (fd: number, ...rest: unknown[]) => fd === 0 ? 0 : readSync(fd, ...rest);
    fs.read = (fd: number, ...rest: unknown[]) => {
      if (fd !== 0) return read(fd, ...rest);
      const done = rest.at(-1) as (error: null, count: number) => void;
      queueMicrotask(() => done(null, 0));
    };
    const wholes = { writeFileSync, appendFileSync };
    for (const name of ["writeFileSync", "appendFileSync"] as const) {
      fs[name] = (path: unknown, data: unknown, options: unknown) =>
        typeof path === "number" && outs[path]
          ? void outs[path]!(data as string)
          : wholes[name](path, data, options);
    }
    fs.readFileSync = (path: unknown, options: unknown) =>
      path === 0
        ? (options === undefined ? new Uint8Array(0) : "")
        : readFileSync(path as string, options);
  }

  // --- Closing what permissions leave open --------------------------------------------------------------------------

  function freezeEnvironment(): void {
    const env: Record<string, string> = freeze({ ...setup.env });
    const names = new Set(setup.envNames);
    const denied = (name: string, verb: string): never => {
      throw new NotCapable(`Requires env access to "${name}", ${verb}`);
    };
    const known = (name: string): void => {
      if (!names.has(name)) denied(name, "run again with the --allow-env flag");
    };
    set(
      Deno,
      "env",
      freeze({
        get: (name: string) => (known(name), hasOwn(env, name) ? env[name] : undefined),
        has: (name: string) => (known(name), hasOwn(env, name)),
        toObject: () => ({ ...env }),
        set: (name: string) =>
          raise(`Cannot set the variable "${name}": the environment is read-only`, {
            kind: "threw",
          }),
        delete: (name: string) =>
          raise(`Cannot delete the variable "${name}": the environment is read-only`, {
            kind: "threw",
          }),
      }),
    );
    // Packages probe `process.env` freely: what is not declared is simply not set.
    set(process, "env", env);
  }

  function closeHoles(): void {
    const leave = "a function ends by returning or throwing";
    const foreign = "it would act on the process of other nodes";
    forbid(Deno, "Deno.", ["exit"], leave);
    forbid(process, "process.", ["exit", "reallyExit", "abort"], leave);
    forbid(scope, "self.", ["close"], leave);
    forbid(Deno, "Deno.", ["kill", "chdir", "umask", "addSignalListener"], foreign);
    forbid(
      process,
      "process.",
      ["kill", "chdir", "umask", "setuid", "setgid", "seteuid", "setegid", "dlopen", "binding"],
      foreign,
    );
    forbid(scope, "self.", ["postMessage"], "the result of a function is what it returns");
    forbid(scope, "", ["alert", "confirm", "prompt"], "nobody is there to answer");
    forbid(scope, "", ["Worker"], "a node has one worker; use a map node for parallel work");
    for (const name of ["BroadcastChannel", "caches", "localStorage", "sessionStorage"]) {
      set(scope, name, undefined);
    }
    set(
      Deno,
      "stdin",
      freeze({
        read: () => Promise.resolve(null),
        readSync: () => null,
        close() {},
        isTerminal: () => false,
        setRaw() {},
        get readable() {
          return new ReadableStream({ start: (controller) => controller.close() });
        },
      }),
    );
    let stdin: unknown;
    defineProperty(process, "stdin", {
      configurable: false,
      get: () => stdin ??= process.getBuiltinModule("node:stream").Readable.from([]),
    });
    const { permissions } = Deno;
    const query = permissions.query.bind(permissions);
    const querySync = permissions.querySync.bind(permissions);
    set(
      Deno,
      "permissions",
      freeze({
        query,
        querySync,
        request: query,
        requestSync: querySync,
        revoke: query,
        revokeSync: querySync,
      }),
    );
    // The lock is held already; others' locks are not this code's business.
    set(navigator, "locks", undefined);
    const getBuiltin = process.getBuiltinModule.bind(process);
    set(process, "getBuiltinModule", (name: string) => builtin(String(name), getBuiltin));
    set(scope, Symbol.for("flow.builtin"), (name: string) => builtin(name, getBuiltin));
  }

  /** What of node modules is not for nodes. */
  const GUARDED: Record<string, readonly string[]> = {
    module: ["register", "registerHooks", "syncBuiltinESMExports"],
    worker_threads: ["Worker"],
  };

  function builtin(name: string, getBuiltin: (name: string) => unknown): unknown {
    const plain = name.replace(/^node:/, "");
    if (plain === "process") return process;
    if (plain === "fs") return fs;
    const module = getBuiltin(name) as Record<string, unknown>;
    const guarded = GUARDED[plain];
    if (guarded === undefined) return module;
    const copy = { ...module };
    for (const key of guarded) {
      copy[key] = function () {
        raise(`The function called "${key}" of "node:${plain}": it would outlive the function`, {
          kind: "died",
          isFinal: true,
        });
      };
    }
    return copy;
  }

  // --- Modules ------------------------------------------------------------------------------------------------------

  const PATCHED = /^(?:node:)?(process|fs|module|worker_threads)$/;
  const PATCHED_URL = /^file:\/\/\/@flow\/(process|fs|module|worker_threads)\.js$/;
  const npmRoots = new Set<string>();

  function isBelow(url: string): boolean {
    for (const root of npmRoots) if (url.startsWith(root)) return true;
    return false;
  }

  /** A module that re-exports the patched form of a node module. */
  function patchedSource(name: string): string {
    const names = keys(builtinOf(name) as object).filter((key: string) =>
      /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default"
    );
    return `const m = globalThis[Symbol.for("flow.builtin")](${JSON.stringify(name)});\n` +
      `export default m;\nexport const { ${names.join(", ")} } = m;`;
  }
  function builtinOf(name: string): unknown {
    return scope[Symbol.for("flow.builtin")](name);
  }

  function installHooks(): void {
    interface Context {
      readonly parentURL?: string;
    }
    type Next = (specifier: string, context: unknown) => { readonly url: string };
    node.registerHooks({
      resolve(specifier: string, context: Context, next: Next) {
        const parent = context.parentURL ?? "";
        const inNpm = isBelow(parent);
        const patched = inNpm ? null : PATCHED.exec(specifier);
        if (patched) return { url: `file:///@flow/${patched[1]}.js`, shortCircuit: true };
        if (inNpm) {
          const found = next(specifier, context);
          if (found.url.startsWith("file:") && !isBelow(found.url)) refuse(found.url);
          return found;
        }
        const table = bundle.imports[parent];
        let target = table && hasOwn(table, specifier) ? table[specifier] : specifier;
        if (/^\.{0,2}\//.test(target)) target = new URL(target, parent).href;
        if (target.startsWith("npm:")) {
          if (!bundle.npm.includes(target)) refuse(target);
          const found = next(target, context);
          const root = /^file:.*\/(?:npm|node_modules)\//.exec(found.url);
          if (root) npmRoots.add(root[0]);
          return found;
        }
        if (target.startsWith("file:")) {
          if (!hasOwn(bundle.modules, target)) refuse(target);
          return { url: target, shortCircuit: true };
        }
        if (/^(https?|jsr):/.test(target) && !setup.canImportRemote) refuse(target);
        return next(target, context);
      },
      load(url: string, context: unknown, next: (url: string, context: unknown) => unknown) {
        if (hasOwn(bundle.modules, url)) {
          const { format, source } = bundle.modules[url];
          return { format, source, shortCircuit: true };
        }
        const patched = PATCHED_URL.exec(url);
        if (patched) {
          return { format: "module", source: patchedSource(patched[1]), shortCircuit: true };
        }
        if (url.startsWith("file:") && !isBelow(url)) refuse(url);
        return next(url, context);
      },
    });
  }

  const REFUSED = "Not part of the hashed module closure: ";
  function refuse(url: string): never {
    throw new NotCapable(REFUSED + url);
  }

  // --- Errors as data -----------------------------------------------------------------------------------------------

  function pathOf(url: string): string {
    try {
      return decodeURIComponent(url.replace(/^file:\/\//, ""));
    } catch {
      return url;
    }
  }

  /** Keeps the frames of the user's files, and shows them as paths. */
  function cleanStack(error: unknown): string | undefined {
    const stack = (error as { stack?: unknown } | null)?.stack;
    if (typeof stack !== "string") return undefined;
    const lines = stack.split("\n").filter((line: string) =>
      !/^\s+at /.test(line) || (/file:\/\//.test(line) && !line.includes("file:///@flow/"))
    );
    return lines.map((line: string) => line.replace(/file:\/\/[^\s)]+/g, pathOf)).join("\n");
  }

  function textOf(thrown: unknown): string {
    try {
      if (thrown instanceof Error) {
        const { name, message } = thrown as Error;
        return name === "Error" || name === "" ? message || "Error" : `${name}: ${message}`;
      }
      return typeof thrown === "string" ? thrown : Deno.inspect(thrown, { depth: 3 });
    } catch {
      return "a value that cannot be shown";
    }
  }

  /** The error and its causes. */
  function chainOf(thrown: unknown): unknown[] {
    const chain: unknown[] = [];
    for (let at = thrown; at !== undefined && chain.length < 10 && !chain.includes(at);) {
      chain.push(at);
      at = at instanceof Error ? (at as { cause?: unknown }).cause : undefined;
    }
    return chain;
  }

  function deniedOf(message: string): ThrownData["denied"] {
    const closure = message.indexOf(REFUSED);
    if (closure >= 0) {
      return { permission: "import", value: pathOf(message.slice(closure + REFUSED.length)) };
    }
    const match = /[Rr]equires (?:all|(\w+)) access(?: to (?:the )?(?:"([^"]*)"|<([^>]*)>))?/.exec(
      message,
    );
    if (!match) {
      const flag = /--allow-(\w+)/.exec(message);
      return flag ? { permission: flag[1] } : undefined;
    }
    const value = match[2] ?? match[3];
    return { permission: match[1] ?? "all", ...(value === undefined ? {} : { value }) };
  }

  function codeOf(error: unknown): unknown {
    return (error as { code?: unknown } | null)?.code;
  }

  function dataOf(thrown: unknown): ThrownData {
    const chain = chainOf(thrown);
    const messages = chain.map(textOf);
    const message = messages.join("\ncaused by: ");
    const stack = chain.map(cleanStack).filter((text) => text !== undefined).join("\ncaused by: ");
    const base = { message, ...(stack === "" ? {} : { stack }) };
    for (const error of chain) {
      const known = typeof error === "object" && error !== null ? raised.get(error) : undefined;
      if (known) return { ...base, ...known, message };
    }
    for (const error of chain) {
      const text = textOf(error);
      const isDenied = error instanceof NotCapable || text.includes(REFUSED) ||
        (codeOf(error) === "EACCES" && text.includes("equires "));
      // Node's resolver reports the missing permission as a failed system call.
      const isLookup = codeOf(error) === "EPERM" && text.includes("getaddrinfo");
      const denied = isDenied ? deniedOf(text) : isLookup ? { permission: "net" } : undefined;
      if (denied) return { kind: "denied", denied, ...base };
    }
    return { kind: "threw", ...base };
  }

  /** Never throws, whatever was thrown. */
  function describe(thrown: unknown): ThrownData {
    try {
      return dataOf(thrown);
    } catch {
      return { kind: "threw", message: "The function threw a value that cannot be described" };
    }
  }

  // --- Calls --------------------------------------------------------------------------------------------------------

  /** Values worth keeping between calls: shared when frozen through and through, else still encoded. */
  const kept = new Map<string, { value: unknown } | { encoded: string | Uint8Array }>();

  function valueOf(part: Part): unknown {
    if ("shape" in part) return nest(part.items.map(valueOf), part.shape);
    const encoded = part.bytes ?? part.text;
    if (part.digest === undefined) return codec.decode(encoded!);
    let entry = kept.get(part.digest);
    if (entry === undefined) {
      entry = typeof encoded === "string" && !encoded.includes('"$flow"')
        ? { value: codec.decode(encoded) }
        : { encoded: encoded! };
      kept.set(part.digest, entry);
    }
    return "value" in entry ? entry.value : codec.decode(entry.encoded);
  }

  function nest(items: unknown[], shape: readonly number[]): unknown {
    let level = items;
    for (let axis = shape.length - 1; axis > 0; axis--) {
      const size = shape[axis];
      const rows: unknown[] = [];
      const count = shape.slice(0, axis).reduce((product, n) => product * n, 1);
      for (let i = 0; i < count; i++) rows.push(freeze(level.slice(i * size, (i + 1) * size)));
      level = rows;
    }
    return freeze(level);
  }

  const shCalls = new Map<number, (message: ToWorker & { kind: "sh" }) => void>();
  let shCount = 0;

  function contextOf(call: WorkerCall, own: NonNullable<typeof current>): object {
    return freeze({
      in: freeze(call.in),
      out: freeze(call.out),
      signal: own.abort.signal,
      index: call.index === null ? undefined : freeze(call.index),
      attempt: call.attempt,
      log: (...args: unknown[]) => console.log(...args),
      sh: (argv: readonly string[], options: ShOptions = {}) => shell(call.id, own, argv, options),
    });
  }

  function shell(
    id: number,
    own: NonNullable<typeof current>,
    argv: readonly string[],
    options: ShOptions,
  ): Promise<ShResult> {
    const number = shCount++;
    own.waitsFor++;
    return new Promise((resolve: (result: ShResult) => void, reject: (error: unknown) => void) => {
      shCalls.set(number, ({ result, error }) => {
        own.waitsFor--;
        if (result) return resolve(result);
        const [permission, text] = /^denied:/.test(error!)
          ? ["run", error!.slice(7)]
          : ["", error!];
        const thrown = new Error(text);
        if (permission === "run") {
          raised.set(thrown, { kind: "denied", denied: { permission, value: String(argv?.[0]) } });
        }
        reject(thrown);
      });
      send({ kind: "sh", id, call: number, argv, options });
    });
  }

  function contract(message: string): never {
    return raise(message, { kind: "contract", isFinal: true });
  }

  function quoted(names: readonly string[]): string {
    return names.map((name) => `"${name}"`).join(", ");
  }

  function outputsOf(result: unknown, names: readonly string[]): unknown[] {
    if (names.length === 0) return [];
    if (names.length === 1) return [result];
    if (Array.isArray(result)) {
      if (result.length === names.length) return result;
      contract(
        `The function returned ${result.length} items for the ${names.length} outputs ${
          quoted(names)
        }`,
      );
    }
    if (typeof result !== "object" || result === null) {
      contract(
        `The function must return an object with the keys ${quoted(names)}, but returned ${
          textOf(result)
        }`,
      );
    }
    const given = keys(result as object);
    const missing = names.filter((name) => !hasOwn(result as object, name));
    const extra = given.filter((name: string) => !names.includes(name));
    if (missing.length > 0) contract(`The returned object lacks the output ${quoted(missing)}`);
    if (extra.length > 0) {
      contract(`The returned object has ${quoted(extra)}, which is not a declared output`);
    }
    return names.map((name) => (result as Record<string, unknown>)[name]);
  }

  async function functionOf(call: WorkerCall): Promise<(...args: unknown[]) => unknown> {
    const module = await import(call.module);
    const found = module[call.export];
    if (typeof found === "function") return found;
    const names = keys(module).filter((name: string) => typeof module[name] === "function");
    return raise(
      found === undefined
        ? `The module has no export "${call.export}"; it has ${quoted(names) || "none"}`
        : `The export "${call.export}" is not a function`,
      { kind: "unavailable", isFinal: true },
    );
  }

  const functions = new Map() as Map<string, (...args: unknown[]) => unknown>;

  /** Captured: the code of nodes could replace it. */
  const activeResources: () => string[] = process.getActiveResourcesInfo.bind(process);

  /** Timers of the worker and programs of a call that are not yet done. */
  function waitsFor(own: NonNullable<typeof current>): number {
    return activeResources().length + own.waitsFor;
  }

  async function run(call: WorkerCall): Promise<void> {
    const own = { id: call.id, abort: new AbortController(), waitsFor: 0 };
    current = own;
    // A promise nobody handles ends the call, not the worker.
    const stray = new Promise((_: unknown, reject: (reason: unknown) => void) =>
      rejectCurrent = reject
    );
    let isImported = false;
    const startedAt = now();
    try {
      const args: Record<string, unknown> = {};
      for (const [name, part] of call.args) {
        const value = valueOf(part);
        if (name === "__proto__") defineProperty(args, name, { value, enumerable: true });
        else args[name] = value;
      }
      const key = `${call.export} ${call.module}`;
      let fn = functions.get(key);
      if (fn === undefined) {
        fn = await Promise.race([functionOf(call), stray]) as (...args: unknown[]) => unknown;
        functions.set(key, fn);
      }
      isImported = true;
      let result = fn(args, contextOf(call, own));
      if (
        result !== null && typeof result === "object" &&
        typeof (result as { then?: unknown }).then === "function"
      ) {
        result = await Promise.race([result, stray]);
      }
      const values = outputsOf(result, call.values);
      const outputs: (string | Uint8Array<ArrayBuffer>)[] = [];
      const transfer: Transferable[] = [];
      values.forEach((value, i) => {
        const encoded = encodeOutput(value, call.values[i], call.values.length > 1);
        outputs.push(encoded.text ?? encoded.bytes);
        if (encoded.bytes) transfer.push(encoded.bytes.buffer);
      });
      const wallMs = now() - startedAt;
      flush();
      send({ kind: "done", id: call.id, wallMs, isClean: waitsFor(own) === 0, outputs }, transfer);
    } catch (thrown) {
      const wallMs = now() - startedAt;
      flush();
      let error = describe(thrown);
      if (!isImported && error.kind === "threw") {
        error = {
          ...error,
          kind: "unavailable",
          message: `Cannot load "${pathOf(call.module)}": ${error.message}`,
        };
      }
      send({ kind: "failed", id: call.id, wallMs, isClean: waitsFor(own) === 0, error });
    } finally {
      for (const digest of call.drop) kept.delete(digest);
      if (current === own) current = undefined;
      rejectCurrent = undefined;
    }
  }

  function encodeOutput(
    value: unknown,
    name: string,
    isNamed: boolean,
  ): ReturnType<typeof codec.encode> {
    try {
      return codec.encode(value);
    } catch (error) {
      if (!(error instanceof codec.ValueError)) throw error;
      const text = (error as Error).message;
      return contract(isNamed ? `Output "${name}": ${text}` : text);
    }
  }

  let rejectCurrent: ((reason: unknown) => void) | undefined;

  function onStray(reason: unknown): void {
    if (rejectCurrent) rejectCurrent(reason);
    else print("stderr", `Unhandled error after the function returned: ${textOf(reason)}\n`);
  }

  /** Calls run one after the other, in the order they came. */
  const queue: WorkerCall[] = [];
  let isBusy = false;

  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) await run(call);
    isBusy = false;
  }

  function onMessage(message: ToWorker): void {
    switch (message.kind) {
      case "call":
        queue.push(message);
        void work();
        break;
      case "abort":
        if (current?.id === message.id) current.abort.abort();
        break;
      case "ping":
        if (current) send({ kind: "pong", id: message.id, waitsFor: waitsFor(current) });
        break;
      case "sh": {
        const settle = shCalls.get(message.call);
        shCalls.delete(message.call);
        settle?.(message);
      }
    }
  }

  function onInit(event: MessageEvent): void {
    const init = event.data as WorkerInit;
    event.stopImmediatePropagation();
    scope.removeEventListener("message", onInit);
    port = init.port;
    bundle = init.bundle;
    post = port.postMessage.bind(port);
    // The port stays private: the handler is the only reference user code could find, and it gives nothing away.
    port.onmessage = (event) => onMessage(event.data as ToWorker);
    send({ kind: "ready" });
  }

  void scope.navigator.locks.request(setup.lock, () => new Promise(() => {}));
  captureOutput();
  freezeEnvironment();
  closeHoles();
  installHooks();
  // Only now: an error of the boot itself must reach the host.
  scope.addEventListener("error", (event: ErrorEvent) => {
    event.preventDefault();
    onStray(event.error ?? event.message);
  });
  scope.addEventListener("unhandledrejection", (event: PromiseRejectionEvent) => {
    event.preventDefault();
    onStray(event.reason);
  });
  scope.addEventListener("message", onInit);
}
