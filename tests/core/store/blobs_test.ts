/** Tests of the blobs: atomicity, verification, trees, hostile manifests, a full disk. */

import fc from "fast-check";
import { type Digest, digestOf } from "../../../core/base/digest.ts";
import { FlowError, StoreError } from "../../../core/base/error.ts";
import { Blobs, DamagedBlobError } from "../../../core/store/blobs.ts";
import {
  assertEquals,
  assertIncludes,
  assertMatches,
  assertOk,
  assertThrows,
} from "../../testing/assert.ts";
import { canMount, mountSmall } from "./fixture.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A new directory, removed with all it holds at the end of the scope. */
function tempDir(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

function fixture(): { dir: string; blobs: Blobs } & Disposable {
  const temp = tempDir();
  const blobs = new Blobs(`${temp.path}/cache`);
  return { dir: temp.path, blobs, [Symbol.dispose]: () => temp[Symbol.dispose]() };
}

/** Names below a directory with file contents, sorted; directories end with `/`. */
function snapshot(dir: string, prefix = ""): string[] {
  return [...Deno.readDirSync(`${dir}/${prefix}`)].flatMap((entry) => {
    const path = prefix + entry.name;
    if (entry.isDirectory) return [path + "/", ...snapshot(dir, path + "/")];
    return [`${path}=${Deno.readTextFileSync(`${dir}/${path}`)}`];
  }).sort();
}

function tmpCount(dir: string): number {
  return [...Deno.readDirSync(`${dir}/cache/tmp`)].length;
}

Deno.test("put() stores bytes read-only under their digest", () => {
  using f = fixture();
  const digest = f.blobs.put(encode("hello"));
  assertEquals(digest, digestOf("hello"));
  assertOk(f.blobs.has(digest));
  assertEquals(new TextDecoder().decode(f.blobs.read(digest)), "hello");
  assertEquals(Deno.statSync(f.blobs.pathOf(digest)).mode! & 0o777, 0o444);
  assertEquals(f.blobs.put(encode("hello")), digest);
  assertEquals(tmpCount(f.dir), 0);
});

Deno.test("put() replaces a truncated blob", () => {
  using f = fixture();
  const digest = f.blobs.put(encode("hello"));
  damage(f.blobs.pathOf(digest), "hel");
  f.blobs.put(encode("hello"));
  assertEquals(new TextDecoder().decode(f.blobs.read(digest)), "hello");
});

Deno.test("put() and adopt() replace a blob of the right size with wrong bytes", () => {
  using f = fixture();
  const digest = f.blobs.put(encode("hello"));
  damage(f.blobs.pathOf(digest), "hallo");
  f.blobs.put(encode("hello"));
  assertEquals(new TextDecoder().decode(f.blobs.read(digest)), "hello");
  damage(f.blobs.pathOf(digest), "hullo");
  Deno.writeTextFileSync(`${f.dir}/a`, "hello");
  f.blobs.adopt(`${f.dir}/a`);
  assertEquals(new TextDecoder().decode(f.blobs.read(digest)), "hello");
});

Deno.test({
  name:
    "publish() and publishTree() reach another file system, and leave nothing beside the target",
  ignore: !isOtherDevice("/dev/shm"),
  fn() {
    using f = fixture();
    Deno.mkdirSync(`${f.dir}/tree`);
    Deno.writeTextFileSync(`${f.dir}/tree/a`, "a");
    const tree = f.blobs.adoptTree(`${f.dir}/tree`).digest;
    const other = Deno.makeTempDirSync({ dir: "/dev/shm" });
    try {
      for (let round = 0; round < 2; round++) {
        f.blobs.publish(f.blobs.put(encode(`round ${round}`)), `${other}/new/file`);
        f.blobs.publishTree(tree, `${other}/new/tree`);
        assertEquals(Deno.readTextFileSync(`${other}/new/file`), `round ${round}`);
        assertEquals(Deno.readTextFileSync(`${other}/new/tree/a`), "a");
      }
      assertEquals([...Deno.readDirSync(`${other}/new`)].length, 2);
    } finally {
      Deno.removeSync(other, { recursive: true });
    }
  },
});

Deno.test("publish() that is cut short leaves nothing beside the target", () => {
  using f = fixture();
  const digest = f.blobs.put(encode("hello"));
  const rename = Deno.renameSync;
  let beside: string[] = [];
  // The moment of a kill: all bytes are written, the name is not given yet.
  Deno.renameSync = (from, to) => {
    beside = [...Deno.readDirSync(`${f.dir}/out`)].map(({ name }) => name);
    rename(from, to);
  };
  try {
    Deno.mkdirSync(`${f.dir}/out`);
    f.blobs.publish(digest, `${f.dir}/out/file`);
  } finally {
    Deno.renameSync = rename;
  }
  assertEquals(beside, []);
  assertEquals(Deno.readTextFileSync(`${f.dir}/out/file`), "hello");
});

Deno.test("adopt() moves a file in and reports size and executable bit", () => {
  using f = fixture();
  Deno.writeTextFileSync(`${f.dir}/a`, "data");
  Deno.chmodSync(`${f.dir}/a`, 0o755);
  const got = f.blobs.adopt(`${f.dir}/a`);
  assertEquals(got, { digest: digestOf("data"), sizeBytes: 4, executable: true });
  assertThrows(() => Deno.statSync(`${f.dir}/a`), Deno.errors.NotFound);
  Deno.writeTextFileSync(`${f.dir}/a`, "data");
  assertEquals(f.blobs.adopt(`${f.dir}/a`).executable, false);
  assertThrows(() => Deno.statSync(`${f.dir}/a`), Deno.errors.NotFound);
  assertEquals(tmpCount(f.dir), 0);
});

Deno.test("adopt() copies a hard-linked file, so an edit of the other name does not reach the store", () => {
  using f = fixture();
  Deno.writeTextFileSync(`${f.dir}/input`, "data");
  Deno.linkSync(`${f.dir}/input`, `${f.dir}/output`);
  const { digest } = f.blobs.adopt(`${f.dir}/output`);
  Deno.writeTextFileSync(`${f.dir}/input`, "DATA");
  assertEquals(new TextDecoder().decode(f.blobs.read(digest)), "data");
});

Deno.test({
  name: "adopt() copies a file from another file system",
  ignore: !isOtherFileSystem("/dev/shm"),
  fn: () => {
    using f = fixture();
    const path = Deno.makeTempFileSync({ dir: "/dev/shm" });
    Deno.writeTextFileSync(path, "far");
    const { digest } = f.blobs.adopt(path);
    assertEquals(digest, digestOf("far"));
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  },
});

Deno.test("adopt() refuses symlinks and names a missing file", () => {
  using f = fixture();
  Deno.symlinkSync("/etc/hostname", `${f.dir}/link`);
  const error = assertThrows(() => f.blobs.adopt(`${f.dir}/link`), FlowError);
  assertIncludes(error.message, "it is a symbolic link");
  const missing = assertThrows(() => f.blobs.adopt(`${f.dir}/none`), StoreError);
  assertMatches(
    missing.message,
    /^Cannot read ".*\/none": No such file or directory \(os error 2\)$/,
  );
});

const damages: Record<string, (path: string) => void> = {
  "a flipped bit": (path) => damage(path, "hellp"),
  "a truncated file": (path) => damage(path, ""),
  "added bytes": (path) => damage(path, "hello!"),
  "a symlink to other bytes": (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync("/etc/hostname", path);
  },
  "a directory in its place": (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  },
  "a deleted file": (path) => Deno.removeSync(path),
  ...(Deno.uid() === 0 ? {} : { "mode 000": (path: string) => Deno.chmodSync(path, 0) }),
};

for (const [name, harm] of Object.entries(damages)) {
  Deno.test(`read(), publish(), blocks() and verify() notice ${name}`, () => {
    using f = fixture();
    const uses: ((digest: Digest) => unknown)[] = [
      (d) => f.blobs.read(d),
      (d) => f.blobs.publish(d, `${f.dir}/out`),
      (d) => [...f.blobs.blocks(d)],
    ];
    for (const use of uses) {
      const digest = f.blobs.put(encode("hello"));
      harm(f.blobs.pathOf(digest));
      assertEquals(assertThrows(() => use(digest), DamagedBlobError).digest, digest);
      assertEquals(f.blobs.has(digest), false);
    }
    const digest = f.blobs.put(encode("hello"));
    harm(f.blobs.pathOf(digest));
    assertThrows(() => f.blobs.verify(digest), DamagedBlobError);
    assertThrows(() => Deno.statSync(`${f.dir}/out`), Deno.errors.NotFound);
    if (name !== "a deleted file") {
      assertOk([...Deno.readDirSync(`${f.dir}/cache/quarantine`)].length >= 1);
    }
    f.blobs.put(encode("hello"));
    f.blobs.verify(digest);
  });
}

Deno.test("read() notices two swapped blobs", () => {
  using f = fixture();
  const [a, b] = [f.blobs.put(encode("aaaa")), f.blobs.put(encode("bbbb"))];
  Deno.renameSync(f.blobs.pathOf(a), `${f.dir}/x`);
  Deno.renameSync(f.blobs.pathOf(b), f.blobs.pathOf(a));
  Deno.renameSync(`${f.dir}/x`, f.blobs.pathOf(b));
  assertThrows(() => f.blobs.read(a), DamagedBlobError);
  assertThrows(() => f.blobs.read(b), DamagedBlobError);
});

Deno.test("publish() writes an independent, writable copy with the executable bit and makes directories", () => {
  using f = fixture();
  const digest = f.blobs.put(encode("x"));
  const target = `${f.dir}/deep/er/out`;
  f.blobs.publish(digest, target, { executable: true });
  assertEquals(Deno.statSync(target).mode! & 0o700, 0o700);
  Deno.writeTextFileSync(target, "edited");
  f.blobs.verify(digest);
  f.blobs.publish(digest, target);
  assertEquals(snapshot(`${f.dir}/deep`), ["er/", "er/out=x"]);
  assertEquals(Deno.statSync(target).mode! & 0o111, 0);
});

Deno.test("publish() replaces a symlink instead of writing through it", () => {
  using f = fixture();
  Deno.writeTextFileSync(`${f.dir}/victim`, "safe");
  Deno.symlinkSync(`${f.dir}/victim`, `${f.dir}/out`);
  f.blobs.publish(f.blobs.put(encode("x")), `${f.dir}/out`);
  assertEquals(Deno.readTextFileSync(`${f.dir}/victim`), "safe");
  assertEquals(Deno.lstatSync(`${f.dir}/out`).isFile, true);
});

Deno.test("publish() onto a directory fails and leaves nothing", () => {
  using f = fixture();
  Deno.mkdirSync(`${f.dir}/w/out`, { recursive: true });
  const digest = f.blobs.put(encode("x"));
  assertThrows(() => f.blobs.publish(digest, `${f.dir}/w/out`), StoreError);
  assertEquals(snapshot(`${f.dir}/w`), ["out/"]);
});

Deno.test("publish() and blocks() verify files larger than one block", () => {
  using f = fixture();
  const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7);
  const digest = f.blobs.put(bytes);
  f.blobs.publish(digest, `${f.dir}/w/out`);
  assertEquals(digestOf(Deno.readFileSync(`${f.dir}/w/out`)), digest);
  bytes[2_900_000]! ^= 1;
  Deno.chmodSync(f.blobs.pathOf(digest), 0o644);
  Deno.writeFileSync(f.blobs.pathOf(digest), bytes);
  Deno.writeTextFileSync(`${f.dir}/w/out`, "old");
  assertThrows(() => f.blobs.publish(digest, `${f.dir}/w/out`), DamagedBlobError);
  assertEquals(snapshot(`${f.dir}/w`), ["out=old"]);
});

