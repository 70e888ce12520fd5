/**
 * Random pipelines of maps over elements of all kinds, with a model of what each call gives and of which calls are made: a call
 * is made once for what it takes, and once for each position if it looks at that. Shares no code with flow; does not know
 * how anything is stored or sent.
 */

import fc from "fast-check";
import { Bad } from "./map_oracle.ts";

/** What the functions refer to, here and in the workflow. */
export const ELEMENTS = String.raw`
const ELEMENTS = [
  "", "a", "1", 1, -1, 0.5, 1e21, -0, 0, NaN, Infinity, undefined, null, true, "two\nlines", "tab\there", "\r\n", "@0", "#0", "1@0",
  "\u2028", "\u{1F600}", "\uD800", "\uDC00x", "\0", '"', "\\", "\\\"", "[1,2]", "null", '{"$flow":"NaN"}',
  '{"$flow":["Error",{"node":"x","reason":"exit","message":"m","causes":[]}]}', { $flow: "NaN" },
  { $flow: ["Error", { node: "x" }] }, "$flow", '"$flow"', ["$flow"], 12n, -(2n ** 70n), new Date(0), new Date(NaN),
  new Map([["k", [1, new Set([2])]], [{ a: 1 }, undefined]]), new Map(), new Set(), new Set(["a", NaN]), [], [[]], [[], [1]], {},
  { a: 1, b: 2 }, { b: 2, a: 1 }, { a: undefined }, { "": "" }, [1, [2, ["x,y", "]"]]], [undefined, null],
  new Uint8Array([1, 2, 255]), new Float64Array([0.5, -0, NaN]), new Int32Array(0), [new Uint8Array([7]), "x"],
  { deep: { view: new Uint16Array([1, 65535]) } }, "x".repeat(4095), "é".repeat(4096), "y".repeat(5000), "\n".repeat(3000),
  "z".repeat(95), "z".repeat(96), "z".repeat(97), ["w".repeat(60), "w".repeat(60)],
];
const show = (value) => {
  if (isError(value)) return "!";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return value + "n";
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "[" + value.map(show).join(",") + "]";
  if (value instanceof Date) return "Date(" + value.getTime() + ")";
  if (value instanceof Map) return "Map(" + [...value].map(show).join(",") + ")";
  if (value instanceof Set) return "Set(" + [...value].map(show).join(",") + ")";
  if (ArrayBuffer.isView(value)) return value.constructor.name + "(" + [...value].map(show).join(",") + ")";
  return "{" + Object.entries(value).map(([name, item]) => JSON.stringify(name) + ":" + show(item)).join(",") + "}";
};
const hash = (values) => {
  let code = 7;
  for (const char of show(values)) code = (code * 31 + char.codePointAt(0)) % 999983;
  return code;
};
const element = (at) => ELEMENTS[at % ELEMENTS.length];
`;

/** What a function does with all it takes. */
const KINDS = {
  make: "element(hash(all))",
  pass: "all[0]",
  list: "all",
  text: "show(all)",
  placed: "hash(all) % 2 === 0 ? [...ctx.index, all[0]] : all[0]",
  picky: '(() => { if (hash(all) % 4 === 0) throw new Error("no"); return all.at(-1); })()',
  late: "Promise.resolve(all).then(() => all[0])",
} as const;

/** How a node takes an array: names of axes, and `:` for all of one. */
interface Taken {
  readonly name: string;
  readonly axes: readonly string[];
}

/** One map node. */
export interface ElementNode {
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  readonly takes: readonly Taken[];
  readonly axes: readonly string[];
  /** A second output, with a text of what the call took. */
  readonly isPair: boolean;
  readonly onError: "skip" | undefined;
}

/** A pipeline; `is` and `js` are numbers of elements along the axes `i` and `j`. */
export interface ElementMaps {
  readonly nodes: readonly ElementNode[];
  readonly inputs: { readonly is: readonly number[]; readonly js: readonly number[] };
  /** The inputs of a second run. */
  readonly edited: ElementMaps["inputs"];
}

type Draw = (max: number) => number;

/** Returns random pipelines. */
export function randomElements(): fc.Arbitrary<ElementMaps> {
  return fc.gen().map((gen) => makeMaps((max) => gen(fc.nat, max)));
}

