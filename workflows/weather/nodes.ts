/** The functions of the weather workflow. They do not know each other, nor flow. */

/** One day of the record. */
export interface Day {
  readonly date: string;
  /** Precipitation in millimetres. */
  readonly rain: number;
  /** Highest and lowest temperature in degrees Celsius. */
  readonly high: number;
  readonly low: number;
  /** Mean wind speed in metres per second. */
  readonly wind: number;
  readonly sky: string;
}

/** Mean of one calendar month over all years. */
export interface Month {
  readonly month: number;
  readonly high: number;
  readonly low: number;
  /** Mean millimetres per month. */
  readonly rain: number;
  /** Share of days with at least 1 mm, 0 to 1. */
  readonly wet: number;
}

/** The extremes of one year. */
export interface YearRecord {
  readonly year: number;
  readonly hottest: string;
  readonly coldest: string;
  readonly wettest: string;
  readonly rain: number;
}

/** Reads the table. */
export async function load({ csv }: { csv: string }): Promise<Day[]> {
  const [, ...lines] = (await Deno.readTextFile(csv)).trim().split(/\r?\n/);
  return lines.map((line) => {
    const [date, rain, high, low, wind, sky] = line.split(",");
    return { date, rain: +rain, high: +high, low: +low, wind: +wind, sky };
  });
}

/** Keeps the days of the given years that can be true. */
export function clean(
  { days, years }: { days: readonly Day[]; years: readonly number[] },
): { valid: Day[]; rejected: string[] } {
  const valid: Day[] = [];
  const rejected: string[] = [];
  for (const day of days) {
    if (!years.includes(yearOf(day))) continue;
    const numbers = [day.rain, day.high, day.low, day.wind];
    if (numbers.some(Number.isNaN)) rejected.push(`${day.date}: not a number`);
    else if (day.low > day.high) rejected.push(`${day.date}: low above high`);
    else if (day.rain < 0 || day.wind < 0) rejected.push(`${day.date}: below zero`);
    else valid.push(day);
  }
  return { valid, rejected };
}

/** Averages every calendar month. */
export function monthly({ days }: { days: readonly Day[] }): Month[] {
  const years = new Set(days.map(yearOf)).size;
  return Array.from({ length: 12 }, (_, at) => {
    const ofMonth = days.filter((day) => Number(day.date.slice(5, 7)) === at + 1);
    return {
      month: at + 1,
      high: round(mean(ofMonth.map((day) => day.high))),
      low: round(mean(ofMonth.map((day) => day.low))),
      rain: round(sum(ofMonth.map((day) => day.rain)) / years),
      wet: round(ofMonth.filter((day) => day.rain >= 1).length / ofMonth.length, 2),
    };
  });
}

/** Finds the extremes of each year. */
export function records(
  { days, years }: { days: readonly Day[]; years: readonly number[] },
): YearRecord[] {
  return years.map((year) => recordsOf(days, year));
}

/** Finds the extremes of one year. */
function recordsOf(days: readonly Day[], year: number): YearRecord {
  const ofYear = days.filter((day) => yearOf(day) === year);
  const top = (score: (day: Day) => number): Day =>
    ofYear.reduce((best, day) => score(day) > score(best) ? day : best);
  const [hottest, coldest, wettest] = [top((d) => d.high), top((d) => -d.low), top((d) => d.rain)];
  return {
    year,
    hottest: `${hottest.date} ${hottest.high} °C`,
    coldest: `${coldest.date} ${coldest.low} °C`,
    wettest: `${wettest.date} ${wettest.rain} mm`,
    rain: round(sum(ofYear.map((day) => day.rain))),
  };
}

/** Draws rain as bars and the range of temperatures as a band. */
export async function draw(
  { months, size }: { months: readonly Month[]; size: { width: number; height: number } },
  ctx: { out: { chart: string } },
): Promise<void> {
  const { width, height } = size;
  const [left, right, top, bottom] = [40, 40, 30, 30];
  const step = (width - left - right) / 12;
  const x = (month: number): number => round(left + (month - 0.5) * step);
  const scale = (value: number, max: number): number =>
    round(height - bottom - value / max * (height - top - bottom));
  const rain = (mm: number): number => scale(mm, 200);
  const temperature = (celsius: number): number => scale(celsius, 40);
  const bars = months.map(({ month, rain: mm }) =>
    `  <rect x="${round(x(month) - step / 3)}" y="${rain(mm)}" width="${round(step * 2 / 3)}" ` +
    `height="${round(rain(0) - rain(mm))}"><title>${mm} mm</title></rect>`
  );
  const band = [
    ...months.map(({ month, high }) => `${x(month)},${temperature(high)}`),
    ...months.toReversed().map(({ month, low }) => `${x(month)},${temperature(low)}`),
  ];
  const text = (at: number, y: number, label: string): string =>
    `  <text x="${at}" y="${y}" text-anchor="middle">${label}</text>`;
  const ticks = [0, 10, 20, 30, 40].flatMap((celsius) => [
    text(left - 20, temperature(celsius) + 4, `${celsius} °C`),
    text(width - right + 20, temperature(celsius) + 4, `${celsius * 5} mm`),
  ]);
  const names = [..."JFMAMJJASOND"].map((name, at) => text(x(at + 1), height - 10, name));
  await Deno.writeTextFile(
    ctx.out.chart,
    [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      'font-family="sans-serif" font-size="11">',
      '<g fill="#9ecae1">',
      ...bars,
      "</g>",
      `<polygon points="${band.join(" ")}" fill="#e6550d" fill-opacity="0.4" stroke="#e6550d"/>`,
      '<g fill="#333">',
      text(width / 2, 18, "Seattle: rain per month and range of daily temperatures"),
      ...ticks,
      ...names,
      "</g>",
      "</svg>",
      "",
    ].join("\n"),
  );
}

/** Writes the numbers. */
export async function summarise(
  { months, records, rejected }: {
    months: readonly Month[];
    records: readonly YearRecord[];
    rejected: readonly string[];
  },
  ctx: { out: { summary: string } },
): Promise<void> {
  const summary = { rejected, years: records, months };
  await Deno.writeTextFile(ctx.out.summary, JSON.stringify(summary, null, 2) + "\n");
}

function yearOf(day: Day): number {
  return Number(day.date.slice(0, 4));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
