/** Tests of file digests: never wrong, whatever was done to the files and their times. */

import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { digestOf } from "../../../core/base/digest.ts";
import { FlowError } from "../../../core/base/error.ts";
import { assertEquals, assertThrows } from "../../testing/assert.ts";
import { Workspace } from "./fixture.ts";

/** Long enough ahead that every file of the test counts as settled. */
const LATER_MS = 60_000;

Deno.test("digestOf() believes a settled digest of an earlier session without reading the file", () => {
  using w = new Workspace();
  const path = w.write("a", "text");
  const now = (): number => Date.now() + LATER_MS;
  const first = w.open({ now });
  assertEquals(first.files.digestOf(path).digest, digestOf("text"));
  first.close();
  // A row that lies shows whether the file is read.
  const db = new DatabaseSync(`${w.dir}/index.sqlite`);
  assertEquals(db.prepare("UPDATE files SET digest=?").run(digestOf("lie")).changes, 1);
  db.close();
  const { files } = w.open({ now });
  assertEquals(files.digestOf(path).digest, digestOf("lie"));
  Deno.utimeSync(path, 1, 1);
  const again = files.digestOf(path);
  assertEquals([again.digest, again.sizeBytes, again.stat.mtimeMs], [digestOf("text"), 4, 1000]);
});

for (const column of ["size", "mtime", "ctime", "ino"]) {
  Deno.test(`digestOf() reads a settled file again if only its ${column} differs`, () => {
    using w = new Workspace();
    const path = w.write("a", "text");
    const now = (): number => Date.now() + LATER_MS;
    const first = w.open({ now });
    first.files.digestOf(path);
    first.close();
    const db = new DatabaseSync(`${w.dir}/index.sqlite`);
    db.prepare(`UPDATE files SET digest=?, ${column} = ${column} - 1000`).run(digestOf("old"));
    db.close();
    assertEquals(w.open({ now }).files.digestOf(path).digest, digestOf("text"));
  });
}

Deno.test("digestOf() believes no digest of a file that was young when it was made", () => {
  using w = new Workspace();
  const path = w.write("a", "text");
  const first = w.open();
  first.files.digestOf(path);
  first.close();
  const db = new DatabaseSync(`${w.dir}/index.sqlite`);
  assertEquals(db.prepare("SELECT * FROM files").all(), []);
  db.close();
});

Deno.test("digestOf() is never wrong under edits of the same size, restored times and replaced files", () => {
  using w = new Workspace();
  const edit = fc.record({
    file: fc.nat(2),
    text: fc.constantFrom("aaaa", "bbbb", "cccc", "dd"),
    how: fc.constantFrom("write", "restore", "replace", "copy-times"),
    reopen: fc.boolean(),
  });
  let store = w.open();
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 15 }), (edits) => {
      for (const { file, text, how, reopen } of edits) {
        const path = `${w.path}/f${file}`;
        change(path, text, how);
        if (reopen) {
          store.close();
          store = w.open();
        }
        assertEquals(store.files.digestOf(path).digest, digestOf(text));
        assertEquals(store.files.expect(path, digestOf(text)), true);
        assertEquals(store.files.expect(path, digestOf("other")), false);
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});

