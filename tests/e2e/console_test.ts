/** Runs that are steered while they go on: by keys on a real terminal, and by signals. */

import { assertEquals, assertIncludes, assertMatches, assertOk } from "../testing/assert.ts";
import { Dialog, type DialogOptions, HAS_SCRIPT } from "../testing/dialog.ts";
import { ENDLESS } from "../testing/endless.ts";
import { TestSpace, until } from "../testing/space.ts";

/** A command that waits for `sync/go`, one that follows it, and one that has nothing to do with either. */
const WAITING = {
  "sync/x": "",
  "workflow.yaml": `name: w
nodes:
  wait:
    run: ": > sync/wait; while [ ! -e sync/go ]; do sleep 0.02; done"
    outputs: {}
    allow: { write: [sync] }
  next: { run: "true", outputs: {}, after: [wait] }
  last: { run: ":", outputs: {}, after: [next] }
`,
} as const;

Deno.test("SIGUSR1 finishes what runs and starts nothing more; the next run goes on", async () => {
  using space = new TestSpace(WAITING);
  await using dialog = new Dialog(space, ["run"]);
  await until(() => space.has("sync/wait"), "the node");
  dialog.signal("SIGUSR1");
  await dialog.sees("SIGUSR1: finishing what runs, starting nothing more");
  space.write({ "sync/go": "" });
  assertEquals(await dialog.code(), 130, dialog.said);
  assertMatches(dialog.said, /\naborted: 3 nodes, 1 run, 2 not reached, /);
  assertEquals(await space.ran(), ["last", "next"]);
});

Deno.test("SIGUSR1 in a run with nothing more to start changes nothing", async () => {
  using space = new TestSpace(WAITING);
  await using dialog = new Dialog(space, ["run", "wait"]);
  await until(() => space.has("sync/wait"), "the node");
  dialog.signal("SIGUSR1");
  await dialog.sees("SIGUSR1: finishing");
  space.write({ "sync/go": "" });
  assertEquals(await dialog.code(), 0, dialog.said);
  assertMatches(dialog.said, /\nok: 1 node, 1 run, /);
});

Deno.test("an abort after SIGUSR1 stops what it let run", async () => {
  using space = new TestSpace(WAITING);
  await using dialog = new Dialog(space, ["run"]);
  await until(() => space.has("sync/wait"), "the node");
  dialog.signal("SIGUSR1");
  await dialog.sees("SIGUSR1: finishing");
  dialog.signal("SIGTERM");
  assertEquals(await dialog.code(), 143, dialog.said);
  assertEquals(space.has("sync/go"), false);
  await space.endsAll();
});

Deno.test("SIGUSR2 loads the workflow again and runs it once more when the run is over", async () => {
  using space = new TestSpace({
    ...WAITING,
    "nodes.ts": "export const one = () => 1;\n",
    "workflow.yaml": `${WAITING["workflow.yaml"]}  one: { call: nodes.ts#one }\n`,
  });
  await using dialog = new Dialog(space, ["run", "--json"]);
  await until(() => space.has("sync/wait"), "the node");
  await dialog.sees(`"done","node":"one"`);
  dialog.signal("SIGUSR2");
  await dialog.sees("SIGUSR2: running again when this run is over");
  space.edit("nodes.ts", "1;", "2;");
  space.edit("workflow.yaml", `last: { run: ":"`, `new: { run: "exit 0"`);
  space.write({ "sync/go": "" });
  assertEquals(await dialog.code(), 0, dialog.said);
  const started = [...dialog.said.matchAll(/"type":"(begin|started)"(?:,"node":"(\w+)")?/g)]
    .map(([, type, node]) => node ?? type);
  const second = started.lastIndexOf("begin");
  assertEquals(started.slice(0, second).sort(), ["begin", "last", "next", "one", "wait"]);
  assertEquals(started.slice(second).sort(), ["begin", "new", "one"]);
  assertEquals((await space.flow("show", "one")).stdout, "2\n");
});

Deno.test("SIGUSR2 is refused where an input is read from standard input", async () => {
  using space = new TestSpace({
    ...WAITING,
    "workflow.yaml": WAITING["workflow.yaml"].replace(
      "nodes:",
      "inputs: { n: { type: integer } }\nnodes:",
    )
      .replace("after: [wait] }", "after: [wait], inputs: [n] }"),
  });
  await using dialog = new Dialog(space, ["run", "--input", "n=-"], { stdin: "3" });
  await until(() => space.has("sync/wait"), "the node");
  dialog.signal("SIGUSR2");
  await dialog.sees("SIGUSR2: cannot run again: an input was read from standard input");
  space.write({ "sync/go": "" });
  assertEquals(await dialog.code(), 0, dialog.said);
  assertEquals(dialog.said.match(/^ok: /gm)?.length, 1);
});

