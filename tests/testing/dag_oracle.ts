/**
 * What flow must do with a random workflow: by recursive demand over all earlier results, which nodes are executed, and
 * which bytes are there afterwards. Shares no code with flow.
 */

import { assertEquals } from "./assert.ts";
import {
  type Dag,
  type DagNode,
  type DagSource,
  isValueKind,
  namedBy,
  outputName,
  publishedPath,
} from "./dag.ts";
import { type Content, Interpreter } from "./dag_interpreter.ts";
import type { DagText } from "./dag_text.ts";

/** How a node ended. */
export type End = "done" | "failed" | "skipped";

/** What is left of earlier runs. */
export class DagMemory {
  /** What nodes delivered, by key. */
  readonly results = new Map<string, readonly Content[]>();
  /** Bytes in the store. */
  readonly blobs = new Set<string>();
  /** Published files and directories by path, as they are now. */
  readonly disk = new Map<string, string>();
}

/** What a run must do. */
export interface DagOutcome {
  /** Of the nodes that take part, by name. */
  readonly ends: ReadonlyMap<string, End>;
  /** Names of the nodes that run; of nodes with one key any may be the one that does. */
  readonly executed: readonly string[];
  /** By name. */
  readonly keys: ReadonlyMap<string, string>;
  /** What outputs hold, by name; of nodes that are done. */
  readonly outputs: ReadonlyMap<string, Content>;
  /** Nodes that may be made again more than once, for they have temporary outputs and other nodes may join later. */
  readonly mayRepeat: ReadonlySet<string>;
  /** Nodes behind some that are not cached, by name. */
  readonly unknown: ReadonlySet<string>;
  /** Paths whose bytes may be there or not: who needs them joined later and could not run. */
  readonly uncertain: ReadonlySet<string>;
}

/** Decides what a run must do, and changes the memory as the run does. */
export function expectRun(dag: Dag, text: DagText, memory: DagMemory): DagOutcome {
  return new Oracle(dag, text, memory).run();
}

/** Stands for the text of a file that is not there. */
const MISSING = "missing";

class Oracle {
  readonly #dag: Dag;
  readonly #text: DagText;
  readonly #memory: DagMemory;
  readonly #ends = new Map<number, End>();
  readonly #interpreter: Interpreter;
  readonly #keys = new Map<number, string>();
  readonly #executed = new Set<number>();
  /** Bytes of temporary values that this run made. */
  readonly #held = new Set<string>();

  constructor(dag: Dag, text: DagText, memory: DagMemory) {
    this.#dag = dag;
    this.#text = text;
    this.#memory = memory;
    this.#interpreter = new Interpreter(dag);
  }

