/**
 * Wrong workflow files through the real command line: all that is printed, exit code 2, and nothing done.
 * The texts are in `__snapshots__`; `tests/core/load` has the problems of the format one by one.
 */

import { assertEquals } from "../testing/assert.ts";
import { flow, TemporaryDirectory } from "../cli/flow.ts";

const NODES = `import { double } from "./lib/math.ts";
export function load({ csv }: { csv: string }): number[] {
  return [csv.length];
}
export function fit({ rows, depth = 2 }: { rows: number[]; depth?: number }): number {
  return double(rows.length * depth);
}
export const best = ({ models }: { models: number[] }): number => Math.max(...models);
`;

const MATH = "export const double = (n: number): number => 2 * n;\n";

interface Wrong {
  readonly name: string;
  /** Text of `wf.yaml`, or of the file that `file` names. */
  readonly text: string;
  readonly file?: string;
  /** Further arguments of `flow run`. */
  readonly args?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

const yaml = (...nodes: string[]): string => `nodes:\n${nodes.map((n) => `  ${n}\n`).join("")}`;

const WRONG: readonly Wrong[] = [
  // Loading.
  { name: "an empty file", text: "" },
  { name: "no nodes", text: "nodes: {}\n" },
  { name: "a bracket that is not closed", text: "nodes:\n  a: { run: [ls, -l }\n" },
  { name: "a tab for indentation", text: "nodes:\n\ta: { run: ls }\n" },
  { name: "a key given twice", text: yaml("a: { run: ls }", "a: { run: pwd }") },
  { name: "an alias bomb", text: aliasBomb() },
  { name: "misspelt keys", text: "nam: x\nnodes:\n  a: { run: ls, timout: 3s, retrys: 2 }\n" },
  { name: "values out of range", text: yaml("a: { run: ls, retries: -1, okCodes: [300] }") },
  { name: "two kinds of node", text: yaml("a: { call: nodes.ts#load, run: ls }") },
  // Wiring.
  {
    name: "sources nobody provides",
    text: `params: { depth: 3 }
inputs: { raw: { default: x } }
nodes:
  rows: { call: nodes.ts#load, inputs: { csv: rwa } }
  model: { call: nodes.ts#fit, inputs: { rows: row, depth: params.dept } }
`,
  },
  {
    name: "an input nobody uses",
    text: `inputs: { raw: { default: 1 } }\n${yaml("a: { run: ls }")}`,
  },
  {
    name: "a cycle",
    text: yaml(
      'a: { run: "cat ${in.c} > ${out.a}", inputs: [c], outputs: { a: ./a.txt } }',
      'b: { run: "cat ${in.a} > ${out.b}", inputs: [a], outputs: { b: ./b.txt } }',
      'c: { run: "cat ${in.b} > ${out.c}", inputs: [b], outputs: { c: ./c.txt } }',
    ),
  },
  {
    name: "a node that needs itself",
    text: yaml('a: { run: "cat ${in.a} > ${out.a}", inputs: [a], outputs: { a: ./a.txt } }'),
  },
  {
    name: "one output of two nodes",
    text: yaml(
      'a: { run: "ls > ${out.list}", outputs: { list: ./a.txt } }',
      'b: { run: "ls > ${out.list}", outputs: { list: ./b.txt } }',
    ),
  },
  {
    name: "more of a pool than there is",
    text: `pools: { gpu: 1 }\n${yaml("a: { run: ls, resources: { gpu: 2, gpus: 1 } }")}`,
  },
  // Templates.
  {
    name: "placeholders nothing fills",
    text: yaml(
      'a: { run: "cat ${in.txt} ${params.x} > ${out.pfd}", inputs: { text: { value: x } }, outputs: { pdf: ./r.pdf } }',
    ),
  },
  {
    name: "an output the command never mentions",
    text: yaml('a: { run: "ls > list.txt", outputs: { list: ./list.txt } }'),
  },
  {
    name: "stdin from no input",
    text: yaml("a: { run: cat, stdin: txt, inputs: { text: { value: x } } }"),
  },
  {
    name: "a value in backticks",
    text: yaml('a: { run: "echo `cat ${in.x}`", inputs: { x: { value: y } } }'),
  },
  // Functions.
  { name: "a function that is not exported", text: yaml("a: { call: nodes.ts#lod }") },
  { name: "a module that is missing", text: yaml("a: { call: nods.ts#load }") },
  {
    name: "an argument the function does not take",
    text: yaml("a: { call: nodes.ts#fit, inputs: { rowz: { value: [1] }, depht: { value: 2 } } }"),
  },
  { name: "a parameter nothing is wired to", text: yaml("a: { call: nodes.ts#best }") },
  {
    name: "a module with a syntax error",
    text: yaml("a: { call: broken.ts#f }"),
    files: { "broken.ts": "export function f() {\n  return = 3;\n}\n" },
  },
  {
    name: "an import of a helper that is missing",
    text: yaml("a: { call: far.ts#f }"),
    files: { "far.ts": 'import { g } from "./lib/mth.ts";\nexport const f = () => g();\n' },
  },
  // Paths.
  {
    name: "an output outside",
    text: yaml('a: { run: "ls > ${out.o}", outputs: { o: ../o.txt } }'),
  },
  {
    name: "one path for two outputs",
    text: yaml(
      'a: { run: "ls > ${out.x}", outputs: { x: ./same.txt } }',
      'b: { run: "ls > ${out.y}", outputs: { y: ./same.txt } }',
    ),
  },
  {
    name: "a file that is missing",
    text: yaml('a: { run: "cat ${in.f}", inputs: { f: { file: gone.txt } } }'),
  },
  // Inputs and params from the command line.
  {
    name: "an input of another type",
    text: `inputs: { n: { type: integer } }\n${yaml('a: { run: "echo ${in.n}", inputs: [n] }')}`,
    args: ["--input", "n=many"],
  },
  {
    name: "an input that is not given",
    text: `inputs: { n: { type: integer } }\n${yaml('a: { run: "echo ${in.n}", inputs: [n] }')}`,
  },
  {
    name: "a misspelt input",
    text: `inputs: { raw: { default: 1 } }\n${yaml('a: { run: "echo ${in.raw}", inputs: [raw] }')}`,
    args: ["--input", "rwa=2"],
  },
  {
    name: "a misspelt param",
    text: `params: { depth: 1 }\n${yaml('a: { run: "echo ${params.depth}" }')}`,
    args: ["--set", "dpeth=2"],
  },
  { name: "a misspelt target", text: yaml("report: { run: ls }"), args: ["reprot"] },
  // What else counts.
  {
    name: "tracked functions that are not there",
    text: yaml(
      "a: { call: nodes.ts#load, inputs: { csv: { value: x } }, track: [{ call: nodes.ts#lod }] }",
      "b: { run: ls, track: [{ call: nods.ts#load }, { file: gone.txt }] }",
    ),
  },
  // Around commands.
  {
    name: "placeholders in hooks that nothing fills",
    text: yaml(
      'a: { run: [cp, "${in.x}", "${out.o}"], inputs: { x: { file: nodes.ts } }, outputs: { o: ./o.ts }, ' +
        'hooks: { before: "test -f ${in.y}", after: [gzip, "${out.p}", "${params.level}"] } }',
    ),
  },
  {
    name: "values in a script of another language",
    text: `params: { depth: 3 }
nodes:
  a:
    inputs: { x: { value: 1 } }
    outputs: { o: ./o.txt }
    run: |
      #!/usr/bin/env python3
      open("\${out.o}", "w").write("\${in.x} \${params.depth}")
`,
  },
  {
    name: "a param in a script of another language",
    text: `params: { model: { depth: 3 } }
nodes:
  a:
    run: |
      #!/usr/bin/env python3
      print("\${params.model.depth}")
`,
  },
  {
    name: "an interpreter without a path",
    text: "nodes:\n  a:\n    run: |\n      #!python3\n      print(1)\n",
  },
  {
    name: "two inputs in one variable",
    text: `nodes:
  a:
    inputs: { a-b: { value: 1 }, a_b: { value: 2 } }
    run: |
      #!/usr/bin/env python3
      print(1)
`,
  },
  {
    name: "a script that does not write its output",
    text: `nodes:
  a:
    outputs: { my-o: ./o.txt }
    run: |
      #!/usr/bin/env python3
      open("o.txt", "w").write("x")
`,
  },
  // TypeScript.
  {
    name: "several problems of a TypeScript workflow",
    file: "workflow.ts",
    text: `import { call, run, workflow } from "flow";
import { fit } from "./nodes.ts";
const model = call(fit, { inputs: { rwos: { value: [1] } } as never, timeout: "soon" });
const list = run("ls > \${out.lst}", { outputs: { list: "./list.txt" } });
export default workflow({ nodes: { model, list } });
`,
  },
  {
    name: "a TypeScript workflow that reads a file",
    file: "workflow.ts",
    text:
      'const text = Deno.readTextFileSync("/etc/hosts");\nexport default { nodes: {}, text };\n',
  },
  {
    name: "a TypeScript workflow without default",
    file: "workflow.ts",
    text: "export const x = 1;\n",
  },
];

/** Nine levels of nine aliases: 387 million values in a few lines. */
function aliasBomb(): string {
  const levels = Array.from(
    { length: 8 },
    (_, i) => `  l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]\n`,
  );
  return `params:\n  l0: &l0 [x]\n${levels.join("")}${yaml("a: { run: ls }")}`;
}

for (const { name, text, file = "wf.yaml", args = [], files = {} } of WRONG) {
  Deno.test(`flow run refuses ${name}`, async (t) => {
    using dir = new TemporaryDirectory().write({
      "nodes.ts": NODES,
      "lib/math.ts": MATH,
      ...files,
      [file]: text,
    });
    const { code, stdout, stderr } = await flow(["run", file, ...args], { cwd: dir.path });
    assertEquals([code, stdout], [2, ""], stderr);
    await t.assertSnapshot(stderr.replaceAll(dir.path, "DIR"));
  });
}
