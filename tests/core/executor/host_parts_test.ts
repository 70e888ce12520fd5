/** Tests of the parts of a host that need no process: frames, scopes, the watch. */

import fc from "fast-check";
import { ExecutorError } from "../../../core/base/error.ts";
import { encodeFrame, FrameReader } from "../../../core/executor/frame.ts";
import { HostWatch } from "../../../core/executor/host_watch.ts";
import { deniedHint, isWithin, leakOf, permissionsOf } from "../../../core/executor/scope.ts";
import { assertEquals, assertThrows } from "../../testing/assert.ts";

Deno.test("FrameReader.push() gives back messages whatever the chunks", () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      fc.constantFrom("", "token-ä"),
      (values, sizes, token) => {
        const messages = values.map((value) => JSON.parse(JSON.stringify(value)));
        const stream = messages.flatMap((message) => [...encodeFrame(message, token)]);
        const reader = new FrameReader(token);
        const got: unknown[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length];
          got.push(...reader.push(new Uint8Array(stream.slice(at, at + size))));
          at += size;
        }
        assertEquals(got, messages);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("FrameReader.push() throws on bytes that are no frame", () => {
  const bytes = new TextEncoder().encode("spam on the pipe");
  assertThrows(() => new FrameReader("token").push(bytes), ExecutorError);
});

const SCOPE = { read: ["/r"], write: ["/w"], net: [], sys: [], ffi: [], import: [] };

Deno.test("permissionsOf() names every kind and grants nothing more than the scope", () => {
  assertEquals(permissionsOf({ ...SCOPE, net: true, sys: ["hostname"] }, "/in", "/out"), {
    read: ["/in", "/out", "/r", "/w"],
    write: ["/out", "/w"],
    net: true,
    sys: ["hostname"],
    ffi: false,
    import: false,
    env: false,
    run: false,
  });
});

Deno.test("leakOf() finds links that leave the paths, and only those", () => {
  const dir = Deno.realPathSync(Deno.makeTempDirSync());
  Deno.mkdirSync(`${dir}/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${dir}/a/f`, "x");
  Deno.writeTextFileSync(`${dir}/outside`, "x");
  Deno.symlinkSync("../f", `${dir}/a/b/inside`);
  Deno.symlinkSync("nowhere", `${dir}/a/b/dangling`);
  assertEquals(leakOf([`${dir}/a`, `${dir}/missing`]), undefined);
  Deno.symlinkSync("../../outside", `${dir}/a/b/leak`);
  assertEquals(leakOf([`${dir}/a`]), { link: `${dir}/a/b/leak`, target: `${dir}/outside` });
  assertEquals(leakOf([`${dir}/a`, `${dir}/outside`]), undefined);
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("isWithin() respects whole path segments", () => {
  assertEquals(["/a", "/a/b", "/ab", "/"].map((path) => isWithin(path, "/a")), [
    true,
    true,
    false,
    false,
  ]);
  assertEquals(isWithin("/x", "/"), true);
});

const HINTS = [
  ["read", "/p/data/x.csv", "add `allow: { read: [data/x.csv] }` to the node"],
  ["write", "/etc/x", "add `allow: { write: [/etc/x] }` to the node"],
  ["read", "/p/a b.csv", 'add `allow: { read: ["a b.csv"] }` to the node'],
  ["read", "/p", "add `allow: { read: [.] }` to the node"],
  ["net", "127.0.0.1:80", 'add `allow: { net: ["127.0.0.1:80"] }` to the node'],
  ["env", "HOME", "add `allow: { env: [HOME] }` to the node"],
  ["sys", undefined, "add `allow: { sys: true }` to the node"],
  ["run", "git", "run the program with `ctx.sh` and add `allow: { run: [git] }` to the node"],
  ["import", "https://h.org/x.ts", "add `allow: { import: [h.org] }` to the node"],
] as const;

Deno.test("deniedHint() gives the line to add", () => {
  for (const [permission, value, hint] of HINTS) {
    assertEquals(deniedHint({ permission, value }, "/p"), hint);
  }
});

Deno.test("HostWatch.pong() concludes from repeated quiet only", () => {
  let idle = 0;
  const watch = new HostWatch(() => {}, () => idle++);
  watch.start(1, false);
  for (let i = 0; i < 50; i++) watch.pong(1, i % 5 === 0 ? 1 : 0);
  for (let i = 0; i < 50; i++) watch.pong(2, 0);
  assertEquals(idle, 0);
  for (let i = 0; i < 9; i++) watch.pong(1, 0);
  assertEquals(idle, 1);
  watch.dispose();
});