Deno.test("adoptTree() and publishTree() give back any tree, with empty directories and executable bits", () => {
  const name = fc.constantFrom("a", "b", "c.txt", "ü", "sp ace", "-rf", "B");
  const file = fc.tuple(fc.array(name, { maxLength: 3 }), name, fc.string(), fc.boolean());
  fc.assert(
    fc.property(fc.array(file, { maxLength: 8 }), (files) => {
      using f = fixture();
      const src = `${f.dir}/src`;
      makeTree(src, files);
      const before = snapshot(src);
      Deno.mkdirSync(`${f.dir}/again`);
      copyTree(src, `${f.dir}/again`);
      const { digest } = f.blobs.adoptTree(src);
      assertEquals(f.blobs.adoptTree(`${f.dir}/again`).digest, digest);
      Deno.mkdirSync(`${f.dir}/w/out/stale`, { recursive: true });
      f.blobs.publishTree(digest, `${f.dir}/w/out`);
      assertEquals(snapshot(`${f.dir}/w/out`), before);
      assertEquals([...Deno.readDirSync(`${f.dir}/w`)].length, 1);
    }),
    { numRuns: 30, seed: 7 },
  );
});

Deno.test("adoptTree() refuses a symlink before anything is moved", () => {
  using f = fixture();
  Deno.mkdirSync(`${f.dir}/t/sub`, { recursive: true });
  Deno.writeTextFileSync(`${f.dir}/t/a`, "1");
  Deno.symlinkSync("/etc", `${f.dir}/t/sub/etc`);
  const error = assertThrows(() => f.blobs.adoptTree(`${f.dir}/t`), FlowError);
  assertIncludes(error.message, "sub/etc");
  assertEquals(Deno.readTextFileSync(`${f.dir}/t/a`), "1");
});

