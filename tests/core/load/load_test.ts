/** Tests of `core/load/load.ts`: files on disk, YAML and TypeScript. */

import { join } from "node:path";
import { DefinitionError, UsageError } from "../../../core/base/error.ts";
import { formatDiagnostic } from "../../../core/base/source.ts";
import { findWorkflow, type LoadedWorkflow, loadWorkflow } from "../../../core/load/load.ts";
import { assertEquals, assertIncludes, assertRejects, assertThrows } from "../../testing/assert.ts";

/** Runs `body` in a directory with these files. */
async function withFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  body: (dir: string) => unknown,
): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(join(dir, name), bytes);
    }
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Loads a file and returns all diagnostics as text. */
async function problemsOf(file: string, cwd: string): Promise<string> {
  try {
    const { diagnostics } = await loadWorkflow(file, { cwd });
    return diagnostics.map(formatDiagnostic).join("\n");
  } catch (error) {
    if (error instanceof DefinitionError) return error.diagnostics.map(formatDiagnostic).join("\n");
    throw error;
  }
}

const OK = "nodes:\n  a: { run: ls }\n";

for (
  const name of ["workflow.yaml", "workflow.yml", "workflow.ts", "churn.flow.yaml", "a.b.flow.ts"]
) {
  Deno.test(`findWorkflow() finds ${name}`, () =>
    withFiles({ [name]: "", "other.yaml": "", "workflow.py": "", ".flow.yaml.swp": "" }, (dir) => {
      assertEquals(findWorkflow(dir), join(dir, name));
    }));
}

Deno.test("findWorkflow() refuses none and several", async () => {
  await withFiles({ "x.yaml": "" }, (dir) => {
    const error = assertThrows(() => findWorkflow(dir), UsageError);
    assertEquals(error.message, "Cannot find a workflow: the directory holds none");
  });
  await withFiles({ "workflow.yaml": "", "b.flow.yml": "" }, (dir) => {
    const error = assertThrows(() => findWorkflow(dir), UsageError);
    assertEquals(error.message, "Cannot choose a workflow: the directory holds 2");
    assertEquals(error.facts.found, "b.flow.yml, workflow.yaml");
  });
});

Deno.test("loadWorkflow() reads YAML, JSON and a directory, with params and --set", () =>
  withFiles({
    "workflow.yaml": `params: { n: 1, m: { k: 2 } }\n${OK}`,
    "p.yaml": "m: { z: 3 }\n",
    "wf.json": '{"nodes": {"a": {"run": ["ls"]}}}',
  }, async (dir) => {
    const options = { cwd: dir, params: ["p.yaml"], set: ["n=5", "m.z=4"] };
    const { workflow, diagnostics } = await loadWorkflow(".", options);
    assertEquals(diagnostics, []);
    assertEquals(workflow.file, join(dir, "workflow.yaml"));
    assertEquals(workflow.dir, dir);
    assertEquals(workflow.params, { n: 5, m: { k: 2, z: 4 } });
    const span = workflow.locate(["nodes", "a", "run"]);
    assertEquals(span?.source.name, "workflow.yaml");
    assertEquals((await loadWorkflow("wf.json", { cwd: dir })).workflow.name, "wf");
  }));

Deno.test("loadWorkflow() names the likely file if one is missing", () =>
  withFiles({ "workflow.yaml": OK, "params.yaml": "" }, async (dir) => {
    const missing = await assertRejects(
      () => loadWorkflow("worflow.yaml", { cwd: dir }),
      UsageError,
    );
    assertEquals(missing.message, 'Cannot find workflow "worflow.yaml": no such file');
    assertEquals(missing.hint, 'did you mean "workflow.yaml"?');
    const options = { cwd: dir, params: ["parms.yaml"] };
    const params = await assertRejects(() => loadWorkflow("workflow.yaml", options), UsageError);
    assertEquals(params.message, 'Cannot find params file "parms.yaml": no such file');
    const format = await assertRejects(() => loadWorkflow("flow.toml", { cwd: dir }), UsageError);
    assertEquals(format.message, 'Cannot find workflow "flow.toml": no such file');
  }));

Deno.test("loadWorkflow() refuses bytes that are not UTF-8, with line and column", () =>
  withFiles({ "wf.yaml": new Uint8Array([97, 58, 10, 98, 255, 10]) }, async (dir) => {
    assertEquals(
      await problemsOf("wf.yaml", dir),
      'error: Cannot read workflow "wf.yaml": it is not UTF-8 (line 2, column 2)\n  hint: save it as UTF-8',
    );
  }));

Deno.test("loadWorkflow() accepts a byte order mark", () =>
  withFiles({ "wf.yaml": "\ufeff" + OK }, async (dir) => {
    assertEquals(await problemsOf("wf.yaml", dir), "");
  }));

