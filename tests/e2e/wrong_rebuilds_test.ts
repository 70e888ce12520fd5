/**
 * Wrong uses around what is rebuilt, published and removed: all that is printed, the exit code, and that nothing ran. The
 * texts are in `__snapshots__`; `wrong_workflows_test.ts` has the other ways a workflow can be wrong.
 */

import { assertEquals } from "../testing/assert.ts";
import { flow, TemporaryDirectory } from "../cli/flow.ts";
import { TestSpace } from "../testing/space.ts";

interface Wrong {
  readonly name: string;
  /** Lines below `nodes:`. */
  readonly nodes: readonly string[];
  /** What stands above `nodes:`. */
  readonly head?: string;
  /** The command line; `run` by default. */
  readonly args?: readonly string[];
}

const out = (name: string, path: string, more = ""): string =>
  `${name}: { run: "ls > \${out.${name}}", outputs: { ${name}: { file: ${path}${more} } } }`;

const reads = (name: string, source: string): string =>
  `${name}: { run: "cat \${in.x} > \${out.${name}}", inputs: { x: ${source} }, outputs: { ${name}: { file: out/${name} } } }`;

/** Two nodes, the second takes what the first makes. */
const PAIR = [
  out("a", "out/a"),
  'b: { run: "cat ${in.a} > ${out.b}", inputs: [a], outputs: { b: { file: out/b } } }',
];

const WRONG: readonly Wrong[] = [
  // Paths.
  { name: "two nodes that publish one path", nodes: [out("a", "out/x"), out("b", "./out/x")] },
  {
    name: "a path inside the directory of another output",
    nodes: [
      'a: { run: "mkdir ${out.a}", outputs: { a: { dir: out/d } } }',
      out("b", "out/d/b.txt"),
    ],
  },
  {
    name: "a directory around the path of another output",
    nodes: [
      out("b", "out/d/b.txt"),
      'a: { run: "mkdir ${out.a}", outputs: { a: { dir: out } } }',
    ],
  },
  { name: "the workflow file as an output", nodes: [out("a", "wf.yaml")] },
  { name: "the directory of the workflow as an output", nodes: [out("a", ".")] },
  { name: "an output in the store", nodes: [out("a", ".pipecache/a")] },
  { name: "an absolute path", nodes: [out("a", "/tmp/a")] },
  {
    name: "an input of the workflow as an output",
    head: "inputs: { raw: { file: data.txt } }\n",
    nodes: ['a: { run: "cat ${in.raw} > ${out.a}", inputs: [raw], outputs: { a: ./data.txt } }'],
  },
  // Reading by path what is published.
  { name: "a file that another node publishes", nodes: [PAIR[0], reads("b", "{ file: out/a }")] },
  { name: "a file that the node itself publishes", nodes: [reads("b", "{ file: ./out/b }")] },
  {
    name: "a file in a directory that another node publishes",
    nodes: [
      'a: { run: "mkdir ${out.a}", outputs: { a: { dir: out/d } } }',
      reads("b", "{ file: out/d/x }"),
    ],
  },
  {
    name: "a directory into which other nodes publish",
    nodes: [PAIR[0], reads("b", "{ dir: out }")],
  },
  {
    name: "a pattern of what other nodes publish",
    nodes: [PAIR[0], reads("b", "{ glob: 'out/*' }")],
  },
  {
    name: "an input in a directory that a node publishes",
    head: "inputs: { raw: { file: out/d/raw } }\n",
    nodes: ['a: { run: "mkdir ${out.a}", outputs: { a: { dir: out/d } } }', reads("b", "raw")],
  },
  {
    name: "tracking a file that another node publishes",
    nodes: [PAIR[0], "b: { run: ls, outputs: [], track: [{ file: out/a }] }"],
  },
  // Temporary results.
  { name: "temp that is neither true nor false", nodes: [out("a", "out/a", ", temp: always")] },
  {
    name: "a cache that is a number",
    nodes: ['a: { run: "ls > ${out.a}", cache: 3, outputs: { a: { file: out/a, temp: true } } }'],
  },
  // Nodes that return nodes.
  {
    name: "a node that is expanded and mapped",
    nodes: ["a: { expand: nodes.ts#grow, map: 'x[i] -> a[i]' }"],
  },
  {
    name: "a node that is expanded and called",
    nodes: ["a: { expand: nodes.ts#grow, call: nodes.ts#grow }"],
  },
  {
    name: "an expand node that promises an output of its own name",
    nodes: ["a: { expand: nodes.ts#grow, outputs: [a] }"],
  },
  {
    name: "two expand nodes that promise one output",
    nodes: [
      "a: { expand: nodes.ts#grow, outputs: [x] }",
      "b: { expand: nodes.ts#grow, outputs: [x] }",
    ],
  },
  {
    name: "an output that no expand node promises",
    nodes: [
      "a: { expand: nodes.ts#grow, outputs: [sum] }",
      "b: { call: nodes.ts#use, inputs: { x: sun } }",
    ],
  },
  // Order.
  {
    name: "after a node that is not there",
    nodes: [out("report", "out/r"), "b: { run: ls, outputs: [], after: [reprot] }"],
  },
  { name: "after itself", nodes: ["a: { run: ls, outputs: [], after: [a] }"] },
  {
    name: "a cycle of four, of which one edge is only an order",
    nodes: ["a", "b", "c", "d"].map((name, i) => {
      const before = "dabc"[i];
      return name === "a"
        ? `a: { run: "ls > \${out.a}", after: [d], outputs: { a: { file: out/a } } }`
        : `${name}: { run: "cat \${in.${before}} > \${out.${name}}", inputs: [${before}], outputs: { ${name}: { file: out/${name} } } }`;
    }),
  },
  {
    name: "tracking what is not there",
    nodes: ["a: { call: nodes.ts#grow, track: [{ call: nodes.ts#gorw }, verison] }"],
  },
  {
    name: "tracking what is no function",
    nodes: ["a: { call: nodes.ts#grow, track: [{ call: nodes.ts#LIMIT }] }"],
  },
  // What is run, and again.
  { name: "a selector that means nothing", nodes: PAIR, args: ["run", "wf.yaml", "+reprot"] },
  { name: "a pattern that matches nothing", nodes: PAIR, args: ["run", "wf.yaml", "fit*"] },
  { name: "--only without stored results", nodes: PAIR, args: ["run", "wf.yaml", "--only", "b"] },
  { name: "--only and --skip of one node", nodes: PAIR, args: ["run", "--only=b", "--skip=b"] },
  { name: "--skip of everything", nodes: PAIR, args: ["run", "--skip", "a"] },
  { name: "--force of an unknown node", nodes: PAIR, args: ["run", "--force", "wf.yaml", "bb"] },
  { name: "--from of an unknown node", nodes: PAIR, args: ["run", "--from", "c"] },
  { name: "--forget of what never ran", nodes: PAIR, args: ["run", "--forget", "old"] },
  { name: "--from of what is left out", nodes: PAIR, args: ["run", "--skip=b", "--from=b"] },
  {
    name: "a disabled node that is asked for",
    nodes: [out("a", "out/a").replace("{ run", "{ enabled: false, run"), out("b", "out/b")],
    args: ["run", "a"],
  },
  { name: "--dry-run with --forget", nodes: PAIR, args: ["run", "-n", "--forget", "a"] },
  // Cleaning.
  { name: "cleaning after one node", nodes: PAIR, args: ["clean", "wf.yaml", "a"] },
  { name: "cleaning with a flag of another command", nodes: PAIR, args: ["clean", "--repair"] },
  { name: "cleaning what is no workflow", nodes: PAIR, args: ["clean", "gone.yaml"] },
];

