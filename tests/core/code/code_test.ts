/** Tests of `core/code/code.ts`: which edits change the identity of a function, and which do not. */

import fc from "fast-check";
import { CodeIndex, CodeProblem } from "../../../core/code/code.ts";
import { assertEquals, assertIncludes, assertOk, assertThrows } from "../../testing/assert.ts";
import { type Files, Fixture, MemoryCache } from "./fixture.ts";

/** The program that the edits below are applied to. */
const BASE: Files = {
  "nodes.ts": `import { helper, type Opts } from "./lib/util.ts";
import data from "./data.json" with { type: "json" };
import note from "./note.txt" with { type: "text" };
import * as tools from "./lib/tools.ts";

const LIMIT = 10;
const unused = 1;
export interface In { a: number }

/** Doc. */
export function f({ a, b = LIMIT }: { a: number; b?: number }, ctx: unknown): number {
  const s = "x y"; // note
  return helper(a) + b + data.n + s.length;
}
export const g = (x: number) => tools.double(x) + note.length;
export function rows() { return [1, 2]; }
export const h = ({ rows }: { rows: number[] }) => rows.map((LIMIT) => LIMIT + 1);
`,
  "lib/util.ts": `import { deep } from "./deep.ts";
export interface Opts { x: 1 }
export function helper(n: number, k = 2): number { return deep(n) * k; }
export function other(): number { return 4; }
`,
  "lib/deep.ts": `export * from "./deepest.ts";\nexport const pi = 3;\n`,
  "lib/deepest.ts":
    `const table = [1, 2, 3];\nexport function deep(n: number) { return table[n]; }\n`,
  "lib/tools.ts":
    `export const double = (x: number) => x * 2;\nexport const half = (x: number) => x / 2;\n`,
  "data.json": `{ "n": 1 }`,
  "note.txt": "hello",
};

type Edit = readonly [
  name: string,
  file: string,
  from: string,
  to: string,
  changes: readonly string[],
];

const EDITS: readonly Edit[] = [
  ["a comment", "nodes.ts", "// note", "// another note", []],
  ["a doc comment", "nodes.ts", "/** Doc. */", "", []],
  ["layout", "nodes.ts", "return helper(a) +", "return   helper(a)\n  +", []],
  ["a type", "nodes.ts", "ctx: unknown", "ctx: { x: string }", []],
  ["an interface", "nodes.ts", "interface In { a: number }", "interface In { z: string }", []],
  ["quotes", "nodes.ts", '"x y"', "'x y'", []],
  ["a trailing comma", "nodes.ts", "ctx: unknown)", "ctx: unknown,)", []],
  ["a final semicolon", "nodes.ts", "s.length;", "s.length", []],
  ["an unused constant", "nodes.ts", "unused = 1", "unused = 2", []],
  ["a new function", "nodes.ts", "const unused", "export function z() {}\nconst unused", []],
  ["another function", "nodes.ts", "[1, 2]", "[1, 2, 3]", ["rows"]],
  ["a shadowed name", "nodes.ts", "LIMIT + 1", "LIMIT + 2", ["h"]],
  ["a string", "nodes.ts", "x y", "x  y", ["f"]],
  ["a used constant", "nodes.ts", "LIMIT = 10", "LIMIT = 11", ["f"]],
  ["a default argument", "nodes.ts", "b = LIMIT", "b = LIMIT + 1", ["f"]],
  ["const to let", "nodes.ts", "const LIMIT", "let LIMIT", ["f"]],
  ["async", "nodes.ts", "export function rows", "export async function rows", ["rows"]],
  ["a helper", "lib/util.ts", "* k", "+ k", ["f"]],
  ["a default of a helper", "lib/util.ts", "k = 2", "k = 3", ["f"]],
  ["an unused helper", "lib/util.ts", "return 4", "return 5", []],
  ["two modules away", "lib/deepest.ts", "table[n]", "table[n + 1]", ["f"]],
  ["a constant two modules away", "lib/deepest.ts", "1, 2, 3", "1, 2, 4", ["f"]],
  ["an unused export on the way", "lib/deep.ts", "pi = 3", "pi = 4", []],
  [
    "a shadowing export on the way",
    "lib/deep.ts",
    "const pi = 3",
    "const deep = (n: number) => n",
    [
      "f",
    ],
  ],
  ["JSON", "data.json", "1", "2", ["f"]],
  ["text", "note.txt", "hello", "hullo", ["g"]],
  ["a member of a namespace", "lib/tools.ts", "x * 2", "x * 3", ["g"]],
  ["a type-only import", "nodes.ts", ", type Opts", "", []],
  ["a side effect", "nodes.ts", "const unused = 1;", "globalThis.z = 1;", ["f", "g", "h", "rows"]],
  ["a side effect far away", "lib/deepest.ts", "const table", "register(1);\nconst table", [
    "f",
    "g",
    "h",
    "rows",
  ]],
  ["a bare import", "lib/deep.ts", "export const pi = 3", 'import "./tools.ts"', []],
  ["return and a line break", "nodes.ts", "return [1, 2]", "return\n[1, 2]", ["rows"]],
];

