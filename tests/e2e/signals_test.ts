/** Signals, timeouts and nodes that misbehave, seen from the command line: what is reported, and that nothing is left. */

import { findBubblewrap } from "../../core/executor/sandbox.ts";
import { assertEquals, assertMatches } from "../testing/assert.ts";
import { countsOf, eventsOf, failureOf, type LiveRun, TestSpace } from "../testing/space.ts";

/** A process that leaves its group: only the sandbox's own process namespace holds it. */
const ESCAPE = await findBubblewrap() === undefined ? "" : "setsid sleep 1001 &";

/** A function that waits for the file `sync/go`, and one that never looks up from its work. */
const WAITING = {
  "nodes.ts": `export const one = () => 1;
export const add = ({ x }: { x: number }) => x + 1;
export async function wait(
  { n }: { n: number },
  { signal }: { signal: AbortSignal },
): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    try {
      Deno.statSync("SYNC/go");
      return n + 1;
    } catch {
      Deno.writeTextFileSync("SYNC/function", "");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
export function spin({ n }: { n: number }): number {
  Deno.writeTextFileSync("SYNC/spin", "");
  for (;;) if (n > 1e9) return n;
}
`,
  "workflow.yaml": `name: w
nodes:
  first: { call: nodes.ts#one }
  function:
    call: nodes.ts#wait
    inputs: { n: first }
    allow: { write: [sync] }
  polite:
    run: |
      sleep 1000 & ${ESCAPE} (sleep 1002 & sleep 1003) &
      trap ': > sync/cleaned; exit 1' TERM
      : > sync/polite
      while [ ! -e sync/go ]; do sleep 0.02; done
      trap - TERM
    inputs: { n: first }
    outputs: {}
    allow: { write: [sync] }
  plain:
    run: |
      sleep 1000 & (sleep 1002 & sleep 1003) &
      trap ': > sync/cleaned2; exit 1' TERM
      : > sync/plain
      while [ ! -e sync/go ]; do sleep 0.02; done
      kill $!
    inputs: { n: first }
    outputs: {}
    sandbox: off
  last: { call: nodes.ts#add, inputs: { x: function }, after: [polite, plain] }
`,
} as const;

/** A space with the nodes above, which wait until `sync/go` is there. */
function waitingSpace(files: Readonly<Record<string, string>> = {}): TestSpace {
  const space = new TestSpace({ ...WAITING, "sync/x": "", ...files });
  space.edit("nodes.ts", "SYNC", space.at("sync"));
  return space;
}

/** Starts a run and returns when the nodes wait. */
async function startWaiting(
  space: TestSpace,
  options: { args?: readonly string[]; detached?: boolean; signs?: readonly string[] } = {},
): Promise<LiveRun> {
  const { args = [], detached = false, signs = ["function", "polite", "plain"] } = options;
  const live = space.start(["run", "--json", "-j", "4", ...args], { detached });
  for (const sign of signs) await live.untilThere(space.at(`sync/${sign}`));
  return live;
}

for (
  const [signal, code, isGroup] of [
    ["SIGINT", 130, false],
    ["SIGINT", 130, true],
    ["SIGTERM", 143, false],
  ] as const
) {
  const whom = isGroup ? "the whole process group, as Ctrl-C does," : "flow";
  Deno.test(`${signal} to ${whom} lets nodes clean up, leaves nobody, and the next run goes on`, async () => {
    using space = waitingSpace();
    const live = await startWaiting(space, { detached: isGroup, args: ["--grace", "10m"] });
    if (isGroup) live.killGroup(signal);
    else live.kill(signal);
    const run = await live.result();
    assertEquals(run.code, code, run.stderr);
    assertEquals([space.has("sync/cleaned"), space.has("sync/cleaned2")], [true, true]);
    assertEquals(eventsOf(run, "end").map(({ outcome }) => outcome), ["aborted"]);
    assertEquals(eventsOf(run, "failed"), []);
    await space.endsAll();
    space.write({ "sync/go": "" });
    assertEquals(await space.ran(), ["function", "last", "plain", "polite"]);
    assertEquals(await space.ran(), []);
  });
}

