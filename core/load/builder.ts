/**
 * The module "flow" of TypeScript workflows: the YAML model with types, as functions that make plain data.
 * Self-contained in one file, because its text is also served to workflow files. Does not know how data is checked.
 *
 * @module
 */

declare const valueType: unique symbol;

/** Something that can be wired to an argument; `T` is the type of its value. */
export interface Handle<out T> {
  /** Exists for the compiler only. */
  readonly [valueType]?: T;
}

/** Where an argument comes from: a handle, or one of the long forms of the YAML format. */
export type Source<T> =
  | Handle<T>
  | { readonly value: T }
  | (string extends T
    ? { readonly file: string; readonly sidecar?: boolean } | { readonly dir: string } | {
      readonly env: string;
    }
    : never)
  | (string[] extends T ? { readonly glob: string } : never);

/** An array, or an array of arrays, of `T`: what a mapped argument may be wired to. */
export type Nested<T> = readonly (T | Nested<T>)[];

/** A function whose code counts though the node does not call it: itself, or `{ call: "lib.ts#helper" }`. */
export type Tracked = ((...args: never[]) => unknown) | { readonly call: string };

/** Options of any node; the same words as in YAML. */
export interface NodeOptions {
  readonly description?: string;
  /** Sources, and functions whose code counts. */
  readonly track?: readonly (Source<unknown> | Tracked)[];
  readonly after?: readonly (string | Handle<unknown>)[];
  readonly enabled?: boolean;
  readonly temp?: boolean;
  readonly allow?: false | {
    readonly read?: readonly string[] | false;
    readonly write?: readonly string[] | false;
    readonly net?: readonly string[] | boolean;
    readonly env?: readonly string[] | false;
    readonly sys?: readonly string[] | boolean;
    readonly run?: readonly string[] | boolean;
    readonly ffi?: readonly string[] | boolean;
    readonly import?: readonly string[] | boolean;
  };
  readonly cache?: "auto" | boolean | { readonly ttl: string | number };
  readonly retries?: number | {
    readonly limit: number;
    readonly delay?: string | number;
    readonly factor?: number;
  };
  readonly timeout?: string | number;
  /** cpus, memory (`"2GiB * attempt"`), units of pools; `call`: a function that returns these for the inputs. */
  readonly resources?: Readonly<Record<string, number | string | ((inputs: never) => unknown)>>;
  readonly onError?: "fail" | "continue" | "skip";
  /** One of the `executors` of the workflow. */
  readonly executor?: string;
  /** Told when the node was executed and succeeded, failed, or either. */
  readonly onSuccess?: Hook;
  readonly onFailure?: Hook;
  readonly onEnd?: Hook;
}

/** What is told at the end of a node or run: an exported function, its name, or more in the words of YAML. */
export type Hook =
  | string
  | ((facts: never) => unknown)
  | {
    readonly call?: string | ((facts: never) => unknown);
    readonly run?: Command;
    readonly allow?: NodeOptions["allow"];
    readonly timeout?: string | number;
  };

/**
 * Declared outputs: names of values, or a mapping of names to values (null), files and directories. With a map the paths
 * hold its axes in braces: `plots/{i}.png`.
 */
export type Outputs = readonly string[] | {
  readonly [name: string]: null | string | {
    readonly file?: string;
    readonly dir?: string;
    readonly temp?: boolean;
    readonly allowEmpty?: boolean;
    readonly hash?: "inputs";
    /** Where the value is in what the function returns: `stats.mean`, `[0].x`. */
    readonly pick?: string;
  };
};

/** Options of a function node. */
export interface CallOptions<A, M extends string, O extends Outputs> extends NodeOptions {
  readonly inputs?: {
    readonly [K in keyof A]?: string extends M ? Source<A[K]> : Source<A[K]> | Source<Nested<A[K]>>;
  };
  readonly outputs?: O;
  /** Map-spec, for example `xs[i] -> ys[i]`. */
  readonly map?: M;
  /** Calls of a map that may be pending at once in one worker, for functions that return promises. */
  readonly concurrency?: number;
  /** Calls of a map that travel together to a worker. */
  readonly chunk?: number;
  readonly isolate?: "pooled" | "fresh";
}

