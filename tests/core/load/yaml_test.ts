/** Tests of `core/load/yaml.ts` and `core/load/yaml_place.ts`. */

import fc from "fast-check";
import { dump } from "js-yaml";
import { formatDiagnostic } from "../../../core/base/source.ts";
import { readYaml } from "../../../core/load/yaml.ts";
import { assertEquals, assertIncludes, assertOk } from "../../testing/assert.ts";

const values: [text: string, expected: unknown][] = [
  ["a: 2024-01-01", { a: "2024-01-01" }],
  ["[yes, no, on, off, Yes]", ["yes", "no", "on", "off", "Yes"]],
  ["[true, True, TRUE, false]", [true, true, true, false]],
  ["[~, null, Null, NULL]", [null, null, null, null]],
  ["a:", { a: null }],
  ["[1e3x, 1_000, 12:30, 0b1, 1.2.3]", ["1e3x", "1_000", "12:30", "0b1", "1.2.3"]],
  ["[1, -2, +3, 0x1F, 0o17, 012]", [1, -2, 3, 31, 15, 12]],
  ["[1.5, -.5, 1e3, 1., .inf, -.Inf]", [1.5, -.5, 1000, 1, Infinity, -Infinity]],
  ["['1', \"2\", !!str 3, ! 4]", ["1", "2", "3", "4"]],
  ["[!!int '5', !!float 1, !!null '', !!bool 'true']", [5, 1, null, true]],
  ["a: |\n  x\n  y\nb: >\n  x\n  y\n", { a: "x\ny\n", b: "x y\n" }],
  ["a: &x [1, 2]\nb: *x\n", { a: [1, 2], b: [1, 2] }],
  ["1: a\ntrue: b\n1.0: c\n~: d\n", { "1": "a", "true": "b", "1.0": "c", "~": "d" }],
  ["{a: 1, 'b c': 2}", { a: 1, "b c": 2 }],
  ["%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
  ["a: 1\r\nb:\r\n  - 2\r\n", { a: 1, b: [2] }],
  ["hasOwnProperty: 1\ntoString: 2\n", { hasOwnProperty: 1, toString: 2 }],
  ['{"json": [1, {"x": "\\u0041"}], "t": true}', { json: [1, { x: "A" }], t: true }],
  ['"<<": 1', { "<<": 1 }],
  ["text", "text"],
];

for (const [text, expected] of values) {
  Deno.test(`readYaml() of ${JSON.stringify(text)}`, () => {
    const { data, diagnostics } = readYaml(text, "a.yaml");
    assertEquals(diagnostics.map(formatDiagnostic), []);
    assertEquals(data, expected as typeof data);
  });
}

const wrong: [text: string, expected: string][] = [
  ["", 'a.yaml:1:1: Cannot read "a.yaml": the file is empty'],
  ["# only a comment\n", 'a.yaml:1:1: Cannot read "a.yaml": the file is empty'],
  ["---\n", 'a.yaml:1:1: Cannot read "a.yaml": the file is empty'],
  ["a: 1\nb: 2\na: 3\n", 'a.yaml:3:1: Duplicate key "a"'],
  ["a: 1\nb: 2\na: 3\n", "first defined here: a.yaml:1:1"],
  ["a:\n\tb: 1\n", "Cannot read the file as YAML: a tab is used for indentation"],
  ["a: 1\n---\nb: 2\n", "a.yaml:2:1: Cannot read the file: it holds several YAML documents"],
  ["__proto__: 1\n", 'a.yaml:1:1: Cannot use key "__proto__": the name is reserved'],
  ["a: {constructor: {prototype: 1}}\n", 'Cannot use key "prototype": the name is reserved'],
  ['"a\\0b": 1\n', 'Cannot use key "a\\u0000b": it holds a control character'],
  ["a: x\0y\n", "Cannot read the file as YAML: it contains a NUL character"],
  ["a: \u0007\n", "Cannot read the file as YAML: it contains a control character"],
  ["a: !!python/object:os.system [ls]\n", 'Cannot use tag "!!python/object:os.system"'],
  ["a: !env HOME\n", 'Cannot use tag "!env": custom tags are not supported'],
  ["%TAG ! tag:x,2000:\n---\na: 1\n", "Cannot use a %TAG directive"],
  ["a: !!int x\n", 'Cannot read "x" as !!int'],
  ["a: *b\n", 'Cannot resolve alias "*b": no anchor "&b" before it'],
  ["a: &a [*a]\n", 'Cannot resolve alias "*a": it contains itself'],
  ["? [1, 2]\n: x\n", "Cannot use a list or mapping as a key"],
  ["a: &a b\n*a : 1\n", 'Cannot use alias "*a" as a key'],
  ["a: &a {x: 1}\nb:\n  <<: *a\n", 'a.yaml:3:3: Cannot use merge key "<<"'],
  ["a: [1, 2\n", "Cannot read the file as YAML: a bracket or a quote is not closed"],
  ["a: 'x\n", "Cannot read the file as YAML: a bracket or a quote is not closed"],
  ["a: [1,\nb: 2\n", "a line inside brackets or quotes is indented too little"],
  ["a: b: c\n", "Cannot read the file as YAML: bad indentation"],
  ["a: 1\nb\n", 'a line has no ":" after its key'],
];

for (const [text, expected] of wrong) {
  Deno.test(`readYaml() refuses ${JSON.stringify(text)}: ${expected}`, () => {
    const { diagnostics } = readYaml(text, "a.yaml");
    assertIncludes(diagnostics.map(formatDiagnostic).join("\n"), expected);
  });
}

Deno.test("readYaml() reports independent problems together and keeps the rest", () => {
  const { data, diagnostics } = readYaml(
    "a: !x 1\nb: 2\nb: 3\n__proto__: {y: 1}\nc: 4\n",
    "a.yaml",
  );
  assertEquals(diagnostics.map((d) => d.code), ["yaml-tag", "duplicate-key", "forbidden-key"]);
  assertEquals(data, { a: "1", b: 2, c: 4 });
});

/** A document in which each line refers nine times to the line before. */
function bomb(levels: number): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < levels; i++) {
    lines.push(`a${i}: &a${i} [${Array(9).fill(`*a${i - 1}`).join(", ")}]`);
  }
  return lines.join("\n") + "\n";
}

