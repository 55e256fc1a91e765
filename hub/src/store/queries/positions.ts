import type { Pool } from "pg";
import { ms } from "./event-row.ts";

/** [ts, lon, lat, sog, cog]: ms UTC, degrees WGS84, knots, degrees */
export type TrackRow = readonly [number, number, number, number | null, number | null];

/**
 * Plausible positions of a vessel in [from, to), oldest first. Where there are more than `limit`, every n-th is taken, so that
 * the line keeps its shape from end to end.
 */
export async function vesselTrack(
  pool: Pool,
  query: { mmsi: number; from: number; to: number; limit: number },
): Promise<TrackRow[]> {
  const { rows } = await pool.query<TrackRow & unknown[]>({
    text: `SELECT ${ms("time")}, lon, lat, sog::float8, cog::float8 FROM (
             SELECT *, row_number() OVER (ORDER BY time DESC) - 1 AS i, count(*) OVER () AS n FROM vessel_position
             WHERE mmsi = $1 AND time >= $2 AND time < $3 AND plausible) p
           WHERE i % greatest(1, ceil(n::float8 / $4)::bigint) = 0 ORDER BY time`,
    values: [query.mmsi, new Date(query.from), new Date(query.to), query.limit],
    rowMode: "array",
  });
  return rows;
}

export interface VesselLatestRow {
  readonly mmsi: number;
  readonly name: string | null;
  readonly callsign: string | null;
  readonly shipType: number | null;
  readonly length: number | null;
  readonly formationId: string | null;
  readonly ts: number;
  readonly lon: number;
  readonly lat: number;
  readonly sog: number | null;
  readonly cog: number | null;
  readonly heading: number | null;
  readonly gridId: string | null;
}

/** Where every vessel was last, heard since `since` (ms UTC). */
export async function latestVessels(pool: Pool, since: number): Promise<VesselLatestRow[]> {
  const { rows } = await pool.query<VesselLatestRow>(
    `SELECT l.mmsi, v.name, v.callsign, v.ship_type AS "shipType", v.length::float8 AS length,
       v.formation_id AS "formationId", ${ms("l.time")} AS ts, l.lon, l.lat, l.sog::float8 AS sog, l.cog::float8 AS cog,
       l.heading::float8 AS heading, l.grid_id AS "gridId"
     FROM vessel_latest l LEFT JOIN vessel v USING (mmsi) WHERE l.time >= $1 ORDER BY l.mmsi`,
    [new Date(since)],
  );
  return rows;
}

/** Box in degrees WGS84: west, south, east, north. */
export type Box = readonly [number, number, number, number];

/**
 * Where vessels were in [from, to), oldest first: of each vessel and span of `everyMs` the first plausible position. Bounded by
 * `limit` rows. @param mmsi only these; @param box only positions within
 */
export async function fleetTracks(
  pool: Pool,
  query: { mmsi: readonly number[]; box: Box | null; from: number; to: number; everyMs: number; limit: number },
): Promise<(readonly [mmsi: number, ...TrackRow])[]> {
  const { rows } = await pool.query<[number, number, number, number, number | null, number | null]>({
    text: `SELECT DISTINCT ON (mmsi, floor(extract(epoch FROM time) * 1000 / $8))
             mmsi, ${ms("time")}, lon, lat, sog::float8, cog::float8 FROM vessel_position
           WHERE time >= $1 AND time < $2 AND plausible AND mmsi = ANY ($3::int[])
             AND lon BETWEEN $4 AND $6 AND lat BETWEEN $5 AND $7
           ORDER BY mmsi, floor(extract(epoch FROM time) * 1000 / $8), time LIMIT $9`,
    values: [
      new Date(query.from),
      new Date(query.to),
      query.mmsi,
      ...(query.box ?? [-180, -90, 180, 90]),
      query.everyMs,
      query.limit,
    ],
    rowMode: "array",
  });
  return rows;
}
