/**
 * What a result depends on: from the results of its upstreams a node becomes key material and a key. Does not know
 * schedules, executors or when anything runs.
 *
 * @module
 */

import { extname, relative } from "node:path";
import {
  type Action,
  type ActionInput,
  actionKey,
  canonicalJson,
  type CommandMaterial,
  type InputMaterial,
  type Material,
  materialText,
  type OutputResult,
} from "./action.ts";
import {
  type ActionFrame,
  actionOutput,
  commandLineOutput,
  makeAction,
  usedParams,
  variablesOf,
} from "./assemble.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import type { CodeIndex } from "./code/code.ts";
import type { Graph, NodeId, Wire } from "./graph.ts";
import type { CallPlace, PublishedFile } from "./published.ts";
import { neutralName } from "./result.ts";
import { describeSource, type SourceContext, Sources, type Watched } from "./sources.ts";
import type { NodeDef, StreamOutput } from "./workflow.ts";

/** A node made explicit. */
export interface Prepared {
  readonly key: Digest;
  readonly materialText: string;
  /** For people only, never part of the key: where each input comes from, with short values as text. */
  readonly notes: Notes;
  readonly inputs: readonly ActionInput[];
  /** What of the workspace is in the key, as it was when it was hashed. */
  readonly watched: readonly Watched[];
  /** Inputs are still being made, so `key` and `materialText` are not what they will be. */
  readonly isOpen?: true;
}

/** What `why` shows beside a material. */
export interface Notes {
  /** By argument: the source as written and, if short, the value's text. */
  readonly inputs: Readonly<Record<string, { readonly source: string; readonly text?: string }>>;
  /** Blob with the parts of the code digest (`FunctionCode.parts`). */
  readonly code?: Digest;
  /** By tracked function: blob with the parts of its code digest. */
  readonly track?: Readonly<Record<string, Digest>>;
}

/** What preparing needs from the rest. */
export interface RebuildContext extends SourceContext {
  readonly code: CodeIndex;
}

const NO_INPUTS: ReadonlySet<number> = new Set();
/** Values up to this many characters are kept as text in notes. */
const NOTE_CHARS = 120;

/** Prepares nodes; keeps what is the same for every run of a node. */
export class Rebuild {
  readonly #context: RebuildContext;
  readonly #sources: Sources;
  readonly #codeParts = new Map<Digest, Digest>();
  readonly #closures = new Set<Digest>();

  constructor(context: RebuildContext) {
    this.#context = context;
    this.#sources = new Sources(context);
  }

  /** Gets ready to prepare many nodes: what is known of their files is loaded with few queries. */
  preload(ids: Iterable<number>): void {
    this.#sources.preload(ids);
  }

