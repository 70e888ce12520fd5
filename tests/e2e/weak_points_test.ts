/**
 * What goes wrong in pypipegraph2, case by case (W1 to W15), and must not go wrong here: through the command line, with real
 * files. `tests/core/planner_test.ts` has some of it for the planner alone.
 */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { flow, SOURCE_COMMAND } from "../cli/flow.ts";
import { countsOf, eventsOf, failureOf, TestSpace } from "../testing/space.ts";

/** TA -> TB -> C and D; C also needs X. Only C and D are kept. */
const TEMPS = `inputs: { x: { file: x.txt } }
nodes:
  ta: { run: "echo >> log/ta; echo ta > \${out.ta}", outputs: { ta: { file: out/ta, temp: true } }, allow: { write: [log] } }
  tb:
    run: "echo >> log/tb; cat \${in.ta} > \${out.tb}; echo tb >> \${out.tb}"
    inputs: [ta]
    outputs: { tb: { file: out/tb, temp: true } }
    allow: { write: [log] }
  c: { run: "cat \${in.tb} \${in.x} > \${out.c}", inputs: [tb, x], outputs: { c: { file: out/c } } }
  d: { run: "wc -c < \${in.tb} > \${out.d}", inputs: [tb], outputs: { d: { file: out/d } } }
`;

Deno.test("W1 a temporary node is never started without the temporary node it takes", async () => {
  // In every order of declaration: what runs must not depend on it.
  const lines = TEMPS.split("\n");
  const [ta, tb, c, d] = [[2, 3], [3, 8], [8, 9], [9, 10]].map(([a, b]) => lines.slice(a, b));
  for (const order of [[ta, tb, c, d], [d, c, tb, ta], [c, ta, d, tb], [tb, d, ta, c]]) {
    using space = new TestSpace({
      "x.txt": "1\n",
      "log/x": "",
      "workflow.yaml": [...lines.slice(0, 2), ...order.flat()].join("\n") + "\n",
    });
    assertEquals(await space.ran(), ["c", "d", "ta", "tb"]);
    space.write({ "x.txt": "2\n" });
    assertEquals(await space.ran(), ["c", "ta", "tb"]);
    assertEquals([space.read("out/c"), space.read("out/d")], ["ta\ntb\n2\n", "6\n"]);
    assertEquals([space.lines("log/ta"), space.lines("log/tb")], [2, 2]);
    assertEquals([space.has("out/ta"), space.has("out/tb")], [false, false]);
  }
});

/** A chain of functions; `n0` takes `x`. */
function chain(length: number): Record<string, string> {
  const nodes = Array.from(
    { length },
    (_, i) => `  n${i}: { call: nodes.ts#next, inputs: { x: ${i === 0 ? "x" : `n${i - 1}`} } }`,
  );
  return {
    "workflow.yaml": `inputs: { x: { default: 0 } }\nnodes:\n${nodes.join("\n")}\n`,
    "nodes.ts": "export const next = ({ x }: { x: number }) => x + 1;\n",
  };
}

Deno.test("W2 SIGINT in an unchanged run loses nothing: the next one executes nothing", async () => {
  using space = new TestSpace(chain(300));
  assertEquals((await space.ran()).length, 300);
  // At points spread over the run; one that is over before the signal comes is as good.
  for (const count of [1, 2, 40, 150, 280]) {
    const live = space.start(["run", "--json"]);
    await live.seesCount(count);
    live.kill("SIGINT");
    const { started, code } = await live.result();
    assertEquals([started, code === 130 || code === 0], [[], true]);
    assertEquals(await space.ran(), []);
  }
});

Deno.test("W3 a chain of 5,000 nodes runs, has nothing to do, and runs again from a changed head", async () => {
  using space = new TestSpace(chain(5_000));
  const counts = async (...args: string[]) => {
    const run = await space.run(...args);
    assertEquals(run.code, 0, run.stderr);
    return [countsOf(run).done, countsOf(run).hit];
  };
  assertEquals(await counts(), [5_000, 0]);
  assertEquals(await counts(), [0, 5_000]);
  assertEquals(await counts("--input", "x=9000"), [5_000, 0]);
  assertEquals((await space.flow("show", "n4999", "--input", "x=9000")).stdout, "14000\n");
});

