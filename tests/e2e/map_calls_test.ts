/** Single calls of map nodes: their logs, limits, retries and ends, several at once, and executed twice. */

import {
  Engine,
  type Event,
  loadWorkflow,
  type RunningActions,
  type RunRequest,
} from "../../core/mod.ts";
import { assertEquals, assertIncludes, assertMatches, assertOk } from "../testing/assert.ts";
import { HOST_COMMAND } from "../testing/host_rig.ts";
import { eventsOf, TestSpace, until } from "../testing/space.ts";

/** The last counts of a map node's calls. */
function callsOf(run: { readonly events: readonly Event[] }, node: string): readonly number[] {
  const last = eventsOf(run, "calls").filter((event) => event.node === node).at(-1);
  assertOk(last !== undefined, `no calls of ${node}`);
  return [last.hit, last.done, last.failed];
}

/** A workspace with one map node `ys` over `x`. */
function spaceOf(node: string, code: string): TestSpace {
  return new TestSpace({
    "sync/x": "",
    "workflow.yaml": `nodes:\n  ys: { map: "x[i] -> ys[i]", ${node} }\n`,
    "nodes.ts": code,
  });
}

async function shown(space: TestSpace, name: string): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("show", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

// ---- logs --------------------------------------------------------------------------------------

Deno.test("what calls of one batch print goes to a log of each", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1, 2, 3, 4, 5, 6, 7] } }",
    `export const f = async ({ x }: { x: number }) => {
  if (x % 2 === 1) console.log("before", x);
  await null;
  if (x % 2 === 1) console.error("after", x);
  return x;
}
`,
  );
  await space.run("-j", "1");
  const one = await space.flow("log", "ys[3]");
  assertEquals(one.stdout, "before 3\nafter 3\n");
  const all = await space.flow("log", "ys");
  assertEquals(
    all.stdout,
    [1, 3, 5, 7].map((x) => `before ${x}\nafter ${x}\n`).join(""),
  );
  assertMatches(all.stderr, /^==> ys\[1\] stdout of run \S+\n==> ys\[1\] stderr of run/);
  assertEquals((await space.flow("log", "ys[0]")).stderr, '"ys[0]" has written nothing\n');
  const wrong = await space.flow("log", "ys[first]");
  assertEquals([wrong.code, wrong.stderr.split("\n")[0]], [
    2,
    'error: Cannot read "ys[first]": "first" is no position of a call',
  ]);
});

Deno.test("a failed call of a batch has its stack in its log, a later attempt its own", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1] } }, retries: { limit: 1, delay: 1ms }",
    `export const f = ({ x }: { x: number }, ctx: { attempt: number }) => {
  console.log("attempt", ctx.attempt);
  if (x === 1) throw new Error("no");
  return x;
}
`,
  );
  await space.run();
  const log = await space.flow("log", "ys[1]");
  assertMatches(log.stdout, /^attempt 2\nError: no\n {4}at f \(.*nodes.ts:3:/);
});

// ---- limits and ends -----------------------------------------------------------------------------

Deno.test("a timeout ends the call that takes too long and no other", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1, 2] } }, timeout: 2s",
    "export const f = ({ x }: { x: number }) => { while (x === 1); return x; };",
  );
  const run = await space.run();
  assertEquals([run.code, callsOf(run, "ys")], [1, [0, 2, 1]]);
  const [failed] = eventsOf(run, "failed");
  assertEquals([failed.index, failed.reason], [[1], "timeout"]);
  await space.endsAll();
});

Deno.test("a memory limit ends the call that takes too much and no other", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1, 2] } }, resources: { memory: 100M }",
    `export function f({ x }: { x: number }) {
  const all: number[][] = [];
  while (x === 1) all.push(new Array(100_000).fill(x));
  return x + all.length;
}
`,
  );
  const run = await space.run();
  assertEquals([run.code, callsOf(run, "ys")], [1, [0, 2, 1]]);
  const [failed] = eventsOf(run, "failed");
  assertEquals([failed.index, failed.reason], [[1], "memory"]);
});

