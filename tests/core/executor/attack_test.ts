/** Attacks from inside function nodes: each is denied or contained, and a normal action succeeds afterwards. */

import type { Completion } from "../../../core/action.ts";
import { assertEquals, assertIncludes, assertMatches, assertOk } from "../../testing/assert.ts";
import { type ActionSketch, gist, HostRig } from "../../testing/host_rig.ts";

/** One probe: body of an async function with `dir`, `secret` and `ctx` in reach, and how the attempt must end. */
type Probe = readonly [name: string, body: string, expected: RegExp];

/** What a probe may do beside nothing: read `data`, write `out`. The file `secret.txt` is beside them. */
const DENIED = /^denied: /;
const EXIT = /^died: The function called "/;

const PROBES: readonly Probe[] = [
  // Files
  ["read a file", `return Deno.readTextFileSync(secret)`, DENIED],
  ["read asynchronously", `return await Deno.readTextFile(secret)`, DENIED],
  ["read through ..", `return Deno.readTextFileSync(dir + "/data/../secret.txt")`, DENIED],
  ["read through a file URL", `return Deno.readTextFileSync(new URL("file://" + secret))`, DENIED],
  ["open a file", `return Deno.openSync(secret).readSync(new Uint8Array(9))`, DENIED],
  ["stat a file", `return Deno.statSync(secret).size`, DENIED],
  ["list a directory", `return [...Deno.readDirSync(dir)].length`, DENIED],
  ["real path", `return Deno.realPathSync(secret)`, DENIED],
  ["write a file", `Deno.writeTextFileSync(dir + "/new.txt", "x")`, DENIED],
  ["write to the input directory", `Deno.writeTextFileSync(dir + "/data/in.txt", "x")`, DENIED],
  ["write through ..", `Deno.writeTextFileSync(dir + "/out/../new.txt", "x")`, DENIED],
  ["remove", `Deno.removeSync(dir + "/data/in.txt")`, DENIED],
  ["rename out of the scope", `Deno.renameSync(dir + "/data/in.txt", dir + "/out/x")`, DENIED],
  ["copy a file in", `Deno.copyFileSync(secret, dir + "/out/x")`, DENIED],
  [
    "make a symbolic link",
    `Deno.symlinkSync(secret, dir + "/out/l"); return Deno.readTextFileSync(dir + "/out/l")`,
    DENIED,
  ],
  [
    "make a hard link",
    `Deno.linkSync(secret, dir + "/out/h"); return Deno.readTextFileSync(dir + "/out/h")`,
    DENIED,
  ],
  ["chmod", `Deno.chmodSync(secret, 0o777)`, DENIED],
  ["make a temporary file", `return Deno.makeTempFileSync()`, DENIED],
  [
    "node:fs read",
    `const fs = await import("node:fs"); return fs.readFileSync(secret, "utf8")`,
    DENIED,
  ],
  [
    "node:fs promises",
    `const fs = await import("node:fs/promises"); return await fs.readFile(secret, "utf8")`,
    DENIED,
  ],
  [
    "node:fs stream",
    `const fs = await import("node:fs"); return await new Promise((ok, no) => fs.createReadStream(secret).on("data", (d) => ok(String(d))).on("error", no))`,
    DENIED,
  ],
  [
    "node:fs symlink",
    `const fs = await import("node:fs"); fs.symlinkSync(secret, dir + "/out/l2")`,
    DENIED,
  ],
  ["/proc/self/environ", `return Deno.readTextFileSync("/proc/self/environ")`, DENIED],
  ["/proc/self/fd", `Deno.writeTextFileSync("/proc/self/fd/1", "x")`, DENIED],
  ["/proc/self/root", `return Deno.readTextFileSync("/proc/self/root" + secret)`, DENIED],
  ["/dev/stdin", `return Deno.readTextFileSync("/dev/stdin")`, DENIED],
  ["working directory", `return Deno.readTextFileSync("deno.json")`, DENIED],
  [
    "sqlite file",
    `const { DatabaseSync } = await import("node:sqlite"); new DatabaseSync(dir + "/x.db")`,
    DENIED,
  ],
  [
    "sqlite ATTACH",
    `const { DatabaseSync } = await import("node:sqlite"); new DatabaseSync(":memory:").exec("ATTACH '" + dir + "/x.db' AS x")`,
    /^threw: too many attached databases/,
  ],
  [
    "sqlite extension",
    `const { DatabaseSync } = await import("node:sqlite"); new DatabaseSync(":memory:", { allowExtension: true }).loadExtension("x")`,
    /^(denied|threw): /,
  ],
  // Imports
  ["static import of text", `return (await import("./evil_text.ts")).default`, DENIED],
  [
    "literal import of text",
    `return (await import("./secret.txt", { with: { type: "text" } })).default`,
    DENIED,
  ],
  [
    "computed import of text",
    `return (await import(secret + "", { with: { type: "text" } })).default`,
    DENIED,
  ],
  [
    "computed import of json",
    `return (await import("file://" + dir + "/secret.json", { with: { type: "json" } })).default`,
    DENIED,
  ],
  [
    "computed import of ts",
    `return (await import("file://" + dir + "/secret.ts")).default`,
    DENIED,
  ],
  [
    "import through data:",
    `return (await import("data:text/javascript,import x from '" + "file://" + secret + "' with {type:'text'}; export default x")).default`,
    DENIED,
  ],
  [
    "import through blob:",
    `const url = URL.createObjectURL(new Blob(["import x from 'file://" + secret + "' with {type:'text'}; export default x"], { type: "text/javascript" })); return (await import(url)).default`,
    DENIED,
  ],
  ["literal http import", `return Object.keys(await import("http://127.0.0.1:9/x.js"))`, DENIED],
  [
    "computed http import",
    `return Object.keys(await import("https://deno.land" + "/x.js"))`,
    DENIED,
  ],
  [
    "npm package that is not declared",
    `return Object.keys(await import("npm:" + "acorn@8.19.0"))`,
    DENIED,
  ],
  [
    "createRequire",
    `const { createRequire } = await import("node:module"); return createRequire("file://" + dir + "/x.js")("./secret.json")`,
    /^(denied|threw): /,
  ],
  [
    "hooks of its own",
    `const { registerHooks } = await import("node:module"); registerHooks({ load: (url, c, next) => next(url, c), resolve: (s) => ({ url: s, shortCircuit: true }) }); return (await import("file://" + secret, { with: { type: "text" } })).default`,
    /^died: .*registerHooks/,
  ],
  [
    "wrapper of the boot's modules",
    `return (await import("file:///@flow/child_process.js")).default`,
    DENIED,
  ],
  // Network
  ["fetch http", `return (await fetch("http://127.0.0.1:8199/")).status`, DENIED],
  ["fetch file:", `return await (await fetch("file://" + secret)).text()`, DENIED],
  ["listen", `Deno.listen({ port: 0 })`, DENIED],
  ["serve", `Deno.serve({ port: 0, onListen() {} }, () => new Response("x"))`, DENIED],
  ["connect", `await Deno.connect({ hostname: "127.0.0.1", port: 9 })`, DENIED],
  ["unix socket", `await Deno.connect({ transport: "unix", path: "/run/x.sock" })`, DENIED],
  ["dns", `await Deno.resolveDns("localhost", "A")`, DENIED],
  ["WebSocket", `new WebSocket("ws://127.0.0.1:8199/")`, DENIED],
  [
    "node:net",
    `const net = await import("node:net"); await new Promise((ok, no) => net.connect(9, "127.0.0.1").on("connect", ok).on("error", no))`,
    DENIED,
  ],
  [
    "node:dns",
    `const dns = await import("node:dns/promises"); await dns.lookup("localhost")`,
    DENIED,
  ],
  // Processes
  ["Deno.Command", `new Deno.Command("true").outputSync()`, DENIED],
  [
    "child_process",
    `const c = await import("node:child_process"); return c.execSync("id").toString()`,
    DENIED,
  ],
  [
    "child_process of a patched require",
    `return process.getBuiltinModule("child_process").execSync("id").toString()`,
    DENIED,
  ],
  ["LD_PRELOAD", `new Deno.Command("true", { env: { LD_PRELOAD: "x" } }).outputSync()`, DENIED],
  ["ctx.sh of a program that is not allowed", `await ctx.sh(["id"])`, /^denied: .*"id"/],
  ["ctx.sh by another path", `await ctx.sh(["/bin/echo", "x"])`, DENIED],
  ["ffi", `Deno.dlopen("libc.so.6", {})`, DENIED],
  ["process.dlopen", `process.dlopen({}, "x.node")`, EXIT],
  [
    "inspector",
    `const i = await import("node:inspector"); i.open(0); return "opened"`,
    /^(denied|threw|died): /,
  ],
  // Environment and system
  ["Deno.env.get", `return Deno.env.get("HOME")`, /^denied: .*env access to "HOME"/],
  ["Deno.env.toObject", `return Deno.env.toObject()`, /^\{\}$/],
  ["Deno.env.set", `Deno.env.set("X", "1")`, /^threw: .*read-only/],
  ["process.env", `return process.env.HOME ?? "nothing"`, /^"nothing"$/],
  [
    "process.env of node:process",
    `return (await import("node:process")).env.HOME ?? "nothing"`,
    /^"nothing"$/,
  ],
  ["process.env set", `process.env.X = "1"`, /^threw: TypeError/],
  ["host name", `return Deno.hostname()`, DENIED],
  ["node:os", `return (await import("node:os")).hostname()`, DENIED],
  ["load average", `return Deno.loadavg()`, DENIED],
  ["user id", `return Deno.uid()`, DENIED],
  // The process of the host
  ["Deno.exit", `Deno.exit(3)`, EXIT],
  ["process.exit", `process.exit(3)`, EXIT],
  ["named exit of node:process", `const { exit } = await import("node:process"); exit(3)`, EXIT],
  ["process.reallyExit", `process.reallyExit(3)`, EXIT],
  ["process.abort", `process.abort()`, EXIT],
  ["self.close", `self.close()`, EXIT],
  ["close", `close()`, EXIT],
  ["Deno.kill of its own process", `Deno.kill(Deno.pid, "SIGKILL")`, EXIT],
  ["process.kill of its own process", `process.kill(process.pid, "SIGKILL")`, EXIT],
  [
    "named kill of node:process",
    `const { kill, pid } = await import("node:process"); kill(pid, "SIGKILL")`,
    EXIT,
  ],
  ["Deno.chdir", `Deno.chdir("/")`, EXIT],
  ["process.chdir", `process.chdir("/")`, EXIT],
  ["umask", `Deno.umask(0)`, EXIT],
  ["process.umask", `process.umask(0)`, EXIT],
  ["signal handler", `Deno.addSignalListener("SIGTERM", () => {})`, EXIT],
  ["exit code", `Deno.exitCode = 7; process.exitCode = 7; return "set"`, /^"set"$/],
  [
    "restore Deno.exit",
    `delete Deno.exit; Object.defineProperty(Deno, "exit", { value: 1 })`,
    /^threw: TypeError/,
  ],
  ["web worker", `new Worker("data:text/javascript,", { type: "module" })`, EXIT],
  [
    "worker with more rights",
    `new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } })`,
    EXIT,
  ],
  [
    "worker_threads",
    `const { Worker } = await import("node:worker_threads"); new Worker("", { eval: true })`,
    /^died: .*Worker/,
  ],
  [
    "permissions.request",
    `return (await Deno.permissions.request({ name: "read" })).state`,
    /^"(denied|prompt)"$/,
  ],
  [
    "permissions.revoke",
    `await Deno.permissions.revoke({ name: "read", path: dir + "/data" }); return Deno.readTextFileSync(dir + "/data/in.txt")`,
    /^"input"$/,
  ],
  ["prompt", `return prompt("x")`, /^(threw|died): /],
  // Channels
  ["forged message", `self.postMessage({ kind: "done", id: 1, outputs: ["LEAK"] })`, EXIT],
  [
    "message listener",
    `let seen = 0; addEventListener("message", () => seen++); return seen`,
    /^0$/,
  ],
  ["BroadcastChannel", `new BroadcastChannel("x")`, /^threw: TypeError/],
  ["locks", `navigator.locks.request("x", () => {})`, /^threw: TypeError/],
  ["caches", `await caches.open("x")`, /^threw: /],
  ["localStorage", `localStorage.setItem("a", "b")`, /^threw: /],
  ["openKv", `await Deno.openKv(dir + "/kv")`, /^(denied|threw): /],
  [
    "Deno.stdout",
    `Deno.stdout.writeSync(new TextEncoder().encode("spam")); return "captured"`,
    /^"captured"$/,
  ],
  [
    "process.stdout",
    `process.stdout.write("spam"); process.stderr.write("spam"); return "captured"`,
    /^"captured"$/,
  ],
  [
    "fs.writeSync(1)",
    `const fs = await import("node:fs"); fs.writeSync(1, "spam"); fs.writeFileSync(1, "spam"); return "captured"`,
    /^"captured"$/,
  ],
  [
    "named writeSync",
    `const { writeSync } = await import("fs"); writeSync(1, "spam"); return "captured"`,
    /^"captured"$/,
  ],
  ["Deno.stdin", `return Deno.stdin.readSync(new Uint8Array(9))`, /^null$/],
  [
    "fs.readSync(0)",
    `const fs = await import("node:fs"); return fs.readSync(0, new Uint8Array(9))`,
    /^0$/,
  ],
  [
    "readFileSync(0)",
    `const fs = await import("node:fs"); return fs.readFileSync(0, "utf8")`,
    /^""$/,
  ],
  [
    "console spam",
    `for (let i = 0; i < 2000; i++) console.log("spam", i); return "captured"`,
    /^"captured"$/,
  ],
  // Values
  ["mutate an input", `args.list[0] = "LEAK"`, /^threw: TypeError/],
  ["push to an input", `args.list.push("LEAK")`, /^threw: TypeError/],
  [
    "input with a bad key",
    `return [Object.getPrototypeOf(args.list) === Array.prototype, ({}).polluted ?? "clean"]`,
    /^\[true,"clean"\]$/,
  ],
  [
    "result with a getter that throws",
    `return { get x() { throw new Error("trap") } }`,
    /^threw: trap/,
  ],
  [
    "result that is a proxy",
    `return new Proxy({}, { ownKeys() { throw new Error("trap") } })`,
    /^threw: trap/,
  ],
  ["result with a hostile then", `return { then() { throw new Error("trap") } }`, /^threw: trap/],
  ["result that is cyclic", `const a = {}; a.a = a; return a`, /^contract: .*"\$\.a" is cyclic/],
  [
    "result that is deep",
    `let a = 1; for (let i = 0; i < 1e5; i++) a = [a]; return a`,
    /^contract: .*1000 levels/,
  ],
  ["throw of a strange value", `throw { toString() { throw 1 } }`, /^threw: /],
  ["throw of null", `throw null`, /^threw: null/],
  ["cyclic causes", `const e = new Error("a"); e.cause = e; throw e`, /^threw: a$/],
  ["stack overflow", `const f = () => f() + 1; return f()`, /^threw: RangeError/],
  [
    "unhandled rejection",
    `Promise.reject(new Error("stray")); await new Promise((r) => setTimeout(r, 1000)); return "survived"`,
    /^threw: stray/,
  ],
  [
    "error in a timer",
    `setTimeout(() => { throw new Error("stray") }, 0); await new Promise((r) => setTimeout(r, 1000)); return "survived"`,
    /^threw: stray/,
  ],
  [
    "error after the end",
    `setTimeout(() => { throw new Error("late") }, 1); return "early"`,
    /^"early"$/,
  ],
];

