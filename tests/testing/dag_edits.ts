/** Random edits of a random workflow and of what lies around it. Does not know what they lead to. */

import {
  type Dag,
  type DagNode,
  type DagOutput,
  DATA_DIR,
  DATA_FILES,
  dataText,
  type Dice,
  FOLDERS,
  namedBy,
  OPTIONAL_FILE,
  orderable,
  publishedPath,
  randomSource,
} from "./dag.ts";

/** What an edit may touch besides the definition. */
export interface Surroundings {
  /** Earlier states of the definition; the newest is last. */
  readonly past: readonly Dag[];
  /** Published paths that are there. */
  readonly published: readonly string[];
  /** Replaces a published file or directory by other bytes, or removes it. */
  spoil(path: string, how: "edit" | "remove"): void;
  /** Gives a file a new modification time. */
  touch(path: string): void;
  /** Loses the index of the store. */
  loseIndex(): void;
}

/** Changes the workflow or its surroundings. Returns what it did, or `undefined` if it does not apply. */
type Edit = (dag: Dag, dice: Dice, around: Surroundings) => string | undefined;

/** A state of the definition instead of another. */
function replaceBy(dag: Dag, other: Dag): void {
  Object.assign(dag, structuredClone(other));
}

const someNode = (dag: Dag, dice: Dice, isIt: (node: DagNode) => boolean = () => true) =>
  dice.some(dag.nodes.filter((node) => !node.isAbsent && isIt(node)));

const someOutput = (dag: Dag, dice: Dice, isIt: (output: DagOutput) => boolean) =>
  dice.some(dag.nodes.flatMap(({ outputs }) => outputs).filter(isIt));

const isPublished = (output: DagOutput) => publishedPath(output) !== undefined;

