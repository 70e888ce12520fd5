/** Tests of the command executor without a sandbox: outputs, streams, failures, and that nothing survives. */

import { assertEquals, assertIncludes, assertMatches, assertOk } from "../../testing/assert.ts";
import {
  CommandRig,
  fileOutput,
  isAlive,
  pidsIn,
  until,
  valueInput,
  valueOutput,
} from "./command_rig.ts";

const SPAWNERS = ["native", "portable"] as const;

for (const spawner of SPAWNERS) {
  Deno.test(`CommandExecutor (${spawner}) runs an argv and stores its file output`, async () => {
    await using rig = new CommandRig({ spawner });
    const x = rig.file("data/a b.txt", "hello\n");
    const done = await rig.done({
      work: { argv: ["cp", "${in.x}", "${out.y}"] },
      inputs: [x],
      outputs: [fileOutput("y")],
    });
    assertEquals(done.outputs.map((o) => [o.name, o.kind, o.sizeBytes, o.executable]), [
      ["y", "file", 6, false],
    ]);
    assertEquals(rig.text(done.outputs[0]), "hello\n");
    assertEquals(done.notes, { sandbox: "none" });
    assertEquals(rig.leftovers(), []);
    await rig.executor[Symbol.asyncDispose]();
    assertEquals([...Deno.readDirSync(`${rig.dir}/.pipecache/tmp`)], []);
    assertEquals([...Deno.readDirSync(`${rig.dir}/.pipecache/runs/1`)], []);
  });

  Deno.test(`CommandExecutor (${spawner}) gives a command its environment and nothing else`, async () => {
    await using rig = new CommandRig({ spawner });
    Deno.env.set("FLOW_TEST_SECRET", "1");
    const done = await rig.done({
      work: { argv: ["env"], stdout: { output: "o", as: "lines" } },
      env: { A: "1=2 3" },
      outputs: [valueOutput("o")],
    });
    Deno.env.delete("FLOW_TEST_SECRET");
    const lines: string[] = JSON.parse(rig.text(done.outputs[0]));
    assertOk(lines.includes("A=1=2 3"));
    const names = lines.map((line) => line.split("=", 1)[0]);
    assertEquals(names.filter((n) => !/^(A|PATH|HOME|LANG|LC_.*|TMPDIR|TERM|PWD|_)$/.test(n)), []);
  });

  Deno.test(`CommandExecutor (${spawner}) kills a group that ignores SIGTERM`, async () => {
    await using rig = new CommandRig({ spawner });
    const pids = `${rig.root}/pids`;
    const action = rig.action({
      work: {
        script: `trap '' TERM; (echo $$; sh -c 'trap "" TERM; echo $$ >> ${pids}; sleep 1000') & ` +
          `echo $$ >> ${pids}; sleep 1000`,
      },
    });
    const completion = rig.start(action);
    const found = await pidsIn(pids, 2);
    rig.executor.abort(action.id, 50);
    const result = await completion;
    assertOk(result.kind === "failed");
    assertEquals(result.failure.reason, "aborted");
    await until(() => !found.some(isAlive), "the group is gone");
  });

  Deno.test(`CommandExecutor (${spawner}) stops a command that takes too long`, async () => {
    await using rig = new CommandRig({ spawner });
    const { failure } = await rig.failed({ work: { argv: ["sleep", "1000"] }, timeoutMs: 50 });
    assertEquals(failure.reason, "timeout");
    assertIncludes(failure.message, "0.05 s");
  });

  Deno.test(`CommandExecutor (${spawner}) lets a command clean up when it is aborted`, async () => {
    await using rig = new CommandRig({ spawner });
    const [ready, cleaned] = [`${rig.root}/ready`, `${rig.root}/cleaned`];
    const action = rig.action({
      work: {
        script: `trap 'echo bye > ${cleaned}; exit 0' TERM; echo $$ > ${ready}; ` +
          `while :; do sleep 0.01; done`,
      },
    });
    const completion = rig.start(action);
    await pidsIn(ready, 1);
    rig.executor.abort(action.id, 10_000);
    const result = await completion;
    assertOk(result.kind === "failed");
    assertEquals(result.failure.reason, "aborted");
    assertEquals(Deno.readTextFileSync(cleaned), "bye\n");
  });

  Deno.test(`CommandExecutor (${spawner}) kills background children after a normal exit`, async () => {
    await using rig = new CommandRig({ spawner });
    const pids = `${rig.root}/pids`;
    await rig.done({
      work: { script: `sleep 1000 & echo $! > ${pids}; (sleep 1000 & echo $! >> ${pids})` },
    });
    const found = await pidsIn(pids, 2);
    await until(() => !found.some(isAlive), "background children are gone");
  });

  Deno.test(`CommandExecutor (${spawner}) leaves no process behind when flow is killed`, async () => {
    await using rig = new CommandRig();
    const pids = `${rig.root}/pids`;
    const action = rig.action({
      work: { script: `sleep 1000 & echo $! >> ${pids}; echo $$ >> ${pids}; wait` },
    });
    const executorUrl = new URL("../../../core/executor/command.ts", import.meta.url).href;
    const driver = `${rig.root}/driver.ts`;
    Deno.writeTextFileSync(
      driver,
      `import { CommandExecutor } from ${JSON.stringify(executorUrl)};
      const options = ${JSON.stringify({ blobs: `${rig.root}/cache`, spawner })};
      const executor = new CommandExecutor(options);
      executor.submit([${JSON.stringify(action)}], () => {});
      // The event loop goes on: the command has been started and noted.
      setTimeout(() => Deno.writeTextFileSync("${rig.root}/noted", "1\\n"), 0);`,
    );
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--quiet", "--config", config, driver],
      stdin: "null",
    }).spawn();
    const found = await pidsIn(pids, 2);
    assertOk(found.every(isAlive));
    await pidsIn(`${rig.root}/noted`, 1);
    child.kill("SIGKILL");
    await child.status;
    await until(() => !found.some(isAlive), "the reaper has killed the group");
  });
}

