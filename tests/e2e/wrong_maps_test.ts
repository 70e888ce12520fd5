/**
 * Wrong map-specs, shapes and axes: all that is said before anything runs, with the place inside the map-spec. The texts are
 * in `__snapshots__`.
 */

import { Engine, loadWorkflow } from "../../core/mod.ts";
import { FlowError } from "../../core/base/error.ts";
import { formatError } from "../../cli/format_error.ts";
import { assertOk } from "../testing/assert.ts";
import { TemporaryDirectory } from "../cli/flow.ts";

const NODES = `export const one = ({ x }: { x: number }) => x;
export const two = ({ x, y }: { x: number; y: number }) => x + y;
export const list = () => [1, 2];
export const pair = ({ x }: { x: number }) => [x, -x];
`;

interface Wrong {
  readonly name: string;
  /** Lines of the nodes. */
  readonly nodes: readonly string[];
  /** Lines of the inputs. */
  readonly inputs?: readonly string[];
  /** `--input` texts. */
  readonly given?: Readonly<Record<string, string>>;
  /** `--map` texts. */
  readonly map?: readonly string[];
  readonly params?: string;
}

/** A node that calls `one` with a map-spec. */
const one = (map: string, x = "x"): string =>
  `a: { call: nodes.ts#one, map: "${map}", inputs: { x: ${x} } }`;

/** A node that calls `two` with a map-spec and literals. */
const two = (map: string, x: string, y: string): string =>
  `a: { call: nodes.ts#two, map: "${map}", inputs: { x: { value: ${x} }, y: { value: ${y} } } }`;

const LIST = "{ value: [1, 2] }";

/** A node whose calls make files. */
const files = (map: string, output: string, name = "a"): string =>
  `${name}: { run: "touch \${out.${name}}", map: "${map}", outputs: { ${name}: ${output} }, ` +
  `inputs: { x: { value: [1] }${map.includes("y[") ? ", y: { value: [2] }" : ""} } }`;