Deno.test("W4 a fan-in of 20,000 is one node with 20,000 inputs, executed once, and again if one changes", async () => {
  const size = 20_000;
  const names = Array.from({ length: size }, (_, i) => `n${i}`);
  const sources = names.map((name, i) =>
    `  ${name}: { call: nodes.ts#one, inputs: { i: { value: ${i} } } }`
  );
  using space = new TestSpace({
    "workflow.yaml": `params: { plus: 0 }\nnodes:\n${
      sources.join("\n")
    }\n  last: { call: nodes.ts#plus, inputs: { i: { value: 1 }, plus: params.plus } }
  all: { call: nodes.ts#sum, inputs: [last, ${names.join(", ")}] }\n`,
    "nodes.ts": `export const one = ({ i }: { i: number }) => i;
export const plus = ({ i, plus }: { i: number; plus: number }) => i + plus;
export const sum = (all: Record<string, number>) => Object.values(all).reduce((a, b) => a + b, 0);
`,
  });
  const counts = async (...args: string[]) => {
    const run = await space.run(...args);
    assertEquals(run.code, 0, run.stderr);
    return [run.started.filter((node) => node === "all").length, countsOf(run).done];
  };
  assertEquals(await counts(), [1, size + 2]);
  assertEquals(await counts(), [0, 0]);
  assertEquals(await counts("--set", "plus=1"), [1, 2]);
  const { stdout } = await space.flow("show", "all", "--set", "plus=1");
  assertEquals(stdout, `${(size - 1) * size / 2 + 2}\n`);
});

Deno.test("W5 after kill -9 in the middle of a run what was finished is not done again", async () => {
  const done = Array.from({ length: 20 }, (_, i) => `d${i}`);
  using space = new TestSpace({
    "log/x": "",
    "workflow.yaml": `nodes:\n${
      done.map((name) =>
        `  ${name}: { run: "echo >> log/${name}; echo ${name} > \${out.${name}}", outputs: { ${name}: { file: out/${name} } }, allow: { write: [log] } }\n`
      ).join("")
    }  slow: { run: "[ -e log/go ] || { : > log/ready; sleep 1000; }; : > \${out.slow}", after: [${
      done.join(", ")
    }], outputs: { slow: { file: out/slow, allowEmpty: true } }, allow: { write: [log] } }\n`,
  });
  const live = space.start(["run", "--json"]);
  await live.untilThere(space.at("log/ready"));
  live.kill("SIGKILL");
  await live.result();
  await space.endsAll();
  space.write({ "log/go": "" });
  assertEquals(await space.ran(), ["slow"]);
  assertEquals(done.map((name) => space.lines(`log/${name}`)), done.map(() => 1));
});

const COPY = {
  "in.txt": "one\n",
  "workflow.yaml": `nodes:
  copy: { run: "cat \${in.x} > \${out.copy}", inputs: { x: { file: in.txt } }, outputs: { copy: { file: out/copy } } }
  after: { run: "wc -c < \${in.copy} > \${out.after}", inputs: [copy], outputs: { after: { file: out/after } } }
`,
};

/** Writes a file and gives it the modification time it had. */
function editUnseen(space: TestSpace, name: string, text: string): void {
  const { mtime, atime, size } = Deno.statSync(space.at(name));
  assertEquals(size, text.length);
  Deno.writeTextFileSync(space.at(name), text);
  Deno.utimeSync(space.at(name), atime as Date, mtime as Date);
}

Deno.test("W6 an output that was tampered with is noticed and restored, also at the same size and time", async () => {
  using space = new TestSpace(COPY);
  await space.ran();
  editUnseen(space, "out/copy", "two\n");
  const run = await space.run();
  assertEquals([run.code, run.started], [0, []]);
  assertEquals(eventsOf(run, "hit").flatMap(({ restored }) => restored ?? []), ["out/copy"]);
  assertEquals(space.read("out/copy"), "one\n");
});

Deno.test("W6 an input edited within the same second, at the same size and time, reruns what reads it", async () => {
  using space = new TestSpace(COPY);
  await space.ran();
  editUnseen(space, "in.txt", "two\n");
  assertEquals(await space.ran(), ["after", "copy"]);
  assertEquals(space.read("out/copy"), "two\n");
});

