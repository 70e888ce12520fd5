/** Whole runs in the process of the test: what a workflow does, without the cost of starting the program. */

import {
  Engine,
  type Event,
  loadWorkflow,
  type PlacementRequest,
  type RunOutcome,
  type RunRequest,
} from "../../core/mod.ts";
import { assertOk } from "./assert.ts";
import { HOST_COMMAND } from "./host_rig.ts";
import { eventsOf, type TestSpace } from "./space.ts";

/** What came of a run. */
export interface EngineRun {
  readonly outcome: RunOutcome["outcome"];
  readonly events: readonly Event[];
  /** Names of the nodes that were executed, sorted. */
  readonly executed: readonly string[];
  /** Returns the value of an output; it must be stored. */
  value(name: string): unknown;
}

/** Runs the `workflow.yaml` of a space, everything unless targets are named. */
export async function runInProcess(
  space: TestSpace,
  options: Partial<RunRequest> & { readonly placement?: PlacementRequest } = {},
): Promise<EngineRun> {
  const { placement = {}, ...request } = options;
  const cwd = space.path;
  const { workflow, diagnostics } = await loadWorkflow("workflow.yaml", { cwd });
  const open = { cwd, hostCommand: HOST_COMMAND, placement };
  await using engine = await Engine.open(workflow, diagnostics, open);
  const events: Event[] = [];
  const { outcome } = await engine.run({
    targets: [],
    jobs: 2,
    ...request,
    onEvent(event) {
      events.push(event);
      request.onEvent?.(event);
    },
  });
  const values = new Map<string, unknown>();
  for (const name of workflow.nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name))) {
    try {
      const found = engine.output(name);
      if (found.kind === "value") values.set(name, found.value);
    } catch {
      // It was not made; who asks for it fails.
    }
  }
  return {
    outcome,
    events,
    executed: eventsOf({ events }, "started").map(({ node }) => node).sort(),
    value(name) {
      assertOk(values.has(name), `no value of ${name}`);
      return values.get(name);
    },
  };
}