const WRONG: readonly Wrong[] = [
  // The text.
  { name: "an empty map-spec", nodes: [one("", LIST)] },
  { name: "no arrow", nodes: [one("x[i]", LIST)] },
  { name: "two arrows", nodes: [one("x[i] -> y[i] -> a[i]", LIST)] },
  { name: "an array without axes", nodes: [one("x -> a[i]", LIST)] },
  { name: "garbage after an array", nodes: [one("x[i], garbage -> a[i]", LIST)] },
  { name: "empty brackets", nodes: [one("x[] -> a[i]", LIST)] },
  { name: "an open bracket", nodes: [one("x[i -> a[i]", LIST)] },
  { name: "no comma", nodes: [one("x[i] y[i] -> a[i]", LIST)] },
  { name: "a number as an axis", nodes: [one("x[0] -> a[i]", LIST)] },
  { name: "a name that begins with a digit", nodes: [one("1x[i] -> a[i]", LIST)] },
  { name: "dots beside an array", nodes: [one("..., x[i] -> a[i]", LIST)] },
  { name: "one axis twice", nodes: [one("x[i, i] -> a[i]", LIST)] },
  { name: "one array twice", nodes: [one("x[i], x[j] -> a[i, j]", LIST)] },
  { name: "an axis that the output lacks", nodes: [one("x[i, j] -> a[i]", LIST)] },
  { name: "a colon in the output", nodes: [one("x[i] -> a[:]", LIST)] },
  {
    name: "outputs with different axes",
    nodes: ['a: { call: nodes.ts#pair, map: "x[i] -> p[i], q[j]", inputs: { x: { value: [1] } } }'],
  },
  {
    name: "a map-spec over two lines",
    nodes: [
      "a:\n    call: nodes.ts#one\n    inputs: { x: { value: [1] } }\n    map: >-\n      x[i] ->\n      a[:]",
    ],
  },
  { name: "a length of an input", nodes: [one("x[i=2] -> a[i]", LIST)] },
  { name: "a length of a mapped axis", nodes: [one("x[i] -> a[i=2]", LIST)] },
  { name: "a length that is no number", nodes: [one("x[i] -> a[i, j=params.n]", LIST)] },
  { name: "a length that is not known", nodes: [one("x[i] -> a[i, j=?]", LIST)] },
  { name: "two lengths", nodes: ['a: { call: nodes.ts#list, map: "... -> p[i=2], q[i=3]" }'] },
  // The names.
  { name: "an input that is not there", nodes: [one("xs[i] -> a[i]", LIST)] },
  {
    name: "a source that two arguments have",
    nodes: [
      'a: { call: nodes.ts#two, map: "l[i] -> a[i]", inputs: { x: l, y: l } }',
      "l: { call: nodes.ts#list }",
    ],
  },
  {
    name: "an argument and its source",
    nodes: [
      'a: { call: nodes.ts#two, map: "l[i], x[j] -> a[i, j]", inputs: { x: l, y: { value: [1] } } }',
      "l: { call: nodes.ts#list }",
    ],
  },
  {
    name: "an output that is not there",
    nodes: [
      'a: { call: nodes.ts#one, map: "x[i] -> b[i]", outputs: [a], inputs: { x: { value: [1] } } }',
    ],
  },
  {
    name: "an output that is left out",
    nodes: [
      'a: { call: nodes.ts#pair, map: "x[i] -> p[i]", outputs: [p, q], inputs: { x: { value: [1] } } }',
    ],
  },
  {
    name: "several problems",
    nodes: [
      one("xs[i] -> b[i]", LIST),
      `c: { call: nodes.ts#one, map: "x[i -> c[i]", inputs: { x: a } }`,
    ],
  },
  // The axes.
  {
    name: "another name of an axis",
    nodes: [
      one("x[i] -> a[i]", LIST),
      'b: { call: nodes.ts#one, map: "x[j] -> b[j]", inputs: { x: a } }',
    ],
  },
  {
    name: "swapped axes",
    nodes: [
      two("x[i], y[j] -> a[i, j]", "[1]", "[2, 3]"),
      'b: { call: nodes.ts#one, map: "x[j, i] -> b[i, j]", inputs: { x: a } }',
    ],
  },
  {
    name: "more axes than there are",
    nodes: [
      one("x[i] -> a[i]", LIST),
      'b: { call: nodes.ts#one, map: "a[i, j] -> b[i, j]", inputs: { x: a } }',
    ],
  },
  // The shapes.
  { name: "lengths that differ", nodes: [two("x[i], y[i] -> a[i]", "[1]", "[1, 2]")] },
  {
    name: "lengths that differ behind other maps",
    nodes: [
      one("x[i] -> a[i]", LIST),
      'b: { call: nodes.ts#two, map: "x[i], y[i] -> b[i]", inputs: { x: a, y: params.three } }',
    ],
    params: "{ three: [1, 2, 3] }",
  },
  {
    name: "a length that is said and does not fit",
    nodes: [
      'l: { call: nodes.ts#list, map: "... -> l[i=2]" }',
      'b: { call: nodes.ts#two, map: "x[i], y[i] -> b[i]", inputs: { x: l, y: { value: [1, 2, 3] } } }',
    ],
  },
  {
    name: "a length that is said and does not fit behind other maps",
    nodes: [
      'l: { call: nodes.ts#pair, map: "x[i] -> l[i, j=3]", inputs: { x: { value: [1] } } }',
      'm: { call: nodes.ts#one, map: "x[i, j] -> m[j, i]", inputs: { x: l } }',
      'b: { call: nodes.ts#two, map: "x[j, i], y[j] -> b[j, i]", inputs: { x: m, y: { value: [1] } } }',
    ],
  },
  { name: "a number", nodes: [one("x[i] -> a[i]", "{ value: 3 }")] },
  { name: "a row that is none", nodes: [one("x[i, j] -> a[i, j]", "{ value: [[1], 2] }")] },
  {
    name: "rows of different lengths",
    nodes: [one("x[i, j] -> a[i, j]", "{ value: [[1], [2, 3]] }")],
  },
  { name: "a file", nodes: [one("x[i] -> a[i]", "{ file: nodes.ts }")] },
  { name: "an input that is no array", nodes: [one("x[i] -> a[i]", "n")], inputs: ["n: 3"] },
  {
    name: "a given input that is no array",
    nodes: [one("x[i] -> a[i]", "n")],
    inputs: ["n:"],
    given: { n: "{}" },
  },
  // The paths of files.
  {
    name: "a path without an axis",
    nodes: [files("x[i], y[j] -> a[i, j]", '{ file: "out/{i}.png" }')],
  },
  { name: "a path without any word", nodes: [files("x[i] -> a[i]", "out/a.png")] },
  { name: "a path with another axis", nodes: [files("x[i] -> a[i]", '"out/{i}_{k}.png"')] },
  {
    name: "a path with a wrong width",
    nodes: [files("x[i] -> a[i]", '{ file: "./out/{i:3}.png" }')],
  },
  { name: "a path with an open brace", nodes: [files("x[i] -> a[i]", '{ dir: "out/{i/x" }')] },
  {
    name: "a path with nothing but digits between words",
    nodes: [files("x[i], y[j] -> a[i, j]", '{ file: "{i}0{j}" }')],
  },
  {
    name: "paths of calls that are those of others",
    nodes: [
      files("x[i] -> a[i]", '"out/{i}.png"'),
      "b: { run: 'touch ${out.b}', outputs: { b: out/10.png } }",
      "c: { run: 'touch ${out.c}', outputs: { c: out/010.png } }",
      files("x[k] -> d[k]", '{ dir: "out/1{k}.png" }', "d"),
      "e: { run: 'touch ${out.e}', outputs: { e: out/3.png/e } }",
      "f: { run: 'mkdir ${out.f}', outputs: { f: { dir: out } } }",
    ],
  },
  {
    name: "a path of a call that is an input",
    nodes: [
      files("x[i] -> a[i]", '"{i}.txt"'),
      "b: { call: nodes.ts#one, inputs: { x: n } }",
    ],
    inputs: ["n: { file: 3.txt }"],
  },
  {
    name: "a file of a call that is read by its path",
    nodes: [
      files("x[i] -> a[i]", '"out/{i}.txt"'),
      "b: { call: nodes.ts#one, inputs: { x: { file: out/3.txt } } }",
      "c: { call: nodes.ts#one, inputs: { x: { glob: 'out/*.txt' } } }",
      "d: { call: nodes.ts#one, inputs: { x: { dir: out } } }",
    ],
  },
  { name: "files along a new axis", nodes: [files("x[i] -> a[i, k]", '{ file: "{i}.txt" }')] },
  {
    name: "temporary files of calls",
    nodes: [files("x[i] -> a[i]", '{ file: "{i}.txt", temp: true }')],
  },
  {
    name: "more axes than files have",
    nodes: [
      files("x[i] -> a[i]", '"{i}.txt"'),
      'b: { call: nodes.ts#one, map: "x[i, j] -> b[i, j]", inputs: { x: a } }',
    ],
  },
  // Added axes.
  {
    name: "--map over nothing",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: n } }"],
    inputs: ["n:"],
    map: ["m[i]"],
  },
  { name: "--map over an output", nodes: ["l: { call: nodes.ts#list }"], map: ["l[i]"] },
  {
    name: "--map without an axis",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: n } }"],
    inputs: ["n:"],
    map: ["n"],
  },
  {
    name: "--map with a colon",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: n } }"],
    inputs: ["n:"],
    map: ["n[i, :]"],
  },
  {
    name: "--map twice",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: n } }"],
    inputs: ["n:"],
    map: ["n[i]", "n[j]"],
  },
  {
    name: "--map and one value",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: n } }"],
    inputs: ["n: { type: integer }"],
    map: ["n[i]"],
    given: { n: "3" },
  },
  // Scopes.
  {
    name: "an input and a scope of one name",
    nodes: ["a: { call: nodes.ts#two, inputs: { x: foo, y: foo.y } }"],
    inputs: ["foo: 1", "foo.y: 2"],
  },
  {
    name: "an input of a scope and an output of a node",
    nodes: ["foo: { call: nodes.ts#one, inputs: { x: foo.y }, outputs: [y] }"],
    inputs: ["foo.y: 2"],
  },
  {
    name: "a scope that is no object",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: foo.x } }"],
    inputs: ["foo.x:"],
    given: { foo: "3" },
  },
  {
    name: "a scope without such an input",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: foo.x } }"],
    inputs: ["foo.x:"],
    given: { foo: '{"z":3}' },
  },
  {
    name: "a scope and its input",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: foo.x } }"],
    inputs: ["foo.x:"],
    given: { foo: '{"x":3}', "foo.x": "1" },
  },
  {
    name: "an input of a scope of another type",
    nodes: ["a: { call: nodes.ts#one, inputs: { x: foo.x } }"],
    inputs: ["foo.x: { type: integer }"],
    given: { foo: '{"x":"3"}' },
  },
];

for (const { name, nodes, inputs = [], params, given = {}, map = [] } of WRONG) {
  Deno.test(`maps are refused: ${name}`, async (t) => {
    using dir = new TemporaryDirectory();
    const text = [
      ...params === undefined ? [] : [`params: ${params}`],
      ...inputs.length === 0 ? [] : ["inputs:", ...inputs.map((line) => `  ${line}`)],
      "nodes:",
      ...nodes.map((line) => `  ${line}`),
    ];
    dir.write({ "wf.yaml": `${text.join("\n")}\n`, "nodes.ts": NODES });
    await t.assertSnapshot(await refusal(dir.path, { inputs: given, map }));
  });
}

/** What is said when a workflow is opened; it must be refused. */
async function refusal(
  cwd: string,
  options: { readonly inputs: Readonly<Record<string, string>>; readonly map: readonly string[] },
): Promise<string> {
  try {
    const { workflow, diagnostics } = await loadWorkflow("wf.yaml", { cwd });
    await using _ = await Engine.open(workflow, diagnostics, { cwd, hostCommand: [], ...options });
  } catch (error) {
    assertOk(error instanceof FlowError, String(error));
    return formatError(error, { debug: false, color: false });
  }
  throw new Error("it was accepted");
}
