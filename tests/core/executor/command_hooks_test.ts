/** Tests of what stands around a command: hooks, its exit code and command line as outputs, scripts with an interpreter. */

import type { Action, RunWork } from "../../../core/action.ts";
import { assertEquals, assertIncludes } from "../../testing/assert.ts";
import { CommandRig, fileOutput, isAlive, pidsIn, valueInput, valueOutput } from "./command_rig.ts";

const sh = (script: string) => ({ script, shell: "sh" });

/** Returns the log of an action, or nothing. */
function logOf({ logPath }: Action, stream: "stdout" | "stderr"): string {
  try {
    return Deno.readTextFileSync(`${logPath}.${stream}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Names of what lies beside the logs. */
function besideLogs({ logPath }: Action): string[] {
  const dir = logPath.slice(0, logPath.lastIndexOf("/"));
  return [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) => !name.startsWith("."))
    .sort();
}

for (const sandbox of ["off", "auto"] as const) {
  Deno.test(`hooks run around the command in its place, sandbox ${sandbox}`, async () => {
    await using rig = new CommandRig();
    const action = rig.action({
      inputs: [valueInput("x", "it's")],
      outputs: [fileOutput("o")],
      env: { V: "v" },
      work: {
        script: 'cat "${out.o}"; echo main; echo main-err >&2; echo 2 >> ${out.o}',
        shell: "sh",
        hooks: {
          before: sh("echo $V ${in.x} ${params.p} > ${out.o}; echo before; echo before-err >&2"),
          after: { argv: ["sh", "-c", 'echo 3 >> "$1"; echo after', "sh", "${out.o}"] },
        },
        params: { p: [1, 2] },
        sandbox,
      },
    });
    const completion = await rig.start(action);
    assertEquals(completion.kind, "done", JSON.stringify(completion));
    if (completion.kind !== "done") return;
    assertEquals(rig.text(completion.outputs[0]), "v it's 1 2\n2\n3\n");
    assertEquals(logOf(action, "stdout"), "before\nv it's 1 2\nmain\nafter\n");
    assertEquals(logOf(action, "stderr"), "before-err\nmain-err\n");
    assertEquals(besideLogs(action), ["1.stderr", "1.stdout"]);
  });
}

Deno.test("what hooks print is no part of a stream that is an output", async () => {
  await using rig = new CommandRig();
  const action = rig.action({
    outputs: [valueOutput("text"), fileOutput("errors", true)],
    work: {
      ...sh("echo main; echo oops >&2"),
      stdout: { output: "text", as: "text" },
      stderr: { output: "errors", as: "text" },
      hooks: { before: sh("echo before"), after: sh("echo after; echo after >&2") },
    },
  });
  const completion = await rig.start(action);
  assertEquals(completion.kind === "done" && completion.outputs.map((o) => rig.text(o)), [
    '"main\\n"',
    "oops\n",
  ]);
  assertEquals(logOf(action, "stdout"), "before\nmain\nafter\n");
  assertEquals(logOf(action, "stderr"), "after\n");
});

/** Hooks that end a node, what is said, and what of the others ran. */
const FAILING: readonly (readonly [hooks: RunWork["hooks"], message: string, log: string])[] = [
  [{ before: sh("echo b; exit 3") }, 'Hook "before": Command failed with exit code 3\nb', "b\n"],
  [
    { after: sh("echo a; echo bad >&2; exit 1") },
    'Hook "after": Command failed with exit code 1\nbad',
    "main\na\n",
  ],
  [
    { before: { argv: ["no-such-program"] } },
    'Hook "before": Cannot start "no-such-program": there is no such program on PATH',
    "",
  ],
  [{ before: sh("echo $((${in.x}))") }, 'Hook "before": Cannot use "y" in shell arithmetic', ""],
  [{ after: sh("rm ${out.o}") }, 'Cannot find output "o"', "main\n"],
];

for (const [hooks, message, log] of FAILING) {
  Deno.test(`a failing hook fails the node: ${JSON.stringify(hooks)}`, async () => {
    await using rig = new CommandRig();
    const action = rig.action({
      inputs: [valueInput("x", "y")],
      outputs: [fileOutput("o")],
      work: { ...sh("echo main; echo 1 > ${out.o}"), hooks },
    });
    const completion = await rig.start(action);
    if (completion.kind !== "failed") throw new Error("it did not fail");
    assertIncludes(completion.failure.message, message);
    assertEquals(logOf(action, "stdout"), log);
    assertEquals(rig.leftovers(), []);
  });
}

Deno.test("after does not run behind a failed command, and one timeout holds for all three", async () => {
  await using rig = new CommandRig();
  const failed = rig.action({ work: { ...sh("exit 4"), hooks: { after: sh("echo after") } } });
  assertEquals((await rig.start(failed)).kind, "failed");
  assertEquals(logOf(failed, "stdout"), "");
  for (const hooks of [{ before: sh("exec sleep 60") }, { after: sh("exec sleep 60") }]) {
    const { failure } = await rig.failed({ timeoutMs: 300, work: { ...sh("echo x"), hooks } });
    assertEquals(failure.reason, "timeout");
    assertIncludes(failure.message, "longer than 0.3 s");
  }
});

Deno.test("a stopped hook is gone, and nothing of the node runs behind it", async () => {
  await using rig = new CommandRig();
  const action = rig.action({
    work: {
      ...sh("echo main"),
      hooks: { before: sh("echo $$ > pids; exec sleep 60"), after: sh("echo after") },
    },
  });
  const end = rig.start(action);
  const [pid] = await pidsIn(`${rig.dir}/pids`, 1);
  rig.executor.abort(action.id, 0);
  const completion = await end;
  assertEquals(completion.kind === "failed" && completion.failure.reason, "aborted");
  assertEquals([isAlive(pid), logOf(action, "stdout")], [false, ""]);
});

Deno.test("the exit code and the command line are outputs", async () => {
  await using rig = new CommandRig();
  const input = rig.file("data/in.txt", "x");
  const { outputs } = await rig.done({
    inputs: [input, valueInput("n", [1, "a b"])],
    outputs: [valueOutput("code"), valueOutput("line"), fileOutput("o")],
    work: {
      argv: ["sh", "-c", 'cat "$1" > "$2"; exit 7', "sh", "${in.x}", "${out.o}", "${in.n}"],
      okCodes: [0, 7],
      exitCode: "code",
      commandLine: { output: "line", paths: { o: "out/o.txt" } },
    },
  });
  assertEquals(outputs.map(({ text }) => text && JSON.parse(text)), [
    7,
    ["sh", "-c", 'cat "$1" > "$2"; exit 7', "sh", "data/in.txt", "out/o.txt", "1", "a b"],
    undefined,
  ]);
});

Deno.test("as files they are JSON, and a script's values stand in front of its command line", async () => {
  await using rig = new CommandRig();
  const { outputs } = await rig.done({
    inputs: [valueInput("n", "it's")],
    outputs: [fileOutput("code"), fileOutput("line"), fileOutput("o")],
    work: {
      ...sh("echo ${in.n} > ${out.o}"),
      cwd: `${rig.dir}/.pipecache/tmp/a1`,
      exitCode: "code",
      commandLine: { output: "line", paths: { line: "l.json", code: "c.json", o: "out/o.txt" } },
    },
  });
  assertEquals(outputs.slice(0, 2).map((output) => rig.text(output)), [
    "0\n",
    JSON.stringify([
      "env",
      "FLOW_1=it's",
      "FLOW_2=out/o.txt",
      "sh",
      "-ec",
      'echo "${FLOW_1}" > "${FLOW_2}"',
    ]) + "\n",
  ]);
});

const SHOW = `
import json, os, sys
names = sorted(n for n in os.environ if n.startswith("FLOW_"))
with open(os.environ["FLOW_OUT_o"], "w") as out:
    json.dump([{n: os.environ[n] for n in names}, len(sys.argv), "$\${in.x}"], out)
`;

/** Values nothing may be confused by. */
const NASTY = `"'\`$(touch pwned)\${HOME}\n;&|\\ ü`;

for (const sandbox of ["off", "auto"] as const) {
  Deno.test(`a script runs by the interpreter it names, sandbox ${sandbox}`, async () => {
    await using rig = new CommandRig();
    const files = { name: "fs", kind: "files", paths: ["a b", "c"] } as const;
    const action = rig.action({
      inputs: [
        valueInput("x", NASTY),
        valueInput("a-list", [1, null, "x"]),
        valueInput("data", { a: [1] }),
        { ...rig.file("data/in.txt", "x"), name: "file" },
        { ...files, paths: files.paths.map((name) => rig.file(name).path) },
      ],
      outputs: [fileOutput("o")],
      work: { script: `#!/usr/bin/env python3${SHOW}`, shell: "#!", sandbox },
    });
    const completion = await rig.start(action);
    if (completion.kind !== "done") throw new Error(JSON.stringify(completion));
    assertEquals(JSON.parse(rig.text(completion.outputs[0])), [
      {
        FLOW_IN_a_list: '[1,null,"x"]',
        FLOW_IN_data: '{"a":[1]}',
        FLOW_IN_file: "data/in.txt",
        FLOW_IN_fs: "a b\nc",
        FLOW_IN_x: NASTY,
        FLOW_OUT_o: `.pipecache/tmp/a${action.id}/o.txt`,
      },
      1,
      "${in.x}",
    ]);
    assertEquals(besideLogs(action), []);
  });
}

Deno.test("a script for a named shell may hold references", async () => {
  await using rig = new CommandRig();
  const { outputs } = await rig.done({
    inputs: [valueInput("x", NASTY)],
    outputs: [valueOutput("o"), valueOutput("line")],
    work: {
      script: '#!/bin/sh -u\nprintf %s ${in.x}; test "$FLOW_IN_x" = ${in.x}\n',
      shell: "#!",
      stdout: { output: "o", as: "text" },
      commandLine: { output: "line", paths: {} },
    },
  });
  assertEquals(outputs.map(({ text }) => JSON.parse(text ?? "")), [
    NASTY,
    ["env", `FLOW_1=${NASTY}`, `FLOW_IN_x=${NASTY}`, "/bin/sh", "-u", "script"],
  ]);
});

Deno.test("hooks may name an interpreter too", async () => {
  await using rig = new CommandRig();
  const before = `#!/usr/bin/env python3
import os
open(os.environ["FLOW_OUT_o"], "w").write("by python\\n")
`;
  const { outputs } = await rig.done({
    outputs: [fileOutput("o")],
    work: { argv: ["sh", "-c", "true"], hooks: { before: { script: before, shell: "#!" } } },
  });
  assertEquals(rig.text(outputs[0]), "by python\n");
});

/** Scripts that cannot start or cannot get their values. */
const UNFIT: readonly (readonly [script: string, value: unknown, message: string, hint: string])[] =
  [
    [
      "#!/no/such/thing\n",
      1,
      'Cannot start "/no/such/thing": there is no such executable file',
      "Check the path",
    ],
    ["#!python3\n", 1, "Cannot tell what runs the script", "#!/usr/bin/env python3"],
    ["#!/usr/bin/env python3\n", "a\0b", "holds a NUL character", "through a file or stdin"],
    ["#!/usr/bin/env python3\n", "x".repeat(200_000), "too many for the system", "stdin"],
    ["#!/usr/bin/env python3\n", new Map([[1, 2]]), "type Map", "JSON data"],
  ];

for (const [script, value, message, hint] of UNFIT) {
  Deno.test(`a script is refused: ${message}`, async () => {
    await using rig = new CommandRig();
    const { encodeValue } = await import("../../../core/base/value.ts");
    const { text = "" } = encodeValue(value);
    const input = { ...valueInput("x", ""), text };
    const { failure } = await rig.failed({ inputs: [input], work: { script, shell: "#!" } });
    assertIncludes(failure.message, message);
    assertIncludes(failure.hint ?? "", hint);
  });
}
