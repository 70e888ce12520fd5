/** Long tables in the formats of others, read by libraries that did not write them where there are any. */

import { tableFromIPC } from "apache-arrow";
import { parquetReadObjects } from "hyparquet";
import * as zarr from "zarrita";
import { UsageError } from "../../../core/base/error.ts";
import { exportTable, exportZarr } from "../../../core/export/export.ts";
import { type Labelled, type LongTable, longTable } from "../../../core/export/labelled.ts";
import { assertEquals, assertRejects } from "../../testing/assert.ts";

/** A table of one-dimensional arrays. */
function tableOf(columns: Readonly<Record<string, unknown>>): LongTable {
  const variables = Object.entries(columns).map(([name, value]) => ({ name, value }));
  return longTable({ axes: [{ name: "i", labels: [] }], variables }, []);
}

async function bytesOf(table: LongTable, format: "arrow" | "parquet"): Promise<Uint8Array> {
  const [piece] = await exportTable(table, format);
  return piece as Uint8Array;
}

/** Reads an array of a Zarr group. */
async function readZarr(table: LongTable, name: string) {
  const files = new Map((await exportZarr(table)).map(({ path, bytes }) => [`/${path}`, bytes]));
  const store = { get: (key: string) => Promise.resolve(files.get(key)) };
  const array = await zarr.open(zarr.root(store).resolve(name), { kind: "array" });
  return await zarr.get(array);
}

/** What a format cannot hold: columns, format, and what is said. */
const REFUSED:
  readonly (readonly [columns: Record<string, unknown>, format: string, says: string])[] = [
    [
      { z: [1, null, "x"] },
      "arrow",
      'Cannot write "z" as arrow: z[2] is a text, those before it are numbers',
    ],
    [
      { z: [true, 1] },
      "parquet",
      'Cannot write "z" as parquet: z[1] is a number, those before it are booleans',
    ],
    [{ z: [1, [2]] }, "parquet", 'Cannot write "z" as parquet: z[1] is an array'],
    [{ z: [new Uint8Array(1)] }, "csv", 'Cannot write "z" as csv: z[0] is a Uint8Array'],
    [{ z: [new Date(NaN)] }, "csv", 'Cannot write "z" as csv: z[0] is an invalid date'],
    [
      { z: [1n, 2n ** 63n] },
      "arrow",
      'Cannot write "z" as arrow: z[1] is 9223372036854775808, which does not fit in 64 bits',
    ],
    [{ z: [true, null] }, "zarr", 'Cannot write "z" as zarr: z[1] is missing'],
    [{ "../z": [1] }, "zarr", 'Cannot write zarr: "../z" cannot be the name of an array'],
    [{ z: [1, {}] }, "tsv", 'Cannot write "z" as tsv: z[1] is an object'],
  ];

for (const [columns, format, says] of REFUSED) {
  Deno.test(`exportTable() refuses: ${says}`, async () => {
    const table = tableOf(columns);
    const write = async () => {
      if (format === "zarr") await exportZarr(table);
      else [...await exportTable(table, format as "csv")];
    };
    const error = await assertRejects(write, UsageError);
    assertEquals([error.message, error.hint === undefined], [says, false]);
  });
}

Deno.test("exportTable() and exportZarr() write tables without rows", async () => {
  const table = tableOf({ z: [] });
  assertEquals([...await exportTable(table, "csv")].join(""), "i,z\n");
  assertEquals([...await exportTable(table, "ndjson")].join(""), "");
  assertEquals(tableFromIPC(await bytesOf(table, "arrow")).numRows, 0);
  const parquet = await bytesOf(table, "parquet");
  assertEquals(await parquetReadObjects({ file: parquet.buffer as ArrayBuffer }), []);
  const [, { path, bytes }, ...chunks] = await exportZarr(table);
  assertEquals([path, JSON.parse(new TextDecoder().decode(bytes)).shape], ["z/zarr.json", [0]]);
  assertEquals(chunks, []);
});

Deno.test("exportTable() keeps missing cells apart from NaN and empty texts", async () => {
  const table = tableOf({ x: [null, NaN, undefined], s: ["", null, "a"], b: [null, false, true] });
  const arrow = tableFromIPC(await bytesOf(table, "arrow")).toArray().map((row) => row.toJSON());
  const file = (await bytesOf(table, "parquet")).buffer as ArrayBuffer;
  for (const rows of [arrow, await parquetReadObjects({ file })]) {
    assertEquals(rows.map(({ x }) => x ?? null), [null, NaN, null]);
    assertEquals(rows.map(({ s }) => s ?? null), ["", null, "a"]);
    assertEquals(rows.map(({ b }) => b ?? null), [null, false, true]);
  }
  const csv = [...await exportTable(table, "csv")].join("");
  assertEquals(csv, 'i,x,s,b\n0,,"",\n1,NaN,,false\n2,,a,true\n');
  assertEquals([...(await readZarr(tableOf({ x: [null, 1] }), "x")).data as Float64Array], [
    NaN,
    1,
  ]);
});

Deno.test("exportZarr() cuts large arrays into chunks, the last one filled up", async () => {
  const [rows, width] = [3, 700_000];
  const value = Array.from(
    { length: rows },
    (_, i) => Float64Array.from({ length: width }, (_, k) => i * width + k),
  );
  const axes = ["i", "k"].map((name) => ({ name, labels: [] }));
  const wide = longTable({ axes, variables: [{ name: "z", value }] }, []);
  const { data, shape } = await readZarr(wide, "z");
  assertEquals(shape, [rows, width]);
  assertEquals((data as Float64Array).every((cell, i) => cell === i), true);

  const long = tableOf({ z: Array.from({ length: (1 << 20) + 3 }, (_, i) => i) });
  const read = await readZarr(long, "z");
  assertEquals(read.shape, [(1 << 20) + 3]);
  assertEquals((read.data as Float64Array).every((cell, i) => cell === i), true);
  const files = await exportZarr(long);
  assertEquals(files.map(({ path }) => path), ["zarr.json", "z/zarr.json", "z/c/0", "z/c/1"]);
});

Deno.test("longTable() gives every column a name of its own, and a label the place of its index", async () => {
  const labelled: Labelled = {
    axes: [
      { name: "i", labels: [{ name: "z", values: [1] }, { name: "k", values: [2] }] },
      { name: "k", labels: [{ name: "k", values: [3] }] },
    ],
    variables: [{ name: "z", value: [[4]] }],
  };
  const { columns } = longTable(labelled, []);
  assertEquals(columns.map(({ name, values }) => [name, values[0]]), [
    ["i", 0],
    ["z", 1],
    ["k", 2],
    ["k_2", 3],
    ["z_2", 4],
  ]);
  const table = longTable(labelled, []);
  for (const [name, value] of [["z", 1], ["k", 2], ["k_2", 3], ["z_2", 4]] as const) {
    assertEquals([...(await readZarr(table, name)).data as Float64Array], [value]);
  }
});
