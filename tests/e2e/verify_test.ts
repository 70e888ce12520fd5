/** `flow run --verify`: which nodes are executed twice, what is said of a difference, and what stays. */

import { assertEquals, assertIncludes, assertMatches, assertOk } from "../testing/assert.ts";
import { eventsOf, TestSpace } from "../testing/space.ts";

/** Every node notes in \`calls\` that it is executed. */
const WORKFLOW = `name: twice
nodes:
  steady: { call: nodes.ts#steady, allow: { write: [calls] } }
  random: { call: nodes.ts#random, allow: { write: [calls] } }
  kept: { call: nodes.ts#kept, allow: { write: [calls] } }
  file:
    run: "echo file >> calls/all; echo same > \${out.f}; head -c 9 /proc/sys/kernel/random/uuid >> \${out.f}"
    outputs: { f: { file: out/f } }
    sandbox: off
  scratch:
    run: "head -c 9 /proc/sys/kernel/random/uuid > \${out.s}"
    outputs: { s: { file: out/s, temp: true } }
    sandbox: off
  stamped:
    run: "cat /proc/sys/kernel/random/uuid > \${out.stamp}"
    outputs: { stamp: { file: out/stamp, hash: inputs } }
    sandbox: off
  reads: { run: "wc -c < \${in.s}", inputs: { s: s }, outputs: [size], stdout: size, sandbox: off }
  private:
    run: "echo private >> CALLS/all; echo x > f; cat f"
    outputs: [text]
    stdout: text
    cwd: private
    sandbox: off
  effect: { run: "echo effect >> calls/all", outputs: [], sandbox: off }
  uncached: { run: "echo uncached >> calls/all; date +%N", outputs: [now], stdout: now, cache: false, sandbox: off }
  uses: { call: nodes.ts#uses, inputs: { random: random }, allow: { write: [calls] } }
  broken: { call: nodes.ts#broken, allow: { write: [calls] }, enabled: false }
`;

const NODES =
  `const note = (name) => Deno.writeTextFileSync("CALLS/all", name + "\\n", { append: true });
const seed = Math.random();
export const steady = () => { note("steady"); return { a: [1, new Map([["k", 2]])] }; };
export const random = () => { note("random"); return { fixed: 1, list: [0, Math.random()] }; };
export const kept = () => { note("kept"); return seed; };
export const uses = ({ random }) => { note("uses"); return random.list.length; };
export const broken = () => { note("broken"); throw new Error("no"); };
`;

function space(): TestSpace {
  const w = new TestSpace({ "calls/all": "" });
  const at = (text: string): string => text.replace("CALLS", w.at("calls"));
  return w.write({ "workflow.yaml": at(WORKFLOW), "nodes.ts": at(NODES) });
}

/** How often each node was executed. */
function calls(w: TestSpace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of w.read("calls/all").trimEnd().split("\n")) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

Deno.test("flow run --verify: executes twice what is kept, and says which outputs differ where", async () => {
  using w = space();
  const result = await w.run(
    "--verify",
    "steady",
    "random",
    "file",
    "private",
    "effect",
    "uncached",
    "uses",
  );
  assertEquals(calls(w), {
    steady: 2,
    random: 2,
    file: 2,
    private: 2,
    uses: 2,
    effect: 1,
    uncached: 1,
  });
  const warnings = eventsOf(result, "warning");
  assertEquals(warnings.map(({ code, node }) => `${code} ${node}`).sort(), [
    "nondeterministic file",
    "nondeterministic random",
  ]);
  const messageOf = (node: string) => warnings.find((event) => event.node === node)?.message ?? "";
  assertMatches(
    messageOf("random"),
    /^Output "random" of node "random" is not deterministic: \$\.list\[1\]: 0\.\d+, then 0\.\d+$/,
  );
  assertMatches(messageOf("file"), /^Output "f" of node "file" .*: byte offset \d+ \(line 2\)$/);
  const [end] = eventsOf(result, "end");
  assertEquals([result.code, end.outcome, end.counts.failed], [1, "failed", 0]);
  assertEquals([...end.nondeterministic ?? []].sort(), ["file", "random"]);
});

Deno.test("flow run --verify: a worker that keeps something does not hide a difference", async () => {
  using w = space();
  const result = await w.run("--verify", "kept");
  assertEquals([result.code, calls(w).kept], [1, 2]);
  assertEquals(eventsOf(result, "end")[0].nondeterministic, ["kept"]);
});

Deno.test("flow run --verify: keeps and publishes the first results, so that nothing is left to do", async () => {
  using w = space();
  const { stderr, code } = await w.flow("run", "--verify", "file", "uses");
  assertEquals(code, 1);
  assertMatches(
    stderr,
    /^warning: random: Output "random" of node "random" is not deterministic: /m,
  );
  assertMatches(
    stderr,
    /^failed: 3 nodes, 2 not deterministic \((?:file, random|random, file)\), 3 run, /m,
  );
  const published = w.read("out/f");
  const again = await w.run("--verify", "file", "uses");
  assertEquals([again.code, again.started, eventsOf(again, "end")[0].nondeterministic], [
    0,
    [],
    [],
  ]);
  assertEquals(w.read("out/f"), published);
  const shown = await w.flow("show", "file", "--format", "raw");
  assertEquals(shown.stdout, published);
  assertIncludes((await w.flow("history")).stdout, "failed");
});

Deno.test("flow run --verify: steady nodes are ok, and a failed one is executed once", async () => {
  using w = space();
  const steady = await w.run("--verify", "steady", "private");
  assertEquals([steady.code, eventsOf(steady, "end")[0].nondeterministic], [0, []]);
  w.edit("workflow.yaml", ", enabled: false", "");
  const broken = await w.run("--verify", "broken");
  assertEquals([broken.code, calls(w).broken], [1, 1]);
  const forced = await w.run("--verify", "steady", "-f");
  assertEquals([forced.code, calls(w).steady], [0, 4]);
});

Deno.test("flow run --verify: finds where temporary outputs differ, though the store never has them", async () => {
  using w = space();
  const result = await w.run("--verify", "reads");
  assertEquals(eventsOf(result, "end")[0].nondeterministic, ["scratch"]);
  assertMatches(
    eventsOf(result, "warning")[0].message,
    /^Output "s" of node "scratch" is not deterministic: byte offset \d+ \(line 1\)$/,
  );
  assertEquals(w.has("out/s"), false);
});

Deno.test("flow run --verify and diff: content that does not count may differ", async () => {
  using w = space();
  const result = await w.run("--verify", "stamped");
  assertEquals([result.code, eventsOf(result, "end")[0].nondeterministic], [0, []]);
  const first = w.read("out/stamp");
  await w.run("stamped", "-f");
  assertOk(w.read("out/stamp") !== first);
  assertEquals((await w.flow("diff")).stdout, "");
});