function makeMaps(draw: Draw): ElementMaps {
  const known: Taken[] = [{ name: "xs", axes: ["i"] }, { name: "ys", axes: ["j"] }];
  const nodes: ElementNode[] = [];
  for (let left = 2 + draw(4); left > 0; left--) {
    const node = makeNode(draw, known, nodes);
    nodes.push(node);
    known.push({ name: node.name, axes: node.axes });
    if (node.isPair) known.push({ name: `${node.name}t`, axes: node.axes });
  }
  // Few different ones, so that some are equal.
  const numbers = (max: number) => {
    const from = draw(60);
    return Array.from({ length: 1 + draw(max) }, () => from + draw(12));
  };
  const inputs = { is: numbers(7), js: numbers(3) };
  const edited = { is: [...inputs.is], js: [...inputs.js] };
  edited.is[draw(edited.is.length - 1)] = 70 + draw(8);
  if (draw(2) === 1) edited.is.push(draw(60));
  if (draw(3) === 1) edited.js.reverse();
  return { nodes, inputs, edited };
}

function makeNode(
  draw: Draw,
  known: readonly Taken[],
  { length }: readonly unknown[],
): ElementNode {
  // Often the newest, so that there are chains.
  const sources = [known[draw(1) === 0 ? known.length - 1 : draw(known.length - 1)]];
  if (draw(2) === 1) sources.push(known[draw(known.length - 1)]);
  const takes = sources.map(({ name, axes }, at) => ({
    name,
    axes: axes.map((axis) => at + axes.length > 1 && draw(3) === 3 ? ":" : axis),
  }));
  const axes = [...new Set(takes.flatMap(({ axes }) => axes))].filter((axis) => axis !== ":");
  if (axes.length === 0) return makeNode(draw, known.slice(0, 2), { length } as unknown[]);
  if (draw(1) === 1) axes.reverse();
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  const kind = kinds[draw(kinds.length - 1)];
  return { name: `n${length}`, kind, takes, axes, isPair: draw(3) === 3, onError: "skip" };
}

/** Names of the outputs of a node. */
export const outputsOf = ({ name, isPair }: ElementNode): string[] =>
  isPair ? [name, `${name}t`] : [name];

/** The files of a workflow. */
export function filesOf({ nodes }: ElementMaps, salt: number): Record<string, string> {
  const text = (name: string, axes: readonly string[]) => `${name}[${axes.join(", ")}]`;
  const lines = nodes.map((node) => {
    const { name, takes, axes, kind, onError } = node;
    const left = takes.map((take, at) => text(`p${at}`, take.axes)).join(", ");
    const right = outputsOf(node).map((output) => text(output, axes)).join(", ");
    const inputs = takes.map((take, at) => `p${at}: ${take.name}`).join(", ");
    const more = [
      ...onError === undefined ? [] : [`onError: ${onError}`],
      ...kind === "late" ? ["concurrency: 3"] : [],
      ...node.isPair ? [`outputs: [${outputsOf(node).join(", ")}]`] : [],
    ].map((part) => `, ${part}`).join("");
    return `  ${name}: { call: nodes.ts#${name}, map: "${left} -> ${right}", inputs: { ${inputs} }${more} }`;
  });
  const functions = nodes.map((node) => `export const ${node.name} = ${sourceOf(node, salt)};`);
  return {
    "workflow.yaml": `inputs: { is: {}, js: {} }
nodes:
  xs: { call: nodes.ts#xs, map: "is[i] -> xs[i]", inputs: { at: is } }
  ys: { call: nodes.ts#ys, inputs: { all: js } }
${lines.join("\n")}
`,
    "nodes.ts": `// @ts-nocheck: it runs as it is elsewhere
import { isError } from "flow";
${ELEMENTS}
export const xs = ({ at }) => element(at + 0 * ${salt});
export const ys = ({ all }) => all.map((at) => element(at + 0 * ${salt}));
${functions.join("\n")}
`,
  };
}

function sourceOf({ takes, kind, isPair }: ElementNode, salt: number): string {
  const params = takes.map((_, at) => `p${at}`).join(", ");
  const result = `(${KINDS[kind]})`;
  const both = kind === "late"
    ? `${result}.then((one) => [one, show(all)])`
    : `[${result}, show(all)]`;
  return `({ ${params} }, ctx) => { const all = [${params}].slice(0 * ${salt}); return ${
    isPair ? both : result
  }; }`;
}

/** What a run gives and does. */
export interface Foreseen {
  readonly values: ReadonlyMap<string, unknown>;
  /** Calls that are made and deliver, by node. */
  readonly done: ReadonlyMap<string, number>;
  readonly hasFailed: boolean;
}

type Places = Readonly<Record<string, number>>;