Deno.test("W7 default arguments, constants and helpers in other modules are tracked, all else is not", async () => {
  using space = new TestSpace({
    "nodes.ts": `import { scale } from "./lib/scale.ts";
const BASE = 1;
export const f = ({ x = 2 }: { x?: number }) => scale(x + BASE);
export const other = () => 0;
`,
    "lib/scale.ts": "export const scale = (n: number, by = 10) => n * by;\n",
    "workflow.yaml": "nodes: { f: { call: nodes.ts#f } }\n",
  });
  const shown = async () => [await space.ran(), (await space.flow("show", "f")).stdout];
  assertEquals(await shown(), [["f"], "30\n"]);
  space.edit("nodes.ts", "x = 2", "x = 3");
  assertEquals(await shown(), [["f"], "40\n"]);
  space.edit("lib/scale.ts", "by = 10", "by = 100");
  assertEquals(await shown(), [["f"], "400\n"]);
  space.edit("nodes.ts", "BASE = 1", "BASE = 2");
  assertEquals(await shown(), [["f"], "500\n"]);
  space.edit("nodes.ts", "other = () => 0", "other = () => 1");
  assertEquals(await shown(), [[], "500\n"]);
});

Deno.test("W8 a node that fails when it is made again leaves its last good output as it was", async () => {
  using space = new TestSpace({
    "in.txt": "good\n",
    "workflow.yaml": `nodes:
  f:
    run: "cat \${in.x} > \${out.f}; mkdir -p \${out.g}; cat \${in.x} > \${out.g}/part; grep -q good \${in.x}"
    inputs: { x: { file: in.txt } }
    outputs: { f: { file: out/f }, g: { dir: out/g } }
`,
  });
  await space.ran();
  space.write({ "in.txt": "bad\n" });
  const run = await space.run();
  assertEquals([run.code, failureOf(run, "f").reason], [1, "exit"]);
  assertEquals([space.read("out/f"), space.read("out/g/part")], ["good\n", "good\n"]);
  space.write({ "in.txt": "good\n" });
  assertEquals(await space.ran(), []);
});

Deno.test("W9 nodes that return nodes run once each, at any depth", async () => {
  const depth = 12;
  using space = new TestSpace({
    "log/x": "",
    "nodes.ts": `export const step = ({ n }: { n: number }) => ({
  nodes: n === 0 ? { end: { call: "nodes.ts#end" } } : {
    ["made" + n]: { run: "echo " + n + " >> log/made" + n, outputs: [], allow: { write: ["log"] } },
    ["step" + n]: { expand: "nodes.ts#step", inputs: { n: { value: n - 1 } } },
  },
});
export const end = () => "bottom";
`,
    "workflow.yaml": `nodes:
  top: { expand: nodes.ts#step, inputs: { n: { value: ${depth} } } }
`,
  });
  const run = await space.run();
  const levels = Array.from({ length: depth }, (_, i) => i + 1);
  const names = ["end", "top", ...levels.flatMap((n) => [`made${n}`, `step${n}`])];
  assertEquals([run.code, run.started], [0, names.sort()], run.stderr);
  assertEquals(levels.map((n) => space.lines(`log/made${n}`)), levels.map(() => 1));
  assertEquals(await space.ran(), []);
});

Deno.test("W10 a renamed input, node, function argument or file of the workflow reruns nothing", async () => {
  const files = {
    "in.txt": "1\n",
    "nodes.ts": `export const load = (_: unknown, ctx: { in: { x: string } }) =>
  Number(Deno.readTextFileSync(ctx.in.x));
export const next = ({ n }: { n: number }) => n + 1;
`,
    "workflow.yaml": `inputs: { x: { file: in.txt } }
nodes:
  load: { call: nodes.ts#load, inputs: [x] }
  next: { call: nodes.ts#next, inputs: { n: load } }
`,
  };
  using space = new TestSpace(files);
  assertEquals(await space.ran(), ["load", "next"]);
  Deno.renameSync(space.at("in.txt"), space.at("renamed.txt"));
  space.edit("workflow.yaml", "in.txt", "renamed.txt");
  assertEquals(await space.ran(), []);
  space.edit("workflow.yaml", "load:", "read:");
  space.edit("workflow.yaml", "n: load", "n: read");
  assertEquals(await space.ran(), []);
  Deno.renameSync(space.at("workflow.yaml"), space.at("other.yaml"));
  assertEquals(await space.ran("other.yaml"), []);
});

