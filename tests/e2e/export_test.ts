/** `flow show`: slices, what there is so far of maps that are not over, and exports with axes and labels. */

import { tableFromIPC } from "apache-arrow";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import * as zarr from "zarrita";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";
import { pythonWith } from "../testing/python.ts";

const WORKFLOW = `params: { lrs: [0.5, 0.25], names: [a, "b,c"] }
nodes:
  z: { call: nodes.ts#fit, map: "lrs[i], names[j] -> z[i, j]", inputs: { lrs: params.lrs, names: params.names } }
  best: { call: nodes.ts#best, map: "z[i, :] -> best[i]" }
  again: { call: nodes.ts#same, map: "x[i] -> again[i]", inputs: { x: best } }
  p: { call: nodes.ts#pair, map: "x[x] -> half[x], twice[x]", outputs: [half, twice], inputs: { x: { value: [2, 4] } } }
  files: { run: "wc -c < \${in.f}", map: "f[i] -> files[i]", inputs: { f: { glob: "data/*" } }, stdout: { output: files, as: json } }
  configs: { call: nodes.ts#depth, map: "c[i] -> configs[i]", inputs: { c: { value: [{ depth: 1 }, { depth: 2 }] } } }
  rag: { call: nodes.ts#upTo, map: "n[i] -> rag[i, k]", inputs: { n: { value: [0, 1, 2] } } }
  grid: { call: nodes.ts#grid }
  columns: { call: nodes.ts#sum, map: "grid[:, col] -> columns[col]" }
  kinds: { call: nodes.ts#kinds, outputs: [number, flag, text, big, time] }
  scalar: { call: nodes.ts#scalar }
  uneven: { call: nodes.ts#uneven, outputs: [one, two] }
  note: { run: "echo hello > \${out.note}", outputs: { note: { file: out.txt } } }
`;

const NODES = `
export const fit = ({ lrs, names }: { lrs: number; names: string }) => lrs * names.length;
export const best = ({ z }: { z: readonly number[] }) => Math.max(...z);
export const same = ({ x }: { x: number }) => x;
export const pair = ({ x }: { x: number }) => ({ half: x / 2, twice: x * 2 });
export const depth = ({ c }: { c: { depth: number } }) => c;
export const upTo = ({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i);
export const grid = () => [new Float64Array([1, 2, 3]), new Float64Array([4, 5, 6])];
export const sum = ({ grid }: { grid: readonly number[] }) => grid.reduce((a, b) => a + b, 0);
export const scalar = () => 7;
export const uneven = () => ({ one: [1], two: [1, 2] });
export const kinds = () => ({
  number: [1.5, NaN, -0],
  flag: [true, false, true],
  text: ["é", "", 'a"b'],
  big: [1n, -2n, 2n ** 62n],
  time: [new Date(0), new Date(1), new Date(86400000)],
});
`;

/** A workspace in which everything ran. */
async function finished(): Promise<TestSpace> {
  const space = new TestSpace({
    "workflow.yaml": WORKFLOW,
    "nodes.ts": NODES,
    "data/one.txt": "1",
    "data/two.txt": "22",
  });
  const { code, stdout, stderr } = await space.run();
  assertEquals(code, 0, stdout + stderr);
  return space;
}