Deno.test("loadWorkflow() reports problems of file, params and --set together", () =>
  withFiles(
    { "wf.yaml": "nodes:\n  a: { run: ls, timout: 3 }\n", "p.yaml": "- 1\n" },
    async (dir) => {
      const { diagnostics, workflow }: LoadedWorkflow = await loadWorkflow("wf.yaml", {
        cwd: dir,
        params: ["p.yaml"],
        set: ["x=1"],
      });
      assertEquals(diagnostics.map((d) => d.code), ["unknown-key", "wrong-type", "wrong-param"]);
      assertEquals(workflow.nodes.map((node) => node.name), ["a"]);
    },
  ));

const NODES = `
import { thing } from "npm:does-not-exist@1";
import data from "./data.json" with { type: "json" };
export interface Row { readonly a: number }
export const schema = thing.object({ a: thing.string() });
export function load({ csv }: { csv: string }): Row[] { return [{ a: csv.length + data.n }]; }
export function fit({ rows, lr, depth }: { rows: Row[]; lr: number; depth: number }): Promise<number> {
  return Promise.resolve(rows.length * lr * depth);
}
export function split({ rows }: { rows: Row[] }): { train: Row[]; test: Row[] } {
  return { train: rows, test: rows };
}
`;

const TYPED = `
import { call, inputFile, params, run, workflow } from "flow";
import { fit, load, split } from "./nodes.ts";
const p = params({ model: { depth: 3 }, lrs: [0.1, 0.01] });
const raw = inputFile("data/raw.csv");
const rows = call(load, { inputs: { csv: raw } });
const parts = call(split, { inputs: { rows }, outputs: ["train", "test"] });
const model = call(fit, {
  map: "lrs[i] -> model[i]",
  inputs: { rows: parts.outputs.train, lr: p.lrs, depth: p.model.depth },
});
const list = run("ls", { stdout: { output: "names", as: "lines" }, after: [model] });
const count = call<number>("nodes.ts#count", { inputs: { names: list, one: { value: 1 } } });
export default workflow({ name: "churn", params: p, inputs: { raw }, nodes: { rows, parts, model, list, count } });
`;

const SAME = `
name: churn
params: { model: { depth: 3 }, lrs: [0.1, 0.01] }
inputs: { raw: { file: data/raw.csv } }
nodes:
  rows: { call: "nodes.ts#load", inputs: { csv: raw } }
  parts: { call: "nodes.ts#split", inputs: { rows: rows }, outputs: [train, test] }
  model:
    call: nodes.ts#fit
    map: "lrs[i] -> model[i]"
    inputs: { rows: parts.train, lr: params.lrs, depth: params.model.depth }
  list: { run: ls, stdout: { output: names, as: lines }, after: [model] }
  count: { call: "nodes.ts#count", inputs: { names: list.names, one: { value: 1 } } }
`;

Deno.test("loadWorkflow() takes variants of a TypeScript workflow, and finds their places", () =>
  withFiles({
    "nodes.ts": NODES,
    "data.json": '{ "n": 1 }',
    "a.ts": `import { call, variants, workflow } from "flow";
import { load } from "./nodes.ts";
const rows = variants({
  all: call(load, { inputs: { csv: { file: "all.csv" } } }),
  few: call(load, { inputs: { csv: { file: "few.csv" } }, retries: -1 }),
}, { variant: "all" });
export default workflow({ nodes: { rows } });
`,
  }, async (dir) => {
    const { workflow, diagnostics } = await loadWorkflow("a.ts", { cwd: dir, variants: ["few"] });
    assertEquals(workflow.nodes.map(({ inputs }) => inputs), [
      { csv: { kind: "file", path: "few.csv" } },
    ]);
    assertEquals(workflow.variants?.nodes.rows.chosen, "few");
    assertEquals(diagnostics.map(({ message }) => message), [
      'Cannot read "retries" of variant "few" of node "rows": ' +
      "expected a whole number of at least 0 up to 1000, got the number -1",
    ]);
    const { source, start } = diagnostics[0].span ?? { source: { text: "" }, start: 0 };
    assertEquals(source.text.slice(0, start).split("\n").length, 5);
  }));

Deno.test("loadWorkflow() makes the same of TypeScript and of YAML", () =>
  withFiles(
    { "nodes.ts": NODES, "data.json": '{"n": 1}', "a.ts": TYPED, "b.yaml": SAME },
    async (dir) => {
      const typed = await loadWorkflow("a.ts", { cwd: dir });
      const yaml = await loadWorkflow("b.yaml", { cwd: dir });
      assertEquals([...typed.diagnostics, ...yaml.diagnostics].map(formatDiagnostic), []);
      const data = ({ workflow }: LoadedWorkflow): unknown => ({
        ...workflow,
        file: "",
        locate: "",
        define: "",
      });
      assertEquals(data(typed), data(yaml));
    },
  ));