for (const { name, nodes, head = "", args = ["run"] } of WRONG) {
  Deno.test(`flow refuses ${name}`, async (t) => {
    const text = `${head}nodes:\n${nodes.map((node) => `  ${node}\n`).join("")}`;
    const isNamed = args.some((word) => word.endsWith(".yaml"));
    const words = isNamed ? args : [args[0], "wf.yaml", ...args.slice(1)];
    using dir = new TemporaryDirectory().write({
      "wf.yaml": text,
      "data.txt": "1\n",
      "nodes.ts": `export const grow = () => ({ nodes: {} });
export const LIMIT = 3;
export const use = ({ x }: { x: unknown }) => x;
`,
    });
    const { code, stdout, stderr } = await flow(words, { cwd: dir.path });
    assertEquals([code, stdout], [2, ""], stderr);
    const names = [...Deno.readDirSync(dir.path)].map((entry) => entry.name).sort();
    assertEquals(names.filter((entry) => entry !== ".pipecache"), [
      "data.txt",
      "nodes.ts",
      "wf.yaml",
    ]);
    assertEquals(Deno.readTextFileSync(`${dir.path}/wf.yaml`), text);
    await t.assertSnapshot(stderr.replaceAll(dir.path, "DIR"));
  });
}

Deno.test("who runs after a node may read by path what that publishes", async () => {
  using space = new TestSpace({
    "workflow.yaml": `nodes:
  ${out("a", "out/a").replace("ls >", "echo a >")}
  ${reads("b", "{ glob: 'out/*' }").replace("{ run", "{ after: [a], run").replaceAll("out/b", "b")}
`,
  });
  assertEquals(await space.ran(), ["a", "b"]);
  assertEquals(space.read("b"), space.read("out/a"));
  assertEquals(await space.ran(), []);
});
