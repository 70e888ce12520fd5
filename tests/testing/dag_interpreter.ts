/**
 * What the nodes of a random workflow deliver: the arithmetic of their functions and commands, done without either. Does not
 * know keys, results or which nodes run.
 */

import type { Dag, DagNode, DagOutput, DagSource } from "./dag.ts";
import { PADDING } from "./dag_text.ts";

/** What an output or a source holds. */
export interface Content {
  readonly kind: DagOutput["kind"];
  /** What a reader takes from it. */
  readonly number: number;
  /** A value as `flow show` prints it, the text of a file, the files of a directory as JSON. */
  readonly text: string;
}

/** The content of a directory from its files by path. */
export function dirText(files: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(files).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Computes a workflow, node by node. */
export class Interpreter {
  readonly #dag: Dag;
  readonly #delivered = new Map<number, readonly Content[]>();

  constructor(dag: Dag) {
    this.#dag = dag;
  }

  /** What nodes delivered so far, by id. */
  get delivered(): ReadonlyMap<number, readonly Content[]> {
    return this.#delivered;
  }

  /** A node delivers, now or in an earlier run. */
  deliver(id: number, contents: readonly Content[]): void {
    this.#delivered.set(id, contents);
  }

  /** The text of a data file, or `undefined` if it is not there. */
  textOf(path: string): string | undefined {
    return this.#dag.files[path] ?? undefined;
  }

  /** What an argument is given. What is upstream must have delivered. */
  contentOf(source: DagSource): Content {
    switch (source.kind) {
      case "output":
        return this.outputOf(source);
      case "param":
        return numberContent(this.#dag.params[source.name]);
      case "value":
        return numberContent(source.value);
      case "input": {
        const given = this.#dag.inputs[source.name];
        return typeof given === "number" ? numberContent(given) : this.#fileContent(given);
      }
      case "file":
        return this.#fileContent(source.name);
      case "dir": {
        const below = Object.entries(this.#dag.files).flatMap(([path, text]) =>
          path.startsWith(`${source.name}/`) && text !== null
            ? [[path.slice(source.name.length + 1), text]]
            : []
        );
        const files = Object.fromEntries(below) as Record<string, string>;
        return { kind: "dir", number: parseInt(files.a), text: dirText(files) };
      }
    }
  }

  /** What a node that is done delivered. */
  outputOf({ node, position }: Extract<DagSource, { kind: "output" }>): Content {
    const contents = this.#delivered.get(node);
    if (contents === undefined) throw new Error(`Nothing was delivered yet by node ${node}`);
    return contents[position];
  }

  /** The sum that a node makes of all it reads. */
  sumOf({ salt, helper, takes, reads }: DagNode): number {
    const helpers = helper === undefined ? [] : this.#dag.helpers.slice(0, helper + 1);
    const taken = takes.map(({ source }) => this.contentOf(source).number);
    const read = reads.map((path) => parseInt(this.textOf(path) ?? ""));
    return [salt, ...helpers, ...taken, ...read].reduce((a, b) => a + b);
  }

  /** What a node delivers if it runs. */
  compute(node: DagNode): Content[] {
    const sum = this.sumOf(node);
    return node.outputs.map(({ kind, name, isMarked }, position) => {
      const number = Math.floor(sum / (position + 1)) % node.modulus;
      const mark = isMarked ? ` ${name}` : "";
      switch (kind) {
        case "number":
          return numberContent(number);
        case "text":
          return { kind, number, text: `${number}${mark} ${PADDING}` };
        case "file":
          return { kind, number, text: `${number}${mark}\n` };
        case "dir":
          return { kind, number, text: dirText({ a: `${number}${mark}\n`, "sub/b": "same\n" }) };
      }
    });
  }

  #fileContent(path: string): Content {
    const text = this.textOf(path) ?? "";
    return { kind: "file", number: parseInt(text), text };
  }
}

function numberContent(number: number): Content {
  return { kind: "number", number, text: `${number}\n` };
}