  run(): DagOutcome {
    const { nodes } = this.#dag;
    for (const node of nodes) {
      const isNeeded = !isTemporary(node);
      if (!node.isAbsent && isNeeded && this.#exists(node)) this.#evaluate(node);
    }
    this.#dropTemps();
    const named = [...this.#ends].map(([id, end]) => [nodes[id].name, end] as const);
    const isGrowing = nodes.some(({ work, isAbsent }) => work === "expand" && !isAbsent);
    return {
      ends: new Map(named),
      executed: [...this.#executed].map((id) => nodes[id].name),
      keys: new Map([...this.#keys].map(([id, key]) => [nodes[id].name, key])),
      outputs: new Map(
        [...this.#interpreter.delivered].flatMap(([id, contents]) =>
          nodes[id].outputs.map((output, i) => [outputName(nodes[id], output), contents[i]])
        ),
      ),
      mayRepeat: new Set(isGrowing ? nodes.filter(hasTemps).map(({ name }) => name) : []),
      unknown: new Set(
        nodes.filter((node) => this.#isBehindUncached(node)).map(({ name }) => name),
      ),
      uncertain: new Set(this.#uncertainPaths()),
    };
  }

  /** Whether a node is there: nodes of the file always, others when their maker returned them. */
  #exists({ maker, gate }: DagNode): boolean {
    if (maker === undefined) return true;
    const from = this.#dag.nodes[maker];
    if (this.#evaluate(from) !== "done") return false;
    return gate === undefined || this.#interpreter.sumOf(from) % from.modulus !== gate;
  }

  #membersOf(id: number): DagNode[] {
    return this.#dag.nodes.filter((node) =>
      node.maker === id && !node.isAbsent && this.#exists(node)
    );
  }

  /** Everything that must be done before a node, as far as it exists. */
  #upsOf(node: DagNode): DagNode[] {
    const { nodes } = this.#dag;
    const named = namedBy(node).map((id) => nodes[id]);
    const makers = [node, ...named].flatMap(({ maker }) => maker === undefined ? [] : nodes[maker]);
    const returned = node.after.flatMap((id) =>
      nodes[id].work === "expand" ? this.#membersOf(id) : []
    );
    return [...new Set([...makers, ...named, ...returned])].filter((up) => this.#exists(up));
  }

  #evaluate(node: DagNode): End {
    const known = this.#ends.get(node.id);
    if (known !== undefined) return known;
    const end = this.#decide(node);
    this.#ends.set(node.id, end);
    return end;
  }

  #decide(node: DagNode): End {
    const makers = namedBy(node).flatMap((id) => this.#dag.nodes[id].maker ?? []);
    const isThere = makers.every((id) => this.#evaluate(this.#dag.nodes[id]) === "done");
    const ends = this.#upsOf(node).map((up) => this.#evaluate(up));
    if (!isThere || ends.some((end) => end !== "done")) return "skipped";
    const key = this.#keyOf(node);
    this.#keys.set(node.id, key);
    const stored = node.isCached ? this.#memory.results.get(key) : undefined;
    if (stored !== undefined && this.#canRestore(node, stored)) {
      // Else the keys here would miss something, and nobody would notice that those of flow do too.
      assertEquals(stored, this.#interpreter.compute(node), `the oracle's result of ${node.name}`);
      this.#interpreter.deliver(node.id, stored);
      this.#publish(node, stored, false);
      return "done";
    }
    this.#gather(node);
    return this.#execute(node);
  }

  /** Whether all bytes of a stored result that must be there can be had. */
  #canRestore({ outputs }: DagNode, stored: readonly Content[]): boolean {
    return outputs.every((output, i) => {
      const { kind, text } = stored[i];
      if (output.isTemp || kind === "number") return true;
      const path = publishedPath(output);
      const isPublished = path !== undefined && this.#memory.disk.get(path) === text;
      return isPublished || this.#memory.blobs.has(idOf(stored[i]));
    });
  }

  #publish({ outputs }: DagNode, contents: readonly Content[], withTemps: boolean): void {
    outputs.forEach((output, i) => {
      const path = publishedPath(output);
      if (path !== undefined && (withTemps || !output.isTemp)) {
        this.#memory.disk.set(path, contents[i].text);
      }
    });
  }

  #execute(node: DagNode): End {
    this.#executed.add(node.id);
    if (node.isFailing || node.reads.some((path) => this.#interpreter.textOf(path) === undefined)) {
      return "failed";
    }
    const contents = this.#interpreter.compute(node);
    this.#interpreter.deliver(node.id, contents);
    this.#publish(node, contents, true);
    node.outputs.forEach(({ isTemp }, i) =>
      (isTemp ? this.#held : this.#memory.blobs).add(idOf(contents[i]))
    );
    if (node.isCached) this.#memory.results.set(this.#keys.get(node.id) ?? "", contents);
    return "done";
  }

  /** Makes sure that everything a node reads has bytes. */
  #gather({ takes }: DagNode): void {
    for (const { source } of takes) {
      if (source.kind !== "output") continue;
      const up = this.#dag.nodes[source.node];
      const output = up.outputs[source.position];
      if (!output.isTemp) continue;
      const content = this.#interpreter.outputOf(source);
      const path = publishedPath(output);
      const isThere = content.kind === "number" || this.#held.has(idOf(content)) ||
        this.#memory.blobs.has(idOf(content)) ||
        path !== undefined && this.#memory.disk.get(path) === content.text;
      if (!isThere) {
        this.#gather(up);
        this.#execute(up);
      } else if (path !== undefined) this.#memory.disk.set(path, content.text);
    }
  }

  /** Temporary files go when all that use them are final. */
  #dropTemps(): void {
    const { nodes } = this.#dag;
    const wanted = [...this.#ends.keys()].map((id) => nodes[id]);
    const downsOf = (node: DagNode) => wanted.filter((down) => this.#upsOf(down).includes(node));
    const isFinal = (node: DagNode): boolean =>
      this.#ends.get(node.id) === "done" &&
      (!hasTemps(node) || this.#executed.has(node.id) || downsOf(node).every(isFinal));
    for (const node of wanted) {
      const downs = downsOf(node);
      if (!hasTemps(node) || downs.length === 0 || !downs.every(isFinal)) continue;
      for (const output of node.outputs) {
        const path = publishedPath(output);
        if (output.isTemp && path !== undefined) this.#memory.disk.delete(path);
      }
    }
  }

  #isBehindUncached(node: DagNode): boolean {
    return this.#ends.has(node.id) &&
      this.#upsOf(node).some((up) => !up.isCached || this.#isBehindUncached(up));
  }

  /** Of temporary files that nodes need which joined later and did not run: the files may have gone before. */
  #uncertainPaths(): string[] {
    const { nodes } = this.#dag;
    const late = nodes.filter(({ id, maker }) => maker !== undefined && this.#ends.has(id));
    const isBad = late.some(({ id }) => this.#ends.get(id) !== "done");
    if (!isBad) return [];
    return nodes.flatMap(({ outputs }) =>
      outputs.flatMap((output) => output.isTemp ? publishedPath(output) ?? [] : [])
    );
  }

  /** Digests of what a node takes and its own text; its name and place do not count. */
  #keyOf(node: DagNode): string {
    const { takes, tracks, reads, outputs, work } = node;
    const isOnlyValue = outputs.filter(({ kind }) => isValueKind(kind)).length === 1;
    const params = takes.flatMap(({ source }) =>
      work === "run" && source.kind === "param" ? [source] : []
    );
    // A command sees where its files are, a function only their extension.
    const seen = (source: DagSource) => {
      const path = this.#pathOf(source);
      return work === "run" ? path : path?.replace(/^[^.]*/, "");
    };
    return JSON.stringify({
      work,
      text: this.#text.work.get(node.id),
      params: [
        ...new Set(
          params.map((source) =>
            `${this.#nameOf(source)} ${idOf(this.#interpreter.contentOf(source))}`
          ),
        ),
      ]
        .sort(),
      takes: takes.filter(({ source }) => !(work === "run" && source.kind === "param")).map((
        { argument, source },
      ) => [
        argument,
        idOf(this.#interpreter.contentOf(source)),
        seen(source),
      ]),
      tracks: tracks.map((
        source,
      ) => [this.#nameOf(source), idOf(this.#interpreter.contentOf(source))]),
      reads: reads.map((path) => [path, this.#interpreter.textOf(path) ?? MISSING]),
      outputs: outputs.map((output) => [
        isOnlyValue && isValueKind(output.kind) ? "" : output.name,
        isValueKind(output.kind) ? "value" : output.kind,
        publishedPath(output)?.replace(/^.*\//, ""),
      ]),
    });
  }

  /** What a tracked source is called. */
  #nameOf(source: DagSource): string {
    if (source.kind === "value") return String(source.value);
    if (source.kind !== "output") return source.name;
    const up = this.#dag.nodes[source.node];
    return outputName(up, up.outputs[source.position]);
  }

  #pathOf(source: DagSource): string | undefined {
    switch (source.kind) {
      case "output":
        return publishedPath(this.#dag.nodes[source.node].outputs[source.position]);
      case "file":
      case "dir":
        return source.name;
      case "input": {
        const given = this.#dag.inputs[source.name];
        return typeof given === "string" ? given : undefined;
      }
      default:
        return undefined;
    }
  }
}

/** Stands for a digest. */
function idOf({ kind, text }: Content): string {
  return `${kind} ${text}`;
}

function hasTemps({ outputs }: DagNode): boolean {
  return outputs.some(({ isTemp }) => isTemp);
}

/** Whether nothing of a node stays: it only runs if somebody needs it. */
function isTemporary({ outputs }: DagNode): boolean {
  return outputs.length > 0 && outputs.every(({ isTemp }) => isTemp);
}
