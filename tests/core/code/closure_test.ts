/** Tests of `CodeIndex.closure()`: what a worker gets to run. */

import { CodeProblem } from "../../../core/code/code.ts";
import type { ClosureBundle } from "../../../core/closure.ts";
import { assertEquals, assertIncludes, assertOk, assertThrows } from "../../testing/assert.ts";
import { Fixture } from "./fixture.ts";

/** The bundle with the directory cut off all URLs. */
function bundle(fixture: Fixture): ClosureBundle {
  const { text } = fixture.index().closure("nodes.ts");
  return JSON.parse(text.replaceAll(`file://${fixture.dir}/`, "./"));
}

Deno.test("closure() holds every module, its imports and npm packages", () => {
  using fixture = new Fixture({
    "deno.json": '{ "imports": { "@/": "./lib/", "ms": "npm:ms@2.1.3" } }',
    "nodes.ts": `import { a } from "@/a.ts"; import data from "./d.json" with { type: "json" };
import type { T } from "./types.ts"; import { U } from "./types.ts"; import fs from "node:fs";
export const f = async (u: U) => [a, data, fs, await import("./lazy.ts")];`,
    "lib/a.ts":
      'import "../effect.js"; import ms from "ms"; export * from "./b.ts"; export const a = ms;',
    "lib/b.ts": 'import text from "./b.ts" with { type: "text" }; export const b = text;',
    "lazy.ts": "export const lazy = 1;",
    "effect.js": "// kept\nglobalThis.x = 1;",
    "types.ts": "export interface U {} export type T = 1;",
    "d.json": '{"n":1}',
  });
  const { entry, modules, imports, npm, version } = bundle(fixture);
  assertEquals([entry, version], ["./nodes.ts", 1]);
  assertEquals(Object.entries(modules).map(([url, { format }]) => [url, format]), [
    ["./d.json", "json"],
    ["./effect.js", "module"],
    ["./lazy.ts", "module"],
    ["./lib/a.ts", "module"],
    ["./lib/b.ts", "module"],
    ["./lib/b.ts#text", "text"],
    ["./nodes.ts", "module"],
  ]);
  assertEquals(imports as unknown, {
    "./effect.js": {},
    "./lazy.ts": {},
    "./lib/a.ts": { "../effect.js": "./effect.js", "./b.ts": "./lib/b.ts", ms: "npm:ms@2.1.3" },
    "./lib/b.ts": { "./b.ts": "./lib/b.ts#text" },
    "./nodes.ts": {
      "./d.json": "./d.json",
      "./lazy.ts": "./lazy.ts",
      "@/a.ts": "./lib/a.ts",
      "node:fs": "node:fs",
    },
  });
  assertEquals(npm, ["npm:ms@2.1.3"]);
  assertEquals(modules["./effect.js"].source, "// kept\nglobalThis.x = 1;");
});

Deno.test("closure() names every package the lock knows behind what it depends on, but none for certain machines", () => {
  const npm = {
    "a@1.0.0_peer@4.0.0": { dependencies: ["peer", "z@2.0.0"], optionalDependencies: ["native"] },
    "b@5.0.0": { dependencies: ["a"] },
    "native@3.0.0": { os: ["linux"], cpu: ["x64"] },
    "peer@4.0.0": {},
    "unrelated@6.0.0": {},
    "z@1.0.0": {},
    "z@2.0.0": { dependencies: ["a"] },
  };
  const specifiers = { "npm:a@1": "1.0.0_peer@4.0.0", "npm:b@5": "5.0.0" };
  using fixture = new Fixture({
    "deno.lock": JSON.stringify({ version: "5", specifiers, npm }),
    "nodes.ts": `import a from "npm:a@1"; import b from "npm:b@5/sub"; import c from "npm:c@7";
export const f = () => [a, b, c];`,
  });
  const made = bundle(fixture);
  assertEquals(made.npm, ["npm:a@1.0.0", "npm:b@5.0.0/sub", "npm:c@7"]);
  assertEquals(made.packages, ["npm:peer@4.0.0", "npm:z@2.0.0", "npm:a@1.0.0", "npm:b@5.0.0"]);
});

