/** Tests of `core/load/builder.ts`: what handles become, and what the compiler refuses. */

import {
  call,
  input,
  inputDir,
  inputFile,
  param,
  params,
  run,
  value,
  workflow,
} from "../../../core/load/builder.ts";
import { assertEquals, assertThrows } from "../../testing/assert.ts";

interface Row {
  readonly a: number;
}

function load({ csv }: { csv: string }): Row[] {
  return [{ a: csv.length }];
}

function fit({ rows, lr }: { rows: readonly Row[]; lr: number }): Promise<number> {
  return Promise.resolve(rows.length * lr);
}

function best({ models }: { models: number[] }): number {
  return Math.max(...models);
}

function tile({ paths }: { paths: string[][] }): number {
  return paths.length;
}

function split({ rows }: { rows: Row[] }): { train: Row[]; size: number } {
  return { train: rows, size: rows.length };
}

const p = params({ model: { depth: 3, name: "x" }, lrs: [0.1, 0.2] });

Deno.test("workflow() turns handles into names", () => {
  const raw = inputFile("raw.csv");
  const n = input(3);
  const rows = call(load, { inputs: { csv: raw } });
  const parts = call(split, { inputs: { rows }, outputs: ["train", "size"] });
  const model = call(fit, {
    map: "lrs[i] -> model[i]",
    inputs: { rows: parts.outputs.train, lr: p.lrs },
  });
  const top = call(best, { inputs: { models: model }, after: [rows, "parts"] });
  const pdf = run(["pandoc", 3], { inputs: { top, n }, outputs: { doc: "out.pdf" } });
  const last = run("cat", {
    inputs: { pdf, depth: param<number>("model.depth"), one: value(1) },
    track: [raw, { file: "x" }],
    stdout: "text",
  });
  const data = workflow({
    params: p,
    inputs: { raw, n, given: input({ type: "string" }), folder: inputDir() },
    nodes: { rows, parts, model, best: top, pdf, last },
    pools: { gpu: 1 },
  });
  assertEquals(data, {
    params: { model: { depth: 3, name: "x" }, lrs: [0.1, 0.2] },
    inputs: { raw: { file: "raw.csv" }, n: 3, given: { type: "string" }, folder: { dir: null } },
    nodes: {
      rows: { call: load, inputs: { csv: "raw" } },
      parts: { call: split, inputs: { rows: "rows" }, outputs: ["train", "size"] },
      model: {
        call: fit,
        map: "lrs[i] -> model[i]",
        inputs: { rows: "parts.train", lr: "params.lrs" },
      },
      best: { call: best, inputs: { models: "model" }, after: ["rows", "parts"] },
      pdf: {
        run: ["pandoc", 3],
        inputs: { top: "best", n: "n" },
        outputs: { doc: "out.pdf" },
      },
      last: {
        run: "cat",
        inputs: { pdf: "pdf.doc", depth: "params.model.depth", one: { value: 1 } },
        track: ["raw", { file: "x" }],
        stdout: "text",
      },
    },
    pools: { gpu: 1 },
  });
});

Deno.test("workflow() takes inputs with a scope", () => {
  const csv = input<string>();
  const rows = call(load, { inputs: { csv } });
  assertEquals(workflow({ inputs: { "foo.csv": csv }, nodes: { rows } }), {
    params: {},
    inputs: { "foo.csv": null },
    nodes: { rows: { call: load, inputs: { csv: "foo.csv" } } },
  });
});

Deno.test("workflow() takes sweeps with functions", () => {
  const isUseful = ({ lr }: { lr: number }): boolean => lr < 1;
  const derive = ({ lr }: { lr: number }): { n: number } => ({ n: lr * 2 });
  const grid = { product: { lr: [0.1, 1], n: { range: 3 } }, derived: derive, filter: isUseful };
  const sweeps = { grid, both: [grid, { zip: [{ lr: [1] }], derived: { n: "${lr}" } }] };
  const { sweeps: found } = workflow({
    params: { lr: 1 },
    inputs: { n: input(1) },
    nodes: {},
    sweeps,
  });
  assertEquals(found, sweeps);
});

Deno.test("workflow() names what commands tell of themselves, and tracked functions", () => {
  const raw = inputFile("big.bam", { sidecar: true });
  const job = run(["job"], {
    inputs: { raw, other: { file: "x", sidecar: true } },
    track: [load, raw, { call: "lib.ts#helper" }],
    hooks: { before: "test -e x", after: ["gzip", "x"] },
    exitCode: "code",
    commandLine: "line",
    outputs: { line: { file: "line.json", hash: "inputs" } },
  });
  const { code, line } = job.outputs;
  const onEnd = { run: ["echo", "${in.event}"], allow: { net: true } };
  const use = run("ls", {
    inputs: { code, line },
    executor: "io",
    onEnd,
    resources: { call: load },
  });
  const executors = { io: { slots: 2, concurrency: 100 }, heavy: { kind: "process" } } as const;
  assertEquals(workflow({ inputs: { raw }, nodes: { job, use }, executors, onFailure: load }), {
    params: {},
    inputs: { raw: { file: "big.bam", sidecar: true } },
    nodes: {
      job: {
        run: ["job"],
        inputs: { raw: "raw", other: { file: "x", sidecar: true } },
        track: [{ call: load }, "raw", { call: "lib.ts#helper" }],
        hooks: { before: "test -e x", after: ["gzip", "x"] },
        exitCode: "code",
        commandLine: "line",
        outputs: { line: { file: "line.json", hash: "inputs" } },
      },
      use: {
        run: "ls",
        inputs: { code: "job.code", line: "job.line" },
        executor: "io",
        onEnd,
        resources: { call: load },
      },
    },
    executors,
    onFailure: load,
  });
});

