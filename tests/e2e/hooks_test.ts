/** Hooks of nodes and runs: who is told what, when, and that nothing of the run depends on them. */

import { formatError } from "../../cli/format_error.ts";
import { FlowError } from "../../core/base/error.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { runInProcess } from "../testing/engine_run.ts";
import { eventsOf, TestSpace, until } from "../testing/space.ts";

const CODE = `export const double = ({ x }: { x: number }) => x * 2;
export const broken = (_: object) => { throw new Error("out of luck"); };
export const picky = ({ x }: { x: number }) => { if (x === 2) throw new Error("no 2"); return x; };
export const pass = ({ all }: { all: unknown[] }) => all;
export const count = ({ all }: { all: unknown[] }) => all.length;
export const leaks = ({ secret }: { secret: string }) => { throw new Error("bad " + secret); };
export const dates = () => ({ at: new Date(0) });
`;

/** Appends what it is told to a file. */
const HOOKS = `const say = (facts: object) =>
  Deno.writeTextFileSync("DIR/told.ndjson", JSON.stringify(facts) + "\\n", { append: true });
export const node = ({ run, workflow, node, outcome, outputs, failure, usage }: Record<string, any>) =>
  say({ run: typeof run, workflow, node, outcome, outputs, failure, usage: Object.keys(usage).includes("wallMs") });
export const short = ({ node, outcome }: { node: string; outcome: string }) => say({ node, outcome });
export const run = ({ outcome, counts, failed }: Record<string, any>) => say({ outcome, counts, failed });
export const greedy = () => Deno.readTextFileSync("/etc/hostname");
export const throws = () => { throw new Error("the hook broke"); };
export const leaks = () => { throw new Error("sent with " + Deno.env.get("FLOW_TEST_HOOK")); };
`;

function spaceOf(lines: readonly string[]): TestSpace {
  const space = new TestSpace({
    "log/x": "",
    "nodes.ts": CODE,
    "hooks.ts": HOOKS,
    "workflow.yaml": `name: told\n${lines.join("\n")}\n`,
  });
  space.edit("hooks.ts", "DIR", space.at("log"));
  return space;
}

function told(space: TestSpace): unknown[] {
  if (!space.has("log/told.ndjson")) return [];
  const lines = space.read("log/told.ndjson").trim().split("\n");
  space.remove("log/told.ndjson");
  return lines.map((line) => JSON.parse(line));
}

const hook = (name: string): string => `{ call: hooks.ts#${name}, allow: { write: [log] } }`;

Deno.test("hooks are told of nodes that were executed, and of runs that executed something", async () => {
  using space = spaceOf([
    `onEnd: ${hook("run")}`,
    `onFailure: { run: "echo \${in.outcome} >> log/failed; printf '%s' \${in.event} >> log/failed", allow: { write: [log] } }`,
    `defaults: { onEnd: ${hook("node")} }`,
    "nodes:",
    "  a: { call: nodes.ts#double, inputs: { x: { value: 2 } } }",
    `  b: { call: nodes.ts#broken, inputs: { a: a }, onEnd: ${hook("short")} }`,
    "  c: { call: nodes.ts#double, inputs: { x: b } }",
    `  d: { run: "echo hi > \${out.d}", outputs: { d: { file: out/d.txt } }, onFailure: ${
      hook("short")
    } }`,
    `  e: { call: nodes.ts#dates, onSuccess: ${hook("short")}, onEnd: ${hook("short")} }`,
  ]);
  const { outcome, executed } = await runInProcess(space, { jobs: 1 });
  assertEquals([outcome, executed], ["failed", ["a", "b", "d", "e"]]);
  const failure = { reason: "threw", message: "out of luck" };
  const all = told(space) as Record<string, unknown>[];
  const base = { run: "string", workflow: "told", usage: true, failure: null };
  const byNode = (name: string) => all.filter(({ node }) => node === name);
  const digestOf = (name: string) => {
    const outputs = byNode(name)[0].outputs as Record<string, { digest: string }>;
    return outputs[name].digest;
  };
  assertEquals(byNode("a"), [{
    ...base,
    node: "a",
    outcome: "done",
    outputs: { a: { digest: digestOf("a"), sizeBytes: 1, value: 4 } },
  }]);
  assertEquals(byNode("b"), [{ node: "b", outcome: "failed" }]);
  assertEquals(byNode("c"), []);
  assertEquals(byNode("d"), [{
    ...base,
    node: "d",
    outcome: "done",
    outputs: { d: { digest: digestOf("d"), sizeBytes: 3, path: space.at("out/d.txt") } },
  }]);
  assertEquals(byNode("e"), [1, 2].map(() => ({ node: "e", outcome: "done" })));
  const counts = { hit: 0, done: 3, failed: 1, skipped: 1 };
  // The last one: hooks of the run come after those of its nodes.
  assertEquals(all.at(-1), { outcome: "failed", counts, failed: [{ node: "b", ...failure }] });
  const [word, event] = space.read("log/failed").trim().split("\n");
  const { outcome: whole, failed } = JSON.parse(event);
  assertEquals([word, whole, failed], ["failed", "failed", [{ node: "b", ...failure }]]);
});

