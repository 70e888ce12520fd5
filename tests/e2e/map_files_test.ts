/** Map nodes whose calls make files and directories: published, kept, restored, taken, removed. */

import type { Event } from "../../core/mod.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { eventsOf, TestSpace } from "../testing/space.ts";

const NODES = `import { isError } from "flow";
type Ctx = { out: Record<string, string>; in: Record<string, string> };
export function card({ xs, ys }: { xs: number; ys: string }, ctx: Ctx) {
  console.log("ran");
  Deno.writeTextFileSync(ctx.out.cards, xs + ys + "\\n");
  return xs + ys.length;
}
export const whole = ({ cards, rows }: { cards: string[][]; rows: string[] }, ctx: { in: Record<string, unknown> }) => ({
  texts: cards.map((row) => row.map((path) => Deno.readTextFileSync(path))),
  rows: rows.map((path) => Deno.readTextFileSync(path + "/all")),
  isSame: JSON.stringify(ctx.in) === JSON.stringify({ cards, rows }),
});
export const good = ({ files }: { files: unknown[] }) =>
  files.map((file) => isError(file) ? file.index : Deno.readTextFileSync(String(file)));
`;

const WORKFLOW = `inputs:
  xs: { default: [1, 2, 3] }
  ys: { default: [a, b] }
nodes:
  deck:
    map: "xs[i], ys[j] -> cards[i, j], sums[i, j]"
    call: nodes.ts#card
    outputs: { cards: { file: "out/cards/{i}_{j:02}.txt" }, sums: }
  upper:
    map: "cards[i, j] -> upper[i, j]"
    run: "echo ran; tr a-z A-Z < \${in.cards} > \${out.upper}"
    inputs: [cards]
    outputs: { upper: "out/upper/{i}/{j}.txt" }
  rows:
    map: "upper[i, :] -> rows[i]"
    run: "echo ran; mkdir \${out.rows}; cat \${in.upper} > \${out.rows}/all"
    inputs: [upper]
    outputs: { rows: { dir: "out/rows/{i}" } }
  whole: { call: nodes.ts#whole }
  joined: { run: [cat, "\${in.cards}"], inputs: [cards], stdout: joined }
`;

/** Calls that printed something in the newest run, sorted. */
function printed(space: TestSpace): string[] {
  const run = [...Deno.readDirSync(space.at(".pipecache/runs"))].map(({ name }) => name).sort()
    .at(-1);
  const dir = space.at(`.pipecache/runs/${run}/logs`);
  return [...Deno.readDirSync(dir)].flatMap(({ name }) => {
    const call = /^(.*\[.*\])\.stdout$/.exec(name);
    return call === null ? [] : [call[1]];
  }).sort();
}

/** Paths that a run published again. */
function restored({ events }: { readonly events: readonly Event[] }): readonly string[] {
  return eventsOf({ events }, "hit").flatMap((hit) => hit.restored ?? []).sort();
}

/** The last counts of a map node's calls. */
function callsOf(run: { readonly events: readonly Event[] }, node: string): readonly number[] {
  const last = eventsOf(run, "calls").filter((event) => event.node === node).at(-1);
  assertOk(last !== undefined, `no calls of ${node}`);
  return [last.hit, last.done, last.failed];
}

/** All files below a directory, by relative path. */
function filesBelow(space: TestSpace, dir: string): Record<string, string> {
  const found: [string, string][] = [];
  const visit = (path: string): void => {
    for (const { name, isDirectory } of Deno.readDirSync(space.at(`${dir}${path}`))) {
      if (isDirectory) visit(`${path}/${name}`);
      else found.push([`${path}/${name}`.slice(1), space.read(`${dir}${path}/${name}`)]);
    }
  };
  visit("");
  return Object.fromEntries(found.sort());
}