/** Where a text stream of a command goes. */
export type StreamTarget = string | {
  readonly output: string;
  readonly as?: "text" | "json" | "lines";
};

/** Outputs of a command that need not be declared. */
export interface Telling {
  readonly stdout: StreamTarget;
  readonly stderr: StreamTarget;
  readonly exitCode: string;
  readonly commandLine: string;
}

/** A command: a list of arguments, or a text for the shell. */
export type Command = string | readonly (string | number)[];

/** Options of a command node; `Told` are the outputs that tell of the command. */
export interface RunOptions<
  O extends Outputs,
  Told extends Telling = Telling,
  M extends string = string,
> extends NodeOptions {
  readonly inputs?: Readonly<Record<string, Source<unknown>>>;
  readonly outputs?: O;
  /** Map-spec, for example `xs[i] -> ys[i]`. */
  readonly map?: M;
  readonly stdin?: string;
  readonly stdout?: Told["stdout"];
  readonly stderr?: Told["stderr"];
  /** Output that gets the exit code. */
  readonly exitCode?: Told["exitCode"];
  /** Output that gets the arguments the command was started with. */
  readonly commandLine?: Told["commandLine"];
  /** Commands before and after this one, in the same place. */
  readonly hooks?: { readonly before?: Command; readonly after?: Command };
  readonly okCodes?: readonly number[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | number | boolean | { readonly env: string }>>;
  readonly shell?: string;
  readonly sandbox?: "auto" | "strict" | "off";
}

type StreamName<S> = S extends string ? S
  : S extends { readonly output: infer N extends string } ? N
  : never;

/** JSON may be anything, so it fits everywhere. */
type StreamValue<S> = S extends { readonly as: "lines" } ? string[]
  : S extends { readonly as: "json" } ? never
  : string;

type StreamHandles<S, M extends string> = {
  readonly [K in StreamName<S>]: Handle<Mapped<StreamValue<S>, M>>;
};

type OutputNames<O> = O extends readonly (infer N extends string)[] ? N
  : O extends readonly unknown[] ? never
  : keyof O & string;

/** `[0].x` as steps with dots before them: `.0.x`. */
type Dotted<P extends string> = P extends `${infer A}[${infer N}]${infer B}`
  ? Dotted<`${A}.${N}${B}`>
  : P;

type StepInto<R, K> = R extends readonly (infer E)[] ? E : K extends keyof R ? R[K] : never;

/** What a path finds in a type; what it cannot tell fits everywhere. */
type Picked<R, P extends string> = P extends `.${infer Rest}` ? Picked<R, Rest>
  : P extends `${infer K}.${infer Rest}` ? Picked<StepInto<R, K>, Rest>
  : StepInto<R, P>;

type OutputValue<R, O, K, M extends string> = O extends readonly string[]
  ? K extends keyof R ? R[K] : unknown
  : K extends keyof O
    ? O[K] extends { readonly pick: infer P extends string } ? Picked<R, Dotted<P>>
    : O[K] extends null ? K extends keyof R ? R[K] : unknown
    : Mapped<string, M>
  : unknown;

type Wrapped<R, Axes extends string> = Axes extends `${string},${infer Rest}` ? Wrapped<R, Rest>[]
  : R[];

/** What the calls of a map make in total: what one makes, once per index. */
type Mapped<R, M extends string> = string extends M ? R
  : M extends `${string}...${string}` ? R
  : M extends `${string}->${string}[${infer Axes}]${string}` ? Wrapped<R, Axes>
  : R;

/** A node: wired as a whole, or by one of its outputs. */
export interface NodeHandle<T, O extends Outputs = Outputs, M extends string = string>
  extends Handle<T> {
  /** Handles of the declared outputs. */
  readonly outputs: { readonly [K in OutputNames<O>]: Handle<OutputValue<T, O, K, M>> };
}

/** A command node: also its streams, exit code and arguments are outputs, where they have names. */
export type CommandHandle<
  T,
  O extends Outputs,
  Out,
  Err,
  Code extends string,
  Line extends string,
  M extends string = string,
> =
  & NodeHandle<T, O, M>
  & {
    readonly outputs:
      & StreamHandles<Out, M>
      & StreamHandles<Err, M>
      & { readonly [K in Code]: Handle<Mapped<number, M>> }
      & { readonly [K in Line]: Handle<Mapped<string[], M>> };
  };

/** Handles of params: `p.model.depth` is what YAML writes as `params.model.depth`. */
export type ParamHandles<T> =
  & Handle<T>
  & (T extends readonly unknown[] | string | number | boolean | null ? unknown
    : { readonly [K in keyof T]: ParamHandles<T[K]> });

/** Values of one name: a list, or numbers up to an end that is not among them. */
export type SweepValues = readonly unknown[] | { readonly range: number | readonly number[] };

/** One block of a sweep; names are inputs, or params by their path. */
export interface SweepOptions {
  /** Every value with every other. */
  readonly product?: Readonly<Record<string, SweepValues>>;
  /** Values that go together; or several such groups. */
  readonly zip?:
    | Readonly<Record<string, SweepValues>>
    | readonly Readonly<Record<string, SweepValues>>[];
  readonly constants?: Readonly<Record<string, unknown>>;
  /** Texts such as `"lr-${lr}"`, or an exported function that returns values by name. */
  readonly derived?:
    | Readonly<Record<string, string>>
    | string
    | ((
      // deno-lint-ignore no-explicit-any -- the function says what it takes
      values: any,
    ) => object | Promise<object>);
  readonly exclude?: readonly Readonly<Record<string, unknown>>[];
  /** An exported function that tells which combinations stay. */
  readonly filter?: string | ((values: never) => boolean | Promise<boolean>);
}

/** Where the nodes of an executor run, and how. */
export interface ExecutorOptions {
  readonly kind?: "worker" | "process";
  readonly slots?: number;
  readonly concurrency?: number;
  readonly chunk?: number;
}

/** What `workflow` takes: the keys of the YAML format. */
export interface WorkflowOptions {
  readonly name?: string;
  readonly description?: string;
  readonly params?: object;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly nodes: Readonly<Record<string, unknown>>;
  readonly pools?: Readonly<Record<string, number>>;
  /** Where nodes run and how many at once; `default` is that of nodes that name none. */
  readonly executors?: Readonly<Record<string, ExecutorOptions>>;
  /** Told when a run that executed something succeeded, failed, or is over. */
  readonly onSuccess?: Hook;
  readonly onFailure?: Hook;
  readonly onEnd?: Hook;
  readonly sweeps?: Readonly<Record<string, SweepOptions | readonly SweepOptions[]>>;
  readonly defaults?:
    & Omit<NodeOptions, "description" | "track" | "after" | "enabled" | "temp" | "executor">
    & {
      readonly isolate?: "pooled" | "fresh";
      readonly shell?: string;
      readonly sandbox?: "auto" | "strict" | "off";
    };
}

/** What a handle stands for; the runtime side of every handle. */
type Meaning =
  | { readonly kind: "node"; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: "output"; readonly node: object; readonly output: string }
  | { readonly kind: "input"; readonly data: unknown }
  | { readonly kind: "param"; readonly path: readonly string[]; readonly data?: unknown };

const meanings = new WeakMap<object, Meaning>();

function handleOf<T>(meaning: Meaning, handle: object = {}): Handle<T> {
  meanings.set(handle, meaning);
  return handle as Handle<T>;
}

function meaningOf(value: unknown): Meaning | undefined {
  return typeof value === "object" && value !== null ? meanings.get(value) : undefined;
}

/**
 * A function node.
 *
 * @param target The function itself, exported by a module the workflow imports, or `"nodes.ts#load"`.
 * @param options The options of the node, as in YAML.
 */
export function call<
  A,
  R,
  const M extends string = string,
  const O extends Outputs = readonly [],
>(
  target: (args: A, ...context: never[]) => R,
  options?: CallOptions<A, M, O>,
): NodeHandle<Mapped<Awaited<R>, M>, O, M>;
export function call<
  T = unknown,
  const O extends Outputs = Outputs,
  const M extends string = string,
>(
  target: string,
  options?: CallOptions<Record<string, unknown>, M, O>,
): NodeHandle<T, O, M>;
export function call(target: unknown, options: object = {}): NodeHandle<unknown> {
  return nodeOf({ call: target, ...options });
}

/** Options of a node that returns nodes. */
export interface ExpandOptions<A, O extends Outputs> extends Omit<NodeOptions, "temp" | "onError"> {
  readonly inputs?: { readonly [K in keyof A]?: Source<A[K]> };
  /** Outputs that some of the returned nodes must have: they can be wired. */
  readonly outputs?: O;
  readonly isolate?: "pooled" | "fresh";
}

/** What a function of an `expand` node returns: nodes as in the file. */
export interface Expansion {
  readonly nodes: Readonly<Record<string, object>>;
}

/**
 * A node whose function returns nodes, which join the workflow.
 *
 * @param target The function itself, exported by a module the workflow imports, or `"nodes.ts#perFile"`.
 * @param options The options of the node, as in YAML.
 */
export function expand<A, const O extends Outputs = readonly []>(
  target: ((args: A, ...context: never[]) => Expansion | Promise<Expansion>) | string,
  options: ExpandOptions<A, O> = {},
): NodeHandle<Expansion, O> {
  return nodeOf({ expand: target, ...options }) as NodeHandle<Expansion, O>;
}

/**
 * A command node.
 *
 * @param command A list of arguments, or a text for the shell.
 * @param options The options of the node, as in YAML.
 */
export function run<
  T = unknown,
  const O extends Outputs = Outputs,
  const Out extends StreamTarget = never,
  const Err extends StreamTarget = never,
  const Code extends string = never,
  const Line extends string = never,
  const M extends string = string,
>(
  command: Command,
  options: RunOptions<O, { stdout: Out; stderr: Err; exitCode: Code; commandLine: Line }, M> = {},
): CommandHandle<T, O, Out, Err, Code, Line, M> {
  const handle: NodeHandle<unknown> = nodeOf({ run: command, ...options });
  return handle as CommandHandle<T, O, Out, Err, Code, Line, M>;
}

function nodeOf(data: Readonly<Record<string, unknown>>): NodeHandle<unknown> {
  const outputs: Record<string, Handle<unknown>> = {};
  const handle = { outputs };
  for (const output of outputNames(data)) {
    outputs[output] = handleOf({ kind: "output", node: handle, output });
  }
  handleOf({ kind: "node", data }, handle);
  return handle as NodeHandle<unknown>;
}

function outputNames(data: Readonly<Record<string, unknown>>): string[] {
  const { outputs, stdout, stderr, exitCode, commandLine } = data;
  const names = Array.isArray(outputs)
    ? [...outputs]
    : Object.keys(typeof outputs === "object" ? outputs ?? {} : {});
  for (const stream of [stdout, stderr, exitCode, commandLine]) {
    const name = typeof stream === "object" && stream !== null && "output" in stream
      ? stream.output
      : stream;
    if (typeof name === "string" && !names.includes(name)) names.push(name);
  }
  return names;
}

/** Something that comes from outside: as in YAML, or a default value. */
export function input<T>(
  definition: null | T | {
    readonly type?: "string" | "number" | "integer" | "boolean" | "array" | "object";
    readonly default?: T;
    readonly description?: string;
  } = null,
): Handle<T> {
  return handleOf({ kind: "input", data: definition });
}

/**
 * A file that comes from outside; without a path it must be given.
 *
 * @param path The default.
 * @param options `sidecar`: its digest is taken from `<path>.sha256` instead of reading the file.
 */
export function inputFile(
  path: string | null = null,
  options: { readonly sidecar?: boolean } = {},
): Handle<string> {
  return handleOf({ kind: "input", data: { file: path, ...options } });
}

/** A directory that comes from outside; without a path it must be given. */
export function inputDir(path: string | null = null): Handle<string> {
  return handleOf({ kind: "input", data: { dir: path } });
}

/** One parameter by its path: `param<number>("model.depth")`. */
export function param<T>(path: string): Handle<T> {
  return handleOf({ kind: "param", path: path.split(".") });
}

/** Params with their defaults, as handles: pass the result to `workflow` too. */
export function params<const T extends object>(defaults: T): ParamHandles<T> {
  return paramsAt(defaults, []) as ParamHandles<T>;
}

function paramsAt(data: unknown, path: readonly string[]): unknown {
  const handle: Record<string, unknown> = {};
  if (typeof data === "object" && data !== null && !Array.isArray(data)) {
    for (const [key, value] of Object.entries(data)) handle[key] = paramsAt(value, [...path, key]);
  }
  return handleOf({ kind: "param", path, data }, handle);
}

/** A literal as a source. */
export function value<const T>(literal: T): { readonly value: T } {
  return { value: literal };
}

/** A workflow as plain data: what the YAML file would say. Functions stay functions. */
export type WorkflowData = Readonly<Record<string, unknown>>;

/**
 * A workflow: handles become names, so that the result says what a YAML file would say.
 *
 * @throws {Error} If a handle is used that belongs to no node or input of the workflow.
 */
export function workflow(options: WorkflowOptions): WorkflowData {
  const names = new Map<unknown, string>();
  const { params = {}, inputs = {}, nodes, ...rest } = options;
  for (const [name, input] of Object.entries(inputs)) nameOnce(names, input, name);
  for (const [name, node] of Object.entries(nodes ?? {})) nameOnce(names, node, name);
  const meaning = meaningOf(params);
  return {
    ...rest,
    params: meaning?.kind === "param" ? meaning.data : params,
    inputs: mapValues(inputs, (input) => {
      const found = meaningOf(input);
      return found?.kind === "input" ? found.data : input;
    }),
    nodes: mapValues(nodes ?? {}, (node, name) => {
      const found = meaningOf(node);
      return resolveNode(found?.kind === "node" ? found.data : node, name, names);
    }),
  };
}

function nameOnce(names: Map<unknown, string>, handle: unknown, name: string): void {
  if (meaningOf(handle) === undefined) return;
  const first = names.get(handle);
  if (first !== undefined) {
    throw new Error(`Cannot name a handle "${name}": it is already called "${first}"`);
  }
  names.set(handle, name);
}

function mapValues(
  record: Readonly<Record<string, unknown>>,
  map: (value: unknown, name: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

function resolveNode(node: unknown, name: string, names: Map<unknown, string>): unknown {
  if (typeof node !== "object" || node === null || Array.isArray(node)) return node;
  const data: Record<string, unknown> = { ...node };
  const { inputs, track, after } = data;
  const refer = (source: unknown, what: string): unknown =>
    meaningOf(source) === undefined ? source : refOf(source, `${what} of node "${name}"`, names);
  if (Array.isArray(inputs)) data.inputs = inputs.map((source) => refer(source, "an input"));
  else if (typeof inputs === "object" && inputs !== null) {
    data.inputs = mapValues(
      inputs as Record<string, unknown>,
      (source, key) => refer(source, `input "${key}"`),
    );
  }
  if (Array.isArray(track)) {
    data.track = track.map((source) =>
      typeof source === "function" ? { call: source } : refer(source, '"track"')
    );
  }
  if (Array.isArray(after)) {
    data.after = after.map((node) => names.get(node) ?? refer(node, '"after"'));
  }
  return data;
}

/** The text reference a handle stands for. */
function refOf(handle: unknown, where: string, names: Map<unknown, string>): string {
  const meaning = meaningOf(handle);
  if (meaning?.kind === "param") return ["params", ...meaning.path].join(".");
  const owner = meaning?.kind === "output" ? meaning.node : handle;
  const name = names.get(owner);
  if (meaning === undefined || name === undefined) {
    const section = meaning?.kind === "input" ? "inputs" : "nodes";
    throw new Error(
      `Cannot wire ${where}: its source is not among the "${section}" of the workflow`,
    );
  }
  if (meaning.kind === "output") return `${name}.${meaning.output}`;
  if (meaning.kind === "input") return name;
  const outputs = outputNames(meaning.data);
  if (outputs.length > 1) {
    throw new Error(
      `Cannot wire ${where}: node "${name}" has several outputs; use .outputs.${outputs[0]}`,
    );
  }
  return outputs.length === 0 || outputs[0] === name ? name : `${name}.${outputs[0]}`;
}
