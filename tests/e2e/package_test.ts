/** Every form the program is delivered in runs a workflow with TypeScript nodes, far from this repository. */

import { join } from "node:path";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { flow, SOURCE_COMMAND, TemporaryDirectory } from "../cli/flow.ts";

const ROOT = join(import.meta.dirname ?? "", "../..");
const CONFIG = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));

/** Runs a task of `deno.json` with other words in place of some of its own. */
function runTask(
  name: string,
  changes: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): { success: boolean; text: string } {
  const words = String(CONFIG.tasks[name]).split(" ").map((word) => changes[word] ?? word);
  assertEquals(words.shift(), "deno");
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: words.flatMap((word) => word.split("\n")),
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).outputSync();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Writes the example of `flow init`, runs it, and compares what it makes. */
async function assertRuns(
  command: readonly string[],
  dir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const run = async (...args: string[]) => await flow(args, { command, cwd: dir, env });
  const made = await run("init", "a b");
  assertEquals(made.code, 0, made.stderr);
  const first = await run("run", "a b/workflow.yaml", "--output", "letter");
  assertEquals([first.code, first.stdout], [
    0,
    "Hello, Ada!\nHello, Grace!\nHello, Barbara!\n",
  ], first.stderr);
  const all = await run("run", "a b/workflow.yaml");
  assertEquals(all.code, 0, all.stderr);
  assertEquals(Deno.readTextFileSync(`${dir}/a b/out/count.txt`).trim(), "42");
  const second = await run("plan", "a b/workflow.yaml", "--exit-code");
  assertEquals([second.code, second.stdout], [0, ""], second.stderr);
}

/** Exports in the formats that libraries write. */
async function assertExports(
  command: readonly string[],
  dir: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  Deno.mkdirSync(`${dir}/x`);
  Deno.writeTextFileSync(
    `${dir}/x/workflow.yaml`,
    'nodes: { z: { run: "echo ${in.x}", map: "x[i] -> z[i]", inputs: { x: { value: [1, 2] } }, ' +
      "stdout: { output: z, as: json } } }\n",
  );
  const run = async (...args: string[]) => await flow(args, { command, cwd: `${dir}/x`, env });
  assertEquals((await run("run")).code, 0);
  for (const name of ["z.arrow", "z.parquet", "z.zarr", "z.csv"]) {
    assertEquals(await run("show", "z", "-o", name), { code: 0, stdout: "", stderr: "" });
  }
  const starts = ["z.arrow", "z.parquet", "z.zarr/z/zarr.json", "z.csv"].map((name) =>
    Deno.readTextFileSync(`${dir}/x/${name}`).slice(0, 4)
  );
  assertEquals(starts, ["ARRO", "PAR1", "{\n  ", "i,x,"]);
}

Deno.test("from source: runs a workflow with TypeScript nodes", async () => {
  using dir = new TemporaryDirectory();
  await assertRuns(SOURCE_COMMAND, dir.path);
});

Deno.test("deno task bundle: makes one file that runs alone", async () => {
  using dir = new TemporaryDirectory();
  const file = `${dir.path}/lib/flow.js`;
  Deno.mkdirSync(`${dir.path}/lib`);
  const { success, text } = runTask("bundle", { "dist/flow.js": file });
  assertOk(success, text);
  assertEquals([...Deno.readDirSync(`${dir.path}/lib`)].map(({ name }) => name), ["flow.js"]);
  // Nothing of this repository, and nothing that was ever downloaded, is there to be found.
  const env = { DENO_DIR: `${dir.path}/deno`, DENO_NO_UPDATE_CHECK: "1" };
  const command = [Deno.execPath(), "run", "-A", "--no-prompt", "--unstable-worker-options", file];
  const version = await flow(["--version"], { command, cwd: dir.path, env });
  assertEquals(version, { code: 0, stdout: `flow ${CONFIG.version}\n`, stderr: "" });
  await assertRuns(command, dir.path, env);
  await assertExports(command, dir.path, env);
});

Deno.test("deno task install: makes a command that runs", async () => {
  using dir = new TemporaryDirectory();
  const { success, text } = runTask("install", { "-g": `-g\n--root\n${dir.path}` });
  assertOk(success, text);
  // The command starts the deno on PATH.
  dir.write({ "path/deno": `#!/bin/sh\nexec '${Deno.execPath()}' "$@"\n` });
  Deno.chmodSync(`${dir.path}/path/deno`, 0o755);
  const env = { PATH: `${dir.path}/path:/usr/bin:/bin` };
  await assertRuns([`${dir.path}/bin/flow`], dir.path, env);
});