async function shown(space: TestSpace, name: string): Promise<unknown> {
  const { code, stdout, stderr } = await space.flow("show", name);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("files of calls are published, taken, kept, restored and cleaned", async () => {
  using space = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
  const all = ["deck", "joined", "rows", "upper", "whole"];
  assertEquals(await space.ran(), all);
  assertEquals(filesBelow(space, "out"), {
    "cards/0_00.txt": "1a\n",
    "cards/0_01.txt": "1b\n",
    "cards/1_00.txt": "2a\n",
    "cards/1_01.txt": "2b\n",
    "cards/2_00.txt": "3a\n",
    "cards/2_01.txt": "3b\n",
    "rows/0/all": "1A\n1B\n",
    "rows/1/all": "2A\n2B\n",
    "rows/2/all": "3A\n3B\n",
    "upper/0/0.txt": "1A\n",
    "upper/0/1.txt": "1B\n",
    "upper/1/0.txt": "2A\n",
    "upper/1/1.txt": "2B\n",
    "upper/2/0.txt": "3A\n",
    "upper/2/1.txt": "3B\n",
  });
  assertEquals(await shown(space, "whole"), {
    texts: [["1a\n", "1b\n"], ["2a\n", "2b\n"], ["3a\n", "3b\n"]],
    rows: ["1A\n1B\n", "2A\n2B\n", "3A\n3B\n"],
    isSame: true,
  });
  assertEquals((await space.flow("show", "joined")).stdout, "1a\n1b\n2a\n2b\n3a\n3b\n");

  // What is shown of them.
  const [zero, one] = ["out/cards/0_00.txt", "out/cards/0_01.txt"];
  assertEquals(await shown(space, "cards[0]"), [zero, one]);
  assertEquals((await space.flow("show", "cards[0,1]")).stdout, "1b\n");
  const paths = await space.flow("show", "cards[0]", "--format", "path");
  assertEquals(paths.stdout, `${space.at(zero)}\n${space.at(one)}\n`);
  assertIncludes(
    (await space.flow("show", "deck.*", "--format", "csv")).stdout,
    "i,xs,j,ys,cards,sums\n0,1,0,a,out/cards/0_00.txt,2\n",
  );

  // One element changes: its calls run, and who takes what they made.
  space.edit("workflow.yaml", "[1, 2, 3]", "[1, 7, 3]");
  assertEquals(await space.ran(), all);
  assertEquals(printed(space), [
    "deck[1,0]",
    "deck[1,1]",
    "rows[1]",
    "upper[1,0]",
    "upper[1,1]",
  ]);
  assertEquals(space.read("out/rows/1/all"), "7A\n7B\n");

  // What somebody did to the files is undone without a call.
  space.write({ "out/cards/1_00.txt": "edited", "out/rows/2/more": "added" });
  space.remove("out/upper/1");
  const healed = await space.run();
  assertEquals([healed.code, healed.started], [0, []]);
  assertEquals(restored(healed), [
    "out/cards/1_00.txt",
    "out/rows/2",
    "out/upper/1/0.txt",
    "out/upper/1/1.txt",
  ]);
  assertEquals(space.read("out/cards/1_00.txt"), "7a\n");
  assertEquals(space.has("out/rows/2/more"), false);

  // An element that moves takes its results along; nothing of a map is called.
  space.edit("workflow.yaml", "[1, 7, 3]", "[7, 1]");
  const moved = await space.flow("run");
  assertIncludes(moved.stderr, "5 published files belong to no node any more: flow clean");
  assertEquals(printed(space), []);
  assertEquals(
    [space.read("out/cards/0_00.txt"), space.read("out/rows/1/all")],
    ["7a\n", "1A\n1B\n"],
  );
  assertEquals(
    (await space.flow("clean")).stdout,
    [
      "cards/2_00.txt",
      "cards/2_01.txt",
      "rows/2",
      "upper/2/0.txt",
      "upper/2/1.txt",
    ].map((path) => `removed out/${path}\n`).join(""),
  );
  assertEquals(Object.keys(filesBelow(space, "out")).length, 10);
  assertEquals(space.has("out/upper/2"), false);
  assertEquals((await space.flow("clean")).stdout, "");
});

Deno.test("a lost file of one call is made again, and its neighbours are not", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  files:
    map: "xs[i] -> files[i], line[i]"
    run: [sh, -c, 'echo ran; echo "$1" > "$2"', sh, "\${in.xs}", "\${out.files}"]
    inputs: { xs: { value: [1, 1, 2] } }
    commandLine: line
    outputs: { files: { file: "{i}.txt" }, line: }
  all: { run: [cat, "\${in.files}"], inputs: [files], stdout: all }
`,
  });
  assertEquals(await space.ran(), ["all", "files"]);
  assertEquals([space.read("0.txt"), space.read("1.txt"), space.read("2.txt")], [
    "1\n",
    "1\n",
    "2\n",
  ]);
  const lines = await shown(space, "line") as string[][];
  assertEquals(lines.map((line) => line.at(-1)), ["0.txt", "1.txt", "2.txt"]);
  const whole = await space.flow("cache", "verify", "--json");
  assertEquals([whole.code, JSON.parse(whole.stdout).damagedResults], [0, []]);
  assertEquals((await space.flow("cache", "gc", "--keep-runs", "1")).code, 0);

  // The bytes of one go, in the store and in the workspace.
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode("2\n")),
  ).toHex();
  space.remove(`.pipecache/blobs/${hash.slice(0, 2)}/${hash.slice(2)}`);
  const damaged = await space.flow("cache", "verify", "--json");
  assertEquals(
    [
      damaged.code,
      JSON.parse(damaged.stdout).damagedResults.map((one: { output: string }) => one.output),
    ],
    [4, ["files"]],
  );
  space.remove("2.txt");
  const run = await space.run();
  assertEquals([run.code, run.started], [0, ["files"]]);
  assertEquals(printed(space), ["files[2]"]);
  assertEquals(space.read("2.txt"), "2\n");
});

Deno.test("a failed call leaves an error value in the place of its file", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  files:
    map: "xs[i] -> files[i]"
    run: "echo ran; test \$x != 2 -o -e good; echo \$x > \${out.files}"
    env: {}
    sandbox: off
    onError: continue
    inputs: { xs: { value: [1, 2, 3] } }
    outputs: { files: { file: "{i}.txt" } }
  more: { map: "files[i] -> more[i]", call: nodes.ts#more }
  good: { call: nodes.ts#good, onError: continue }
`.replaceAll("$x", "${in.xs}"),
    "nodes.ts":
      `${NODES}export const more = ({ files }: { files: string }) => Deno.readTextFileSync(files);\n`,
  });
  const first = await space.run();
  assertEquals(first.code, 1);
  assertEquals([callsOf(first, "files"), callsOf(first, "more")], [[0, 2, 1], [0, 2, 0]]);
  assertEquals(await shown(space, "good"), ["1\n", [1], "3\n"]);
  assertEquals([space.has("0.txt"), space.has("1.txt"), space.has("2.txt")], [true, false, true]);
  const warned = await space.flow("show", "files");
  assertIncludes(warned.stderr, 'warning: "files" holds 1 error value:\n  files[1]: ');

  // The failed call alone is made again; a part of the calls needs no more than that.
  space.write({ good: "" });
  const part = await space.run("--select", "i=0:2", "more");
  assertEquals([part.code, callsOf(part, "files"), callsOf(part, "more")], [0, [1, 1, 0], [
    1,
    1,
    0,
  ]]);
  const second = await space.run();
  assertEquals([second.code, callsOf(second, "files")], [0, [3, 0, 0]]);
  assertEquals(await shown(space, "good"), ["1\n", "2\n", "3\n"]);
});