Deno.test("CommandExecutor measures CPU time and memory of each command", async () => {
  await using rig = new CommandRig({ spawner: "native" });
  const [busy, idle] = await Promise.all([
    rig.done({ work: { script: "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done" } }),
    rig.done({ work: { argv: ["sleep", "0.05"] } }),
  ]);
  assertOk((busy.usage.cpuMs ?? 0) > 10);
  assertOk((idle.usage.cpuMs ?? 1e9) < (busy.usage.cpuMs ?? 0));
  assertOk(idle.usage.wallMs >= 50);
  // What is below the test's own memory cannot be told from it, and is left out.
  const ownMb = Number(/VmHWM:\s*(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]) /
    1e3;
  const mb = Math.ceil(ownMb) + 200;
  const argv = ["dd", "if=/dev/zero", "of=/dev/null", `bs=${mb}MB`, "count=1"];
  const big = await rig.done({ work: { argv } });
  assertOk((big.usage.maxRssBytes ?? 0) > mb * 1e6);
  const small = await rig.done({ work: { argv: ["true"] } });
  assertEquals(small.usage.maxRssBytes, undefined);
});

Deno.test("CommandExecutor accepts the codes in okCodes and reports others with the last messages", async () => {
  await using rig = new CommandRig();
  await rig.done({ work: { script: "exit 3", okCodes: [0, 3] } });
  const { failure } = await rig.failed({
    work: { script: "for i in 1 2 3; do echo line $i >&2; done; exit 4", okCodes: [0, 3] },
  });
  assertEquals(failure.reason, "exit");
  assertEquals(failure.exitCode, 4);
  assertEquals(failure.message, "Command failed with exit code 4\nline 1\nline 2\nline 3");
});

Deno.test("CommandExecutor shows stdout when a failed command wrote nothing to stderr", async () => {
  await using rig = new CommandRig();
  const { failure } = await rig.failed({ work: { script: "echo 'test x failed'; exit 1" } });
  assertIncludes(failure.message, "test x failed");
});

Deno.test("CommandExecutor names the signal that ended a command", async () => {
  await using rig = new CommandRig();
  const { failure } = await rig.failed({ work: { script: "kill -s SEGV $$" } });
  assertIncludes(failure.message, "SIGSEGV");
  assertEquals(failure.exitCode, undefined);
});

Deno.test("CommandExecutor stops a script at its first failure", async () => {
  await using rig = new CommandRig();
  const { failure } = await rig.failed({ work: { script: "false; echo reached" } });
  assertOk(!failure.message.includes("reached"));
  await rig.failed({ work: { script: "false | true", shell: "bash" } });
});

Deno.test("CommandExecutor keeps logs of what was written, also of a failure", async () => {
  await using rig = new CommandRig();
  const action = rig.action({ work: { script: "echo out; echo err >&2; exit 1" } });
  await rig.start(action);
  assertEquals(Deno.readTextFileSync(`${action.logPath}.stdout`), "out\n");
  assertEquals(Deno.readTextFileSync(`${action.logPath}.stderr`), "err\n");
});

