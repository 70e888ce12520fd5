/**
 * Tables whose axes are rectangular as the files of a Zarr group, version 3, as xarray reads it: dimension names, labels as
 * coordinates. Does not know where the files go.
 *
 * Written by hand: arrays without compression are JSON and raw bytes, and `zarrita`, the library there is, cannot write
 * texts and brings 1.4 MB of decoders. The tests read with it, and with xarray where there is one.
 *
 * @module
 */

import { UsageError } from "../base/error.ts";
import { sizeOf } from "../base/space.ts";
import { type CellKind, checkNoneMissing, isMissing, kindOfColumn } from "./cells.ts";
import type { Column, LongTable } from "./labelled.ts";

/** One file of a Zarr group. */
export interface ZarrFile {
  /** Relative to the directory of the group, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One array of the group: its name, dimensions and cells in row-major order. */
interface ZarrArray {
  readonly column: Column;
  readonly dimensions: readonly string[];
  readonly shape: readonly number[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** How cells of a kind stand in Zarr. */
interface Encoding {
  readonly type: string;
  readonly codec: { readonly name: string; readonly configuration?: unknown };
  readonly fill: unknown;
  /** The fill value as a cell. */
  readonly pad: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
  encode(cells: readonly unknown[]): Uint8Array;
}

/** Elements of a chunk; arrays are cut along their first axis. */
const CHUNK_ELEMENTS = 1 << 20;

/** Names that mean something else in a directory, or in Zarr. */
const NO_NAME = /^\.{1,2}$|^__|^zarr\.json$|\//;

/**
 * Returns the files of a Zarr group: an array per variable, and one per label with the dimension it belongs to.
 *
 * @param table With all elements of its axes.
 * @throws {UsageError} If lengths along an axis differ, or cells are missing that cannot be NaN, or are not of one kind.
 */
export function zarrFiles(table: LongTable): ZarrFile[] {
  if (table.ragged !== undefined) {
    throw new UsageError(
      `Cannot write zarr: lengths along axis "${table.ragged}" differ from row to row`,
      { hint: "--format csv, arrow and parquet have one row per element" },
    );
  }
  const arrays = [...labelArrays(table), ...variableArrays(table)];
  const files = arrays.map((array) => filesOf(array, table));
  const members = Object.fromEntries(
    arrays.map(({ column }, i) => [column.name, files[i].metadata]),
  );
  const group = { zarr_format: 3, node_type: "group", attributes: {} };
  const consolidated_metadata = { kind: "inline", must_understand: false, metadata: members };
  return [
    jsonFile("zarr.json", { ...group, consolidated_metadata }),
    ...files.flatMap(({ files }) => files),
  ];
}

function labelArrays({ axes }: LongTable): ZarrArray[] {
  return axes.flatMap(({ name: axis, labels, positions }) =>
    labels.map(({ name, values }) => ({
      column: { name, role: "label" as const, values: positions.map((at) => values[at]) },
      dimensions: [axis],
      shape: [positions.length],
      attributes: {},
    }))
  );
}

function variableArrays({ axes, columns }: LongTable): ZarrArray[] {
  // As the CF conventions have it: xarray makes coordinates of the arrays that are named here.
  const isPlain = (axis: string, label: string) => axis !== label;
  const labels = axes.flatMap(({ name: axis, labels }) =>
    labels.filter(({ name }) => isPlain(axis, name)).map(({ name }) => name)
  );
  return columns.filter(({ role }) => role === "variable").map((column) => ({
    column,
    dimensions: axes.map(({ name }) => name),
    shape: axes.map(({ positions }) => positions.length),
    attributes: labels.length === 0 ? {} : { coordinates: labels.join(" ") },
  }));
}

function filesOf(
  { column, dimensions, shape, attributes }: ZarrArray,
  table: LongTable,
): { metadata: unknown; files: ZarrFile[] } {
  const { name, values } = column;
  if (NO_NAME.test(name)) {
    throw new UsageError(`Cannot write zarr: "${name}" cannot be the name of an array`, {
      hint: "rename the output",
    });
  }
  const kind = kindOfColumn(column, table, "zarr");
  if (kind !== "number") checkNoneMissing(column, table, "zarr");
  const { type, codec, fill, pad, encode, ...encoding } = ENCODINGS[kind];
  const [first = 1, ...inner] = shape;
  const rowSize = sizeOf(inner);
  const rows = Math.max(1, Math.min(first, Math.floor(CHUNK_ELEMENTS / Math.max(1, rowSize))));
  const metadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: type,
    chunk_grid: {
      name: "regular",
      configuration: {
        chunk_shape: shape.map((length, i) => i === 0 ? rows : Math.max(1, length)),
      },
    },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    codecs: [codec],
    fill_value: fill,
    dimension_names: dimensions,
    attributes: { ...attributes, ...encoding.attributes },
  };
  const files = [jsonFile(`${name}/zarr.json`, metadata)];
  for (let row = 0; row < first && rowSize > 0; row += rows) {
    const cells = values.slice(row * rowSize, (row + rows) * rowSize);
    const key = ["c", ...shape.map((_, i) => i === 0 ? row / rows : 0)].join("/");
    files.push({ path: `${name}/${key}`, bytes: encode(padded(cells, rows * rowSize, pad)) });
  }
  return { metadata, files };
}

/** The last chunk is as long as the others. */
function padded(cells: readonly unknown[], count: number, pad: unknown): readonly unknown[] {
  if (cells.length === count) return cells;
  return [...cells, ...new Array<unknown>(count - cells.length).fill(pad)];
}

const LITTLE_ENDIAN = { name: "bytes", configuration: { endian: "little" } } as const;

const ENCODINGS: Readonly<Record<CellKind, Encoding>> = {
  number: {
    type: "float64",
    codec: LITTLE_ENDIAN,
    fill: "NaN",
    pad: NaN,
    encode: (cells) =>
      fixed(
        cells,
        (view, at, cell) => view.setFloat64(at, isMissing(cell) ? NaN : Number(cell), true),
      ),
  },
  boolean: {
    type: "bool",
    codec: { name: "bytes" },
    fill: false,
    pad: false,
    encode: (cells) => Uint8Array.from(cells, (cell) => cell === true ? 1 : 0),
  },
  text: {
    type: "string",
    codec: { name: "vlen-utf8" },
    fill: "",
    pad: "",
    encode: lengthsAndTexts,
  },
  integer: {
    type: "int64",
    codec: LITTLE_ENDIAN,
    fill: 0,
    pad: 0n,
    encode: (cells) => fixed(cells, (view, at, cell) => view.setBigInt64(at, cell as bigint, true)),
  },
  time: {
    type: "int64",
    codec: LITTLE_ENDIAN,
    fill: 0,
    pad: new Date(0),
    attributes: { units: "milliseconds since 1970-01-01", calendar: "proleptic_gregorian" },
    encode: (cells) =>
      fixed(
        cells,
        (view, at, cell) => view.setBigInt64(at, BigInt((cell as Date).getTime()), true),
      ),
  },
};

/** Eight bytes for each cell. */
function fixed(
  cells: readonly unknown[],
  set: (view: DataView, at: number, cell: unknown) => void,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * cells.length));
  cells.forEach((cell, i) => set(view, 8 * i, cell));
  return new Uint8Array(view.buffer);
}

/** The codec `vlen-utf8`: the number of texts, then each with its length in bytes before it, as u32. */
function lengthsAndTexts(cells: readonly unknown[]): Uint8Array {
  const texts = cells.map((cell) => new TextEncoder().encode(String(cell)));
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + text.length, 4));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, texts.length, true);
  let at = 4;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

function jsonFile(path: string, data: unknown): ZarrFile {
  return { path, bytes: new TextEncoder().encode(`${JSON.stringify(data, null, 2)}\n`) };
}
