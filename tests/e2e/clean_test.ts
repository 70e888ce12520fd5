/** `flow clean`: what leaves the workspace, and everything that must stay. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const A = "  a: { run: 'printf a > ${out.a}', outputs: { a: { file: out/deep/a.txt } } }\n";
const B = "  b: { run: 'printf b > ${out.b}', outputs: { b: { file: out/b.txt } } }\n";
const DIR =
  '  tree: { run: "mkdir -p ${out.t}/sub; printf t > ${out.t}/sub/t.txt", outputs: { t: { dir: out/tree } } }\n';

/** A space in which a workflow of these nodes ran. */
async function made(...nodes: string[]): Promise<TestSpace> {
  const space = new TestSpace({ "workflow.yaml": `nodes:\n${nodes.join("")}` });
  await space.ran();
  return space;
}

/** Makes these the nodes of the workflow. */
function leave(space: TestSpace, ...nodes: string[]): void {
  space.write({ "workflow.yaml": `nodes:\n${nodes.join("")}` });
}

/** Lines that `flow clean` prints; it must succeed. */
async function cleaned(space: TestSpace, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await space.flow("clean", ...args);
  assertEquals(code, 0, stderr + stdout);
  return stdout.split("\n").filter((line) => line !== "");
}

Deno.test("clean removes what a node that left the file had published, and the directories made for it", async () => {
  using space = await made(A, B);
  assertEquals(await cleaned(space), []);
  leave(space, B);
  assertEquals(await cleaned(space, "--dry-run"), ["would remove out/deep/a.txt"]);
  assertEquals(space.read("out/deep/a.txt"), "a");
  assertEquals(await cleaned(space), ["removed out/deep/a.txt"]);
  assertEquals([space.has("out/deep"), space.read("out/b.txt")], [false, "b"]);
  assertEquals(await space.flow("clean"), {
    ...await space.flow("clean"),
    code: 0,
    stdout: "",
    stderr: "ok: nothing to clean\n",
  });
  // The result is still there.
  leave(space, A, B);
  assertEquals(await space.ran(), []);
  assertEquals(space.read("out/deep/a.txt"), "a");
});

Deno.test("clean removes the old path of a node that was renamed or publishes elsewhere", async () => {
  using space = await made(A, B);
  leave(space, A.replaceAll("a.txt", "other.txt"), B.replace("  b:", "  renamed:"));
  await space.ran();
  assertEquals(await cleaned(space), ["removed out/deep/a.txt"]);
  assertEquals([space.read("out/deep/other.txt"), space.read("out/b.txt")], ["a", "b"]);
});

Deno.test("a run that ends well says how many files belong to no node, once the workflow has changed", async () => {
  using space = await made(A, B, DIR);
  leave(space, B);
  const notice = "2 published files belong to no node any more: flow clean\n";
  assertIncludes((await space.flow("run")).stderr, notice);
  assertIncludes(
    (await space.flow("run", "workflow.yaml", "b")).stderr,
    notice.replace("clean\n", "clean workflow.yaml\n"),
  );
  for (const quiet of [["--quiet"], ["--json"]]) {
    assertEquals((await space.flow("run", ...quiet)).stderr, "");
  }
  await cleaned(space);
  assertEquals((await space.flow("run")).stderr.includes("belong"), false);
});

const SPOILED: readonly {
  readonly what: string;
  readonly spoil: (space: TestSpace) => void;
  readonly why: string;
}[] = [
  {
    what: "a file that was edited",
    spoil: (space) => space.write({ "out/deep/a.txt": "by hand" }),
    why: "it was edited",
  },
  {
    what: "an edit of the same size",
    spoil: (space) => space.write({ "out/deep/a.txt": "z" }),
    why: "it was edited",
  },
  {
    what: "a directory in the place of the file",
    spoil(space) {
      space.remove("out/deep/a.txt");
      space.write({ "out/deep/a.txt/mine": "x" });
    },
    why: "it is a directory now",
  },
  {
    what: "a link in the place of the file, to the same bytes",
    spoil(space) {
      space.remove("out/deep/a.txt");
      space.write({ "mine.txt": "a" });
      Deno.symlinkSync(space.at("mine.txt"), space.at("out/deep/a.txt"));
    },
    why: "it is a link now",
  },
  {
    what: "a link in the place of the directory above it",
    spoil(space) {
      Deno.renameSync(space.at("out/deep"), space.at("elsewhere"));
      Deno.symlinkSync(space.at("elsewhere"), space.at("out/deep"));
    },
    why: `"out/deep" is a link now`,
  },
];