/** Whether the runtime part of compiled programs can be fetched. */
async function canCompile(): Promise<boolean> {
  if (Deno.env.has("DENORT_BIN")) return true;
  try {
    const signal = AbortSignal.timeout(3000);
    const response = await fetch("https://dl.deno.land/release-latest.txt", { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

const isCompilable = await canCompile();

Deno.test({
  name: `deno task compile: makes a program that runs alone${
    isCompilable ? "" : " (SKIPPED: dl.deno.land cannot be reached, which has its runtime part)"
  }`,
  ignore: !isCompilable,
  async fn() {
    using dir = new TemporaryDirectory();
    const file = `${dir.path}/bin/flow`;
    const { success, text } = runTask("compile", { "dist/flow": file });
    assertOk(success, text);
    const env = { DENO_DIR: `${dir.path}/deno`, PATH: "/usr/bin:/bin" };
    await assertRuns([file], dir.path, env);
    const check = await flow(["check", "a b/workflow.yaml"], {
      command: [file],
      cwd: dir.path,
      env,
    });
    assertEquals(check.code, 0, check.stderr);
  },
});

Deno.test("deno task compile: embeds the program and what it loads later", () => {
  using dir = new TemporaryDirectory();
  const lock = Deno.readTextFileSync(join(ROOT, "deno.lock"));
  // The program this makes is Deno and not flow, as the runtime part may be out of reach; what is put into it is the same.
  const { success, text } = runTask("compile", { "dist/flow": `${dir.path}/flow` }, {
    DENORT_BIN: Deno.execPath(),
  });
  assertOk(success, text);
  for (const part of ["cli/", "worker_boot.ts", "dist/", "typescript/6.0.3", "@types/node"]) {
    assertIncludes(text, part);
  }
  assertEquals(Deno.readTextFileSync(join(ROOT, "deno.lock")), lock);
});

/** Runs the launcher with a PATH that has only what a test put there. */
async function launch(
  dir: TemporaryDirectory,
  args: readonly string[],
  options: { launcher?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return await flow(args, {
    command: [options.launcher ?? join(ROOT, "flow")],
    cwd: options.cwd ?? dir.path,
    env: {
      PATH: `${dir.path}/path:/usr/bin:/bin`,
      HOME: `${dir.path}/home`,
      XDG_CACHE_HOME: "",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      ...options.env,
    },
  });
}

/** Writes programs that note each call in the file `calls`. */
function fakePrograms(dir: TemporaryDirectory, programs: Readonly<Record<string, string>>): void {
  for (const [name, body] of Object.entries(programs)) {
    dir.write({ [`path/${name}`]: `#!/bin/sh\necho ${name} >> '${dir.path}/calls'\n${body}\n` });
    Deno.chmodSync(`${dir.path}/path/${name}`, 0o755);
  }
}

function callsOf(dir: TemporaryDirectory): string[] {
  try {
    return Deno.readTextFileSync(`${dir.path}/calls`).trim().split("\n");
  } catch {
    return [];
  }
}

const OLD_DENO = "echo 'deno 1.46.3 (stable)'";
const NPX = `exec '${Deno.execPath()}' eval 'console.log(Deno.execPath())'`;

Deno.test("./flow: uses a deno 2.9 on PATH", async () => {
  using dir = new TemporaryDirectory();
  fakePrograms(dir, { deno: `exec '${Deno.execPath()}' "$@"`, npx: "exit 9" });
  const { code, stdout, stderr } = await launch(dir, ["--version"]);
  assertEquals([code, stdout, stderr], [0, `flow ${CONFIG.version}\n`, ""]);
  assertEquals(callsOf(dir), ["deno", "deno"]);
});

Deno.test("./flow: asks npx once where deno is missing or old, and again when it went away", async () => {
  using dir = new TemporaryDirectory();
  fakePrograms(dir, { deno: OLD_DENO, npx: NPX });
  for (let i = 0; i < 3; i++) assertEquals((await launch(dir, ["--version"])).code, 0);
  assertEquals(callsOf(dir).filter((name) => name === "npx").length, 1);
  dir.write({ "home/.cache/flow/deno-2.9.6": "/gone/deno\n" });
  assertEquals((await launch(dir, ["--version"])).code, 0);
  assertEquals(callsOf(dir).filter((name) => name === "npx").length, 2);
});

Deno.test("./flow: works where nothing can be remembered", async () => {
  using dir = new TemporaryDirectory();
  fakePrograms(dir, { deno: OLD_DENO, npx: NPX });
  const env = { HOME: "/proc/nowhere" };
  assertEquals((await launch(dir, ["--version"], { env })).code, 0);
});

Deno.test("./flow: keeps directory, words, standard input and exit code, also through links", async () => {
  using dir = new TemporaryDirectory();
  dir.write({ "bin/x": "", "work dir/x": "" });
  Deno.symlinkSync(join(ROOT, "flow"), `${dir.path}/bin/real`);
  Deno.symlinkSync("real", `${dir.path}/bin/flow`);
  fakePrograms(dir, {
    deno: `case $1 in --version) echo 'deno 2.9.6 (x)'; exit;; esac
pwd; for word; do printf '<%s>' "$word"; done; cat; exit 37`,
  });
  const words = ["run", "a b", "", `it's "quoted"`, "$HOME *", "-j4"];
  const { code, stdout } = await flow(words, {
    command: [`${dir.path}/bin/flow`],
    cwd: `${dir.path}/work dir`,
    env: { PATH: `${dir.path}/path:/usr/bin:/bin` },
    stdin: "from outside",
  });
  assertEquals(code, 37);
  const flags =
    `<run><-A><--no-prompt><--unstable-worker-options><--v8-flags=--max-semi-space-size=8><--quiet>`;
  assertEquals(
    stdout,
    `${dir.path}/work dir\n${flags}<--config><${ROOT}/deno.json><${ROOT}/cli/main.ts>` +
      words.map((word) => `<${word}>`).join("") + "from outside",
  );
});
