import type { Pool } from "pg";
import type { TelemetryColumns, TextReading, VesselPositionRow } from "./batch.ts";
import { float8s, int2s, int4s, texts, times } from "./binary.ts";

/**
 * The newest reading of each series and the newest plausible position of each vessel, gathered in memory and written at most
 * once a second: kept in the write path, the upsert would cost up to half of its rate. What a crash loses of it is found again
 * from the readings at the next start ({@link repairLatest}).
 */
export class Latest {
  #time = new Float64Array(1024);
  #value = new Float64Array(1024);
  #quality = new Int16Array(1024);
  #dirty = new Uint8Array(1024);
  #changed: number[] = [];
  #text = new Map<number, TextReading>();
  #vessels = new Map<number, VesselPositionRow>();

  get size(): number {
    return this.#changed.length + this.#text.size + this.#vessels.size;
  }

  /** Hot path: one comparison a row. Series numbers are dense, so they are the index. */
  noteReadings({ n, series, time, value, quality }: TelemetryColumns): void {
    for (let i = 0; i < n; i++) {
      const id = series[i];
      if (id >= this.#time.length) this.#grow(id);
      if (time[i] <= this.#time[id]) continue;
      this.#time[id] = time[i];
      this.#value[id] = value[i];
      this.#quality[id] = quality[i];
      if (this.#dirty[id] === 0) {
        this.#dirty[id] = 1;
        this.#changed.push(id);
      }
    }
  }

  noteTexts(rows: readonly TextReading[]): void {
    for (const row of rows) if (row.time > (this.#text.get(row.series)?.time ?? 0)) this.#text.set(row.series, row);
  }

  notePositions(rows: readonly VesselPositionRow[]): void {
    for (const row of rows) {
      if (row.plausible && row.ts > (this.#vessels.get(row.mmsi)?.ts ?? 0)) this.#vessels.set(row.mmsi, row);
    }
  }

  /** Writes what changed since the last call. What fails is tried again with the next. */
  async flush(pool: Pool): Promise<void> {
    const changed = this.#changed;
    const text = this.#text;
    const vessels = this.#vessels;
    this.#changed = [];
    this.#text = new Map();
    this.#vessels = new Map();
    for (const id of changed) this.#dirty[id] = 0;
    const rows: LatestRow[] = changed.map((id) => ({
      series: id,
      time: this.#time[id],
      value: this.#value[id],
      quality: this.#quality[id],
      text: null,
    }));
    for (const { series, time, quality, value } of text.values()) {
      rows.push({ series, time, value: null, quality, text: value });
    }
    try {
      if (rows.length > 0) await pool.query(UPSERT_LATEST, latestParameters(rows));
      if (vessels.size > 0) await pool.query(UPSERT_VESSELS, vesselParameters([...vessels.values()]));
    } catch (error) {
      for (const id of changed) {
        if (this.#dirty[id] === 1) continue;
        this.#dirty[id] = 1;
        this.#changed.push(id);
      }
      this.noteTexts([...text.values()]);
      this.notePositions([...vessels.values()]);
      throw error;
    }
  }

  #grow(id: number): void {
    const size = Math.max(id + 1, this.#time.length * 2);
    const grown = <A extends Float64Array | Int16Array | Uint8Array>(old: A, fresh: A): A => {
      fresh.set(old);
      return fresh;
    };
    this.#time = grown(this.#time, new Float64Array(size));
    this.#value = grown(this.#value, new Float64Array(size));
    this.#quality = grown(this.#quality, new Int16Array(size));
    this.#dirty = grown(this.#dirty, new Uint8Array(size));
  }
}

interface LatestRow {
  readonly series: number;
  readonly time: number;
  readonly value: number | null;
  readonly quality: number;
  readonly text: string | null;
}

// in order of the key, so that two writers never wait for each other crosswise
const UPSERT_LATEST = `
  INSERT INTO telemetry_latest AS l (series_id, time, value, quality, text)
  SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::float8[], $4::int2[], $5::text[]) AS n(series_id, t, v, q, x)
  ORDER BY series_id
  ON CONFLICT (series_id) DO UPDATE
  SET time = excluded.time, value = excluded.value, quality = excluded.quality, text = excluded.text
  WHERE l.time < excluded.time`;

function latestParameters(rows: readonly LatestRow[]): Buffer[] {
  return [
    int4s(rows, (r) => r.series),
    times(rows, (r) => r.time),
    float8s(rows, (r) => r.value),
    int2s(rows, (r) => r.quality),
    texts(rows, (r) => r.text),
  ];
}

const UPSERT_VESSELS = `
  INSERT INTO vessel_latest AS l (mmsi, time, lon, lat, sog, cog, heading, status, type, grid_id, device_id)
  SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
    $8::int2[], $9::int2[], $10::text[], $11::int4[]) AS n(mmsi, t, a, b, c, d, e, f, g, h, i)
  ORDER BY mmsi
  ON CONFLICT (mmsi) DO UPDATE
  SET time = excluded.time, lon = excluded.lon, lat = excluded.lat, sog = excluded.sog, cog = excluded.cog,
      heading = excluded.heading, status = excluded.status, type = excluded.type, grid_id = excluded.grid_id,
      device_id = excluded.device_id
  WHERE l.time < excluded.time`;

function vesselParameters(rows: readonly VesselPositionRow[]): Buffer[] {
  return [
    int4s(rows, (r) => r.mmsi),
    times(rows, (r) => r.ts),
    float8s(rows, (r) => r.lon),
    float8s(rows, (r) => r.lat),
    float8s(rows, (r) => r.sog),
    float8s(rows, (r) => r.cog),
    float8s(rows, (r) => r.heading),
    int2s(rows, (r) => r.status),
    int2s(rows, (r) => r.type),
    texts(rows, (r) => r.gridId),
    int4s(rows, (r) => r.deviceId),
  ];
}

const DAY_MS = 86_400_000;

/**
 * Finds what the last seconds before a crash left out: per series one look into the index, newer than what is known only, so
 * old partitions are never opened. Never DISTINCT ON: that reads everything. What has no latest value yet (a series, a vessel
 * first seen in the lost second) is looked for in the last two days at most, a vessel not at all: it is heard again in seconds.
 */
export async function repairLatest(pool: Pool, now: number): Promise<void> {
  const since = [new Date(now - 2 * DAY_MS)];
  for (const [table, columns] of [
    ["telemetry", "t.value, NULL"],
    ["telemetry_text", "NULL, t.value"],
  ]) {
    await pool.query(
      `INSERT INTO telemetry_latest AS l (series_id, time, quality, value, text)
       SELECT s.id, t.time, t.quality, ${columns}
       FROM series s LEFT JOIN telemetry_latest k ON k.series_id = s.id
       CROSS JOIN LATERAL (
         SELECT time, value, quality FROM ${table}
         WHERE series_id = s.id AND time > coalesce(k.time, $1) ORDER BY time DESC LIMIT 1) t
       ON CONFLICT (series_id) DO UPDATE
       SET time = excluded.time, value = excluded.value, quality = excluded.quality, text = excluded.text
       WHERE l.time < excluded.time`,
      since,
    );
  }
  await pool.query(`
    INSERT INTO vessel_latest AS l (mmsi, time, lon, lat, sog, cog, heading, status, type, grid_id, device_id)
    SELECT k.mmsi, t.time, t.lon, t.lat, t.sog, t.cog, t.heading, t.status, t.type, t.grid_id, t.device_id
    FROM vessel_latest k CROSS JOIN LATERAL (
      SELECT * FROM vessel_position p WHERE p.mmsi = k.mmsi AND p.time > k.time AND p.plausible
      ORDER BY p.time DESC LIMIT 1) t
    ON CONFLICT (mmsi) DO UPDATE
    SET time = excluded.time, lon = excluded.lon, lat = excluded.lat, sog = excluded.sog, cog = excluded.cog,
        heading = excluded.heading, status = excluded.status, type = excluded.type, grid_id = excluded.grid_id,
        device_id = excluded.device_id
    WHERE l.time < excluded.time`);
}
