/** Tests of the memo against edits of the files it watches. */

import { isCurrent, memoIdentity, memoPath, readMemo, writeMemo } from "../../core/memo.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";

const COUNTS = { hit: 1, done: 0, failed: 0, skipped: 0 };
const noEnv = (): undefined => undefined;

/** Writes a file whose mtime lies far enough in the past. */
function settled(path: string, text: string, time = 1_000_000): void {
  Deno.writeTextFileSync(path, text);
  Deno.utimeSync(path, time, time);
}

function withMemo(body: (dir: string, check: () => boolean | undefined) => void): void {
  const dir = Deno.makeTempDirSync();
  try {
    settled(`${dir}/a b\n.txt`, "one");
    Deno.mkdirSync(`${dir}/sub`);
    settled(`${dir}/sub/x`, "x");
    Deno.utimeSync(`${dir}/sub`, 1_000_000, 1_000_000);
    const identity = memoIdentity({ targets: ["x"] });
    const paths = [`${dir}/a b\n.txt`, `${dir}/sub`, `${dir}/absent`];
    const env = { HOME: "/root", NONE: undefined };
    // The files are as old as the clock says: ctime cannot be set back.
    const now = Date.now() + 60_000;
    assertOk(writeMemo(dir, { identity, counts: COUNTS, env, paths, now }));
    body(dir, () => {
      const memo = readMemo(dir, identity);
      return memo && isCurrent(memo, (name) => name === "HOME" ? "/root" : undefined);
    });
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

/** Repeats an edit until the file system's clock for ctime has moved on. */
function waitForTick(edit: () => void, dir: string): void {
  const before = Deno.statSync(`${dir}/a b\n.txt`).ctime?.getTime();
  do edit(); while (Deno.statSync(`${dir}/a b\n.txt`).ctime?.getTime() === before);
}

Deno.test("isCurrent() holds until a file, a directory, an absence or a variable changes", async (t) => {
  const edits: Record<string, (dir: string) => void> = {
    "another content": (dir) => settled(`${dir}/a b\n.txt`, "longer"),
    "same size, other mtime": (dir) => settled(`${dir}/a b\n.txt`, "two", 1_000_001),
    "same size and mtime, other inode": (dir) => {
      settled(`${dir}/new`, "two");
      Deno.renameSync(`${dir}/new`, `${dir}/a b\n.txt`);
      Deno.utimeSync(`${dir}/a b\n.txt`, 1_000_000, 1_000_000);
    },
    "same size and inode, mtime set back": (dir) =>
      waitForTick(() => settled(`${dir}/a b\n.txt`, "two"), dir),
    "removed": (dir) => Deno.removeSync(`${dir}/a b\n.txt`),
    "appeared": (dir) => settled(`${dir}/absent`, ""),
    "an entry more in a directory": (dir) => settled(`${dir}/sub/y`, ""),
  };
  withMemo((_dir, check) => assertEquals(check(), true));
  for (const [name, edit] of Object.entries(edits)) {
    await t.step(name, () => {
      withMemo((dir, check) => {
        edit(dir);
        assertEquals(check(), false);
      });
    });
  }
});

Deno.test("isCurrent() sees another value of a variable", () => {
  withMemo((dir) => {
    const memo = readMemo(dir, memoIdentity({ targets: ["x"] }));
    assertOk(memo !== undefined && !isCurrent(memo, noEnv));
  });
});

Deno.test("writeMemo() refuses and removes a memo when a file was modified just now", () => {
  withMemo((dir, check) => {
    Deno.writeTextFileSync(`${dir}/fresh`, "");
    const identity = memoIdentity({ targets: ["x"] });
    const parts = { identity, counts: COUNTS, env: {}, paths: [`${dir}/fresh`], now: Date.now() };
    assertEquals(writeMemo(dir, parts), false);
    assertEquals(check(), undefined);
  });
});

Deno.test("readMemo() ignores a torn or foreign file", () => {
  withMemo((dir) => {
    const identity = memoIdentity({ targets: ["x"] });
    const path = memoPath(dir, identity);
    const whole = Deno.readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      Deno.writeFileSync(path, whole.subarray(0, length));
      assertEquals(readMemo(dir, identity), undefined);
    }
    Deno.writeTextFileSync(path, "{}\n");
    assertEquals(readMemo(dir, identity), undefined);
  });
});
