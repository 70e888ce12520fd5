/**
 * Random workflows with random edits, run by the command line on real files. After every run: what ran, failed and was skipped is what the
 * oracle says, and every file and value is what the interpreter computes. At the end all of it is what a clean run gives.
 *
 * Run directly: `deno task oracle:cli [WORKFLOWS] [SEED]`. One that shows a difference prints what was done to it;
 * `deno task oracle:cli 1 NUMBER` repeats the workflow of that number alone.
 */

import { assertEquals } from "../testing/assert.ts";
import {
  type Dag,
  type DagNode,
  Dice,
  FOLDERS,
  isValueKind,
  outputName,
  publishedPath,
  randomDag,
} from "../testing/dag.ts";
import { editRandomly, type Surroundings } from "../testing/dag_edits.ts";
import { dirText } from "../testing/dag_interpreter.ts";
import { DagMemory, type DagOutcome, expectRun } from "../testing/dag_oracle.ts";
import { dagText } from "../testing/dag_text.ts";
import { randomOf } from "../testing/rebuild_model.ts";
import { countsOf, eventsOf, type RunResult, TestSpace } from "../testing/space.ts";

/** Runs after the first, each behind one to three edits. */
const ROUNDS = 3;

/** What was done. */
export interface Tally {
  workflows: number;
  runs: number;
  executed: number;
  hits: number;
  shown: number;
}