/** All kinds of edits; those that matter most stand twice. */
const EDITS: Readonly<Record<string, Edit>> = {
  "data file": (dag, dice) => {
    const path = dice.pick([...DATA_FILES, OPTIONAL_FILE, `${DATA_DIR}/a`]);
    dag.files[path] = dataText(dice);
    return path;
  },
  "param": (dag, dice) => {
    const name = dice.pick(Object.keys(dag.params) as [string]);
    dag.params[name] = dice.below(4);
    return name;
  },
  "input": (dag, dice) => {
    dag.inputs.given = dice.below(4);
    return "given";
  },
  "input file": (dag, dice) => {
    dag.inputs.raw = dice.pick(DATA_FILES);
    return dag.inputs.raw;
  },
  "salt": (dag, dice) => {
    const node = someNode(dag, dice);
    if (node === undefined) return undefined;
    node.salt = dice.below(5);
    return node.name;
  },
  "style": (dag, dice) => {
    dag.style = dice.below(1000);
    return String(dag.style);
  },
  "helper": (dag, dice) => {
    const i = dice.below(dag.helpers.length);
    dag.helpers[i] = dice.below(4);
    return `h${i}`;
  },
  "rename": (dag, dice) => {
    const node = someNode(dag, dice);
    if (node === undefined) return undefined;
    const before = node.name;
    // Sometimes back to a name it had.
    node.name = node.name === `n${node.id}` ? `renamed${node.id}` : `n${node.id}`;
    return `${before} -> ${node.name}`;
  },
  "add edge": (dag, dice) => {
    const node = someNode(dag, dice, ({ takes }) => takes.length < 4);
    if (node === undefined) return undefined;
    const taken = new Set(node.takes.map(({ argument }) => argument));
    const argument = ["a0", "a1", "a2", "a3"].find((name) => !taken.has(name));
    const source = randomSource(dag, node, dice, 0.2);
    const isDangling = source.kind === "output" && dag.nodes[source.node].isAbsent;
    if (argument === undefined || isDangling) return undefined;
    node.takes.push({ argument, source });
    return `${node.name}.${argument} <- ${JSON.stringify(source)}`;
  },
  "remove edge": (dag, dice) => {
    const node = someNode(dag, dice, ({ takes }) => takes.length > 0);
    if (node === undefined) return undefined;
    const [taken] = node.takes.splice(dice.below(node.takes.length), 1);
    return `${node.name}.${taken.argument}`;
  },
  "order": (dag, dice) => {
    const node = someNode(dag, dice);
    if (node === undefined) return undefined;
    const after = dice.some(orderable(dag, node).filter((id) => !dag.nodes[id].isAbsent));
    node.after = node.after.length > 0 || after === undefined ? [] : [after];
    return `${node.name} after ${node.after}`;
  },
  "remove node": (dag, dice) => {
    const node = someNode(dag, dice);
    if (node === undefined) return undefined;
    const gone = new Set([node]);
    for (const later of dag.nodes.slice(node.id + 1)) {
      const needs = [...namedBy(later), ...later.maker === undefined ? [] : [later.maker]];
      if (needs.some((id) => gone.has(dag.nodes[id]))) gone.add(later);
    }
    const isAllOfIt = dag.nodes.every((one) =>
      one.isAbsent || one.maker !== undefined || gone.has(one)
    );
    if (isAllOfIt) return undefined;
    for (const one of gone) one.isAbsent = true;
    return [...gone].map(({ name }) => name).join();
  },
  "bring back": (dag) => {
    const back = dag.nodes.filter(({ isAbsent }) => isAbsent);
    for (const node of back) node.isAbsent = false;
    return back.length === 0 ? undefined : back.map(({ name }) => name).join();
  },
  "spoil": (_dag, dice, around) => {
    const path = dice.some(around.published);
    if (path === undefined) return undefined;
    const how = dice.pick<"edit" | "remove">(["edit", "remove"]);
    around.spoil(path, how);
    return `${how} ${path}`;
  },
  "revert": (dag, dice, { past }) => {
    const before = dice.some(past);
    if (before === undefined) return undefined;
    replaceBy(dag, before);
    return `to state ${past.indexOf(before) + 1} of ${past.length}`;
  },
  "failure": (dag, dice) => {
    const node = someNode(dag, dice);
    if (node === undefined) return undefined;
    node.isFailing = !node.isFailing;
    return `${node.name} ${node.isFailing ? "fails" : "does not fail"}`;
  },
  "repair": (dag) => {
    const failing = dag.nodes.filter(({ isFailing }) => isFailing);
    for (const node of failing) node.isFailing = false;
    return failing.length === 0 ? undefined : failing.map(({ name }) => name).join();
  },
  "missing file": (dag, dice) => {
    const isThere = dag.files[OPTIONAL_FILE] !== null;
    dag.files[OPTIONAL_FILE] = isThere ? null : dataText(dice);
    return isThere ? "gone" : "back";
  },
  "touch": (_dag, dice, around) => {
    const path = dice.pick([
      "workflow.yaml",
      "nodes.ts",
      "helpers.ts",
      ...DATA_FILES,
      ...around.published,
    ]);
    around.touch(path);
    return path;
  },
  "temp": (dag, dice) => {
    const output = someOutput(dag, dice, ({ isMarked }) => isMarked);
    if (output === undefined) return undefined;
    output.isTemp = !output.isTemp;
    return `${output.name} ${output.isTemp ? "is temporary" : "stays"}`;
  },
  "cache": (dag, dice) => {
    const node = someNode(dag, dice, ({ work }) => work !== "expand");
    if (node === undefined) return undefined;
    node.isCached = !node.isCached;
    return `${node.name} ${node.isCached ? "is cached" : "runs always"}`;
  },
  "move": (dag, dice) => {
    const output = someOutput(dag, dice, isPublished);
    if (output === undefined) return undefined;
    output.folder = output.folder === FOLDERS[0] ? FOLDERS[1] : FOLDERS[0];
    return `${output.name} to ${output.folder}`;
  },
  "lose index": (_dag, _dice, around) => {
    around.loseIndex();
    return "index.sqlite";
  },
};

/** How often each kind is drawn, if not once. */
const WEIGHTS: Readonly<Record<string, number>> = {
  "data file": 3,
  "salt": 4,
  "helper": 2,
  "style": 2,
  "add edge": 2,
  "remove node": 2,
  "bring back": 3,
  "spoil": 4,
  "revert": 3,
  "failure": 2,
  "repair": 4,
  "temp": 2,
};

const DRAWN = Object.keys(EDITS).flatMap((name) =>
  Array.from({ length: WEIGHTS[name] ?? 1 }, () => name)
);

/** Makes one random edit that applies. Returns what it did. */
export function editRandomly(dag: Dag, dice: Dice, around: Surroundings): string {
  for (;;) {
    const name = dice.pick(DRAWN as [string, ...string[]]);
    const what = EDITS[name](dag, dice, around);
    if (what !== undefined) return `${name}: ${what}`;
  }
}
