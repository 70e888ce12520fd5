/** Tests of one executor for several runs: whose completion is whose, and what the end of a run stops. */

import type { Action, Completion } from "../../../core/action.ts";
import type { Executor } from "../../../core/executor/executor.ts";
import { SharedExecutor } from "../../../core/executor/shared_executor.ts";
import { assertEquals } from "../../testing/assert.ts";

/** An executor that ends actions when the test says so. */
class RiggedExecutor implements Executor {
  readonly name = "rigged";
  readonly batchSize = 7;
  readonly submitted: string[] = [];
  readonly aborted: (readonly [node: string, graceMs: number])[] = [];
  isDisposed = false;
  readonly #actions = new Map<number, readonly [Action, (completion: Completion) => void]>();

  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    for (const action of actions) {
      if (this.#actions.has(action.id)) throw new Error(`number ${action.id} is used twice`);
      this.submitted.push(action.node);
      this.#actions.set(action.id, [action, report]);
    }
  }

  abort(id: number, graceMs: number): void {
    this.aborted.push([this.#actions.get(id)?.[0].node ?? "?", graceMs]);
  }

  pidOf(id: number): number | undefined {
    return this.#actions.has(id) ? 1000 + id : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }

  /** Ends the action of a node. */
  end(node: string): void {
    for (const [id, [action, report]] of this.#actions) {
      if (action.node === node) report({ id, kind: "done", outputs: [], usage });
    }
  }
}

const usage = { startedAt: 0, wallMs: 1 };

function actionOf(id: number, node: string): Action {
  return {
    ...{ id, node, attempt: 1, work: { kind: "run", argv: ["true"] }, inputs: [], outputs: [] },
    ...{ privateDir: "/p", logPath: "/l" },
  } as unknown as Action;
}

Deno.test("SharedExecutor: runs may use the same numbers", () => {
  const inner = new RiggedExecutor();
  const shared = new SharedExecutor(inner, "/all");
  const [a, b] = [shared.share(), shared.share()];
  const ended: string[] = [];
  a.submit([actionOf(1, "a1"), actionOf(2, "a2")], ({ id }) => ended.push(`a${id}`));
  b.submit([actionOf(1, "b1")], ({ id }) => ended.push(`b${id}`));
  assertEquals(inner.submitted, ["a1", "a2", "b1"]);
  inner.end("b1");
  inner.end("a2");
  assertEquals(ended, ["b1", "a2"]);
  assertEquals([a.pidOf(1), a.pidOf(2), b.pidOf(1)], [1001, undefined, undefined]);
  a.abort(1, 5);
  b.abort(1, 5);
  assertEquals(inner.aborted, [["a1", 5]]);
  assertEquals([a.name, a.batchSize], ["rigged", 7]);
});

Deno.test("SharedExecutor: the end of one run stops what is its, and is reported to nobody", async () => {
  const inner = new RiggedExecutor();
  const shared = new SharedExecutor(inner, "/all");
  const ended: string[] = [];
  const b = shared.share();
  b.submit([actionOf(1, "b1")], ({ id }) => ended.push(`b${id}`));
  {
    await using a = shared.share();
    a.submit([actionOf(1, "a1")], ({ id }) => ended.push(`a${id}`));
  }
  inner.end("a1");
  inner.end("b1");
  assertEquals([inner.aborted, ended, inner.isDisposed], [[["a1", 0]], ["b1"], false]);
});
