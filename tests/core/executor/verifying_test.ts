/** Tests of executing twice: what is compared, what is reported, what is stopped. */

import type { Action, Completion, OutputResult } from "../../../core/action.ts";
import { digestOf } from "../../../core/base/digest.ts";
import { compareOutputs } from "../../../core/executor/compare_outputs.ts";
import type { Executor } from "../../../core/executor/executor.ts";
import { VerifyingExecutor } from "../../../core/executor/verifying.ts";
import { Blobs } from "../../../core/store/blobs.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";

const usage = { startedAt: 0, wallMs: 1 };

/** An executor that ends actions when the test says so. */
class RiggedExecutor implements Executor {
  readonly name = "rigged";
  readonly batchSize = 7;
  readonly submitted: Action[] = [];
  readonly aborted: (readonly [number, number])[] = [];
  isDisposed = false;
  readonly #reports = new Map<number, (completion: Completion) => void>();

  submit(actions: readonly Action[], report: (completion: Completion) => void): void {
    for (const action of actions) {
      this.submitted.push(action);
      this.#reports.set(action.id, report);
    }
  }

  abort(id: number, graceMs: number): void {
    this.aborted.push([id, graceMs]);
  }

  pidOf(id: number): number | undefined {
    return id;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }

  /** Ends the action that was submitted last. */
  endLast(end: { outputs: readonly OutputResult[] } | { reason: "threw" | "aborted" }): void {
    const { id } = this.submitted[this.submitted.length - 1];
    const report = this.#reports.get(id);
    assertOk(report !== undefined, `action ${id} has ended`);
    this.#reports.delete(id);
    report(
      "reason" in end
        ? { id, kind: "failed", failure: { reason: end.reason, message: "no\nmore" }, usage }
        : { id, kind: "done", outputs: end.outputs, usage },
    );
  }
}

function value(text: string): OutputResult {
  return { name: "y", kind: "value", digest: digestOf(text), sizeBytes: text.length, text };
}

function actionOf(id: number, more: Partial<Action> = {}): Action {
  return {
    id,
    node: `n${id}`,
    attempt: 1,
    work: { kind: "call", closure: digestOf(""), module: "file:///n.ts", export: "f", sh: [] },
    inputs: [],
    outputs: [{ name: "y", kind: "value", allowEmpty: false }],
    scope: { read: [], write: [], net: [], sys: [], ffi: [], import: [] },
    env: {},
    isolate: "pooled",
    privateDir: `/tmp/${id}`,
    logPath: `/logs/${id}`,
    ...more,
  };
}

function rig() {
  const inner = new RiggedExecutor();
  const found: string[] = [];
  const reported: Completion[] = [];
  const executor = new VerifyingExecutor(inner, {
    blobs: new Blobs("/nowhere"),
    isVerified: ({ node }) => node !== "n9",
    onDifference: ({ node }, { output, text }) => found.push(`${node}.${output}: ${text}`),
  });
  const submit = (...actions: Action[]) =>
    executor.submit(actions, (completion) => reported.push(completion));
  return { inner, found, reported, executor, submit };
}

Deno.test("VerifyingExecutor reports the first execution after the second, with what differs", () => {
  const { inner, found, reported, submit } = rig();
  submit(actionOf(1));
  inner.endLast({ outputs: [value('{"a":1}')] });
  assertEquals([inner.submitted.length, reported.length], [2, 0]);
  inner.endLast({ outputs: [value('{"a":2}')] });
  assertEquals(found, ["n1.y: $.a: 1, then 2"]);
  assertEquals(reported, [{ id: 1, kind: "done", outputs: [value('{"a":1}')], usage }]);
});

Deno.test("VerifyingExecutor gives the second execution a place and a worker of its own", () => {
  const { inner, found, submit } = rig();
  const command = {
    kind: "run",
    argv: ["x"],
    workflowDir: "/w",
    okCodes: [0],
    params: {},
    sandbox: "off",
  } as const;
  submit(actionOf(1, { work: { ...command, cwd: "/tmp/1" } }));
  inner.endLast({ outputs: [value("1")] });
  const { id, ...second } = inner.submitted[1];
  assertOk(id > 2 ** 31);
  const { id: _, ...wanted } = actionOf(1, {
    work: { ...command, cwd: "/tmp/1.again" },
    privateDir: "/tmp/1.again",
    logPath: "/logs/1.again",
    isolate: "fresh",
  });
  assertEquals(second, wanted);
  inner.endLast({ outputs: [value("1")] });
  assertEquals(found, []);
});

Deno.test("VerifyingExecutor executes once what failed, and what it is not asked to verify", () => {
  const { inner, found, reported, submit } = rig();
  submit(actionOf(1));
  inner.endLast({ reason: "threw" });
  submit(actionOf(9));
  inner.endLast({ outputs: [value("1")] });
  assertEquals(inner.submitted.map(({ node }) => node), ["n1", "n9"]);
  assertEquals(reported.map(({ id, kind }) => [id, kind]), [[1, "failed"], [9, "done"]]);
  assertEquals(found, []);
});

