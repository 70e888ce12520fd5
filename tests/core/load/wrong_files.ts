/** Wrong workflow files, one problem each unless the name says otherwise. Data of `definition_test.ts`. */

/** Whether the JSON Schema rejects the file too; some problems only flow can see. */
export type SchemaView = "rejected" | "accepted";

const VARIANTS = `nodes:
  model:
    variants:
      ridge: { call: n.ts#ridge }
      forest: { call: n.ts#forest }
`;

export const wrongFiles: readonly [name: string, text: string, schema: SchemaView][] = [
  ["a list at the top", "- nodes\n", "rejected"],
  ["no nodes", "name: x\n", "rejected"],
  ["empty nodes", "nodes: {}\n", "accepted"],
  ["misspelt nodes", "node:\n  a: { run: ls }\n", "rejected"],
  ["nodes as a list", "nodes:\n  - run: ls\n", "rejected"],
  ["a misspelt option", "nodes:\n  a: { run: ls, timout: 3s }\n", "rejected"],
  ["cal for call", "nodes:\n  rows:\n    cal: nodes.ts#load\n", "rejected"],
  ["a node without a kind", "nodes:\n  a: { inputs: [x] }\n", "rejected"],
  ["an empty node", "nodes:\n  a:\n", "rejected"],
  ["two kinds", "nodes:\n  a: { call: 'n.ts#f', run: ls }\n", "rejected"],
  ["call without an export", "nodes:\n  a: { call: nodes.ts }\n", "rejected"],
  ["call without a module", "nodes:\n  a: { call: load }\n", "rejected"],
  ["call of a Python file", "nodes:\n  a: { call: 'nodes.py#f' }\n", "rejected"],
  ["call of a package", "nodes:\n  a: { call: 'npm:lodash#map' }\n", "rejected"],
  ["concurrency of nothing", "nodes:\n  a: { call: n.ts#f, concurrency: 0 }\n", "rejected"],
  ["concurrency of a command", "nodes:\n  a: { run: ls, concurrency: 2 }\n", "rejected"],
  ["concurrency in defaults", "defaults: { concurrency: 2 }\nnodes: {}\n", "rejected"],
  ["chunk of nothing", "nodes:\n  a: { call: n.ts#f, chunk: 0 }\n", "rejected"],
  ["chunk of a command", "nodes:\n  a: { run: ls, chunk: 2 }\n", "rejected"],
  ["an unknown kind of executor", "executors: { x: { kind: slurm } }\nnodes: {}\n", "rejected"],
  ["an executor without slots", "executors: { x: { slots: 0 } }\nnodes: {}\n", "rejected"],
  ["an executor in defaults", "defaults: { executor: x }\nnodes: {}\n", "rejected"],
  [
    "an executor that is not declared",
    "executors: { heavy: { slots: 1 } }\nnodes:\n  a: { run: ls, executor: hevy }\n",
    "accepted",
  ],
  ["an executor where there are none", "nodes:\n  a: { run: ls, executor: io }\n", "accepted"],
  [
    "a chunk smaller than what is pending",
    "executors:\n  io: { concurrency: 10, chunk: 5 }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a pick that is no path",
    "nodes:\n  a: { call: n.ts#f, outputs: { x: { pick: 'stats..mean' } } }\n",
    "accepted",
  ],
  [
    "a pick of a file",
    "nodes:\n  a: { call: n.ts#f, outputs: { x: { file: x.csv, pick: stats } } }\n",
    "rejected",
  ],
  [
    "a pick of a command",
    "nodes:\n  a: { run: ls, stdout: x, outputs: { x: { pick: stats } } }\n",
    "accepted",
  ],
  [
    "a pick of returned nodes",
    "nodes:\n  a: { expand: n.ts#f, outputs: { x: { pick: stats } } }\n",
    "accepted",
  ],
  ["a reserved kind", "nodes:\n  a: { stream: { from: x } }\n", "rejected"],
  ["a reserved option", "nodes:\n  a: { run: ls, when: x }\n", "rejected"],
  ["an empty command", "nodes:\n  a: { run: [] }\n", "rejected"],
  ["a list in a command", "nodes:\n  a: { run: [ls, [x]] }\n", "rejected"],
  ["a blank script", "nodes:\n  a: { run: ' ' }\n", "rejected"],
  ["NUL in a command", 'nodes:\n  a: { run: [ls, "a\\0"] }\n', "rejected"],
  ["a command option on a function", "nodes:\n  a: { call: 'n.ts#f', okCodes: [1] }\n", "rejected"],
  ["a function option on a command", "nodes:\n  a: { run: ls, isolate: fresh }\n", "rejected"],
  ["shell with a list", "nodes:\n  a: { run: [ls], shell: bash }\n", "rejected"],
  ["a dotted name", "nodes:\n  a.b: { run: ls }\n", "rejected"],
  ["a name that is a number", "nodes:\n  1: { run: ls }\n", "rejected"],
  ["a literal as a source", "nodes:\n  a: { call: 'n.ts#f', inputs: { n: 3 } }\n", "rejected"],
  ["a list as a source", "nodes:\n  a: { call: 'n.ts#f', inputs: { n: [1] } }\n", "rejected"],
  [
    "a path as a source",
    "nodes:\n  a: { call: 'n.ts#f', inputs: { n: data/x.csv } }\n",
    "rejected",
  ],
  [
    "a pattern as a source",
    "nodes:\n  a: { call: 'n.ts#f', inputs: { n: '*.csv' } }\n",
    "rejected",
  ],
  [
    "a sentence as a source",
    "nodes:\n  a: { call: 'n.ts#f', inputs: { n: so much } }\n",
    "rejected",
  ],
  [
    "two kinds of source",
    "nodes:\n  a: { call: 'n.ts#f', inputs: { n: { file: x, value: 3 } } }\n",
    "rejected",
  ],
  [
    "an unknown kind of source",
    "nodes:\n  a: { run: ls, inputs: { n: { fil: x } } }\n",
    "rejected",
  ],
  ["an input listed twice", "nodes:\n  a: { run: ls, inputs: [x, x] }\n", "accepted"],
  ["a dotted input in a list", "nodes:\n  a: { run: ls, inputs: [params.x] }\n", "rejected"],
  ["outputs as a text", "nodes:\n  a: { call: 'n.ts#f', outputs: 3 }\n", "rejected"],
  ["an output outside", "nodes:\n  a: { run: ls, outputs: { o: ../x } }\n", "rejected"],
  [
    "an output above by a detour",
    "nodes:\n  a: { run: ls, outputs: { o: a/../../x } }\n",
    "rejected",
  ],
  [
    "an absolute output",
    "nodes:\n  a: { run: ls, outputs: { o: { file: /etc/passwd } } }\n",
    "rejected",
  ],
  [
    "an output in the store",
    "nodes:\n  a: { run: ls, outputs: { o: ./.pipecache/x } }\n",
    "rejected",
  ],
  [
    "an output that is the directory",
    "nodes:\n  a: { run: ls, outputs: { o: { dir: ./ } } }\n",
    "rejected",
  ],
  [
    "an output over the workflow",
    "nodes:\n  a: { run: ls, outputs: { o: ./wf.yaml } }\n",
    "accepted",
  ],
  [
    "a file output like a directory",
    "nodes:\n  a: { run: ls, outputs: { o: out/ } }\n",
    "accepted",
  ],
  [
    "a file and a directory",
    "nodes:\n  a: { run: ls, outputs: { o: { file: x, dir: y } } }\n",
    "rejected",
  ],
  ["a value output of a command", "nodes:\n  a: { run: ls, outputs: [o] }\n", "accepted"],
  ["an output listed twice", "nodes:\n  a: { call: 'n.ts#f', outputs: [o, o] }\n", "accepted"],
  [
    "stdout and stderr to one output",
    "nodes:\n  a: { run: ls, stdout: o, stderr: o }\n",
    "accepted",
  ],
  [
    "JSON into a file",
    "nodes:\n  a: { run: ls, stdout: { output: o, as: json }, outputs: { o: x.json } }\n",
    "accepted",
  ],
  ["stdout as what", "nodes:\n  a: { run: ls, stdout: { output: o, as: jsn } }\n", "rejected"],
  [
    "stdin that is no input",
    "nodes:\n  a: { run: cat, stdin: dat, inputs: { data: x } }\n",
    "accepted",
  ],
  [
    "temp without outputs",
    "nodes:\n  a: { call: 'n.ts#f', outputs: [], temp: true }\n",
    "accepted",
  ],
  ["a broken map-spec", "nodes:\n  a: { call: 'n.ts#f', map: 'x[i -> y[i]' }\n", "accepted"],
  ["a map that is a list", "nodes:\n  a: { call: 'n.ts#f', map: [x] }\n", "rejected"],
  ["read everything", "nodes:\n  a: { call: 'n.ts#f', allow: { read: true } }\n", "rejected"],
  ["net as a number", "nodes:\n  a: { call: 'n.ts#f', allow: { net: 80 } }\n", "rejected"],
  ["net as one text", "nodes:\n  a: { call: 'n.ts#f', allow: { net: example.org } }\n", "rejected"],
  ["an unknown permission", "nodes:\n  a: { call: 'n.ts#f', allow: { nett: [] } }\n", "rejected"],
  ["allow everything", "nodes:\n  a: { call: 'n.ts#f', allow: true }\n", "rejected"],
  ["a cache that is a text", "nodes:\n  a: { run: ls, cache: always }\n", "rejected"],
  ["a misspelt ttl", "nodes:\n  a: { run: ls, cache: { tll: 1d } }\n", "rejected"],
  ["a ttl of nothing", "nodes:\n  a: { run: ls, cache: { ttl: 0 } }\n", "accepted"],
  ["negative retries", "nodes:\n  a: { run: ls, retries: -1 }\n", "rejected"],
  ["half a retry", "nodes:\n  a: { run: ls, retries: 1.5 }\n", "rejected"],
  ["a timeout in prose", "nodes:\n  a: { run: ls, timeout: 5 minutes }\n", "rejected"],
  ["a timeout without unit", "nodes:\n  a: { run: ls, timeout: '5' }\n", "rejected"],
  ["memory in prose", "nodes:\n  a: { run: ls, resources: { memory: lots } }\n", "rejected"],
  ["no cpus", "nodes:\n  a: { run: ls, resources: { cpus: 0 } }\n", "rejected"],
  [
    "an unknown pool",
    "pools: { gpus: 2 }\nnodes:\n  a: { run: ls, resources: { gpu: 1 } }\n",
    "accepted",
  ],
  ["an undeclared pool", "nodes:\n  a: { run: ls, resources: { licence: 1 } }\n", "accepted"],
  [
    "more than a pool has",
    "pools: { gpu: 2 }\nnodes:\n  a: { run: ls, resources: { gpu: 3 } }\n",
    "accepted",
  ],
  ["a pool called cpus", "pools: { cpus: 2 }\nnodes:\n  a: { run: ls }\n", "rejected"],
  ["an empty pool", "pools: { gpu: 0 }\nnodes:\n  a: { run: ls }\n", "rejected"],
  ["a boolean as a text", "nodes:\n  a: { run: ls, enabled: 'no' }\n", "rejected"],
  ["a choice misspelt", "nodes:\n  a: { run: ls, onError: contine }\n", "rejected"],
  ["an exit code of 256", "nodes:\n  a: { run: ls, okCodes: [0, 256] }\n", "rejected"],
  ["a variable with a dash", "nodes:\n  a: { run: ls, env: { A-B: x } }\n", "rejected"],
  ["a variable that is a list", "nodes:\n  a: { run: ls, env: { A: [x] } }\n", "rejected"],
  ["a default for one node only", "defaults: { run: ls }\nnodes:\n  a: { run: ls }\n", "rejected"],
  ["params as a list", "params: [1]\nnodes:\n  a: { run: ls }\n", "rejected"],
  [
    "an input of two kinds",
    "inputs: { x: { file: a, dir: b } }\nnodes:\n  a: { run: ls }\n",
    "rejected",
  ],
  [
    "a typed file",
    "inputs: { x: { file: a, type: string } }\nnodes:\n  a: { run: ls }\n",
    "rejected",
  ],
  [
    "a default of another type",
    "inputs: { x: { type: integer, default: 1.5 } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  ["an unknown type", "inputs: { x: { type: int } }\nnodes:\n  a: { run: ls }\n", "rejected"],
  ["a workflow name with a space", "name: my flow\nnodes:\n  a: { run: ls }\n", "rejected"],
  [
    "a tracked function as a text",
    "nodes:\n  a: { run: ls, track: ['lib.ts#helper'] }\n",
    "rejected",
  ],
  [
    "a tracked function of a Python file",
    "nodes:\n  a: { run: ls, track: [{ call: 'lib.py#h' }] }\n",
    "rejected",
  ],
  [
    "a tracked function and a file at once",
    "nodes:\n  a: { run: ls, track: [{ call: 'n.ts#f', file: x }] }\n",
    "rejected",
  ],
  [
    "a function as an input",
    "nodes:\n  a: { run: ls, inputs: { n: 'n.ts#f', m: { call: 'n.ts#f' } } }\n",
    "rejected",
  ],
  [
    "a sidecar of what is no file",
    "inputs: { d: { dir: d, sidecar: true }, n: { type: integer, sidecar: true } }\n" +
    "nodes:\n  a: { run: ls, inputs: { d: { dir: d, sidecar: true }, v: { value: 1, sidecar: false } } }\n",
    "rejected",
  ],
  [
    "a sidecar by name",
    "nodes:\n  a: { run: ls, inputs: { f: { file: f, sidecar: f.sha256 } } }\n",
    "rejected",
  ],
  ["hooks on a function", "nodes:\n  a: { call: 'n.ts#f', hooks: { before: ls } }\n", "rejected"],
  [
    "a misspelt and an empty hook",
    "nodes:\n  a: { run: ls, hooks: { befor: ls, after: [] } }\n",
    "rejected",
  ],
  ["hooks as a text", "nodes:\n  a: { run: ls, hooks: ls }\n", "rejected"],
  [
    "the exit code and stdout to one output",
    "nodes:\n  a: { run: ls, stdout: o, exitCode: o }\n",
    "accepted",
  ],
  [
    "the command line into a directory",
    "nodes:\n  a: { run: ls, commandLine: o, outputs: { o: { dir: o } } }\n",
    "accepted",
  ],
  ["an exit code as a number", "nodes:\n  a: { run: ls, exitCode: 3 }\n", "rejected"],
  [
    "a shell for a script that names its own",
    "nodes:\n  a:\n    shell: bash\n    run: |\n      #!/bin/sh\n      ls\n",
    "accepted",
  ],
  [
    "a hash of another kind, and one of the whole node",
    "nodes:\n  a: { call: 'n.ts#f', hash: inputs, outputs: { o: { hash: input } } }\n",
    "rejected",
  ],
  [
    "many problems at once",
    "nam: x\npools: { gpu: 1 }\nnodes:\n  rows:\n    cal: nodes.ts#load\n    inputs: { n: 3 }\n  fit:\n" +
    "    call: nodes.ts#fit\n    okCodes: [300]\n    resources: { gup: 1 }\n    timeout: soon\n",
    "rejected",
  ],
  ["a sweep without a mapping", "sweeps: [a]\nnodes:\n  a: { run: ls }\n", "rejected"],
  [
    "a misspelt part of a sweep",
    "params: { x: 1 }\nsweeps: { s: { produkt: { x: [1] } } }\nnodes:\n  a: { run: ls }\n",
    "rejected",
  ],
  [
    "a sweep of one value that is no list",
    "params: { x: 1 }\nsweeps: { s: { product: { x: 3 } } }\nnodes:\n  a: { run: ls }\n",
    "rejected",
  ],
  [
    "a sweep of no values",
    "params: { x: 1 }\nsweeps: { s: { product: { x: [] } } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a range without an end",
    "params: { x: 1 }\nsweeps: { s: { product: { x: { range: [1, 2, 0] } } } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "an empty range",
    "params: { x: 1 }\nsweeps: { s: { product: { x: { range: [3, 1] } } } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a sweep of what is not there",
    "params: { model: { depth: 1 } }\nsweeps: { s: { product: { model.dept: [1] } } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a sweep of values of another type",
    "inputs: { n: { type: integer } }\nsweeps: { s: { zip: { n: [1, two] } } }\n" +
    "nodes:\n  a: { run: 'echo ${in.n}', inputs: [n] }\n",
    "accepted",
  ],
  [
    "a sweep of numbers as files",
    "inputs: { raw: { file: x } }\nsweeps: { s: { product: { raw: [1] } } }\n" +
    "nodes:\n  a: { run: 'cat ${in.raw}', inputs: [raw] }\n",
    "accepted",
  ],
  [
    "a zip of unequal lengths",
    "params: { x: 1, y: 2 }\nsweeps: { s: { zip: { x: [1, 2], y: [3] } } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a name swept twice",
    "params: { x: 1, y: 1 }\nsweeps: { s: { product: { x: [1] }, zip: [{ y: [1] }, { x: [2] }] } }\n" +
    "nodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a param swept under two names",
    "params: { x: 1 }\nsweeps: { s: { product: { x: [1], params.x: [2] } } }\nnodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "more combinations than there can be",
    "params: { x: 1, y: 1 }\nsweeps: { s: { product: { x: { range: 1e6 }, y: [1, 2] } } }\n" +
    "nodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "derived of what a sweep does not have",
    "params: { lr: 1, n: '' }\nsweeps: { s: { product: { lr: [1] }, derived: { n: 'lr-${lrr}' } } }\n" +
    "nodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "excluded by what a sweep does not have",
    "params: { lr: 1 }\nsweeps: { s: { product: { lr: [1] }, exclude: [{ seed: 3 }, {}] } }\n" +
    "nodes:\n  a: { run: ls }\n",
    "accepted",
  ],
  [
    "a filter that is no function",
    "params: { x: 1 }\nsweeps: { s: { product: { x: [1] }, filter: useful } }\nnodes:\n  a: { run: ls }\n",
    "rejected",
  ],
  ["a node without a variant by default", VARIANTS, "accepted"],
  [
    "a default that is no variant",
    VARIANTS.replace("ridge: { call", "rigde: { call").replace(
      "variants:",
      "variant: ridge\n    variants:",
    ),
    "accepted",
  ],
  ["a variant without variants", "nodes:\n  a: { run: ls, variant: b }\n", "rejected"],
  ["no variants", "nodes:\n  a: { variants: {} }\n", "accepted"],
  ["variants as a list", "nodes:\n  a: { variants: [{ run: ls }] }\n", "rejected"],
  [
    "a variant that is nothing",
    "nodes:\n  a: { run: ls, variants: { b: }, variant: b }\n",
    "rejected",
  ],
  [
    "problems of variants that are not chosen, and of what they share",
    "pools: { gpu: 1 }\nnodes:\n  a:\n    variant: b\n    okCodes: [1]\n    resources: { gpu: 2 }\n    variants:\n" +
    "      b: { call: n.ts#f }\n      c: { call: n.ts#g, run: ls }\n      d: { timout: 3s, run: ls }\n" +
    "      e: { outputs: { o: { file: x/ } } }\n      f: { call: n.ts#h, map: 'x[i -> y[i]' }\n",
    "rejected",
  ],
  [
    "sets of what is not there",
    "variants: { s: { modle: ridge, model: rigde, b: c } }\nvariant: t\n" +
    "nodes:\n  model: { variant: ridge, variants: { ridge: { run: ls } } }\n  b: { run: ls }\n",
    "accepted",
  ],
  ["sets as names", "variants: { s: ridge }\nnodes:\n  a: { run: ls }\n", "rejected"],
];
