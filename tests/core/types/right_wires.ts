/** Wires whose types fit, by what could be taken for a mistake. In all texts `$` stands for the key. */

import type { WireCase } from "./wire_rig.ts";

export const RIGHT_WIRES: Readonly<Record<string, WireCase>> = {
  plain: {
    inputs: "$_csv: { file: data.csv }",
    params: "$_depth: 3",
    code: "export interface Row { a: number }\n" +
      "export const load = async ({ csv }: { csv: string }): Promise<Row[]> => [{ a: csv.length }];\n" +
      "export const fit = ({ rows, depth = 2 }: { rows: Row[]; depth?: number }) => rows.length * depth;\n",
    nodes: [
      "$_rows: { call: $.ts#load, inputs: { csv: $_csv } }",
      "$: { call: $.ts#fit, inputs: { rows: $_rows, depth: params.$_depth } }",
    ],
  },
  // Values are frozen copies; a function may say that it could change them.
  readonly_to_mutable: {
    code: "export const make = (): readonly { readonly xs: readonly number[] }[] => [];\n" +
      "export const use = ({ x }: { x: { xs: number[] }[] }) => x;\n" +
      "export const sets = (): ReadonlyMap<string, ReadonlySet<string>> => new Map();\n" +
      "export const count = ({ m }: { m: Map<string, Set<string>> }) => m.size;\n",
    nodes: [
      "$_x: { call: $.ts#make }",
      "$: { call: $.ts#use, inputs: { x: $_x } }",
      "$_m: { call: $.ts#sets }",
      "$_n: { call: $.ts#count, inputs: { m: $_m } }",
    ],
  },
  mutable_to_readonly: {
    code:
      "export const make = () => [1];\nexport const use = ({ x }: { x: readonly number[] }) => x;\n" +
      "export const glob = ({ files }: { files: readonly string[] }) => files;\n" +
      "export const list = ({ files }: { files: string[] }) => files;\n",
    nodes: [
      "$_x: { call: $.ts#make }",
      "$: { call: $.ts#use, inputs: { x: $_x } }",
      "$_a: { call: $.ts#glob, inputs: { files: { glob: '*.x' } } }",
      "$_b: { call: $.ts#list, inputs: { files: { glob: '*.x' } } }",
    ],
  },
  unknown_sources: {
    inputs: "$_any: null",
    code: "export const parse = ({ t }: { t: string }): unknown => JSON.parse(t);\n" +
      "export const any = (): any => 1;\nexport const deep = () => ({ a: 1 as unknown });\n" +
      "export const num = ({ n }: { n: number }) => n;\n" +
      "export const obj = ({ o }: { o: { a: number } }) => o;\n",
    nodes: [
      "$_u: { call: $.ts#parse, inputs: { t: { value: '1' } } }",
      "$_v: { call: $.ts#any }",
      "$_w: { call: $.ts#deep }",
      "$_a: { call: $.ts#num, inputs: { n: $_u } }",
      "$_b: { call: $.ts#num, inputs: { n: $_v } }",
      "$_c: { call: $.ts#obj, inputs: { o: $_w } }",
      "$_d: { call: $.ts#obj, inputs: { o: $_any } }",
      "$_j: { run: [cat, x.json], stdout: { output: $_j, as: json } }",
      "$_e: { call: $.ts#obj, inputs: { o: $_j } }",
    ],
  },
  picks: {
    code:
      "export const make = () => ({ stats: { mean: 1 }, rows: [{ x: 'a' }], t: [1, 'b'] as [number, string] });\n" +
      "export const num = ({ n }: { n: number }) => n;\n" +
      "export const text = ({ s }: { s: string }) => s;\n" +
      "export const any = (): any => 1;\n",
    nodes: [
      "$_m: { call: $.ts#make, outputs: { $_a: { pick: stats.mean }, $_b: { pick: 'rows[-1].x' }, $_c: { pick: 't[1]' } } }",
      "$_o: { call: $.ts#any, outputs: { $_o: { pick: what.ever } } }",
      "$_1: { call: $.ts#num, inputs: { n: $_a } }",
      "$_2: { call: $.ts#text, inputs: { s: $_b } }",
      "$_3: { call: $.ts#text, inputs: { s: $_c } }",
      "$_4: { call: $.ts#num, inputs: { n: $_o } }",
    ],
  },
  literals: {
    params: "$: { by: adam, list: [1, 2], pair: [1, a], empty: [], none: {}, nothing: null }",
    code: `export const f = (args: {
  by: "adam" | "sgd"; list: number[]; pair: [number, string]; empty: string[]; none: { a?: 1 };
  nothing: string | null;
}) => args;
`,
    nodes: [
      "$:",
      "  call: $.ts#f",
      "  inputs:",
      "    by: params.$.by",
      "    list: params.$.list",
      "    pair: params.$.pair",
      "    empty: params.$.empty",
      "    none: params.$.none",
      "    nothing: params.$.nothing",
    ],
  },
  // The pairs that pipefunc accepts, but for bool -> int; and int -> float and Any -> int, which it refuses.
  python_pairs: {
    code: `export const num = () => 1;
export const none = () => null;
export const nums = (): number[] => [1];
export const record = (): Record<string, number> => ({});
export const list = (): any[] => [];
export const any = (): any => 1;
export const either = ({ x }: { x: number | string }) => x;
export const maybe = ({ x }: { x: number | null }) => x;
export const each = ({ x }: { x: Iterable<number> }) => [...x];
export const fixed = ({ x }: { x: readonly number[] }) => x;
export const object = ({ x }: { x: Record<string, unknown> }) => x;
export const whole = ({ x }: { x: number[] }) => x.length;
export const free = ({ x }: { x: any }) => x;
export const bare = ({ x }) => x;
export const same = <T extends number | string>({ x }: { x: T }): T => x;
export const one = ({ x }: { x: number }) => x;
export const rows = ({ x }: { x: number[][] }) => x.length;
export const grown = ({ x }: { x: number }) => [x, x];
`,
    nodes: [
      "$_num: { call: $.ts#num }",
      "$_none: { call: $.ts#none }",
      "$_nums: { call: $.ts#nums }",
      "$_record: { call: $.ts#record }",
      "$_list: { call: $.ts#list }",
      "$_any: { call: $.ts#any }",
      "$_a: { call: $.ts#either, inputs: { x: $_num } }",
      "$_b: { call: $.ts#maybe, inputs: { x: $_none } }",
      "$_c: { call: $.ts#each, inputs: { x: $_nums } }",
      "$_d: { call: $.ts#fixed, inputs: { x: $_nums } }",
      "$_e: { call: $.ts#object, inputs: { x: $_record } }",
      "$_f: { call: $.ts#whole, inputs: { x: $_list } }",
      "$_g: { call: $.ts#free, inputs: { x: $_num } }",
      "$_h: { call: $.ts#bare, inputs: { x: $_num } }",
      "$_i: { call: $.ts#one, inputs: { x: $_any } }",
      "$_j: { call: $.ts#same, inputs: { x: $_num } }",
      "$_k: { call: $.ts#one, inputs: { x: $_j } }",
      "$_l: { call: $.ts#one, map: 'x[i] -> $_l[i]', inputs: { x: $_nums } }",
      "$_m: { call: $.ts#whole, inputs: { x: $_l } }",
      "$_n: { call: $.ts#grown, map: 'x[i] -> $_n[i, j=2]', inputs: { x: $_l } }",
      "$_o: { call: $.ts#whole, map: 'x[:, j] -> $_o[j]', inputs: { x: $_n } }",
      "$_p: { call: $.ts#rows, inputs: { x: $_n } }",
    ],
  },
  // Only literals of a size that people write are checked.
  large_literals: {
    params: `$: [${Array.from({ length: 700 }, (_, i) => `{ key_${i}: 1 }`).join(", ")}]`,
    code: "export const f = ({ list }: { list: { name: string }[] }) => list;\n",
    nodes: ["$: { call: $.ts#f, inputs: { list: params.$ } }"],
  },
  enums: {
    params: "$: { by: adam, level: 1, all: [adam, sgd] }",
    code: "export enum By { Adam = 'adam', Sgd = 'sgd' }\nexport enum Level { Low, High }\n" +
      "export const f = ({ by, level }: { by: By; level?: Level }) => [by, level];\n" +
      "export const g = ({ by }: { by: By }) => by;\n",
    nodes: [
      "$_f: { call: $.ts#f, inputs: { by: params.$.by, level: params.$.level } }",
      "$_g: { call: $.ts#g, map: 'by[i] -> $_g[i]', inputs: { by: params.$.all } }",
    ],
  },
  indexed: {
    code: "export interface Row { a: number; b: string }\nexport const make = (): Row[] => [];\n" +
      "export const use = ({ rows }: { rows: Record<string, unknown>[] }) => rows;\n",
    nodes: ["$_x: { call: $.ts#make }", "$: { call: $.ts#use, inputs: { rows: $_x } }"],
  },
  inputs_of_all_types: {
    inputs: "$: { type: array, default: [] }\n  $_s: { type: string }\n  $_n: { type: integer }\n" +
      "  $_b: { type: boolean }\n  $_o: { type: object }\n  $_d: { dir: data }\n  $_x: { default: [1] }",
    code: "export const f = ({ list }: { list: { a: number }[] }) => list;\n" +
      "export const g = (x: { s: string; n: number; b: boolean; o: { a: 1 }; d: string; x: number[] }) => x;\n",
    nodes: [
      "$_l: { call: $.ts#f, inputs: { list: $ } }",
      "$_g: { call: $.ts#g, inputs: { s: $_s, n: $_n, b: $_b, o: $_o, d: $_d, x: $_x } }",
    ],
  },
  commands: {
    code:
      "export const f = (x: { text: string; lines: string[]; file: string; code: number; line: string[] }) => x;\n",
    nodes: [
      "$_text: { run: [ls], stdout: $_text, stderr: { output: $_lines, as: lines }, exitCode: $_code, commandLine: $_line }",
      "$_file: { run: [ls], stdout: $_file, outputs: { $_file: { file: $.txt } } }",
      "$: { call: $.ts#f, inputs: { text: $_text.$_text, lines: $_lines, file: $_file, code: $_code, line: $_line } }",
    ],
  },
  context_and_files: {
    code: `interface Context { in: Record<string, string>; out: Record<string, string> }
export const a = (_: object, ctx: Context) => ctx.in.raw;
export const b = (args: { n: number }, ctx: Context) => args.n + ctx.in.raw.length;
export function c({ n }: { n: number }, ctx?: { log(text: string): void }) { ctx?.log(""); return n; }
export function d() { return 1; }
`,
    nodes: [
      "$_a: { call: $.ts#a, inputs: { raw: { file: x } } }",
      "$_b: { call: $.ts#b, inputs: { raw: { file: x }, n: { value: 1 } } }",
      "$_c: { call: $.ts#c, inputs: { raw: { file: x }, n: { value: 1 } } }",
      "$_d: { call: $.ts#d, inputs: { raw: { file: x } } }",
    ],
  },
  // The default is in the code, not in the type.
  default_values: {
    code: "export function f({ a = 1, b }: { a: number; b: string }) { return a + b.length; }\n",
    nodes: ["$: { call: $.ts#f, inputs: { b: { value: x } } }"],
  },
  generics: {
    code: "export const rows = () => [{ a: 1, b: 'x' }];\n" +
      "export function sort<T, K extends keyof T>({ xs, by }: { xs: T[]; by: K }): { top: T; keys: K[] } {\n" +
      "  return { top: xs[0], keys: [by] };\n}\n" +
      "export const use = ({ t }: { t: { a: number; b: string } }) => t;\n",
    nodes: [
      "$_rows: { call: $.ts#rows }",
      "$_sort: { call: $.ts#sort, inputs: { xs: $_rows, by: { value: b } }, outputs: [top, keys] }",
      "$: { call: $.ts#use, inputs: { t: $_sort.top } }",
    ],
  },
  overloads: {
    code:
      "export function f(x: { a: string }): string;\nexport function f(x: { a: number }): number;\n" +
      "export function f(x: { a: string | number }) { return x.a; }\n" +
      "export const num = ({ n }: { n: number }) => n;\n",
    nodes: [
      "$_a: { call: $.ts#f, inputs: { a: { value: 1 } } }",
      "$: { call: $.ts#num, inputs: { n: $_a } }",
    ],
  },
  union_of_arguments: {
    code: "export const f = (x: { kind: 'a'; n: number } | { kind: 'b'; s: string }) => x;\n",
    nodes: ["$: { call: $.ts#f, inputs: { kind: { value: b }, s: { value: x } } }"],
  },
  rest_of_arguments: {
    code:
      "export const f = ({ a, ...rest }: { a: number; [name: string]: number }) => [a, rest];\n" +
      "export const g = (args: Record<string, unknown>) => args;\n",
    nodes: [
      "$: { call: $.ts#f, inputs: { a: { value: 1 }, z: { value: 2 } } }",
      "$_g: { call: $.ts#g, inputs: { z: { value: 2 } } }",
    ],
  },
  outputs_of_lists: {
    code:
      "export const two = () => [1, 2];\nexport const pair = (): [number, string] => [1, 'a'];\n" +
      "export const either = (): { $a: number; $b: string } | [number, string] => [1, 'a'];\n"
        .replaceAll("$", "x") +
      "export const use = ({ s }: { s: string }) => s;\n",
    nodes: [
      "$_two: { call: $.ts#two, outputs: [$_l, $_r] }",
      "$_pair: { call: $.ts#pair, outputs: [$_n, $_s] }",
      "$_either: { call: $.ts#either, outputs: [xa, xb] }",
      "$: { call: $.ts#use, inputs: { s: $_s } }",
      "$_u: { call: $.ts#use, inputs: { s: xb } }",
    ],
  },
  files_beside_a_value: {
    code:
      "export const f = () => 0.5;\nexport const use = ({ n, f }: { n: number; f: string }) => [n, f];\n",
    nodes: [
      "$_f: { call: $.ts#f, outputs: { $_n: {}, $_t: { file: $.txt } } }",
      "$: { call: $.ts#use, inputs: { n: $_n, f: $_t } }",
    ],
  },
  javascript: {
    code: "",
    files: {
      "plain.js": "export function f({ a, b }) { return a + b; }\nexport const g = (x) => x;\n",
      "typed.mjs": "/** @param {{ n: number }} x */\nexport const h = ({ n }) => n;\n",
    },
    nodes: [
      "$_a: { call: plain.js#f, inputs: { a: { value: 1 }, b: { value: x } } }",
      "$_b: { call: plain.js#g, inputs: { q: $_a } }",
      "$_c: { call: typed.mjs#h, inputs: { n: $_b } }",
    ],
  },
  errors_inside: {
    code:
      "const x: number = 'no number';\nexport const f = () => { undefinedName.call(x); return 1; };\n" +
      "export const num = ({ n }: { n: number }) => n;\n",
    nodes: ["$_x: { call: $.ts#f }", "$: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  unknown_types: {
    code:
      "import type { Gone } from './gone.ts';\nimport type { Far } from 'https://example.org/far.ts';\n" +
      "import { type Context, params } from 'flow';\nimport { join } from 'node:path';\n" +
      "export const f = (): Gone => params as never;\nexport const g = (): Far[] => [];\n" +
      "export const path = (_: object, ctx: Context) => join('a', String(ctx));\n" +
      "export const num = ({ n }: { n: number }) => n;\n",
    nodes: [
      "$_x: { call: $.ts#f }",
      "$_y: { call: $.ts#g }",
      "$_z: { call: $.ts#path }",
      "$: { call: $.ts#num, inputs: { n: $_x } }",
      "$_p: { call: $.ts#num, inputs: { n: { value: 1 } } }",
    ],
  },
  deno_types: {
    code: "export const stat = (): Promise<Deno.FileInfo> => Deno.stat('x');\n" +
      "export const size = ({ info }: { info: { size: number; isFile: boolean } }) => info.size;\n" +
      "export const hash = async () => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array()));\n" +
      "export const hex = ({ bytes }: { bytes: Uint8Array }) => bytes.length;\n",
    nodes: [
      "$_i: { call: $.ts#stat }",
      "$: { call: $.ts#size, inputs: { info: $_i } }",
      "$_h: { call: $.ts#hash }",
      "$_x: { call: $.ts#hex, inputs: { bytes: $_h } }",
    ],
  },
  hashes: {
    code: "import { withHash, withHashOfInputs } from 'flow';\n" +
      "export const a = () => withHash({ n: 1 }, 'x').n;\nexport const b = () => withHashOfInputs([1]);\n" +
      "export const use = ({ n, l }: { n: number; l: number[] }) => [n, l];\n",
    nodes: [
      "$_a: { call: $.ts#a }",
      "$_b: { call: $.ts#b }",
      "$: { call: $.ts#use, inputs: { n: $_a, l: $_b } }",
    ],
  },
  import_maps: {
    code: "import type { Row } from 'rows';\nexport const f = (): Row => ({ a: 1 });\n" +
      "export const num = ({ n }: { n: { a: number } }) => n.a;\n",
    files: {
      "deno.json": `{ "imports": { "rows": "./types/rows.ts" } }`,
      "types/rows.ts": "export interface Row { a: number }\n",
    },
    nodes: ["$_x: { call: $.ts#f }", "$: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  expansion: {
    code: "interface Node { call: string }\ninterface Nodes { nodes: Record<string, Node> }\n" +
      "export const a = async (): Promise<Nodes> => ({ nodes: {} });\n" +
      "export const b = () => ({ nodes: { x: { run: ['ls'] }, y: { call: 'a.ts#b' } } });\n" +
      "export const c = (): object => ({});\nexport const d = (): any => ({});\n" +
      "export const num = ({ n }: { n: number }) => n;\n",
    nodes: [
      "$_a: { expand: $.ts#a, outputs: [$_promised] }",
      "$_b: { expand: $.ts#b }",
      "$_d: { expand: $.ts#d }",
      "$: { call: $.ts#num, inputs: { n: $_promised } }",
    ],
  },
  maps: {
    params: "$: { xs: [1, 2, 3], names: [a, b] }",
    code: "export const num = ({ n }: { n: number }) => n;\n" +
      "export const pair = ({ n, s }: { n: number; s: string }) => ({ n, s });\n" +
      "export const all = ({ z }: { z: { n: number; s: string }[][] }) => z.length;\n" +
      "export const row = ({ z }: { z: readonly { n: number }[] }) => z.length;\n" +
      "export const list = (): Promise<number[]> => Promise.resolve([1]);\n" +
      "export const many = ({ n }: { n: number }) => [String(n)];\n" +
      "export const texts = ({ t }: { t: string[][] }) => t;\n" +
      "export const two = ({ n }: { n: number }) => ({ l: n, r: [n] });\n" +
      "export const lists = ({ l, r }: { l: number[]; r: number[][] }) => [l, r];\n" +
      "export const words = ({ w }: { w: string[] }) => w.length;\n" +
      "export const floats = () => new Float64Array(3);\n",
    nodes: [
      "$_ys: { call: $.ts#num, map: 'n[i] -> $_ys[i]', inputs: { n: params.$.xs } }",
      "$_zs: { call: $.ts#pair, map: 'n[i], s[j] -> $_zs[i, j]', inputs: { n: $_ys, s: params.$.names } }",
      "$_all: { call: $.ts#all, inputs: { z: $_zs } }",
      "$_rows: { call: $.ts#row, map: 'z[i, :] -> $_rows[i]', inputs: { z: $_zs } }",
      "$_cols: { call: $.ts#row, map: 'z[:, j] -> $_cols[j]', inputs: { z: $_zs } }",
      "$_gen: { call: $.ts#list, map: '... -> $_gen[i]' }",
      "$_many: { call: $.ts#many, map: '$_gen[i] -> $_many[i, k]', inputs: { n: $_gen } }",
      "$_texts: { call: $.ts#texts, inputs: { t: $_many } }",
      "$_two: { call: $.ts#two, map: 'n[i] -> l[i], r[i]', inputs: { n: $_gen }, outputs: [l, r] }",
      "$_lists: { call: $.ts#lists, inputs: { l: $_two.l, r: $_two.r } }",
      "$_cmd: { run: [echo, '${in.n}'], map: 'n[i] -> $_cmd[i]', inputs: { n: $_gen }, stdout: $_cmd }",
      "$_said: { call: $.ts#words, inputs: { w: $_cmd } }",
      "$_floats: { call: $.ts#floats }",
      "$_each: { call: $.ts#num, map: 'n[i] -> $_each[i]', inputs: { n: $_floats } }",
    ],
  },
};
