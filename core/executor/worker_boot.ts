/**
 * The program of a worker: hardening, then one closure through module hooks, then calls, one after the other.
 * `bootWorker` becomes source text, so it refers to nothing outside itself. Does not know scopes, files or stores.
 *
 * The hardening is against accidents and against careless code. Against an attacker in the same realm it is only the
 * first line: the permissions of the worker and the disposable host process are the others.
 *
 * @module
 */

import { type ActionBatch, positionOf } from "../action.ts";
import { createHistogram } from "../base/histogram.ts";
import { createValueCodec } from "../base/value.ts";
import { importsOf } from "./package_dirs.ts";
import { type BatchWork, createBatchRunner } from "./worker_batch.ts";
import { createWorkerErrors } from "./worker_errors.ts";
import { guardWorker } from "./worker_guard.ts";
import { installModuleHooks } from "./worker_modules.ts";
import { captureWorkerOutput } from "./worker_output.ts";
import { createPick } from "./worker_pick.ts";
import type {
  FromWorker,
  Part,
  ShOptions,
  ShResult,
  ToWorker,
  WorkerCall,
  WorkerInit,
  WorkerResults,
  WorkerSetup,
} from "./worker_protocol.ts";

/** The functions the boot is made of: given by name, because a bundler may rename them. */
const PARTS = {
  createBatchRunner,
  createHistogram,
  createValueCodec,
  createWorkerErrors,
  guardWorker,
  installModuleHooks,
  captureWorkerOutput,
  createPick,
  positionOf,
};

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
 * @param npm Exact `npm:` specifiers of the closure, behind those of what they depend on. They are named in the text, so that
 *   Deno resolves them before the hooks exist, and takes the versions it has met for the ranges that packages ask for.
 */
export function bootText(setup: WorkerSetup, npm: readonly string[]): string {
  const parts = Object.entries(PARTS).map(([name, part]) => `${name}: ${part.toString()}`);
  return `import process from "node:process";
import fs from "node:fs";
import { registerHooks } from "node:module";
const parts = {
${parts.join(",\n")}
};
const bootWorker = ${bootWorker.toString()};
bootWorker(${JSON.stringify(setup)}, parts, { process, fs, registerHooks });
// Never called: the literals put the packages into the module graph.
function packages() { ${importsOf(npm)} }
`;
}