const deepAliases = Array.from(
  { length: 70 },
  (_, i) => i === 0 ? "a0: &a0 [x]" : `a${i}: &a${i} [*a${i - 1}]`,
).join("\n");

const hostile: [name: string, text: string, code: string][] = [
  ["an alias bomb", bomb(10), "alias-bomb"],
  ["a tall alias bomb", bomb(60), "alias-bomb"],
  ["65 levels of lists", "[".repeat(65) + "]".repeat(65), "yaml-syntax"],
  ["100,000 open brackets", "[".repeat(100_000), "yaml-syntax"],
  ["100,000 open braces", "{".repeat(100_000), "yaml-syntax"],
  ["100,000 nested block lists", "- ".repeat(100_000), "yaml-syntax"],
  ["depth made of aliases", deepAliases, "yaml-syntax"],
  ["100,000 equal keys", "a: 1\n".repeat(100_000), "duplicate-key"],
  ["10,000 complex keys", "? [a]\n: 1\n".repeat(10_000), "complex-key"],
];

for (const [name, text, code] of hostile) {
  Deno.test(`readYaml() refuses ${name}`, () => {
    const { diagnostics } = readYaml(text, "a.yaml");
    assertEquals(diagnostics.at(-1)?.code, code);
    assertOk(diagnostics.length <= 100, "problems are bounded");
  });
}

Deno.test("readYaml() accepts 64 levels, long lines and many aliases of small values", () => {
  for (
    const text of [
      "[".repeat(64) + "]".repeat(64),
      `a: ${"x".repeat(1_000_000)}`,
      `a: &a [1]\nb: [${Array(5_000).fill("*a").join(",")}]`,
    ]
  ) assertEquals(readYaml(text, "a.yaml").diagnostics, []);
});

Deno.test("written() tells how a number was written where its value does not", () => {
  const { data, written } = readYaml("v: [1.10, 1.1, 0x10, 012, True, x, ~]\nn: 1.0\nk: 3\n", "a");
  const { v } = data as { v: unknown[] };
  assertEquals(v.map((_, i) => written(v, i)), [
    "1.10",
    undefined,
    "0x10",
    "012",
    "True",
    undefined,
    "~",
  ]);
  assertEquals(written(data as object, "n"), "1.0");
  assertEquals(written(data as object, "k"), undefined);
});

