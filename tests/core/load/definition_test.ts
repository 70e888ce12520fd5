/** Tests of the workflow format: `definition.ts`, `node.ts`, `schema.ts`, `shape.ts`. */

import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { formatDiagnostic } from "../../../core/base/source.ts";
import { defineWorkflow, type Definition } from "../../../core/load/definition.ts";
import { workflowSchema } from "../../../core/load/schema.ts";
import { readYaml } from "../../../core/load/yaml.ts";
import type { Json, Workflow } from "../../../core/workflow.ts";
import { assertEquals, assertOk } from "../../testing/assert.ts";
import { EXAMPLES, filesBelow } from "../../testing/example.ts";
import { rightNodes } from "./right_files.ts";
import { wrongFiles } from "./wrong_files.ts";

const isValid = new Ajv2020({ allowUnionTypes: true, strictRequired: false, strictTypes: false })
  .compile(workflowSchema());

function define(text: string, variants: readonly string[] = []): Definition & {
  readonly data: Json;
} {
  const { data = null, locate, written, diagnostics } = readYaml(text, "wf.yaml");
  const definition = defineWorkflow({ data, locate, written, file: "/p/wf.yaml", variants });
  return { ...definition, data, diagnostics: [...diagnostics, ...definition.diagnostics] };
}

function defineRight(text: string, variants: readonly string[] = []): Workflow {
  const { workflow, diagnostics, data } = define(text, variants);
  assertEquals(diagnostics.map(formatDiagnostic), []);
  assertOk(isValid(data), `the JSON Schema accepts it: ${JSON.stringify(isValid.errors)}`);
  assertOk(workflow !== undefined);
  return workflow;
}

for (const [options, expected] of rightNodes) {
  Deno.test(`defineWorkflow() reads a node with ${JSON.stringify(options)}`, () => {
    const { nodes } = defineRight(`pools: { gpu: 2 }\nnodes:\n  n: { ${options} }\n`);
    const [node] = nodes;
    const found = Object.fromEntries(Object.entries(node).filter(([key]) => key in expected));
    assertEquals(found, expected);
  });
}

const ROOT = new URL("../../../", import.meta.url);

for (const path of filesBelow(EXAMPLES).filter((path) => /(^|\/)workflow\.yaml$/.test(path))) {
  Deno.test(`the JSON Schema accepts workflows/${path}`, () => {
    defineRight(Deno.readTextFileSync(join(EXAMPLES, path)));
  });
}

Deno.test("the JSON Schema accepts the workflow file in the README", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
  const [, text] = /```yaml\n([^]*?)```/.exec(readme) ?? [];
  defineRight(text);
});

Deno.test("defineWorkflow() reads the top of the file", () => {
  const workflow = defineRight(`
$schema: ./workflow.schema.json
name: churn
description: Who leaves
x-anchors: [&t 5m]
params: { model: { depth: 3 }, lrs: [0.1, 0.01] }
inputs:
  raw: { file: data/raw.csv, description: The data }
  given: { file: }
  folder: { dir: /abs }
  n: 3
  items: [1, 2]
  needed:
  typed: { type: integer, default: 3 }
  record: { default: { a: 1 } }
  empty: { type: string, default: null }
pools: { gpu: 2 }
defaults: { timeout: *t, sandbox: off }
nodes:
  a: { call: "n.ts#f" }
  b: { run: ls, timeout: 1s }
`.replace("  empty: { type: string, default: null }\n", ""));
  const { nodes, locate: _, define: __, ...rest } = workflow;
  assertEquals(rest, {
    name: "churn",
    description: "Who leaves",
    file: "/p/wf.yaml",
    dir: "/p",
    params: { model: { depth: 3 }, lrs: [0.1, 0.01] },
    inputs: [
      { name: "raw", description: "The data", kind: "file", default: "data/raw.csv" },
      { name: "given", kind: "file" },
      { name: "folder", kind: "dir", default: "/abs" },
      { name: "n", kind: "value", default: 3 },
      { name: "items", kind: "value", default: [1, 2] },
      { name: "needed", kind: "value" },
      { name: "typed", kind: "value", type: "integer", default: 3 },
      { name: "record", kind: "value", default: { a: 1 } },
    ],
    pools: { gpu: 2 },
  });
  assertEquals(nodes.map((node) => node.timeoutMs), [300_000, 1000]);
  assertEquals(nodes.map((node) => node.command?.sandbox), [undefined, "off"]);
});

const SEVERAL = `
variants: { quick: { model: ridge, score: small }, full: { model: forest, score: large } }
variant: quick
nodes:
  model:
    variant: forest
    inputs: { rows: rows }
    call: n.ts#fit
    variants:
      ridge: {}
      forest: { call: n.ts#forest, resources: { cpus: 2 } }
      shell: { run: "fit \${in.rows}", stdout: model, okCodes: [0, 0x1] }
  score:
    variants: { small: { call: n.ts#score }, large: { call: n.ts#score, map: "x[i] -> s[i]" } }
  rows: { call: n.ts#rows }
`;

/** What is chosen, with the function or command of each node. */
const CHOICES: readonly [variants: readonly string[], chosen: string, nodes: string][] = [
  [[], "ridge small", "fit score rows"],
  [["full"], "forest large", "forest score rows"],
  [["full", "model=shell"], "shell large", "fit ${in.rows} score rows"],
  [["model=ridge", "full"], "ridge large", "fit score rows"],
  [["large"], "ridge large", "fit score rows"],
  [["forest", "small"], "forest small", "forest score rows"],
  [["full", "large"], "forest large", "forest score rows"],
];