/** Runs inside the worker; see the module comment. Long because it must be one self-contained function. */
function bootWorker(setup: WorkerSetup, parts: typeof PARTS, node: NodeModules): void {
  // deno-lint-ignore no-explicit-any -- the worker's global object
  const scope = globalThis as any;
  // What the boot uses later is captured now: the user's code may replace globals.
  const now = performance.now.bind(performance);
  const { defineProperty, freeze, keys, hasOwn } = Object;
  const WITH_HASH = Symbol.for("flow.with-hash");
  let post: (message: FromWorker, transfer: Transferable[]) => void = () => {};
  let current: { id: number; abort: AbortController; waitsFor: number } | undefined;
  const { process } = node;
  const codec = parts.createValueCodec();
  const errors = parts.createWorkerErrors();
  /** Call of a batch that is at work, where they go on one after the other. */
  let callAtWork: number | undefined;
  /** Knows it also where several are in flight. */
  let flights:
    | { run<T>(call: number, body: () => T): T; getStore(): number | undefined }
    | undefined;
  const output = parts.captureWorkerOutput(
    { ...node, callNow: () => flights?.getStore() ?? callAtWork },
    (stream, text, call) =>
      send({
        kind: "print",
        id: current?.id ?? -1,
        ...call === undefined ? {} : { call },
        stream,
        text,
      }),
  );
  const builtinModule: (
    name: string,
  ) => { AsyncLocalStorage: new () => NonNullable<typeof flights> } = process.getBuiltinModule.bind(
    process,
  );

  const batches = parts.createBatchRunner({
    now,
    decode: codec.decode,
    positionOf: parts.positionOf,
    describe: errors.describe,
    inlineChars: setup.inlineChars,
    onCall: (call) => callAtWork = call,
    onStray: (reject) => rejectCurrent = reject,
    inFlight: (call, body) => {
      flights ??= new (builtinModule("node:async_hooks").AsyncLocalStorage)();
      return flights.run(call, body);
    },
  });

  function send(message: FromWorker, transfer?: Transferable[]): void {
    post(message, transfer ?? []);
  }

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

  /** @param index Returns the position of the call when it is asked for. */
  function contextOf(
    call: WorkerCall,
    own: NonNullable<typeof current>,
    index: () => unknown,
  ): object {
    return freeze({
      in: freeze(call.in),
      out: freeze(call.out),
      signal: own.abort.signal,
      get index() {
        return index();
      },
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
          errors.mark(thrown, { kind: "denied", denied: { permission, value: String(argv?.[0]) } });
        }
        reject(thrown);
      });
      send({ kind: "sh", id, call: number, argv, options });
    });
  }

  function contract(message: string): never {
    return errors.raise(message, { kind: "contract", isFinal: true });
  }

  function quoted(names: readonly string[]): string {
    return names.map((name) => `"${name}"`).join(", ");
  }

  /** What `withHash` of the module "flow" returns. */
  function isWithHash(value: unknown): value is { value: unknown; hash: string | null } {
    return typeof value === "object" && value !== null && WITH_HASH in value;
  }

  function outputsOf(result: unknown, { values: names, picks }: WorkerCall): unknown[] {
    if (picks !== null) return names.map((name, i) => pick(result, picks[i], name));
    if (names.length === 1) return [result];
    if (isWithHash(result)) {
      contract(
        names.length === 0
          ? "The function returned a value with a hash, but the node has no value output"
          : `The function returned one hash for the ${names.length} outputs ${quoted(names)}: ` +
            "each needs its own",
      );
    }
    if (names.length === 0) return [];
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
          errors.textOf(result)
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

  const pick = parts.createPick({ contract, isWithHash });

  async function functionOf(call: WorkerCall): Promise<(...args: unknown[]) => unknown> {
    const module = await import(call.module);
    const found = module[call.export];
    if (typeof found === "function") return found;
    const names = keys(module).filter((name: string) => typeof module[name] === "function");
    return errors.raise(
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
    const stray = new Promise<never>((_: unknown, reject: (reason: unknown) => void) =>
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
      const outputs: (string | Uint8Array<ArrayBuffer>)[] = [];
      const transfer: Transferable[] = [];
      let results: WorkerResults | undefined;
      const times = parts.createHistogram();
      let hashes: (string | null | undefined)[] = [];
      let usesIndex = false;
      if (call.batch === null) {
        const context = contextOf(call, own, () => {
          usesIndex = call.index !== null;
          return call.index === null ? undefined : freeze(call.index);
        });
        const result = await settled(fn(args, context), stray);
        hashes = encodeOutputs(result, call, outputs, transfer);
      } else {
        const work = { fn, args, ...workOf(call, call.batch, own, transfer), times };
        const isMany = call.batch.concurrency > 1;
        results = await (isMany ? batches.atOnce(work, stray) : batches.oneByOne(work));
      }
      const wallMs = now() - startedAt;
      output.flush();
      const isClean = waitsFor(own) === 0;
      const given = {
        ...(hashes.every((hash) => hash === undefined) ? {} : { hashes }),
        ...(usesIndex ? { usesIndex } as const : {}),
      };
      const more = results === undefined ? given : { results, times: times.data() };
      send({ kind: "done", id: call.id, wallMs, isClean, outputs, ...more }, transfer);
    } catch (thrown) {
      const wallMs = now() - startedAt;
      output.flush();
      let error = errors.describe(thrown);
      if (!isImported && error.kind === "threw") {
        error = {
          ...error,
          kind: "unavailable",
          message: `Cannot load "${errors.pathOf(call.module)}": ${error.message}`,
        };
      }
      // Calls that were at once with the one that failed may go on.
      const isClean = waitsFor(own) === 0 && (call.batch?.concurrency ?? 1) === 1;
      send({ kind: "failed", id: call.id, wallMs, isClean, error });
    } finally {
      callAtWork = undefined;
      for (const digest of call.drop) kept.delete(digest);
      if (current === own) current = undefined;
      rejectCurrent = undefined;
    }
  }

  /** Waits for a result if it is a promise; one that nobody handles ends the wait. */
  function settled(result: unknown, stray: Promise<never>): unknown {
    return isThenable(result) ? Promise.race([result, stray]) : result;
  }

  function isThenable(result: unknown): result is PromiseLike<unknown> {
    return result !== null && typeof result === "object" &&
      typeof (result as { then?: unknown }).then === "function";
  }

  /** Encodes what a call returned into `outputs`; returns the hashes it gave. */
  function encodeOutputs(
    result: unknown,
    call: WorkerCall,
    outputs: (string | Uint8Array<ArrayBuffer>)[],
    transfer: Transferable[],
  ): (string | null | undefined)[] {
    return outputsOf(result, call).map((value, i) => {
      const plain = isWithHash(value) ? value.value : value;
      const encoded = encodeOutput(plain, call.values[i], call.values.length > 1);
      outputs.push(encoded.text ?? encoded.bytes);
      if (encoded.bytes) transfer.push(encoded.bytes.buffer);
      return isWithHash(value) ? value.hash : undefined;
    });
  }

  /** What a batch needs to know of its call. */
  function workOf(
    call: WorkerCall,
    batch: ActionBatch,
    own: NonNullable<typeof current>,
    transfer: Transferable[],
  ): Pick<BatchWork, "batch" | "outputCount" | "contextOf" | "encode"> {
    return {
      batch,
      outputCount: call.values.length,
      contextOf: (index) => contextOf(call, own, index),
      encode: (result) => {
        // The usual case.
        if (call.values.length === 1 && call.picks === null && !isWithHash(result)) {
          const { text, bytes } = encodeOutput(result, call.values[0], false);
          if (text !== undefined) return [text];
          transfer.push(bytes.buffer);
          return [bytes];
        }
        const outputs: (string | Uint8Array<ArrayBuffer>)[] = [];
        const hashes = encodeOutputs(result, call, outputs, transfer);
        if (hashes.some((hash) => hash !== undefined)) {
          contract("A call of a map node cannot give its result a hash of its own");
        }
        return outputs;
      },
    };
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
    else {output.print(
        "stderr",
        `Unhandled error after the function returned: ${errors.textOf(reason)}\n`,
      );}
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
    const { port, bundle } = init;
    const { registerHooks } = node;
    const { canImportRemote } = setup;
    const { refuse } = errors;
    parts.installModuleHooks({ registerHooks, bundle, builtins, canImportRemote, refuse });
    post = port.postMessage.bind(port);
    // The port stays private: the handler is the only reference user code could find, and it gives nothing away.
    port.onmessage = (event) => onMessage(event.data as ToWorker);
    send({ kind: "ready" });
  }

  void scope.navigator.locks.request(setup.lock, () => new Promise(() => {}));
  const builtins = parts.guardWorker(setup, { process, fs: node.fs, raise: errors.raise });
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
