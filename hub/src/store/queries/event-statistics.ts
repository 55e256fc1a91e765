import type { Pool } from "pg";

export interface EventStatisticsRow {
  /** what was grouped by; "" = none (no grid, no device) */
  readonly key: string;
  readonly opened: number;
  readonly active: number;
  /** handled to an end: closed, done, rejected, false alarm */
  readonly ended: number;
  readonly falseAlarms: number;
  /** by severity, 1 the highest */
  readonly severity: readonly [number, number, number, number];
  /** from its first finding to its end (`event.ended_at`), ms; null without any that ended */
  readonly closeP50Ms: number | null;
  readonly closeP90Ms: number | null;
  readonly repeats: number;
}

export type EventGrouping = "kind" | "severity" | "source" | "device" | "day" | "grid";

export interface EventStatisticsQuery {
  readonly by: EventGrouping;
  /** ms UTC */
  readonly from: number;
  readonly to: number;
  /** IANA name, for days */
  readonly timeZone: string;
  /** only events on these; null = all */
  readonly grids: readonly string[] | null;
  readonly kinds?: readonly string[];
  /** grid -> the grid that it is counted under (its town); what is missing stands for itself */
  readonly above?: ReadonlyMap<string, string>;
}

/** What is grouped by, as cheap as it can be for each of 100,000 rows, and the word for it, once a group. */
const KEYS: Readonly<Record<EventGrouping, { readonly key: string; readonly word: string }>> = {
  kind: { key: "e.kind", word: "g.key" },
  severity: { key: "e.severity", word: "g.key::text" },
  source: { key: "e.source", word: "g.key" },
  device: { key: "e.device_id", word: "coalesce(g.key::text, '')" },
  // midnights once a day instead of a calendar once an event
  day: { key: "width_bucket(e.opened_at, (SELECT starts FROM days))", word: "(SELECT names FROM days)[g.key]" },
  grid: { key: "coalesce(m.key, e.grid_id)", word: "coalesce(g.key, '')" },
};

const ENDED = "e.handling IN ('closed', 'done', 'rejected', 'false_alarm')";
const count = (where: string) => `(count(*) FILTER (WHERE ${where}))::int`;

interface Counted extends Omit<EventStatisticsRow, "closeP50Ms" | "closeP90Ms"> {
  /** seconds from the opening to the end of each that ended, float8 big endian, in no order */
  readonly took: Buffer | null;
}

/**
 * Events opened in [from, to), ms UTC, counted by `by`, most first, and all of them in one row. Those found in history count like others.
 *
 * One pass over the index `event_tally`, which alone holds all that is asked for. A table of sums by day would hardly be smaller: of events
 * of one day few share kind, grid, severity and source (100,000 of a year make 73,000 sums), and no sum gives a percentile.
 */
export async function eventStatistics(
  pool: Pool,
  query: EventStatisticsQuery,
): Promise<{ readonly total: EventStatisticsRow; readonly rows: EventStatisticsRow[] }> {
  const { by, from, to, timeZone, grids, kinds, above } = query;
  const { key, word } = KEYS[by];
  const values: unknown[] = [new Date(from), new Date(to)];
  const given = (value: unknown, type: string) => `$${values.push(value)}::${type}`;
  const where = ["e.opened_at >= $1 AND e.opened_at < $2"];
  if (grids !== null) where.push(`e.grid_id = ANY (${given(grids, "text[]")})`);
  if (kinds !== undefined) where.push(`e.kind = ANY (${given(kinds, "text[]")})`);
  const zone = by === "day" ? given(timeZone, "text") : "";
  const days =
    by === "day"
      ? `WITH days AS MATERIALIZED (
           SELECT array_agg(d AT TIME ZONE ${zone} ORDER BY d) AS starts, array_agg(d::date::text ORDER BY d) AS names
           FROM generate_series(date_trunc('day', $1::timestamptz AT TIME ZONE ${zone}), $2::timestamptz AT TIME ZONE ${zone},
             interval '1 day') d)`
      : "";
  const mapped =
    by === "grid"
      ? `LEFT JOIN unnest(${given([...(above?.keys() ?? [])], "text[]")}, ${given([...(above?.values() ?? [])], "text[]")})
           AS m(grid, key) ON m.grid = e.grid_id`
      : "";
  const { rows } = await pool.query<Counted>(
    `${days}
     SELECT ${word} AS key, opened, active, ended, "falseAlarms", severity, repeats, took
     FROM (SELECT ${key} AS key, count(*)::int AS opened, ${count("e.sensing = 'active'")} AS active, ${count(ENDED)} AS ended,
         ${count("e.handling = 'false_alarm'")} AS "falseAlarms",
         ARRAY[${[1, 2, 3, 4].map((s) => count(`e.severity = ${s}`)).join(", ")}] AS severity,
         sum(e.occurrences - 1)::float8 AS repeats,
         string_agg(float8send(date_part('epoch', e.ended_at - e.opened_at)), '') FILTER (WHERE ${ENDED}) AS took
       FROM event e ${mapped} WHERE ${where.join(" AND ")} GROUP BY 1) g
     ORDER BY 2 DESC, 1`,
    values,
  );
  return { total: statisticsOf({ ...sumOf(rows), took: Buffer.concat(rows.flatMap(({ took }) => took ?? [])) }), rows: rows.map(statisticsOf) }; // prettier-ignore
}

function sumOf(rows: readonly Counted[]): Omit<Counted, "took"> {
  const sum = { key: "", opened: 0, active: 0, ended: 0, falseAlarms: 0, repeats: 0 };
  const severity: [number, number, number, number] = [0, 0, 0, 0];
  for (const row of rows) {
    for (const name of ["opened", "active", "ended", "falseAlarms", "repeats"] as const) sum[name] += row[name];
    row.severity.forEach((n, i) => (severity[i] += n));
  }
  return { ...sum, severity };
}

function statisticsOf({ took, ...counts }: Counted): EventStatisticsRow {
  const seconds = new Float64Array((took?.length ?? 0) / 8);
  for (let i = 0; i < seconds.length; i++) seconds[i] = (took as Buffer).readDoubleBE(i * 8);
  seconds.sort();
  return { ...counts, closeP50Ms: percentile(seconds, 0.5), closeP90Ms: percentile(seconds, 0.9) };
}

/** As percentile_cont of SQL: between neighbours in proportion. @returns ms */
function percentile(seconds: Float64Array, p: number): number | null {
  if (seconds.length === 0) return null;
  const at = p * (seconds.length - 1);
  const low = Math.floor(at);
  const [a, b] = [seconds[low], seconds[Math.min(low + 1, seconds.length - 1)]];
  return (a + (b - a) * (at - low)) * 1000;
}
