/**
 * What a function throws, as data: message, causes, the user's frames, the permission that was missing.
 * Becomes source text of a worker, so it refers to nothing outside itself.
 *
 * @module
 */

import type { ThrownData } from "./worker_protocol.ts";

/** How an error the boot raises on purpose is to be reported. */
export type Raised = Partial<ThrownData> & { readonly kind: ThrownData["kind"] };

/** Raises errors and describes what was thrown. */
export interface WorkerErrors {
  /** Throws an error that will be reported as `data` says. */
  raise(message: string, data: Raised): never;
  /** Makes an error be reported as `data` says. */
  mark(error: object, data: Raised): void;
  /** Throws: the module is not part of the closure. */
  refuse(url: string): never;
  /** Never throws, whatever was thrown. */
  describe(thrown: unknown): ThrownData;
  textOf(thrown: unknown): string;
  pathOf(url: string): string;
}

/** Makes the errors of one worker. */
export function createWorkerErrors(): WorkerErrors {
  const NotCapable = Deno.errors.NotCapable;
  const REFUSED = "Not part of the hashed module closure: ";
  const raised = new WeakMap<object, Raised>();

  function raise(message: string, data: Raised): never {
    const error = new Error(message);
    raised.set(error, data);
    throw error;
  }

  function refuse(url: string): never {
    throw new NotCapable(REFUSED + url);
  }

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

  function describe(thrown: unknown): ThrownData {
    try {
      return dataOf(thrown);
    } catch {
      return { kind: "threw", message: "The function threw a value that cannot be described" };
    }
  }

  return {
    raise,
    mark: (error, data) => void raised.set(error, data),
    refuse,
    describe,
    textOf,
    pathOf,
  };
}