Deno.test("kill -9 in the middle of a map of files costs the calls that ran", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  files:
    map: "xs[i] -> files[i]"
    run: |
      echo ran
      if test $x = 3 -a ! -e go; then touch there; exec sleep 600; fi
      echo $x > \${out.files}
    sandbox: off
    inputs: { xs: { value: [1, 2, 3, 4] } }
    outputs: { files: { file: "out/{i}.txt" } }
`.replaceAll("$x", "${in.xs}"),
  });
  const run = space.start(["run", "-j", "1"]);
  await run.untilThere(space.at("there"));
  run.kill("SIGKILL");
  await run.result();
  await space.endsAll();
  // Files appear as their calls end.
  assertEquals(filesBelow(space, "out"), { "0.txt": "1\n", "1.txt": "2\n" });
  space.write({ go: "" });
  assertEquals(await space.ran(), ["files"]);
  assertEquals(printed(space), ["files[2]", "files[3]"]);
  assertEquals(Object.values(filesBelow(space, "out")), ["1\n", "2\n", "3\n", "4\n"]);
});

/** The last call of `ys` ends only after a call of `ws` has run, two nodes further; that may edit a file of `ys`. */
const GATED = `nodes:
  ys:
    run: "if [ \${in.x} = 3 ]; then while [ ! -e sync/go ]; do sleep 0.02; done; fi; echo \${in.x} > \${out.ys}"
    map: "x[i] -> ys[i]"
    inputs: { x: { value: [1, 2, 3] } }
    outputs: { ys: "out/y{i}.txt" }
    allow: { write: [sync] }
  zs:
    run: "echo ran; mkdir \${out.zs}; cp \${in.ys} \${out.zs}/copy"
    map: "ys[i] -> zs[i]"
    inputs: [ys]
    outputs: { zs: { dir: "out/z{i}" } }
  ws:
    run: "if [ -e sync/edit ]; then echo edited > out/y0.txt; fi; echo >> sync/go; cat \${in.zs}/copy"
    map: "zs[i] -> ws[i]"
    inputs: [zs]
    stdout: { output: ws, as: json }
    allow: { write: [sync, out] }
`;

Deno.test("a call starts when its own files are there, and is not kept if they are edited", async () => {
  using space = new TestSpace({ "sync/edit": "", "out/x": "", "workflow.yaml": GATED });
  const edited = await space.run("-j", "2");
  assertEquals([edited.code, edited.started], [0, ["ws", "ys", "zs"]], edited.stderr);
  assertIncludes(edited.stdout, `Input \\"${space.at("out/y0.txt")}\\" of node \\"zs\\" changed`);
  space.remove("sync");
  space.write({ "sync/go": "" });
  assertEquals(await space.ran(), ["zs"]);
  assertEquals(printed(space), ["zs[0]", "zs[1]", "zs[2]"]);
  assertEquals(space.read("out/y0.txt"), "1\n");

  // Nothing is edited: everything is kept.
  space.remove("sync/go");
  space.edit("workflow.yaml", "[1, 2, 3]", "[7, 8, 3]");
  const run = await space.run("-j", "2", "--from", "ys");
  const order = run.events.flatMap((event) =>
    event.type === "started" || event.type === "done" ? [`${event.type} ${event.node}`] : []
  );
  assertEquals(order, [
    "started ys",
    "started zs",
    "started ws",
    "done ys",
    "done zs",
    "done ws",
  ], run.stderr);
  assertEquals(await shown(space, "ws"), [7, 8, 3]);
  assertEquals((await space.run()).started, []);
});