/** Output of `flow show`, which must succeed without a warning. */
async function shown(space: TestSpace, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await space.flow("show", ...args);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

const PRINTED: readonly (readonly [args: readonly string[], text: string])[] = [
  [["z[:, 1]"], "[1.5,0.75]\n"],
  [["z[-1]"], "[0.25,0.75]\n"],
  [["z[::-1, 0:10:2]"], "[[0.25],[0.5]]\n"],
  [["grid[:, 1]"], "[2,5]\n"],
  [["rag[1:]", "--format", "ndjson"], "[0]\n[0,1]\n"],
  [
    ["z", "--format", "csv"],
    'i,lrs,j,names,z\n0,0.5,0,a,0.5\n0,0.5,1,"b,c",1.5\n1,0.25,0,a,0.25\n1,0.25,1,"b,c",0.75\n',
  ],
  [
    ["z[1:, ::-1]", "--format", "tsv"],
    "i\tlrs\tj\tnames\tz\n1\t0.25\t1\tb,c\t0.75\n1\t0.25\t0\ta\t0.25\n",
  ],
  [["z[:, -1]", "--format", "csv"], "i,lrs,z\n0,0.5,1.5\n1,0.25,0.75\n"],
  [["best", "--format", "csv"], "i,lrs,best\n0,0.5,1.5\n1,0.25,0.75\n"],
  [["again", "--format", "csv"], "i,lrs,again\n0,0.5,1.5\n1,0.25,0.75\n"],
  [["p.*", "--format", "csv"], "x,half,twice\n2,1,4\n4,2,8\n"],
  [["p.twice[1]", "--format", "csv"], "twice\n8\n"],
  [["files", "--format", "csv"], "i,f,files\n0,data/one.txt,1\n1,data/two.txt,2\n"],
  [["rag", "--format", "csv"], "i,n,k,rag\n1,1,0,0\n2,2,0,0\n2,2,1,1\n"],
  [["rag[:, -1:]", "--format", "csv"], "i,n,k,rag\n1,1,0,0\n2,2,1,1\n"],
  [["grid[0]", "--format", "csv"], "col,grid\n0,1\n1,2\n2,3\n"],
  [
    ["columns", "--labels", "--format", "ndjson"],
    '{"col":0,"columns":5}\n{"col":1,"columns":7}\n{"col":2,"columns":9}\n',
  ],
  [["columns[:1]", "--labels", "--format", "json"], '[\n{"col":0,"columns":5}\n]\n'],
  [["columns[:0]", "--labels", "--format", "json"], "[]\n"],
  [
    ["configs", "--labels", "--format", "ndjson"],
    '{"i":0,"configs":{"depth":1}}\n{"i":1,"configs":{"depth":2}}\n',
  ],
  [["configs", "--labels"], 'i      configs\n0  {"depth":1}\n1  {"depth":2}\n'],
  [["z[0]", "--labels"], "j  names    z\n0  a      0.5\n1  b,c    1.5\n"],
  [["p.*"], "x  half  twice\n2     1      4\n4     2      8\n"],
  [["scalar", "--format", "csv"], "scalar\n7\n"],
  [
    ["kinds.*", "--format", "csv"],
    "dim_0,number,flag,text,big,time\n" +
    '0,1.5,true,é,1,1970-01-01T00:00:00.000Z\n1,NaN,false,"",-2,1970-01-01T00:00:00.001Z\n' +
    '2,-0,true,"a""b",4611686018427387904,1970-01-02T00:00:00.000Z\n',
  ],
];

Deno.test("flow show: prints slices and tables", async (t) => {
  using space = await finished();
  for (const [args, text] of PRINTED) {
    await t.step(args.join(" "), async () => assertEquals(await shown(space, ...args), text));
  }
});

/** What cannot be shown, and what is said. */
const REFUSED: readonly (readonly [args: readonly string[], says: string])[] = [
  [
    ["configs", "--format", "csv"],
    'error: Cannot write "configs" as csv: configs[0] is an object\n' +
    "  hint: --format json and ndjson can hold any value\n",
  ],
  [["z[2]"], 'error: Cannot select from "z": position 2 does not exist\n  length: 2\n'],
  [
    ["z[0, 5]", "--format", "csv"],
    'error: Cannot select from "z": position 5 does not exist\n  length: 2\n',
  ],
  [
    ["z[0, 0, 0]", "--format", "csv"],
    'error: Cannot select from "z": it has 2 axes, 3 positions are given\n',
  ],
  [
    ["uneven.*", "--format", "csv"],
    'error: Cannot put "one" and "two" side by side: along axis "dim_0" they have lengths 1 and 2\n' +
    "  hint: show them one by one\n",
  ],
  [
    ["rag", "-o", "rag.zarr"],
    'error: Cannot write zarr: lengths along axis "k" differ from row to row\n' +
    "  hint: --format csv, arrow and parquet have one row per element\n",
  ],
  [
    ["z", "--format", "zarr"],
    "error: Cannot print zarr: it is a directory\n  hint: name a place: -o z.zarr\n",
  ],
  [["note", "--format", "csv"], 'error: Cannot make a table of "note": it is a file\n'],
  [
    ["z", "--labels", "--format", "raw"],
    "error: Cannot print a table as raw\n  hint: use json, ndjson, csv, tsv, arrow, parquet or zarr\n",
  ],
  [["z", "-o", "data", "--format", "csv"], 'error: Cannot write "data": '],
  [
    ["z", "-o", "data", "--format", "zarr"],
    'error: Cannot write "data": something else is there\n  hint: remove it, or name another place\n',
  ],
];

Deno.test("flow show: refuses what a format cannot hold, and leaves files as they were", async (t) => {
  using space = await finished();
  for (const [args, says] of REFUSED) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await space.flow("show", ...args);
      assertOk(code === 2 || code === 1, `exit code ${code}`);
      assertEquals(stdout, "");
      assertIncludes(stderr, says);
    });
  }
  assertEquals(space.read("data/one.txt"), "1");
  assertEquals(names(space, "."), [
    ".pipecache",
    ".tmp",
    "data",
    "nodes.ts",
    "out.txt",
    "workflow.yaml",
  ]);
});