Deno.test("CommandExecutor delivers streams as text, lines, JSON and files", async () => {
  await using rig = new CommandRig();
  const cases = [
    ["text", "printf 'a\\nb\\n'", '"a\\nb\\n"'],
    ["lines", "printf 'a\\r\\n\\nb'", '["a","","b"]'],
    ["lines", ":", "[]"],
    ["json", "echo '{\"b\": [1, 2.50]}'", '{"b":[1,2.5]}'],
  ] as const;
  for (const [as, script, expected] of cases) {
    const done = await rig.done({
      work: { script, stdout: { output: "o", as } },
      outputs: [valueOutput("o")],
    });
    assertEquals(rig.text(done.outputs[0]), expected);
  }
  const done = await rig.done({
    work: {
      script: "echo out; echo err >&2",
      stdout: { output: "o", as: "text" },
      stderr: { output: "e", as: "text" },
    },
    outputs: [fileOutput("o"), valueOutput("e")],
  });
  assertEquals(done.outputs.map((output) => rig.text(output)), ["out\n", '"err\\n"']);
});

Deno.test("CommandExecutor explains streams that are not what was declared", async () => {
  await using rig = new CommandRig();
  const failure = async (as: "text" | "json", script: string): Promise<string> => {
    const { failure } = await rig.failed({
      work: { script, stdout: { output: "o", as } },
      outputs: [valueOutput("o")],
    });
    assertEquals(failure.reason, "contract");
    return `${failure.message}; ${failure.hint}`;
  };
  assertMatches(await failure("text", "printf '\\377'"), /not UTF-8.*\{ file: … \}/);
  assertMatches(await failure("json", "echo '{oops'"), /as JSON: .*one JSON value/);
  assertMatches(await failure("json", ":"), /it is empty/);
});

Deno.test("CommandExecutor feeds files and values to stdin, and nothing by default", async () => {
  await using rig = new CommandRig();
  const run = async (input?: Parameters<typeof valueInput>[1]): Promise<string> => {
    const done = await rig.done({
      work: {
        argv: ["cat"],
        stdin: input === undefined ? undefined : "x",
        stdout: { output: "o", as: "text" },
      },
      inputs: input === undefined ? [] : [valueInput("x", input)],
      outputs: [valueOutput("o")],
    });
    return JSON.parse(rig.text(done.outputs[0]));
  };
  assertEquals(await run(), "");
  assertEquals(await run("a\nb"), "a\nb");
  assertEquals(await run({ a: [1] }), '{"a":[1]}');
  const done = await rig.done({
    work: { argv: ["cat"], stdin: "x", stdout: { output: "o", as: "text" } },
    inputs: [rig.file("in.txt", "from a file")],
    outputs: [fileOutput("o")],
  });
  assertEquals(rig.text(done.outputs[0]), "from a file");
  assertEquals(
    [...Deno.readDirSync(`${rig.dir}/.pipecache/runs/1`)].filter((e) => e.name.endsWith(".stdin")),
    [],
  );
});

Deno.test("CommandExecutor takes 10 MB of output into a file and into a value", async () => {
  await using rig = new CommandRig();
  const script = "head -c 10000000 /dev/zero | tr '\\0' x";
  const file = await rig.done({
    work: { script, stdout: { output: "o", as: "text" } },
    outputs: [fileOutput("o")],
  });
  assertEquals(file.outputs[0].sizeBytes, 10_000_000);
  const value = await rig.done({
    work: { script, stdout: { output: "o", as: "text" } },
    outputs: [valueOutput("o")],
  });
  assertEquals(value.outputs[0].text, undefined);
  assertEquals(value.outputs[0].sizeBytes, 10_000_002);
});

Deno.test("CommandExecutor says which output is missing, empty or of the wrong kind", async () => {
  await using rig = new CommandRig();
  const dir = { name: "d", kind: "dir", fileName: "d", allowEmpty: false } as const;
  const cases = [
    [
      "echo x > $(dirname ${out.y})/other.txt",
      fileOutput("y"),
      /it wrote "other\.txt".*\$\{out\.y\}/,
    ],
    [":", fileOutput("y"), /it wrote no output/],
    [": > ${out.y}", fileOutput("y"), /empty file.*allowEmpty/],
    ["mkdir ${out.y}", fileOutput("y"), /left a directory.*\{ dir: … \}/],
    ["ln -s /etc/passwd ${out.y}", fileOutput("y"), /symbolic link/],
    ["mkdir ${out.d}", dir, /empty directory/],
    ["echo > ${out.d}", dir, /left a file.*\{ file: … \}/],
  ] as const;
  for (const [script, output, pattern] of cases) {
    const { failure } = await rig.failed({ work: { script }, outputs: [output] });
    assertEquals(failure.reason, "contract");
    assertMatches(`${failure.message}; ${failure.hint}`, pattern);
  }
  const ok = await rig.done({ work: { script: ": > ${out.y}" }, outputs: [fileOutput("y", true)] });
  assertEquals(ok.outputs[0].sizeBytes, 0);
  assertEquals(rig.leftovers(), []);
});

