/**
 * An action: one node, or one element of a map node, made fully explicit; its key; and what came of it.
 * Plain data and pure functions. Does not know the graph, the store or who runs it.
 *
 * @module
 */

import type { DataPath } from "./base/data_path.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import type { HistogramData } from "./base/histogram.ts";
import type { ErrorCause } from "./base/value.ts";
import type { Taken } from "./taken.ts";
import type { Hooks } from "./workflow.ts";

/**
 * Everything that can change the result of an action, and nothing else (DESIGN §3). Its canonical
 * JSON is hashed to the key and kept, so that `why` can compare it with an earlier one.
 */
export interface Material {
  /** Version of this format: a change of meaning changes every key. */
  readonly version: 1;
  readonly kind: "call" | "run";
  /** Map nodes: the map-spec in normal form. */
  readonly map?: string;
  /** What is kept under this key holds error values: it is shown, and never taken for the result. */
  readonly partial?: true;
  /** Function nodes: digest of the declarations reachable from the export (`code/`). */
  readonly code?: Digest;
  /** Command nodes: the templates as written, with the shell, codes and directory they run with. */
  readonly command?: CommandMaterial;
  /** By argument name. */
  readonly inputs: Readonly<Record<string, InputMaterial>>;
  /** Declared outputs by name: kind and, for files, the base name the node can see. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Allowed paths with the digest of their content; the other permissions as declared. */
  readonly scope: Readonly<Record<string, string>>;
  /** Values of declared variables; `null` means not set. */
  readonly env: Readonly<Record<string, string | null>>;
  /** Extra dependencies by how they were written. */
  readonly track: Readonly<Record<string, Digest>>;
}

/** What of a command is key material. */
export interface CommandMaterial {
  readonly argv?: readonly string[];
  readonly script?: string;
  readonly shell?: string;
  readonly cwd: string;
  readonly okCodes: readonly number[];
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: string;
  /** With the published paths, because the output shows them. */
  readonly commandLine?: string;
  readonly hooks?: Hooks;
  /** `${params.x}` used by the templates, as JSON text by path. */
  readonly params: Readonly<Record<string, string>>;
}

/** What of an input is key material. */
export interface InputMaterial {
  readonly digest: Digest;
  readonly kind: "value" | "file" | "dir" | "files" | "array";
  /** What the node can see of the name: a function the extension, a command the relative path. */
  readonly seen?: string;
}

/** Prefix of every hashed material: keeps keys apart from digests of other things. */
const DOMAIN = "flow.action.1\n";

/**
 * Returns the canonical text of a material: JSON with sorted keys.
 *
 * Equal materials give equal texts; `undefined` members are left out.
 */
export function materialText(material: Material): string {
  return canonicalJson(material);
}

/** Returns the material text under which a result is kept that holds error values. */
export function partialText(text: string): string {
  return canonicalJson({ ...JSON.parse(text) as Material, partial: true });
}

/** Whether a material text, if it is known, is one of a result that holds error values. */
export function isPartial(text: string | undefined): boolean {
  return text !== undefined && (JSON.parse(text) as { partial?: boolean }).partial === true;
}

/** Returns the key of an action from its canonical material text. */
export function actionKey(text: string): Digest {
  return digestOf(DOMAIN + text);
}

/**
 * Returns JSON text with the keys of all objects sorted by code unit.
 *
 * @param value Plain JSON data; members that are `undefined` are left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { canonicalJson } from "./action.ts";
 *
 * assertEquals(canonicalJson({ b: [1, "x"], a: undefined, c: null }), '{"b":[1,"x"],"c":null}');
 * ```
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return "[" + value.map(canonicalJson).join(",") + "]";
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  if (keys.length > 1) keys.sort();
  let text = "{";
  for (const key of keys) {
    const member = record[key];
    if (member === undefined) continue;
    text += `${text.length > 1 ? "," : ""}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return text + "}";
}

/** One action as it is handed to an executor. All paths are absolute. */
export interface Action {
  /** Unique within a run; correlates the completion. */
  readonly id: number;
  readonly node: string;
  /** Position in a map node's shape; absent for an unmapped node. */
  readonly index?: readonly number[];
  /** Calls of a map node that travel together; `index` is absent then. */
  readonly batch?: ActionBatch;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly work: CallWork | RunWork;
  readonly inputs: readonly ActionInput[];
  readonly outputs: readonly ActionOutput[];
  readonly scope: ActionScope;
  /** Variables the node sees: for a function its whole environment, for a command what is set on top. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
  /** `fresh`: the worker that runs it is used for nothing before or after; `process`: nor is the host. */
  readonly isolate: "pooled" | "fresh" | "process";
  /** Private directory for file outputs and staged inputs; the executor makes and removes it. */
  readonly privateDir: string;
  /** Directory of the bytes of temporary results, shared by all actions of a session; absent if there are none. */
  readonly tempsDir?: string;
  /** Log files are this path plus `.stdout` and `.stderr`; made only when there is something to write. */
  readonly logPath: string;
}

