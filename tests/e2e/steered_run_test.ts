/** Runs that are steered through the API while they go on: single nodes are killed, and what runs is finished. */

import {
  Engine,
  type Event,
  loadWorkflow,
  type RunningActions,
  type RunRequest,
} from "../../core/mod.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { ENDLESS } from "../testing/endless.ts";
import { HOST_COMMAND } from "../testing/host_rig.ts";
import { eventsOf, TestSpace, until } from "../testing/space.ts";

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
    jobs: 3,
    ...request,
    onRunning: (means) => actions = means,
    onEvent(event) {
      events.push(event);
      if (actions !== undefined) react(events, actions);
    },
  });
  return { ...outcome, events };
}

/** Number of the running action of a node. */
function actionOf(events: readonly Event[], node: string): number {
  const started = eventsOf({ events }, "started").find((event) => event.node === node);
  assertOk(started, `${node} did not start`);
  return started.action;
}

Deno.test("started events number the actions and say the slots they take", async () => {
  using space = new TestSpace({
    "workflow.yaml": `name: w
nodes:
  a: { run: "exit 1", outputs: {}, retries: { limit: 1, delay: 1ms } }
  b: { run: "true", outputs: {}, after: [c], resources: { cpus: 2 } }
  c: { run: ":", outputs: {} }
`,
  });
  const run = await space.run("-j", "1");
  const started = eventsOf(run, "started");
  assertEquals(started.map(({ action }) => action), [1, 2, 3, 4]);
  assertEquals(started.map(({ node, cpus }) => `${node} ${cpus}`).sort(), [
    "a 1",
    "a 1",
    "b 2",
    "c 1",
  ]);
});

Deno.test("cancel() kills one node within the grace time, without a retry, and the rest goes on", async () => {
  using space = new TestSpace(ENDLESS);
  const pids: (number | undefined)[] = [];
  const answers: boolean[] = [];
  const run = await runSteered(space, { graceMs: 100 }, (events, actions) => {
    if (events.at(-1)?.type !== "done") return;
    void until(() => space.has("sync/deaf"), "the command").then(() => {
      for (const node of ["spin", "deaf"]) {
        const action = actionOf(events, node);
        pids.push(actions.pidOf(action));
        answers.push(actions.cancel(action));
      }
      answers.push(actions.cancel(99));
      pids.push(actions.pidOf(99));
    });
  });
  const { events } = run;
  assertEquals(run.outcome, "failed");
  assertEquals(answers, [true, true, false]);
  assertEquals(pids.map((pid) => typeof pid), ["number", "number", "undefined"]);
  assertEquals(
    eventsOf({ events }, "failed").map(({ node, reason, message, attempt }) =>
      `${node}: ${reason}: ${message}, ${attempt}`
    ).sort(),
    ["deaf: aborted: Killed on request, 1", "spin: aborted: Killed on request, 1"],
  );
  assertEquals(eventsOf({ events }, "retried"), []);
  assertEquals(
    eventsOf({ events }, "skipped").map(({ node, because }) => `${node}: ${because}`).sort(),
    ["after_deaf: deaf", "after_spin: spin"],
  );
  await space.endsAll();
});

Deno.test("cancel() asked twice kills at once, also in a run that is finishing", async () => {
  using space = new TestSpace(ENDLESS);
  const drain = new AbortController();
  const request = { graceMs: 600_000, drain: drain.signal };
  const run = await runSteered(space, request, (events, actions) => {
    if (events.at(-1)?.type !== "done") return;
    drain.abort();
    void until(() => space.has("sync/deaf"), "the command").then(() => {
      for (const node of ["spin", "deaf", "spin", "deaf"]) actions.cancel(actionOf(events, node));
    });
  });
  assertEquals(run.outcome, "failed");
  const failed = eventsOf(run, "failed").map(({ node, message }) => `${node}: ${message}`);
  assertEquals(failed.sort(), ["deaf: Killed on request", "spin: Killed on request"]);
  await space.endsAll();
});
