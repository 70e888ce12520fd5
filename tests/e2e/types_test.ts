/** `flow check` and the types of wires, through the command line. `tests/core/types` has the wires one by one. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { EXAMPLES, filesBelow } from "../testing/example.ts";
import { FakeRegistry } from "../testing/registry.ts";
import { TestSpace } from "../testing/space.ts";
import { flow } from "../cli/flow.ts";

const NODES = `export interface Row { name: string }
export const load = ({ n }: { n: number }): Row[] => Array.from({ length: n }, () => ({ name: "a" }));
export const fit = ({ rows }: { rows: string[] }) => rows.length;
`;

const WRONG = {
  "nodes.ts": NODES,
  "churn.yaml": `params: { n: "3" }
inputs: { unused: 1 }
nodes:
  rows: { call: nodes.ts#load, inputs: { n: params.n } }
  model:
    call: nodes.ts#fit
    inputs:
      rows: rows
`,
};

Deno.test("flow check reports all wires that do not fit at once, and exits with 2", async () => {
  using space = new TestSpace({
    ...WRONG,
    "churn.yaml": WRONG["churn.yaml"].replace(/inputs: .*\n/, ""),
  });
  const { code, stdout, stderr } = await space.flow("check", "churn.yaml");
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    `churn.yaml:3:42: Cannot pass param "n" ("3") to parameter "n: number" of "nodes.ts#load"
     3 |   rows: { call: nodes.ts#load, inputs: { n: params.n } }
       |                                          ~
  "nodes.ts#load": nodes.ts:2:14

churn.yaml:7:7: Cannot pass output "rows" (Row[]) to parameter "rows: string[]" of "nodes.ts#fit": Type "Row" is not assignable to type "string"
     7 |       rows: rows
       |       ~~~~
  "nodes.ts#fit": nodes.ts:3:14

2 errors
`,
  );
  assertEquals((await space.flow("check", "churn.yaml", "--set", "n=3")).code, 2);
});

Deno.test("flow check --no-types leaves types out, and flow run never looks at them", async () => {
  using space = new TestSpace(WRONG);
  space.edit("churn.yaml", "inputs: { unused: 1 }\n", "");
  const check = await space.flow("check", "--no-types", "churn.yaml");
  assertEquals([check.code, check.stderr], [0, "2 nodes, no problems\n"]);
  assertEquals(await space.ran("churn.yaml"), ["model", "rows"]);
});

Deno.test("flow check reports other problems first: types mean nothing before names do", async () => {
  using space = new TestSpace(WRONG);
  const { code, stderr } = await space.flow("check", "churn.yaml");
  assertEquals(code, 2);
  assertEquals([...stderr.matchAll(/^churn\.yaml:/gm)].length, 1);
  assertIncludes(stderr, 'Input "unused" is not used by any node');
});

Deno.test("flow check checks the params and inputs that are given", async () => {
  using space = new TestSpace({
    "nodes.ts": NODES,
    "w.yaml": `params: { n: 3 }
nodes:
  rows: { call: nodes.ts#load, inputs: { n: params.n } }
  names: { run: [ls], stdout: names }
  model: { call: nodes.ts#fit, inputs: { rows: names } }
`,
  });
  const set = await space.flow("check", "w.yaml", "--set", "n=many", "--input", "names=[]");
  assertEquals(set.code, 2);
  assertEquals([...set.stderr.matchAll(/^w\.yaml:\S+ (.*)$/gm)].map(([, text]) => text), [
    'Cannot pass param "n" ("many") to parameter "n: number" of "nodes.ts#load"',
  ]);
});

Deno.test("flow check says what it knows no types of, if asked", async () => {
  using space = new TestSpace({
    "nodes.ts":
      'import type { Far } from "https://example.org/x.ts";\nexport const f = (): Far => 1 as never;\n',
    "w.yaml": "nodes: { f: { call: nodes.ts#f } }\n",
  });
  assertEquals((await space.flow("check", "w.yaml")).stderr, "1 node, no problems\n");
  assertEquals(
    (await space.flow("check", "w.yaml", "--verbose")).stderr,
    'note: types of "https://example.org/x.ts" are not known\n1 node, no problems\n',
  );
});

Deno.test("flow check finds wires of TypeScript workflows that the editor cannot see", async () => {
  using space = new TestSpace({
    "nodes.ts": NODES,
    "workflow.ts": `import { call, workflow } from "flow";
import { load } from "./nodes.ts";
const rows = call(load, { inputs: { n: { value: 3 } } });
const model = call("nodes.ts#fit", { inputs: { rows } });
export const own = ({ n }: { n: string }) => n;
const mine = call(own as never, { inputs: { n: { value: 1 } } } as never);
export default workflow({ nodes: { rows, model, mine } });
`,
  });
  const { code, stderr } = await space.flow("check");
  assertEquals(code, 2);
  assertEquals(
    [...stderr.matchAll(/^(workflow\.ts:\d+):\d+: (.*)$/gm)].map(([, at, text]) => [at, text]),
    [
      [
        "workflow.ts:4",
        'Cannot pass output "rows" (Row[]) to parameter "rows: string[]" of "nodes.ts#fit": Type "Row" is not assignable to type "string"',
      ],
      [
        "workflow.ts:6",
        'Cannot pass a literal (1) to parameter "n: string" of "workflow.ts#own"',
      ],
    ],
  );
});

Deno.test("flow check shows functions beside the workflow, from wherever it is started", async () => {
  using space = new TestSpace({
    "real/lib/nodes.ts": `import { make } from "./make.ts";
export { make };
export const use = ({ b }: { b: string }) => b + make();
`,
    "real/lib/make.ts":
      "export class Box { #n = 1; n() { return this.#n; } }\nexport const make = () => new Box();\n",
    "real/w.yaml": `nodes:
  box: { call: lib/make.ts#make }
  use: { call: lib/nodes.ts#use, inputs: { b: box } }
`,
  });
  Deno.symlinkSync(space.at("real"), space.at("link"));
  for (const cwd of ["real", "link"]) {
    const { stderr } = await space.start(["check", "w.yaml"], { cwd }).result();
    assertIncludes(stderr, 'w.yaml:3:44: Cannot pass output "box" (Box) to parameter "b: string"');
    assertIncludes(stderr, '\n  "lib/nodes.ts#use": lib/nodes.ts:3:14\n');
  }
  const { stderr } = await space.flow("check", "link/w.yaml");
  assertIncludes(stderr, '\n  "lib/nodes.ts#use": link/lib/nodes.ts:3:14\n');
});

Deno.test("flow check knows the types of packages, and those they take from others", async () => {
  await using registry = new FakeRegistry([
    {
      name: "shapes",
      version: "1.0.0",
      dependencies: { points: "^1.0.0" },
      files: {
        "index.js": "export const circle = () => ({ at: { x: 1 }, r: 1 });",
        "index.d.ts":
          'import type { Point } from "@fake/points";\nexport interface Circle { at: Point; r: number }\nexport declare function circle(): Circle;\n',
      },
    },
    {
      name: "points",
      version: "1.0.0",
      files: { "index.js": "", "index.d.ts": "export interface Point { x: number }\n" },
    },
    { name: "plain", version: "1.0.0", files: { "index.js": "export const one = () => 1;" } },
  ], ["typescript"]);
  using space = new TestSpace({
    "deno.json":
      `{ "imports": { "shapes": "npm:@fake/shapes@1.0.0", "plain": "npm:@fake/plain@^1.0.0" } }`,
    "deno.lock": registry.lock("shapes@1.0.0", "points@1.0.0"),
    "nodes.ts": `import { one } from "plain";
import { circle } from "shapes";
export const any = () => one();
export const make = () => circle();
export const use = ({ c }: { c: { at: { x: string } } }) => c.at.x;
`,
    "w.yaml":
      "nodes:\n  c: { call: nodes.ts#make }\n  x: { call: nodes.ts#use, inputs: { c: c } }\n  y: { call: nodes.ts#any }\n",
  });
  const before = space.read("deno.lock");
  const { env } = registry;
  const { code, stderr } = await space.start(["check", "w.yaml", "--verbose"], { env }).result();
  assertEquals(code, 2);
  assertIncludes(
    stderr,
    'w.yaml:3:38: Cannot pass output "c" (Circle) to parameter "c: { at: { x: string } }" of "nodes.ts#use": ' +
      'property "at.x": Type "number" is not assignable to type "string"\n',
  );
  assertEquals(
    stderr.match(/^note: .*$/gm),
    ['note: types of "@fake/plain" are not known'],
    stderr,
  );
  assertEquals(space.read("deno.lock"), before);
});

Deno.test("flow check says that it has no compiler, instead of checking less", async () => {
  await using registry = new FakeRegistry([]);
  using space = new TestSpace({
    "nodes.ts": NODES,
    "w.yaml": "nodes: { f: { call: nodes.ts#load, inputs: { n: { value: 1 } } } }\n",
  });
  const env = { ...registry.env, HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "" };
  const { code, stderr } = await space.start(["check", "w.yaml"], { env }).result();
  assertEquals(code, 1, stderr);
  assertIncludes(stderr, "error: Cannot check types: the TypeScript compiler cannot be loaded\n");
  assertIncludes(
    stderr,
    "  hint: let flow fetch it from npm once, or leave types out with --no-types\n",
  );
  const without = await space.start(["check", "--no-types", "w.yaml"], { env }).result();
  assertEquals([without.code, without.stderr], [0, "1 node, no problems\n"]);
});

for (
  const name of filesBelow(EXAMPLES).filter((path) => /(?:^|\/)workflow\.(?:yaml|ts)$/.test(path))
) {
  Deno.test(`flow check finds nothing wrong with workflows/${name}`, async () => {
    using space = new TestSpace();
    const { code, stderr } = await flow([
      "check",
      `${EXAMPLES}/${name}`,
      "--cache-dir",
      space.at("store"),
    ]);
    assertEquals(code, 0, stderr);
    assertIncludes(stderr, "no problems\n");
  });
}