const NAMES = ["f", "g", "h", "rows"];

function digests(fixture: Fixture): Record<string, string> {
  const index = fixture.index();
  return Object.fromEntries(
    NAMES.map((name) => [name, index.functionCode("nodes.ts", name).digest]),
  );
}

for (const [name, file, from, to, changes] of EDITS) {
  Deno.test(`functionCode() after editing ${name} differs for: ${changes.join(", ") || "none"}`, () => {
    using fixture = new Fixture(BASE);
    const before = digests(fixture);
    assertIncludes(BASE[file], from);
    const after = digests(fixture.write({ [file]: BASE[file].replace(from, () => to) }));
    assertEquals(NAMES.filter((each) => before[each] !== after[each]), [...changes]);
  });
}

/** Both texts of `nodes.ts` and whether `f` is the same in them. */
const PAIRS: readonly (readonly [string, string, string, boolean])[] = [
  [
    "swapped imports",
    'import { a as x, b as y } from "./m.ts"; export const f = () => x() - y();',
    'import { b as x, a as y } from "./m.ts"; export const f = () => x() - y();',
    false,
  ],
  [
    "export list",
    "export function f() { return 1 }",
    "function f() { return 1 }\nexport { f }",
    true,
  ],
  [
    "prefix and postfix",
    "let a = 1, b = 2; export function f() { a\n++b }",
    "let a = 1, b = 2; export function f() { a++\nb }",
    false,
  ],
  ["a hole", "export const f = () => [1,]", "export const f = () => [1,,]", false],
  ["only a hole", "export const f = () => []", "export const f = () => [,]", false],
  ["template text", "export const f = () => `a  b`", "export const f = () => `a b`", false],
  ["escaped string", 'export const f = () => "\\u0041"', 'export const f = () => "A"', true],
  [
    "lone surrogates",
    'export const f = () => "\\ud800"',
    'export const f = () => "\\ud801"',
    false,
  ],
  [
    "shorthand property",
    "const a = 1; export const f = () => ({ a })",
    "const a = 2; export const f = () => ({ a })",
    false,
  ],
  [
    "property of the same name",
    "const a = 1; export const f = (x) => x.a",
    "const a = 2; export const f = (x) => x.a",
    true,
  ],
  [
    "key of the same name",
    "const a = 1; export const f = () => ({ a: 1 })",
    "const a = 2; export const f = () => ({ a: 1 })",
    true,
  ],
  [
    "computed key",
    "const a = 1; export const f = () => ({ [a]: 1 })",
    "const a = 2; export const f = () => ({ [a]: 1 })",
    false,
  ],
  [
    "computed member",
    "const a = 1; export const f = (x) => x[a]",
    "const a = 2; export const f = (x) => x[a]",
    false,
  ],
  [
    "typeof",
    "const a = 1; export const f = () => typeof a",
    "const a = 'x'; export const f = () => typeof a",
    false,
  ],
  [
    "label",
    "const a = 1; export const f = () => { a: for (;;) break a }",
    "const a = 2; export const f = () => { a: for (;;) break a }",
    true,
  ],
  [
    "default sees outer name",
    "const a = 1; export function f(x = a) { var a = 5; return x }",
    "const a = 2; export function f(x = a) { var a = 5; return x }",
    false,
  ],
  [
    "hoisted var",
    "const a = 1; export function f() { a; if (0) { var a } }",
    "const a = 2; export function f() { a; if (0) { var a } }",
    true,
  ],
  [
    "block scope",
    "const a = 1; export function f() { { let a = 3 } return a }",
    "const a = 2; export function f() { { let a = 3 } return a }",
    false,
  ],
  [
    "destructuring default",
    "const a = 1; export const f = () => { const { x = a } = {}; return x }",
    "const a = 2; export const f = () => { const { x = a } = {}; return x }",
    false,
  ],
  [
    "destructured constant",
    "const { a, b } = { a: 1, b: 2 }; export const f = () => a",
    "const { a, b } = { a: 2, b: 2 }; export const f = () => a",
    false,
  ],
  [
    "class field",
    "const a = 1; class C { x = a } export const f = () => new C()",
    "const a = 2; class C { x = a } export const f = () => new C()",
    false,
  ],
  [
    "class field name",
    "const a = 1; class C { a = 0 } export const f = () => new C()",
    "const a = 2; class C { a = 0 } export const f = () => new C()",
    true,
  ],
  [
    "static block",
    "const a = 1; class C { static { this.x = a } } export const f = () => C",
    "const a = 2; class C { static { this.x = a } } export const f = () => C",
    false,
  ],
  [
    "superclass",
    "class A { x = 1 } class C extends A {} export const f = () => new C()",
    "class A { x = 2 } class C extends A {} export const f = () => new C()",
    false,
  ],
  [
    "private name",
    "const x = 1; class C { #x = 0; y() { return this.#x } } export const f = () => new C()",
    "const x = 2; class C { #x = 0; y() { return this.#x } } export const f = () => new C()",
    true,
  ],
  [
    "tag",
    "const t = (s) => 1; export const f = () => t`x`",
    "const t = (s) => 2; export const f = () => t`x`",
    false,
  ],
  [
    "catch parameter",
    "const e = 1; export const f = () => { try { } catch (e) { return e } }",
    "const e = 2; export const f = () => { try { } catch (e) { return e } }",
    true,
  ],
  [
    "loop variable",
    "const i = 1; export const f = (x) => { for (const i of x) i }",
    "const i = 2; export const f = (x) => { for (const i of x) i }",
    true,
  ],
  [
    "function expression name",
    "const q = 1; export const f = function q() { return q }",
    "const q = 2; export const f = function q() { return q }",
    true,
  ],
  [
    "switch scope",
    "const a = 1; export const f = (x) => { switch (a) { case 1: let a = 2; return a } }",
    "const a = 2; export const f = (x) => { switch (a) { case 1: let a = 2; return a } }",
    false,
  ],
  [
    "eval",
    "const hidden = 1; export const f = () => eval('hidden')",
    "const hidden = 2; export const f = () => eval('hidden')",
    false,
  ],
  [
    "new Function",
    "const hidden = 1; export const f = () => new Function('return 1')",
    "const hidden = 2; export const f = () => new Function('return 1')",
    false,
  ],
  [
    "assignment elsewhere",
    "let n = 1; n = 2; export const f = () => n",
    "let n = 1; n = 3; export const f = () => n",
    false,
  ],
  [
    "push elsewhere",
    "const n = []; n.push(2); export const f = () => n",
    "const n = []; n.push(3); export const f = () => n",
    false,
  ],
  [
    "push in an initialiser",
    "const n = []; const z = n.push(2); export const f = () => n",
    "const n = []; const z = n.push(3); export const f = () => n",
    false,
  ],
  [
    "push in a helper of an initialiser",
    "const n = []; function add(x) { n.push(x) } const z = add(2); export const f = () => n",
    "const n = []; function add(x) { n.push(x) } const z = add(3); export const f = () => n",
    false,
  ],
  [
    "value handed to a helper",
    "const n = []; function add(l, x) { l.push(x) } const z = add(n, 2); export const f = () => n",
    "const n = []; function add(l, x) { l.push(x) } const z = add(n, 3); export const f = () => n",
    false,
  ],
  [
    "other value handed to a helper",
    "const n = [], m = []; function add(l, x) { l.push(x) } const z = add(n, 2); export const f = () => m",
    "const n = [], m = []; function add(l, x) { l.push(x) } const z = add(n, 3); export const f = () => m",
    true,
  ],
  [
    "callback that changes elements of a list",
    "const n = [{ y: 1 }]; const z = n.map((x) => { x.y = 2 }); export const f = () => n",
    "const n = [{ y: 1 }]; const z = n.map((x) => { x.y = 3 }); export const f = () => n",
    false,
  ],
  [
    "callback that changes nothing",
    "const n = [1]; const z = n.map((x) => x + 2); export const f = () => n",
    "const n = [1]; const z = n.map((x) => x + 3); export const f = () => n",
    true,
  ],
  [
    "loop that changes elements while loading",
    "const n = [{}]; const z = (() => { for (const x of n) x.y = 2 })(); export const f = () => n",
    "const n = [{}]; const z = (() => { for (const x of n) x.y = 3 })(); export const f = () => n",
    false,
  ],
  [
    "alias changed while loading",
    "const n = []; const z = (() => { const l = n; l.push(2) })(); export const f = () => n",
    "const n = []; const z = (() => { const l = n; l.push(3) })(); export const f = () => n",
    false,
  ],
  [
    "value handed over in a condition",
    "const n = []; const add = (l, x) => l.push(x); const z = add(true ? n : null, 2); export const f = () => n",
    "const n = []; const add = (l, x) => l.push(x); const z = add(true ? n : null, 3); export const f = () => n",
    false,
  ],
  [
    "var declared twice",
    "var n = 2; var n; export const f = () => n",
    "var n = 3; var n; export const f = () => n",
    false,
  ],
  [
    "static field",
    "const n = []; class C { static z = n.push(2) } export const f = () => n",
    "const n = []; class C { static z = n.push(3) } export const f = () => n",
    false,
  ],
  [
    "method not called",
    "const n = []; class C { z() { n.push(2) } } export const f = () => n",
    "const n = []; class C { z() { n.push(3) } } export const f = () => n",
    true,
  ],
  [
    "order of registrations",
    "const n = []; n.push(1); n.push(2); export const f = () => n",
    "const n = []; n.push(2); n.push(1); export const f = () => n",
    false,
  ],
  [
    "unused call",
    "const z = Math.max(1, 2); export const f = () => 1",
    "const z = Math.max(1, 3); export const f = () => 1",
    true,
  ],
  [
    "used call",
    "const z = Math.max(1, 2); export const f = () => z",
    "const z = Math.max(1, 3); export const f = () => z",
    false,
  ],
  [
    "top-level await",
    "const z = await 1; export const f = () => 1",
    "const z = await 2; export const f = () => 1",
    false,
  ],
  [
    "import.meta.main",
    "export const f = () => 1; if (import.meta.main) console.log(1)",
    "export const f = () => 1; if (import.meta.main) console.log(2)",
    true,
  ],
  [
    "enum",
    "enum E { A = 1 } export const f = () => E.A",
    "enum E { A = 2 } export const f = () => E.A",
    false,
  ],
  [
    "unused enum",
    "enum E { A = 1 } export const f = () => 1",
    "enum E { A = 2 } export const f = () => 1",
    true,
  ],
  [
    "namespace",
    "namespace N { export const a = 1 } export const f = () => N.a",
    "namespace N { export const a = 2 } export const f = () => N.a",
    false,
  ],
  [
    "parameter property",
    "class C { constructor(public a = 1) {} } export const f = () => new C()",
    "class C { constructor(public a = 2) {} } export const f = () => new C()",
    false,
  ],
  [
    "literal dynamic import",
    'export const f = async () => (await import("./m.ts")).a',
    'export const f = async () => (await import("./m2.ts")).a',
    false,
  ],
  [
    "unicode names",
    "const größe = 1; export const f = () => größe",
    "const größe = 2; export const f = () => größe",
    false,
  ],
  ["number form", "export const f = () => 10", "export const f = () => 1e1", false],
  [
    "line ends",
    "export const f = () => {\n return `a\nb` }",
    "export const f = () => {\r\n return `a\r\nb` }",
    true,
  ],
];

