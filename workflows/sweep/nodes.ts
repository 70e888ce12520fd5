/** The functions of the sweep workflow: penguins are told apart by those they are most like. */

interface Penguin {
  readonly species: string;
  readonly values: readonly number[];
}

const COLUMNS = ["Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"];

/** Reads the penguins that have all measures. */
export async function read({ table }: { table: string }): Promise<Penguin[]> {
  const rows = JSON.parse(await Deno.readTextFile(table)) as Record<string, string | number>[];
  return rows
    .map((row) => ({
      species: String(row.Species),
      values: COLUMNS.map((column) => row[column]) as number[],
    }))
    .filter(({ values }) => values.every((value) => typeof value === "number"));
}

/** Brings all measures to mean 0 and deviation 1, or leaves them as they are. */
export function scaled(
  { penguins, scale }: { penguins: readonly Penguin[]; scale: "none" | "standard" },
): readonly Penguin[] {
  if (scale === "none") return penguins;
  const columns = COLUMNS.map((_, at) => {
    const values = penguins.map((penguin) => penguin.values[at]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(variance) };
  });
  return penguins.map(({ species, values }) => ({
    species,
    values: values.map((value, at) => (value - columns[at].mean) / columns[at].deviation),
  }));
}

/** Deals out a quarter for testing; the same seed deals the same. */
export function split(
  { samples, seed }: { samples: readonly Penguin[]; seed: number },
): { known: Penguin[]; tests: Penguin[] } {
  const random = generator(seed);
  const dealt = samples.map((sample) => ({ sample, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ sample }) => sample);
  const size = Math.floor(dealt.length / 4);
  return { known: dealt.slice(size), tests: dealt.slice(0, size) };
}

/** Share of the test penguins whose species most of their nearest neighbours have. */
export function classify(
  { known, tests, neighbours }: {
    known: readonly Penguin[];
    tests: readonly Penguin[];
    neighbours: number;
  },
): number {
  const right = tests.filter(({ species, values }) =>
    majority(nearest(known, values, neighbours)) === species
  );
  return Number((right.length / tests.length).toFixed(3));
}

/** Whether a number of neighbours has a majority; called before anything runs. */
export function isOdd({ neighbours }: { neighbours: number }): boolean {
  return neighbours % 2 === 1;
}

function nearest(known: readonly Penguin[], values: readonly number[], count: number): Penguin[] {
  const distance = (other: Penguin): number =>
    other.values.reduce((sum, value, at) => sum + (value - values[at]) ** 2, 0);
  return known.map((penguin) => ({ penguin, far: distance(penguin) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ penguin }) => penguin);
}

function majority(penguins: readonly Penguin[]): string {
  const votes = new Map<string, number>();
  for (const { species } of penguins) votes.set(species, (votes.get(species) ?? 0) + 1);
  return [...votes].sort((a, b) => b[1] - a[1])[0][0];
}

/** The generator mulberry32 of Tommy Ettinger, public domain: numbers from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
