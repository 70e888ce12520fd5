/** Packages of nodes, from a registry of invented ones: which version is loaded, and what a package may do. */

import { assertEquals, assertIncludes } from "../testing/assert.ts";
import { type FakePackage, FakeRegistry } from "../testing/registry.ts";
import { TestSpace } from "../testing/space.ts";

/** `a-user` comes before what it needs by name, `z-user` behind it. */
const PACKAGES: readonly FakePackage[] = [
  ...["1.0.0", "1.1.0"].map((version) => ({
    name: "inner",
    version,
    files: { "index.js": `export const version = "${version}";` },
  })),
  ...["a-user", "z-user"].map((name) => ({
    name,
    version: "2.0.0",
    dependencies: { inner: "^1.0.0" },
    files: { "index.js": 'export { version } from "@fake/inner";' },
  })),
  {
    name: "newer",
    version: "3.0.0",
    dependencies: { inner: "^1.1.0" },
    files: { "index.js": 'export { version } from "@fake/inner";' },
  },
  {
    name: "reader",
    version: "4.0.0",
    dependencies: { "deep-reader": "*" },
    files: {
      "index.js": `import { readFileSync } from "node:fs";
        export { deep } from "@fake/deep-reader";
        export const own = () => readFileSync(new URL("data.txt", import.meta.url), "utf8");
        export const other = () => readFileSync(new URL("../../inner/1.0.0/index.js", import.meta.url), "utf8");`,
      "data.txt": "own",
    },
  },
  {
    name: "deep-reader",
    version: "5.0.0",
    files: {
      "index.js":
        'export const deep = async () => (await fetch(new URL("sub/data.txt", import.meta.url))).text();',
      "sub/data.txt": "deep",
    },
  },
];

for (const name of ["a-user", "z-user"]) {
  Deno.test(`flow run loads the version the lock says of what a package depends on: ${name}`, async () => {
    await using registry = new FakeRegistry(PACKAGES);
    using space = new TestSpace({
      "workflow.yaml": "nodes: { f: { call: nodes.ts#f } }",
      "deno.json": JSON.stringify({ imports: { user: `npm:@fake/${name}@2.0.0` } }),
      "deno.lock": registry.lock(`${name}@2.0.0`, "inner@1.0.0"),
      "nodes.ts": 'import { version } from "user"; export const f = () => version;',
    });
    const { env } = registry;
    const old = await space.start(["run", "--output", "f"], { env }).result();
    assertEquals([old.code, old.stdout], [0, "1.0.0"], old.stderr);
    assertEquals(registry.fetched.sort(), [`${name}-2.0.0.tgz`, "inner-1.0.0.tgz"].sort());

    space.write({ "deno.lock": registry.lock(`${name}@2.0.0`, "inner@1.1.0") });
    const updated = await space.start(["run", "--output", "f"], { env }).result();
    assertEquals([updated.code, updated.stdout], [0, "1.1.0"], updated.stderr);
    const again = await space.start(["run", "--json"], { env }).result();
    assertEquals(again.started, []);
  });
}

Deno.test("flow run refuses a version the lock does not say", async () => {
  await using registry = new FakeRegistry(PACKAGES);
  using space = new TestSpace({
    "workflow.yaml": "nodes: { f: { call: nodes.ts#f } }",
    "deno.lock": registry.lock("newer@3.0.0", "inner@1.0.0"),
    "nodes.ts": 'import { version } from "npm:@fake/newer@3.0.0"; export const f = () => version;',
  });
  const { code, stderr } = await space.start(["run"], { env: registry.env }).result();
  assertEquals(code, 1);
  assertIncludes(
    stderr,
    'Cannot load version 1.1.0 of the package "@fake/inner": the lock file says 1.0.0 ' +
      "(`deno install` brings it up to date)",
  );
});

/** Returns the workspace of a function that uses the package `reader`. */
function readerSpace(registry: FakeRegistry, body: string, lock: boolean): TestSpace {
  return new TestSpace({
    "workflow.yaml": "nodes: { f: { call: nodes.ts#f } }",
    ...(lock ? { "deno.lock": registry.lock("reader@4.0.0", "deep-reader@5.0.0") } : {}),
    "nodes.ts": `import * as reader from "npm:@fake/reader@4.0.0";
      export const f = async () => ${body};`,
  });
}

Deno.test("a package reads its own files, and so does what it depends on", async () => {
  await using registry = new FakeRegistry(PACKAGES);
  using space = readerSpace(registry, "[reader.own(), await reader.deep()]", true);
  const { env } = registry;
  const { code, stdout, stderr } = await space.start(["run", "--output", "f"], { env }).result();
  assertEquals([code, JSON.parse(stdout || "null")], [0, ["own", "deep"]], stderr);
});

Deno.test("without a lock a package reads its own files", async () => {
  await using registry = new FakeRegistry(PACKAGES);
  using space = readerSpace(registry, "reader.own()", false);
  const { env } = registry;
  const { code, stdout, stderr } = await space.start(["run", "--output", "f"], { env }).result();
  assertEquals([code, stdout], [0, "own"], stderr);
});

Deno.test("a package does not read the files of a package it does not depend on", async () => {
  await using registry = new FakeRegistry(PACKAGES);
  using space = readerSpace(registry, "reader.other()", true);
  const { code, stderr } = await space.start(["run"], { env: registry.env }).result();
  assertEquals(code, 1);
  assertIncludes(stderr, "NotCapable: Requires read access to");
  assertIncludes(stderr, "inner/1.0.0/index.js");
});