for (const [name, first, second, isSame] of PAIRS) {
  Deno.test(`functionCode() ${isSame ? "ignores" : "sees"} ${name}`, () => {
    using fixture = new Fixture({
      "m.ts": "export const a = () => 1; export const b = () => 2;",
      "m2.ts": "export const a = () => 2;",
      "nodes.ts": first,
    });
    const before = fixture.code().digest;
    assertEquals(fixture.write({ "nodes.ts": second }).code().digest === before, isSame);
  });
}

Deno.test("functionCode() tells functions that use each other apart", () => {
  using fixture = new Fixture({
    "nodes.ts":
      "export function f(n) { return n ? g(n - 1) : 1 }\nexport function g(n) { return f(n) }",
  });
  assertOk(fixture.code("f").digest !== fixture.code("g").digest);
});

Deno.test("functionCode() names its parts relative to the root directory", () => {
  using fixture = new Fixture(BASE);
  assertEquals(Object.keys(fixture.code("f").parts), [
    "data.json",
    "lib/deepest.ts#deep",
    "lib/deepest.ts#table",
    "lib/util.ts#helper",
    "nodes.ts#LIMIT",
    "nodes.ts#f",
  ]);
});

Deno.test("functionCode() is the same in another directory and through a symlink", () => {
  using one = new Fixture(BASE);
  using two = new Fixture(BASE);
  assertEquals(one.code(), two.code());
  Deno.symlinkSync(one.dir, two.path("link"));
  const index = new CodeIndex({ rootDir: two.path("link") });
  assertEquals(index.functionCode("nodes.ts", "f"), one.code());
});