/** Many calls of one function that differ in small values. */
export interface ActionBatch {
  /** Number of calls. */
  readonly count: number;
  /** Encoded values by argument, a line per call (`batch.ts`). */
  readonly texts: Readonly<Record<string, string>>;
  /** Numbers of the calls, row-major in `shape`, as ranges: a first one, how many there are, the next first one, … */
  readonly ranges: readonly number[];
  /** Lengths of the axes of all calls of the node. */
  readonly shape: readonly number[];
  /** How many may be going on at the same time; only promises can. */
  readonly concurrency: number;
  /** Path of the logs of its calls, each of which has its position added: `<base>[0,2].stdout`. */
  readonly logBase: string;
}

/**
 * Returns the position of a call of a batch. O(ranges). Refers to nothing outside itself, because its text is part of what
 * workers are started with.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../tests/testing/assert.ts";
 * import { positionOf } from "./action.ts";
 *
 * const batch = { count: 3, texts: {}, ranges: [1, 2, 5, 1], shape: [2, 3], concurrency: 1, logBase: "" };
 * assertEquals([0, 1, 2].map((call) => positionOf(batch, call)), [[0, 1], [0, 2], [1, 2]]);
 * ```
 */
export function positionOf({ ranges, shape }: ActionBatch, call: number): number[] {
  let at = 0;
  while (call >= ranges[at + 1]) {
    call -= ranges[at + 1];
    at += 2;
  }
  let number = ranges[at] + call;
  const position: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = number % shape[axis];
    number = Math.floor(number / shape[axis]);
  }
  return position;
}

/** What came of one call of a batch. */
export type CallResult =
  | {
    /** Value outputs in declared order: encoded text if small, else the blob that holds it. */
    readonly outputs: readonly (string | { readonly digest: Digest; readonly sizeBytes: number })[];
    /** It looked at its position. */
    readonly usesIndex: boolean;
  }
  | { readonly failure: Failure; readonly wallMs: number };

/** What came of a batch, in columns. */
export interface BatchResults {
  /** By value output: encoded texts, a line per call (`batch.ts`). */
  readonly texts: readonly string[];
  /** Calls that looked at their position. */
  readonly placed: readonly number[];
  /** Calls that failed, or that delivered blobs: what stands for them in `texts` does not count. */
  readonly odd: readonly (readonly [call: number, result: CallResult])[];
}

/** A function to call. */
export interface CallWork {
  readonly kind: "call";
  /** Blob that holds the module closure (`code/closure.ts`): the very bytes that were hashed. */
  readonly closure: Digest;
  /** URL of the module inside the closure. */
  readonly module: string;
  readonly export: string;
  /** Programs `ctx.sh` may start. */
  readonly sh: readonly string[] | true;
  /** Directory of the workflow file: what `ctx.sh` runs in and paths in hints are relative to. */
  readonly workflowDir?: string;
}

/** Where the command line goes, and what it shows in place of private paths. */
export interface CommandLineOutput {
  readonly output: string;
  readonly paths: Readonly<Record<string, string>>;
}