for (const { what, spoil, why } of SPOILED) {
  Deno.test(`clean keeps ${what} and says so, with --all too`, async () => {
    using space = await made(A, B);
    spoil(space);
    assertEquals(await cleaned(space, "--all"), [
      "removed out/b.txt",
      `kept out/deep/a.txt: ${why}`,
    ]);
    leave(space, B);
    await space.ran();
    assertEquals((await space.flow("run")).stderr.includes("belong"), false);
    assertEquals(await cleaned(space), [`kept out/deep/a.txt: ${why}`]);
    assertEquals(space.has("out/deep/a.txt"), true);
    if (space.has("mine.txt")) assertEquals(space.read("mine.txt"), "a");
    if (space.has("elsewhere")) assertEquals(space.read("elsewhere/a.txt"), "a");
  });
}

Deno.test("clean leaves what flow never published, beside and in the place of what it did", async () => {
  using space = await made(A, B);
  space.write({ "out/deep/mine.txt": "a", "out/b2.txt": "b" });
  space.remove("out/deep/a.txt");
  leave(space);
  space.write({ "workflow.yaml": "nodes:\n  c: { run: 'true', outputs: [] }\n" });
  assertEquals(await cleaned(space), ["removed out/b.txt"]);
  // What was gone when flow looked is nothing of flow's when it is back.
  space.write({ "out/deep/a.txt": "a", "out/b.txt": "b" });
  assertEquals(await cleaned(space), []);
  assertEquals(space.read("out/deep/a.txt") + space.read("out/deep/mine.txt"), "aa");
});

Deno.test("clean removes a directory output whole, and keeps it if anything in it differs", async () => {
  using space = await made(DIR, B);
  leave(space, B);
  space.write({ "out/tree/mine.txt": "x" });
  assertEquals(await cleaned(space), ["kept out/tree: it was edited"]);
  space.remove("out/tree/mine.txt");
  Deno.symlinkSync(space.at("workflow.yaml"), space.at("out/tree/link"));
  assertEquals(await cleaned(space), ["kept out/tree: it was edited"]);
  space.remove("out/tree/link");
  assertEquals(await cleaned(space), ["removed out/tree"]);
  assertEquals([space.has("out/tree"), space.has("workflow.yaml")], [false, true]);
});

Deno.test("clean keeps a path that lies in, or holds, what a node publishes now", async () => {
  using space = await made(DIR);
  leave(
    space,
    "  f: { run: 'printf t > ${out.f}', outputs: { f: { file: out/tree/sub/t.txt } } }\n",
  );
  assertEquals(await space.ran(), ["f"]);
  assertEquals(await cleaned(space), [`kept out/tree: it holds "out/tree/sub/t.txt" of node "f"`]);
  leave(space, DIR);
  assertEquals(await space.ran(), []);
  assertEquals(await cleaned(space), []);
  assertEquals(space.read("out/tree/sub/t.txt"), "t");
});

for (
  const [what, inputs] of Object.entries({
    "a file": "inputs: { x: { file: out/deep/a.txt } }",
    "a directory": "inputs: { x: { dir: out/deep } }",
    "a glob": "inputs: { x: { glob: 'out/*/*.txt' } }",
    "what a node may read": "allow: { read: [out/deep] }",
  })
) {
  Deno.test(`clean keeps what the workflow reads, as ${what}`, async () => {
    using space = await made(A);
    leave(space, `  c: { run: 'true', outputs: [], ${inputs} }\n`);
    assertEquals(await cleaned(space), ["kept out/deep/a.txt: the workflow reads it"]);
    assertEquals(space.read("out/deep/a.txt"), "a");
  });
}