Deno.test("functionCode() finds every form of export", () => {
  using fixture = new Fixture({
    "nodes.ts": `import { z as imported } from "./z.ts";
export function a() {}
export const b = () => {}, c = async function* () {};
function inner() { return 1 }
export { inner as d, inner as "odd name", imported as e };
export default class {}
export { z as z2 } from "./z.ts";
export * from "./z.ts";
export * as ns from "./z.ts";
export const { x, y: [w] } = { x: 1, y: [2] };
`,
    "z.ts": "export const z = () => 1; export default () => 2; export const star = 3;",
  });
  const index = fixture.index();
  const names = index.exportsOf("nodes.ts");
  assertEquals(names, [
    "a",
    "b",
    "c",
    "d",
    "default",
    "e",
    "ns",
    "odd name",
    "star",
    "w",
    "x",
    "z",
    "z2",
  ]);
  const digests = names.map((name) => index.functionCode("nodes.ts", name).digest);
  // d and "odd name", e and z and z2, w and x are the same thing under several names.
  assertEquals(new Set(digests).size, 9);
});

const PARAMETERS: readonly (readonly [string, unknown])[] = [
  ["export function f({ a, b = 1, 'c': d, ...rest }) {}", {
    kind: "named",
    names: [
      { name: "a", optional: false },
      { name: "b", optional: true },
      { name: "c", optional: false },
    ],
    hasRest: true,
  }],
  ["export const f = async ({ a }: { a: number }, ctx: unknown) => a", {
    kind: "named",
    names: [{ name: "a", optional: false }],
    hasRest: false,
  }],
  ["export function f({ a: { b } } = {}) {}", {
    kind: "named",
    names: [{ name: "a", optional: false }],
    hasRest: false,
  }],
  ["export function f() {}", { kind: "none" }],
  ["export function f(args) {}", { kind: "opaque" }],
  ["export function f(...args) {}", { kind: "opaque" }],
  ["export const f = wrap(({ a }) => a); declare function wrap(x: unknown): any", {
    kind: "opaque",
  }],
  ["function g({ a }) {} export const f = g", {
    kind: "named",
    names: [{ name: "a", optional: false }],
    hasRest: false,
  }],
  ["export { g as f }; function g() {}", { kind: "none" }],
  ["const f = f2, f2 = f; export { f }", { kind: "opaque" }],
];