/** Runs a workflow through the API; `react` is called after each event with the means to kill nodes. */
async function runSteered(
  space: TestSpace,
  request: Partial<RunRequest>,
  react: (events: readonly Event[], actions: RunningActions) => void,
) {
  const { workflow, diagnostics } = await loadWorkflow(space.at("workflow.yaml"), {
    cwd: space.path,
    set: [],
    params: [],
  });
  await using engine = await Engine.open(workflow, diagnostics, {
    cwd: space.path,
    hostCommand: HOST_COMMAND,
  });
  const events: Event[] = [];
  let actions: RunningActions | undefined;
  const outcome = await engine.run({
    targets: [],
    jobs: 1,
    ...request,
    onRunning: (means) => actions = means,
    onEvent(event) {
      events.push(event);
      if (actions !== undefined) react(events, actions);
    },
  });
  return { ...outcome, events };
}

Deno.test("cancel() of a map node ends its calls, those that run and those that wait", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1, 2, 3] } }, retries: 5",
    `export const f = ({ x }: { x: number }) => {
  if (x > 0) console.log("spins");
  while (x > 0);
  return x;
}
`,
  );
  const answers: boolean[] = [];
  const run = await runSteered(space, { graceMs: 50 }, (events, actions) => {
    const last = events.at(-1);
    if (last?.type !== "started") return;
    // The first call has delivered, the second one runs.
    const isThere = () => space.has(".pipecache/elements") && hasLog(space, "ys[1].stdout");
    void until(isThere, "the second call").then(() => {
      answers.push(actions.cancel(last.action));
    });
  });
  assertEquals([run.outcome, answers, callsOf(run, "ys")], ["failed", [true], [0, 1, 3]]);
  const failed = eventsOf(run, "failed");
  assertEquals(failed.map(({ index, message }) => `${index}: ${message.split("\n")[0]}`).sort(), [
    "1: Killed on request",
    "2: Killed on request",
    "3: Killed on request",
    "undefined: 3 of 4 calls failed:",
  ]);
  assertEquals(eventsOf(run, "retried"), []);
  await space.endsAll();
});

/** Whether a run has a log of this name. */
function hasLog(space: TestSpace, name: string): boolean {
  const runs = ".pipecache/runs";
  return space.has(runs) &&
    [...Deno.readDirSync(space.at(runs))].some((run) =>
      space.has(`${runs}/${run.name}/logs/${name}`)
    );
}

Deno.test("cancel() of a map node ends it while its calls wait to be tried again", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [1] } }, retries: { limit: 1, delay: 1h }",
    "export const f = ({ x }: { x: number }) => { if (x === 1) throw new Error('no'); return x; };",
  );
  const run = await runSteered(space, {}, (events, actions) => {
    if (events.at(-1)?.type !== "retried") return;
    const [started] = eventsOf({ events }, "started");
    queueMicrotask(() => actions.cancel(started.action));
  });
  assertEquals([run.outcome, callsOf(run, "ys")], ["failed", [0, 0, 1]]);
  assertEquals(
    eventsOf(run, "failed").at(-1)?.message,
    "1 of 1 calls failed:\n  ys[0]: Killed on request",
  );
});

Deno.test("an abort in the pause before a retry ends the run, and the next one goes on there", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1] } }, retries: { limit: 1, delay: 1h }",
    "export const f = ({ x }: { x: number }) => { if (x === 1) throw new Error('no'); return x; };",
  );
  const first = space.start(["run", "--json"]);
  await first.sees((event) => event.type === "retried");
  first.kill("SIGINT");
  const run = await first.result();
  assertEquals([run.code, eventsOf(run, "failed")], [130, []]);
  space.edit("workflow.yaml", "delay: 1h", "delay: 1ms");
  const second = await space.run();
  assertEquals(callsOf(second, "ys")[2], 1);
  assertEquals(eventsOf(second, "retried").map(({ index }) => index), [[1]]);
  await space.endsAll();
});

