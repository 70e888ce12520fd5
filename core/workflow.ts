/**
 * The workflow as the user wrote it: plain data, the same for YAML and TypeScript files.
 * Knows nothing of files on disk, graphs, keys or how a node is run.
 *
 * @module
 */

import type { DataPath } from "./base/data_path.ts";
import type { Span } from "./base/source.ts";
import type { MapSpec } from "./mapspec.ts";
import type { Sweep } from "./sweep.ts";

/** A JSON value as written in a definition. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/** A JSON object as written in a definition. */
export type JsonObject = { readonly [key: string]: Json };

/**
 * Finds the place of a part of the definition, for diagnostics only: it may parse the file again.
 *
 * @param path Keys and indices from the root, for example `["nodes", "rows", "inputs", "csv"]`. If that
 *   exact path is absent, the nearest existing ancestor is returned.
 * @param part Whether the key or the value at that path is meant; the value by default.
 * @returns The span, or `undefined` if the definition has no source text.
 */
export type Locate = (path: readonly (string | number)[], part?: "key" | "value") =>
  | Span
  | undefined;

/** A workflow: what `load/` makes of a file, with params already merged from flags and profiles. */
export interface Workflow {
  readonly name: string;
  readonly description?: string;
  /** Absolute path of the workflow file. */
  readonly file: string;
  /** Absolute directory of the file; relative paths in the definition start here. */
  readonly dir: string;
  readonly params: JsonObject;
  readonly inputs: readonly InputDef[];
  readonly nodes: readonly NodeDef[];
  /** Combinations of values by name, for `--sweep NAME`; absent means none. */
  readonly sweeps?: Readonly<Record<string, Sweep>>;
  /** Capacity of named pools, by name; `cpus` and `memory` come from the command line or the machine. */
  readonly pools: Readonly<Record<string, number>>;
  /** Executors by name; absent means that there is only `default`. */
  readonly executors?: Readonly<Record<string, ExecutorDef>>;
  /** What is told at the end of a run. */
  readonly hooks?: readonly HookDef[];
  readonly locate: Locate;
  /** Reads what a node returned as nodes of this workflow, with its defaults and pools. */
  readonly define: Define;
}

/** What nodes that name it have in common: where they run, and how many at once. */
export interface ExecutorDef {
  /** Of functions: `worker` is a process that serves many, `process` is ended after each action. */
  readonly kind: "worker" | "process";
  /** How many of its actions run at once, within the slots of the run. */
  readonly slots?: number;
  /** For nodes that do not say it themselves, as `chunk` is. */
  readonly concurrency?: number;
  readonly chunk?: number;
}

/** A function or command that is told of the end of a node or run. It changes nothing of either. */
export interface HookDef {
  readonly when: "success" | "failure" | "end";
  readonly about: "node" | "run";
  readonly work: Work;
  readonly scope: Scope;
  readonly timeoutMs: number;
  /** Path of the function or command in the file, for diagnostics. */
  readonly at: readonly (string | number)[];
}