Deno.test("W11 a temporary node whose consumer is away for a run is not forgotten", async () => {
  const lines = (...names: string[]) =>
    "nodes:\n" +
    ["t", ...names].map((name) =>
      name === "t"
        ? '  t: { run: "echo t > ${out.t}", outputs: { t: { file: out/t, temp: true } } }\n'
        : `  ${name}: { run: "cat \${in.t} > \${out.${name}}", inputs: [t], outputs: { ${name}: { file: out/${name} } } }\n`
    ).join("");
  using space = new TestSpace({ "workflow.yaml": lines("a", "b") });
  assertEquals(await space.ran(), ["a", "b", "t"]);
  space.write({ "workflow.yaml": lines() });
  assertEquals(await space.ran(), []);
  space.write({ "workflow.yaml": lines("a", "b") });
  assertEquals(await space.ran(), []);
  assertEquals(await space.ran("--skip", "b"), []);
  assertEquals(await space.ran(), []);
});

Deno.test("W12 a pool of 1 lets one of its nodes run at a time, whatever --jobs says", async () => {
  const names = ["a", "b", "c", "d"];
  // Who does not find itself alone fails.
  const alone = "mkdir sync/alone; cat /proc/uptime > /dev/null; rmdir sync/alone";
  using space = new TestSpace({
    "sync/x": "",
    "workflow.yaml": `pools: { net: 1 }\nnodes:\n${
      names.map((name) =>
        `  ${name}: { run: "${alone}; : ${name}", outputs: [], resources: { net: 1 }, allow: { write: [sync] } }\n`
      ).join("")
    }`,
  });
  const run = await space.run("-j", "4");
  assertEquals([run.code, run.started], [0, names], run.stdout);
  let going = 0;
  for (const { type } of run.events) {
    if (type === "started") going++;
    if (type === "done") going--;
    assertOk(going <= 1, "two nodes of the pool ran together");
  }
});

Deno.test("W12 retries, timeouts, dry runs and explanations exist", async () => {
  using space = new TestSpace({
    "log/x": "",
    "workflow.yaml": `nodes:
  flaky:
    run: "echo >> log/flaky; [ $(wc -l < log/flaky) = 3 ]"
    outputs: []
    retries: { limit: 2, delay: 1ms }
    allow: { write: [log] }
  endless: { run: "sleep 1000", outputs: [], timeout: 200ms }
`,
  });
  const plan = await space.flow("run", "--dry-run");
  assertEquals([plan.code, space.lines("log/flaky")], [0, 0]);
  for (const node of ["flaky", "endless"]) assertIncludes(plan.stdout, node);
  const run = await space.run();
  assertEquals([run.code, space.lines("log/flaky")], [1, 3]);
  assertEquals(eventsOf(run, "retried").map(({ node, attempt }) => [node, attempt]), [
    ["flaky", 1],
    ["flaky", 2],
  ]);
  assertEquals(failureOf(run, "endless").reason, "timeout");
  space.edit("workflow.yaml", "= 3 ]", "= 4 ]");
  assertIncludes((await space.flow("why", "flaky")).stdout, "= 4 ]");
});

Deno.test("W12 outputs of nodes that left the file are known, and flow clean removes them", async () => {
  using space = new TestSpace(COPY);
  await space.ran();
  space.write({ "workflow.yaml": COPY["workflow.yaml"].replace(/^ {2}after:.*\n/m, "") });
  assertIncludes((await space.flow("run")).stderr, "1 published file belongs to no node");
  assertEquals((await space.flow("clean")).stdout, "removed out/after\n");
  assertEquals([space.has("out/after"), space.read("out/copy")], [false, "one\n"]);
});

Deno.test("W12 two runs of one workflow at once do each node once", async () => {
  using space = new TestSpace({
    "log/x": "",
    "workflow.yaml": `nodes:
  a: { run: "echo >> log/a; echo a > \${out.a}", outputs: { a: { file: out/a } }, allow: { write: [log] } }
  b: { run: "echo >> log/b; cat \${in.a} > \${out.b}", inputs: [a], outputs: { b: { file: out/b } }, allow: { write: [log] } }
`,
  });
  const runs = await Promise.all([space.run(), space.run()]);
  assertEquals(runs.map(({ code }) => code), [0, 0]);
  assertEquals(runs.flatMap(({ started }) => started).sort(), ["a", "b"]);
  assertEquals([space.lines("log/a"), space.lines("log/b"), space.read("out/b")], [1, 1, "a\n"]);
});