Deno.test("clean --all removes the outputs of all nodes; the next run restores them and computes nothing", async () => {
  using space = await made(A, B, DIR);
  assertEquals(await cleaned(space, "--all"), [
    "removed out/b.txt",
    "removed out/deep/a.txt",
    "removed out/tree",
  ]);
  assertEquals(space.has("out"), false);
  assertEquals(await space.ran(), []);
  assertEquals([space.read("out/deep/a.txt"), space.read("out/tree/sub/t.txt")], ["a", "t"]);
});

Deno.test("two workflows of one directory clean their own files only", async () => {
  using space = new TestSpace({
    "one.yaml": `nodes:\n${A}`,
    "two.yaml": `nodes:\n${B}`,
  });
  await space.ran("one.yaml");
  await space.ran("two.yaml");
  assertEquals(await cleaned(space, "one.yaml"), []);
  space.write({ "one.yaml": "nodes:\n  c: { run: 'true', outputs: [] }\n" });
  assertEquals(await cleaned(space, "one.yaml", "--all"), ["removed out/deep/a.txt"]);
  assertEquals(space.read("out/b.txt"), "b");
});

Deno.test("a path that another workflow publishes too is left to that one", async () => {
  using space = new TestSpace({ "one.yaml": `nodes:\n${A}`, "two.yaml": `nodes:\n${A}` });
  await space.ran("one.yaml");
  assertEquals(await space.ran("two.yaml"), []);
  const empty = "nodes:\n  c: { run: 'true', outputs: [] }\n";
  space.write({ "one.yaml": empty });
  assertEquals(await cleaned(space, "one.yaml"), []);
  assertEquals(space.read("out/deep/a.txt"), "a");
  space.write({ "two.yaml": empty });
  assertEquals(await cleaned(space, "two.yaml"), ["removed out/deep/a.txt"]);
});

const EXPAND = `  scan: { expand: nodes.ts#scan, inputs: { names: { file: names } } }\n`;
const SCAN = `export const scan = (_: unknown, ctx: { in: { names: string } }) => ({
  nodes: Object.fromEntries(
    Deno.readTextFileSync(ctx.in.names).trim().split(" ").map((name) => [
      name,
      {
        run: "printf " + name + " > \${out." + name + "}",
        outputs: { [name]: { file: "out/" + name } },
      },
    ]),
  ),
});
`;

Deno.test("clean removes what an expansion that shrank no longer has, once that is known", async () => {
  using space = new TestSpace({
    "names": "x y z",
    "nodes.ts": SCAN,
    "workflow.yaml": `nodes:\n${EXPAND}`,
  });
  assertEquals(await space.ran(), ["scan", "x", "y", "z"]);
  assertEquals(await cleaned(space), []);
  space.write({ "names": "y" });
  const why = `node "scan" may return its node again: run it first`;
  assertEquals(await cleaned(space), ["x", "y", "z"].map((name) => `kept out/${name}: ${why}`));
  const run = await space.flow("run");
  assertIncludes(run.stderr, "2 published files belong to no node any more");
  assertEquals(await cleaned(space), ["removed out/x", "removed out/z"]);
  assertEquals(space.read("out/y"), "y");
  leave(space, B);
  assertEquals(await cleaned(space), ["removed out/y"]);
});