/** Nodes as a node returned them, with what is wrong with them: paths such as `nodes.fit.call` and messages. */
export interface ReturnedNodes {
  readonly nodes: readonly NodeDef[];
  readonly problems: readonly {
    readonly path: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

/**
 * Reads nodes given as data in the format of the workflow file: `{ nodes: { fit: { call: … } } }`.
 *
 * @param data What a node returned; anything.
 */
export type Define = (data: unknown) => ReturnedNodes;

/** Something that comes from outside: `--input NAME=…` or its default. */
export interface InputDef {
  readonly name: string;
  readonly description?: string;
  readonly kind: "value" | "file" | "dir";
  /** Declared type of a value, shown in help and used to read `--input` text; any JSON if absent. */
  readonly type?: "string" | "number" | "integer" | "boolean" | "array" | "object";
  /** Default: for `value` the value, for `file` and `dir` the path as written. Absent: the input is required. */
  readonly default?: Json;
  /** Files only: the digest is taken from `<path>.sha256` instead of reading the file. */
  readonly sidecar?: true;
}

/** Where the value of one argument comes from, as written. Text references are resolved by `graph.ts`. */
export type SourceRef =
  /** An input, an output, `params.a.b`, `node.output`. */
  | { readonly kind: "ref"; readonly ref: string }
  | { readonly kind: "value"; readonly value: Json }
  /** Paths are as written, relative to the workflow's directory. */
  | { readonly kind: "file"; readonly path: string; readonly sidecar?: true }
  | { readonly kind: "dir"; readonly path: string }
  | { readonly kind: "glob"; readonly pattern: string }
  | { readonly kind: "env"; readonly name: string };

/** An exported function whose code counts. `module` is as written (`lib.ts`); `path` is absolute. */
export interface FunctionRef {
  readonly kind: "function";
  readonly module: string;
  readonly path: string;
  readonly export: string;
}

/** A command as written: a list of arguments, or a script. Texts may hold `${in.x}` (see `template.ts`). */
export type CommandLine =
  | { readonly argv: readonly string[] }
  /** `shell` is `#!` if the script's first line names its interpreter. */
  | { readonly script: string; readonly shell: string };

/** What a node does. Exactly one of the kinds of DESIGN §2. */
export type Work =
  /** An exported function. `module` is as written (`nodes.ts`); `path` is absolute. */
  | {
    readonly kind: "call";
    readonly module: string;
    readonly path: string;
    readonly export: string;
  }
  | ({ readonly kind: "run" } & CommandLine);

/** One declared output of a node. */
export interface OutputDef {
  readonly name: string;
  readonly kind: "value" | "file" | "dir";
  /** For `file` and `dir`: where it is published, relative to the workflow's directory. */
  readonly path?: string;
  /** Bytes are dropped when all consumers are done (DESIGN §4). */
  readonly temp: boolean;
  /** An empty file is accepted. */
  readonly allowEmpty: boolean;
  /** Consumers know it by the key of the node instead of its content. */
  readonly hash?: "inputs";
  /** Where a value is in what the function returns; absent: under its name, or all of it if it is the only one. */
  readonly pick?: DataPath;
}

/** Stands for the path of an output that has been refused where it was read, so that the output keeps its kind. */
export const REFUSED_PATH = "bad";

/** A text stream of a command that becomes an output. */
export interface StreamOutput {
  /** Name of the output. If it is declared as a file, the stream's bytes go there; else it is a value. */
  readonly output: string;
  /** How the text becomes a value: as it is, parsed as JSON, or split into lines. */
  readonly as: "text" | "json" | "lines";
}

/** Permissions in Deno's vocabulary; an empty list means none, `true` means all. */
export interface Scope {
  /** Paths as written, relative to the workflow's directory. Their content is tracked. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly net: readonly string[] | true;
  /** Names of variables; their values are key material and reach the node as a frozen snapshot. */
  readonly env: readonly string[];
  readonly sys: readonly string[] | true;
  /** Programs a function may start through `ctx.sh`; no function ever gets Deno's own `run` permission. */
  readonly run: readonly string[] | true;
  readonly ffi: readonly string[] | true;
  readonly import: readonly string[] | true;
}

/** A scope that allows nothing beyond a node's declared inputs and outputs. */
export const EMPTY_SCOPE: Scope = Object.freeze({
  read: [],
  write: [],
  net: [],
  env: [],
  sys: [],
  run: [],
  ffi: [],
  import: [],
});

/** What a node takes from the machine while it runs. */
export interface Resources {
  /** Slots of `-j` it fills; at least 1. */
  readonly cpus: number;
  readonly memoryBytes?: number;
  /** The memory is for the first attempt, twice as much for the second, and so on. */
  readonly scales?: true;
  /** Says before each attempt what the node takes. */
  readonly by?: FunctionRef;
  /** Units taken from named pools. */
  readonly pools: Readonly<Record<string, number>>;
}

/**
 * What becomes of a failure. `fail`: what needs the node is skipped. Else what needs it goes on with an error value; a node
 * that would take such values itself does (`continue`), or one stands for its result, too (`skip`).
 */
export type OnError = "fail" | "continue" | "skip";

/** How often and after which pause a failed node is tried again. */
export interface Retry {
  /** Further attempts after the first; 0 means none. */
  readonly limit: number;
  /** Pause before the first retry, in milliseconds. */
  readonly delayMs: number;
  /** Each further pause is this many times longer. */
  readonly factor: number;
}

/** One node as written, with defaults filled in. */
export interface NodeDef {
  readonly name: string;
  readonly description?: string;
  readonly work: Work;
  /** Argument name to source. A function's parameters that are not named here are wired by name. */
  readonly inputs: Readonly<Record<string, SourceRef>>;
  /** Declared outputs; empty means: no outputs (side effect). */
  readonly outputs: readonly OutputDef[];
  /**
   * The function returns nodes (DESIGN, "Expansion"). Its value output holds them as data; `provides` are outputs that
   * some of them must have, so that nodes of the file can be wired to them.
   */
  readonly expand?: { readonly provides: readonly OutputDef[] };
  readonly map?: MapSpec;
  readonly scope: Scope;
  /** `auto`: cached unless the scope holds net, run or ffi. A `ttlMs` bounds how long a result counts. */
  readonly cache: "auto" | boolean | { readonly ttlMs: number };
  /** Further dependencies whose content is key material but which are no argument. */
  readonly track: readonly (SourceRef | FunctionRef)[];
  /** Names of nodes that must be done before this one starts, without being inputs. */
  readonly after: readonly string[];
  readonly retry: Retry;
  readonly timeoutMs?: number;
  readonly resources: Resources;
  readonly isolate: "pooled" | "fresh";
  readonly onError: OnError;
  /** Name of its executor; absent: `default`. */
  readonly executor?: string;
  /** Functions of map nodes: promises of how many calls may be pending in one worker. */
  readonly concurrency?: number;
  /** Functions of map nodes: how many calls travel together. */
  readonly chunk?: number;
  /** What is told at the end of the node, if it was executed. */
  readonly hooks?: readonly HookDef[];
  /** `false`: the node and everything downstream of it is left out. */
  readonly enabled: boolean;
  /** Commands only. */
  readonly command?: CommandOptions;
}

/** Commands around a command; one that fails fails the node. */
export interface Hooks {
  readonly before?: CommandLine;
  /** Runs only if the command has succeeded. */
  readonly after?: CommandLine;
}

/** What only command nodes have. */
export interface CommandOptions {
  readonly stdin?: string;
  readonly stdout?: StreamOutput;
  readonly stderr?: StreamOutput;
  /** Output that gets the exit code. */
  readonly exitCode?: string;
  /** Output that gets the arguments the command was started with, with published paths for private ones. */
  readonly commandLine?: string;
  /** Commands run before and after this one, in the same place. */
  readonly hooks?: Hooks;
  /** Exit codes that count as success. */
  readonly okCodes: readonly number[];
  /** Working directory relative to the workflow's directory, or `private`: the private output directory. */
  readonly cwd: string;
  /** Variables set for the command; nothing else is inherited but PATH, HOME, LANG, LC_*, TMPDIR, TERM. */
  readonly env: Readonly<Record<string, string | { readonly env: string }>>;
  readonly sandbox: "auto" | "strict" | "off";
}

/** The parts of a node that are the same for most nodes. */
export const NODE_DEFAULTS = Object.freeze(
  {
    inputs: {},
    scope: EMPTY_SCOPE,
    cache: "auto",
    track: [],
    after: [],
    retry: { limit: 0, delayMs: 1000, factor: 2 },
    resources: { cpus: 1, pools: {} },
    isolate: "pooled",
    onError: "fail",
    enabled: true,
  } as const,
) satisfies Partial<NodeDef>;

/** The parts of a command that are the same for most commands. */
export const COMMAND_DEFAULTS: CommandOptions = Object.freeze({
  okCodes: [0],
  cwd: ".",
  env: {},
  sandbox: "auto",
});
