/** Tests of a host through its pool: calls, values, files, context, printing, failures. */

import type { Completion } from "../../../core/action.ts";
import { decodeValue } from "../../../core/base/value.ts";
import { assertEquals, assertIncludes, assertMatches, assertOk } from "../../testing/assert.ts";
import { type ActionSketch, gist, HostRig } from "../../testing/host_rig.ts";

const SOURCE = `
import { helper } from "./helper.ts";
import settings from "./settings.json" with { type: "json" };
import note from "./note.txt" with { type: "text" };
export const add = ({ a, b }) => a + b;
export async function later({ a }) { await new Promise((r) => setTimeout(r, 1)); return a * 2 }
export const parts = () => [helper(2), settings.k, note];
export async function dynamic({ n }) { return (await import("./" + n + ".ts")).helper(1) }
export const kinds = ({ v }) => [v.map instanceof Map, v.big === 5n, v.bytes[0], Object.is(v.zero, -0)];
export const big = () => new Float64Array([1, 2]);
export const long = () => "x".repeat(5000);
export const size = ({ v }) => v.length;
export const sum = ({ m }) => m.map((row) => row.map((x) => typeof x === "number" ? x : x.length));
export const two = ({ mode }) => ({ ok: { a: 1, b: 2 }, list: [1, 2], missing: { a: 1 }, extra: { a: 1, b: 2, c: 3 }, short: [1] })[mode];
export const nothing = () => {};
export const fn = () => ({ rows: [0, { f() {} }] });
export function* gen() { yield 1 }
export const forgot = () => ({ p: Promise.resolve(1) });
export function context(_, ctx) { return [ctx.index ?? null, ctx.attempt, ctx.signal.aborted, Object.keys(ctx.in), Object.keys(ctx.out)] }
export function write(_, ctx) { Deno.writeTextFileSync(ctx.out.report, "hello"); }
export function writeBoth(_, ctx) { Deno.writeTextFileSync(ctx.out.report, "hello"); return 7 }
export function writeDir(_, ctx) { Deno.writeTextFileSync(ctx.out.report + "/a.txt", "A"); Deno.mkdirSync(ctx.out.report + "/sub"); }
export function empty(_, ctx) { Deno.writeTextFileSync(ctx.out.report, ""); }
export function list(_, ctx) { return [...Deno.readDirSync(ctx.out.report.replace(/[^/]*$/, ""))].map((e) => e.name) }
export function read({ csv }, ctx) { return [csv === ctx.in.csv, csv.replace(/.*[/]/, ""), Deno.readTextFileSync(csv)] }
export function readTree({ csv }) { return Deno.readTextFileSync(csv + "/sub/a.txt") }
export function readList({ csv }) { return csv.map((p) => [p.replace(/.*[/]/, ""), Deno.readTextFileSync(p)]) }
export function readArray({ csv }) { return csv.map((row) => row.map((p) => Deno.readTextFileSync(p))) }
export function print(_, ctx) { console.log("one %s", "two"); ctx.log({ a: 1 }); console.error("bad"); Deno.stdout.writeSync(new TextEncoder().encode("raw")); }
export function boom() { throw new RangeError("bad range", { cause: new Error("deeper") }) }
export const text = () => { throw "just text" };
export async function sh(_, ctx) { return await ctx.sh(["sh", "-c", "cat; echo $X >&2; exit 3"], { stdin: "in", env: { X: "y" } }) }
export async function shFails(_, ctx) { return await ctx.sh(["sh", "-c", "echo why >&2; exit 3"], { okCodes: [0] }) }
export async function shNone(_, ctx) { return await ctx.sh(["no-such-program"]) }
export const env = () => [Deno.env.get("A"), Deno.env.get("UNSET") ?? null, process.env.A, Deno.env.toObject()];
export const where = () => import.meta.url;
`;

function rigOf(): HostRig {
  const rig = new HostRig("");
  rig.use(SOURCE, {
    modules: {
      [`file://${rig.dir}/helper.ts`]: {
        format: "module",
        source: "export const helper = (n) => n + 40;",
      },
      [`file://${rig.dir}/settings.json`]: { format: "json", source: '{"k":"v"}' },
      [`file://${rig.dir}/note.txt`]: { format: "text", source: "note" },
    },
  });
  return rig;
}

