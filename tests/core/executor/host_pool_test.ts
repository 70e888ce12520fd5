/** Tests of the pool of hosts: order, aborts, timeouts, deaths, hosts that do not start. */

import { assertEquals, assertMatches } from "../../testing/assert.ts";
import { until } from "../../testing/space.ts";
import { gist, HOST_COMMAND, HostRig } from "../../testing/host_rig.ts";
import { HostPool } from "../../../core/executor/host_pool.ts";
import { encodeFrame } from "../../../core/executor/frame.ts";

const SOURCE = `
export const id = ({ n }) => n;
export function loop({ flag }, ctx) { ctx.log("started"); for (;;); }
export async function wait(_, ctx) { ctx.log("started"); await new Promise((ok) => ctx.signal.addEventListener("abort", ok)); return "aborted nicely" }
export async function stubborn(_, ctx) { ctx.log("started"); await new Promise((ok) => setInterval(() => {}, 1000)); }
export function eat() { const a = []; for (;;) a.push(new Array(1000).fill(Math.random())) }
export async function child(_, ctx) { ctx.log("started"); await ctx.sh(["sleep", "1000"]) }
`;

/** Resolves when the action has printed: then it runs for sure. */
async function hasStarted(logPath: string): Promise<void> {
  while (true) {
    try {
      if (Deno.readTextFileSync(`${logPath}.stdout`) !== "") return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("HostPool reports every action exactly once, over batches and slots", async () => {
  await using rig = new HostRig(SOURCE, { slots: 2 });
  const actions = Array.from({ length: 3000 }, (_, n) => rig.action({ export: "id", args: { n } }));
  const texts = (await rig.run(actions)).map(gist);
  assertEquals(texts, actions.map((_, n) => String(n)));
});

Deno.test("HostPool fails only the action that exceeds its timeout", async () => {
  await using rig = new HostRig(SOURCE);
  const sketch = (n: number) => rig.action({ export: "id", args: { n }, timeoutMs: 60_000 });
  const texts = (await rig.run([
    sketch(1),
    rig.action({ export: "loop", timeoutMs: 200 }),
    sketch(2),
    sketch(3),
  ])).map(gist);
  assertEquals([texts[0], texts[2], texts[3]], ["1", "2", "3"]);
  assertMatches(texts[1], /^timeout: The function did not end within 0.2 s$/);
});

Deno.test("HostPool finds the action that killed a host among many quick ones", async () => {
  await using rig = new HostRig(SOURCE, { v8HeapMiB: 48 });
  const sketch = (n: number) => rig.action({ export: "id", args: { n } });
  await rig.run(Array.from({ length: 50 }, (_, n) => sketch(n)));
  const actions = Array.from(
    { length: 40 },
    (_, n) => n === 20 ? rig.action({ export: "eat" }) : sketch(n),
  );
  const texts = (await rig.run(actions)).map(gist);
  assertMatches(texts[20], /^memory: .*limit 48 MiB/);
  assertEquals(texts.toSpliced(20, 1), actions.map((_, n) => String(n)).toSpliced(20, 1));
});

Deno.test("HostPool moves waiting actions from a busy host to an idle one", async () => {
  await using rig = new HostRig(SOURCE, { slots: 2 });
  // The pool learns that `id` is quick, so it would put many behind a slow one of the same node.
  await rig.run(Array.from({ length: 100 }, (_, n) => rig.action({ export: "id", args: { n } })));
  const slow = rig.action({ export: "wait", node: "id" });
  const rest = Array.from({ length: 20 }, (_, n) => rig.action({ export: "id", args: { n } }));
  const texts: string[] = [];
  const all = new Promise<void>((resolve) => {
    rig.pool.submit([slow, ...rest], (completion) => {
      texts.push(gist(completion));
      // The slow one ends only when all others have been reported.
      if (texts.length === rest.length) rig.pool.abort(slow.id, 60_000);
      if (texts.length === rest.length + 1) resolve();
    });
  });
  await all;
  assertEquals(texts.at(-1), "aborted: The run was stopped");
});

for (const name of ["wait", "stubborn", "loop", "child"]) {
  Deno.test(`HostPool aborts a running action: ${name}`, async () => {
    await using rig = new HostRig(SOURCE);
    const running = rig.action({ export: name, sh: ["sleep"] });
    const queued = rig.action({ export: "id", args: { n: 1 } });
    const after = rig.action({ export: "id", args: { n: 2 } });
    const done = rig.run([running, queued, after]);
    await hasStarted(running.logPath);
    rig.pool.abort(queued.id, 0);
    rig.pool.abort(running.id, name === "wait" ? 60_000 : 20);
    assertEquals((await done).map(gist), [
      "aborted: The run was stopped",
      "aborted: The run was stopped",
      "2",
    ]);
  });
}

Deno.test("HostPool kills the programs of a host with it", async () => {
  await using rig = new HostRig(SOURCE);
  const marker = String(3e8 + Math.floor(Math.random() * 1e8));
  const source = `export const f = (_, ctx) => ctx.sh(["sleep", "${marker}"])`;
  const action = rig.action({ export: "f", sh: ["sleep"], timeoutMs: 300 }, rig.closure(source));
  const [completion] = await rig.run([action]);
  assertMatches(gist(completion), /^timeout/);
  // A killed program is seen until the system has ended it.
  const isThere = (): boolean => {
    const { stdout } = new Deno.Command("ps", { args: ["-eo", "args"] }).outputSync();
    return new TextDecoder().decode(stdout).includes(`sleep ${marker}`);
  };
  await until(() => !isThere(), () => "the end of the program");
});

Deno.test("HostPool reports what still runs as aborted when it is disposed", async () => {
  const rig = new HostRig(SOURCE);
  const actions = [rig.action({ export: "loop" }), rig.action({ export: "loop" })];
  const done = rig.run(actions);
  await hasStarted(actions[0].logPath);
  await rig[Symbol.asyncDispose]();
  assertEquals((await done).map(gist), Array(2).fill("aborted: The run was stopped"));
});

Deno.test("HostPool fails all actions when hosts cannot start", async (t) => {
  await using rig = new HostRig(SOURCE);
  for (
    const command of [["/no/such/program"], [Deno.execPath(), "eval", "throw new Error('no')"]]
  ) {
    await t.step(command[0], async () => {
      await using pool = new HostPool({ slots: 2, command, blobsDir: rig.dir });
      const actions = [1, 2, 3].map((n) => rig.action({ export: "id", args: { n } }));
      const texts: string[] = [];
      await new Promise<void>((resolve) => {
        pool.submit(actions, (completion) => {
          texts.push(gist(completion));
          if (texts.length === actions.length) resolve();
        });
      });
      for (const text of texts) assertMatches(text, /^unavailable: Cannot start a host process/);
    });
  }
});

Deno.test("HostPool keeps a prewarmed host for the first action", async () => {
  await using rig = new HostRig(SOURCE);
  rig.pool.prewarm();
  assertEquals(gist(await rig.one({ export: "id", args: { n: 5 } })), "5");
});

Deno.test("a host ends when its coordinator is gone, even with an endless loop in a worker", async () => {
  await using rig = new HostRig(SOURCE);
  const action = rig.action({ export: "loop" });
  const [program, ...args] = HOST_COMMAND;
  const host = new Deno.Command(program, { args, stdin: "piped", stdout: "null" }).spawn();
  const writer = host.stdin.getWriter();
  await writer.write(
    encodeFrame({ kind: "setup", token: "t", blobsDir: `${rig.dir}/store` }, ""),
  );
  await writer.write(encodeFrame({ kind: "run", actions: [action] }, ""));
  await hasStarted(action.logPath);
  await writer.close();
  assertEquals((await host.status).code, 0);
});

Deno.test("hosts keep a large shared input between actions", async () => {
  await using rig = new HostRig(
    "export const f = ({ v, i }) => [v.length, v[0].x, Object.isFrozen(v), i]",
  );
  const v = Array.from({ length: 5000 }, () => ({ x: 1 }));
  const actions = [0, 1, 2].map((i) => rig.action({ export: "f", args: { v, i } }));
  const texts = (await rig.run(actions)).map(gist);
  assertEquals(texts, ["[5000,1,true,0]", "[5000,1,true,1]", "[5000,1,true,2]"]);
});

Deno.test("HostPool removes the private files of a host that it killed", async () => {
  await using rig = new HostRig(
    "export const f = (_, ctx) => { Deno.writeTextFileSync(ctx.out.o, 'x'); for (;;); }",
  );
  const outputs = [{ name: "o", kind: "file", allowEmpty: false }] as const;
  assertMatches(gist(await rig.one({ export: "f", outputs, timeoutMs: 300 })), /^timeout/);
  assertEquals([...Deno.readDirSync(`${rig.dir}/tmp`)], []);
});

Deno.test("a worker in which a call goes on is not used again", async () => {
  await using rig = new HostRig(
    `let ticks = 0, count = 0;
     export const f = ({ leave }) => { if (leave) setInterval(() => ticks++, 1); return ++count }`,
  );
  const actions = [false, true, false].map((leave) => rig.action({ export: "f", args: { leave } }));
  assertEquals((await rig.run(actions)).map(gist), ["1", "2", "1"]);
});