function moduleOf(probes: readonly Probe[], dir: string): string {
  const functions = probes.map(([, body], i) =>
    `export async function probe${i}(args, ctx) { ${body} }`
  );
  return `const dir = ${
    JSON.stringify(dir)
  }, secret = dir + "/secret.txt", process = globalThis.process;\n` +
    functions.join("\n") + "\nexport function ok() { return 42 }\n";
}

/** A rig whose functions are the probes; beside them lie a secret and what they may use. */
function rigOf(probes: readonly Probe[], options: { v8HeapMiB?: number } = {}): {
  rig: HostRig;
  sketches: ActionSketch[];
} {
  const rig = new HostRig("", options);
  const { dir } = rig;
  Deno.writeTextFileSync(`${dir}/secret.txt`, "TOPSECRET");
  Deno.writeTextFileSync(`${dir}/secret.json`, '"TOPSECRET"');
  Deno.writeTextFileSync(`${dir}/secret.ts`, 'export default "TOPSECRET"');
  Deno.mkdirSync(`${dir}/data`);
  Deno.mkdirSync(`${dir}/out`);
  Deno.writeTextFileSync(`${dir}/data/in.txt`, "input");
  rig.use(moduleOf(probes, dir), {
    modules: {
      [`file://${dir}/evil_text.ts`]: {
        format: "module",
        source: `import x from "./secret.txt" with { type: "text" }; export default x;`,
      },
    },
  });
  const scope = { read: [`${dir}/data`], write: [`${dir}/out`] };
  const args = { list: [1, 2] };
  const sketches = probes.map((_, i) => ({ export: `probe${i}`, scope, args, sh: ["echo"] }));
  return { rig, sketches };
}