for (const [variants, chosen, nodes] of CHOICES) {
  Deno.test(`defineWorkflow() takes ${chosen} with --variant [${variants}]`, () => {
    const workflow = defineRight(SEVERAL, variants);
    const { model, score } = workflow.variants?.nodes ?? {};
    assertEquals(`${model.chosen} ${score.chosen}`, chosen);
    const works = workflow.nodes.map(({ work }) =>
      work.kind === "call" ? work.export : "script" in work ? work.script : ""
    );
    assertEquals(works.join(" "), nodes);
  });
}

Deno.test("defineWorkflow() gives a variant what stands beside it, and finds its places", () => {
  const { nodes, variants, locate } = defineRight(SEVERAL.replace("variant: quick\n", ""), [
    "small",
  ]);
  const [model] = nodes;
  assertEquals(variants?.nodes.model.defs.forest, model);
  assertEquals([model.inputs, model.resources.cpus], [{ rows: { kind: "ref", ref: "rows" } }, 2]);
  assertEquals(variants?.nodes.model.defs.shell.command?.okCodes, [0, 1]);
  const lineOf = (...path: string[]): number => {
    const { source, start } = locate(path) ?? { source: { text: "" }, start: 0 };
    return source.text.slice(0, start).split("\n").length;
  };
  // What it says itself, and what it shares.
  assertEquals([lineOf("nodes", "model", "call"), lineOf("nodes", "model", "inputs")], [10, 6]);
});

const WRONG_CHOICES: readonly (readonly string[])[] = [
  ["forrest"],
  ["nothing"],
  ["model=forrest"],
  ["modle=forest"],
  ["rows=ridge"],
  ["quick", "full"],
  ["model=ridge", "model=forest"],
  ["quick", "large"],
];

Deno.test("defineWorkflow() explains wrong choices of variants", async (t) => {
  const found = WRONG_CHOICES.map((variants) => {
    const { diagnostics } = define(SEVERAL, variants);
    assertOk(diagnostics.length > 0, variants.join(" "));
    return `--variant ${variants.join(" --variant ")}\n${
      diagnostics.map(formatDiagnostic).join("\n")
    }\n`;
  });
  const { diagnostics } = define("nodes: { a: { run: ls } }\n", ["fast"]);
  found.push(diagnostics.map(formatDiagnostic).join("\n"));
  await t.assertSnapshot(found.join("\n"));
});

const names: [file: string, name: string][] = [
  ["/data/churn/workflow.yaml", "churn"],
  ["/data/churn.flow.yaml", "churn"],
  ["/data/churn.flow.ts", "churn"],
  ["/data/my flow.yml", "my-flow"],
  ["/data/2024.yaml", "_2024"],
  ["/workflow.yaml", "workflow"],
];

for (const [file, name] of names) {
  Deno.test(`defineWorkflow() names ${file} "${name}"`, () => {
    const data = { nodes: { a: { run: "ls" } } };
    const locate = (): undefined => undefined;
    const { workflow } = defineWorkflow({ data, locate, written: locate, file });
    assertEquals(workflow?.name, name);
  });
}

for (const [name, text, schema] of wrongFiles) {
  Deno.test(`defineWorkflow() explains ${name}`, async (t) => {
    const { diagnostics, data } = define(text);
    assertOk(diagnostics.length > 0);
    await t.assertSnapshot("\n" + diagnostics.map(formatDiagnostic).join("\n") + "\n");
    assertEquals(isValid(data), schema === "accepted", "what the JSON Schema says");
  });
}

Deno.test("defineWorkflow() keeps nodes with problems, so that their names resolve", () => {
  const { workflow } = define("nodes:\n  a: { cal: x }\n  b: { run: ls, outputs: { o: ../x } }\n");
  assertEquals(workflow?.nodes.map(({ name, outputs }) => [name, outputs.map((o) => o.name)]), [
    ["a", ["a"]],
    ["b", ["o"]],
  ]);
});

const keys = [
  ..."nodes inputs params pools defaults name outputs call run allow cache retries resources map"
    .split(" "),
  ..."nest variants variant file dir value glob env stdout temp timeout hooks exitCode commandLine hash sidecar track a b __proto__ constructor x-a"
    .split(" "),
];
const almost = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: "medium" },
    fc.constantFrom<Json>(
      null,
      true,
      3,
      -1,
      1e300,
      "",
      "a",
      "5m",
      "2GiB",
      "n.ts#f",
      "x[i] -> y[i]",
    ),
    fc.string(),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...keys), tie("json")), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).json as fc.Arbitrary<Json>;

Deno.test("defineWorkflow() never throws, and what it accepts the JSON Schema accepts", () => {
  const locate = (): undefined => undefined;
  const check = (data: Json): void => {
    const { diagnostics } = defineWorkflow({ data, locate, written: locate, file: "/p/wf.yaml" });
    const isRight = !diagnostics.some((d) => d.severity === "error");
    if (isRight) assertOk(isValid(data), JSON.stringify([data, isValid.errors]));
    for (const { message } of diagnostics) assertOk(message.length > 0 && !message.endsWith("."));
  };
  fc.assert(fc.property(almost, check), { numRuns: 500 });
  fc.assert(fc.property(almost, (node) => check({ nodes: { a: node } })), { numRuns: 1000 });
  fc.assert(
    fc.property(
      fc.constantFrom(...keys),
      almost,
      (key, value) => check({ nodes: { a: { run: "ls", [key]: value } }, pools: { a: 3 } }),
    ),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.jsonValue(), (value) => check(value as Json)));
});
