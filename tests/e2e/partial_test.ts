/** `flow show --partial`: what the calls of a map node have delivered that failed, still runs, or has never been over. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const NODES = `
export const picky = ({ x }: { x: number }) => {
  if (x % 2 === 1) throw new Error("no " + x);
  return { half: x / 2, name: "n" + x };
};
export const rows = ({ n }: { n: number }) => {
  if (n === 3) throw new Error("no");
  return [n, n];
};
export const placed = ({ x }: { x: number }, ctx: { index: number[] }) => {
  if (x === 9) throw new Error("no");
  return x + ctx.index[0];
};
export const two = () => [5, 9];
export const add = ({ a, x }: { a: number; x: number }) => a + x;
`;

const WORKFLOW = `params: { xs: [0, 1, 2, 4] }
nodes:
  p: { call: nodes.ts#picky, map: "x[i] -> half[i], name[i]", outputs: [half, name], inputs: { x: params.xs } }
  behind: { call: nodes.ts#placed, map: "x[i] -> behind[i]", inputs: { x: half } }
  last: { call: nodes.ts#rows, map: "n[i] -> last[i, k]", inputs: { n: { value: [1, 3, 2] } } }
  first: { call: nodes.ts#rows, map: "n[i] -> first[k, i]", inputs: { n: { value: [1, 3, 2] } } }
  none: { call: nodes.ts#rows, map: "n[i] -> none[i, k]", inputs: { n: { value: [3] } } }
  placed: { call: nodes.ts#placed, map: "x[i] -> placed[i]", inputs: { x: { value: [5, 9, 5] } } }
  unkept: { call: nodes.ts#placed, map: "x[i] -> unkept[i]", inputs: { x: { value: [5, 9] } }, cache: false }
  uneven: { call: nodes.ts#add, map: "a[i], x[i] -> uneven[i]", inputs: { a: { value: [1] }, x: two } }
  two: { call: nodes.ts#two }
`;

const MISSING = (name: string, missing: number, total: number) =>
  `warning: "${name}" is not complete: ${missing} of ${total} calls have not delivered, they are null\n`;

/** What is shown of a failed run: words, exit code, data, and what is said. */
const SHOWN:
  readonly (readonly [args: readonly string[], code: number, out: string, err: string])[] = [
    [["half", "--partial"], 0, "[0,null,1,2]\n", MISSING("half", 1, 4)],
    [["name[1:3]", "--partial"], 0, '[null,"n2"]\n', MISSING("name", 1, 4)],
    [
      ["p.*", "--partial", "--format", "csv"],
      0,
      "i,x,half,name\n0,0,0,n0\n1,1,,\n2,2,1,n2\n3,4,2,n4\n",
      MISSING("p.*", 1, 4),
    ],
    [["last", "--partial"], 0, "[[1,1],[null,null],[2,2]]\n", MISSING("last", 1, 3)],
    [["first", "--partial"], 0, "[[1,null,2],[1,null,2]]\n", MISSING("first", 1, 3)],
    [["none", "--partial"], 0, "[[]]\n", MISSING("none", 1, 1)],
    [["placed", "--partial"], 0, "[5,null,7]\n", MISSING("placed", 1, 3)],
    [
      ["name", "--partial", "-o", "name.zarr"],
      2,
      "",
      `${MISSING("name", 1, 4)}error: Cannot write "name" as zarr: name[1] is missing\n` +
      "  hint: --format arrow, parquet and csv can hold that\n",
    ],
    [
      ["half"],
      2,
      "",
      'error: Output "half" is not stored\n' +
      "  hint: run it: flow run p; --partial shows what its calls have delivered so far\n",
    ],
    [
      ["behind", "--partial"],
      2,
      "",
      'error: Cannot show a part of "behind": what it is made of is not up to date\n' +
      "  hint: see: flow why behind\n",
    ],
    [
      ["unkept", "--partial"],
      2,
      "",
      'error: Cannot show a part of "unkept": its calls are not kept\n' +
      '  hint: add "cache: true" to the node\n',
    ],
    [
      ["uneven", "--partial"],
      2,
      "",
      'error: Cannot zip "a" and "x" along axis "i": "a" has length 1, "x" has length 2\n' +
      "  hint: give them the same length, or different axes to combine all with all\n",
    ],
  ];

Deno.test("flow show --partial: shows what calls of a failed node delivered, and says what is missing", async (t) => {
  using space = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
  const run = await space.run();
  assertEquals(run.code, 1, run.stdout + run.stderr);
  for (const [args, ...expected] of SHOWN) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await space.flow("show", ...args);
      assertEquals([code, stdout, stderr], expected);
    });
  }
  await t.step("does not count calls of another state of the function", async () => {
    space.edit("nodes.ts", "x / 2", "x / 4");
    const { stdout } = await space.flow("show", "half", "--partial");
    assertEquals(stdout, "[null,null,null,null]\n");
  });
});

Deno.test("flow show --partial: shows the whole of a node that is over, without a word", async () => {
  using space = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
  const even = ["--set", "xs=[0,2]"];
  assertEquals((await space.run("p", ...even)).code, 0);
  const whole = await space.flow("show", "half", "--partial", ...even);
  assertEquals([whole.stdout, whole.stderr], ["[0,1]\n", ""]);
  // With more elements a part of the present state counts more than all of an earlier one.
  const part = await space.flow("show", "half", "--partial");
  assertEquals([part.stdout, part.stderr], ["[0,null,1,null]\n", MISSING("half", 2, 4)]);
  const stale = await space.flow("show", "half", "--format", "csv");
  assertEquals(stale.stdout, "i,half\n0,0\n1,1\n");
  assertIncludes(stale.stderr, '"half" may be from an earlier state of the workflow');
});

Deno.test("flow show --partial: looks into a run that goes on", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml": `nodes:
  ys:
    run: "if [ \${in.x} = 3 ]; then echo >> sync/third; while [ ! -e sync/go ]; do sleep 0.02; done; fi; echo \${in.x}"
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [1, 2, 3] } }
    stdout: { output: ys, as: json }
    allow: { write: [sync] }
`,
  });
  const run = space.start(["run", "--json", "-j", "1"]);
  await run.untilThere(space.at("sync/third"));
  const part = await space.flow("show", "ys", "--partial");
  assertEquals([part.stdout, part.stderr], ["[1,2,null]\n", MISSING("ys", 1, 3)]);
  space.write({ "sync/go": "" });
  assertEquals((await run.result()).code, 0);
  assertEquals((await space.flow("show", "ys", "--partial")).stdout, "[1,2,3]\n");
});
