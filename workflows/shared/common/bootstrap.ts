/** The expensive part, which both projects use. Does not know what they make of it. */

/** Grams of body mass per millimetre of flipper, with the interval that 95 % of the resamples lie in. */
export interface Interval {
  readonly species: string;
  readonly birds: number;
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Flipper length in millimetres, and body mass in grams. */
type Bird = readonly [flipper: number, mass: number];

/** Fits a line for each species, and again to many resamples of its birds. */
export async function intervals(
  { csv, resamples }: { csv: string; resamples: number },
): Promise<Interval[]> {
  const [, ...lines] = (await Deno.readTextFile(csv)).trimEnd().split("\n");
  const rows = lines.map((line) => line.split(","));
  const bySpecies = Map.groupBy(rows, ([species]) => species);
  return [...bySpecies].map(([species, ofSpecies]) => {
    const birds = ofSpecies.map(([, flipper, mass]): Bird => [Number(flipper), Number(mass)]);
    // Seeded: equal data gives equal numbers, whoever asks and in whatever order.
    const random = mulberry32(birds.length);
    const slopes = Array.from(
      { length: resamples },
      () => slopeOf(birds.map(() => birds[Math.floor(random() * birds.length)])),
    );
    slopes.sort((a, b) => a - b);
    const at = (share: number): number => slopes[Math.round(share * (resamples - 1))];
    return { species, birds: birds.length, slope: slopeOf(birds), low: at(0.025), high: at(0.975) };
  });
}

/** Slope of the least-squares line. */
function slopeOf(birds: readonly Bird[]): number {
  const x = birds.reduce((sum, [flipper]) => sum + flipper, 0) / birds.length;
  const y = birds.reduce((sum, [, mass]) => sum + mass, 0) / birds.length;
  let [xx, xy] = [0, 0];
  for (const [flipper, mass] of birds) {
    xx += (flipper - x) ** 2;
    xy += (flipper - x) * (mass - y);
  }
  return xy / xx;
}

/** Makes a generator of numbers from 0 to below 1 (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