/** Foresees run after run; remembers which calls have delivered. */
export class ElementModel {
  readonly #maps: ElementMaps;
  readonly #kept = new Map<string, Set<string>>();
  readonly #tools: { show(value: unknown): string; element(at: number): unknown };
  readonly #functions: ReadonlyMap<string, (args: object, ctx: object) => unknown>;

  constructor(maps: ElementMaps) {
    this.#maps = maps;
    const made = maps.nodes.map((node) => `${node.name}: ${sourceOf(node, 0)}`).join(",\n");
    const built = new Function(
      "isError",
      `${ELEMENTS}\nreturn { show, element, nodes: { ${made} } };`,
    )(
      (value: unknown) => value instanceof Bad,
    );
    this.#tools = built;
    this.#functions = new Map(Object.entries(built.nodes));
  }

  /** Text that is the same for equal values only. */
  show(value: unknown): string {
    return this.#tools.show(value);
  }

  /** @param isChosen Whether a run is about this place of the axis `i`. */
  async run(inputs: ElementMaps["inputs"], isChosen = (_: number) => true): Promise<Foreseen> {
    const element = (at: number) => this.#tools.element(at);
    const values = new Map<string, unknown>([["ys", inputs.js.map(element)]]);
    const done = new Map([["xs", 0]]);
    const lengths: Places = { i: inputs.is.length, j: inputs.js.length };
    const source: unknown[] = [];
    for (const [i, at] of inputs.is.entries()) {
      if (!isChosen(i)) continue;
      source[i] = element(at);
      this.#count(done, "xs", String(at));
    }
    values.set("xs", source);
    let hasFailed = false;
    for (const node of this.#maps.nodes) {
      done.set(node.name, 0);
      const outputs: unknown[] = outputsOf(node).map(() => []);
      for (const places of placesOf(node.axes, lengths)) {
        if ("i" in places && !isChosen(places.i)) continue;
        const made = await this.#call(node, places, { values, done });
        if (made instanceof Bad) hasFailed = true;
        outputs.forEach((array, at) => {
          const value = made instanceof Bad || !node.isPair ? made : (made as unknown[])[at];
          put(array as unknown[], node.axes.map((axis) => places[axis]), value);
        });
      }
      outputsOf(node).forEach((name, at) => values.set(name, outputs[at]));
    }
    return { values, done, hasFailed };
  }

  async #call(
    node: ElementNode,
    places: Places,
    { values, done }: { values: ReadonlyMap<string, unknown>; done: Map<string, number> },
  ): Promise<unknown> {
    const args = node.takes.map(({ name, axes }) => partOf(values.get(name), axes, places));
    const bad = args.flatMap(badIn);
    if (bad.length > 0) return new Bad(bad.flatMap(({ causes }) => causes));
    const index = node.axes.map((axis) => places[axis]);
    let hasLooked = false;
    const ctx = {
      get index() {
        hasLooked = true;
        return index;
      },
    };
    const named = Object.fromEntries(args.map((value, at) => [`p${at}`, value]));
    try {
      const made = await this.#functions.get(node.name)?.(named, ctx);
      const key = args.map(this.#tools.show).join();
      this.#count(done, node.name, hasLooked ? `${key} at ${index}` : key);
      return made;
    } catch {
      return new Bad([`${node.name}[${index}]`]);
    }
  }

  /** A call delivers; it is made if it is not kept. */
  #count(done: Map<string, number>, node: string, key: string): void {
    const kept = this.#kept.get(node) ?? new Set();
    this.#kept.set(node, kept);
    if (kept.has(key)) return;
    kept.add(key);
    done.set(node, (done.get(node) ?? 0) + 1);
  }
}

/** All positions along axes. */
function placesOf(axes: readonly string[], lengths: Places): Places[] {
  return axes.reduce<Places[]>(
    (all, axis) =>
      all.flatMap((places) =>
        Array.from({ length: lengths[axis] }, (_, at) => ({ ...places, [axis]: at }))
      ),
    [{}],
  );
}

function partOf(value: unknown, [axis, ...rest]: readonly string[], places: Places): unknown {
  if (axis === undefined) return value;
  const array = value as readonly unknown[];
  if (axis === ":") return array.map((row) => partOf(row, rest, places));
  return partOf(array[places[axis]], rest, places);
}

function put(array: unknown[], [at, ...rest]: readonly number[], value: unknown): void {
  if (rest.length === 0) array[at] = value;
  else put((array[at] ??= []) as unknown[], rest, value);
}

function badIn(value: unknown): Bad[] {
  if (value instanceof Bad) return [value];
  return Array.isArray(value) ? value.flatMap(badIn) : [];
}
