/** Weather in several files. The functions know the columns of the table, not where its files lie. */

/** The columns that are used, of `date,precipitation,temp_max,temp_min,wind,weather`. */
interface Day {
  readonly line: string;
  readonly date: string;
  /** Millimetres. */
  readonly rain: number;
  /** Degrees Celsius. */
  readonly high: number;
  readonly low: number;
}

/** Puts the files of the years, which come sorted by name, into one. */
export async function merge(
  { years }: { years: readonly string[] },
  ctx: { out: { days: string } },
): Promise<void> {
  const texts = await Promise.all(years.map((path) => Deno.readTextFile(path)));
  const lines = texts.flatMap((text, at) => text.trimEnd().split("\n").slice(at === 0 ? 0 : 1));
  await Deno.writeTextFile(ctx.out.days, lines.join("\n") + "\n");
}

/** Writes wet and dry days apart, and returns the share of wet ones. */
export async function split(
  { days, limit }: { days: string; limit: number },
  ctx: { out: { wet: string; dry: string } },
): Promise<number> {
  const { head, rows } = await read(days);
  const wet = rows.filter((day) => day.rain >= limit);
  await write(ctx.out.wet, head, wet);
  await write(ctx.out.dry, head, rows.filter((day) => day.rain < limit));
  return Number((wet.length / rows.length).toFixed(3));
}

/** Lists the ten days with most rain. */
export async function wettest(
  { days }: { days: string },
  ctx: { out: { wettest: string } },
): Promise<void> {
  const { rows } = await read(days);
  const top = rows.toSorted((a, b) => b.rain - a.rain).slice(0, 10);
  await Deno.writeTextFile(
    ctx.out.wettest,
    top.map(({ date, rain }) => `${date}\t${rain}\n`).join(""),
  );
}

/** Lists the five longest times without a wet day: first day, last day, length. */
export async function droughts(
  { days }: { days: string },
  ctx: { out: { droughts: string } },
): Promise<void> {
  const { rows } = await read(days);
  const spells: { first: string; last: string; length: number }[] = [];
  for (const { date } of rows) {
    const spell = spells.at(-1);
    if (spell === undefined || dayNumber(date) !== dayNumber(spell.last) + 1) {
      spells.push({ first: date, last: date, length: 1 });
    } else {
      spell.last = date;
      spell.length++;
    }
  }
  const longest = spells.toSorted((a, b) => b.length - a.length).slice(0, 5);
  await Deno.writeTextFile(
    ctx.out.droughts,
    longest.map(({ first, last, length }) => `${first}\t${last}\t${length}\n`).join(""),
  );
}

/** Returns the hottest and the coldest day. */
export async function extremes({ days }: { days: string }): Promise<[string, string]> {
  const { rows } = await read(days);
  const hottest = rows.reduce((best, day) => day.high > best.high ? day : best);
  const coldest = rows.reduce((best, day) => day.low < best.low ? day : best);
  return [`${hottest.date} ${hottest.high} °C`, `${coldest.date} ${coldest.low} °C`];
}

/** Writes one file per calendar month. */
export async function months(
  { days }: { days: string },
  ctx: { out: { months: string } },
): Promise<void> {
  const { head, rows } = await read(days);
  for (const [month, ofMonth] of Map.groupBy(rows, ({ date }) => date.slice(5, 7))) {
    await write(`${ctx.out.months}/${month}.csv`, head, ofMonth);
  }
}

/** Joins the small results. */
export function summary(
  values: { share: number; hottest: string; coldest: string },
): typeof values {
  return { ...values };
}

async function read(path: string): Promise<{ head: string; rows: Day[] }> {
  const [head, ...lines] = (await Deno.readTextFile(path)).trimEnd().split("\n");
  const rows = lines.map((line) => {
    const [date, rain, high, low] = line.split(",");
    return { line, date, rain: +rain, high: +high, low: +low };
  });
  return { head, rows };
}

async function write(path: string, head: string, rows: readonly Day[]): Promise<void> {
  await Deno.writeTextFile(path, [head, ...rows.map(({ line }) => line), ""].join("\n"));
}

/** Days since 1970. */
function dayNumber(date: string): number {
  return Date.parse(date) / 86_400_000;
}
