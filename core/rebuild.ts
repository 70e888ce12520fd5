/**
 * Makes nodes fully explicit: from the results of its upstreams a node becomes key material, a key and
 * an action. Says what a result depends on; does not know schedules, executors or when anything runs.
 *
 * @module
 */

import { globSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";
import {
  type Action,
  type ActionInput,
  actionKey,
  type ActionOutput,
  type ActionScope,
  type CallWork,
  canonicalJson,
  type CommandMaterial,
  INLINE_BYTES,
  type InputMaterial,
  type Material,
  materialText,
  type OutputResult,
  type RunWork,
} from "./action.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import { FlowError, messageOf } from "./base/error.ts";
import { digestOfEncoded, encodedBytes, encodeValue } from "./base/value.ts";
import type { Bound } from "./bind.ts";
import type { CodeIndex } from "./code/code.ts";
import type { Graph, NodeId, Source, Wire } from "./graph.ts";
import { onlyValueOf } from "./result.ts";
import { type FileDigests, type FileStat, fileStat } from "./store/files.ts";
import { lstatIfExists } from "./store/io.ts";
import type { Blobs } from "./store/blobs.ts";
import { parseTemplate, referencesOf } from "./template.ts";
import type { NodeDef, StreamOutput } from "./workflow.ts";

/** A source cannot be read: the node that needs it fails before it starts. */
export class SourceError extends FlowError {
  constructor(message: string, hint?: string) {
    super(message, { code: "source", exitCode: 1, hint });
  }
}

/** A node made explicit. */
export interface Prepared {
  readonly key: Digest;
  readonly materialText: string;
  /** For people only, never part of the key: where each input comes from, with short values as text. */
  readonly notes: Notes;
  readonly inputs: readonly ActionInput[];
  /** What of the workspace is in the key, as it was when it was hashed. */
  readonly watched: readonly Watched[];
}

/** A path of the workspace as it was when its content went into a key. */
export type Watched =
  | {
    readonly kind: "file";
    readonly path: string;
    readonly digest: Digest;
    readonly stat: FileStat;
  }
  | { readonly kind: "dir"; readonly path: string; readonly digest: Digest }
  | { readonly kind: "missing"; readonly path: string };

/** Tells whether a path is still as it was when its content went into a key. */
export function isAsWatched(watched: Watched, files: FileDigests): boolean {
  switch (watched.kind) {
    case "file":
      return files.isUnchanged(watched.path, watched.digest, watched.stat);
    case "dir":
      return files.isTreeUnchanged(watched.path, watched.digest);
    case "missing":
      return lstatIfExists(watched.path) === undefined;
    default:
      return watched satisfies never;
  }
}

/** What `why` shows beside a material. */
export interface Notes {
  /** By argument: the source as written and, if short, the value's text. */
  readonly inputs: Readonly<Record<string, { readonly source: string; readonly text?: string }>>;
  /** Blob with the parts of the code digest (`FunctionCode.parts`). */
  readonly code?: Digest;
}

/** What preparing needs from the rest. */
export interface RebuildContext {
  readonly graph: Graph;
  readonly bound: ReadonlyMap<string, Bound>;
  readonly code: CodeIndex;
  readonly files: FileDigests;
  readonly blobs: Blobs;
  /** Outputs of a node that is done, in the order they were declared. */
  resultOf(id: NodeId): readonly OutputResult[];
  /** Value of an environment variable at the start of the run. */
  env(name: string): string | undefined;
}

/** State of a file that is gone already: no file is ever like this. */
const NO_STAT: FileStat = { sizeBytes: -1, mtimeMs: 0, ctimeMs: 0, ino: 0, executable: false };

/** Values up to this many characters are kept as text in notes. */
const NOTE_CHARS = 120;

/** Prepares nodes; keeps what is the same for every run of a node. */
export class Rebuild {
  readonly #context: RebuildContext;
  /** Encoded objects and arrays by identity; scalars are encoded again, which is cheaper than a look-up. */
  readonly #values = new Map<object, { digest: Digest; text?: string }>();
  readonly #codeParts = new Map<Digest, Digest>();

  constructor(context: RebuildContext) {
    this.#context = context;
  }

  /**
   * Makes a node explicit. All its upstreams must be done.
   *
   * @throws {SourceError} If a file, directory or input it needs cannot be read.
   */
  prepare(id: NodeId): Prepared {
    const { graph } = this.#context;
    const def = graph.defs[id];
    const watched: Watched[] = [];
    const inputs: ActionInput[] = [];
    const materials: Record<string, InputMaterial> = {};
    const noted: Record<string, { source: string; text?: string }> = {};
    for (const wire of graph.wires[id]) {
      const input = this.#input(wire, def, watched);
      inputs.push(input);
      materials[wire.argument] = this.#inputMaterial(input, def);
      noted[wire.argument] = noteOf(wire, graph, input);
    }
    const track: Record<string, Digest> = {};
    for (const wire of graph.tracks[id]) {
      const input = this.#input(wire, def, watched);
      track[wire.argument] = this.#inputMaterial(input, def).digest;
    }
    const code = def.work.kind === "call" ? this.#code(def) : undefined;
    const material: Material = {
      version: 1,
      kind: def.work.kind,
      ...(code === undefined ? {} : { code: code.digest }),
      ...(def.work.kind === "run" ? { command: this.#commandMaterial(def) } : {}),
      inputs: materials,
      outputs: outputsMaterial(def),
      scope: this.#scopeMaterial(def, watched),
      env: this.#envMaterial(def),
      track,
    };
    const text = materialText(material);
    const notes: Notes = { inputs: noted, ...(code === undefined ? {} : { code: code.parts }) };
    return { key: actionKey(text), materialText: text, notes, inputs, watched };
  }

  /**
   * Makes the action of a prepared node.
   *
   * @param id The node.
   * @param prepared What `prepare` returned for it.
   * @param frame What only the run knows.
   */
  action(
    id: NodeId,
    prepared: Prepared,
    frame: { id: number; attempt: number; privateDir: string; logPath: string },
  ): Action {
    const def = this.#context.graph.defs[id];
    const { timeoutMs, resources: { memoryBytes } } = def;
    return {
      ...frame,
      node: def.name,
      work: def.work.kind === "call" ? this.#callWork(def) : this.#runWork(def),
      inputs: prepared.inputs,
      outputs: def.outputs.map(actionOutput),
      scope: this.#actionScope(def),
      env: this.#actionEnv(def),
      isolate: def.isolate,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    };
  }

  /** Absolute path under which a file or directory output is published, or `undefined` for a value. */
  publishedPath(id: NodeId, output: number): string | undefined {
    const { workflow, defs } = this.#context.graph;
    const { path } = defs[id].outputs[output];
    return path === undefined ? undefined : join(workflow.dir, path);
  }

  #input(wire: Wire, def: NodeDef, watched: Watched[]): ActionInput {
    const name = wire.argument;
    const { source } = wire;
    switch (source.kind) {
      case "param":
      case "value":
        return this.#value(name, source.value);
      case "env":
        return this.#value(name, this.#context.env(source.name) ?? null);
      case "input":
        return this.#boundInput(name, source.input.name, def, watched);
      case "output":
        return this.#upstreamInput(name, source, watched);
      case "file":
      case "dir": {
        const path = resolve(this.#context.graph.workflow.dir, source.path);
        return this.#pathInput(name, source.kind, path, source.path, watched);
      }
      case "glob":
        return this.#globInput(name, source.pattern, watched);
      default:
        return source satisfies never;
    }
  }

  #value(name: string, value: unknown): ActionInput {
    if (value === null || typeof value !== "object") {
      return { name, kind: "value", ...this.#encode(value) };
    }
    let known = this.#values.get(value);
    if (known === undefined) {
      known = this.#encode(value);
      this.#values.set(value, known);
    }
    return { name, kind: "value", ...known };
  }

  #encode(value: unknown): { digest: Digest; text?: string } {
    const encoded = encodeValue(value);
    if (encoded.text !== undefined && encoded.text.length <= INLINE_BYTES) {
      return { digest: digestOfEncoded(encoded), text: encoded.text };
    }
    return { digest: this.#context.blobs.put(encodedBytes(encoded)) };
  }

  #boundInput(name: string, input: string, def: NodeDef, watched: Watched[]): ActionInput {
    const bound = this.#context.bound.get(input);
    if (bound === undefined) {
      throw new SourceError(
        `Missing input "${input}" for node "${def.name}"`,
        `give it with --input ${input}=…`,
      );
    }
    if (bound.kind === "value") return this.#value(name, bound.value);
    return this.#pathInput(name, bound.kind, bound.path, bound.path, watched);
  }

  #upstreamInput(
    name: string,
    source: Extract<Source, { kind: "output" }>,
    watched: Watched[],
  ): ActionInput {
    const result = this.#context.resultOf(source.node)[source.output];
    if (result.kind === "value") {
      const { digest, text } = result;
      return { name, kind: "value", digest, ...(text === undefined ? {} : { text }) };
    }
    const { kind, digest } = result;
    const published = this.publishedPath(source.node, source.output);
    // What is published can be edited while the node reads it.
    if (published !== undefined) watched.push(watchedOutput(kind, published, digest));
    return { name, kind, digest, path: published ?? this.#context.blobs.pathOf(digest) };
  }

  #pathInput(
    name: string,
    kind: "file" | "dir",
    path: string,
    shown: string,
    watched: Watched[],
  ): ActionInput {
    const { files } = this.#context;
    let real: string;
    try {
      real = Deno.realPathSync(path);
      const isDirectory = Deno.statSync(real).isDirectory;
      if (isDirectory !== (kind === "dir")) {
        throw new SourceError(
          `Cannot read ${kind} "${shown}": it is a ${isDirectory ? "directory" : "file"}`,
        );
      }
      if (kind === "dir") {
        const { digest } = files.digestOfTree(real);
        watched.push({ kind, path: real, digest });
        return { name, kind, path: real, digest };
      }
      const { digest, stat } = files.digestOf(real);
      watched.push({ kind: "file", path: real, digest, stat });
      return { name, kind, path: real, digest };
    } catch (error) {
      if (error instanceof SourceError) throw error;
      const isMissing = error instanceof Deno.errors.NotFound;
      throw new SourceError(
        `Cannot read ${kind} "${shown}": ${isMissing ? "it does not exist" : messageOf(error)}`,
      );
    }
  }

  #globInput(name: string, pattern: string, watched: Watched[]): ActionInput {
    const { files, graph: { workflow } } = this.#context;
    const paths = expandGlob(workflow.dir, pattern);
    for (const path of paths) {
      const { digest, stat } = files.digestOf(path);
      watched.push({ kind: "file", path, digest, stat });
    }
    return { name, kind: "files", paths };
  }

  #inputMaterial(input: ActionInput, def: NodeDef): InputMaterial {
    const { files, graph: { workflow } } = this.#context;
    switch (input.kind) {
      case "value":
        return { kind: "value", digest: input.digest };
      case "file":
      case "dir":
        return {
          kind: input.kind,
          digest: input.digest,
          // A function sees its file inputs under a neutral name, a command sees the real path.
          seen: def.work.kind === "call" ? extname(input.path) : relative(workflow.dir, input.path),
        };
      case "files": {
        const lines = input.paths.map((path) =>
          `${relative(workflow.dir, path)}\t${files.digestOf(path).digest}\n`
        );
        return { kind: "files", digest: digestOf(lines.join("")) };
      }
      case "array": {
        const parts = input.elements.map((element) => this.#inputMaterial(element, def).digest);
        return { kind: "array", digest: digestOf(canonicalJson([input.shape, parts])) };
      }
      default:
        return input satisfies never;
    }
  }

  #code(def: NodeDef): { digest: Digest; parts: Digest } {
    if (def.work.kind !== "call") throw new TypeError("Cannot digest the code of a command");
    const { digest, parts } = this.#context.code.functionCode(def.work.path, def.work.export);
    let blob = this.#codeParts.get(digest);
    if (blob === undefined) {
      blob = this.#context.blobs.put(new TextEncoder().encode(canonicalJson(parts)));
      this.#codeParts.set(digest, blob);
    }
    return { digest, parts: blob };
  }

  #commandMaterial(def: NodeDef): CommandMaterial {
    const { work, command } = def;
    if (work.kind !== "run" || command === undefined) throw new TypeError("Not a command");
    return {
      ...("argv" in work ? { argv: work.argv } : { script: work.script, shell: work.shell }),
      cwd: command.cwd,
      okCodes: command.okCodes,
      ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
      ...(command.stdout === undefined ? {} : { stdout: streamMaterial(def, command.stdout) }),
      ...(command.stderr === undefined ? {} : { stderr: streamMaterial(def, command.stderr) }),
      params: Object.fromEntries(
        Object.entries(this.#paramsOf(def)).map(([path, value]) => [path, canonicalJson(value)]),
      ),
    };
  }

  /** Values of the `${params.x}` a command's texts use, by path without `params.`. */
  #paramsOf(def: NodeDef): Record<string, unknown> {
    const params: Record<string, unknown> = {};
    for (const path of paramReferences(def)) {
      let value: unknown = this.#context.graph.workflow.params;
      for (const key of path.split(".")) value = (value as Record<string, unknown>)[key];
      params[path] = value;
    }
    return params;
  }

  #scopeMaterial(def: NodeDef, watched: Watched[]): Record<string, string> {
    const { scope } = def;
    const parts: Record<string, string> = {};
    for (const path of scope.read) parts[`read ${path}`] = this.#contentOf(path, watched);
    for (const path of scope.write) parts[`write ${path}`] = "";
    for (const kind of ["net", "sys", "run", "ffi", "import"] as const) {
      const allowed = scope[kind];
      if (allowed === true || allowed.length > 0) parts[kind] = canonicalJson(allowed);
    }
    if (def.command !== undefined && def.command.sandbox !== "auto") {
      parts.sandbox = def.command.sandbox;
    }
    return parts;
  }

  #contentOf(path: string, watched: Watched[]): string {
    const { files, graph: { workflow } } = this.#context;
    const absolute = resolve(workflow.dir, path);
    try {
      const real = Deno.realPathSync(absolute);
      if (Deno.statSync(real).isDirectory) {
        const { digest } = files.digestOfTree(real);
        watched.push({ kind: "dir", path: real, digest });
        return digest;
      }
      const { digest, stat } = files.digestOf(real);
      watched.push({ kind: "file", path: real, digest, stat });
      return digest;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        watched.push({ kind: "missing", path: absolute });
        return "missing";
      }
      throw new SourceError(`Cannot read "${path}": ${messageOf(error)}`);
    }
  }

  #envMaterial(def: NodeDef): Record<string, string | null> {
    const env: Record<string, string | null> = {};
    for (const name of def.scope.env) env[name] = this.#context.env(name) ?? null;
    for (const [name, value] of Object.entries(def.command?.env ?? {})) {
      env[name] = typeof value === "string" ? value : this.#context.env(value.env) ?? null;
    }
    return env;
  }

  #actionEnv(def: NodeDef): Record<string, string> {
    const entries = Object.entries(this.#envMaterial(def));
    return Object.fromEntries(entries.filter((e): e is [string, string] => e[1] !== null));
  }

  #actionScope(def: NodeDef): ActionScope {
    const { scope } = def;
    const { dir } = this.#context.graph.workflow;
    return {
      read: scope.read.map((path) => realOrAbsolute(resolve(dir, path))),
      write: scope.write.map((path) => realOrAbsolute(resolve(dir, path))),
      net: scope.net,
      sys: scope.sys,
      ffi: scope.ffi,
      import: scope.import,
      env: scope.env,
    };
  }

  #callWork(def: NodeDef): CallWork {
    if (def.work.kind !== "call") throw new TypeError("Not a function node");
    const { digest, text, entry } = this.#context.code.closure(def.work.path);
    this.#context.blobs.put(new TextEncoder().encode(text));
    return {
      kind: "call",
      closure: digest,
      module: entry,
      export: def.work.export,
      sh: def.scope.run,
      workflowDir: this.#context.graph.workflow.dir,
    };
  }

  #runWork(def: NodeDef): RunWork {
    const { work, command } = def;
    if (work.kind !== "run" || command === undefined) throw new TypeError("Not a command");
    const { dir } = this.#context.graph.workflow;
    return {
      kind: "run",
      ...("argv" in work ? { argv: work.argv } : { script: work.script, shell: work.shell }),
      cwd: command.cwd === "private" ? "private" : resolve(dir, command.cwd),
      workflowDir: dir,
      okCodes: command.okCodes,
      ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
      ...(command.stdout === undefined ? {} : { stdout: command.stdout }),
      ...(command.stderr === undefined ? {} : { stderr: command.stderr }),
      params: this.#paramsOf(def),
      sandbox: command.sandbox,
    };
  }
}