const VALUE = (name: string) => ({ name, kind: "value", allowEmpty: false }) as const;
const FILE = { name: "report", kind: "file", fileName: "r.pdf", allowEmpty: false } as const;
const DIR = { ...FILE, kind: "dir" } as const;

const CALLS: readonly (readonly [name: string, sketch: ActionSketch, expected: RegExp])[] = [
  ["a function", { export: "add", args: { a: 1, b: "x" } }, /^"1x"$/],
  ["an async function", { export: "later", args: { a: 4 } }, /^8$/],
  ["other modules, JSON and text", { export: "parts" }, /^\[42,"v","note"\]$/],
  ["a computed import inside the closure", { export: "dynamic", args: { n: "helper" } }, /^41$/],
  ["inputs JSON cannot hold", {
    export: "kinds",
    args: { v: { map: new Map(), big: 5n, bytes: new Uint8Array([7]), zero: -0 } },
  }, /^\[true,true,7,true\]$/],
  ["a large input", { export: "size", args: { v: "y".repeat(10_000) } }, /^10000$/],
  ["undefined", { export: "nothing" }, /undefined/],
  ["the URL of its module", { export: "where" }, /nodes\.ts"$/],
  [
    "its context",
    { export: "context", index: [2, 1], attempt: 3 },
    /^\[\[2,1\],3,false,\[\],\[\]\]$/,
  ],
  ["several outputs as an object", {
    export: "two",
    args: { mode: "ok" },
    outputs: [VALUE("b"), VALUE("a")],
  }, /^2 1$/],
  ["several outputs as an array", {
    export: "two",
    args: { mode: "list" },
    outputs: [VALUE("a"), VALUE("b")],
  }, /^1 2$/],
  ["a missing output", {
    export: "two",
    args: { mode: "missing" },
    outputs: [VALUE("a"), VALUE("b")],
  }, /^contract: The returned object lacks the output "b"$/],
  ["an output too many", {
    export: "two",
    args: { mode: "extra" },
    outputs: [VALUE("a"), VALUE("b")],
  }, /^contract: The returned object has "c"/],
  ["an array that is too short", {
    export: "two",
    args: { mode: "short" },
    outputs: [VALUE("a"), VALUE("b")],
  }, /^contract: The function returned 1 items for the 2 outputs "a", "b"$/],
  [
    "no object at all",
    { export: "nothing", outputs: [VALUE("a"), VALUE("b")] },
    /^contract: .*returned undefined$/,
  ],
  ["no outputs", { export: "add", args: { a: 1, b: 1 }, outputs: [] }, /^$/],
  [
    "a function inside the result",
    { export: "fn" },
    /^contract: .*"\$\.rows\[1\]\.f" is a function$/,
  ],
  ["a generator", { export: "gen" }, /^contract: .*"\$" is a generator/],
  ["a promise inside the result", { export: "forgot" }, /^contract: .*`await` missing/],
  [
    "an error with a cause",
    { export: "boom" },
    /^threw: RangeError: bad range\ncaused by: deeper$/,
  ],
  ["a thrown string", { export: "text" }, /^threw: just text$/],
  [
    "a file output that is missing",
    { export: "nothing", outputs: [FILE] },
    /^contract: Output file "report" is missing$/,
  ],
  [
    "a file output that is empty",
    { export: "empty", outputs: [FILE] },
    /^contract: Output file "report" is empty$/,
  ],
  [
    "a file output that may be empty",
    { export: "empty", outputs: [{ ...FILE, allowEmpty: true }] },
    /^e3b0c442/,
  ],
  [
    "a directory that is empty",
    { export: "nothing", outputs: [DIR] },
    /^contract: Output directory "report" is empty$/,
  ],
  ["a file instead of a directory", { export: "writeDir", outputs: [FILE] }, /^denied|^threw/],
  [
    "a program's output",
    { export: "sh", sh: ["sh"] },
    /^\{"code":3,"stdout":"in","stderr":"y\\n"\}$/,
  ],
  [
    "a program that fails",
    { export: "shFails", sh: true },
    /^threw: Program "sh" exited with code 3:\nwhy$/,
  ],
  [
    "a program that does not exist",
    { export: "shNone", sh: ["no-such-program"] },
    /^threw: .*no-such-program/,
  ],
  ["its environment", {
    export: "env",
    env: { A: "1" },
    scope: { env: ["A", "UNSET"] },
  }, /^\["1",null,"1",\{"A":"1"\}\]$/],
];

Deno.test("a host calls a function and delivers or explains", async (t) => {
  await using rig = rigOf();
  const completions = await rig.run(CALLS.map(([, sketch]) => rig.action(sketch)));
  for (const [i, [name, , expected]] of CALLS.entries()) {
    await t.step(name, () => assertMatches(gist(completions[i]), expected));
  }
});

function blobText(rig: HostRig, completion: Completion, i = 0): string {
  assertOk(completion.kind === "done", gist(completion));
  return new TextDecoder().decode(rig.blobs.read(completion.outputs[i].digest));
}

Deno.test("a host stores large and binary values as blobs", async () => {
  await using rig = rigOf();
  const [long, big] = await rig.run([
    rig.action({ export: "long" }),
    rig.action({ export: "big" }),
  ]);
  assertEquals(blobText(rig, long), JSON.stringify("x".repeat(5000)));
  assertOk(big.kind === "done");
  assertEquals(decodeValue(rig.blobs.read(big.outputs[0].digest)), new Float64Array([1, 2]));
  assertEquals(big.outputs[0].text, undefined);
});

Deno.test("a host moves file outputs into the store", async () => {
  await using rig = rigOf();
  const [one, both, dir] = await rig.run([
    rig.action({ export: "write", outputs: [FILE] }),
    rig.action({ export: "writeBoth", outputs: [FILE, VALUE("n")] }),
    rig.action({ export: "writeDir", outputs: [DIR] }),
  ]);
  assertEquals(blobText(rig, one), "hello");
  assertEquals(blobText(rig, both), "hello");
  assertOk(both.kind === "done" && dir.kind === "done");
  assertEquals(both.outputs[1].text, "7");
  const paths = rig.blobs.readTree(dir.outputs[0].digest).map(({ path }) => path);
  assertEquals(paths, ["a.txt", "sub/"]);
  assertEquals([...Deno.readDirSync(`${rig.dir}/tmp`)], []);
});

Deno.test("a host stages inputs under neutral names, as real files", async () => {
  await using rig = rigOf();
  const digest = rig.blobs.put(new Uint8Array(1));
  Deno.mkdirSync(`${rig.dir}/d/sub`, { recursive: true });
  Deno.writeTextFileSync(`${rig.dir}/d/sub/a.txt`, "A");
  Deno.writeTextFileSync(`${rig.dir}/my data.v2.csv`, "B");
  const file = (name: string, path: string) =>
    ({ name, kind: "file", digest, path: `${rig.dir}/${path}` }) as const;
  const completions = await rig.run([
    rig.action({ export: "read", inputs: [file("csv", "my data.v2.csv")] }),
    rig.action({
      export: "readTree",
      inputs: [{ name: "csv", kind: "dir", digest, path: `${rig.dir}/d` }],
    }),
    rig.action({
      export: "readList",
      inputs: [{
        name: "csv",
        kind: "files",
        paths: [`${rig.dir}/my data.v2.csv`, `${rig.dir}/d/sub/a.txt`],
      }],
    }),
    rig.action({
      export: "readArray",
      inputs: [{
        name: "csv",
        kind: "array",
        shape: [2, 1],
        elements: [file("csv", "d/sub/a.txt"), file("csv", "my data.v2.csv")],
      }],
    }),
    rig.action({ export: "read", inputs: [file("csv", "none.csv")] }),
  ]);
  const texts = completions.map(gist);
  assertEquals(texts.slice(0, 4), [
    '[true,"csv.csv","B"]',
    '"A"',
    '[["my data.v2.csv","B"],["a.txt","A"]]',
    '[["A"],["B"]]',
  ]);
  assertMatches(texts[4], /^unavailable: Cannot stage the input "csv"/);
});

Deno.test("a host nests arrays of small and large elements by their shape", async () => {
  await using rig = rigOf();
  const digest = rig.blobs.put(new TextEncoder().encode(JSON.stringify("z".repeat(6000))));
  const small = (n: number) => ({ name: "m", kind: "value", digest, text: String(n) }) as const;
  const large = { name: "m", kind: "value", digest } as const;
  const array = (elements: readonly (typeof large | ReturnType<typeof small>)[]) =>
    ({ name: "m", kind: "array", shape: [2, 2], elements }) as const;
  const completions = await rig.run([
    rig.action({ export: "sum", inputs: [array([small(1), small(2), small(3), small(4)])] }),
    rig.action({ export: "sum", inputs: [array([small(1), large, small(3), large])] }),
    rig.action({ export: "sum", inputs: [array([large, large, large, large])] }),
  ]);
  assertEquals(completions.map(gist), [
    "[[1,2],[3,4]]",
    "[[1,6000],[3,6000]]",
    "[[6000,6000],[6000,6000]]",
  ]);
});

Deno.test("a host says when a log cannot be written, and goes on", async () => {
  await using rig = rigOf();
  Deno.writeTextFileSync(`${rig.dir}/file`, "");
  const logPath = `${rig.dir}/file/1`;
  const [printed, thrown, next] = await rig.run([
    rig.action({ export: "print", outputs: [], logPath }),
    rig.action({ export: "boom", logPath }),
    rig.action({ export: "add", args: { a: 1, b: 2 } }),
  ]);
  assertOk(printed.kind === "done");
  assertIncludes(printed.notes?.log ?? "", "Cannot write the log: Not a directory");
  assertMatches(
    gist(thrown),
    /^threw: RangeError: bad range[^]*\nCannot write the log: Not a directory/,
  );
  assertEquals(gist(next), "3");
});

Deno.test("a host writes what a function prints, and no file if it prints nothing", async () => {
  await using rig = rigOf();
  const [quiet, loud] = [
    rig.action({ export: "nothing" }),
    rig.action({ export: "print" }),
  ];
  await rig.run([quiet, loud]);
  assertEquals(Deno.readTextFileSync(`${loud.logPath}.stdout`), "one two\n{ a: 1 }\nraw");
  assertEquals(Deno.readTextFileSync(`${loud.logPath}.stderr`), "bad\n");
  const names = [...Deno.readDirSync(`${rig.dir}/logs`)].map(({ name }) => name);
  assertEquals(names.filter((name) => name.startsWith(`${quiet.id}.`)), []);
});

Deno.test("a failure shows the user's frames with line and column, and nothing of the boot", async () => {
  await using rig = rigOf();
  const completion = await rig.one({ export: "boom" });
  assertOk(completion.kind === "failed");
  const stack = completion.failure.stack ?? "";
  const line = SOURCE.split("\n").findIndex((text) => text.includes("function boom")) + 1;
  assertIncludes(stack, `    at boom (${rig.modulePath}:${line}:32)\ncaused by: Error: deeper`);
  assertOk(!/blob:|ext:|node:/.test(stack), stack);
});

Deno.test("a denied access names the permission and the line to add", async () => {
  await using rig = rigOf();
  const source = `export const f = () => Deno.readTextFileSync(${
    JSON.stringify(rig.dir)
  } + "/data/x.csv")`;
  const [completion] = await rig.run([rig.action({ export: "f" }, rig.closure(source))]);
  assertOk(completion.kind === "failed");
  const { reason, denied, hint, isFinal } = completion.failure;
  assertEquals({ reason, denied, hint, isFinal }, {
    reason: "denied",
    denied: { permission: "read", value: `${rig.dir}/data/x.csv` },
    hint: "add `allow: { read: [data/x.csv] }` to the node",
    isFinal: true,
  });
});

Deno.test("a closure that is not in the store is unavailable", async () => {
  await using rig = rigOf();
  const action = rig.action({ export: "add" }, "0".repeat(64) as never);
  assertMatches(gist((await rig.run([action]))[0]), /^unavailable: Cannot load the code/);
});

Deno.test("a closure can use an npm package, and only its declared ones", async () => {
  await using rig = rigOf();
  const source =
    `import { parse } from "acorn"; export const f = () => parse("1 + 1", { ecmaVersion: 2022 }).type;
    export const g = async () => Object.keys(await import("npm:" + "fast-check@4.10.2")).length`;
  const closure = rig.closure(source, {
    imports: { [`file://${rig.modulePath}`]: { acorn: "npm:acorn@8.19.0" } },
    npm: ["npm:acorn@8.19.0"],
  });
  const [ok, refused] = await rig.run([
    rig.action({ export: "f" }, closure),
    rig.action({ export: "g" }, closure),
  ]);
  assertEquals(gist(ok), '"Program"');
  assertMatches(gist(refused), /^denied: .*npm:fast-check/);
});
