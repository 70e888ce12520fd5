/** Tests of `core/load/params.ts`. */

import { formatDiagnostic } from "../../../core/base/source.ts";
import { mergeParams } from "../../../core/load/params.ts";
import { readYaml } from "../../../core/load/yaml.ts";
import type { Json, JsonObject } from "../../../core/workflow.ts";
import { assertEquals } from "../../testing/assert.ts";

const base: JsonObject = { model: { depth: 3, kind: "tree" }, lrs: [0.1, 0.01], title: "a" };

const right: [set: string[], expected: Json][] = [
  [["model.depth=5"], { ...base, model: { depth: 5, kind: "tree" } }],
  [["model.depth=5", "model.depth=6"], { ...base, model: { depth: 6, kind: "tree" } }],
  [["lrs.1=0.5"], { ...base, lrs: [0.1, 0.5] }],
  [["lrs=[1, 2]"], { ...base, lrs: [1, 2] }],
  [["model={depth: 9}"], { ...base, model: { depth: 9 } }],
  [["title=no"], { ...base, title: "no" }],
  [["title=true"], { ...base, title: true }],
  [["title=2024-01-01"], { ...base, title: "2024-01-01" }],
  [["title="], { ...base, title: null }],
  [['title=""'], { ...base, title: "" }],
  [["title='3'"], { ...base, title: "3" }],
  [["title=a: b"], { ...base, title: "a: b" }],
  [["title=#fff"], { ...base, title: "#fff" }],
  [["title=a #b"], { ...base, title: "a #b" }],
  [["title=x=y"], { ...base, title: "x=y" }],
  [["title=*a"], { ...base, title: "*a" }],
];

for (const [set, expected] of right) {
  Deno.test(`mergeParams() applies --set ${set.join(" --set ")}`, () => {
    const { params, diagnostics } = mergeParams(base, { files: [], set });
    assertEquals(diagnostics.map(formatDiagnostic), []);
    assertEquals<Json>(params, expected);
  });
}

const wrong: [set: string, expected: string][] = [
  [
    "model.dept=5",
    'error: Cannot set "model.dept": there is no "model.dept" in params\n' +
    '  hint: did you mean "model.depth"?',
  ],
  [
    "modle.depth=5",
    'error: Cannot set "modle.depth": there is no "modle" in params\n  hint: did you mean "model"?',
  ],
  ["title.x=5", 'error: Cannot set "title.x": "title" is the text "a"'],
  [
    "lrs.2=5",
    'error: Cannot set "lrs.2": there is no "lrs.2" in params\n  hint: did you mean "lrs.0"?',
  ],
  [
    "lrs.length=5",
    'error: Cannot set "lrs.length": there is no "lrs.length" in params\n' +
    "  hint: it has 0, 1; add new ones with --params FILE",
  ],
  [
    "params.model.depth=5",
    'error: Cannot set "params.model.depth": there is no "params" in params\n' +
    "  hint: write --set model.depth=VALUE",
  ],
  [
    "model.depth",
    'error: Cannot read --set "model.depth": expected PATH=VALUE\n  hint: write --set model.depth=VALUE',
  ],
  [
    "=5",
    'error: Cannot read --set "=5": expected PATH=VALUE\n  hint: write --set model.depth=VALUE',
  ],
  [
    "lrs=[1,",
    "error: Cannot read the value of --set lrs: a bracket or a quote is not closed\n  hint: quote it",
  ],
  [
    "__proto__.x=5",
    'error: Cannot set "__proto__.x": there is no "__proto__" in params\n' +
    "  hint: it has model, lrs, title; add new ones with --params FILE",
  ],
];

for (const [set, expected] of wrong) {
  Deno.test(`mergeParams() refuses --set ${set}`, () => {
    const { params, diagnostics } = mergeParams(base, { files: [], set: [set] });
    assertEquals(diagnostics.map(formatDiagnostic), [expected]);
    assertEquals(params, base);
  });
}

Deno.test("mergeParams() lays files over the workflow in order, and --set over files", () => {
  const files = ["model: { depth: 4, new: 1 }\nextra: [1]\n", "model: { depth: 5 }\nlrs: [1]\n"]
    .map((text) => readYaml(text, "p.yaml"));
  const { params, diagnostics } = mergeParams(base, { files, set: ["model.new=2"] });
  assertEquals(diagnostics, []);
  assertEquals<Json>(params, {
    model: { depth: 5, kind: "tree", new: 2 },
    lrs: [1],
    title: "a",
    extra: [1],
  });
});

Deno.test("mergeParams() reports a params file that is no mapping, with its place", () => {
  const { diagnostics } = mergeParams(base, { files: [readYaml("- 1\n", "p.yaml")], set: [] });
  assertEquals(
    diagnostics.map(formatDiagnostic)[0].split("\n")[0],
    'p.yaml:1:1: Cannot read params from "p.yaml": expected a mapping, got a list',
  );
});