/** Paths of the params a command's texts refer to, without `params.`; empty for a function. */
export function paramReferences(def: NodeDef): string[] {
  if (def.work.kind !== "run") return [];
  const texts = "argv" in def.work ? def.work.argv : [def.work.script];
  const mode = "argv" in def.work ? "argv" : "sh";
  const paths = new Set<string>();
  for (const text of texts) {
    const parsed = parseTemplate(text, mode);
    if (!parsed.ok) continue; // Reported by the check of the definition.
    for (const { kind, name } of referencesOf(parsed.template)) {
      if (kind === "params") paths.add(name);
    }
  }
  return [...paths].sort();
}

/** Stands for the name of the only value output. No output can be called so. */
const ONLY_VALUE = "=";

function streamMaterial(def: NodeDef, stream: StreamOutput): string {
  const output = stream.output === onlyValueOf(def) ? ONLY_VALUE : stream.output;
  return canonicalJson({ ...stream, output });
}

function outputsMaterial(def: NodeDef): Record<string, string> {
  const only = onlyValueOf(def);
  const outputs: Record<string, string> = {};
  for (const output of def.outputs) {
    const { fileName } = actionOutput(output);
    const name = fileName === undefined ? "" : ` ${fileName}`;
    outputs[output.name === only ? ONLY_VALUE : output.name] = `${output.kind}${name}${
      output.allowEmpty ? " allowEmpty" : ""
    }`;
  }
  return outputs;
}