Deno.test("a second signal kills what neither stops nor listens, long before the grace time", async () => {
  using space = waitingSpace({
    "workflow.yaml": `name: w
nodes:
  spin: { call: nodes.ts#spin, inputs: { n: { value: 1 } }, allow: { write: [sync] } }
  deaf:
    run: "trap '' TERM; sleep 1000 & : > sync/deaf; while :; do sleep 0.02; done"
    outputs: {}
    allow: { write: [sync] }
  deaf2:
    run: "trap '' TERM; sleep 1000 & : > sync/deaf2; while :; do sleep 0.02; done"
    outputs: {}
    sandbox: off
  polite:
    run: "trap ': > sync/cleaned; exit 1' TERM; : > sync/polite; while :; do sleep 0.02; done"
    outputs: {}
    allow: { write: [sync] }
`,
  });
  const live = await startWaiting(space, {
    args: ["--grace", "10m"],
    signs: ["spin", "deaf", "deaf2", "polite"],
  });
  live.kill("SIGINT");
  await live.untilThere(space.at("sync/cleaned"));
  live.kill("SIGINT");
  const run = await live.result();
  assertEquals(run.code, 130, run.stderr);
  await space.endsAll();
});

Deno.test("what does not stop within the grace time is killed", async () => {
  using space = waitingSpace({
    "workflow.yaml": `name: w
nodes:
  spin: { call: nodes.ts#spin, inputs: { n: { value: 1 } }, allow: { write: [sync] } }
  deaf:
    run: "trap '' TERM; sleep 1000 & : > sync/deaf; while :; do sleep 0.02; done"
    outputs: {}
    allow: { write: [sync] }
`,
  });
  const live = await startWaiting(space, { args: ["--grace", "200ms"], signs: ["spin", "deaf"] });
  live.kill("SIGTERM");
  assertEquals((await live.result()).code, 143);
  await space.endsAll();
});

/** Ways a function can go wrong: what it does, options of its node, reason and message of its failure. */
const ILLS: Readonly<
  Record<string, { body: string; options?: string; reason: string; message: RegExp }>
> = {
  throws: { body: `throw new TypeError("too bad")`, reason: "threw", message: /too bad/ },
  rejects: {
    body:
      `Promise.reject(new Error("nobody listens")); await new Promise((r) => setTimeout(r, 50))`,
    reason: "threw",
    message: /nobody listens/,
  },
  exits: { body: "Deno.exit(0)", reason: "died", message: /Deno.exit/ },
  closes: {
    body: `self.close(); await new Promise((r) => setTimeout(r, 1e6))`,
    reason: "died",
    message: /clos|end/,
  },
  kills: { body: `Deno.kill(Deno.pid, "SIGKILL")`, reason: "died", message: /Deno.kill/ },
  never: { body: "await new Promise(() => {})", reason: "threw", message: /never ends/ },
  hoards: {
    body: "const all: unknown[] = []; for (;;) all.push(new Array(1e5).fill(0.5))",
    options: "resources: { memory: 96M }",
    reason: "memory",
    message: /out of memory \(limit 96 MiB\)/,
  },
  loops: { body: "for (;;) ;", options: "timeout: 500ms", reason: "timeout", message: /0\.5 s/ },
  dawdles: {
    body: "await new Promise((r) => setTimeout(r, 1e6))",
    options: "timeout: 500ms",
    reason: "timeout",
    message: /0\.5 s/,
  },
  returnsCode: { body: "return () => 1", reason: "contract", message: /function/i },
};

