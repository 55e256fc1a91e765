import type { Pool } from "pg";

/** What became of one device or edge in a period; durations in ms. */
export interface AvailabilityRow {
  readonly subject: string;
  /** online or flapping */
  readonly upMs: number;
  /** late or offline, whoever may be to blame but its edge */
  readonly downMs: number;
  /** unknown because its edge was away */
  readonly edgeMs: number;
  /** part of `upMs` */
  readonly flappingMs: number;
  /** stretches of late and offline that went as far as offline; what came between through its edge's absence does not part them */
  readonly outages: number;
  /** those that ended within the period, and how long they were in all */
  readonly repaired: number;
  readonly repairMs: number;
  readonly longestMs: number;
  /** times it began to flap */
  readonly flaps: number;
}

/**
 * Availability of each subject within [from, to), ms UTC. Time before its first change, and while it was registered but never
 * heard, is nobody's. Subjects that had no state at all in the period are missing from the answer.
 */
export async function availabilityRows(
  pool: Pool,
  subjects: readonly string[],
  from: number,
  to: number,
): Promise<AvailabilityRow[]> {
  if (subjects.length === 0 || !(to > from)) return [];
  const { rows } = await pool.query<AvailabilityRow>({
    name: "availability",
    text: AVAILABILITY,
    values: [subjects, new Date(from), new Date(to)],
  });
  return rows;
}

const MS = (interval: string) => `coalesce(extract(epoch FROM ${interval}) * 1000, 0)::float8`;

// `stretch`: states in a row that are all up or all down, what is unknown left out.
const AVAILABILITY = `
  WITH asked AS (SELECT unnest($1::text[]) AS subject),
  change AS (
    SELECT a.subject, h.ts, h.id, h.to_state AS state, h.reason
    FROM asked a JOIN health_change h ON h.subject = a.subject AND h.ts >= $2 AND h.ts < $3
    UNION ALL
    SELECT a.subject, $2, 0, l.to_state, l.reason FROM asked a CROSS JOIN LATERAL (
      SELECT to_state, reason FROM health_change h WHERE h.subject = a.subject AND h.ts < $2
      ORDER BY h.ts DESC, h.id DESC LIMIT 1) l),
  span AS (
    SELECT subject, ts, id, state, reason, lead(ts, 1, $3) OVER w - ts AS took,
      state = 'flapping' AND lag(state, 1, 'flapping') OVER w <> 'flapping' AS flaps
    FROM change WINDOW w AS (PARTITION BY subject ORDER BY ts, id)),
  known AS (
    SELECT subject, ts, id, state, took, state IN ('late', 'offline') AS down FROM span WHERE state <> 'unknown'),
  marked AS (
    SELECT *, (down IS DISTINCT FROM lag(down) OVER w)::int AS turn FROM known
    WINDOW w AS (PARTITION BY subject ORDER BY ts, id)),
  numbered AS (
    SELECT *, sum(turn) OVER (PARTITION BY subject ORDER BY ts, id) AS stretch FROM marked),
  newest AS (SELECT subject, max(stretch) AS newest FROM numbered GROUP BY subject),
  stretch AS (
    SELECT subject, stretch, sum(took) AS took FROM numbered WHERE down
    GROUP BY subject, stretch HAVING bool_or(state = 'offline')),
  outage AS (
    SELECT subject, count(*)::int AS outages, max(took) AS longest,
      (count(*) FILTER (WHERE stretch < newest))::int AS repaired, sum(took) FILTER (WHERE stretch < newest) AS repair
    FROM stretch JOIN newest USING (subject) GROUP BY subject),
  total AS (
    SELECT subject, sum(took) FILTER (WHERE state IN ('online', 'flapping')) AS up,
      sum(took) FILTER (WHERE state IN ('late', 'offline')) AS down,
      sum(took) FILTER (WHERE state = 'unknown' AND reason = 'edge_offline') AS edge,
      sum(took) FILTER (WHERE state = 'flapping') AS flapping, (count(*) FILTER (WHERE flaps))::int AS flaps
    FROM span GROUP BY subject)
  SELECT subject, ${MS("up")} AS "upMs", ${MS("down")} AS "downMs", ${MS("edge")} AS "edgeMs", ${MS("flapping")} AS "flappingMs",
    coalesce(outages, 0) AS outages, coalesce(repaired, 0) AS repaired, ${MS("repair")} AS "repairMs",
    ${MS("longest")} AS "longestMs", flaps
  FROM total LEFT JOIN outage USING (subject)`;
