/**
 * What a host and one of its workers say to each other over their private port. Types only.
 *
 * @module
 */

import type { ActionBatch } from "../action.ts";
import type { HistogramData } from "../base/histogram.ts";
import type { ClosureBundle } from "../closure.ts";

/** Made part of the boot text: what must be in force before any other module is evaluated. */
export interface WorkerSetup {
  /** Name of the lock the worker holds as long as it lives. */
  readonly lock: string;
  /** All variables the code can see. */
  readonly env: Readonly<Record<string, string>>;
  /** Names it may ask for, set or not. */
  readonly envNames: readonly string[];
  readonly canImportRemote: boolean;
  /** Encoded outputs of calls that travel together and have more characters than this are stored one by one. */
  readonly inlineChars: number;
}

/** First message: sent through `Worker.postMessage`, with the port. */
export interface WorkerInit {
  readonly port: MessagePort;
  readonly bundle: ClosureBundle;
}

/** A value, file or array as the worker gets it. */
export type Part =
  /** An encoded value. With `digest` it is worth keeping; without `text` and `bytes` the worker has it. */
  | { readonly text?: string; readonly bytes?: Uint8Array<ArrayBuffer>; readonly digest?: string }
  /** A nested array, row-major. */
  | { readonly shape: readonly number[]; readonly items: readonly Part[] };

/** One call. */
export interface WorkerCall {
  readonly kind: "call";
  readonly id: number;
  readonly module: string;
  readonly export: string;
  readonly args: readonly (readonly [string, Part])[];
  /** Declared outputs that are values, and whether there are others. */
  readonly values: readonly string[];
  /** Where each of them is in what the function returns; `null` if none says it. */
  readonly picks: readonly (readonly (string | number)[])[] | null;
  readonly in: Readonly<Record<string, unknown>>;
  readonly out: Readonly<Record<string, string>>;
  readonly index: readonly number[] | null;
  /** Calls that differ in these arguments. */
  readonly batch: ActionBatch | null;
  readonly attempt: number;
  /** Digests of kept values to let go of after the call. */
  readonly drop: readonly string[];
}

/** Host to worker. */
export type ToWorker =
  | WorkerCall
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "ping"; readonly id: number }
  | {
    readonly kind: "sh";
    readonly call: number;
    readonly result?: ShResult;
    readonly error?: string;
  };

/** What `ctx.sh` gives. */
export interface ShResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `ctx.sh` takes beside the command. */
export interface ShOptions {
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** With it, any other exit code throws; without it, `code` tells. */
  readonly okCodes?: readonly number[];
}

/** An error as data. */
export interface ThrownData {
  readonly kind: "threw" | "denied" | "died" | "contract" | "unavailable";
  readonly message: string;
  readonly stack?: string;
  readonly denied?: { readonly permission: string; readonly value?: string };
  readonly hint?: string;
  readonly isFinal?: boolean;
}

/** What came of one call of a batch. */
export type WorkerResult =
  | { readonly outputs: readonly (string | Uint8Array<ArrayBuffer>)[]; readonly usesIndex: boolean }
  | { readonly error: ThrownData; readonly wallMs: number };

/** What came of a batch, in columns. */
export interface WorkerResults {
  /** By value output: encoded texts, a line per call. */
  readonly texts: readonly string[];
  /** Calls that looked at their position. */
  readonly placed: readonly number[];
  /** Calls that failed, or that delivered more than small texts: what stands for them in `texts` does not count. */
  readonly odd: readonly (readonly [call: number, result: WorkerResult])[];
}

/** Worker to host. */
export type FromWorker =
  | { readonly kind: "ready" }
  | {
    readonly kind: "done";
    readonly id: number;
    readonly wallMs: number;
    /** No timer and no program of the call goes on. */
    readonly isClean: boolean;
    /** Encoded value outputs in declared order. */
    readonly outputs: readonly (string | Uint8Array<ArrayBuffer>)[];
    /** Of a call that ran alone: it looked at its position. */
    readonly usesIndex?: true;
    /** Of a batch. */
    readonly results?: WorkerResults;
    /** How long the calls of a batch took, in milliseconds. */
    readonly times?: HistogramData;
    /** Hashes the function gave for them, `null` for that of its inputs; absent if it gave none. */
    readonly hashes?: readonly (string | null | undefined)[];
  }
  | {
    readonly kind: "failed";
    readonly id: number;
    readonly wallMs: number;
    readonly isClean: boolean;
    readonly error: ThrownData;
  }
  | {
    readonly kind: "print";
    readonly id: number;
    /** Which call of a batch printed it, if it is a batch. */
    readonly call?: number;
    readonly stream: "stdout" | "stderr";
    readonly text: string;
  }
  | {
    readonly kind: "sh";
    readonly id: number;
    readonly call: number;
    readonly argv: readonly string[];
    readonly options: ShOptions;
  }
  /** Answer to `ping`: how many timers and commands the running call still waits for. */
  | { readonly kind: "pong"; readonly id: number; readonly waitsFor: number };