const hostilePaths = [
  "../evil",
  "a/../../evil",
  "/etc/evil",
  "",
  ".",
  "..",
  "a//b",
  "a/./b",
  "a\0b",
  "dir/",
];
for (const path of hostilePaths) {
  Deno.test(`publishTree() refuses the manifest path ${JSON.stringify(path)}`, () => {
    using f = fixture();
    const digest = f.blobs.put(encode("evil"));
    const entry = { path, digest, sizeBytes: 4, executable: false };
    const manifest = f.blobs.put(encode(JSON.stringify([entry])));
    Deno.mkdirSync(`${f.dir}/w/out`, { recursive: true });
    assertThrows(() => f.blobs.publishTree(manifest, `${f.dir}/w/out`), StoreError);
    assertEquals(snapshot(`${f.dir}/w`), ["out/"]);
  });
}

Deno.test("publishTree() refuses duplicates, conflicts, wrong digests and things that are no list", () => {
  using f = fixture();
  const digest = f.blobs.put(encode("x"));
  const entry = (path: string, d: unknown = digest) => ({
    path,
    digest: d,
    sizeBytes: 1,
    executable: false,
  });
  const bad: unknown[] = [
    [entry("a"), entry("a")],
    [entry("a"), entry("a/b")],
    [entry("a", "../../x")],
    [entry("a", 5)],
    [null],
    [[]],
    {},
    "x",
  ];
  for (const manifest of bad) {
    const tree = f.blobs.put(encode(JSON.stringify(manifest)));
    assertThrows(() => f.blobs.publishTree(tree, `${f.dir}/w/out`), StoreError);
  }
  const noJson = f.blobs.put(encode("[{"));
  assertThrows(() => f.blobs.publishTree(noJson, `${f.dir}/w/out`), StoreError);
  assertOk(!exists(`${f.dir}/w/out`));
});

