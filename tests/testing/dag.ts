/**
 * Random workflows as plain data: nodes that add up numbers, with everything that decides whether they run again. Does not know
 * files, flow or what anything computes.
 */

import type { Random } from "./rebuild_model.ts";

/** Numbers are stored inline, texts are larger than that; a directory holds two files. */
export type OutputKind = "number" | "text" | "file" | "dir";

/** One output of a node. */
export interface DagOutput {
  /** Empty: called like the node. */
  readonly name: string;
  readonly kind: OutputKind;
  /** Whether the name stands in the bytes, so that no other output has the same. Only such outputs are ever temporary. */
  readonly isMarked: boolean;
  isTemp: boolean;
  /** Of what is published. */
  folder: string;
}

/** Where a number comes from. */
export type DagSource =
  | { readonly kind: "output"; readonly node: number; readonly position: number }
  | { readonly kind: "param" | "input" | "file" | "dir"; readonly name: string }
  | { readonly kind: "value"; readonly value: number };

/** One argument of a node. */
export interface DagTake {
  readonly argument: string;
  readonly source: DagSource;
}

/** One node. Its id is its position; edges lead from lower to higher ids. */
export interface DagNode {
  readonly id: number;
  name: string;
  readonly work: "call" | "run" | "expand";
  /** Nodes of one number share a function as long as it has the same text. */
  readonly code: number;
  salt: number;
  readonly modulus: number;
  readonly helper: number | undefined;
  takes: DagTake[];
  tracks: DagSource[];
  /** Files of its scope, which it reads. */
  reads: string[];
  after: number[];
  readonly outputs: DagOutput[];
  isCached: boolean;
  isFailing: boolean;
  isAbsent: boolean;
  /** The node that returns it. */
  readonly maker: number | undefined;
  /** It is not returned if its maker computes this number. */
  readonly gate: number | undefined;
}

/** A workflow with what it reads. */
export interface Dag {
  readonly params: Record<string, number>;
  /** A number, or the path of a file. */
  readonly inputs: Record<string, number | string>;
  /** By path; `null` if it is not there. */
  readonly files: Record<string, string | null>;
  /** Numbers the helpers add; each calls the one before it. */
  readonly helpers: number[];
  readonly nodes: DagNode[];
  /** Chooses comments, layout and order. */
  style: number;
  readonly isConfined: boolean;
}

/** Random choices. */
export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** One of them, or `undefined` if there is none. */
  some<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** One of a list that is not empty. */
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)];
  }
}

/** Files that are arguments, and one that is only ever read by leave of a scope, so that it may be missing. */
export const DATA_FILES = ["data/f0.txt", "data/f1.txt"] as const;
export const OPTIONAL_FILE = "data/f2.txt";
/** Holds a file called `a`. */
export const DATA_DIR = "data/d";

/** Folders where outputs are published. */
export const FOLDERS = ["out", "moved"] as const;

/** The content of a data file; what follows the number does not count. */
export function dataText(dice: Dice): string {
  return `${dice.below(4)}${dice.pick(["", " note", " other"])}\n`;
}

/** Makes a workflow of 2 to 9 nodes. */
export function randomDag(dice: Dice): Dag {
  const files: Record<string, string> = { [`${DATA_DIR}/more/b`]: "b\n" };
  for (const path of [...DATA_FILES, OPTIONAL_FILE, `${DATA_DIR}/a`]) files[path] = dataText(dice);
  const dag: Dag = {
    params: { p0: dice.below(3), p1: dice.below(3) },
    inputs: { given: dice.below(3), raw: DATA_FILES[0] },
    files,
    helpers: [dice.below(3), dice.below(3), dice.below(3)],
    nodes: [],
    style: dice.below(1000),
    isConfined: dice.chance(0.3),
  };
  const size = 2 + dice.below(8);
  const expandAt = dice.chance(0.4) ? dice.below(size - 1) : -1;
  const members = expandAt < 0 ? 0 : 1 + dice.below(Math.min(3, size - expandAt - 1));
  for (let id = 0; id < size; id++) {
    const isMember = id > expandAt && id <= expandAt + members;
    const maker = isMember ? expandAt : undefined;
    const twinOf = maker === undefined && id !== expandAt && dice.chance(0.15)
      ? dice.some(dag.nodes.filter(canHaveTwin))
      : undefined;
    dag.nodes.push(
      twinOf === undefined
        ? randomNode(dag, id, id === expandAt ? "expand" : undefined, maker, dice)
        : { ...structuredClone(twinOf), id, name: `n${id}` },
    );
  }
  return dag;
}

/** Whether another node may have the same key: names of several outputs or of files are part of it. */
function canHaveTwin({ work, outputs, maker }: DagNode): boolean {
  return work !== "expand" && maker === undefined && outputs.length === 1 &&
    outputs[0].name === "" && !outputs[0].isMarked;
}