function assertContained(probe: Probe, completion: Completion): void {
  const [name, , expected] = probe;
  const text = gist(completion);
  assertOk(!/TOPSECRET|LEAK/.test(text), `${name}: ${text}`);
  assertMatches(text, expected);
}

Deno.test("a function cannot leave its scope", async (t) => {
  const { rig, sketches } = rigOf(PROBES);
  await using _ = rig;
  const completions = await rig.run([
    ...sketches.map((sketch) => rig.action(sketch)),
    rig.action({ export: "ok", scope: sketches[0].scope }),
  ]);
  for (const [i, probe] of PROBES.entries()) {
    await t.step(probe[0], () => assertContained(probe, completions[i]));
  }
  await t.step("a normal action succeeds afterwards", () => {
    assertEquals(gist(completions.at(-1)!), "42");
  });
  await t.step("the files outside are as before", () => {
    assertEquals(Deno.readTextFileSync(`${rig.dir}/data/in.txt`), "input");
    assertEquals([...Deno.readDirSync(`${rig.dir}/out`)], []);
  });
});

/** Endless or fatal: the host pays, the other actions do not. */
const HANGS: readonly Probe[] = [
  ["endless loop", `for (;;);`, /^timeout: .*0.3 s/],
  ["endless microtasks", `for (;;) await null`, /^timeout: /],
  ["catastrophic regular expression", `/^(a+)+$/.test("a".repeat(60) + "b")`, /^timeout: /],
  [
    "Atomics.wait",
    `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
    /^(timeout|threw): /,
  ],
  ["endless timers", `await new Promise(() => setInterval(() => {}, 1))`, /^timeout: /],
  [
    "endless finally",
    `try { for (;;) await new Promise((r) => setTimeout(r, 1)) } finally { for (;;); }`,
    /^timeout: /,
  ],
];

Deno.test("a function that hangs costs one host, not the run", async (t) => {
  const { rig, sketches } = rigOf(HANGS);
  await using _ = rig;
  const actions = sketches.flatMap((sketch) => [
    rig.action({ ...sketch, timeoutMs: 300 }),
    rig.action({ export: "ok", scope: sketch.scope }),
  ]);
  const completions = await rig.run(actions);
  for (const [i, probe] of HANGS.entries()) {
    await t.step(probe[0], () => {
      assertContained(probe, completions[2 * i]);
      assertEquals(gist(completions[2 * i + 1]), "42");
    });
  }
});

const MB = 1 << 20;

const GREEDY: readonly Probe[] = [
  [
    "heap exhaustion",
    `const a = []; for (;;) a.push(new Array(1000).fill(Math.random()))`,
    /^memory: /,
  ],
  [
    "string exhaustion",
    `let a = "x"; const all = []; for (;;) { all.push(a += a + Math.random()); if (a.length > 1e8) a = "x" }`,
    /^(memory|threw|died): /,
  ],
  [
    "typed array exhaustion",
    `const a = []; for (;;) a.push(new Uint8Array(${64 * MB}).fill(1))`,
    /^memory: /,
  ],
];

Deno.test("a function that takes all memory costs one host, not the run", async (t) => {
  const { rig, sketches } = rigOf(GREEDY);
  await using _ = rig;
  const actions = sketches.flatMap((sketch) => [
    rig.action({ ...sketch, memoryBytes: 64 * MB }),
    rig.action({ export: "ok", scope: sketch.scope }),
  ]);
  const completions = await rig.run(actions);
  for (const [i, probe] of GREEDY.entries()) {
    await t.step(probe[0], () => {
      assertContained(probe, completions[2 * i]);
      assertEquals(gist(completions[2 * i + 1]), "42");
    });
  }
});

/** Modules that misbehave when they are loaded. */
const MODULES: readonly Probe[] = [
  ["exit at load", `Deno.exit(1); export function f() {}`, EXIT],
  ["throw at load", `throw new Error("boom"); export function f() {}`, /^unavailable: .*boom/],
  ["read at load", `Deno.readTextFileSync("/etc/hosts"); export function f() {}`, DENIED],
  ["syntax error", `export function f( {`, /^unavailable: .*SyntaxError/],
  ["missing import", `import "./none.ts"; export function f() {}`, DENIED],
  [
    "missing export",
    `export function g() {} export const h = 1`,
    /^unavailable: .*no export "f"; it has "g"/,
  ],
  ["export is a value", `export const f = 1`, /^unavailable: .*not a function/],
  [
    "top-level wait for ever",
    `await new Promise(() => setInterval(() => {}, 99)); export function f() {}`,
    /^timeout: /,
  ],
  ["top-level loop", `for (;;); export function f() {}`, /^timeout: /],
  ["static http import", `import "http://127.0.0.1:9/x.js"; export function f() {}`, DENIED],
  [
    "static text import",
    `import x from "/etc/hosts" with { type: "text" }; export function f() { return "LEAK" + x }`,
    DENIED,
  ],
  [
    "static json import",
    `import x from "./secret.json" with { type: "json" }; export function f() { return x }`,
    DENIED,
  ],
];

Deno.test("a module that misbehaves when loaded fails its node only", async (t) => {
  const { rig } = rigOf([]);
  await using _ = rig;
  const actions = MODULES.map(([, source]) =>
    rig.action({ export: "f", timeoutMs: 500 }, rig.closure(source))
  );
  const completions = await rig.run([...actions, rig.action({ export: "ok" })]);
  for (const [i, probe] of MODULES.entries()) {
    await t.step(probe[0], () => assertContained(probe, completions[i]));
  }
  assertEquals(gist(completions.at(-1)!), "42");
});

Deno.test("a symbolic link that leads out of the scope is refused", async () => {
  const { rig } = rigOf([]);
  await using _ = rig;
  const source = `export const f = () => Deno.readTextFileSync(${
    JSON.stringify(rig.dir)
  } + "/data/link")`;
  Deno.symlinkSync(`${rig.dir}/secret.txt`, `${rig.dir}/data/link`);
  const scope = { read: [`${rig.dir}/data`] };
  const [refused] = await rig.run([rig.action({ export: "f", scope }, rig.closure(source))]);
  assertMatches(gist(refused), /^denied: The symbolic link ".*link" leads out of the scope/);
  const wide = { read: [`${rig.dir}/data`, `${rig.dir}/secret.txt`] };
  const [allowed] = await rig.run([rig.action({ export: "f", scope: wide }, rig.closure(source))]);
  assertIncludes(gist(allowed), "TOPSECRET");
});

Deno.test("nodes do not see each other's globals, and fresh elements not even their own", async () => {
  const { rig } = rigOf([]);
  await using _ = rig;
  const source = (extra: string): string =>
    `let count = 0; export function f() { Object.prototype.polluted ??= 0; Object.prototype.polluted++;
       globalThis.shared = (globalThis.shared ?? 0) + 1; return [++count, ({}).polluted, shared]; } ${extra}`;
  const a = rig.closure(source("// a"));
  const b = rig.closure(source("// b"));
  const texts = (await rig.run([
    rig.action({ export: "f" }, a),
    rig.action({ export: "f" }, b),
    rig.action({ export: "f", isolate: "fresh" }, a),
    rig.action({ export: "f", isolate: "fresh" }, a),
    rig.action({ export: "f", env: { A: "1" } }, a),
  ])).map(gist);
  assertEquals(texts, Array(5).fill("[1,1,1]"));
});

Deno.test("a host whose pipe is written to past the capture is replaced", async () => {
  const { rig } = rigOf([]);
  await using _ = rig;
  // Such a write is only possible with rights a workflow gives: here to the descriptor's file.
  const source =
    `export const f = () => { for (let i = 0; i < 9; i++) Deno.writeTextFileSync("/dev/stdout", "spam") }`;
  const scope = { write: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] };
  const [completion, after] = await rig.run([
    rig.action({ export: "f", scope }, rig.closure(source)),
    rig.action({ export: "ok" }),
  ]);
  assertMatches(gist(completion), /^(denied|died): /);
  assertEquals(gist(after), "42");
});
