/** Outputs known by a hash of their own: `withHash`, `withHashOfInputs` and `hash: inputs`. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { failureOf, TestSpace } from "../testing/space.ts";

const NODES = `import { withHash, withHashOfInputs } from "flow";
/** Each run gives another value. */
const now = () => crypto.randomUUID();
export const versioned = ({ n }: { n: number }) => withHash({ n, at: now() }, "v" + (n >> 1));
export const other = ({ n }: { n: number }) => withHash({ n, at: now() }, "v" + (n >> 1));
export const byInputs = async ({ n }: { n: number }) => {
  await Promise.resolve();
  return withHashOfInputs({ n, at: now() });
};
export function several({ n }: { n: number }, ctx: { out: { file: string } }) {
  Deno.writeTextFileSync(ctx.out.file, now());
  return { a: withHash(now(), "a" + n), b: withHashOfInputs(n), c: n % 2 };
}
export const declared = (_: { n?: number }) => now();
export const use = ({ x }: { x: unknown }) => x;
export const head = ({ x }: { x: string }) => x.slice(0, 36);
`;

const one = (node: string, outputs = "") =>
  `name: w
inputs: { n: { default: 2 } }
nodes:
  made: { call: nodes.ts#${node}, inputs: [n]${outputs} }
  use: { call: nodes.ts#use, inputs: { x: made } }
`;

const show = async (space: TestSpace, output: string) =>
  JSON.parse((await space.flow("show", output)).stdout);

Deno.test("withHash: what uses the output runs again when the hash changes, and only then", async () => {
  using space = new TestSpace({ "nodes.ts": NODES, "workflow.yaml": one("versioned") });
  assertEquals(await space.ran(), ["made", "use"]);
  const first = await show(space, "made");
  assertEquals(await show(space, "use"), first);
  // Another value, the same hash: after another input, a forced run, an edit of the code.
  assertEquals(await space.ran("--input", "n=3"), ["made"]);
  assertEquals(await space.ran("--from", "made"), ["made"]);
  space.edit(
    "nodes.ts",
    '"v" + (n >> 1));\nexport const other',
    '"" + "v" + (n >> 1));\nexport const other',
  );
  assertEquals(await space.ran(), ["made"]);
  assertEquals(await show(space, "use"), first);
  const latest = await show(space, "made");
  assertEquals([latest.n, latest.at === first.at], [2, false]);
  assertEquals(await space.ran("--input", "n=4"), ["made", "use"]);
  assertEquals(await space.ran(), []);
});

Deno.test("withHashOfInputs: what uses the output runs again when an input or the code changes", async () => {
  using space = new TestSpace({ "nodes.ts": NODES, "workflow.yaml": one("byInputs") });
  assertEquals(await space.ran(), ["made", "use"]);
  assertEquals(await space.ran("--from", "made"), ["made"]);
  assertEquals(await space.ran("--input", "n=3"), ["made", "use"]);
  assertIncludes((await space.flow("why", "use")).stdout, "input x (made): ");
  assertEquals(await space.ran(), []);
  space.edit("nodes.ts", "withHashOfInputs({ n,", "withHashOfInputs({ m: n, n,");
  assertEquals(await space.ran(), ["made", "use"]);
});

Deno.test("of several outputs each has a hash of its own, or none", async () => {
  using space = new TestSpace({
    "nodes.ts": NODES,
    "workflow.yaml": `name: w
inputs: { n: { default: 2 } }
nodes:
  several: { call: nodes.ts#several, outputs: { a: , b: , c: , file: { file: out/f, hash: inputs } } }
  a2: { call: nodes.ts#use, inputs: { x: a } }
  b2: { call: nodes.ts#use, inputs: { x: b } }
  c2: { call: nodes.ts#use, inputs: { x: c } }
  f2: { run: "cat \${in.file}", inputs: [file], stdout: f2 }
`,
  });
  const all = ["a2", "b2", "c2", "f2", "several"];
  assertEquals(await space.ran(), all);
  assertEquals(await space.ran("--from", "several"), ["several"]);
  // What is published is what the newest run made, though nobody ran again for it.
  assertEquals(space.read("out/f") === (await space.flow("show", "f2")).stdout, false);
  assertEquals(await space.ran("--input", "n=4"), ["a2", "b2", "f2", "several"]);
  assertEquals(await space.ran("--input", "n=5"), all);
  assertEquals(await space.ran("--input", "n=4"), []);
});

Deno.test("hash: inputs holds for values, files and directories, of functions and commands", async () => {
  using space = new TestSpace({
    "nodes.ts": NODES,
    "workflow.yaml": `name: w
nodes:
  value: { call: nodes.ts#declared, outputs: { value: { hash: inputs } } }
  file:
    run: cat /proc/sys/kernel/random/uuid > \${out.file}; mkdir \${out.dir}; cp \${out.file} \${out.dir}/x; echo $$
    outputs: { file: { file: out/f, hash: inputs }, dir: { dir: out/d, hash: inputs }, text: { hash: inputs } }
    stdout: text
    sandbox: off
  uses:
    run: cat \${in.f} \${in.d}/x; echo \${in.v} \${in.t}
    inputs: { f: file.file, d: file.dir, v: value, t: file.text }
    stdout: uses
`,
  });
  assertEquals(await space.ran(), ["file", "uses", "value"]);
  assertEquals(await space.ran("--from", "file", "--from", "value"), ["file", "value"]);
  space.edit("workflow.yaml", "echo $$", "echo  $$");
  assertEquals(await space.ran(), ["file", "uses"]);
});

Deno.test("adding hash: inputs runs what uses the output, not what makes it; so does removing it", async () => {
  using space = new TestSpace({ "nodes.ts": NODES, "workflow.yaml": one("declared") });
  assertEquals(await space.ran(), ["made", "use"]);
  space.write({ "workflow.yaml": one("declared", ", outputs: { made: { hash: inputs } }") });
  assertIncludes(
    (await space.flow("why", "use")).stdout,
    "input x (made): its hash changed, its content did not",
  );
  assertEquals(await space.ran(), ["use"]);
  assertEquals(await space.ran("--from", "made"), ["made"]);
  space.write({ "workflow.yaml": one("declared") });
  assertEquals(await space.ran(), ["use"]);
});

Deno.test("a hash speaks for one function and one output, never for others that give the same text", async () => {
  const workflow = (x: string) =>
    `name: w
inputs: { n: { default: 2 } }
nodes:
  m1: { call: nodes.ts#versioned }
  m2: { call: nodes.ts#other }
  s: { call: nodes.ts#pair }
  use: { call: nodes.ts#use, inputs: { x: ${x} } }
`;
  using space = new TestSpace({
    "nodes.ts": `${NODES}export const pair = () => ({ p: withHash(1, "v"), q: withHash(2, "v") });
`,
    "workflow.yaml": workflow("m1").replace("#pair", "#pair, outputs: [p, q]"),
  });
  await space.ran();
  for (const source of ["m2", "s.p", "s.q"]) {
    space.write({ "workflow.yaml": workflow(source).replace("#pair", "#pair, outputs: [p, q]") });
    assertEquals(await space.ran(), ["use"], source);
  }
  assertEquals(await show(space, "use"), 2);
});

Deno.test("a node that is renamed keeps its hash, and the index knows it when it was lost", async () => {
  using space = new TestSpace({ "nodes.ts": NODES, "workflow.yaml": one("versioned") });
  await space.ran();
  space.edit("workflow.yaml", "made", "renamed");
  assertEquals(await space.ran(), []);
  for (const name of ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"]) {
    if (space.has(`.pipecache/${name}`)) space.remove(`.pipecache/${name}`);
  }
  assertEquals(await space.ran("--from", "renamed"), ["renamed"]);
});

Deno.test("temporary bytes that are made again may differ if the hash is the same", async () => {
  const workflow = (more: string) =>
    `name: w
nodes:
  made: { call: nodes.ts#declared, inputs: { n: { value: 1 } }, outputs: { made: { temp: true, hash: inputs } } }
  a: { call: nodes.ts#head, inputs: { x: made } }
${more}`;
  using space = new TestSpace({
    "nodes.ts": NODES.replace("=> now()", '=> now() + "x".repeat(10_000)'),
    "workflow.yaml": workflow(""),
  });
  assertEquals(await space.ran(), ["a", "made"]);
  const before = await space.flow("show", "a");
  space.write({
    "workflow.yaml": workflow('  b: { run: "cat > /dev/null", inputs: [made], stdin: made }\n'),
  });
  assertEquals(await space.ran(), ["b", "made"]);
  assertEquals((await space.flow("show", "a")).stdout, before.stdout);
});

Deno.test("a TypeScript workflow may hold functions that give hashes", async () => {
  using space = new TestSpace({
    "workflow.ts": `import { call, run, withHash, workflow } from "flow";
export const made = () => withHash({ at: crypto.randomUUID() }, "v1");
const a = call(made);
const b = run(["echo", "\${in.a}"], { inputs: { a }, stdout: "b" });
export default workflow({ nodes: { a, b } });
`,
  });
  assertEquals(await space.ran(), ["a", "b"]);
  assertEquals(await space.ran("--from", "a"), ["a"]);
});

/** Bodies that use hashes wrongly, with the outputs of their node, and what is said. */
const WRONG: readonly (readonly [body: string, outputs: string, message: string])[] = [
  ['withHash(1, "")', "", "Cannot use this hash: withHash(value, hash) takes a text"],
  ["withHash(1, 3 as never)", "", "Cannot use this hash: withHash(value, hash) takes a text"],
  ['[withHash(1, "a")]', "", "an instance of class WithHash, not plain data"],
  ['withHash(withHash(1, "a"), "b")', "", "an instance of class WithHash, not plain data"],
  ['withHash(() => 1, "a")', "", "function"],
  ['withHash({ a: 1, b: 2 }, "a")', ", outputs: [a, b]", 'one hash for the 2 outputs "a", "b"'],
  ['withHash(1, "a")', ", outputs: []", "a value with a hash, but the node has no value output"],
];

for (const [body, outputs, message] of WRONG) {
  Deno.test(`the node fails that returns ${body}${outputs}`, async () => {
    using space = new TestSpace({
      "nodes.ts": `import { withHash } from "flow";\nexport const f = () => ${body};\n`,
      "workflow.yaml": `name: w\nnodes:\n  a: { call: nodes.ts#f${outputs} }\n`,
    });
    assertIncludes(failureOf(await space.run(), "a").message, message);
  });
}
