/** Tests of `core/code/resolve.ts`: what specifiers mean under the user's own configuration. */

import { Resolver } from "../../../core/code/resolve.ts";
import { CodeProblem } from "../../../core/code/problem.ts";
import { assertEquals, assertIncludes, assertThrows } from "../../testing/assert.ts";
import { type Files, Fixture } from "./fixture.ts";

const FILES: Files = {
  "deno.jsonc": `{ // a comment with "quotes"
    "imports": {
      "lib/": "./lib/", "one": "./lib/one.ts", "ms": "npm:ms@^2", "@s/p": "npm:@s/p@1/sub",
      "remote": "https://example.com/x.ts", "std": "jsr:@std/fs", "path2": "node:path",
    },
    "scopes": { "./scoped/": { "one": "./lib/two.ts" } },
  }`,
  "deno.lock": JSON.stringify({
    version: "5",
    specifiers: { "npm:ms@^2": "2.1.3", "npm:@s/p@1": "1.4.0_ms@2.1.3", "npm:dep@*": "3.0.0" },
    npm: {
      "ms@2.1.3": { integrity: "sha512-ms" },
      "@s/p@1.4.0_ms@2.1.3": { integrity: "sha512-sp", dependencies: ["ms"] },
      "dep@3.0.0": { integrity: "sha512-dep", dependencies: ["ms@2.1.3"] },
    },
  }),
  "package.json": JSON.stringify({
    dependencies: { dep: "*", aliased: "npm:ms@^2", local: "file:./lib" },
    devDependencies: { dev: "^7.0.0" },
    imports: { "#one": "./lib/one.ts", "#both": { browser: "./x.ts", default: "./lib/two.ts" } },
  }),
  "node_modules/dev/package.json": JSON.stringify({ version: "7.8.9" }),
  "nodes.ts": "",
  "lib/one.ts": "",
  "lib/two.ts": "",
  "scoped/a.ts": "",
};

/** Specifier, target relative to the directory, importer. */
const TARGETS: readonly (readonly [string, string, string?])[] = [
  ["./lib/one.ts", "lib/one.ts"],
  ["../lib/one.ts", "lib/one.ts", "scoped/a.ts"],
  ["lib/one.ts", "lib/one.ts"],
  ["one", "lib/one.ts"],
  ["one", "lib/two.ts", "scoped/a.ts"],
  ["#one", "lib/one.ts"],
  ["#both", "lib/two.ts"],
  ["node:fs", "node:fs"],
  ["fs", "node:fs"],
  ["path2", "node:path"],
  ["flow", "flow"],
  ["ms", "npm:ms@2.1.3"],
  ["ms/sub/x.js", "npm:ms@2.1.3/sub/x.js"],
  ["npm:ms@^2", "npm:ms@2.1.3"],
  ["npm:ms@2.1.3", "npm:ms@2.1.3"],
  ["npm:/ms@^2/sub", "npm:ms@2.1.3/sub"],
  ["aliased", "npm:ms@2.1.3"],
  ["@s/p", "npm:@s/p@1.4.0/sub"],
  ["dep", "npm:dep@3.0.0"],
  ["npm:dep", "npm:dep@3.0.0"],
  ["dev", "npm:dev@7.8.9"],
  ["npm:unknown@~1.2", "npm:unknown@~1.2"],
  ["npm:unknown", "npm:unknown"],
];

function resolved(fixture: Fixture, specifier: string, importer = "nodes.ts"): string {
  const target = new Resolver().resolve(specifier, { file: fixture.path(importer) });
  if (target.kind === "flow") return "flow";
  return target.kind === "local" ? target.path.slice(fixture.dir.length + 1) : target.url;
}

Deno.test("resolve() applies deno.json, package.json and deno.lock", () => {
  using fixture = new Fixture(FILES);
  for (const [specifier, expected, importer] of TARGETS) {
    assertEquals(resolved(fixture, specifier, importer), expected, specifier);
  }
  assertEquals(
    resolved(fixture, new URL("lib/one.ts", `file://${fixture.dir}/`).href),
    "lib/one.ts",
  );
});

