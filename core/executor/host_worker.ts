/**
 * One web worker of a host: spawning, its private port, and noticing its death. Does not know actions or files.
 *
 * @module
 */

import { INLINE_BYTES } from "../action.ts";
import type { ClosureBundle } from "../closure.ts";
import { findPackageDirs } from "./package_dirs.ts";
import { bootText } from "./worker_boot.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/** What a worker is made of. */
export interface WorkerSpec {
  readonly bundle: ClosureBundle;
  readonly permissions: Deno.PermissionOptionsObject;
  readonly env: Readonly<Record<string, string>>;
  readonly envNames: readonly string[];
}

/** Bytes of encoded values a worker keeps between calls. */
const KEPT_BYTES = 64 << 20;

/** A running worker. It is used until it dies or is closed. */
export class HostWorker {
  #worker: Worker | undefined;
  /** Gives up the search for packages that goes before the start. */
  #stopSearch: () => void = () => {};
  readonly #port: MessagePort;
  /** Digests of values the worker has, oldest first, with their size. */
  readonly #kept = new Map<string, number>();
  #keptBytes = 0;
  #isClosed = false;

  /**
   * Starts a worker; blocks about 10 ms until its thread is there. One with npm packages starts when they are found.
   *
   * @param onMessage Gets what the worker says.
   * @param onDeath Called once if the worker ends by itself; with what Deno says about it, if anything.
   */
  constructor(
    spec: WorkerSpec,
    onMessage: (message: FromWorker) => void,
    onDeath: (why: string | undefined) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { npm, packages } = spec.bundle;
    const start = (dirs: readonly string[]): void =>
      this.#start(withRead(spec, dirs), port2, onMessage, onDeath);
    if (npm.length === 0) start([]);
    else this.#stopSearch = findPackageDirs([...packages, ...npm], start);
  }

  #start(
    spec: WorkerSpec,
    port: MessagePort,
    onMessage: (message: FromWorker) => void,
    onDeath: (why: string | undefined) => void,
  ): void {
    const lock = `flow-alive-${crypto.randomUUID()}`;
    const setup = {
      lock,
      env: spec.env,
      envNames: spec.envNames,
      canImportRemote: spec.permissions.import !== false,
      inlineChars: INLINE_BYTES,
    };
    const { npm, packages } = spec.bundle;
    const text = bootText(setup, [...packages, ...npm]);
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    this.#worker = new Worker(url, {
      type: "module",
      deno: { permissions: spec.permissions },
    } as WorkerOptions);
    let why: string | undefined;
    this.#worker.onerror = (event) => {
      event.preventDefault();
      why = event.message;
      this.#die(why, onDeath);
    };
    this.#port.onmessage = (event) => {
      const message = event.data as FromWorker;
      if (message.kind === "ready") {
        URL.revokeObjectURL(url);
        this.#watch(lock, () => this.#die(why, onDeath));
      } else {
        onMessage(message);
      }
    };
    this.#worker.postMessage({ port, bundle: spec.bundle }, [port]);
  }

  /** The worker holds the lock while it lives; nothing else tells that it closed itself. */
  #watch(lock: string, onGranted: () => void): void {
    const { locks } = navigator as unknown as {
      locks: { request(name: string, granted: () => void): Promise<void> };
    };
    void locks.request(lock, onGranted);
  }

  #die(why: string | undefined, onDeath: (why: string | undefined) => void): void {
    if (this.#isClosed) return;
    this.close();
    onDeath(why);
  }

  /** Sends a message. */
  send(message: ToWorker, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /**
   * Notes that the worker is to keep a value, and tells whether it has it already.
   *
   * @param digest Identifies the value.
   * @param sizeBytes Of its encoded form.
   * @param drop Gets the digests the worker shall let go of, to stay within bounds.
   */
  keeps(digest: string, sizeBytes: number, drop: string[]): boolean {
    const isThere = this.#kept.delete(digest);
    this.#kept.set(digest, sizeBytes);
    if (isThere) return true;
    // Let go and wanted again by the same call: then it stays.
    const dropped = drop.indexOf(digest);
    if (dropped >= 0) drop.splice(dropped, 1);
    this.#keptBytes += sizeBytes;
    for (const [oldest, bytes] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES || oldest === digest) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes;
      drop.push(oldest);
    }
    return false;
  }

  /** Whether the worker keeps the value. */
  has(digest: string): boolean {
    return this.#kept.has(digest);
  }

  /** Ends the worker. A synchronous loop in it goes on until the host ends. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    this.#stopSearch();
    this.#worker?.terminate();
  }
}

/** Adds directories to what a worker may read. */
function withRead(spec: WorkerSpec, dirs: readonly string[]): WorkerSpec {
  const { read } = spec.permissions;
  if (!Array.isArray(read)) return spec;
  return { ...spec, permissions: { ...spec.permissions, read: [...read, ...dirs] } };
}