function names(space: TestSpace, dir: string): string[] {
  return [...Deno.readDirSync(space.at(dir))].map(({ name }) => name).sort();
}

Deno.test("flow show -o: writes values and files whole, and takes the format from the name", async () => {
  using space = await finished();
  for (const name of ["z.json", "z.ndjson", "z.jsonl", "z.txt", "z.csv", "copy"]) {
    assertEquals(await shown(space, name === "copy" ? "note" : "z", "-o", name), "");
  }
  assertEquals(space.read("z.json"), "[[0.5,1.5],[0.25,0.75]]\n");
  assertEquals(space.read("z.jsonl"), "[0.5,1.5]\n[0.25,0.75]\n");
  assertEquals(space.read("z.ndjson"), space.read("z.jsonl"));
  assertEquals(space.read("z.txt"), space.read("z.json"));
  assertEquals(space.read("copy"), "hello\n");
  assertEquals(space.read("z.csv").split("\n")[1], "0,0.5,0,a,0.5");

  // A file that is there is replaced only by a whole one, and a link leads on.
  Deno.symlinkSync("z.csv", space.at("link.csv"));
  assertEquals((await space.flow("show", "configs", "-o", "link.csv")).code, 2);
  assertEquals(space.read("z.csv").split("\n")[1], "0,0.5,0,a,0.5");
  await shown(space, "best", "-o", "link.csv");
  assertEquals(space.read("z.csv").split("\n")[1], "0,0.5,1.5");
  assertOk(Deno.lstatSync(space.at("link.csv")).isSymlink);
  assertEquals(names(space, ".").filter((name) => name.endsWith(".tmp")), [".tmp"]);
});

const PYTHON = await pythonWith([
  "pyarrow==26.0.1",
  "xarray==2026.9.0",
  "zarr==3.1.6",
  "pandas==3.1.1",
]);

Deno.test("flow show -o x.arrow: readers see names, types and values", async () => {
  using space = await finished();
  await shown(space, "kinds.*", "-o", "k.arrow");
  const table = tableFromIPC(Deno.readFileSync(space.at("k.arrow")));
  assertEquals(
    table.schema.fields.map(({ name, type }) => `${name} ${type}`),
    [
      "dim_0 Int32",
      "number Float64",
      "flag Bool",
      "text Utf8",
      "big Int64",
      "time Timestamp<MILLISECOND, UTC>",
    ],
  );
  assertEquals(table.toArray().map((row) => row.toJSON().big), [1n, -2n, 2n ** 62n]);
  assertEquals(table.toArray().map((row) => row.toJSON().text), ["é", "", 'a"b']);
  assertOk(Number.isNaN(table.get(1)?.toJSON().number));
});

Deno.test("flow show -o x.parquet: readers see names, types and values", async () => {
  using space = await finished();
  await shown(space, "kinds.*", "-o", "k.parquet");
  const file = Deno.readFileSync(space.at("k.parquet")).buffer;
  const rows = await parquetReadObjects({ file });
  assertEquals(rows.map(({ big }) => big), [1n, -2n, 2n ** 62n]);
  assertEquals(rows.map(({ time }) => Number(time)), [0, 1, 86400000]);
  assertEquals(rows.map(({ text, flag }) => [text, flag]), [["é", true], ["", false], [
    'a"b',
    true,
  ]]);
  assertEquals(
    parquetMetadata(file).schema.slice(1).map(({ name, type }) => `${name} ${type}`),
    ["dim_0 INT32", "number DOUBLE", "flag BOOLEAN", "text BYTE_ARRAY", "big INT64", "time INT64"],
  );
  // The type of a column does not depend on its values.
  await shown(space, "p.*", "-o", "p.parquet");
  const { schema } = parquetMetadata(Deno.readFileSync(space.at("p.parquet")).buffer);
  assertEquals(schema.slice(1).map(({ name, type }) => `${name} ${type}`), [
    "x DOUBLE",
    "half DOUBLE",
    "twice DOUBLE",
  ]);
});

