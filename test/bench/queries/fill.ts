import { join } from "node:path";
import type pg from "pg";
import { silentLog } from "../../../hub/src/log.ts";
import { startEmbedded } from "../../../hub/src/store/embedded.ts";
import { openStore, type PostgresStore } from "../../../hub/src/store/postgres.ts";
import { fillReadings } from "./fill-readings.ts";

export interface Size {
  readonly readings: number;
  readonly events: number;
  readonly devices: number;
}

export const PROFILE = "bench/three-metrics";
const METRICS = ["temperature", "humidity", "battery"];

/** Towns side by side, each of `GRIDS` cells; devices lie in the middle of the cells, some metres apart. */
export const TOWNS = 8;
const GRIDS = 25;

export function gridsFile(): object {
  const features: object[] = [];
  const cell = (
    id: string,
    level: string,
    parent: string | null,
    x: number,
    y: number,
    w: number,
    h: number,
    codes = {},
  ) =>
    features.push({
      type: "Feature",
      geometry: { type: "Polygon", coordinates: [[[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]] }, // prettier-ignore
      properties: { id, name: id, level, category: "integrated", parent, codes },
    });
  cell("county", "county", null, 122, 30, 0.8, 0.1);
  for (let t = 0; t < TOWNS; t++) {
    cell(`t${t}`, "town", "county", 122 + t * 0.1, 30, 0.1, 0.1, { site: `t${t}` });
    for (let g = 0; g < GRIDS; g++)
      cell(`t${t}-g${g}`, "grid", `t${t}`, 122 + t * 0.1 + (g % 5) * 0.02, 30 + Math.floor(g / 5) * 0.02, 0.02, 0.02);
  }
  return { type: "FeatureCollection", features };
}

const placeOf = (n: number) => {
  const t = n % TOWNS;
  const g = Math.floor(n / TOWNS) % GRIDS;
  const k = Math.floor(n / TOWNS / GRIDS);
  return {
    site: `t${t}`,
    grid: `t${t}-g${g}`,
    lon: 122 + t * 0.1 + (g % 5) * 0.02 + 0.001 + (k % 7) * 0.0025,
    lat: 30 + Math.floor(g / 5) * 0.02 + 0.001 + (Math.floor(k / 7) % 7) * 0.0025,
  };
};

/**
 * Fills the embedded database of a hub: devices through the store, all the rest by SQL, day by day on as many connections as there are
 * cores. A day's partition is filled in the order of time, indexed afterwards and attached, so that it lies on the disk as the hub's own
 * would; its roll-up is made by the hub's own statement from it.
 * @param progress told one line at a time
 * @returns seconds that it took, and what is there
 */
export async function fill(
  dataDir: string,
  size: Size,
  now: number,
  progress: (line: string) => void,
): Promise<Record<string, number>> {
  const server = await startEmbedded({ dataDir: join(dataDir, "data"), log: silentLog, settings: CARELESS });
  const store = await openStore({ connection: server.connection, log: silentLog });
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 100) / 10;
  try {
    const series = await register(store, size.devices);
    progress(`${size.devices} devices: ${seconds()} s`);
    const stored = await fillReadings(store.pool, series, size, now, (line) => progress(`${line}: ${seconds()} s`));
    const readingsSeconds = seconds();
    await store.flushLatest(); // finds the newest of each series, as after a crash
    await healthHistory(store.pool, now);
    progress(`health: ${seconds()} s`);
    await eventHistory(store.pool, size.events, now);
    progress(`${size.events} events: ${seconds()} s`);
    await store.pool.query("VACUUM ANALYZE");
    progress(`vacuum: ${seconds()} s`);
    return { readings: stored, readingsSeconds, fillSeconds: seconds() };
  } finally {
    await store.close();
    await server.stop();
  }
}

/** Nothing is lost that is not made again in a minute; the hub that is measured starts the server with its own settings. */
const CARELESS = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_wal_size: "4GB" };