  /**
   * Makes a node explicit. All its upstreams must be done, but for those of inputs left open: the key means nothing then.
   *
   * @param open Positions of inputs that are not looked at.
   * @throws {SourceError} If a file, directory or input it needs cannot be read.
   */
  prepare(id: NodeId, open: ReadonlySet<number> = NO_INPUTS): Prepared {
    const { graph } = this.#context;
    const def = graph.defs[id];
    const watched: Watched[] = [];
    const inputs: ActionInput[] = [];
    const materials: Record<string, InputMaterial> = {};
    const noted: Record<string, { source: string; text?: string }> = {};
    for (const [position, wire] of graph.wires[id].entries()) {
      const input = open.has(position) ? openInput(wire) : this.#sources.read(wire, def, watched);
      inputs.push(input);
      materials[wire.argument] = this.#inputMaterial(input, def);
      noted[wire.argument] = noteOf(wire, graph, input);
    }
    const track: Record<string, Digest> = {};
    const trackedParts: Record<string, Digest> = {};
    for (const { argument, source } of graph.tracks[id]) {
      if (source.kind === "function") {
        const { digest, parts } = this.#code(source);
        track[argument] = digest;
        trackedParts[argument] = parts;
      } else {
        const input = this.#sources.read({ argument, source }, def, watched);
        track[argument] = this.#inputMaterial(input, def).digest;
      }
    }
    const code = def.work.kind === "call" ? this.#code(def.work) : undefined;
    const material: Material = {
      version: 1,
      kind: def.work.kind,
      ...(def.map === undefined ? {} : { map: def.map.text }),
      ...(code === undefined ? {} : { code: code.digest }),
      ...(def.work.kind === "run" ? { command: this.#commandMaterial(def) } : {}),
      inputs: materials,
      outputs: outputsMaterial(def),
      scope: this.#scopeMaterial(def, watched),
      env: envMaterial(def, this.#context.env),
      track,
    };
    const text = materialText(material);
    const notes: Notes = {
      inputs: noted,
      ...(code === undefined ? {} : { code: code.parts }),
      ...(Object.keys(trackedParts).length === 0 ? {} : { track: trackedParts }),
    };
    const prepared = { key: actionKey(text), materialText: text, notes, inputs, watched };
    return open.size === 0 ? prepared : { ...prepared, isOpen: true };
  }

  /** Makes the action of a prepared node. */
  action(id: NodeId, { inputs }: Prepared, frame: ActionFrame): Action {
    return this.actionOf(this.#context.graph.defs[id], inputs, frame);
  }

  /** Makes the action of something that need not be a node of the graph. */
  actionOf(def: NodeDef, inputs: readonly ActionInput[], frame: ActionFrame): Action {
    const { graph: { workflow }, code, blobs, env } = this.#context;
    const closures = this.#closures;
    return makeAction({ workflow, code, blobs, closures, env }, def, inputs, frame);
  }

  /** Absolute path under which a file or directory output is published, or `undefined` for a value. */
  publishedPath(id: NodeId, output: number, call?: CallPlace): string | undefined {
    return this.#sources.published.pathOf(id, output, call);
  }

  /** Files and directories that a node published for an output; none for a value. */
  published(id: NodeId, output: number, result: OutputResult): readonly PublishedFile[] {
    return this.#sources.published.filesOf(id, output, result);
  }

  /** Lengths of the axes of an output that is an array of files. */
  shapeOf(id: NodeId, result: OutputResult): readonly number[] {
    return this.#sources.published.arrayOf(id, result).shape;
  }

  #inputMaterial(input: ActionInput, def: NodeDef): InputMaterial {
    const { files, graph: { workflow } } = this.#context;
    switch (input.kind) {
      case "value":
        return { kind: "value", digest: input.identity ?? input.digest };
      case "file":
      case "dir":
        return {
          kind: input.kind,
          digest: input.identity ?? input.digest,
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
        const parts = input.elements.map((element) => {
          const { digest, seen } = this.#inputMaterial(element, def);
          return seen === undefined ? digest : [digest, seen];
        });
        const digest = input.identity ?? digestOf(canonicalJson([input.shape, parts]));
        return { kind: "array", digest };
      }
      default:
        return input satisfies never;
    }
  }

  #code(named: { path: string; export: string }): { digest: Digest; parts: Digest } {
    const { digest, parts } = this.#context.code.functionCode(named.path, named.export);
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
      ...(command.exitCode === undefined ? {} : { exitCode: neutralName(def, command.exitCode) }),
      ...commandLineMaterial(def),
      ...(command.hooks === undefined ? {} : { hooks: command.hooks }),
      params: Object.fromEntries(
        Object.entries(usedParams(def, this.#context.graph.workflow.params)).map((
          [path, value],
        ) => [path, canonicalJson(value)]),
      ),
    };
  }

  #scopeMaterial(def: NodeDef, watched: Watched[]): Record<string, string> {
    const { scope } = def;
    const parts: Record<string, string> = {};
    for (const path of scope.read) parts[`read ${path}`] = this.#sources.contentOf(path, watched);
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
}

/** Stands for an input that is still being made. */
function openInput({ argument: name }: Wire): ActionInput {
  return { name, kind: "value", digest: digestOf(""), text: "" };
}

/** Values that come from outside may be secrets: their digests are kept, never they themselves. */
function envMaterial(
  def: NodeDef,
  env: (name: string) => string | undefined,
): Record<string, string | null> {
  const material = variablesOf(def, env);
  for (const [name, value] of Object.entries(material)) {
    const isWritten = typeof def.command?.env[name] === "string";
    if (!isWritten && value !== null) material[name] = `digest ${digestOf(value).slice(0, 16)}`;
  }
  return material;
}

function streamMaterial(def: NodeDef, stream: StreamOutput): string {
  return canonicalJson({ ...stream, output: neutralName(def, stream.output) });
}

/** The only output that shows where the others are published. */
function commandLineMaterial(def: NodeDef): { commandLine?: string } {
  const shown = commandLineOutput(def);
  if (shown === undefined) return {};
  return { commandLine: canonicalJson({ ...shown, output: neutralName(def, shown.output) }) };
}

function outputsMaterial(def: NodeDef): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const output of def.outputs) {
    const { fileName, pick } = actionOutput(def, output);
    const name = fileName === undefined ? "" : ` ${fileName}`;
    const picked = pick === undefined ? "" : ` pick ${JSON.stringify(pick)}`;
    const empty = output.allowEmpty ? " allowEmpty" : "";
    outputs[neutralName(def, output.name)] = `${output.kind}${name}${picked}${empty}`;
  }
  return outputs;
}

function noteOf(
  wire: Wire,
  graph: Graph,
  input: ActionInput,
): { source: string; text?: string } {
  const source = wire.source.kind === "input" && "path" in input
    ? `${input.kind} ${relative(graph.workflow.dir, input.path)}`
    : describeSource(wire.source, graph);
  const text = input.kind === "value" && wire.source.kind !== "env" ? input.text : undefined;
  return text === undefined || text.length > NOTE_CHARS ? { source } : { source, text };
}