// ---- twice ---------------------------------------------------------------------------------------

Deno.test("--verify compares the calls of a batch one by one", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1, 2, 3] } }",
    "export const f = ({ x }: { x: number }) => ({ v: x === 2 ? Math.random() : x });",
  );
  const run = await space.run("--verify", "-j", "1");
  assertEquals([run.code, eventsOf(run, "end")[0].nondeterministic], [1, ["ys[2]"]]);
  const [{ message }] = eventsOf(run, "warning");
  assertMatches(
    message,
    /^Output "ys" of node "ys\[2\]" is not deterministic: \$\.v: 0\.\d+, then 0\.\d+$/,
  );
  assertEquals((await space.run("--verify")).code, 0);
});

// ---- at once -------------------------------------------------------------------------------------

/** Nobody leaves before all have come: with fewer at once the promises would never settle. */
const BARRIER = `
let here = 0, open = () => {};
const all = new Promise<void>((resolve) => open = resolve);
export async function meet({ x }: { x: number }) {
  console.log("comes", x);
  if (++here === 100) open();
  await all;
  if (x === 7) throw new Error("no 7");
  console.log("goes", x);
  return x + 1000;
}
`;

const HUNDRED = `[${Array.from({ length: 100 }, (_, i) => i)}]`;

Deno.test("concurrency lets a hundred calls wait at once, each for itself", async () => {
  using space = spaceOf(
    `call: nodes.ts#meet, inputs: { x: { value: ${HUNDRED} } }, concurrency: 100, onError: continue`,
    BARRIER,
  );
  const run = await space.run("-j", "1");
  assertEquals(callsOf(run, "ys"), [0, 99, 1], run.stdout);
  assertEquals(eventsOf(run, "failed").map(({ index, message }) => [index, message]), [[
    [7],
    "no 7",
  ]]);
  const ys = await shown(space, "ys") as number[];
  assertEquals(ys.filter((y) => typeof y === "number").map((y) => y - 1000), [
    ...Array.from({ length: 100 }, (_, i) => i).filter((x) => x !== 7),
  ]);
  assertEquals((await space.flow("log", "ys[42]")).stdout, "comes 42\ngoes 42\n");
  assertMatches((await space.flow("log", "ys[7]")).stdout, /^comes 7\nError: no 7\n/);
});

Deno.test("no more calls are pending than concurrency says, by default one", async () => {
  const code = `
let now = 0;
export async function f({ x }: { x: number }) {
  const seen = ++now;
  await new Promise((resolve) => setTimeout(resolve));
  now--;
  return x < 0 ? x : seen;
}
`;
  for (const [option, most] of [["", 1], ["concurrency: 3, ", 3]] as const) {
    using space = spaceOf(
      `call: nodes.ts#f, ${option}inputs: { x: { value: ${HUNDRED} } }`,
      code,
    );
    const run = await space.run("-j", "1");
    assertEquals(run.code, 0, run.stdout);
    assertEquals(Math.max(...await shown(space, "ys") as number[]), most);
  }
});

Deno.test("of calls at once the one that leaves a rejected promise is found", async () => {
  using space = spaceOf(
    "call: nodes.ts#f, inputs: { x: { value: [0, 1, 2, 3] } }, concurrency: 4",
    `export async function f({ x }: { x: number }) {
  if (x === 2) void Promise.reject(new Error("stray"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  return x;
}
`,
  );
  const run = await space.run("-j", "1");
  assertEquals(callsOf(run, "ys"), [0, 3, 1], run.stdout);
  const [failed] = eventsOf(run, "failed");
  assertEquals(failed.index, [2]);
  assertIncludes(failed.message, "stray");
});