const wrong: [name: string, build: () => unknown, message: string][] = [
  [
    "a node that is not in the workflow",
    () => workflow({ nodes: { m: call(best, { inputs: { models: call<number[]>("n.ts#x") } }) } }),
    'Cannot wire input "models" of node "m": its source is not among the "nodes" of the workflow',
  ],
  [
    "an input that is not in the workflow",
    () => workflow({ nodes: { r: call(load, { inputs: { csv: inputFile() } }) } }),
    'Cannot wire input "csv" of node "r": its source is not among the "inputs" of the workflow',
  ],
  [
    "a node under two names",
    () => {
      const a = call("n.ts#a");
      return workflow({ nodes: { a, b: a } });
    },
    'Cannot name a handle "b": it is already called "a"',
  ],
  [
    "a node of several outputs wired as a whole",
    () => {
      const a = call<number>("n.ts#a", { outputs: ["x", "y"] });
      return workflow({ nodes: { a, b: run("ls", { inputs: { a } }) } });
    },
    'Cannot wire input "a" of node "b": node "a" has several outputs; use .outputs.x',
  ],
];

for (const [name, build, message] of wrong) {
  Deno.test(`workflow() refuses ${name}`, () => {
    assertEquals(assertThrows(build, Error).message, message);
  });
}

/** Never called: each line below `@ts-expect-error` must be refused by `deno check`. */
export function wrongWires(): void {
  const rows = call(load, { inputs: { csv: inputFile() } });
  // @ts-expect-error rows are no text
  call(load, { inputs: { csv: rows } });
  // @ts-expect-error there is no such argument
  call(load, { inputs: { file: inputFile() } });
  // @ts-expect-error a number is no text
  call(load, { inputs: { csv: value(3) } });
  // @ts-expect-error a file is no number
  call(fit, { inputs: { lr: { file: "x" } } });
  // @ts-expect-error without a map the whole list does not fit one number
  call(fit, { inputs: { rows, lr: p.lrs } });
  const models = call(fit, { map: "lrs[i] -> m[i]", inputs: { rows, lr: p.lrs } });
  call(best, { inputs: { models } });
  const grid = call(fit, { map: "lrs[i], xs[j] -> m[i, j]", inputs: { lr: p.lrs } });
  // @ts-expect-error the grid has two axes
  call(best, { inputs: { models: grid } });
  // @ts-expect-error a param of another type
  call(fit, { inputs: { rows, lr: p.model.name } });
  const parts = call(split, { inputs: { rows }, outputs: ["train", "size"] });
  call(fit, { inputs: { rows: parts.outputs.train, lr: parts.outputs.size } });
  const picked = call(split, {
    inputs: { rows },
    outputs: { first: { pick: "train[0]" }, size: { pick: "size" }, odd: { pick: '["a b"]' } },
  });
  call(fit, { inputs: { rows: parts.outputs.train, lr: picked.outputs.size } });
  call(fit, { inputs: { rows, lr: picked.outputs.odd } });
  // @ts-expect-error the first row is no number
  call(fit, { inputs: { rows, lr: picked.outputs.first } });
  // @ts-expect-error the outputs are swapped
  call(fit, { inputs: { rows: parts.outputs.size, lr: parts.outputs.train } });
  // @ts-expect-error there is no such output
  call(split, { inputs: { rows: parts.outputs.test } });
  // @ts-expect-error a misspelt option
  call(load, { timout: "5s" });
  // @ts-expect-error a misspelt option
  run("ls", { timout: "5s" });
  const job = run(["job"], {
    outputs: { file: "x" },
    stdout: "text",
    stderr: { output: "data", as: "json" },
    exitCode: "code",
    commandLine: "line",
  });
  call(fit, { inputs: { rows, lr: job.outputs.code } });
  call(fit, { inputs: { rows: job.outputs.data, lr: value(1) } });
  call(load, { inputs: { csv: job.outputs.text } });
  call(load, { inputs: { csv: job.outputs.file } });
  // @ts-expect-error a text is no number
  call(fit, { inputs: { rows, lr: job.outputs.text } });
  // @ts-expect-error arguments are no number
  call(fit, { inputs: { rows, lr: job.outputs.line } });
  // @ts-expect-error there is no such output
  call(fit, { inputs: { rows, lr: job.outputs.cod } });
  const jobs = run(["job"], {
    map: "xs[i], ys[j] -> files[i, j], codes[i, j]",
    outputs: { files: "{i}_{j}" },
    exitCode: "codes",
  });
  call(tile, { inputs: { paths: jobs.outputs.files } });
  call(load, { map: "files[i, j] -> loaded[i, j]", inputs: { csv: jobs.outputs.files } });
  // @ts-expect-error many files are not one
  call(load, { inputs: { csv: jobs.outputs.files } });
  const plots = call(load, { map: "xs[i] -> plots[i]", outputs: { plots: "{i}.png" } });
  // @ts-expect-error the files have one axis
  call(tile, { inputs: { paths: plots.outputs.plots } });
}