/** A test on a terminal; skipped, and shown as skipped, where `script` is missing. */
function testOnTerminal(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_SCRIPT, fn: body });
}

/** Starts a run on a terminal and waits until keys are read. */
async function onTerminal(
  space: TestSpace,
  args: readonly string[] = [],
  options: DialogOptions = {},
): Promise<Dialog> {
  const dialog = new Dialog(space, ["run", ...args], { ...options, hasTerminal: true });
  await dialog.sees("? help");
  return dialog;
}

/** The terminal waits for enter and echoes, as before. */
function assertRestored(space: TestSpace): void {
  assertMatches(space.read("stty.txt"), /[^-]icanon[^]* echo /);
}

testOnTerminal("keys list and kill nodes; the terminal is given back", async () => {
  using space = new TestSpace(ENDLESS);
  await using dialog = await onTerminal(space, ["-j", "3", "--grace", "100ms"]);
  await until(() => space.has("sync/deaf"), "the command");
  await dialog.type("?");
  await dialog.sees("  ?      this help\r\n");
  await dialog.type("x");
  await dialog.sees('Unknown key "x"; ? lists the keys');
  await dialog.type("\r");
  await dialog.sees(/no {2}node +time {2}slots {2}process/);
  const list = dialog.said.slice(dialog.said.lastIndexOf("slots  process"));
  for (const node of ["spin", "deaf"]) {
    const number = new RegExp(`^ *(\\d+)  ${node} .* 1 +\\d+\\r$`, "m").exec(list)?.[1];
    assertOk(number, list);
    await dialog.type("k");
    await dialog.sees("kill number: ");
    await dialog.type(number);
    await dialog.sees(`kill number: ${number}`);
    await dialog.type("\r");
    await dialog.sees(`failed: ${node} (stopped)`);
  }
  assertEquals(await dialog.code(), 1, dialog.said);
  assertIncludes(dialog.said, "failed: 2 of 5 nodes");
  assertIncludes(dialog.said, "2 skipped, 1 run");
  assertRestored(space);
  await space.endsAll();
});

testOnTerminal("s and r finish the run, load the workflow again and go on", async () => {
  using space = new TestSpace(WAITING);
  await using dialog = await onTerminal(space);
  await dialog.type("s");
  await dialog.sees("stop: finishing what runs, starting nothing more");
  await dialog.type("r");
  await dialog.sees("again: running again when this run is over");
  space.edit(
    "workflow.yaml",
    `last: { run: ":"`,
    `new: { run: ": > sync/new", allow: { write: [sync] }`,
  );
  space.write({ "sync/go": "" });
  assertEquals(await dialog.code(), 0, dialog.said);
  assertIncludes(dialog.said, "aborted: 3 nodes, 1 run, 2 not reached");
  assertIncludes(dialog.said, "ok: 3 nodes, 2 run, 1 up to date");
  assertEquals(space.has("sync/new"), true);
  assertRestored(space);
});

for (
  const [key, code, first, second] of [
    ["a", 130, "abort: stopping", "abort: killing"],
    ["\x03", 130, "SIGINT: stopping", "SIGINT: killing"],
  ] as const
) {
  const name = key === "a" ? "a" : "Ctrl-C";
  testOnTerminal(
    `${name} stops the run, and again kills it; the terminal is given back`,
    async () => {
      using space = new TestSpace(ENDLESS);
      await using dialog = await onTerminal(space, ["-j", "3", "--grace", "10m"]);
      await until(() => space.has("sync/deaf"), "the command");
      await dialog.type(key);
      await dialog.sees(first);
      await dialog.type(key);
      await dialog.sees(second);
      assertEquals(await dialog.code(), code, dialog.said);
      assertRestored(space);
      await space.endsAll();
    },
  );
}

for (
  const [name, args, env] of [
    ["--no-console", ["--no-console"], {}],
    ["CI=true", [], { CI: "true" }],
    ["--verbose", ["--verbose"], {}],
  ] as const
) {
  testOnTerminal(`${name}: no keys are read`, async () => {
    using space = new TestSpace(WAITING);
    await using dialog = new Dialog(space, ["run", ...args], { hasTerminal: true, env });
    await until(() => space.has("sync/wait"), "the node");
    // The terminal itself echoes a line only while nobody reads key by key.
    await dialog.type("a\r");
    await dialog.sees("a\r\n");
    space.write({ "sync/go": "" });
    assertEquals(await dialog.code(), 0, dialog.said);
    assertEquals(dialog.said.includes("? help"), false);
    assertMatches(dialog.said, /ok: 3 nodes, 3 run/);
  });
}