Deno.test("flow show -o x.zarr: readers see arrays with dimensions, and labels as arrays", async () => {
  using space = await finished();
  await shown(space, "z", "-o", "z.zarr");
  // It replaces what it made before.
  await shown(space, "z[:, :1]", "-o", "z.zarr/");
  await shown(space, "z", "-o", "z.zarr");
  const store = {
    get: (key: string) => {
      const path = space.at(`z.zarr${key}`);
      return Promise.resolve(space.has(`z.zarr${key}`) ? Deno.readFileSync(path) : undefined);
    },
  };
  const group = await zarr.open(zarr.root(store), { kind: "group" });
  const read = async (name: string) => {
    const array = await zarr.open(group.resolve(name), { kind: "array" });
    const { data, shape } = await zarr.get(array);
    return { data: [...data as Iterable<unknown>], shape, dimensions: array.dimensionNames };
  };
  assertEquals(await read("z"), {
    data: [0.5, 1.5, 0.25, 0.75],
    shape: [2, 2],
    dimensions: ["i", "j"],
  });
  assertEquals(await read("lrs"), { data: [0.5, 0.25], shape: [2], dimensions: ["i"] });
  assertEquals(await read("names"), { data: ["a", "b,c"], shape: [2], dimensions: ["j"] });
});

const PROGRAM = `import json, sys
import pyarrow.feather as feather, pyarrow.parquet as parquet, pandas, xarray
arrow, table = feather.read_table("k.arrow"), parquet.read_table("k.parquet")
rows = lambda table: table.drop_columns(["number"]).to_pandas().astype(str).values.tolist()
ds = xarray.open_zarr("z.zarr")
kinds = xarray.open_zarr("k.zarr")
print(json.dumps({
  "types": [str(t) for t in arrow.schema.types],
  "same": rows(arrow) == rows(table) and arrow.schema.types == table.schema.types,
  "rows": rows(arrow),
  "numbers": [repr(x) for x in arrow["number"].to_pylist()],
  "dims": dict(ds.sizes), "coords": sorted(map(str, ds.coords)), "z": ds.z.values.tolist(),
  "names": [str(x) for x in ds.names.values],
  "at": float(ds.z.set_index(i="lrs", j="names").sel(i=0.25, j="b,c")),
  "kinds": [str(kinds[name].dtype) for name in ["number", "flag", "big", "time"]],
  "big": kinds.big.values.tolist(),
  "csv": pandas.read_csv("z.csv").z.tolist(),
}))
`;

Deno.test({
  name: `flow show -o: pyarrow, pandas and xarray read the files${
    PYTHON.path ? "" : ` (SKIPPED: ${PYTHON.why})`
  }`,
  ignore: PYTHON.path === undefined,
  async fn() {
    using space = await finished();
    for (const ending of ["arrow", "parquet", "zarr"]) {
      await shown(space, "kinds.*", "-o", `k.${ending}`);
    }
    for (const ending of ["zarr", "csv"]) await shown(space, "z", "-o", `z.${ending}`);
    const { success, stdout, stderr } = new Deno.Command(String(PYTHON.path), {
      args: ["-W", "ignore", "-c", PROGRAM],
      cwd: space.path,
    }).outputSync();
    assertOk(success, new TextDecoder().decode(stderr));
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      types: ["int32", "double", "bool", "string", "int64", "timestamp[ms, tz=UTC]"],
      same: true,
      rows: [
        ["0", "True", "é", "1", "1970-01-01 00:00:00.000+00:00"],
        ["1", "False", "", "-2", "1970-01-01 00:00:00.001+00:00"],
        ["2", "True", 'a"b', "4611686018427387904", "1970-01-02 00:00:00.000+00:00"],
      ],
      numbers: ["1.5", "nan", "-0.0"],
      dims: { i: 2, j: 2 },
      coords: ["lrs", "names"],
      z: [[0.5, 1.5], [0.25, 0.75]],
      names: ["a", "b,c"],
      at: 0.75,
      kinds: ["float64", "bool", "int64", "datetime64[ns]"],
      big: [1, -2, 4611686018427387904],
      csv: [0.5, 1.5, 0.25, 0.75],
    });
  },
});