Deno.test("functionCode() reads the parameters", () => {
  for (const [text, expected] of PARAMETERS) {
    using fixture = new Fixture({ "nodes.ts": text });
    assertEquals(fixture.code().parameters as unknown, expected, text);
  }
});

Deno.test("functionCode() follows import cycles", () => {
  using fixture = new Fixture({
    "nodes.ts":
      'import { b } from "./b.ts"; export const one = 1; export const f = () => b();\nexport * from "./b.ts";',
    "b.ts":
      'import { one } from "./nodes.ts"; export * from "./nodes.ts"; export const b = () => one;',
  });
  assertEquals(Object.keys(fixture.code().parts), ["b.ts#b", "nodes.ts#f", "nodes.ts#one"]);
  assertEquals(fixture.index().exportsOf("nodes.ts"), ["b", "f", "one"]);
});

Deno.test("functionCode() follows re-exports that go back and forth", () => {
  using fixture = new Fixture({
    "nodes.ts": 'export { x as f } from "./b.ts"; export const z = 1;',
    "b.ts": 'export { z as x } from "./nodes.ts";',
  });
  assertEquals(Object.keys(fixture.code().parts), ["nodes.ts#z"]);
});

Deno.test("functionCode() counts all modules whole for a computed import, and warns", () => {
  using fixture = new Fixture({
    "nodes.ts":
      'import "./m.ts";\nexport const f = (x: string) =>\n  import(`./${x}.ts`);\nexport const g = 1;',
    "m.ts": "export const a = 1;",
  });
  const before = fixture.code();
  assertEquals(Object.keys(before.parts), ["load order", "m.ts", "nodes.ts"]);
  assertEquals(before.warnings.map(({ line, column }) => [line, column]), [[3, 3]]);
  assertOk(fixture.write({ "m.ts": "export const a = 2;" }).code().digest !== before.digest);
});

