/**
 * Kills, damage and full disks, seen from the command line: afterwards every result is as a clean run makes it.
 * `FLOW_CRASH_ROUNDS` kills more often, `FLOW_CRASH_SEED` at other moments.
 */

import { assertEquals, assertMatches, assertOk } from "../testing/assert.ts";
import { SOURCE_COMMAND } from "../cli/flow.ts";
import { eventsOf, type LiveRun, TestSpace } from "../testing/space.ts";

const ROUNDS = Number(Deno.env.get("FLOW_CRASH_ROUNDS") ?? 50);
const SEED = Number(Deno.env.get("FLOW_CRASH_SEED") ?? 1);

/** Stands in for the param in the files of the clean run. */
const MARK = "@@@@";

const NODES = `export function text({ k, i }: { k: string; i: number }): string {
  return (k + "-" + i + "\\n").repeat(i % 3 === 0 ? 2000 : 2);
}
export function write({ t }: { t: string }, ctx: { out: Record<string, string> }): void {
  Deno.writeTextFileSync(Object.values(ctx.out)[0], "g " + t);
}
export function measure(_: { c: unknown }, ctx: { in: { c: string } }): string {
  const text = Deno.readTextFileSync(ctx.in.c);
  const lines = text.split("\\n");
  return lines.slice(0, 3).join("\\n") + " of " + lines.length;
}
export function join(parts: Record<string, string>): string {
  return Object.values(parts).join("\\n");
}
export const join4 = ({ a, b, c, d }: Record<string, string>) => join({ a, b, c, d });
`;

const TENS = Array.from({ length: 10 }, (_, i) => i);

/** 50 nodes: functions and commands, values and blobs, files and directories, fan-out and joins. */
const WORKFLOW = [
  "name: fifty",
  `params: { k: "${MARK}" }`,
  "nodes:",
  ...TENS.flatMap((i) => [
    `  f${i}: { call: nodes.ts#text, inputs: { k: params.k, i: { value: ${i} } } }`,
    `  g${i}: { call: nodes.ts#write, inputs: { t: f${i} }, outputs: { g${i}: { file: out/g${i} } } }`,
    `  c${i}:`,
    `    run: "cat \${in.g} \${in.g} > \${out.c${i}}"`,
    `    inputs: { g: g${i} }`,
    `    outputs: { c${i}: { file: out/c${i} } }`,
    ...(i % 3 === 0 ? [] : ["    sandbox: off"]),
    `  h${i}: { call: nodes.ts#measure, inputs: { c: c${i} } }`,
  ]),
  ...[0, 1, 2, 3, 4].flatMap((i) => [
    `  d${i}:`,
    `    run: "mkdir -p \${out.d${i}}/sub; cp \${in.a} \${out.d${i}}/a; cp \${in.b} \${out.d${i}}/sub/b"`,
    `    inputs: { a: c${i}, b: g${i + 5} }`,
    `    outputs: { d${i}: { dir: out/d${i} } }`,
    "    sandbox: off",
  ]),
  ...[0, 1, 2, 3].map((i) => {
    const args = ["a", "b", "c", "d"].map((name, at) => `${name}: h${(i * 2 + at) % 10}`);
    return `  j${i}: { call: nodes.ts#join4, inputs: { ${args.join(", ")} } }`;
  }),
  "  all:",
  '    run: "printf %s ${in.j0} ${in.j1} ${in.j2} ${in.j3} | cat - ${in.d}/sub/b > ${out.all}"',
  "    inputs: { j0: j0, j1: j1, j2: j2, j3: j3, d: d0 }",
  "    outputs: { all: { file: out/all } }",
  "",
].join("\n");

const FILES = { "workflow.yaml": WORKFLOW, "nodes.ts": NODES };

/** All files below a directory, by relative path; links and directories as what they are. */
function contents(dir: string, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(dir)) {
    const path = `${dir}/${name}`;
    if (isSymlink) found.set(prefix + name, `link to ${Deno.readLinkSync(path)}`);
    else if (isDirectory) {
      for (const [inner, text] of contents(path, `${prefix}${name}/`)) found.set(inner, text);
    } else found.set(prefix + name, Deno.readTextFileSync(path));
  }
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Random numbers from 0 to 1 that are the same for one seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Process ids of the living hosts of a run. */
function hostsOf(live: LiveRun): number[] {
  return live.children().filter(({ command }) => /main\.ts host\b/.test(command))
    .map(({ pid }) => pid);
}

/** Waits for a random moment of a run: right after its start, or after an event, with a moment more. */
async function randomMoment(live: LiveRun, random: () => number): Promise<void> {
  const event = Math.floor(random() * 104);
  await live.seesCount(event);
  const pauseMs = random() * (event === 0 ? 250 : 25);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}

/** What a clean run makes, with the mark instead of the param. */
async function cleanOutputs(): Promise<Map<string, string>> {
  using space = new TestSpace(FILES);
  const run = await space.run();
  assertEquals([run.code, run.started.length], [0, 50], run.stderr + run.stdout);
  return contents(space.at("out"));
}

