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
  /** from its first finding to its end, ms; null without any that ended */
  readonly closeP50Ms: number | null;
  readonly closeP90Ms: number | null;
  readonly repeats: number;
}

export type EventGrouping = "kind" | "severity" | "source" | "device" | "day" | "grid" | "all";

/** Words of the timeline that end the handling of an event. */
const ENDS = ["close", "false_alarm", "done", "reject"];
const ENDED = "handling IN ('closed', 'done', 'rejected', 'false_alarm')";

const KEYS: Readonly<Record<EventGrouping, string>> = {
  kind: "e.kind",
  severity: "e.severity::text",
  source: "e.source",
  device: "coalesce(e.device_id::text, '')",
  day: "(e.opened_at AT TIME ZONE $3)::date::text",
  grid: "coalesce(m.key, e.grid_id, '')",
  all: "''",
};

/**
 * Events opened in [from, to), ms UTC, counted by `by`. Those found in history count like others.
 * @param query.grids only events on these; null = all
 * @param query.above grid -> the grid that it is counted under (its town); what is missing stands for itself
 * @param query.timeZone IANA name, for days
 */
export async function eventStatistics(
  pool: Pool,
  query: {
    readonly by: EventGrouping;
    readonly from: number;
    readonly to: number;
    readonly timeZone: string;
    readonly grids: readonly string[] | null;
    readonly kinds?: readonly string[];
    readonly above?: ReadonlyMap<string, string>;
  },
): Promise<EventStatisticsRow[]> {
  const { by, from, to, timeZone, grids, kinds, above = new Map<string, string>() } = query;
  const count = (where: string) => `(count(*) FILTER (WHERE ${where}))::int`;
  const percentile = (p: number) =>
    `(percentile_cont(${p}) WITHIN GROUP (ORDER BY extract(epoch FROM c.ts - e.opened_at) * 1000)
      FILTER (WHERE ${ENDED} AND c.ts IS NOT NULL))::float8`;
  const { rows } = await pool.query<EventStatisticsRow>(
    `SELECT ${KEYS[by]} AS key, count(*)::int AS opened, ${count("sensing = 'active'")} AS active, ${count(ENDED)} AS ended,
       ${count("handling = 'false_alarm'")} AS "falseAlarms",
       ARRAY[${[1, 2, 3, 4].map((s) => count(`e.severity = ${s}`)).join(", ")}] AS severity,
       ${percentile(0.5)} AS "closeP50Ms", ${percentile(0.9)} AS "closeP90Ms", sum(occurrences - 1)::float8 AS repeats
     FROM event e
     LEFT JOIN (SELECT event_id, min(ts) AS ts FROM event_transition WHERE what = ANY ($6) AND ts >= $1 GROUP BY event_id) c
       ON c.event_id = e.id
     LEFT JOIN unnest($7::text[], $8::text[]) AS m(grid, key) ON m.grid = e.grid_id
     WHERE e.opened_at >= $1 AND e.opened_at < $2 AND $3::text IS NOT NULL
       AND ($4::text[] IS NULL OR e.grid_id = ANY ($4)) AND ($5::text[] IS NULL OR e.kind = ANY ($5))
     GROUP BY 1 ORDER BY 2 DESC, 1`,
    [new Date(from), new Date(to), timeZone, grids, kinds ?? null, ENDS, [...above.keys()], [...above.values()]],
  );
  return rows;
}