/** Specifier, kind, part of message and hint. */
const PROBLEMS: readonly (readonly [string, string, string])[] = [
  ["./lib/one", "module-not-found", 'did you mean "./lib/one.ts"?'],
  ["./lib/one.js", "module-not-found", 'did you mean "./lib/one.ts"?'],
  ["./lib/oen.ts", "module-not-found", 'did you mean "./lib/one.ts"?'],
  ["./lib", "module-not-found", "./lib"],
  ["./nowhere/x.ts", "module-not-found", "./nowhere/x.ts"],
  ["./nodes.ts/x.ts", "module-not-found", "./nodes.ts/x.ts"],
  ["./a\0b.ts", "module-not-found", "Cannot find"],
  ["./lib/one.ts?x", "unsupported", "query"],
  ["https://example.com/x.ts", "unsupported", '"https:"'],
  ["remote", "unsupported", 'mapped to "https://example.com/x.ts"'],
  ["std", "unsupported", "Use an npm package"],
  ["data:text/javascript,1", "unsupported", '"data:"'],
  ["node:nothing", "module-not-found", "no such built-in module"],
  ["onne", "unresolved", 'did you mean "one"?'],
  ["npm:", "unresolved", "npm:name@version"],
  ["", "unresolved", "no import map names it"],
];

Deno.test("resolve() tells what cannot be imported and what to do", () => {
  using fixture = new Fixture(FILES);
  for (const [specifier, kind, text] of PROBLEMS) {
    const problem = assertThrows(() => resolved(fixture, specifier), CodeProblem);
    assertEquals(problem.kind, kind, specifier);
    assertIncludes(`${problem.message}\n${problem.hint}`, text);
    assertEquals(problem.file, fixture.path("nodes.ts"));
  }
});

Deno.test("resolve() prefers the nearest deno.json, and its workspace after it", () => {
  using fixture = new Fixture({
    "deno.json": '{ "workspace": ["./in"], "imports": { "a": "./a.ts", "b": "./a.ts" } }',
    "in/deno.json": '{ "imports": { "b": "./b.ts" } }',
    "out/deno.json": "{}",
    "a.ts": "",
    "in/b.ts": "",
    "out/c.ts": "",
  });
  assertEquals(resolved(fixture, "a", "in/b.ts"), "a.ts");
  assertEquals(resolved(fixture, "b", "in/b.ts"), "in/b.ts");
});

Deno.test("resolve() reads an import map of its own file", () => {
  using fixture = new Fixture({
    "deno.json": '{ "importMap": "./maps/map.json" }',
    "maps/map.json": '{ "imports": { "a": "./a.ts" } }',
    "maps/a.ts": "",
    "nodes.ts": "",
  });
  assertEquals(resolved(fixture, "a"), "maps/a.ts");
});

Deno.test("resolve() follows symlinks to the real file", () => {
  using fixture = new Fixture(FILES);
  Deno.symlinkSync(fixture.path("lib"), fixture.path("link"));
  assertEquals(resolved(fixture, "./link/one.ts"), "lib/one.ts");
  Deno.symlinkSync(fixture.path("loop"), fixture.path("loop"));
  assertThrows(() => resolved(fixture, "./loop"), CodeProblem);
});

Deno.test("resolve() names a broken configuration file", () => {
  for (const name of ["deno.json", "package.json", "deno.lock"]) {
    using fixture = new Fixture({ "nodes.ts": "", [name]: "{ broken" });
    const problem = assertThrows(() => resolved(fixture, "npm:ms"), CodeProblem);
    assertEquals([problem.kind, problem.file], ["syntax", fixture.path(name)]);
  }
});

/** Edits of deno.lock, and whether a function that uses `@s/p` is another one afterwards. */
const LOCKS: readonly (readonly [string, string, boolean])[] = [
  ["sha512-sp", "sha512-xx", true],
  ["sha512-ms", "sha512-xx", true],
  ["sha512-dep", "sha512-xx", false],
];

Deno.test("functionCode() counts the integrity of a package and of its dependencies", () => {
  using fixture = new Fixture(FILES);
  fixture.write({
    "nodes.ts": 'import p from "@s/p"; export const f = () => p(); export const g = 1;',
  });
  const before = [fixture.code("f"), fixture.code("g")];
  assertEquals(Object.keys(before[0].parts), ["nodes.ts#f", "npm:@s/p@1.4.0"]);
  for (const [from, to, changes] of LOCKS) {
    fixture.write({ "deno.lock": FILES["deno.lock"].replace(from, to) });
    assertEquals(fixture.code("f").digest !== before[0].digest, changes, from);
    assertEquals(fixture.code("g").digest, before[1].digest);
  }
});

Deno.test("functionCode() counts the installed version where there is no lock", () => {
  using fixture = new Fixture({
    "package.json": '{ "dependencies": { "dev": "^7" } }',
    "node_modules/dev/package.json": '{ "version": "7.0.0" }',
    "nodes.ts": 'import p from "dev"; export const f = () => p();',
  });
  const before = fixture.code().digest;
  fixture.write({ "node_modules/dev/package.json": '{ "version": "7.0.1" }' });
  assertEquals(fixture.code().digest !== before, true);
});
