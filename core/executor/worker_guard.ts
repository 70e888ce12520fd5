/**
 * Closes what permissions leave open: the process, the environment, stdin, channels between workers.
 * Becomes source text of a worker, so it refers to nothing outside itself.
 *
 * @module
 */

import type { Raised } from "./worker_errors.ts";
import type { WorkerSetup } from "./worker_protocol.ts";

/** Gives the guarded form of a node module by its name, with or without `node:`. */
export type Builtins = (name: string) => unknown;

/** What the guard works on. */
export interface GuardTargets {
  // deno-lint-ignore no-explicit-any -- patched by name
  readonly process: any;
  readonly fs: unknown;
  readonly raise: (message: string, data: Raised) => never;
}

/**
 * Patches the globals of the worker, for good.
 *
 * @returns The node modules as the code of nodes may see them.
 */
export function guardWorker(
  setup: WorkerSetup,
  { process, fs, raise }: GuardTargets,
): Builtins {
  // deno-lint-ignore no-explicit-any -- the worker's global object, patched by name
  const scope = globalThis as any;
  const { defineProperty, freeze, hasOwn } = Object;
  const NotCapable = Deno.errors.NotCapable;
  const getBuiltin = process.getBuiltinModule.bind(process);

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
    set(process, "getBuiltinModule", (name: string) => builtin(String(name)));
    set(scope, Symbol.for("flow.builtin"), (name: string) => builtin(name));
  }

  /** What of node modules is not for nodes. */
  const GUARDED: Record<string, readonly string[]> = {
    module: ["register", "registerHooks", "syncBuiltinESMExports"],
    worker_threads: ["Worker"],
  };

  function builtin(name: string): unknown {
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

  freezeEnvironment();
  closeHoles();
  return builtin;
}
