/** The functions of the goals workflow: plain, so that they can be called in a test or a debugger as they are. */

/** One match as it is in the data. */
interface Match {
  readonly date: string;
  readonly team1: string;
  readonly team2: string;
  /** Absent if it was not played. */
  readonly score?: { readonly ft: readonly [number, number] };
}

/** One match as one of its teams saw it. */
interface TeamMatch {
  readonly date: string;
  readonly team: string;
  readonly opponent: string;
  readonly isHome: boolean;
  readonly scored: number;
  readonly conceded: number;
}

/** A match with how the team had been doing before it; `null`: it had played too little. */
interface Features extends TeamMatch {
  readonly goalsForm: number | null;
  readonly concededForm: number | null;
}

/** Reads the results of a season. */
export async function loadData({ results }: { results: string }): Promise<readonly Match[]> {
  const { matches } = JSON.parse(await Deno.readTextFile(results)) as { matches: Match[] };
  return matches;
}

/** Turns matches into two rows each, one for each team, in the order of days. */
export function cleanData({ raw_data }: { raw_data: readonly Match[] }): TeamMatch[] {
  const rows = raw_data.flatMap(({ date, team1, team2, score }) => {
    if (score === undefined) return [];
    const [home, away] = score.ft;
    return [
      { date, team: team1, opponent: team2, isHome: true, scored: home, conceded: away },
      { date, team: team2, opponent: team1, isHome: false, scored: away, conceded: home },
    ];
  });
  const keyOf = ({ date, team }: TeamMatch): string => `${date} ${team}`;
  return rows.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
}

/** Means of a column over the last matches of a team, without the match itself: nobody knows that before. */
export function rollingMean(
  { rows, column, window, minPeriods }: {
    rows: readonly TeamMatch[];
    column: "scored" | "conceded";
    window: number;
    minPeriods: number;
  },
): (number | null)[] {
  const before = new Map<string, number[]>();
  return rows.map((row) => {
    const past = before.get(row.team) ?? [];
    before.set(row.team, [...past, row[column]].slice(-window));
    if (past.length < minPeriods) return null;
    return Number((past.reduce((sum, value) => sum + value, 0) / past.length).toFixed(3));
  });
}

/** Puts the features beside the matches they are about. */
export function merge(
  { matches, goals_form, conceded_form }: {
    matches: readonly TeamMatch[];
    goals_form: readonly (number | null)[];
    conceded_form: readonly (number | null)[];
  },
): Features[] {
  return matches.map((match, i) => ({
    ...match,
    goalsForm: goals_form[i],
    concededForm: conceded_form[i],
  }));
}

/** Writes the rows that have features. */
export async function writeFeatures(
  { features }: { features: readonly Features[] },
  ctx: { out: { table: string } },
): Promise<void> {
  const lines = features
    .filter(({ goalsForm, concededForm }) => goalsForm !== null && concededForm !== null)
    .map((row) =>
      [
        ...[row.date, row.team, row.opponent, row.isHome ? 1 : 0, row.scored, row.conceded],
        ...[row.goalsForm, row.concededForm],
      ].join(",")
    );
  const head = "date,team,opponent,home,scored,conceded,goals_form,conceded_form";
  await Deno.writeTextFile(ctx.out.table, [head, ...lines, ""].join("\n"));
}