/** A command to run. Templates are not yet filled: only the executor knows the private paths. */
export interface RunWork {
  readonly kind: "run";
  readonly argv?: readonly string[];
  readonly script?: string;
  /** `#!`: the script names its interpreter. */
  readonly shell?: string;
  readonly cwd: string;
  readonly workflowDir: string;
  readonly okCodes: readonly number[];
  /** Name of the input that is fed to stdin; absent: stdin is empty. */
  readonly stdin?: string;
  readonly stdout?: { readonly output: string; readonly as: "text" | "json" | "lines" };
  readonly stderr?: { readonly output: string; readonly as: "text" | "json" | "lines" };
  /** Output that gets the exit code. */
  readonly exitCode?: string;
  /** Output that gets the command line; `paths` are the published ones of file outputs, relative to the workflow. */
  readonly commandLine?: CommandLineOutput;
  readonly hooks?: Hooks;
  /** Values of `${params.x}` used by the templates, by path. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly sandbox: "auto" | "strict" | "off";
}

/** One argument of an action. */
export type ActionInput =
  /** `text`: the encoded value if small, else it is read from the blob. */
  | {
    readonly name: string;
    readonly kind: "value";
    readonly digest: Digest;
    readonly text?: string;
    /** Counts instead of the digest. */
    readonly identity?: Digest;
  }
  | {
    readonly name: string;
    readonly kind: "file" | "dir";
    readonly digest: Digest;
    /** Real path, symlinks resolved. */
    readonly path: string;
    readonly identity?: Digest;
  }
  /** A glob: the files it matched, sorted. */
  | { readonly name: string; readonly kind: "files"; readonly paths: readonly string[] }
  /** An N-d array of elements, row-major, `shape.length >= 1`. */
  | {
    readonly name: string;
    readonly kind: "array";
    readonly shape: readonly number[];
    readonly elements: readonly ActionInput[];
    readonly identity?: Digest;
  };

/** One output an action must deliver. */
export interface ActionOutput {
  readonly name: string;
  readonly kind: "value" | "file" | "dir";
  /** Base name under which the node sees the private file. */
  readonly fileName?: string;
  readonly allowEmpty: boolean;
  /** Its bytes do not go to the store but to `tempsDir`. */
  readonly temp?: true;
  /** Where a value is in what the function returns. */
  readonly pick?: DataPath;
}

/** A scope with absolute real paths, ready for Deno's permission object or a sandbox. */
export interface ActionScope {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly net: readonly string[] | true;
  readonly sys: readonly string[] | true;
  readonly ffi: readonly string[] | true;
  readonly import: readonly string[] | true;
  /** Names of declared variables, set or not; absent: those of `Action.env`. */
  readonly env?: readonly string[];
}

/** One delivered output. Its bytes are in the store before anybody sees this. */
export interface OutputResult {
  readonly name: string;
  /** `files`: what the calls of a map node made, files or directories. */
  readonly kind: "value" | "file" | "dir" | "files";
  /** Of the encoded value, the file's bytes, the tree manifest of a directory, or the list of files (`file_array.ts`). */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** The encoded value when it is JSON text of at most `INLINE_BYTES`; then there is no blob. */
  readonly text?: string;
  /** Files only: the owner may execute it. */
  readonly executable?: boolean;
  /** What stands for it in the keys of its consumers; the digest of its content if absent. */
  readonly identity?: Digest;
  /** It is an error value or holds one, so it is not kept as the result of its node. */
  readonly hasErrors?: true;
}

/** An output as an executor reports it. */
export interface DeliveredOutput extends OutputResult {
  /** Text the function gave to stand for it; `null`: its inputs stand for it. */
  readonly hash?: string | null;
}

/** Encoded values up to this many bytes travel and are stored inline. */
export const INLINE_BYTES = 4096;

/** What an action took. */
export interface Usage extends Taken {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Why an action failed. */
export interface Failure {
  readonly reason: FailureReason;
  /** One or more sentences for people, without the node's name. */
  readonly message: string;
  /** Of a thrown error, with source positions of the user's files. */
  readonly stack?: string;
  readonly hint?: string;
  /** Exit code of a command. */
  readonly exitCode?: number;
  /** The permission a denied access needed. */
  readonly denied?: { readonly permission: string; readonly value?: string };
  /** Trying again cannot help: the definition or the contract is broken. */
  readonly isFinal?: boolean;
  /** Failures it comes from, if error values are why; absent if it is one by itself. */
  readonly causes?: readonly ErrorCause[];
}

/** What kind of failure it is, for `retries`, exit codes and reports. */
export type FailureReason =
  /** The function threw or rejected. */
  | "threw"
  /** Access outside the scope. */
  | "denied"
  /** The command's exit code is not in `okCodes`, or it died by a signal. */
  | "exit"
  | "timeout"
  | "memory"
  /** Its process or worker went away. */
  | "died"
  /** A declared output is missing, empty, or of the wrong kind; a value cannot be stored. */
  | "contract"
  /** The program, the module or the input cannot be found or loaded. */
  | "unavailable"
  /** The run was stopped, or the node was killed on request. */
  | "aborted";

/** The end of one action. */
export type Completion =
  | {
    readonly id: number;
    readonly kind: "done";
    readonly outputs: readonly DeliveredOutput[];
    /** Of a batch; `outputs` is empty then. */
    readonly results?: BatchResults;
    /** Of a call of a map node that ran alone: it looked at its position. */
    readonly usesIndex?: true;
    /** Of a batch: how long its calls took, in milliseconds. */
    readonly times?: HistogramData;
    readonly usage: Usage;
    /** For example how a command was confined: `sandbox: bubblewrap`. */
    readonly notes?: Readonly<Record<string, string>>;
  }
  | {
    readonly id: number;
    readonly kind: "failed";
    readonly failure: Failure;
    readonly usage: Usage;
  };

/** A stored result: what a hit needs. */
export interface ActionResult {
  readonly outputs: readonly OutputResult[];
  readonly usage: Usage;
  /** Run that executed it; its logs are there. */
  readonly run: string;
}