const VICTIMS = {
  flow: (live: LiveRun) => live.kill("SIGKILL"),
  "a host": (live: LiveRun, random: () => number) => {
    const hosts = hostsOf(live);
    const pid = hosts[Math.floor(random() * hosts.length)];
    try {
      if (pid !== undefined) Deno.kill(pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },
};

for (const [victim, kill] of Object.entries(VICTIMS)) {
  const rounds = Math.ceil(ROUNDS * (victim === "flow" ? 0.7 : 0.3));
  Deno.test(`kill -9 of ${victim} at ${rounds} random moments: the next run makes everything right`, async () => {
    const clean = await cleanOutputs();
    const random = randomOf(SEED);
    // One store for all rounds: what earlier kills left behind must not harm later runs.
    using space = new TestSpace(FILES);
    for (let round = 0; round < rounds; round++) {
      const k = String(round).padStart(MARK.length, "r");
      const what = `round ${round} of seed ${SEED}`;
      const live = space.start(["run", "--json", "--set", `k=${k}`]);
      await randomMoment(live, random);
      kill(live, random);
      const killed = await live.result();
      if (victim === "flow") await space.endsAll();
      else assertOk(killed.code <= 1, `${what}: ${killed.stderr}`);
      const next = await space.run("--set", `k=${k}`);
      assertEquals(next.code, 0, `${what}: ${next.stderr}${next.stdout}`);
      const lost = killed.started.length - eventsOf(killed, "done").length;
      assertOk(
        next.started.length <= 50 - eventsOf(killed, "done").length,
        `${what}: ${lost} were running, ${next.started} ran again`,
      );
      const expected = new Map([...clean].map(([path, t]) => [path, t.replaceAll(MARK, k)]));
      assertEquals(contents(space.at("out")), expected, what);
    }
    const verify = await space.flow("cache", "verify");
    assertEquals(verify.code, 0, verify.stdout + verify.stderr);
    await space.endsAll();
  });
}

/** A small workflow whose every part goes through the store: values in blobs, files, a directory, a command. */
const SMALL = {
  "workflow.yaml": `name: small
params: { last: 1 }
inputs: { raw: { file: data.txt } }
nodes:
  value: { call: nodes.ts#value, inputs: { raw: raw } }
  short: { call: nodes.ts#short, inputs: { value: value } }
  file: { run: "cat \${in.raw} > \${out.file}", inputs: { raw: raw }, outputs: { file: { file: out/file } }, sandbox: off }
  dir: { call: nodes.ts#dir, inputs: { value: value }, outputs: { dir: { dir: out/dir } } }
  last: { call: nodes.ts#last, inputs: { value: value, short: short, file: file, dir: dir, k: params.last }, outputs: { last: { file: out/last } } }
`,
  "nodes.ts": `export function value(_: { raw: unknown }, ctx: { in: { raw: string } }): string {
  return Deno.readTextFileSync(ctx.in.raw).repeat(3000);
}
export const short = ({ value }: { value: string }) => value.length;
export function dir({ value }: { value: string }, ctx: { out: { dir: string } }): void {
  Deno.mkdirSync(ctx.out.dir + "/sub");
  Deno.writeTextFileSync(ctx.out.dir + "/a", value);
  Deno.writeTextFileSync(ctx.out.dir + "/sub/b", "b");
}
export function last(
  { value, short, k }: { value: string; short: number; file: unknown; dir: unknown; k: number },
  ctx: { in: { file: string; dir: string }; out: { last: string } },
): void {
  const parts = [value.length, short, k, Deno.readTextFileSync(ctx.in.file)];
  parts.push(Deno.readTextFileSync(ctx.in.dir + "/a").length, Deno.readTextFileSync(ctx.in.dir + "/sub/b"));
  Deno.writeTextFileSync(ctx.out.last, parts.join(" "));
}
`,
  "data.txt": "data\n",
};

/** Ways to spoil a file. */
const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  "a flipped bit": (path) => {
    const bytes = Deno.readFileSync(path);
    if (bytes.length === 0) return;
    bytes[bytes.length >> 1] ^= 4;
    replaceBytes(path, bytes);
  },
  "a cut": (path) => {
    const bytes = Deno.readFileSync(path);
    replaceBytes(path, bytes.subarray(0, bytes.length >> 1));
  },
  "a removal": (path) => Deno.removeSync(path),
  "a link to something else": (path) => {
    const { size } = Deno.statSync(path);
    Deno.removeSync(path);
    Deno.writeTextFileSync(`${path}.other`, "x".repeat(size));
    Deno.symlinkSync(`${path}.other`, path);
  },
  "zeros": (path) => replaceBytes(path, new Uint8Array(Deno.statSync(path).size)),
};

function replaceBytes(path: string, bytes: Uint8Array): void {
  Deno.chmodSync(path, 0o644);
  Deno.writeFileSync(path, bytes);
}

function copyTree(from: string, to: string): void {
  const { success } = new Deno.Command("cp", { args: ["-a", from, to] }).outputSync();
  assertOk(success);
}

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`${what} in any file of the store: the next run makes everything right`, async () => {
    using space = new TestSpace(SMALL);
    assertEquals((await space.run()).code, 0);
    const expected = contents(space.at("out"));
    expected.set("last", "15000 15000 2 data\n 15000 b");
    copyTree(space.at(".pipecache"), space.at("store"));
    copyTree(space.at("out"), space.at("made"));
    const paths = [...contentsNames(space.at("store"))];
    assertOk(paths.length > 8);
    for (const [i, path] of paths.entries()) {
      for (const name of [".pipecache", "out"]) if (space.has(name)) space.remove(name);
      copyTree(space.at("store"), space.at(".pipecache"));
      // Every other time the outputs must come from the store.
      if (i % 2 === 0) copyTree(space.at("made"), space.at("out"));
      damage(space.at(`.pipecache/${path}`));
      const run = await space.run("--set", "last=2");
      const said = `${what} in ${path}: ${run.stderr}${run.stdout}`;
      assertEquals(run.code, 0, said);
      assertEquals(contents(space.at("out")), expected, said);
    }
  });
}