/** @returns series ids of each device, in the order of METRICS */
async function register(store: PostgresStore, devices: number): Promise<number[][]> {
  const edges: number[] = [];
  for (let t = 0; t < TOWNS; t++) edges.push((await store.upsertEdge({ site: `t${t}`, name: "gate" })).id);
  const enrolled = await store.enrolDevices(
    Array.from({ length: devices }, (_, n) => {
      const { site, lon, lat } = placeOf(n);
      const device = { site, name: `d${n}`, edgeId: edges[n % TOWNS], title: `设备 ${n}`, profile: `${PROFILE}@1.0.0`, lon, lat, gridId: null, attributes: {} }; // prettier-ignore
      return { device, metrics: METRICS.map((metric) => ({ metric, unit: "1" })) };
    }),
  );
  return enrolled.map((each) => each.series);
}

/** Each device went away and came back now and then, a gateway took its devices along twice. */
async function healthHistory(pool: pg.Pool, now: number): Promise<void> {
  await pool.query(
    `INSERT INTO health_change (subject, device_id, ts, from_state, to_state, reason)
     SELECT 'device:' || site || '/' || name, id, $1::timestamptz - k * interval '36 hours' + (id * 7919 % 86400) * interval '1 s',
       'unknown', (ARRAY['online', 'late', 'offline', 'online', 'unknown'])[1 + (id + 20 - k) % 5],
       CASE WHEN (id + 20 - k) % 5 = 4 THEN 'edge_offline' ELSE 'heard' END
     FROM device CROSS JOIN generate_series(2, 20) k ORDER BY k DESC, id`,
    [new Date(now)],
  );
  await pool.query(
    `INSERT INTO device_health (subject, device_id, state, reason, since)
     SELECT DISTINCT ON (subject) subject, device_id, to_state, reason, ts FROM health_change ORDER BY subject, ts DESC
     ON CONFLICT DO NOTHING`,
  );
}

async function eventHistory(pool: pg.Pool, events: number, now: number): Promise<void> {
  await pool.query(
    `INSERT INTO event (id, kind, subject, grid_id, grid_match, grid_version, severity, sensing, handling, device_id, lon, lat,
       source, opened_at, updated_at, cleared_at, created_at, occurrences, evidence, late, revision)
     SELECT (lpad(to_hex(ms), 12, '0') || '7000' || '8' || lpad(to_hex(i), 15, '0'))::uuid,
       (ARRAY['hydrant.low_pressure', 'flood.warning', 'device.low_battery', 'edge.offline', 'vision.stall'])[1 + i % 5],
       'device:t' || i % ${TOWNS} || '/d' || i % d.n, 't' || i % ${TOWNS} || '-g' || (i / ${TOWNS}) % ${GRIDS}, 'inside', 1, 1 + i % 4,
       CASE WHEN i > $2 - 500 THEN 'active' ELSE 'cleared' END,
       CASE WHEN i > $2 - 2000 THEN 'new' WHEN i % 20 = 0 THEN 'false_alarm' ELSE 'closed' END,
       1 + i % d.n, 122 + (i % ${TOWNS}) * 0.1 + 0.01, 30.01, 'rule:bench', t, t, CASE WHEN i > $2 - 500 THEN NULL ELSE t + interval '1 h' END,
       t, 1 + i % 3, '{"value": 1, "limit": 2}', false, 2
     FROM generate_series(1, $2) i CROSS JOIN (SELECT count(*)::int AS n FROM device) d
     CROSS JOIN LATERAL (SELECT $1::timestamptz - ($2 - i) * (interval '365 days' / $2) AS t) at
     CROSS JOIN LATERAL (SELECT (extract(epoch FROM t) * 1000)::bigint AS ms) m`,
    [new Date(now - 60_000), events],
  );
  await pool.query(
    `INSERT INTO event_transition (event_id, revision, ts, what, who, severity, note)
     SELECT id, r, opened_at + (r - 1) * interval '90 min', CASE WHEN r = 1 THEN 'open' WHEN handling = 'closed' THEN 'close' ELSE handling END,
       'bench', severity, '' FROM event CROSS JOIN generate_series(1, 2) r WHERE r = 1 OR handling <> 'new'`,
  );
}