Deno.test("clean waits for nobody: while a run of the workflow goes on it exits with 75", async () => {
  using space = await made(A, B);
  leave(
    space,
    '  slow: { run: ": > sync/ready; while [ ! -e sync/go ]; do sleep 0.02; done", outputs: [], allow: { write: [sync] } }\n',
  );
  space.write({ "sync/x": "" });
  const live = space.start(["run", "--json"]);
  await live.untilThere(space.at("sync/ready"));
  const { code, stdout, stderr } = await space.flow("clean");
  assertEquals([code, stdout], [75, ""]);
  assertIncludes(stderr, `Cannot clean "workflow.yaml": a run of it is going on`);
  assertEquals(await cleaned(space, "--dry-run"), [
    "would remove out/b.txt",
    "would remove out/deep/a.txt",
  ]);
  space.write({ "sync/go": "" });
  const ended = await live.result();
  assertEquals(ended.code, 0, ended.stderr);
  assertEquals(await cleaned(space), ["removed out/b.txt", "removed out/deep/a.txt"]);
});

Deno.test("what a run published before it was killed is known", async () => {
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml":
      `nodes:\n${A}  slow: { run: ": > sync/ready; sleep 1000", after: [a], outputs: [], allow: { write: [sync] } }\n`,
  });
  const live = space.start(["run", "--json"]);
  await live.untilThere(space.at("sync/ready"));
  live.kill("SIGKILL");
  await live.result();
  await space.endsAll();
  leave(space, B);
  assertEquals(await cleaned(space), ["removed out/deep/a.txt"]);
});

Deno.test("records with torn and hostile lines, or without index, are good enough", async () => {
  using space = await made(A, B);
  const [{ name }] = [...Deno.readDirSync(space.at(".pipecache/published"))];
  const file = `.pipecache/published/${name}`;
  const own = space.read(file);
  const hostile = JSON.stringify({
    ...JSON.parse(own.trim().split("\n").at(-1) ?? ""),
    path: "../victim",
    at: Date.now(),
  });
  space.write({ [file]: `${hostile}\nnull\n7\n${own}{"workflow":"workfl` });
  for (const index of ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"]) {
    if (space.has(`.pipecache/${index}`)) space.remove(`.pipecache/${index}`);
  }
  leave(space, B);
  assertEquals(await cleaned(space, "--json"), [`{"removed":["out/deep/a.txt"],"kept":[]}`]);
});

Deno.test("records of many runs are joined, and none is lost", async () => {
  using space = await made(A, B);
  const [{ name }] = [...Deno.readDirSync(space.at(".pipecache/published"))];
  for (let i = 0; i < 40; i++) {
    const line = JSON.stringify({
      workflow: "workflow.yaml",
      path: `old/${i}`,
      kind: "made",
      at: i,
    });
    space.write({ [`.pipecache/published/20200101-000000.000-${i}.ndjson`]: `${line}\n` });
  }
  leave(space, A.replaceAll("a.txt", "other.txt"), B);
  assertEquals(await space.ran(), ["a"]);
  const names = [...Deno.readDirSync(space.at(".pipecache/published"))].map((entry) => entry.name);
  assertEquals([names.length, names.includes(name)], [1, false]);
  assertEquals(space.lines(`.pipecache/published/${names[0]}`), 45);
  assertEquals(await cleaned(space), ["removed out/deep/a.txt"]);
});

Deno.test("clean of a part is an error", async () => {
  using space = await made(A, B);
  const { code, stderr } = await space.flow("clean", "a");
  assertEquals(code, 2);
  assertIncludes(stderr, `Cannot clean only "a"`);
  assertEquals(space.has("out/deep/a.txt"), true);
});

Deno.test("clean keeps what a variant published that is not chosen this time", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  a:
    variant: one
    variants:
      one: { run: 'echo 1 > \${out.a}', outputs: { a: out/one.txt } }
      two: { run: 'echo 2 > \${out.a}', outputs: { a: out/two.txt } }
`,
  });
  await space.ran();
  const other = await space.flow("run", "--variant", "two");
  assertEquals([other.code, /flow clean/.test(other.stderr)], [0, false], other.stderr);
  assertEquals((await space.flow("clean")).code, 0);
  assertEquals([space.has("out/one.txt"), space.has("out/two.txt")], [true, true]);
  space.edit("workflow.yaml", "one", "uno");
  assertEquals((await space.flow("clean")).stdout, "removed out/one.txt\n");
});