Deno.test("functionCode() counts an effect only for those who import its module", () => {
  using fixture = new Fixture({
    "nodes.ts": 'import "./effect.ts"; export const f = 1;',
    "other.ts": "export const f = 1;",
    "effect.ts": "globalThis.x = 1;",
  });
  assertEquals(Object.keys(fixture.code().parts), ["effect.ts", "nodes.ts#f"]);
  assertEquals(Object.keys(fixture.code("f", "other.ts").parts), ["other.ts#f"]);
});

Deno.test("functionCode() sees the order of effects across modules", () => {
  using fixture = new Fixture({
    "nodes.ts": 'import "./a.ts"; import "./b.ts"; export const f = 1;',
    "a.ts": "globalThis.x = 1;",
    "b.ts": "globalThis.x = 2;",
  });
  const before = fixture.code().digest;
  fixture.write({ "nodes.ts": 'import "./b.ts"; import "./a.ts"; export const f = 1;' });
  assertOk(fixture.code().digest !== before);
});

Deno.test("functionCode() counts the effects of a module that is imported on demand", () => {
  using fixture = new Fixture({
    "nodes.ts": 'export const f = async () => (await import("./m.ts")).a; export const g = 1;',
    "m.ts": 'import "./effect.ts"; export const a = 1;',
    "effect.ts": "globalThis.x = 1;",
  });
  assertEquals(Object.keys(fixture.code().parts), ["effect.ts", "m.ts#a", "nodes.ts#f"]);
  assertEquals(Object.keys(fixture.code("g").parts), ["nodes.ts#g"]);
});

