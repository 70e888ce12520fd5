/** Tests of confined commands. Where bubblewrap does not work they are shown as ignored. */

import {
  deniedAccess,
  findBubblewrap,
  findProgram,
  programsNamedIn,
  sandboxArgs,
  type SandboxOptions,
} from "../../../core/executor/sandbox.ts";
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

const ignore = await findBubblewrap() === undefined;
if (ignore) console.warn("bubblewrap does not work here: tests of confined commands are ignored");

const scope = { read: [], write: [], net: [], sys: [], ffi: [], import: [] };

Deno.test({
  name: "sandbox shows declared files only, at their own places",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const x = rig.file("data/in.txt", "in\n");
    rig.file("data/secret.txt", "secret\n");
    const extra = rig.file("extra/e.txt", "extra\n");
    const done = await rig.done({
      work: {
        sandbox: "strict",
        script:
          "cat ${in.x} extra/e.txt; ls data; ls; ls $HOME /tmp; pwd; cat > ${out.y} < ${in.x}",
        stdout: { output: "o", as: "lines" },
      },
      inputs: [x],
      outputs: [valueOutput("o"), fileOutput("y")],
      scope: { ...scope, read: [extra.path] },
    });
    const lines: string[] = JSON.parse(rig.text(done.outputs[0]));
    assertEquals(lines.slice(0, 3), ["in", "extra", "in.txt"]);
    assertEquals(lines.at(-1), rig.dir);
    assertOk(!lines.includes("secret.txt"));
    assertEquals(rig.text(done.outputs[1]), "in\n");
    assertEquals(done.notes, { sandbox: "bubblewrap" });
    assertEquals(rig.leftovers(), []);
  },
});

Deno.test({
  name: "sandbox failures name the undeclared file and how to declare it",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    rig.file("data/extra.csv", "1\n");
    const read = await rig.failed({ work: { sandbox: "auto", argv: ["cat", "data/extra.csv"] } });
    assertEquals(
      read.failure.hint,
      '"data/extra.csv" exists but is not declared: add it under inputs or allow.read',
    );
    assertEquals(read.failure.denied, { permission: "read", value: "data/extra.csv" });
    const write = await rig.failed({ work: { sandbox: "auto", script: "echo 1 > new.csv" } });
    assertEquals(write.failure.denied, { permission: "write", value: "new.csv" });
    const typo = await rig.failed({ work: { sandbox: "auto", argv: ["cat", "data/typo.csv"] } });
    assertEquals(typo.failure.hint, undefined);
  },
});

Deno.test({
  name: "sandbox keeps declared inputs from being changed and lets declared paths be written",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const x = rig.file("data/in.txt", "in\n");
    const { failure } = await rig.failed({
      work: { sandbox: "strict", script: "echo changed > ${in.x}" },
      inputs: [x],
    });
    assertEquals(failure.reason, "exit");
    assertEquals(Deno.readTextFileSync(x.path), "in\n");
    Deno.mkdirSync(`${rig.dir}/state`);
    const write = [`${rig.dir}/state`];
    await rig.done({
      work: { sandbox: "strict", script: "echo 1 > state/n" },
      scope: { ...scope, write },
    });
    assertEquals(Deno.readTextFileSync(`${rig.dir}/state/n`), "1\n");
    const gone = await rig.failed({
      work: { sandbox: "strict", argv: ["true"] },
      scope: { ...scope, write: [`${rig.dir}/gone`] },
    });
    assertIncludes(gone.failure.message, "does not exist");
  },
});

Deno.test({
  name: "sandbox has a network only if it is allowed",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = (listener.addr as Deno.NetAddr).port;
    const accepted = (async () => {
      for await (const connection of listener) connection.close();
    })();
    const work = {
      sandbox: "strict",
      argv: ["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`],
    } as const;
    await rig.failed({ work });
    await rig.done({ work, scope: { ...scope, net: ["127.0.0.1"] } });
    listener.close();
    await accepted;
  },
});

Deno.test({
  name: "sandbox passes exit codes, environment, stdin and private HOME through",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const { failure } = await rig.failed({ work: { sandbox: "strict", script: "exit 7" } });
    assertEquals(failure.exitCode, 7);
    const done = await rig.done({
      work: {
        sandbox: "strict",
        script: 'cat; echo "$A ${params.p} $HOME"; echo 1 > ~/x; exit 2',
        stdin: "x",
        okCodes: [2],
        params: { p: "$(c)" },
        stdout: { output: "o", as: "text" },
      },
      inputs: [valueInput("x", "in ")],
      env: { A: "a" },
      outputs: [valueOutput("o")],
    });
    assertEquals(JSON.parse(rig.text(done.outputs[0])), "in a $(c) /tmp/home\n");
  },
});

Deno.test({
  name: "sandbox reaches programs outside the system directories",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const tool = `${rig.root}/tools/bin/tool`;
    Deno.mkdirSync(`${rig.root}/tools/bin`, { recursive: true });
    Deno.mkdirSync(`${rig.root}/tools/lib`);
    Deno.writeTextFileSync(`${rig.root}/tools/lib/text`, "from lib\n");
    Deno.writeTextFileSync(tool, `#!/bin/sh\ncat ${rig.root}/tools/lib/text\n`, { mode: 0o755 });
    Deno.symlinkSync(tool, `${rig.root}/linked`);
    const PATH = `${rig.root}/tools/bin:/usr/bin:/bin`;
    for (const work of [{ argv: [tool] }, { argv: [`${rig.root}/linked`] }, { script: "tool" }]) {
      const done = await rig.done({
        work: { ...work, sandbox: "strict", stdout: { output: "o", as: "text" } },
        env: { PATH },
        outputs: [valueOutput("o")],
      });
      assertEquals(done.outputs[0].text, '"from lib\\n"');
    }
  },
});