function watchedOutput(kind: "file" | "dir", path: string, digest: Digest): Watched {
  if (kind === "dir") return { kind, path, digest };
  try {
    return { kind, path, digest, stat: fileStat(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { kind, path, digest, stat: NO_STAT };
    throw error;
  }
}

function actionOutput(output: NodeDef["outputs"][number]): ActionOutput {
  const { name, kind, path, allowEmpty } = output;
  if (kind === "value") return { name, kind, allowEmpty };
  return { name, kind, allowEmpty, fileName: path?.split("/").at(-1) ?? name };
}

function noteOf(
  wire: Wire,
  graph: Graph,
  input: ActionInput,
): { source: string; text?: string } {
  const source = wire.source.kind === "input" && "path" in input
    ? `${input.kind} ${relative(graph.workflow.dir, input.path)}`
    : describeSource(wire.source, graph);
  const text = input.kind === "value" ? input.text : undefined;
  return text === undefined || text.length > NOTE_CHARS ? { source } : { source, text };
}

/** A source in words, for `why` and `ls`. */
export function describeSource(source: Source, graph: Graph): string {
  switch (source.kind) {
    case "input":
      return `input ${source.input.name}`;
    case "output": {
      const def = graph.defs[source.node];
      const { name } = def.outputs[source.output];
      return name === def.name ? name : `${def.name}.${name}`;
    }
    case "param":
      return source.path;
    case "value":
      return "literal";
    case "file":
    case "dir":
      return `${source.kind} ${source.path}`;
    case "glob":
      return `glob ${source.pattern}`;
    case "env":
      return `env ${source.name}`;
    default:
      return source satisfies never;
  }
}

/** Files a pattern matches, absolute and sorted; never what lies inside `.pipecache`. */
function expandGlob(dir: string, pattern: string): string[] {
  return globSync(pattern, { cwd: dir })
    .map((path) => resolve(dir, path))
    .filter((path) => !path.includes("/.pipecache/") && Deno.statSync(path).isFile)
    .sort();
}

function realOrAbsolute(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // It does not exist yet: the scope names it as it will be.
    return path;
  }
}