Deno.test("publishTree() keeps the old directory when a file is damaged", () => {
  using f = fixture();
  makeTree(`${f.dir}/src`, [[[], "a", "new", false]]);
  const { digest } = f.blobs.adoptTree(`${f.dir}/src`);
  damage(f.blobs.pathOf(digestOf("new")), "bad");
  makeTree(`${f.dir}/w/out`, [[[], "a", "old", false]]);
  assertThrows(() => f.blobs.publishTree(digest, `${f.dir}/w/out`), DamagedBlobError);
  assertEquals(snapshot(`${f.dir}/w`), ["out/", "out/a=old"]);
});

Deno.test({
  name: "put(), adopt() and publish() report a full disk and leave nothing half-written",
  ignore: !canMount(),
  fn: () => {
    using f = fixture();
    using small = mountSmall(f.dir);
    const blobs = new Blobs(`${small.path}/cache`);
    const big = new Uint8Array(900_000).map((_, i) => i * 31 >> 3);
    const error = assertThrows(() => blobs.put(big), StoreError);
    assertMatches(error.message, /^Cannot write ".*": No space left on device \(os error 28\)$/);
    assertIncludes(error.hint ?? "", "flow cache gc");
    assertEquals(blobs.has(digestOf(big)), false);
    Deno.writeFileSync(`${f.dir}/big`, big);
    assertThrows(() => blobs.adopt(`${f.dir}/big`), StoreError);
    const digest = f.blobs.put(big);
    assertThrows(() => f.blobs.publish(digest, `${small.path}/w/out`), StoreError);
    f.blobs.verify(digest);
    assertEquals([...Deno.readDirSync(`${small.path}/cache/tmp`)], []);
    assertEquals([...Deno.readDirSync(`${small.path}/w`)], []);
  },
});

