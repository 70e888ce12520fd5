/** What reruns when, in the examples: edits of a copy, and the nodes that are executed afterwards. */

import { assertEquals, assertOk } from "../testing/assert.ts";
import { EXAMPLES, exampleSpace, filesBelow } from "../testing/example.ts";

Deno.test("workflows/plots: an edit of a plot draws again, an edit of the calculation runs all", async () => {
  using space = exampleSpace("plots");
  assertEquals(await space.ran(), ["calc", "picture", "plot", "table"]);
  assertEquals(await space.ran(), []);

  space.edit("plot.ts", "Heavier penguins have longer flippers", "Mass and flippers");
  assertEquals(await space.ran(), ["picture", "plot"]);
  assertOk(space.read("out/penguins.svg").includes(">Mass and flippers</text>"));

  space.edit("nodes.ts", "slope.toFixed(2)", "slope.toFixed(3)");
  assertEquals(await space.ran(), ["table"]);

  space.edit("nodes.ts", 'typeof mass !== "number"', 'typeof mass !== "number" || mass > 6000');
  assertEquals(await space.ran(), ["calc", "picture", "plot", "table"]);

  // Other code, the same numbers: what follows has nothing to do.
  space.edit("nodes.ts", "xy / xx", "(1 * xy) / xx");
  assertEquals(await space.ran(), ["calc"]);
});

const ALL = ["droughts", "extremes", "merge", "months", "sizes", "split", "summary", "wettest"];

Deno.test("workflows/several: a node that needs one of several files does not see the others", async () => {
  using space = exampleSpace("several");
  assertEquals(await space.ran(), ALL);
  assertEquals(await space.ran(), []);
  assertOk(!space.has("out/days.csv"), "the temporary file was left");

  // One more file for the glob, with a dry day that is neither hot nor cold: `wettest` and `summary` get the same bytes.
  const head = space.read("data/seattle-2015.csv").split("\n", 1)[0];
  space.write({ "data/seattle-2016.csv": `${head}\n2016-01-01,0.0,7.2,0.6,2.0,sun\n` });
  const without = (...names: string[]) => ALL.filter((name) => !names.includes(name));
  assertEquals(await space.ran(), without("summary", "wettest"));

  // Another set of outputs, the same two files.
  space.edit("workflow.yaml", "      share: {}\n", "      share: {}\n      total: {}\n");
  space.edit(
    "nodes.ts",
    "return Number((wet.length / rows.length).toFixed(3));",
    [
      "return { share: Number((wet.length / rows.length).toFixed(3)), total: rows.length };",
    ].join("\n"),
  );
  space.edit("nodes.ts", "Promise<number>", "Promise<{ share: number; total: number }>");
  // The bytes of the temporary file are gone: its maker runs for `split`, and nothing else does.
  assertEquals(await space.ran(), ["merge", "split"]);
  assertOk(!space.has("out/days.csv"), "the temporary file was left");
});

Deno.test("workflows/several: what is lost of a directory or a group of files comes back without a run", async () => {
  using space = exampleSpace("several");
  await space.ran();
  const before = [space.read("out/months/03.csv"), space.read("out/dry.csv")];
  space.remove("out/months/03.csv");
  space.remove("out/dry.csv");
  space.write({ "out/months/13.csv": "foreign\n" });
  assertEquals(await space.ran(), []);
  assertEquals([space.read("out/months/03.csv"), space.read("out/dry.csv")], before);
  assertOk(!space.has("out/months/13.csv"), "a foreign file was left in the directory");

  space.edit("nodes.ts", "slice(0, 5)", "slice(0, 3)");
  assertEquals(await space.ran(), ["droughts"]);
  space.edit("nodes.ts", "slice(0, 3)", "slice(0, 5)");
  space.edit("workflow.yaml", "wet: 1 ", "wet: 5 ");
  assertEquals(await space.ran(), ["droughts", "merge", "split", "summary", "wettest"]);
  space.edit("workflow.yaml", "wet: 5 ", "wet: 1 ");
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/dry.csv"), before[1]);
});

Deno.test("workflows/sweep: all combinations, and only what is new of more", async () => {
  using space = exampleSpace("sweep");
  const count = (names: readonly string[]) => {
    const counts: Record<string, number> = {};
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
  const first = count(await space.ran("--sweep", "grid"));
  // Equal accuracies of one seed are one report for the command, but for its title.
  assertEquals(first, { accuracy: 20, parts: 8, penguins: 1, report: 20, samples: 2 });
  const table = await space.flow("show", "accuracy", "--sweep", "grid", "--format", "csv");
  const expected = `${EXAMPLES}/sweep/expected`;
  assertEquals(table.stdout, Deno.readTextFileSync(`${expected}/grid/accuracy.csv`));
  for (const file of filesBelow(`${expected}/grid/sweep`)) {
    assertEquals(
      space.read(`sweep/${file}`),
      Deno.readTextFileSync(`${expected}/grid/sweep/${file}`),
    );
  }
  assertEquals(filesBelow(space.at("sweep")).length, 20);

  space.edit("workflow.yaml", "range: [1, 5]", "range: [1, 6]");
  assertEquals(count(await space.ran("--sweep", "grid")), { accuracy: 5, parts: 2, report: 5 });

  const odd = await space.flow("run", "--sweep", "odd", "--output", "accuracy", "--quiet");
  assertEquals(
    odd.stdout,
    '{"neighbours":1,"accuracy":1}\n{"neighbours":3,"accuracy":1}\n' +
      '{"neighbours":5,"accuracy":1}\n{"neighbours":7,"accuracy":1}\n',
  );
  const each = await space.flow("run", "--each", "runs.ndjson", "--output", "accuracy", "--quiet");
  assertEquals([each.code, each.stdout.split("\n").length, each.stderr], [0, 3, ""]);
});

Deno.test("workflows/goals: a second run has nothing to do, a window runs what it changes, and history tells", async () => {
  using space = exampleSpace("goals");
  const means = ["rolling_conceded", "rolling_goals"];
  const all = ["clean_data", "load_data", "merge", ...means, "write_features"];
  assertEquals(await space.ran(), all);
  const table = space.read("out/features.csv");
  assertEquals(await space.ran(), []);

  assertEquals(await space.ran("--set", "window=10"), ["merge", ...means, "write_features"]);
  assertOk(space.read("out/features.csv") !== table, "the window does not count");
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/features.csv"), table);
  // Other code, the same numbers.
  space.edit("nodes.ts", "sum + value, 0) / past.length", "value + sum, 0) / past.length");
  assertEquals(await space.ran(), means);

  const history = await space.flow("history", "--format", "json");
  const runs = history.stdout.trimEnd().split("\n").map((line) =>
    JSON.parse(line) as { done: number; hit: number }
  );
  assertEquals(runs.map(({ done, hit }) => [done, hit]), [[2, 4], [0, 6], [4, 2], [0, 6], [6, 0]]);
  const graph = await space.flow("graph");
  assertEquals(graph.stdout, Deno.readTextFileSync(`${EXAMPLES}/goals/expected/graph/ascii.txt`));
});