Deno.test("hooks are no key material, and a run that executes nothing has none", async () => {
  using space = spaceOf(["nodes:", "  a: { call: nodes.ts#double, inputs: { x: { value: 2 } } }"]);
  assertEquals((await runInProcess(space)).executed, ["a"]);
  space.edit(
    "workflow.yaml",
    "nodes:",
    `onEnd: ${hook("run")}\ndefaults: { onEnd: ${hook("node")} }\nnodes:`,
  );
  assertEquals((await runInProcess(space)).executed, []);
  assertEquals(told(space), []);
  assertEquals((await runInProcess(space, { force: true })).executed, ["a"]);
  assertEquals(told(space).length, 2);
});

Deno.test("a hook that fails is a warning, told once and counted; what it may touch is what it says", async () => {
  using space = spaceOf([
    "onSuccess: hooks.ts#greedy",
    'onEnd: { run: ["false"] }',
    "defaults: { onEnd: hooks.ts#throws }",
    "nodes:",
    ...[1, 2, 3].map((i) => `  n${i}: { call: nodes.ts#double, inputs: { x: { value: ${i} } } }`),
  ]);
  const { outcome, events, executed } = await runInProcess(space, { jobs: 1 });
  assertEquals([outcome, executed], ["ok", ["n1", "n2", "n3"]]);
  const warnings = eventsOf({ events }, "warning").map(({ code, message }) =>
    `${code}: ${message}`
  );
  assertEquals(
    warnings[0].replace(/n\d/, "n"),
    'hook: Hook "onEnd" of "defaults" failed after node "n": the hook broke',
  );
  assertIncludes(warnings[1], 'Requires read access to "/etc/hostname"');
  assertIncludes(warnings[1], "add `allow: { read: [/etc/hostname] }` to the hook");
  assertIncludes(warnings[2], 'Hook "onEnd" failed: ');
  assertEquals(warnings.slice(3), ['hook: Hook "onEnd" of "defaults" failed 3 times']);
  assertEquals(events.at(-1)?.type, "end");
});

Deno.test("a node that delivers error values is told of as one that failed", async () => {
  using space = spaceOf([
    `onFailure: ${hook("run")}`,
    `defaults: { onError: continue, onFailure: ${hook("node")}, onSuccess: ${hook("short")} }`,
    "nodes:",
    '  each: { call: nodes.ts#picky, map: "x[i] -> each[i]", inputs: { x: { value: [1, 2] } } }',
    "  pass: { call: nodes.ts#pass, inputs: { all: each } }",
    "  count: { call: nodes.ts#count, inputs: { all: each } }",
  ]);
  const { outcome } = await runInProcess(space, { jobs: 1 });
  assertEquals(outcome, "failed");
  const all = told(space) as Record<string, unknown>[];
  const message = "1 of 2 calls failed:\n  each[1]: no 2";
  const of = (name: string) => all.find(({ node }) => node === name);
  assertEquals([of("each")?.outcome, of("each")?.failure], [
    "failed",
    { reason: "errors", message, hint: null },
  ]);
  assertEquals(
    of("pass")?.failure,
    { reason: "errors", message: "its outputs hold error values", hint: null },
  );
  assertEquals(of("count"), { node: "count", outcome: "done" });
  assertEquals(all.at(-1)?.failed, [{ node: "each", reason: "errors", message }]);
});