Deno.test("put() reports a store directory that cannot be made", () => {
  using temp = tempDir();
  Deno.writeTextFileSync(`${temp.path}/file`, "");
  const blobs = new Blobs(`${temp.path}/file/cache`);
  const error = assertThrows(() => blobs.put(encode("x")), StoreError);
  assertIncludes(error.message, "Cannot make directory");
});

/** Replaces the content of a read-only blob in place. */
function damage(path: string, text: string): void {
  Deno.chmodSync(path, 0o644);
  Deno.writeTextFileSync(path, text);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Makes what can be made of the files; a name taken by a directory or the other way round is left out. */
function makeTree(root: string, files: readonly [string[], string, string, boolean][]): void {
  Deno.mkdirSync(root, { recursive: true });
  for (const [dirs, name, text, executable] of files) {
    const dir = [root, ...dirs].join("/");
    try {
      Deno.mkdirSync(dir, { recursive: true });
      if (text === "") continue;
      Deno.writeTextFileSync(`${dir}/${name}`, text);
      if (executable) Deno.chmodSync(`${dir}/${name}`, 0o755);
    } catch (error) {
      assertOk(error instanceof Error);
    }
  }
}

function copyTree(from: string, to: string): void {
  for (const entry of Deno.readDirSync(from)) {
    if (entry.isDirectory) {
      Deno.mkdirSync(`${to}/${entry.name}`);
      copyTree(`${from}/${entry.name}`, `${to}/${entry.name}`);
    } else {
      Deno.copyFileSync(`${from}/${entry.name}`, `${to}/${entry.name}`);
    }
  }
}

function isOtherFileSystem(dir: string): boolean {
  const temp = Deno.makeTempDirSync();
  try {
    return exists(dir) && Deno.statSync(dir).dev !== Deno.statSync(temp).dev;
  } finally {
    Deno.removeSync(temp);
  }
}

function isOtherDevice(dir: string): boolean {
  try {
    return Deno.statSync(dir).dev !== Deno.statSync("/tmp").dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
