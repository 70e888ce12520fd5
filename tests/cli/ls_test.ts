/** What `flow ls` lists beside nodes, and what it refuses. */

import { assertEquals } from "../testing/assert.ts";
import { flow, TemporaryDirectory } from "./flow.ts";

const FILES = {
  "workflow.yaml": `inputs:
  a: { type: number, default: 1, description: First summand }
  b:
params: { scale: 2 }
nodes:
  sum: { call: n.ts#sum }
  scaled: { call: n.ts#scaled, inputs: { scale: params.scale } }
  lines: { run: [wc, -l], inputs: { f: { file: n.ts } }, stdin: f, stdout: count }
`,
  "n.ts": `export function sum({ a, b }: Record<string, number>): number { return a + b; }
export function scaled({ sum, scale }: Record<string, number>): number { return sum * scale; }
`,
};

const LISTED: readonly [args: readonly string[], stdout: string][] = [
  [
    ["--inputs"],
    "a             number  = 1       for sum     First summand\n" +
    "b             input   required  for sum\n" +
    "params.scale  param   = 2       for scaled\n" +
    "n.ts          file              for lines\n",
  ],
  [
    ["--inputs", "scaled", "--input", "sum=3", "--json"],
    '[\n{"name":"sum","from":"input","required":true,"nodes":["scaled"]},\n' +
    '{"name":"params.scale","from":"param","default":2,"nodes":["scaled"]}\n]\n',
  ],
  [["--starts", "scaled"], "sum\na, b\n"],
  [["--starts", "scaled", "--json"], '[\n["sum"],\n["a","b"]\n]\n'],
  [
    ["--leaves"],
    "scaled  call  scale: params.scale, sum -> scaled\n" +
    "lines   run   f: file n.ts -> count\n",
  ],
  [["--generations"], "1  sum, lines\n2  scaled\n"],
  [["--components"], "1  sum, scaled  a, b -> scaled\n2  lines        () -> lines\n"],
];

Deno.test("flow ls: lists what a workflow starts from and how it hangs together", async () => {
  using dir = new TemporaryDirectory().write(FILES);
  for (const [args, expected] of LISTED) {
    const { code, stdout, stderr } = await flow(["ls", ...args], { cwd: dir.path });
    assertEquals([code, stderr, stdout], [0, "", expected], args.join(" "));
  }
});

const WRONG: readonly [args: readonly string[], stderr: string][] = [
  [
    ["--starts"],
    "error: Cannot say what to start from: no name is given\n" +
    '  hint: name one node or output; "flow ls" lists them\n',
  ],
  [
    ["--leaves", "--inputs"],
    'error: Cannot combine "--inputs" and "--leaves"\n' +
    "  hint: leave out one\n",
  ],
  [
    ["--starts", "scald"],
    'error: Unknown node or output "scald"\n' +
    '  hint: did you mean "scaled"?\n',
  ],
];

Deno.test("flow ls: refuses what it cannot list", async () => {
  using dir = new TemporaryDirectory().write(FILES);
  for (const [args, expected] of WRONG) {
    const { code, stdout, stderr } = await flow(["ls", ...args], { cwd: dir.path });
    assertEquals([code, stdout, stderr], [2, "", expected], args.join(" "));
  }
});