function change(path: string, text: string, how: string): void {
  const before = exists(path) ? Deno.statSync(path) : undefined;
  if (how === "replace") {
    Deno.writeTextFileSync(path + ".new", text);
    Deno.renameSync(path + ".new", path);
  } else {
    Deno.writeTextFileSync(path, text);
  }
  if (how === "restore" && before?.mtime) Deno.utimeSync(path, before.atime ?? 0, before.mtime);
  if (how === "copy-times") Deno.utimeSync(path, 1000, 1000);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("digestOf() throws NotFound for a missing file, expect() says false", () => {
  using w = new Workspace();
  const { files } = w.open();
  assertThrows(() => files.digestOf(`${w.path}/none`), Deno.errors.NotFound);
  assertEquals(files.expect(`${w.path}/none`, digestOf("")), false);
  assertEquals(files.expect(w.path, digestOf("")), false);
  assertEquals(files.expect(`${w.write("a", "")}/b`, digestOf("")), false);
});

Deno.test("isUnchanged() notices same-size edits with restored times, replaced and removed files", () => {
  using w = new Workspace();
  const { files } = w.open();
  for (const how of ["write", "restore", "replace"]) {
    const path = w.write("a", "aaaa");
    const { digest, stat } = files.digestOf(path);
    assertEquals(files.isUnchanged(path, digest, stat), true);
    change(path, "bbbb", how);
    assertEquals(files.isUnchanged(path, digest, stat), false, how);
    files.digestOf(path);
    assertEquals(files.isUnchanged(path, digest, stat), false, "whoever else has looked");
  }
  const path = w.write("a", "aaaa");
  const { digest, stat } = files.digestOf(path);
  Deno.removeSync(path);
  assertEquals(files.isUnchanged(path, digest, stat), false);
});

Deno.test("isUnchanged() is true for a file that got another link, whatever its change time says", () => {
  using w = new Workspace();
  const { files } = w.open();
  const path = w.write("a", "aaaa");
  const { digest, stat } = files.digestOf(path);
  Deno.linkSync(path, `${path}-link`);
  assertEquals(files.isUnchanged(path, digest, { ...stat, ctimeMs: stat.ctimeMs - 5000 }), true);
});

Deno.test("isTreeUnchanged() notices new, changed and removed files, and a directory that is gone", () => {
  using w = new Workspace();
  const { files } = w.open();
  Deno.mkdirSync(`${w.path}/d`);
  w.write("d/a", "aaaa");
  const { digest } = files.digestOfTree(`${w.path}/d`);
  assertEquals(files.isTreeUnchanged(`${w.path}/d`, digest), true);
  w.write("d/b", "");
  assertEquals(files.isTreeUnchanged(`${w.path}/d`, digest), false);
  Deno.removeSync(`${w.path}/d/b`);
  assertEquals(files.isTreeUnchanged(`${w.path}/d`, digest), true);
  Deno.removeSync(`${w.path}/d`, { recursive: true });
  assertEquals(files.isTreeUnchanged(`${w.path}/d`, digest), false);
});

Deno.test("digestOfTree() equals the digest of the same directory as an output", () => {
  using w = new Workspace();
  const store = w.open();
  for (const dir of ["t", "t/empty", "t/sub", "t/sub/deep"]) Deno.mkdirSync(`${w.path}/${dir}`);
  w.write("t/a", "1");
  w.write("t/sub/deep/b", "2");
  Deno.chmodSync(w.write("t/run", "3"), 0o755);
  const before = store.files.digestOfTree(`${w.path}/t`);
  const tree = store.blobs.adoptTree(`${w.path}/t`);
  assertEquals(tree, before);
  store.blobs.publishTree(tree.digest, `${w.path}/out`);
  assertEquals(store.files.expectTree(`${w.path}/out`, tree.digest), true);
  w.write("out/extra", "");
  assertEquals(store.files.expectTree(`${w.path}/out`, tree.digest), false);
  assertEquals(store.files.expectTree(`${w.path}/none`, tree.digest), false);
});

Deno.test("expectTree() rejects a symlink in place of a file", () => {
  using w = new Workspace();
  const store = w.open();
  Deno.mkdirSync(`${w.path}/t`);
  w.write("t/a", "1");
  const { digest } = store.files.digestOfTree(`${w.path}/t`);
  Deno.renameSync(`${w.path}/t/a`, `${w.path}/elsewhere`);
  Deno.symlinkSync(`${w.path}/elsewhere`, `${w.path}/t/a`);
  assertEquals(store.files.expectTree(`${w.path}/t`, digest), false);
  assertEquals(store.files.digestOfTree(`${w.path}/t`).digest, digest);
});

Deno.test("digestOfTree() follows links, counts dangling ones, and names a loop", () => {
  using w = new Workspace();
  const { files } = w.open();
  Deno.mkdirSync(`${w.path}/t`);
  Deno.mkdirSync(`${w.path}/shared`);
  w.write("shared/x", "1");
  Deno.symlinkSync(`${w.path}/shared`, `${w.path}/t/link`);
  Deno.symlinkSync(`${w.path}/gone`, `${w.path}/t/dangling`);
  const first = files.digestOfTree(`${w.path}/t`).digest;
  w.write("gone", "");
  const second = files.digestOfTree(`${w.path}/t`).digest;
  w.write("shared/x", "2");
  const third = files.digestOfTree(`${w.path}/t`).digest;
  assertEquals(new Set([first, second, third]).size, 3);
  Deno.symlinkSync(`${w.path}/t`, `${w.path}/shared/back`);
  assertThrows(() => files.digestOfTree(`${w.path}/t`), FlowError);
});

Deno.test("preload() finds digests of all files below a directory", () => {
  using w = new Workspace();
  const now = (): number => Date.now() + LATER_MS;
  Deno.mkdirSync(`${w.path}/d/sub`, { recursive: true });
  const paths = Array.from(
    { length: 40 },
    (_, i) => w.write(`d/${i % 2 ? "sub/" : ""}${i}`, `${i}`),
  );
  const first = w.open({ now });
  for (const path of paths) first.files.digestOf(path);
  first.close();
  for (const what of [`${w.path}/d`, paths]) {
    const store = w.open({ now });
    store.files.preload(what);
    assertEquals(
      paths.map((path) => store.files.digestOf(path).digest),
      paths.map((_, i) => digestOf(`${i}`)),
    );
    store.close();
  }
});

Deno.test("collect() forgets files that are gone", () => {
  using w = new Workspace();
  const store = w.open({ now: () => Date.now() + LATER_MS });
  const [a, b] = [w.write("a", "1"), w.write("b", "2")];
  store.files.digestOf(a);
  store.files.digestOf(b);
  store.flush();
  Deno.removeSync(a);
  assertEquals([store.files.collect(), store.files.collect()], [1, 0]);
});