function randomNode(
  dag: Dag,
  id: number,
  special: "expand" | undefined,
  maker: number | undefined,
  dice: Dice,
): DagNode {
  const work = special ?? (dice.chance(0.55) ? "call" : "run");
  const node: DagNode = {
    id,
    name: `n${id}`,
    work,
    code: id,
    salt: dice.below(4),
    modulus: 2 + dice.below(3),
    helper: work !== "run" && dice.chance(0.5) ? dice.below(dag.helpers.length) : undefined,
    takes: [],
    tracks: [],
    reads: dice.chance(0.2) ? [dice.pick([DATA_FILES[1], OPTIONAL_FILE])] : [],
    after: [],
    outputs: work === "expand" ? [] : randomOutputs(id, work, dice),
    isCached: work === "expand" || !dice.chance(0.08),
    isFailing: false,
    isAbsent: false,
    maker,
    gate: maker !== undefined && dice.chance(0.25) ? dice.below(3) : undefined,
  };
  const takes = 1 + dice.below(3);
  for (let i = 0; i < takes; i++) {
    const source = randomSource(dag, node, dice, id === 0 ? 1 : 0.3);
    node.takes.push({ argument: `a${i}`, source });
  }
  if (dice.chance(0.15)) {
    node.tracks.push(
      trackable(dag, node, dice) ?? { kind: "file", name: dice.pick(DATA_FILES) },
    );
  }
  if (dice.chance(0.15)) {
    const after = dice.some(orderable(dag, node));
    if (after !== undefined) node.after.push(after);
  }
  return node;
}

function randomOutputs(id: number, work: "call" | "run", dice: Dice): DagOutput[] {
  if (dice.chance(0.35)) return [randomOutput("", "number", false, dice)];
  const count = 1 + dice.below(3);
  const kinds: OutputKind[] = [];
  for (let i = 0; i < count; i++) {
    const kind = dice.pick<OutputKind>(["number", "text", "file", "file", "file", "dir"]);
    const isSecondValue = kinds.some(isValueKind) && isValueKind(kind);
    // A command has one standard output.
    kinds.push(work === "run" && isSecondValue ? "file" : kind);
  }
  const areTemp = dice.chance(0.3);
  return kinds.map((kind, position) => ({
    ...randomOutput(`o${id}_${position}`, kind, areTemp || dice.chance(0.5), dice),
    isTemp: areTemp,
  }));
}

function randomOutput(name: string, kind: OutputKind, isMarked: boolean, dice: Dice): DagOutput {
  const isMarkable = kind !== "number";
  return {
    name,
    kind,
    isMarked: isMarked && isMarkable,
    isTemp: false,
    folder: dice.pick(FOLDERS),
  };
}

/** Whether an output is a value. */
export function isValueKind(kind: OutputKind): boolean {
  return kind === "number" || kind === "text";
}

/** A source for an argument of a node: of an earlier node, or with probability `outside` from outside. */
export function randomSource(dag: Dag, node: DagNode, dice: Dice, outside: number): DagSource {
  const upstream = dice.some(
    dag.nodes.filter((up) => up.id < node.id && up.gate === undefined && up.outputs.length > 0),
  );
  if (upstream !== undefined && !dice.chance(outside)) {
    return { kind: "output", node: upstream.id, position: dice.below(upstream.outputs.length) };
  }
  switch (dice.below(6)) {
    case 0:
      return { kind: "param", name: dice.pick(Object.keys(dag.params) as [string]) };
    case 1:
      return { kind: "value", value: dice.below(3) };
    case 2:
      return { kind: "dir", name: DATA_DIR };
    case 3:
      return { kind: "input", name: "given" };
    case 4:
      return { kind: "input", name: "raw" };
    default:
      return { kind: "file", name: dice.pick(DATA_FILES) };
  }
}

/** An output that a node may track, if it is lucky: of an earlier node of the file. */
function trackable(dag: Dag, node: DagNode, dice: Dice): DagSource | undefined {
  const up = dice.some(orderable(dag, node).filter((id) => dag.nodes[id].outputs.length > 0));
  if (up === undefined || dice.chance(0.5)) return undefined;
  return { kind: "output", node: up, position: dice.below(dag.nodes[up].outputs.length) };
}

/** Nodes that a node may name in `after`: earlier ones that the file can name, but not the one that returns it. */
export function orderable(dag: Dag, node: DagNode): number[] {
  return dag.nodes.filter((up) => up.id < node.id && up.maker === undefined && up.id !== node.maker)
    .map(({ id }) => id);
}

/** Ids of the nodes a node names: whoever is missing takes it along. */
export function namedBy(node: DagNode): number[] {
  const sources = [...node.takes.map(({ source }) => source), ...node.tracks];
  const ids = sources.flatMap((source) => source.kind === "output" ? [source.node] : []);
  return [...new Set([...ids, ...node.after])];
}

/** The name an output goes by. */
export function outputName(node: DagNode, { name }: DagOutput): string {
  return name === "" ? node.name : name;
}

/** Where an output is published, or `undefined` if it is a value. */
export function publishedPath({ name, kind, folder }: DagOutput): string | undefined {
  if (isValueKind(kind)) return undefined;
  return `${folder}/${name}${kind === "dir" ? "" : ".txt"}`;
}
