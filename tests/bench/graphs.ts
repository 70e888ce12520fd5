/**
 * Writes large graphs of function nodes, for flow and where they have the same for ninja and pypipegraph2. Does not run
 * or time anything.
 *
 * The shapes `simple` to `kilo_jobs` are those of pypipegraph2's own benchmarks: a value stands for its jobs that load
 * into memory, a file for its jobs that write one.
 */

/** Shapes of graphs; each scales with the number of nodes. */
export const SHAPES = {
  chain: "every file is a copy of the one before",
  fanin: "files that one value at the end counts",
  values: "a chain of values",
  simple: "pairs of a value and a file that one value at the end counts",
  wide: "one file from many values",
  tall: "a chain of values that ends in a file",
  disjoint: "pairs of a value and the file made of it",
  kilo_jobs: "one file from many files",
} as const;

/** Name of a shape. */
export type Shape = keyof typeof SHAPES;

/** One node: a value or a file, from the nodes before it. */
interface Node {
  readonly name: string;
  readonly kind: "value" | "file";
  readonly from: readonly string[];
}

const FUNCTIONS = `type Context = { out: Record<string, string> };
const text = (inputs: Record<string, unknown>): string => Object.keys(inputs).length + "\\n";
export function value(inputs: Record<string, unknown>): number {
  return Object.keys(inputs).length;
}
export function file(inputs: Record<string, unknown>, ctx: Context): void {
  Deno.writeTextFileSync(Object.values(ctx.out)[0], text(inputs));
}
`;

/** Writes `workflow.yaml`, `build.ninja` and `jobs.py` with their sources into a directory. */
export function writeGraph(dir: string, shape: Shape, size: number): void {
  Deno.mkdirSync(`${dir}/out`, { recursive: true });
  const nodes = nodesOf(shape, size);
  Deno.writeTextFileSync(`${dir}/nodes.ts`, FUNCTIONS);
  Deno.writeTextFileSync(`${dir}/head.txt`, "head 1\n");
  Deno.writeTextFileSync(`${dir}/workflow.yaml`, workflowOf(shape, nodes));
  Deno.writeTextFileSync(`${dir}/build.ninja`, ninjaOf(nodes));
  Deno.writeTextFileSync(`${dir}/jobs.py`, pythonOf(nodes));
}

/** Changes what the head of a graph reads: everything behind the first node is asked again, nothing else runs. */
export function changeHead(dir: string): void {
  const path = `${dir}/head.txt`;
  const count = Number(Deno.readTextFileSync(path).split(" ")[1]);
  Deno.writeTextFileSync(path, `head ${count + 1}\n`);
}

function nodesOf(shape: Shape, size: number): Node[] {
  const value = (i: number, from: string[] = []): Node => ({ name: `v${i}`, kind: "value", from });
  const file = (i: number, from: string[] = []): Node => ({ name: `f${i}`, kind: "file", from });
  const many = <T>(count: number, make: (i: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const names = (prefix: string, count: number): string[] => many(count, (i) => prefix + i);
  const pairs = (count: number): Node[] =>
    many(count, (i) => [value(i), file(i, [`v${i}`])]).flat();
  const behind = (i: number, prefix: string): string[] => i === 0 ? [] : [`${prefix}${i - 1}`];
  switch (shape) {
    case "chain":
      return many(size, (i) => file(i, behind(i, "f")));
    case "values":
      return many(size, (i) => value(i, behind(i, "v")));
    case "fanin":
      return [...many(size - 1, (i) => file(i)), value(size, names("f", size - 1))];
    case "simple": {
      const count = Math.floor((size - 1) / 2);
      return [...pairs(count), value(count, names("f", count))];
    }
    case "wide":
      return [...many(size - 1, (i) => value(i)), file(size, names("v", size - 1))];
    case "tall":
      return [...many(size - 1, (i) => value(i, behind(i, "v"))), file(size, [`v${size - 2}`])];
    case "disjoint":
      return pairs(Math.floor(size / 2));
    case "kilo_jobs":
      return [...many(size - 1, (i) => file(i)), file(size, names("f", size - 1))];
    default:
      return shape satisfies never;
  }
}

function workflowOf(shape: Shape, nodes: readonly Node[]): string {
  const lines = nodes.map(({ name, kind, from }, i) => {
    const inputs = [
      ...from.map((up) => `${up}: ${up}`),
      ...(i === 0 ? ["head: { file: head.txt }"] : from.length === 0 ? [`i: { value: ${i} }`] : []),
    ];
    const outputs = kind === "file" ? `, outputs: { ${name}: { file: out/${name} } }` : "";
    return `  ${name}: { call: nodes.ts#${kind}, inputs: { ${inputs.join(", ")} }${outputs} }\n`;
  });
  return `name: ${shape}\nnodes:\n${lines.join("")}`;
}

/** Every node a file, as ninja knows nothing else. */
function ninjaOf(nodes: readonly Node[]): string {
  const lines = nodes.map(({ name, from }, i) => {
    const inputs = from.length > 0 ? from.map((up) => `out/${up}`) : i === 0 ? ["head.txt"] : [];
    return `build out/${name}: make ${inputs.join(" ")}\n`;
  });
  return `rule make\n  command = echo 1 > $out\n${lines.join("")}`;
}

/** The same jobs; files are written in the process itself, which is what pypipegraph2 does fastest. */
function pythonOf(nodes: readonly Node[]): string {
  const lines = nodes.map(({ name, kind, from }, i) => {
    const made = kind === "file"
      ? `ppg.FileGeneratingJob("out/${name}", write, resources=ppg.Resources.RunsHere)`
      : `ppg.DataLoadingJob("${name}", load)`;
    const ups = from.map((up) => `jobs["${up}"]`);
    if (i === 0) ups.push(`ppg.FileInvariant("head.txt")`);
    const depends = ups.length === 0 ? "" : `; jobs["${name}"].depends_on([${ups.join(", ")}])`;
    return `jobs["${name}"] = ${made}${depends}\n`;
  });
  return `import pypipegraph2 as ppg

def write(path):
    path.write_text("1\\n")

def load():
    return ppg.ValuePlusHash(1, "1" * 32)

ppg.new(cores=2, log_level=40, run_mode=ppg.RunMode.NONINTERACTIVE)
jobs = {}
${lines.join("")}ppg.run()
`;
}