function* contentsNames(dir: string, prefix = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (isDirectory) yield* contentsNames(`${dir}/${name}`, `${prefix}${name}/`);
    else yield prefix + name;
  }
}

/** Whether directories can be shadowed here, for disks that are full or cannot be written. */
const HAS_BWRAP = (() => {
  try {
    const args = [
      "--bind",
      "/",
      "/",
      "--dev",
      "/dev",
      "--size",
      "100000",
      "--tmpfs",
      "/mnt",
      "true",
    ];
    return new Deno.Command("bwrap", { args, stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
})();

/** Runs a script with `flow` inside other mounts. */
function shadowed(
  space: TestSpace,
  mounts: readonly string[],
  script: string,
): { code: number; stdout: string; stderr: string } {
  const flow = SOURCE_COMMAND.map((word) => `'${word}'`).join(" ");
  const { code, stdout, stderr } = new Deno.Command("timeout", {
    args: [
      ...["60", "bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", ...mounts],
      ...["sh", "-c", `flow() { ${flow} "$@"; }\n${script}`],
    ],
    cwd: space.path,
    env: { NO_COLOR: "1", TMPDIR: space.at(".tmp") },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test({
  name: "a full disk is a clear error, and when there is room again the run goes on",
  ignore: !HAS_BWRAP,
  fn() {
    using space = new TestSpace({
      "nodes.ts": `export const big = ({ n }: { n: number }) => "x".repeat(n);
export function file({ big }: { big: string }, ctx: { out: { f: string } }): void {
  Deno.writeTextFileSync(ctx.out.f, big + "end");
}
`,
      "workflow.yaml": `name: w
nodes:
  small: { call: nodes.ts#big, inputs: { n: { value: 10 } } }
  big: { call: nodes.ts#big, inputs: { n: { value: 3000000 } } }
  file: { call: nodes.ts#file, inputs: { big: big }, outputs: { f: { file: out/f } } }
`,
      ".pipecache/.keep": "",
    });
    // 14 MB, of which all but `free` are taken. The first run may or may not get to its nodes.
    for (const free of [0, 16_000, 200_000, 2_000_000, 4_000_000]) {
      const store = space.at(".pipecache");
      const { code, stdout, stderr } = shadowed(
        space,
        ["--size", "14000000", "--tmpfs", store],
        `head -c ${14_000_000 - free} /dev/zero > .pipecache/filler 2>/dev/null
flow run; echo "first $?"; rm -f .pipecache/filler; flow run; echo "second $?"
flow run --json | grep -c '"started"'; flow cache verify >&2; echo "verify $?"; wc -c < out/f`,
      );
      const said = `${free} bytes: ${stdout}\n${stderr}`;
      assertEquals(code, 0, said);
      assertMatches(stdout, /^first [14]\nsecond 0\n0\nverify 0\n *3000003\n$/);
      assertMatches(stderr, /[Nn]o space|full/);
      assertOk(!/internal|\bbug\b/i.test(stderr), said);
    }
  },
});

Deno.test({
  name: "a store that cannot be written is a clear error",
  ignore: !HAS_BWRAP,
  async fn() {
    using space = new TestSpace(SMALL);
    assertEquals((await space.run()).code, 0);
    const store = space.at(".pipecache");
    const run = shadowed(space, ["--ro-bind", store, store], "flow run --set last=2");
    assertOk(run.code === 1 || run.code === 4, `${run.code}: ${run.stderr}`);
    assertMatches(run.stderr, /[Rr]ead-only|readonly/);
    assertOk(!/internal|\bbug\b/i.test(run.stderr), run.stderr);
    assertEquals((await space.run("--set", "last=2")).started, ["last"]);
  },
});