Deno.test("CommandExecutor stores directories", async () => {
  await using rig = new CommandRig();
  const done = await rig.done({
    work: { script: "mkdir -p ${out.d}/sub; echo 1 > ${out.d}/a; echo 22 > ${out.d}/sub/b" },
    outputs: [{ name: "d", kind: "dir", fileName: "d", allowEmpty: false }],
  });
  assertEquals(done.outputs[0].sizeBytes, 5);
  assertEquals(
    rig.blobs.readTree(done.outputs[0].digest).map((entry) => entry.path).filter((p) =>
      p !== "sub"
    ),
    ["a", "sub/b"],
  );
});

Deno.test("CommandExecutor inserts paths relative to the working directory, and several values", async () => {
  await using rig = new CommandRig();
  const paths = [rig.file("sub/a.txt").path, rig.file("sub/-b.txt").path, rig.file("c.txt").path];
  const outside = `${rig.root}/outside.txt`;
  Deno.writeTextFileSync(outside, "");
  const done = await rig.done({
    work: {
      argv: ["printf", "%s\\n", "${in.g}", "${in.o}", "${in.v}", "--n=${params.m.n}"],
      cwd: `${rig.dir}/sub`,
      params: { "m.n": 3 },
      stdout: { output: "out", as: "lines" },
    },
    inputs: [
      { name: "g", kind: "files", paths },
      { ...rig.file("c.txt"), name: "o", path: outside },
      {
        name: "v",
        kind: "array",
        shape: [2],
        elements: [valueInput("v", "p q"), valueInput("v", [1, 2])],
      },
    ],
    outputs: [valueOutput("out")],
  });
  assertEquals(JSON.parse(rig.text(done.outputs[0])), [
    "a.txt",
    "./-b.txt",
    "../c.txt",
    outside,
    "p q",
    "[1,2]",
    "--n=3",
  ]);
});

Deno.test("CommandExecutor explains what it cannot start or fill", async () => {
  await using rig = new CommandRig();
  rig.file("noformat", "echo hi\n");
  Deno.chmodSync(`${rig.dir}/noformat`, 0o755);
  const cases = [
    [{ argv: ["no-such-program-here"] }, "unavailable", /no such program on PATH.*Install/s],
    [{ argv: ["./nothing"] }, "unavailable", /no such executable file.*chmod/s],
    [{ argv: ["./noformat"] }, "unavailable", /no known format/],
    [{ argv: ["true"], cwd: `${rig.dir}/gone` }, "unavailable", /working directory/],
    [{ argv: ["echo", "${in.zz}"] }, "contract", /no such name/],
    [{ argv: ["echo", "${params.zz}"] }, "contract", /no such parameter/],
    [{ script: "no-such-program-here" }, "exit", /installed and on PATH/],
  ] as const;
  for (const [work, reason, pattern] of cases) {
    const { failure } = await rig.failed({ work });
    assertEquals(failure.reason, reason, JSON.stringify(failure));
    assertMatches(`${failure.message}; ${failure.hint}`, pattern);
  }
});

Deno.test("CommandExecutor reports every action once, after submit has returned", async () => {
  await using rig = new CommandRig();
  const actions = Array.from({ length: 20 }, () => rig.action({ work: { argv: ["true"] } }));
  const reported: number[] = [];
  let hasReturned = false;
  await new Promise<void>((resolve) => {
    rig.executor.submit(actions, (completion) => {
      assertOk(hasReturned);
      assertEquals(completion.kind, "done");
      if (reported.push(completion.id) === actions.length) resolve();
    });
    hasReturned = true;
  });
  assertEquals(reported.toSorted((a, b) => a - b), actions.map((action) => action.id));
});

Deno.test("CommandExecutor kills running commands when it is disposed", async () => {
  await using rig = new CommandRig();
  const pids = `${rig.root}/pids`;
  const completion = rig.run({ work: { script: `echo $$ > ${pids}; sleep 1000` } });
  const found = await pidsIn(pids, 1);
  await rig.executor[Symbol.asyncDispose]();
  const result = await completion;
  assertOk(result.kind === "failed");
  assertEquals(result.failure.reason, "aborted");
  assertOk(!found.some(isAlive));
});