Deno.test({
  name: "sandbox does not show a program of the workflow that is not declared",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const tool = rig.file("tool.sh", "#!/bin/sh\necho hi\n");
    Deno.chmodSync(tool.path, 0o755);
    const work = { sandbox: "strict", argv: ["./tool.sh"] } as const;
    const { failure } = await rig.failed({ work });
    assertEquals(failure.reason, "unavailable");
    assertIncludes(failure.hint ?? "", 'Add "./tool.sh" under inputs or allow.read');
    await rig.done({ work, scope: { ...scope, read: [tool.path] } });
  },
});

Deno.test({
  name: "sandbox ends with everything in it, also what left the process group",
  ignore,
  async fn() {
    await using rig = new CommandRig();
    const ready = rig.file("ready").path;
    const marker = `1000.${Math.floor(Math.random() * 1e9)}`;
    const action = rig.action({
      work: {
        sandbox: "strict",
        script: `setsid sleep ${marker} & trap 'echo bye >> ready; exit 0' TERM; ` +
          "echo 1 >> ready; while :; do sleep 0.01; done",
      },
      scope: { ...scope, write: [ready] },
    });
    const completion = rig.start(action);
    await pidsIn(ready, 1);
    const escapees = (): number[] =>
      [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter((pid) =>
        pid > 0 && isAlive(pid) && commandLine(pid).includes(marker) &&
        commandLine(pid).startsWith("sleep")
      );
    await until(() => escapees().length === 1, "the escapee runs");
    rig.executor.abort(action.id, 10_000);
    assertEquals((await completion).kind, "failed");
    assertEquals(Deno.readTextFileSync(ready), "1\nbye\n");
    await until(() => escapees().length === 0, "the escapee is gone");
  },
});

function commandLine(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return "";
  }
}

Deno.test({
  name: "sandbox measures the memory of the command and not of flow",
  ignore,
  async fn() {
    await using rig = new CommandRig({ spawner: "native" });
    const small = await rig.done({ work: { sandbox: "strict", argv: ["true"] } });
    assertOk((small.usage.maxRssBytes ?? 0) > 0 && (small.usage.maxRssBytes ?? 0) < 20e6);
    const argv = ["dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"];
    const big = await rig.done({ work: { sandbox: "strict", argv } });
    assertOk((big.usage.maxRssBytes ?? 0) > 100e6);
    assertOk((big.usage.cpuMs ?? 0) > 0);
  },
});

const options: SandboxOptions = {
  cwd: "/home/u/wf",
  workflowDir: "/home/u/wf",
  read: [],
  write: [],
  programs: [],
  searchPath: "/usr/bin",
  net: false,
};

Deno.test("sandboxArgs() binds parents before children and nothing twice", () => {
  const root = Deno.realPathSync(Deno.makeTempDirSync());
  for (const dir of ["a", "a/b", "a/out"]) Deno.mkdirSync(`${root}/${dir}`);
  const args = sandboxArgs({
    ...options,
    read: [`${root}/a/b`, `${root}/a`, "/usr/share", `${root}/missing`],
    write: [`${root}/a/out`],
  });
  Deno.removeSync(root, { recursive: true });
  const own = args.flatMap((arg, i) => arg.startsWith("--") ? [`${arg} ${args[i + 1]}`] : [])
    .filter((text) => text.includes(root) || text.includes("/usr/share"));
  assertEquals(own, [`--ro-bind ${root}/a`, `--bind ${root}/a/out`]);
  assertOk(args.includes("--unshare-net"));
  assertOk(!sandboxArgs({ ...options, net: true }).includes("--unshare-net"));
});

Deno.test("deniedAccess() finds undeclared files and networks in messages", () => {
  const dir = Deno.realPathSync(Deno.makeTempDirSync());
  Deno.writeTextFileSync(`${dir}/data.csv`, "");
  const here = { ...options, cwd: dir, workflowDir: dir };
  for (
    const message of [
      "cat: data.csv: No such file or directory",
      `FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'`,
      `Error: ENOENT: no such file or directory, open '${dir}/data.csv'`,
    ]
  ) assertEquals(deniedAccess(message, here)?.value, "data.csv");
  assertEquals(deniedAccess("cat: other.csv: No such file or directory", here), undefined);
  assertEquals(deniedAccess("wrote data.csv", here), undefined);
  assertEquals(
    deniedAccess("cat: data.csv: not found", { ...here, read: [`${dir}/data.csv`] }),
    undefined,
  );
  const net = deniedAccess("curl: (6) Could not resolve host: example.org", here);
  assertMatches(net?.hint ?? "", /allow\.net/);
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("findProgram() and programsNamedIn() search PATH", () => {
  assertOk(findProgram("sh", "/", "/usr/bin:/bin")?.endsWith("/sh"));
  assertEquals(findProgram("sh", "/", "/nowhere"), undefined);
  assertEquals(findProgram("./sh", "/bin", ""), "/bin/sh");
  assertEquals(programsNamedIn("sh -c 'cat x'", "/", "/usr/bin:/bin"), []);
});
