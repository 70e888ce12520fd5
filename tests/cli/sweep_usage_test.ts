/** Wrong ways to ask for many runs: golden messages, exit code 2, and nothing has run. `deno test -A -u` rewrites them. */

import { assertEquals, assertOk } from "../testing/assert.ts";
import { flow, TemporaryDirectory } from "./flow.ts";

const WORKFLOW = `params: { lr: 1, model: { depth: 2 }, score: 0 }
variants: { fast: { pick: one } }
inputs:
  seed: { type: integer, default: 1 }
  raw: { file: a.txt }
sweeps:
  none: { product: { lr: [1, 2] }, exclude: [{ lr: 1 }, { lr: 2 }] }
  throws: { product: { lr: [1] }, filter: sweep.ts#throws }
  maybe: { product: { lr: [1] }, filter: sweep.ts#maybe }
  absent: { product: { lr: [1] }, filter: sweep.ts#nosuch }
  nomodule: { product: { lr: [1] }, filter: nosuch.ts#nosuch }
  reads: { product: { lr: [1] }, filter: sweep.ts#reads }
  strange: { product: { lr: [1] }, derived: sweep.ts#strange }
  number: { product: { lr: [1] }, derived: sweep.ts#maybe }
  wrong: { product: { lr: [1] }, derived: sweep.ts#wrong }
  again: { product: { params.lr: [1] } }
nodes:
  pick: { variant: one, variants: { one: { run: ls }, two: { run: pwd } } }
  load: { run: 'touch ran; cat \${in.raw} > \${out.load}', inputs: [raw], outputs: { load: out/load.txt } }
  score: { call: nodes.ts#score, inputs: { lr: params.lr, d: params.model.depth } }
`;

const FILES = {
  "workflow.yaml": WORKFLOW,
  "a.txt": "a",
  "nodes.ts":
    "export function score({ lr, d, seed }: Record<string, number>): number {\n  return lr + d + seed;\n}\n",
  "sweep.ts": `export function throws(): boolean { throw new Error("no idea"); }
export function maybe(): string { return "maybe"; }
export function reads(): boolean { return Deno.readTextFileSync("a.txt") === "a"; }
export function strange() { return { depth: 1 }; }
export function wrong() { return { seed: "one" }; }
`,
  "text.ndjson": '{"seed": 1}\nseed=2\n\n[3]\n',
  "names.ndjson": '{"seed": 1, "sed": 2}\n{"params": 1}\n{"model.dept": 3}\n',
  "types.ndjson": '{"seed": 1.5}\n{"seed": null, "raw": 3}\n',
  "files.ndjson": '{"raw": "a.txt"}\n{"raw": "b.txt"}\n{"raw": "."}\n',
  "empty.ndjson": "\n\n",
  "variants.ndjson": '{"variant.pick": "three"}\n',
  "good.ndjson": '{"seed": 1}\n',
};

/** Words of command lines. */
const WRONG: readonly (readonly string[])[] = [
  ["run", "--sweep", "lrr=1,2"],
  ["run", "--sweep", "model.dept=1,2"],
  ["run", "--sweep", "lr="],
  ["run", "--sweep", "=1"],
  ["run", "--sweep", "lr=range(0)"],
  ["run", "--sweep", "lr=range(1,2,0)"],
  ["run", "--sweep", "lr=range(a)"],
  ["run", "--sweep", "lr=[1,2"],
  ["run", "--sweep", "seed=1,two"],
  ["run", "--sweep", "raw=a.txt,nosuch.txt"],
  ["run", "--sweep", "variant.pick=one,tow"],
  ["run", "--sweep", "variant.pik=one"],
  ["run", "--sweep", "variant.load=one"],
  ["run", "--sweep", "variant=fast,slow"],
  ["run", "--sweep", "variant.pick=one,two", "--variant", "pick=two"],
  ["run", "--sweep", "variant=fast", "--variant", "fast"],
  ["run", "--sweep", "grid"],
  ["run", "--sweep", "trows"],
  ["run", "--sweep", "lr"],
  ["run", "--sweep", "none"],
  ["run", "--sweep", "throws"],
  ["run", "--sweep", "maybe"],
  ["run", "--sweep", "absent"],
  ["run", "--sweep", "nomodule"],
  ["run", "--sweep", "reads"],
  ["run", "--sweep", "strange"],
  ["run", "--sweep", "number"],
  ["run", "--sweep", "wrong"],
  ["run", "--sweep", "lr=1", "--sweep", "lr=2"],
  ["run", "--sweep", "again", "--sweep", "lr=2"],
  ["run", "--sweep", "lr=range(2000)", "--sweep", "seed=range(2000)"],
  ["run", "--sweep", "lr=1,2", "--sweep-zip", "lr=3"],
  ["run", "--sweep-zip", "lr=1,2", "--sweep-zip", "seed=3"],
  ["run", "--sweep-zip", "lr=1,2", "--sweep-zip", "lr=3,4"],
  ["run", "--sweep-zip", "lr"],
  ["run", "--sweep", "lr=1,2", "--set", "lr=3"],
  ["run", "--sweep", "seed=1,2", "--input", "seed=3"],
  ["run", "--sweep", "seed=1,2", "--input", "raw=-"],
  ["run", "--sweep", "seed=1,2", "--each", "good.ndjson"],
  ["run", "--sweep", "seed=1,2", "--force"],
  ["run", "--sweep", "seed=1,2", "--forget", "load"],
  ["run", "--sweep", "seed=1,2", "nosuch"],
  ["run", "--sweep", "seed=1,2", "--output", "scor"],
  ["run", "--sweep", "seed=1,2", "--output", "score[0]"],
  ["run", "--sweep", "score=1,2", "--output", "score"],
  ["run", "--sweep", "seed=1,2", "--output", "score", "--format", "raw"],
  ["run", "--output", "score", "--format", "csv"],
  ["run", "--max-concurrent", "3"],
  ["run", "--sweep", "seed=1,2", "--max-concurrent", "0"],
  ["run", "--each", "nosuch.ndjson"],
  ["run", "--each", "."],
  ["run", "--each", "text.ndjson"],
  ["run", "--each", "names.ndjson"],
  ["run", "--each", "types.ndjson"],
  ["run", "--each", "files.ndjson"],
  ["run", "--each", "variants.ndjson"],
  ["run", "--each", "empty.ndjson"],
  ["run", "--each", "good.ndjson", "--input", "seed=3"],
  ["plan", "--sweep", "seed=1,2", "--exit-code"],
  ["plan", "--sweep", "seed=1,2", "--only", "score"],
  ["show", "score", "--sweep", "seed=1,2"],
  ["show", "scoer", "--sweep", "seed=1,2"],
  ["show", "score", "--sweep", "seed=1,2", "--format", "raw"],
  ["show", "score", "--format", "csv"],
];

Deno.test("wrong ways to ask for many runs are explained, and nothing runs", async (t) => {
  using dir = new TemporaryDirectory().write(FILES);
  const found: string[] = [];
  for (const words of WRONG) {
    const { code, stdout, stderr } = await flow(words, { cwd: dir.path });
    assertEquals([code, stdout], [2, ""], `${words.join(" ")}\n${stderr}`);
    found.push(`$ flow ${words.join(" ")}\n${stderr.replaceAll(dir.path, "DIR")}`);
  }
  const names = [...Deno.readDirSync(dir.path)].map(({ name }) => name);
  assertOk(!names.includes("ran"), "a node has run");
  await t.assertSnapshot(found.join("\n"));
});