/** Checks workflows of consecutive numbers. Some at a time, since processes mostly wait. */
export async function checkCommandLine(
  count: number,
  { seed, jobs = 1, onChecked = () => {} }: {
    readonly seed: number;
    readonly jobs?: number;
    readonly onChecked?: (tally: Tally) => void;
  },
): Promise<Tally> {
  const tally: Tally = { workflows: 0, runs: 0, executed: 0, hits: 0, shown: 0 };
  let next = seed;
  const work = async () => {
    while (next < seed + count) {
      await checkWorkflow(next++, tally);
      tally.workflows++;
      onChecked(tally);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return tally;
}

/** Checks one workflow through all its rounds. */
async function checkWorkflow(number: number, tally: Tally): Promise<void> {
  const dice = new Dice(randomOf(number));
  const log: string[] = [];
  const dag = randomDag(dice);
  using place = new Place(dag, log, tally);
  try {
    await place.check();
    for (let round = 1; round <= ROUNDS; round++) {
      const edits = 1 + dice.below(3);
      for (let i = 0; i < edits; i++) log.push(editRandomly(dag, dice, place));
      if (round === ROUNDS && dice.chance(0.7)) repair(dag, dice);
      const outcome = await place.check();
      await place.checkValues(outcome, dice.chance(0.5) ? 1 : 0);
    }
    await compareWithClean(place, log, tally);
  } catch (error) {
    const files = Object.entries(dagText(dag).files).map(([path, text]) => `--- ${path}\n${text}`);
    throw new Error(`Workflow ${number}\n${log.join("\n")}\n${files.join("\n")}`, { cause: error });
  }
}

/** Makes most of what can run, so that there is much to compare. */
function repair(dag: Dag, dice: Dice): void {
  for (const node of dag.nodes) node.isFailing = false;
  for (const [path, text] of Object.entries(dag.files)) {
    if (text === null) dag.files[path] = `${dice.below(4)}\n`;
  }
}

/** A clean run of the same files has the same results. */
async function compareWithClean(place: Place, log: string[], tally: Tally): Promise<void> {
  log.push("clean run");
  using clean = new Place(place.dag, log, tally);
  const outcome = await clean.check();
  await place.checkValues(outcome, Infinity);
  await clean.checkValues(outcome, Infinity);
  for (const path of clean.filesOf(outcome)) {
    assertEquals(place.contentAt(path), clean.contentAt(path), `${path} as of a clean run`);
  }
}

/** A directory with a workflow, and what is known of it. */
class Place implements Surroundings, Disposable {
  readonly dag: Dag;
  readonly past: Dag[] = [];
  readonly #space = new TestSpace();
  readonly #memory = new DagMemory();
  readonly #written = new Map<string, string | null>();
  readonly #log: string[];
  readonly #tally: Tally;

  constructor(dag: Dag, log: string[], tally: Tally) {
    this.dag = dag;
    this.#log = log;
    this.#tally = tally;
  }

  get published(): readonly string[] {
    return [...this.#memory.disk.keys()];
  }

  /** Runs it and checks everything that can be seen but values. */
  async check(): Promise<DagOutcome> {
    const text = dagText(this.dag);
    this.#write(text.files);
    this.past.push(structuredClone(this.dag));
    const outcome = expectRun(this.dag, text, this.#memory);
    const result = await this.#space.run("-j", String(1 + this.dag.style % 2));
    this.#log.push(`run ${this.past.length}: started ${result.started}`);
    this.#checkEvents(result, outcome);
    this.#checkFiles(outcome);
    return outcome;
  }

  #write(files: Readonly<Record<string, string | null>>): void {
    for (const [path, text] of Object.entries(files)) {
      if (this.#written.get(path) === text) continue;
      if (text !== null) this.#space.write({ [path]: text });
      else if (this.#space.has(path)) this.#space.remove(path);
      this.#written.set(path, text);
    }
  }

  #checkEvents(result: RunResult, { ends, executed, keys, mayRepeat }: DagOutcome): void {
    const said = `${result.stdout}${result.stderr}`;
    const named = (end: string) => [...ends].flatMap(([name, e]) => e === end ? [name] : []).sort();
    const names = (type: "failed" | "skipped" | "done" | "hit") =>
      [...new Set(eventsOf(result, type).map(({ node }) => node))].sort();
    assertEquals(result.code, named("failed").length > 0 ? 1 : 0, said);
    // Of nodes with one key any may be the one that runs.
    const ofKeys = (nodes: readonly string[]) => nodes.map((name) => keys.get(name) ?? name).sort();
    const started = result.started.filter((name, i, all) =>
      !mayRepeat.has(name) || all[i - 1] !== name
    );
    assertEquals(
      ofKeys(started),
      ofKeys(executed),
      `started ${result.started}, not ${executed}\n${said}`,
    );
    assertEquals(names("failed"), named("failed"), said);
    assertEquals(names("skipped"), named("skipped"), said);
    const counts = countsOf(result);
    const failed = named("failed").length;
    const [runs, done] = [new Set(executed), named("done").length];
    const made = [...ends].filter(([name, end]) => end === "done" && runs.has(name)).length;
    const expected = { hit: done - made, done: made, failed, skipped: named("skipped").length };
    // Who is made again twice is counted twice.
    if (started.length === result.started.length) assertEquals({ ...counts }, expected, said);
    this.#tally.runs++;
    this.#tally.executed += result.started.length;
    this.#tally.hits += counts.hit;
  }

  /** What is published is what was predicted, also what must not be there. */
  #checkFiles({ uncertain }: DagOutcome): void {
    const { disk } = this.#memory;
    const declared = this.dag.nodes.flatMap(({ outputs }) =>
      outputs.flatMap((output) =>
        FOLDERS.flatMap((folder) => publishedPath({ ...output, folder }) ?? [])
      )
    );
    for (const path of new Set([...declared, ...disk.keys()])) {
      const actual = this.contentAt(path);
      if (!uncertain.has(path)) assertEquals(actual, disk.get(path), path);
      else if (actual === undefined) disk.delete(path);
      else disk.set(path, actual);
    }
  }

  /**
   * Shows stored values of nodes that are done, the first `limit` of them. Behind a node that is not cached nobody knows
   * without a run whether they are what a run would give.
   */
  async checkValues({ ends, outputs, unknown }: DagOutcome, limit: number): Promise<void> {
    const { nodes } = this.dag;
    const isKnown = ({ name, isCached, maker }: DagNode) =>
      ends.get(name) === "done" && isCached &&
      (maker === undefined || !unknown.has(nodes[maker].name));
    const names = nodes.filter(isKnown).flatMap((node) =>
      node.outputs.flatMap((output) =>
        isValueKind(output.kind) && !output.isTemp
          ? [[outputName(node, output), unknown.has(node.name)] as const]
          : []
      )
    );
    for (const [name, isUnknown] of names.slice(0, limit)) {
      const { code, stdout, stderr } = await this.#space.flow("show", name);
      const warning = `warning: "${name}" may be from an earlier state of the workflow\n`;
      const expected = [0, outputs.get(name)?.text ?? "", isUnknown ? warning : ""];
      assertEquals([code, stdout, stderr], expected, `show ${name}`);
      this.#tally.shown++;
    }
  }

  /** Paths of what nodes that are done published to stay. */
  filesOf({ ends }: DagOutcome): string[] {
    return this.dag.nodes.flatMap(({ name, outputs }) =>
      ends.get(name) !== "done"
        ? []
        : outputs.flatMap((output) => output.isTemp ? [] : publishedPath(output) ?? [])
    );
  }

  /** The text of a file, the files of a directory; `undefined` if there is none. */
  contentAt(path: string): string | undefined {
    if (!this.#space.has(path)) return undefined;
    if (Deno.lstatSync(this.#space.at(path)).isFile) return this.#space.read(path);
    const files: Record<string, string> = {};
    const walk = (below: string) => {
      for (const { name, isDirectory } of Deno.readDirSync(this.#space.at(`${path}/${below}`))) {
        if (isDirectory) walk(`${below}${name}/`);
        else files[`${below}${name}`] = this.#space.read(`${path}/${below}${name}`);
      }
    };
    walk("");
    return dirText(files);
  }

  spoil(path: string, how: "edit" | "remove"): void {
    const isFile = path.endsWith(".txt");
    if (how === "remove") this.#space.remove(path);
    else this.#space.write({ [isFile ? path : `${path}/a`]: "3 by hand\n" });
    const content = this.contentAt(path);
    if (content === undefined) this.#memory.disk.delete(path);
    else this.#memory.disk.set(path, content);
  }

  touch(path: string): void {
    if (this.#space.has(path)) Deno.utimeSync(this.#space.at(path), new Date(), new Date());
  }

  loseIndex(): void {
    for (const end of ["", "-wal", "-shm"]) {
      const path = `.pipecache/index.sqlite${end}`;
      if (this.#space.has(path)) this.#space.remove(path);
    }
  }

  [Symbol.dispose](): void {
    this.#space[Symbol.dispose]();
  }
}

if (import.meta.main) {
  const [count = "300", seed = "1"] = Deno.args;
  const start = performance.now();
  const isTerminal = Deno.stderr.isTerminal();
  const tally = await checkCommandLine(Number(count), {
    seed: Number(seed),
    jobs: navigator.hardwareConcurrency,
    onChecked: ({ workflows }) => {
      if (isTerminal || workflows % 25 === 0) console.error(`${workflows} of ${count}`);
    },
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const figures = Object.entries(tally).map(([what, figure]) => `${figure} ${what}`).join(", ");
  console.log(`random workflows by the command line: ${figures}, 0 differences, ${seconds} s`);
}