Deno.test("hooks are told of failures without the values of variables, and their warnings hold none", async () => {
  const values = { FLOW_TEST_NODE: crypto.randomUUID(), FLOW_TEST_HOOK: crypto.randomUUID() };
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  using space = spaceOf([
    `onEnd: ${hook("run")}`,
    "onFailure: { call: hooks.ts#leaks, allow: { env: [FLOW_TEST_HOOK] } }",
    "nodes:",
    `  a: { call: nodes.ts#leaks, inputs: { secret: { env: FLOW_TEST_NODE } }, onEnd: ${
      hook("node")
    } }`,
  ]);
  try {
    const { events } = await runInProcess(space);
    const message = "bad [env FLOW_TEST_NODE]";
    const [node, run] = told(space) as Record<string, unknown>[];
    assertEquals(node.failure, { reason: "threw", message, hint: null });
    assertEquals(run.failed, [{ node: "a", reason: "threw", message }]);
    assertEquals(
      eventsOf({ events }, "warning").map((event) => event.message),
      ['Hook "onFailure" failed: sent with [env FLOW_TEST_HOOK]'],
    );
  } finally {
    for (const name of Object.keys(values)) Deno.env.delete(name);
  }
});

Deno.test("no node waits for a hook", async () => {
  using space = spaceOf([
    "nodes:",
    "  a:",
    "    call: nodes.ts#double",
    "    inputs: { x: { value: 1 } }",
    // It ends when the node behind the one it is told of has run.
    `    onEnd: { run: "until test -e log/b; do sleep 0.01; done; echo waited > log/told", allow: { read: [log], write: [log] } }`,
    `  b: { run: "echo \${in.a} > log/b", inputs: [a], allow: { write: [log] } }`,
  ]);
  const { outcome, events } = await runInProcess(space, { jobs: 1 });
  assertEquals(outcome, "ok");
  assertEquals(eventsOf({ events }, "warning"), []);
  assertEquals(space.read("log/told"), "waited\n");
});

Deno.test("a hook of a returned node whose function is not there is a warning", async () => {
  using space = spaceOf(["nodes:", "  all: { expand: nodes.ts#nodes }"]);
  const nodes = { made: { call: "nodes.ts#dates", onSuccess: "gone.ts#hook" } };
  space.write({
    "nodes.ts": `${CODE}export const nodes = () => (${JSON.stringify({ nodes })});\n`,
  });
  const { outcome, events } = await runInProcess(space);
  assertEquals(outcome, "ok");
  const [{ message }] = eventsOf({ events }, "warning");
  assertIncludes(
    message,
    'Hook "onSuccess" of node "made" failed after node "made": Cannot find module',
  );
});

Deno.test("a run that is killed waits for no hook", async () => {
  using space = spaceOf([
    'onEnd: { run: "echo never > log/never", allow: { write: [log] } }',
    "nodes:",
    "  a:",
    "    call: nodes.ts#double",
    "    inputs: { x: { value: 1 } }",
    '    onEnd: { run: "echo begun > log/begun; sleep 1000", allow: { write: [log] }, timeout: 20m }',
  ]);
  const kill = new AbortController();
  const run = runInProcess(space, { kill: kill.signal });
  await until(() => space.has("log/begun"), () => "the hook to begin");
  kill.abort();
  assertEquals((await run).executed, ["a"]);
  assertEquals(space.has("log/never"), false);
});

const NODE = "  a: { call: nodes.ts#dates";

const WRONG: readonly [name: string, lines: readonly string[]][] = [
  ["a function that is not there", ["nodes:", `${NODE}, onEnd: hooks.ts#nod }`]],
  ["a module that is not there", ["onEnd: { call: hoks.ts#node }", "nodes:", `${NODE} }`]],
  ["a parameter that is not told", ["onEnd: hooks.ts#short", "nodes:", `${NODE} }`]],
  [
    "a reference that is not told, of all nodes, once",
    [
      'defaults: { onFailure: { run: [echo, "${in.nod}"] } }',
      "nodes:",
      `${NODE} }`,
      "  b: { call: nodes.ts#dates }",
    ],
  ],
  [
    "a reference to an output",
    ['onSuccess: { run: "echo hi > ${out.x}" }', "nodes:", `${NODE} }`],
  ],
  [
    "hooks without and with two things to do",
    [
      "onSuccess: { timeout: 3s }",
      "onEnd: { call: hooks.ts#node, run: ls }",
      "nodes:",
      `${NODE} }`,
    ],
  ],
  ["a hook that is no function", [
    "onEnd: [echo, hi]",
    "nodes:",
    `${NODE}, onStart: hooks.ts#node }`,
  ]],
];

for (const [name, lines] of WRONG) {
  Deno.test(`a workflow is refused for ${name}`, async (t) => {
    using space = spaceOf(lines);
    try {
      await runInProcess(space);
    } catch (error) {
      assertOk(error instanceof FlowError, String(error));
      await t.assertSnapshot(formatError(error, { debug: false, color: false }));
      return;
    }
    throw new Error("it was accepted");
  });
}
