/** Wires whose types do not fit, by what is wrong. In all texts `$` stands for the key. */

import type { WireCase } from "./wire_rig.ts";

const ROWS = `export interface Row { a: number }
export interface Table { a: number; cols: string[] }
export function load({ csv = "" }: { csv?: string }): Row[] { return [{ a: csv.length }]; }
`;

const NUM = "export function num({ n }: { n: number }): number { return n; }\n";

export const WRONG_WIRES: Readonly<Record<string, WireCase>> = {
  // The pairs that pipefunc refuses, but for int -> float and Any -> int; and bool -> int, which it accepts.
  python_pairs: {
    code: `export const flag = () => 1 > 2;
export const either = (): number | string => 1;
export const nums = (): number[] => [1];
export const pair = (): [number, string] => [1, "a"];
export const one = ({ x }: { x: number }) => x;
export const text = ({ x }: { x: string }) => x;
export const texts = ({ x }: { x: string[] }) => x;
export const numbers = ({ x }: { x: number[] }) => x;
export const word = <T extends string>({ x }: { x: T }): T => x;
`,
    nodes: [
      "$_flag: { call: $.ts#flag }",
      "$_either: { call: $.ts#either }",
      "$_nums: { call: $.ts#nums }",
      "$_pair: { call: $.ts#pair }",
      "$_a: { call: $.ts#one, inputs: { x: $_flag } }",
      "$_b: { call: $.ts#text, inputs: { x: $_either } }",
      "$_c: { call: $.ts#texts, inputs: { x: $_nums } }",
      "$_d: { call: $.ts#numbers, inputs: { x: $_pair } }",
      "$_e: { call: $.ts#word, map: 'x[i] -> $_e[i]', inputs: { x: $_nums } }",
      "$_f: { call: $.ts#one, map: 'x[i] -> $_f[i]', inputs: { x: $_nums } }",
      "$_g: { call: $.ts#texts, inputs: { x: $_f } }",
      "$_h: { call: $.ts#one, inputs: { x: $_f } }",
    ],
  },
  missing_property: {
    code: ROWS + "export const fit = ({ rows }: { rows: Table[] }) => rows.length;\n",
    nodes: ["$_rows: { call: $.ts#load }", "$_fit: { call: $.ts#fit, inputs: { rows: $_rows } }"],
  },
  missing_properties: {
    code: "export const make = () => ({ a: 1 });\n" +
      "export const use = ({ x }: { x: { b: 1; c: 2; a: number } }) => x;\n",
    nodes: ["$_x: { call: $.ts#make }", "$_y: { call: $.ts#use, inputs: { x: $_x } }"],
  },
  nested_property: {
    code: "export const make = () => ({ model: { depth: '3' } });\n" +
      "export const use = ({ x }: { x: { model: { depth: number } } }) => x;\n",
    nodes: ["$_x: { call: $.ts#make }", "$_y: { call: $.ts#use, inputs: { x: $_x } }"],
  },
  inferred_wire: {
    code: "export const inferred_wire_x = () => 'text';\n" +
      "export const use = ({ inferred_wire_x }: { inferred_wire_x: number }) => inferred_wire_x;\n",
    nodes: ["$_x: { call: $.ts#inferred_wire_x }", "$_y: { call: $.ts#use }"],
  },
  listed_inputs: {
    code: "export const listed_inputs_x = () => 'text';\n" +
      "export const use = (args: { listed_inputs_x: number }) => args;\n",
    nodes: ["$_x: { call: $.ts#listed_inputs_x }", "$: { call: $.ts#use, inputs: [$_x] }"],
  },
  async_result: {
    code: "export async function make() { await 0; return { n: 'one' }; }\n" +
      "export const use = ({ x }: { x: { n: number } }) => x;\n",
    nodes: ["$_x: { call: $.ts#make }", "$_y: { call: $.ts#use, inputs: { x: $_x } }"],
  },
  undefined_result: {
    code: "export const find = (): number | undefined => undefined;\n" + NUM,
    nodes: ["$_x: { call: $.ts#find }", "$_y: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  void_result: {
    code: "export function log(): void {}\n" + NUM,
    nodes: ["$_x: { call: $.ts#log }", "$_y: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  union_result: {
    code: "export const make = (): number | string[] => 1;\n" + NUM,
    nodes: ["$_x: { call: $.ts#make }", "$_y: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  param_type: {
    params: "$_depth: three",
    code: NUM,
    nodes: ["$: { call: $.ts#num, inputs: { n: params.$_depth } }"],
  },
  param_choice: {
    params: "$_algorithm: lbfgs",
    code:
      "export type Algorithm = 'adam' | 'sgd';\nexport const f = ({ by }: { by: Algorithm }) => by;\n",
    nodes: ["$: { call: $.ts#f, inputs: { by: params.$_algorithm } }"],
  },
  param_enum: {
    params: "$_by: lbfgs",
    code:
      "export enum By { Adam = 'adam', Sgd = 'sgd' }\nexport const f = ({ by }: { by: By }) => by;\n",
    nodes: ["$: { call: $.ts#f, inputs: { by: params.$_by } }"],
  },
  param_object: {
    params: "$_model: { depht: 3 }",
    code: "export const f = ({ model }: { model: { depth?: number } }) => model;\n",
    nodes: ["$: { call: $.ts#f, inputs: { model: params.$_model } }"],
  },
  param_list: {
    params: "$_list: [1, two, 3]",
    code: "export const f = ({ list }: { list: number[] }) => list;\n",
    nodes: ["$: { call: $.ts#f, inputs: { list: params.$_list } }"],
  },
  literal: {
    code: NUM,
    nodes: ["$: { call: $.ts#num, inputs: { n: { value: '3' } } }"],
  },
  input_type: {
    inputs: "$_n: { type: integer }",
    code: "export const f = ({ s }: { s: string }) => s;\n",
    nodes: ["$: { call: $.ts#f, inputs: { s: $_n } }"],
  },
  input_default: {
    inputs: "$_n: ten",
    code: NUM,
    nodes: ["$: { call: $.ts#num, inputs: { n: $_n } }"],
  },
  input_array: {
    inputs: "$_list: { type: array }",
    code: NUM,
    nodes: ["$: { call: $.ts#num, inputs: { n: $_list } }"],
  },
  file_path: {
    code: "export const f = ({ rows }: { rows: { a: number }[] }) => rows;\n",
    nodes: ["$: { call: $.ts#f, inputs: { rows: { file: data.json } } }"],
  },
  input_file: {
    inputs: "$_raw: { file: data.csv }",
    code: "export const f = ({ raw }: { raw: Uint8Array }) => raw;\n",
    nodes: ["$: { call: $.ts#f, inputs: { raw: $_raw } }"],
  },
  glob_paths: {
    code: "export const f = ({ file }: { file: string }) => file;\n",
    nodes: ["$: { call: $.ts#f, inputs: { file: { glob: '*.csv' } } }"],
  },
  unset_variable: {
    code: "export const f = ({ home }: { home: string }) => home;\n",
    nodes: ["$: { call: $.ts#f, inputs: { home: { env: HOME } } }"],
  },
  command_text: {
    code: NUM,
    nodes: ["$_x: { run: [date, +%s], stdout: $_x }", "$: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  command_lines: {
    code: "export const f = ({ lines }: { lines: string[] }) => lines;\n",
    nodes: ["$_x: { run: [ls], stdout: $_x }", "$: { call: $.ts#f, inputs: { lines: $_x } }"],
  },
  command_file: {
    code: NUM,
    nodes: [
      "$_x: { run: [ls], stdout: $_x, outputs: { $_x: { file: $.txt } } }",
      "$: { call: $.ts#num, inputs: { n: $_x } }",
    ],
  },
  exit_code: {
    code: "export const f = ({ s }: { s: string }) => s;\n",
    nodes: ["$_x: { run: [ls], exitCode: $_x }", "$: { call: $.ts#f, inputs: { s: $_x } }"],
  },
  element: {
    code: ROWS + "export const one = ({ row }: { row: Row }) => row.a;\n",
    nodes: ["$_rows: { call: $.ts#load }", "$: { call: $.ts#one, inputs: { row: $_rows } }"],
  },
  generic: {
    code: ROWS +
      "export function first<T extends { b: string }>({ xs }: { xs: readonly T[] }): T { return xs[0]; }\n",
    nodes: ["$_rows: { call: $.ts#load }", "$: { call: $.ts#first, inputs: { xs: $_rows } }"],
  },
  generic_result: {
    code: ROWS + NUM +
      "export function first<T>({ xs }: { xs: readonly T[] }): T { return xs[0]; }\n",
    nodes: [
      "$_rows: { call: $.ts#load }",
      "$_first: { call: $.ts#first, inputs: { xs: $_rows } }",
      "$: { call: $.ts#num, inputs: { n: $_first } }",
    ],
  },
  overloads: {
    code:
      "export function f(x: { a: string }): string;\nexport function f(x: { a: number }): number;\n" +
      "export function f(x: { a: string | number }) { return x.a; }\n",
    nodes: ["$: { call: $.ts#f, inputs: { a: { value: true } } }"],
  },
  several_outputs: {
    code: "export const fit = () => ({ weights: [1], score: 2 });\n" +
      "export const use = ({ w }: { w: string[] }) => w;\n",
    nodes: [
      "$_fit: { call: $.ts#fit, outputs: [weights, score] }",
      "$: { call: $.ts#use, inputs: { w: $_fit.weights } }",
    ],
  },
  output_by_position: {
    code: "export const split = (): [number, string] => [1, 'a'];\n" + NUM,
    nodes: [
      "$_split: { call: $.ts#split, outputs: [$_left, $_right] }",
      "$: { call: $.ts#num, inputs: { n: $_right } }",
    ],
  },
  output_missing: {
    code: "export const fit = () => ({ output_missing_weights: [1] });\n",
    nodes: ["$: { call: $.ts#fit, outputs: { output_missing_weights: {}, $_score: {} } }"],
  },
  output_extra: {
    code: "export const fit = () => ({ $a: [1], $b: 2, debug: 3 });\n"
      .replaceAll("$", "output_extra"),
    nodes: ["$: { call: $.ts#fit, outputs: [$a, $b] }"],
  },
  output_count: {
    code: "export const fit = (): [number, number, number] => [1, 2, 3];\n",
    nodes: ["$: { call: $.ts#fit, outputs: [$a, $b] }"],
  },
  output_of_number: {
    code: "export const fit = () => 7;\n",
    nodes: ["$: { call: $.ts#fit, outputs: [$a, $b] }"],
  },
  opaque_arguments: {
    params: "$_n: 1",
    code:
      "export function f(args: { rows: number[]; depth: number; more?: boolean }) { return args; }\n",
    nodes: [
      "$:",
      "  call: $.ts#f",
      "  inputs:",
      "    rows: { value: [a] }",
      "    dept: params.$_n",
      "    notes: { file: notes.txt }",
    ],
  },
  positional: {
    code: "export function f(rows: number[]) { return rows; }\n",
    nodes: ["$: { call: $.ts#f, inputs: { rows: { value: [1] } } }"],
  },
  nested_readonly: {
    code: "export const make = (): readonly { readonly xs: readonly string[] }[] => [];\n" +
      "export const use = ({ x }: { x: { xs: number[] }[] }) => x;\n",
    nodes: ["$_x: { call: $.ts#make }", "$: { call: $.ts#use, inputs: { x: $_x } }"],
  },
  other_modules: {
    code:
      "export type { Point } from './lib/point.ts';\nimport type { Point } from './lib/point.ts';\n" +
      "export const at = (): Point => ({ x: 1, y: 2 });\n" +
      "export const draw = ({ p }: { p: Point & { z: number } }) => p;\n",
    files: { "lib/point.ts": "export interface Point { x: number; y: number }\n" },
    nodes: ["$_p: { call: $.ts#at }", "$: { call: $.ts#draw, inputs: { p: $_p } }"],
  },
  deno_types: {
    code: "export const read = async () => (await Deno.readTextFile('x')).split('\\n');\n" + NUM,
    nodes: ["$_x: { call: $.ts#read }", "$: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  node_types: {
    code: "import { readFileSync } from 'node:fs';\n" +
      "export const read = () => readFileSync('x', 'utf8').split('\\n');\n" + NUM,
    nodes: ["$_x: { call: $.ts#read }", "$: { call: $.ts#num, inputs: { n: $_x } }"],
  },
  not_nodes: {
    code:
      "export const each = () => ({ nodes: ['a'] });\nexport const every = () => ({ node: {} });\n",
    nodes: ["$: { expand: $.ts#each }", "$_every: { expand: $.ts#every }"],
  },
  map_element: {
    code: "export const make = () => ['a', 'b'];\n" + NUM,
    nodes: [
      "$_xs: { call: $.ts#make }",
      "$: { call: $.ts#num, map: 'n[i] -> $[i]', inputs: { n: $_xs } }",
    ],
  },
  map_result: {
    code: "export const make = () => [1, 2];\n" + NUM,
    nodes: [
      "$_xs: { call: $.ts#make }",
      "$_ys: { call: $.ts#num, map: 'n[i] -> $_ys[i]', inputs: { n: $_xs } }",
      "$: { call: $.ts#num, inputs: { n: $_ys } }",
    ],
  },
  map_grid: {
    code: "export const make = () => [1, 2];\n" +
      "export const add = ({ a, b }: { a: number; b: number }) => a + b;\n" +
      "export const best = ({ all }: { all: string[][] }) => all;\n",
    nodes: [
      "$_xs: { call: $.ts#make }",
      "$_z: { call: $.ts#add, map: 'a[i], b[j] -> $_z[i, j]', inputs: { a: $_xs, b: $_xs } }",
      "$: { call: $.ts#best, inputs: { all: $_z } }",
    ],
  },
  map_part: {
    code: "export const make = () => [[1, 2]];\n" + NUM,
    nodes: [
      "$_xs: { call: $.ts#make }",
      "$: { call: $.ts#num, map: 'n[i, :] -> $[i]', inputs: { n: $_xs } }",
    ],
  },
  map_no_array: {
    code: NUM,
    params: "$_n: 3",
    nodes: ["$: { call: $.ts#num, map: 'n[i] -> $[i]', inputs: { n: params.$_n } }"],
  },
  map_rank: {
    code: "export const make = () => [1, 2];\n" + NUM,
    nodes: [
      "$_xs: { call: $.ts#make }",
      "$: { call: $.ts#num, map: 'n[i, j] -> $[i, j]', inputs: { n: $_xs } }",
    ],
  },
  map_generated: {
    code: "export const make = () => 3;\n",
    nodes: ["$: { call: $.ts#make, map: '... -> $[i]' }"],
  },
  map_generated_rank: {
    code: "export const make = ({ n }: { n: number }) => [n];\nexport const list = () => [1];\n",
    nodes: [
      "$_xs: { call: $.ts#list }",
      "$: { call: $.ts#make, map: 'n[i] -> $[i, j, k]', inputs: { n: $_xs } }",
    ],
  },
  picked_type: {
    code: "export const make = () => ({ stats: { mean: 1 } });\n" +
      "export const text = ({ s }: { s: string }) => s;\n",
    nodes: [
      "$_m: { call: $.ts#make, outputs: { $_a: { pick: stats.mean } } }",
      "$: { call: $.ts#text, inputs: { s: $_a } }",
    ],
  },
  pick_of_nothing: {
    code: "export const make = () => ({ stats: { mean: 1 } });\n",
    nodes: ["$: { call: $.ts#make, outputs: { $_a: { pick: stats.median }, stats: } }"],
  },
};
