/** The calculation and its table. They do not know how anything is drawn. */

/** One bird that was measured. */
export interface Bird {
  readonly species: string;
  /** Flipper length in millimetres. */
  readonly flipper: number;
  /** Body mass in grams. */
  readonly mass: number;
}

/** Least-squares line of body mass on flipper length of one species. */
export interface Fit {
  readonly species: string;
  readonly birds: number;
  /** Grams per millimetre. */
  readonly slope: number;
  readonly intercept: number;
  /** Share of the variance that the line explains, 0 to 1. */
  readonly r2: number;
  /** Shortest and longest flipper in millimetres. */
  readonly shortest: number;
  readonly longest: number;
}

/** What is calculated once, for the table and for every plot. */
export interface Calculation {
  readonly birds: readonly Bird[];
  readonly fits: readonly Fit[];
}

/** Reads the birds whose flipper and mass are known, and fits a line for each species. */
export async function calc({ file }: { file: string }): Promise<Calculation> {
  const rows = JSON.parse(await Deno.readTextFile(file)) as Record<
    string,
    unknown
  >[];
  const birds = rows.flatMap((row): Bird[] => {
    const [flipper, mass] = [row["Flipper Length (mm)"], row["Body Mass (g)"]];
    if (typeof flipper !== "number" || typeof mass !== "number") return [];
    return [{ species: String(row.Species), flipper, mass }];
  });
  const species = [...new Set(birds.map((bird) => bird.species))].sort();
  return { birds, fits: species.map((name) => fitOf(name, birds)) };
}

/** Writes one line per species. */
export async function writeTable(
  { calc }: { calc: Calculation },
  ctx: { out: { table: string } },
): Promise<void> {
  const head = [
    "species",
    "birds",
    "g_per_mm",
    "intercept_g",
    "r2",
    "shortest_mm",
    "longest_mm",
  ];
  const rows = calc.fits.map((fit) => [
    fit.species,
    fit.birds,
    fit.slope.toFixed(2),
    fit.intercept.toFixed(1),
    fit.r2.toFixed(3),
    fit.shortest,
    fit.longest,
  ]);
  const lines = [head, ...rows].map((cells) => cells.join("\t") + "\n");
  await Deno.writeTextFile(ctx.out.table, lines.join(""));
}

function fitOf(species: string, all: readonly Bird[]): Fit {
  const birds = all.filter((bird) => bird.species === species);
  const flippers = birds.map((bird) => bird.flipper);
  const masses = birds.map((bird) => bird.mass);
  const [x, y] = [mean(flippers), mean(masses)];
  const sum = (term: (bird: Bird) => number): number =>
    birds.reduce((total, bird) => total + term(bird), 0);
  const xx = sum((bird) => (bird.flipper - x) ** 2);
  const xy = sum((bird) => (bird.flipper - x) * (bird.mass - y));
  const yy = sum((bird) => (bird.mass - y) ** 2);
  const slope = xy / xx;
  return {
    species,
    birds: birds.length,
    slope,
    intercept: y - slope * x,
    r2: xy ** 2 / (xx * yy),
    shortest: Math.min(...flippers),
    longest: Math.max(...flippers),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