Deno.test("a node that misbehaves fails with a clear message, and the rest of the run goes on", async () => {
  const names = Object.keys(ILLS);
  using space = new TestSpace({
    "nodes.ts": [
      "export const fine = ({ x }: { x: number }) => x;",
      ...names.map((name) => `export async function ${name}() { ${ILLS[name].body}; }`),
    ].join("\n"),
    "workflow.yaml": [
      "name: ills\nnodes:",
      ...names.flatMap((name, i) => [
        `  ${name}: { call: nodes.ts#${name}, ${ILLS[name].options ?? ""} }`,
        `  after_${name}: { call: nodes.ts#fine, inputs: { x: ${name} } }`,
        `  fine_${name}: { call: nodes.ts#fine, inputs: { x: { value: ${i} } } }`,
      ]),
      `  command_loops:
    run: "trap '' TERM; sleep 1000 & while :; do :; done"
    outputs: {}
    timeout: 300ms`,
      `  command_fails: { run: "echo why >&2; exit 7", outputs: {} }`,
      `  command_gone: { run: [no-such-program-at-all], outputs: {} }`,
      `  command_suicide: { run: "kill -9 $$", outputs: {} }`,
      `  command_lazy: { run: ": \${out.o}", outputs: { o: { file: out/o } } }`,
    ].join("\n"),
  });
  const run = await space.run("-j", "4", "--grace", "200ms");
  assertEquals(run.code, 1, run.stderr);
  const surprises = names.filter((name) => {
    const { reason, message } = failureOf(run, name);
    return reason !== ILLS[name].reason || !ILLS[name].message.test(message);
  });
  const said = surprises.map((name) => JSON.stringify(failureOf(run, name)));
  assertEquals(said, []);
  assertEquals(failureOf(run, "command_loops").reason, "timeout");
  assertMatches(failureOf(run, "command_fails").message, /exit code 7[^]*why/);
  assertMatches(failureOf(run, "command_gone").message, /no-such-program-at-all/);
  assertMatches(failureOf(run, "command_suicide").message, /SIGKILL|137/);
  assertMatches(failureOf(run, "command_lazy").message, /o/);
  const { done, failed, skipped } = countsOf(run);
  assertEquals([done, failed, skipped], [names.length, names.length + 5, names.length]);
  for (const { node, because } of eventsOf(run, "skipped")) {
    assertEquals([...because], [node.replace("after_", "")]);
  }
  await space.endsAll();
});

Deno.test("--fail-fast stops what runs and starts nothing more", async () => {
  using space = waitingSpace({
    "workflow.yaml": `name: w
nodes:
  bad:
    run: "while [ ! -e sync/polite ]; do sleep 0.02; done; exit 3"
    outputs: {}
    allow: { write: [sync] }
  polite:
    run: "sleep 1000 & trap 'exit 1' TERM; : > sync/polite; while :; do sleep 0.02; done"
    outputs: {}
    allow: { write: [sync] }
  next: { run: "true", outputs: {}, after: [other] }
  other: { run: "while :; do sleep 0.02; done", outputs: {} }
`,
  });
  const run = await space.run("--fail-fast", "-j", "3", "--grace", "10m");
  assertEquals(run.code, 1, run.stderr);
  assertEquals(eventsOf(run, "failed").map(({ node }) => node), ["bad"]);
  assertEquals(run.started.includes("next"), false);
  await space.endsAll();
});

Deno.test("retries succeed on the third attempt, with growing pauses, for functions and commands", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "nodes.ts": `export function flaky(): number {
  const tries = Deno.readTextFileSync("SYNC/f").length + 1;
  Deno.writeTextFileSync("SYNC/f", ".".repeat(tries));
  if (tries < 3) throw new Error("try " + tries);
  return tries;
}
`,
    "sync/f": "",
    "workflow.yaml": `name: w
nodes:
  flaky:
    call: nodes.ts#flaky
    allow: { write: [sync] }
    retries: { limit: 2, delay: 1ms, factor: 3 }
  command:
    run: "echo >> sync/c; [ $(wc -l < sync/c) = 3 ]"
    outputs: {}
    allow: { write: [sync] }
    retries: { limit: 2, delay: 1ms, factor: 3 }
  hopeless: { run: "exit 4", outputs: {}, retries: { limit: 1, delay: 1ms } }
`,
  });
  space.edit("nodes.ts", "SYNC", space.at("sync"));
  const run = await space.run();
  assertEquals(run.code, 1, run.stderr);
  for (const node of ["flaky", "command"]) {
    const retried = eventsOf(run, "retried").filter((event) => event.node === node);
    assertEquals(retried.map(({ attempt, delayMs }) => [attempt, delayMs]), [[1, 1], [2, 3]], node);
    assertEquals(eventsOf(run, "done").filter((event) => event.node === node).length, 1);
  }
  assertEquals(failureOf(run, "hopeless").attempt, 2);
});
