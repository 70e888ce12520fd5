/** The functions of the params workflow: each takes the result before it and its own options. */

type Cell = string | number | null;
type Row = Readonly<Record<string, Cell>>;

interface LabelledRow {
  readonly label: string;
  readonly values: readonly number[];
}

interface Model {
  readonly accuracy: number;
  /** How often each label was predicted as each other: `confusion[actual][predicted]`. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Reads the first rows of the table. */
export async function loadTable(
  { file, table }: { file: string; table: { rows: number } },
): Promise<Row[]> {
  const rows = JSON.parse(await Deno.readTextFile(file)) as Row[];
  return rows.slice(0, table.rows);
}

/** Drops columns, and rows with missing numbers. */
export function preprocess(
  { table, options }: {
    table: readonly Row[];
    options: { label: string; drop: readonly string[] };
  },
): LabelledRow[] {
  return table.flatMap((row) => {
    const values = Object.entries(row)
      .filter(([column]) => column !== options.label && !options.drop.includes(column))
      .map(([, value]) => value);
    const isComplete = values.every((value) => typeof value === "number");
    return isComplete ? [{ label: String(row[options.label]), values }] : [];
  });
}

/** Brings all columns to mean 0 and deviation 1, so that no unit dominates. */
export function makeFeatures(
  { rows, options }: { rows: readonly LabelledRow[]; options: { standardise: boolean } },
): LabelledRow[] {
  if (!options.standardise) return [...rows];
  const columns = rows[0].values.map((_, at) => {
    const values = rows.map((row) => row.values[at]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(variance) };
  });
  return rows.map(({ label, values }) => ({
    label,
    values: values.map((value, at) => (value - columns[at].mean) / columns[at].deviation),
  }));
}

/** Predicts every n-th sample from its nearest neighbours among the others. */
export function train(
  { samples, options }: {
    samples: readonly LabelledRow[];
    options: { neighbours: number; testEvery: number };
  },
): Model {
  const isTest = (at: number): boolean => at % options.testEvery === 0;
  const known = samples.filter((_, at) => !isTest(at));
  const tests = samples.filter((_, at) => isTest(at));
  const confusion: Record<string, Record<string, number>> = {};
  let correct = 0;
  for (const sample of tests) {
    const predicted = vote(nearest(known, sample.values, options.neighbours));
    confusion[sample.label] ??= {};
    confusion[sample.label][predicted] = (confusion[sample.label][predicted] ?? 0) + 1;
    if (predicted === sample.label) correct++;
  }
  return { accuracy: Number((correct / tests.length).toFixed(4)), confusion };
}

/** Writes the result with the options that led to it. */
export async function writeMetrics(
  { model, options }: { model: Model; options: Readonly<Record<string, number>> },
  ctx: { out: { metrics: string } },
): Promise<void> {
  await Deno.writeTextFile(ctx.out.metrics, JSON.stringify({ options, ...model }, null, 2) + "\n");
}

function nearest(
  known: readonly LabelledRow[],
  values: readonly number[],
  count: number,
): LabelledRow[] {
  const distance = (row: LabelledRow): number =>
    row.values.reduce((sum, value, at) => sum + (value - values[at]) ** 2, 0);
  return known.map((row) => ({ row, distance: distance(row) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ row }) => row);
}

function vote(rows: readonly LabelledRow[]): string {
  const votes = new Map<string, number>();
  for (const { label } of rows) votes.set(label, (votes.get(label) ?? 0) + 1);
  return [...votes].reduce((best, entry) => entry[1] > best[1] ? entry : best)[0];
}