const modules: [name: string, text: string, expected: string][] = [
  [
    "a wrong option",
    'import { run, workflow } from "flow";\nconst a = run("ls", { timeout: "soon" as string });\nexport default workflow({ nodes: { a } });\n',
    'wf.ts:2:32: Cannot read "timeout" of node "a": expected a duration',
  ],
  [
    "a throw",
    'const a: number = 1;\nthrow new TypeError("oh " + a);\n',
    'wf.ts:2:7: Cannot evaluate "wf.ts": oh 1',
  ],
  [
    "no default export",
    "export const a = 1;\n",
    'Cannot evaluate "wf.ts": it has no default export',
  ],
  [
    "a number as the default",
    "export default 3;\n",
    "wf.ts:1:16: Cannot read the workflow: expected a mapping with nodes, got the number 3",
  ],
  [
    "reading a variable",
    'export default { name: Deno.env.get("HOME") };\n',
    "hint: a workflow file is evaluated without permissions",
  ],
  [
    "reading a file",
    'export default Deno.readTextFileSync("/etc/hostname");\n',
    "Requires read access",
  ],
  [
    "a static import of a text outside",
    'import x from "/etc/nothing-here" with { type: "text" };\nexport default x;\n',
    'wf.ts:1:15: Cannot read module "/etc/nothing-here": no such file',
  ],
  [
    "a dynamic import",
    'export default await import("/etc/" + "hostname.ts");\n',
    "a workflow file imports local modules statically",
  ],
  ["leaving", "Deno.exit(0);\n", "Deno.exit cannot be used in a workflow file"],
  ["closing", "self.close();\n", "close cannot be used in a workflow file"],
  [
    "a date",
    "export default { params: { at: new Date(0) } };\n",
    'wf.ts:1:32: Cannot evaluate "wf.ts": an object of class Date is not data',
  ],
  [
    "a function of its own",
    'import { call, workflow } from "flow";\nconst f = () => 1;\nexport default workflow({ nodes: { a: call(f) } });\n',
    'wf.ts:3:44: Cannot evaluate "wf.ts": function "f" is not exported by a local module',
  ],
  [
    "a handle of nothing",
    'import { call, workflow } from "flow";\nconst a = call<number>("n.ts#a");\nexport default workflow({ nodes: { b: call("n.ts#b", { inputs: { a } }) } });\n',
    'Cannot wire input "a" of node "b": its source is not among the "nodes" of the workflow',
  ],
  [
    "data that contains itself",
    "const a: Record<string, unknown> = {};\na.a = a;\nexport default { params: a };\n",
    "it is nested too deeply, or contains itself",
  ],
  [
    "a syntax error",
    "export default {\n  a: let };\n",
    'wf.ts:2:6: Cannot read "wf.ts" as TypeScript: The keyword',
  ],
  [
    "a type that is missing",
    "const a: = 3;\nexport default a;\n",
    'wf.ts:1:10: Cannot read "wf.ts" as TypeScript: SyntaxError: Unexpected token',
  ],
  [
    "a missing module",
    'import { f } from "./nodez.ts";\nexport default f;\n',
    'wf.ts:1:19: Cannot read module "nodez.ts": no such file',
  ],
  [
    "a forged answer",
    'self.postMessage("{");\nexport default 1;\n',
    "postMessage cannot be used in a workflow file",
  ],
  [
    "a rejected promise",
    'Promise.reject(new Error("late"));\nawait new Promise(() => {});\n',
    "late",
  ],
];

for (const [name, text, expected] of modules) {
  Deno.test(`loadWorkflow() explains a TypeScript workflow with ${name}`, () =>
    withFiles({ "wf.ts": text }, async (dir) => {
      assertIncludes(await problemsOf("wf.ts", dir), expected);
    }));
}

Deno.test("readModule() gives up an endless loop", () =>
  withFiles({ "wf.ts": "for (;;);\n" }, async (dir) => {
    // The thread cannot be stopped, so it gets a process of its own.
    const module = import.meta.resolve("../../../core/load/module.ts");
    const script = `
      const { readModule } = await import(${JSON.stringify(module)});
      const { diagnostics } = await readModule(${
      JSON.stringify(join(dir, "wf.ts"))
    }, "wf.ts", { limitMs: 300 });
      console.log(diagnostics[0].message);
      Deno.exit(0);`;
    const config = new URL(import.meta.resolve("../../../deno.json")).pathname;
    const main = join(dir, "main.ts");
    await Deno.writeTextFile(main, script);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--quiet", "--config", config, main],
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout),
      'Cannot evaluate "wf.ts": it did not finish in 0.3 s\n',
    );
  }));