const located = `# comment
nodes:
  rows:
    call: "nodes.ts#load"
    inputs: { csv: raw, 'n': [1, 22] }
    run: |
      echo hi
    outputs:
  best: &b [x, *x1]
again: *b
`.replace(", *x1", "");

const places: [path: (string | number)[], part: "key" | "value", expected: string][] = [
  [["nodes", "rows"], "key", "rows"],
  [["nodes", "rows", "call"], "value", '"nodes.ts#load"'],
  [["nodes", "rows", "call"], "key", "call"],
  [["nodes", "rows", "inputs", "csv"], "value", "raw"],
  [["nodes", "rows", "inputs", "n"], "key", "'n'"],
  [["nodes", "rows", "inputs", "n", 1], "value", "22"],
  [["nodes", "rows", "inputs", "n"], "value", "[1, 22]"],
  [["nodes", "rows", "inputs"], "value", "{ csv: raw, 'n': [1, 22] }"],
  [["nodes", "rows", "outputs"], "value", "outputs"],
  [["nodes", "rows", "missing"], "value", "rows"],
  [["nodes", "rows", "inputs", "missing"], "value", "{ csv: raw, 'n': [1, 22] }"],
  [["nodes", "rows", "call", "deeper", 3], "value", "call"],
  [["again", 0], "value", "x"],
  [["nodes", "best", 7], "key", "[x]"],
];

for (const [path, part, expected] of places) {
  Deno.test(`locate() of ${JSON.stringify(path)} ${part}`, () => {
    const span = readYaml(located, "a.yaml").locate(path, part);
    assertEquals(span?.source.text.slice(span.start, span.end), expected);
  });
}

const jsonText = fc.json({ maxDepth: 5 });

Deno.test("readYaml() reads JSON as JSON.parse does", () => {
  const safe = (text: string): boolean =>
    !/__proto__|constructor|prototype|\\u00[01]|\\[bfnrt]|\x7f/.test(text);
  fc.assert(fc.property(jsonText.filter(safe), (text) => {
    const { data, diagnostics } = readYaml(text, "a.json");
    if (text.trim() === "null") return;
    assertEquals(diagnostics.map(formatDiagnostic), []);
    assertEquals(JSON.stringify(data), JSON.stringify(JSON.parse(text)));
  }));
});

Deno.test("locate() finds every member of a random document", () => {
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.integer(),
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.array(tie("node"), { minLength: 1, maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie("node"), { minKeys: 1, maxKeys: 4 }),
    ),
  })).node;
  const visit = (
    value: unknown,
    path: (string | number)[],
    leaf: (path: (string | number)[], value: unknown) => void,
  ): void => {
    if (typeof value !== "object" || value === null) return leaf(path, value);
    for (const [key, member] of Object.entries(value)) {
      visit(member, [...path, Array.isArray(value) ? Number(key) : key], leaf);
    }
  };
  fc.assert(fc.property(tree, (value) => {
    const { locate, data } = readYaml(dump(value), "a.yaml");
    visit(data, [], (path, leaf) => {
      const span = locate(path);
      assertOk(span !== undefined);
      const text = span.source.text.slice(span.start, span.end).replace(/^'(.*)'$/, "$1");
      assertEquals(text, String(leaf));
    });
  }));
});

Deno.test("readYaml() and locate() never throw", () => {
  const piece = fc.constantFrom(
    ..."a b : - ? & * ! | > ' \" % @ ` , [ ] { } # \n \t 1 ~ << --- ... \\0 \u0000 \r &a *a !!int \ufeff"
      .split(" "),
    " ",
    "\n  ",
    ": ",
    "- ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const document = readYaml(pieces.join(""), "a.yaml");
      assertOk(document.data !== undefined || document.diagnostics.length > 0);
      document.diagnostics.map(formatDiagnostic);
      document.locate(["a", 0, "b"]);
    }),
    { numRuns: 2000 },
  );
});
