/** What commands use one after the other: logs get names when there is something in them, directories are empty. */

import { DirPool, LogPool } from "../../../core/executor/command_scratch.ts";
import { assertEquals } from "../../testing/assert.ts";

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

function withDir(body: (dir: string) => void): void {
  const dir = Deno.makeTempDirSync();
  try {
    body(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("LogPool.lend() names what was written and lends an empty file again", () => {
  withDir((dir) => {
    using pool = new LogPool();
    const first = pool.lend(`${dir}/a`, [".stdout", ".stderr"]);
    Deno.writeTextFileSync(first.stdout, "");
    Deno.writeTextFileSync(first.stderr, "trouble");
    first.settle();
    first.settle();
    first.giveBack();
    assertEquals(Deno.readTextFileSync(`${dir}/a.stderr`), "trouble");

    const second = pool.lend(`${dir}/b`, [".stdout", ".stderr"]);
    assertEquals(second.stdout, first.stdout);
    Deno.writeTextFileSync(second.stdout, "news");
    second.settle();
    second.giveBack();
    pool[Symbol.dispose]();
    assertEquals(namesIn(dir), ["a.stderr", "b.stdout"]);
  });
});

Deno.test("LogPool.lend() gives no file to two commands at once", () => {
  withDir((dir) => {
    using pool = new LogPool();
    const lent = [1, 2, 3].map((i) => pool.lend(`${dir}/${i}`, [".stdout"]));
    assertEquals(new Set(lent.map(({ stdout }) => stdout)).size, 3);
    for (const logs of lent) {
      logs.settle();
      logs.giveBack();
    }
  });
});

Deno.test("LogPool.lend() leaves streams alone that are not logged", () => {
  withDir((dir) => {
    using pool = new LogPool();
    const first = pool.lend(`${dir}/a`, [".stdout", ".stderr"]);
    Deno.writeTextFileSync(first.stdout, "");
    first.settle();
    first.giveBack();
    const second = pool.lend(`${dir}/b`, [".stderr"]);
    Deno.writeTextFileSync(`${dir}/b.stdout`, "a value");
    second.settle();
    second.giveBack();
    assertEquals(Deno.readTextFileSync(`${dir}/b.stdout`), "a value");
  });
});

Deno.test("DirPool uses a directory again only if it is as it was made", () => {
  withDir((dir) => {
    using pool = new DirPool();
    pool.make(`${dir}/1`);
    pool.remove(`${dir}/1`);
    pool.make(`${dir}/2`);
    assertEquals(namesIn(dir), ["2"]);

    Deno.writeTextFileSync(`${dir}/2/left`, "");
    pool.remove(`${dir}/2`);
    assertEquals(namesIn(dir), []);

    pool.make(`${dir}/3`);
    Deno.chmodSync(`${dir}/3`, 0o500);
    pool.remove(`${dir}/3`);
    assertEquals(namesIn(dir), []);

    pool.make(`${dir}/4`);
    Deno.removeSync(`${dir}/4`);
    Deno.symlinkSync(dir, `${dir}/4`);
    pool.remove(`${dir}/4`);
    pool.remove(`${dir}/5`);
    assertEquals(namesIn(dir), []);
  });
});

Deno.test("DirPool makes a directory if its spare one is gone, and removes spare ones in the end", () => {
  withDir((dir) => {
    const pool = new DirPool();
    pool.make(`${dir}/1`);
    pool.remove(`${dir}/1`);
    Deno.removeSync(`${dir}/1`);
    pool.make(`${dir}/2`);
    pool.make(`${dir}/3`);
    pool.remove(`${dir}/3`);
    pool[Symbol.dispose]();
    assertEquals(namesIn(dir), ["2"]);
  });
});
