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
  const { rows } = await pool.query<{ subject: string; log: Buffer }>(CHANGES, [
    subjects,
    new Date(from),
    new Date(to),
  ]);
  return rows.map(({ subject, log }) => walk(subject, log, from, to));
}

/** Bytes of one change: time as PostgreSQL sends it (us since 2000, big endian), and the state. */
const CHANGE = 9;
/** 2000-01-01, ms UTC */
const EPOCH = 946_684_800_000;
const CODES = ["unknown", "online", "late", "offline", "flapping"] as const;
const [UNKNOWN, , LATE, OFFLINE, FLAPPING] = CODES.keys();
const EDGE = CODES.length;

// One buffer a subject instead of a row a change: 200,000 changes are read in 0.1 s, and the walk over them takes 10 ms. The same in window
// functions took ten times as long.
const CODE = `CASE ${CODES.map((state, i) => `WHEN to_state = '${state}'${state === "unknown" ? " AND reason <> 'edge_offline'" : ""} THEN decode('0${i}', 'hex')`).join(" ")}
  ELSE decode('0${EDGE}', 'hex') END`;
const CHANGES = `
  SELECT a.subject, coalesce(before.log, '') || coalesce(within.log, '') AS log
  FROM (SELECT unnest($1::text[]) AS subject) a
  LEFT JOIN LATERAL (
    SELECT timestamptz_send($2) || ${CODE} AS log FROM health_change
    WHERE subject = a.subject AND ts < $2 ORDER BY ts DESC, id DESC LIMIT 1) before ON true
  LEFT JOIN LATERAL (
    SELECT string_agg(timestamptz_send(ts) || ${CODE}, '' ORDER BY ts, id) AS log FROM health_change
    WHERE subject = a.subject AND ts >= $2 AND ts < $3) within ON true
  WHERE before.log IS NOT NULL OR within.log IS NOT NULL`;

function walk(subject: string, log: Buffer, from: number, to: number): AvailabilityRow {
  const row = { subject, upMs: 0, downMs: 0, edgeMs: 0, flappingMs: 0, outages: 0, repaired: 0, repairMs: 0, longestMs: 0, flaps: 0 }; // prettier-ignore
  // the stretch of late and offline that is going on, ms, and whether it went as far as offline
  let stretch = 0;
  let lost = false;
  let before = -1;
  const end = (repaired: number) => {
    if (lost) {
      row.outages++;
      row.repaired += repaired;
      row.repairMs += repaired * stretch;
      row.longestMs = Math.max(row.longestMs, stretch);
    }
    stretch = 0;
    lost = false;
  };
  for (let at = 0; at < log.length; at += CHANGE) {
    const state = log[at + 8];
    const next = at + CHANGE < log.length ? timeAt(log, at + CHANGE) : to;
    const took = next - Math.max(from, timeAt(log, at));
    if (state === EDGE) row.edgeMs += took;
    else if (state === LATE || state === OFFLINE) {
      row.downMs += took;
      stretch += took;
      lost ||= state === OFFLINE;
    } else if (state !== UNKNOWN) {
      end(1);
      row.upMs += took;
      if (state === FLAPPING) {
        row.flappingMs += took;
        if (before !== FLAPPING && before !== -1) row.flaps++;
      }
    }
    before = state;
  }
  end(0);
  return row;
}

function timeAt(log: Buffer, at: number): number {
  return EPOCH + (log.readInt32BE(at) * 4_294_967_296 + log.readUInt32BE(at + 4)) / 1000;
}
