/** When a run may be skipped without looking at the workflow. */

import { createContext } from "../../cli/context.ts";
import type { WorkflowFlags } from "../../cli/flags.ts";
import { recall } from "../../cli/recall.ts";
import { writeMemo } from "../../core/memo.ts";
import type { SelectRequest } from "../../core/select.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { TemporaryDirectory } from "./flow.ts";

const FLAGS: WorkflowFlags = { color: "auto", debug: false };

/** Asks for a command in a directory. */
async function ask(
  dir: string,
  flags: Partial<WorkflowFlags> = {},
  request: Partial<SelectRequest> = {},
) {
  const context = { ...createContext(), cwd: dir };
  return await recall(
    context,
    { ...FLAGS, ...flags },
    { file: undefined, dir, names: [] },
    { targets: [], ...request },
  );
}

/** Remembers the plain command, as if its files had been there for long. */
async function remembered(): Promise<TemporaryDirectory> {
  const dir = new TemporaryDirectory().write({ "workflow.yaml": "name: a\n", ".pipecache/x": "" });
  const asked = await ask(dir.path);
  assertOk(asked !== undefined && !asked.isCurrent);
  const isWritten = writeMemo(`${dir.path}/.pipecache`, {
    identity: asked.identity,
    counts: { hit: 1, done: 0, failed: 0, skipped: 0 },
    env: {},
    paths: [`${dir.path}/workflow.yaml`],
    now: Date.now() + 60_000,
  });
  assertOk(isWritten);
  return dir;
}

Deno.test("recall() knows the same command while no file changes", async () => {
  using dir = await remembered();
  assertEquals((await ask(dir.path))?.isCurrent, true);
  dir.write({ "workflow.yaml": "name: b\n# more\n" });
  assertEquals((await ask(dir.path))?.isCurrent, false);
});

Deno.test("recall() knows no other command", async () => {
  using dir = await remembered();
  const others = [
    ask(dir.path, { set: ["a=1"] }),
    ask(dir.path, { params: ["p.yaml"] }),
    ask(dir.path, { input: [["a", "1"]] }),
    ask(dir.path, { cacheDir: "other" }),
    ask(dir.path, {}, { targets: ["a"] }),
    ask(dir.path, {}, { only: ["a"] }),
    ask(dir.path, {}, { skip: ["a"] }),
  ];
  for (const other of others) assertEquals((await other)?.isCurrent, false);
});

Deno.test("recall() leaves alone what it cannot know from files", async () => {
  using dir = await remembered();
  assertEquals(await ask(dir.path, { input: [["a", "-"]] }), undefined);
  dir.write({ "other.flow.yaml": "" });
  assertEquals(await ask(dir.path), undefined, "two workflows: which one is meant is an error");
  using script = new TemporaryDirectory().write({ "workflow.ts": "" });
  assertEquals(await ask(script.path), undefined);
});