Deno.test("VerifyingExecutor: a second execution that fails is a difference, one that is stopped is none", () => {
  const { inner, found, reported, executor, submit } = rig();
  submit(actionOf(1));
  inner.endLast({ outputs: [value("1")] });
  inner.endLast({ reason: "threw" });
  assertEquals(found, ["n1.y: the second execution failed: no"]);
  submit(actionOf(2));
  executor.abort(2, 5);
  assertEquals(executor.pidOf(2), 2);
  inner.endLast({ outputs: [value("1")] });
  executor.abort(2, 6);
  assertEquals(executor.pidOf(2), inner.submitted[3].id);
  inner.endLast({ reason: "aborted" });
  assertEquals(inner.aborted, [[2, 5], [inner.submitted[3].id, 6]]);
  assertEquals(reported.map(({ id, kind }) => [id, kind]), [[1, "done"], [2, "done"]]);
  assertEquals(found.length, 1);
});

Deno.test("VerifyingExecutor: a blob that cannot be read is said, not thrown", () => {
  const { inner, found, reported, submit } = rig();
  const lost = (text: string): OutputResult => (
    { name: "y", kind: "value", digest: digestOf(text), sizeBytes: 9 }
  );
  submit(actionOf(1));
  inner.endLast({ outputs: [lost("a")] });
  inner.endLast({ outputs: [lost("b")] });
  assertEquals(reported.length, 1);
  assertEquals(found.length, 1);
  assertOk(found[0].startsWith("n1.y: "));
});

Deno.test("VerifyingExecutor is disposed of with what it stands before", async () => {
  const { inner, executor } = rig();
  await executor[Symbol.asyncDispose]();
  assertEquals([inner.isDisposed, executor.name, executor.batchSize], [true, "rigged", 7]);
});

/** A store with the files of two trees. */
class Fixture implements Disposable {
  readonly dir = Deno.makeTempDirSync();
  readonly blobs = new Blobs(`${this.dir}/store`);
  #count = 0;

  file(text: string, executable = false): OutputResult {
    const digest = this.blobs.put(new TextEncoder().encode(text));
    return { name: "f", kind: "file", digest, sizeBytes: text.length, executable };
  }

  tree(files: Readonly<Record<string, string>>): OutputResult {
    const dir = `${this.dir}/tree${this.#count++}`;
    for (const [name, text] of Object.entries(files)) {
      Deno.mkdirSync(`${dir}/${name.slice(0, Math.max(0, name.lastIndexOf("/")))}`, {
        recursive: true,
      });
      Deno.writeTextFileSync(`${dir}/${name}`, text);
    }
    return { name: "f", kind: "dir", ...this.blobs.adoptTree(dir) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}

const FILES: readonly (readonly [a: string, b: string, text: string])[] = [
  ["ab\ncd\n", "ab\ncx\n", "byte offset 4 (line 2)"],
  ["ab", "ab\n", "byte offset 2 (line 1), where the first one ends"],
  ["ab\nc", "ab\n", "byte offset 3 (line 2), where the second one ends"],
  ["x\n".repeat(70_000) + "a", "x\n".repeat(70_000) + "b", "byte offset 140000 (line 70001)"],
];

Deno.test("compareOutputs() says where files and directories part", () => {
  using fixture = new Fixture();
  const { blobs } = fixture;
  const textOf = (a: OutputResult, b: OutputResult): string | undefined =>
    compareOutputs([a], [b], () => blobs)[0]?.text;
  for (const [a, b, text] of FILES) assertEquals(textOf(fixture.file(a), fixture.file(b)), text);
  assertEquals(textOf(fixture.file("x"), fixture.file("x")), undefined);
  assertEquals(
    textOf(fixture.file("x"), fixture.file("x", true)),
    "it was executable only the second time",
  );
  const tree = fixture.tree({ "a": "1", "s/b": "one\ntwo" });
  assertEquals(textOf(tree, fixture.tree({ "a": "1", "s/b": "one\ntwo" })), undefined);
  assertEquals(
    textOf(tree, fixture.tree({ "a": "1", "s/b": "one\nTwo" })),
    '"s/b", byte offset 4 (line 2)',
  );
  assertEquals(textOf(tree, fixture.tree({ "a": "1" })), '"s/b" was made only by the first');
  assertEquals(
    textOf(tree, fixture.tree({ "a": "1", "s/b": "one\ntwo", "s/a": "" })),
    '"s/a" was made only by the second',
  );
  const hashed = (text: string) => ({ ...fixture.file(text), hash: "same" });
  assertEquals(compareOutputs([hashed("x")], [hashed("y")], () => blobs), []);
  assertEquals(compareOutputs([fixture.file("x")], [], () => blobs), [
    { output: "f", text: "it is missing" },
  ]);
});