Deno.test("W13 a store that cannot be used ends the run with exit code 4 and the path, and nothing in the directory", async () => {
  using space = new TestSpace(COPY);
  space.write({ ".pipecache": "a file" });
  const before = [...Deno.readDirSync(space.path)].map(({ name }) => name).sort();
  const { code, stdout, stderr } = await space.flow("run");
  assertEquals([code, stdout], [4, ""]);
  assertIncludes(stderr, space.at(".pipecache"));
  assertEquals([...Deno.readDirSync(space.path)].map(({ name }) => name).sort(), before);
});

Deno.test("W13 results that cannot be recorded fail the run, and are not taken for done", async () => {
  using space = new TestSpace(COPY);
  space.write({ ".pipecache/journal": "a file in the place of a directory" });
  const run = await space.run();
  assertEquals(run.code, 4);
  assertIncludes(run.stderr, "journal");
  space.remove(".pipecache/journal");
  assertEquals(await space.ran(), ["after", "copy"]);
});

Deno.test("W13 an error that flow does not expect ends the run with exit code 70, is printed, and loses nothing", async () => {
  using space = new TestSpace(COPY);
  assertEquals(await space.ran(), ["after", "copy"]);
  space.edit("workflow.yaml", "wc -c", "wc -l");
  // Without this permission the number of processors cannot be asked for, which flow takes for granted.
  const command = SOURCE_COMMAND.flatMap((word) =>
    word === "-A"
      ? ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-ffi"]
      : [word]
  );
  const { code, stderr } = await flow(["run"], { cwd: space.path, command });
  assertEquals(code, 70, stderr);
  assertIncludes(stderr, "This is a bug in flow");
  assertIncludes(stderr, "Requires sys access");
  const left = [...Deno.readDirSync(space.path)].map(({ name }) => name).sort();
  assertEquals(left, [".pipecache", ".tmp", "in.txt", "out", "workflow.yaml"]);
  assertEquals(await space.ran(), ["after"]);
});

Deno.test("W14 500 short functions need no more processes than there are slots,", async () => {
  const names = Array.from({ length: 500 }, (_, i) => `f${i}`);
  using space = new TestSpace({
    "nodes.ts": "export const pid = ({ i }: { i: number }) => [Deno.pid, i];\n",
    "workflow.yaml": `nodes:\n${
      names.map((name, i) => `  ${name}: { call: nodes.ts#pid, inputs: { i: { value: ${i} } } }\n`)
        .join("")
    }  all: { call: nodes.ts#pids, inputs: [${names.join(", ")}] }\n`,
  });
  space.write({
    "nodes.ts": `${space.read("nodes.ts")}
export const pids = (all: Record<string, [number, number]>) =>
  [...new Set(Object.values(all).map(([pid]) => pid))].length;
`,
  });
  const run = await space.run("-j", "2");
  assertEquals([run.code, run.started.length], [0, 501], run.stderr);
  const processes = Number((await space.flow("show", "all")).stdout);
  assertOk(processes >= 1 && processes <= 2, `${processes} processes`);
});

Deno.test("W15 a node that runs every time leaves its consumers alone when it delivers the same", async () => {
  using space = new TestSpace({
    "state": "1",
    "nodes.ts": `export const look = () => Deno.readTextFileSync("state");
export const gen = ({ look }: { look: string }) => ({
  nodes: { made: { call: "nodes.ts#own", inputs: { x: { value: look } } } },
});
export const use = ({ x }: { x: string }) => x + "!";
export const own = ({ x }: { x: string }) => x + "?";
`,
    "workflow.yaml": `nodes:
  look: { call: nodes.ts#look, cache: false, allow: { read: [state] } }
  used: { call: nodes.ts#use, inputs: { x: look } }
  gen: { expand: nodes.ts#gen, cache: false, outputs: [made] }
  last: { call: nodes.ts#use, inputs: { x: made } }
`,
  });
  assertEquals(await space.ran(), ["gen", "last", "look", "made", "used"]);
  assertEquals(await space.ran(), ["gen", "look"]);
  space.write({ "state": "2" });
  assertEquals(await space.ran(), ["gen", "last", "look", "made", "used"]);
});