Deno.test("functionCode() tells a missing export, with its neighbours", () => {
  using fixture = new Fixture(BASE);
  const problem = assertThrows(() => fixture.code("row"), CodeProblem);
  assertEquals([problem.kind, problem.hint], ["no-such-export", 'did you mean "rows"?']);
  assertEquals(problem.exports, ["f", "g", "h", "rows"]);
});

Deno.test("functionCode() tells a missing module, with its neighbours", () => {
  using fixture = new Fixture(BASE);
  const problem = assertThrows(() => fixture.code("f", "node.ts"), CodeProblem);
  assertEquals([problem.kind, problem.hint], ["module-not-found", 'did you mean "nodes.ts"?']);
  fixture.write({
    "nodes.ts": 'export const f = 1;\nimport { helper } from "./lib/util";\nhelper();',
  });
  const inner = assertThrows(() => fixture.code(), CodeProblem);
  assertEquals([inner.kind, inner.file, inner.line, inner.column, inner.hint], [
    "module-not-found",
    fixture.path("nodes.ts"),
    2,
    1,
    'did you mean "./lib/util.ts"?',
  ]);
});

Deno.test("functionCode() tells an ambiguous export", () => {
  using fixture = new Fixture({
    "nodes.ts": 'export * from "./a.ts"; export * from "./b.ts";',
    "a.ts": "export const f = 1;",
    "b.ts": "export const f = 2;",
  });
  assertIncludes(assertThrows(() => fixture.code(), CodeProblem).message, "several modules");
});

/** Text of `nodes.ts`, kind, line, column. */
const BROKEN: readonly (readonly [string, string, string, number, number])[] = [
  [
    "a TypeScript syntax error",
    "export const f = 1;\n\nfunction g() {\n  const x: = 3;\n  return x;\n}\n",
    "syntax",
    4,
    3,
  ],
  ["an unclosed bracket", "export const f = 1;\nfoo(\n", "syntax", 2, 4],
  ["a decorator", "export const f = 1;\n@dec class A {}\n", "syntax", 2, 1],
  ["a duplicate", "export const f = 1;\nconst f = 2;\n", "syntax", 2, 7],
  ["deep nesting", `export const f = ${"[".repeat(100_000)}`, "syntax", 1, 1],
  [
    "deep nesting that parses",
    `export const f = ${"[".repeat(3_000)}${"]".repeat(3_000)}`,
    "syntax",
    1,
    1,
  ],
];

for (const [name, text, kind, line, column] of BROKEN) {
  Deno.test(`functionCode() tells the place of ${name}`, () => {
    using fixture = new Fixture({ "nodes.ts": text });
    if (name.endsWith("that parses")) {
      // How deep is too deep depends on the stack; it must not crash.
      try {
        fixture.code();
      } catch (error) {
        assertOk(error instanceof CodeProblem);
      }
      return;
    }
    const problem = assertThrows(() => fixture.code(), CodeProblem);
    assertEquals([problem.kind, problem.line, problem.column], [kind, line, column]);
    assertEquals(problem.file, fixture.path("nodes.ts"));
  });
}

Deno.test("functionCode() runs nothing of the module and survives hostile names", () => {
  using fixture = new Fixture({
    "nodes.ts": `export const __proto__ = 1; export const constructor = () => __proto__;
export const o = { get x() { throw new Error("ran") }, __proto__: null };
export function hasOwnProperty() { return toString }
export const f = () => [o, constructor, hasOwnProperty]; throw new Error("ran");`,
  });
  assertEquals(Object.keys(fixture.code().parts), ["nodes.ts"]);
  assertEquals(fixture.index().exportsOf("nodes.ts").includes("__proto__"), true);
  fixture.code("__proto__");
  assertIncludes(fixture.index().closure("nodes.ts").text, "hasOwnProperty");
});