Deno.test("closure() keeps lines and columns when it removes types and unused imports", () => {
  const text = `import D, { type A, B, c /* , */, E } from "./m.ts";
import G, * as ns from "./m.ts";
import {
  H,
  I,
} from "./m.ts";
interface X { a: 1 }
const größe: string = "ü" as string; export const f = (b: B, h: H, n: typeof ns): X => c<B>(b!, größe, G, E as I);
`;
  using fixture = new Fixture({
    "nodes.ts": text,
    "m.ts": "export const c = 1, E = 2; export default 3; export type A = 1; export type B = 1;",
  });
  const source = bundle(fixture).modules["./nodes.ts"].source;
  assertEquals(source.length, text.length);
  for (const piece of ["c /* , */", "E }", "import G", "export const f", "größe, G, E"]) {
    assertEquals(source.indexOf(piece), text.indexOf(piece), piece);
  }
  assertEquals(/\bB\b|\bns\b|\bD\b|\bH\b|interface/.test(source), false, source);
});

Deno.test("closure() runs as it is", async () => {
  using fixture = new Fixture({
    "nodes.ts":
      `import D, { B, c, E } from "./m.ts"; import G, * as ns from "./m.ts"; import { B as K } from "./m.ts";
enum Color { Red = 5 }
export const f = (b: B): number => c + E + G + Color.Red;`,
    "m.ts": "export const c = 1, E = 2; export default 3; export interface B {}",
  });
  const { modules } = bundle(fixture);
  using output = new Fixture({
    "nodes.js": modules["./nodes.ts"].source.replaceAll("m.ts", "m.js"),
    "m.js": modules["./m.ts"].source,
  });
  const { f } = await import(`file://${output.path("nodes.js")}`);
  assertEquals(f(), 11);
});

Deno.test("closure() gives a workflow file an inert stand-in for flow", async () => {
  using fixture = new Fixture({
    "nodes.ts": `import { workflow, input, type Context } from "flow"; import * as flow from "flow";
const raw = input("raw"); export function f({ x }: { x: number }, ctx: Context) { return x }
export default workflow({ nodes: { a: flow.node(f, { x: raw.value[0] }) }, ...raw, name: \`\${raw}\` });`,
  });
  const { imports, modules } = bundle(fixture);
  const url = imports["./nodes.ts"].flow;
  const library = "data:text/javascript," + encodeURIComponent(modules[url].source);
  const source = modules["./nodes.ts"].source.replaceAll('"flow"', JSON.stringify(library));
  assertIncludes(modules[url].source, 'as "workflow"');
  using output = new Fixture({ "nodes.js": source });
  const { f } = await import(`file://${output.path("nodes.js")}`);
  assertEquals(f({ x: 3 }), 3);
  assertEquals(Object.keys(fixture.code().parts), ["nodes.ts#f"]);
});

Deno.test("closure() changes with any source, and is the same text for the same sources", () => {
  using fixture = new Fixture({
    "nodes.ts": 'import "./m.ts"; export const f = 1;',
    "m.ts": "export {};",
  });
  const before = fixture.index().closure("nodes.ts");
  assertEquals(fixture.index().closure(fixture.path("nodes.ts")), before);
  fixture.write({ "m.ts": "export const a = 1;" });
  assertOk(fixture.index().closure("nodes.ts").digest !== before.digest);
});

/** Text of `nodes.ts`, kind, part of the message, line, column. */
const PROBLEMS: readonly (readonly [string, string, string, number, number])[] = [
  ['\nimport { helpr } from "./m.ts"; helpr();', "no-such-export", '"helpr" in "m.ts"', 2, 1],
  ['export { x } from "./m.ts";', "no-such-export", '"x" in "m.ts"', 1, 1],
  ['import d from "./d.json"; d;', "unsupported", "no JavaScript", 1, 1],
  ['import d from "./d.json" with { type: "bytes" }; d;', "unsupported", '"bytes"', 1, 1],
  ['import "./x.tsx";', "unsupported", "JSX", 1, 1],
  ['import "./c.cjs";', "unsupported", "CommonJS", 1, 1],
  ['export const f = () => import("./lazy.ts");', "module-not-found", "./lazy.ts", 1, 24],
  ['import "./broken.ts";', "syntax", '"broken.ts"', 2, 1],
];

Deno.test("closure() tells what a worker could not load", () => {
  using fixture = new Fixture({
    "m.ts": "export const helper = 1;",
    "d.json": "{}",
    "x.tsx": "",
    "c.cjs": "",
    "broken.ts": "let a: number;\nfoo bar;\n",
  });
  for (const [text, kind, part, line, column] of PROBLEMS) {
    fixture.write({ "nodes.ts": text });
    const problem = assertThrows(() => fixture.index().closure("nodes.ts"), CodeProblem);
    assertEquals([problem.kind, problem.line, problem.column], [kind, line, column], text);
    assertIncludes(problem.message, part);
  }
});
