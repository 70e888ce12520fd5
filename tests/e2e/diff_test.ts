/** Two runs compared: what each verdict needs, and what is said. */

import { assertEquals, assertIncludes, assertMatches } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const WORKFLOW = `name: sums
params: { factor: 2 }
nodes:
  base: { call: nodes.ts#base }
  random: { call: nodes.ts#random }
  scaled: { call: nodes.ts#scale, inputs: { base: base, factor: params.factor } }
  sign: { call: nodes.ts#sign, inputs: { scaled: scaled } }
  flag: { run: "[ ! -e broken ]", outputs: [], sandbox: off }
  uncached:
    run: [echo, "\${params.factor}"]
    outputs: [text]
    stdout: text
    cache: false
`;

const NODES = `export const base = (): number => 21;
export const random = (): number => Math.random();
export function scale({ base, factor }: { base: number; factor: number }): number {
  if (factor === 0) throw new RangeError("factor is zero");
  return base * factor;
}
export const sign = ({ scaled }: { scaled: number }): number => Math.sign(scaled);
`;

function space(): TestSpace {
  return new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
}

/** Verdicts with their words, by node. */
async function diff(w: TestSpace, ...args: readonly string[]) {
  const { code, stdout, stderr } = await w.flow("diff", "--json", ...args);
  assertEquals([code, stderr], [0, ""]);
  const [runs, ...nodes] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const verdicts = nodes.map(({ node, verdict, why, outputs }) => [node, [verdict, why, outputs]]);
  return { runs, nodes, verdicts: Object.fromEntries(verdicts) };
}

Deno.test("flow diff: says what changed, and whether that changed what was delivered", async () => {
  using w = space();
  await w.run("sign", "base");
  await w.run("sign", "random", "--set", "factor=3");
  const { runs, verdicts } = await diff(w);
  assertEquals([runs.before.done, runs.after.done, runs.after.hit], [3, 3, 1]);
  assertEquals(verdicts, {
    random: ["added", [], []],
    scaled: ["changed", ["input factor (params.factor): 2 -> 3"], ["scaled"]],
    sign: ["changed", ["input scaled: 42 -> 63"], []],
  });
  const { stdout, stderr } = await w.flow("diff");
  assertMatches(
    stdout,
    /^changed +scaled +input factor \(params\.factor\): 2 -> 3\n +outputs differ: scaled\n +took .* -> .*\nchanged +sign +input scaled: 42 -> 63\n +outputs are the same\n/m,
  );
  assertMatches(stdout, /^added +random +done$/m);
  assertIncludes(stderr, "3 nodes differ, 1 the same\n");
});

Deno.test("flow diff: flags other outputs of the same key", async () => {
  using w = space();
  await w.run("random", "base");
  await w.run("random", "base", "-f");
  const { verdicts, nodes } = await diff(w, "--all");
  assertEquals(verdicts, {
    random: ["nondeterministic", [], ["random"]],
    base: ["same", [], []],
  });
  assertEquals(nodes.map(({ before, after }) => [before.outcome, after.outcome]), [
    ["done", "done"],
    ["done", "done"],
  ]);
  assertIncludes((await w.flow("diff")).stdout, "the same key, but other outputs: random\n");
});

Deno.test("flow diff: a hit tells what it delivered", async () => {
  using w = space();
  await w.run("random");
  await w.run("random");
  await w.run("random", "-f");
  assertEquals((await diff(w, "last~2", "last~1")).verdicts, {});
  assertEquals((await diff(w, "last~1", "last")).verdicts, {
    random: ["nondeterministic", [], ["random"]],
  });
});

Deno.test("flow diff: knows what a failed node was made of, and what is not kept", async () => {
  using w = space();
  await w.run("scaled", "uncached", "flag");
  w.write({ broken: "" });
  await w.run("scaled", "uncached", "flag", "-f", "--set", "factor=0");
  assertEquals((await diff(w)).verdicts, {
    scaled: ["changed", ["input factor (params.factor): 2 -> 0"], []],
    uncached: ["changed", [], ["text"]],
    flag: ["outcome", [], []],
  });
  const { stdout } = await w.flow("diff");
  assertMatches(stdout, /^outcome +flag +done -> failed$/m);
  assertIncludes(stdout, "its key changed; what it was made of is not kept\n");
  assertMatches(stdout, /^changed +scaled .*\n +done -> failed\n/m);
});

Deno.test("flow diff: takes ids, beginnings of ids, the workflow before or after them", async () => {
  using w = space();
  await w.run("base");
  await w.run("base");
  const history = (await w.flow("history", "--json")).stdout.trimEnd().split("\n");
  const [last, first] = history.map((line) => JSON.parse(line).run);
  for (
    const words of [
      [first, last],
      [first],
      [first.slice(0, -2), "last"],
      ["workflow.yaml", "last~1", last],
      ["last~1", "last", "workflow.yaml"],
    ]
  ) {
    const { runs } = await diff(w, ...words);
    assertEquals([runs.before.run, runs.after.run], [first, last], words.join(" "));
  }
  assertEquals((await w.flow("complete", "diff", "")).stdout.match(/^[^\t]+/gm), [
    "last",
    "last~1",
    last,
    first,
  ]);
});

Deno.test("flow diff: wrong words are errors that say what there is", async () => {
  using w = space();
  const stderr = async (...args: string[]) => {
    const result = await w.flow("diff", ...args);
    assertEquals([result.code, result.stdout], [2, ""], result.stderr);
    return result.stderr;
  };
  assertIncludes(await stderr(), "nothing was run here yet");
  await w.run("base");
  assertIncludes(await stderr(), `Cannot find run "last~1": 1 run is kept`);
  await w.run("base");
  assertIncludes(await stderr("2"), `Cannot tell which run "2" means: 2 start like this`);
  assertIncludes(await stderr("nope", "last"), `Cannot find run "nope"`);
  assertIncludes(await stderr("last", "last"), "with itself");
  assertIncludes(await stderr("last", "last~1", "last"), "Cannot compare 3 runs");
  assertIncludes(await stderr("other.yaml", "last"), `"other.yaml": it has no runs yet`);
});

Deno.test("flow diff: what is damaged in the report of a failure counts as not kept", async () => {
  using w = space();
  await w.run("scaled");
  const { events: [begin] } = await w.run("scaled", "--set", "factor=0");
  const run = begin.type === "begin" ? begin.run : "";
  const report = `.pipecache/runs/${run}/errors/scaled.json`;
  w.edit(report, '"kind": "call"', '"kind": "cell"');
  assertEquals((await diff(w)).verdicts, { scaled: ["changed", [], []] });
  w.write({ [report]: '{"key": ' });
  assertEquals((await diff(w)).verdicts, { scaled: ["changed", [], []] });
});