Deno.test("functionCode() copes with a module of 10 000 lines", () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, i) => `export const c${i} = (x: number) => x + c${i + 1}(x);`,
  );
  using fixture = new Fixture({
    "nodes.ts": lines.join("\n") + "\nexport const c10000 = (x) => x;\n",
  });
  assertEquals(Object.keys(fixture.code("c0").parts).length, 10_001);
});

Deno.test("functionCode() gives the same with cached and with damaged analyses", () => {
  using fixture = new Fixture(BASE);
  const cache = new MemoryCache();
  const cold = fixture.index(cache).functionCode("nodes.ts", "f");
  assertEquals(fixture.index(cache).functionCode("nodes.ts", "f"), cold);
  assertEquals([cache.texts.size, cache.hits], [5, 5]);
  const closure = fixture.index().closure("nodes.ts");
  assertEquals(fixture.index(cache).closure("nodes.ts"), closure);
  for (const damage of ["", "{", "null", "[]", '{"mode":"strip"}']) {
    for (const key of cache.texts.keys()) cache.texts.set(key, damage);
    assertEquals(fixture.index(cache).functionCode("nodes.ts", "f"), cold, damage);
  }
});

/** Layout and comments that may stand between any two tokens; none breaks a line. */
const FILLER = fc.constantFrom(" ", "  ", "\t", "/* c */", " /* `${ */ ", "/**/ ");
/** The same where a line break is allowed as well. */
const BREAK = fc.constantFrom("\n", "\n// x }\n", "\r\n", "\n\n/* a\n b */\n");

Deno.test("functionCode() is the same whatever comments and layout are (property)", () => {
  using fixture = new Fixture();
  const tokens = [
    "export",
    " ",
    "function",
    " ",
    "f",
    "(",
    "{",
    "a",
    ",",
    "b",
    "=",
    "K",
    "}",
    ")",
    "{",
    "§",
    "const",
    " ",
    "s",
    "=",
    '"q // r"',
    "+",
    "`t ${",
    "a",
    "} /* u */`",
    ";",
    "§",
    "return",
    " ",
    "s",
    "+",
    "b",
    "/",
    "2",
    "/",
    "K",
    ";",
    "§",
    "}",
    "§",
    "const",
    " ",
    "K",
    "=",
    "3",
    ";",
  ];
  const plain = tokens.join("").replaceAll("§", "");
  const expected = fixture.write({ "nodes.ts": plain }).code().digest;
  fc.assert(
    fc.property(
      fc.array(FILLER, { minLength: 46, maxLength: 46 }),
      fc.array(BREAK, { minLength: 4, maxLength: 4 }),
      (fillers, breaks) => {
        let line = 0;
        const text = tokens.map((token, i) => {
          if (token === "§") return breaks[line++];
          return token === "`t ${" || token === "/" ? token + " " : token + fillers[i];
        });
        assertEquals(
          fixture.write({ "nodes.ts": text.join("") }).code().digest,
          expected,
          text.join(""),
        );
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("functionCode() differs for every edit of a reachable literal (property)", () => {
  using fixture = new Fixture();
  const program = (values: readonly string[]): Files => ({
    "nodes.ts": `import { h, T } from "./a.ts"; const X = ${values[0]}; export function f({ a = ${
      values[1]
    } }) { return [X, h(), \`\${${values[2]}}\`, a, T] }`,
    "a.ts": `import { deep } from "./b.ts"; export const T = { k: [${values[3]}] }; class C { x = ${
      values[4]
    } } export const h = () => [deep(), new C()]`,
    "b.ts": `export function deep(d = ${values[5]}) { return d }`,
  });
  const literal = fc.oneof(
    fc.integer({ min: 0 }).map(String),
    fc.string().map((text) => JSON.stringify(text)),
  );
  const values = fc.array(literal, { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(values, fc.nat(5), literal, (before, at, value) => {
      fc.pre(before[at] !== value);
      const one = fixture.write(program(before)).code().digest;
      const two = fixture.write(program(before.with(at, value))).code().digest;
      assertOk(one !== two);
      assertEquals(fixture.write(program(before)).code().digest, one);
    }),
    { numRuns: 100 },
  );
});
